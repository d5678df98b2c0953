/**
 * Segments as lines of text, in the two forms that people know from tcpdump.
 *
 * `modern` is what `tcpdump -n` prints today, without the time:
 *
 * ```text
 * IP 10.7.0.1.40000 > 10.7.0.2.7: Flags [S], seq 123, win 64240, options [mss 1460], length 0
 * IP 10.7.0.1.40000 > 10.7.0.2.7: Flags [P.], seq 1:6, ack 1, win 502, length 5
 * ```
 *
 * `classic` is the short form of older textbooks, without window and options. A line is built by these
 * rules from left to right, and the parts are separated by single spaces:
 *
 * 1. Flag letters `SFRPEW`, those that are set. A segment with data but none of these has `.` instead.
 * 2. For data, SYN, FIN and RST the range `first:end`, and behind it `(length)` when there is data.
 * 3. For ACK `ack` and the number. When a segment has nothing of the above it is there for its
 *    acknowledgment alone, and shows it twice: as it is on the wire, and relative to the peer's initial
 *    sequence number. The one number ties the line to the SYN above, the other counts bytes.
 * 4. For URG `urg` and the urgent pointer.
 *
 * ```text
 * IP 10.7.0.1.40000 > 10.7.0.2.7: S 3626544836:3626544836
 * IP 10.7.0.2.7 > 10.7.0.1.40000: S 1739326486:1739326486 ack 3626544837
 * IP 10.7.0.1.40000 > 10.7.0.2.7: ack 1739326487,ack 1
 * IP 10.7.0.1.40000 > 10.7.0.2.7: P 1:6(5) ack 1
 * ```
 *
 * In both forms sequence numbers are relative to a {@link SequenceBases}, when there is one; who prints a
 * whole exchange takes a {@link ConversationText}, which finds and keeps them.
 *
 * Not like tcpdump: the options come in the order in which this stack and Linux write them, because a
 * {@link Segment} does not keep another sender's order and padding; the counters of accurate ECN (RFC 9768) have
 * names, where tcpdump shows bytes; and payload is never interpreted.
 */
import { addressText } from "../base/address.ts";
import { type Seq, seqAdd, seqDiff, seqText } from "../base/seq.ts";
import { Flag, OptionBit, type Segment } from "./segment.ts";
import { fastOpenWord, sackBlocksThatFit, TcpOption, tcpOptionsLength } from "./tcp.ts";

/** The form of a line. */
export type TextStyle = "modern" | "classic";

/** What the relative numbers of one direction start from: usually the initial sequence numbers. */
export interface SequenceBases {
  /** Taken from the sequence number. */
  readonly seqBase: Seq;
  /** Taken from the acknowledgment number and the edges of SACK blocks. */
  readonly ackBase: Seq;
}

/** Conversations whose bases a {@link ConversationText} keeps, unless told otherwise. */
export const CONVERSATIONS_MAX = 4096;

const modernFlags: readonly (readonly [bit: number, letter: string])[] = [
  [Flag.FIN, "F"],
  [Flag.SYN, "S"],
  [Flag.RST, "R"],
  [Flag.PSH, "P"],
  [Flag.ACK, "."],
  [Flag.URG, "U"],
  [Flag.ECE, "E"],
  [Flag.CWR, "W"],
  [Flag.AE, "e"],
];

const classicFlags: readonly (readonly [bit: number, letter: string])[] = [
  [Flag.SYN, "S"],
  [Flag.FIN, "F"],
  [Flag.RST, "R"],
  [Flag.PSH, "P"],
  [Flag.ECE, "E"],
  [Flag.CWR, "W"],
];

/**
 * One line for a segment, without a line end. `relative` holds the bases of the segment's conversation as
 * seen from its sender; null prints all numbers as they are on the wire.
 */
export function segmentText(
  segment: Segment,
  style: TextStyle,
  relative: SequenceBases | null = null,
): string {
  return `${endpointsText(segment)}: ${
    style === "modern" ? modernText(segment, relative) : classicText(segment, relative)
  }`;
}

/** One line for a UDP datagram, without a line end, as tcpdump prints those whose payload it does not know. */
export function datagramText(datagram: Segment, style: TextStyle): string {
  const length = datagram.payloadLength;
  return `${endpointsText(datagram)}: ${
    style === "modern" ? `UDP, length ${length}` : `udp ${length}`
  }`;
}

/** `IP source.port > destination.port`; `IP6` for that family. */
function endpointsText(segment: Segment): string {
  const src = addressText(sourceOf(segment));
  const dst = addressText(destinationOf(segment));
  const family = src.includes(":") ? "IP6" : "IP";
  return `${family} ${src}.${segment.srcPort} > ${dst}.${segment.dstPort}`;
}

function sourceOf(segment: Segment) {
  return { w0: segment.src0, w1: segment.src1, w2: segment.src2, w3: segment.src3 };
}

function destinationOf(segment: Segment) {
  return { w0: segment.dst0, w1: segment.dst1, w2: segment.dst2, w3: segment.dst3 };
}

function flagLetters(
  flags: number,
  letters: readonly (readonly [bit: number, letter: string])[],
): string {
  return letters.filter(([bit]) => (flags & bit) !== 0).map(([, letter]) => letter).join("");
}

/** Whether the sequence number means something to a reader: it names data, SYN, FIN or RST. */
function showsSequence(segment: Segment): boolean {
  return segment.payloadLength > 0 || (segment.flags & (Flag.SYN | Flag.FIN | Flag.RST)) !== 0;
}

function modernText(segment: Segment, relative: SequenceBases | null): string {
  const flags = segment.flags;
  const parts = [`Flags [${flagLetters(flags, modernFlags) || "none"}]`];
  if (showsSequence(segment)) {
    const seq = seqDiff(segment.seq, relative?.seqBase ?? 0);
    const end = segment.payloadLength > 0 ? `:${seqText(seqAdd(seq, segment.payloadLength))}` : "";
    parts.push(`seq ${seqText(seq)}${end}`);
  }
  if ((flags & Flag.ACK) !== 0) {
    parts.push(`ack ${seqText(seqDiff(segment.ack, relative?.ackBase ?? 0))}`);
  }
  parts.push(`win ${segment.window}`);
  if ((flags & Flag.URG) !== 0) parts.push(`urg ${segment.urgent}`);
  if (tcpOptionsLength(segment) > 0) parts.push(`options [${optionsText(segment, relative)}]`);
  parts.push(`length ${segment.payloadLength}`);
  return parts.join(", ");
}

/** The options as `writeTcpHeader` lays them out, with their padding. */
function optionsText(segment: Segment, relative: SequenceBases | null): string {
  const options = segment.options;
  const texts: string[] = [];
  if ((options & OptionBit.mss) !== 0) texts.push(`mss ${segment.mss}`);
  const sackPermitted = (options & OptionBit.sackPermitted) !== 0;
  if ((options & OptionBit.timestamps) !== 0) {
    texts.push(sackPermitted ? "sackOK" : "nop,nop");
    texts.push(`TS val ${segment.tsValue >>> 0} ecr ${segment.tsEcho >>> 0}`);
  } else if (sackPermitted) {
    texts.push("nop,nop,sackOK");
  }
  if ((options & OptionBit.windowScale) !== 0) texts.push(`nop,wscale ${segment.windowScale}`);
  if ((options & OptionBit.accurateEcn) !== 0) texts.push(accurateEcnText(segment));
  const blocks = sackBlocksThatFit(segment);
  if (blocks > 0) texts.push(`nop,nop,sack ${blocks} ${sackText(segment, blocks, relative)}`);
  if ((options & OptionBit.fastOpen) !== 0) texts.push(fastOpenText(segment));
  return texts.join(",");
}

/** In the words of RFC 9768; tcpdump shows the option as unknown. */
function accurateEcnText(segment: Segment): string {
  const { ecnE0Bytes, ecnCeBytes, ecnE1Bytes, ecnFields } = segment;
  const counters = [`e0b ${ecnE0Bytes}`, `ceb ${ecnCeBytes}`, `e1b ${ecnE1Bytes}`];
  if (segment.ecnKind === TcpOption.accurateEcn1) counters.reverse();
  return ["accecn", ...counters.slice(0, ecnFields)].join(" ");
}

/** As tcpdump: `tfo  cookiereq` or `tfo  cookie` with hexadecimal digits, and the padding behind it. */
function fastOpenText(segment: Segment): string {
  const length = segment.fastOpenLength;
  const experimental = (segment.options & OptionBit.fastOpenExperimental) !== 0;
  const name = experimental ? "exp-tfo" : "tfo ";
  const padding = ",nop".repeat(-((experimental ? 4 : 2) + length) & 3);
  if (length === 0) return `${name} cookiereq${padding}`;
  let digits = "";
  for (let i = 0; i < 4; i++) {
    digits += (fastOpenWord(segment, i) >>> 0).toString(16).padStart(8, "0");
  }
  return `${name} cookie ${digits.slice(0, 2 * length)}${padding}`;
}

function sackText(segment: Segment, blocks: number, relative: SequenceBases | null): string {
  const edges = [
    [segment.sackLeft0, segment.sackRight0],
    [segment.sackLeft1, segment.sackRight1],
    [segment.sackLeft2, segment.sackRight2],
    [segment.sackLeft3, segment.sackRight3],
  ];
  const base = relative?.ackBase ?? 0;
  const text = (edge: number) => seqText(seqDiff(edge, base));
  return edges.slice(0, blocks).map(([left, right]) => `{${text(left)}:${text(right)}}`).join("");
}

function classicText(segment: Segment, relative: SequenceBases | null): string {
  const flags = segment.flags;
  const length = segment.payloadLength;
  const letters = flagLetters(flags, classicFlags);
  const parts: string[] = [];
  if (letters !== "") parts.push(letters);
  else if (length > 0) parts.push(".");
  if (showsSequence(segment)) {
    const seq = seqDiff(segment.seq, relative?.seqBase ?? 0);
    const data = length > 0 ? `(${length})` : "";
    parts.push(`${seqText(seq)}:${seqText(seqAdd(seq, length))}${data}`);
  }
  if ((flags & Flag.ACK) !== 0) {
    const ack = seqText(seqDiff(segment.ack, relative?.ackBase ?? 0));
    const isAckAlone = parts.length === 0 && relative !== null;
    parts.push(isAckAlone ? `ack ${seqText(segment.ack)},ack ${ack}` : `ack ${ack}`);
  }
  if ((flags & Flag.URG) !== 0) parts.push(`urg ${segment.urgent}`);
  return parts.length > 0 ? parts.join(" ") : ".";
}

/** A conversation's bases by direction: from the end that sorts first, and from the other one. */
interface Conversation {
  readonly fromFirst: SequenceBases;
  readonly fromSecond: SequenceBases;
}

/**
 * Prints the segments of many conversations, each with numbers relative to its own beginning.
 *
 * As in tcpdump, a conversation begins with its SYN-ACK, or with the first segment with ACK that is seen
 * of it; that line shows the numbers as they are on the wire, and so does every segment without ACK. At most
 * `limit` conversations are kept: the one that was silent longest makes room, and would begin anew.
 *
 * This is for what people read. It allocates for every line, so it has no place where frames are counted
 * by the million.
 */
export class ConversationText {
  readonly #style: TextStyle;
  readonly #limit: number;
  /** In order of use, the latest last. */
  readonly #conversations = new Map<string, Conversation>();

  /** Throws a `RangeError` unless `limit` is a whole number of 1 or more. */
  constructor(style: TextStyle, limit: number = CONVERSATIONS_MAX) {
    if (!Number.isInteger(limit) || limit < 1) {
      throw new RangeError(`Cannot keep ${limit} conversations: limit must be 1 or more`);
    }
    this.#style = style;
    this.#limit = limit;
  }

  /** How many conversations are kept at the moment. */
  get size(): number {
    return this.#conversations.size;
  }

  /** The line for the next segment that was seen, without a line end. */
  line(segment: Segment): string {
    return segmentText(segment, this.#style, this.#basesOf(segment));
  }

  /** The bases for this segment, null when it is to be shown as it is; takes note of the segment. */
  #basesOf(segment: Segment): SequenceBases | null {
    if ((segment.flags & Flag.ACK) === 0) return null;
    const src = `${addressText(sourceOf(segment))}.${segment.srcPort}`;
    const dst = `${addressText(destinationOf(segment))}.${segment.dstPort}`;
    const isFromFirst = src < dst;
    const key = isFromFirst ? `${src} ${dst}` : `${dst} ${src}`;
    const known = this.#conversations.get(key);
    this.#conversations.delete(key);
    if (known !== undefined && (segment.flags & Flag.SYN) === 0) {
      this.#conversations.set(key, known);
      return isFromFirst ? known.fromFirst : known.fromSecond;
    }
    this.#conversations.set(key, beginning(segment, isFromFirst));
    if (this.#conversations.size > this.#limit) {
      for (const oldest of this.#conversations.keys()) {
        this.#conversations.delete(oldest);
        break;
      }
    }
    return null;
  }
}

/** A conversation that begins with this segment; the peer's base is such that the ACK counts as 1. */
function beginning(segment: Segment, isFromFirst: boolean): Conversation {
  const own = segment.seq;
  const peer = seqAdd(segment.ack, -1);
  const sender = { seqBase: own, ackBase: peer };
  const receiver = { seqBase: peer, ackBase: own };
  return isFromFirst
    ? { fromFirst: sender, fromSecond: receiver }
    : { fromFirst: receiver, fromSecond: sender };
}
