import { Counter, type Counters } from "../base/counters.ts";
import { Drop } from "../base/drops.ts";
import { setReassemblyExceeded } from "../ip/icmp_output.ts";
import { setIpv4Addresses, setIpv6Addresses } from "../ip/icmp_input.ts";
import { InputKind } from "../ip/input.ts";
import type { PathMtuTable } from "../ip/path_mtu.ts";
import { Pings } from "../ip/ping.ts";
import type { Layout } from "../ring/layout.ts";
import { RingConsumer } from "../ring/ring.ts";
import { ConnectionError } from "../ring/row.ts";
import { connectErrorOf, isFragmentationNeeded } from "../tcp/icmp_error.ts";
import type { Handover } from "../tcp/parts.ts";
import { Ipv4Field } from "../wire/ipv4.ts";
import { Segment } from "../wire/segment.ts";
import type { ApplicationLink } from "./application_link.ts";
import type { IcmpEgress, IcmpEgressParts } from "./icmp_egress.ts";
import { Field } from "./messages.ts";

/** What ICMP's part of the last stage is made of. */
export interface IcmpStageParts extends Pick<IcmpEgressParts, "config" | "random" | "paths"> {
  readonly layout: Layout;
  readonly counters: Counters;
  readonly egress: IcmpEgress;
  readonly link: ApplicationLink;
  readonly handover: Handover | null;
  /** Whether a packet was sent to many, about which nobody is told (RFC 1122 section 3.2.2). */
  readonly isForGroup: (packet: Segment) => boolean;
}

/** ICMP's part of the last stage: answers echo requests, tells senders of errors, and sends the pings of the application. */
export class IcmpStage {
  readonly #counters: Counters;
  readonly #egress: IcmpEgress;
  readonly #link: ApplicationLink;
  readonly #handover: Handover | null;
  readonly #paths: PathMtuTable;
  readonly #isForGroup: (packet: Segment) => boolean;
  readonly #pings: Pings;
  /** What reassembly tells about packets that were not complete in time. */
  readonly #quotes: RingConsumer;
  readonly #view: DataView;
  readonly #packet = new Segment();

  constructor(parts: IcmpStageParts) {
    this.#counters = parts.counters;
    this.#egress = parts.egress;
    this.#link = parts.link;
    this.#handover = parts.handover;
    this.#paths = parts.paths;
    this.#isForGroup = parts.isForGroup;
    this.#pings = new Pings(parts.config.maxPings, parts.random);
    this.#quotes = new RingConsumer(parts.layout.quotes);
    this.#view = parts.layout.memory.view;
  }

  /** Whether `run` has something to do. */
  get hasWork(): boolean {
    return this.#quotes.hasNext();
  }

  /** Takes in what is neither TCP nor UDP. */
  input(kind: number, segment: Segment, nowUs: number): void {
    switch (kind) {
      case InputKind.icmpEcho:
        return this.#egress.sendEchoReply(segment, nowUs);
      case InputKind.refused:
        return this.#egress.sendError(segment, nowUs);
      case InputKind.icmpEchoReply:
        return this.#onEchoReply(segment, nowUs);
      case InputKind.pingError:
        return this.#onPingError(segment, nowUs);
    }
  }

  /** Tells the senders of packets that were not complete in time. */
  run(nowUs: number): void {
    const { words } = this.#quotes;
    if (!this.#quotes.hasNext()) return;
    for (let at = this.#quotes.next(); at >= 0; at = this.#quotes.next()) {
      this.#sendExceeded((at + 1) * 4, words[at], nowUs);
    }
    this.#quotes.release();
  }

  /** Sends an echo request for the application (messages.ts). */
  ping(words: Int32Array, at: number, nowUs: number): void {
    const local = [...words.subarray(at + Field.localAddress, at + Field.localAddress + 4)];
    const remote = [...words.subarray(at + Field.address, at + Field.address + 4)];
    const request = words[at + Field.row];
    const size = words[at + Field.value];
    const ping = this.#pings.start(request, local, remote, size, nowUs);
    if (ping === null) {
      this.#link.pinged(request, ConnectionError.tooManyConnections, 0, 0, 0);
      return;
    }
    const packet = this.#packet;
    [packet.src0, packet.src1, packet.src2, packet.src3] = local;
    [packet.dst0, packet.dst1, packet.dst2, packet.dst3] = remote;
    packet.trafficClass = 0;
    packet.hopLimit = words[at + Field.port];
    this.#egress.sendEchoRequest(packet, ping.name, size, nowUs);
  }

  /** The application no longer waits for an answer. */
  cancelPing(request: number): void {
    this.#pings.cancel(request);
  }

  #onEchoReply(reply: Segment, nowUs: number): void {
    const ping = this.#pings.takeAnswered(reply);
    if (ping === null) {
      // Another queue may have sent the request.
      if (this.#handover === null || !this.#handover.offer(reply)) {
        this.#counters.drop(Drop.icmpUnmatched);
      }
      return;
    }
    this.#counters.count(Counter.pingsAnswered);
    if (!this.#link.hasRoom) return;
    const rttUs = nowUs - ping.sentAtUs;
    this.#link.pinged(ping.request, ConnectionError.none, rttUs, reply.hopLimit, 0);
  }

  #onPingError(error: Segment, nowUs: number): void {
    const ping = this.#pings.findQuoted(error);
    if (ping === null) {
      this.#counters.drop(Drop.icmpUnmatched);
      return;
    }
    this.#counters.count(Counter.icmpErrorsIn);
    const { icmpType, icmpCode, icmpMtu } = error;
    if (isFragmentationNeeded(icmpType, icmpCode)) {
      // The request is lost; the next one of that size goes in fragments.
      const destination = { w0: error.dst0, w1: error.dst1, w2: error.dst2, w3: error.dst3 };
      this.#paths.learn(destination, icmpMtu, nowUs);
    }
    this.#pings.cancel(ping.request);
    if (!this.#link.hasRoom) return;
    const what = connectErrorOf(icmpType, icmpCode);
    this.#link.pinged(ping.request, what, 0, 0, (icmpType << 8) | icmpCode);
  }

  #sendExceeded(offset: number, length: number, nowUs: number): void {
    const packet = this.#packet;
    const view = this.#view;
    if ((view.getUint8(offset) >>> 4) === 4) {
      const source = view.getInt32(offset + Ipv4Field.source);
      setIpv4Addresses(packet, source, view.getInt32(offset + Ipv4Field.destination));
    } else {
      setIpv6Addresses(packet, view, offset);
    }
    if (this.#isForGroup(packet)) return;
    setReassemblyExceeded(packet);
    this.#egress.sendErrorAbout(packet, offset, length, nowUs);
  }
}
