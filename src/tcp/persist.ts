/** Probes of a closed window: RFC 9293 section 3.8.6.1, in Linux's form and time. */

import type { TcpConfig } from "./config.ts";
import { type Connection, NEVER, Owner } from "./connection.ts";
import { nextTimeoutUs } from "./give_up.ts";
import { Outcome } from "./outcome.ts";

/** The time of a probe has come; what it is depends on the window (sendProbe). */
export function onProbeTimer(conn: Connection, nowUs: number, config: TcpConfig): Outcome {
  if (conn.sndWnd > 0) {
    // What goes now is in the window, and is timed as anything else.
    endProbing(conn);
    return Outcome.probe;
  }
  if (conn.probedSinceUs === NEVER) conn.probedSinceUs = nowUs;
  conn.probesUnanswered++;
  if (conn.rtoShift < config.dataRetries) conn.rtoShift++;
  restartProbeTimer(conn, nowUs);
  return Outcome.probe;
}

/** Nothing new was acknowledged while data waits for a window. */
export function onProbeAnswered(conn: Connection, opened: boolean, nowUs: number): void {
  conn.probesUnanswered = 0;
  if (!opened) {
    // As in Linux the next probe is counted from here; but answers must not keep what nobody holds for ever,
    // nor hold back the little that an almost closed window has room for.
    if (conn.owner !== Owner.none && conn.sndWnd === 0) restartProbeTimer(conn, nowUs);
    return;
  }
  // What was held back may be worth sending now, and its loss is timed afresh.
  endProbing(conn);
  conn.backoffs = 0;
}

/** The wait for a window is over. */
export function endProbing(conn: Connection): void {
  conn.persisting = false;
  conn.rtoShift = 0;
  conn.probesUnanswered = 0;
  conn.probedSinceUs = NEVER;
  conn.retransmitAtUs = NEVER;
}

function restartProbeTimer(conn: Connection, nowUs: number): void {
  const delayUs = conn.rtt.backedOff(conn.rtoShift);
  conn.retransmitAtUs = nextTimeoutUs(conn, conn.probedSinceUs, delayUs, nowUs);
}
