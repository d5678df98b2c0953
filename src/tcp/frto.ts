/**
 * F-RTO, RFC 5682 in its SACK-enhanced form, as Linux does it: after a timeout the first ACKs tell whether what
 * was in flight is really lost or was only late.
 *
 * ```text
 *   RTO: SND.UNA goes again ──▶ an ACK of more: send new data ──▶ originals arrive: undo
 *                          └──▶ a duplicate: conventional      └──▶ a duplicate: conventional
 * ```
 */

import { Counter, type Counters } from "../base/counters.ts";
import { seqAdd, seqGe, seqGt } from "../base/seq.ts";
import type { TcpConfig } from "./config.ts";
import type { Connection } from "./connection.ts";
import { type LossRecovery, Phase } from "./loss_recovery.ts";
import { undo } from "./undo.ts";

/**
 * The timer has expired, and this was the first time, or nothing was acknowledged since the last: RFC 5682 section
 * 3.1 step 1. In a recovery that was going on, its retransmissions would be mistaken for originals.
 */
export function beginFrto(
  loss: LossRecovery,
  phaseBefore: Phase,
  again: boolean,
  config: TcpConfig,
): void {
  loss.frto = config.frto && (phaseBefore === Phase.open || again);
  loss.newDataOnly = false;
}

/** An ACK after a timeout; `told` when it is a duplicate or tells of new arrivals. */
export function onAckAfterTimeout(
  conn: Connection,
  loss: LossRecovery,
  advanced: boolean,
  told: boolean,
  counters: Counters,
): void {
  loss.newDataOnly = false;
  if (!loss.frto) return;
  // Step 3.b: something that was sent once and not since the timeout has arrived.
  if (loss.originalDelivered) {
    counters.count(Counter.spuriousTimeouts);
    conn.backoffs = 0;
    undo(conn, loss, counters);
    return;
  }
  if (seqGt(conn.sndNxt, loss.recover)) {
    if (told) loss.frto = false; // Step 3.a: new data has arrived, what was before it not.
    return;
  }
  if (!advanced || seqGe(conn.sndUna, loss.recover)) return;
  // Step 2.b: two new segments will tell.
  loss.recover = conn.sndNxt;
  const edge = seqAdd(conn.sndUna, conn.sndWnd);
  const unsent = seqGt(seqAdd(conn.iss, 1 + conn.send!.end), conn.sndNxt);
  if (unsent && seqGt(edge, conn.sndNxt)) loss.newDataOnly = true;
  else loss.frto = false;
}

/** Whether what is lost waits for new data to tell whether it is. */
export function sendsNewFirst(loss: LossRecovery): boolean {
  return loss.newDataOnly;
}

/** New data could not be sent: the conventional way it is. True when what is lost is to be sent now. */
export function giveUpFrto(conn: Connection, loss: LossRecovery): boolean {
  if (!loss.newDataOnly || seqGt(conn.sndNxt, loss.recover)) return false;
  loss.newDataOnly = false;
  loss.frto = false;
  return true;
}
