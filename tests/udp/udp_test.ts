// The engine alone: frames decoded by hand go in, and what it sends and tells is recorded.
import { assert, assertEquals } from "@std/assert";
import { type Address, ANY_IPV4 } from "../../src/base/address.ts";
import { Counter } from "../../src/base/counters.ts";
import { Drop } from "../../src/base/drops.ts";
import { DatagramEndpoint } from "../../src/net/datagram_endpoint.ts";
import { ReceiveSlots } from "../../src/pipeline/slots.ts";
import { DATAGRAM_HEADER_BYTES, DatagramWord, LOOPS_BACK } from "../../src/ring/datagram.ts";
import { Layout, SMALL_DIMENSIONS } from "../../src/ring/layout.ts";
import { BlockPool } from "../../src/ring/pool.ts";
import { FIRST_PIECE } from "../../src/tcp/sink.ts";
import { udpConfig, type UdpOptions } from "../../src/udp/config.ts";
import type { DatagramSink } from "../../src/udp/sink.ts";
import { Udp } from "../../src/udp/udp.ts";
import { Segment } from "../../src/wire/segment.ts";
import { addressOf, ends, OWN, PEER } from "../wire/frames.ts";
import { wordsOf } from "./sockets.ts";

const ROW = SMALL_DIMENSIONS.connections;

/** What was sent, in short. */
interface Sent {
  readonly to: number;
  readonly ports: readonly [number, number];
  readonly payload: readonly number[];
  readonly hops: number;
  readonly loopsBack: boolean;
}

class Sink implements DatagramSink {
  readonly pieces = new Int32Array(64);
  readonly sent: Sent[] = [];
  unreachable = 0;
  room = Infinity;
  readonly #layout: Layout;

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  hasRoom(): boolean {
    return this.room > 0;
  }

  sendDatagram(datagram: Segment, end: number, loopsBack: boolean): void {
    this.room--;
    const payload: number[] = [];
    for (let i = FIRST_PIECE; i < end; i += 2) {
      const start = this.pieces[i];
      payload.push(...this.#layout.memory.bytes.subarray(start, start + this.pieces[i + 1]));
    }
    const { srcPort, dstPort, dst3, hopLimit } = datagram;
    this.sent.push({ to: dst3, ports: [srcPort, dstPort], payload, hops: hopLimit, loopsBack });
  }

  sendPortUnreachable(): void {
    this.unreachable++;
  }
}

function rig(options?: UdpOptions, receiveBlocks = SMALL_DIMENSIONS.receiveBlocks) {
  const layout = new Layout({ ...SMALL_DIMENSIONS, receiveBlocks });
  const memory = new ReceiveSlots(layout);
  const sink = new Sink(layout);
  const told: string[] = [];
  const udp = new Udp({
    ...{ config: udpConfig(options), layout, counters: layout.tcpCounters, memory, sink },
    events: {
      news: (socket, loud) => void told.push(`${socket.id - ROW} ${loud ? "loud" : "quiet"}`),
      ended: (socket) => void told.push(`${socket.id - ROW} ended`),
    },
  });
  const pool = new BlockPool(layout.sendPool);
  const { copier, area } = memory;
  const release = (descriptor: number) => pool.give(descriptor);
  const host = { layout, pool, news: () => {}, awaitSendMemory: () => {} };
  /** Opens a socket as the application does: its own end first. */
  const open = (index: number, address: Address, port: number) => {
    const endpoint = new DatagramEndpoint(
      host,
      { area, pool, copier, release },
      ROW + index,
      1,
      () => {},
    );
    udp.bind(ROW + index, 1, wordsOf(address), port);
    return endpoint;
  };
  return { layout, memory, sink, told, udp, open, pool };
}

/** A datagram from the peer whose payload lies in the memory. */
function arriving(
  layout: Layout,
  to: Address,
  dstPort: number,
  payload: readonly number[],
): Segment {
  const at = layout.slotPool.blocks;
  layout.memory.bytes.set(payload, at);
  return Object.assign(new Segment(), ends(PEER, to), {
    ...{ srcPort: 4000, dstPort, payloadOffset: at, payloadLength: payload.length, hopLimit: 61 },
  });
}

function header(length: number, port: number, hops = 64): Uint8Array {
  const words = new Int32Array(DATAGRAM_HEADER_BYTES / 4);
  words[DatagramWord.length] = length;
  words[DatagramWord.ports] = (7 << 16) | port;
  words[DatagramWord.hops] = hops;
  words.set(wordsOf(OWN), DatagramWord.source);
  words.set(wordsOf(PEER), DatagramWord.destination);
  return new Uint8Array(words.buffer);
}

Deno.test("udp: a datagram reaches its socket, with all of its header", () => {
  // Goal: the application finds ports, addresses, hop limit and payload; it is told once, loudly.
  const { layout, udp, open, told } = rig();
  const socket = open(0, OWN, 7);
  udp.input(arriving(layout, OWN, 7, [1, 2, 3]), false, 0);
  udp.input(arriving(layout, OWN, 7, []), false, 0);
  assertEquals(socket.receiveBytes, 0, "not before it is published");
  udp.flush(0);
  assertEquals(told, ["0 loud"]);
  assertEquals([...socket.receive(null)], [1, 2, 3]);
  const words = [...socket.header];
  assertEquals(words.slice(0, 3), [3, (4000 << 16) | 7, 61]);
  assertEquals(words.slice(3), [...wordsOf(PEER), ...wordsOf(OWN)]);
  assertEquals([...socket.receive(null)], []);
  assertEquals(socket.receiveBytes, 0);
});

Deno.test("udp: nobody's port is told of, except when many were meant", () => {
  // Goal: RFC 1122 sections 3.2.2 and 4.1.3.1.
  const { layout, udp, open, sink } = rig();
  open(0, OWN, 8);
  udp.input(arriving(layout, OWN, 7, [1]), false, 0);
  assertEquals(sink.unreachable, 1);
  udp.input(arriving(layout, addressOf("224.0.0.9"), 7, [1]), true, 0);
  udp.input(arriving(layout, addressOf("255.255.255.255"), 8, [1]), true, 0);
  assertEquals([sink.unreachable, layout.tcpCounters.drops(Drop.udpNoSocket)], [1, 3]);
});

Deno.test("udp: a group's datagrams go to every socket that fits, while there is a member", () => {
  const { layout, udp, open } = rig();
  const group = addressOf("224.0.0.251");
  const [a, b, other] = [open(0, ANY_IPV4, 7), open(1, group, 7), open(2, OWN, 7)];
  const send = () => {
    udp.input(arriving(layout, group, 7, [9]), true, 0);
    udp.flush(0);
    return [a, b, other].map((socket) => socket.receiveBytes > 0);
  };
  assertEquals(send(), [false, false, false]);
  udp.setMember(ROW, 1, wordsOf(group), true);
  assertEquals(send(), [true, true, false]);
  a.receive(null);
  b.receive(null);
  udp.setMember(ROW, 1, wordsOf(group), false);
  assertEquals(send(), [false, false, false]);
});

Deno.test("udp: the queue's limit and the pool's are counted apart, and one always fits", () => {
  const small = rig({ receiveBufferBytes: 2048 });
  const socket = small.open(0, OWN, 7);
  const long = new Array(3000).fill(5);
  small.udp.input(arriving(small.layout, OWN, 7, long), false, 0);
  small.udp.input(arriving(small.layout, OWN, 7, [1]), false, 0);
  small.udp.flush(0);
  assertEquals(small.layout.tcpCounters.drops(Drop.udpQueueFull), 1);
  assertEquals(socket.receive(null).length, 3000);
  const poor = rig({ receiveBufferBytes: 1_000_000 }, 2);
  poor.open(0, OWN, 7);
  for (let i = 0; i < 4; i++) poor.udp.input(arriving(poor.layout, OWN, 7, long), false, 0);
  assert(poor.layout.tcpCounters.drops(Drop.udpNoMemory) >= 2);
});

Deno.test("udp: what was queued is sent in order, and its memory comes back", () => {
  // Goal: over the seams of blocks; hops and the loop bit as asked.
  const { udp, open, sink, pool, layout } = rig();
  const socket = open(0, OWN, 7);
  const lengths = [0, 1, 20_000, 5, 40_000];
  for (const length of lengths) {
    const payload = new Uint8Array(length).map((_, i) => i * 3 + length);
    assert(socket.send(header(length, 9, length === 5 ? 3 | LOOPS_BACK : 64), payload, 1e6));
  }
  udp.onApplicationNews(ROW, 1);
  udp.flush(0);
  assertEquals(sink.sent.map(({ payload }) => payload.length), lengths);
  for (const { payload, to, ports } of sink.sent) {
    assert(payload.every((byte, i) => byte === ((i * 3 + payload.length) & 255)));
    assertEquals([to, ports], [PEER.w3, [7, 9]]);
  }
  assertEquals(sink.sent.map(({ hops, loopsBack }) => `${hops} ${loopsBack}`)[3], "3 true");
  socket.onNews();
  assertEquals([pool.free, socket.sendBytes], [pool.count, 0]);
  assertEquals(layout.tcpCounters.value(Counter.datagramsOut), lengths.length);
});

Deno.test("udp: what finds no room waits where it is; close waits for it", () => {
  // Goal: nothing is lost or sent twice, and the row is free only when all is sent.
  const { udp, open, sink, told } = rig();
  const socket = open(0, OWN, 7);
  for (let i = 0; i < 5; i++) socket.send(header(1, 9), Uint8Array.of(i), 1e6);
  sink.room = 2;
  udp.onApplicationNews(ROW, 1);
  udp.flush(0);
  assert(udp.hasWork);
  udp.unbind(ROW, 1);
  udp.flush(0);
  assertEquals([sink.sent.length, told.includes("0 ended")], [2, false]);
  sink.room = Infinity;
  udp.flush(0);
  assertEquals(sink.sent.map(({ payload }) => payload[0]), [0, 1, 2, 3, 4]);
  assertEquals([told.at(-1), udp.socketCount, udp.hasWork], ["0 ended", 0, false]);
});

Deno.test("udp: one socket's flood lets others have their turn", () => {
  const { udp, open, sink } = rig();
  const [busy, other] = [open(0, OWN, 7), open(1, OWN, 8)];
  for (let i = 0; i < 200; i++) busy.send(header(1, 9), Uint8Array.of(i), 1e6);
  other.send(header(1, 10), Uint8Array.of(1), 1e6);
  udp.onApplicationNews(ROW, 1);
  udp.onApplicationNews(ROW + 1, 1);
  udp.flush(0);
  const turn = sink.sent.findIndex(({ ports }) => ports[1] === 10);
  assert(turn > 0 && turn < 100, `${turn}`);
  for (let i = 0; i < 10; i++) udp.flush(0);
  assertEquals(sink.sent.length, 201);
});

Deno.test("udp: commands for a row of another generation are nobody's", () => {
  const { udp, open, layout } = rig();
  const socket = open(0, OWN, 7);
  udp.unbind(ROW, 2);
  udp.onApplicationNews(ROW, 0);
  udp.setMember(ROW, 2, wordsOf(addressOf("224.0.0.1")), true);
  udp.input(arriving(layout, OWN, 7, [1]), false, 0);
  udp.flush(0);
  assertEquals([udp.socketCount, socket.receiveBytes > 0], [1, true]);
});

Deno.test("udp: a waiting send is told of loudly", () => {
  const { udp, open, told } = rig();
  const socket = open(0, OWN, 7);
  assert(socket.send(header(1, 9), Uint8Array.of(1), 60));
  assertEquals(socket.send(header(1, 9), Uint8Array.of(2), 60), false);
  udp.onApplicationNews(ROW, 1);
  udp.flush(0);
  assertEquals(told, ["0 loud"]);
  socket.onNews();
  assert(socket.send(header(1, 9), Uint8Array.of(2), 60));
  udp.onApplicationNews(ROW, 1);
  udp.flush(0);
  assertEquals(told, ["0 loud", "0 quiet"]);
});
