/**
 * IP headers of fragments that this host sends (RFC 791 section 3.2, RFC 8200 section 4.5).
 *
 * ```text
 *   IPv4   header with offset, MF, identification | part of the datagram
 *   IPv6   header | fragment header with offset, M, identification | part of the datagram
 * ```
 *
 * What is cut is the transport header and its payload; every part but the last is a multiple of 8 bytes.
 */
import { isIpv4Words } from "../base/address.ts";
import { checksumAdd, checksumFold } from "../wire/checksum.ts";
import {
  DEFAULT_HOP_LIMIT,
  IPV4_HEADER_BYTES,
  Ipv4Field,
  Ipv4Fragment,
  writeIpv4Header,
} from "../wire/ipv4.ts";
import { IPV6_HEADER_BYTES, Ipv6Next, writeIpv6Header } from "../wire/ipv6.ts";
import type { Segment } from "../wire/segment.ts";

/** Bytes of the fragment header of IPv6. */
export const FRAGMENT_HEADER_BYTES = 8;

/** Bytes of the datagram that each fragment but the last carries over a link of that MTU. */
export function fragmentBytes(segment: Segment, mtu: number): number {
  const headers = isIpv4Words(segment.dst0, segment.dst1, segment.dst2)
    ? IPV4_HEADER_BYTES
    : IPV6_HEADER_BYTES + FRAGMENT_HEADER_BYTES;
  return (mtu - headers) & ~7;
}

/**
 * Writes the headers of one fragment and returns their length: `length` bytes of the datagram from `position`
 * on, a multiple of 8. `hasMore` says that it is not the last.
 */
export function writeFragmentHeader(
  view: DataView,
  offset: number,
  segment: Segment,
  protocol: number,
  length: number,
  position: number,
  hasMore: boolean,
  identification: number,
): number {
  const { src0, src1, src2, src3, dst0, dst1, dst2, dst3, trafficClass, flowLabel } = segment;
  const hopLimit = segment.hopLimit === 0 ? DEFAULT_HOP_LIMIT : segment.hopLimit;
  if (isIpv4Words(dst0, dst1, dst2)) {
    const total = IPV4_HEADER_BYTES + length;
    const id = identification & 0xffff;
    writeIpv4Header(view, offset, trafficClass, total, id, hopLimit, protocol, src3, dst3);
    const field = (position >>> 3) | (hasMore ? Ipv4Fragment.moreFragments : 0);
    view.setUint16(offset + Ipv4Field.fragment, field);
    view.setUint16(offset + Ipv4Field.checksum, 0);
    const sum = checksumAdd(view, offset, IPV4_HEADER_BYTES, 0);
    view.setUint16(offset + Ipv4Field.checksum, checksumFold(sum));
    return IPV4_HEADER_BYTES;
  }
  const next = Ipv6Next.fragment;
  const payload = FRAGMENT_HEADER_BYTES + length;
  writeIpv6Header(
    view,
    offset,
    trafficClass,
    flowLabel,
    payload,
    next,
    hopLimit,
    src0,
    src1,
    src2,
    src3,
    dst0,
    dst1,
    dst2,
    dst3,
  );
  const at = offset + IPV6_HEADER_BYTES;
  view.setInt32(at, (protocol << 24) | position | (hasMore ? 1 : 0));
  view.setInt32(at + 4, identification);
  return IPV6_HEADER_BYTES + FRAGMENT_HEADER_BYTES;
}
