/**
 * How far segments overtake each other on the path: the reordering metric of Linux, in segments. It is how
 * many segments behind a hole mean that it is a loss (RFC 5681's three until more is seen), and whether RACK
 * has to wait (RFC 8985 section 6.2, step 3).
 */

import { type Seq, seqDiff, seqLt } from "../base/seq.ts";
import type { Connection } from "./connection.ts";
import { type LossRecovery, Phase } from "./loss_recovery.ts";

/** The metric does not grow beyond this (Linux's tcp_max_reordering). */
const REORDERING_MAX = 300;

/** A segment that was sent once and begins at `start` was delivered behind one that was sent later. */
export function noteReordering(loss: LossRecovery, start: Seq): void {
  if (!loss.overtaken || seqLt(start, loss.overtakenFrom)) loss.overtakenFrom = start;
  loss.overtaken = true;
}

/** An ACK is through: what it has shown counts once. */
export function settleReordering(conn: Connection, loss: LossRecovery): void {
  if (!loss.overtaken) return;
  loss.overtaken = false;
  // After a timeout whose undo is impossible, late originals say nothing (as Linux).
  if (loss.phase === Phase.loss && !loss.undoPossible) return;
  const distance = seqDiff(loss.rackForward, loss.overtakenFrom);
  if (distance <= 0) return;
  const segments = Math.ceil(distance / conn.sndMss);
  if (segments > loss.reordering) loss.reordering = Math.min(segments, REORDERING_MAX);
  loss.reorderingSeen = true;
  loss.reorderingEvents++;
}
