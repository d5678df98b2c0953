// Connections that are made to use up ports, rows and timers.
import { assert, assertEquals } from "@std/assert";
import { Drop } from "../../src/base/drops.ts";
import { EPHEMERAL_FIRST, EPHEMERAL_LAST } from "../../src/tcp/ports.ts";
import { Harness } from "../support/engine.ts";
import { inState } from "../support/states.ts";
import { costOf } from "./attacked.ts";

const PORTS = EPHEMERAL_LAST - EPHEMERAL_FIRST + 1;

/** Connects to port `remotePort` of the peer from a port that the engine picks. */
function connect(h: Harness, request: number, remotePort: number): void {
  h.tcp.connect(request, {
    ...{ local0: 0, local1: 0, local2: 0xffff, local3: 0x0a000001 },
    ...{ remote0: 0, remote1: 0, remote2: 0xffff, remote3: 0x0a000002 },
    ...{ localPort: 0, remotePort },
  }, h.nowUs);
}

Deno.test("attack: with every port to one destination in use, others can still be reached", () => {
  // Tried: connects until the ports are used up. Cost: a refusal that names the reason, for that destination.
  const h = new Harness({ dimensions: { connections: PORTS + 100 } });
  h.checked = false;
  for (let request = 0; request < PORTS; request++) connect(h, request, 80);
  assertEquals([h.tcp.connectionCount, h.events.length], [PORTS, 0]);
  connect(h, PORTS, 80);
  assertEquals(h.events, ["connectFailed addressNotAvailable"]);
  connect(h, PORTS + 1, 81);
  assertEquals([h.tcp.connectionCount, h.events.length], [PORTS + 1, 1]);
});

/** Opens and closes a connection from port `from`, our side first, so that TIME-WAIT is ours. */
function openAndClose(h: Harness, from: number): void {
  h.inject("S 0:0 mss 1460", { from });
  h.inject(". 1:1 ack 1", { from });
  h.acceptTaken();
  h.close();
  h.inject(". 1:1 ack 2", { from });
  h.inject("F. 1:1 ack 2", { from });
  h.outbox.length = 0;
}

Deno.test("attack: a flood of connections that end in TIME-WAIT holds the named number of them", () => {
  // Tried: 2000 from 2000 ports, where 64 may wait and 100 may be. Cost: the oldest go early, counted; nobody
  // who connects is refused.
  const h = new Harness({ dimensions: { connections: 100 }, tcp: { maxTimeWait: 64 } });
  h.checked = false;
  h.listen(8);
  for (let i = 0; i < 2000; i++) openAndClose(h, 1024 + i);
  assertEquals(h.events.filter((event) => event === "accepted").length, 2000);
  assertEquals([h.tcp.timeWaitCount, h.tcp.connectionCount], [64, 64]);
  assertEquals(h.drops(Drop.tcpTimeWaitLimit), 2000 - 64);
  h.unlisten();
  h.advanceMs(60_010);
  h.expectNothingLeft();
});

Deno.test("attack: more in TIME-WAIT than there are rows refuses nobody", () => {
  // Tried: the same with no limit but the rows. Cost: the same.
  const h = new Harness({ dimensions: { connections: 32 } });
  h.checked = false;
  h.listen(8);
  for (let i = 0; i < 500; i++) openAndClose(h, 1024 + i);
  assertEquals(h.events.filter((event) => event === "accepted").length, 500);
  assert(h.tcp.connectionCount <= 32);
});

Deno.test("attack: TIME-WAIT assassination needs an RST at the one right number", () => {
  // Tried: RFC 1337: RSTs, SYNs and data over the window of a connection in TIME-WAIT. As in Linux by default
  // an RST at exactly RCV.NXT ends it; everything else is answered at most. Cost: one ACK per 500 ms, or for
  // data one each.
  const h = inState("TIME-WAIT");
  const end = h.conn.endAtUs;
  costOf(h);
  for (let seq = -60_000; seq < 120_000; seq += 97) {
    if (seq !== 2) h.inject(`R ${seq}:${seq}`);
  }
  for (let seq = -60_000; seq <= 2; seq += 97) h.inject(`S ${seq}:${seq}`);
  assertEquals([h.state, h.conn.endAtUs], ["TIME-WAIT", end]);
  assert(costOf(h).segments <= 1);
  h.inject("R 2:2");
  assertEquals(h.state, "CLOSED");
});

Deno.test("attack: told so, the stack is not to be brought out of TIME-WAIT by any RST", () => {
  // Tried: the hazard of RFC 1337 section 3: an old duplicate draws an ACK, whose receiver answers with the RST
  // that fits. Fix F1 of that RFC is an option, as Linux's tcp_rfc1337.
  const h = new Harness({ tcp: { timeWaitIgnoresResets: true } });
  h.establish();
  h.close();
  h.inject(". 1:1 ack 2");
  h.inject("F. 1:1 ack 2");
  costOf(h);
  h.inject("P. -100:0 ack 2");
  h.expect(". 2:2 ack 2");
  h.inject("R 2:2");
  assertEquals(h.tcp.timeWaitCount, 1);
  h.unlisten();
  h.advanceMs(60_010);
  h.expectNothingLeft();
});

Deno.test("attack: peers that never answer our FIN, or never send theirs, are forgotten in time", () => {
  // Tried: 100 connections; half acknowledge nothing behind the handshake, half never close. Cost: eight
  // retransmissions each, and 60 s in FIN-WAIT-2; then the rows are free.
  const h = new Harness({ dimensions: { connections: 128 } });
  h.checked = false;
  h.listen(128);
  for (let i = 0; i < 100; i++) {
    const from = 2000 + i;
    h.inject("S 0:0 mss 1460", { from });
    h.inject(". 1:1 ack 1", { from });
    h.acceptTaken();
    h.close();
    if (i % 2 === 0) h.inject(". 1:1 ack 2", { from });
  }
  assertEquals(h.tcp.connectionCount, 100);
  costOf(h);
  h.advanceMs(61_000);
  assertEquals(h.tcp.connectionCount, 50);
  h.advanceMs(300_000);
  assertEquals(h.tcp.connectionCount, 0);
  assert(costOf(h).segments <= 50 * 10);
  h.unlisten();
  h.expectNothingLeft();
});

Deno.test("attack: a peer that keeps FIN-WAIT-2 open with data nobody wants is reset at once", () => {
  // Tried: bytes for a connection that the application has let go of. Cost: one RST (RFC 9293 section 3.6.1).
  const h = new Harness();
  h.establish();
  h.close();
  h.inject(". 1:1 ack 2");
  costOf(h);
  for (let i = 0; i < 100; i++) h.inject("P. 1:101 ack 2");
  assertEquals(h.tcp.connectionCount, 0);
  assertEquals(h.drops(Drop.tcpDataAfterClose), 1);
  assert(costOf(h).segments <= 100);
  h.unlisten();
  h.expectNothingLeft();
});
