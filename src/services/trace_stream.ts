import { TraceKind } from "../pipeline/trace_ring.ts";
import { TRACE_STYLES, TraceLines, type TraceStyle } from "../trace/lines.ts";
import type { Watch } from "../trace/watch.ts";

/** Where the trace is, as text: `?style=` is one of its styles, `?port=` shows that port's packets alone. */
export const TRACE_PATH = "/trace";

/** The ends of a connection, the stack's first. */
export type Ends = [local: string, remote: string];

/** Bytes that may wait for a reader; lines beyond are counted and not made. */
const BACKLOG_BYTES = 65_536;
/** Milliseconds for which lines are gathered. */
const FLUSH_MS = 50;

/**
 * Every packet of the stack as a line, from now on, for as long as the reader stays; not those of the connections over
 * which somebody looks. Null when there are too many viewers.
 */
export function traceLines(
  watch: Watch,
  ends: Ends,
  method: string,
  query: URLSearchParams,
): Response | null {
  const style = (query.get("style") ?? "states") as TraceStyle;
  if (!TRACE_STYLES.includes(style)) return refusal(`style: there are ${TRACE_STYLES.join(", ")}`);
  const port = Number(query.get("port") ?? 0);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    return refusal("port: a whole number from 1 to 65535");
  }
  const headers = { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" };
  if (method === "HEAD") return new Response(null, { headers });
  const body = follow(watch, ends, style, port);
  return body === null ? null : new Response(body, { headers });
}

function refusal(text: string): Response {
  return new Response(`${text}\n`, { status: 400 });
}

function follow(
  watch: Watch,
  ends: Ends,
  style: TraceStyle,
  port: number,
): ReadableStream<Uint8Array<ArrayBuffer>> | null {
  const encoder = new TextEncoder();
  const lines = new TraceLines(style);
  let controller!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
  let text = "";
  let missed = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    timer = undefined;
    controller.enqueue(encoder.encode(text));
    text = "";
  };
  const leave = watch.tail(...ends, (record) => {
    const { kind, segment } = record;
    if (kind === TraceKind.progress) return;
    if (port !== 0 && segment.srcPort !== port && segment.dstPort !== port) return;
    if (controller.desiredSize! <= text.length) {
      missed++;
      return;
    }
    const line = lines.line(record);
    if (line === null) return;
    if (missed > 0) text += `(${missed} more, which came faster than they were read)\n`;
    missed = 0;
    text += `${line}\n`;
    timer ??= setTimeout(flush, FLUSH_MS);
  });
  if (leave === null) return null;
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (own) => void (controller = own),
    cancel: () => {
      clearTimeout(timer);
      leave();
    },
  }, { highWaterMark: BACKLOG_BYTES, size: (chunk) => chunk.length });
}
