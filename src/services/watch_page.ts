import HTML from "../page/page.html" with { type: "text" };
import STYLE from "../page/page.css" with { type: "text" };
import PAGE from "../page/made/page.js" with { type: "text" };
import LESSON from "../page/made/lesson.js" with { type: "text" };
import PLOT from "../page/made/uplot.js" with { type: "text" };
import PLOT_STYLE from "../page/made/uplot.css" with { type: "text" };
import type { Stack } from "../net/stack.ts";
import { endText, type Viewer, VIEWERS_MAX, Watch } from "../trace/watch.ts";
import type { PageHandler, PageRequest, PageResponse, PageStream } from "./http.ts";
import { STATUS_PATHS, statusPage } from "./status_page.ts";

/** Milliseconds between two looks at the log of the connection that a viewer has chosen. */
const LOOK_MS = 100;
/** Looks for each overview: the table and the counters change ten times less often. */
const LOOKS_PER_OVERVIEW = 10;

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
const HEADERS = {
  "content-security-policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src data:",
  "x-content-type-options": "nosniff",
};

/**
 * The page of the server: watches the stack live. `/events` is what it shows as server-sent events, with
 * `?connection=ID` together with the log of that connection.
 */
export function watchPage(stack: Stack): PageHandler {
  const status = statusPage(() => stack);
  const watch = new Watch(stack);
  const overview = sharedOverview(watch);
  return (method, path, request) => {
    if (method !== "GET" && method !== "HEAD") return plain(405, "Only GET and HEAD\n");
    const { localAddr, remoteAddr } = request.conn;
    if (request.fromPage && localAddr !== undefined && remoteAddr !== undefined) {
      watch.carriesPage(endText(localAddr), endText(remoteAddr));
    }
    if (Object.hasOwn(FILES, path)) {
      const [type, body] = FILES[path];
      return { status: 200, type, body, headers: HEADERS };
    }
    if (path === "/events") return events(watch, overview, method, request);
    return status(path) ?? plain(404, `There are /, ${STATUS_PATHS}, and /events\n`);
  };
}

function plain(status: number, body: string): PageResponse {
  return { status, type: "text/plain; charset=utf-8", body };
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

function events(
  watch: Watch,
  overview: () => string,
  method: string,
  { search, conn }: PageRequest,
): PageResponse {
  const type = "text/event-stream";
  if (method === "HEAD") return { status: 200, type, body: "" };
  const { localAddr, remoteAddr } = conn;
  if (localAddr === undefined || remoteAddr === undefined) return plain(404, "No addresses\n");
  const viewer = watch.join(endText(localAddr), endText(remoteAddr));
  if (viewer === null) return plain(503, `There are ${VIEWERS_MAX} viewers already\n`);
  const chosen = new URLSearchParams(search).get("connection");
  if (chosen !== null) viewer.choose(Number(chosen));
  return {
    status: 200,
    type,
    body: "retry: 1000\n\n",
    stream: (sink) => show(overview, viewer, sink),
  };
}

/** Tells a viewer what is new, as often as it takes it. */
function show(overview: () => string, viewer: Viewer, sink: PageStream): () => void {
  let looks = 0;
  const look = () => {
    // Who does not take what there is gets nothing made for it; the log says later what it has missed.
    if (!sink.ready) return;
    let text = "";
    if (looks++ % LOOKS_PER_OVERVIEW === 0) text += overview();
    const news = viewer.news();
    if (news === "gone") text += eventText("gone", null);
    else if (news !== null) text += eventText("log", news);
    if (text !== "") sink.write(text);
  };
  look();
  const timer = setInterval(look, LOOK_MS);
  Deno.unrefTimer(timer);
  return () => {
    clearInterval(timer);
    viewer.leave();
  };
}

function eventText(name: string, value: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(value)}\n\n`;
}
