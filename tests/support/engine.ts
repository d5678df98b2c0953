/**
 * The TCP engine alone, with a peer that is played by the test: segments are given and expected as lines
 * of text (segment_text.ts), time stands still until it is moved, and payload is checked by position on
 * the way in and out.
 */

import { ArrayCopier } from "../../src/ring/copier.ts";
import { assert, assertEquals } from "@std/assert";
import type { Address } from "../../src/base/address.ts";
import { Counter, Counters } from "../../src/base/counters.ts";
import type { DropReason } from "../../src/base/drops.ts";
import { SeededRandom } from "../../src/base/random.ts";
import { type Dimensions, Layout } from "../../src/ring/layout.ts";
import { BlockPool, DESCRIPTOR_WORDS, NIL, START } from "../../src/ring/pool.ts";
import { ConnectionError } from "../../src/ring/row.ts";
import type { BlockMemory } from "../../src/ring/chain.ts";
import { StreamReader, StreamWriter } from "../../src/ring/stream.ts";
import { ReceiveSlots } from "../../src/pipeline/slots.ts";
import { tcpConfig, type TcpOptions } from "../../src/tcp/config.ts";
import type { Connection } from "../../src/tcp/connection.ts";
import { FixedIsn } from "../../src/tcp/isn.ts";
import type { Listener } from "../../src/tcp/listener.ts";
import { FIRST_PIECE, type SegmentSink } from "../../src/tcp/sink.ts";
import { type State, stateNames } from "../../src/tcp/state.ts";
import type { Handover, TcpEvents } from "../../src/tcp/parts.ts";
import { Tcp } from "../../src/tcp/tcp.ts";
import { Flag, Segment } from "../../src/wire/segment.ts";
import { ADDRESSES, type HarnessFamily, setEnds } from "./engine_ends.ts";
import { checkConnection, checkNothingHeld } from "./invariants.ts";
import { fillSegment, lineOf, matches, OWN_ISS, parseLine, PEER_ISS } from "./segment_text.ts";

/** The port that is listened on, and the peer's when nothing else is said. */
export const OWN_PORT = 80;
export const PEER_PORT = 40_000;
/** The local port of an active open. */
export const ACTIVE_PORT = 50_000;

/** The number of the listener that `listen` makes. */
const LISTENER = 1;

/** Small, so that limits are near. */
const DIMENSIONS: Dimensions = {
  connections: 16,
  sockets: 1,
  slots: 16,
  receiveBlocks: 256,
  sendBlocks: 64,
  traceRecords: 1,
  handoverFrames: 1,
  fragmentPages: 64,
};

/** What the byte at a position of a stream is; 251 is prime, so that no block size hides a shift. */
export function patternAt(position: number): number {
  return (position % 251 + (position >> 16)) & 255;
}

/** A segment that the engine has sent. */
export interface Sent {
  readonly atUs: number;
  readonly line: string;
  readonly segment: Segment;
}

/** How a harness is to be. */
export interface HarnessOptions {
  /** Where segments go that may belong to a connection of another queue. */
  readonly handover?: Handover;
  readonly tcp?: TcpOptions;
  readonly dimensions?: Partial<Dimensions>;
  readonly mtu?: number;
  /** Largest super-segment, bytes; 0 (no offload) by default. */
  readonly superBytes?: number;
  readonly ownIss?: number;
  /** IPv4 by default. */
  readonly family?: HarnessFamily;
}

/** The application's end of one connection. */
export class App {
  /** The connection as it was last seen: it is made anew when it wakes from being dormant. */
  #conn: Connection;
  readonly #harness: Harness;
  readonly #writer: StreamWriter;
  readonly #reader: StreamReader;
  #written = 0;
  #read = 0;

  constructor(harness: Harness, conn: Connection, memory: BlockMemory) {
    this.#conn = conn;
    this.#harness = harness;
    const { layout } = harness;
    this.#writer = new StreamWriter(memory, layout.sendStream(conn.id));
    this.#reader = new StreamReader(
      new ArrayCopier(layout.memory.bytes),
      layout.receivePool.table,
      layout.receiveStream(conn.id),
    );
  }

  get conn(): Connection {
    const { id, generation } = this.#conn;
    this.#conn = this.#harness.tcp.connection(id, generation) ?? this.#conn;
    return this.#conn;
  }

  /** Writes the next `count` bytes of the pattern; all of them must find memory. */
  write(count: number): void {
    const bytes = Uint8Array.from({ length: count }, (_, i) => patternAt(this.#written + i));
    assertEquals(this.#writer.appendArray(bytes, 0, count), count, "send memory is full");
    this.#written += count;
    this.#writer.publish();
    this.#harness.news(this.conn);
  }

  /** Reads up to `most` bytes and checks them; returns how many there were. */
  read(most = 1 << 24): number {
    const target = new Uint8Array(Math.min(most, this.#reader.available));
    const count = this.#reader.read(target);
    for (let i = 0; i < count; i++) {
      assert(target[i] === patternAt(this.#read + i), `wrong byte at ${this.#read + i}`);
    }
    this.#read += count;
    this.#harness.news(this.conn);
    return count;
  }

  /** Bytes that `read` would give. */
  get readable(): number {
    return this.#reader.available;
  }

  /** Gives the memory of what was written back, as the application does when the row has ended. */
  dispose(): void {
    this.#writer.dispose();
  }

  /** Gives acknowledged blocks back. */
  reclaim(): void {
    this.#writer.reclaim();
  }
}

/** An engine, its network and its application. */
export class Harness {
  nowUs = 1_000_000;
  /** Whether every connection is checked after each step, which wakes those that are dormant. */
  checked = true;
  readonly layout: Layout;
  readonly counters = new Counters();
  readonly tcp: Tcp;
  readonly slots: ReceiveSlots;
  /** Segments that were sent and not yet expected. */
  readonly outbox: Sent[] = [];
  /** The initial sequence number of every connection. */
  readonly tcpIss: number;
  /** What the engine has told the application, such as `accepted`, `connectFailed refused`. */
  readonly events: string[] = [];
  /** Changes of state, as `LISTEN>SYN-RECEIVED`. */
  readonly states: string[] = [];
  /** Who hears of flows to foreign destinations: `flow` and `flowEnded`. */
  onFlow: (name: string, flow: number, generation: number) => void = () => {};
  /** Connections that the application holds, in the order in which it got them. */
  readonly apps: App[] = [];
  readonly #sendPool: BlockPool;
  readonly #sendMemory: BlockMemory;
  readonly #segment = new Segment();
  readonly #own: Address;
  readonly #peer: Address;

  constructor(options: HarnessOptions = {}) {
    const { own, peer } = ADDRESSES[options.family ?? "IPv4"];
    this.#own = own;
    this.#peer = peer;
    this.layout = new Layout({ ...DIMENSIONS, ...options.dimensions });
    const pool = new BlockPool(this.layout.sendPool);
    this.#sendPool = pool;
    this.#sendMemory = {
      area: this.layout.memory,
      pool,
      copier: new ArrayCopier(this.layout.memory.bytes),
      release: (descriptor) => pool.give(descriptor),
    };
    this.slots = new ReceiveSlots(this.layout);
    this.tcpIss = options.ownIss ?? OWN_ISS;
    this.tcp = new Tcp({
      config: tcpConfig({ timestamps: false, sack: false, congestion: "newreno", ...options.tcp }),
      layout: this.layout,
      counters: this.counters,
      memory: this.slots,
      sink: this.#sink(options),
      events: this.#listener(),
      isn: new FixedIsn(options.ownIss ?? OWN_ISS),
      random: new SeededRandom(1),
      nowUs: this.nowUs,
      handover: options.handover,
    });
  }

  /** The application's end of the first connection, or of the last that was made. */
  get app(): App {
    return this.apps[this.apps.length - 1];
  }

  /** The connection of {@link Harness.app}, else the only one there is. */
  get conn(): Connection {
    if (this.apps.length > 0) return this.app.conn;
    const [only] = this.tcp.all();
    assert(only !== undefined, "there is no connection");
    return only;
  }

  /** The name of that connection's state. */
  get state(): string {
    // A handshake in progress is no connection yet.
    if (this.apps.length === 0 && this.tcp.handshakes.size > 0) return "SYN-RECEIVED";
    return stateNames[this.conn.state];
  }

  /** Listens on {@link OWN_PORT}. */
  listen(backlog = 8): void {
    // The wildcard of both families.
    assertEquals(this.tcp.listen(LISTENER, [0, 0, 0, 0], OWN_PORT, backlog), OWN_PORT);
  }

  /** Stops listening. */
  unlisten(): void {
    this.tcp.unlisten(LISTENER, this.nowUs);
    this.#flush();
  }

  /** The application takes one connection of the listener. */
  acceptTaken(): void {
    this.tcp.acceptTaken(LISTENER);
  }

  /** Connects to the peer's port {@link PEER_PORT} from {@link ACTIVE_PORT}. */
  connect(localPort = ACTIVE_PORT): void {
    this.tcp.connect(7, {
      local0: this.#own.w0,
      local1: this.#own.w1,
      local2: this.#own.w2,
      local3: this.#own.w3,
      remote0: this.#peer.w0,
      remote1: this.#peer.w1,
      remote2: this.#peer.w2,
      remote3: this.#peer.w3,
      localPort,
      remotePort: PEER_PORT,
    }, this.nowUs);
    this.#flush();
  }

  /** Takes the connect back. */
  cancelConnect(): void {
    this.tcp.cancelConnect(7, this.nowUs);
    this.#flush();
  }

  /** Gives the engine a segment of the peer. Ports other than the usual ones can be named. */
  inject(line: string, ports: { to?: number; from?: number } = {}): void {
    const to = ports.to ?? (this.#isActive ? ACTIVE_PORT : OWN_PORT);
    this.input(this.segment(line, to, ports.from ?? PEER_PORT));
  }

  /** A segment of the peer, its payload in a frame slot. */
  segment(line: string, to: number, from: number): Segment {
    const segment = this.#segment;
    fillSegment(segment, parseLine(line));
    setEnds(segment, this.#peer, this.#own);
    segment.srcPort = from;
    segment.dstPort = to;
    this.#placePayload(segment);
    return segment;
  }

  /** Takes a segment in, and lets everything happen that follows at once. */
  input(segment: Segment): void {
    this.tcp.input(segment, this.nowUs);
    this.slots.recycle(segment);
    this.#flush();
  }

  /** An ICMP error that quotes a segment of the stack with this relative sequence number. */
  icmp(type: number, code: number, quotedSeq: number): void {
    const segment = new Segment();
    setEnds(segment, this.#own, this.#peer);
    segment.srcPort = this.#isActive ? ACTIVE_PORT : OWN_PORT;
    segment.dstPort = PEER_PORT;
    segment.seq = (OWN_ISS + quotedSeq) | 0;
    segment.icmpType = type;
    segment.icmpCode = code;
    this.tcp.icmpError(segment, this.nowUs);
    this.#flush();
  }

  /** A passive open up to ESTABLISHED; `options` are words for the peer's SYN. */
  establish(options = "mss 1460"): void {
    this.listen();
    this.inject(`S 0:0 ${options}`);
    this.expect("S. 0:0 ack 1");
    this.inject(`. 1:1 ack 1${tsWord(options)}`);
    this.expect();
    assertEquals(this.state, "ESTABLISHED");
    this.acceptTaken();
  }

  /** An active open up to ESTABLISHED; `options` are words for the peer's SYN-ACK. */
  establishActively(options = "mss 1460"): void {
    this.connect();
    this.expect("S 0:0");
    this.inject(`S. 0:0 ack 1 ${options}`);
    this.expect(". 1:1 ack 1");
    assertEquals(this.state, "ESTABLISHED");
  }

  /** The segments sent since the last call are these, in this order, and no others. */
  expect(...lines: string[]): void {
    const sent = this.outbox.splice(0);
    const same = sent.length === lines.length &&
      sent.every(({ line }, index) => matches(line, lines[index]));
    if (same) return;
    const shown = sent.map(({ line, atUs }) => `  ${atUs / 1000} ms: ${line}`).join("\n");
    throw new Error(
      `expected\n${lines.map((line) => `  ${line}`).join("\n") || "  nothing"}\nwas sent\n${
        shown || "  nothing"
      }`,
    );
  }

  /** Moves the time forward, stopping for every timer on the way. */
  advance(us: number): void {
    const endUs = this.nowUs + us;
    for (let i = 0; i < 1_000_000; i++) {
      const next = this.tcp.nextExpiry();
      if (next > endUs) break;
      this.nowUs = Math.max(this.nowUs, next);
      this.tcp.expire(this.nowUs);
      this.#flush();
    }
    this.nowUs = Math.max(this.nowUs, endUs);
  }

  /** The same in milliseconds. */
  advanceMs(ms: number): void {
    this.advance(ms * 1000);
  }

  /**
   * What is sent within `ms`, as `milliseconds line without window`, counted from now and rounded to ten:
   * the timer wheel fires up to a quarter of a millisecond late.
   */
  timeline(ms: number): string[] {
    const startUs = this.nowUs;
    this.expect();
    this.advanceMs(ms);
    return this.outbox.splice(0).map(({ atUs, line }) => {
      const at = Math.round((atUs - startUs) / 10_000) * 10;
      return `${at} ${line.replace(/ win .*/, "")}`;
    });
  }

  /** The application has read or written. */
  news(conn: Connection): void {
    this.tcp.onApplicationNews(conn, this.nowUs);
    this.#flush();
  }

  write(count: number): void {
    this.app.write(count);
  }

  read(most?: number): number {
    return this.app.read(most);
  }

  closeWrite(): void {
    this.tcp.closeWrite(this.app.conn, this.nowUs);
    this.#flush();
  }

  close(): void {
    this.tcp.close(this.app.conn, this.nowUs);
    this.#flush();
  }

  abort(): void {
    this.tcp.abort(this.app.conn, this.nowUs);
    this.#flush();
  }

  /** How often a drop reason was counted. */
  drops(reason: DropReason): number {
    return this.counters.drops(reason);
  }

  /** The value of a counter. */
  count(name: keyof typeof Counter): number {
    return this.counters.value(Counter[name]);
  }

  /** No connection, no timer, no memory is left. */
  expectNothingLeft(): void {
    assertEquals(this.tcp.connectionCount, 0, "connections");
    assertEquals(this.tcp.handshakes.size, 0, "handshakes");
    assertEquals(this.tcp.nextExpiry(), Infinity, "a timer is left");
    checkNothingHeld(this.layout, this.slots.pool.free, this.slots.slots.free);
    assertEquals(this.#sendPool.free, this.layout.dimensions.sendBlocks, "send blocks");
  }

  get #isActive(): boolean {
    const [only] = this.tcp.all();
    return only !== undefined && only.localPort === ACTIVE_PORT;
  }

  #flush(): void {
    this.tcp.flush(this.nowUs);
    if (this.checked) { for (const conn of this.tcp.all()) checkConnection(conn, this.nowUs); }
    for (const app of this.apps) app.reclaim();
  }

  #placePayload(segment: Segment): void {
    if (segment.payloadLength === 0) return;
    const { slots } = this.slots;
    segment.slot = slots.take();
    assert(segment.slot !== NIL, "no frame slot is left");
    const start = slots.words[slots.table + segment.slot * DESCRIPTOR_WORDS + START];
    segment.payloadOffset = start + 40;
    const syn = (segment.flags & Flag.SYN) !== 0 ? 1 : 0;
    const position = ((segment.seq - PEER_ISS) | 0) - 1 + syn;
    for (let i = 0; i < segment.payloadLength; i++) {
      this.layout.memory.bytes[segment.payloadOffset + i] = patternAt(position + i);
    }
  }

  #sink(options: HarnessOptions): SegmentSink {
    const pieces = new Int32Array(128);
    const iss = options.ownIss ?? OWN_ISS;
    const send = (segment: Segment, end: number): void => {
      const copy = Object.assign(new Segment(), segment);
      this.outbox.push({ atUs: this.nowUs, line: lineOf(copy), segment: copy });
      // In a SYN the text follows the SYN.
      let position = ((segment.seq - iss) | 0) - ((segment.flags & Flag.SYN) !== 0 ? 0 : 1);
      let bytes = 0;
      for (let i = FIRST_PIECE; i < end; i += 2) {
        for (let k = 0; k < pieces[i + 1]; k++) {
          const byte = this.layout.memory.bytes[pieces[i] + k];
          assert(byte === patternAt(position), `wrong byte sent at ${position}`);
          position++;
        }
        bytes += pieces[i + 1];
      }
      assertEquals(bytes, segment.payloadLength, "the pieces are not the payload");
    };
    const hasRoom = () => true;
    return { superBytes: options.superBytes ?? 0, mtu: options.mtu ?? 1500, pieces, send, hasRoom };
  }

  #adopt(conn: Connection): void {
    this.apps.push(new App(this, conn, this.#sendMemory));
  }

  #listener(): TcpEvents {
    return {
      accepted: (_listener: Listener, conn) => {
        this.events.push("accepted");
        this.#adopt(conn);
      },
      connected: (_request, conn) => {
        this.events.push("connected");
        this.#adopt(conn);
      },
      connectFailed: (_request, error) => this.events.push(`connectFailed ${errorName(error)}`),
      flow: (id, generation) => this.onFlow("flow", id, generation),
      flowEnded: (id, generation) => this.onFlow("flowEnded", id, generation),
      news: () => {},
      ended: (conn) => {
        this.events.push("ended");
        this.apps.find((app) => app.conn === conn)?.dispose();
      },
      progressed: () => {},
      stateChanged: (conn, before: State) => {
        this.states.push(`${stateNames[before]}>${stateNames[conn.state]}`);
      },
    };
  }
}

/** The name of an error of a connection. */
export function errorName(error: ConnectionError): string {
  const found = Object.entries(ConnectionError).find(([, value]) => value === error);
  return found?.[0] ?? String(error);
}

/** With timestamps agreed on, the peer's segments carry one. */
function tsWord(options: string): string {
  const match = / ?\bts (\d+) \d+/.exec(options);
  return match === null ? "" : ` ts ${Number(match[1]) + 1} 0`;
}
