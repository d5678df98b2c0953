/**
 * The input decoder: from a frame to a {@link Segment}, or to a named reason why not. Nothing behind it
 * looks at header bytes again. Every field of the segment is set by each decode that is not a drop.
 */
import { type Address, IPV4_MAPPED_W2, isIpv4Words } from "../base/address.ts";
import { Drop, type DropReason } from "../base/drops.ts";
import type { Memory } from "../base/memory.ts";
import { ForwardBit } from "../ring/layout.ts";
import { checksumAddIn, checksumFold, pseudoHeaderSum4 } from "../wire/checksum.ts";
import { Icmp6Type, IcmpType, IcmpUnreachableCode, isIcmpChecksumRight } from "../wire/icmp.ts";
import {
  hasIpv4SourceRoute,
  IPV4_HEADER_BYTES,
  Ipv4Field,
  Ipv4Fragment,
  isIpv4ChecksumRight,
  Protocol,
  readIpv4HeaderLength,
} from "../wire/ipv4.ts";
import {
  findTransport,
  FLOW_LABEL_MASK,
  IPV6_HEADER_BYTES,
  IPV6_PAYLOAD_MAX_BYTES,
  Ipv6Field,
  Ipv6Next,
  mayHoldIcmpError,
  NO_FRAGMENT,
  NO_PROBLEM,
  Problem,
  pseudoHeaderSum6,
  readTrafficClass,
  transportChecksum6,
  TransportPlace,
} from "../wire/ipv6.ts";
import { Flag, type Segment } from "../wire/segment.ts";
import {
  readTcpHeaderLength,
  readTcpOptions,
  TCP_FLAGS_MASK,
  TCP_HEADER_BYTES,
  TcpField,
} from "../wire/tcp.ts";
import { UDP_HEADER_BYTES, UdpField, udpPseudoSum } from "../wire/udp.ts";
import {
  VIRTIO_HEADER_BYTES,
  VirtioField,
  VirtioFlag,
  VirtioGso,
  writeVirtioPlain,
} from "../wire/virtio.ts";
import {
  beginMessage,
  readIcmp4,
  readIcmp6,
  setIpv4Addresses,
  setIpv6Addresses,
} from "./icmp_input.ts";
import { Fragment } from "./fragment.ts";
import { problemOfFragment6, readFragment4, readFragment6 } from "./fragment_input.ts";
import { InputKind } from "./input_kind.ts";
import { OwnAddresses } from "./own_addresses.ts";
import { KEPT, NOT_USED, type Reassembly } from "./reassembly.ts";

export { InputKind, isDrop } from "./input_kind.ts";

/** How a {@link PacketInput} is to read frames. */
export interface PacketInputOptions {
  /** Whether each frame begins with a virtio-net header. */
  readonly virtioHeader: boolean;
  /** The stack's own addresses. */
  readonly addresses: readonly Address[];
  /** The broadcast addresses of its networks; none when absent. */
  readonly broadcasts?: readonly Address[];
  /**
   * Whether the frames are the stack's own, sent to itself: 127.0.0.0/8, ::1 and its own addresses are
   * then good on both ends, and checksums are not looked at, because memory does not garble bytes. Such
   * frames have no virtio-net header. False when absent.
   */
  readonly loopback?: boolean;
  /** What puts fragments together; they are dropped when absent. */
  readonly reassembly?: Reassembly;
  /** What is let in for destinations that are not the stack's; nothing when absent. */
  readonly forward?: ForwardSwitch;
}

/** Says which protocols are let in for foreign destinations. */
export interface ForwardSwitch {
  /** Bits of `ForwardBit` (src/ring/layout.ts), now. */
  readonly bits: number;
}

/** The longest packet with its virtio-net header. */
export const WHOLE_PACKET_BYTES: number = VIRTIO_HEADER_BYTES + IPV6_HEADER_BYTES +
  IPV6_PAYLOAD_MAX_BYTES;

const NO_CHECKSUM_START = -1;

/**
 * Decodes frames. One object serves one kind of source (a device, or the loopback queue) and keeps nothing
 * from one frame to the next but the reason of the last drop.
 */
export class PacketInput {
  /** Why the last dropped frame was dropped. */
  reason: DropReason = Drop.none;

  readonly #virtioHeader: boolean;
  readonly #loopback: boolean;
  readonly #own: OwnAddresses;
  readonly #forward: ForwardSwitch | null;
  /** Where the transport header of the frame at hand begins, when there are extension headers. */
  readonly #place = new TransportPlace();

  /** Whether the frame at hand is for a group or a network, of which only UDP may be. */
  #toGroup = false;

  // What the virtio-net header of the frame at hand says.
  /** Whether the checksum need not be verified. */
  #vouched = false;
  /** Where the unfinished checksum begins, in bytes from the IP header, or NO_CHECKSUM_START. */
  #checksumStart = NO_CHECKSUM_START;
  #checksumOffset = 0;
  #gsoType: number = VirtioGso.none;
  #gsoSize = 0;

  readonly #reassembly: Reassembly | null;
  /** The fragment at hand. */
  readonly #part = new Fragment();
  #nowUs = 0;
  /** The frame at hand is a packet that was put together. */
  #isWhole = false;

  /** Throws a `TypeError` for a loopback input with virtio-net headers, which nobody would write. */
  constructor(options: PacketInputOptions) {
    this.#virtioHeader = options.virtioHeader;
    this.#loopback = options.loopback ?? false;
    if (this.#loopback && this.#virtioHeader) {
      throw new TypeError("A loopback input reads plain frames: virtioHeader must be false");
    }
    this.#vouched = this.#loopback;
    this.#forward = options.forward ?? null;
    this.#own = new OwnAddresses(options.addresses, this.#loopback, options.broadcasts);
    this.#reassembly = options.reassembly ?? null;
  }

  /**
   * Decodes the frame of `length` bytes at `offset` into `segment`. After {@link InputKind.dropped} the
   * segment holds nothing useful. The checks come in the order in which later ones rely on earlier ones,
   * and a checksum comes before the fields that it covers, so that damage is counted as damage.
   *
   * The fragment that completes a packet is overwritten with the packet, which is then what the frame holds: there
   * must be room for the longest one, {@link WHOLE_PACKET_BYTES}.
   */
  decode(
    memory: Memory,
    offset: number,
    length: number,
    segment: Segment,
    nowUs = 0,
  ): InputKind {
    this.#nowUs = nowUs;
    return this.#decode(memory, offset, length, segment);
  }

  #decode(memory: Memory, offset: number, length: number, segment: Segment): InputKind {
    const view = memory.view;
    segment.slot = -1;
    segment.frameOffset = offset;
    segment.frameLength = length;
    let at = offset;
    let size = length;
    if (this.#virtioHeader) {
      if (length < VIRTIO_HEADER_BYTES) return this.#drop(Drop.frameTruncated);
      at += VIRTIO_HEADER_BYTES;
      size -= VIRTIO_HEADER_BYTES;
      if (!this.#readVirtioHeader(view, offset, size)) {
        return this.#drop(Drop.virtioHeaderInvalid);
      }
    }
    if (size < 1) return this.#drop(Drop.frameTruncated);
    switch (view.getUint8(at) >>> 4) {
      case 4:
        return this.#decodeIpv4(memory, at, size, segment);
      case 6:
        return this.#decodeIpv6(memory, at, size, segment);
      default:
        return this.#drop(Drop.ipVersionUnsupported);
    }
  }

  #drop(reason: DropReason): InputKind {
    this.reason = reason;
    return InputKind.dropped;
  }

  #icmp(kind: InputKind, segment: Segment): InputKind {
    // Whether a foreign host is there is not the stack's to say.
    if (kind === InputKind.icmpEcho && segment.foreign) {
      return this.#drop(Drop.ipDestinationForeign);
    }
    return kind === InputKind.dropped ? this.#drop(Drop.icmpInvalid) : kind;
  }

  /** Takes in the virtio-net header before a frame of `size` bytes; false when it contradicts itself. */
  #readVirtioHeader(view: DataView, offset: number, size: number): boolean {
    const flags = view.getUint8(offset + VirtioField.flags);
    const gsoType = view.getUint8(offset + VirtioField.gsoType) & ~VirtioGso.ecn;
    this.#vouched = (flags & (VirtioFlag.needsChecksum | VirtioFlag.dataValid)) !== 0;
    this.#checksumStart = NO_CHECKSUM_START;
    if ((flags & VirtioFlag.needsChecksum) !== 0) {
      this.#checksumStart = view.getUint16(offset + VirtioField.checksumStart, true);
      this.#checksumOffset = view.getUint16(offset + VirtioField.checksumOffset, true);
      if (this.#checksumStart + this.#checksumOffset + 2 > size) return false;
    }
    this.#gsoType = gsoType;
    this.#gsoSize = 0;
    if (gsoType === VirtioGso.none) return true;
    if (gsoType !== VirtioGso.tcp4 && gsoType !== VirtioGso.tcp6) return false;
    this.#gsoSize = view.getUint16(offset + VirtioField.gsoSize, true);
    return this.#gsoSize > 0 &&
      view.getUint16(offset + VirtioField.headerLength, true) <= size;
  }

  #decodeIpv4(memory: Memory, at: number, size: number, segment: Segment): InputKind {
    const { view } = memory;
    if (size < IPV4_HEADER_BYTES) return this.#drop(Drop.frameTruncated);
    const headerLength = readIpv4HeaderLength(view, at);
    if (headerLength < IPV4_HEADER_BYTES || headerLength > size) {
      return this.#drop(Drop.ipHeaderLengthInvalid);
    }
    // A longer frame is padded, as on links with a smallest frame size; the tail is not looked at.
    const totalLength = view.getUint16(at + Ipv4Field.totalLength);
    if (totalLength < headerLength || totalLength > size) return this.#drop(Drop.ipLengthInvalid);
    if (!this.#loopback && !isIpv4ChecksumRight(view, at, headerLength)) {
      return this.#drop(Drop.ipChecksumInvalid);
    }
    const source = view.getInt32(at + Ipv4Field.source);
    const destination = view.getInt32(at + Ipv4Field.destination);
    const reason = this.#checkAddresses4(source, destination);
    segment.foreign = reason === Drop.ipDestinationForeign &&
      this.#isForwarded(view.getUint8(at + Ipv4Field.protocol)) && isForwardable4(destination);
    if (reason !== Drop.none && !segment.foreign) return this.#drop(reason);
    if (headerLength > IPV4_HEADER_BYTES && hasIpv4SourceRoute(view, at, headerLength)) {
      return this.#drop(Drop.ipSourceRouted);
    }
    setIpv4Addresses(segment, source, destination);
    const fragment = view.getUint16(at + Ipv4Field.fragment);
    if ((fragment & (Ipv4Fragment.moreFragments | Ipv4Fragment.offsetMask)) !== 0) {
      readFragment4(view, at, headerLength, totalLength, segment, this.#part);
      return this.#keep(memory, at, segment);
    }
    segment.trafficClass = view.getUint8(at + Ipv4Field.trafficClass);
    segment.hopLimit = view.getUint8(at + Ipv4Field.hopLimit);
    segment.flowLabel = 0;
    const payload = at + headerLength;
    const payloadLength = totalLength - headerLength;
    const protocol = view.getUint8(at + Ipv4Field.protocol);
    if (this.#toGroup && protocol !== Protocol.udp) return this.#drop(Drop.ipDestinationForeign);
    switch (protocol) {
      case Protocol.tcp: {
        if (!this.#isOffloadFor(headerLength, VirtioGso.tcp4, TcpField.checksum)) {
          return this.#drop(Drop.virtioHeaderInvalid);
        }
        const pseudo = this.#vouched
          ? 0
          : pseudoHeaderSum4(source, destination, Protocol.tcp, payloadLength);
        return this.#decodeTcp(memory, payload, payloadLength, pseudo, segment);
      }
      case Protocol.icmp:
        // Segmentation is TCP's; an unfinished checksum fails below like any other wrong one.
        if (this.#gsoType !== VirtioGso.none) return this.#drop(Drop.virtioHeaderInvalid);
        if (!this.#loopback && !isIcmpChecksumRight(view, payload, payloadLength)) {
          return this.#drop(Drop.icmpInvalid);
        }
        return this.#icmp(readIcmp4(view, payload, payloadLength, segment, this.#own), segment);
      case Protocol.udp:
        if (!this.#isOffloadFor(headerLength, VirtioGso.none, UdpField.checksum)) {
          return this.#drop(Drop.virtioHeaderInvalid);
        }
        return this.#decodeUdp(memory, payload, payloadLength, segment);
      default: {
        const { protocol: code } = IcmpUnreachableCode;
        return this.#refuse(
          segment,
          Drop.ipProtocolUnsupported,
          IcmpType.destinationUnreachable,
          code,
          0,
        );
      }
    }
  }

  #decodeIpv6(memory: Memory, at: number, size: number, segment: Segment): InputKind {
    const { view } = memory;
    if (size < IPV6_HEADER_BYTES) return this.#drop(Drop.frameTruncated);
    // As above, a longer frame is padded.
    const length = IPV6_HEADER_BYTES + view.getUint16(at + Ipv6Field.payloadLength);
    if (length > size) return this.#drop(Drop.ipLengthInvalid);
    setIpv6Addresses(segment, view, at);
    const reason = this.#checkAddresses6(segment);
    const isForeign = reason === Drop.ipDestinationForeign && this.#forward !== null;
    if (reason !== Drop.none && !isForeign) return this.#drop(reason);
    const place = this.#place;
    findTransport(view, at, at + length, place);
    const isFragment = place.fragment !== NO_FRAGMENT;
    segment.foreign = isForeign && isForwardable6(segment) &&
      // What a fragment holds is known when the packet is whole.
      (isFragment ? this.#forward!.bits !== 0 : this.#isForwarded(place.protocol));
    if (isForeign && !segment.foreign) return this.#drop(reason);
    if (isFragment) return this.#fragment6(memory, at, at + length, segment);
    if (place.reason !== Drop.none) {
      return this.#refuse6(view, at, at + length, segment, place.reason);
    }
    segment.trafficClass = readTrafficClass(view, at);
    segment.hopLimit = view.getUint8(at + Ipv6Field.hopLimit);
    segment.flowLabel = view.getInt32(at + Ipv6Field.versionClassLabel) & FLOW_LABEL_MASK;
    const payload = place.offset;
    const payloadLength = at + length - payload;
    if (this.#toGroup && place.protocol !== Protocol.udp) {
      return this.#drop(Drop.ipDestinationForeign);
    }
    switch (place.protocol) {
      case Protocol.tcp: {
        if (!this.#isOffloadFor(payload - at, VirtioGso.tcp6, TcpField.checksum)) {
          return this.#drop(Drop.virtioHeaderInvalid);
        }
        const pseudo = this.#vouched ? 0 : pseudoHeaderSum6(view, at, Protocol.tcp, payloadLength);
        return this.#decodeTcp(memory, payload, payloadLength, pseudo, segment);
      }
      case Ipv6Next.icmp: {
        if (this.#gsoType !== VirtioGso.none) return this.#drop(Drop.virtioHeaderInvalid);
        const icmp = Ipv6Next.icmp;
        if (!this.#loopback && transportChecksum6(view, at, icmp, payload, payloadLength) !== 0) {
          return this.#drop(Drop.icmpInvalid);
        }
        return this.#icmp(readIcmp6(view, payload, payloadLength, segment, this.#own), segment);
      }
      case Protocol.udp:
        if (!this.#isOffloadFor(payload - at, VirtioGso.none, UdpField.checksum)) {
          return this.#drop(Drop.virtioHeaderInvalid);
        }
        return this.#decodeUdp(memory, payload, payloadLength, segment);
      case Ipv6Next.none:
        // RFC 8200 section 4.7: there is nothing to use and nobody to tell.
        return this.#drop(Drop.ipProtocolUnsupported);
      default:
        place.problem = Problem.nextHeader;
        return this.#refuse6(view, at, at + length, segment, Drop.ipProtocolUnsupported);
    }
  }

  /** A drop of which the sender is told. */
  #refuse(
    segment: Segment,
    reason: DropReason,
    type: number,
    code: number,
    word: number,
  ): InputKind {
    // Why a foreign host does not take something is not the stack's to say.
    if (segment.foreign) return this.#drop(reason);
    beginMessage(segment, segment.frameOffset, type, code);
    segment.icmpMtu = word;
    this.reason = reason;
    return InputKind.refused;
  }

  /** The same over IPv6, with the problem that was found, if any is to be told. */
  #refuse6(
    view: DataView,
    at: number,
    end: number,
    segment: Segment,
    reason: DropReason,
  ): InputKind {
    const { problem, pointer, isProblemForGroup } = this.#place;
    if (problem === NO_PROBLEM || (this.#toGroup && !isProblemForGroup)) return this.#drop(reason);
    // RFC 4443 section 2.4 e.1: no error about an error, whatever stands before it.
    if (mayHoldIcmpError(view, at, end)) return this.#drop(reason);
    return this.#refuse(segment, reason, Icmp6Type.parameterProblem, problem, pointer);
  }

  #fragment6(memory: Memory, at: number, end: number, segment: Segment): InputKind {
    const { view } = memory;
    const place = this.#place;
    readFragment6(view, at, end, place, segment, this.#part);
    if (place.reason === Drop.ipFragment) return this.#drop(Drop.ipFragment);
    if (place.reason !== Drop.none && place.problem !== NO_PROBLEM) {
      return this.#refuse6(view, at, end, segment, place.reason);
    }
    const kind = this.#keep(memory, at, segment);
    if (kind !== InputKind.dropped || this.reason === Drop.ipFragment) return kind;
    if (!problemOfFragment6(this.reason, this.#part, at, place)) return kind;
    return this.#refuse6(view, at, end, segment, this.reason);
  }

  /** Keeps the fragment at hand, or decodes the packet that it completes. */
  #keep(memory: Memory, at: number, segment: Segment): InputKind {
    const reassembly = this.#reassembly;
    // A packet within whose fragments there are fragments is nobody's (as in Linux).
    if (reassembly === null || this.#isWhole) return this.#drop(Drop.ipFragment);
    if (this.#gsoType !== VirtioGso.none) return this.#drop(Drop.virtioHeaderInvalid);
    const length = reassembly.add(memory, this.#part, at, this.#nowUs);
    if (length === KEPT) return InputKind.fragment;
    if (length === NOT_USED) return this.#drop(reassembly.reason);
    // Nobody vouches for the checksum of what came in pieces.
    if (this.#virtioHeader) writeVirtioPlain(memory.view, segment.frameOffset);
    const header = at - segment.frameOffset;
    this.#isWhole = true;
    const kind = this.#decode(memory, segment.frameOffset, header + length, segment);
    this.#isWhole = false;
    return kind;
  }

  /**
   * RFC 1122 section 3.2.1.3: which sources no host may have, and which destinations are this host. In a
   * loopback input all of 127.0.0.0/8 is this host.
   */
  #checkAddresses4(source: number, destination: number): DropReason {
    const network = source >>> 24;
    // A host that does not know its address yet asks everybody for one (DHCP, RFC 2131 section 4.1).
    const isStarting = source === 0 && destination === -1;
    if ((network === 0 && !isStarting) || this.#own.isGroup4(source)) return Drop.ipSourceMartian;
    if (!this.#loopback) {
      if (network === 127) return Drop.ipSourceMartian;
      if (this.#own.has4(source)) return Drop.ipSourceOwn;
    }
    this.#toGroup = this.#own.isGroup4(destination);
    return this.#toGroup || this.#own.has4(destination) ? Drop.none : Drop.ipDestinationForeign;
  }

  /**
   * The same of RFC 4291 section 2.5 and 2.7: no packet comes from a multicast group, from the unspecified
   * address, or from `::1` outside. IPv4-mapped addresses are names within a host: on the wire they would
   * get around what is decided about IPv4 addresses, so they are no source and no destination.
   */
  #checkAddresses6(s: Segment): DropReason {
    if ((s.src0 >>> 24) === 0xff) return Drop.ipSourceMartian;
    if (s.src0 === 0 && s.src1 === 0) {
      if (s.src2 === IPV4_MAPPED_W2) return Drop.ipSourceMartian;
      const isLowest = s.src2 === 0 && (s.src3 === 0 || (s.src3 === 1 && !this.#loopback));
      if (isLowest) return Drop.ipSourceMartian;
    }
    if (!this.#loopback && this.#own.has6(s.src0, s.src1, s.src2, s.src3)) return Drop.ipSourceOwn;
    this.#toGroup = (s.dst0 >>> 24) === 0xff;
    return this.#toGroup || this.#own.has6(s.dst0, s.dst1, s.dst2, s.dst3)
      ? Drop.none
      : Drop.ipDestinationForeign;
  }

  /** Whether packets of this protocol are let in for foreign destinations; ICMP comes with those that are. */
  #isForwarded(protocol: number): boolean {
    if (this.#forward === null) return false;
    const { bits } = this.#forward;
    switch (protocol) {
      case Protocol.tcp:
        return (bits & ForwardBit.tcp) !== 0;
      case Protocol.udp:
        return (bits & ForwardBit.udp) !== 0;
      case Protocol.icmp:
      case Ipv6Next.icmp:
        return bits !== 0;
      default:
        return false;
    }
  }

  /**
   * Whether the virtio-net header's claims, if any, are about a protocol with its checksum at `field`, behind
   * `headerLength` bytes of IP headers.
   */
  #isOffloadFor(headerLength: number, gsoType: number, field: number): boolean {
    if (this.#gsoType !== VirtioGso.none && this.#gsoType !== gsoType) return false;
    return this.#checksumStart === NO_CHECKSUM_START ||
      (this.#checksumStart === headerLength && this.#checksumOffset === field);
  }

  /** The addresses of `segment` are set. What follows the datagram in its packet is not looked at. */
  #decodeUdp(memory: Memory, at: number, size: number, segment: Segment): InputKind {
    const { view } = memory;
    if (size < UDP_HEADER_BYTES) return this.#drop(Drop.udpLengthInvalid);
    const length = view.getUint16(at + UdpField.length);
    if (length < UDP_HEADER_BYTES || length > size) return this.#drop(Drop.udpLengthInvalid);
    if (!this.#vouched) {
      const reason = checkUdpChecksum(memory, at, length, segment);
      if (reason !== Drop.none) return this.#drop(reason);
    }
    beginMessage(segment, at + UDP_HEADER_BYTES, 0, 0);
    segment.payloadLength = length - UDP_HEADER_BYTES;
    segment.srcPort = view.getUint16(at + UdpField.sourcePort);
    segment.dstPort = view.getUint16(at + UdpField.destinationPort);
    return segment.dstPort === 0 ? this.#drop(Drop.udpPortZero) : InputKind.udp;
  }

  /** `pseudo` is the running sum of the pseudo-header; not looked at when the checksum is vouched for. */
  #decodeTcp(
    memory: Memory,
    at: number,
    length: number,
    pseudo: number,
    segment: Segment,
  ): InputKind {
    const { view } = memory;
    if (length < TCP_HEADER_BYTES) return this.#drop(Drop.frameTruncated);
    if (!this.#vouched && checksumFold(checksumAddIn(memory, at, length, pseudo)) !== 0) {
      return this.#drop(Drop.tcpChecksumInvalid);
    }
    const headerLength = readTcpHeaderLength(view, at);
    if (headerLength < TCP_HEADER_BYTES || headerLength > length) {
      return this.#drop(Drop.tcpHeaderLengthInvalid);
    }
    readTcpFixedHeader(view, at, segment);
    if (segment.srcPort === 0 || segment.dstPort === 0) return this.#drop(Drop.tcpPortZero);
    if ((segment.flags & Flag.SYN) !== 0 && (segment.flags & (Flag.FIN | Flag.RST)) !== 0) {
      return this.#drop(Drop.tcpFlagsInvalid);
    }
    const end = at + headerLength;
    const reason = readTcpOptions(view, at + TCP_HEADER_BYTES, end, segment);
    if (reason !== Drop.none) return this.#drop(reason);
    segment.payloadOffset = end;
    segment.payloadLength = length - headerLength;
    // A payload that needs no cutting is a single wire segment, whatever the device calls it.
    segment.gsoSize = segment.payloadLength > this.#gsoSize ? this.#gsoSize : 0;
    segment.icmpType = 0;
    segment.icmpCode = 0;
    segment.icmpMtu = 0;
    return InputKind.tcp;
  }
}

/** RFC 768: no checksum is none to be wrong, but RFC 8200 section 8.1 wants one over IPv6. */
function checkUdpChecksum(
  memory: Memory,
  at: number,
  length: number,
  segment: Segment,
): DropReason {
  if (memory.view.getUint16(at + UdpField.checksum) === 0) {
    const isIpv4 = isIpv4Words(segment.src0, segment.src1, segment.src2);
    return isIpv4 ? Drop.none : Drop.udpChecksumMissing;
  }
  const sum = checksumAddIn(memory, at, length, udpPseudoSum(segment, length));
  return checksumFold(sum) === 0 ? Drop.none : Drop.udpChecksumInvalid;
}

/** Whether an IPv4 destination is one host, and not this one (RFC 1122 section 3.2.1.3). */
function isForwardable4(destination: number): boolean {
  const network = destination >>> 24;
  return network !== 0 && network !== 127 && network < 224;
}

/** The same of IPv6: no group, not unspecified, not a loopback or an embedded IPv4 address (RFC 4291 section 2.5). */
function isForwardable6({ dst0, dst1, dst2 }: Segment): boolean {
  if ((dst0 >>> 24) === 0xff) return false;
  return dst0 !== 0 || dst1 !== 0 || (dst2 !== 0 && dst2 !== IPV4_MAPPED_W2);
}

/** Ports to urgent pointer: the fields that every TCP header has. */
function readTcpFixedHeader(view: DataView, at: number, segment: Segment): void {
  segment.srcPort = view.getUint16(at + TcpField.sourcePort);
  segment.dstPort = view.getUint16(at + TcpField.destinationPort);
  segment.seq = view.getInt32(at + TcpField.sequence);
  segment.ack = view.getInt32(at + TcpField.acknowledgment);
  segment.flags = view.getUint16(at + TcpField.dataOffsetFlags) & TCP_FLAGS_MASK;
  segment.window = view.getUint16(at + TcpField.window);
  segment.urgent = view.getUint16(at + TcpField.urgent);
}
