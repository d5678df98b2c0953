/**
 * From a {@link Segment} to the headers on the wire, and ICMP echo replies.
 *
 * ```text
 *   offset                          headers returned            payload, in any number of pieces
 *   [virtio-net header]  IP header  TCP header with options  |  ...
 *         10                20             20 to 60
 * ```
 */
import type { Memory } from "../base/memory.ts";
import { checksumAdd, checksumFold, pseudoHeaderSum4 } from "../wire/checksum.ts";
import { IcmpField, IcmpType, writeIcmpChecksum } from "../wire/icmp.ts";
import {
  DEFAULT_HOP_LIMIT,
  IPV4_HEADER_BYTES,
  IPV4_TOTAL_MAX_BYTES,
  Ipv4Field,
  Protocol,
  writeIpv4Header,
} from "../wire/ipv4.ts";
import { Flag, type Segment } from "../wire/segment.ts";
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
 * Writes all headers of an IPv4 TCP segment at `offset` and returns their length in bytes, the virtio-net
 * header of {@link ChecksumMode.virtioPartial} included; `payloadLength` bytes belong behind them.
 *
 * `segment.hopLimit` 0 means 64. In the virtio mode a payload longer than `segment.gsoSize`, unless that is
 * 0, is left to the device to cut. `identification` may be 0, because datagrams with DF need none (RFC 6864
 * section 4.1); a device that cuts counts on from it.
 *
 * Throws a `RangeError` when the datagram would be longer than 65535 bytes.
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
  const tcp = ip + IPV4_HEADER_BYTES;
  const headerLength = IPV4_HEADER_BYTES + writeTcpHeader(view, tcp, segment);
  const totalLength = headerLength + payloadLength;
  if (totalLength > IPV4_TOTAL_MAX_BYTES) throw datagramTooLong(totalLength);
  writeIpv4Header(
    view,
    ip,
    segment.trafficClass,
    totalLength,
    identification,
    segment.hopLimit === 0 ? DEFAULT_HOP_LIMIT : segment.hopLimit,
    Protocol.tcp,
    segment.src3,
    segment.dst3,
  );
  if (checksum === ChecksumMode.virtioPartial) {
    const tcpLength = totalLength - IPV4_HEADER_BYTES;
    const pseudo = pseudoHeaderSum4(segment.src3, segment.dst3, Protocol.tcp, tcpLength);
    view.setUint16(tcp + TcpField.checksum, pseudo);
    writeOffload(view, offset, segment, payloadLength, headerLength);
  }
  return ip - offset + headerLength;
}

/** The virtio-net header of a TCP segment with a partial checksum. */
function writeOffload(
  view: DataView,
  offset: number,
  segment: Segment,
  payloadLength: number,
  headerLength: number,
): void {
  let gsoType: number = VirtioGso.none;
  let gsoSize = 0;
  if (segment.gsoSize > 0 && payloadLength > segment.gsoSize) {
    gsoSize = segment.gsoSize;
    gsoType = (segment.flags & Flag.CWR) !== 0 ? VirtioGso.tcp4 | VirtioGso.ecn : VirtioGso.tcp4;
  }
  writeVirtioPartial(
    view,
    offset,
    gsoType,
    gsoType === VirtioGso.none ? 0 : headerLength,
    gsoSize,
    IPV4_HEADER_BYTES,
    TcpField.checksum,
  );
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
  const tcp = ipOffset + IPV4_HEADER_BYTES;
  const tcpLength = view.getUint16(ipOffset + Ipv4Field.totalLength) - IPV4_HEADER_BYTES;
  // The addresses stand right before the TCP header, so that one run covers them and the header; what
  // the pseudo-header has besides are two numbers.
  const rest = payloadSum + Protocol.tcp + tcpLength;
  const source = ipOffset + Ipv4Field.source;
  view.setUint16(tcp + TcpField.checksum, 0);
  const sum = checksumAdd(view, source, ipOffset + headerBytes - source, rest);
  view.setUint16(tcp + TcpField.checksum, checksumFold(sum));
}

/**
 * Writes the reply to an ICMP echo request at `offset`, copying the message that `request` (decoded as
 * `InputKind.icmpEcho`) points to in the same memory, and returns the frame's length in bytes. The places
 * may overlap. `virtioHeader` puts a plain virtio-net header first. The traffic class is the request's
 * (RFC 1122 section 3.2.2.6 turns around the addresses and copies the data).
 */
export function writeEchoReply(
  memory: Memory,
  offset: number,
  request: Segment,
  virtioHeader: boolean,
): number {
  const view = memory.view;
  const messageLength = request.payloadLength;
  const totalLength = IPV4_HEADER_BYTES + messageLength;
  if (totalLength > IPV4_TOTAL_MAX_BYTES) throw datagramTooLong(totalLength);
  const ip = virtioHeader ? offset + VIRTIO_HEADER_BYTES : offset;
  const icmp = ip + IPV4_HEADER_BYTES;
  memory.copy(icmp, request.payloadOffset, messageLength);
  if (virtioHeader) writeVirtioPlain(view, offset);
  writeIpv4Header(
    view,
    ip,
    request.trafficClass,
    totalLength,
    0,
    DEFAULT_HOP_LIMIT,
    Protocol.icmp,
    request.dst3,
    request.src3,
  );
  view.setUint8(icmp + IcmpField.type, IcmpType.echoReply);
  writeIcmpChecksum(view, icmp, messageLength);
  return icmp - offset + messageLength;
}

function datagramTooLong(totalLength: number): RangeError {
  return new RangeError(
    `Cannot write an IPv4 datagram of ${totalLength} bytes: the most is ${IPV4_TOTAL_MAX_BYTES}`,
  );
}
