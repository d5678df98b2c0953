/**
 * RACK-TLP, RFC 8985: losses are found by time. A segment is lost when one that was sent after it has been
 * delivered, and it has had the time of a possible reordering to arrive as well.
 */

import { type Seq, seqDiff, seqGt, seqLt } from "../base/seq.ts";
import type { Connection } from "./connection.ts";
import { type LossRecovery, Phase } from "./loss_recovery.ts";
import { noteReordering } from "./reordering.ts";
import { NO_SEGMENT, Sent } from "./retransmission_queue.ts";

/** RFC 8985 section 6.2.1: most quarters of an RTT, and recoveries for which they stay. */
const REORDER_QUARTERS_MAX = 16;
export const REORDER_PERSIST = 16;
/** Without an RTT sample a probe waits as long as a first retransmission would. */
const PROBE_INITIAL_US = 1_000_000;
/** What a probe waits beside two round trips (Linux's TCP_TIMEOUT_MIN). */
const MINIMUM_US = 2_000;

/** RACK_sent_after: whether (time, end) of one segment is later than another's. */
function sentAfter(time1Us: number, end1: Seq, time2Us: number, end2: Seq): boolean {
  return time1Us > time2Us || (time1Us === time2Us && seqGt(end1, end2));
}

/** Section 6.2, steps 2 and 3: a segment was delivered. */
export function rackDelivered(conn: Connection, segment: number, nowUs: number): void {
  const recovery = conn.loss!;
  const { queue } = recovery;
  const end = queue.end(segment);
  const sentAtUs = queue.sentAtUs(segment);
  const again = (queue.flags(segment) & Sent.everAgain) !== 0;
  if (!again) {
    if (seqLt(queue.start(segment), recovery.rackForward)) {
      noteReordering(recovery, queue.start(segment));
    }
    if (!seqGt(end, recovery.recover)) recovery.originalDelivered = true;
  }
  if (seqGt(end, recovery.rackForward)) recovery.rackForward = end;
  const rttUs = nowUs - sentAtUs;
  // An ACK sooner than a round trip after a retransmission is that of the original.
  if (again && rttUs < conn.rtt.minUs) return;
  recovery.rackAdvanced = true;
  recovery.rackRttUs = rttUs;
  if (sentAfter(sentAtUs, end, recovery.rackSentAtUs, recovery.rackEnd)) {
    recovery.rackSentAtUs = sentAtUs;
    recovery.rackEnd = end;
  }
}

/** Section 6.2.1: a DSACK says that a retransmission was needless, so reordering is wider than thought. */
export function rackDuplicate(conn: Connection): void {
  const recovery = conn.loss!;
  if (recovery.dsackRoundOpen) return;
  recovery.dsackRoundOpen = true;
  recovery.dsackRound = conn.sndNxt;
  recovery.reorderQuarters = Math.min(recovery.reorderQuarters + 1, REORDER_QUARTERS_MAX);
  recovery.reorderPersist = REORDER_PERSIST;
}

/** Section 6.2.1: what to do with the widened window when a recovery has ended. */
export function rackRecovered(recovery: LossRecovery): void {
  if (recovery.reorderPersist > 0 && --recovery.reorderPersist === 0) recovery.reorderQuarters = 1;
}

/** Section 6.2, step 4: whether as many segments have arrived as duplicate ACKs would mean a loss. */
function hasEnoughBehind(conn: Connection, recovery: LossRecovery): boolean {
  const { queue, reordering } = recovery;
  if (queue.sackedBytes >= reordering * conn.sndMss) return true;
  if (queue.sackedBytes === 0) return false;
  let segments = 0;
  for (let s = queue.head; s !== NO_SEGMENT && segments < reordering; s = queue.next(s)) {
    if ((queue.flags(s) & Sent.sacked) === 0) continue;
    segments += Math.ceil(seqDiff(queue.end(s), queue.start(s)) / conn.sndMss);
  }
  return segments >= reordering;
}

/** Section 6.2, step 4: how late a segment may be without being lost. */
function reorderWindowUs(conn: Connection): number {
  const recovery = conn.loss!;
  if (!recovery.reorderingSeen) {
    if (recovery.phase !== Phase.open || hasEnoughBehind(conn, recovery)) return 0;
  }
  const windowUs = Math.floor((recovery.reorderQuarters * conn.rtt.minUs) / 4);
  return Math.min(windowUs, conn.rtt.srttUs);
}

/**
 * Section 6.2, step 5: marks what is lost by now and sets the timer for what may be lost later. True when
 * something was marked.
 */
export function rackDetect(conn: Connection, nowUs: number): boolean {
  const recovery = conn.loss!;
  const { queue } = recovery;
  recovery.reorderAtUs = Infinity;
  recovery.rackAdvanced = false;
  if (recovery.rackSentAtUs === 0) return false;
  const allowedUs = recovery.rackRttUs + reorderWindowUs(conn);
  let found = false;
  for (let s = queue.head; s !== NO_SEGMENT; s = queue.next(s)) {
    const flags = queue.flags(s);
    const sentAtUs = queue.sentAtUs(s);
    if (!sentAfter(recovery.rackSentAtUs, recovery.rackEnd, sentAtUs, queue.end(s))) {
      // Whatever is behind one that was sent only once was sent later still.
      if ((flags & Sent.everAgain) === 0) break;
      continue;
    }
    if ((flags & Sent.sacked) !== 0 || (flags & (Sent.lost | Sent.again)) === Sent.lost) continue;
    const lostAtUs = sentAtUs + allowedUs;
    if (lostAtUs <= nowUs) {
      queue.markLost(s);
      found = true;
    } else if (lostAtUs < recovery.reorderAtUs) {
      recovery.reorderAtUs = lostAtUs;
    }
  }
  return found;
}

/**
 * Section 7.2: data was sent or acknowledged; sets the time at which to probe for a lost tail. The ACK of a
 * single segment may be delayed: the least RTO is what Linux allows for that.
 */
export function armProbe(conn: Connection, nowUs: number): void {
  const recovery = conn.loss!;
  const { queue } = recovery;
  if (!conn.sack || !recovery.useProbes || recovery.phase !== Phase.open || queue.sackedBytes > 0) {
    return;
  }
  if (recovery.probing) return;
  const flight = seqDiff(conn.sndNxt, conn.sndUna);
  if (flight === 0) return;
  const { srttUs } = conn.rtt;
  let timeoutUs = PROBE_INITIAL_US;
  if (srttUs > 0) {
    const single = queue.head === queue.tail && flight <= conn.sndMss;
    timeoutUs = 2 * srttUs + (single ? conn.rtt.minRtoUs : MINIMUM_US);
  }
  recovery.probeAtUs = Math.min(nowUs + timeoutUs, conn.retransmitAtUs);
}
