import { addressText } from "../base/address.ts";
import { dropNames } from "../base/drops.ts";
import { TraceKind, type TraceRecord } from "../pipeline/trace_ring.ts";
import { stateNames } from "../tcp/state.ts";
import { icmpText } from "../wire/icmp_text.ts";
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

  #lineOf({ kind, segment, headers, headersLength }: TraceRecord): string {
    const style = this.#style === "classic" ? "classic" : "modern";
    switch (kind) {
      case TraceKind.datagramIn:
      case TraceKind.datagramOut:
        return datagramText(segment, style);
      case TraceKind.icmpIn:
      case TraceKind.icmpOut:
        return icmpText(segment, headers.subarray(0, headersLength), style);
      default:
        return this.#text.line(segment);
    }
  }

  /** The line of a record, or null when this style shows none. */
  line(record: TraceRecord): string | null {
    if (record.kind === TraceKind.state) {
      if (this.#style !== "states") return null;
      return `${timeOfDay(record.timeUs)} ${stateText(record)}`;
    }
    if (record.kind === TraceKind.progress) return null;
    if (record.kind === TraceKind.drop) {
      if (this.#style !== "states") return null;
      return `${timeOfDay(record.timeUs)} ${dropText(record)}`;
    }
    const line = this.#lineOf(record);
    return this.#style === "classic" ? line : `${timeOfDay(record.timeUs)} ${line}`;
  }
}

/** A drop as text: the segment's ends and the reason. */
export function dropText(record: TraceRecord): string {
  const { segment } = record;
  return `   ${localEnd(segment)} > ${remoteEnd(segment)}: dropped, ${dropNames[record.reason]}`;
}

/** A change of state as text: both ends, the old and the new state. */
export function stateText(record: TraceRecord): string {
  const { segment } = record;
  return `   ${localEnd(segment)} <> ${remoteEnd(segment)}: ${stateChangeText(record)}`;
}

/** The old and the new state alone. */
export function stateChangeText(record: TraceRecord): string {
  return `${stateNames[record.stateBefore]} -> ${stateNames[record.stateAfter]}`;
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
