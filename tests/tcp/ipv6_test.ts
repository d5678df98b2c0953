/** What is different for the engine when a connection is one of IPv6. */

import { assert, assertEquals } from "@std/assert";
import { Harness, type Sent } from "../support/engine.ts";

/** The labels of what was sent since the last look. */
function labels(sent: readonly Sent[]): Set<number> {
  return new Set(sent.map(({ segment }) => segment.flowLabel));
}

Deno.test("Goal: over IPv6 the MSS is the MTU less 60 bytes, announced and sent", () => {
  for (const [family, mss] of [["IPv4", 1460], ["IPv6", 1440]] as const) {
    const h = new Harness({ family });
    h.listen();
    h.inject("S 0:0 mss 9000");
    h.expect(`S. 0:0 ack 1 mss ${mss}`);
    h.inject(". 1:1 ack 1");
    h.acceptTaken();
    h.write(2 * mss);
    h.expect(`. 1:${1 + mss} ack 1`, `P. ${1 + mss}:${1 + 2 * mss} ack 1`);
  }
});

Deno.test("Goal: every segment of a connection has its flow label, and others another one", () => {
  const h = new Harness({ family: "IPv6", tcp: { rtoInitialMs: 1000 } });
  const all: Sent[] = [];
  const look = () => all.push(...h.outbox.splice(0));
  h.listen();
  h.inject("S 0:0 mss 1000");
  h.advanceMs(1500); // the SYN-ACK again
  look();
  h.inject(". 1:1 ack 1");
  h.acceptTaken();
  h.write(3000);
  h.advanceMs(5000); // and the data
  h.inject(". 1:101 ack 1001");
  h.abort();
  look();
  assert(all.length >= 6 && all.some(({ line }) => line.startsWith("R")), `${all.length} segments`);
  const [label, ...more] = labels(all);
  assert(label > 0 && more.length === 0, `${label} ${more}`);
  h.inject("S 0:0 mss 1000", { from: 41_000 });
  const [second] = labels(h.outbox.splice(0));
  assert(second > 0 && second !== label);
});

Deno.test("Goal: an answer that belongs to no connection has no label, and IPv4 has none at all", () => {
  const h = new Harness({ family: "IPv6" });
  h.inject(". 1:1 ack 1");
  assertEquals([...labels(h.outbox.splice(0))], [0]);
  const four = new Harness();
  four.establish();
  four.write(10);
  assertEquals([...labels(four.outbox)], [0]);
});
