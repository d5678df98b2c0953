// Fast Open (RFC 7413) in the engine: cookies, limits, and what an attacker can try.
import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/base/random.ts";
import { Counters } from "../../src/base/counters.ts";
import { tcpConfig, type TcpOptions } from "../../src/tcp/config.ts";
import { ActiveFastOpen, FastOpenClient, FastOpenServer } from "../../src/tcp/fast_open.ts";
import { Listener } from "../../src/tcp/listener.ts";
import { Ends } from "../../src/tcp/request_table.ts";
import { OptionBit, Segment } from "../../src/wire/segment.ts";
import { ACTIVE_PORT, errorName, Harness, OWN_PORT, PEER_PORT } from "../support/engine.ts";

const SECRET = "00112233445566778899aabbccddeeff";
const OTHER_SECRET = "ffeeddccbbaa99887766554433221100";

function serving(limit: number, tcp: TcpOptions = {}): Harness {
  const h = new Harness({ tcp });
  h.listen(16);
  h.tcp.listeners.get(1)!.fastOpenLimit = limit;
  return h;
}

/** A SYN with a Fast Open option: two words of a cookie, or null to ask for one. */
function syn(h: Harness, line: string, cookie: readonly number[] | null, from: number): void {
  const segment = h.segment(line, OWN_PORT, from);
  segment.options |= OptionBit.fastOpen;
  segment.fastOpenLength = cookie === null ? 0 : 8;
  if (cookie !== null) [segment.fastOpen0, segment.fastOpen1] = cookie;
  h.input(segment);
}

/** Asks for a cookie and forgets the handshake. */
function cookieOf(h: Harness, from = 999): number[] {
  syn(h, "S 0:0 mss 1460", null, from);
  const { segment } = h.outbox.splice(0)[0];
  assertEquals([segment.options & OptionBit.fastOpen, segment.fastOpenLength], [
    OptionBit.fastOpen,
    8,
  ]);
  h.inject("R 1:1", { from });
  return [segment.fastOpen0, segment.fastOpen1];
}

Deno.test("fast open: data of a SYN with a good cookie is the application's before the handshake is over", () => {
  // Goal: accepted, readable and answerable in SYN-RECEIVED (RFC 7413 section 4.2.2).
  const h = serving(5);
  const cookie = cookieOf(h);
  syn(h, "S 0:100 mss 1460", cookie, 1);
  h.expect("S. 0:0 ack 101");
  assertEquals([h.events, h.state], [["accepted"], "SYN-RECEIVED"]);
  assertEquals(h.read(), 100);
  h.write(3000);
  h.expect(". 1:1461 ack 101", ". 1461:2921 ack 101", "P. 2921:3001 ack 101");
  h.inject(". 101:101 ack 3001", { from: 1 });
  h.acceptTaken();
  assertEquals([h.state, h.count("fastOpenPassive"), h.count("passiveOpens")], [
    "ESTABLISHED",
    1,
    1,
  ]);
  assertEquals(h.tcp.listeners.get(1)!.fastOpenPending, 0);
  h.abort();
  h.expectNothingLeft();
});

Deno.test("fast open: a wrong cookie takes no data and gives the right cookie", () => {
  const h = serving(5);
  const cookie = cookieOf(h);
  syn(h, "S 0:100 mss 1460", [cookie[0], cookie[1] ^ 1], 1);
  const [{ segment, line }] = h.outbox.splice(0);
  assert(line.startsWith("S. 0:0 ack 1 "), line);
  assertEquals([segment.fastOpen0, segment.fastOpen1], cookie);
  assertEquals([h.events, h.count("fastOpenPassiveFailed")], [[], 1]);
});

Deno.test("fast open: pending handshakes are limited, and more get an ordinary one", () => {
  // Goal: RFC 7413 section 5.1: a stolen cookie brings no more than `tcpFastOpen` connections at once.
  const h = serving(2);
  const cookie = cookieOf(h);
  for (const from of [1, 2, 3]) syn(h, "S 0:10 mss 1460", cookie, from);
  h.expect("S. 0:0 ack 11", "S. 0:0 ack 11", "S. 0:0 ack 1");
  assertEquals([h.events.length, h.count("fastOpenOverflows")], [2, 1]);
  h.inject(". 11:11 ack 1", { from: 1 });
  syn(h, "S 0:10 mss 1460", cookie, 4);
  assertEquals(h.events.length, 3);
});

Deno.test("fast open: a spoofed SYN whose victim resets it keeps its place for a minute", () => {
  // Goal: RFC 7413 section 5.1: the RSTs of victims must not make room for the next spoofed SYNs.
  const h = serving(1);
  const cookie = cookieOf(h);
  syn(h, "S 0:10 mss 1460", cookie, 1);
  h.inject("R 11:11", { from: 1 });
  assertEquals(errorName(h.conn.error), "reset");
  h.close();
  h.outbox.length = 0;
  syn(h, "S 0:10 mss 1460", cookie, 2);
  h.expect("S. 0:0 ack 1");
  h.advanceMs(61_000);
  h.outbox.length = 0;
  syn(h, "S 0:10 mss 1460", cookie, 3);
  h.expect("S. 0:0 ack 11");
});

Deno.test("fast open: one who never completes is given up, and everything comes back", () => {
  // Goal: SYN-ACK six times more (one more than usual, as Linux), then the end.
  const h = serving(1);
  const cookie = cookieOf(h);
  syn(h, "S 0:10 mss 1460", cookie, 1);
  h.expect("S. 0:0 ack 11");
  const lines = h.timeline(200_000);
  assertEquals(lines.map((line) => line.split(" ")[1]), Array(6).fill("S."));
  assertEquals(errorName(h.conn.error), "timedOut");
  h.close();
  assertEquals(h.tcp.listeners.get(1)!.fastOpenPending, 0);
  h.expectNothingLeft();
});

Deno.test("fast open: closed before the handshake is over, it ends in order", () => {
  const h = serving(1);
  syn(h, "S 0:10 mss 1460", cookieOf(h), 1);
  h.read();
  h.outbox.length = 0;
  h.write(5);
  h.close();
  h.expect("P. 1:6 ack 11", "F. 6:6 ack 11");
  h.inject("F. 11:11 ack 7", { from: 1 });
  h.expect(". 7:7 ack 12");
  assertEquals(h.states.slice(-2), ["LISTEN>SYN-RECEIVED", "SYN-RECEIVED>TIME-WAIT"]);
});

Deno.test("fast open: hosts with one secret take each other's cookies, also while it is replaced", () => {
  const old = serving(5, { fastOpenSecret: SECRET });
  const cookie = cookieOf(old);
  const both = serving(5, { fastOpenSecret: `${OTHER_SECRET},${SECRET}` });
  syn(both, "S 0:10 mss 1460", cookie, 1);
  const [{ segment }] = both.outbox.splice(0);
  assertEquals(both.events, ["accepted"]);
  // Who comes with a cookie of the old secret leaves with one of the new.
  assertEquals(segment.fastOpenLength, 8);
  assert(segment.fastOpen0 !== cookie[0]);
  const stranger = serving(5, { fastOpenSecret: OTHER_SECRET });
  syn(stranger, "S 0:10 mss 1460", cookie, 1);
  assertEquals(stranger.events, []);
});

Deno.test("fast open: with one key the cookie is Linux's", () => {
  // Goal: what a Linux 6.18 with net.ipv4.tcp_fastopen_key=01020304-05060708-090a0b0c-0d0e0f10 has given
  // 10.7.0.2 at 10.7.0.1: servers of both kinds can stand behind one address.
  const config = tcpConfig({ fastOpenSecret: "0102030405060708090a0b0c0d0e0f10" });
  const server = new FastOpenServer(config, new Counters(), new SeededRandom(1));
  const listener = new Listener(1, [0, 0, 0xffff, 0], 81, 5);
  listener.fastOpenLimit = 5;
  const ends = new Ends();
  ends.local2 = ends.remote2 = 0xffff;
  ends.remote3 = 0x0a070002;
  ends.local3 = 0x0a070001;
  const ask = new Segment();
  ask.options = OptionBit.fastOpen;
  server.onSyn(listener, ask, ends, 0);
  const { cookieLength, cookie0, cookie1 } = server.reply;
  assertEquals([cookieLength, cookie0 >>> 0, cookie1 >>> 0], [8, 0xbd954551, 0x039b1bc4]);
});

// The client's side.

function connectFast(h: Harness, mode: ActiveFastOpen = ActiveFastOpen.withCookie): void {
  const tuple = {
    local0: 0,
    local1: 0,
    local2: 0xffff,
    local3: 0x0a000001,
    remote0: 0,
    remote1: 0,
    remote2: 0xffff,
    remote3: 0x0a000002,
    localPort: ACTIVE_PORT,
    remotePort: PEER_PORT,
  };
  h.tcp.connect(7, tuple, h.nowUs, mode);
  h.tcp.flush(h.nowUs);
}

/** A SYN-ACK with a cookie. */
function answerWithCookie(h: Harness, line: string, cookie: readonly number[]): void {
  const segment = h.segment(line, ACTIVE_PORT, PEER_PORT);
  segment.options |= OptionBit.fastOpen;
  segment.fastOpenLength = 8;
  [segment.fastOpen0, segment.fastOpen1] = cookie;
  h.input(segment);
}

/** A client that has a cookie of the peer. */
function client(tcp: TcpOptions = {}): Harness {
  const h = new Harness({ tcp });
  connectFast(h);
  assertEquals(h.outbox.splice(0)[0].segment.fastOpenLength, 0);
  answerWithCookie(h, "S. 0:0 ack 1 mss 1460", [7, 8]);
  h.abort();
  h.outbox.length = 0;
  h.events.length = 0;
  return h;
}

Deno.test("fast open: a known cookie has connect answered at once, and the SYN wait for data", () => {
  const h = client();
  connectFast(h);
  h.expect();
  assertEquals([h.events, h.state], [["connected"], "SYN-SENT"]);
  h.write(200);
  const [{ segment }] = h.outbox;
  h.expect("S 0:200");
  assertEquals([segment.fastOpen0, segment.fastOpen1], [7, 8]);
  h.inject("S. 0:0 ack 201 mss 1460");
  h.expect(". 201:201 ack 1");
  assertEquals([h.state, h.count("fastOpenActive"), h.count("bytesOut")], ["ESTABLISHED", 1, 200]);
  h.write(10);
  h.expect("P. 201:211 ack 1");
});

Deno.test("fast open: closed at once, what was written still goes with SYN and FIN in order", () => {
  const h = client();
  connectFast(h);
  h.write(20);
  h.expect("S 0:20");
  h.close();
  h.inject("S. 0:0 ack 21 mss 1460");
  h.expect("F. 21:21 ack 1");
  h.inject("F. 1:1 ack 22");
  h.expect(". 22:22 ack 2");
});

Deno.test("fast open: closed without having written anything, it sends nothing and leaves nothing", () => {
  const h = client();
  connectFast(h);
  h.close();
  h.expect();
  h.expectNothingLeft();
});

Deno.test("fast open: closed for writing without having written, it sends SYN and FIN", () => {
  const h = client();
  connectFast(h);
  h.closeWrite();
  h.expect("S 0:0");
  h.inject("S. 0:0 ack 1 mss 1460");
  h.expect("F. 1:1 ack 1");
});

Deno.test("fast open: aborted before its SYN it sends nothing and leaves nothing", () => {
  const h = client();
  connectFast(h);
  h.abort();
  h.expect();
  h.expectNothingLeft();
});

Deno.test("fast open: a server that never answers is the connection's error", () => {
  const h = client();
  connectFast(h);
  h.write(20);
  h.advanceMs(130_000);
  assertEquals(errorName(h.conn.error), "timedOut");
  h.close();
  h.expectNothingLeft();
});

Deno.test("fast open: the cache holds so many cookies, and the oldest goes", () => {
  // Goal: a client that talks to the whole world does not remember all of it.
  const config = tcpConfig({ fastOpenCookies: 10 });
  const cache = new FastOpenClient(config, new Counters());
  const h = new Harness();
  h.connect();
  const { conn } = h;
  const at = (remote3: number) => ({
    local0: 0,
    local1: 0,
    local2: 0xffff,
    local3: 1,
    remote0: 0,
    remote1: 0,
    remote2: 0xffff,
    remote3,
    localPort: 1,
    remotePort: 1,
  });
  const answer = new Segment();
  answer.options = OptionBit.fastOpen | OptionBit.mss;
  answer.mss = 1400;
  answer.fastOpenLength = 8;
  for (let remote = 1; remote <= 25; remote++) {
    const state = cache.begin(at(remote), 1500, false, 0);
    assertEquals([state!.waiting, state!.cookieLength], [false, 0]);
    cache.onSynAck(Object.assign(Object.create(conn), at(remote), { fastOpen: state }), answer);
  }
  assertEquals(cache.size, 10);
  assertEquals(cache.begin(at(15), 1500, false, 0)!.waiting, false);
  const known = cache.begin(at(16), 1500, false, 0)!;
  assertEquals([known.waiting, known.cookieLength, known.synBytesMax], [true, 8, 1360]);
});

Deno.test("fast open: a black hole switches it off for a while that doubles", () => {
  // Goal: RFC 7413 section 7.1, Linux's tcp_fastopen_blackhole_timeout_sec.
  const counters = new Counters();
  const cache = new FastOpenClient(tcpConfig({ fastOpenBlackholeMs: 1000 }), counters);
  const random = new SeededRandom(1);
  const tuple = {
    local0: 0,
    local1: 0,
    local2: 0xffff,
    local3: 1,
    remote0: 0,
    remote1: 0,
    remote2: 0xffff,
    remote3: random.uint32() | 0,
    localPort: 1,
    remotePort: 1,
  };
  const isOff = (nowUs: number) => cache.begin(tuple, 1500, false, nowUs) === null;
  cache.onTimeout(1, false, 0);
  cache.onTimeout(2, false, 0);
  assertEquals(isOff(0), false);
  cache.onTimeout(3, false, 0);
  assertEquals([isOff(999_999), isOff(1_000_000)], [true, false]);
  cache.onTimeout(3, false, 1_000_000);
  assertEquals([isOff(2_999_999), isOff(3_000_000)], [true, false]);
  const never = new FastOpenClient(tcpConfig({ fastOpenBlackholeMs: 0 }), counters);
  never.onTimeout(3, true, 0);
  assert(never.begin(tuple, 1500, false, 0) !== null);
});
