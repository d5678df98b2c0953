/** One fragment as the decoder reads it, and what can be wrong with it by itself. */
import { Drop, type DropReason } from "../base/drops.ts";
import { FRAGMENT_PAGE_BYTES } from "../ring/layout.ts";
import { IPV4_HEADER_BYTES, IPV4_TOTAL_MAX_BYTES, Protocol } from "../wire/ipv4.ts";
import { IPV6_PAYLOAD_MAX_BYTES, Ipv6Next } from "../wire/ipv6.ts";
import { TCP_HEADER_BYTES } from "../wire/tcp.ts";

/** Bytes of a page of fragments: less than a usual one has, so that little of the last page is empty. */
export const PAGE_BYTES: number = FRAGMENT_PAGE_BYTES;

/** Pages of the longest packet. */
export const PAGES_PER_PACKET = 64;

/** What stands in the place of a protocol in the key of a packet of IPv6, which has none there. */
export const IPV6_KIND = 256;

/** Bytes that the headers of UDP and ICMP take. */
const SHORT_HEADER_BYTES = 8;
/** RFC 1858 section 4: where a second fragment would write over the flags of TCP. */
const TINY_POSITION = 8;

/** One fragment. One object is filled again for each; nothing keeps it. */
export class Fragment {
  src0 = 0;
  src1 = 0;
  src2 = 0;
  src3 = 0;
  dst0 = 0;
  dst1 = 0;
  dst2 = 0;
  dst3 = 0;
  identification = 0;
  /** The protocol of IPv4, which is part of what tells packets apart (RFC 791), or {@link IPV6_KIND}. */
  kind = 0;
  /** The protocol that the first fragment names. */
  protocol = 0;
  trafficClass = 0;
  /** Where its IP header and its part of the packet begin, byte offsets. */
  header = 0;
  offset = 0;
  /** Bytes of its part. */
  length = 0;
  /** Bytes of the packet before it. */
  position = 0;
  hasMore = false;
  /** Whether all headers up to that of the transport are there and can be read; only IPv6 knows. */
  isChainWhole = true;
  /** Bytes behind the last extension header in a first fragment of IPv6. */
  transportLength = 0;
  /** The protocol behind all extension headers in a first fragment of IPv6. */
  transport = 0;

  /** What is wrong with it by itself. */
  check(): DropReason {
    const isIpv4 = this.kind !== IPV6_KIND;
    if (this.hasMore && (this.length & 7) !== 0) {
      // Linux cuts those of IPv4; the sender of those of IPv6 is told (RFC 8200 section 4.5).
      if (!isIpv4) return Drop.ipFragmentInvalid;
      this.length &= ~7;
    }
    if (this.length === 0) return Drop.ipFragmentInvalid;
    const most = isIpv4 ? IPV4_TOTAL_MAX_BYTES - IPV4_HEADER_BYTES : IPV6_PAYLOAD_MAX_BYTES;
    if (this.position + this.length > most) return Drop.ipFragmentOversized;
    return this.#isTiny(isIpv4) ? Drop.ipFragmentTiny : Drop.none;
  }

  /**
   * RFC 7112: a first fragment of IPv6 has the whole chain of headers. Those of IPv4 always have 8 bytes, which
   * is enough to know the ports; only the flags of TCP could be put into a second one (RFC 1858 section 4).
   */
  #isTiny(isIpv4: boolean): boolean {
    if (isIpv4) return this.position === TINY_POSITION && this.protocol === Protocol.tcp;
    if (this.position !== 0) return false;
    return !this.isChainWhole || this.transportLength < leastTransport(this.transport);
  }
}

/** Bytes of a transport header that the first fragment must hold. */
function leastTransport(protocol: number): number {
  if (protocol === Protocol.tcp) return TCP_HEADER_BYTES;
  return protocol === Protocol.udp || protocol === Ipv6Next.icmp ? SHORT_HEADER_BYTES : 0;
}
