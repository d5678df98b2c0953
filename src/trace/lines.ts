import { addressText } from "../base/address.ts";
import { TraceKind, type TraceRecord } from "../pipeline/trace_ring.ts";
import { stateNames } from "../tcp/state.ts";
import type { Segment } from "../wire/segment.ts";
import { ConversationText, datagramText } from "../wire/text.ts";

/** How a trace is printed. */
export type TraceStyle = "modern" | "classic" | "states";

/** The names under which a command line knows the styles. */
export const TRACE_STYLES: readonly TraceStyle[] = ["modern", "classic", "states"];

/**
 * Turns trace records into lines of text: `modern` as today's tcpdump prints them, with the time of day,
 * `classic` as the one in the textbooks did, `states` as `modern` with the changes of state between.
 */
export class TraceLines {
  readonly #style: TraceStyle;
  readonly #text: ConversationText;

  /** Prints in this style. */
  constructor(style: TraceStyle) {
    this.#style = style;
    this.#text = new ConversationText(style === "classic" ? "classic" : "modern");
  }

  #lineOf({ kind, segment }: TraceRecord): string {
    if (kind !== TraceKind.datagramIn && kind !== TraceKind.datagramOut) {
      return this.#text.line(segment);
    }
    return datagramText(segment, this.#style === "classic" ? "classic" : "modern");
  }

  /** The line of a record, or null when this style shows none. */
  line(record: TraceRecord): string | null {
    if (record.kind === TraceKind.state) {
      if (this.#style !== "states") return null;
      return `${timeOfDay(record.timeUs)} ${stateText(record)}`;
    }
    const line = this.#lineOf(record);
    return this.#style === "classic" ? line : `${timeOfDay(record.timeUs)} ${line}`;
  }
}

/** A change of state as text: both ends, the old and the new state. */
export function stateText(record: TraceRecord): string {
  const { segment } = record;
  const before = stateNames[record.stateBefore];
  const after = stateNames[record.stateAfter];
  return `   ${localEnd(segment)} <> ${remoteEnd(segment)}: ${before} -> ${after}`;
}

function localEnd(s: Segment): string {
  return `${addressText({ w0: s.src0, w1: s.src1, w2: s.src2, w3: s.src3 })}.${s.srcPort}`;
}

function remoteEnd(s: Segment): string {
  return `${addressText({ w0: s.dst0, w1: s.dst1, w2: s.dst2, w3: s.dst3 })}.${s.dstPort}`;
}

/** Local time of day with microseconds, as tcpdump begins its lines. */
function timeOfDay(timeUs: number): string {
  const date = new Date(timeUs / 1000);
  const two = (value: number) => String(value).padStart(2, "0");
  const micros = String(Math.floor(timeUs) % 1_000_000).padStart(6, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${micros}`;
}
