/**
 * Frames of captures as segments, for people to look at. Unlike the stack's own input this one forgives: a capture may cut
 * packets short, hold checksums that an offload would have finished, and belong to any host.
 */

import {
  IPV4_HEADER_BYTES,
  Ipv4Field,
  Ipv4Fragment,
  Protocol,
  readIpv4HeaderLength,
} from "../wire/ipv4.ts";
import {
  findTransport,
  FLOW_LABEL_MASK,
  IPV6_HEADER_BYTES,
  Ipv6Field,
  readTrafficClass,
  TransportPlace,
} from "../wire/ipv6.ts";
import { Drop } from "../base/drops.ts";
import { IPV4_MAPPED_W2 } from "../base/address.ts";
import type { Segment } from "../wire/segment.ts";
import {
  readTcpHeaderLength,
  readTcpOptions,
  TCP_FLAGS_MASK,
  TCP_HEADER_BYTES,
  TcpField,
} from "../wire/tcp.ts";

/** What a frame of a capture is. */
export const Decoded = {
  /** The segment holds a TCP header; its payload may be cut. */
  tcp: 0,
  /** Another protocol, or a fragment that has no header. */
  other: 1,
  /** No packet: a header is cut or impossible. */
  broken: 2,
} as const;

/** One value of {@link Decoded}. */
export type Decoded = (typeof Decoded)[keyof typeof Decoded];

/** Bytes before the IP header by link type (the LINKTYPE registry); Ethernet is looked at more closely. */
const LINK_HEADER_BYTES: Readonly<Record<number, number>> = {
  0: 4, // NULL: the address family
  12: 0, // RAW on some systems
  14: 0, // RAW on OpenBSD
  101: 0, // RAW
  108: 4, // LOOP
  113: 16, // LINUX_SLL
  228: 0, // IPV4
  229: 0, // IPV6
  276: 20, // LINUX_SLL2
};

const LINK_ETHERNET = 1;
const ETHERNET_BYTES = 14;
const VLAN_TYPES: readonly number[] = [0x8100, 0x88a8];
const VLAN_BYTES = 4;
const VLAN_TAGS_MAX = 2;

/** Bytes before the IP header of a frame, or -1 for a link type that is not known. */
export function linkHeaderLength(linkType: number, bytes: Uint8Array): number {
  if (linkType !== LINK_ETHERNET) return LINK_HEADER_BYTES[linkType] ?? -1;
  let length = ETHERNET_BYTES;
  for (let tags = 0; tags < VLAN_TAGS_MAX && length <= bytes.length; tags++) {
    const type = (bytes[length - 2] << 8) | bytes[length - 1];
    if (!VLAN_TYPES.includes(type)) break;
    length += VLAN_BYTES;
  }
  return length;
}

/**
 * Decodes the IP packet that is in `bytes`. `payloadLength` of the segment is what the packet had on the wire, of which a
 * capture may hold less; `payloadOffset` counts from the packet's beginning.
 */
export function decodePacket(bytes: Uint8Array, segment: Segment): Decoded {
  if (bytes.length < 1) return Decoded.broken;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  segment.slot = -1;
  segment.gsoSize = 0;
  segment.frameOffset = 0;
  segment.frameLength = bytes.length;
  switch (bytes[0] >> 4) {
    case 4:
      return decodeIpv4(view, segment);
    case 6:
      return decodeIpv6(view, segment);
    default:
      return Decoded.broken;
  }
}

function decodeIpv4(view: DataView, segment: Segment): Decoded {
  if (view.byteLength < IPV4_HEADER_BYTES) return Decoded.broken;
  const headerLength = readIpv4HeaderLength(view, 0);
  if (headerLength < IPV4_HEADER_BYTES) return Decoded.broken;
  const isLaterFragment = (view.getUint16(Ipv4Field.fragment) & Ipv4Fragment.offsetMask) !== 0;
  if (isLaterFragment || view.getUint8(Ipv4Field.protocol) !== Protocol.tcp) return Decoded.other;
  segment.src0 =
    segment.src1 =
    segment.dst0 =
    segment.dst1 =
      0;
  segment.src2 = segment.dst2 = IPV4_MAPPED_W2;
  segment.src3 = view.getInt32(Ipv4Field.source);
  segment.dst3 = view.getInt32(Ipv4Field.destination);
  segment.trafficClass = view.getUint8(Ipv4Field.trafficClass);
  segment.hopLimit = view.getUint8(Ipv4Field.hopLimit);
  segment.flowLabel = 0;
  // Offload at the sender of a capture leaves the length 0 in packets that were too long for it.
  const total = view.getUint16(Ipv4Field.totalLength) || view.byteLength;
  return decodeTcp(view, headerLength, total, segment);
}

function decodeIpv6(view: DataView, segment: Segment): Decoded {
  if (view.byteLength < IPV6_HEADER_BYTES) return Decoded.broken;
  const place = new TransportPlace();
  findTransport(view, 0, view.byteLength, place);
  if (place.reason !== Drop.none || place.protocol !== Protocol.tcp) return Decoded.other;
  segment.src0 = view.getInt32(Ipv6Field.source);
  segment.src1 = view.getInt32(Ipv6Field.source + 4);
  segment.src2 = view.getInt32(Ipv6Field.source + 8);
  segment.src3 = view.getInt32(Ipv6Field.source + 12);
  segment.dst0 = view.getInt32(Ipv6Field.destination);
  segment.dst1 = view.getInt32(Ipv6Field.destination + 4);
  segment.dst2 = view.getInt32(Ipv6Field.destination + 8);
  segment.dst3 = view.getInt32(Ipv6Field.destination + 12);
  segment.trafficClass = readTrafficClass(view, 0);
  segment.hopLimit = view.getUint8(Ipv6Field.hopLimit);
  segment.flowLabel = view.getInt32(0) & FLOW_LABEL_MASK;
  const payload = view.getUint16(Ipv6Field.payloadLength);
  const total = payload === 0 ? view.byteLength : IPV6_HEADER_BYTES + payload;
  return decodeTcp(view, place.offset, total, segment);
}

function decodeTcp(view: DataView, at: number, total: number, segment: Segment): Decoded {
  if (at + TCP_HEADER_BYTES > view.byteLength) return Decoded.broken;
  const headerLength = readTcpHeaderLength(view, at);
  if (headerLength < TCP_HEADER_BYTES || at + headerLength > total) return Decoded.broken;
  segment.srcPort = view.getUint16(at + TcpField.sourcePort);
  segment.dstPort = view.getUint16(at + TcpField.destinationPort);
  segment.seq = view.getInt32(at + TcpField.sequence);
  segment.ack = view.getInt32(at + TcpField.acknowledgment);
  segment.flags = view.getUint16(at + TcpField.dataOffsetFlags) & TCP_FLAGS_MASK;
  segment.window = view.getUint16(at + TcpField.window);
  segment.urgent = view.getUint16(at + TcpField.urgent);
  segment.payloadOffset = at + headerLength;
  segment.payloadLength = total - at - headerLength;
  // Of options that are cut or impossible those before are shown.
  readTcpOptions(
    view,
    at + TCP_HEADER_BYTES,
    Math.min(at + headerLength, view.byteLength),
    segment,
  );
  return Decoded.tcp;
}
