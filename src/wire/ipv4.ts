/**
 * The IPv4 header (RFC 791 section 3.1).
 *
 * ```text
 *   byte  0             1              2             4               6               8
 *         version, IHL  traffic class  total length  identification  flags, fragment TTL
 *   byte  9         10               12      16           20
 *         protocol  header checksum  source  destination  options, payload
 * ```
 */
import { checksumAdd, checksumFold } from "./checksum.ts";

/** Bytes of a header without options; the stack sends no other. */
export const IPV4_HEADER_BYTES = 20;

/** The largest datagram, header included, in bytes. */
export const IPV4_TOTAL_MAX_BYTES = 0xffff;

/** The hop limit of what the stack sends when nothing else is asked for (RFC 1700, "IP TTL"). */
export const DEFAULT_HOP_LIMIT = 64;

/** Offsets of the fields, in bytes. */
export const Ipv4Field = {
  versionIhl: 0,
  trafficClass: 1,
  totalLength: 2,
  identification: 4,
  fragment: 6,
  hopLimit: 8,
  protocol: 9,
  checksum: 10,
  source: 12,
  destination: 16,
} as const;

/** Bits of the 16-bit field that holds the flags and the fragment offset. */
export const Ipv4Fragment = {
  dontFragment: 0x4000,
  moreFragments: 0x2000,
  offsetMask: 0x1fff,
} as const;

/** Protocol numbers (IANA "Assigned Internet Protocol Numbers"). */
export const Protocol = {
  icmp: 1,
  tcp: 6,
  udp: 17,
} as const;

/** Header bytes as the IHL field says: a multiple of 4 from 0 to 60, not checked. */
export function readIpv4HeaderLength(view: DataView, offset: number): number {
  return (view.getUint8(offset) & 0x0f) << 2;
}

/**
 * Whether a header of `headerLength` bytes has a loose or strict source route (RFC 791 section 3.1), or options
 * whose lengths are impossible, so that nobody can tell.
 */
export function hasIpv4SourceRoute(view: DataView, offset: number, headerLength: number): boolean {
  const end = offset + headerLength;
  for (let at = offset + IPV4_HEADER_BYTES; at < end;) {
    const kind = view.getUint8(at);
    if (kind === Ipv4Option.end) return false;
    if (kind === Ipv4Option.noOperation) {
      at++;
      continue;
    }
    const length = at + 1 < end ? view.getUint8(at + 1) : 0;
    if (kind === Ipv4Option.looseSourceRoute || kind === Ipv4Option.strictSourceRoute) return true;
    if (length < 2 || at + length > end) return true;
    at += length;
  }
  return false;
}

/** Option kinds of RFC 791 section 3.1, with the copied bit. */
const Ipv4Option = {
  end: 0,
  noOperation: 1,
  looseSourceRoute: 131,
  strictSourceRoute: 137,
} as const;

/** Whether the header checksum over `headerLength` bytes, 20 or more, is right. */
export function isIpv4ChecksumRight(
  view: DataView,
  offset: number,
  headerLength: number,
): boolean {
  if (headerLength !== IPV4_HEADER_BYTES) {
    return checksumFold(checksumAdd(view, offset, headerLength, 0)) === 0;
  }
  // Nearly every header: five words, not worth a loop.
  const a = view.getInt32(offset, true);
  const b = view.getInt32(offset + 4, true);
  const c = view.getInt32(offset + 8, true);
  const d = view.getInt32(offset + 12, true);
  const e = view.getInt32(offset + 16, true);
  const sum = (a & 0xffff) + (b & 0xffff) + (c & 0xffff) + (d & 0xffff) + (e & 0xffff) +
    (a >>> 16) + (b >>> 16) + (c >>> 16) + (d >>> 16) + (e >>> 16);
  return checksumFold(sum) === 0;
}

/**
 * Writes a header of 20 bytes with a right checksum. It has DF set: the stack never wants its datagrams
 * cut on the way, it learns the path's MTU instead (RFC 1191). `totalLength` is at most 65535.
 */
export function writeIpv4Header(
  view: DataView,
  offset: number,
  trafficClass: number,
  totalLength: number,
  identification: number,
  hopLimit: number,
  protocol: number,
  source: number,
  destination: number,
): void {
  const first = 0x4500 | (trafficClass & 0xff);
  const lifetime = ((hopLimit & 0xff) << 8) | protocol;
  const sum = first + totalLength + (identification & 0xffff) + Ipv4Fragment.dontFragment +
    lifetime + (source >>> 16) + (source & 0xffff) + (destination >>> 16) +
    (destination & 0xffff);
  view.setInt32(offset, (first << 16) | totalLength);
  view.setInt32(offset + 4, (identification << 16) | Ipv4Fragment.dontFragment);
  view.setInt32(offset + 8, (lifetime << 16) | checksumFold(sum));
  view.setInt32(offset + 12, source);
  view.setInt32(offset + 16, destination);
}
