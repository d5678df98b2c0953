// A peer that holds on to our memory and time: windows that never open, shrink or open by a byte, tiny
// segments, and data out of order.
import { assert, assertEquals } from "@std/assert";
import { Drop } from "../../src/base/drops.ts";
import { ConnectionError } from "../../src/ring/row.ts";
import { Harness } from "../support/engine.ts";
import { assertUnharmed, costOf, heldBytes } from "./attacked.ts";

const HOUR_MS = 3_600_000;
const MSS = 1460;

/** Answers every probe in the outbox with a window of `win`; returns how many there were. */
function answerProbes(h: Harness, win: number): number {
  const sent = h.outbox.splice(0);
  for (const { segment } of sent) {
    h.inject(`. 1:1 ack 1 win ${win}`, { from: segment.dstPort });
  }
  return sent.length;
}

/** Lets `ms` pass with every segment of ours answered by a closed window; returns how many those were. */
function starve(h: Harness, ms: number): number {
  let sent = 0;
  const endUs = h.nowUs + ms * 1000;
  while (h.nowUs < endUs) {
    const next = h.tcp.nextExpiry();
    h.advance(Math.max(1, Math.min(next, endUs) - h.nowUs));
    sent += answerProbes(h, 0);
  }
  return sent;
}

/** `count` connections whose peer acknowledges nothing but keeps its window shut, each with data waiting. */
function sockstress(count: number, tcp = {}): Harness {
  const h = new Harness({ tcp, dimensions: { connections: 64, sendBlocks: 64 } });
  h.checked = false;
  h.listen(64);
  for (let i = 0; i < count; i++) {
    const from = 2000 + i;
    h.inject("S 0:0 mss 1460 win 0", { from });
    h.inject(". 1:1 ack 1 win 0", { from });
    h.write(1000);
  }
  costOf(h);
  return h;
}

Deno.test("attack: zero windows that never open cost a probe every two minutes, and one block each", () => {
  // Tried: sockstress (CVE-2008-4609): 50 connections that answer every probe for an hour. Cost: 37 probes each.
  const h = sockstress(50);
  const probes = starve(h, HOUR_MS);
  assert(probes <= 50 * 42, `${probes} probes`);
  assertEquals(h.tcp.connectionCount, 50);
  assertEquals(heldBytes(h), 0);
  for (const app of h.apps) h.tcp.abort(app.conn, h.nowUs);
  h.tcp.flush(h.nowUs);
  h.unlisten();
  h.expectNothingLeft();
});

Deno.test("attack: with a user timeout a window that stays shut ends the connection, though it is answered", () => {
  // Tried: the same against a stack that is told to give up after 30 s (RFC 5482, as Linux). Cost: those 30 s.
  const h = sockstress(50, { userTimeoutMs: 30_000 });
  starve(h, 29_000);
  assertEquals(h.apps.filter(({ conn }) => conn.error !== 0).length, 0);
  starve(h, 20_000);
  for (const { conn } of h.apps) assertEquals(conn.error, ConnectionError.timedOut);
  for (const app of h.apps) h.tcp.close(app.conn, h.nowUs);
  h.tcp.flush(h.nowUs);
  h.unlisten();
  h.expectNothingLeft();
});

Deno.test("attack: a closed connection whose peer keeps its window shut is given up", () => {
  // Tried: the same when the application has gone. Cost: eight unanswered or fruitless probes, then an RST.
  const h = sockstress(20);
  for (const app of h.apps) h.tcp.close(app.conn, h.nowUs);
  h.tcp.flush(h.nowUs);
  starve(h, 10 * 60_000);
  assertEquals(h.tcp.connectionCount, 0);
  h.unlisten();
  h.expectNothingLeft();
});

Deno.test("attack: a window that opens by a byte at a time is not fed with bytes", () => {
  // Tried: slow read: one more byte of window every 100 ms for ten minutes. Cost: no silly segments
  // (section 3.8.6.2.1): a segment at a time that is a good part of the window, or a probe after a back-off.
  const h = new Harness({ dimensions: { sendBlocks: 64 } });
  h.establish();
  h.inject(". 1:1 ack 1 win 3000");
  h.write(100_000);
  let acked = 0;
  let segments = 0;
  for (let i = 0; i < 6000; i++) {
    const { segments: sent, payloadBytes } = costOf(h);
    segments += sent;
    acked += payloadBytes;
    h.inject(`. 1:1 ack ${acked + 1} win 1`);
    h.advanceMs(100);
  }
  assert(segments < 3000, `${segments} segments for ${acked} bytes`);
  assertEquals(h.state, "ESTABLISHED");
  h.inject(`. 1:1 ack ${acked + 1} win 65535`);
  assert(costOf(h).payloadBytes >= 2 * MSS, "the connection does not recover");
});

Deno.test("attack: a window that shrinks over data in flight costs its probes, and loses nothing", () => {
  // Tried: shrink to nothing and open again, 100 times (section 3.8.6, SHLD-15 and SHLD-17).
  const h = new Harness({ dimensions: { sendBlocks: 64 } });
  h.establish();
  h.write(20_000);
  let acked = 0;
  let sent = 0;
  for (let i = 0; i < 100; i++) {
    h.inject(`. 1:1 ack ${acked + 1} win 0`);
    h.advanceMs(1000);
    for (const { segment } of h.outbox.splice(0)) {
      sent += segment.payloadLength;
      const end = ((segment.seq - h.tcpIss) | 0) - 1 + segment.payloadLength;
      if (i % 2 === 1) acked = Math.max(acked, end);
    }
    h.inject(`. 1:1 ack ${acked + 1} win 2000`);
  }
  assert(sent <= 30 * 20_000, `${sent} bytes were sent for 20000`);
  for (let i = 0; i < 100 && h.conn.sndUna !== h.conn.sndMax || h.conn.send!.held > 0; i++) {
    h.advanceMs(2000);
    for (const { segment } of h.outbox.splice(0)) {
      acked = Math.max(acked, ((segment.seq - h.tcpIss) | 0) - 1 + segment.payloadLength);
    }
    h.inject(`. 1:1 ack ${acked + 1} win 65535`);
  }
  assertEquals(acked, 20_000);
  assertUnharmed(h);
});

Deno.test("attack: an MSS of a byte is taken for one of 48", () => {
  // Tried: CVE-2019-11479: mss 0, 1 and 47 with 10 KB to send. Cost: 36 bytes of payload each at the least.
  for (const mss of [0, 1, 47]) {
    const h = new Harness({ tcp: { timestamps: true, initialWindowSegments: 1000 } });
    h.establish(`mss ${mss} ts 1 0`);
    h.write(10_000);
    const { segments, payloadBytes } = costOf(h);
    assert(payloadBytes === 10_000 && segments <= Math.ceil(10_000 / 36), `${segments} segments`);
  }
});

Deno.test("attack: a flood of bytes out of order holds the named number of ranges, and no more", () => {
  // Tried: every second byte of the window, 20,000 of them. Cost: 64 blocks, the rest is a counted drop.
  const h = new Harness({ dimensions: { receiveBlocks: 1024 } });
  h.establish();
  for (let i = 0; i < 20_000; i++) h.inject(`P. ${3 + 2 * i}:${4 + 2 * i} ack 1`);
  assertEquals(h.conn.receive!.outOfOrder!.count, 64);
  assertEquals(heldBytes(h), 64 * 4096);
  assertEquals(h.drops(Drop.tcpOutOfOrderLimit), 20_000 - 64);
  h.inject("P. 1:3 ack 1");
  assertEquals(h.read(), 3);
  h.abort();
  h.outbox.length = 0;
  h.unlisten();
  h.expectNothingLeft();
});

Deno.test("attack: bytes out of order on many connections leave memory for what is in order", () => {
  // Tried: 14 connections with 64 ranges of one byte, each range a block of 4 KiB: three times the memory.
  // Cost: what may be held ahead is a share of what is free, so a newcomer always finds some.
  const h = new Harness({ dimensions: { receiveBlocks: 256 } });
  h.checked = false;
  h.listen(16);
  for (let i = 0; i < 14; i++) {
    const from = 2000 + i;
    h.inject("S 0:0 mss 1460", { from });
    h.inject(". 1:1 ack 1", { from });
    for (let k = 0; k < 64; k++) h.inject(`P. ${3 + 2 * k}:${4 + 2 * k} ack 1`, { from });
  }
  assert(heldBytes(h) <= (256 - 7) * 4096, `${heldBytes(h)} bytes are held`);
  h.inject("S 0:0 mss 1460", { from: 5000 });
  h.inject(". 1:1 ack 1", { from: 5000 });
  for (let seq = 1; seq < 100_000; seq += 1000) {
    h.inject(`P. ${seq}:${seq + 1000} ack 1`, { from: 5000 });
    assertEquals(h.read(), 1000);
  }
  for (const app of h.apps) h.tcp.abort(app.conn, h.nowUs);
  h.tcp.flush(h.nowUs);
  h.outbox.length = 0;
  h.unlisten();
  h.expectNothingLeft();
});

Deno.test("attack: data that nobody reads is bounded by the window, on one connection and on all", () => {
  // Tried: 14 connections fill the window of an application that does not read. Cost: a share of what is free.
  const h = new Harness({ dimensions: { receiveBlocks: 256 }, tcp: {} });
  h.checked = false;
  h.listen(16);
  for (let i = 0; i < 14; i++) {
    const from = 2000 + i;
    h.inject("S 0:0 mss 1460 ws 7", { from });
    h.inject(". 1:1 ack 1", { from });
    for (let seq = 1; seq < 400_000; seq += MSS) {
      h.inject(`P. ${seq}:${seq + MSS} ack 1`, { from });
    }
  }
  assert(h.slots.pool.free >= 8, `${h.slots.pool.free} blocks are free`);
  assert(heldBytes(h) <= 256 * 4096);
});
