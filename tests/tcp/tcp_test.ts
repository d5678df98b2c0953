// The engine's tables: listeners, backlog, limits, rows and their memory.
import { assertEquals } from "@std/assert";
import { Drop } from "../../src/base/drops.ts";
import { ACTIVE_PORT, Harness } from "../support/engine.ts";

Deno.test("tcp: the backlog bounds connections that nobody took", () => {
  // Goal: beyond it a SYN is dropped without an answer; each accept makes room for one.
  const h = new Harness();
  h.listen(1);
  h.inject("S 0:0 mss 1460", { from: 1 });
  h.inject(". 1:1 ack 1", { from: 1 });
  h.outbox.length = 0;
  h.inject("S 0:0 mss 1460", { from: 3 });
  h.expect();
  assertEquals(h.drops(Drop.tcpAcceptQueueFull), 1);
  h.acceptTaken();
  h.inject("S 0:0 mss 1460", { from: 3 });
  h.expect("S. 0:0 ack 1");
});

Deno.test("tcp: a handshake that fails makes room in the backlog", () => {
  // Goal: RST, and a timeout, count back.
  const h = new Harness({ tcp: { synCookies: "never" } });
  h.listen(1);
  h.inject("S 0:0 mss 1460", { from: 1 });
  h.inject("R 1:1", { from: 1 });
  h.outbox.length = 0;
  h.inject("S 0:0 mss 1460", { from: 2 });
  h.expect("S. 0:0 ack 1");
});

Deno.test("tcp: the connection limit refuses, and counts", () => {
  // Goal: no row beyond the last one; room again when a connection has gone.
  const h = new Harness({ dimensions: { connections: 2 } });
  h.listen();
  for (const from of [1, 2, 3]) {
    h.inject("S 0:0 mss 1460", { from });
    h.inject(". 1:1 ack 1", { from });
  }
  assertEquals([h.tcp.connectionCount, h.drops(Drop.tcpConnectionLimit)], [2, 1]);
  h.connect();
  assertEquals(h.events.at(-1), "connectFailed tooManyConnections");
  h.outbox.length = 0;
  h.abort();
  h.inject("S 0:0 mss 1460", { from: 3 });
  h.expect("R. 1:1 ack 1", "S. 0:0 ack 1");
});

Deno.test("tcp: at the limit the oldest TIME-WAIT gives its row up", () => {
  // Goal: connections that are over do not keep new ones out.
  const h = new Harness({ dimensions: { connections: 2 } });
  h.listen();
  for (const from of [1, 2]) {
    h.inject("S 0:0 mss 1460", { from });
    h.inject(". 1:1 ack 1", { from });
    h.close();
    h.inject("F. 1:1 ack 2", { from });
  }
  assertEquals(h.tcp.timeWaitCount, 2);
  h.outbox.length = 0;
  h.inject("S 0:0 mss 1460", { from: 3 });
  h.expect("S. 0:0 ack 1");
  h.inject(". 1:1 ack 1", { from: 3 });
  assertEquals([h.tcp.connectionCount, h.tcp.timeWaitCount], [2, 1]);
});

Deno.test("tcp: a TIME-WAIT that the application still holds has no row to give", () => {
  // Goal: a new connection must not get a row beyond the last one.
  const h = new Harness({ dimensions: { connections: 1 } });
  h.listen();
  h.inject("S 0:0 mss 1460", { from: 1 });
  h.inject(". 1:1 ack 1", { from: 1 });
  h.closeWrite();
  h.inject("F. 1:1 ack 2", { from: 1 });
  h.outbox.length = 0;
  h.inject("S 0:0 mss 1460", { from: 2 });
  h.expect();
  assertEquals([h.tcp.connectionCount, h.drops(Drop.tcpConnectionLimit)], [1, 1]);
  assertEquals(h.conn.id, 0);
});

Deno.test("tcp: rows are used again, each time with another generation", () => {
  // Goal: an old name never means a new connection.
  const h = new Harness();
  h.establish();
  const first = h.conn;
  h.abort();
  h.inject("S 0:0 mss 1460");
  h.inject(". 1:1 ack 1");
  assertEquals(h.conn.id, first.id);
  assertEquals(h.tcp.connection(first.id, first.generation), null);
  assertEquals(h.tcp.connection(h.conn.id, h.conn.generation), h.conn);
});

Deno.test("tcp: unlisten forgets handshakes, and nothing else", () => {
  // Goal: as Linux it says nothing to them, and answers when they go on; what is established lives on.
  const h = new Harness();
  h.establish();
  h.inject("S 0:0 mss 1460", { from: 2 });
  h.expect("S. 0:0 ack 1");
  h.unlisten();
  h.expect();
  h.inject(". 1:1 ack 1", { from: 2 });
  h.expect("R *:*");
  h.write(10);
  h.expect("P. 1:11 ack 1");
  h.inject("S 0:0 mss 1460", { from: 3 });
  h.expect("R. *:* ack 1");
});

Deno.test("tcp: a port in use by the same peer cannot be connected from twice", () => {
  // Goal: a four-tuple is one connection.
  const h = new Harness();
  h.connect();
  h.connect();
  assertEquals(h.events, ["connectFailed addressNotAvailable"]);
});

Deno.test("tcp: ephemeral ports are those of RFC 6056 and not taken", () => {
  // Goal: as many connects as there are rows, each with its own port.
  const h = new Harness();
  for (let i = 0; i < 16; i++) h.connect(0);
  const ports = h.outbox.map(({ segment }) => segment.srcPort);
  assertEquals(new Set(ports).size, 16);
  assertEquals(ports.every((port) => port >= 32_768 && port <= 60_999), true);
});

Deno.test("tcp: closing everything forgets what is being connected", () => {
  // Goal: section 3.10.4 for SYN-SENT: the control block goes, the caller hears of it.
  const h = new Harness();
  h.connect();
  h.expect("S 0:0");
  const [conn] = h.tcp.all();
  h.tcp.close(conn, h.nowUs);
  h.tcp.flush(h.nowUs);
  assertEquals(h.events[0], "connectFailed aborted");
  h.expect();
  h.expectNothingLeft();
});

Deno.test("tcp: unread data stays readable after a reset, and its memory goes with the row", () => {
  // Goal: what was delivered is the application's until it closes.
  const h = new Harness();
  h.establish();
  h.inject("P. 1:1001 ack 1");
  h.inject("R 1001:1001");
  assertEquals(h.state, "CLOSED");
  assertEquals(h.read(400), 400);
  h.close();
  h.expectNothingLeft();
});

Deno.test("tcp: an empty receive pool loses bytes ahead of a gap first, and nothing for good", () => {
  // Goal: bytes that are next in order are worth more; the peer sends the others again.
  const h = new Harness({ dimensions: { receiveBlocks: 2 } });
  h.establish();
  h.inject("P. 5001:9001 ack 1");
  h.inject("P. 10001:14001 ack 1");
  assertEquals(h.slots.pool.free, 0);
  h.inject("P. 1:4001 ack 1");
  h.inject("P. 4001:5001 ack 1");
  assertEquals(h.read() >= 4000, true);
  const read = h.conn.receive!.readPosition;
  h.inject(`P. ${read + 1}:${read + 1001} ack 1`);
  assertEquals(h.read(), 1000);
});

Deno.test("tcp: the wrong address or port is no connection", () => {
  // Goal: the whole four-tuple counts.
  const h = new Harness();
  h.establish();
  h.inject("P. 1:11 ack 1", { from: 9 });
  h.expect("R 1:1");
  h.inject("P. 1:11 ack 1", { to: ACTIVE_PORT });
  h.expect("R 1:1");
  assertEquals(h.app.readable, 0);
});

Deno.test("tcp: a reset takes every timer of the connection with it", () => {
  // Goal: a tail loss probe that was due does not come for a row that is free or somebody else's.
  const h = new Harness();
  h.establish("mss 1460 sackOK");
  h.write(100);
  h.expect("P. 1:101 ack 1");
  h.inject("R 1:1");
  h.close();
  h.advance(5_000_000);
  h.expect();
  h.expectNothingLeft();
});

Deno.test("tcp: a connection that ends with its last ACK leaves no timer", () => {
  // Goal: data, FIN and their common ACK; then nothing is due any more.
  const h = new Harness();
  h.establish("mss 1460 sackOK");
  h.inject("F. 1:1 ack 1");
  h.write(100);
  h.close();
  h.inject(". 2:2 ack 102");
  assertEquals(h.state, "CLOSED");
  h.advance(5_000_000);
  h.expectNothingLeft();
});
