/**
 * A TCP stage in steady state, fed by a peer that is made of two packets: what each frame costs, without a
 * kernel, a device or an application in the picture.
 */

import { ArrayCopier } from "../../src/ring/copier.ts";
import { type Address, parseAddress } from "../../src/base/address.ts";
import { ManualClock } from "../../src/base/clock.ts";
import { SeededRandom } from "../../src/base/random.ts";
import { ChecksumMode, writePacket } from "../../src/ip/output.ts";
import { threadStore } from "../../src/base/memory.ts";
import { DirectInput } from "../../src/pipeline/direct_input.ts";
import { Command, Field } from "../../src/pipeline/messages.ts";
import { TcpStage } from "../../src/pipeline/tcp_stage.ts";
import { DEFAULT_DIMENSIONS, Layout } from "../../src/ring/layout.ts";
import { RingConsumer, RingProducer } from "../../src/ring/ring.ts";
import { Row } from "../../src/ring/row.ts";
import { StreamWriter } from "../../src/ring/stream.ts";
import { BlockPool } from "../../src/ring/pool.ts";
import { tcpConfig } from "../../src/tcp/config.ts";
import { ipConfig } from "../../src/ip/config.ts";
import { udpConfig } from "../../src/udp/config.ts";
import { FixedIsn } from "../../src/tcp/isn.ts";
import { Flag, OptionBit, Segment } from "../../src/wire/segment.ts";
import { OneFrameDevice } from "./one_frame_device.ts";

/** The stack and its peer, in each family. */
const ENDS = {
  IPv4: [parseAddress("10.7.0.2")!, parseAddress("10.7.0.1")!],
  IPv6: [parseAddress("fd07::2")!, parseAddress("fd07::1")!],
} as const;
const PORT = 9;
const ISS = 1000;
const PEER_ISS = 5000;
const FRAME_BYTES = 70_000;

/** One established connection and the means to feed it. */
export class SteadyState {
  readonly #device = new OneFrameDevice(FRAME_BYTES, 128);
  readonly #clock = new ManualClock();
  readonly #layout = new Layout(DEFAULT_DIMENSIONS, threadStore);
  readonly #stage: TcpStage;
  readonly #input: DirectInput;
  readonly #events: RingConsumer;
  readonly #commands: RingProducer;
  readonly #segment = new Segment();
  readonly #send: StreamWriter;
  readonly #row: number;
  readonly #own: Address;
  readonly #remote: Address;
  #peerSeq = PEER_ISS;
  #syns = 0;
  #ack = ISS + 1;

  constructor(family: "IPv4" | "IPv6" = "IPv4") {
    const [own, peer] = ENDS[family];
    this.#own = own;
    this.#remote = peer;
    const layout = this.#layout;
    const settings = {
      ...{ addresses: [own], broadcasts: [], traced: false },
      ...{ config: tcpConfig(), udp: udpConfig(), ip: ipConfig() },
    };
    this.#stage = new TcpStage({
      layout,
      device: this.#device,
      settings,
      random: new SeededRandom(1),
      clock: this.#clock,
      isn: new FixedIsn(ISS),
    });
    this.#input = new DirectInput(layout, this.#device, this.#stage, settings);
    this.#events = new RingConsumer(layout.events);
    this.#commands = new RingProducer(layout.commands);
    this.#listen();
    this.#peer(Flag.SYN, 0, OptionBit.mss | OptionBit.windowScale);
    this.#peer(Flag.ACK, 0);
    this.#row = layout.row(0);
    const pool = new BlockPool(layout.sendPool);
    const memory = {
      area: layout.memory,
      pool,
      copier: new ArrayCopier(layout.memory.bytes),
      release: (descriptor: number) => pool.give(descriptor),
    };
    this.#send = new StreamWriter(memory, layout.sendStream(0));
    if (this.#device.sent < 1) throw new Error("The handshake got no answer");
  }

  /** Packets that the stage has sent. */
  get sent(): number {
    return this.#device.sent;
  }

  /** Feeds one data segment of `length` bytes, which the application reads at once. */
  receiveData(length: number): void {
    this.#peer(Flag.ACK, length);
    const { words } = this.#layout;
    Atomics.store(words, this.#row + Row.rxRead, Atomics.load(words, this.#row + Row.rxWritten));
    this.#news();
  }

  /** Has the application write `bytes`, lets them be sent, and acknowledges them. */
  sendData(bytes: Uint8Array): void {
    this.#send.appendArray(bytes, 0, bytes.length);
    this.#send.publish();
    this.#news();
    this.#stage.run(this.#clock.now());
    this.#ack = (this.#ack + bytes.length) | 0;
    this.#peer(Flag.ACK, 0);
    this.#send.reclaim();
  }

  /**
   * Feeds a SYN from another made-up address each time. Behind the first 16, which fill the backlog, each
   * is answered with a SYN cookie.
   */
  receiveSyn(): void {
    const s = this.#segment;
    this.#syns = (this.#syns + 0x9e37_79b9) | 0;
    s.src2 = s.dst2 = 0xffff;
    s.src3 = (0x0b00_0000 + (this.#syns >>> 8)) | 0;
    s.dst3 = ENDS.IPv4[0].w3;
    s.srcPort = 1024 + (this.#syns & 0x3fff);
    s.dstPort = PORT;
    s.seq = this.#syns;
    s.flags = Flag.SYN;
    s.window = 65_535;
    s.options = OptionBit.mss | OptionBit.windowScale | OptionBit.sackPermitted |
      OptionBit.timestamps;
    s.mss = 1460;
    s.windowScale = 7;
    s.tsValue = this.#syns;
    s.gsoSize = s.payloadLength = 0;
    const mode = ChecksumMode.virtioPartial;
    this.#device.length = writePacket(this.#device.frame, 0, s, 0, 0, mode);
    const nowUs = this.#clock.now();
    this.#input.run(8, nowUs);
  }

  #listen(): void {
    const at = this.#commands.claim();
    const { words } = this.#layout;
    words[at + Field.op] = Command.listen;
    words[at + Field.row] = 1;
    words[at + Field.port] = PORT;
    words[at + Field.value] = 16;
    // The wildcard of both families.
    words.fill(0, at + Field.address, at + Field.address + 4);
    words[at + Field.ipv6Only] = 0;
    words[at + Field.fastOpen] = 0;
    this.#commands.push();
    this.#commands.publish();
    this.#stage.run(0);
  }

  #news(): void {
    const { words } = this.#layout;
    if (Atomics.exchange(words, this.#row + Row.newsForTcp, 1) !== 0) return;
    const at = this.#commands.claim();
    words[at + Field.op] = Command.news;
    words[at + Field.row] = 0;
    words[at + Field.generation] = words[this.#row + Row.generation];
    this.#commands.push();
    this.#commands.publish();
  }

  #peer(flags: number, length: number, options = 0): void {
    const s = this.#segment;
    s.src0 = this.#remote.w0;
    s.src1 = this.#remote.w1;
    s.src2 = this.#remote.w2;
    s.src3 = this.#remote.w3;
    s.dst0 = this.#own.w0;
    s.dst1 = this.#own.w1;
    s.dst2 = this.#own.w2;
    s.dst3 = this.#own.w3;
    s.srcPort = 40_000;
    s.dstPort = PORT;
    s.seq = this.#peerSeq;
    s.ack = (flags & Flag.ACK) !== 0 ? this.#ack : 0;
    s.flags = flags;
    s.window = 65_535;
    s.options = options;
    s.mss = 1460;
    s.windowScale = 7;
    s.gsoSize = length > 1460 ? 1460 : 0;
    s.payloadLength = length;
    const mode = ChecksumMode.virtioPartial;
    const headers = writePacket(this.#device.frame, 0, s, length, 0, mode);
    this.#device.length = headers + length;
    this.#peerSeq = (this.#peerSeq + length + ((flags & Flag.SYN) >> 1)) | 0;
    this.#clock.advance(10);
    const nowUs = this.#clock.now();
    this.#input.run(8, nowUs);
    this.#stage.run(nowUs);
    let event = this.#events.next();
    while (event >= 0) {
      const { words } = this.#layout;
      Atomics.store(words, this.#layout.row(words[event + Field.row]) + Row.newsForApp, 0);
      event = this.#events.next();
    }
    this.#events.release();
  }
}
