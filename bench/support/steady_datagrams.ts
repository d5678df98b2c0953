/** A stage with one UDP socket in steady state, as steady.ts has one with a connection. */

import { parseAddress } from "../../src/base/address.ts";
import { ManualClock } from "../../src/base/clock.ts";
import { threadStore } from "../../src/base/memory.ts";
import { SeededRandom } from "../../src/base/random.ts";
import { ChecksumMode } from "../../src/ip/output.ts";
import { writeUdpPacket } from "../../src/ip/udp_output.ts";
import { DirectInput } from "../../src/pipeline/direct_input.ts";
import { Command, Field } from "../../src/pipeline/messages.ts";
import { TcpStage } from "../../src/pipeline/tcp_stage.ts";
import { ArrayCopier } from "../../src/ring/copier.ts";
import { DATAGRAM_HEADER_BYTES, DatagramWord } from "../../src/ring/datagram.ts";
import { DEFAULT_DIMENSIONS, Layout } from "../../src/ring/layout.ts";
import { BlockPool } from "../../src/ring/pool.ts";
import { RingConsumer, RingProducer } from "../../src/ring/ring.ts";
import { Row } from "../../src/ring/row.ts";
import { StreamWriter } from "../../src/ring/stream.ts";
import { tcpConfig } from "../../src/tcp/config.ts";
import { ipConfig } from "../../src/ip/config.ts";
import { udpConfig } from "../../src/udp/config.ts";
import { Segment } from "../../src/wire/segment.ts";
import { OneFrameDevice } from "./one_frame_device.ts";

const OWN = parseAddress("10.7.0.2")!;
const PEER = parseAddress("10.7.0.1")!;
const PORT = 7;
const ROW = DEFAULT_DIMENSIONS.connections;
const FRAME_BYTES = 2000;

/** One socket and the means to feed it. */
export class SteadyDatagrams {
  readonly #device = new OneFrameDevice(FRAME_BYTES, 64);
  readonly #clock = new ManualClock();
  readonly #layout = new Layout(DEFAULT_DIMENSIONS, threadStore);
  readonly #stage: TcpStage;
  readonly #input: DirectInput;
  readonly #events: RingConsumer;
  readonly #commands: RingProducer;
  readonly #send: StreamWriter;
  readonly #datagram = new Segment();
  readonly #header = new Int32Array(DATAGRAM_HEADER_BYTES / 4);
  readonly #headerBytes = new Uint8Array(this.#header.buffer);
  readonly #row: number;

  constructor() {
    const layout = this.#layout;
    const settings = {
      ...{ addresses: [OWN], broadcasts: [], traced: false },
      ...{ config: tcpConfig(), udp: udpConfig(), ip: ipConfig() },
    };
    this.#stage = new TcpStage({
      ...{ layout, device: this.#device, settings },
      ...{ random: new SeededRandom(1), clock: this.#clock },
    });
    this.#input = new DirectInput(layout, this.#device, this.#stage, settings);
    this.#events = new RingConsumer(layout.events);
    this.#commands = new RingProducer(layout.commands);
    this.#row = layout.row(ROW);
    const pool = new BlockPool(layout.sendPool);
    const memory = {
      ...{ area: layout.memory, pool, copier: new ArrayCopier(layout.memory.bytes) },
      release: (descriptor: number) => pool.give(descriptor),
    };
    this.#send = new StreamWriter(memory, layout.sendStream(ROW));
    this.#bind();
    this.#prepare();
  }

  /** Packets that the stage has sent. */
  get sent(): number {
    return this.#device.sent;
  }

  /** Feeds one datagram of `length` bytes, which the application receives at once. */
  receive(length: number): void {
    this.#datagram.payloadLength = length;
    const { frame } = this.#device;
    const mode = ChecksumMode.virtioPartial;
    this.#device.length = writeUdpPacket(frame, 0, this.#datagram, mode, 0) + length;
    this.#work();
    const { words } = this.#layout;
    Atomics.store(words, this.#row + Row.rxRead, Atomics.load(words, this.#row + Row.rxWritten));
  }

  /** Has the application send a datagram. */
  send(payload: Uint8Array): void {
    this.#send.reclaim();
    this.#header[DatagramWord.length] = payload.length;
    this.#send.appendArray(this.#headerBytes, 0, DATAGRAM_HEADER_BYTES);
    this.#send.appendArray(payload, 0, payload.length);
    this.#send.publish();
    this.#command(Command.news);
    this.#work();
  }

  #work(): void {
    this.#clock.advance(10);
    const nowUs = this.#clock.now();
    this.#input.run(8, nowUs);
    this.#stage.run(nowUs);
    const { words } = this.#layout;
    while (this.#events.next() >= 0) Atomics.store(words, this.#row + Row.newsForApp, 0);
    this.#events.release();
  }

  #bind(): void {
    const at = this.#command(Command.bindDatagram);
    const { words } = this.#layout;
    words[at + Field.port] = PORT;
    words.set([OWN.w0, OWN.w1, OWN.w2, OWN.w3], at + Field.address);
    this.#stage.run(0);
  }

  #command(op: number): number {
    const at = this.#commands.claim();
    const { words } = this.#layout;
    words[at + Field.op] = op;
    words[at + Field.row] = ROW;
    words[at + Field.generation] = 0;
    this.#commands.push();
    this.#commands.publish();
    return at;
  }

  #prepare(): void {
    const d = this.#datagram;
    [d.src0, d.src1, d.src2, d.src3] = [PEER.w0, PEER.w1, PEER.w2, PEER.w3];
    [d.dst0, d.dst1, d.dst2, d.dst3] = [OWN.w0, OWN.w1, OWN.w2, OWN.w3];
    d.srcPort = 40_000;
    d.dstPort = PORT;
    const header = this.#header;
    header[DatagramWord.ports] = (PORT << 16) | 40_000;
    header[DatagramWord.hops] = 64;
    header.set([OWN.w0, OWN.w1, OWN.w2, OWN.w3], DatagramWord.source);
    header.set([PEER.w0, PEER.w1, PEER.w2, PEER.w3], DatagramWord.destination);
  }
}
