import { Counter, type Counters } from "../base/counters.ts";
import type { Connection } from "./connection.ts";
import { type LossRecovery, Phase } from "./loss_recovery.ts";
import { NO_SEGMENT, Sent } from "./retransmission_queue.ts";

/**
 * A recovery has turned out to be for nothing: the window is what it was before (RFC 4015 section 3.3, as
 * Linux), and what was taken for lost is in flight.
 */
export function undo(conn: Connection, loss: LossRecovery, counters: Counters): void {
  const { queue } = loss;
  for (let s = queue.head; s !== NO_SEGMENT; s = queue.next(s)) {
    if ((queue.flags(s) & Sent.lost) !== 0) queue.unmarkLost(s);
  }
  const { congestion } = conn;
  // A window that was also reduced for marks stays reduced.
  if (loss.undoPossible) {
    congestion.cwndBytes = Math.max(congestion.cwndBytes, loss.undoCwndBytes);
    congestion.ssthreshBytes = Math.max(congestion.ssthreshBytes, loss.undoSsthreshBytes);
    congestion.undo();
  }
  loss.phase = Phase.open;
  loss.undoPossible = false;
  loss.duplicateAcks = 0;
  loss.frto = false;
  loss.newDataOnly = false;
  loss.rackAdvanced = true;
  conn.recoveriesUndone++;
  counters.count(Counter.recoveriesUndone);
}
