/**
 * From a datagram, told as a {@link Segment}, to the headers on the wire.
 *
 * ```text
 *   offset                          returned       payload, in any number of pieces
 *   [virtio-net header]  IP header  UDP header  |  ...
 *         10            20 or 40        8
 * ```
 */
import { isIpv4Words } from "../base/address.ts";
import type { Memory } from "../base/memory.ts";
import { checksumFold } from "../wire/checksum.ts";
import { IPV4_HEADER_BYTES, Protocol } from "../wire/ipv4.ts";
import { IPV6_HEADER_BYTES } from "../wire/ipv6.ts";
import type { Segment } from "../wire/segment.ts";
import {
  UDP_HEADER_BYTES,
  udpChecksum,
  UdpField,
  udpPseudoSum,
  writeUdpHeader,
} from "../wire/udp.ts";
import { VIRTIO_HEADER_BYTES, VirtioGso, writeVirtioPartial } from "../wire/virtio.ts";
import { ChecksumMode, writeHeader4, writeHeader6 } from "./output.ts";

/** Bytes of an IP packet that holds the whole datagram. */
export function udpPacketBytes(datagram: Segment): number {
  const isIpv4 = isIpv4Words(datagram.dst0, datagram.dst1, datagram.dst2);
  const header = isIpv4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES;
  return header + UDP_HEADER_BYTES + datagram.payloadLength;
}

/**
 * Writes all headers of a datagram at `offset`, of the family of its addresses, and returns their length in
 * bytes; `payloadLength` bytes belong behind them. `payloadSum` is the running sum of those (src/wire/checksum.ts),
 * of which only {@link ChecksumMode.full} takes notice.
 *
 * Throws a `RangeError` when the packet would be longer than its length field can say.
 */
export function writeUdpPacket(
  memory: Memory,
  offset: number,
  datagram: Segment,
  checksum: ChecksumMode,
  payloadSum: number,
): number {
  const { view } = memory;
  const isPartial = checksum === ChecksumMode.virtioPartial;
  const ip = isPartial ? offset + VIRTIO_HEADER_BYTES : offset;
  const isIpv4 = isIpv4Words(datagram.dst0, datagram.dst1, datagram.dst2);
  const ipHeaderLength = isIpv4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES;
  const udp = ip + ipHeaderLength;
  const length = UDP_HEADER_BYTES + datagram.payloadLength;
  if (isIpv4) writeHeader4(view, ip, datagram, Protocol.udp, length, 0);
  else writeHeader6(view, ip, datagram, Protocol.udp, length);
  let field = 0;
  if (isPartial) {
    field = ~checksumFold(udpPseudoSum(datagram, length)) & 0xffff;
    writeVirtioPartial(view, offset, VirtioGso.none, 0, 0, ipHeaderLength, UdpField.checksum);
  } else if (checksum === ChecksumMode.full) {
    field = udpChecksum(datagram, payloadSum);
  }
  writeUdpHeader(view, udp, datagram.srcPort, datagram.dstPort, datagram.payloadLength, field);
  return udp + UDP_HEADER_BYTES - offset;
}
