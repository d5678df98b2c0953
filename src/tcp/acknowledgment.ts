/**
 * What an acknowledgment does to the send side: RTT samples, the send buffer, the retransmission queue,
 * congestion control, and the detection of losses: by RACK (RFC 8985) where the peer sends SACK, by duplicate
 * ACKs where it does not (RFC 5681 section 3.2, RFC 6582 NewReno).
 */

import { Counter, type Counters } from "../base/counters.ts";
import { type Seq, seqAdd, seqDiff, seqGe, seqGt, seqLe, seqLt } from "../base/seq.ts";
import { Flag, OptionBit, type Segment } from "../wire/segment.ts";
import type { TcpConfig } from "./config.ts";
import { type Connection, NEVER, News } from "./connection.ts";
import { CongestionPhase } from "./congestion/phase.ts";
import { isReducedForMarks, reduceForMarks, takeFeedback } from "./ecn.ts";
import { type LossRecovery, Phase, proportionalWindow } from "./loss_recovery.ts";
import { isProbeLost, onProgress } from "./mtu_search.ts";
import { onAckAfterTimeout } from "./frto.ts";
import {
  armProbe,
  rackDelivered,
  rackDetect,
  rackDuplicate,
  rackRecovered,
  REORDER_PERSIST,
} from "./rack.ts";
import { onProbeAnswered } from "./persist.ts";
import { settleReordering } from "./reordering.ts";
import { NO_SEGMENT, Sent } from "./retransmission_queue.ts";
import { beginSample, noteAcknowledged, takeSample } from "./rtt_sample.ts";
import { detectByScoreboard } from "./sack_recovery.ts";
import { takeSackBlocks } from "./sack_input.ts";
import { undo } from "./undo.ts";
import { isWindowLimited } from "./window_validation.ts";

/** Least time after which a peer that seems to have thrown data away is taken at its word (as Linux). */
const RENEGING_DELAY_US = 10_000;

/** Takes the ACK field of an acceptable segment in. `windowBefore` is SND.WND before this segment. */
export function onAcknowledgment(
  conn: Connection,
  segment: Segment,
  windowBefore: number,
  nowUs: number,
  counters: Counters,
  config: TcpConfig,
): void {
  const loss = conn.loss;
  if (loss === null) return;
  const advanced = seqGt(segment.ack, conn.sndUna);
  if (!advanced && conn.persisting) {
    onProbeAnswered(conn, conn.sndWnd > windowBefore, nowUs);
    return; // Answers to probes say the same again and again, and mean no loss.
  }
  if (!advanced && conn.backoffs > 0) onShrunkWindow(conn, loss, windowBefore, nowUs);
  conn.probesUnanswered = 0;
  const flight = seqDiff(conn.sndNxt, conn.sndUna);
  const acked = advanced ? seqDiff(segment.ack, conn.sndUna) : 0;
  beginSample(conn);
  loss.originalDelivered = false;
  let delivered = advanced ? takeAcknowledged(conn, loss, segment.ack, nowUs) : 0;
  if (advanced) advance(conn, segment.ack);
  if (advanced && conn.mtuSearch !== null) onProgress(conn, conn.mtuSearch);
  const sackedBefore = loss.queue.sackedBytes;
  const duplicate = conn.sack && takeSackBlocks(conn, segment, nowUs, counters);
  const sacked = loss.queue.sackedBytes - sackedBefore;
  delivered += sacked;
  settleReordering(conn, loss);
  takeSample(conn, segment, advanced, duplicate, nowUs);
  if (advanced) restartTimer(conn, nowUs);
  const again = !advanced && isDuplicate(conn, segment, windowBefore);
  if (again) {
    conn.duplicateAcksSeen++;
    counters.count(Counter.duplicateAcks);
    if (conn.sack) loss.duplicateAcks++;
    else delivered += creditDuplicate(loss, flight, conn.sndMss);
  }
  loss.deliveredTotalBytes += delivered;
  if (conn.ecn !== null) takeFeedback(conn, conn.ecn, segment, delivered, advanced);
  if (duplicate) onDsack(conn, loss, segment, counters);
  if (advanced && isUnsureOfSacked(conn, loss)) {
    conn.retransmitAtUs = nowUs + Math.max(conn.rtt.srttUs / 2, RENEGING_DELAY_US);
  }
  if (advanced) undoByTimestamp(conn, loss, segment, counters);
  if (loss.phase === Phase.loss) {
    onAckAfterTimeout(conn, loss, advanced, sacked > 0 || again, counters);
  }
  if (loss.probing) {
    const same = !advanced && conn.sndWnd === windowBefore;
    settleProbe(conn, loss, segment, duplicate, same, nowUs);
  }
  const lost = detect(conn, loss, advanced, nowUs);
  react(conn, loss, acked, delivered, flight, lost, nowUs, counters);
  if (delivered > 0 || lost) sampleRate(conn, nowUs);
  growSendLimit(conn, config);
  if (advanced) armProbe(conn, nowUs);
}

/** Looks for losses, in the way that both sides allow. True when one was found. */
function detect(conn: Connection, loss: LossRecovery, advanced: boolean, nowUs: number): boolean {
  if (!conn.sack) return detectByDuplicates(conn, loss, advanced);
  if (!loss.useRack) return detectByScoreboard(conn);
  return loss.rackAdvanced && rackDetect(conn, nowUs);
}

/**
 * The oldest segment is one that the peer has acknowledged selectively, and yet not cumulatively: it may have
 * thrown it away (RFC 2018 section 8). Unless the next ACK says otherwise a timeout follows soon, as in Linux.
 */
function isUnsureOfSacked(conn: Connection, loss: LossRecovery): boolean {
  const { head } = loss.queue;
  return conn.sack && head !== NO_SEGMENT && (loss.queue.flags(head) & Sent.sacked) !== 0;
}

/**
 * A window that had shrunk over data in flight may have opened again: what was lost then need not wait for
 * a timer that may have been doubled to minutes.
 */
function onShrunkWindow(
  conn: Connection,
  loss: LossRecovery,
  windowBefore: number,
  nowUs: number,
): void {
  if (windowBefore >= conn.sndMss || conn.sndWnd <= windowBefore) return;
  loss.queue.markAllLost(false, NEVER);
  conn.backoffs = 0;
  conn.rtoShift = 0;
  // What goes now may still be nothing: the first lost segment may lie behind what the window covers.
  conn.retransmitAtUs = nowUs + conn.rtt.rtoUs;
}

/** RFC 5681 section 2: what counts as a duplicate ACK. A SACK block makes up for a window change. */
function isDuplicate(conn: Connection, segment: Segment, windowBefore: number): boolean {
  if (segment.ack !== conn.sndUna || conn.sndUna === conn.sndMax) return false;
  if (segment.payloadLength > 0) return false;
  if ((segment.flags & (Flag.SYN | Flag.FIN)) !== 0) return false;
  return conn.sndWnd === windowBefore || (segment.options & OptionBit.sack) !== 0;
}

/** Duplicate ACKs that a peer sends for one hole at the least before it is repaired (RFC 5681 section 3.2). */
const DUPLICATE_THRESHOLD = 3;

/**
 * Without SACK a duplicate ACK stands for a segment that has left the network, but only for as many as were in
 * flight when the first one came: a receiver that makes them up would otherwise let out as much as it likes
 * (RFC 5681 section 3.2, the note on step 4). Returns the bytes that it stands for.
 */
function creditDuplicate(loss: LossRecovery, flight: number, mss: number): number {
  if (loss.duplicateRoomBytes < 0) {
    loss.duplicateRoomBytes = Math.max(flight, DUPLICATE_THRESHOLD * mss);
  }
  if (loss.duplicateRoomBytes === 0) return 0;
  loss.duplicateRoomBytes = Math.max(0, loss.duplicateRoomBytes - mss);
  loss.duplicateAcks++;
  return mss;
}

/** Takes segments before `ack` off the queue. Returns the bytes that were not known to have arrived. */
function takeAcknowledged(conn: Connection, loss: LossRecovery, ack: Seq, nowUs: number): number {
  const { queue } = loss;
  let delivered = 0;
  for (let s = queue.head; s !== NO_SEGMENT && seqLt(queue.start(s), ack); s = queue.head) {
    if (seqGt(queue.end(s), ack)) queue.split(s, ack);
    if ((queue.flags(s) & Sent.sacked) === 0) {
      delivered += seqDiff(queue.end(s), queue.start(s));
      noteAcknowledged(conn, s);
      rackDelivered(conn, s, nowUs);
      queue.noteDelivered(s, nowUs);
    } else if ((queue.flags(s) & Sent.everAgain) !== 0) loss.ackedAgain = true;
    queue.popBefore(ack);
  }
  if (conn.sack) return delivered;
  // Without SACK the duplicate ACKs have told of some of it already (RFC 6582, as Linux's Reno counts).
  const known = Math.min(loss.duplicateAcks * conn.sndMss, delivered);
  const segments = Math.floor(delivered / conn.sndMss);
  loss.duplicateAcks = Math.max(0, loss.duplicateAcks - Math.max(0, segments - 1));
  return delivered - known;
}

/** SND.UNA moves on. */
function advance(conn: Connection, ack: Seq): void {
  const loss = conn.loss!;
  conn.sndUna = ack;
  if (seqLt(conn.sndNxt, ack)) conn.sndNxt = ack;
  // Marks that are passed come along, or they would seem to lie ahead when 2 GiB more have gone.
  if (seqLt(conn.sndSmall, ack)) conn.sndSmall = ack;
  if (loss.phase === Phase.open && seqLt(loss.recover, ack)) loss.recover = seqAdd(ack, -1);
  releaseAcknowledged(conn, ack);
  if (conn.sack || loss.phase === Phase.open) loss.duplicateAcks = 0;
  conn.backoffs = 0;
  conn.repeatedSinceUs = NEVER;
  conn.persisting = false;
  loss.probeAtUs = NEVER;
  loss.duplicateRoomBytes = -1;
  if (loss.dsackRoundOpen && seqGe(ack, loss.dsackRound)) loss.dsackRoundOpen = false;
}

/** RFC 6298 section 5.3; the back-off stays until a round-trip time is measured (Karn, as Linux). */
function restartTimer(conn: Connection, nowUs: number): void {
  const everything = conn.sndUna === conn.sndMax;
  conn.retransmitAtUs = everything ? NEVER : nowUs + conn.rtt.backedOff(conn.rtoShift);
  conn.unackedSinceUs = everything ? NEVER : nowUs;
}

/** RFC 2883, RFC 3708: the peer has received something twice. */
function onDsack(
  conn: Connection,
  loss: LossRecovery,
  segment: Segment,
  counters: Counters,
): void {
  const { sackLeft0: left, sackRight0: right } = segment;
  const bytes = seqDiff(right, left);
  // More than the peer can have been sent is no report, but an attempt to make us believe in one.
  if (bytes > Math.max(conn.sndWndMax, conn.sndMss)) return;
  loss.duplicateReports += Math.max(1, Math.ceil(bytes / conn.sndMss));
  counters.count(Counter.duplicateReportsIn);
  loss.duplicateBytes += bytes;
  // More than was sent again must have been doubled by the network (as Linux).
  if (loss.duplicateBytes > conn.bytesRetransmitted) return;
  if (!isProbeDuplicate(loss, segment)) rackDuplicate(conn);
  if (!loss.undoPossible || loss.undoPending === 0 || seqLe(right, loss.undoFrom)) return;
  loss.undoPending = Math.max(0, loss.undoPending - Math.ceil(bytes / conn.sndMss));
  // Every retransmission of this recovery was needless: nothing had been lost.
  if (loss.undoPending > 0) return;
  loss.reorderPersist = Math.min(loss.reorderPersist + 1, REORDER_PERSIST);
  undo(conn, loss, counters);
}

/** RFC 3522: an ACK whose echo is older than the first retransmission is one of the original. */
function undoByTimestamp(
  conn: Connection,
  loss: LossRecovery,
  segment: Segment,
  counters: Counters,
): void {
  // Afterwards every ACK is newer, and when 24 days have gone it would seem older again.
  if (loss.phase === Phase.open || !conn.timestamps) return;
  if (!loss.undoPossible || loss.undoPending === 0) return;
  if ((segment.options & OptionBit.timestamps) === 0) return;
  if (!seqLt(segment.tsEcho, loss.undoTimestamp)) return;
  // What was only late and was sent again RACK cannot see as overtaken: it is told as by a DSACK, which
  // not every peer sends.
  if (loss.phase === Phase.recovery) {
    loss.reorderingSeen = true;
    rackDuplicate(conn);
  }
  undo(conn, loss, counters);
}

/** A DSACK is that of the tail loss probe: a guess that it was needless says nothing about reordering. */
function isProbeDuplicate(loss: LossRecovery, segment: Segment): boolean {
  return loss.probing && loss.probeWasOld && segment.sackRight0 === loss.probeEnd;
}

/**
 * RFC 8985 section 7.4: what became of a tail loss probe. The ACK up to it comes for the original or for
 * the probe; only what follows tells which: a report that both have come, or an ACK of more.
 * `again` is true when the ACK says nothing new.
 */
function settleProbe(
  conn: Connection,
  loss: LossRecovery,
  segment: Segment,
  duplicate: boolean,
  again: boolean,
  nowUs: number,
): void {
  if (seqLt(segment.ack, loss.probeEnd)) return;
  if (!loss.probeWasOld || (duplicate && isProbeDuplicate(loss, segment))) {
    loss.probing = false;
  } else if (seqGt(segment.ack, loss.probeEnd)) {
    loss.probing = false;
    // The probe has repaired a loss that nothing else would have shown: it is answered as any loss.
    if (!isReducedForMarks(conn)) conn.congestion.onLoss(loss.probeFlight, conn.sndMss, nowUs);
    conn.congestion.onRecovered(conn.sndMss, nowUs);
  } else if (again && segment.payloadLength === 0 && segment.sackCount === 0) {
    loss.probing = false;
  }
}

/** RFC 5681 and RFC 6582: the third duplicate ACK, and each partial ACK, names the oldest segment. */
function detectByDuplicates(conn: Connection, loss: LossRecovery, advanced: boolean): boolean {
  // RFC 6582 section 3.2 step 2: duplicates of what a recovery has sent again must not begin another.
  const first = loss.phase === Phase.open && loss.duplicateAcks >= loss.reordering &&
    seqGt(conn.sndUna, loss.recover);
  const partial = loss.phase === Phase.recovery && advanced && seqLt(conn.sndUna, loss.recover);
  if (!first && !partial) return false;
  const { queue } = loss;
  const head = queue.head;
  if (head === NO_SEGMENT) return false;
  const cut = seqAdd(queue.start(head), conn.sndMss);
  if (seqLt(cut, queue.end(head))) queue.split(head, cut);
  queue.markLost(head);
  return true;
}

/** Bytes that are believed to be on their way. */
export function pipeOf(conn: Connection): number {
  const loss = conn.loss!;
  const flight = seqDiff(conn.sndNxt, conn.sndUna);
  const pipe = loss.queue.pipe(flight);
  if (conn.sack) return Math.max(pipe, 0);
  return Math.max(pipe - loss.duplicateAcks * conn.sndMss, 0);
}

/** Lets the congestion control and the recovery take note. */
function react(
  conn: Connection,
  loss: LossRecovery,
  acked: number,
  delivered: number,
  flight: number,
  lost: boolean,
  nowUs: number,
  counters: Counters,
): void {
  const { congestion, sndMss } = conn;
  if (loss.phase !== Phase.open && seqGe(conn.sndUna, loss.recover)) {
    leaveRecovery(conn, loss, nowUs);
  }
  switch (loss.phase) {
    case Phase.open:
      if (lost) {
        if (conn.mtuSearch !== null && isProbeLost(conn, conn.mtuSearch, loss)) return;
        enterRecovery(conn, loss, nowUs, counters);
        break;
      }
      if (conn.ecn !== null) {
        const pipe = pipeOf(conn);
        const { ecn } = conn;
        const isAhead = acked > 0;
        if (reduceForMarks(conn, ecn, loss, flight, pipe, delivered, isAhead, nowUs, counters)) {
          return;
        }
      }
      // Behind reordering what is selectively acknowledged counts at once, as in Linux.
      if (acked > 0 || loss.reorderingSeen) grow(conn, delivered, nowUs);
      return;
    case Phase.loss:
      if (acked > 0) congestion.onAck(delivered, conn.rtt.srttUs, true, sndMss, nowUs);
      return;
  }
  congestion.cwndBytes = proportionalWindow(
    loss,
    pipeOf(conn),
    delivered,
    acked > 0 && !lost,
    congestion.ssthreshBytes,
    sndMss,
  );
  // A partial ACK without SACK names one segment, which goes at once (RFC 6582 section 3.2 step 5).
  if (lost && !conn.sack) {
    congestion.cwndBytes = Math.max(congestion.cwndBytes, pipeOf(conn) + sndMss);
  }
}

function grow(conn: Connection, delivered: number, nowUs: number): void {
  if (delivered <= 0) return;
  const limited = isWindowLimited(conn);
  conn.congestion.onAck(delivered, conn.rtt.srttUs, limited, conn.sndMss, nowUs);
}

/** Tells the congestion control what this acknowledgment says about the path. */
function sampleRate(conn: Connection, nowUs: number): void {
  const { congestion, loss, pacer, rtt } = conn;
  const { rate } = loss!.queue;
  const sample = rate.conclude(nowUs, conn.sndMss, rtt.minUs);
  sample.inFlightBytes = pipeOf(conn);
  sample.windowLimited = conn.cwndLimited;
  sample.recovering = loss!.phase !== Phase.open;
  congestion.onSample(sample);
  rate.forget();
  // What is sent with the small window of ProbeRTT says nothing about the path's bandwidth.
  if (congestion.phase === CongestionPhase.probeRtt) rate.onAppLimited(sample.inFlightBytes);
  pacer?.update(congestion, sample.inFlightBytes, rtt.srttUs);
}

/** RFC 6675 section 5, RFC 6937: a loss was detected while none was known. */
export function enterRecovery(
  conn: Connection,
  loss: LossRecovery,
  nowUs: number,
  counters: Counters,
): void {
  const flight = seqDiff(conn.sndNxt, conn.sndUna);
  loss.phase = Phase.recovery;
  loss.recover = conn.sndNxt;
  loss.deliveredBytes = 0;
  loss.sentBytes = 0;
  loss.windowAtStart = conn.congestion.cwndBytes;
  loss.frto = false;
  loss.newDataOnly = false;
  loss.probing = false;
  loss.probeAtUs = NEVER;
  rememberForUndo(conn, loss);
  if (!isReducedForMarks(conn)) conn.congestion.onLoss(flight, conn.sndMss, nowUs);
  // The first retransmission goes out whatever is in flight (RFC 6675 section 5 step 4.3), and what
  // follows as ACKs come: what is lost has left the path, but must not go again in one burst.
  conn.congestion.cwndBytes = pipeOf(conn) + conn.sndMss;
  counters.count(Counter.fastRetransmits);
}

/** Keeps what an undo would need; a recovery within a recovery keeps the first. */
export function rememberForUndo(conn: Connection, loss: LossRecovery): void {
  conn.congestion.saveForUndo();
  loss.undoPossible = true;
  // An earlier recovery's retransmissions that are still on their way count, and their timestamps: the ACK
  // of one of them would seem to be that of an original (as Linux's tcp_init_undo, tcp_retrans_stamp_cleanup).
  loss.undoPending = Math.ceil(loss.queue.againBytes / conn.sndMss);
  loss.undoFrom = conn.sndUna;
  loss.undoCwndBytes = conn.congestion.cwndBytes;
  loss.undoSsthreshBytes = conn.congestion.ssthreshBytes;
}

function leaveRecovery(conn: Connection, loss: LossRecovery, nowUs: number): void {
  if (loss.phase === Phase.recovery) conn.congestion.onRecovered(conn.sndMss, nowUs);
  loss.phase = Phase.open;
  loss.duplicateAcks = 0;
  loss.frto = false;
  loss.newDataOnly = false;
  rackRecovered(loss);
}

/** Gives acknowledged bytes back to the application and tells it when it may be waiting for room. */
function releaseAcknowledged(conn: Connection, ack: Seq): void {
  const send = conn.send;
  if (send === null) return;
  const position = (ack - conn.iss - 1) | 0;
  // The FIN has a sequence number but no byte.
  const bytes = ((position - send.end) | 0) > 0 ? send.end : position;
  send.acknowledge(bytes);
  const waiting = send.held <= conn.sendLimit >> 1;
  conn.news = waiting ? News.loud : conn.news === News.none ? News.quiet : conn.news;
}

/** The send buffer must hold two windows, or the window cannot be used (as Linux's tcp_sndbuf_expand). */
function growSendLimit(conn: Connection, config: TcpConfig): void {
  if (conn.sendBufferFixed) return;
  const wanted = Math.min(2 * conn.congestion.cwndBytes, config.sendBufferMaxBytes);
  if (wanted > conn.sendLimit) conn.sendLimit = wanted;
}
