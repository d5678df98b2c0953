/**
 * What a connection shows of itself in its row of shared memory: state, addresses, and the numbers of
 * `info()`.
 */

import { seqDiff } from "../base/seq.ts";
import { Info, InfoOption, Recovery, Row, Sending, SendingFlag } from "../ring/row.ts";
import { CONGESTION_NAMES } from "./config.ts";
import { type Connection, News } from "./connection.ts";
import { Phase } from "./loss_recovery.ts";
import type { TcpEvents } from "./parts.ts";
import { receiveWindow } from "./window.ts";

/** Greatest value that a word holds; larger ones are shown as this. */
const WORD_MAX = 0x7fff_ffff;

/** Writes the part of the row that does not change during the connection's life. */
export function reportAddresses(words: Int32Array, conn: Connection): void {
  const row = conn.row;
  words[row + Row.local] = conn.local0;
  words[row + Row.local + 1] = conn.local1;
  words[row + Row.local + 2] = conn.local2;
  words[row + Row.local + 3] = conn.local3;
  words[row + Row.remote] = conn.remote0;
  words[row + Row.remote + 1] = conn.remote1;
  words[row + Row.remote + 2] = conn.remote2;
  words[row + Row.remote + 3] = conn.remote3;
  words[row + Row.localPort] = conn.localPort;
  words[row + Row.remotePort] = conn.remotePort;
}

/** Tells the application, when it still listens, what is new of a connection. */
export function reportNews(
  words: Int32Array,
  conn: Connection,
  events: Pick<TcpEvents, "news" | "progressed">,
): void {
  if (conn.send === null) return; // The application was told of its end.
  reportProgress(words, conn);
  events.progressed(conn);
  if (conn.finReceived) words[conn.row + Row.rxFinished] = 1;
  if (conn.news === News.none) return;
  events.news(conn, conn.news === News.loud);
  conn.news = News.none;
}

/** Writes the part that changes, once for each batch of work on the connection. */
export function reportProgress(words: Int32Array, conn: Connection): void {
  const row = conn.row;
  words[row + Row.state] = conn.state;
  words[row + Row.error] = conn.error;
  words[row + Row.txLimit] = conn.sendLimit;
  const info = row + Row.info;
  const { rtt, congestion } = conn;
  words[info + Info.rttUs] = rtt.srttUs;
  words[info + Info.rttVarUs] = rtt.rttVarUs;
  words[info + Info.rttMinUs] = rtt.minUs;
  words[info + Info.rtoUs] = clamp(rtt.backedOff(conn.rtoShift));
  words[info + Info.cwndBytes] = clamp(congestion.cwndBytes);
  words[info + Info.ssthreshBytes] = clamp(congestion.ssthreshBytes);
  words[info + Info.mssSend] = conn.sndMss;
  words[info + Info.mssReceive] = conn.rcvMss;
  words[info + Info.sendWindow] = conn.sndWnd;
  words[info + Info.receiveWindow] = receiveWindow(conn);
  words[info + Info.bytesInFlight] = seqDiff(conn.sndMax, conn.sndUna);
  putTotal(words, info + Info.bytesSent, conn.bytesSent);
  putTotal(words, info + Info.bytesReceived, conn.bytesReceived);
  putTotal(words, info + Info.bytesRetransmitted, conn.bytesRetransmitted);
  words[info + Info.segmentsSent] = conn.segmentsSent;
  words[info + Info.segmentsReceived] = conn.segmentsReceived;
  words[info + Info.segmentsRetransmitted] = conn.segmentsRetransmitted;
  words[info + Info.segmentsOutOfOrder] = conn.segmentsOutOfOrder;
  words[info + Info.duplicateAcks] = conn.duplicateAcksSeen;
  words[info + Info.windowScales] = conn.sndScale | (conn.rcvScale << 8);
  words[info + Info.options] = (conn.timestamps ? InfoOption.timestamps : 0) |
    (conn.sack ? InfoOption.sack : 0) |
    (conn.windowScale ? InfoOption.windowScale : 0) | ecnOption(conn) |
    (conn.fastOpen !== null && conn.fastOpen.acked ? InfoOption.synData : 0);
  words[row + Row.pathMtu] = conn.pathMtu;
  words[info + Info.retransmitTimeouts] = conn.retransmitTimeouts;
  words[info + Info.receiveBufferBytes] = conn.receive === null ? 0 : conn.receive.limitBytes;
  words[info + Info.congestion] = CONGESTION_NAMES.indexOf(
    congestion.name as (typeof CONGESTION_NAMES)[number],
  );
  words[info + Info.backoffs] = conn.backoffs;
  words[row + Row.softError] = conn.softError;
  words[row + Row.softErrors] = conn.softErrors;
  words[row + Row.urgentMarks] = conn.urgentMarks;
  if (conn.urgentUnread) reportUrgent(words, conn);
  reportRecovery(words, conn);
  reportSending(words, conn);
}

/** RFC 9293 section 3.8.5: how much urgent data is still to be read. */
function reportUrgent(words: Int32Array, conn: Connection): void {
  const row = conn.row;
  const end = seqDiff(conn.rcvUrgent, conn.irs) - 1;
  // Said once more when it has been read, or it would seem to lie ahead again after 2 GiB.
  conn.urgentUnread = conn.receive !== null && ((end - conn.receive.readPosition) | 0) > 0;
  words[row + Row.urgentEnd] = end;
  words[row + Row.urgentUnread] = conn.urgentUnread ? 1 : 0;
}

function ecnOption({ ecn }: Connection): number {
  if (ecn === null) return 0;
  return ecn.accurate === null ? InfoOption.ecn : InfoOption.accurateEcn;
}

/** What is known of losses, and how ACKs are timed. */
function reportRecovery(words: Int32Array, conn: Connection): void {
  const at = conn.row + Row.recovery;
  const { loss } = conn;
  words[at + Recovery.ackDelayUs] = conn.ackDelayUs;
  words[at + Recovery.probesUnanswered] = conn.probesUnanswered;
  words[at + Recovery.undone] = conn.recoveriesUndone;
  if (loss === null) return;
  const { queue } = loss;
  words[at + Recovery.state] = recoveryState(conn);
  words[at + Recovery.reordering] = loss.reordering;
  words[at + Recovery.reorderingEvents] = loss.reorderingEvents;
  words[at + Recovery.duplicateReports] = loss.duplicateReports;
  words[at + Recovery.renegings] = loss.renegings;
  words[at + Recovery.sackedBytes] = queue.sackedBytes;
  words[at + Recovery.lostBytes] = queue.lostBytes;
  words[at + Recovery.againBytes] = queue.againBytes;
  putTotal(words, at + Recovery.deliveredBytes, loss.deliveredTotalBytes);
}

/** Linux's tcp_ca_state: an index of `recoveryStateNames`. */
export function recoveryState(conn: Connection): number {
  const { loss } = conn;
  if (loss === null) return 0;
  if (loss.phase === Phase.recovery) return 3;
  if (loss.phase === Phase.loss) return 4;
  if (conn.ecn?.reducing) return 2;
  // With SACK an ACK that repeats itself says nothing (as Linux).
  const missing = conn.sack ? loss.queue.sackedBytes : loss.duplicateAcks;
  return missing > 0 ? 1 : 0;
}

/** How fast the connection sends, and what limits it. */
function reportSending(words: Int32Array, conn: Connection): void {
  const at = conn.row + Row.sending;
  const { congestion, loss, pacer } = conn;
  words[at + Sending.phase] = congestion.phase;
  putTotal(words, at + Sending.pacingRate, pacer === null ? 0 : pacer.rate);
  putTotal(words, at + Sending.bandwidth, congestion.bandwidth);
  words[at + Sending.modelRttUs] = congestion.modelRttUs;
  if (loss === null) return;
  const { rate } = loss.queue;
  putTotal(words, at + Sending.deliveryRate, rate.bytesPerSecond);
  words[at + Sending.flags] = (conn.cwndLimited ? SendingFlag.windowLimited : 0) |
    (rate.isAppLimited ? SendingFlag.rateAppLimited : 0);
}

function clamp(value: number): number {
  return value < WORD_MAX ? value : WORD_MAX;
}

function putTotal(words: Int32Array, at: number, value: number): void {
  words[at] = value;
  words[at + 1] = value / 0x1_0000_0000;
}

/** Reads a total that stands in two words. */
export function readTotal(words: Int32Array, at: number): number {
  return (words[at] >>> 0) + words[at + 1] * 0x1_0000_0000;
}
