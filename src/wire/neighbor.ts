/**
 * Neighbor solicitation and advertisement (RFC 4861 sections 4.3, 4.4): how IPv6 asks for the link-layer address of a
 * host on the link.
 *
 * ```text
 *   byte  0     1     2         4                 8               24
 *         type  code  checksum  flags (R, S, O)   target address  options: type 1, length in units of 8, value
 * ```
 */

import {
  IPV6_HEADER_BYTES,
  Ipv6Field,
  Ipv6Next,
  transportChecksum6,
  writeIpv6Header,
} from "./ipv6.ts";
import { MAC_BYTES } from "./ethernet.ts";

/** ICMPv6 types. */
export const NeighborType = { solicitation: 135, advertisement: 136 } as const;

/** Offsets of the fields. */
export const NeighborField = {
  type: 0,
  code: 1,
  checksum: 2,
  flags: 4,
  target: 8,
  options: 24,
} as const;

/** Flags of an advertisement. */
export const NeighborFlag = {
  router: 0x8000_0000,
  solicited: 0x4000_0000,
  override: 0x2000_0000,
} as const;

/** Option types: the sender's own link-layer address, and that of the target. */
export const NeighborOption = { source: 1, target: 2 } as const;

/** RFC 4861 section 7.1: a packet with less has passed a router, so it is not from the link. */
export const NEIGHBOR_HOP_LIMIT = 255;

/** Bytes of a message with one link-layer address of Ethernet. */
const MESSAGE_BYTES = NeighborField.options + 2 + MAC_BYTES;

/** Bytes of a packet with such a message. */
export const NEIGHBOR_PACKET_BYTES: number = IPV6_HEADER_BYTES + MESSAGE_BYTES;

/** Whether the IPv6 packet of `length` bytes at `offset` is a valid message of one of the two kinds. */
export function isNeighborMessage(view: DataView, offset: number, length: number): boolean {
  const message = offset + IPV6_HEADER_BYTES;
  const size = view.getUint16(offset + Ipv6Field.payloadLength);
  if (view.getUint8(offset + Ipv6Field.nextHeader) !== Ipv6Next.icmp) return false;
  if (size < NeighborField.options || IPV6_HEADER_BYTES + size > length) return false;
  const type = view.getUint8(message + NeighborField.type);
  if (type !== NeighborType.solicitation && type !== NeighborType.advertisement) return false;
  return view.getUint8(offset + Ipv6Field.hopLimit) === NEIGHBOR_HOP_LIMIT &&
    view.getUint8(message + NeighborField.code) === 0 &&
    transportChecksum6(view, offset, Ipv6Next.icmp, message, size) === 0;
}

/**
 * Where the link-layer address of an option begins, or -1: `option` is one of {@link NeighborOption}. An option whose
 * length is impossible ends the search.
 */
export function findLinkAddress(view: DataView, offset: number, option: number): number {
  const message = offset + IPV6_HEADER_BYTES;
  const end = message + view.getUint16(offset + Ipv6Field.payloadLength);
  for (let at = message + NeighborField.options; at + 2 + MAC_BYTES <= end;) {
    const length = 8 * view.getUint8(at + 1);
    if (length === 0) return -1;
    if (view.getUint8(at) === option) return at + 2;
    at += length;
  }
  return -1;
}

/** An address as four words. */
export type Words = readonly [number, number, number, number];

/** Writes a whole IPv6 packet with a message that carries the sender's MAC address. */
export function writeNeighborMessage(
  bytes: Uint8Array,
  type: number,
  flags: number,
  source: Words,
  destination: Words,
  target: Words,
  mac: Uint8Array,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const next = Ipv6Next.icmp;
  writeIpv6Header(
    view,
    0,
    0,
    0,
    MESSAGE_BYTES,
    next,
    NEIGHBOR_HOP_LIMIT,
    ...source,
    ...destination,
  );
  const at = IPV6_HEADER_BYTES;
  view.setUint16(at, type << 8);
  view.setUint16(at + NeighborField.checksum, 0);
  view.setInt32(at + NeighborField.flags, flags);
  target.forEach((word, index) => view.setInt32(at + NeighborField.target + 4 * index, word));
  const isSolicitation = type === NeighborType.solicitation;
  view.setUint8(
    at + NeighborField.options,
    isSolicitation ? NeighborOption.source : NeighborOption.target,
  );
  view.setUint8(at + NeighborField.options + 1, 1);
  bytes.set(mac, at + NeighborField.options + 2);
  view.setUint16(at + NeighborField.checksum, transportChecksum6(view, 0, next, at, MESSAGE_BYTES));
}

/** The solicited-node multicast address of a target (RFC 4291 section 2.7.1). */
export function solicitedNode(target: Words): Words {
  return [0xff02_0000 | 0, 0, 1, (0xff00_0000 | (target[3] & 0x00ff_ffff)) | 0];
}
