/** When a connection that gets no answer is over: RFC 9293 section 3.8.3, RFC 5482, as Linux counts it. */

import type { TcpConfig } from "./config.ts";
import { type Connection, NEVER, Owner } from "./connection.ts";
import { isOpenEarly } from "./fast_open.ts";
import { State } from "./state.ts";

/** Timeouts of a connection that nobody holds any more (Linux's tcp_orphan_retries). */
const ORPHAN_RETRIES = 8;
/** What the time of so many timeouts is counted from, whatever the path's RTO is (Linux's TCP_RTO_MIN). */
const MODEL_RTO_US = 200_000;

/**
 * The time that `retries` timeouts take when each is twice as long as the one before, from 200 ms on: it
 * makes the limit the same for all paths.
 */
export function retriesTimeUs(retries: number, rtoMaxUs: number): number {
  const doublings = Math.max(0, Math.floor(Math.log2(rtoMaxUs / MODEL_RTO_US)));
  if (retries <= doublings) return (2 ** (retries + 1) - 1) * MODEL_RTO_US;
  return (2 ** (doublings + 1) - 1) * MODEL_RTO_US + (retries - doublings) * rtoMaxUs;
}

/** Whether what was sent has gone unanswered for as long as it may. */
export function hasGivenUp(conn: Connection, nowUs: number, config: TcpConfig): boolean {
  const userUs = conn.userTimeoutUs;
  switch (conn.state) {
    case State.SYN_SENT:
      return conn.backoffs >= conn.synRetries + config.synLinearTimeouts ||
        (userUs > 0 && conn.backoffs > 0 && nowUs - conn.unackedSinceUs >= userUs);
    case State.SYN_RECEIVED:
      // A simultaneous open is an active one; Fast Open gets one try more (both as Linux).
      return conn.backoffs >= (isOpenEarly(conn) ? config.synAckRetries + 1 : conn.synRetries);
  }
  if (conn.persisting) return hasProbedEnough(conn, nowUs, config);
  if (conn.backoffs === 0) return false;
  const silentUs = nowUs - conn.repeatedSinceUs;
  const limitUs = userUs > 0 ? userUs : retriesTimeUs(
    conn.owner === Owner.none ? ORPHAN_RETRIES : config.dataRetries,
    config.rtoMaxMs * 1000,
  );
  if (silentUs < limitUs) return false;
  // A window that has shrunk over data in flight may stay shut as long as the peer answers (SHLD-17).
  if (conn.sndWnd > 0 || userUs > 0 || conn.owner === Owner.none) return true;
  return nowUs - conn.lastReceivedAtUs > 2 * config.rtoMaxMs * 1000;
}

/**
 * A window may stay shut for any time as long as the peer answers (MUST-37), unless the application has set
 * a limit or is gone.
 */
function hasProbedEnough(conn: Connection, nowUs: number, config: TcpConfig): boolean {
  const { userTimeoutUs } = conn;
  if (userTimeoutUs > 0 && nowUs - conn.probedSinceUs >= userTimeoutUs) return true;
  if (conn.owner !== Owner.none) return conn.probesUnanswered >= config.dataRetries;
  // About where Linux's timeouts have become as long as they may be, whatever is answered.
  const longUs = retriesTimeUs(ORPHAN_RETRIES + 1, config.rtoMaxMs * 1000);
  return conn.probesUnanswered >= ORPHAN_RETRIES || nowUs - conn.probedSinceUs >= longUs;
}

/** How long a SYN or SYN-ACK waits for its answer: a SYN may first go several times at the same distance (as Linux). */
export function synTimeoutUs(conn: Connection, config: TcpConfig): number {
  const isActive = conn.state === State.SYN_SENT;
  const linear = isActive ? Math.min(conn.rtoShift, config.synLinearTimeouts) : 0;
  return conn.rtt.backedOff(conn.rtoShift - linear);
}

/** The time of the next timeout: after `delayUs`, and no later than the application's limit. */
export function nextTimeoutUs(
  conn: Connection,
  sinceUs: number,
  delayUs: number,
  nowUs: number,
): number {
  if (conn.userTimeoutUs === 0 || sinceUs === NEVER) return nowUs + delayUs;
  return Math.max(nowUs + 1000, Math.min(nowUs + delayUs, sinceUs + conn.userTimeoutUs));
}
