/**
 * What the two SYNs of a connection agree on: MSS, window scale, timestamps, SACK.
 */

import { isIpv4Words } from "../base/address.ts";
import { OptionBit, type Segment } from "../wire/segment.ts";
import { noteOption } from "./accurate_ecn.ts";
import type { TcpConfig } from "./config.ts";
import { initialWindow } from "./congestion/control.ts";
import { createCongestion } from "./congestion/create.ts";
import { adoptCongestion } from "./congestion_switch.ts";
import type { Connection } from "./connection.ts";
import { negotiateEcn } from "./ecn.ts";
import { beginSearch } from "./mtu_search.ts";
import { updateSegmentSize } from "./segment_size.ts";

/** RFC 9293 section 3.7.1, MUST-15: the peer's MSS when it does not announce one. */
const DEFAULT_MSS_IPV4 = 536;
const DEFAULT_MSS_IPV6 = 1220;
/** RFC 7323 section 2.3. */
const MAX_SCALE = 14;

/**
 * The MSS to announce on a device with this MTU (RFC 6691: the MTU less fixed headers). `clamp` is what the
 * application allows at the most, 0 when it does not care; `headers` are those of the connection's family.
 */
export function announcedMss(mtu: number, clamp: number, headers: number): number {
  const most = mtu - headers;
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
  negotiateOptions(conn, syn, config, mtu, nowUs);
  if (config.mtuProbing === "always") beginSearch(conn, config, nowUs);
  // The first option of accurate ECN may have come with the SYN-ACK.
  const accurate = conn.ecn?.accurate ?? null;
  if (accurate !== null && (syn.options & OptionBit.accurateEcn) !== 0) {
    noteOption(conn, accurate, syn);
  }
  const window = initialWindow(config.initialWindowSegments, conn.sndMss);
  adoptCongestion(conn, createCongestion(config.congestion, window, conn.iss), config);
  if (conn.backoffs > 1) beginWithOneSegment(conn);
  conn.sendLimit = config.sendBufferInitialBytes;
}

/** RFC 5681 section 3.1: the handshake was lost; as in Linux twice, for once may have been a busy middlebox. */
export function beginWithOneSegment(conn: Connection): void {
  conn.congestion.cwndBytes = conn.sndMss;
}

function defaultMss(conn: Connection): number {
  return isIpv4Words(conn.remote0, conn.remote1, conn.remote2)
    ? DEFAULT_MSS_IPV4
    : DEFAULT_MSS_IPV6;
}

/** The part of it that a SYN-ACK needs; allocates nothing, for it runs for every SYN of a flood. */
export function negotiateOptions(
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
  negotiateEcn(conn, syn, config);
  const announced = (options & OptionBit.mss) !== 0 ? syn.mss : defaultMss(conn);
  conn.mssLimit = conn.mssClamp > 0 ? Math.min(announced, conn.mssClamp) : announced;
  conn.linkMtu = mtu;
  if (conn.pathMtu === 0 || conn.pathMtu > mtu) conn.pathMtu = mtu;
  updateSegmentSize(conn);
}
