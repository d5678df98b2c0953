/**
 * The SACK blocks of an arriving segment: RFC 2018, and duplicate SACK, RFC 2883.
 */

import { type Seq, seqGe, seqGt, seqLe, seqLt, seqMax } from "../base/seq.ts";
import type { Segment } from "../wire/segment.ts";
import type { Connection } from "./connection.ts";
import { rackDelivered } from "./rack.ts";
import { NO_SEGMENT, Sent } from "./retransmission_queue.ts";

/** Marks what the blocks name. True when the first one reports a duplicate (RFC 2883 section 4). */
export function takeSackBlocks(conn: Connection, segment: Segment, nowUs: number): boolean {
  const count = segment.sackCount;
  if (count === 0) return false;
  const { sackLeft0, sackRight0, sackLeft1, sackRight1 } = segment;
  const duplicate = isDuplicate(segment, count);
  if (!duplicate) takeBlock(conn, sackLeft0, sackRight0, nowUs);
  if (count > 1) takeBlock(conn, sackLeft1, sackRight1, nowUs);
  if (count > 2) takeBlock(conn, segment.sackLeft2, segment.sackRight2, nowUs);
  if (count > 3) takeBlock(conn, segment.sackLeft3, segment.sackRight3, nowUs);
  return duplicate;
}

/** RFC 2883 section 4: the first block lies before the ACK, or within the second. */
function isDuplicate(segment: Segment, count: number): boolean {
  const { sackLeft0, sackRight0 } = segment;
  if (!seqLt(sackLeft0, sackRight0)) return false;
  if (seqLe(sackRight0, segment.ack)) return true;
  return count > 1 && seqGe(sackLeft0, segment.sackLeft1) && seqLe(sackRight0, segment.sackRight1);
}

/**
 * Marks the segments that a block covers. A block that is not of what is in flight is not looked at. Segments
 * are cut at multiples of the MSS only, so that a peer that names single bytes cannot make work or memory of
 * it: what a block covers of a segment's rest stays unmarked.
 */
function takeBlock(conn: Connection, left: Seq, right: Seq, nowUs: number): void {
  if (!seqLt(left, right) || seqGt(right, conn.sndNxt) || seqLe(right, conn.sndUna)) return;
  const { queue } = conn.loss!;
  const from = seqMax(left, conn.sndUna);
  let s = queue.findEndingAfter(from, queue.head);
  while (s !== NO_SEGMENT && seqLt(queue.start(s), right)) {
    if ((queue.flags(s) & Sent.sacked) === 0) s = markCovered(conn, s, from, right, nowUs);
    s = queue.next(s);
  }
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
  queue.noteDelivered(s, nowUs);
  // Its cumulative ACK would come late, when the hole before it is filled.
  const timed = conn.timing && seqLt(queue.start(s), conn.rttSeq) &&
    seqGe(queue.end(s), conn.rttSeq);
  if (timed && (queue.flags(s) & Sent.everAgain) === 0) {
    conn.rtt.sample(nowUs - conn.rttSentAtUs);
    conn.timing = false;
  }
  queue.markSacked(s);
  return s;
}
