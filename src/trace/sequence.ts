/**
 * Connections as sequence diagrams in SVG, drawn from the trace of one side: the peer on the left, the stack on the right,
 * each segment an arrow, each change of state a mark on the stack's line.
 */

import { addressText } from "../base/address.ts";
import { dropNames } from "../base/drops.ts";
import { TraceKind, type TraceRecord } from "../pipeline/trace_ring.ts";
import { stateNames } from "../tcp/state.ts";
import type { Segment } from "../wire/segment.ts";
import { ConversationText } from "../wire/text.ts";

/** Connections that are drawn; of more it is said how many. */
export const DIAGRAMS_MAX = 16;
/** Events that are drawn of one connection; of more it is said how many. */
export const EVENTS_MAX = 400;

/** What a row of a diagram shows. */
type EventKind = "in" | "out" | "state" | "drop";

interface DiagramEvent {
  readonly kind: EventKind;
  readonly timeUs: number;
  readonly text: string;
}

interface Conversation {
  readonly peer: string;
  readonly stack: string;
  readonly events: DiagramEvent[];
  omitted: number;
}

const WIDTH = 900;
const LEFT_X = 110;
const RIGHT_X = 690;
const ROW_HEIGHT = 30;
const HEAD_HEIGHT = 56;
const GAP = 24;
const MARGIN = 12;
/** How far an arrow sinks on its way: time passes. */
const SINK = 8;

const STYLE = `
  svg { background: #fff; color: #222; --in: #0a6bb5; --out: #9a5b00; --state: #1c7a3a; --drop: #b3261e; }
  @media (prefers-color-scheme: dark) {
    svg { background: #16181c; color: #ddd; --in: #6cb8f0; --out: #e8b25d; --state: #6ecf8a; --drop: #ff8a80; }
  }
  text { font: 13px ui-monospace, monospace; fill: currentColor; }
  .head { font-weight: 700; }
  .end { text-anchor: end; }
  .time { text-anchor: end; opacity: .7; }
  .middle { text-anchor: middle; }
  .line { stroke: currentColor; opacity: .45; }
  .in { stroke: var(--in); fill: var(--in); } .out { stroke: var(--out); fill: var(--out); }
  text.in, text.out { stroke: none; }
  .state { fill: var(--state); } .drop { fill: var(--drop); }
`;

/** Collects trace records and draws them. Memory is bounded: what is beyond the limits is counted only. */
export class SequenceDiagram {
  readonly #conversations = new Map<string, Conversation>();
  readonly #text = new ConversationText("modern");
  #others = 0;

  /** How many connections there are in it. */
  get size(): number {
    return this.#conversations.size;
  }

  /** Takes the next trace record. */
  take(record: TraceRecord): void {
    const { kind, segment, timeUs } = record;
    const event = this.#eventOf(record);
    if (event === null) return;
    const isLocalSource = kind === TraceKind.segmentOut || kind === TraceKind.state;
    const source = sourceText(segment);
    const destination = destinationText(segment);
    const conversation = isLocalSource
      ? this.#conversation(destination, source)
      : this.#conversation(source, destination);
    if (conversation === null) return;
    if (conversation.events.length < EVENTS_MAX) conversation.events.push({ ...event, timeUs });
    else conversation.omitted++;
  }

  /** The drawing, a whole SVG document. */
  svg(): string {
    const parts: string[] = [];
    let y = GAP;
    for (const conversation of this.#conversations.values()) {
      parts.push(drawConversation(conversation, y));
      y += heightOf(conversation) + GAP;
    }
    const rest = this.#conversations.size === 0
      ? "No segment was seen."
      : this.#others > 0
      ? `${this.#others} segments of other connections are not drawn.`
      : null;
    if (rest !== null) {
      parts.push(`<text x="20" y="${y + 16}">${rest}</text>`);
      y += GAP + 16;
    }
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" ` +
      `height="${y}" role="img" aria-label="TCP sequence diagram">\n<style>${STYLE}</style>\n${
        parts.join("\n")
      }\n</svg>\n`;
  }

  #conversation(peer: string, stack: string): Conversation | null {
    const key = `${peer} ${stack}`;
    const known = this.#conversations.get(key);
    if (known !== undefined) return known;
    if (this.#conversations.size >= DIAGRAMS_MAX) {
      this.#others++;
      return null;
    }
    const fresh: Conversation = { peer, stack, events: [], omitted: 0 };
    this.#conversations.set(key, fresh);
    return fresh;
  }

  #eventOf(record: TraceRecord): { kind: EventKind; text: string } | null {
    switch (record.kind) {
      case TraceKind.state:
        return { kind: "state", text: stateNames[record.stateAfter] };
      case TraceKind.drop:
        return { kind: "drop", text: `dropped: ${dropNames[record.reason]}` };
      case TraceKind.segmentIn:
        return { kind: "in", text: this.#segmentText(record.segment) };
      case TraceKind.segmentOut:
        return { kind: "out", text: this.#segmentText(record.segment) };
      default:
        return null;
    }
  }

  /** The numbers of a segment, relative as tcpdump shows them, without the ends that the drawing has anyway. */
  #segmentText(segment: Segment): string {
    const line = this.#text.line(segment);
    return line.slice(line.indexOf(": ") + 2).replace("Flags ", "").replace(/, options \[.*\]/, "");
  }
}

function heightOf({ events, omitted }: Conversation): number {
  return HEAD_HEIGHT + (events.length + (omitted > 0 ? 1 : 0)) * ROW_HEIGHT + 10;
}

function drawConversation(conversation: Conversation, top: number): string {
  const { peer, stack, events, omitted } = conversation;
  const bottom = top + heightOf(conversation);
  const lines = [
    // From the edges inwards, where there is room for the longest addresses.
    `<text class="head" x="${MARGIN}" y="${top + 14}">${escaped(peer)}</text>`,
    `<text class="head end" x="${WIDTH - MARGIN}" y="${top + 14}">${escaped(stack)}, woshou</text>`,
    ...[LEFT_X, RIGHT_X].map((x) =>
      `<line class="line" x1="${x}" x2="${x}" y1="${top + 24}" y2="${bottom}"/>`
    ),
  ];
  const startUs = events[0]?.timeUs ?? 0;
  events.forEach((event, index) => {
    const y = top + HEAD_HEIGHT + index * ROW_HEIGHT;
    lines.push(drawEvent(event, event.timeUs - startUs, y));
  });
  if (omitted > 0) {
    const y = top + HEAD_HEIGHT + events.length * ROW_HEIGHT;
    lines.push(
      `<text class="middle" x="${
        (LEFT_X + RIGHT_X) / 2
      }" y="${y}">${omitted} more not drawn</text>`,
    );
  }
  return lines.join("\n");
}

function drawEvent({ kind, text }: DiagramEvent, sinceUs: number, y: number): string {
  const label = escaped(text);
  if (kind === "state" || kind === "drop") {
    return `<circle class="${kind}" cx="${RIGHT_X}" cy="${y}" r="4"/>` +
      `<text class="${kind}" x="${RIGHT_X + 12}" y="${y + 4}">${label}</text>`;
  }
  const time = `<text class="time" x="${LEFT_X - 12}" y="${y + 4}">${
    (sinceUs / 1000).toFixed(3)
  } ms</text>`;
  const [from, to] = kind === "in" ? [LEFT_X, RIGHT_X] : [RIGHT_X, LEFT_X];
  const back = kind === "in" ? -9 : 9;
  const end = y + SINK;
  return `${time}<line class="${kind}" x1="${from}" y1="${y}" x2="${to + back}" y2="${end}"/>` +
    `<path class="${kind}" d="M${to},${end} l${back},-4 v8 z"/>` +
    `<text class="${kind} middle" x="${(LEFT_X + RIGHT_X) / 2}" y="${y - 3}">${label}</text>`;
}

function sourceText(s: Segment): string {
  return `${addressText({ w0: s.src0, w1: s.src1, w2: s.src2, w3: s.src3 })}.${s.srcPort}`;
}

function destinationText(s: Segment): string {
  return `${addressText({ w0: s.dst0, w1: s.dst1, w2: s.dst2, w3: s.dst3 })}.${s.dstPort}`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
