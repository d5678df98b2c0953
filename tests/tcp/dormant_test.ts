// Dormant connections: what is packed is all there is, and nobody can tell that it was.
import { assert, assertEquals } from "@std/assert";
import type { SeededRandom } from "../../src/base/random.ts";
import { Row } from "../../src/ring/row.ts";
import { NewReno } from "../../src/tcp/congestion/newreno.ts";
import { type Connection, NEVER } from "../../src/tcp/connection.ts";
import {
  DORMANT_BYTES,
  DormantConnections,
  FORGOTTEN,
  IDENTITY,
  isAtRest,
  KEPT_FLAGS,
  KEPT_NUMBERS,
  KEPT_OBJECTS,
  KEPT_WORDS,
  PACKED_PARTS,
  RESTING,
  SHOWN_RTT,
  SHOWN_TOTALS,
  SHOWN_WORDS,
} from "../../src/tcp/dormant.ts";
import { SentSegmentPool } from "../../src/tcp/retransmission_queue.ts";
import { Harness, type HarnessOptions } from "../support/engine.ts";
import { forSeeds } from "../support/seeds.ts";
import { makeConnection } from "./connections.ts";

type Fields = Record<string, unknown>;

/** An engine in which every connection at rest is packed at the end of each step. */
function sleepy(options: HarnessOptions = {}): Harness {
  const h = new Harness({ ...options, tcp: { ...options.tcp, awakeConnections: 0 } });
  h.checked = false;
  return h;
}

/** How many are dormant when the hand has been around: one look clears the mark of use, the next one packs. */
function asleep(h: Harness): number {
  for (let i = 0; i < 3; i++) h.tcp.flush(h.nowUs);
  return h.tcp.dormantCount;
}

/** What packs and unpacks the connections of a harness, outside of its engine. */
function storeOf(h: Harness): DormantConnections {
  const { layout } = h;
  const { config } = h.tcp;
  return new DormantConnections({ config, layout, memory: h.slots, sent: new SentSegmentPool() });
}

Deno.test("Goal: whoever adds a field to a connection says what becomes of it at rest", () => {
  const told = [
    ...[...KEPT_WORDS, ...KEPT_NUMBERS, ...KEPT_FLAGS, ...IDENTITY, ...PACKED_PARTS],
    ...KEPT_OBJECTS,
    ...[RESTING, FORGOTTEN, SHOWN_WORDS, SHOWN_TOTALS].flatMap((list) => Object.keys(list)),
  ];
  const fields = Object.keys(makeConnection());
  const untold = fields.filter((field) => !told.includes(field as keyof Connection));
  assertEquals(untold, [], "put them into a list of src/tcp/dormant.ts");
  assertEquals(told.filter((field) => !fields.includes(field)), [], "there are no such fields");
  assertEquals(new Set(told).size, told.length, "a field stands in two lists");
  const { rtt } = makeConnection();
  assertEquals(Object.keys(rtt).sort(), ["rtoUs", ...Object.keys(SHOWN_RTT)].sort());
});

Deno.test("Goal: what is not kept is what a new connection has, so that it need not be set", () => {
  const conn = makeConnection() as unknown as Fields;
  for (const [field, value] of Object.entries(RESTING)) assertEquals(conn[field], value, field);
});

Deno.test("Goal: every field that is kept comes back as it was", () => {
  const h = new Harness();
  h.establish();
  const conn = h.conn;
  const fields = conn as unknown as Fields;
  const expected: Fields = {};
  // Different values for all of them, each as large as its place must hold.
  KEPT_WORDS.forEach((field, i) => expected[field] = (i % 2 === 0 ? 1 : -1) * (0x7fff_ff00 + i));
  Object.keys(SHOWN_WORDS).forEach((field, i) => expected[field] = 0x3fff_ff00 + i);
  [...KEPT_NUMBERS, ...Object.keys(SHOWN_TOTALS)].forEach((field, i) => {
    expected[field] = 2 ** 52 + i;
  });
  KEPT_FLAGS.forEach((field, i) => expected[field] = i % 3 !== 0);
  expected.lastTextAtUs = -NEVER;
  expected.endAtUs = NEVER;
  Object.assign(fields, expected);
  Object.assign(conn.rtt, { srttUs: 1000, rttVarUs: 1001, minUs: 1002, rtoUs: 201_003 });
  conn.congestion.cwndBytes = 123_456;
  conn.receive!.limitBytes = 77_777;
  const store = storeOf(h);
  store.pack(conn);
  assertEquals([store.size, store.has(conn.id), store.has(conn.id + 1)], [1, true, false]);
  const again = store.unpack(conn.id);
  assertEquals([store.size, store.has(conn.id)], [0, false]);
  const woken = again as unknown as Fields;
  for (const [field, value] of Object.entries(expected)) assertEquals(woken[field], value, field);
  for (const field of IDENTITY) assertEquals(woken[field], fields[field], field);
  for (const [field, value] of Object.entries(RESTING)) assertEquals(woken[field], value, field);
  assertEquals({ ...again.rtt }, { ...conn.rtt });
  assertEquals([again.sndNxt, again.sndMax], [conn.sndUna, conn.sndUna]);
  assertEquals([again.congestion.name, again.congestion.cwndBytes], ["newreno", 123_456]);
  assertEquals([again.receive!.limitBytes, again.send!.held], [77_777, 0]);
  assert(again.loss === conn.loss, "what retransmissions have taught is kept");
});

Deno.test("Goal: what losses have taught is kept, and only then as objects", () => {
  const h = new Harness();
  h.establish();
  const conn = h.conn;
  const { loss, congestion } = conn;
  const store = storeOf(h);
  store.pack(conn);
  const fresh = store.unpack(conn.id);
  assert(fresh.loss !== loss && fresh.congestion !== congestion);
  assertEquals(fresh.loss!.recover, fresh.sndUna);
  fresh.loss!.reorderingSeen = true;
  fresh.congestion.ssthreshBytes = 20_000;
  store.pack(fresh);
  const taught = store.unpack(conn.id);
  assert(taught.loss === fresh.loss && taught.congestion === fresh.congestion);
  taught.congestion = new NewReno(14_600);
  taught.loss!.reorderingSeen = false;
  taught.segmentsRetransmitted = 1;
  store.pack(taught);
  const mixed = store.unpack(conn.id);
  assert(mixed.loss === taught.loss && mixed.congestion !== taught.congestion);
});

Deno.test("Goal: optional state that is an object comes back as the same object", () => {
  const h = new Harness();
  h.establish();
  const listener = h.tcp.listeners.all()[0];
  const store = storeOf(h);
  // Any field that may be null will do to stand for such state.
  const names = KEPT_OBJECTS as (keyof Connection)[];
  names.push("listener");
  try {
    h.conn.listener = null;
    store.pack(h.conn);
    const without = store.unpack(h.conn.id);
    assertEquals(without.listener, null);
    without.listener = listener;
    store.pack(without);
    assert(store.unpack(h.conn.id).listener === listener);
  } finally {
    names.pop();
  }
});

Deno.test("Goal: a connection on which anything is under way is not at rest", () => {
  const h = new Harness();
  h.establish();
  const fields = h.conn as unknown as Fields;
  h.conn.dirty = false;
  assert(isAtRest(h.conn));
  for (const [field, value] of Object.entries(RESTING)) {
    fields[field] = typeof value === "boolean" ? !value : 5;
    assert(!isAtRest(h.conn), field);
    fields[field] = value;
  }
  const loss = h.conn.loss!;
  for (const [field, busy] of [["probeAtUs", 5], ["reorderAtUs", 5], ["phase", 1]] as const) {
    const before = loss[field];
    (loss as unknown as Fields)[field] = busy;
    assert(!isAtRest(h.conn), field);
    (loss as unknown as Fields)[field] = before;
  }
  assert(isAtRest(h.conn));
});

Deno.test("Goal: nothing rests that is unsent, unacknowledged, unread, out of order or opening", () => {
  const h = sleepy();
  const sleeps = () => asleep(h) === 1;
  h.listen();
  h.inject("S 0:0 mss 1460");
  assert(!sleeps(), "SYN-RECEIVED");
  h.inject(". 1:1 ack 1");
  assert(sleeps(), "ESTABLISHED");
  h.write(100);
  assert(!sleeps(), "in flight");
  h.inject(". 1:1 ack 101");
  assert(sleeps(), "acknowledged");
  h.inject("P. 1:11 ack 101");
  assert(!sleeps(), "unread");
  h.read();
  h.advanceMs(50);
  assert(sleeps(), "read and acknowledged");
  h.inject("P. 21:31 ack 101");
  assert(!sleeps(), "out of order");
  h.inject("P. 11:21 ack 101");
  h.read();
  h.advanceMs(50);
  assert(sleeps(), "in order and read");
  h.inject(". 31:31 ack 101 win 0");
  h.write(10);
  assert(!sleeps(), "waiting for a window");
});

Deno.test("Goal: a segment, a write, a read and a timer wake it, with everything as it was", () => {
  const h = sleepy({ tcp: { timestamps: true, sack: true } });
  h.establish("mss 1460 ts 100 0 sackOK ws 7");
  h.tcp.setKeepAlive(h.conn, true, h.nowUs);
  h.news(h.app.conn);
  h.outbox.length = 0;
  for (let round = 0; round < 20; round++) {
    const sent = 1 + 300 * round;
    const received = 1 + 70 * round;
    assertEquals(asleep(h), 1, `round ${round}`);
    h.inject(`P. ${received}:${received + 70} ack ${sent} ts ${200 + round} 0`);
    assertEquals(h.read(), 70);
    h.write(300);
    h.inject(`. ${received + 70}:${received + 70} ack ${sent + 300} ts ${200 + round} 0`);
    h.advanceMs(100);
    h.outbox.length = 0;
  }
  h.advanceMs(7_200_000);
  h.expect(". 6000:6000 ack 1401");
  assertEquals([h.conn.keepaliveProbesSent, h.conn.bytesReceived], [1, 1400]);
});

Deno.test("Goal: more than the named number are awake only while they are in use", () => {
  const h = sleepy({ dimensions: { connections: 600 } });
  h.listen(600);
  for (let port = 0; port < 600; port++) {
    h.inject("S 0:0 mss 1460", { from: 1000 + port });
    h.inject(". 1:1 ack 1", { from: 1000 + port });
  }
  assertEquals([h.tcp.connectionCount, h.apps.length], [600, 600]);
  assert(h.tcp.dormantCount >= 598, `${h.tcp.dormantCount} are dormant`);
  for (let port = 0; port < 600; port += 7) {
    h.inject("P. 1:11 ack 1", { from: 1000 + port });
    assertEquals(h.apps[port].read(), 10);
  }
  for (const app of h.apps) h.tcp.abort(app.conn, h.nowUs);
  h.tcp.flush(h.nowUs);
  h.unlisten();
  h.expectNothingLeft();
});

/** An engine with `count` connections, of which those at rest are packed. */
function crowd(count: number, keepAlive: boolean): Harness {
  const h = sleepy({
    dimensions: { connections: count },
    tcp: { keepaliveProbes: 2, challengeAcksPerSecond: 0 },
  });
  h.listen(count);
  for (let port = 0; port < count; port++) {
    h.inject("S 0:0 mss 1460", { from: 1000 + port });
    h.inject(". 1:1 ack 1", { from: 1000 + port });
    if (keepAlive) h.tcp.setKeepAlive(h.app.conn, true, h.nowUs);
  }
  h.outbox.length = 0;
  return h;
}

Deno.test("Goal: a whole crowd whose keepalive is due at once does not wake up at once", () => {
  const count = 3000;
  const h = crowd(count, true);
  h.advanceMs(7_199_000);
  let most = 0;
  let rounds = 0;
  while (h.count("keepaliveProbes") < count && rounds < count) {
    h.nowUs = Math.max(h.nowUs, h.tcp.nextExpiry());
    h.tcp.expire(h.nowUs);
    most = Math.max(most, count - h.tcp.dormantCount);
    h.tcp.flush(h.nowUs);
    rounds++;
  }
  assertEquals(h.outbox.length, count);
  assert(most <= 1024, `${most} were awake`);
  h.advanceMs(200_000);
  assertEquals(h.count("connectionsTimedOut"), count);
});

Deno.test("Goal: segments that somebody makes up for a crowd do not keep it awake", () => {
  const count = 3000;
  const h = crowd(count, false);
  let most = 0;
  for (let round = 0; round < 3; round++) {
    for (let port = 0; port < count; port++) {
      h.tcp.input(h.segment("R 500:500", 80, 1000 + port), h.nowUs);
      if (port % 64 < 63) continue;
      h.tcp.flush(h.nowUs);
      most = Math.max(most, count - h.tcp.dormantCount);
    }
    h.advanceMs(10);
  }
  assert(most <= 200, `${most} were awake`);
  assertEquals([h.outbox.length, h.tcp.connectionCount], [count, count]);
});

Deno.test("Goal: TIME-WAIT sleeps until its end, and a SYN for it is taken all the same", () => {
  const h = sleepy();
  h.establish();
  h.close();
  h.inject("F. 1:1 ack 2");
  assertEquals([h.tcp.timeWaitCount, asleep(h)], [1, 1]);
  h.outbox.length = 0;
  h.inject("S 3:3 mss 1460");
  h.expect("S. *:* ack 4");
  h.inject(". 4:4 ack 65540");
  h.outbox.length = 0;
  h.close();
  h.inject("F. 4:4 ack 65541");
  assertEquals([h.tcp.timeWaitCount, asleep(h)], [1, 1]);
  h.advanceMs(60_010);
  h.unlisten();
  h.expectNothingLeft();
});

Deno.test("Goal: the end of the listener and of the stack find those that sleep", () => {
  const h = sleepy();
  h.establish();
  h.unlisten();
  assertEquals(asleep(h), 1);
  h.outbox.length = 0;
  h.tcp.abortAll(h.nowUs);
  h.expect("R. 1:1 ack 1");
  h.close();
  h.expectNothingLeft();
});

Deno.test("Goal: the application's row says the same while the connection sleeps", () => {
  const h = sleepy();
  h.establish();
  h.write(5000);
  h.inject(". 1:1 ack 5001");
  const row = h.layout.row(0);
  const { words } = h.layout;
  assertEquals([asleep(h), words[row + Row.state], words[row + Row.txRead]], [1, 4, 5000]);
});

/** One random thing that the peer, the application or the clock does, the same for every engine. */
function step(random: SeededRandom, engines: readonly Harness[], peer: { seq: number }): void {
  const what = random.uint32() % 12;
  const size = 1 + random.uint32() % 3000;
  const [first] = engines;
  const acked = first.conn.sndMax - first.tcpIss | 0;
  const line = `P. ${peer.seq}:${peer.seq + size} ack ${acked}`;
  for (const h of engines) {
    if (what < 3) h.inject(line);
    else if (what < 6) h.inject(`. ${peer.seq}:${peer.seq} ack ${acked} win ${size * 20}`);
    else if (what === 6) h.inject(`P. ${peer.seq + size}:${peer.seq + 2 * size} ack ${acked}`);
    else if (what === 7) h.inject(`R. ${peer.seq + size}:${peer.seq + size} ack ${acked}`);
    else if (what === 8) h.read(size);
    else if (what === 9) h.advanceMs(size);
    else if (h.app.conn.send!.held < 20_000) h.write(size);
  }
  if (what < 3) peer.seq += size;
}

Deno.test("Goal: an engine whose connections sleep answers as one whose connections never do", () => {
  forSeeds(60, (random, seed) => {
    const tcp = {
      sack: seed % 2 === 0,
      congestion: seed % 3 === 0 ? "cubic" : "newreno",
      receiveBufferInitialBytes: 1 << 20,
    } as const;
    const engines = [new Harness({ tcp }), sleepy({ tcp })];
    for (const h of engines) h.establish(seed % 2 === 0 ? "mss 1460 ws 7 sackOK" : "mss 536 ws 2");
    const peer = { seq: 1 };
    let slept = 0;
    for (let i = 0; i < 200; i++) {
      slept += asleep(engines[1]);
      step(random, engines, peer);
      const [waking, sleeping] = engines.map((h) => h.outbox.splice(0).map(({ line }) => line));
      assertEquals(sleeping, waking, `step ${i}`);
      for (const h of engines) h.read();
    }
    assert(slept > 10, `it slept ${slept} times only`);
    const info = engines.map((h) => [...h.layout.words.subarray(h.layout.row(0), h.layout.row(1))]);
    assertEquals(info[1], info[0]);
  });
});

Deno.test("Goal: a connection that sleeps leaves room in the kilobyte that it may take", () => {
  // The row of shared memory, four events, demultiplexer, wheel and the list of rows are the rest.
  assert(DORMANT_BYTES + 256 + 4 * 32 + 48 + 8 + 16 + 8 <= 1024, `${DORMANT_BYTES} bytes`);
});
