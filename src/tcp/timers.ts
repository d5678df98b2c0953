/**
 * What happens when a connection's deadline has come: retransmission and back-off (RFC 6298 section 5),
 * zero-window probes, delayed ACKs, keepalive, and the ends of FIN-WAIT-2 and TIME-WAIT.
 */

import { Counter, type Counters } from "../base/counters.ts";
import { seqDiff, seqGe } from "../base/seq.ts";
import { ConnectionError } from "../ring/row.ts";
import type { TcpConfig } from "./config.ts";
import { type Connection, NEVER, Owner } from "./connection.ts";
import { end } from "./input.ts";
import { Outcome } from "./outcome.ts";
import { State } from "./state.ts";

/** Unanswered probes of a connection that nobody holds any more (Linux's tcp_orphan_retries). */
const ORPHAN_RETRIES = 8;

/** What timers need besides the connection. */
export interface TimerContext {
  readonly config: TcpConfig;
  readonly counters: Counters;
}

/** The earliest deadline of a connection. */
export function earliestDeadline(conn: Connection): number {
  return Math.min(
    conn.retransmitAtUs,
    conn.delayedAckAtUs,
    conn.keepaliveAtUs,
    conn.endAtUs,
  );
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
  if (conn.retransmitAtUs <= nowUs) return onRetransmit(conn, nowUs, context);
  return Outcome.none;
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
    conn.retransmitAtUs = nowUs + conn.rtt.backedOff(conn.backoffs);
    return Outcome.probe;
  }
  counters.count(Counter.retransmissionTimeouts);
  // RFC 5681 section 3.1, equation 4: ssthresh is set by the first timeout of a loss only.
  if (conn.backoffs === 1) {
    conn.congestion.onTimeout(seqDiff(conn.sndMax, conn.sndUna), conn.sndMss, nowUs);
  }
  // RFC 6582 section 3.2 step 4: duplicate ACKs for what is outstanding now mean nothing new.
  conn.recover = conn.sndMax;
  conn.recovering = false;
  conn.duplicateAcks = 0;
  conn.timing = false;
  conn.sndNxt = conn.sndUna;
  // The window may have shrunk to nothing meanwhile; the oldest segment goes regardless.
  conn.retransmitAtUs = nowUs + conn.rtt.backedOff(conn.backoffs);
  return conn.sndWnd === 0 ? Outcome.retransmit : Outcome.none;
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
  if (conn.owner === Owner.none && conn.retransmitTimeouts >= ORPHAN_RETRIES) {
    return conn.persisting || conn.backoffs >= ORPHAN_RETRIES;
  }
  return conn.backoffs >= config.dataRetries && !(conn.persisting && isAlive(conn, nowUs, config));
}

/** The peer has answered a probe not long ago: a window may stay shut for any time (MUST-37). */
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
