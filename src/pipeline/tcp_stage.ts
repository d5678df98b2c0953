import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import { Counter, type Counters } from "../base/counters.ts";
import { Drop } from "../base/drops.ts";
import type { Device } from "../device/device.ts";
import { InputKind, isDrop, PacketInput } from "../ip/input.ts";
import { Bell } from "../ring/bell.ts";
import { Control, type Layout, Traced } from "../ring/layout.ts";
import { DESCRIPTOR_WORDS, NIL, START } from "../ring/pool.ts";
import { RingConsumer } from "../ring/ring.ts";
import { Row } from "../ring/row.ts";
import { CONGESTION_NAMES } from "../tcp/config.ts";
import { switchCongestion } from "../tcp/congestion_switch.ts";
import type { ActiveFastOpen } from "../tcp/fast_open.ts";
import { type Connection, News, Owner } from "../tcp/connection.ts";
import { isFragmentationNeeded } from "../tcp/icmp_error.ts";
import { IsnGenerator, type IsnSource } from "../tcp/isn.ts";
import { State } from "../tcp/state.ts";
import { Tcp } from "../tcp/tcp.ts";
import { Flag, Segment } from "../wire/segment.ts";
import { Udp } from "../udp/udp.ts";
import { VIRTIO_HEADER_BYTES } from "../wire/virtio.ts";
import { ApplicationLink } from "./application_link.ts";
import { DatagramEgress } from "./datagram_egress.ts";
import { ForwardCommands } from "./forward_commands.ts";
import { HandoverInbox, type HandoverRing } from "./handover.ts";
import { Egress } from "./egress.ts";
import { IcmpStage } from "./icmp_stage.ts";
import { Command, ConnectionOption, Field } from "./messages.ts";
import type { StageSettings } from "./setup.ts";
import { ReceiveSlots } from "./slots.ts";
import { TraceKind, TraceWriter } from "./trace_ring.ts";

/** Packets to itself that the stack takes in during one round, so that it cannot keep itself busy. */
const LOOPBACK_PER_ROUND = 256;

/** How long quiet news may wait for louder ones to come along. */
const TIDY_DELAY_US = 50_000;

/** What a TCP stage is made of. */
export interface TcpStageParts {
  readonly layout: Layout;
  readonly device: Device;
  readonly settings: StageSettings;
  readonly random: Random;
  readonly clock: Clock;
  /** Where initial sequence numbers come from; RFC 6528 when absent. */
  readonly isn?: IsnSource;
  /** What wakes the application; its word in shared memory when absent. */
  readonly appBell?: Bell;
  /** The way to the next queue's pipeline, when there are several. */
  readonly handover?: HandoverRing;
}

/**
 * The last stage: the engine, its link to the application, and the way out. One round is `input` for each
 * segment that waits, then `run`.
 */
export class TcpStage {
  readonly slots: ReceiveSlots;
  readonly counters: Counters;
  readonly #tcp: Tcp;
  readonly #udp: Udp;
  readonly #icmp: IcmpStage;
  readonly #egress: Egress;
  readonly #datagramEgress: DatagramEgress;
  readonly #link: ApplicationLink;
  readonly #writer: TraceWriter;
  /** The writer while somebody looks. */
  #trace: TraceWriter | null = null;
  readonly #commands: RingConsumer;
  readonly #appBell: Bell;
  readonly #layout: Layout;
  readonly #handover: HandoverRing | null;
  readonly #inbox: HandoverInbox;
  readonly #loopbackInput: PacketInput;
  readonly #loopbackSegment = new Segment();
  readonly #forwards: ForwardCommands;
  #shuttingDown = false;
  /** When the application is to be woken for quiet news; `Infinity` when there are none. */
  #tidyAtUs = Infinity;

  constructor(parts: TcpStageParts) {
    const { layout, settings } = parts;
    this.#layout = layout;
    this.counters = layout.tcpCounters;
    this.slots = new ReceiveSlots(layout);
    this.#writer = new TraceWriter(layout.trace, this.counters, parts.clock.originUs);
    this.#link = new ApplicationLink(layout);
    this.#egress = new Egress(
      parts.device,
      layout,
      this.slots,
      this.counters,
      settings.addresses,
    );
    this.#datagramEgress = this.#makeDatagramEgress(parts);
    this.#commands = new RingConsumer(layout.commands);
    this.#appBell = parts.appBell ?? new Bell(layout.words, Control.appBell);
    this.#loopbackInput = new PacketInput({
      virtioHeader: false,
      addresses: settings.addresses,
      broadcasts: settings.broadcasts,
      loopback: true,
    });
    this.#handover = parts.handover ?? null;
    this.#inbox = new HandoverInbox(layout, parts.device.virtioHeader, settings, this.counters);
    this.#tcp = new Tcp({
      config: settings.config,
      layout,
      counters: this.counters,
      memory: this.slots,
      sink: this.#egress,
      events: this.#link,
      isn: parts.isn ?? new IsnGenerator(parts.random),
      random: parts.random,
      nowUs: parts.clock.now(),
      originUs: parts.clock.originUs,
      handover: parts.handover,
    });
    const datagrams = this.#datagramEgress;
    this.#icmp = new IcmpStage({
      ...{ layout, counters: this.counters, config: settings.ip, random: parts.random },
      ...{ egress: datagrams.icmp, paths: datagrams.paths },
      ...{ link: this.#link, handover: this.#handover },
      isForGroup: (packet) => datagrams.isForGroup(packet),
    });
    this.#udp = new Udp({
      config: settings.udp,
      layout,
      counters: this.counters,
      memory: this.slots,
      sink: this.#datagramEgress,
      events: this.#link,
    });
    if (settings.traced) layout.words[layout.control + Control.trace] |= Traced.segments;
    this.#forwards = new ForwardCommands(this.#tcp.forwarding, this.#udp, this.#egress);
  }

  #makeDatagramEgress(parts: TcpStageParts): DatagramEgress {
    const { device, layout, settings, random } = parts;
    const { addresses, broadcasts } = settings;
    const { slots, counters } = this;
    return new DatagramEgress({
      ...{ device, layout, slots, counters, addresses, broadcasts, random },
      ...{ egress: this.#egress, ip: settings.ip },
    });
  }

  /** Whether there is something to do besides segments from the device. */
  get hasWork(): boolean {
    return this.#commands.hasNext() || this.#egress.hasLoopback || this.#udp.hasWork ||
      this.#icmp.hasWork ||
      this.#inbox.hasNext;
  }

  /** When `run` is due without anything having come in, in microseconds; `Infinity` when it is not. */
  nextExpiry(): number {
    return Math.min(this.#tcp.nextExpiry(), this.#tidyAtUs);
  }

  /** Takes one decoded packet in and gives its frame back. */
  input(kind: number, segment: Segment, nowUs: number): void {
    // What the application asked for before the segment came must have been done when it is looked at:
    // otherwise a peer that hears of a listener at once would find nobody there.
    this.#takeCommands(nowUs);
    this.#followViewers(nowUs);
    if (this.#trace !== null) this.#traceInput(this.#trace, kind, segment);
    switch (kind) {
      case InputKind.tcp:
        // A listener may have been opened since the round began, before this SYN was sent.
        if ((segment.flags & Flag.SYN) !== 0) this.#takeCommands(nowUs);
        this.counters.lastDrop = Drop.none;
        this.#tcp.input(segment, nowUs);
        if (this.#trace !== null && this.counters.lastDrop !== Drop.none) {
          this.#trace.drop(this.counters.lastDrop, segment);
        }
        break;
      case InputKind.udp:
        this.#udp.input(segment, this.#datagramEgress.isForGroup(segment), nowUs);
        break;
      case InputKind.udpError:
        this.#onUdpError(segment, nowUs);
        break;
      case InputKind.icmpError:
        this.#tcp.icmpError(segment, nowUs);
        break;
      default:
        this.#icmp.input(kind, segment, nowUs);
    }
    this.slots.recycle(segment);
  }

  /**
   * An ICMP error about a datagram of this stack. The sockets are connected to nobody, and so, as in Linux, are
   * not told; but what is too long for the way goes in fragments from now on (RFC 1191, RFC 8201).
   */
  #onUdpError(error: Segment, nowUs: number): void {
    this.counters.count(Counter.udpErrorsIn);
    if (!this.#udp.hasSender(error)) {
      this.counters.drop(Drop.icmpUnmatched);
      return;
    }
    if (!isFragmentationNeeded(error.icmpType, error.icmpCode)) return;
    const destination = { w0: error.dst0, w1: error.dst1, w2: error.dst2, w3: error.dst3 };
    this.#datagramEgress.paths.learn(destination, error.icmpMtu, nowUs);
  }

  /**
   * Does everything that is not input: commands, timers, output, news for the application. True when the
   * application had commands.
   */
  run(nowUs: number): boolean {
    this.#followViewers(nowUs);
    const commanded = this.#takeCommands(nowUs);
    if (this.#inbox.hasNext) this.#takeHandedOver(nowUs);
    this.#icmp.run(nowUs);
    this.#tcp.expire(nowUs);
    this.#flush(nowUs);
    for (let i = 0; i < LOOPBACK_PER_ROUND && this.#takeLoopback(nowUs); i++) {
      if (!this.#egress.hasLoopback) this.#flush(nowUs);
    }
    if (this.#shuttingDown) this.#reportStopped();
    this.counters.set(Counter.connectionsNow, this.#tcp.connectionCount);
    this.counters.set(Counter.handshakesNow, this.#tcp.handshakes.size);
    this.counters.set(Counter.flowsPendingNow, this.#tcp.forwarding.size);
    this.counters.set(Counter.timeWaitNow, this.#tcp.timeWaitCount);
    this.counters.set(Counter.dormantNow, this.#tcp.dormantCount);
    this.counters.set(Counter.datagramSocketsNow, this.#udp.socketCount);
    this.counters.set(Counter.receiveMemoryNow, this.slots.heldBytes);
    this.#wakeApplication(nowUs);
    return commanded;
  }

  #flush(nowUs: number): void {
    this.#tcp.flush(nowUs);
    this.#udp.flush(nowUs);
  }

  /**
   * Wakes the application for what it may be waiting for at once, and for what it only has to tidy up, such
   * as memory of acknowledged bytes, when nothing else has woken it in time.
   */
  #wakeApplication(nowUs: number): void {
    let news: News = this.#link.publish();
    if (this.#trace !== null && this.#trace.publish()) news = News.loud;
    if (news === News.loud || nowUs >= this.#tidyAtUs) {
      this.#tidyAtUs = Infinity;
      this.#appBell.ring();
    } else if (news === News.quiet && this.#tidyAtUs === Infinity) {
      this.#tidyAtUs = nowUs + TIDY_DELAY_US;
    }
  }

  /** Writes a trace while somebody looks, and only then. */
  #followViewers(nowUs: number): void {
    const { words, control } = this.#layout;
    const traced = words[control + Control.trace];
    const writer = this.#writer;
    writer.nowUs = nowUs;
    if (writer.traced === traced) return;
    writer.traced = traced;
    this.#trace = traced === Traced.nothing ? null : writer;
    this.#egress.trace = this.#trace;
    this.#datagramEgress.trace = this.#trace;
    this.#datagramEgress.icmp.trace = this.#trace;
    this.#link.trace = this.#trace;
  }

  #traceInput(trace: TraceWriter, kind: number, segment: Segment): void {
    // Loopback has no virtio-net header; where there is one, its flags leave the place of an IP version zero.
    const { bytes } = this.#layout.memory;
    const { payloadOffset } = segment;
    let start = segment.frameOffset;
    if (bytes[start] >>> 4 === 0) start += VIRTIO_HEADER_BYTES;
    switch (kind) {
      case InputKind.tcp:
        return trace.segment(TraceKind.segmentIn, segment, start, payloadOffset - start);
      case InputKind.udp:
        return trace.segment(TraceKind.datagramIn, segment);
      case InputKind.icmpEcho:
      case InputKind.icmpEchoReply:
      case InputKind.icmpError:
      case InputKind.udpError:
      case InputKind.pingError:
        // What another queue's pipeline has handed over it has shown already.
        if (this.#handover === null || this.#handover.seen === 0) {
          trace.icmp(TraceKind.icmpIn, start, payloadOffset);
        }
    }
  }

  #takeLoopback(nowUs: number): boolean {
    const slot = this.#egress.takeLoopback();
    if (slot === NIL) return false;
    const length = this.#egress.loopbackLength();
    const { words, table } = this.slots.slots;
    const start = words[table + slot * DESCRIPTOR_WORDS + START];
    const segment = this.#loopbackSegment;
    const kind = this.#loopbackInput.decode(this.#layout.memory, start, length, segment);
    segment.slot = slot;
    if (isDrop(kind)) this.counters.drop(this.#loopbackInput.reason);
    this.input(kind, segment, nowUs);
    return true;
  }

  /** Takes in frames that another queue's pipeline has found no connection for. */
  #takeHandedOver(nowUs: number): void {
    const segment = this.#loopbackSegment;
    for (let kind = this.#inbox.next(segment); kind >= 0; kind = this.#inbox.next(segment)) {
      this.#handover!.seen = this.#inbox.seen;
      this.input(kind, segment, nowUs);
      this.#handover!.seen = 0;
    }
  }

  #takeCommands(nowUs: number): boolean {
    const { words } = this.#commands;
    let obeyed = false;
    while (this.#commands.hasNext()) {
      // An application that does not look at its answers does not get more of them.
      if (!this.#link.hasRoom) {
        this.#tidyAtUs = nowUs;
        break;
      }
      this.#obey(words, this.#commands.next(), nowUs);
      obeyed = true;
    }
    if (obeyed) this.#commands.release();
    return obeyed;
  }

  #obey(words: Int32Array, at: number, nowUs: number): void {
    const tcp = this.#tcp;
    const id = words[at + Field.row];
    switch (words[at + Field.op]) {
      case Command.listen: {
        const address = [...words.subarray(at + Field.address, at + Field.address + 4)];
        const ipv6Only = words[at + Field.ipv6Only] !== 0;
        tcp.listen(id, address, words[at + Field.port], words[at + Field.value], ipv6Only);
        const listener = tcp.listeners.get(id);
        if (listener !== undefined) listener.fastOpenLimit = words[at + Field.fastOpen];
        return;
      }
      case Command.unlisten:
        return tcp.unlisten(id, nowUs);
      case Command.connect:
        return this.#connect(words, at, nowUs);
      case Command.cancelConnect:
        return tcp.cancelConnect(id, nowUs);
      case Command.acceptTaken:
        return tcp.acceptTaken(id);
      case Command.ping:
        return this.#icmp.ping(words, at, nowUs);
      case Command.cancelPing:
        return this.#icmp.cancelPing(id);
      case Command.abortAll:
        return tcp.abortAll(nowUs);
      case Command.shutdown:
        return this.#shutDown(nowUs);
    }
    if (this.#forwards.obey(words, at, nowUs)) return;
    const op = words[at + Field.op];
    if (op === Command.news) {
      // Cleared before the row is looked at, so that nothing that comes later is missed.
      Atomics.store(words, this.#layout.row(id) + Row.newsForTcp, 0);
    }
    if (this.#layout.isSocketRow(id)) {
      this.#obeyForSocket(words, at);
      return;
    }
    const conn = tcp.connection(id, words[at + Field.generation]);
    if (conn !== null) this.#obeyFor(conn, words, at, nowUs);
  }

  #obeyFor(conn: Connection, words: Int32Array, at: number, nowUs: number): void {
    const tcp = this.#tcp;
    const op = words[at + Field.op];
    switch (op) {
      case Command.news:
        return tcp.onApplicationNews(conn, nowUs);
      case Command.closeWrite:
        return tcp.closeWrite(conn, nowUs);
      case Command.close:
        return tcp.close(conn, nowUs);
      case Command.abort:
        return tcp.abort(conn, nowUs);
      case Command.option:
        return this.#setOption(conn, words[at + Field.port], words[at + Field.value], nowUs);
      default:
        throw new Error(`The command ring holds an unknown command, ${op}`);
    }
  }

  #obeyForSocket(words: Int32Array, at: number): void {
    const id = words[at + Field.row];
    const generation = words[at + Field.generation];
    if (words[at + Field.op] === Command.news) return this.#udp.onApplicationNews(id, generation);
    const address = [...words.subarray(at + Field.address, at + Field.address + 4)];
    switch (words[at + Field.op]) {
      case Command.bindDatagram:
        return this.#udp.bind(id, generation, address, words[at + Field.port]);
      case Command.unbindDatagram:
        return this.#udp.unbind(id, generation);
      case Command.groupMember:
        return this.#udp.setMember(id, generation, address, words[at + Field.value] !== 0);
      default:
        throw new Error(`The command ring holds an unknown command, ${words[at + Field.op]}`);
    }
  }

  #connect(words: Int32Array, at: number, nowUs: number): void {
    const local = at + Field.localAddress;
    const remote = at + Field.address;
    this.#tcp.connect(
      words[at + Field.row],
      {
        local0: words[local],
        local1: words[local + 1],
        local2: words[local + 2],
        local3: words[local + 3],
        remote0: words[remote],
        remote1: words[remote + 1],
        remote2: words[remote + 2],
        remote3: words[remote + 3],
        localPort: words[at + Field.localPort],
        remotePort: words[at + Field.port],
      },
      nowUs,
      words[at + Field.value] as ActiveFastOpen,
    );
  }

  #setOption(conn: Connection, option: number, value: number, nowUs: number): void {
    switch (option) {
      case ConnectionOption.noDelay:
        conn.noDelay = value !== 0;
        this.#tcp.onApplicationNews(conn, nowUs);
        return;
      case ConnectionOption.keepAlive:
        return this.#tcp.setKeepAlive(conn, value !== 0, nowUs);
      case ConnectionOption.linger:
        conn.lingerZero = value === 0;
        return;
      case ConnectionOption.userTimeout:
        conn.userTimeoutUs = value * 1000;
        return;
      case ConnectionOption.diffServ:
        conn.trafficClass = value << 2;
        return;
      case ConnectionOption.hopLimit:
        conn.hopLimit = value;
        return;
      case ConnectionOption.congestion:
        switchCongestion(conn, CONGESTION_NAMES[value], this.#tcp.config, nowUs);
        this.#tcp.onApplicationNews(conn, nowUs);
        return;
    }
  }

  #shutDown(nowUs: number): void {
    this.#shuttingDown = true;
    this.#udp.unbindAll();
    for (const listener of this.#tcp.listeners.all()) this.#tcp.unlisten(listener.id, nowUs);
    for (const conn of this.#tcp.all()) {
      if (conn.owner === Owner.application) this.#tcp.close(conn, nowUs);
    }
  }

  /** TIME-WAIT alone need not be waited for: nothing is lost when the process ends in it. */
  #reportStopped(): void {
    if (this.#udp.socketCount > 0) return;
    for (const conn of this.#tcp.all()) {
      if (conn.state !== State.TIME_WAIT && conn.state !== State.CLOSED) return;
    }
    this.#shuttingDown = false;
    this.#link.stopped();
  }
}
