/**
 * Whether the congestion window is in use, and what becomes of it when it is not: Linux's rule, in the place of
 * RFC 7661. A window that was not the limit does not grow, and lasts as long as ACKs come in; with
 * `restartAfterIdle` sending begins anew after a pause (RFC 5681 section 4.1).
 */

import { seqDiff, seqGe } from "../base/seq.ts";
import type { TcpConfig } from "./config.ts";
import { initialWindow } from "./congestion/control.ts";
import type { Connection } from "./connection.ts";

/** Whether an acknowledgment may grow the window. */
export function isWindowLimited(conn: Connection): boolean {
  if (conn.cwndLimited) return true;
  const { cwndBytes, ssthreshBytes } = conn.congestion;
  // In slow start the window may grow to twice what was really used.
  return cwndBytes < ssthreshBytes && cwndBytes < 2 * conn.cwndFlightMax;
}

/**
 * Takes note of what was in flight behind a round of sending: `pipeBytes` on the path. `stopped`: the congestion
 * window was what ended it. Once the limit, the window counts as such until what is then in flight is acknowledged.
 */
export function validateWindow(
  conn: Connection,
  pipeBytes: number,
  stopped: boolean,
): void {
  const { congestion, sndMss } = conn;
  const flight = seqDiff(conn.sndNxt, conn.sndUna);
  const limited = stopped || pipeBytes > congestion.cwndBytes - sndMss;
  const roundOver = seqGe(conn.sndUna, conn.cwndUsageEnd);
  if (roundOver || limited || (!conn.cwndLimited && flight > conn.cwndFlightMax)) {
    conn.cwndLimited = limited;
    conn.cwndFlightMax = flight;
    conn.cwndUsageEnd = conn.sndNxt;
  }
}

/** Something is to be sent and nothing is in flight. */
export function onTransmitStart(conn: Connection, nowUs: number, config: TcpConfig): void {
  // A window that was reduced for this pause is not reduced for it again.
  const sinceUs = Math.max(conn.lastTextSentAtUs, conn.cwndRestartedAtUs);
  const idleUs = nowUs - sinceUs;
  if (config.restartAfterIdle && sinceUs > 0 && idleUs > conn.rtt.rtoUs) {
    restart(conn, idleUs, nowUs, config);
  }
  conn.congestion.onTransmitStart(conn.rtt.srttUs, nowUs);
  conn.pacer?.update(conn.congestion, 0, conn.rtt.srttUs);
}

/** RFC 5681 section 4.1, as Linux: the window is halved for each timeout of the pause, down to the first one. */
function restart(conn: Connection, idleUs: number, nowUs: number, config: TcpConfig): void {
  const { congestion } = conn;
  const least = Math.min(restartWindow(conn, config), congestion.cwndBytes);
  keepThreshold(conn);
  let cwnd = congestion.cwndBytes;
  for (let rest = idleUs - conn.rtt.rtoUs; rest > 0 && cwnd > least; rest -= conn.rtt.rtoUs) {
    cwnd /= 2;
  }
  congestion.cwndBytes = Math.max(wholeSegments(conn, cwnd), least);
  conn.cwndRestartedAtUs = nowUs;
}

function restartWindow(conn: Connection, config: TcpConfig): number {
  return initialWindow(config.initialWindowSegments, conn.sndMss);
}

/** Slow start leads back to three quarters of where the window was. */
function keepThreshold(conn: Connection): void {
  const { congestion } = conn;
  const segments = Math.floor(congestion.cwndBytes / conn.sndMss);
  const kept = ((segments >> 1) + (segments >> 2)) * conn.sndMss;
  congestion.ssthreshBytes = Math.max(congestion.ssthreshBytes, kept);
}

function wholeSegments(conn: Connection, bytes: number): number {
  return Math.floor(bytes / conn.sndMss) * conn.sndMss;
}
