import type { Address } from "../base/address.ts";
import { isIpv4Words } from "../base/address.ts";
import { Counter, type Counters } from "../base/counters.ts";
import { Drop } from "../base/drops.ts";
import type { Memory } from "../base/memory.ts";
import type { Random } from "../base/random.ts";
import type { Device } from "../device/device.ts";
import { fragmentBytes, writeFragmentHeader } from "../ip/fragment_output.ts";
import { ErrorBudget, writePortUnreachable } from "../ip/icmp_output.ts";
import { ChecksumMode } from "../ip/output.ts";
import { OwnAddresses } from "../ip/own_addresses.ts";
import { PathMtuTable } from "../ip/path_mtu.ts";
import { udpPacketBytes, writeUdpPacket } from "../ip/udp_output.ts";
import { HEADER_BYTES, type Layout } from "../ring/layout.ts";
import { NIL } from "../ring/pool.ts";
import { FlowLabels } from "../tcp/flow_label.ts";
import { FIRST_PIECE, type RemoteAddress } from "../tcp/sink.ts";
import type { DatagramSink } from "../udp/sink.ts";
import { checksumAddPiece } from "../wire/checksum.ts";
import { IPV4_TOTAL_MAX_BYTES, Protocol } from "../wire/ipv4.ts";
import { IPV6_HEADER_BYTES, IPV6_PAYLOAD_MAX_BYTES } from "../wire/ipv6.ts";
import type { Segment } from "../wire/segment.ts";
import { UDP_HEADER_BYTES, udpChecksum, writeUdpHeader } from "../wire/udp.ts";
import { VIRTIO_HEADER_BYTES, writeVirtioPlain } from "../wire/virtio.ts";
import type { Egress } from "./egress.ts";
import type { ReceiveSlots } from "./slots.ts";
import { TraceKind, type TraceWriter } from "./trace_ring.ts";

/** What the way out of datagrams is made of. */
export interface DatagramEgressParts {
  readonly device: Device;
  readonly layout: Layout;
  readonly slots: ReceiveSlots;
  readonly counters: Counters;
  readonly addresses: readonly Address[];
  readonly broadcasts: readonly Address[];
  readonly random: Random;
  /** The way out that TCP has; the queue of packets to the stack itself is one for both. */
  readonly egress: Egress;
}

/** Bytes of the header area that the UDP header of a datagram in fragments takes: the last ones. */
const UDP_HEADER_PLACE = HEADER_BYTES - UDP_HEADER_BYTES;

/**
 * The way out of datagrams: whole ones with a checksum that the device finishes where it does, longer ones in
 * fragments, what is for the stack itself or for a group that it is a member of back to the input.
 */
export class DatagramEgress implements DatagramSink {
  readonly pieces: Int32Array;
  /** Where to record what is sent, when somebody looks. */
  trace: TraceWriter | null = null;
  /** What routers have said about the way. */
  readonly paths: PathMtuTable;
  readonly #device: Device;
  readonly #memory: Memory;
  readonly #headers: number;
  readonly #counters: Counters;
  readonly #slots: ReceiveSlots;
  readonly #egress: Egress;
  readonly #own: OwnAddresses;
  readonly #errors = new ErrorBudget();
  readonly #labels: FlowLabels;
  /** The ends of the datagram at hand, as the labels want them. */
  readonly #flow = {
    ...{ local0: 0, local1: 0, local2: 0, local3: 0, localPort: 0 },
    ...{ remote0: 0, remote1: 0, remote2: 0, remote3: 0, remotePort: 0 },
  };
  /** The pieces of one fragment. */
  readonly #cut: Int32Array;
  /** Of the next datagram in fragments: 32 bits, of which IPv4 has the lower half (RFC 7739). */
  #identification: number;

  constructor(parts: DatagramEgressParts) {
    this.#device = parts.device;
    this.#memory = parts.layout.memory;
    this.#headers = parts.layout.headers;
    this.#counters = parts.counters;
    this.#slots = parts.slots;
    this.#egress = parts.egress;
    this.pieces = parts.egress.pieces;
    this.#cut = new Int32Array(this.pieces.length);
    this.#own = new OwnAddresses(parts.addresses, true, parts.broadcasts);
    this.paths = new PathMtuTable(parts.device.mtu);
    this.#identification = parts.random.uint32() | 0;
    this.#labels = new FlowLabels(parts.random);
  }

  /** Whether this datagram was sent to many: to a group, or to all of a network. */
  isForGroup(datagram: Segment): boolean {
    const { dst0, dst1, dst2, dst3 } = datagram;
    if (isIpv4Words(dst0, dst1, dst2)) return this.#own.isGroup4(dst3);
    return (dst0 >>> 24) === 0xff;
  }

  hasRoom(remote: RemoteAddress): boolean {
    return this.#egress.hasRoom(remote);
  }

  sendDatagram(datagram: Segment, end: number, loopsBack: boolean, nowUs: number): void {
    const { dst0, dst1, dst2, dst3 } = datagram;
    const bytes = udpPacketBytes(datagram);
    const isIpv4 = isIpv4Words(dst0, dst1, dst2);
    const most = isIpv4 ? IPV4_TOTAL_MAX_BYTES : IPV6_HEADER_BYTES + IPV6_PAYLOAD_MAX_BYTES;
    if (bytes > most) {
      this.#counters.drop(Drop.udpTooLong);
      return;
    }
    datagram.flowLabel = isIpv4 ? 0 : this.#labelFor(datagram);
    this.trace?.segment(TraceKind.datagramOut, datagram);
    const isOwn = this.#egress.isOwn(dst0, dst1, dst2, dst3);
    if (isOwn || (loopsBack && this.isForGroup(datagram))) this.#loopBack(datagram, end);
    // A group is also sent to with no hops, which reaches this host's own members alone (RFC 1112 section 6.1).
    if (isOwn || datagram.hopLimit === 0) return;
    const mtu = this.paths.of(dst0, dst1, dst2, dst3, nowUs);
    if (bytes > mtu) this.#sendInFragments(datagram, end, mtu);
    else if (this.#device.virtioHeader) this.#sendWhole(datagram, end, 0);
    else this.#sendWhole(datagram, end, this.#payloadSum(end));
  }

  sendPortUnreachable(datagram: Segment, nowUs: number): void {
    const { src0, src1, src2, src3 } = datagram;
    // No socket is told of such errors, so those to the stack itself would be for nobody.
    if (this.#egress.isOwn(src0, src1, src2, src3)) return;
    const descriptor = this.#errors.take(nowUs) ? this.#slots.slots.take() : NIL;
    if (descriptor === NIL) {
      this.#counters.drop(Drop.rateLimited);
      return;
    }
    const { virtioHeader } = this.#device;
    const skipped = virtioHeader ? VIRTIO_HEADER_BYTES : 0;
    const start = this.#egress.startOf(descriptor);
    const length = writePortUnreachable(
      this.#memory,
      start,
      datagram,
      datagram.frameOffset + skipped,
      datagram.frameLength - skipped,
      virtioHeader,
    );
    this.pieces[0] = start;
    this.pieces[1] = length;
    this.#counters.count(Counter.udpErrorsOut);
    this.#egress.transmit(this.pieces, FIRST_PIECE, 0);
    this.#slots.slots.give(descriptor);
  }

  /** RFC 6437 section 3: one label for all that goes between two ports, as Linux has it for UDP too. */
  #labelFor(datagram: Segment): number {
    const flow = this.#flow;
    flow.local0 = datagram.src0;
    flow.local1 = datagram.src1;
    flow.local2 = datagram.src2;
    flow.local3 = datagram.src3;
    flow.remote0 = datagram.dst0;
    flow.remote1 = datagram.dst1;
    flow.remote2 = datagram.dst2;
    flow.remote3 = datagram.dst3;
    flow.localPort = datagram.srcPort;
    flow.remotePort = datagram.dstPort;
    return this.#labels.of(flow);
  }

  #sendWhole(datagram: Segment, end: number, payloadSum: number): void {
    const mode = this.#device.virtioHeader ? ChecksumMode.virtioPartial : ChecksumMode.full;
    this.pieces[0] = this.#headers;
    this.pieces[1] = writeUdpPacket(this.#memory, this.#headers, datagram, mode, payloadSum);
    this.#egress.transmit(this.pieces, end, datagram.payloadLength);
  }

  #loopBack(datagram: Segment, end: number): void {
    const descriptor = this.#egress.claimLoopback();
    if (descriptor === NIL) return;
    const start = this.#egress.startOf(descriptor);
    const headers = writeUdpPacket(this.#memory, start, datagram, ChecksumMode.none, 0);
    this.#egress.pushLoopback(descriptor, headers, end);
  }

  #payloadSum(end: number): number {
    const { pieces } = this;
    let sum = 0;
    let position = 0;
    for (let i = FIRST_PIECE; i < end; i += 2) {
      sum = checksumAddPiece(this.#memory, pieces[i], pieces[i + 1], sum, position);
      position += pieces[i + 1];
    }
    return sum;
  }

  /** The UDP header is the beginning of what is cut, so it becomes one more piece, before those of the payload. */
  #sendInFragments(datagram: Segment, end: number, mtu: number): void {
    const { pieces } = this;
    const { srcPort, dstPort, payloadLength } = datagram;
    const checksum = udpChecksum(datagram, this.#payloadSum(end));
    const udp = this.#headers + UDP_HEADER_PLACE;
    writeUdpHeader(this.#memory.view, udp, srcPort, dstPort, payloadLength, checksum);
    pieces[0] = udp;
    pieces[1] = UDP_HEADER_BYTES;
    const total = UDP_HEADER_BYTES + payloadLength;
    const most = fragmentBytes(datagram, mtu);
    this.#identification = (this.#identification + 1) | 0;
    let piece = 0;
    let used = 0;
    for (let position = 0; position < total; position += most) {
      const length = Math.min(most, total - position);
      let cutEnd = FIRST_PIECE;
      for (let missing = length; missing > 0; cutEnd += 2) {
        const count = Math.min(missing, pieces[piece + 1] - used);
        this.#cut[cutEnd] = pieces[piece] + used;
        this.#cut[cutEnd + 1] = count;
        missing -= count;
        used += count;
        if (used === pieces[piece + 1]) {
          piece += 2;
          used = 0;
        }
      }
      this.#sendFragment(datagram, cutEnd, length, position, position + length < total);
    }
  }

  #sendFragment(
    datagram: Segment,
    end: number,
    length: number,
    position: number,
    hasMore: boolean,
  ): void {
    const { virtioHeader } = this.#device;
    const ip = this.#headers + (virtioHeader ? VIRTIO_HEADER_BYTES : 0);
    if (virtioHeader) writeVirtioPlain(this.#memory.view, this.#headers);
    const headers = writeFragmentHeader(
      this.#memory.view,
      ip,
      datagram,
      Protocol.udp,
      length,
      position,
      hasMore,
      this.#identification,
    );
    this.#cut[0] = this.#headers;
    this.#cut[1] = ip - this.#headers + headers;
    this.#counters.count(Counter.fragmentsOut);
    this.#egress.transmit(this.#cut, end, length);
  }
}
