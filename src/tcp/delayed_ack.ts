/**
 * When an ACK is due (RFC 9293 section 3.8.6.3, RFC 5681 section 4.2), as Linux decides it: quick ACKs while
 * the peer starts, ACKs that wait for an answer where requests get one soon, a delay that follows the time
 * between segments, and duplicate ACKs of one round trip that go as one. Where nothing is read meanwhile Linux
 * leaves the ACK of a second full segment to the reader or the timer; here it goes at once (SHLD-19).
 */

import { Counter, type Counters } from "../base/counters.ts";
import { seqDiff } from "../base/seq.ts";
import { Flag, type Segment } from "../wire/segment.ts";
import type { TcpConfig } from "./config.ts";
import { type Connection, NEVER } from "./connection.ts";
import { Outcome } from "./outcome.ts";

/** Most quick ACKs in a row (Linux's TCP_MAX_QUICKACKS). */
const QUICK_ACKS_MAX = 16;
/** Longest delay of an ACK (Linux's TCP_DELACK_MAX). */
const DELAY_MAX_US = 200_000;
/** A segment shorter than this that is not pushed may still be a full one of a small path (Linux). */
const SMALL_MSS = 88;
const DEFAULT_MSS = 536;
/** Duplicate ACKs that a peer without reordering needs to find a loss: they never wait. */
const DUPLICATES_AT_ONCE = 3;
/** The part of an RTT for which duplicate ACKs may wait. */
const SACK_DELAY_RTT_SHARE = 20;

/** Small segments that the application has not been seen to read yet; bits as Linux's ICSK_ACK_PUSHED. */
const PUSHED_TWICE = 2;

/** ACKs are quick again for a while: the peer seems to miss them. */
export function enterQuickAcks(conn: Connection, config: TcpConfig): void {
  addQuickAcks(conn);
  conn.interactive = false;
  conn.ackDelayUs = config.delayedAckMs * 1000;
}

function addQuickAcks(conn: Connection): void {
  const window = seqDiff(conn.rcvAdvertised, conn.rcvNxt);
  const segments = Math.floor(window / (2 * conn.rcvMss));
  const quick = Math.min(segments === 0 ? 2 : segments, QUICK_ACKS_MAX);
  if (quick > conn.quickAcks) conn.quickAcks = quick;
}

/** Text has arrived in order; `gapClosed` when none is missing any more. Says when its ACK goes. */
export function scheduleAck(
  conn: Connection,
  segment: Segment,
  taken: number,
  gapClosed: boolean,
  nowUs: number,
  config: TcpConfig,
  counters: Counters,
): void {
  conn.unackedBytes += taken;
  learnSegmentSize(conn, segment);
  learnDelay(conn, nowUs, config);
  const quick = conn.quickAcks > 0 && !conn.interactive;
  if (quick || gapClosed || conn.unackedBytes > conn.rcvMss || config.delayedAckMs === 0) {
    conn.ackPending = true;
  } else if (conn.receive !== null && conn.receive.outOfOrder !== null) {
    const outcome = acknowledgeGap(conn, nowUs, config, counters);
    if (outcome !== Outcome.none) conn.ackPending = true;
  } else {
    delayAck(conn, nowUs, config);
  }
}

/** What counts as a full segment: the largest seen, or what comes twice in a row (Linux's rcv_mss). */
function learnSegmentSize(conn: Connection, segment: Segment): void {
  const length = segment.gsoSize > 0 ? segment.gsoSize : segment.payloadLength;
  const pushed = (segment.flags & Flag.PSH) !== 0;
  const last = conn.lastSegmentBytes;
  conn.lastSegmentBytes = 0;
  if (length >= conn.rcvMss) {
    conn.rcvMss = length;
    if (pushed) conn.ackPushed |= 1;
    return;
  }
  const marked = (segment.flags & (Flag.PSH | Flag.FIN | Flag.URG | Flag.SYN)) !== 0;
  if (length >= DEFAULT_MSS || (length >= SMALL_MSS && !marked)) {
    conn.lastSegmentBytes = length;
    if (length === last) {
      conn.rcvMss = length;
      return;
    }
  }
  conn.ackPushed = conn.ackPushed === 0 ? 1 : PUSHED_TWICE | 1;
}

/** The delay follows the time between segments (Linux's tcp_event_data_recv). */
function learnDelay(conn: Connection, nowUs: number, config: TcpConfig): void {
  const leastUs = config.delayedAckMs * 1000;
  const gapUs = nowUs - conn.lastTextAtUs;
  conn.lastTextAtUs = nowUs;
  if (conn.ackDelayUs === 0) {
    addQuickAcks(conn);
    conn.ackDelayUs = leastUs;
  } else if (gapUs <= leastUs / 2) {
    conn.ackDelayUs = Math.floor(conn.ackDelayUs / 2 + leastUs / 2);
  } else if (gapUs < conn.ackDelayUs) {
    conn.ackDelayUs = Math.min(Math.floor(conn.ackDelayUs / 2 + gapUs), conn.rtt.rtoUs);
  } else if (gapUs > conn.rtt.rtoUs) {
    // The peer starts again after a pause: it may have to begin with a small window.
    addQuickAcks(conn);
  }
}

/** Sets the time of the ACK; one that is nearly there already goes at once. */
function delayAck(conn: Connection, nowUs: number, config: TcpConfig): void {
  const leastUs = config.delayedAckMs * 1000;
  const mostUs = Math.max(DELAY_MAX_US, leastUs);
  let delayUs = conn.ackDelayUs;
  if (delayUs > leastUs) {
    const rttUs = conn.rtt.srttUs > 0 ? Math.max(conn.rtt.srttUs, leastUs) : mostUs;
    delayUs = Math.min(delayUs, mostUs, rttUs);
  }
  if (conn.delayedAckAtUs <= nowUs + delayUs / 4) {
    conn.ackPending = true;
    return;
  }
  conn.delayedAckAtUs = Math.min(conn.delayedAckAtUs, nowUs + delayUs);
}

/**
 * Text is missing: the ACK tells the peer so at once three times, and then again when a part of an RTT is over
 * or enough of them have come together (Linux's SACK compression: where much is reordered or lost, an ACK
 * for each segment tells the peer nothing new).
 */
export function acknowledgeGap(
  conn: Connection,
  nowUs: number,
  config: TcpConfig,
  counters: Counters,
): Outcome {
  if (!conn.sack || conn.acksHeld >= config.sackDelaySegments || config.sackDelayUs === 0) {
    return Outcome.ack;
  }
  if (conn.gapSeq !== conn.rcvNxt) {
    conn.gapSeq = conn.rcvNxt;
    conn.gapAcks = 0;
  }
  if (conn.gapAcks < DUPLICATES_AT_ONCE) {
    conn.gapAcks++;
    return Outcome.ack;
  }
  const { srttUs } = conn.rtt;
  const rttUs = srttUs > 0 && srttUs < conn.tuneRttUs ? srttUs : conn.tuneRttUs;
  const delayUs = Math.min(config.sackDelayUs, rttUs / SACK_DELAY_RTT_SHARE);
  if (delayUs === 0) return Outcome.ack; // How long a round trip takes is not known yet.
  counters.count(Counter.acksCompressed);
  if (conn.acksHeld++ > 0) return Outcome.none;
  conn.delayedAckAtUs = Math.min(conn.delayedAckAtUs, nowUs + delayUs);
  return Outcome.none;
}

/** The ACK that was put off is due. One that came too late for an answer changes how the next ones wait. */
export function onDelayedAck(conn: Connection, config: TcpConfig): void {
  conn.delayedAckAtUs = NEVER;
  conn.ackPending = true;
  if (conn.acksHeld > 0) return;
  if (conn.interactive) {
    conn.interactive = false;
    conn.ackDelayUs = config.delayedAckMs * 1000;
  } else {
    conn.ackDelayUs = Math.min(2 * conn.ackDelayUs, conn.rtt.rtoUs);
  }
}

/** A segment with an ACK goes: everything that waited for one is settled. */
export function onAckSent(conn: Connection, config: TcpConfig): void {
  const scheduled = conn.ackPending || conn.unackedBytes > 0 || conn.delayedAckAtUs !== NEVER;
  if (scheduled && conn.quickAcks > 0 && --conn.quickAcks === 0) {
    conn.ackDelayUs = config.delayedAckMs * 1000;
  }
  conn.ackPending = false;
  conn.unackedBytes = 0;
  conn.delayedAckAtUs = NEVER;
  conn.ackPushed = 0;
  conn.acksHeld = 0;
}

/** Text goes out: when it answers what has just come, ACKs can wait for such answers. */
export function onTextSent(conn: Connection, nowUs: number): void {
  if (nowUs - conn.lastTextAtUs < conn.ackDelayUs) conn.interactive = true;
}

/** The application has read everything: whether that is a good time for the ACK (Linux's tcp_cleanup_rbuf). */
export function isAckDueAfterRead(conn: Connection): boolean {
  if (conn.delayedAckAtUs === NEVER || conn.unackedBytes === 0) return false;
  if (conn.unackedBytes > conn.rcvMss) return true;
  if (conn.receive!.stream.pending > 0) return false;
  return conn.ackPushed >= PUSHED_TWICE || (conn.ackPushed > 0 && !conn.interactive);
}
