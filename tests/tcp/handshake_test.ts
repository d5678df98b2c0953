// Passive opens: what is remembered of a SYN, the limits of the backlog, SYN cookies, and what an attacker can try.
import { assert, assertEquals } from "@std/assert";
import { Drop } from "../../src/base/drops.ts";
import type { TcpOptions } from "../../src/tcp/config.ts";
import { Harness, OWN_PORT } from "../support/engine.ts";

const ALL = "mss 1460 sackOK ts 1000 0 ws 7";
const SECRET = "00112233445566778899aabbccddeeff";

function listening(tcp: TcpOptions = {}, backlog = 2): Harness {
  const h = new Harness({ tcp: { timestamps: true, sack: true, ...tcp } });
  h.listen(backlog);
  return h;
}

/** The only segment that was sent, which must be a SYN-ACK: its number and timestamp. */
function synAck(h: Harness): { iss: number; ts: number; line: string } {
  assertEquals(h.outbox.length, 1, h.outbox.map(({ line }) => line).join("\n"));
  const [{ segment, line }] = h.outbox.splice(0);
  assert(line.startsWith("S. "), line);
  return { iss: segment.seq, ts: segment.tsValue, line };
}

/** Completes a handshake whose number is not the harness's own: a cookie. */
function acknowledge(h: Harness, iss: number, line: string, from: number): void {
  const segment = h.segment(line, OWN_PORT, from);
  segment.ack = (iss + 1) | 0;
  h.input(segment);
}

Deno.test("handshake: a SYN makes no connection and holds no memory", () => {
  // Goal: what it costs is one row of the table of requests.
  const h = listening();
  h.inject(`S 0:0 ${ALL}`);
  synAck(h);
  assertEquals([h.tcp.handshakes.size, h.tcp.connectionCount], [1, 0]);
  h.advanceMs(70_000);
  h.outbox.length = 0;
  assertEquals([h.count("failedOpens"), h.count("connectionsTimedOut")], [1, 1]);
  h.expectNothingLeft();
});

Deno.test("handshake: states and counters are those of one connection", () => {
  const h = listening();
  h.inject("S 0:0 mss 1460");
  h.inject(". 1:1 ack 1");
  assertEquals(h.states, ["LISTEN>SYN-RECEIVED", "SYN-RECEIVED>ESTABLISHED"]);
  assertEquals([h.count("passiveOpens"), h.count("failedOpens")], [1, 0]);
  h.inject("S 0:0 mss 1460", { from: 2 });
  h.inject("R 1:1", { from: 2 });
  assertEquals(h.states.slice(2), ["LISTEN>SYN-RECEIVED", "SYN-RECEIVED>CLOSED"]);
  assertEquals([h.count("passiveOpens"), h.count("failedOpens")], [1, 1]);
});

Deno.test("handshake: the round trip is measured from SYN-ACK to ACK, unless one was repeated", () => {
  // Goal: Karn's rule, RFC 6298 sections 3 and 5.7.
  const h = listening();
  h.inject("S 0:0 mss 1460", { from: 1 });
  h.advanceMs(70);
  h.inject(". 1:1 ack 1", { from: 1 });
  assertEquals(h.conn.rtt.srttUs, 70_000);
  h.inject("S 0:0 mss 1460", { from: 2 });
  h.advanceMs(1100);
  h.inject(". 1:1 ack 1", { from: 2 });
  assertEquals([h.conn.rtt.srttUs, h.conn.rtt.rtoUs], [0, 3_000_000]);
  assertEquals([h.conn.segmentsRetransmitted, h.conn.segmentsSent], [1, 2]);
});

Deno.test("backlog: more handshakes than it allows get cookies, and complete", () => {
  // Goal: nothing is remembered of the third SYN; its ACK makes a connection with all its options.
  const h = listening();
  h.inject(`S 0:0 ${ALL}`, { from: 1 });
  h.inject(`S 0:0 ${ALL}`, { from: 2 });
  h.outbox.length = 0;
  h.inject(`S 0:0 ${ALL}`, { from: 3 });
  const { iss, ts, line } = synAck(h);
  assert(iss !== h.tcpIss && line.includes("sackOK") && line.includes("ws "), line);
  assertEquals([h.tcp.handshakes.size, h.count("synCookiesSent")], [2, 1]);
  h.advanceMs(50);
  acknowledge(h, iss, `. 1:1 ack 1 win 100 ts 1050 ${ts}`, 3);
  const { conn } = h;
  assertEquals([conn.remotePort, h.state, h.count("synCookiesReceived")], [3, "ESTABLISHED", 1]);
  assertEquals([conn.timestamps, conn.sack, conn.sndScale, conn.sndMss], [true, true, 7, 1448]);
  assertEquals([conn.sndWnd, conn.tsRecent], [100 << 7, 1050]);
  assertEquals(h.events, ["accepted"]);
});

Deno.test("backlog: with cookies switched off further SYNs are dropped", () => {
  const h = listening({ synCookies: "never" }, 1);
  h.inject("S 0:0 mss 1460", { from: 1 });
  h.outbox.length = 0;
  h.inject("S 0:0 mss 1460", { from: 2 });
  h.expect();
  assertEquals(h.drops(Drop.tcpBacklogFull), 1);
});

Deno.test("backlog: cookies are believed only while they are given", () => {
  // Goal: without a flood, guessing is of no use at all; two minutes after it the door is shut.
  const h = listening({}, 1);
  h.inject("S 0:0 mss 1460", { from: 1 });
  h.inject("S 0:0 mss 1460", { from: 2 });
  const iss = h.outbox[1].segment.seq;
  h.outbox.length = 0;
  h.advanceMs(129_000);
  h.outbox.length = 0;
  acknowledge(h, iss, ". 1:1 ack 1", 2);
  assertEquals(h.outbox.splice(0).length, 1);
  assertEquals([h.count("synCookiesFailed"), h.events.length], [0, 0]);
});

Deno.test("backlog: all handshakes together are limited too", () => {
  const h = listening({ maxHandshakes: 1 }, 8);
  h.inject("S 0:0 mss 1460", { from: 1 });
  h.inject("S 0:0 mss 1460", { from: 2 });
  assertEquals([h.tcp.handshakes.size, h.count("synCookiesSent")], [1, 1]);
});

Deno.test("backlog: with nobody accepting, the final ACK waits for its next try", () => {
  // Goal: as Linux: the ACK is ignored, the SYN-ACK comes again, and its answer finds room.
  const h = listening({}, 1);
  h.inject("S 0:0 mss 1460", { from: 1 });
  h.inject(". 1:1 ack 1", { from: 1 });
  const late = listening({}, 1);
  late.inject("S 0:0 mss 1460", { from: 2 });
  late.expect("S. 0:0 ack 1");
  late.tcp.listeners.get(1)!.waiting = 1;
  late.inject(". 1:1 ack 1", { from: 2 });
  late.expect();
  assertEquals([late.drops(Drop.tcpAcceptQueueFull), late.events.length], [1, 0]);
  late.acceptTaken();
  late.advanceMs(1100);
  late.expect("S. 0:0 ack 1");
  late.inject(". 1:1 ack 1", { from: 2 });
  assertEquals(late.events, ["accepted"]);
});

Deno.test("backlog: abortOnOverflow answers with RST instead", () => {
  const h = listening({ abortOnOverflow: true }, 1);
  h.inject("S 0:0 mss 1460", { from: 2 });
  h.expect("S. 0:0 ack 1");
  h.tcp.listeners.get(1)!.waiting = 1;
  h.inject(". 1:1 ack 1", { from: 2 });
  h.expect("R 1:1");
  h.expectNothingLeft();
});

Deno.test("backlog: when half of it is taken, old handshakes get fewer SYN-ACKs", () => {
  // Goal: as Linux: room is made for the young; alone, each gets all five.
  const crowd = listening({}, 12);
  for (let from = 1; from <= 10; from++) crowd.inject("S 0:0 mss 1460", { from });
  crowd.outbox.length = 0;
  crowd.advanceMs(70_000);
  const alone = listening({}, 12);
  alone.inject("S 0:0 mss 1460", { from: 1 });
  alone.outbox.length = 0;
  alone.advanceMs(70_000);
  assertEquals(alone.outbox.length, 5);
  assert(crowd.outbox.length < 50, `${crowd.outbox.length}`);
  assert(crowd.outbox.length >= 20, `${crowd.outbox.length}`);
});

Deno.test("SYN cookies: one host answers the SYN, another one the ACK", () => {
  // Goal: the design's "Past one machine": with a shared secret a connection moves to where its ACK goes, and
  // its timestamps go on.
  const tcp = { synCookies: "always", synCookieSecret: SECRET } as const;
  const first = listening(tcp);
  first.inject(`S 0:0 ${ALL}`);
  const { iss, ts } = synAck(first);
  const second = listening(tcp);
  second.nowUs = 40_000_000;
  const away = listening({ synCookies: "always" });
  acknowledge(away, iss, `. 1:1 ack 1 ts 1001 ${ts}`, 40_000);
  assertEquals(away.events, []);
  acknowledge(second, iss, `P. 1:11 ack 1 ts 1001 ${ts}`, 40_000);
  assertEquals([second.events[0], second.state], ["accepted", "ESTABLISHED"]);
  const [{ segment }] = second.outbox.splice(0);
  const ahead = (segment.tsValue - ts) | 0;
  assert(ahead >= 0 && ahead < 60_000, `timestamp ${ahead} ahead`);
  assertEquals(second.read(), 10);
});

Deno.test("SYN cookies: an ACK comes twice, and makes one connection", () => {
  const h = listening({ synCookies: "always" });
  h.inject("S 0:0 mss 1460");
  const { iss } = synAck(h);
  acknowledge(h, iss, ". 1:1 ack 1", 40_000);
  acknowledge(h, iss, ". 1:1 ack 1", 40_000);
  assertEquals([h.events, h.tcp.connectionCount], [["accepted"], 1]);
});

Deno.test("SYN cookies: with nobody accepting, an ACK is dropped without a word", () => {
  const h = listening({ synCookies: "always" }, 1);
  h.inject("S 0:0 mss 1460");
  const { iss } = synAck(h);
  h.tcp.listeners.get(1)!.waiting = 1;
  acknowledge(h, iss, ". 1:1 ack 1", 40_000);
  h.expect();
  assertEquals(h.drops(Drop.tcpAcceptQueueFull), 1);
});

Deno.test("limits: one address has as many connections as it may, handshakes among them", () => {
  // Goal: a peer that is real but greedy (tcp.maxConnectionsPerAddress) leaves room for others.
  const h = listening({ maxConnectionsPerAddress: 2 }, 8);
  h.inject("S 0:0 mss 1460", { from: 1 });
  h.inject(". 1:1 ack 1", { from: 1 });
  h.inject("S 0:0 mss 1460", { from: 2 });
  h.outbox.length = 0;
  h.inject("S 0:0 mss 1460", { from: 3 });
  h.expect();
  assertEquals(h.drops(Drop.tcpAddressLimit), 1);
  h.inject("R 1:1", { from: 2 });
  h.inject("S 0:0 mss 1460", { from: 3 });
  h.expect("S. 0:0 ack 1");
  h.abort();
  h.outbox.length = 0;
  h.inject("S 0:0 mss 1460", { from: 4 });
  h.expect("S. 0:0 ack 1");
  h.advanceMs(70_000);
  assertEquals(h.tcp.handshakes.addresses.size, 0);
});

Deno.test("limits: RSTs to segments of no connection are limited, and counted", () => {
  // Goal: nobody is hit by more of our RSTs than `resetsPerSecond`.
  const h = listening({ resetsPerSecond: 3 });
  for (let i = 0; i < 10; i++) h.inject(`. ${i}:${i} ack 5`, { to: 99 });
  assertEquals([h.outbox.splice(0).length, h.drops(Drop.tcpResetLimited)], [3, 7]);
  h.advanceMs(1000);
  h.inject(". 1:1 ack 5", { to: 99 });
  h.expect("R 5:5");
});

Deno.test("limits: challenge ACKs of all connections together are limited, and counted", () => {
  const h = listening({ challengeAcksPerSecond: 1, challengeAckMs: 0 });
  h.inject("S 0:0 mss 1460");
  h.inject(". 1:1 ack 1");
  h.outbox.length = 0;
  for (let i = 0; i < 10; i++) h.inject("R 100:100");
  assertEquals([h.outbox.splice(0).length, h.drops(Drop.tcpChallengeLimited)], [1, 9]);
});

Deno.test("handshake: a land packet cannot connect the stack with itself", () => {
  // Goal: the request is from our own address and port; its SYN-ACK would come back as a segment for it.
  const h = listening();
  const segment = h.segment("S 0:0 mss 1460", OWN_PORT, OWN_PORT);
  segment.src3 = segment.dst3;
  h.input(segment);
  h.outbox.length = 0;
  const answer = h.segment("S. 0:0 ack 1", OWN_PORT, OWN_PORT);
  answer.src3 = answer.dst3;
  h.input(answer);
  assertEquals(h.events, []);
  assertEquals(h.tcp.connectionCount, 0);
});

Deno.test("TIME-WAIT: reuse needs a newer timestamp where there are timestamps", () => {
  // Goal: RFC 6191 and Linux: a higher number with an older timestamp is an old segment.
  const h = listening();
  h.inject("S 0:0 mss 1460 ts 100 0");
  h.inject(". 1:1 ack 1 ts 101 0");
  h.close();
  h.inject("F. 1:1 ack 2 ts 200 0");
  h.outbox.length = 0;
  h.inject("S 90000:90000 mss 1460 ts 150 0");
  assert(!h.outbox.splice(0)[0].line.startsWith("S."));
  h.inject("S 90000:90000 mss 1460 ts 201 0");
  h.expect("S. *:* ack 90001");
});
