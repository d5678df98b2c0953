/**
 * Accurate ECN feedback, RFC 9768: instead of one bit for a round trip the receiver counts, and the three
 * flags AE, CWR and ECE are the low bits of its counter of marked packets (the ACE field). An option carries
 * counters of bytes, for when the field may have wrapped.
 *
 * ```text
 *   SYN        ACE = 7                        asks
 *   SYN-ACK    ACE = codepoint of the SYN     2 Not-ECT, 3 ECT(1), 4 ECT(0), 6 CE; option 1, 0, 1
 *   ACK        ACE = codepoint of the SYN-ACK
 *   afterwards ACE = (5 + marked packets received) mod 8
 * ```
 *
 * Where the RFC leaves freedom it is Linux's choice: everything after the handshake is ECN-capable, pure ACKs and
 * retransmissions too, and the option goes with every segment once the peer has sent one.
 */

import { seqDiff } from "../base/seq.ts";
import { Ecn, Flag, OptionBit, type Segment } from "../wire/segment.ts";
import {
  accurateEcnLength,
  TCP_OPTIONS_MAX_BYTES,
  TcpOption,
  tcpOptionsLength,
} from "../wire/tcp.ts";
import type { Connection } from "./connection.ts";
import type { AccurateEcn } from "./ecn_state.ts";

/** RFC 9768 section 3.2.1: what the counter of packets begins with on the wire, so that zeros are noticed. */
const PACKETS_INITIAL = 5;
const ACE_MASK = 7;
const COUNTER_MASK = 0xff_ffff;
/** The largest increase of a 24-bit counter; beyond it the counter has gone back. */
const COUNTER_HALF = 0x80_0000;
/** Section 3.2.2.5.1: marked packets that may wait for an ACK. */
const MARKS_PER_ACK = 2;
/** Options of a segment with all three counters take this much of its payload. */
export const ACCURATE_ECN_BYTES: number = accurateEcnLength(3);
/** The least payload of a full segment that is worth sending with options (Linux's TCP_MIN_SND_MSS). */
const SEGMENT_LEAST_BYTES = 36;

/** Section 3.1.2, table 2, and 3.2.2.1, table 3: the ACE field that tells of a codepoint. */
function reflection(codepoint: number): number {
  switch (codepoint) {
    case Ecn.ect1:
      return 3;
    case Ecn.ect0:
      return 4;
    case Ecn.ce:
      return 6;
    default:
      return 2;
  }
}

/** The codepoint that an ACE field of the handshake tells of. */
export function reflectedCodepoint(ace: number): number {
  return ace === 3 ? Ecn.ect1 : ace === 4 ? Ecn.ect0 : ace === 6 ? Ecn.ce : Ecn.notEct;
}

function setAce(out: Segment, ace: number): void {
  out.flags &= ~(Flag.AE | Flag.CWR | Flag.ECE);
  out.flags |= (ace & ACE_MASK) << 6;
}

function aceOf(flags: number): number {
  return (flags >> 6) & ACE_MASK;
}

/**
 * The answer in a SYN-ACK. One that is lost may have been so for its option or its flags: when it goes `again` it is
 * without the option, after a second timeout without the flags. Then nothing is ECN-capable any more, while
 * marks are told as agreed (sections 3.1.4.2 and 3.1.5, as Linux).
 */
export function answerAccurately(
  accurate: AccurateEcn,
  out: Segment,
  again: boolean,
  timeouts: number,
): void {
  if (timeouts > 1) {
    accurate.ect = false;
    return;
  }
  setAce(out, reflection(accurate.peerCodepoint));
  if (!again && !accurate.optionOff) addOption(accurate, out);
}

/** The server takes the ACK of its SYN-ACK, which was sent without ECT, in (section 3.2.2.1, table 4). */
export function takeHandshakeAck(accurate: AccurateEcn, segment: Segment): void {
  const ace = aceOf(segment.flags);
  accurate.checked = true;
  // Zeroed, or told of a codepoint that was not sent: what marks can be believed then?
  const isData = segment.payloadLength > 0;
  if (ace === 0 || (!isData && reflectedCodepoint(ace) !== Ecn.notEct)) accurate.ect = false;
  accurate.toldAt = segment.tsValue;
}

/** Counts an acceptable segment, and sees to it that a change is told at once (section 3.2.2.5.1). */
export function countMarks(conn: Connection, accurate: AccurateEcn, segment: Segment): void {
  const codepoint = segment.trafficClass & Ecn.mask;
  const length = segment.payloadLength;
  if ((segment.options & OptionBit.accurateEcn) !== 0) noteOption(conn, accurate, segment);
  switch (codepoint) {
    case Ecn.ect0:
      accurate.e0Bytes = (accurate.e0Bytes + length) & COUNTER_MASK;
      break;
    case Ecn.ect1:
      accurate.e1Bytes = (accurate.e1Bytes + length) & COUNTER_MASK;
      break;
    case Ecn.ce: {
      const packets = segment.gsoSize > 0 ? Math.ceil(length / segment.gsoSize) : 1;
      accurate.ceBytes = (accurate.ceBytes + length) & COUNTER_MASK;
      accurate.marksReceived += packets;
      accurate.marksUntold += packets;
      break;
    }
  }
  // Acknowledgments of acknowledgments must not go on for ever.
  if (length === 0) return;
  if (codepoint !== accurate.codepoint || accurate.marksUntold >= MARKS_PER_ACK) {
    conn.ackPending = true;
  }
  accurate.codepoint = codepoint;
}

/** The peer's first option tells whether options come through; from then on segments have room for it. */
export function noteOption(conn: Connection, accurate: AccurateEcn, segment: Segment): void {
  if (accurate.option || accurate.optionOff) return;
  const { ecnKind, ecnFields } = segment;
  const first = ecnKind === TcpOption.accurateEcn0 ? segment.ecnE0Bytes : segment.ecnE1Bytes;
  if (ecnFields > 0 && first === 0) {
    accurate.optionOff = true; // Section 3.2.3.2.4: somebody clears what he does not know.
    return;
  }
  accurate.option = true;
  conn.sndMss = Math.max(conn.sndMss - ACCURATE_ECN_BYTES, SEGMENT_LEAST_BYTES);
}

/** Sets codepoint, ACE field and option of a segment that is about to be sent. */
export function stampAccurate(accurate: AccurateEcn, out: Segment): void {
  if (accurate.ect) out.trafficClass |= Ecn.ect0;
  const ace = accurate.reflects
    ? reflection(accurate.peerCodepoint)
    : PACKETS_INITIAL + accurate.marksReceived;
  accurate.reflects = false;
  accurate.marksUntold = 0;
  setAce(out, ace);
  if (accurate.option) addOption(accurate, out);
}

/** As many counters as there is room for beside the other options; all three, or the useful two. */
function addOption(accurate: AccurateEcn, out: Segment): void {
  const room = TCP_OPTIONS_MAX_BYTES - tcpOptionsLength(out);
  let fields = 3;
  while (fields > 1 && accurateEcnLength(fields) > room) fields--;
  if (fields < 2) return;
  out.options |= OptionBit.accurateEcn;
  out.ecnKind = fields === 3 ? TcpOption.accurateEcn1 : TcpOption.accurateEcn0;
  out.ecnFields = fields;
  out.ecnE0Bytes = accurate.e0Bytes;
  out.ecnCeBytes = accurate.ceBytes;
  out.ecnE1Bytes = accurate.e1Bytes;
}

/**
 * Whether a device that cuts super-segments would spoil the ACE field: it clears the CWR flag in all wire
 * segments but the first (RFC 3168 section 6.1.2 is all that it knows).
 */
export function mustCutHere(accurate: AccurateEcn): boolean {
  return ((PACKETS_INITIAL + accurate.marksReceived) & 2) !== 0;
}

/** Takes the peer's counters in. Returns how many more packets have arrived there with CE. */
export function takeAccurateFeedback(
  conn: Connection,
  accurate: AccurateEcn,
  segment: Segment,
  deliveredBytes: number,
  advanced: boolean,
): number {
  if (!isLatest(conn, accurate, segment, deliveredBytes, advanced)) return 0;
  if (!accurate.checked) {
    // Section 3.2.2.4: a first field of zero was zeroed on the way.
    accurate.checked = true;
    if (aceOf(segment.flags) === 0) accurate.ect = false;
  }
  const markedBytes = takeCounters(accurate, segment);
  if (!accurate.ect) return 0;
  const told = PACKETS_INITIAL + accurate.marksTold;
  const delta = (aceOf(segment.flags) - told) & ACE_MASK;
  const packets = Math.ceil(deliveredBytes / conn.sndMss);
  const marks = packets <= ACE_MASK
    ? delta
    : marksOfMany(conn, delta, packets, markedBytes, deliveredBytes);
  accurate.marksTold += marks;
  return marks;
}

/** An ACK that was overtaken has older counters: only progress shows that it was not. */
function isLatest(
  conn: Connection,
  accurate: AccurateEcn,
  segment: Segment,
  deliveredBytes: number,
  advanced: boolean,
): boolean {
  const newer = conn.timestamps && (segment.options & OptionBit.timestamps) !== 0 &&
    seqDiff(segment.tsValue, accurate.toldAt) > 0;
  if (!newer && !advanced && deliveredBytes === 0) return false;
  accurate.toldAt = segment.tsValue;
  return true;
}

/** Takes the option in; returns the bytes that were marked since the last one, -1 when there is none. */
function takeCounters(accurate: AccurateEcn, segment: Segment): number {
  if (!accurate.option || (segment.options & OptionBit.accurateEcn) === 0) return -1;
  const { ecnFields, ecnKind } = segment;
  const ect0 = ecnFields > 2 || (ecnFields > 0 && ecnKind === TcpOption.accurateEcn0);
  const ect1 = ecnFields > 2 || (ecnFields > 0 && ecnKind === TcpOption.accurateEcn1);
  if (ect0) accurate.toldE0Bytes = segment.ecnE0Bytes;
  if (ect1) accurate.toldE1Bytes = segment.ecnE1Bytes;
  if (ecnFields < 2) return -1;
  const bytes = (segment.ecnCeBytes - accurate.toldCeBytes) & COUNTER_MASK;
  if (bytes >= COUNTER_HALF) return -1;
  accurate.toldCeBytes = segment.ecnCeBytes;
  return bytes;
}

/**
 * So many packets were acknowledged at once that the field may have wrapped: the safe assumption is that
 * as many were marked as fit, unless the bytes say that it was fewer (appendix A.2, as Linux).
 */
function marksOfMany(
  conn: Connection,
  delta: number,
  packets: number,
  markedBytes: number,
  deliveredBytes: number,
): number {
  const safe = packets - ((packets - delta) & ACE_MASK);
  if (markedBytes < 0) return safe;
  if (markedBytes === 0) return delta;
  if (packets >= 2 * (ACE_MASK + 1)) {
    if (deliveredBytes <= markedBytes) return safe;
    const estimate = Math.ceil((markedBytes * packets) / deliveredBytes);
    return Math.min(safe, delta + (estimate & ~ACE_MASK));
  }
  if (markedBytes > delta * conn.sndMss) return safe;
  return markedBytes < (safe * conn.sndMss) / 2 ? delta : safe;
}
