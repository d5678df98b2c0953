/**
 * A decoded segment in a ring: 48 words, in the order of the fields of {@link Segment}.
 *
 * ```text
 *   0 kind      1 slot       2..5 source       6..9 destination   10 ports (source high)
 *   11 seq      12 ack       13 flags          14 window          15 urgent
 *   16 foreign, traffic class, hop limit       17 options         18 mss        19 window scale
 *   20 tsValue  21 tsEcho    22 sackCount      23..30 SACK edges  31 payload offset
 *   32 payload length        33 gsoSize        34 icmp type, code 35 icmp MTU
 *   36 frame offset          37 frame length    38 flow label
 *   39 Fast Open length      40..43 Fast Open cookie
 *   44 ECN option kind, fields      45 e0b     46 ceb    47 e1b
 * ```
 */

import { SEGMENT_WORDS } from "../ring/layout.ts";
import { OptionBit, type Segment } from "../wire/segment.ts";
import { clearFastOpen } from "../wire/tcp.ts";

const USED_WORDS = 48;
/** In word 16. */
const FOREIGN = 0x1_0000;
if (USED_WORDS > SEGMENT_WORDS) throw new Error("A segment record overruns its place");

/** Writes a segment of that kind as the record that starts at word `at`. */
export function writeSegmentRecord(
  words: Int32Array,
  at: number,
  kind: number,
  segment: Segment,
): void {
  words[at] = kind;
  words[at + 1] = segment.slot;
  words[at + 2] = segment.src0;
  words[at + 3] = segment.src1;
  words[at + 4] = segment.src2;
  words[at + 5] = segment.src3;
  words[at + 6] = segment.dst0;
  words[at + 7] = segment.dst1;
  words[at + 8] = segment.dst2;
  words[at + 9] = segment.dst3;
  words[at + 10] = (segment.srcPort << 16) | segment.dstPort;
  words[at + 11] = segment.seq;
  words[at + 12] = segment.ack;
  words[at + 13] = segment.flags;
  words[at + 14] = segment.window;
  words[at + 15] = segment.urgent;
  const foreign = segment.foreign ? FOREIGN : 0;
  words[at + 16] = foreign | (segment.trafficClass << 8) | segment.hopLimit;
  words[at + 17] = segment.options;
  words[at + 18] = segment.mss;
  words[at + 19] = segment.windowScale;
  words[at + 20] = segment.tsValue;
  words[at + 21] = segment.tsEcho;
  words[at + 22] = segment.sackCount;
  if (segment.sackCount > 0) writeSackEdges(words, at + 23, segment);
  words[at + 31] = segment.payloadOffset;
  words[at + 32] = segment.payloadLength;
  words[at + 33] = segment.gsoSize;
  words[at + 34] = (segment.icmpType << 8) | segment.icmpCode;
  words[at + 35] = segment.icmpMtu;
  words[at + 36] = segment.frameOffset;
  words[at + 37] = segment.frameLength;
  words[at + 38] = segment.flowLabel;
  words[at + 44] = (segment.ecnKind << 8) | segment.ecnFields;
  words[at + 45] = segment.ecnE0Bytes;
  words[at + 46] = segment.ecnCeBytes;
  words[at + 47] = segment.ecnE1Bytes;
  if ((segment.options & OptionBit.fastOpen) !== 0) writeFastOpen(words, at + 39, segment);
}

function writeFastOpen(words: Int32Array, at: number, segment: Segment): void {
  words[at] = segment.fastOpenLength;
  words[at + 1] = segment.fastOpen0;
  words[at + 2] = segment.fastOpen1;
  words[at + 3] = segment.fastOpen2;
  words[at + 4] = segment.fastOpen3;
}

function writeSackEdges(words: Int32Array, at: number, segment: Segment): void {
  words[at] = segment.sackLeft0;
  words[at + 1] = segment.sackRight0;
  words[at + 2] = segment.sackLeft1;
  words[at + 3] = segment.sackRight1;
  words[at + 4] = segment.sackLeft2;
  words[at + 5] = segment.sackRight2;
  words[at + 6] = segment.sackLeft3;
  words[at + 7] = segment.sackRight3;
}

/** Reads the record that starts at word `at` and returns its kind. */
export function readSegmentRecord(words: Int32Array, at: number, segment: Segment): number {
  segment.slot = words[at + 1];
  segment.src0 = words[at + 2];
  segment.src1 = words[at + 3];
  segment.src2 = words[at + 4];
  segment.src3 = words[at + 5];
  segment.dst0 = words[at + 6];
  segment.dst1 = words[at + 7];
  segment.dst2 = words[at + 8];
  segment.dst3 = words[at + 9];
  segment.srcPort = words[at + 10] >>> 16;
  segment.dstPort = words[at + 10] & 0xffff;
  segment.seq = words[at + 11];
  segment.ack = words[at + 12];
  segment.flags = words[at + 13];
  segment.window = words[at + 14];
  segment.urgent = words[at + 15];
  segment.foreign = (words[at + 16] & FOREIGN) !== 0;
  segment.trafficClass = (words[at + 16] >>> 8) & 0xff;
  segment.hopLimit = words[at + 16] & 0xff;
  segment.options = words[at + 17];
  segment.mss = words[at + 18];
  segment.windowScale = words[at + 19];
  segment.tsValue = words[at + 20];
  segment.tsEcho = words[at + 21];
  segment.sackCount = words[at + 22];
  if (segment.sackCount > 0) readSackEdges(words, at + 23, segment);
  segment.payloadOffset = words[at + 31];
  segment.payloadLength = words[at + 32];
  segment.gsoSize = words[at + 33];
  segment.icmpType = words[at + 34] >>> 8;
  segment.icmpCode = words[at + 34] & 0xff;
  segment.icmpMtu = words[at + 35];
  segment.frameOffset = words[at + 36];
  segment.frameLength = words[at + 37];
  segment.flowLabel = words[at + 38];
  segment.ecnKind = words[at + 44] >>> 8;
  segment.ecnFields = words[at + 44] & 0xff;
  segment.ecnE0Bytes = words[at + 45];
  segment.ecnCeBytes = words[at + 46];
  segment.ecnE1Bytes = words[at + 47];
  if ((segment.options & OptionBit.fastOpen) !== 0) readFastOpen(words, at + 39, segment);
  else clearFastOpen(segment);
  return words[at];
}

function readFastOpen(words: Int32Array, at: number, segment: Segment): void {
  segment.fastOpenLength = words[at];
  segment.fastOpen0 = words[at + 1];
  segment.fastOpen1 = words[at + 2];
  segment.fastOpen2 = words[at + 3];
  segment.fastOpen3 = words[at + 4];
}

function readSackEdges(words: Int32Array, at: number, segment: Segment): void {
  segment.sackLeft0 = words[at];
  segment.sackRight0 = words[at + 1];
  segment.sackLeft1 = words[at + 2];
  segment.sackRight1 = words[at + 3];
  segment.sackLeft2 = words[at + 4];
  segment.sackRight2 = words[at + 5];
  segment.sackLeft3 = words[at + 6];
  segment.sackRight3 = words[at + 7];
}
