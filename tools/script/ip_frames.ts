/** The IP header of either family, around what scripts put into it. */

import { type Address, ipv4Address } from "../../src/base/address.ts";
import { checksumAdd, checksumFold } from "../../src/wire/checksum.ts";
import { IPV4_HEADER_BYTES, Ipv4Field, Protocol, writeIpv4Header } from "../../src/wire/ipv4.ts";
import { type Family, familyOf, ipHeaderBytes } from "./addresses.ts";

/** Offsets in the IPv6 header (RFC 8200 section 3), in bytes. */
const Ipv6Field = {
  payloadLength: 4,
  nextHeader: 6,
  hopLimit: 7,
  source: 8,
  destination: 24,
} as const;

const ICMPV6 = 58;

/** What carries what from whom to whom. */
export interface IpPacket {
  readonly source: Address;
  readonly destination: Address;
  readonly protocol: "tcp" | "icmp";
  readonly trafficClass: number;
  readonly ttl: number;
}

/** The number of a protocol in the family's header. */
function protocolNumber(family: Family, protocol: IpPacket["protocol"]): number {
  if (protocol === "tcp") return Protocol.tcp;
  return family === "ipv4" ? Protocol.icmp : ICMPV6;
}

/** Writes the header for `length` bytes behind it; returns its own length. */
export function writeIpHeader(
  view: DataView,
  offset: number,
  packet: IpPacket,
  length: number,
): number {
  const { source, destination, trafficClass, ttl } = packet;
  const family = familyOf(source);
  const protocol = protocolNumber(family, packet.protocol);
  if (family === "ipv4") {
    const total = IPV4_HEADER_BYTES + length;
    const [from, to] = [source.w3, destination.w3];
    writeIpv4Header(view, offset, trafficClass, total, 0, ttl, protocol, from, to);
    return IPV4_HEADER_BYTES;
  }
  view.setUint32(offset, (0x6000_0000 | (trafficClass << 20)) >>> 0);
  view.setUint16(offset + Ipv6Field.payloadLength, length);
  view.setUint8(offset + Ipv6Field.nextHeader, protocol);
  view.setUint8(offset + Ipv6Field.hopLimit, ttl);
  writeAddress(view, offset + Ipv6Field.source, source);
  writeAddress(view, offset + Ipv6Field.destination, destination);
  return ipHeaderBytes(family);
}

function writeAddress(view: DataView, offset: number, address: Address): void {
  view.setInt32(offset, address.w0);
  view.setInt32(offset + 4, address.w1);
  view.setInt32(offset + 8, address.w2);
  view.setInt32(offset + 12, address.w3);
}

function readAddress(view: DataView, offset: number): Address {
  return {
    w0: view.getInt32(offset),
    w1: view.getInt32(offset + 4),
    w2: view.getInt32(offset + 8),
    w3: view.getInt32(offset + 12),
  };
}

/**
 * The checksum over the pseudo-header and the `length` bytes behind the IP header at offset 0, whose
 * checksum field must be zero. The addresses end where the payload begins in both families.
 */
export function transportChecksum(view: DataView, packet: IpPacket, length: number): number {
  const family = familyOf(packet.source);
  const at = ipHeaderBytes(family);
  const addresses = family === "ipv4" ? 8 : 32;
  const rest = protocolNumber(family, packet.protocol) + length;
  return checksumFold(checksumAdd(view, at - addresses, addresses + length, rest));
}

/** The IP header of a frame that carries TCP, and where the TCP header begins; null for anything else. */
export function readIpHeader(view: DataView): (IpPacket & { readonly at: number }) | null {
  switch (view.getUint8(0) >>> 4) {
    case 4:
      if (view.getUint8(0) !== 0x45 || view.getUint8(Ipv4Field.protocol) !== Protocol.tcp) {
        return null;
      }
      return {
        protocol: "tcp",
        source: ipv4Address(view.getInt32(Ipv4Field.source)),
        destination: ipv4Address(view.getInt32(Ipv4Field.destination)),
        trafficClass: view.getUint8(Ipv4Field.trafficClass),
        ttl: view.getUint8(Ipv4Field.hopLimit),
        at: IPV4_HEADER_BYTES,
      };
    case 6:
      if (view.getUint8(Ipv6Field.nextHeader) !== Protocol.tcp) return null;
      return {
        protocol: "tcp",
        source: readAddress(view, Ipv6Field.source),
        destination: readAddress(view, Ipv6Field.destination),
        trafficClass: (view.getUint16(0) >>> 4) & 0xff,
        ttl: view.getUint8(Ipv6Field.hopLimit),
        at: ipHeaderBytes("ipv6"),
      };
  }
  return null;
}
