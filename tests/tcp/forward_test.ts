// Flows to foreign destinations in the engine: what the peer sees of each decision.
import { assertEquals } from "@std/assert";
import { Drop } from "../../src/base/drops.ts";
import { ForwardFilter } from "../../src/tcp/forward_filter.ts";
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

  open(pendingMax = 4, decisionMs = 2000, takesOwn = false): void {
    const filter = new ForwardFilter();
    filter.addPorts(PORT, PORT);
    this.tcp.forwarding.open(FORWARD, filter, takesOwn, pendingMax, decisionMs * 1000, this.nowUs);
  }

  foreign(line: string, from = 40_000, port = PORT): void {
    const segment = this.segment(line, port, from);
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
  h.open(1);
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
  h.tcp.forwarding.close(FORWARD);
  h.foreign("S 0:0 mss 1460");
  assertEquals(h.drops(Drop.ipDestinationForeign), 2);
});

Deno.test("forward: own addresses are taken on request, at ports where nobody listens", () => {
  const h = new ForwardHarness();
  h.open();
  h.inject("S 0:0 mss 1460", { to: PORT });
  h.expect(RESET);
  h.tcp.forwarding.close(FORWARD);
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
