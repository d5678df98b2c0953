import { isIpv4Words } from "../base/address.ts";
import { IPV4_HEADER_BYTES } from "../wire/ipv4.ts";
import { IPV6_HEADER_BYTES } from "../wire/ipv6.ts";
import { TCP_HEADER_BYTES } from "../wire/tcp.ts";
import { ACCURATE_ECN_BYTES } from "./accurate_ecn.ts";
import type { Connection } from "./connection.ts";

/** Bytes of the timestamps option with its padding, in every segment (RFC 7323 appendix A). */
export const TIMESTAMPS_BYTES = 12;
/** A smaller MSS only makes the sender work (CVE-2019-11479); Linux's floor. */
export const MIN_MSS = 48;

/** Whether the connection is one of IPv4. */
export function isOverIpv4(conn: Connection): boolean {
  return isIpv4Words(conn.remote0, conn.remote1, conn.remote2);
}

/** Bytes of the IP and TCP headers without options. */
export function headerBytes(conn: Connection): number {
  return (isOverIpv4(conn) ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES) + TCP_HEADER_BYTES;
}

/** Bytes of the options that every segment with data carries. */
export function optionBytes(conn: Connection): number {
  const ecn = conn.ecn?.accurate?.option === true ? ACCURATE_ECN_BYTES : 0;
  return (conn.timestamps ? TIMESTAMPS_BYTES : 0) + ecn;
}

/** Works out the payload of a full segment: what the peer, the path and a search by probes allow. */
export function updateSegmentSize(conn: Connection): void {
  const { mtuSearch, pathMtu } = conn;
  const mtu = mtuSearch === null ? pathMtu : Math.min(pathMtu, mtuSearch.lowMtu);
  const most = Math.max(Math.min(conn.mssLimit, mtu - headerBytes(conn)), MIN_MSS);
  conn.sndMss = Math.max(most - optionBytes(conn), MIN_MSS - TIMESTAMPS_BYTES);
}
