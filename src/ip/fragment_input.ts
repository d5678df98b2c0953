/** Reading fragments of both families, and what the senders of bad ones are told. */
import { Drop, type DropReason } from "../base/drops.ts";
import { Ipv4Field, Ipv4Fragment } from "../wire/ipv4.ts";
import {
  hasMoreFragments,
  Ipv6Field,
  Problem,
  readFragmentIdentification,
  readFragmentPosition,
  readTrafficClass,
  type TransportPlace,
} from "../wire/ipv6.ts";
import type { Segment } from "../wire/segment.ts";
import { type Fragment, IPV6_KIND } from "./fragment.ts";
import { FRAGMENT_HEADER_BYTES } from "./fragment_output.ts";

/** Where the offset stands in a fragment header. */
const FRAGMENT_POSITION_FIELD = 2;

/** Reads a fragment from the IPv4 packet at `at`; the addresses of `segment` are set. */
export function readFragment4(
  view: DataView,
  at: number,
  headerLength: number,
  totalLength: number,
  segment: Segment,
  part: Fragment,
): void {
  const field = view.getUint16(at + Ipv4Field.fragment);
  part.header = at;
  part.kind = view.getUint8(at + Ipv4Field.protocol);
  part.protocol = part.kind;
  part.identification = view.getUint16(at + Ipv4Field.identification);
  part.trafficClass = view.getUint8(at + Ipv4Field.trafficClass);
  part.offset = at + headerLength;
  part.length = totalLength - headerLength;
  part.position = (field & Ipv4Fragment.offsetMask) << 3;
  part.hasMore = (field & Ipv4Fragment.moreFragments) !== 0;
  copyAddresses(segment, part);
}

/** The same of the IPv6 packet from `at` to `end`, whose headers were walked. */
export function readFragment6(
  view: DataView,
  at: number,
  end: number,
  place: TransportPlace,
  segment: Segment,
  part: Fragment,
): void {
  const header = place.fragment;
  part.header = at;
  part.kind = IPV6_KIND;
  part.protocol = view.getUint8(header);
  part.identification = readFragmentIdentification(view, header);
  part.trafficClass = readTrafficClass(view, at);
  part.offset = header + FRAGMENT_HEADER_BYTES;
  part.length = end - part.offset;
  part.position = readFragmentPosition(view, header);
  part.hasMore = hasMoreFragments(view, header);
  part.isChainWhole = place.reason === Drop.none;
  part.transport = place.protocol;
  part.transportLength = end - place.offset;
  copyAddresses(segment, part);
}

function copyAddresses(segment: Segment, part: Fragment): void {
  part.src0 = segment.src0;
  part.src1 = segment.src1;
  part.src2 = segment.src2;
  part.src3 = segment.src3;
  part.dst0 = segment.dst0;
  part.dst1 = segment.dst1;
  part.dst2 = segment.dst2;
  part.dst3 = segment.dst3;
}

/**
 * Puts into `place` what the sender of a fragment that was not used is told (RFC 8200 section 4.5, RFC 7112 section
 * 5). False when it is told nothing. `at` is where the IPv6 header stands.
 */
export function problemOfFragment6(
  reason: DropReason,
  part: Fragment,
  at: number,
  place: TransportPlace,
): boolean {
  place.isProblemForGroup = false;
  switch (reason) {
    case Drop.ipFragmentInvalid:
      if (part.length === 0) return false;
      place.problem = Problem.headerField;
      place.pointer = Ipv6Field.payloadLength;
      return true;
    case Drop.ipFragmentOversized:
      place.problem = Problem.headerField;
      place.pointer = place.fragment - at + FRAGMENT_POSITION_FIELD;
      return true;
    case Drop.ipFragmentTiny:
      place.problem = Problem.headerChain;
      place.pointer = 0;
      return true;
    default:
      return false;
  }
}
