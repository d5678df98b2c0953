/**
 * The TCP header and its options (RFC 9293 sections 3.1 and 3.2).
 *
 * ```text
 *   byte  0         2         4    8    12                      14      16        18      20
 *         src port  dst port  seq  ack  data offset, 0, flags   window  checksum  urgent  options
 * ```
 */
import { Drop, type DropReason } from "../base/drops.ts";
import { Flag, OptionBit, type Segment } from "./segment.ts";

/** Bytes of a header without options. */
export const TCP_HEADER_BYTES = 20;

/** The most bytes that options can take: the data offset counts to 15 words. */
export const TCP_OPTIONS_MAX_BYTES = 40;

/** The largest shift count; a larger one on the wire is used as this one (RFC 7323 section 2.3). */
export const WINDOW_SCALE_MAX = 14;

/** The SACK blocks that fit into a header without other options (RFC 2018 section 3). */
export const SACK_BLOCKS_MAX = 4;

/** Offsets of the fields, in bytes. */
export const TcpField = {
  sourcePort: 0,
  destinationPort: 2,
  sequence: 4,
  acknowledgment: 8,
  /** The upper four bits count the header's 32-bit words; the lower nine are the flags. */
  dataOffsetFlags: 12,
  window: 14,
  checksum: 16,
  urgent: 18,
} as const;

/** The bits of {@link TcpField.dataOffsetFlags} that are flags: eight, and AE (RFC 9768). */
export const TCP_FLAGS_MASK = 0x1ff;

/** Option kinds (IANA "TCP Option Kind Numbers"). */
export const TcpOption = {
  end: 0,
  noOperation: 1,
  /** RFC 9293 section 3.2. */
  mss: 2,
  /** RFC 7323 section 2.2. */
  windowScale: 3,
  /** RFC 2018 section 2. */
  sackPermitted: 4,
  /** RFC 2018 section 3. */
  sack: 5,
  /** RFC 7323 section 3.2. */
  timestamps: 8,
  /** RFC 9768 section 3.2.3: byte counters in the order ECT(0), CE, ECT(1). */
  accurateEcn0: 172,
  /** The same in the order ECT(1), CE, ECT(0). */
  accurateEcn1: 174,
  /** RFC 7413 section 2. */
  fastOpen: 34,
  /** RFC 6994: what follows the length is the number of the experiment. */
  experiment: 254,
} as const;

/** The experiment number of Fast Open, before it had a kind of its own. */
export const FAST_OPEN_EXPERIMENT = 0xf989;

/** Least and greatest length of a Fast Open cookie, bytes; it is even (RFC 7413 section 2). */
export const FAST_OPEN_COOKIE_MIN = 4;
export const FAST_OPEN_COOKIE_MAX = 16;

// Four bytes of options at once: kind, length and, where needed, padding before them.
const MSS_HEAD = (TcpOption.mss << 24) | (4 << 16);
const NOP_NOP = (TcpOption.noOperation << 24) | (TcpOption.noOperation << 16);
const TIMESTAMPS_HEAD = (TcpOption.timestamps << 8) | 10;
const SACK_PERMITTED_HEAD = (TcpOption.sackPermitted << 8) | 2;
const SACK_HEAD = NOP_NOP | (TcpOption.sack << 8);
const NOP_WINDOW_SCALE = (TcpOption.noOperation << 24) | (TcpOption.windowScale << 16) | (3 << 8);
const NOP_NOP_TIMESTAMPS = NOP_NOP | TIMESTAMPS_HEAD;

/** Header bytes as the data offset says: a multiple of 4 from 0 to 60, not checked. */
export function readTcpHeaderLength(view: DataView, offset: number): number {
  return (view.getUint8(offset + TcpField.dataOffsetFlags) & 0xf0) >> 2;
}

/**
 * Bytes of all options except SACK: each takes whole words, with the padding that Linux gives it. The
 * option that permits SACK takes the place of the timestamps' padding where both are there.
 */
function fixedOptionsLength(options: number): number {
  let length = 0;
  if ((options & OptionBit.mss) !== 0) length += 4;
  if ((options & OptionBit.timestamps) !== 0) length += 12;
  else if ((options & OptionBit.sackPermitted) !== 0) length += 4;
  if ((options & OptionBit.windowScale) !== 0) length += 4;
  return length;
}

/** Bytes of an accurate ECN option with this many counters, padded to whole words. */
export function accurateEcnLength(fields: number): number {
  return (2 + 3 * fields + 3) & ~3;
}

function accurateEcnLengthOf(segment: Segment): number {
  return (segment.options & OptionBit.accurateEcn) !== 0 ? accurateEcnLength(segment.ecnFields) : 0;
}

/** Bytes of the Fast Open option with its padding, 0 when there is none. */
function fastOpenOptionLength(segment: Segment): number {
  if ((segment.options & OptionBit.fastOpen) === 0) return 0;
  const head = (segment.options & OptionBit.fastOpenExperimental) !== 0 ? 4 : 2;
  return (head + segment.fastOpenLength + 3) & ~3;
}

/** How many of the segment's SACK blocks fit beside its other options. */
export function sackBlocksThatFit(segment: Segment): number {
  if ((segment.options & OptionBit.sack) === 0) return 0;
  const others = fixedOptionsLength(segment.options) + accurateEcnLengthOf(segment);
  const room = (TCP_OPTIONS_MAX_BYTES - 4 - others) >> 3;
  return Math.min(segment.sackCount, room, SACK_BLOCKS_MAX);
}

/** Bytes, from 0 to 40, that {@link writeTcpHeader} uses for the options of this segment. */
export function tcpOptionsLength(segment: Segment): number {
  const blocks = sackBlocksThatFit(segment);
  const others = fixedOptionsLength(segment.options) + accurateEcnLengthOf(segment) +
    fastOpenOptionLength(segment);
  return others + (blocks > 0 ? 4 + 8 * blocks : 0);
}

/**
 * Writes the segment's header with the options that `segment.options` names, and returns its length in
 * bytes, from 20 to 60. The checksum field is left zero. SACK blocks that do not fit are left out.
 */
export function writeTcpHeader(view: DataView, offset: number, segment: Segment): number {
  let length = TCP_HEADER_BYTES;
  if (segment.options === OptionBit.timestamps) {
    // What nearly every segment of a connection carries.
    view.setInt32(offset + 20, NOP_NOP_TIMESTAMPS);
    view.setInt32(offset + 24, segment.tsValue);
    view.setInt32(offset + 28, segment.tsEcho);
    length = TCP_HEADER_BYTES + 12;
  } else if (segment.options !== 0) {
    length = writeOptions(view, offset + TCP_HEADER_BYTES, segment) - offset;
  }
  view.setInt32(offset, (segment.srcPort << 16) | segment.dstPort);
  view.setInt32(offset + TcpField.sequence, segment.seq);
  view.setInt32(offset + TcpField.acknowledgment, segment.ack);
  // A header of n bytes is n / 4 words, and that count begins at bit 12.
  const dataOffsetFlags = (length << 10) | (segment.flags & TCP_FLAGS_MASK);
  view.setInt32(
    offset + TcpField.dataOffsetFlags,
    (dataOffsetFlags << 16) | (segment.window & 0xffff),
  );
  view.setInt32(offset + TcpField.checksum, segment.urgent & 0xffff);
  return length;
}

/** Writes the options in the order and with the padding of Linux; returns the offset behind them. */
function writeOptions(view: DataView, offset: number, segment: Segment): number {
  const options = segment.options;
  let at = offset;
  if ((options & OptionBit.mss) !== 0) {
    view.setInt32(at, MSS_HEAD | (segment.mss & 0xffff));
    at += 4;
  }
  const sackPermitted = (options & OptionBit.sackPermitted) !== 0;
  if ((options & OptionBit.timestamps) !== 0) {
    const before = sackPermitted ? SACK_PERMITTED_HEAD << 16 : NOP_NOP;
    view.setInt32(at, before | TIMESTAMPS_HEAD);
    view.setInt32(at + 4, segment.tsValue);
    view.setInt32(at + 8, segment.tsEcho);
    at += 12;
  } else if (sackPermitted) {
    view.setInt32(at, NOP_NOP | SACK_PERMITTED_HEAD);
    at += 4;
  }
  if ((options & OptionBit.windowScale) !== 0) {
    view.setInt32(at, NOP_WINDOW_SCALE | (segment.windowScale & 0xff));
    at += 4;
  }
  if ((options & OptionBit.accurateEcn) !== 0) at = writeAccurateEcn(view, at, segment);
  at = writeSack(view, at, segment);
  return (options & OptionBit.fastOpen) !== 0 ? writeFastOpen(view, at, segment) : at;
}

/** Writes the Fast Open option, padded behind it as Linux does. */
function writeFastOpen(view: DataView, offset: number, segment: Segment): number {
  const end = offset + fastOpenOptionLength(segment);
  let at = offset;
  if ((segment.options & OptionBit.fastOpenExperimental) !== 0) {
    view.setUint8(at, TcpOption.experiment);
    view.setUint8(at + 1, 4 + segment.fastOpenLength);
    view.setUint16(at + 2, FAST_OPEN_EXPERIMENT);
    at += 4;
  } else {
    view.setUint8(at, TcpOption.fastOpen);
    view.setUint8(at + 1, 2 + segment.fastOpenLength);
    at += 2;
  }
  for (let i = 0; i < segment.fastOpenLength; i++) {
    view.setUint8(at + i, fastOpenWord(segment, i >> 2) >>> (24 - 8 * (i & 3)));
  }
  for (at += segment.fastOpenLength; at < end; at++) view.setUint8(at, TcpOption.noOperation);
  return end;
}

/** Word 0 to 3 of a segment's Fast Open cookie. */
export function fastOpenWord(segment: Segment, index: number): number {
  if (index === 0) return segment.fastOpen0;
  if (index === 1) return segment.fastOpen1;
  return index === 2 ? segment.fastOpen2 : segment.fastOpen3;
}

/** Writes the accurate ECN option with its padding behind it; returns the offset behind that. */
function writeAccurateEcn(view: DataView, offset: number, segment: Segment): number {
  const { ecnKind, ecnFields } = segment;
  const end = offset + accurateEcnLength(ecnFields);
  const isZeroFirst = ecnKind === TcpOption.accurateEcn0;
  view.setUint8(offset, ecnKind);
  view.setUint8(offset + 1, 2 + 3 * ecnFields);
  let at = offset + 2;
  for (let i = 0; i < ecnFields; i++) {
    const isFirst = i === 0;
    const isEct0 = isFirst === isZeroFirst;
    const bytes = i === 1 ? segment.ecnCeBytes : isEct0 ? segment.ecnE0Bytes : segment.ecnE1Bytes;
    view.setUint8(at, bytes >>> 16);
    view.setUint16(at + 1, bytes & 0xffff);
    at += 3;
  }
  while (at < end) view.setUint8(at++, TcpOption.noOperation);
  return end;
}

/** Writes as many SACK blocks as fit; returns the offset behind them. */
function writeSack(view: DataView, offset: number, segment: Segment): number {
  const blocks = sackBlocksThatFit(segment);
  if (blocks === 0) return offset;
  view.setInt32(offset, SACK_HEAD | (2 + 8 * blocks));
  view.setInt32(offset + 4, segment.sackLeft0);
  view.setInt32(offset + 8, segment.sackRight0);
  if (blocks > 1) {
    view.setInt32(offset + 12, segment.sackLeft1);
    view.setInt32(offset + 16, segment.sackRight1);
  }
  if (blocks > 2) {
    view.setInt32(offset + 20, segment.sackLeft2);
    view.setInt32(offset + 24, segment.sackRight2);
  }
  if (blocks > 3) {
    view.setInt32(offset + 28, segment.sackLeft3);
    view.setInt32(offset + 32, segment.sackRight3);
  }
  return offset + 4 + 8 * blocks;
}

/** Sets the segment to what a header without options means. */
export function clearTcpOptions(segment: Segment): void {
  segment.options = 0;
  segment.mss = 0;
  segment.windowScale = 0;
  segment.tsValue = 0;
  segment.tsEcho = 0;
  segment.sackCount = 0;
  segment.sackLeft0 = 0;
  segment.sackRight0 = 0;
  segment.sackLeft1 = 0;
  segment.sackRight1 = 0;
  segment.sackLeft2 = 0;
  segment.sackRight2 = 0;
  segment.sackLeft3 = 0;
  segment.sackRight3 = 0;
  segment.ecnKind = 0;
  segment.ecnFields = 0;
  segment.ecnE0Bytes = 0;
  segment.ecnCeBytes = 0;
  segment.ecnE1Bytes = 0;
  clearFastOpen(segment);
}

/** Takes the Fast Open cookie off a segment. */
export function clearFastOpen(segment: Segment): void {
  segment.fastOpenLength = 0;
  segment.fastOpen0 = 0;
  segment.fastOpen1 = 0;
  segment.fastOpen2 = 0;
  segment.fastOpen3 = 0;
}

/**
 * Reads the options from `offset` to `end` into the segment, whose `flags` are already set. Every option
 * field of the segment is set, to zero where there is no such option.
 *
 * A kind that is not known, and a known one with a length that is not its own, is skipped by its length
 * (RFC 9293 section 3.2, MUST-6). The options of the handshake count only in a SYN (MUST-5 and RFC 7323
 * section 2.1, RFC 2018 section 2). Returns {@link Drop.tcpOptionInvalid} when a length is below 2 or
 * reaches beyond `end`: what follows cannot be found (MUST-7).
 */
export function readTcpOptions(
  view: DataView,
  offset: number,
  end: number,
  segment: Segment,
): DropReason {
  clearTcpOptions(segment);
  if (end - offset === 12 && view.getInt32(offset) === NOP_NOP_TIMESTAMPS) {
    segment.options = OptionBit.timestamps;
    segment.tsValue = view.getInt32(offset + 4);
    segment.tsEcho = view.getInt32(offset + 8);
    return Drop.none;
  }
  let at = offset;
  while (at < end) {
    const kind = view.getUint8(at);
    if (kind === TcpOption.end) break;
    if (kind === TcpOption.noOperation) {
      at++;
      continue;
    }
    if (at + 1 >= end) return Drop.tcpOptionInvalid;
    const length = view.getUint8(at + 1);
    if (length < 2 || length > end - at) return Drop.tcpOptionInvalid;
    readOption(view, at, kind, length, segment);
    at += length;
  }
  return Drop.none;
}

/** Reads one option that lies wholly within the header. */
function readOption(
  view: DataView,
  at: number,
  kind: number,
  length: number,
  segment: Segment,
): void {
  const isSyn = (segment.flags & Flag.SYN) !== 0;
  switch (kind) {
    case TcpOption.mss:
      if (length !== 4 || !isSyn) return;
      segment.options |= OptionBit.mss;
      segment.mss = view.getUint16(at + 2);
      return;
    case TcpOption.windowScale:
      if (length !== 3 || !isSyn) return;
      segment.options |= OptionBit.windowScale;
      segment.windowScale = Math.min(view.getUint8(at + 2), WINDOW_SCALE_MAX);
      return;
    case TcpOption.sackPermitted:
      if (length === 2 && isSyn) segment.options |= OptionBit.sackPermitted;
      return;
    case TcpOption.timestamps:
      if (length !== 10) return;
      segment.options |= OptionBit.timestamps;
      segment.tsValue = view.getInt32(at + 2);
      segment.tsEcho = view.getInt32(at + 6);
      return;
    case TcpOption.sack:
      readSack(view, at + 2, length - 2, segment);
      return;
    case TcpOption.accurateEcn0:
    case TcpOption.accurateEcn1:
      readAccurateEcn(view, at, kind, length, segment);
      return;
    case TcpOption.fastOpen:
      if (isSyn) readFastOpen(view, at + 2, length - 2, 0, segment);
      return;
    case TcpOption.experiment:
      if (!isSyn || length < 4 || view.getUint16(at + 2) !== FAST_OPEN_EXPERIMENT) return;
      readFastOpen(view, at + 4, length - 4, OptionBit.fastOpenExperimental, segment);
      return;
  }
}

/** RFC 9768 section 3.2.3: counters that do not fit are left out at the end; other lengths are skipped. */
function readAccurateEcn(
  view: DataView,
  at: number,
  kind: number,
  length: number,
  segment: Segment,
): void {
  const fields = Math.floor((length - 2) / 3);
  if (length !== 2 + 3 * fields || fields > 3) return;
  segment.options |= OptionBit.accurateEcn;
  segment.ecnKind = kind;
  segment.ecnFields = fields;
  const first = fields > 0 ? readCounter(view, at + 2) : 0;
  const third = fields > 2 ? readCounter(view, at + 8) : 0;
  segment.ecnCeBytes = fields > 1 ? readCounter(view, at + 5) : 0;
  segment.ecnE0Bytes = kind === TcpOption.accurateEcn0 ? first : third;
  segment.ecnE1Bytes = kind === TcpOption.accurateEcn0 ? third : first;
}

function readCounter(view: DataView, at: number): number {
  return (view.getUint8(at) << 16) | view.getUint16(at + 1);
}

/** Reads a Fast Open cookie; one of a length that no cookie has counts as none (RFC 7413 section 4.1.2). */
function readFastOpen(
  view: DataView,
  at: number,
  length: number,
  form: number,
  segment: Segment,
): void {
  const isCookie = length >= FAST_OPEN_COOKIE_MIN && length <= FAST_OPEN_COOKIE_MAX;
  if (length !== 0 && (!isCookie || (length & 1) !== 0)) return;
  segment.options |= OptionBit.fastOpen | form;
  segment.fastOpenLength = length;
  segment.fastOpen0 = wordBefore(view, at, at + length);
  segment.fastOpen1 = wordBefore(view, at + 4, at + length);
  segment.fastOpen2 = wordBefore(view, at + 8, at + length);
  segment.fastOpen3 = wordBefore(view, at + 12, at + length);
}

/** The four bytes from `at` on as a word, those from `end` on as zero. */
function wordBefore(view: DataView, at: number, end: number): number {
  let value = 0;
  for (let i = at; i < at + 4; i++) value = (value << 8) | (i < end ? view.getUint8(i) : 0);
  return value;
}

/** Reads SACK blocks from `length` bytes; an option without a whole number of blocks is skipped. */
function readSack(view: DataView, at: number, length: number, segment: Segment): void {
  if (length === 0 || (length & 7) !== 0) return;
  const count = length >> 3;
  segment.options |= OptionBit.sack;
  segment.sackCount = count;
  segment.sackLeft0 = view.getInt32(at);
  segment.sackRight0 = view.getInt32(at + 4);
  segment.sackLeft1 = count > 1 ? view.getInt32(at + 8) : 0;
  segment.sackRight1 = count > 1 ? view.getInt32(at + 12) : 0;
  segment.sackLeft2 = count > 2 ? view.getInt32(at + 16) : 0;
  segment.sackRight2 = count > 2 ? view.getInt32(at + 20) : 0;
  segment.sackLeft3 = count > 3 ? view.getInt32(at + 24) : 0;
  segment.sackRight3 = count > 3 ? view.getInt32(at + 28) : 0;
}
