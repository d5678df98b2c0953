import type { Seq } from "../base/seq.ts";
import type { TcpConfig } from "./config.ts";
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

/** No segment of this ACK gives a round-trip time. */
export const NO_SAMPLE = -1;

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

  /** Something that was sent later than all before was delivered: there may be losses to find. */
  rackAdvanced = false;

  // How far segments overtake each other (reordering.ts), and what the configuration allows.
  reordering = 3;
  reorderingEvents = 0;
  /** In this ACK: an original was delivered late, the first one from here on. */
  overtaken = false;
  overtakenFrom: Seq = 0;
  useRack = true;
  useProbes = true;

  // F-RTO, RFC 5682.
  frto = false;
  /** Only new data may be sent until the next ACK. */
  newDataOnly = false;
  /** In this ACK: something that was in flight at the timeout and was sent only once was delivered. */
  originalDelivered = false;

  // What this ACK may tell of the round-trip time (rtt_sample.ts).
  ackedAgain = false;
  ackedSentAtUs = NO_SAMPLE;
  sackedSentAtUs = NO_SAMPLE;

  /** The SACK blocks of the ACK before, as left and right edges, `sackSeenCount` of them. */
  sackSeen: Int32Array | null = null;
  sackSeenCount = 0;

  // Totals for `info()`: reports of duplicates, and bytes known to be delivered.
  duplicateReports = 0;
  renegings = 0;
  deliveredTotalBytes = 0;

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
  /** The window when the recovery began (Linux's prior_cwnd, RFC 6937's RecoverFS). */
  windowAtStart = 0;

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

/** What a connection that begins at `iss` knows, with what the configuration allows. */
export function newLossRecovery(pool: SentSegmentPool, iss: Seq, config: TcpConfig): LossRecovery {
  const loss = new LossRecovery(pool, iss);
  loss.reordering = config.reordering;
  loss.useRack = config.rack;
  loss.useProbes = config.tlp;
  return loss;
}

/**
 * RFC 6937 section 3.1 with the bound of its successor (draft-ietf-tcpm-prr-rfc6937bis), in whole segments as
 * in Linux: what an ACK in recovery lets the window be. `safe` when the ACK shows progress and no new loss.
 */
export function proportionalWindow(
  recovery: LossRecovery,
  pipeBytes: number,
  deliveredBytes: number,
  safe: boolean,
  ssthreshBytes: number,
  mss: number,
): number {
  recovery.deliveredBytes += deliveredBytes;
  const delivered = recovery.deliveredBytes / mss;
  const sent = recovery.sentBytes / mss;
  const ssthresh = Math.floor(ssthreshBytes / mss);
  const room = ssthresh - Math.ceil(pipeBytes / mss);
  let send: number;
  if (room < 0) {
    const before = Math.max(recovery.windowAtStart / mss, 1);
    send = Math.ceil((delivered * ssthresh) / before - EPSILON) - sent;
  } else {
    // Slow start back up to ssthresh when the ACK is safe, packet conservation when not.
    send = Math.max(delivered - sent, deliveredBytes / mss) + (safe ? 1 : 0);
    send = Math.min(room, Math.floor(send));
  }
  // The first retransmission goes out at once.
  if (sent === 0) send = Math.max(send, 1);
  return Math.max(pipeBytes + send * mss, pipeBytes, mss);
}

/** Less than any part of a segment that counts: keeps rounding errors from becoming segments. */
const EPSILON = 1e-9;
