/**
 * The input decoder: from a frame to a {@link Segment}, or to a named reason why not. Nothing behind it
 * looks at header bytes again. Every field of the segment is set by each decode that is not a drop.
 */
import { type Address, IPV4_MAPPED_W2, isIpv4 } from "../base/address.ts";
import { Drop, type DropReason } from "../base/drops.ts";
import type { Memory } from "../base/memory.ts";
import { checksumAddIn, checksumFold, pseudoHeaderSum4 } from "../wire/checksum.ts";
import {
  ICMP_HEADER_BYTES,
  ICMP_QUOTED_BYTES,
  IcmpField,
  IcmpType,
  IcmpUnreachableCode,
  isIcmpChecksumRight,
} from "../wire/icmp.ts";
import {
  hasIpv4SourceRoute,
  IPV4_HEADER_BYTES,
  Ipv4Field,
  Ipv4Fragment,
  isIpv4ChecksumRight,
  Protocol,
  readIpv4HeaderLength,
} from "../wire/ipv4.ts";
import { Flag, type Segment } from "../wire/segment.ts";
import {
  clearTcpOptions,
  readTcpHeaderLength,
  readTcpOptions,
  TCP_FLAGS_MASK,
  TCP_HEADER_BYTES,
  TcpField,
} from "../wire/tcp.ts";
import { VIRTIO_HEADER_BYTES, VirtioField, VirtioFlag, VirtioGso } from "../wire/virtio.ts";

/** What a frame turned out to be. */
export const InputKind = {
  /** Not to be used; {@link PacketInput.reason} says why. */
  dropped: 0,
  /** A TCP segment for this stack. */
  tcp: 1,
  /** An ICMP echo request: the payload range is the whole ICMP message. */
  icmpEcho: 2,
  /**
   * An ICMP error about a TCP segment that this stack sent: the source, the destination, the ports and
   * `seq` are those of the quoted segment (so the source is ours), with `icmpType`, `icmpCode`, `icmpMtu`.
   */
  icmpError: 3,
} as const;

/** One value of {@link InputKind}. */
export type InputKind = (typeof InputKind)[keyof typeof InputKind];

/** How a {@link PacketInput} is to read frames. */
export interface PacketInputOptions {
  /** Whether each frame begins with a virtio-net header. */
  readonly virtioHeader: boolean;
  /** The stack's own addresses. */
  readonly addresses: readonly Address[];
  /**
   * Whether the frames are the stack's own, sent to itself: 127.0.0.0/8 and its own addresses are then
   * good on both ends, and checksums are not looked at, because memory does not garble bytes. Such
   * frames have no virtio-net header. False when absent.
   */
  readonly loopback?: boolean;
}

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
  /** The last words of the stack's IPv4 addresses. */
  readonly #own: Int32Array;

  // What the virtio-net header of the frame at hand says.
  /** Whether the checksum need not be verified. */
  #vouched = false;
  /** Where the unfinished checksum begins, in bytes from the IP header, or NO_CHECKSUM_START. */
  #checksumStart = NO_CHECKSUM_START;
  #checksumOffset = 0;
  #gsoType: number = VirtioGso.none;
  #gsoSize = 0;

  /** Throws a `TypeError` for a loopback input with virtio-net headers, which nobody would write. */
  constructor(options: PacketInputOptions) {
    this.#virtioHeader = options.virtioHeader;
    this.#loopback = options.loopback ?? false;
    if (this.#loopback && this.#virtioHeader) {
      throw new TypeError("A loopback input reads plain frames: virtioHeader must be false");
    }
    this.#vouched = this.#loopback;
    const own = options.addresses.filter(isIpv4);
    this.#own = Int32Array.from(own, (address) => address.w3);
  }

  /**
   * Decodes the frame of `length` bytes at `offset` into `segment`. After {@link InputKind.dropped} the
   * segment holds nothing useful. The checks come in the order in which later ones rely on earlier ones,
   * and a checksum comes before the fields that it covers, so that damage is counted as damage.
   */
  decode(memory: Memory, offset: number, length: number, segment: Segment): InputKind {
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
      default:
        return this.#drop(Drop.ipVersionUnsupported);
    }
  }

  #drop(reason: DropReason): InputKind {
    this.reason = reason;
    return InputKind.dropped;
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
    const reason = this.#checkAddresses(source, destination);
    if (reason !== Drop.none) return this.#drop(reason);
    const fragment = view.getUint16(at + Ipv4Field.fragment);
    if ((fragment & (Ipv4Fragment.moreFragments | Ipv4Fragment.offsetMask)) !== 0) {
      return this.#drop(Drop.ipFragment);
    }
    if (headerLength > IPV4_HEADER_BYTES && hasIpv4SourceRoute(view, at, headerLength)) {
      return this.#drop(Drop.ipSourceRoute);
    }
    setIpv4Addresses(segment, source, destination);
    segment.trafficClass = view.getUint8(at + Ipv4Field.trafficClass);
    segment.hopLimit = view.getUint8(at + Ipv4Field.hopLimit);
    const payload = at + headerLength;
    const payloadLength = totalLength - headerLength;
    switch (view.getUint8(at + Ipv4Field.protocol)) {
      case Protocol.tcp:
        if (!this.#isOffloadForTcp(headerLength, VirtioGso.tcp4)) {
          return this.#drop(Drop.virtioHeaderInvalid);
        }
        return this.#decodeTcp(memory, payload, payloadLength, segment);
      case Protocol.icmp:
        return this.#decodeIcmp(view, payload, payloadLength, segment);
      default:
        return this.#drop(Drop.ipProtocolUnsupported);
    }
  }

  /**
   * RFC 1122 section 3.2.1.3: which sources no host may have, and which destinations are this host. In a
   * loopback input all of 127.0.0.0/8 is this host.
   */
  #checkAddresses(source: number, destination: number): DropReason {
    const network = source >>> 24;
    if (network === 0 || (network >= 224 && network < 240) || source === -1) {
      return Drop.ipSourceMartian;
    }
    if (this.#loopback) {
      const isHere = (destination >>> 24) === 127 || this.#isOwn(destination);
      return isHere ? Drop.none : Drop.ipDestinationForeign;
    }
    if (network === 127) return Drop.ipSourceMartian;
    if (this.#isOwn(source)) return Drop.ipSourceOwn;
    return this.#isOwn(destination) ? Drop.none : Drop.ipDestinationForeign;
  }

  #isOwn(address: number): boolean {
    const own = this.#own;
    for (let i = 0; i < own.length; i++) {
      if (own[i] === address) return true;
    }
    return false;
  }

  /** Whether the virtio-net header's claims, if any, are about TCP right behind the IP header. */
  #isOffloadForTcp(headerLength: number, gsoType: number): boolean {
    if (this.#gsoType !== VirtioGso.none && this.#gsoType !== gsoType) return false;
    return this.#checksumStart === NO_CHECKSUM_START ||
      (this.#checksumStart === headerLength && this.#checksumOffset === TcpField.checksum);
  }

  #decodeTcp(memory: Memory, at: number, length: number, segment: Segment): InputKind {
    const { view } = memory;
    if (length < TCP_HEADER_BYTES) return this.#drop(Drop.frameTruncated);
    if (!this.#vouched) {
      const pseudo = pseudoHeaderSum4(segment.src3, segment.dst3, Protocol.tcp, length);
      if (checksumFold(checksumAddIn(memory, at, length, pseudo)) !== 0) {
        return this.#drop(Drop.tcpChecksumInvalid);
      }
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

  #decodeIcmp(view: DataView, at: number, length: number, segment: Segment): InputKind {
    // Segmentation is TCP's; an unfinished checksum fails below like any other wrong one.
    if (this.#gsoType !== VirtioGso.none) return this.#drop(Drop.virtioHeaderInvalid);
    if (length < ICMP_HEADER_BYTES) return this.#drop(Drop.icmpInvalid);
    if (!this.#loopback && !isIcmpChecksumRight(view, at, length)) {
      return this.#drop(Drop.icmpInvalid);
    }
    clearTcpFields(segment);
    const type = view.getUint8(at + IcmpField.type);
    segment.icmpType = type;
    segment.icmpCode = view.getUint8(at + IcmpField.code);
    segment.icmpMtu = 0;
    segment.payloadOffset = at;
    segment.payloadLength = 0;
    switch (type) {
      case IcmpType.echoRequest:
        segment.payloadLength = length;
        return InputKind.icmpEcho;
      case IcmpType.destinationUnreachable:
        if (segment.icmpCode === IcmpUnreachableCode.fragmentationNeeded) {
          segment.icmpMtu = view.getUint16(at + IcmpField.mtu);
        }
        return this.#decodeQuoted4(view, at, length, segment);
      case IcmpType.timeExceeded:
      case IcmpType.parameterProblem:
        return this.#decodeQuoted4(view, at, length, segment);
      default:
        // Replies to requests that were never made; source quench (RFC 6633) and redirects are not used.
        return this.#drop(Drop.icmpInvalid);
    }
  }

  /**
   * Reads the beginning of the datagram that an error quotes (RFC 792: the IP header and 8 bytes). Its
   * length and checksum are not looked at: routers on the way may have changed the header.
   */
  #decodeQuoted4(view: DataView, icmp: number, length: number, segment: Segment): InputKind {
    const at = icmp + IcmpField.quoted;
    const size = length - IcmpField.quoted;
    if (size < IPV4_HEADER_BYTES || (view.getUint8(at) >>> 4) !== 4) {
      return this.#drop(Drop.icmpInvalid);
    }
    const headerLength = readIpv4HeaderLength(view, at);
    if (headerLength < IPV4_HEADER_BYTES || headerLength + ICMP_QUOTED_BYTES > size) {
      return this.#drop(Drop.icmpInvalid);
    }
    const fragment = view.getUint16(at + Ipv4Field.fragment);
    const source = view.getInt32(at + Ipv4Field.source);
    const isOurs = this.#isOwn(source) || (this.#loopback && (source >>> 24) === 127);
    if (
      view.getUint8(at + Ipv4Field.protocol) !== Protocol.tcp ||
      (fragment & Ipv4Fragment.offsetMask) !== 0 || !isOurs
    ) {
      return this.#drop(Drop.icmpInvalid);
    }
    setIpv4Addresses(segment, source, view.getInt32(at + Ipv4Field.destination));
    const tcp = at + headerLength;
    segment.srcPort = view.getUint16(tcp + TcpField.sourcePort);
    segment.dstPort = view.getUint16(tcp + TcpField.destinationPort);
    segment.seq = view.getInt32(tcp + TcpField.sequence);
    return InputKind.icmpError;
  }
}

function setIpv4Addresses(segment: Segment, source: number, destination: number): void {
  segment.src0 = 0;
  segment.src1 = 0;
  segment.src2 = IPV4_MAPPED_W2;
  segment.src3 = source;
  segment.dst0 = 0;
  segment.dst1 = 0;
  segment.dst2 = IPV4_MAPPED_W2;
  segment.dst3 = destination;
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

/** What a segment that is none says about TCP: nothing. */
function clearTcpFields(segment: Segment): void {
  segment.srcPort = 0;
  segment.dstPort = 0;
  segment.seq = 0;
  segment.ack = 0;
  segment.flags = 0;
  segment.window = 0;
  segment.urgent = 0;
  segment.gsoSize = 0;
  clearTcpOptions(segment);
}
