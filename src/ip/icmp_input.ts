/**
 * ICMP messages of both families as the rest of the stack sees them: echo requests, and errors about
 * segments of its own. An ICMPv6 error is told in the terms of ICMP, type and code that mean the same, so
 * that TCP has one kind of error to understand. What is none of these is not used.
 */
import { IPV4_MAPPED_W2 } from "../base/address.ts";
import { Drop } from "../base/drops.ts";
import {
  ICMP6_MTU_FIELD,
  Icmp6Type,
  ICMP_HEADER_BYTES,
  ICMP_QUOTED_BYTES,
  IcmpField,
  IcmpType,
  IcmpUnreachableCode,
  unreachableCodeOf6,
} from "../wire/icmp.ts";
import {
  IPV4_HEADER_BYTES,
  Ipv4Field,
  Ipv4Fragment,
  Protocol,
  readIpv4HeaderLength,
} from "../wire/ipv4.ts";
import {
  findTransport,
  IPV6_HEADER_BYTES,
  IPV6_MTU_MIN,
  Ipv6Field,
  Ipv6Next,
  NO_FRAGMENT,
  readFragmentPosition,
  TransportPlace,
} from "../wire/ipv6.ts";
import type { Segment } from "../wire/segment.ts";
import { clearTcpOptions, TcpField } from "../wire/tcp.ts";
import { InputKind } from "./input_kind.ts";
import type { OwnAddresses } from "./own_addresses.ts";

/** The place of the quoted segment; filled and read within one call. */
const quotedPlace = new TransportPlace();

/** Reads an ICMP message of `length` bytes at `at` whose checksum is right. */
export function readIcmp4(
  view: DataView,
  at: number,
  length: number,
  segment: Segment,
  own: OwnAddresses,
): InputKind {
  if (length < ICMP_HEADER_BYTES) return InputKind.dropped;
  const type = view.getUint8(at + IcmpField.type);
  const code = view.getUint8(at + IcmpField.code);
  beginMessage(segment, at, type, code);
  switch (type) {
    case IcmpType.echoRequest:
      segment.payloadLength = length;
      return InputKind.icmpEcho;
    case IcmpType.echoReply:
      return readEchoReply(view, at, length, segment);
    case IcmpType.destinationUnreachable:
      if (code === IcmpUnreachableCode.fragmentationNeeded) {
        segment.icmpMtu = view.getUint16(at + IcmpField.mtu);
      }
      return readQuoted4(view, at, length, segment, own);
    case IcmpType.timeExceeded:
    case IcmpType.parameterProblem:
      return readQuoted4(view, at, length, segment, own);
    default:
      // Source quench (RFC 6633) and redirects are not used, nor requests of other kinds.
      return InputKind.dropped;
  }
}

/** Reads an ICMPv6 message of `length` bytes at `at` whose checksum is right. */
export function readIcmp6(
  view: DataView,
  at: number,
  length: number,
  segment: Segment,
  own: OwnAddresses,
): InputKind {
  if (length < ICMP_HEADER_BYTES) return InputKind.dropped;
  const code = view.getUint8(at + IcmpField.code);
  switch (view.getUint8(at + IcmpField.type)) {
    case Icmp6Type.echoRequest:
      beginMessage(segment, at, IcmpType.echoRequest, code);
      segment.payloadLength = length;
      return InputKind.icmpEcho;
    case Icmp6Type.echoReply:
      beginMessage(segment, at, IcmpType.echoReply, code);
      return readEchoReply(view, at, length, segment);
    case Icmp6Type.destinationUnreachable:
      beginMessage(segment, at, IcmpType.destinationUnreachable, unreachableCodeOf6(code));
      return readQuoted6(view, at, length, segment, own);
    case Icmp6Type.packetTooBig: {
      const { fragmentationNeeded } = IcmpUnreachableCode;
      beginMessage(segment, at, IcmpType.destinationUnreachable, fragmentationNeeded);
      const mtu = view.getUint32(at + ICMP6_MTU_FIELD);
      // RFC 8201 section 4: no link that carries IPv6 has less, so it cannot be true.
      if (mtu < IPV6_MTU_MIN) return InputKind.dropped;
      // Nor does the stack send longer packets than that: the rest of the field says nothing.
      segment.icmpMtu = Math.min(mtu, 0xffff);
      return readQuoted6(view, at, length, segment, own);
    }
    case Icmp6Type.timeExceeded:
      beginMessage(segment, at, IcmpType.timeExceeded, code);
      return readQuoted6(view, at, length, segment, own);
    case Icmp6Type.parameterProblem:
      beginMessage(segment, at, IcmpType.parameterProblem, code);
      return readQuoted6(view, at, length, segment, own);
    default:
      // There are no neighbours on a device without addresses.
      return InputKind.dropped;
  }
}

function readEchoReply(view: DataView, at: number, length: number, segment: Segment): InputKind {
  segment.payloadLength = length;
  segment.seq = view.getInt32(at + IcmpField.echoName);
  return InputKind.icmpEchoReply;
}

/** Sets what a segment that is none says about TCP, nothing, and what it says about ICMP. */
export function beginMessage(segment: Segment, at: number, type: number, code: number): void {
  segment.srcPort = 0;
  segment.dstPort = 0;
  segment.seq = 0;
  segment.ack = 0;
  segment.flags = 0;
  segment.window = 0;
  segment.urgent = 0;
  segment.gsoSize = 0;
  clearTcpOptions(segment);
  segment.payloadOffset = at;
  segment.payloadLength = 0;
  segment.icmpType = type;
  segment.icmpCode = code;
  segment.icmpMtu = 0;
}

/**
 * Reads the beginning of the datagram that an error quotes (RFC 792: the IP header and 8 bytes). Its
 * length and checksum are not looked at: routers on the way may have changed the header.
 */
function readQuoted4(
  view: DataView,
  icmp: number,
  length: number,
  segment: Segment,
  own: OwnAddresses,
): InputKind {
  const at = icmp + IcmpField.quoted;
  const size = length - IcmpField.quoted;
  if (size < IPV4_HEADER_BYTES || (view.getUint8(at) >>> 4) !== 4) return InputKind.dropped;
  const headerLength = readIpv4HeaderLength(view, at);
  if (headerLength < IPV4_HEADER_BYTES || headerLength + ICMP_QUOTED_BYTES > size) {
    return InputKind.dropped;
  }
  const fragment = view.getUint16(at + Ipv4Field.fragment);
  const source = view.getInt32(at + Ipv4Field.source);
  const isSender = segment.foreign ? source === segment.dst3 : own.has4(source);
  if ((fragment & Ipv4Fragment.offsetMask) !== 0 || !isSender) return InputKind.dropped;
  setIpv4Addresses(segment, source, view.getInt32(at + Ipv4Field.destination));
  return readQuotedTransport(
    view,
    at + headerLength,
    view.getUint8(at + Ipv4Field.protocol),
    segment,
  );
}

/** The same for IPv6, where an error quotes as much as fits (RFC 4443 section 2.4 c). */
function readQuoted6(
  view: DataView,
  icmp: number,
  length: number,
  segment: Segment,
  own: OwnAddresses,
): InputKind {
  const at = icmp + IcmpField.quoted;
  const end = icmp + length;
  if (end - at < IPV6_HEADER_BYTES || (view.getUint8(at) >>> 4) !== 6) return InputKind.dropped;
  findTransport(view, at, end, quotedPlace);
  if (quotedPlace.reason !== Drop.none) return InputKind.dropped;
  const { fragment } = quotedPlace;
  // Only the first fragment of a packet says whose it is.
  if (fragment !== NO_FRAGMENT && readFragmentPosition(view, fragment) !== 0) {
    return InputKind.dropped;
  }
  if (quotedPlace.offset + ICMP_QUOTED_BYTES > end) return InputKind.dropped;
  // An error about what was sent from a foreign address comes to that address.
  const { dst0, dst1, dst2, dst3 } = segment;
  setIpv6Addresses(segment, view, at);
  const { src0, src1, src2, src3 } = segment;
  const isSender = segment.foreign
    ? src3 === dst3 && src2 === dst2 && src1 === dst1 && src0 === dst0
    : own.has6(src0, src1, src2, src3);
  if (!isSender) return InputKind.dropped;
  return readQuotedTransport(view, quotedPlace.offset, quotedPlace.protocol, segment);
}

/** Reads the ports, which stand at the same place in both protocols, and the sequence number of TCP. */
function readQuotedTransport(
  view: DataView,
  at: number,
  protocol: number,
  segment: Segment,
): InputKind {
  if (protocol === Protocol.icmp || protocol === Ipv6Next.icmp) {
    return readQuotedEcho(view, at, protocol, segment);
  }
  if (protocol !== Protocol.tcp && protocol !== Protocol.udp) return InputKind.dropped;
  segment.srcPort = view.getUint16(at + TcpField.sourcePort);
  segment.dstPort = view.getUint16(at + TcpField.destinationPort);
  if (protocol === Protocol.udp) return InputKind.udpError;
  segment.seq = view.getInt32(at + TcpField.sequence);
  return InputKind.icmpError;
}

/** Of ICMP only echo requests are sent by this stack in the hope of an answer. */
function readQuotedEcho(
  view: DataView,
  at: number,
  protocol: number,
  segment: Segment,
): InputKind {
  const request = protocol === Protocol.icmp ? IcmpType.echoRequest : Icmp6Type.echoRequest;
  if (view.getUint8(at) !== request) return InputKind.dropped;
  segment.seq = view.getInt32(at + IcmpField.echoName);
  return InputKind.pingError;
}

/** Sets both addresses from their 32 bits. */
export function setIpv4Addresses(segment: Segment, source: number, destination: number): void {
  segment.src0 = 0;
  segment.src1 = 0;
  segment.src2 = IPV4_MAPPED_W2;
  segment.src3 = source;
  segment.dst0 = 0;
  segment.dst1 = 0;
  segment.dst2 = IPV4_MAPPED_W2;
  segment.dst3 = destination;
}

/** Sets both addresses from the IPv6 header at `at`. */
export function setIpv6Addresses(segment: Segment, view: DataView, at: number): void {
  segment.src0 = view.getInt32(at + Ipv6Field.source);
  segment.src1 = view.getInt32(at + Ipv6Field.source + 4);
  segment.src2 = view.getInt32(at + Ipv6Field.source + 8);
  segment.src3 = view.getInt32(at + Ipv6Field.source + 12);
  segment.dst0 = view.getInt32(at + Ipv6Field.destination);
  segment.dst1 = view.getInt32(at + Ipv6Field.destination + 4);
  segment.dst2 = view.getInt32(at + Ipv6Field.destination + 8);
  segment.dst3 = view.getInt32(at + Ipv6Field.destination + 12);
}
