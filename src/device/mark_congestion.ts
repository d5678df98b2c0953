import { Ipv4Field } from "../wire/ipv4.ts";
import { Ecn } from "../wire/segment.ts";

/**
 * Sets CE in the IP packet at `offset` if it is ECN-capable (RFC 3168 section 5), as a router does, and says
 * whether it has. The checksum of an IPv4 header is put right by the difference (RFC 1624 section 3); a packet
 * that is marked already stays as it is and counts.
 */
export function markCongestion(bytes: Uint8Array, offset: number): boolean {
  switch (bytes[offset] >> 4) {
    case 4:
      return markIpv4(bytes, offset);
    case 6:
      // The traffic class lies across the first two bytes (RFC 8200 section 3).
      if (((bytes[offset + 1] >> 4) & Ecn.mask) === Ecn.notEct) return false;
      bytes[offset + 1] |= Ecn.ce << 4;
      return true;
    default:
      return false;
  }
}

function markIpv4(bytes: Uint8Array, offset: number): boolean {
  const at = offset + Ipv4Field.trafficClass;
  const before = bytes[at];
  if ((before & Ecn.mask) === Ecn.notEct) return false;
  bytes[at] = before | Ecn.ce;
  const checksumAt = offset + Ipv4Field.checksum;
  const old = (bytes[checksumAt] << 8) | bytes[checksumAt + 1];
  let sum = (~old & 0xffff) + bytes[at] - before;
  sum = (sum & 0xffff) + (sum >> 16);
  const checksum = ~sum & 0xffff;
  bytes[checksumAt] = checksum >> 8;
  bytes[checksumAt + 1] = checksum & 0xff;
  return true;
}
