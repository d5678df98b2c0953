/**
 * The IPv6 header (RFC 8200 section 3) and the extension headers that may follow it (section 4).
 *
 * ```text
 *   byte  0                                   4               6            7          8       24           40
 *         version, traffic class, flow label  payload length  next header  hop limit  source  destination
 *
 *   an extension header:   next header, length in units of 8 bytes beyond the first 8, its own content
 *   the fragment header:   next header, 0, offset (13 bits), 0, M (1 bit), identification
 * ```
 */
import { Drop, type DropReason } from "../base/drops.ts";
import { checksumAdd, checksumFold } from "./checksum.ts";

/** Bytes of the fixed header; the stack sends no extension headers. */
export const IPV6_HEADER_BYTES = 40;

/** The most that can follow the fixed header, in bytes. Jumbograms (RFC 2675) are not supported. */
export const IPV6_PAYLOAD_MAX_BYTES = 0xffff;

/** The least MTU of a link that carries IPv6, in bytes (RFC 8200 section 5). */
export const IPV6_MTU_MIN = 1280;

/** Bits of a flow label (RFC 6437 section 2). */
export const FLOW_LABEL_MASK = 0xf_ffff;

/** Extension headers of one packet that are walked. No sender has use for more than one of each kind. */
export const EXTENSION_HEADERS_MAX = 8;

/** Options of one hop-by-hop or destination options header that are read, padding not counted. */
export const EXTENSION_OPTIONS_MAX = 8;

/** Offsets of the fields, in bytes. */
export const Ipv6Field = {
  versionClassLabel: 0,
  payloadLength: 4,
  nextHeader: 6,
  hopLimit: 7,
  source: 8,
  destination: 24,
} as const;

/** Values of the next header fields that are not transport protocols (IANA "Protocol Numbers"). */
export const Ipv6Next = {
  hopByHop: 0,
  routing: 43,
  fragment: 44,
  icmp: 58,
  none: 59,
  destinationOptions: 60,
} as const;

/** Bytes of the fragment header, and the least of any other extension header. */
const EXTENSION_UNIT_BYTES = 8;

/** RFC 8200 section 4.5: the fragment offset and the M flag; zero in an atomic fragment (RFC 6946). */
const FRAGMENT_FIELD = 2;
const FRAGMENT_MASK = 0xfff9;
/** The offset alone, in bytes: the field counts units of 8. */
const FRAGMENT_OFFSET_MASK = 0xfff8;
/** The M flag: others follow. */
const MORE_FRAGMENTS = 1;
const IDENTIFICATION_FIELD = 4;

/** RFC 8200 section 4.4: how many of the nodes of a routing header are still to be visited. */
const SEGMENTS_LEFT_FIELD = 3;

/** RFC 8200 section 4.2: options that are padding. */
const PAD_1 = 0;
const PAD_N = 1;
/** The upper two bits of an option's type: what to do when it is not known; 00 is to skip it. */
const UNKNOWN_OPTION_MASK = 0xc0;
const UNKNOWN_OPTION_SILENT = 0x40;
const UNKNOWN_OPTION_TOLD = 0x80;

/**
 * What a walk over the extension headers has found. One object is filled again by each walk; nothing
 * keeps it.
 */
export class TransportPlace {
  /** {@link Drop.none}, or why the packet cannot be used; the rest then says nothing. */
  reason: DropReason = Drop.none;
  /** The protocol behind all extension headers. */
  protocol = 0;
  /** Where its header begins, a byte offset; of a fragment that is not the first, where its bytes begin. */
  offset = 0;
  /** Where the header of a fragment stands that is not the whole packet; {@link NO_FRAGMENT} without one. */
  fragment: number = NO_FRAGMENT;
  /** The code of the ICMPv6 "parameter problem" that is due (RFC 4443 section 3.4), or {@link NO_PROBLEM}. */
  problem: number = NO_PROBLEM;
  /** The byte that it is about, counted from the fixed header. */
  pointer = 0;
  /** Whether it is due even when the packet was sent to a group (RFC 4443 section 2.4 e.3). */
  isProblemForGroup = false;
}

/** No fragment header, or only one of a fragment that is the whole packet. */
export const NO_FRAGMENT = -1;
/** Nobody is told of what is wrong. */
export const NO_PROBLEM = -1;

/** Codes of the ICMPv6 "parameter problem" (RFC 4443 section 3.4, RFC 7112 section 5). */
export const Problem = {
  headerField: 0,
  nextHeader: 1,
  option: 2,
  headerChain: 3,
} as const;

/** Traffic class: the 8 bits behind the version. */
export function readTrafficClass(view: DataView, offset: number): number {
  return (view.getUint16(offset) >>> 4) & 0xff;
}

/**
 * Writes the fixed header. `payloadLength`, at most 65535, is what follows it; `flowLabel` has 20 bits.
 * Addresses are four words each.
 */
export function writeIpv6Header(
  view: DataView,
  offset: number,
  trafficClass: number,
  flowLabel: number,
  payloadLength: number,
  nextHeader: number,
  hopLimit: number,
  src0: number,
  src1: number,
  src2: number,
  src3: number,
  dst0: number,
  dst1: number,
  dst2: number,
  dst3: number,
): void {
  const first = 0x6000_0000 | ((trafficClass & 0xff) << 20) | (flowLabel & FLOW_LABEL_MASK);
  view.setInt32(offset, first);
  view.setInt32(offset + 4, (payloadLength << 16) | (nextHeader << 8) | (hopLimit & 0xff));
  view.setInt32(offset + 8, src0);
  view.setInt32(offset + 12, src1);
  view.setInt32(offset + 16, src2);
  view.setInt32(offset + 20, src3);
  view.setInt32(offset + 24, dst0);
  view.setInt32(offset + 28, dst1);
  view.setInt32(offset + 32, dst2);
  view.setInt32(offset + 36, dst3);
}

/**
 * The running sum of the pseudo-header of RFC 8200 section 8.1, from the addresses of the header at
 * `offset`: for a transport header and payload of `length` bytes.
 */
export function pseudoHeaderSum6(
  view: DataView,
  offset: number,
  protocol: number,
  length: number,
): number {
  return checksumAdd(view, offset + Ipv6Field.source, 32, protocol + length);
}

/** The checksum over the pseudo-header and `length` bytes at `at`; 0 when they hold a right one. */
export function transportChecksum6(
  view: DataView,
  offset: number,
  protocol: number,
  at: number,
  length: number,
): number {
  return checksumFold(
    checksumAdd(view, at, length, pseudoHeaderSum6(view, offset, protocol, length)),
  );
}

/**
 * Walks from the fixed header at `offset` over all extension headers up to `end` and fills `place`.
 *
 * The hop-by-hop header may only come first (RFC 8200 section 4.1). A routing header with nodes left to
 * visit is for routers, and this is none: such packets are not forwarded (RFC 5095). A fragment that is
 * the whole packet is taken as if it had no fragment header (RFC 6946); of others the place of that header is
 * told, and the walk goes on only behind that of a first one.
 */
export function findTransport(
  view: DataView,
  offset: number,
  end: number,
  place: TransportPlace,
): void {
  let next = view.getUint8(offset + Ipv6Field.nextHeader);
  let at = offset + IPV6_HEADER_BYTES;
  let nextAt = offset + Ipv6Field.nextHeader;
  place.reason = Drop.none;
  place.fragment = NO_FRAGMENT;
  place.problem = NO_PROBLEM;
  for (let count = 0; isExtension(next); count++) {
    if (count === EXTENSION_HEADERS_MAX) {
      place.reason = Drop.ipExtensionLimit;
      return;
    }
    place.pointer = nextAt - offset;
    place.reason = checkExtension(view, next, at, end, count, place, offset);
    if (place.reason !== Drop.none) return;
    nextAt = at;
    if (next === Ipv6Next.fragment) {
      const field = view.getUint16(at + FRAGMENT_FIELD) & FRAGMENT_MASK;
      if (field !== 0) {
        // A fragment within a fragment is nobody's.
        if (place.fragment !== NO_FRAGMENT) place.reason = Drop.ipFragment;
        if (place.reason !== Drop.none) return;
        place.fragment = at;
      }
      if ((field & FRAGMENT_OFFSET_MASK) !== 0) {
        place.protocol = view.getUint8(at);
        place.offset = at + EXTENSION_UNIT_BYTES;
        return;
      }
    }
    const following = view.getUint8(at);
    at += extensionLength(view, next, at);
    next = following;
  }
  place.pointer = nextAt - offset;
  place.protocol = next;
  place.offset = at;
}

/**
 * Whether the packet may be an ICMPv6 error, or a redirect: behind all extension headers that can be passed over,
 * whatever is in them, stands one, or what stands there is cut off.
 */
export function mayHoldIcmpError(view: DataView, offset: number, end: number): boolean {
  let next = view.getUint8(offset + Ipv6Field.nextHeader);
  let at = offset + IPV6_HEADER_BYTES;
  for (let count = 0; count < EXTENSION_HEADERS_MAX && isExtension(next); count++) {
    if (at + EXTENSION_UNIT_BYTES > end) return false;
    // Of a later fragment nobody knows what it is part of (RFC 4443 has errors about first ones alone in mind).
    if (next === Ipv6Next.fragment && readFragmentPosition(view, at) !== 0) return false;
    const following = view.getUint8(at);
    at += extensionLength(view, next, at);
    next = following;
  }
  if (next !== Ipv6Next.icmp) return false;
  if (at >= end) return true;
  const type = view.getUint8(at);
  return type < ICMP6_FIRST_INFORMATIONAL || type === ICMP6_REDIRECT;
}

/** RFC 4443 section 2.1: errors are below it. */
const ICMP6_FIRST_INFORMATIONAL = 128;
/** RFC 4861 section 4.5. */
const ICMP6_REDIRECT = 137;

function isExtension(next: number): boolean {
  return next === Ipv6Next.hopByHop || next === Ipv6Next.routing ||
    next === Ipv6Next.fragment || next === Ipv6Next.destinationOptions;
}

/** Bytes of an extension header of which the first 8 are there. The fragment header has no length field. */
function extensionLength(view: DataView, kind: number, at: number): number {
  if (kind === Ipv6Next.fragment) return EXTENSION_UNIT_BYTES;
  return EXTENSION_UNIT_BYTES * (1 + view.getUint8(at + 1));
}

/** Bytes of the packet before those of the fragment whose header is at `at`. */
export function readFragmentPosition(view: DataView, at: number): number {
  return view.getUint16(at + FRAGMENT_FIELD) & FRAGMENT_OFFSET_MASK;
}

/** Whether other fragments follow the one whose header is at `at`. */
export function hasMoreFragments(view: DataView, at: number): boolean {
  return (view.getUint16(at + FRAGMENT_FIELD) & MORE_FRAGMENTS) !== 0;
}

/** What all fragments of a packet have in common. */
export function readFragmentIdentification(view: DataView, at: number): number {
  return view.getInt32(at + IDENTIFICATION_FIELD);
}

/**
 * Whether one extension header can be passed over; `index` counts those before it. What the sender is to be told
 * is put into `place`, whose pointer is to the field that named this header.
 */
function checkExtension(
  view: DataView,
  kind: number,
  at: number,
  end: number,
  index: number,
  place: TransportPlace,
  start: number,
): DropReason {
  if (at + EXTENSION_UNIT_BYTES > end) return Drop.ipExtensionInvalid;
  const length = extensionLength(view, kind, at);
  if (at + length > end) return Drop.ipExtensionInvalid;
  switch (kind) {
    case Ipv6Next.fragment:
      return Drop.none;
    case Ipv6Next.routing:
      if (view.getUint8(at + SEGMENTS_LEFT_FIELD) === 0) return Drop.none;
      // RFC 8200 section 4.4, and RFC 5095 for type 0: the pointer is to the routing type.
      place.problem = Problem.headerField;
      place.pointer = at + 2 - start;
      place.isProblemForGroup = false;
      return Drop.ipSourceRouted;
    case Ipv6Next.hopByHop:
      if (index > 0) {
        place.problem = Problem.nextHeader;
        place.isProblemForGroup = false;
        return Drop.ipExtensionInvalid;
      }
  }
  return checkOptions(view, at + 2, at + length, place, start);
}

/** RFC 8200 section 4.2: options that are not known are skipped or the packet is discarded, as they say. */
function checkOptions(
  view: DataView,
  offset: number,
  end: number,
  place: TransportPlace,
  start: number,
): DropReason {
  let count = 0;
  let at = offset;
  while (at < end) {
    const type = view.getUint8(at);
    if (type === PAD_1) {
      at++;
      continue;
    }
    if (at + 2 > end) return Drop.ipExtensionInvalid;
    const length = 2 + view.getUint8(at + 1);
    if (at + length > end) return Drop.ipExtensionInvalid;
    const action = type & UNKNOWN_OPTION_MASK;
    if (action !== 0) {
      // 01: nobody is told; 10: the sender is, in any case; 11: only when it meant one host.
      place.problem = action === UNKNOWN_OPTION_SILENT ? NO_PROBLEM : Problem.option;
      place.pointer = at - start;
      place.isProblemForGroup = action === UNKNOWN_OPTION_TOLD;
      return Drop.ipOptionUnknown;
    }
    if (type !== PAD_N && ++count > EXTENSION_OPTIONS_MAX) return Drop.ipExtensionLimit;
    at += length;
  }
  return Drop.none;
}
