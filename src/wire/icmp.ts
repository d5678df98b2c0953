/**
 * ICMP for IPv4 (RFC 792), and what is different in ICMPv6 (RFC 4443).
 *
 * ```text
 *   byte  0     1     2         4                            8
 *         type  code  checksum  identifier, sequence number  echoed bytes                  (echo)
 *         type  code  checksum  unused, next-hop MTU         quoted datagram's beginning   (errors)
 * ```
 */
import { checksumAdd, checksumFold } from "./checksum.ts";

/** Bytes of the header that all messages share. */
export const ICMP_HEADER_BYTES = 8;

/** Bytes of the quoted transport header that every error has at least (RFC 792). */
export const ICMP_QUOTED_BYTES = 8;

/** Offsets of the fields, in bytes. */
export const IcmpField = {
  type: 0,
  code: 1,
  checksum: 2,
  /** RFC 1191 section 4: the next hop's MTU, in "fragmentation needed" only. */
  mtu: 6,
  quoted: 8,
  /** Identifier and sequence number of an echo. */
  echoName: 4,
} as const;

/** Message types. */
export const IcmpType = {
  echoReply: 0,
  destinationUnreachable: 3,
  sourceQuench: 4,
  redirect: 5,
  echoRequest: 8,
  timeExceeded: 11,
  parameterProblem: 12,
} as const;

/** Codes of {@link IcmpType.destinationUnreachable} that the stack tells apart. */
export const IcmpUnreachableCode = {
  network: 0,
  host: 1,
  protocol: 2,
  port: 3,
  fragmentationNeeded: 4,
  /** RFC 1812 section 5.2.7.1: communication with the host is administratively prohibited. */
  prohibited: 10,
} as const;

/** Whether the checksum over the whole message of `length` bytes is right. */
export function isIcmpChecksumRight(view: DataView, offset: number, length: number): boolean {
  return checksumFold(checksumAdd(view, offset, length, 0)) === 0;
}

/** Fills in the checksum of the message of `length` bytes at `offset`. */
export function writeIcmpChecksum(view: DataView, offset: number, length: number): void {
  view.setUint16(offset + IcmpField.checksum, 0);
  view.setUint16(
    offset + IcmpField.checksum,
    checksumFold(checksumAdd(view, offset, length, 0)),
  );
}

/**
 * ICMPv6 (RFC 4443): the same layout, with other numbers, a checksum that covers a pseudo-header, and the
 * MTU of "packet too big" in all four bytes.
 */
export const Icmp6Type = {
  destinationUnreachable: 1,
  packetTooBig: 2,
  timeExceeded: 3,
  parameterProblem: 4,
  echoRequest: 128,
  echoReply: 129,
} as const;

/** Where the MTU of {@link Icmp6Type.packetTooBig} stands (RFC 4443 section 3.2): 32 bits. */
export const ICMP6_MTU_FIELD = 4;

/**
 * What the codes of ICMPv6's "destination unreachable" (RFC 4443 section 3.1) are in ICMP: by what Linux
 * makes of both. RFC 7915 section 5.2, which translates for others, has host for the first one.
 */
const UNREACHABLE_CODES: readonly number[] = [
  IcmpUnreachableCode.network, // no route
  IcmpUnreachableCode.prohibited, // administratively prohibited
  IcmpUnreachableCode.host, // beyond the scope of the source
  IcmpUnreachableCode.host, // address unreachable
  IcmpUnreachableCode.port,
  IcmpUnreachableCode.prohibited, // source address failed ingress or egress policy
  IcmpUnreachableCode.prohibited, // route rejected
];

/** The ICMP code for one of ICMPv6; codes that are not known say no more than "unreachable". */
export function unreachableCodeOf6(code: number): number {
  return UNREACHABLE_CODES[code] ?? IcmpUnreachableCode.host;
}
