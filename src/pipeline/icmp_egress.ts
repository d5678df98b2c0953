import { Counter, type Counters } from "../base/counters.ts";
import { Drop } from "../base/drops.ts";
import { isIpv4Words } from "../base/address.ts";
import type { Memory } from "../base/memory.ts";
import type { Random } from "../base/random.ts";
import type { Device } from "../device/device.ts";
import type { IpConfig } from "../ip/config.ts";
import { IcmpLimit } from "../ip/icmp_limit.ts";
import { setPortUnreachable, writeEchoRequest, writeIcmpError } from "../ip/icmp_output.ts";
import { writeEchoReply } from "../ip/output.ts";
import type { PathMtuTable } from "../ip/path_mtu.ts";
import type { Layout } from "../ring/layout.ts";
import { NIL } from "../ring/pool.ts";
import { FIRST_PIECE } from "../tcp/sink.ts";
import { IPV4_HEADER_BYTES, Protocol } from "../wire/ipv4.ts";
import { IPV6_HEADER_BYTES, Ipv6Next } from "../wire/ipv6.ts";
import { Segment, turnAround } from "../wire/segment.ts";
import { VIRTIO_HEADER_BYTES, writeVirtioPlain } from "../wire/virtio.ts";
import type { Egress } from "./egress.ts";
import type { FragmentEgress } from "./fragment_egress.ts";
import type { ReceiveSlots } from "./slots.ts";
import { TraceKind, type TraceWriter } from "./trace_ring.ts";

/** What the way out of ICMP is made of. */
export interface IcmpEgressParts {
  readonly device: Device;
  readonly layout: Layout;
  readonly slots: ReceiveSlots;
  readonly counters: Counters;
  readonly config: IpConfig;
  readonly random: Random;
  readonly egress: Egress;
  readonly fragments: FragmentEgress;
  readonly paths: PathMtuTable;
}

/** Part of the echo replies of a second that may go at once. */
const ECHO_BURST_SHARE = 10;

/** The way out of ICMP messages, each built in a frame slot of its own: errors, echo requests and replies. */
export class IcmpEgress {
  /** Where to record what is sent, when somebody looks. */
  trace: TraceWriter | null = null;
  readonly #parts: IcmpEgressParts;
  readonly #memory: Memory;
  readonly #errors: IcmpLimit;
  readonly #echoes: IcmpLimit;
  /** Both ends of the message at hand. */
  readonly #ends = new Segment();

  constructor(parts: IcmpEgressParts) {
    this.#parts = parts;
    this.#memory = parts.layout.memory;
    const { errorsPerSecond, errorsBurst, echoRepliesPerSecond } = parts.config;
    this.#errors = new IcmpLimit(errorsPerSecond, errorsBurst, parts.random);
    const echoBurst = Math.max(1, echoRepliesPerSecond / ECHO_BURST_SHARE);
    this.#echoes = new IcmpLimit(echoRepliesPerSecond, echoBurst, parts.random);
  }

  /** Tells the sender of a datagram that nobody listens on its port. */
  sendPortUnreachable(datagram: Segment, nowUs: number): void {
    setPortUnreachable(datagram);
    this.sendError(datagram, nowUs);
  }

  /** Sends the error that is due about a packet in its frame (`icmpType`, `icmpCode`, `icmpMtu`). */
  sendError(packet: Segment, nowUs: number): void {
    const skipped = this.#parts.device.virtioHeader ? VIRTIO_HEADER_BYTES : 0;
    const { frameOffset, frameLength } = packet;
    this.sendErrorAbout(packet, frameOffset + skipped, frameLength - skipped, nowUs);
  }

  /** The same about a packet whose first `length` bytes are at `offset`. */
  sendErrorAbout(packet: Segment, offset: number, length: number, nowUs: number): void {
    const { egress, slots, counters, device } = this.#parts;
    // What the stack sends to itself has nobody behind it who waits to be told.
    if (egress.isOwn(packet.src0, packet.src1, packet.src2, packet.src3)) return;
    if (!this.#errors.allows(nowUs)) return counters.drop(Drop.icmpErrorLimited);
    const descriptor = slots.slots.take();
    if (descriptor === NIL) return counters.drop(Drop.icmpErrorLimited);
    const { virtioHeader } = device;
    const start = egress.startOf(descriptor);
    const { pieces } = egress;
    pieces[0] = start;
    pieces[1] = writeIcmpError(this.#memory, start, packet, offset, length, virtioHeader);
    this.#show(start + (virtioHeader ? VIRTIO_HEADER_BYTES : 0), packet);
    counters.count(Counter.icmpErrorsOut);
    egress.transmit(pieces, FIRST_PIECE, 0);
    slots.slots.give(descriptor);
  }

  /** Answers an echo request that lies in its frame slot. */
  sendEchoReply(request: Segment, nowUs: number): void {
    const { counters } = this.#parts;
    if (!this.#echoes.allows(nowUs)) return counters.drop(Drop.icmpEchoLimited);
    const ends = this.#ends;
    turnAround(ends, request);
    ends.trafficClass = request.trafficClass;
    ends.hopLimit = 0;
    const descriptor = this.#claim(ends);
    if (descriptor === NIL) return;
    const ip = this.#ipOf(descriptor, ends);
    const length = writeEchoReply(this.#memory, ip, request, false);
    counters.count(Counter.icmpEchoReplies);
    this.#send(descriptor, ends, length, nowUs);
  }

  /** Sends an echo request with `size` bytes between both ends of `ends`; `name` comes back with the reply. */
  sendEchoRequest(ends: Segment, name: number, size: number, nowUs: number): void {
    const descriptor = this.#claim(ends);
    if (descriptor === NIL) return;
    const ip = this.#ipOf(descriptor, ends);
    const length = writeEchoRequest(this.#memory.view, ip, ends, name, size);
    this.#parts.counters.count(Counter.pingsOut);
    this.#send(descriptor, ends, length, nowUs);
  }

  #isOwn(ends: Segment): boolean {
    return this.#parts.egress.isOwn(ends.dst0, ends.dst1, ends.dst2, ends.dst3);
  }

  /** A slot for a message, or {@link NIL}, counted. */
  #claim(ends: Segment): number {
    const { egress, slots, counters } = this.#parts;
    if (this.#isOwn(ends)) return egress.claimLoopback();
    const descriptor = slots.slots.take();
    if (descriptor === NIL) counters.drop(Drop.loopbackFull);
    return descriptor;
  }

  /** Where the IP header of a message belongs: behind the place for a virtio-net header when there is one. */
  #ipOf(descriptor: number, ends: Segment): number {
    const { egress, device } = this.#parts;
    const skipped = device.virtioHeader && !this.#isOwn(ends) ? VIRTIO_HEADER_BYTES : 0;
    return egress.startOf(descriptor) + skipped;
  }

  /** Records the message in the packet at `ip`, of the family of `ends`, when somebody looks. */
  #show(ip: number, ends: Segment): void {
    if (this.trace === null) return;
    const isIpv4 = isIpv4Words(ends.dst0, ends.dst1, ends.dst2);
    this.trace.icmp(TraceKind.icmpOut, ip, ip + (isIpv4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES));
  }

  /** Sends the packet of `length` bytes that stands in a slot, whole or in fragments. */
  #send(descriptor: number, ends: Segment, length: number, nowUs: number): void {
    const { egress, slots, device, fragments, paths } = this.#parts;
    this.#show(this.#ipOf(descriptor, ends), ends);
    if (this.#isOwn(ends)) {
      egress.pushLoopback(descriptor, length, FIRST_PIECE);
      return;
    }
    const { pieces } = egress;
    const start = egress.startOf(descriptor);
    const skipped = device.virtioHeader ? VIRTIO_HEADER_BYTES : 0;
    const { dst0, dst1, dst2, dst3 } = ends;
    const mtu = paths.of(dst0, dst1, dst2, dst3, nowUs);
    if (length <= mtu) {
      if (device.virtioHeader) writeVirtioPlain(this.#memory.view, start);
      pieces[0] = start;
      pieces[1] = skipped + length;
      egress.transmit(pieces, FIRST_PIECE, 0);
    } else {
      const isIpv4 = isIpv4Words(dst0, dst1, dst2);
      const header = isIpv4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES;
      pieces[0] = start + skipped + header;
      pieces[1] = length - header;
      fragments.send(ends, isIpv4 ? Protocol.icmp : Ipv6Next.icmp, length - header, mtu);
    }
    slots.slots.give(descriptor);
  }
}
