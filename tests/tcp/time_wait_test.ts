// TIME-WAIT: how long it lasts, and what ends it early (RFC 9293 section 3.10.7.4, RFC 6191).
import { assert, assertEquals } from "@std/assert";
import { Drop } from "../../src/base/drops.ts";
import { Harness } from "../support/engine.ts";
import { inState } from "../support/states.ts";

Deno.test("input: TIME-WAIT starts over for a FIN, and for nothing else", () => {
  // Goal: section 3.10.7.4; else any segment that somebody makes up could hold the state for ever.
  const h = inState("TIME-WAIT");
  const end = h.conn.endAtUs;
  h.advanceMs(30_000);
  h.inject(". 2:2 ack 2");
  h.inject("P. 1:1 ack 2");
  h.inject(". 90000:90000 ack 2");
  h.inject("P. -100:1 ack 2");
  assertEquals(h.conn.endAtUs, end);
  h.inject("F. 1:1 ack 2");
  assertEquals(h.conn.endAtUs, h.nowUs + 60_000_000);
  h.outbox.length = 0;
  h.advanceMs(60_010);
  assertEquals(h.state, "CLOSED");
});

Deno.test("input: TIME-WAIT is reopened by a SYN with a higher number", () => {
  // Goal: section 3.10.7.4, MAY-2: the new connection begins at once.
  const h = inState("TIME-WAIT");
  h.close();
  h.inject("S 3:3 mss 1460");
  h.expect("S. *:* ack 4");
  assertEquals([h.tcp.handshakes.size, h.tcp.connectionCount], [1, 0]);
  assertEquals(h.states.slice(-2), ["TIME-WAIT>CLOSED", "LISTEN>SYN-RECEIVED"]);
});

Deno.test("input: the reopened connection's numbers follow those of the old one", () => {
  // Goal: RFC 9293 section 3.6.1 (TIME-WAIT): an ISN larger than the largest number used before.
  const h = new Harness();
  h.establish();
  h.write(3000);
  h.inject(". 1:1 ack 3001");
  h.close();
  h.inject("F. 1:1 ack 3002");
  h.outbox.length = 0;
  h.inject("S 3:3 mss 1460");
  const [{ segment }] = h.outbox;
  assert(((segment.seq - h.tcpIss - 3002) | 0) > 0, `${segment.seq >>> 0}`);
});

Deno.test("input: TIME-WAIT is reopened by a newer timestamp", () => {
  // Goal: RFC 6191: then the number does not matter.
  const h = new Harness({ tcp: { timestamps: true } });
  h.establish("mss 1460 ts 100 0");
  h.close();
  h.inject("F. 1:1 ack 2 ts 200 0");
  h.outbox.length = 0;
  h.inject("S -9000:-9000 mss 1460 ts 200 0");
  assertEquals(h.outbox.splice(0).length, 1);
  assertEquals(h.states.at(-1), "FIN-WAIT-1>TIME-WAIT");
  h.advanceMs(1000);
  h.inject("S -9000:-9000 mss 1460 ts 201 0");
  h.expect("S. *:* ack -8999");
});

Deno.test("input: a SYN for TIME-WAIT that nobody listens for ends nothing", () => {
  // Goal: without a listener there is no new connection to make room for.
  const h = new Harness();
  h.establishActively();
  h.close();
  h.inject("F. 1:1 ack 2");
  h.outbox.length = 0;
  h.inject("S 300:300 mss 1460");
  assertEquals(h.states.at(-1), "FIN-WAIT-1>TIME-WAIT");
  h.expect(". 2:2 ack 2");
});

Deno.test("input: the oldest TIME-WAIT gives way at the limit", () => {
  // Goal: maxTimeWait bounds them, and each that goes early is counted.
  const h = new Harness({ tcp: { maxTimeWait: 2 } });
  h.listen();
  for (let from = 40_000; from < 40_004; from++) {
    h.inject("S 0:0 mss 1460", { from });
    h.inject(". 1:1 ack 1", { from });
    h.close();
    h.inject("F. 1:1 ack 2", { from });
  }
  assertEquals(h.tcp.timeWaitCount, 2);
  assertEquals(h.drops(Drop.tcpTimeWaitLimit), 2);
  assertEquals(h.states.filter((line) => line === "TIME-WAIT>CLOSED").length, 2);
});
