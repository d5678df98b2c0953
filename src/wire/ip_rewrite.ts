/**
 * What routers change in an IP header on its way. The checksum of an IPv4 header follows by the difference
 * (RFC 1624): one that was wrong stays wrong, so that the destination sees it.
 */

import { Ipv4Field } from "./ipv4.ts";

/** The two ECN bits of the traffic class (RFC 3168 section 5). */
const ECN_BITS = 3;
/** "Congestion experienced". */
const ECN_CE = 3;

/**
 * Marks the packet at `offset` as one that has met congestion (RFC 3168 section 5). False, and nothing
 * changed, when its sender has not said that it understands marks; true when it is marked now.
 */
export function markCongestion(view: DataView, offset: number): boolean {
  const first = view.getUint16(offset);
  const isIpv6 = first >>> 12 === 6;
  const shift = isIpv6 ? 4 : 0;
  const ecn = (first >>> shift) & ECN_BITS;
  if (ecn === 0) return false;
  const marked = first | (ECN_CE << shift);
  view.setUint16(offset, marked);
  if (!isIpv6) adjustChecksum(view, offset, first, marked);
  return true;
}

/** Takes one from the hop limit of an IPv4 packet (RFC 1812 section 5.3.1); false when none is left. */
export function decrementHopLimit(view: DataView, offset: number): boolean {
  const at = offset + Ipv4Field.hopLimit;
  const before = view.getUint16(at);
  if (before >>> 8 <= 1) return false;
  view.setUint16(at, before - 0x100);
  adjustChecksum(view, offset, before, before - 0x100);
  return true;
}

/** RFC 1624, equation 3: HC' = ~(~HC + ~m + m'). */
function adjustChecksum(view: DataView, offset: number, before: number, after: number): void {
  const at = offset + Ipv4Field.checksum;
  const sum = (~view.getUint16(at) & 0xffff) + (~before & 0xffff) + after;
  const folded = (sum & 0xffff) + (sum >>> 16);
  view.setUint16(at, ~(folded + (folded >>> 16)) & 0xffff);
}
