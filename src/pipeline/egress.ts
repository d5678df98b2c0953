import { Counter, type Counters } from "../base/counters.ts";
import { Drop } from "../base/drops.ts";
import type { Memory } from "../base/memory.ts";
import { seqAdd } from "../base/seq.ts";
import { type Address, isIpv4Words } from "../base/address.ts";
import { type Device, SendOutcome } from "../device/device.ts";
import { ChecksumMode, finishTcpChecksum, writePacket } from "../ip/output.ts";
import { OwnAddresses } from "../ip/own_addresses.ts";
import { UnreachableBudget, writeUnreachable } from "../ip/unreachable.ts";
import type { Layout } from "../ring/layout.ts";
import { DESCRIPTOR_WORDS, NIL, START } from "../ring/pool.ts";
import { FIRST_PIECE, type RemoteAddress, type SegmentSink } from "../tcp/sink.ts";
import { checksumAddPiece } from "../wire/checksum.ts";
import { IPV4_HEADER_BYTES } from "../wire/ipv4.ts";
import { IPV6_HEADER_BYTES } from "../wire/ipv6.ts";
import { Flag, type Segment } from "../wire/segment.ts";
import { VIRTIO_HEADER_BYTES } from "../wire/virtio.ts";
import type { ReceiveSlots } from "./slots.ts";
import { TraceKind, type TraceWriter } from "./trace_ring.ts";

/**
 * Payload of the largest super-segment: an IPv4 datagram less 20 bytes of IP and 60 of TCP header. With IPv6
 * 20 bytes more would fit, and a frame slot is large enough for its longer header.
 */
const SUPER_BYTES = 65_535 - 80;
/** Pieces of one packet: headers, and payload from blocks of which the first and last may be partial. */
const MAX_PIECES = 64;
/** Packets that the stack has sent to itself and not yet taken in. */
const LOOPBACK_PACKETS = 32;
/** How many of them may be data; the others are for ACKs, which nobody holds back. */
const LOOPBACK_DATA_PACKETS = 16;

/**
 * The way out: builds headers and hands packets to the device, or, for the stack's own addresses, back
 * to the input.
 */
export class Egress implements SegmentSink {
  /** Where the device does not cut super-segments, the egress does: the state machine runs once for many frames. */
  readonly superBytes: number;
  readonly mtu: number;
  readonly pieces: Int32Array = new Int32Array(2 * MAX_PIECES);
  /** Where to record what is sent, when somebody looks. */
  trace: TraceWriter | null = null;
  /** The pieces of one frame that is cut out of a super-segment. */
  readonly #cut: Int32Array = new Int32Array(2 * MAX_PIECES);
  readonly #device: Device;
  readonly #memory: Memory;
  readonly #counters: Counters;
  readonly #headers: number;
  readonly #slots: ReceiveSlots;
  readonly #own: OwnAddresses;
  /** Pairs of (slot, length), a queue in an array. */
  readonly #loopback: Int32Array = new Int32Array(2 * LOOPBACK_PACKETS);
  readonly #errors = new UnreachableBudget();
  #loopbackHead = 0;
  #loopbackTail = 0;
  #identification = 0;

  constructor(
    device: Device,
    layout: Layout,
    slots: ReceiveSlots,
    counters: Counters,
    addresses: readonly Address[],
    superBytes: number = SUPER_BYTES,
  ) {
    this.superBytes = superBytes;
    this.#device = device;
    this.#memory = layout.memory;
    this.#headers = layout.headers;
    this.#slots = slots;
    this.#counters = counters;
    this.#own = new OwnAddresses(addresses, true);
    this.mtu = device.mtu;
  }

  hasRoom(remote: RemoteAddress): boolean {
    const waiting = this.#loopbackTail - this.#loopbackHead;
    if (waiting < LOOPBACK_DATA_PACKETS) return true;
    const { remote0, remote1, remote2, remote3 } = remote;
    return !this.isOwn(remote0, remote1, remote2, remote3);
  }

  send(segment: Segment, end: number): void {
    const isOwn = this.isOwn(segment.dst0, segment.dst1, segment.dst2, segment.dst3);
    if (segment.gsoSize > 0 && !isOwn && !this.#device.virtioHeader) {
      this.#sendInFrames(segment);
      return;
    }
    if (isOwn) this.#loopBack(segment, end);
    else if (this.#device.virtioHeader) this.#sendForOffload(segment, end);
    else this.#sendComplete(segment, this.pieces, end);
  }

  /** Answers the SYN of a flow that was rejected, of which only what it said is left. */
  sendUnreachable(syn: Segment, code: number, nowUs: number): void {
    const isOwn = this.isOwn(syn.src0, syn.src1, syn.src2, syn.src3);
    if (isOwn || !this.#errors.take(nowUs)) {
      this.#counters.drop(Drop.rateLimited);
      return;
    }
    const { virtioHeader } = this.#device;
    this.pieces[0] = this.#headers;
    this.pieces[1] = writeUnreachable(this.#memory, this.#headers, syn, code, virtioHeader);
    if (this.trace !== null) {
      const ip = this.#headers + (virtioHeader ? VIRTIO_HEADER_BYTES : 0);
      const isIpv4 = isIpv4Words(syn.dst0, syn.dst1, syn.dst2);
      const icmp = ip + (isIpv4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES);
      this.trace.icmp(TraceKind.icmpOut, ip, icmp);
    }
    this.#counters.count(Counter.flowErrorsOut);
    this.transmit(this.pieces, FIRST_PIECE, 0);
  }

  /** The next packet that the stack sent to itself: its slot, or {@link NIL}. */
  takeLoopback(): number {
    if (this.#loopbackHead === this.#loopbackTail) return NIL;
    return this.#loopback[2 * (this.#loopbackHead % LOOPBACK_PACKETS)];
  }

  /** Length in bytes of the packet that `takeLoopback` named, which is thereby taken. */
  loopbackLength(): number {
    const length = this.#loopback[2 * (this.#loopbackHead % LOOPBACK_PACKETS) + 1];
    this.#loopbackHead++;
    return length;
  }

  /** Whether packets to the stack itself wait. */
  get hasLoopback(): boolean {
    return this.#loopbackHead !== this.#loopbackTail;
  }

  /** Whether packets to this address are the stack's own. */
  isOwn(w0: number, w1: number, w2: number, w3: number): boolean {
    return isIpv4Words(w0, w1, w2) ? this.#own.has4(w3) : this.#own.has6(w0, w1, w2, w3);
  }

  #sendForOffload(segment: Segment, end: number): void {
    const { pieces } = this;
    this.#identification = (this.#identification + 1) & 0xffff;
    pieces[0] = this.#headers;
    pieces[1] = writePacket(
      this.#memory,
      this.#headers,
      segment,
      segment.payloadLength,
      this.#identification,
      ChecksumMode.virtioPartial,
    );
    this.trace?.segment(
      TraceKind.segmentOut,
      segment,
      this.#headers + VIRTIO_HEADER_BYTES,
      pieces[1] - VIRTIO_HEADER_BYTES,
    );
    this.transmit(pieces, end, segment.payloadLength);
  }

  /** Sends one frame whose payload is `pieces` up to index `end`. */
  #sendComplete(segment: Segment, pieces: Int32Array, end: number): void {
    pieces[0] = this.#headers;
    pieces[1] = writePacket(
      this.#memory,
      this.#headers,
      segment,
      segment.payloadLength,
      0,
      ChecksumMode.full,
    );
    let sum = 0;
    let position = 0;
    for (let i = FIRST_PIECE; i < end; i += 2) {
      sum = checksumAddPiece(this.#memory, pieces[i], pieces[i + 1], sum, position);
      position += pieces[i + 1];
    }
    finishTcpChecksum(this.#memory.view, this.#headers, pieces[1], sum);
    this.trace?.segment(TraceKind.segmentOut, segment, this.#headers, pieces[1]);
    this.transmit(pieces, end, segment.payloadLength);
  }

  /**
   * Cuts a super-segment into frames of `gsoSize` bytes of payload, as a device with segmentation offload would: PSH
   * and FIN go with the last one. The segment is lent out in the form of each, and has its own again in the end.
   */
  #sendInFrames(segment: Segment): void {
    const { seq, flags, payloadLength, gsoSize } = segment;
    const { pieces } = this;
    const cut = this.#cut;
    let piece = FIRST_PIECE;
    let used = 0;
    segment.gsoSize = 0;
    for (let sent = 0; sent < payloadLength; sent += gsoSize) {
      const length = Math.min(gsoSize, payloadLength - sent);
      let end = FIRST_PIECE;
      for (let missing = length; missing > 0; end += 2) {
        const count = Math.min(missing, pieces[piece + 1] - used);
        cut[end] = pieces[piece] + used;
        cut[end + 1] = count;
        missing -= count;
        used += count;
        if (used === pieces[piece + 1]) {
          piece += 2;
          used = 0;
        }
      }
      segment.seq = seqAdd(seq, sent);
      segment.payloadLength = length;
      segment.flags = sent + length === payloadLength ? flags : flags & ~(Flag.PSH | Flag.FIN);
      // RFC 3168 section 6.1.2: one segment says that the window was reduced.
      if (sent > 0) segment.flags &= ~Flag.CWR;
      this.#sendComplete(segment, cut, end);
    }
    segment.seq = seq;
    segment.flags = flags;
    segment.payloadLength = payloadLength;
    segment.gsoSize = gsoSize;
  }

  /** Sends a frame: its headers, and `payloadLength` bytes in the pieces up to index `end`. */
  transmit(pieces: Int32Array, end: number, payloadLength: number): void {
    const outcome = this.#device.send(this.#memory.bytes, pieces, end >> 1);
    if (outcome === SendOutcome.sent) {
      this.#counters.count(Counter.framesOut);
      this.#counters.add(Counter.frameBytesOut, pieces[1] + payloadLength);
    } else {
      this.#counters.drop(Drop.deviceSendFailed);
    }
  }

  /** Puts a packet into a frame slot as if it had come from the device. */
  #loopBack(segment: Segment, end: number): void {
    const descriptor = this.claimLoopback();
    if (descriptor === NIL) return;
    const { payloadLength } = segment;
    const start = this.startOf(descriptor);
    const headers = writePacket(this.#memory, start, segment, payloadLength, 0, ChecksumMode.none);
    this.trace?.segment(TraceKind.segmentOut, segment, start, headers);
    this.pushLoopback(descriptor, headers, end);
  }

  /** A frame slot for a packet to the stack itself, or {@link NIL}, counted, when there is no room for one. */
  claimLoopback(): number {
    const full = this.#loopbackTail - this.#loopbackHead >= LOOPBACK_PACKETS;
    const descriptor = full ? NIL : this.#slots.slots.take();
    if (descriptor === NIL) this.#counters.drop(Drop.loopbackFull);
    return descriptor;
  }

  /** Queues the packet whose headers, of that length, stand in the slot, with the payload in the pieces. */
  pushLoopback(descriptor: number, headers: number, end: number): void {
    const { pieces } = this;
    const start = this.startOf(descriptor);
    let length = headers;
    for (let i = FIRST_PIECE; i < end; i += 2) {
      this.#memory.copy(start + length, pieces[i], pieces[i + 1]);
      length += pieces[i + 1];
    }
    const at = 2 * (this.#loopbackTail % LOOPBACK_PACKETS);
    this.#loopback[at] = descriptor;
    this.#loopback[at + 1] = length;
    this.#loopbackTail++;
  }

  /** Where the bytes of a frame slot begin. */
  startOf(descriptor: number): number {
    const { words, table } = this.#slots.slots;
    return words[table + descriptor * DESCRIPTOR_WORDS + START];
  }
}
