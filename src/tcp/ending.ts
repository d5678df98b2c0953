/** How a connection ends: CLOSED with or without an error, and TIME-WAIT (RFC 9293 section 3.6). */

import { ConnectionError } from "../ring/row.ts";
import type { TcpConfig } from "./config.ts";
import { type Connection, NEVER, News } from "./connection.ts";
import { State } from "./state.ts";

/** The connection is over; nothing is sent and nothing is timed any more. */
export function end(conn: Connection, error: ConnectionError): void {
  conn.state = State.CLOSED;
  conn.error = error;
  conn.news = News.loud;
  conn.ackPending = false;
  stopTimers(conn);
}

function stopTimers(conn: Connection): void {
  conn.retransmitAtUs = NEVER;
  conn.delayedAckAtUs = NEVER;
  conn.keepaliveAtUs = NEVER;
  conn.endAtUs = NEVER;
  if (conn.loss !== null) {
    conn.loss.reorderAtUs = NEVER;
    conn.loss.probeAtUs = NEVER;
  }
  if (conn.pacer !== null) conn.pacer.wakeAtUs = NEVER;
}

/** The connection is ended by this side; the caller sends the RST. */
export function abort(conn: Connection): void {
  end(conn, ConnectionError.aborted);
}

/** Both FINs are acknowledged: what is still on the way must not meet a new connection. */
export function enterTimeWait(conn: Connection, nowUs: number, config: TcpConfig): void {
  conn.state = State.TIME_WAIT;
  stopTimers(conn);
  restartTimeWait(conn, nowUs, config);
}

/** Section 3.10.7.4: a FIN that comes again means that our ACK was lost; the wait starts over. */
export function restartTimeWait(conn: Connection, nowUs: number, config: TcpConfig): void {
  conn.endAtUs = nowUs + 2 * config.mslMs * 1000;
}
