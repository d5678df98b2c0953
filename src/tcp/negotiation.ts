/**
 * What the two SYNs of a connection agree on: MSS, window scale, timestamps, SACK.
 */

import { OptionBit, type Segment } from "../wire/segment.ts";
import type { TcpConfig } from "./config.ts";
import { initialWindow } from "./congestion/control.ts";
import { createCongestion } from "./congestion/create.ts";
import { adoptCongestion } from "./congestion_switch.ts";
import type { Connection } from "./connection.ts";

/** Bytes of an IPv4 and a TCP header without options. */
export const HEADERS_IPV4 = 40;
/** Bytes of the timestamps option with its padding, in every segment (RFC 7323 appendix A). */
const TIMESTAMPS_BYTES = 12;
/** RFC 9293 section 3.7.1, MUST-15: the peer's MSS when it does not announce one. */
const DEFAULT_MSS = 536;
/** A smaller MSS only makes the sender work (CVE-2019-11479); Linux's floor. */
const MIN_MSS = 48;
/** RFC 7323 section 2.3. */
const MAX_SCALE = 14;

/**
 * The MSS to announce on a device with this MTU (RFC 6691: the MTU less fixed headers). `clamp` is what the
 * application allows at the most, 0 when it does not care.
 */
export function announcedMss(mtu: number, clamp = 0): number {
  const most = mtu - HEADERS_IPV4;
  return clamp > 0 ? Math.min(most, clamp) : most;
}

/** The least shift with which a buffer of `bytes` can be advertised in 16 bits. */
export function windowScaleFor(bytes: number): number {
  let scale = 0;
  while (scale < MAX_SCALE && (65_535 << scale) < bytes) scale++;
  return scale;
}

/** Takes the options of the peer's SYN and settles what both sides will use. */
export function negotiate(
  conn: Connection,
  syn: Segment,
  config: TcpConfig,
  mtu: number,
  nowUs: number,
): void {
  const options = syn.options;
  conn.timestamps = config.timestamps && (options & OptionBit.timestamps) !== 0;
  conn.sack = config.sack && (options & OptionBit.sackPermitted) !== 0;
  conn.windowScale = config.windowScale && (options & OptionBit.windowScale) !== 0;
  if (conn.timestamps) {
    conn.tsRecent = syn.tsValue;
    conn.tsRecentAtUs = nowUs;
  }
  if (conn.windowScale) {
    conn.sndScale = Math.min(syn.windowScale, MAX_SCALE);
    conn.rcvScale = windowScaleFor(config.receiveBufferMaxBytes);
  }
  const announced = (options & OptionBit.mss) !== 0 ? syn.mss : DEFAULT_MSS;
  const overhead = conn.timestamps ? TIMESTAMPS_BYTES : 0;
  const mss = Math.max(Math.min(announced, announcedMss(mtu, conn.mssClamp)), MIN_MSS);
  conn.sndMss = Math.max(mss - overhead, MIN_MSS - TIMESTAMPS_BYTES);
  const window = initialWindow(config.initialWindowSegments, conn.sndMss);
  adoptCongestion(conn, createCongestion(config.congestion, window, conn.iss), config);
  conn.sendLimit = config.sendBufferInitialBytes;
  // As Linux: as many quick ACKs as segments fit into half the first window, 16 at the most.
  conn.quickAcks = Math.min(16, conn.receive!.limitBytes / (2 * conn.sndMss) | 0);
}
