/** Makes the arrows of a sequence diagram of what is known of a connection. */

import { State, stateNames } from "../tcp/state.ts";
import { Flag } from "../wire/segment.ts";
import { flagsText, type Packet } from "./packet.ts";

/** An arrow of the diagram, or (without a packet) a change of state that time alone has brought. */
export interface Arrow {
  /** Its name, which stays the same. */
  readonly id: string;
  readonly timeUs: number;
  readonly packet: Packet | null;
  /** Whether it goes from the left to the right. */
  readonly fromLeft: boolean;
  /** Relative numbers; null before an initial one is known. */
  readonly seq: number | null;
  readonly ack: number | null;
  /** The state that a side has reached with it, where it has changed. */
  left: string | null;
  right: string | null;
  readonly marks: readonly Mark[];
  /** It never arrives. */
  readonly lost: boolean;
  /** Relative edges of SACK blocks. */
  readonly sack: readonly (readonly [number, number])[];
}

/** What is special about a segment. */
export type Mark = "retransmission" | "duplicate" | "sack" | "probe" | "skipped" | "zero";

/** States that a side goes into by its own will, and then says so in a segment. */
export const TOLD_STATES: readonly string[] = ["SYN-SENT", "FIN-WAIT-1", "LAST-ACK"];

const MASK = 0xffff_ffff;

/** Difference of sequence numbers, modulo 2^32, as a signed number. */
function ahead(a: number, b: number): number {
  return (a - b) | 0;
}

/** One direction of a conversation. */
class Side {
  /** The initial sequence number, or the first one seen; null before. */
  base: number | null = null;
  /** The number behind the highest one sent. */
  top = 0;
  lastAck = -1;
  lastWindow = -1;
  scale = 0;
}

/** Numbers of both directions, relative to the initial ones, and what they say of a segment. */
export class Numbers {
  readonly #left = new Side();
  readonly #right = new Side();

  /** Takes the next segment. */
  take(packet: Packet, fromLeft: boolean): Pick<Arrow, "seq" | "ack" | "marks" | "sack"> {
    const [own, other] = fromLeft ? [this.#left, this.#right] : [this.#right, this.#left];
    const isSyn = (packet.flags & Flag.SYN) !== 0;
    if (own.base === null) {
      // Seen from the middle on, the first number takes the place of the initial one.
      own.base = packet.seq;
      own.top = packet.seq;
    }
    const hasAck = (packet.flags & Flag.ACK) !== 0;
    if (hasAck && other.base === null) {
      other.base = packet.ack;
      other.top = packet.ack;
    }
    const marks: Mark[] = [];
    const length = packet.payloadBytes + (isSyn ? 1 : 0) + (packet.flags & Flag.FIN);
    const end = (packet.seq + length) & MASK;
    if (length > 0 && ahead(end, own.top) <= 0 && own.top !== own.base) {
      marks.push("retransmission");
    } else if (length > 0) own.top = end;
    const isPlain = hasAck && length === 0 && (packet.flags & Flag.RST) === 0;
    if (packet.sack.length > 0) marks.push("sack");
    else if (isPlain && packet.ack === own.lastAck && packet.window === own.lastWindow) {
      marks.push("duplicate");
    }
    if (packet.window === 0 && hasAck && (packet.flags & Flag.RST) === 0) marks.push("zero");
    own.lastAck = packet.ack;
    own.lastWindow = packet.window;
    return {
      seq: ahead(packet.seq, own.base),
      ack: hasAck && other.base !== null ? ahead(packet.ack, other.base) : null,
      marks,
      sack: packet.sack.map(([a, b]) =>
        [ahead(a, other.base ?? a), ahead(b, other.base ?? a)] as const
      ),
    };
  }
}

/**
 * The state of a side that cannot be asked, by the segments that pass: it counts what it is sent as received
 * and behaves (RFC 9293 section 3.3.2).
 */
export class InferredState {
  state = "CLOSED";
  #behindFin = -1;

  /** Takes a segment that the side has sent. */
  sent(packet: Packet): void {
    const { flags } = packet;
    if ((flags & Flag.RST) !== 0) this.state = "CLOSED";
    else if ((flags & Flag.SYN) !== 0) {
      this.state = (flags & Flag.ACK) !== 0 ? "SYN-RECEIVED" : "SYN-SENT";
    } else if (this.state === "CLOSED") this.state = "ESTABLISHED";
    if ((flags & Flag.FIN) === 0) return;
    this.#behindFin = (packet.seq + packet.payloadBytes + 1) >>> 0;
    if (this.state === "ESTABLISHED" || this.state === "SYN-RECEIVED") this.state = "FIN-WAIT-1";
    else if (this.state === "CLOSE-WAIT") this.state = "LAST-ACK";
  }

  /** Takes a segment that the side has received. */
  received(packet: Packet): void {
    const { flags } = packet;
    const fin = (flags & Flag.FIN) !== 0;
    const acknowledged = (flags & Flag.ACK) !== 0 && packet.ack === this.#behindFin;
    if ((flags & Flag.RST) !== 0) this.state = "CLOSED";
    else this.state = this.#after(fin, acknowledged, (flags & Flag.SYN) !== 0);
  }

  #after(fin: boolean, acknowledged: boolean, syn: boolean): string {
    switch (this.state) {
      case "SYN-SENT":
        return syn ? "ESTABLISHED" : this.state;
      case "SYN-RECEIVED":
      case "ESTABLISHED":
        return fin ? "CLOSE-WAIT" : "ESTABLISHED";
      case "FIN-WAIT-1":
        if (fin) return acknowledged ? "TIME-WAIT" : "CLOSING";
        return acknowledged ? "FIN-WAIT-2" : this.state;
      case "FIN-WAIT-2":
        return fin ? "TIME-WAIT" : this.state;
      case "CLOSING":
        return acknowledged ? "TIME-WAIT" : this.state;
      case "LAST-ACK":
        return acknowledged ? "CLOSED" : this.state;
      default:
        return this.state;
    }
  }
}

/** Builds the arrows of a connection of the stack as its log comes in. */
export class Conversation {
  readonly arrows: Arrow[] = [];
  /** The stack's own changes of state, as pairs of names. */
  readonly path: [before: string, after: string][] = [];
  /** Whether the stack stands on the left: it opened. */
  ownLeft = false;
  ownState = "";
  readonly #numbers = new Numbers();
  readonly #peer = new InferredState();
  #known = false;
  /** Whether it was seen from the beginning: else nothing is known of the peer's state. */
  #whole = false;
  /** A change of state that comes with the segment after it. */
  #pending: string | null = null;

  /** Takes a segment. */
  segment(number: number, timeUs: number, isInput: boolean, packet: Packet): void {
    if (!this.#known) {
      this.#known = true;
      this.#whole = (packet.flags & Flag.SYN) !== 0;
      if (!isInput && (packet.flags & (Flag.SYN | Flag.ACK)) === Flag.SYN) this.ownLeft = true;
    }
    const fromLeft = isInput !== this.ownLeft;
    const before = this.#peer.state;
    if (isInput) this.#peer.sent(packet);
    else this.#peer.received(packet);
    const peer = this.#peer.state === before || !this.#whole ? null : this.#peer.state;
    const arrow: Arrow = {
      id: String(number),
      timeUs,
      packet,
      fromLeft,
      ...this.#numbers.take(packet, fromLeft),
      left: this.ownLeft ? null : peer,
      right: this.ownLeft ? peer : null,
      lost: false,
    };
    this.arrows.push(arrow);
    if (this.#pending !== null && !isInput) this.#setOwn(arrow, this.#pending);
    this.#pending = null;
  }

  /** Takes a change of the stack's own state. */
  state(number: number, timeUs: number, before: State, after: State): void {
    const name = stateNames[after];
    this.path.push([stateNames[before], name]);
    this.ownState = name;
    if (before === State.CLOSED && this.arrows.length === 0) this.ownLeft = true;
    const last = this.arrows.at(-1);
    const isAnswer = !TOLD_STATES.includes(name) && last !== undefined && last.timeUs === timeUs &&
      last.packet !== null &&
      last.fromLeft !== this.ownLeft;
    if (isAnswer) this.#setOwn(last, name);
    else if (after === State.CLOSED) {
      const arrow = bare(number, timeUs);
      this.#setOwn(arrow, name);
      this.arrows.push(arrow);
    } else this.#pending = name;
  }

  /** Notes that lines are missing here. */
  skipped(number: number, timeUs: number): void {
    this.arrows.push({ ...bare(number, timeUs), id: `gap${number}`, marks: ["skipped"] });
  }

  #setOwn(arrow: Arrow, name: string): void {
    if (this.ownLeft) arrow.left = name;
    else arrow.right = name;
  }
}

function bare(number: number, timeUs: number): Arrow {
  return {
    id: String(number),
    timeUs,
    packet: null,
    fromLeft: true,
    seq: null,
    ack: null,
    left: null,
    right: null,
    marks: [],
    lost: false,
    sack: [],
  };
}

/** What stands over an arrow: flags, numbers, and what else matters in them. */
export function arrowText(arrow: Arrow): string {
  const { packet, seq, ack } = arrow;
  if (packet === null) return "";
  const parts = [flagsText(packet.flags) || "–", `seq=${seq}`];
  if (ack !== null) parts.push(`ack=${ack}`);
  if (packet.payloadBytes > 0) parts.push(`len=${packet.payloadBytes}`);
  return parts.join(" ");
}

/** What stands under it: the window, and the options of note. */
export function detailText(arrow: Arrow): string {
  const { packet } = arrow;
  if (packet === null) return "";
  const parts = [`win=${packet.window}`];
  if (packet.mss !== null) parts.push(`mss=${packet.mss}`);
  if (packet.windowScale !== null) parts.push(`wscale=${packet.windowScale}`);
  if (packet.sackPermitted) parts.push("sackOK");
  const { payloadBytes, gsoBytes } = packet;
  if (gsoBytes > 0 && payloadBytes > gsoBytes) {
    parts.push(`tso=${Math.ceil(payloadBytes / gsoBytes)}×${gsoBytes}`);
  }
  for (const [from, to] of arrow.sack) parts.push(`sack=${from}–${to}`);
  return parts.join(" ");
}
