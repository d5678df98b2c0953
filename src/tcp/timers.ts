/**
 * What happens when a connection's deadline has come: retransmission and back-off (RFC 6298 section 5),
 * zero-window probes, delayed ACKs, keepalive, and the ends of FIN-WAIT-2 and TIME-WAIT.
 */

import { Counter, type Counters } from "../base/counters.ts";
import { seqDiff, seqGe, seqLt } from "../base/seq.ts";
import { ConnectionError } from "../ring/row.ts";
import type { TcpConfig } from "./config.ts";
import { type Connection, NEVER, Owner } from "./connection.ts";
import { enterRecovery, rememberForUndo } from "./acknowledgment.ts";
import { end } from "./input.ts";
import { type LossRecovery, Phase } from "./loss_recovery.ts";
import { rackDetect } from "./rack.ts";
import { NO_SEGMENT, Sent } from "./retransmission_queue.ts";
import { Outcome } from "./outcome.ts";
import { State } from "./state.ts";

/** Unanswered probes of a connection that nobody holds any more (Linux's tcp_orphan_retries). */
const ORPHAN_RETRIES = 8;

/** What timers need besides the connection. */
export interface TimerContext {
  readonly config: TcpConfig;
  readonly counters: Counters;
}

/** Works out the earliest deadline of a connection, in its field: a number that is returned is boxed. */
export function updateDeadline(conn: Connection): void {
  let atUs = Math.min(conn.retransmitAtUs, conn.delayedAckAtUs);
  atUs = Math.min(atUs, conn.keepaliveAtUs, conn.endAtUs);
  const loss = conn.loss;
  if (loss !== null) atUs = Math.min(atUs, loss.reorderAtUs, loss.probeAtUs);
  conn.deadlineUs = atUs;
}

/** Deals with every deadline that has come; at most one of them sends something by itself. */
export function onTimer(conn: Connection, nowUs: number, context: TimerContext): Outcome {
  if (conn.endAtUs <= nowUs) {
    end(conn, ConnectionError.none);
    return Outcome.none;
  }
  if (conn.delayedAckAtUs <= nowUs) {
    conn.delayedAckAtUs = NEVER;
    conn.ackPending = true;
  }
  if (conn.keepaliveAtUs <= nowUs) {
    const outcome = onKeepalive(conn, nowUs, context);
    if (outcome !== Outcome.none) return outcome;
  }
  const loss = conn.loss;
  if (loss !== null && loss.probeAtUs <= Math.min(conn.retransmitAtUs, nowUs)) {
    // A probe at the time of the timeout takes its place (RFC 8985 section 7.2).
    const outcome = onLossTimer(conn, loss, nowUs, context);
    if (outcome !== Outcome.none) return outcome;
  }
  if (conn.retransmitAtUs <= nowUs) return onRetransmit(conn, nowUs, context);
  return loss === null ? Outcome.none : onLossTimer(conn, loss, nowUs, context);
}

/** RFC 8985: the time of a possible reordering is over, or the tail has been silent for too long. */
function onLossTimer(
  conn: Connection,
  loss: LossRecovery,
  nowUs: number,
  context: TimerContext,
): Outcome {
  if (loss.reorderAtUs <= nowUs) {
    const found = rackDetect(conn, nowUs);
    if (found && loss.phase === Phase.open) enterRecovery(conn, loss, nowUs, context.counters);
  }
  if (loss.probeAtUs > nowUs) return Outcome.none;
  loss.probeAtUs = NEVER;
  const silent = loss.phase === Phase.open && loss.queue.sackedBytes === 0;
  return silent && !loss.probing && seqLt(conn.sndUna, conn.sndNxt)
    ? Outcome.lossProbe
    : Outcome.none;
}

function onRetransmit(conn: Connection, nowUs: number, context: TimerContext): Outcome {
  const { config, counters } = context;
  conn.retransmitAtUs = NEVER;
  if (hasGivenUp(conn, nowUs, config)) return giveUp(conn, counters);
  conn.backoffs++;
  if (conn.state === State.SYN_SENT || conn.state === State.SYN_RECEIVED) {
    conn.handshakeTimedOut = true;
    conn.sndNxt = conn.iss;
    return Outcome.none;
  }
  conn.retransmitTimeouts++;
  if (conn.persisting) {
    if (conn.sndWnd > 0) {
      // What goes now is in the window, and is timed as anything else.
      conn.persisting = false;
      conn.backoffs = 0;
    } else {
      conn.retransmitAtUs = nowUs + conn.rtt.backedOff(conn.backoffs);
    }
    return Outcome.probe;
  }
  counters.count(Counter.retransmissionTimeouts);
  // RFC 5681 section 3.1, equation 4: ssthresh is set by the first timeout of a loss only.
  if (conn.backoffs === 1) {
    const loss = conn.loss!;
    rememberForUndo(conn, loss);
    const flight = seqDiff(conn.sndMax, conn.sndUna);
    // What an earlier reduction has stopped is still unacknowledged, but no longer on the path.
    const onPath = loss.phase === Phase.open ? flight : Math.min(flight, conn.congestion.cwndBytes);
    conn.congestion.onTimeout(onPath, conn.sndMss, nowUs);
  }
  conn.timing = false;
  loseEverything(conn);
  // As in Linux the last timeout ends with the user timeout, not up to two minutes behind it.
  const userEndUs = conn.userTimeoutUs > 0 ? conn.unackedSinceUs + conn.userTimeoutUs : NEVER;
  conn.retransmitAtUs = Math.min(nowUs + conn.rtt.backedOff(conn.backoffs), userEndUs);
  // The window may have shrunk meanwhile; the oldest segment, or what fits of it, goes regardless.
  return conn.sndWnd < conn.sndMss ? Outcome.retransmit : Outcome.none;
}

/** RFC 8985 section 6.3, RFC 6582 section 3.2 step 4: what was in flight is gone. */
function loseEverything(conn: Connection): void {
  const loss = conn.loss!;
  const { queue } = loss;
  const head = queue.head;
  // A peer that had the oldest segment would have acknowledged it: it has thrown data away again.
  const reneged = head !== NO_SEGMENT && (queue.flags(head) & Sent.sacked) !== 0;
  queue.markAllLost(reneged);
  loss.phase = Phase.loss;
  loss.recover = conn.sndMax;
  loss.duplicateAcks = 0;
  loss.probing = false;
  loss.probeAtUs = NEVER;
  loss.reorderAtUs = NEVER;
}

/** Whether what was sent has gone unanswered for as long as it may. */
function hasGivenUp(conn: Connection, nowUs: number, config: TcpConfig): boolean {
  switch (conn.state) {
    case State.SYN_SENT:
      return conn.backoffs >= conn.synRetries;
    case State.SYN_RECEIVED:
      return conn.backoffs >= config.synAckRetries;
  }
  if (conn.userTimeoutUs > 0 && nowUs - conn.unackedSinceUs >= conn.userTimeoutUs) return true;
  if (conn.owner === Owner.none && conn.backoffs >= ORPHAN_RETRIES) {
    return !isHeardProbing(conn, nowUs) ||
      conn.rtt.backedOff(conn.backoffs) >= config.rtoMaxMs * 1000;
  }
  if (conn.backoffs < config.dataRetries) return false;
  return conn.sndWnd > 0 || !isAlive(conn, nowUs, config);
}

/**
 * The window is shut, and the peer has answered one of the probes: all of them have taken the sum of their
 * waits. Nobody holds the connection, so that even this lasts only until the waits have become as long as
 * they get (as in Linux's tcp_probe_timer).
 */
function isHeardProbing(conn: Connection, nowUs: number): boolean {
  const { rtt, backoffs } = conn;
  const sinceFirstUs = 2 * rtt.backedOff(backoffs) - rtt.backedOff(0);
  return conn.persisting && nowUs - conn.lastReceivedAtUs < sinceFirstUs;
}

/**
 * The peer has answered not long ago: a window may stay shut for any time (MUST-37), and one that has
 * shrunk over data in flight is shut too (SHLD-17).
 */
function isAlive(conn: Connection, nowUs: number, config: TcpConfig): boolean {
  return nowUs - conn.lastReceivedAtUs <= 2 * config.rtoMaxMs * 1000;
}

function giveUp(conn: Connection, counters: Counters): Outcome {
  const opening = conn.state === State.SYN_SENT || conn.state === State.SYN_RECEIVED;
  counters.count(Counter.connectionsTimedOut);
  end(conn, ConnectionError.timedOut);
  return opening ? Outcome.none : Outcome.abort;
}

function onKeepalive(conn: Connection, nowUs: number, context: TimerContext): Outcome {
  const { counters } = context;
  conn.keepaliveAtUs = NEVER;
  if (!conn.keepAlive || conn.state < State.ESTABLISHED) return Outcome.none;
  const idleUs = nowUs - conn.lastReceivedAtUs;
  const idleLimitUs = conn.keepaliveIdleUs;
  // Data in flight is its own probe; and whoever has spoken is alive.
  const busy = seqGe(conn.sndUna, conn.sndMax) === false;
  if (busy || (idleUs < idleLimitUs && conn.keepaliveProbesSent === 0)) {
    const lastUs = busy ? nowUs : conn.lastReceivedAtUs;
    conn.keepaliveAtUs = lastUs + idleLimitUs;
    return Outcome.none;
  }
  const userTimeoutOver = conn.userTimeoutUs > 0 && idleUs >= conn.userTimeoutUs &&
    conn.keepaliveProbesSent > 0;
  if (conn.keepaliveProbesSent >= conn.keepaliveProbes || userTimeoutOver) {
    return giveUp(conn, counters);
  }
  conn.keepaliveProbesSent++;
  conn.keepaliveAtUs = nowUs + conn.keepaliveIntervalUs;
  return Outcome.keepalive;
}
