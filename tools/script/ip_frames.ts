/** The IP header of either family, around what scripts put into it. */

import { type Address, ipv4Address } from "../../src/base/address.ts";
import { checksumAdd, checksumFold } from "../../src/wire/checksum.ts";
import { IPV4_HEADER_BYTES, Ipv4Field, Protocol, writeIpv4Header } from "../../src/wire/ipv4.ts";
import { FLOW_LABEL_MASK, Ipv6Field, Ipv6Next, writeIpv6Header } from "../../src/wire/ipv6.ts";
import { type Family, familyOf, ipHeaderBytes } from "./addresses.ts";

/** What carries what from whom to whom. */
export interface IpPacket {
  readonly source: Address;
  readonly destination: Address;
  readonly protocol: "tcp" | "icmp";
  readonly trafficClass: number;
  readonly ttl: number;
  /** Of IPv6; 0 over IPv4. */
  readonly flowLabel: number;
}

/** The number of a protocol in the family's header. */
function protocolNumber(family: Family, protocol: IpPacket["protocol"]): number {
  if (protocol === "tcp") return Protocol.tcp;
  return family === "ipv4" ? Protocol.icmp : Ipv6Next.icmp;
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
  const { w0, w1, w2, w3 } = destination;
  writeIpv6Header(
    view,
    offset,
    trafficClass,
    packet.flowLabel,
    length,
    protocol,
    ttl,
    source.w0,
    source.w1,
    source.w2,
    source.w3,
    w0,
    w1,
    w2,
    w3,
  );
  return ipHeaderBytes(family);
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
        flowLabel: 0,
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
        flowLabel: view.getUint32(Ipv6Field.versionClassLabel) & FLOW_LABEL_MASK,
        at: ipHeaderBytes("ipv6"),
      };
  }
  return null;
}
