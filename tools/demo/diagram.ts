/**
 * A connection as a sequence diagram, printed segment by segment as they pass:
 *
 * ```text
 *   time       client state                                                          server state
 *   0.000 ms   SYN-SENT      │── SYN  SEQ=1209536341 WND=64240 ────────────────────▶│ SYN-RECEIVED
 *                            │   MSS=1460  SACK-permitted  WSopt=10                 │
 * ```
 *
 * The states are those behind the segment, as in figure 6 of RFC 9293.
 */

import { Flag } from "../../src/wire/segment.ts";
import type { Screen } from "./screen.ts";
import { keyOf, type Sighting } from "./sighting.ts";

const TIME_COLUMNS = 11;
/** The longest state of a client that opens actively is ESTABLISHED. */
const CLIENT_COLUMNS = 12;
/** SYN-RECEIVED, with a space before it. */
const SERVER_COLUMNS = 13;
/** Room between the lifelines: for SYN,ACK with two numbers of ten digits, and for all that is shown. */
const ARROW_COLUMNS_MIN = 42;
const ARROW_COLUMNS_MAX = 56;
/** What an arrow takes besides its text. */
const ARROW_EXTRA = 5;

/** The names of the control bits, in the order in which RFC 9293 draws them, SYN and FIN first. */
const CONTROL_BITS: readonly (readonly [bit: number, name: string])[] = [
  [Flag.SYN, "SYN"],
  [Flag.FIN, "FIN"],
  [Flag.RST, "RST"],
  [Flag.PSH, "PSH"],
  [Flag.URG, "URG"],
  [Flag.ACK, "ACK"],
  [Flag.ECE, "ECE"],
  [Flag.CWR, "CWR"],
];

/** The control bits of a segment in words. */
export function controlText(flags: number): string {
  return CONTROL_BITS.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name).join(",");
}

/** A segment on its way to the screen. */
interface Waiting {
  readonly sighting: Sighting;
  readonly key: string;
  /** The client's state behind it; null until that is known. */
  clientState: string | null;
}

/** What stands above the lifeline of an end. */
export interface EndHead {
  readonly name: string;
  readonly address: string;
  /** How its states are known. */
  readonly source: string;
}

/** Draws what both ends report. */
export class Diagram {
  /** How many segments were drawn. */
  drawn = 0;
  readonly #screen: Screen;
  readonly #arrowColumns: number;
  readonly #client: EndHead;
  readonly #server: EndHead;
  /** What the server saw, oldest first, and the client's word is awaited for. */
  #waiting: Waiting[] = [];
  /** What the client saw and the server has not yet reported, by key. */
  readonly #early = new Map<string, string>();
  #startUs = -1;
  /** Initial sequence numbers, once they were seen. */
  #clientIss = -1;
  #serverIss = -1;
  #isRelative = false;
  #clientState = "CLOSED";
  #serverState = "LISTEN";

  constructor(screen: Screen, client: EndHead, server: EndHead) {
    this.#screen = screen;
    const room = screen.columns - TIME_COLUMNS - CLIENT_COLUMNS - SERVER_COLUMNS - 2;
    this.#arrowColumns = Math.min(Math.max(room, ARROW_COLUMNS_MIN), ARROW_COLUMNS_MAX);
    this.#client = client;
    this.#server = server;
  }

  /** Counts sequence numbers from the initial ones from now on, as tcpdump does. */
  countFromInitial(): void {
    this.#isRelative = true;
  }

  /** The server has seen a segment; `clientState` is null when the client reports for itself. */
  onServer(sighting: Sighting, clientState: string | null): void {
    const key = keyOf(sighting);
    const known = clientState ?? this.#early.get(key) ?? null;
    this.#early.delete(key);
    this.#waiting.push({ sighting, key, clientState: known });
    this.#drawReady();
  }

  /** The client has seen a segment. */
  onClient(sighting: Sighting): void {
    const key = keyOf(sighting);
    const waiting = this.#waiting.find((one) => one.key === key && one.clientState === null);
    if (waiting === undefined) this.#early.set(key, sighting.state);
    else waiting.clientState = sighting.state;
    this.#drawReady();
  }

  #drawReady(): void {
    while (this.#waiting.length > 0 && this.#waiting[0].clientState !== null) {
      const { sighting, clientState } = this.#waiting[0];
      this.#waiting.shift();
      this.#segment(sighting, clientState as string);
      this.drawn++;
    }
  }

  #segment(s: Sighting, clientState: string): void {
    if (this.#startUs < 0) {
      this.#startUs = s.timeUs;
      this.#header(s.clientPort);
    }
    const time = timeText(s.timeUs - this.#startUs);
    const parts = this.#segmentText(s);
    const first = fitting(parts, this.#arrowColumns - ARROW_EXTRA);
    const text = parts.slice(0, first).join(" ");
    const arrow = arrowText(text, s.fromClient, this.#arrowColumns);
    const painted = this.#screen.paint(s.fromClient ? "client" : "server", arrow);
    this.#draw(time, clientState, painted, s.state, true);
    // Behind the handshake a narrow screen does without the window.
    if (this.#isRelative) return;
    if (first < parts.length) this.#remark(parts.slice(first).join("  "));
    for (const option of s.options) this.#remark(option);
    const reason = this.#acknowledgment(s);
    if (reason !== null) this.#remark(reason);
  }

  /** Who is who, and the states before anything was sent. */
  #header(clientPort: number): void {
    const left = this.#client;
    const right = this.#server;
    this.#headLine("client", left.name, right.name);
    this.#headLine("note", `${left.address}:${clientPort}`, right.address);
    this.#headLine("note", left.source, right.source);
    this.#draw("", this.#clientState, " ".repeat(this.#arrowColumns), this.#serverState, false);
  }

  #headLine(role: "client" | "note", left: string, right: string): void {
    const columns = CLIENT_COLUMNS + this.#arrowColumns + 2 + SERVER_COLUMNS;
    const painted = this.#screen.paint(role, left);
    const gap = " ".repeat(columns - left.length - right.length);
    const other = this.#screen.paint(role === "client" ? "server" : role, right);
    this.#screen.line(`${" ".repeat(TIME_COLUMNS)}${painted}${gap}${other}`);
  }

  /** A line between the lifelines. */
  #remark(text: string): void {
    const arrow = this.#screen.paint("note", `    ${text}`.padEnd(this.#arrowColumns));
    this.#screen.line(`${" ".repeat(TIME_COLUMNS + CLIENT_COLUMNS)}│${arrow}│`);
  }

  #draw(time: string, client: string, arrow: string, server: string, isSegment: boolean): void {
    const painted = (text: string, isNew: boolean) =>
      this.#screen.paint(isNew ? "news" : "note", text);
    const left = painted(client.padEnd(CLIENT_COLUMNS), !isSegment || client !== this.#clientState);
    const right = painted(server, !isSegment || server !== this.#serverState);
    const when = this.#screen.paint("note", time.padStart(TIME_COLUMNS - 1));
    this.#screen.line(`${when} ${left}│${arrow}│ ${right}`);
    this.#clientState = client;
    this.#serverState = server;
  }

  /** Control bits and numbers by the names of RFC 9293: SEG.SEQ, SEG.ACK, SEG.WND, SEG.LEN. */
  #segmentText(s: Sighting): string[] {
    const [ownBase, peerBase] = s.fromClient
      ? [this.#clientIss, this.#serverIss]
      : [this.#serverIss, this.#clientIss];
    const from = (base: number, value: number) => this.#isRelative ? (value - base) >>> 0 : value;
    const parts = [controlText(s.flags) || "none", `SEQ=${from(ownBase, s.seq)}`];
    if ((s.flags & Flag.ACK) !== 0) parts.push(`ACK=${from(peerBase, s.ack)}`);
    if (s.payloadBytes > 0) parts.push(`LEN=${s.payloadBytes}`);
    parts.push(`WND=${s.window}`);
    return parts;
  }

  /** Where the acknowledgment of a handshake comes from; takes note of the initial numbers. */
  #acknowledgment(s: Sighting): string | null {
    if ((s.flags & Flag.SYN) !== 0) {
      if (s.fromClient) this.#clientIss = s.seq;
      else this.#serverIss = s.seq;
    }
    const [whose, acknowledged] = s.fromClient
      ? ["server", this.#serverIss]
      : ["client", this.#clientIss];
    if ((s.flags & Flag.ACK) === 0 || s.ack !== (acknowledged + 1) >>> 0) return null;
    return `ACK = the ${whose}'s SEQ + 1`;
  }
}

/** Milliseconds, and seconds once those no longer fit. */
function timeText(us: number): string {
  return us < 1_000_000 ? `${(us / 1000).toFixed(3)} ms` : `${(us / 1e6).toFixed(3)} s`;
}

/** How many of the parts, joined by spaces, fit into so many columns; at least one. */
function fitting(parts: readonly string[], columns: number): number {
  let count = 1;
  while (count < parts.length && parts.slice(0, count + 1).join(" ").length <= columns) count++;
  return count;
}

/** `── text ───▶` or `◀─ text ────`, as wide as the room between the lifelines. */
function arrowText(text: string, toTheRight: boolean, columns: number): string {
  const shaft = "─".repeat(Math.max(0, columns - text.length - ARROW_EXTRA));
  return toTheRight ? `── ${text} ${shaft}▶` : `◀─ ${text} ${shaft}─`;
}
