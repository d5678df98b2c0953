import type { Seq } from "../base/seq.ts";
import { RetransmissionQueue, type SentSegmentPool } from "./retransmission_queue.ts";

/** What the sender believes of the path (Linux's congestion-avoidance states). */
export const Phase = {
  /** No loss is known. */
  open: 0,
  /** Fast recovery: a loss was detected, and the window is reduced for it. */
  recovery: 1,
  /** The retransmission timer has expired: what was in flight is considered lost. */
  loss: 2,
} as const;

/** One value of {@link Phase}. */
export type Phase = (typeof Phase)[keyof typeof Phase];

/**
 * Everything that loss detection and recovery know of one connection: the retransmission queue, RACK-TLP
 * (RFC 8985), proportional rate reduction (RFC 6937), and what is needed to undo a recovery that turns out to
 * have been for nothing.
 */
export class LossRecovery {
  readonly queue: RetransmissionQueue;
  phase: Phase = Phase.open;
  /** Recovery ends when this is acknowledged: SND.MAX at its start (RFC 6582, RFC 6675). */
  recover: Seq;
  /** Duplicate ACKs in a row: how segments that left the network are counted without SACK. */
  duplicateAcks = 0;
  /** What further duplicate ACKs may stand for without SACK until SND.UNA moves; -1 before the first. */
  duplicateRoomBytes = -1;

  // RACK, RFC 8985 section 5.2.
  /** Of the segments that were delivered, when the one sent last was sent, and where it ended. */
  rackSentAtUs = 0;
  rackEnd: Seq;
  /** Round-trip time of that segment. */
  rackRttUs = 0;
  /** Highest sequence number that was delivered. */
  rackForward: Seq;
  /** A segment was delivered behind one that was sent after it. */
  reorderingSeen = false;
  /** Quarters of the least RTT that a segment may be late (RACK.reo_wnd_mult). */
  reorderQuarters = 1;
  /** Recoveries for which a widened window stays (RACK.reo_wnd_persist). */
  reorderPersist = 0;
  /** The round trip in which a DSACK has widened the window ends here; `dsackRoundOpen` while it lasts. */
  dsackRound: Seq = 0;
  dsackRoundOpen = false;
  /** When the next segment that may only be reordered counts as lost. */
  reorderAtUs = Infinity;

  // Tail loss probes, RFC 8985 section 7.
  probeAtUs = Infinity;
  /** SND.NXT when a probe was sent, and what was in flight; `probing` until it is settled. */
  probeEnd: Seq = 0;
  probeFlight = 0;
  probing = false;
  /** The probe was old data: only a DSACK tells whether the original was lost. */
  probeWasOld = false;

  // Proportional rate reduction, RFC 6937 section 3.
  deliveredBytes = 0;
  sentBytes = 0;
  flightAtStart = 0;

  // Undo: what the window was, and how many retransmissions a DSACK has not yet shown to be needless.
  undoCwndBytes = 0;
  undoSsthreshBytes = 0;
  undoPending = 0;
  undoPossible = false;
  /** SND.UNA when that began: what was received twice before it was not sent again in it. */
  undoFrom: Seq = 0;
  /** Bytes that the peer has reported as received twice. */
  duplicateBytes = 0;
  /** Timestamp value of the first retransmission of this recovery (Eifel, RFC 3522). */
  undoTimestamp = 0;

  constructor(pool: SentSegmentPool, iss: Seq) {
    this.queue = new RetransmissionQueue(pool);
    this.recover = iss;
    this.rackEnd = iss;
    this.rackForward = iss;
  }
}

/** RFC 6937 section 3.1: what an ACK in recovery lets the window be. */
export function proportionalWindow(
  recovery: LossRecovery,
  pipeBytes: number,
  deliveredBytes: number,
  advanced: boolean,
  ssthreshBytes: number,
  mss: number,
): number {
  recovery.deliveredBytes += deliveredBytes;
  const { deliveredBytes: delivered, sentBytes: sent, flightAtStart } = recovery;
  let send: number;
  if (pipeBytes > ssthreshBytes) {
    send = Math.ceil((delivered * ssthreshBytes) / Math.max(flightAtStart, 1)) - sent;
  } else {
    // Slow start back up to ssthresh when the ACK shows progress, packet conservation when not.
    const limit = Math.max(delivered - sent, deliveredBytes) + (advanced ? mss : 0);
    send = Math.min(ssthreshBytes - pipeBytes, limit);
  }
  // The first retransmission goes out at once (RFC 6937bis, as Linux).
  if (sent === 0) send = Math.max(send, mss);
  return Math.max(pipeBytes + send, pipeBytes, mss);
}
