import type { Address } from "../base/address.ts";
import { isIpv4Words } from "../base/address.ts";
import type { Counters } from "../base/counters.ts";
import { Drop } from "../base/drops.ts";
import type { Memory } from "../base/memory.ts";
import type { Random } from "../base/random.ts";
import type { Device } from "../device/device.ts";
import type { IpConfig } from "../ip/config.ts";
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
import type { Egress } from "./egress.ts";
import { FragmentEgress } from "./fragment_egress.ts";
import { IcmpEgress } from "./icmp_egress.ts";
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
  readonly ip: IpConfig;
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
  readonly #egress: Egress;
  readonly #own: OwnAddresses;
  readonly #fragments: FragmentEgress;
  /** The way out of ICMP, which cuts what is too long in the same way and knows the same paths. */
  readonly icmp: IcmpEgress;
  readonly #labels: FlowLabels;
  /** The ends of the datagram at hand, as the labels want them. */
  readonly #flow = {
    ...{ local0: 0, local1: 0, local2: 0, local3: 0, localPort: 0 },
    ...{ remote0: 0, remote1: 0, remote2: 0, remote3: 0, remotePort: 0 },
  };

  constructor(parts: DatagramEgressParts) {
    this.#device = parts.device;
    this.#memory = parts.layout.memory;
    this.#headers = parts.layout.headers;
    this.#counters = parts.counters;
    this.#egress = parts.egress;
    this.pieces = parts.egress.pieces;
    this.#own = new OwnAddresses(parts.addresses, true, parts.broadcasts);
    this.paths = new PathMtuTable(parts.device.mtu);
    const { device, layout, slots, counters, random, egress } = parts;
    this.#fragments = new FragmentEgress(device, layout, counters, random, egress);
    this.icmp = new IcmpEgress({
      ...{ device, layout, slots, counters, random, egress },
      ...{ config: parts.ip, fragments: this.#fragments, paths: this.paths },
    });
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
    this.icmp.sendPortUnreachable(datagram, nowUs);
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
    this.#fragments.send(datagram, Protocol.udp, UDP_HEADER_BYTES + payloadLength, mtu);
  }
}
