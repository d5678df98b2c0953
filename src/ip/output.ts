/**
 * From a {@link Segment} to the headers on the wire, and ICMP echo replies.
 *
 * ```text
 *   offset                          headers returned            payload, in any number of pieces
 *   [virtio-net header]  IP header  TCP header with options  |  ...
 *         10            20 or 40           20 to 60
 * ```
 */
import { isIpv4Words } from "../base/address.ts";
import type { Memory } from "../base/memory.ts";
import { checksumAdd, checksumFold, pseudoHeaderSum4 } from "../wire/checksum.ts";
import { Icmp6Type, IcmpField, IcmpType, writeIcmpChecksum } from "../wire/icmp.ts";
import {
  DEFAULT_HOP_LIMIT,
  IPV4_HEADER_BYTES,
  IPV4_TOTAL_MAX_BYTES,
  Ipv4Field,
  Protocol,
  writeIpv4Header,
} from "../wire/ipv4.ts";
import {
  IPV6_HEADER_BYTES,
  IPV6_PAYLOAD_MAX_BYTES,
  Ipv6Field,
  Ipv6Next,
  pseudoHeaderSum6,
  transportChecksum6,
  writeIpv6Header,
} from "../wire/ipv6.ts";
import { Flag, Segment, turnAround } from "../wire/segment.ts";
import { TcpField, writeTcpHeader } from "../wire/tcp.ts";
import {
  VIRTIO_HEADER_BYTES,
  VirtioGso,
  writeVirtioPartial,
  writeVirtioPlain,
} from "../wire/virtio.ts";

/** Who makes the TCP checksum. */
export const ChecksumMode = {
  /** Nobody: frames that the stack sends to itself. The field is zero. */
  none: 0,
  /** The caller, with {@link finishTcpChecksum} once it knows the payload's sum. */
  full: 1,
  /** The device: a virtio-net header comes first, and the field holds the pseudo-header's sum. */
  virtioPartial: 2,
} as const;

/** One value of {@link ChecksumMode}. */
export type ChecksumMode = (typeof ChecksumMode)[keyof typeof ChecksumMode];

/**
 * Writes all headers of a TCP segment at `offset`, of the family of its addresses, and returns their length
 * in bytes, the virtio-net header of {@link ChecksumMode.virtioPartial} included; `payloadLength` bytes
 * belong behind them.
 *
 * `segment.hopLimit` 0 means 64. In the virtio mode a payload longer than `segment.gsoSize`, unless that is
 * 0, is left to the device to cut. `identification` may be 0, because IPv4 datagrams with DF need none (RFC
 * 6864 section 4.1) and those of IPv6 have none; a device that cuts counts on from it.
 *
 * Throws a `RangeError` when the datagram would be longer than its length field can say.
 */
export function writePacket(
  memory: Memory,
  offset: number,
  segment: Segment,
  payloadLength: number,
  identification: number,
  checksum: ChecksumMode,
): number {
  const view = memory.view;
  const ip = checksum === ChecksumMode.virtioPartial ? offset + VIRTIO_HEADER_BYTES : offset;
  const isIpv4 = isIpv4Words(segment.dst0, segment.dst1, segment.dst2);
  const ipHeaderLength = isIpv4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES;
  const tcp = ip + ipHeaderLength;
  const tcpHeaderLength = writeTcpHeader(view, tcp, segment);
  const tcpLength = tcpHeaderLength + payloadLength;
  if (isIpv4) writeHeader4(view, ip, segment, Protocol.tcp, tcpLength, identification);
  else writeHeader6(view, ip, segment, Protocol.tcp, tcpLength);
  if (checksum === ChecksumMode.virtioPartial) {
    const pseudo = isIpv4
      ? pseudoHeaderSum4(segment.src3, segment.dst3, Protocol.tcp, tcpLength)
      : pseudoHeaderSum6(view, ip, Protocol.tcp, tcpLength);
    view.setUint16(tcp + TcpField.checksum, pseudo);
    writeOffload(view, offset, segment, payloadLength, ipHeaderLength, tcpHeaderLength);
  }
  return ip - offset + ipHeaderLength + tcpHeaderLength;
}

/** An IPv4 header before `length` bytes of `protocol`, from the segment's source to its destination. */
export function writeHeader4(
  view: DataView,
  ip: number,
  segment: Segment,
  protocol: number,
  length: number,
  identification: number,
): void {
  const totalLength = IPV4_HEADER_BYTES + length;
  if (totalLength > IPV4_TOTAL_MAX_BYTES) throw datagramTooLong(totalLength, "IPv4");
  writeIpv4Header(
    view,
    ip,
    segment.trafficClass,
    totalLength,
    identification,
    segment.hopLimit === 0 ? DEFAULT_HOP_LIMIT : segment.hopLimit,
    protocol,
    segment.src3,
    segment.dst3,
  );
}

/** The same for IPv6. */
export function writeHeader6(
  view: DataView,
  ip: number,
  segment: Segment,
  protocol: number,
  length: number,
): void {
  if (length > IPV6_PAYLOAD_MAX_BYTES) throw datagramTooLong(IPV6_HEADER_BYTES + length, "IPv6");
  writeIpv6Header(
    view,
    ip,
    segment.trafficClass,
    segment.flowLabel,
    length,
    protocol,
    segment.hopLimit === 0 ? DEFAULT_HOP_LIMIT : segment.hopLimit,
    segment.src0,
    segment.src1,
    segment.src2,
    segment.src3,
    segment.dst0,
    segment.dst1,
    segment.dst2,
    segment.dst3,
  );
}

/** The virtio-net header of a TCP segment with a partial checksum. */
function writeOffload(
  view: DataView,
  offset: number,
  segment: Segment,
  payloadLength: number,
  ipHeaderLength: number,
  tcpHeaderLength: number,
): void {
  let gsoType: number = VirtioGso.none;
  let gsoSize = 0;
  let headerLength = 0;
  if (segment.gsoSize > 0 && payloadLength > segment.gsoSize) {
    gsoSize = segment.gsoSize;
    gsoType = ipHeaderLength === IPV4_HEADER_BYTES ? VirtioGso.tcp4 : VirtioGso.tcp6;
    if ((segment.flags & Flag.CWR) !== 0) gsoType |= VirtioGso.ecn;
    headerLength = ipHeaderLength + tcpHeaderLength;
  }
  const { checksum } = TcpField;
  writeVirtioPartial(view, offset, gsoType, headerLength, gsoSize, ipHeaderLength, checksum);
}

/**
 * Fills in the TCP checksum of a packet that {@link writePacket} wrote with {@link ChecksumMode.full}.
 * `ipOffset` is where the packet begins, `headerBytes` what `writePacket` returned, and `payloadSum` the
 * running sum of the payload (src/wire/checksum.ts; `checksumAddPiece` for one that lies in pieces), 0 when
 * there is none.
 */
export function finishTcpChecksum(
  view: DataView,
  ipOffset: number,
  headerBytes: number,
  payloadSum: number,
): void {
  const isIpv4 = (view.getUint8(ipOffset) >>> 4) === 4;
  const tcp = ipOffset + (isIpv4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES);
  const tcpLength = isIpv4
    ? view.getUint16(ipOffset + Ipv4Field.totalLength) - IPV4_HEADER_BYTES
    : view.getUint16(ipOffset + Ipv6Field.payloadLength);
  // In both families the addresses stand right before the TCP header, so that one run covers them and the
  // header; what the pseudo-header has besides are two numbers.
  const rest = payloadSum + Protocol.tcp + tcpLength;
  const source = ipOffset + (isIpv4 ? Ipv4Field.source : Ipv6Field.source);
  view.setUint16(tcp + TcpField.checksum, 0);
  const sum = checksumAdd(view, source, ipOffset + headerBytes - source, rest);
  view.setUint16(tcp + TcpField.checksum, checksumFold(sum));
}

/** What an echo reply is written from; nothing keeps it. */
const reply = new Segment();

/**
 * Writes the reply to an ICMP echo request at `offset`, copying the message that `request` (decoded as
 * `InputKind.icmpEcho`) points to in the same memory, and returns the frame's length in bytes. The places
 * may overlap. `virtioHeader` puts a plain virtio-net header first. The traffic class is the request's
 * (RFC 1122 section 3.2.2.6 and RFC 4443 section 4.2 turn around the addresses and copy the data).
 */
export function writeEchoReply(
  memory: Memory,
  offset: number,
  request: Segment,
  virtioHeader: boolean,
): number {
  const view = memory.view;
  const messageLength = request.payloadLength;
  const ip = virtioHeader ? offset + VIRTIO_HEADER_BYTES : offset;
  const isIpv4 = isIpv4Words(request.dst0, request.dst1, request.dst2);
  const icmp = ip + (isIpv4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES);
  turnAround(reply, request);
  reply.trafficClass = request.trafficClass;
  // The message is moved first: the headers may come to lie where it begins.
  memory.copy(icmp, request.payloadOffset, messageLength);
  if (virtioHeader) writeVirtioPlain(view, offset);
  if (isIpv4) {
    writeHeader4(view, ip, reply, Protocol.icmp, messageLength, 0);
    view.setUint8(icmp + IcmpField.type, IcmpType.echoReply);
    writeIcmpChecksum(view, icmp, messageLength);
  } else {
    writeHeader6(view, ip, reply, Ipv6Next.icmp, messageLength);
    view.setUint8(icmp + IcmpField.type, Icmp6Type.echoReply);
    view.setUint16(icmp + IcmpField.checksum, 0);
    const sum = transportChecksum6(view, ip, Ipv6Next.icmp, icmp, messageLength);
    view.setUint16(icmp + IcmpField.checksum, sum);
  }
  return icmp - offset + messageLength;
}

function datagramTooLong(length: number, family: string): RangeError {
  const most = family === "IPv4"
    ? IPV4_TOTAL_MAX_BYTES
    : IPV6_HEADER_BYTES + IPV6_PAYLOAD_MAX_BYTES;
  return new RangeError(
    `Cannot write an ${family} datagram of ${length} bytes: the most is ${most}`,
  );
}
