/** Gives a connection its congestion control, at its beginning or in the middle of its life. */

import type { CongestionName, TcpConfig } from "./config.ts";
import type { CongestionControl } from "./congestion/control.ts";
import { pipeOf } from "./acknowledgment.ts";
import { createCongestion } from "./congestion/create.ts";
import type { Connection } from "./connection.ts";
import { Pacer } from "./pacing.ts";

/** Connects a control that was made for this connection. */
export function adoptCongestion(
  conn: Connection,
  control: CongestionControl,
  config: TcpConfig,
): void {
  conn.congestion = control;
  if (conn.loss !== null) conn.loss.queue.rate.control = control;
  const rateMax = config.pacingRateMaxBytes;
  const paced = config.pacing || rateMax > 0 || control.name === "bbr";
  if (!paced) conn.pacer = null;
  else conn.pacer ??= new Pacer(rateMax > 0 ? rateMax : Infinity);
}

/** Most that a connection sends from now on, bytes per second (SO_MAX_PACING_RATE). */
export function limitPacingRate(conn: Connection, rateMax: number): void {
  conn.pacer ??= new Pacer(rateMax);
  conn.pacer.rateMax = rateMax;
  conn.pacer.update(conn.congestion, pipeOf(conn), conn.rtt.srttUs);
}

/** Changes the control of a connection that is in use: the new one takes the window over. */
export function switchCongestion(
  conn: Connection,
  name: CongestionName,
  config: TcpConfig,
  nowUs: number,
): void {
  const before = conn.congestion;
  if (before.name === name) return;
  const { ssthreshBytes } = before;
  // A window that nothing bounds is none to begin with.
  const cwndBytes = before.name === "none"
    ? Math.min(conn.sndWnd, conn.sndWndMax)
    : before.cwndBytes;
  const least = 2 * conn.sndMss;
  const control = createCongestion(name, Math.max(cwndBytes, least), conn.iss);
  control.ssthreshBytes = before.name === "bbr" ? cwndBytes : ssthreshBytes;
  adoptCongestion(conn, control, config);
  control.onTransmitStart(conn.rtt.srttUs, nowUs);
}
