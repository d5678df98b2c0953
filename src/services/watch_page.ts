import HTML from "../page/page.html" with { type: "text" };
import STYLE from "../page/page.css" with { type: "text" };
import PAGE from "../page/made/page.js" with { type: "text" };
import LESSON from "../page/made/lesson.js" with { type: "text" };
import PLOT from "../page/made/uplot.js" with { type: "text" };
import PLOT_STYLE from "../page/made/uplot.css" with { type: "text" };
import type { ServeHandler } from "../net/serve.ts";
import { endText, type Viewer, VIEWERS_MAX, Watch, type Watched } from "../trace/watch.ts";
import { STATUS_PATHS, statusPage } from "./status_page.ts";
import { type Ends, TRACE_PATH, traceLines } from "./trace_stream.ts";

/** Milliseconds between two looks at the log of the connection that a viewer has chosen. */
const LOOK_MS = 100;
/** Looks for each overview: the table and the counters change ten times less often. */
const LOOKS_PER_OVERVIEW = 10;

/** Bytes that may wait for a viewer before nothing more is made for it. */
const STREAM_BACKLOG_BYTES = 65_536;

/** Milliseconds for which viewers are told the same overview: it is made of all connections. */
const OVERVIEW_MS = 500;

const SCRIPT = "text/javascript; charset=utf-8";
const CSS = "text/css; charset=utf-8";

/** The files of the page. */
const FILES: Readonly<Record<string, readonly [type: string, body: string]>> = {
  "/": ["text/html; charset=utf-8", HTML],
  "/page.css": [CSS, STYLE],
  "/page.js": [SCRIPT, PAGE],
  "/lesson.js": [SCRIPT, LESSON],
  "/uplot.js": [SCRIPT, PLOT],
  "/uplot.css": [CSS, PLOT_STYLE],
};

/** Nothing that the page shows comes from elsewhere, and no text of a peer becomes a script. */
const FILE_FIELDS = {
  "content-security-policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src data:",
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
};

/**
 * The page of the server: watches the stack live. `/events` is what it shows as server-sent events, with
 * `?connection=ID` together with the log of that connection.
 */
export function watchPage(stack: Watched): ServeHandler {
  const watch = new Watch(stack);
  const overview = sharedOverview(watch);
  return (request, info) => {
    const { pathname, searchParams } = new URL(request.url);
    if (request.method !== "GET" && request.method !== "HEAD") {
      return refusal(405, "Only GET and HEAD\n");
    }
    const ends: Ends = [endText(info.localAddr), endText(info.remoteAddr)];
    // A page has asked for it, not a person.
    if (request.headers.has("referer")) watch.carriesPage(...ends);
    if (Object.hasOwn(FILES, pathname)) {
      const [type, body] = FILES[pathname];
      return new Response(body, { headers: { ...FILE_FIELDS, "content-type": type } });
    }
    if (pathname === "/events") {
      if (request.method === "HEAD") return eventStream(null);
      const viewer = watch.join(...ends);
      if (viewer === null) return tooManyViewers();
      const chosen = searchParams.get("connection");
      if (chosen !== null) viewer.choose(Number(chosen));
      return eventStream(events(overview, viewer));
    }
    if (pathname === TRACE_PATH) {
      return traceLines(watch, ends, request.method, searchParams) ?? tooManyViewers();
    }
    return statusPage(stack, pathname) ??
      refusal(404, `There are /, ${STATUS_PATHS}, ${TRACE_PATH} and /events\n`);
  };
}

function refusal(status: number, body: string): Response {
  return new Response(body, { status });
}

function eventStream(body: ReadableStream<Uint8Array<ArrayBuffer>> | null): Response {
  const headers = { "content-type": "text/event-stream", "cache-control": "no-store" };
  return new Response(body, { headers });
}

function tooManyViewers(): Response {
  return refusal(503, `There are ${VIEWERS_MAX} viewers already\n`);
}

/** Gives the overview as an event, made anew when the last one is old. */
function sharedOverview(watch: Watch): () => string {
  let madeAtMs = -Infinity;
  let text = "";
  return () => {
    const nowMs = performance.now();
    if (nowMs - madeAtMs >= OVERVIEW_MS) {
      text = eventText("overview", watch.overview());
      madeAtMs = nowMs;
    }
    return text;
  };
}

/** Tells a viewer what is new, as often as it takes it. */
function events(overview: () => string, viewer: Viewer): ReadableStream<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  let timer: ReturnType<typeof setInterval> | undefined;
  let looks = 0;
  const stop = () => {
    clearInterval(timer);
    viewer.leave();
  };
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (controller) => {
      const look = () => {
        // Who does not take what there is gets nothing made for it; the log says later what it has missed.
        if (controller.desiredSize! <= 0) return;
        let text = looks === 0 ? "retry: 1000\n\n" : "";
        if (looks++ % LOOKS_PER_OVERVIEW === 0) text += overview();
        const news = viewer.news();
        if (news === "gone") text += eventText("gone", null);
        else if (news !== null) text += eventText("log", news);
        if (text !== "") controller.enqueue(encoder.encode(text));
      };
      look();
      timer = setInterval(look, LOOK_MS);
      Deno.unrefTimer(timer);
    },
    cancel: stop,
  }, { highWaterMark: STREAM_BACKLOG_BYTES, size: (chunk) => chunk.length });
}

function eventText(name: string, value: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(value)}\n\n`;
}
