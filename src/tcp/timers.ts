/**
 * What happens when a connection's deadline has come: retransmission and back-off (RFC 6298 section 5),
 * zero-window probes, delayed ACKs, keepalive, and the ends of FIN-WAIT-2 and TIME-WAIT.
 */

import { Counter, type Counters } from "../base/counters.ts";
import { seqGe, seqLt } from "../base/seq.ts";
import { ConnectionError } from "../ring/row.ts";
import type { TcpConfig } from "./config.ts";
import { type Connection, NEVER } from "./connection.ts";
import { onDelayedAck } from "./delayed_ack.ts";
import { noteSoftError } from "./icmp_error.ts";
import { enterRecovery, pipeOf, rememberForUndo } from "./acknowledgment.ts";
import { isReducedForMarks } from "./ecn.ts";
import { type FastOpenClient, isOpenEarly } from "./fast_open.ts";
import { beginFrto } from "./frto.ts";
import { hasGivenUp, nextTimeoutUs, synTimeoutUs } from "./give_up.ts";
import { end } from "./ending.ts";
import { type LossRecovery, Phase } from "./loss_recovery.ts";
import { isProbeLost, onTimeout as onSizeTimeout } from "./mtu_search.ts";
import { onProbeTimer } from "./persist.ts";
import { rackDetect } from "./rack.ts";
import { NO_SEGMENT, Sent } from "./retransmission_queue.ts";
import { Outcome } from "./outcome.ts";
import { isSynchronized, State } from "./state.ts";

/** R1 of RFC 9293 section 3.8.3: timeouts in a row after which the application is told. */
const REPORT_AFTER_TIMEOUTS = 3;

/** What timers need besides the connection. */
export interface TimerContext {
  readonly config: TcpConfig;
  readonly counters: Counters;
  readonly fastOpen: FastOpenClient;
}

/** Works out the earliest deadline of a connection, in its field: a number that is returned is boxed. */
export function updateDeadline(conn: Connection): void {
  let atUs = Math.min(conn.retransmitAtUs, conn.delayedAckAtUs);
  atUs = Math.min(atUs, conn.keepaliveAtUs, conn.endAtUs);
  const loss = conn.loss;
  if (loss !== null) atUs = Math.min(atUs, loss.reorderAtUs, loss.probeAtUs);
  if (conn.pacer !== null) atUs = Math.min(atUs, conn.pacer.wakeAtUs);
  conn.deadlineUs = atUs;
}

/** Deals with every deadline that has come; at most one of them sends something by itself. */
export function onTimer(conn: Connection, nowUs: number, context: TimerContext): Outcome {
  if (conn.endAtUs <= nowUs) {
    end(conn, ConnectionError.none);
    return Outcome.none;
  }
  if (conn.delayedAckAtUs <= nowUs) onDelayedAck(conn, context.config);
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
    const search = conn.mtuSearch;
    if (found && loss.phase === Phase.open) {
      const isProbe = search !== null && isProbeLost(conn, search, loss);
      if (!isProbe) enterRecovery(conn, loss, nowUs, context.counters);
    }
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
  const givenUp = hasGivenUp(conn, nowUs, config);
  if (conn.fastOpen !== null && !conn.fastOpen.passive) {
    context.fastOpen.onTimeout(conn.backoffs + 1, givenUp, nowUs);
  }
  if (givenUp) return giveUp(conn, counters);
  if (conn.persisting) return onProbeTimer(conn, nowUs, config);
  const again = conn.backoffs > 0;
  conn.backoffs++;
  if (conn.state === State.SYN_SENT || conn.state === State.SYN_RECEIVED) {
    conn.rtoShift++;
    conn.handshakeTimedOut = true;
    if (isOpenEarly(conn)) return Outcome.synAck; // Its data may be on the way; the SYN-ACK goes first.
    conn.sndNxt = conn.iss;
    if (conn.state === State.SYN_SENT) {
      const delayUs = synTimeoutUs(conn, config);
      conn.retransmitAtUs = nextTimeoutUs(conn, conn.unackedSinceUs, delayUs, nowUs);
    }
    return Outcome.none;
  }
  conn.retransmitTimeouts++;
  counters.count(Counter.retransmissionTimeouts);
  if (conn.backoffs === REPORT_AFTER_TIMEOUTS) noteSoftError(conn, ConnectionError.timedOut);
  onSizeTimeout(conn, config, nowUs);
  enterLoss(conn, conn.loss!, again, nowUs, config);
  conn.rtoShift++;
  // As in Linux the last timeout ends with the user timeout, not up to two minutes behind it.
  const sinceUs = Math.min(conn.repeatedSinceUs, nowUs);
  conn.retransmitAtUs = nextTimeoutUs(conn, sinceUs, conn.rtt.backedOff(conn.rtoShift), nowUs);
  // The window may have shrunk meanwhile; the oldest segment, or what fits of it, goes regardless.
  return conn.sndWnd < conn.sndMss ? Outcome.retransmit : Outcome.none;
}

/**
 * RFC 8985 section 6.3, RFC 6582 section 3.2 step 4: what was in flight is gone, except what was sent within the
 * last round trip. One segment more than that may go (as Linux's tcp_enter_loss).
 */
function enterLoss(
  conn: Connection,
  loss: LossRecovery,
  again: boolean,
  nowUs: number,
  config: TcpConfig,
): void {
  const { queue, phase } = loss;
  // RFC 5681 section 3.1, equation 4: ssthresh is set once for all that was in flight.
  const isFirst = phase === Phase.open || seqGe(conn.sndUna, loss.recover) ||
    (phase === Phase.loss && !again);
  if (isFirst) {
    rememberForUndo(conn, loss);
    isReducedForMarks(conn);
  }
  if (phase === Phase.open && queue.sackedBytes >= config.reordering * conn.sndMss) {
    // So many have overtaken the oldest in vain: reordering was believed to be wider than it is.
    loss.reordering = Math.min(loss.reordering, config.reordering);
  }
  loseEverything(conn, loss, nowUs);
  const pipe = pipeOf(conn);
  // In a recovery the control has reduced the window already, and only forgets how it grew.
  if (isFirst || phase === Phase.recovery) conn.congestion.onTimeout(pipe, conn.sndMss, nowUs);
  conn.congestion.cwndBytes = pipe + conn.sndMss;
  beginFrto(loss, phase, again, config);
}

function loseEverything(conn: Connection, loss: LossRecovery, nowUs: number): void {
  const { queue } = loss;
  const head = queue.head;
  // A peer that had the oldest segment would have acknowledged it: it has thrown data away again.
  const reneged = head !== NO_SEGMENT && (queue.flags(head) & Sent.sacked) !== 0;
  if (reneged) {
    loss.sackSeenCount = 0;
    loss.renegings++;
  }
  const byTime = conn.sack && loss.useRack;
  queue.markAllLost(reneged, byTime ? nowUs - loss.rackRttUs : NEVER);
  loss.phase = Phase.loss;
  loss.recover = conn.sndMax;
  loss.duplicateAcks = 0;
  loss.probing = false;
  loss.probeAtUs = NEVER;
  loss.reorderAtUs = NEVER;
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
  if (!conn.keepAlive || !isSynchronized(conn.state)) return Outcome.none;
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
