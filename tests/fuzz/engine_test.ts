// The whole path from the device to the application under random and mutated frames of live connections.
import { assert, assertEquals } from "@std/assert";
import { ManualClock } from "../../src/base/clock.ts";
import { Drop, dropNames } from "../../src/base/drops.ts";
import { Memory } from "../../src/base/memory.ts";
import { SeededRandom } from "../../src/base/random.ts";
import type { Device } from "../../src/device/device.ts";
import { memoryPair } from "../../src/device/memory_pair.ts";
import { InputKind, PacketInput } from "../../src/ip/input.ts";
import { ChecksumMode, finishTcpChecksum, writePacket } from "../../src/ip/output.ts";
import type { TcpConn } from "../../src/net/conn.ts";
import type { Listener } from "../../src/net/listener.ts";
import { open } from "../../src/net/open.ts";
import type { Stack } from "../../src/net/stack.ts";
import { FastOpenBit, type TcpOptions } from "../../src/tcp/config.ts";
import type { Connection } from "../../src/tcp/connection.ts";
import { State } from "../../src/tcp/state.ts";
import { Tcp } from "../../src/tcp/tcp.ts";
import { addressText } from "../../src/base/address.ts";
import { checksumAdd } from "../../src/wire/checksum.ts";
import { Flag, OptionBit, Segment } from "../../src/wire/segment.ts";
import { checkConnection } from "../support/invariants.ts";
import {
  ends,
  FAMILIES,
  type FamilyEnds,
  icmp6Bytes,
  icmpBytes,
  ipv4Frame,
  ipv6Frame,
  randomSegment,
} from "../wire/frames.ts";

const FRAMES = Deno.env.get("WOSHOU_LONG") === "1" ? 1_000_000 : 100_000;
const SEED = Number(Deno.env.get("WOSHOU_SEED") ?? 0xe221e);
const PORT = 7;
/** Ports of the peer whose connections are attacked, and of one that must survive. */
const FIRST_PORT = 40_000;
const PORTS = 24;
const SAFE_PORT = 50_000;
const AT = 64;
const MTU = 1500;
/** Connections that the application keeps without reading from them. */
const HELD_MAX = 6;

/** What the fuzz needs of the stack's inside: the engine, seen when it works. */
function observeEngine(): { tcp: Tcp | null; restore(): void } {
  const { flush } = Tcp.prototype;
  const seen: { tcp: Tcp | null; restore(): void } = {
    tcp: null,
    restore: () => void (Tcp.prototype.flush = flush),
  };
  Tcp.prototype.flush = function (this: Tcp, nowUs: number): void {
    seen.tcp = this;
    flush.call(this, nowUs);
  };
  return seen;
}

/** An application that echoes, discards behind a half-close, or does not read at all. */
class Application {
  readonly #held: TcpConn[] = [];
  readonly #open = new Set<TcpConn>();
  #count = 0;

  async serve(listener: Listener): Promise<void> {
    for await (const conn of listener) {
      this.#open.add(conn);
      const isSafe = conn.remoteAddr.port === SAFE_PORT;
      const kind = isSafe ? 0 : this.#count++ % 3;
      if (kind === 2) this.#hold(conn);
      else this.#use(conn, kind === 0).catch(() => this.#close(conn));
    }
  }

  closeAll(): void {
    for (const conn of this.#open) this.#close(conn);
  }

  #hold(conn: TcpConn): void {
    this.#held.push(conn);
    if (this.#held.length > HELD_MAX) this.#close(this.#held.shift()!);
  }

  async #use(conn: TcpConn, echoes: boolean): Promise<void> {
    const buffer = new Uint8Array(4096);
    for (;;) {
      const count = await conn.read(buffer);
      if (count === null) break;
      for (let done = 0; echoes && done < count;) {
        done += await conn.write(buffer.subarray(done, count));
      }
      if (!echoes) await conn.closeWrite();
    }
    this.#close(conn);
  }

  #close(conn: TcpConn): void {
    this.#open.delete(conn);
    conn[Symbol.dispose]();
  }
}

/** What a segment must know to look like one of a connection, or of a handshake in progress. */
type Near = Pick<
  Connection,
  | "remotePort"
  | "rcvNxt"
  | "rcvAdvertised"
  | "sndUna"
  | "sndNxt"
  | "sndMax"
  | "timestamps"
  | "tsRecent"
>;

/** A handshake in progress, as its SYN-ACK tells it. */
function nearOf(synAck: Segment): Near {
  const sndMax = (synAck.seq + 1) | 0;
  return {
    remotePort: synAck.dstPort,
    rcvNxt: synAck.ack,
    rcvAdvertised: (synAck.ack + synAck.window) | 0,
    sndUna: synAck.seq,
    sndNxt: sndMax,
    sndMax,
    timestamps: (synAck.options & OptionBit.timestamps) !== 0,
    tsRecent: synAck.tsEcho,
  };
}

/** Makes frames: good ones, and all kinds of others. */
class FrameMaker {
  readonly memory = new Memory(new SharedArrayBuffer(4096));
  readonly segment = new Segment();
  readonly #random: SeededRandom;
  readonly #family: FamilyEnds;

  constructor(random: SeededRandom, family: FamilyEnds) {
    this.#random = random;
    this.#family = family;
  }

  /** Begins a segment from the peer. */
  begin(port: number, flags: number, seq: number, ack: number): Segment {
    const { peer, own } = this.#family;
    const s = Object.assign(this.segment, new Segment(), ends(peer, own));
    s.srcPort = port;
    s.dstPort = PORT;
    s.flags = flags;
    s.seq = seq | 0;
    s.ack = ack | 0;
    s.window = 65_535;
    return s;
  }

  /** Writes the segment with `length` bytes of payload; returns the frame's length. */
  finish(length: number): number {
    const { memory } = this;
    const header = writePacket(memory, AT, this.segment, length, 0, ChecksumMode.full);
    for (let i = 0; i < length; i++) memory.bytes[AT + header + i] = i;
    const sum = checksumAdd(memory.view, AT + header, length, 0);
    finishTcpChecksum(memory.view, AT, header, sum);
    return header + length;
  }

  /** A segment that a connection might see, give or take. */
  near(conn: Near): number {
    const random = this.#random;
    const isLikely = random.integer(0, 3) > 0;
    const flags = isLikely
      ? [Flag.ACK, Flag.ACK, Flag.ACK | Flag.PSH, Flag.ACK | Flag.FIN][random.integer(0, 3)]
      : random.integer(0, 255);
    const seq = conn.rcvNxt + this.#delta(conn);
    const ack = [conn.sndUna, conn.sndNxt, conn.sndMax][random.integer(0, 2)] +
      (random.integer(0, 5) === 0 ? this.#delta(conn) : 0);
    const s = this.begin(conn.remotePort, flags, seq, ack);
    if ((flags & Flag.SYN) !== 0) s.flags &= ~(Flag.FIN | Flag.RST);
    s.window = [65_535, 65_535, 1000, 1, 0, random.integer(0, 65_535)][random.integer(0, 5)];
    s.urgent = random.integer(0, 100);
    if (conn.timestamps && random.integer(0, 9) > 0) {
      s.options |= OptionBit.timestamps;
      s.tsValue = (conn.tsRecent + [0, 1, 10, -1, random.uint32()][random.integer(0, 4)]) | 0;
    }
    if (random.integer(0, 9) === 0) this.#sack(s, conn);
    return this.finish([0, 0, 1, 100, 1400, random.integer(0, 1400)][random.integer(0, 5)]);
  }

  /** An attack on a connection that must not succeed: the sequence number is not in its window. */
  blind(conn: Connection): number {
    const random = this.#random;
    const kind = random.integer(0, 3);
    const inside = random.integer(1, 60_000);
    const outside = conn.rcvNxt + random.integer(8_000_000, 0x7000_0000);
    if (kind === 0) this.begin(conn.remotePort, Flag.RST, conn.rcvNxt + inside, 0);
    if (kind === 1) this.begin(conn.remotePort, Flag.SYN, conn.rcvNxt + inside, 0);
    if (kind === 2) this.begin(conn.remotePort, Flag.ACK, outside, conn.sndUna);
    if (kind === 3) {
      this.begin(conn.remotePort, Flag.ACK, conn.rcvNxt, conn.sndMax + random.integer(1, 1 << 30));
    }
    return this.finish(kind >= 2 ? random.integer(0, 1000) : 0);
  }

  /** A SYN with options by chance. */
  syn(port: number): number {
    const random = this.#random;
    const s = this.begin(port, Flag.SYN, random.uint32(), 0);
    if (random.integer(0, 4) > 0) s.options |= OptionBit.mss;
    s.mss = [1460, 536, 0, 48, random.integer(0, 65_535)][random.integer(0, 4)];
    if (random.integer(0, 1) > 0) s.options |= OptionBit.windowScale;
    s.windowScale = random.integer(0, 14);
    if (random.integer(0, 1) > 0) s.options |= OptionBit.timestamps | OptionBit.sackPermitted;
    s.tsValue = random.uint32() | 0;
    return this.finish(random.integer(0, 9) === 0 ? 100 : 0);
  }

  /** Anything from the peer, and ICMP errors that quote a connection. */
  noise(conn: Connection | undefined): number {
    const random = this.#random;
    if (random.integer(0, 1) === 0) {
      Object.assign(this.segment, randomSegment(random, this.#family));
      return this.finish(random.integer(0, 500));
    }
    const port = conn?.remotePort ?? FIRST_PORT;
    const seq = (conn?.sndUna ?? random.uint32()) + random.integer(-2, 2);
    const tcp = [0, PORT, port >> 8, port & 255, seq >>> 24, (seq >> 16) & 255, (seq >> 8) & 255]
      .concat(seq & 255);
    const frame = this.#family.name === "IPv4" ? this.#error4(tcp) : this.#error6(tcp);
    this.memory.bytes.set(frame, AT);
    return frame.length;
  }

  /** An ICMP error that quotes the beginning of a TCP header. */
  #error4(tcp: number[]): number[] {
    const random = this.#random;
    const { own, peer } = this.#family;
    const quoted = ipv4Frame({ source: own.w3, destination: peer.w3, payload: tcp });
    const second = [0, 0, random.integer(0, 255), random.integer(0, 255)];
    const type = [3, 3, 11, 12][random.integer(0, 3)];
    const payload = icmpBytes(type, random.integer(0, 15), [...second, ...quoted]);
    return ipv4Frame({ protocol: 1, payload });
  }

  /** The same of ICMPv6. */
  #error6(tcp: number[]): number[] {
    const random = this.#random;
    const { own: source, peer: destination } = this.#family;
    const quoted = ipv6Frame({ source, destination, payload: tcp });
    const second = [0, 0, random.integer(0, 8), random.integer(0, 255)];
    const type = [1, 1, 2, 3, 4][random.integer(0, 4)];
    const payload = icmp6Bytes(type, random.integer(0, 7), [...second, ...quoted]);
    return ipv6Frame({ protocol: 58, payload });
  }

  /** Changes bytes of the frame; mostly the checksums are made right again. */
  mutate(length: number): void {
    const random = this.#random;
    const { bytes, view } = this.memory;
    for (let i = random.integer(1, 4); i > 0; i--) {
      bytes[AT + random.integer(0, Math.min(length, 72) - 1)] = random.uint32();
    }
    if (random.integer(0, 3) === 0) return;
    if (this.#family.name === "IPv6") {
      this.#repair6(length);
      return;
    }
    const headerLength = (bytes[AT] & 15) * 4;
    if (headerLength < 20 || length < headerLength + 20) return;
    view.setUint16(AT + 2, length);
    view.setUint16(AT + 10, 0);
    view.setUint16(AT + 10, ~checksumAdd(view, AT, headerLength, 0));
    const at = AT + headerLength;
    view.setUint16(at + 16, 0);
    const pseudo = checksumAdd(view, AT + 12, 8, 6 + length - headerLength);
    view.setUint16(at + 16, ~checksumAdd(view, at, length - headerLength, pseudo));
  }

  #repair6(length: number): void {
    const { view } = this.memory;
    if (length < 60) return;
    view.setUint16(AT + 4, length - 40);
    view.setUint16(AT + 56, 0);
    const pseudo = checksumAdd(view, AT + 8, 32, 6 + length - 40);
    view.setUint16(AT + 56, ~checksumAdd(view, AT + 40, length - 40, pseudo));
  }

  #delta(conn: Near): number {
    const random = this.#random;
    const window = (conn.rcvAdvertised - conn.rcvNxt) | 0;
    const choices = [0, 0, 0, 0, 1, -1, 1400, 2800, -1400, window, window - 1, window + 1];
    const index = random.integer(0, choices.length + 1);
    return choices[index] ?? random.integer(-100_000, 100_000);
  }

  #sack(s: Segment, conn: Near): void {
    s.options |= OptionBit.sack;
    s.sackCount = 1;
    s.sackLeft0 = (conn.sndUna + this.#random.integer(-10, 3000)) | 0;
    s.sackRight0 = (s.sackLeft0 + this.#random.integer(-10, 3000)) | 0;
  }
}

/** One run: the stack, its attacker, and what both know. */
class Fuzz {
  readonly clock = new ManualClock(1_000_000);
  readonly random = new SeededRandom(SEED);
  readonly frames: FrameMaker;
  readonly states = new Set<number>();
  /** Handshakes whose SYN-ACK was seen, by the peer's port. */
  readonly handshakes = new Map<number, Near>();
  readonly #far: Device;
  readonly #pieces = new Int32Array(2);
  readonly #seen: { tcp: Tcp | null };
  readonly #input: PacketInput;
  readonly #reply = new Segment();
  readonly #replyMemory = new Memory(new SharedArrayBuffer(4096));

  constructor(far: Device, seen: { tcp: Tcp | null }, family: FamilyEnds) {
    this.frames = new FrameMaker(this.random, family);
    this.#input = new PacketInput({ virtioHeader: false, addresses: [family.peer] });
    this.#far = far;
    this.#seen = seen;
  }

  connection(port: number): Connection | undefined {
    for (const conn of this.#seen.tcp?.all() ?? []) {
      if (conn.remotePort === port && conn.state !== State.CLOSED) return conn;
    }
    return undefined;
  }

  /** Sends the frame that was made and lets the stack work. */
  async send(length: number): Promise<void> {
    this.#pieces[0] = AT;
    this.#pieces[1] = Math.min(length, MTU);
    this.#far.send(this.frames.memory.bytes, this.#pieces, 1);
    await this.settle();
  }

  async settle(): Promise<void> {
    for (let i = 0; i < 8; i++) await null;
  }

  /** Takes the stack's frames off the wire; returns the payload bytes that it sent to `port`. */
  collect(port = -1): number {
    const { bytes } = this.#replyMemory;
    let payload = 0;
    for (;;) {
      const length = this.#far.receive(bytes, AT, MTU);
      if (length === 0) return payload;
      const kind = this.#input.decode(this.#replyMemory, AT, length, this.#reply);
      // A mutated source address gets its answer too; everything else must be a good frame for the peer.
      const { reason } = this.#input;
      if (kind === InputKind.dropped && reason !== Drop.ipDestinationForeign) {
        assert(reason === Drop.icmpInvalid, `the stack sent a bad frame: ${dropNames[reason]}`);
      }
      const isSynAck = (this.#reply.flags & (Flag.SYN | Flag.ACK)) === (Flag.SYN | Flag.ACK);
      if (kind === InputKind.tcp && isSynAck) {
        this.handshakes.set(this.#reply.dstPort, nearOf(this.#reply));
      }
      if (kind === InputKind.tcp && this.#reply.dstPort === port) {
        payload += this.#reply.payloadLength;
      }
    }
  }

  async pass(us: number): Promise<void> {
    const end = this.clock.now() + us;
    for (let i = 0; i < 100_000 && this.clock.nextWake() <= end; i++) {
      this.clock.set(Math.max(this.clock.nextWake(), this.clock.now()));
      await this.settle();
      this.collect();
    }
    this.clock.set(end);
    await this.settle();
  }

  check(): void {
    const now = this.clock.now();
    for (const conn of this.#seen.tcp!.all()) {
      this.states.add(conn.state);
      checkConnection(conn, now);
    }
  }

  /** Opens a connection in order, from `port`. */
  async connect(port: number): Promise<void> {
    const s = this.frames.begin(port, Flag.SYN, 1000, 0);
    s.options = OptionBit.mss;
    s.mss = 1460;
    await this.send(this.frames.finish(0));
    this.collect();
    this.acknowledge(port);
    await this.send(this.frames.finish(0));
    assertEquals(this.connection(port)?.state, State.ESTABLISHED);
  }

  /** Begins the ACK that completes a handshake. */
  acknowledge(port: number): Segment {
    const near = this.handshakes.get(port);
    assert(near !== undefined, "the SYN was not taken");
    const s = this.frames.begin(port, Flag.ACK, near.rcvNxt, near.sndMax);
    if (near.timestamps) s.options = OptionBit.timestamps;
    s.tsValue = near.tsRecent;
    return s;
  }

  /** Sends 100 bytes in order and expects their echo. */
  async expectEcho(port: number): Promise<void> {
    this.collect();
    const conn = this.connection(port);
    assert(conn !== undefined, `the connection of port ${port} is gone`);
    this.frames.begin(port, Flag.ACK | Flag.PSH, conn.rcvNxt, conn.sndMax);
    await this.send(this.frames.finish(100));
    for (let i = 0; i < 20; i++) await this.settle();
    assertEquals(this.collect(port), 100, "bytes echoed");
    this.frames.begin(port, Flag.ACK, conn.rcvNxt, conn.sndMax);
    await this.send(this.frames.finish(0));
  }

  /** A SYN, or what follows one: its ACK, or something like it. */
  #handshake(port: number, kind: number): number {
    const near = this.handshakes.get(port);
    if (near === undefined || kind === 3) return this.frames.syn(port);
    if (kind >= 10) return this.frames.near(near);
    this.acknowledge(port);
    this.handshakes.delete(port);
    return this.frames.finish(0);
  }

  /** One frame of whatever kind. */
  async step(): Promise<void> {
    const { random, frames } = this;
    const port = FIRST_PORT + random.integer(0, PORTS - 1);
    const conn = this.connection(port);
    const kind = random.integer(0, 19);
    let length: number;
    if (kind === 0) length = frames.noise(conn);
    else if (kind <= 2) length = frames.blind(this.connection(SAFE_PORT)!);
    else if (conn !== undefined) length = frames.near(conn);
    else length = this.#handshake(port, kind);
    if (kind >= 17) frames.mutate(length);
    await this.send(length);
  }
}

async function fuzz(run: Fuzz, stack: Stack): Promise<void> {
  let failure: unknown = null;
  stack.closed.catch((error) => void (failure = error));
  for (let round = 0; round < FRAMES; round++) {
    try {
      await run.step();
      if (round % 4 === 0) run.check();
      run.collect();
      if (round % 16 === 0) await run.pass(run.random.integer(0, 20_000));
      if (round % 1024 === 0) {
        await run.pass(run.random.integer(0, 5_000_000));
        await run.expectEcho(SAFE_PORT);
      }
      if (failure !== null) throw failure;
    } catch (error) {
      throw new Error(`WOSHOU_SEED=${SEED}, round ${round}: ${error}`, { cause: error });
    }
  }
}

/** How the stack takes SYNs: as it does by default, remembering none, and taking their data at once. */
const VARIANTS: Readonly<Record<string, TcpOptions>> = {
  "live connections": {},
  "connections of SYN cookies": { synCookies: "always" },
  "connections opened early": {
    fastOpen: FastOpenBit.server | FastOpenBit.serverWithoutCookie | FastOpenBit.everyListener,
  },
};

for (const family of FAMILIES) {
  for (const [name, tcp] of Object.entries(VARIANTS)) {
    Deno.test(`fuzz: ${FRAMES} frames at ${name} over ${family.name}`, () =>
      fuzzStack(family, tcp));
  }
}

/** No throw, no impossible state, no other connection touched, and in the end nothing held. */
async function fuzzStack(family: FamilyEnds, tcp: TcpOptions): Promise<void> {
  const seen = observeEngine();
  try {
    const [near, far] = memoryPair({ mtu: MTU, queueFrames: 4096 });
    const run = new Fuzz(far, seen, family);
    const stack = await open({
      device: near,
      address: addressText(family.own),
      clock: run.clock,
      random: new SeededRandom(SEED + 1),
      tcp,
    });
    const application = new Application();
    const listener = stack.listen({ hostname: "::", port: PORT });
    const serving = application.serve(listener);
    await run.settle();
    await run.connect(SAFE_PORT);
    await fuzz(run, stack);
    await run.expectEcho(SAFE_PORT);
    const states = [...run.states].sort((a, b) => a - b);
    assertEquals(states.filter((state) => state >= State.ESTABLISHED).length, 7, `${states}`);
    listener.close();
    await serving;
    application.closeAll();
    await run.pass(2_000_000_000);
    const { memory, counters } = stack.stats();
    assertEquals([memory.receiveBytes, memory.sendBytes, counters.connectionsNow], [0, 0, 0]);
    assertEquals(run.clock.nextWake(), Infinity);
    await stack.close();
  } finally {
    seen.restore();
  }
}
