/**
 * The UDP header (RFC 768).
 *
 * ```text
 *   byte  0            2                 4       6         8
 *         source port  destination port  length  checksum  payload
 * ```
 */
import { isIpv4Words } from "../base/address.ts";
import { checksumFold, pseudoHeaderSum4 } from "./checksum.ts";
import { Protocol } from "./ipv4.ts";
import type { Segment } from "./segment.ts";

/** Bytes of the header. */
export const UDP_HEADER_BYTES = 8;

/** The most payload of one datagram over IPv4: 65,535 bytes less both headers. */
export const UDP_PAYLOAD4_MAX_BYTES = 65_507;

/** The same over IPv6, whose length field does not count its own header. */
export const UDP_PAYLOAD6_MAX_BYTES = 65_527;

/** Offsets of the fields, in bytes. */
export const UdpField = {
  sourcePort: 0,
  destinationPort: 2,
  length: 4,
  checksum: 6,
} as const;

/** Writes a header before `payloadLength` bytes. */
export function writeUdpHeader(
  view: DataView,
  offset: number,
  sourcePort: number,
  destinationPort: number,
  payloadLength: number,
  checksum: number,
): void {
  view.setInt32(offset, (sourcePort << 16) | destinationPort);
  view.setInt32(offset + 4, ((UDP_HEADER_BYTES + payloadLength) << 16) | checksum);
}

/** The running sum of the pseudo-header (RFC 768, RFC 8200 section 8.1) for `length` bytes of header and payload. */
export function udpPseudoSum(datagram: Segment, length: number): number {
  const { src0, src1, src2, src3, dst0, dst1, dst2, dst3 } = datagram;
  const last = pseudoHeaderSum4(src3, dst3, Protocol.udp, length);
  if (isIpv4Words(dst0, dst1, dst2)) return last;
  const first = pseudoHeaderSum4(src0, dst0, 0, 0) + pseudoHeaderSum4(src1, dst1, 0, 0);
  const sum = last + first + pseudoHeaderSum4(src2, dst2, 0, 0);
  return (sum & 0xffff) + (sum >>> 16);
}

/**
 * The checksum field of a datagram whose payload has the running sum `payloadSum`. A sum of zero is sent as
 * all ones, because zero means that there is none (RFC 768).
 */
export function udpChecksum(datagram: Segment, payloadSum: number): number {
  const length = UDP_HEADER_BYTES + datagram.payloadLength;
  const header = datagram.srcPort + datagram.dstPort + length;
  return checksumFold(udpPseudoSum(datagram, length) + header + payloadSum) || 0xffff;
}
