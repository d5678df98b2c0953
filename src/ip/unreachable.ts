/**
 * "Destination unreachable" (RFC 792, RFC 4443 section 3.1) in answer to a SYN or a datagram whose frame is gone: it quotes
 * the segment written anew, which is what the peer looks at, and not its own bytes.
 *
 * ```text
 *   [virtio-net]  IP header  ICMP header  IP header and TCP header of the SYN
 * ```
 */
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
import { IPV6_HEADER_BYTES, Ipv6Next, transportChecksum6 } from "../wire/ipv6.ts";
import { Segment, turnAround } from "../wire/segment.ts";
import { UDP_HEADER_BYTES, UdpField } from "../wire/udp.ts";
import { VIRTIO_HEADER_BYTES, writeVirtioPlain } from "../wire/virtio.ts";
import {
  ChecksumMode,
  finishTcpChecksum,
  writeHeader4,
  writeHeader6,
  writePacket,
} from "./output.ts";

/** Precedence of errors over IPv4 (RFC 1812 section 4.3.2.5): internetwork control. */
const ERROR_TRAFFIC_CLASS = 0xc0;

/** Errors that are sent in a second at the most, and at once, as in Linux (RFC 4443 section 2.4 f). */
const ERRORS_PER_SECOND = 1000;
const ERRORS_BURST = 50;

/** The codes of ICMPv6 for those of ICMP that a flow can be rejected with. */
function code6Of(code: number): number {
  switch (code) {
    case IcmpUnreachableCode.network:
      return 0;
    case IcmpUnreachableCode.port:
      return 4;
    case IcmpUnreachableCode.host:
      return 3;
    default:
      return 1; // Administratively prohibited.
  }
}

/** How many errors may still be sent: a bucket that fills with time. */
export class UnreachableBudget {
  #tokens = ERRORS_BURST;
  #filledAtUs = 0;

  /** Whether one more may be sent now; if so, it counts. */
  take(nowUs: number): boolean {
    const gained = ((nowUs - this.#filledAtUs) / 1e6) * ERRORS_PER_SECOND;
    this.#tokens = Math.min(ERRORS_BURST, this.#tokens + gained);
    this.#filledAtUs = nowUs;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}

/** What an error's header is written from; nothing keeps it. */
const error = new Segment();

/**
 * Writes the error with this code (of ICMP, in both families) at `offset` and returns the frame's length in
 * bytes, the virtio-net header included when `virtioHeader` asks for one.
 */
export function writeUnreachable(
  memory: Memory,
  offset: number,
  syn: Segment,
  code: number,
  virtioHeader: boolean,
): number {
  const { view } = memory;
  const isIpv4 = isIpv4Words(syn.dst0, syn.dst1, syn.dst2);
  const ip = virtioHeader ? offset + VIRTIO_HEADER_BYTES : offset;
  const icmp = ip + (isIpv4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES);
  const quoted = icmp + IcmpField.quoted;
  const quotedBytes = syn.flags === 0
    ? writeDatagramHeaders(view, quoted, syn, isIpv4)
    : writePacket(memory, quoted, syn, 0, 0, ChecksumMode.full);
  if (syn.flags !== 0) finishTcpChecksum(view, quoted, quotedBytes, 0);
  const length = ICMP_HEADER_BYTES + quotedBytes;
  turnAround(error, syn);
  error.trafficClass = isIpv4 ? ERROR_TRAFFIC_CLASS : 0;
  if (virtioHeader) writeVirtioPlain(view, offset);
  view.setInt32(icmp, 0);
  view.setInt32(icmp + 4, 0);
  if (isIpv4) {
    writeHeader4(view, ip, error, Protocol.icmp, length, 0);
    view.setUint8(icmp + IcmpField.type, IcmpType.destinationUnreachable);
    view.setUint8(icmp + IcmpField.code, code);
    writeIcmpChecksum(view, icmp, length);
  } else {
    writeHeader6(view, ip, error, Ipv6Next.icmp, length);
    view.setUint8(icmp + IcmpField.type, Icmp6Type.destinationUnreachable);
    view.setUint8(icmp + IcmpField.code, code6Of(code));
    const sum = transportChecksum6(view, ip, Ipv6Next.icmp, icmp, length);
    view.setUint16(icmp + IcmpField.checksum, sum);
  }
  return icmp + length - offset;
}

/** An empty datagram between the ends of `segment`: what of it is quoted is what sockets are found by. */
function writeDatagramHeaders(
  view: DataView,
  at: number,
  segment: Segment,
  isIpv4: boolean,
): number {
  const udp = at + (isIpv4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES);
  if (isIpv4) writeHeader4(view, at, segment, Protocol.udp, UDP_HEADER_BYTES, 0);
  else writeHeader6(view, at, segment, Protocol.udp, UDP_HEADER_BYTES);
  view.setUint16(udp + UdpField.sourcePort, segment.srcPort);
  view.setUint16(udp + UdpField.destinationPort, segment.dstPort);
  view.setUint16(udp + UdpField.length, UDP_HEADER_BYTES);
  view.setUint16(udp + UdpField.checksum, 0);
  return udp - at + UDP_HEADER_BYTES;
}
