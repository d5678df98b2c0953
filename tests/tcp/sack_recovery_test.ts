// Losses by counting, RFC 6675, where RACK is switched off.
import { assertEquals } from "@std/assert";
import { Phase } from "../../src/tcp/loss_recovery.ts";
import type { Harness } from "../support/engine.ts";
import { ack, MSS, sending, sent, take } from "./recovering.ts";

/** Ten segments that were sent an RTT of 100 ms ago. */
function tenSent(): Harness {
  const h = sending(10, { tcp: { tlp: false, rack: false } });
  take(h, 10);
  h.advanceMs(100);
  return h;
}

Deno.test("rfc 6675: a segment is lost when three behind it have arrived, however late it is", () => {
  // Goal: section 4, IsLost().
  const h = tenSent();
  h.inject(ack(0, [1, 3]));
  h.advanceMs(100);
  assertEquals(sent(h), []);
  h.inject(ack(0, [1, 4]));
  assertEquals([sent(h), h.conn.loss!.phase], [["0"], Phase.recovery]);
});

Deno.test("rfc 6675: each hole is looked at by itself", () => {
  // Goal: only what has three behind it.
  const h = tenSent();
  h.inject(ack(0, [1, 3], [4, 6]));
  assertEquals(h.conn.loss!.queue.lostBytes, MSS);
  h.inject(ack(0, [1, 3], [4, 7]));
  assertEquals(h.conn.loss!.queue.lostBytes, 2 * MSS);
});

Deno.test("rfc 6675: a retransmission that is lost is left to the timeout", () => {
  // Goal: counting does not see it.
  const h = tenSent();
  h.inject(ack(0, [1, 4]));
  take(h, 1);
  h.advanceMs(100);
  h.inject(ack(0, [1, 10]));
  assertEquals(sent(h), []);
  h.advanceMs(500);
  assertEquals(h.conn.retransmitTimeouts, 1);
});
