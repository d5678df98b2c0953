/**
 * What a connection may send now: RFC 9293 sections 3.8.6.2.1 (silly windows) and 3.7.4 (Nagle), under
 * the peer's window and the congestion window. Everything leaves through {@link SegmentSink}.
 */

import { Counter, type Counters } from "../base/counters.ts";
import { type Seq, seqAdd, seqDiff, seqGe, seqGt, seqLt } from "../base/seq.ts";
import { Flag, OptionBit, Segment, segmentLength } from "../wire/segment.ts";
import { pipeOf } from "./acknowledgment.ts";
import { Phase } from "./loss_recovery.ts";
import { armProbe } from "./rack.ts";
import { NO_SEGMENT } from "./retransmission_queue.ts";
import type { TcpConfig } from "./config.ts";
import { type Connection, NEVER } from "./connection.ts";
import { announcedMss, windowScaleFor } from "./negotiation.ts";
import { FIRST_PIECE, type SegmentSink } from "./sink.ts";
import { State } from "./state.ts";
import { advertise, synWindow } from "./window.ts";
import { onTransmitStart, validateWindow } from "./window_validation.ts";

/** What output needs besides the connection. */
export interface OutputContext {
  readonly config: TcpConfig;
  readonly counters: Counters;
  readonly sink: SegmentSink;
}

/** SACK blocks that fit beside timestamps (RFC 2018 section 3). */
const SACK_BLOCKS_WITH_TIMESTAMPS = 3;
const SACK_BLOCKS = 4;

/** Duplicate ACKs that let a new segment out before recovery begins (RFC 3042). */
const LIMITED_TRANSMIT = 2;

/** The segment under construction; filled and sent before anything else happens. */
const out = new Segment();

/** Sends whatever the connection may send now, the due ACK included. */
export function output(conn: Connection, nowUs: number, context: OutputContext): void {
  if (conn.state === State.CLOSED) return;
  if (conn.state === State.SYN_SENT || conn.state === State.SYN_RECEIVED) {
    if (conn.sndNxt === conn.iss) sendSyn(conn, nowUs, context);
    else if (conn.ackPending && conn.state === State.SYN_RECEIVED) sendAck(conn, nowUs, context);
    return;
  }
  sendData(conn, nowUs, context);
  if (conn.ackPending) sendAck(conn, nowUs, context);
}

/** Sends the SYN or, in SYN-RECEIVED, the SYN-ACK. */
export function sendSyn(conn: Connection, nowUs: number, context: OutputContext): void {
  const { config, sink, counters } = context;
  const passive = conn.state === State.SYN_RECEIVED;
  begin(conn, conn.iss, passive ? Flag.SYN | Flag.ACK : Flag.SYN);
  out.window = synWindow(conn);
  out.options = OptionBit.mss;
  out.mss = announcedMss(sink.mtu, conn.mssClamp);
  // A SYN offers what the configuration allows; a SYN-ACK only what the SYN offered.
  if (passive ? conn.windowScale : config.windowScale) {
    out.options |= OptionBit.windowScale;
    out.windowScale = windowScaleFor(config.receiveBufferMaxBytes);
  }
  if (passive ? conn.sack : config.sack) out.options |= OptionBit.sackPermitted;
  if (passive ? conn.timestamps : config.timestamps) addTimestamps(conn, nowUs);
  if (passive) {
    const edge = seqAdd(conn.rcvNxt, out.window);
    if (seqGt(edge, conn.rcvAdvertised)) conn.rcvAdvertised = edge;
    conn.lastAckSent = conn.rcvNxt;
    conn.ackPending = false;
  }
  const again = conn.sndMax !== conn.iss;
  conn.sndNxt = seqAdd(conn.iss, 1);
  conn.sndMax = conn.sndNxt;
  if (again) {
    conn.timing = false; // Karn's rule
    countRetransmission(conn, 0, counters);
  } else {
    conn.timing = true;
    conn.rttSeq = conn.sndNxt;
    conn.rttSentAtUs = nowUs;
  }
  if (conn.retransmitAtUs === NEVER) {
    conn.retransmitAtUs = nowUs + conn.rtt.backedOff(conn.backoffs);
  }
  emit(conn, 0, FIRST_PIECE, nowUs, context);
}

/** Sends a segment that carries nothing but the acknowledgment and the window. */
export function sendAck(conn: Connection, nowUs: number, context: OutputContext): void {
  begin(conn, sequenceWithoutText(conn), Flag.ACK);
  acknowledge(conn, nowUs);
  addSackBlocks(conn);
  emit(conn, 0, FIRST_PIECE, nowUs, context);
}

/**
 * The sequence number of a segment that carries nothing: where the peer most likely is, or it would not
 * take the segment. `sndNxt` goes back with each timeout, behind what the peer has; `sndMax` may lie
 * beyond a window that has shrunk, though not by what the scaled field could not say (as in Linux).
 */
function sequenceWithoutText(conn: Connection): Seq {
  if (conn.persisting) return conn.sndNxt;
  const edge = seqAdd(conn.sndUna, conn.sndWnd);
  return seqDiff(conn.sndMax, edge) < 1 << conn.sndScale ? conn.sndMax : edge;
}

/** Sends an RST with the connection's own numbers (RFC 9293 section 3.10.5, ABORT). */
export function sendReset(conn: Connection, nowUs: number, context: OutputContext): void {
  begin(conn, sequenceWithoutText(conn), Flag.RST | Flag.ACK);
  out.ack = conn.rcvNxt;
  out.window = 0;
  context.counters.count(Counter.resetsOut);
  emit(conn, 0, FIRST_PIECE, nowUs, context);
}

/**
 * Answers a segment that belongs to no connection with an RST that takes its numbers from it
 * (RFC 9293 section 3.10.7.1).
 */
export function sendResetFor(segment: Segment, context: OutputContext): void {
  out.src0 = segment.dst0;
  out.src1 = segment.dst1;
  out.src2 = segment.dst2;
  out.src3 = segment.dst3;
  out.dst0 = segment.src0;
  out.dst1 = segment.src1;
  out.dst2 = segment.src2;
  out.dst3 = segment.src3;
  out.srcPort = segment.dstPort;
  out.dstPort = segment.srcPort;
  const hasAck = (segment.flags & Flag.ACK) !== 0;
  out.seq = hasAck ? segment.ack : 0;
  out.ack = hasAck ? 0 : seqAdd(segment.seq, segmentLength(segment));
  out.flags = hasAck ? Flag.RST : Flag.RST | Flag.ACK;
  clearRest();
  context.counters.count(Counter.resetsOut);
  context.counters.count(Counter.segmentsOut);
  context.sink.send(out, FIRST_PIECE);
}

/** Sends a segment before the window, which obliges the peer to answer (section 3.8.4). */
export function sendKeepalive(conn: Connection, nowUs: number, context: OutputContext): void {
  begin(conn, seqAdd(conn.sndUna, -1), Flag.ACK);
  acknowledge(conn, nowUs);
  context.counters.count(Counter.keepaliveProbes);
  emit(conn, 0, FIRST_PIECE, nowUs, context);
}

/**
 * Sends the oldest unacknowledged segment again: what a window that has shrunk has room for (SHLD-15 of
 * section 3.8.6), and all of it when that is nothing, as a probe.
 */
export function sendOldest(conn: Connection, nowUs: number, context: OutputContext): void {
  const { queue } = conn.loss!;
  const room = conn.sndWnd > 0 ? Math.min(conn.sndWnd, conn.sndMss) : conn.sndMss;
  if (queue.head !== NO_SEGMENT) repeat(conn, queue.head, room, nowUs, context);
}

/** RFC 8985 section 7.3: sends a segment of new data, or else the newest one again. */
export function sendLossProbe(conn: Connection, nowUs: number, context: OutputContext): void {
  const loss = conn.loss!;
  const { queue } = loss;
  loss.probeEnd = conn.sndNxt;
  loss.probeFlight = seqDiff(conn.sndNxt, conn.sndUna);
  loss.probing = true;
  const unsent = (conn.send!.end - positionOf(conn, conn.sndNxt)) | 0;
  const room = conn.sndWnd - seqDiff(conn.sndNxt, conn.sndUna);
  const length = Math.min(unsent, room, conn.sndMss);
  loss.probeWasOld = length <= 0;
  if (length > 0) {
    sendNew(conn, length, nowUs, context);
    loss.probeEnd = conn.sndNxt;
  } else if (queue.tail !== NO_SEGMENT) {
    const segment = lastWireSegment(conn, queue.tail);
    transmit(conn, queue.start(segment), queue.end(segment), nowUs, context);
    queue.touch(segment, nowUs);
  }
  conn.retransmitAtUs = nowUs + conn.rtt.backedOff(conn.backoffs);
}

/** Cuts the newest segment where the wire has cut it last; a FIN stays with the bytes before it. */
function lastWireSegment(conn: Connection, last: number): number {
  const { queue } = conn.loss!;
  const start = queue.start(last);
  const behind = seqDiff(queue.end(last), start);
  const bytes = behind - (isFinSent(conn) ? 1 : 0);
  const cut = Math.floor((bytes - 1) / conn.sndMss) * conn.sndMss;
  return cut > 0 ? queue.split(last, seqAdd(start, cut)) : last;
}

/**
 * Sends what the window has room for although it is little (section 3.8.6.2.1, the override), or into a
 * closed window one byte or the FIN (section 3.8.6.1).
 */
export function sendProbe(conn: Connection, nowUs: number, context: OutputContext): void {
  const unsent = (conn.send!.end - positionOf(conn, conn.sndNxt)) | 0;
  if (conn.sndWnd === 0) context.counters.count(Counter.zeroWindowProbes);
  if (unsent > 0 || conn.finQueued) {
    const length = Math.min(unsent > 0 ? unsent : 0, Math.max(1, conn.sndWnd), conn.sndMss);
    sendNew(conn, length, nowUs, context);
    if (!conn.persisting) return;
    // A probe is not in flight: while the window is shut it is the next one to be sent again.
    conn.loss!.queue.clear();
    conn.loss!.probeAtUs = NEVER;
    conn.sndNxt = conn.sndUna;
  }
}

/** Position in the send buffer of a sequence number. */
function positionOf(conn: Connection, seq: Seq): number {
  return (seq - conn.iss - 1) | 0;
}

/** Sends lost data again and new data, as far as the windows allow. */
function sendData(conn: Connection, nowUs: number, context: OutputContext): void {
  const { send, loss } = conn;
  if (send === null || loss === null) return;
  if (conn.pacer !== null) conn.pacer.wakeAtUs = NEVER;
  if (loss.queue.lostBytes > loss.queue.againBytes && !repeatLost(conn, nowUs, context)) return;
  const before = conn.sndNxt;
  let stopped = false;
  for (;;) {
    const unsent = (send.end - positionOf(conn, conn.sndNxt)) | 0;
    const finDue = conn.finQueued && unsent >= 0 && !isFinSent(conn);
    if (unsent <= 0 && !finDue) break;
    if (!context.sink.hasRoom(conn.remote3)) {
      conn.blocked = true;
      break;
    }
    const flight = seqDiff(conn.sndNxt, conn.sndUna);
    if (flight === 0 && unsent > 0) onTransmitStart(conn, nowUs, context.config);
    const cwnd = conn.congestion.cwndBytes + extraSegments(conn) * conn.sndMss;
    const onPath = cwnd - pipeOf(conn);
    if (unsent <= 0) {
      // Only the FIN is left; it takes one number of the peer's window but no room on the path.
      if (conn.sndWnd - flight < 1) return persistIfIdle(conn, nowUs);
      sendNew(conn, 0, nowUs, context);
      break;
    }
    const room = Math.min(conn.sndWnd - flight, onPath);
    const length = worthSending(conn, unsent, room, burstBytes(conn, context));
    if (length === 0) {
      stopped = onPath < conn.sndMss;
      if (flight === 0) return persistIfIdle(conn, nowUs);
      break;
    }
    // What was waited for, more to send or more room, has come before the probe was due.
    if (conn.persisting) stopPersisting(conn);
    if (conn.pacer !== null && conn.pacer.holdsBack(nowUs)) break;
    sendNew(conn, length, nowUs, context);
  }
  noteUse(conn, stopped, before, nowUs, context);
}

/** Behind a round of sending: was the window the limit, or the application? */
function noteUse(
  conn: Connection,
  stopped: boolean,
  before: Seq,
  nowUs: number,
  context: OutputContext,
): void {
  const pipe = pipeOf(conn);
  const { cwndBytes } = conn.congestion;
  if (stopped || conn.sndNxt !== before) {
    validateWindow(conn, pipe, stopped, nowUs, context.config);
  }
  const unsent = (conn.send!.end - positionOf(conn, conn.sndNxt)) | 0;
  if (unsent < conn.sndMss && pipe < cwndBytes) conn.loss!.queue.rate.onAppLimited(pipe);
}

/** Most bytes that go as one segment: with pacing no more than the rate gives a burst. */
function burstBytes(conn: Connection, { sink }: OutputContext): number {
  return conn.pacer === null ? sink.superBytes : conn.pacer.quantum(conn.sndMss, sink.superBytes);
}

/** Sends what is lost again, the oldest first. False when the congestion window stopped it. */
function repeatLost(conn: Connection, nowUs: number, context: OutputContext): boolean {
  const { queue } = conn.loss!;
  const mss = conn.sndMss;
  const superBytes = burstBytes(conn, context);
  const most = superBytes > mss ? superBytes - (superBytes % mss) : mss;
  for (let s = queue.head;;) {
    s = queue.firstToRepeat(s);
    if (s === NO_SEGMENT) return true;
    if (!context.sink.hasRoom(conn.remote3)) {
      conn.blocked = true;
      return false;
    }
    const pipe = pipeOf(conn);
    const room = Math.floor(conn.congestion.cwndBytes - pipe);
    const length = seqDiff(queue.end(s), queue.start(s));
    // With nothing on the path one segment goes, however small the window.
    if (room < Math.min(length, mss) && pipe > 0) return false;
    const windowRoom = conn.sndWnd - seqDiff(queue.start(s), conn.sndUna);
    // It has shrunk: the timer takes care of the oldest, and nothing is cut into little pieces.
    if (windowRoom <= 0 || (windowRoom < Math.min(length, mss) && pipe > 0)) return false;
    if (conn.pacer !== null && conn.pacer.holdsBack(nowUs)) return false;
    const whole = Math.max(room - (room % mss), mss);
    repeat(conn, s, Math.min(whole, most, windowRoom), nowUs, context);
  }
}

/** Sends one segment of the queue again, at most `most` bytes of it: a multiple of the MSS. */
function repeat(
  conn: Connection,
  segment: number,
  most: number,
  nowUs: number,
  context: OutputContext,
): void {
  const loss = conn.loss!;
  const { queue } = loss;
  const start = queue.start(segment);
  const cut = seqAdd(start, most);
  if (seqLt(cut, queue.end(segment))) queue.split(segment, cut);
  transmit(conn, start, queue.end(segment), nowUs, context);
  if (loss.undoPending === 0) loss.undoTimestamp = out.tsValue;
  loss.undoPending += Math.max(1, Math.ceil(out.payloadLength / conn.sndMss));
  // The oldest gets the time of a timeout once more, or a second copy of it could not do any good.
  if (segment === queue.head && loss.phase === Phase.recovery) {
    conn.retransmitAtUs = nowUs + conn.rtt.backedOff(conn.backoffs);
  }
  queue.markAgain(segment, nowUs);
}

/** RFC 3042: the first two duplicate ACKs let one new segment out each. */
function extraSegments(conn: Connection): number {
  const loss = conn.loss!;
  // With SACK or without, pipeOf has subtracted what those ACKs stand for already.
  return loss.phase === Phase.open && conn.sack && loss.queue.sackedBytes === 0
    ? Math.min(loss.duplicateAcks, LIMITED_TRANSMIT)
    : 0;
}

function isFinSent(conn: Connection): boolean {
  return seqGt(conn.sndNxt, seqAdd(conn.iss, 1 + conn.send!.end));
}

/** How many of the unsent bytes to send as one (super-)segment; 0 to wait for more or for an ACK. */
function worthSending(conn: Connection, unsent: number, room: number, superBytes: number): number {
  const mss = conn.sndMss;
  const most = superBytes > mss ? superBytes - (superBytes % mss) : mss;
  const length = Math.min(unsent, Math.floor(room), most);
  if (length >= mss) {
    const tail = length % mss;
    if (tail === 0) return length;
    return length === unsent && mayEndShort(conn) ? length : length - tail;
  }
  if (length <= 0) return 0;
  if (length === unsent) return mayEndShort(conn) ? length : 0;
  // The window cuts a segment short: worth it only for half of what the peer ever offered.
  return length >= conn.sndWndMax / 2 ? length : 0;
}

/**
 * Nagle's rule in Minshall's form, as in Linux: a short segment waits while an earlier short one is
 * unacknowledged, and in a corked connection until the probe timer pushes it. Data that is sent again after
 * a timeout does not wait.
 */
function mayEndShort(conn: Connection): boolean {
  if (conn.finQueued || seqLt(conn.sndNxt, conn.sndMax)) return true;
  if (conn.cork) return false;
  if (conn.noDelay) return true;
  return !seqGt(conn.sndSmall, conn.sndUna);
}

/** Data waits and nothing is in flight, so no ACK will come to start it: probe after a while. */
function persistIfIdle(conn: Connection, nowUs: number): void {
  if (conn.sndNxt !== conn.sndUna || conn.retransmitAtUs !== NEVER) return;
  conn.persisting = true;
  conn.retransmitAtUs = nowUs + conn.rtt.backedOff(conn.backoffs);
}

function stopPersisting(conn: Connection): void {
  conn.persisting = false;
  conn.backoffs = 0;
  conn.retransmitAtUs = NEVER;
}

/** Sends the next `length` bytes, with the FIN if it is due behind them. */
function sendNew(conn: Connection, length: number, nowUs: number, context: OutputContext): void {
  const seq = conn.sndNxt;
  const behind = positionOf(conn, seqAdd(seq, length));
  const fin = conn.finQueued && behind === conn.send!.end ? 1 : 0;
  const next = seqAdd(seq, length + fin);
  if (seqGe(seq, conn.sndMax) && !conn.timing) {
    conn.timing = true;
    conn.rttSeq = next;
    conn.rttSentAtUs = nowUs;
  }
  if (length % conn.sndMss !== 0 && !conn.persisting) conn.sndSmall = next;
  // An answer that follows soon carries the ACK: the quick-ACK phase is over (as Linux).
  const answersSoon = nowUs - conn.lastTextAtUs < context.config.delayedAckMs * 1000;
  if (length > 0 && seq === conn.sndMax && answersSoon) conn.interactive = true;
  transmit(conn, seq, next, nowUs, context);
  conn.loss!.queue.push(seq, next, nowUs);
  conn.sndNxt = next;
  armProbe(conn, nowUs);
  if (seqGt(next, conn.sndMax)) {
    context.counters.add(Counter.bytesOut, length);
    conn.sndMax = next;
  }
}

/** Sends the sequence numbers from `seq` up to `next`: bytes, and the FIN if it is among them. */
function transmit(
  conn: Connection,
  seq: Seq,
  next: Seq,
  nowUs: number,
  context: OutputContext,
): void {
  const { sink, counters } = context;
  const send = conn.send!;
  const position = positionOf(conn, seq);
  const fin = conn.finQueued && seqGt(next, seqAdd(conn.iss, 1 + send.end)) ? 1 : 0;
  const length = seqDiff(next, seq) - fin;
  let flags: number = Flag.ACK;
  if (((position + length) | 0) === send.end && length > 0) flags |= Flag.PSH;
  if (fin === 1) flags |= Flag.FIN;
  begin(conn, seq, flags);
  acknowledge(conn, nowUs);
  out.payloadLength = length;
  if (length > conn.sndMss) out.gsoSize = conn.sndMss;
  const end = length > 0 ? send.gather(position, length, sink.pieces, FIRST_PIECE) : FIRST_PIECE;
  if (seqLt(seq, conn.sndMax)) {
    countRetransmission(conn, length, counters);
    if (conn.timing && seqLt(seq, conn.rttSeq)) conn.timing = false; // Karn's rule
  }
  if (conn.loss!.phase === Phase.recovery) conn.loss!.sentBytes += length;
  if (conn.pacer !== null && length > 0) conn.pacer.onSent(length, conn.sndMss, nowUs);
  if (conn.unackedSinceUs === NEVER) conn.unackedSinceUs = nowUs;
  if (conn.retransmitAtUs === NEVER) {
    conn.retransmitAtUs = nowUs + conn.rtt.backedOff(conn.backoffs);
  }
  emit(conn, length, end, nowUs, context);
}

function countRetransmission(conn: Connection, length: number, counters: Counters): void {
  conn.segmentsRetransmitted++;
  conn.bytesRetransmitted += length;
  counters.count(Counter.segmentsRetransmitted);
  counters.add(Counter.bytesRetransmitted, length);
}

/** Starts a segment of the connection with everything else cleared. */
function begin(conn: Connection, seq: Seq, flags: number): void {
  out.src0 = conn.local0;
  out.src1 = conn.local1;
  out.src2 = conn.local2;
  out.src3 = conn.local3;
  out.dst0 = conn.remote0;
  out.dst1 = conn.remote1;
  out.dst2 = conn.remote2;
  out.dst3 = conn.remote3;
  out.srcPort = conn.localPort;
  out.dstPort = conn.remotePort;
  out.seq = seq;
  out.ack = (flags & Flag.ACK) !== 0 ? conn.rcvNxt : 0;
  out.flags = flags;
  clearRest();
}

function clearRest(): void {
  out.window = 0;
  out.urgent = 0;
  out.options = 0;
  out.sackCount = 0;
  out.payloadLength = 0;
  out.gsoSize = 0;
}

/** Fills the acknowledgment's side of a segment and settles everything that waited for an ACK. */
function acknowledge(conn: Connection, nowUs: number): void {
  out.window = advertise(conn);
  if (conn.timestamps) addTimestamps(conn, nowUs);
  conn.lastAckSent = conn.rcvNxt;
  conn.ackPending = false;
  conn.unackedBytes = 0;
  conn.delayedAckAtUs = NEVER;
}

/** RFC 7323 section 3.2. The clock ticks in milliseconds (section 5.4). */
function addTimestamps(conn: Connection, nowUs: number): void {
  out.options |= OptionBit.timestamps;
  out.tsValue = (Math.floor(nowUs / 1000) + conn.tsOffset) | 0;
  out.tsEcho = (out.flags & Flag.ACK) !== 0 ? conn.tsRecent : 0;
}

/** RFC 2018 section 4: the range that changed last comes first, then the others from the left. */
function addSackBlocks(conn: Connection): void {
  const queue = conn.receive === null ? null : conn.receive.outOfOrder;
  if (!conn.sack || queue === null) return;
  const most = conn.timestamps ? SACK_BLOCKS_WITH_TIMESTAMPS : SACK_BLOCKS;
  let latest = 0;
  while (latest < queue.count - 1 && queue.left[latest] !== queue.latestLeft) latest++;
  setSackBlock(0, queue.left[latest], queue.right[latest]);
  let count = 1;
  for (let i = 0; i < queue.count && count < most; i++) {
    if (i !== latest) setSackBlock(count++, queue.left[i], queue.right[i]);
  }
  out.sackCount = count;
  out.options |= OptionBit.sack;
}

function setSackBlock(index: number, left: Seq, right: Seq): void {
  switch (index) {
    case 0:
      out.sackLeft0 = left;
      out.sackRight0 = right;
      break;
    case 1:
      out.sackLeft1 = left;
      out.sackRight1 = right;
      break;
    case 2:
      out.sackLeft2 = left;
      out.sackRight2 = right;
      break;
    default:
      out.sackLeft3 = left;
      out.sackRight3 = right;
  }
}

function emit(
  conn: Connection,
  length: number,
  end: number,
  nowUs: number,
  context: OutputContext,
): void {
  const wireSegments = out.gsoSize > 0 ? Math.ceil(length / out.gsoSize) : 1;
  conn.segmentsSent += wireSegments;
  conn.bytesSent += length;
  if (length > 0) conn.lastTextSentAtUs = nowUs;
  context.counters.add(Counter.segmentsOut, wireSegments);
  context.sink.send(out, end);
}
