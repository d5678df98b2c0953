/**
 * What an arriving segment does to a connection: RFC 9293 section 3.10.7, in its order, with the checks
 * of RFC 5961 (blind attacks) and RFC 7323 (timestamps) at the places that those give.
 *
 * The functions change the connection and return what is to be sent; they send nothing.
 */

import { Counter, type Counters } from "../base/counters.ts";
import { Drop } from "../base/drops.ts";
import { type Seq, seqAdd, seqDiff, seqGe, seqGt, seqLe, seqLt, seqMin } from "../base/seq.ts";
import { ConnectionError } from "../ring/row.ts";
import { Flag, OptionBit, type Segment, segmentLength } from "../wire/segment.ts";
import { onAcknowledgment } from "./acknowledgment.ts";
import type { TcpConfig } from "./config.ts";
import { type Connection, NEVER, News, Owner } from "./connection.ts";
import { acknowledgeGap, scheduleAck } from "./delayed_ack.ts";
import { reportDuplicate, reportOverlap, reportUnacceptable } from "./duplicate_report.ts";
import { takeHandshakeAck } from "./accurate_ecn.ts";
import { takeMarks, takeSynAgain } from "./ecn.ts";
import { abort, end, enterTimeWait, restartTimeWait } from "./ending.ts";
import { type FastOpenClient, isOpenEarly, settleSynData } from "./fast_open.ts";
import { negotiate } from "./negotiation.ts";
import { Stored } from "./out_of_order.ts";
import { Outcome } from "./outcome.ts";
import { canReceiveData, State } from "./state.ts";
import { measureReceiverRtt, receiveWindow, synWindow } from "./window.ts";

/** Ranges that every SACK option has room for. */
const SACK_RANGES_TOLD = 3;

/** What input needs besides the connection. */
export interface InputContext {
  readonly config: TcpConfig;
  readonly counters: Counters;
  /** Largest IP packet of the device, bytes. */
  readonly mtu: number;
  readonly fastOpen: FastOpenClient;
}

/** RFC 7323 section 5.5: TS.Recent is not believed after 24 days without a segment. */
const PAWS_IDLE_US = 24 * 86_400 * 1e6;

/** Takes one segment in for a connection in any state but CLOSED and LISTEN. */
export function onSegment(
  conn: Connection,
  segment: Segment,
  nowUs: number,
  context: InputContext,
): Outcome {
  conn.segmentsReceived++;
  if (segment.payloadLength > 0) {
    conn.textSegmentsReceived += segment.gsoSize > 0
      ? Math.ceil(segment.payloadLength / segment.gsoSize)
      : 1;
  }
  if (conn.state === State.SYN_SENT) return onSynSent(conn, segment, nowUs, context);
  return onOtherStates(conn, segment, nowUs, context);
}

/** How soon a SYN goes again behind an RST that it has caused: Linux's TCP_TIMEOUT_MIN. */
const SYN_AGAIN_US = 2000;

/** Whether a SYN-ACK echoes a timestamp that none of our SYNs had: an answer to another one (as Linux). */
function echoesOther(
  conn: Connection,
  segment: Segment,
  nowUs: number,
  config: TcpConfig,
): boolean {
  const has = config.timestamps && (segment.options & OptionBit.timestamps) !== 0;
  if (!has || segment.tsEcho === 0) return false;
  const now = seqAdd(Math.floor(nowUs / 1000), conn.tsOffset);
  const first = seqAdd(Math.floor(conn.rttSentAtUs / 1000), conn.tsOffset);
  return seqLt(segment.tsEcho, first) || seqGt(segment.tsEcho, now);
}

/** Section 3.10.7.3: SYN-SENT. */
function onSynSent(
  conn: Connection,
  segment: Segment,
  nowUs: number,
  context: InputContext,
): Outcome {
  const flags = segment.flags;
  // First, check the ACK bit. Only ISS + 1 is acceptable, unless the SYN has carried data (RFC 7413).
  const hasAck = (flags & Flag.ACK) !== 0;
  if (hasAck && (seqLe(segment.ack, conn.iss) || seqGt(segment.ack, conn.sndMax))) {
    context.counters.drop(Drop.tcpAckInvalid);
    // The peer has an old connection, which our RST ends: the SYN goes again at once (as Linux).
    if (conn.backoffs === 0 && conn.sndNxt !== conn.iss) conn.retransmitAtUs = nowUs + SYN_AGAIN_US;
    return (flags & Flag.RST) !== 0 ? Outcome.none : Outcome.reset;
  }
  if (hasAck && echoesOther(conn, segment, nowUs, context.config)) {
    context.counters.drop(Drop.tcpTimestampOld);
    return (flags & Flag.RST) !== 0 ? Outcome.none : Outcome.reset;
  }
  // Second, check the RST bit: only one that acknowledges the SYN can be the peer's.
  if ((flags & Flag.RST) !== 0) {
    if (!hasAck) {
      context.counters.drop(Drop.tcpAckMissing);
      return Outcome.none;
    }
    context.counters.count(Counter.resetsIn);
    end(conn, ConnectionError.refused);
    return Outcome.none;
  }
  // Fourth, check the SYN bit (the third, security, is not in use).
  if ((flags & Flag.SYN) === 0) {
    context.counters.drop(Drop.tcpFlagsInvalid);
    return Outcome.none;
  }
  conn.irs = segment.seq;
  conn.rcvNxt = seqAdd(segment.seq, 1);
  conn.rcvAdvertised = seqAdd(conn.rcvNxt, synWindow(conn));
  conn.lastAckSent = conn.rcvNxt;
  negotiate(conn, segment, context.config, context.mtu, nowUs);
  conn.sndWnd = segment.window; // A window in a SYN is never scaled (RFC 7323 section 2.2).
  conn.sndWndMax = segment.window;
  conn.sndWl1 = segment.seq;
  if (!hasAck) {
    // Simultaneous open: both SYNs crossed. Ours goes again, now with an ACK.
    conn.state = State.SYN_RECEIVED;
    conn.sndNxt = conn.iss;
    return Outcome.none;
  }
  conn.sndWl2 = segment.ack;
  if (conn.fastOpen !== null) {
    settleSynData(conn, segment.ack);
    context.fastOpen.onSynAck(conn, segment);
  }
  establish(conn, segment, nowUs, context.config);
  conn.lastReceivedAtUs = nowUs;
  conn.ackPending = true;
  takeText(conn, segment, nowUs, context);
  return Outcome.none;
}

/** Section 3.10.7.4: all other states. */
function onOtherStates(
  conn: Connection,
  segment: Segment,
  nowUs: number,
  context: InputContext,
): Outcome {
  const { counters } = context;
  if (conn.state === State.TIME_WAIT && mayReopen(conn, segment)) return Outcome.reopen;
  // A window in a segment with SYN is never scaled (RFC 7323 section 2.2).
  const scale = (segment.flags & Flag.SYN) !== 0 ? 0 : conn.sndScale;
  if (conn.state === State.SYN_RECEIVED && (segment.flags & Flag.SYN) !== 0) {
    const outcome = onSynAgain(conn, segment);
    if (outcome !== Outcome.none) return outcome;
  }
  // First, check the sequence number, and before that the timestamp (RFC 7323 section 5.3).
  if (isOldTimestamp(conn, segment, nowUs)) {
    counters.drop(Drop.tcpTimestampOld);
    reportUnacceptable(conn, segment.seq, endOf(segment), context.config);
    return answerToUnusable(segment);
  }
  if (!isAcceptable(conn, segment)) {
    counters.drop(Drop.tcpOutOfWindow);
    if ((segment.flags & Flag.RST) !== 0) return Outcome.none;
    const isFinAgain = conn.state === State.TIME_WAIT && (segment.flags & Flag.FIN) !== 0;
    if (isFinAgain) restartTimeWait(conn, nowUs, context.config);
    reportUnacceptable(conn, segment.seq, endOf(segment), context.config);
    return answerToUnusable(segment);
  }
  // Only what is acceptable is a sign that the peer is there: anybody can send the rest.
  conn.lastReceivedAtUs = nowUs;
  conn.keepaliveProbesSent = 0;
  // Second, check the RST bit (RFC 5961 section 3.2).
  if ((segment.flags & Flag.RST) !== 0) return onReset(conn, segment, context);
  // Fourth, check the SYN bit (RFC 5961 section 4.2).
  if ((segment.flags & Flag.SYN) !== 0) {
    counters.drop(Drop.tcpSynChallenged);
    return Outcome.challenge;
  }
  // Fifth, check the ACK field.
  if ((segment.flags & Flag.ACK) === 0) {
    counters.drop(Drop.tcpAckMissing);
    return Outcome.none;
  }
  const outcome = onAckField(conn, segment, scale, nowUs, context);
  if (outcome !== Outcome.none) return outcome;
  if ((conn.state as State) === State.CLOSED) return Outcome.none;
  // Not before the ACK is known to be good (as Linux): a forged segment that is right in its sequence number
  // alone could set TS.Recent ahead, and everything that the peer sends would be old.
  rememberTimestamp(conn, segment, nowUs);
  if (conn.ecn !== null) takeMarks(conn, conn.ecn, segment, counters);
  // Sixth, check the URG bit; seventh, process the text; eighth, check the FIN bit.
  if ((segment.flags & Flag.URG) !== 0) noteUrgent(conn, segment);
  return takeText(conn, segment, nowUs, context);
}

/**
 * Data is answered at once, because the peer may have missed our ACK; anything else could be our own ACK
 * coming back, and two stacks could keep answering each other. An ACK that was overtaken is common too,
 * and an answer to each would look like duplicate ACKs to the peer.
 */
function answerToUnusable(segment: Segment): Outcome {
  const hasText = segment.payloadLength > 0 || (segment.flags & Flag.FIN) !== 0;
  return hasText ? Outcome.ack : Outcome.challenge;
}

function endOf(segment: Segment): Seq {
  return seqAdd(segment.seq, segmentLength(segment));
}

/** RFC 9293 section 3.10.7.4 for TIME-WAIT, with RFC 6191: a SYN that can only be a new one. */
function mayReopen(conn: Connection, segment: Segment): boolean {
  const flags = segment.flags & (Flag.SYN | Flag.RST | Flag.ACK);
  if (flags !== Flag.SYN) return false;
  // A timestamp decides before the number does: an older one is a segment of the old connection (as Linux).
  if (conn.timestamps && (segment.options & OptionBit.timestamps) !== 0) {
    const age = seqDiff(conn.tsRecent, segment.tsValue);
    if (age !== 0) return age < 0;
  }
  return seqGt(segment.seq, conn.rcvNxt);
}

/** A SYN with the number of the first one, while our SYN-ACK is unanswered. */
function onSynAgain(conn: Connection, segment: Segment): Outcome {
  if (segment.seq !== conn.irs) return Outcome.none;
  const flags = segment.flags & (Flag.SYN | Flag.ACK | Flag.RST | Flag.FIN);
  if (flags === Flag.SYN) {
    if (conn.ecn !== null) takeSynAgain(conn.ecn, segment);
    return Outcome.synAck;
  }
  if (flags === (Flag.SYN | Flag.ACK) && segment.ack === seqAdd(conn.iss, 1)) {
    // The other half of a simultaneous open. Its SYN is known already; what counts is the ACK.
    segment.flags &= ~Flag.SYN;
    segment.seq = conn.rcvNxt;
    conn.ackPending = true;
  }
  return Outcome.none;
}

function isOldTimestamp(conn: Connection, segment: Segment, nowUs: number): boolean {
  if (!conn.timestamps || (segment.options & OptionBit.timestamps) === 0) return false;
  if ((segment.flags & Flag.RST) !== 0) return false; // RFC 7323 section 5.2
  if (seqDiff(segment.tsValue, conn.tsRecent) >= 0) return false;
  return nowUs - conn.tsRecentAtUs < PAWS_IDLE_US;
}

/** RFC 7323 section 4.3, rules (2) and (3). */
function rememberTimestamp(conn: Connection, segment: Segment, nowUs: number): void {
  if (!conn.timestamps || (segment.options & OptionBit.timestamps) === 0) return;
  if (seqLe(segment.seq, conn.lastAckSent) && seqDiff(segment.tsValue, conn.tsRecent) >= 0) {
    conn.tsRecent = segment.tsValue;
    conn.tsRecentAtUs = nowUs;
  }
}

/**
 * Section 3.10.7.4, the four acceptability tests, against the window that was really advertised.
 * A segment at exactly RCV.NXT is let through when the window is zero, so that its ACK and RST count;
 * its text is then cut off.
 */
function isAcceptable(conn: Connection, segment: Segment): boolean {
  const window = seqDiff(conn.rcvAdvertised, conn.rcvNxt);
  if (segment.seq === conn.rcvNxt) return true;
  if (window === 0) return false;
  const length = segmentLength(segment);
  if (length === 0) {
    // The right edge itself counts, as in Linux: a peer that has filled the window acknowledges from there,
    // and the RFC's test would turn its ACKs away while the first byte of the window is missing.
    return seqGe(segment.seq, conn.rcvNxt) && seqLe(segment.seq, conn.rcvAdvertised);
  }
  // Begins or ends in the window, or covers it whole, which the RFC's two tests would miss.
  const end = seqAdd(segment.seq, length);
  return seqLt(segment.seq, conn.rcvAdvertised) && seqGt(end, conn.rcvNxt);
}

function onReset(conn: Connection, segment: Segment, context: InputContext): Outcome {
  const { counters } = context;
  if (conn.state === State.TIME_WAIT && context.config.timeWaitIgnoresResets) return Outcome.none;
  if (segment.seq !== conn.rcvNxt) {
    counters.drop(Drop.tcpResetChallenged);
    return Outcome.challenge;
  }
  counters.count(Counter.resetsIn);
  switch (conn.state) {
    case State.SYN_RECEIVED:
      // A passive open goes back to LISTEN: the listener is there still, this attempt is forgotten.
      end(conn, isOpenEarly(conn) ? ConnectionError.reset : ConnectionError.refused);
      return Outcome.none;
    case State.CLOSING:
    case State.LAST_ACK:
    case State.TIME_WAIT:
      end(conn, ConnectionError.none);
      return Outcome.none;
    default:
      counters.count(Counter.connectionsReset);
      end(conn, ConnectionError.reset);
      return Outcome.none;
  }
}

/** The fifth check. Anything but `none` ends the processing of the segment. */
function onAckField(
  conn: Connection,
  segment: Segment,
  scale: number,
  nowUs: number,
  context: InputContext,
): Outcome {
  const { counters } = context;
  if (conn.state === State.SYN_RECEIVED) {
    const first = seqAdd(conn.iss, 1);
    const early = isOpenEarly(conn);
    const last = conn.fastOpen === null ? first : conn.sndMax;
    if (seqLt(segment.ack, first) || seqGt(segment.ack, last)) {
      counters.drop(Drop.tcpAckInvalid);
      return Outcome.reset;
    }
    setWindow(conn, segment, scale);
    const accurate = conn.ecn?.accurate ?? null;
    if (accurate !== null) takeHandshakeAck(accurate, segment);
    if (!early) {
      if (conn.fastOpen !== null) settleSynData(conn, segment.ack);
      establish(conn, segment, nowUs, context.config);
      return Outcome.none;
    }
    establishEarly(conn, nowUs, context.config);
    if (segment.ack === first) return Outcome.none;
  }
  // RFC 5961 section 5.2: an ACK of something never sent, or from long ago, proves a blind guess.
  const tooNew = seqGt(segment.ack, conn.sndMax);
  if (tooNew || seqLt(segment.ack, seqAdd(conn.sndUna, -conn.sndWndMax))) {
    counters.drop(Drop.tcpAckInvalid);
    return Outcome.challenge;
  }
  const windowBefore = conn.sndWnd;
  if (mayUpdateWindow(conn, segment, scale)) setWindow(conn, segment, scale);
  onAcknowledgment(conn, segment, windowBefore, nowUs, counters, context.config);
  const finAcked = conn.finQueued && conn.send !== null && isFinAcknowledged(conn);
  if (finAcked) afterFinAcknowledged(conn, nowUs, context.config);
  return Outcome.none;
}

/**
 * Whether a segment says something newer about the window (RFC 9293 section 3.10.7.4, fifth). Of two that
 * are alike in their numbers the larger window counts, as in Linux: nothing tells which of them is older, and
 * no peer should shrink its window (SHLD-14). Only a closed one is believed.
 */
function mayUpdateWindow(conn: Connection, segment: Segment, scale: number): boolean {
  if (seqLt(segment.ack, conn.sndUna)) return false;
  if (seqGt(segment.ack, conn.sndUna) || seqGt(segment.seq, conn.sndWl1)) return true;
  const window = segment.window << scale;
  return segment.seq === conn.sndWl1 && (window > conn.sndWnd || window === 0);
}

function setWindow(conn: Connection, segment: Segment, scale: number): void {
  conn.sndWnd = segment.window << scale;
  conn.sndWl1 = segment.seq;
  conn.sndWl2 = segment.ack;
  if (conn.sndWnd > conn.sndWndMax) conn.sndWndMax = conn.sndWnd;
}

function isFinAcknowledged(conn: Connection): boolean {
  const finSeq = seqAdd(conn.iss, 1 + conn.send!.end);
  return seqGt(conn.sndUna, finSeq);
}

function afterFinAcknowledged(conn: Connection, nowUs: number, config: TcpConfig): void {
  switch (conn.state) {
    case State.FIN_WAIT_1:
      conn.state = State.FIN_WAIT_2;
      // A connection that nobody holds must not wait for ever for the peer's FIN.
      if (conn.owner === Owner.none) conn.endAtUs = nowUs + conn.finWait2Us;
      break;
    case State.CLOSING:
      enterTimeWait(conn, nowUs, config);
      break;
    case State.LAST_ACK:
      end(conn, ConnectionError.none);
      break;
  }
}

/** RFC 6093: the pointer is to the byte behind the urgent data; the data stays in the stream. */
function noteUrgent(conn: Connection, segment: Segment): void {
  const pointer = seqAdd(segment.seq, segment.urgent);
  if (!conn.urgent || seqGt(pointer, conn.rcvUrgent)) {
    conn.rcvUrgent = pointer;
    conn.urgent = true;
    conn.urgentMarks++;
    conn.urgentUnread = true;
    conn.news = News.loud;
  }
}

/** The text of a SYN with a Fast Open cookie, for a connection in SYN-RECEIVED (RFC 7413 section 4.2.2). */
export function takeSynText(
  conn: Connection,
  segment: Segment,
  nowUs: number,
  context: InputContext,
): void {
  takeText(conn, segment, nowUs, context);
}

/** The seventh and eighth checks: segment text and FIN. */
function takeText(
  conn: Connection,
  segment: Segment,
  nowUs: number,
  context: InputContext,
): Outcome {
  const { counters } = context;
  const hasFin = (segment.flags & Flag.FIN) !== 0;
  if (segment.payloadLength === 0 && !hasFin) return Outcome.none;
  if (!canReceiveData(conn.state) && !(conn.state === State.SYN_RECEIVED && isOpenEarly(conn))) {
    if (segment.payloadLength > 0) counters.drop(Drop.tcpDuplicate);
    conn.ackPending = true;
    return Outcome.none;
  }
  // In a SYN segment the text follows the SYN (RFC 9293 section 3.4).
  const start = seqAdd(segment.seq, (segment.flags & Flag.SYN) !== 0 ? 1 : 0);
  const end = seqAdd(start, segment.payloadLength);
  if (isUnwanted(conn) && seqGt(end, conn.rcvNxt)) {
    // Nobody will ever read this: tell the peer (RFC 9293 section 3.6.1, RFC 2525 section 2.17).
    counters.drop(Drop.tcpDataAfterClose);
    abort(conn);
    return Outcome.reset;
  }
  const clipped = seqMin(end, conn.rcvAdvertised);
  if (clipped !== end) {
    counters.drop(Drop.tcpOutOfWindow);
    conn.ackPending = true;
  }
  if (seqGt(start, conn.rcvNxt)) {
    if (hasFin && clipped === end) noteFinAhead(conn, end);
    return takeAhead(conn, segment, start, clipped, nowUs, context);
  }
  const isLast = hasFin && clipped === end;
  // The peer has said all: what is left to send is an answer, and the ACK of the FIN waits for it (Linux).
  if (isLast && conn.state === State.ESTABLISHED) conn.interactive = true;
  const before = conn.rcvNxt;
  if (seqGt(clipped, before)) {
    takeInOrder(conn, segment, start, clipped, nowUs, context);
  } else if (segment.payloadLength > 0) {
    counters.drop(Drop.tcpDuplicate);
    reportUnacceptable(conn, start, endOf(segment), context.config);
    conn.ackPending = true;
  }
  const finReached = isLast ? seqGe(conn.rcvNxt, end) : isFinAheadReached(conn);
  if (finReached) onFin(conn, nowUs, context.config);
  return Outcome.none;
}

/** Whether nobody will ever read what comes: as in Linux, only when this side has closed too. */
function isUnwanted(conn: Connection): boolean {
  if (conn.owner === Owner.none) return true;
  return conn.readShut && (conn.state === State.FIN_WAIT_1 || conn.state === State.FIN_WAIT_2);
}

/** Text that starts behind a gap: kept, and answered with a duplicate ACK (RFC 5681 section 4.2). */
function takeAhead(
  conn: Connection,
  segment: Segment,
  start: number,
  end: number,
  nowUs: number,
  context: InputContext,
): Outcome {
  const { counters, config } = context;
  const length = seqDiff(end, start);
  if (length > 0) {
    conn.segmentsOutOfOrder++;
    counters.count(Counter.segmentsOutOfOrder);
    const rangesBefore = conn.receive!.outOfOrder?.count ?? 0;
    const stored = conn.receive!.acceptAhead(start, segment.payloadOffset, length);
    if (stored === Stored.rangeLimit) counters.drop(Drop.tcpOutOfOrderLimit);
    if (stored === Stored.noMemory) counters.drop(Drop.tcpNoMemory);
    const ahead = conn.receive!.outOfOrder;
    if (ahead !== null) {
      reportDuplicate(conn, ahead.duplicateLeft, ahead.duplicateRight, config);
      // An ACK names three or four ranges: what waits must not be pushed out by a new one (as Linux).
      const isNew = ahead.count > rangesBefore && ahead.count >= SACK_RANGES_TOLD;
      if (isNew && conn.acksHeld > 0) return Outcome.ack;
    }
  }
  return acknowledgeGap(conn, nowUs, config, counters);
}

/** A FIN behind a gap ends the stream when the gap is filled. */
function noteFinAhead(conn: Connection, seq: Seq): void {
  conn.finAhead = true;
  conn.finAheadSeq = seq;
}

function isFinAheadReached(conn: Connection): boolean {
  return conn.finAhead && conn.rcvNxt === conn.finAheadSeq;
}

function takeInOrder(
  conn: Connection,
  segment: Segment,
  start: number,
  end: number,
  nowUs: number,
  context: InputContext,
): void {
  const { counters, config } = context;
  const before = conn.rcvNxt;
  const hadGap = conn.receive!.outOfOrder !== null;
  if (seqLt(start, before)) reportDuplicate(conn, start, before, config);
  if (hadGap) reportOverlap(conn, end, config);
  const offset = segment.payloadOffset + seqDiff(before, start);
  conn.rcvNxt = conn.receive!.acceptInOrder(segment, before, end, offset);
  const taken = seqDiff(conn.rcvNxt, before);
  if (seqLt(conn.rcvNxt, end)) counters.drop(Drop.tcpNoMemory);
  conn.bytesReceived += taken;
  counters.add(Counter.bytesIn, taken);
  conn.news = News.loud;
  if (conn.urgent && seqGe(conn.rcvNxt, conn.rcvUrgent)) conn.urgent = false;
  measureReceiverRtt(conn, nowUs);
  const gapClosed = hadGap && conn.receive!.outOfOrder === null;
  scheduleAck(conn, segment, taken, gapClosed, nowUs, config, counters);
}

/** The eighth check, for a FIN that is next in order. */
function onFin(conn: Connection, nowUs: number, config: TcpConfig): void {
  conn.rcvNxt = seqAdd(conn.rcvNxt, 1);
  if (seqLt(conn.rcvAdvertised, conn.rcvNxt)) conn.rcvAdvertised = conn.rcvNxt;
  conn.finReceived = true;
  conn.receive?.discardAhead(); // Bytes behind the end are the peer's error, and nobody will read them.
  conn.finAhead = false;
  conn.news = News.loud;
  switch (conn.state) {
    case State.SYN_RECEIVED:
    case State.ESTABLISHED:
      conn.state = State.CLOSE_WAIT;
      acknowledgeSoon(conn, nowUs, config);
      break;
    case State.FIN_WAIT_1:
      conn.ackPending = true;
      // Our FIN is not acknowledged, or this would be FIN-WAIT-2: the FINs crossed.
      conn.state = State.CLOSING;
      break;
    case State.FIN_WAIT_2:
      conn.ackPending = true;
      enterTimeWait(conn, nowUs, config);
      break;
  }
}

/**
 * The ACK of the FIN waits for something to go with, for as long as a delayed ACK may at the least; but not
 * where the peer has sent nothing and an answer is not to be expected (as in Linux).
 */
function acknowledgeSoon(conn: Connection, nowUs: number, config: TcpConfig): void {
  const atUs = nowUs + config.delayedAckMs * 1000;
  if (config.delayedAckMs === 0 || conn.bytesReceived === 0) conn.ackPending = true;
  else if (atUs < conn.delayedAckAtUs) conn.delayedAckAtUs = atUs;
}

/** SYN-SENT or SYN-RECEIVED to ESTABLISHED. */
function establish(conn: Connection, segment: Segment, nowUs: number, config: TcpConfig): void {
  // What a SYN has carried and the peer has not taken counts as not sent.
  conn.sndNxt = segment.ack;
  conn.sndMax = segment.ack;
  conn.retransmitAtUs = NEVER;
  beginEstablished(conn, segment.ack, nowUs, config);
  if (conn.finQueued) conn.state = State.FIN_WAIT_1; // The application has closed early (RFC 7413).
}

/** The same for a connection that may have sent data and a FIN in SYN-RECEIVED (RFC 7413 section 4.2.2). */
function establishEarly(conn: Connection, nowUs: number, config: TcpConfig): void {
  beginEstablished(conn, seqAdd(conn.iss, 1), nowUs, config);
  if (conn.finQueued) conn.state = State.FIN_WAIT_1;
  const unacked = conn.sndMax !== conn.sndUna;
  conn.unackedSinceUs = unacked ? nowUs : NEVER;
  conn.retransmitAtUs = unacked ? nowUs + conn.rtt.backedOff(0) : NEVER;
}

function beginEstablished(conn: Connection, una: Seq, nowUs: number, config: TcpConfig): void {
  conn.state = State.ESTABLISHED;
  conn.sndUna = una;
  if (conn.timing) conn.rtt.sample(nowUs - conn.rttSentAtUs);
  conn.timing = false;
  // RFC 6298 section 5.7: a path that lost the handshake is not trusted with a short timeout.
  if (conn.handshakeTimedOut) {
    conn.rtt.rtoUs = Math.max(conn.rtt.rtoUs, Math.min(3_000_000, config.rtoMaxMs * 1000));
  }
  conn.backoffs = 0;
  conn.rtoShift = 0;
  conn.repeatedSinceUs = NEVER;
  conn.news = News.loud;
  conn.tuneSeq = seqAdd(conn.rcvNxt, receiveWindow(conn));
  conn.tuneAtUs = nowUs;
  conn.tuneReadAtUs = nowUs;
}
