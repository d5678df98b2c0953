/** ICMP errors and echo requests that this host sends (RFC 792, RFC 4443): how they are written. */
import { isIpv4Words } from "../base/address.ts";
import type { Memory } from "../base/memory.ts";
import {
  Icmp6Type,
  ICMP_HEADER_BYTES,
  IcmpField,
  IcmpType,
  IcmpUnreachableCode,
  writeIcmpChecksum,
} from "../wire/icmp.ts";
import { IPV4_HEADER_BYTES, Protocol } from "../wire/ipv4.ts";
import { IPV6_HEADER_BYTES, IPV6_MTU_MIN, Ipv6Next, transportChecksum6 } from "../wire/ipv6.ts";
import { Segment, turnAround } from "../wire/segment.ts";
import { VIRTIO_HEADER_BYTES, writeVirtioPlain } from "../wire/virtio.ts";
import { writeHeader4, writeHeader6 } from "./output.ts";

/** Most bytes of an error over IPv4 (RFC 1812 section 4.3.2.3), as in Linux. */
const ERROR4_MAX_BYTES = 576;
/** Precedence of errors over IPv4 (RFC 1812 section 4.3.2.5): internetwork control. */
const ERROR_TRAFFIC_CLASS = 0xc0;
/** RFC 4443 section 3.1: nobody listens on the port. */
const PORT_UNREACHABLE6 = 4;
/** RFC 792 and RFC 4443 section 3.3: the fragments of a packet did not all come in time. */
const REASSEMBLY_EXCEEDED = 1;

/** Most bytes of the packet that an error quotes. */
export const ERROR_QUOTE4_MAX_BYTES: number = ERROR4_MAX_BYTES - IPV4_HEADER_BYTES -
  ICMP_HEADER_BYTES;
/** The same over IPv6 (RFC 4443 section 2.4 c). */
export const ERROR_QUOTE6_MAX_BYTES: number = IPV6_MTU_MIN - IPV6_HEADER_BYTES - ICMP_HEADER_BYTES;

/** What a message's header is written from; nothing keeps it. */
const message = new Segment();

/** Says of `packet` that the error due about it is "port unreachable". */
export function setPortUnreachable(packet: Segment): void {
  const isIpv4 = isIpv4Words(packet.dst0, packet.dst1, packet.dst2);
  packet.icmpType = isIpv4 ? IcmpType.destinationUnreachable : Icmp6Type.destinationUnreachable;
  packet.icmpCode = isIpv4 ? IcmpUnreachableCode.port : PORT_UNREACHABLE6;
  packet.icmpMtu = 0;
}

/** Says of `packet` that the error due about it is "time exceeded" in reassembly. */
export function setReassemblyExceeded(packet: Segment): void {
  const isIpv4 = isIpv4Words(packet.dst0, packet.dst1, packet.dst2);
  packet.icmpType = isIpv4 ? IcmpType.timeExceeded : Icmp6Type.timeExceeded;
  packet.icmpCode = REASSEMBLY_EXCEEDED;
  packet.icmpMtu = 0;
}

/**
 * Writes at `offset` the error that is due about `packet`, with its `icmpType` and `icmpCode` as on the wire and
 * `icmpMtu` in the word behind them. The IP packet is the `ipLength` bytes at `ipOffset` of the same memory. Returns
 * the frame's length in bytes. `virtioHeader` puts a plain virtio-net header first.
 */
export function writeIcmpError(
  memory: Memory,
  offset: number,
  packet: Segment,
  ipOffset: number,
  ipLength: number,
  virtioHeader: boolean,
): number {
  const { view } = memory;
  const isIpv4 = isIpv4Words(packet.dst0, packet.dst1, packet.dst2);
  const ip = virtioHeader ? offset + VIRTIO_HEADER_BYTES : offset;
  const icmp = ip + (isIpv4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES);
  const most = isIpv4 ? ERROR_QUOTE4_MAX_BYTES : ERROR_QUOTE6_MAX_BYTES;
  const quoted = Math.min(ipLength, most);
  turnAround(message, packet);
  message.trafficClass = isIpv4 ? ERROR_TRAFFIC_CLASS : 0;
  memory.copy(icmp + IcmpField.quoted, ipOffset, quoted);
  view.setInt32(icmp, (packet.icmpType << 24) | (packet.icmpCode << 16));
  view.setInt32(icmp + 4, packet.icmpMtu);
  if (virtioHeader) writeVirtioPlain(view, offset);
  finishIcmp(view, ip, icmp, ICMP_HEADER_BYTES + quoted, message);
  return icmp + ICMP_HEADER_BYTES + quoted - offset;
}

/** Writes the IP header and the checksum of the ICMP message of `length` bytes that stands at `icmp`. */
export function finishIcmp(
  view: DataView,
  ip: number,
  icmp: number,
  length: number,
  ends: Segment,
): void {
  if (isIpv4Words(ends.dst0, ends.dst1, ends.dst2)) {
    writeHeader4(view, ip, ends, Protocol.icmp, length, 0);
    writeIcmpChecksum(view, icmp, length);
    return;
  }
  writeHeader6(view, ip, ends, Ipv6Next.icmp, length);
  view.setUint16(icmp + IcmpField.checksum, 0);
  const sum = transportChecksum6(view, ip, Ipv6Next.icmp, icmp, length);
  view.setUint16(icmp + IcmpField.checksum, sum);
}

/**
 * Writes an echo request of `size` bytes behind its header at `ip`, a plain packet from the source of `ends` to its
 * destination; `name` are identifier and sequence number. Returns its length in bytes.
 */
export function writeEchoRequest(
  view: DataView,
  ip: number,
  ends: Segment,
  name: number,
  size: number,
): number {
  const isIpv4 = isIpv4Words(ends.dst0, ends.dst1, ends.dst2);
  const icmp = ip + (isIpv4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES);
  view.setInt32(icmp, (isIpv4 ? IcmpType.echoRequest : Icmp6Type.echoRequest) << 24);
  view.setInt32(icmp + IcmpField.echoName, name);
  const data = icmp + ICMP_HEADER_BYTES;
  for (let i = 0; i < size; i++) view.setUint8(data + i, i & 0xff);
  finishIcmp(view, ip, icmp, ICMP_HEADER_BYTES + size, ends);
  return data + size - ip;
}
