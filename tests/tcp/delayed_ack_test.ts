// When an ACK is due: RFC 9293 section 3.8.6.3, RFC 5681 section 4.2, and Linux's ways within them.
import { assert, assertEquals } from "@std/assert";
import { Counters } from "../../src/base/counters.ts";
import { tcpConfig } from "../../src/tcp/config.ts";
import { type Connection, NEVER } from "../../src/tcp/connection.ts";
import {
  acknowledgeGap,
  onAckSent,
  onDelayedAck,
  onTextSent,
  scheduleAck,
} from "../../src/tcp/delayed_ack.ts";
import { Outcome } from "../../src/tcp/outcome.ts";
import { Flag, Segment } from "../../src/wire/segment.ts";
import { Harness } from "../support/engine.ts";
import { makeConnection } from "./connections.ts";

const CONFIG = tcpConfig();
const MS = 1000;

/** Tells a connection that `taken` bytes have arrived in order. */
function received(
  conn: Connection,
  taken: number,
  nowUs: number,
  fields: Partial<Segment> = {},
  config = CONFIG,
): void {
  const segment = Object.assign(new Segment(), { payloadLength: taken, ...fields });
  scheduleAck(conn, segment, taken, false, nowUs, config, new Counters());
}

/** A connection that has received text before: its quick-ACK phase is over. */
function settled(rcvMss = 1000): Connection {
  const conn = makeConnection();
  conn.rcvMss = rcvMss;
  conn.ackDelayUs = 40 * MS;
  conn.lastTextAtUs = 4_990_000;
  return conn;
}

Deno.test("delayed ACK: more than one full segment is acknowledged at once, one waits", () => {
  // Goal: SHLD-18 and SHLD-19; a full segment and one byte are enough, as in Linux.
  const conn = settled();
  received(conn, 1000, 5_000_000);
  assertEquals([conn.ackPending, conn.delayedAckAtUs], [false, 5_040_000]);
  received(conn, 1, 5_010_000);
  assertEquals(conn.ackPending, true);
});

Deno.test("delayed ACK: the first text starts a phase of quick ACKs, sixteen at the most", () => {
  // Goal: a peer in slow start gets an ACK for each segment.
  const conn = makeConnection();
  conn.rcvAdvertised = 65_535;
  for (const [left, at] of [[15, 0], [14, 1]]) {
    received(conn, 1000, at);
    assertEquals(conn.ackPending, true);
    onAckSent(conn, CONFIG);
    assertEquals(conn.quickAcks, left);
  }
  const narrow = makeConnection();
  narrow.rcvAdvertised = 4000;
  received(narrow, 1000, 0);
  assertEquals(narrow.quickAcks, 2, "half of what the window holds, two at the least");
});

Deno.test("delayed ACK: none waits when no delay is wanted", () => {
  // Goal: delayedAckMs 0.
  const conn = settled();
  received(conn, 1, 5_000_000, {}, tcpConfig({ delayedAckMs: 0 }));
  assertEquals([conn.ackPending, conn.delayedAckAtUs], [true, NEVER]);
});

Deno.test("delayed ACK: the delay follows the time between segments, up to an RTT", () => {
  // Goal: Linux's ato: segments that come every 30 ms and ACKs that come too late make it longer.
  const conn = settled();
  conn.rtt.sample(70 * MS);
  received(conn, 100, 5_020_000);
  onDelayedAck(conn, CONFIG);
  onAckSent(conn, CONFIG);
  const first = conn.ackDelayUs;
  assert(first > 40 * MS, `${first}`);
  received(conn, 100, 5_080_000);
  assertEquals(conn.delayedAckAtUs, 5_080_000 + 70 * MS, "an RTT at the most");
});

Deno.test("delayed ACK: a stream of fast segments has the shortest delay", () => {
  // Goal: it goes back to 40 ms.
  const conn = settled();
  conn.ackDelayUs = 160 * MS;
  let nowUs = 5_000_000;
  for (let i = 0; i < 12; i++) {
    nowUs += 1 * MS;
    received(conn, 10, nowUs);
    onAckSent(conn, CONFIG);
  }
  received(conn, 10, nowUs);
  assert(conn.delayedAckAtUs - nowUs < 41 * MS, `${conn.delayedAckAtUs - nowUs}`);
});

Deno.test("delayed ACK: after a pause of more than an RTO ACKs are quick again", () => {
  // Goal: the peer may start over with a small window.
  const conn = settled();
  conn.rtt.sample(10 * MS);
  conn.rcvAdvertised = 65_535;
  received(conn, 10, 4_990_000 + conn.rtt.rtoUs + MS);
  assertEquals(conn.ackPending, true);
});

Deno.test("delayed ACK: an answer makes the next ACKs wait, one that is missing ends that", () => {
  // Goal: Linux's ping-pong mode.
  const conn = settled();
  conn.quickAcks = 5;
  received(conn, 10, 5_000_000);
  onAckSent(conn, CONFIG);
  onTextSent(conn, 5_039_000);
  assertEquals(conn.interactive, true);
  received(conn, 10, 5_100_000);
  assertEquals(conn.ackPending, false);
  onDelayedAck(conn, CONFIG);
  assertEquals([conn.interactive, conn.ackPending], [false, true]);
  const late = settled();
  received(late, 10, 5_000_000);
  onTextSent(late, 5_050_000);
  assertEquals(late.interactive, false, "that was no answer");
});

Deno.test("delayed ACK: what counts as a full segment is learned", () => {
  // Goal: from super-segments by their parts; downwards only by two of one size.
  const conn = makeConnection();
  received(conn, 400, 0, { flags: Flag.PSH });
  assertEquals(conn.rcvMss, 536, "a short one says nothing");
  received(conn, 1448, 0);
  assertEquals(conn.rcvMss, 1448);
  received(conn, 60_000, 0, { gsoSize: 1460 });
  assertEquals(conn.rcvMss, 1460);
  received(conn, 1000, 0);
  assertEquals(conn.rcvMss, 1460);
  received(conn, 1000, 0);
  assertEquals(conn.rcvMss, 1000);
});

Deno.test("delayed ACK: reading the end of a small message sends it, unless an answer is likely", () => {
  // Goal: Linux's tcp_cleanup_rbuf: the peer need not wait when nothing is left to read.
  for (const interactive of [false, true]) {
    const h = new Harness();
    h.establish();
    h.conn.ackDelayUs = 40_000;
    h.conn.lastTextAtUs = h.nowUs - 1000;
    h.inject("P. 1:101 ack 1");
    h.conn.interactive = interactive;
    h.expect();
    h.read();
    if (interactive) h.expect();
    else h.expect(". 1:1 ack 101");
  }
});

Deno.test("delayed ACK: the fourth duplicate ACK for one gap waits for others", () => {
  // Goal: Linux's SACK compression: three at once, then one for all that come within a millisecond.
  const counters = new Counters();
  const conn = settled();
  conn.sack = true;
  conn.tuneRttUs = 100 * MS;
  const next = () => acknowledgeGap(conn, 5_000_000, CONFIG, counters);
  assertEquals([next(), next(), next()], [Outcome.ack, Outcome.ack, Outcome.ack]);
  assertEquals([next(), next()], [Outcome.none, Outcome.none]);
  assertEquals([conn.delayedAckAtUs, conn.acksHeld], [5_001_000, 2]);
  conn.rcvNxt += 1000;
  assertEquals(next(), Outcome.ack, "another gap");
  conn.tuneRttUs = 2 * MS;
  onAckSent(conn, CONFIG);
  conn.gapAcks = 3;
  assertEquals(next(), Outcome.none);
  assertEquals(conn.delayedAckAtUs, 5_000_100, "a twentieth of an RTT");
});

Deno.test("delayed ACK: duplicate ACKs do not wait without SACK, in great number, or if not wanted", () => {
  // Goal: a peer without SACK counts them; the options bound them.
  const counters = new Counters();
  const outcomes = (conn: Connection, config = CONFIG) =>
    Array.from({ length: 8 }, () => acknowledgeGap(conn, 5_000_000, config, counters));
  const all = Array<Outcome>(8).fill(Outcome.ack);
  assertEquals(outcomes(settled()), all);
  const conn = settled();
  conn.sack = true;
  assertEquals(outcomes(conn), all, "no round-trip time is known");
  conn.tuneRttUs = 100 * MS;
  assertEquals(outcomes(conn, tcpConfig({ sackDelayUs: 0 })), all);
  conn.gapAcks = 0;
  const two = tcpConfig({ sackDelaySegments: 2 });
  assertEquals(
    outcomes(conn, two).map((o) => o === Outcome.ack ? "now" : "waits").join(" "),
    [
      ...["now", "now", "now", "waits", "waits", "now", "now", "now"],
    ].join(" "),
  );
});
