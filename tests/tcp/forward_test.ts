// Flows to foreign destinations in the engine: what the peer sees of each decision.
import { assert, assertEquals } from "@std/assert";
import { Drop } from "../../src/base/drops.ts";
import type { SynCookieMode } from "../../src/tcp/config.ts";
import { ForwardFilter } from "../../src/tcp/forward_filter.ts";
import { Flag, type Segment } from "../../src/wire/segment.ts";
import { Harness, type HarnessOptions } from "../support/engine.ts";

const PORT = 443;
const REQUEST = 9;
const FORWARD = 5;
/** The RST for a SYN of no connection has the sequence number 0, here in relation to the stack's initial one. */
const RESET = "R. 512:512 ack 1";

/** A harness whose peer speaks to an address that is not the stack's. */
class ForwardHarness extends Harness {
  /** `flow` and `flowEnded`, with number and generation. */
  readonly flows: string[] = [];

  constructor(options: HarnessOptions = {}) {
    super(options);
    this.onFlow = (name, flow, generation) => this.flows.push(`${name} ${flow}.${generation}`);
  }

  open(
    pendingMax = 4,
    decisionMs = 2000,
    takesOwn = false,
    cookies: SynCookieMode | null = null,
  ): void {
    const filter = new ForwardFilter();
    filter.addPorts(PORT, PORT);
    const settings = { filter, takesOwn, pendingMax, decisionUs: decisionMs * 1000, cookies };
    this.tcp.forwarding.open(FORWARD, settings, this.nowUs);
  }

  foreign(line: string, from = 40_000, port = PORT): void {
    const segment = this.segment(line, port, from);
    segment.foreign = true;
    this.input(segment);
  }

  /** The only segment that was sent, a SYN-ACK with a cookie: its number and timestamp. */
  cookie(): { iss: number; ts: number } {
    assertEquals(this.outbox.length, 1, this.outbox.map(({ line }) => line).join("\n"));
    const [{ segment, line }] = this.outbox.splice(0);
    assert(line.startsWith("S. ") && segment.seq !== this.tcpIss, line);
    return { iss: segment.seq, ts: segment.tsValue };
  }

  /** A segment of a peer that a cookie has connected: its acknowledgment number counts from the cookie. */
  behind(iss: number, line: string, from = 40_000): void {
    const segment = this.segment(line, PORT, from);
    segment.ack = (iss + segment.ack - this.tcpIss) | 0;
    segment.foreign = true;
    this.input(segment);
  }

  accept(flow: number, generation = 1): void {
    this.tcp.forwarding.accept(flow, generation, REQUEST, this.nowUs);
    this.tcp.flush(this.nowUs);
  }
}

for (const family of ["IPv4", "IPv6"] as const) {
  Deno.test(`forward: nothing is sent before the decision, and then the handshake goes on (${family})`, () => {
    const h = new ForwardHarness({ family });
    h.open();
    h.foreign("S 0:0 mss 1460");
    h.expect();
    assertEquals([h.flows, h.tcp.connectionCount], [["flow 0.1"], 0]);
    h.accept(0);
    h.expect("S. 0:0 ack 1");
    h.foreign(". 1:1 ack 1");
    h.expect();
    assertEquals([h.events, h.state], [["connected"], "ESTABLISHED"]);
    h.foreign("P. 1:101 ack 1");
    assertEquals(h.read(), 100);
    h.write(50);
    h.outbox.length = 0;
    h.abort();
    h.expect("R. 51:51 ack 101");
  });
}

Deno.test("forward: the SYN-ACK goes again as that of a listener, five times, and then the request fails", () => {
  const h = new ForwardHarness();
  h.open();
  h.foreign("S 0:0 mss 1460");
  h.accept(0);
  h.expect("S. 0:0 ack 1");
  assertEquals(
    h.timeline(70_000).map((line) => line.split(" ")[0]),
    ["1000", "3000", "7000", "15000", "31000"],
  );
  assertEquals(h.events, ["connectFailed timedOut", "ended"]);
  assertEquals(h.tcp.connectionCount, 0);
});

Deno.test("forward: an RST during the handshake ends it", () => {
  const h = new ForwardHarness();
  h.open();
  h.foreign("S 0:0 mss 1460");
  h.accept(0);
  h.foreign("R 1:1");
  assertEquals([h.events, h.tcp.connectionCount], [["connectFailed refused", "ended"], 0]);
});

Deno.test("forward: a rejection by RST acknowledges the SYN, as that of a closed port", () => {
  const h = new ForwardHarness();
  h.open();
  h.foreign("S 0:0 mss 1460");
  h.tcp.forwarding.reset(0, 1, h.nowUs);
  h.expect(RESET);
  assertEquals([h.tcp.forwarding.size, h.tcp.nextExpiry()], [0, Infinity]);
});

Deno.test("forward: a dropped flow is offered anew with the next SYN, under a new generation", () => {
  const h = new ForwardHarness();
  h.open();
  h.foreign("S 0:0 mss 1460");
  h.foreign("S 0:0 mss 1460");
  assertEquals(h.drops(Drop.forwardUndecided), 1);
  h.tcp.forwarding.refuse(0, 1);
  h.foreign("S 0:0 mss 1460");
  assertEquals(h.flows, ["flow 0.1", "flow 0.2"]);
  // A decision about the first one is too late.
  h.accept(0, 1);
  assertEquals(h.events, ["connectFailed timedOut"]);
  h.expect();
  h.accept(0, 2);
  h.expect("S. 0:0 ack 1");
});

Deno.test("forward: a flow that is not decided in time ends, and keeps its number until it is refused", () => {
  const h = new ForwardHarness();
  h.open(1, 2000, false, "never");
  h.foreign("S 0:0 mss 1460");
  h.advanceMs(2001);
  assertEquals([h.flows, h.drops(Drop.forwardTimedOut)], [["flow 0.1", "flowEnded 0.1"], 1]);
  h.foreign("S 0:0 mss 1460", 50_000);
  assertEquals(h.drops(Drop.forwardPendingFull), 1);
  h.tcp.forwarding.refuse(0, 1);
  h.foreign("S 0:0 mss 1460", 50_000);
  assertEquals(h.flows.at(-1), "flow 0.2");
});

Deno.test("forward: a peer that resets its attempt ends the flow", () => {
  const h = new ForwardHarness();
  h.open();
  h.foreign("S 0:0 mss 1460");
  h.foreign("R 1:1");
  assertEquals(h.flows, ["flow 0.1", "flowEnded 0.1"]);
  h.expect();
});

Deno.test("forward: what is none of its flows is answered as for an own address, or dropped by the filter", () => {
  const h = new ForwardHarness();
  h.listen();
  h.foreign("S 0:0 mss 1460", 1, 80);
  assertEquals(h.drops(Drop.ipDestinationForeign), 1);
  h.open();
  h.foreign(". 1:1 ack 5");
  h.expect("R 5:5");
  h.foreign("R 1:1");
  h.expect();
  // Port 80 is listened on, but not for foreign addresses.
  h.foreign("S 0:0 mss 1460", 1, 80);
  h.expect();
  assertEquals(h.drops(Drop.forwardFiltered), 1);
  h.tcp.forwarding.close(FORWARD, h.nowUs);
  h.foreign("S 0:0 mss 1460");
  assertEquals(h.drops(Drop.ipDestinationForeign), 2);
});

Deno.test("forward: own addresses are taken on request, at ports where nobody listens", () => {
  const h = new ForwardHarness();
  h.open();
  h.inject("S 0:0 mss 1460", { to: PORT });
  h.expect(RESET);
  h.tcp.forwarding.close(FORWARD, h.nowUs);
  h.open(4, 2000, true);
  h.inject("S 0:0 mss 1460", { to: PORT });
  h.expect();
  assertEquals(h.flows, ["flow 0.1"]);
});

Deno.test("forward: addresses that have as many connections as they may get no flow", () => {
  const h = new ForwardHarness({ tcp: { maxConnectionsPerAddress: 1 } });
  h.open();
  h.foreign("S 0:0 mss 1460", 1);
  h.accept(0);
  h.foreign(". 1:1 ack 1", 1);
  h.foreign("S 0:0 mss 1460", 2);
  assertEquals([h.flows.length, h.drops(Drop.tcpAddressLimit)], [1, 1]);
  h.abort();
  h.foreign("S 0:0 mss 1460", 2);
  assertEquals(h.flows.length, 2);
});

const ALL = "mss 1460 sackOK ts 1000 0 ws 7";
/** A harness that speaks all the options, with a forward for which one SYN alone may wait. */
function narrow(family: "IPv4" | "IPv6" = "IPv4"): ForwardHarness {
  const h = new ForwardHarness({ family, tcp: { timestamps: true, sack: true } });
  h.open(1);
  return h;
}

for (const family of ["IPv4", "IPv6"] as const) {
  Deno.test(`forward: beyond the limit a SYN gets a cookie, and the ACK makes the flow (${family})`, () => {
    // Goal: nothing is remembered of a SYN until its peer has proved that it is there.
    const h = narrow(family);
    h.foreign(`S 0:0 ${ALL}`, 1);
    h.foreign(`S 0:0 ${ALL}`, 2);
    const { iss, ts } = h.cookie();
    assertEquals([h.flows, h.tcp.forwarding.size], [["flow 0.1"], 1]);
    h.behind(iss, `. 1:1 ack 1 win 100 ts 1050 ${ts}`, 2);
    h.expect();
    assertEquals([h.flows, h.tcp.connectionCount], [["flow 0.1", "flow 1.1"], 0]);
    // What is sent meanwhile comes again.
    h.behind(iss, `P. 1:11 ack 1 win 100 ts 1051 ${ts}`, 2);
    assertEquals([h.drops(Drop.forwardUndecided), h.flows.length], [1, 2]);
    h.accept(1);
    assertEquals([h.events, h.state], [["connected"], "ESTABLISHED"]);
    const { conn } = h;
    assertEquals([conn.timestamps, conn.sack, conn.sndScale], [true, true, 7]);
    assertEquals([conn.sndMss, conn.sndWnd], [family === "IPv4" ? 1448 : 1428, 100 << 7]);
    assertEquals(h.count("flowsAccepted"), 1);
    h.expect();
    h.behind(iss, `P. 1:11 ack 1 win 100 ts 1052 ${ts}`, 2);
    assertEquals(h.read(), 10);
    const [{ segment }] = h.outbox.splice(0);
    assertEquals([segment.ack, segment.tsEcho], [conn.rcvNxt, 1052]);
    assert(((segment.tsValue - ts) | 0) >= 0, "timestamps go on where the SYN-ACK's were");
  });
}

Deno.test("forward: who was accepted and does not answer takes a place until it is given up", () => {
  // Goal: an application that accepts everything at once is no way around the limit.
  const h = narrow();
  h.foreign("S 0:0 mss 1460", 1);
  h.accept(0);
  h.outbox.length = 0;
  h.foreign("S 0:0 mss 1460", 2);
  h.cookie();
  h.foreign(". 1:1 ack 1", 1);
  assertEquals(h.events, ["connected"]);
  h.foreign("S 0:0 mss 1460", 3);
  h.expect();
  assertEquals(h.flows.length, 2);
  h.accept(0, 2);
  h.outbox.length = 0;
  h.advanceMs(70_000);
  h.outbox.length = 0;
  assertEquals(h.events.slice(1), ["connectFailed timedOut", "ended"]);
  h.foreign("S 0:0 mss 1460", 4);
  h.expect();
  h.accept(0, 3);
  h.outbox.length = 0;
  h.tcp.cancelConnect(REQUEST, h.nowUs);
  h.outbox.length = 0;
  h.foreign("S 0:0 mss 1460", 5);
  h.expect();
  assertEquals(h.flows.length, 4);
});

/** A flow of a peer that a cookie has connected, from port 2. */
function connected(): { h: ForwardHarness; iss: number } {
  const h = narrow();
  h.foreign("S 0:0 mss 1460", 1);
  h.foreign("S 0:0 mss 1460", 2);
  const { iss } = h.cookie();
  h.behind(iss, ". 1:1 ack 1", 2);
  assertEquals(h.flows, ["flow 0.1", "flow 1.1"]);
  return { h, iss };
}

/** The RST that a connected peer believes: at the number that it expects. */
function expectReset(h: ForwardHarness, iss: number): void {
  const [{ segment }, ...others] = h.outbox.splice(0);
  assertEquals(others, []);
  assertEquals([segment.flags, segment.seq], [Flag.RST, (iss + 1) | 0]);
}

Deno.test("forward: a peer that is connected already is rejected by an RST that it believes", () => {
  const { h, iss } = connected();
  assertEquals([0, 1].map((flow) => h.tcp.forwarding.isConnected(flow, 1)), [false, true]);
  h.tcp.forwarding.reset(1, 1, h.nowUs);
  expectReset(h, iss);
  assertEquals([h.tcp.forwarding.size, h.count("flowsRejected")], [1, 1]);
});

Deno.test("forward: a peer that is connected already hears when it is too late", () => {
  const { h, iss } = connected();
  h.tcp.forwarding.refuse(0, 1);
  h.advanceMs(2001);
  expectReset(h, iss);
  assertEquals(h.flows.slice(2), ["flowEnded 1.1"]);
  h.tcp.forwarding.refuse(1, 1);
  assertEquals([h.tcp.forwarding.size, h.tcp.nextExpiry()], [0, Infinity]);
});

Deno.test("forward: a peer that is connected already hears when the forward is closed", () => {
  const { h, iss } = connected();
  h.tcp.forwarding.close(FORWARD, h.nowUs);
  expectReset(h, iss);
  assertEquals(h.flows.slice(2).sort(), ["flowEnded 0.1", "flowEnded 1.1"]);
  h.tcp.forwarding.close(FORWARD, h.nowUs);
  h.expect();
});

Deno.test("forward: of what a connected peer sends only an RST at the next number ends its flow", () => {
  const { h, iss } = connected();
  for (const line of ["P. 1:11 ack 1", "F. 11:11 ack 1", "S 0:0 mss 1460", "R 2:2", "R 0:0"]) {
    h.behind(iss, line, 2);
  }
  assertEquals(h.flows.length, 2);
  h.behind(iss, "R 1:1", 2);
  assertEquals(h.flows.slice(2), ["flowEnded 1.1"]);
  h.expect();
});

Deno.test("forward: those that have proved themselves are limited too, and are not lost", () => {
  const h = narrow();
  const cookies = [1, 2, 3].map((from) => {
    h.foreign("S 0:0 mss 1460", from);
    return from === 1 ? 0 : h.cookie().iss;
  });
  h.behind(cookies[1], ". 1:1 ack 1", 2);
  h.behind(cookies[2], ". 1:1 ack 1", 3);
  assertEquals([h.flows.length, h.drops(Drop.forwardPendingFull)], [2, 1]);
  h.expect();
  h.accept(1);
  // The peer has something to say, and says it again.
  h.behind(cookies[2], "P. 1:11 ack 1", 3);
  assertEquals(h.flows.at(-1), "flow 1.2");
});

Deno.test("forward: without a flood no ACK is a cookie, and a wrong one gets an RST", () => {
  const h = narrow();
  h.behind(1000, ". 1:1 ack 1", 9);
  assertEquals([h.outbox.splice(0).length, h.count("synCookiesFailed")], [1, 0]);
  h.foreign("S 0:0 mss 1460", 1);
  h.foreign("S 0:0 mss 1460", 2);
  const { iss } = h.cookie();
  h.behind(iss + 4, ". 1:1 ack 1", 2);
  expectReset(h, iss + 4);
  assertEquals([h.flows.length, h.count("synCookiesFailed")], [1, 1]);
  h.advanceMs(129_000);
  h.behind(iss, ". 1:1 ack 1", 2);
  assertEquals([h.flows.includes("flow 1.1"), h.count("synCookiesFailed")], [false, 1]);
});

Deno.test("forward: cookies always, never, or as the stack's listeners have them", () => {
  const always = new ForwardHarness();
  always.open(4, 2000, false, "always");
  always.foreign("S 0:0 mss 1460");
  const { iss } = always.cookie();
  assertEquals([always.flows, always.tcp.forwarding.size], [[], 0]);
  always.behind(iss, ". 1:1 ack 1");
  assertEquals(always.flows, ["flow 0.1"]);
  const never = new ForwardHarness({ tcp: { synCookies: "always" } });
  never.open(1, 2000, false, "never");
  never.foreign("S 0:0 mss 1460", 1);
  never.foreign("S 0:0 mss 1460", 2);
  never.expect();
  assertEquals([never.flows.length, never.drops(Drop.forwardPendingFull)], [1, 1]);
  const asTheStack = new ForwardHarness({ tcp: { synCookies: "always" } });
  asTheStack.open();
  asTheStack.foreign("S 0:0 mss 1460");
  asTheStack.cookie();
});

Deno.test("forward: a flood on one forward leaves room for those who have proved themselves", () => {
  // Goal: SYNs alone take half of the table at the most, however many forwards there are.
  const h = new ForwardHarness();
  h.open(4096);
  for (let from = 1; from <= 2048; from++) h.foreign("S 0:0 mss 1460", from);
  h.expect();
  h.foreign("S 0:0 mss 1460", 3000);
  const { iss } = h.cookie();
  h.behind(iss, ". 1:1 ack 1", 3000);
  assertEquals(h.flows.length, 2049);
});

Deno.test("forward: with several queues a connected peer's segments stay where its cookie was given", () => {
  // Goal: its ACK is not sent around, and what comes behind it gets no RST from a queue that does not know it.
  const offered: number[] = [];
  const handover = { offer: (segment: Segment) => offered.push(segment.seq) > 0 };
  const h = new ForwardHarness({ handover });
  h.open(4, 2000, false, "always");
  h.foreign("S 0:0 mss 1460");
  const { iss } = h.cookie();
  h.behind(iss, ". 1:1 ack 1");
  h.behind(iss, "P. 1:11 ack 1");
  h.behind(iss, "P. 11:21 ack 1");
  assertEquals([h.flows, offered], [["flow 0.1"], []]);
  h.behind(iss, "P. 11:21 ack 1", 9);
  assertEquals(offered.length, 1);
  h.expect();
});
