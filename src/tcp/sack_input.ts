/**
 * The SACK blocks of an arriving segment: RFC 2018, and duplicate SACK, RFC 2883.
 */

import type { Counters } from "../base/counters.ts";
import { Drop } from "../base/drops.ts";
import { type Seq, seqGe, seqGt, seqLe, seqLt, seqMin } from "../base/seq.ts";
import type { Segment } from "../wire/segment.ts";
import type { Connection } from "./connection.ts";
import type { LossRecovery } from "./loss_recovery.ts";
import { rackDelivered } from "./rack.ts";
import { NO_SEGMENT, Sent } from "./retransmission_queue.ts";
import { noteSacked } from "./rtt_sample.ts";

/** Blocks that fit into the options (RFC 2018 section 3). */
const BLOCKS_MAX = 4;

/** The blocks of the segment in hand that are worth looking at, in ascending order. */
const lefts = new Int32Array(BLOCKS_MAX);
const rights = new Int32Array(BLOCKS_MAX);

/** Marks what the blocks name. True when the first one reports a duplicate (RFC 2883 section 4). */
export function takeSackBlocks(
  conn: Connection,
  segment: Segment,
  nowUs: number,
  counters: Counters,
): boolean {
  const count = segment.sackCount;
  if (count === 0) {
    conn.loss!.sackSeenCount = 0;
    return false;
  }
  const { sackLeft0, sackRight0, sackLeft1, sackRight1 } = segment;
  const duplicate = isDuplicate(segment, count);
  let used = 0;
  if (!duplicate) used = select(conn, segment, sackLeft0, sackRight0, used, counters);
  if (count > 1) used = select(conn, segment, sackLeft1, sackRight1, used, counters);
  if (count > 2) {
    used = select(conn, segment, segment.sackLeft2, segment.sackRight2, used, counters);
  }
  if (count > 3) {
    used = select(conn, segment, segment.sackLeft3, segment.sackRight3, used, counters);
  }
  markBlocks(conn, used, nowUs);
  return duplicate;
}

/** RFC 2883 section 4: the first block lies before the ACK, or within the second. */
function isDuplicate(segment: Segment, count: number): boolean {
  const { sackLeft0, sackRight0 } = segment;
  if (!seqLt(sackLeft0, sackRight0)) return false;
  if (seqLt(sackLeft0, segment.ack)) return true;
  return count > 1 && seqGe(sackLeft0, segment.sackLeft1) && seqLe(sackRight0, segment.sackRight1);
}

/**
 * Puts a block in its place among the others. One that is the wrong way round, or not of what is in flight, is
 * dropped and counted (Linux's tcp_is_sackblock_valid): SND.UNA itself cannot have arrived, or it would be
 * acknowledged. Returns how many blocks there are then.
 */
function select(
  conn: Connection,
  segment: Segment,
  left: Seq,
  right: Seq,
  used: number,
  counters: Counters,
): number {
  const valid = seqLt(left, right) && !seqGt(right, conn.sndNxt) && seqGt(left, conn.sndUna);
  if (!valid) {
    // What an ACK that was overtaken says of long ago is no fault of the peer's.
    const late = segment.ack !== conn.sndUna && seqLe(right, conn.sndUna);
    if (!late) counters.drop(Drop.tcpSackInvalid);
    return used;
  }
  let at = used;
  for (; at > 0 && seqLt(left, lefts[at - 1]); at--) {
    lefts[at] = lefts[at - 1];
    rights[at] = rights[at - 1];
  }
  lefts[at] = left;
  rights[at] = right;
  return used + 1;
}

/**
 * Marks all blocks in one walk from the first that says something new: what the ACK before has said is
 * known, and so the cost is that of what has changed.
 */
function markBlocks(conn: Connection, used: number, nowUs: number): void {
  const loss = conn.loss!;
  loss.sackSeen ??= new Int32Array(2 * BLOCKS_MAX);
  let s = NO_SEGMENT;
  for (let i = 0; i < used; i++) {
    const from = knownUpTo(loss, lefts[i], rights[i]);
    if (from === rights[i]) continue;
    if (s === NO_SEGMENT) s = loss.queue.near(from);
    s = takeBlock(conn, lefts[i], rights[i], from, s, nowUs);
    if (s === NO_SEGMENT) break;
  }
  for (let i = 0; i < used; i++) {
    loss.sackSeen[2 * i] = lefts[i];
    loss.sackSeen[2 * i + 1] = rights[i];
  }
  loss.sackSeenCount = used;
}

/** Up to where the ACK before has named this block. */
function knownUpTo(loss: LossRecovery, left: Seq, right: Seq): Seq {
  const seen = loss.sackSeen!;
  for (let i = 0; i < loss.sackSeenCount; i++) {
    const seenLeft = seen[2 * i];
    const seenRight = seen[2 * i + 1];
    if (seqLe(seenLeft, left) && seqGt(seenRight, left)) return seqMin(seenRight, right);
  }
  return left;
}

/**
 * Marks the segments that a block covers, from the one that ends behind `from` on. Segments are cut at
 * multiples of the MSS only, so that a peer that names single bytes cannot make work or memory of it: what a
 * block covers of a segment's rest stays unmarked. Returns where the next block is to be looked for.
 */
function takeBlock(
  conn: Connection,
  left: Seq,
  right: Seq,
  from: Seq,
  near: number,
  nowUs: number,
): number {
  const { queue } = conn.loss!;
  let s = queue.findEndingAfter(from, near);
  let last = s;
  while (s !== NO_SEGMENT && seqLt(queue.start(s), right)) {
    if ((queue.flags(s) & Sent.sacked) === 0) s = markCovered(conn, s, left, right, nowUs);
    last = s;
    s = queue.next(s);
  }
  return last;
}

/** Marks what `[left, right)` covers of one segment; returns the last piece that was looked at. */
function markCovered(
  conn: Connection,
  segment: number,
  left: Seq,
  right: Seq,
  nowUs: number,
): number {
  const { queue } = conn.loss!;
  const start = queue.start(segment);
  const end = queue.end(segment);
  const mss = conn.sndMss;
  let s = segment;
  if (seqLt(start, left)) {
    const skip = Math.ceil(((left - start) | 0) / mss) * mss;
    const cut = (start + skip) | 0;
    if (seqGe(cut, end)) return s;
    s = queue.split(s, cut);
  }
  if (seqGt(end, right)) {
    const keep = Math.floor(((right - queue.start(s)) | 0) / mss) * mss;
    if (keep <= 0) return s;
    queue.split(s, (queue.start(s) + keep) | 0);
  }
  rackDelivered(conn, s, nowUs);
  noteSacked(conn, s);
  queue.noteDelivered(s, nowUs);
  queue.markSacked(s);
  return s;
}
