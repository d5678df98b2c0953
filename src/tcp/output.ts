/**
 * What a connection may send now: RFC 9293 sections 3.8.6.2.1 (silly windows) and 3.7.4 (Nagle), under
 * the peer's window and the congestion window. Everything leaves through {@link SegmentSink}.
 */

import { Counter, type Counters } from "../base/counters.ts";
import { type Seq, seqAdd, seqDiff, seqGt, seqLt } from "../base/seq.ts";
import { Flag, OptionBit, Segment, segmentLength, turnAround } from "../wire/segment.ts";
import { beginFastOpen, isOpenEarly } from "./fast_open.ts";
import { pipeOf } from "./acknowledgment.ts";
import { giveUpFrto, sendsNewFirst } from "./frto.ts";
import { synTimeoutUs } from "./give_up.ts";
import { Phase } from "./loss_recovery.ts";
import { probeLength } from "./mtu_search.ts";
import type { MtuSearch } from "./mtu_search_state.ts";
import { forgetPathMtu } from "./path_mtu.ts";
import { armProbe } from "./rack.ts";
import { untilRecordEnd } from "./records.ts";
import { NO_SEGMENT } from "./retransmission_queue.ts";
import type { TcpConfig } from "./config.ts";
import { type Connection, NEVER } from "./connection.ts";
import { mustCutHere } from "./accurate_ecn.ts";
import { onAckSent, onTextSent } from "./delayed_ack.ts";
import { offerEcn, stampEcn } from "./ecn.ts";
import { announcedMss, windowScaleFor } from "./negotiation.ts";
import { endProbing } from "./persist.ts";
import { addSackBlocks } from "./sack_output.ts";
import { headerBytes } from "./segment_size.ts";
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

/** Bytes of TCP options that a header has room for. */
const OPTION_BYTES = 40;

/** The segment under construction; filled and sent before anything else happens. */
const out = new Segment();

/** Sends whatever the connection may send now, the due ACK included. */
export function output(conn: Connection, nowUs: number, context: OutputContext): void {
  if (conn.state === State.CLOSED) return;
  if (conn.state === State.SYN_SENT || conn.state === State.SYN_RECEIVED) {
    const waits = conn.fastOpen !== null && conn.fastOpen.waiting && conn.send!.end === 0 &&
      !conn.finQueued;
    if (conn.sndNxt === conn.iss && !waits) sendSyn(conn, nowUs, context);
    else if (conn.ackPending && conn.state === State.SYN_RECEIVED) sendAck(conn, nowUs, context);
    if (!isOpenEarly(conn) || conn.sndNxt === conn.iss) return;
    // RFC 7413 section 4.2.2: the answer need not wait for the ACK of the SYN-ACK, which comes again first.
    sendData(conn, nowUs, context);
    conn.loss!.probeAtUs = NEVER;
    return;
  }
  sendData(conn, nowUs, context);
  // F-RTO wanted new data to go, and none could; what only the pacing holds back goes later.
  const paced = conn.pacer !== null && conn.pacer.wakeAtUs !== NEVER;
  if (conn.loss !== null && !paced && giveUpFrto(conn, conn.loss)) sendData(conn, nowUs, context);
  if (conn.ackPending) sendAck(conn, nowUs, context);
}

/** Sends the SYN or, in SYN-RECEIVED, the SYN-ACK. */
export function sendSyn(conn: Connection, nowUs: number, context: OutputContext): void {
  const { config, sink, counters } = context;
  const passive = conn.state === State.SYN_RECEIVED;
  begin(conn, conn.iss, passive ? Flag.SYN | Flag.ACK : Flag.SYN);
  out.window = synWindow(conn);
  out.options = OptionBit.mss;
  out.mss = announcedMss(sink.mtu, conn.mssClamp, headerBytes(conn));
  // A SYN offers what the configuration allows; a SYN-ACK only what the SYN offered.
  if (passive ? conn.windowScale : config.windowScale) {
    out.options |= OptionBit.windowScale;
    out.windowScale = windowScaleFor(config.receiveBufferMaxBytes);
  }
  if (passive ? conn.sack : config.sack) out.options |= OptionBit.sackPermitted;
  if (passive ? conn.timestamps : config.timestamps) addTimestamps(conn, nowUs);
  offerEcn(conn, out, conn.sndMax !== conn.iss, config);
  if (passive) {
    const edge = seqAdd(conn.rcvNxt, out.window);
    if (seqGt(edge, conn.rcvAdvertised)) conn.rcvAdvertised = edge;
    conn.lastAckSent = conn.rcvNxt;
    conn.ackPending = false;
  }
  const again = conn.sndMax !== conn.iss;
  if (conn.unackedSinceUs === NEVER) conn.unackedSinceUs = nowUs;
  const text = conn.fastOpen === null || again ? 0 : beginFastOpen(conn, out);
  const next = seqAdd(conn.iss, 1 + text);
  if (!isOpenEarly(conn) || !again) conn.sndNxt = next;
  if (seqGt(next, conn.sndMax)) conn.sndMax = next;
  if (again) {
    conn.timing = false; // Karn's rule
    countRetransmission(conn, 0, counters);
  } else {
    conn.timing = true;
    conn.rttSentAtUs = nowUs;
  }
  if (conn.retransmitAtUs === NEVER) {
    conn.retransmitAtUs = nowUs + synTimeoutUs(conn, config);
  }
  out.payloadLength = text;
  const end = text > 0 ? conn.send!.gather(0, text, sink.pieces, FIRST_PIECE) : FIRST_PIECE;
  if (text > 0) counters.add(Counter.bytesOut, text);
  emit(conn, text, end, nowUs, context);
}

/** Sends a segment that carries nothing but the acknowledgment and the window. */
export function sendAck(conn: Connection, nowUs: number, context: OutputContext): void {
  begin(conn, sequenceWithoutText(conn), Flag.ACK);
  acknowledge(conn, nowUs, context);
  addSackBlocks(conn, out, OPTION_BYTES, context.counters);
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
  turnAround(out, segment);
  out.srcPort = segment.dstPort;
  out.dstPort = segment.srcPort;
  const hasAck = (segment.flags & Flag.ACK) !== 0;
  out.seq = hasAck ? segment.ack : 0;
  out.ack = hasAck ? 0 : seqAdd(segment.seq, segmentLength(segment));
  out.flags = hasAck ? Flag.RST : Flag.RST | Flag.ACK;
  out.flowLabel = 0; // As Linux: there is no connection whose label it would be.
  clearRest();
  context.counters.count(Counter.resetsOut);
  context.counters.count(Counter.segmentsOut);
  context.sink.send(out, FIRST_PIECE);
}

/** Sends a segment before the window, which obliges the peer to answer (section 3.8.4). */
export function sendKeepalive(conn: Connection, nowUs: number, context: OutputContext): void {
  context.counters.count(Counter.keepaliveProbes);
  askForAck(conn, nowUs, context);
}

/** Sends a segment before the window, which the peer must answer. */
function askForAck(conn: Connection, nowUs: number, context: OutputContext): void {
  begin(conn, seqAdd(conn.sndUna, -1), Flag.ACK);
  acknowledge(conn, nowUs, context);
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
  context.counters.count(Counter.lossProbes);
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
  conn.retransmitAtUs = nowUs + conn.rtt.backedOff(conn.rtoShift);
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
 * Sends what the window has room for although it is little (section 3.8.6.2.1, the override). A closed
 * window is asked about with a segment before it, as keepalive does and Linux here too (section 3.8.6.1):
 * the peer must answer it, and need not throw a byte away that would have to come again.
 */
export function sendProbe(conn: Connection, nowUs: number, context: OutputContext): void {
  if (conn.sndWnd === 0) {
    context.counters.count(Counter.zeroWindowProbes);
    return askForAck(conn, nowUs, context);
  }
  const unsent = (conn.send!.end - positionOf(conn, conn.sndNxt)) | 0;
  if (unsent <= 0 && !conn.finQueued) return;
  sendNew(conn, Math.min(Math.max(0, unsent), conn.sndWnd, conn.sndMss), nowUs, context);
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
  const isLost = loss.queue.lostBytes > loss.queue.againBytes;
  if (isLost && !sendsNewFirst(loss) && !repeatLost(conn, nowUs, context)) return;
  if (conn.pathMtuEndUs <= nowUs) forgetPathMtu(conn);
  const before = conn.sndNxt;
  let stopped = false;
  if (conn.mtuSearch !== null) sendMtuProbe(conn, conn.mtuSearch, nowUs, context);
  for (;;) {
    const unsent = (send.end - positionOf(conn, conn.sndNxt)) | 0;
    const finDue = conn.finQueued && unsent >= 0 && !isFinSent(conn);
    if (unsent <= 0 && !finDue) break;
    if (!context.sink.hasRoom(conn)) {
      conn.blocked = true;
      break;
    }
    const flight = seqDiff(conn.sndNxt, conn.sndUna);
    if (flight === 0 && unsent > 0) onTransmitStart(conn, nowUs, context.config);
    // RFC 3042: what duplicate ACKs or SACK show to have left the path makes room, before recovery as well.
    const onPath = conn.congestion.cwndBytes - pipeOf(conn);
    if (unsent <= 0) {
      // Only the FIN is left; it takes one number of the peer's window but no room on the path.
      if (conn.sndWnd - flight < 1) return persistIfIdle(conn, nowUs);
      sendNew(conn, 0, nowUs, context);
      break;
    }
    const room = Math.min(conn.sndWnd - flight, onPath);
    const length = lengthToSend(conn, unsent, room, superBytesFor(conn, context));
    if (length === 0) {
      stopped = onPath < conn.sndMss;
      if (flight === 0) return persistIfIdle(conn, nowUs);
      break;
    }
    // What was waited for, more to send or more room, has come before the probe was due.
    if (conn.persisting) endProbing(conn);
    if (conn.pacer !== null && conn.pacer.holdsBack(nowUs)) break;
    sendNew(conn, length, nowUs, context);
  }
  noteUse(conn, stopped, before);
}

/** Behind a round of sending: was the window the limit, or the application? */
function noteUse(conn: Connection, stopped: boolean, before: Seq): void {
  const pipe = pipeOf(conn);
  const { cwndBytes } = conn.congestion;
  if (stopped || conn.sndNxt !== before) validateWindow(conn, pipe, stopped);
  const unsent = (conn.send!.end - positionOf(conn, conn.sndNxt)) | 0;
  if (unsent < conn.sndMss && pipe < cwndBytes) conn.loss!.queue.rate.onAppLimited(pipe);
}

/** RFC 4821 section 7: sends the next bytes in a longer segment than is known to get through. */
function sendMtuProbe(
  conn: Connection,
  search: MtuSearch,
  nowUs: number,
  context: OutputContext,
): void {
  const loss = conn.loss!;
  const unsent = (conn.send!.end - positionOf(conn, conn.sndNxt)) | 0;
  const room = conn.congestion.cwndBytes - pipeOf(conn);
  const length = probeLength(conn, search, loss, unsent, room, context.config, nowUs);
  if (length === 0 || !context.sink.hasRoom(conn)) return;
  if (conn.pacer !== null && conn.pacer.holdsBack(nowUs)) return;
  search.probing = true;
  search.probeStart = conn.sndNxt;
  search.probeEnd = seqAdd(conn.sndNxt, length);
  search.sending = true;
  sendNew(conn, length, nowUs, context);
  search.sending = false;
  context.counters.count(Counter.mtuProbes);
}

/** Sends what is lost again, the oldest first. False when the congestion window stopped it. */
function repeatLost(conn: Connection, nowUs: number, context: OutputContext): boolean {
  const { queue } = conn.loss!;
  const mss = conn.sndMss;
  const superBytes = superBytesFor(conn, context);
  const most = superBytes > mss ? superBytes - (superBytes % mss) : mss;
  for (let s = queue.head;;) {
    s = queue.firstToRepeat(s);
    if (s === NO_SEGMENT) return true;
    if (!context.sink.hasRoom(conn)) {
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
  if (conn.repeatedSinceUs === NEVER) conn.repeatedSinceUs = nowUs;
  loss.undoPending += Math.max(1, Math.ceil(out.payloadLength / conn.sndMss));
  // The oldest gets the time of a timeout once more, or a second copy of it could not do any good.
  if (segment === queue.head && loss.phase === Phase.recovery) {
    conn.retransmitAtUs = nowUs + conn.rtt.backedOff(conn.rtoShift);
  }
  queue.markAgain(segment, nowUs);
}

/**
 * Most payload bytes of one segment for the device, 0 when it must not cut any; with pacing no more than the rate
 * gives a burst.
 */
function superBytesFor(conn: Connection, context: OutputContext): number {
  const accurate = conn.ecn === null ? null : conn.ecn.accurate;
  const superBytes = accurate !== null && mustCutHere(accurate) ? 0 : context.sink.superBytes;
  return conn.pacer === null ? superBytes : conn.pacer.quantum(conn.sndMss, superBytes);
}

function isFinSent(conn: Connection): boolean {
  return seqGt(conn.sndNxt, seqAdd(conn.iss, 1 + conn.send!.end));
}

/** The same as {@link worthSending}, up to the end of a record, which may be short. */
function lengthToSend(conn: Connection, unsent: number, room: number, superBytes: number): number {
  if (conn.recordEnds === null) return worthSending(conn, unsent, room, superBytes);
  const due = untilRecordEnd(conn, positionOf(conn, conn.sndNxt), unsent);
  // More follows behind the end, so that nothing is won by waiting (as in Linux).
  if (due < unsent && due < conn.sndMss && due <= room) return due;
  return worthSending(conn, due, room, superBytes);
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
  conn.retransmitAtUs = nowUs + conn.rtt.backedOff(conn.rtoShift);
}

/** Sends the next `length` bytes, with the FIN if it is due behind them. */
function sendNew(conn: Connection, length: number, nowUs: number, context: OutputContext): void {
  const seq = conn.sndNxt;
  const behind = positionOf(conn, seqAdd(seq, length));
  const fin = conn.finQueued && behind === conn.send!.end ? 1 : 0;
  const next = seqAdd(seq, length + fin);
  if (length % conn.sndMss !== 0 && !conn.mtuSearch?.sending) conn.sndSmall = next;
  if (length > 0 && seq === conn.sndMax) onTextSent(conn, nowUs);
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
  acknowledge(conn, nowUs, context);
  // Blocks go with text only where it leaves them room: a full segment is not cut for them.
  if (length < conn.sndMss) addSackBlocks(conn, out, conn.sndMss - length, counters);
  out.payloadLength = length;
  if (length > conn.sndMss && !conn.mtuSearch?.sending) out.gsoSize = conn.sndMss;
  const end = length > 0 ? send.gather(position, length, sink.pieces, FIRST_PIECE) : FIRST_PIECE;
  if (seqLt(seq, conn.sndMax)) {
    countRetransmission(conn, length, counters);
  }
  // Recovery and the answer to marks begin with zero; in between it says nothing.
  conn.loss!.sentBytes += length;
  if (conn.pacer !== null && length > 0) conn.pacer.onSent(length, conn.sndMss, nowUs);
  if (conn.unackedSinceUs === NEVER) conn.unackedSinceUs = nowUs;
  if (conn.retransmitAtUs === NEVER) {
    conn.retransmitAtUs = nowUs + conn.rtt.backedOff(conn.rtoShift);
  }
  emit(conn, length, end, nowUs, context);
}

function countRetransmission(conn: Connection, length: number, counters: Counters): void {
  const segments = Math.max(1, Math.ceil(length / conn.sndMss));
  conn.segmentsRetransmitted += segments;
  conn.bytesRetransmitted += length;
  counters.add(Counter.segmentsRetransmitted, segments);
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
  out.flowLabel = conn.flowLabel;
  out.seq = seq;
  out.ack = (flags & Flag.ACK) !== 0 ? conn.rcvNxt : 0;
  out.flags = flags;
  clearRest();
  out.trafficClass = conn.trafficClass;
  out.hopLimit = conn.hopLimit;
}

function clearRest(): void {
  out.trafficClass = 0;
  out.hopLimit = 0;
  out.window = 0;
  out.urgent = 0;
  out.options = 0;
  out.sackCount = 0;
  out.payloadLength = 0;
  out.gsoSize = 0;
}

/** Fills the acknowledgment's side of a segment and settles everything that waited for an ACK. */
function acknowledge(conn: Connection, nowUs: number, context: OutputContext): void {
  out.window = advertise(conn);
  if (conn.timestamps) addTimestamps(conn, nowUs);
  conn.lastAckSent = conn.rcvNxt;
  onAckSent(conn, context.config);
}

/** RFC 7323 section 3.2. The clock ticks in milliseconds (section 5.4). */
function addTimestamps(conn: Connection, nowUs: number): void {
  out.options |= OptionBit.timestamps;
  out.tsValue = (Math.floor(nowUs / 1000) + conn.tsOffset) | 0;
  out.tsEcho = (out.flags & Flag.ACK) !== 0 ? conn.tsRecent : 0;
}

function emit(
  conn: Connection,
  length: number,
  end: number,
  nowUs: number,
  context: OutputContext,
): void {
  if (conn.ecn !== null && (out.flags & Flag.SYN) === 0) stampEcn(conn, conn.ecn, out);
  const wireSegments = out.gsoSize > 0 ? Math.ceil(length / out.gsoSize) : 1;
  conn.segmentsSent += wireSegments;
  conn.bytesSent += length;
  if (length > 0) {
    conn.lastTextSentAtUs = nowUs;
    conn.textSegmentsSent += wireSegments;
  }
  context.counters.add(Counter.segmentsOut, wireSegments);
  context.sink.send(out, end);
}
