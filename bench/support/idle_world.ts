/**
 * A TCP stage with as many connections as one likes, opened by a peer that is made of packets: what an idle
 * connection costs, without a kernel, a device or an application in the picture.
 */

import { parseIpv4 } from "../../src/base/address.ts";
import { ManualClock } from "../../src/base/clock.ts";
import { SeededRandom } from "../../src/base/random.ts";
import { ChecksumMode, writePacket } from "../../src/ip/output.ts";
import { DirectInput } from "../../src/pipeline/direct_input.ts";
import { Command, Event, Field } from "../../src/pipeline/messages.ts";
import { TcpStage } from "../../src/pipeline/tcp_stage.ts";
import { ArrayCopier } from "../../src/ring/copier.ts";
import { Layout, SMALL_DIMENSIONS } from "../../src/ring/layout.ts";
import { BlockPool } from "../../src/ring/pool.ts";
import { RingConsumer, RingProducer } from "../../src/ring/ring.ts";
import { Row } from "../../src/ring/row.ts";
import { StreamWriter } from "../../src/ring/stream.ts";
import { tcpConfig, type TcpOptions } from "../../src/tcp/config.ts";
import { ipConfig } from "../../src/ip/config.ts";
import { udpConfig } from "../../src/udp/config.ts";
import { FixedIsn } from "../../src/tcp/isn.ts";
import { Flag, OptionBit, Segment } from "../../src/wire/segment.ts";
import { OneFrameDevice } from "./one_frame_device.ts";

const OWN = parseIpv4("10.7.0.2")!;
/** Peers count up from 11.0.0.1, each with {@link PORTS_PER_PEER} connections. */
const FIRST_PEER = parseIpv4("11.0.0.1")!.w3;
const PORTS_PER_PEER = 60_000;
const FIRST_PORT = 1024;
const PORT = 7;
const LISTENER = 1;
const BACKLOG = 4096;
const ISS = 1000;
const PEER_ISS = 5000;
/** Virtual time between two packets of the peer. */
const STEP_US = 10;

/** The stage, its peer, and an application that accepts everything and echoes when told to. */
export class IdleWorld {
  readonly device = new OneFrameDevice(2048);
  readonly layout: Layout;
  readonly stage: TcpStage;
  readonly #clock = new ManualClock();
  readonly #input: DirectInput;
  readonly #events: RingConsumer;
  readonly #commands: RingProducer;
  readonly #segment = new Segment();
  readonly #sendPool: BlockPool;
  /** What the application writes with, for the connections that it has written to. */
  readonly #writers = new Map<number, StreamWriter>();
  /** Bytes that went each way, for the connections that have echoed. */
  readonly #echoed = new Map<number, number>();
  #opened = 0;
  #accepted = 0;

  constructor(connections: number, tcp: TcpOptions = {}) {
    this.layout = new Layout({ ...SMALL_DIMENSIONS, connections });
    const config = tcpConfig({ ...tcp, maxConnections: connections });
    const settings = {
      ...{ addresses: [OWN], broadcasts: [], traced: false },
      ...{ config, udp: udpConfig(), ip: ipConfig() },
    };
    this.stage = new TcpStage({
      layout: this.layout,
      device: this.device,
      settings,
      random: new SeededRandom(1),
      clock: this.#clock,
      isn: new FixedIsn(ISS),
    });
    this.#input = new DirectInput(this.layout, this.device, this.stage, settings);
    this.#events = new RingConsumer(this.layout.events);
    this.#commands = new RingProducer(this.layout.commands);
    this.#sendPool = new BlockPool(this.layout.sendPool);
    this.#listen();
  }

  /** Connections that were accepted. */
  get accepted(): number {
    return this.#accepted;
  }

  /** Opens the next connection: SYN, SYN-ACK, ACK, and the application accepts it. Its number. */
  open(): number {
    const index = this.#opened++;
    this.#peer(index, Flag.SYN, PEER_ISS, 0, 0);
    this.#peer(index, Flag.ACK, PEER_ISS + 1, ISS + 1, 0);
    return index;
  }

  /** Has the peer send `bytes`, the application echo them, and the peer acknowledge them. */
  echo(index: number, bytes: Uint8Array): void {
    const before = this.#echoed.get(index) ?? 0;
    const { words } = this.layout;
    const row = this.layout.row(index);
    const length = bytes.length;
    this.#peer(index, Flag.ACK, PEER_ISS + 1 + before, ISS + 1 + before, length);
    Atomics.store(words, row + Row.rxRead, Atomics.load(words, row + Row.rxWritten));
    const writer = this.#writer(index);
    writer.appendArray(bytes, 0, length);
    writer.publish();
    this.#news(index);
    this.stage.run(this.#clock.now());
    const after = before + length;
    this.#echoed.set(index, after);
    this.#peer(index, Flag.ACK, PEER_ISS + 1 + after, ISS + 1 + after, 0);
    writer.reclaim();
  }

  /** Lets the time pass, timer by timer. Returns how often the stage had to look. */
  wait(us: number): number {
    const endUs = this.#clock.now() + us;
    let rounds = 0;
    for (let at = this.stage.nextExpiry(); at <= endUs; at = this.stage.nextExpiry()) {
      this.#clock.advance(Math.max(0, at - this.#clock.now()));
      this.stage.run(this.#clock.now());
      this.#takeEvents();
      rounds++;
    }
    this.#clock.advance(endUs - this.#clock.now());
    return rounds;
  }

  #writer(index: number): StreamWriter {
    let writer = this.#writers.get(index);
    if (writer === undefined) {
      const pool = this.#sendPool;
      const area = this.layout.memory;
      const release = (descriptor: number) => pool.give(descriptor);
      const memory = { area, pool, copier: new ArrayCopier(area.bytes), release };
      writer = new StreamWriter(memory, this.layout.sendStream(index));
      this.#writers.set(index, writer);
    }
    return writer;
  }

  #listen(): void {
    const at = this.#command(Command.listen, LISTENER, 0);
    const { words } = this.layout;
    words[at + Field.port] = PORT;
    words[at + Field.value] = BACKLOG;
    [0, 0, 0xffff, 0].forEach((word, i) => words[at + Field.address + i] = word);
    this.#commands.publish();
    this.stage.run(0);
  }

  #command(op: number, row: number, generation: number): number {
    const at = this.#commands.claim();
    const { words } = this.layout;
    words[at + Field.op] = op;
    words[at + Field.row] = row;
    words[at + Field.generation] = generation;
    this.#commands.push();
    return at;
  }

  #news(index: number): void {
    const { words } = this.layout;
    const row = this.layout.row(index);
    if (Atomics.exchange(words, row + Row.newsForTcp, 1) !== 0) return;
    this.#command(Command.news, index, words[row + Row.generation]);
    this.#commands.publish();
  }

  #peer(index: number, flags: number, seq: number, ack: number, length: number): void {
    const s = this.#segment;
    s.src2 = s.dst2 = 0xffff;
    s.src3 = (FIRST_PEER + Math.floor(index / PORTS_PER_PEER)) | 0;
    s.dst3 = OWN.w3;
    s.srcPort = FIRST_PORT + index % PORTS_PER_PEER;
    s.dstPort = PORT;
    s.seq = seq | 0;
    s.ack = ack | 0;
    s.flags = flags;
    s.window = 65_535;
    s.options = OptionBit.timestamps;
    if ((flags & Flag.SYN) !== 0) {
      s.options |= OptionBit.mss | OptionBit.windowScale | OptionBit.sackPermitted;
    }
    s.tsValue = Math.floor(this.#clock.now() / 1000) | 0;
    s.tsEcho = 0;
    s.mss = 1460;
    s.windowScale = 7;
    s.gsoSize = 0;
    s.payloadLength = length;
    const headers = writePacket(this.device.frame, 0, s, length, 0, ChecksumMode.virtioPartial);
    this.device.length = headers + length;
    this.#clock.advance(STEP_US);
    const nowUs = this.#clock.now();
    this.#input.run(8, nowUs);
    this.stage.run(nowUs);
    this.#takeEvents();
  }

  #takeEvents(): void {
    const { words } = this.layout;
    for (let at = this.#events.next(); at >= 0; at = this.#events.next()) {
      const row = words[at + Field.row];
      if (words[at + Field.op] === Event.news) {
        Atomics.store(words, this.layout.row(row) + Row.newsForApp, 0);
      } else if (words[at + Field.op] === Event.accepted) {
        this.#accepted++;
        this.#command(Command.acceptTaken, LISTENER, 0);
        this.#commands.publish();
      }
    }
    this.#events.release();
  }
}
