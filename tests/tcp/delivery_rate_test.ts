import { assert, assertEquals } from "@std/assert";
import { ack, MSS, sending, take } from "./recovering.ts";
import type { Harness } from "../support/engine.ts";

/** What the connection keeps of rates. */
function rateOf(h: Harness) {
  return h.conn.loss!.queue.rate;
}

Deno.test("delivery rate: a window in a round trip is the rate", () => {
  // Goal: ten segments that are acknowledged one RTT of 100 ms after they were sent.
  const h = sending(10);
  take(h, 10);
  h.advanceMs(100);
  h.inject(ack(10));
  assertEquals(rateOf(h).deliveredBytes, 10 * MSS);
  assertEquals(rateOf(h).bytesPerSecond, 100 * MSS);
});

Deno.test("delivery rate: acknowledgments in a lump do not look faster than the sending was", () => {
  // Goal: the longer one of the two intervals counts. Two segments were sent 80 ms apart.
  const h = sending(1);
  h.advanceMs(80);
  h.write(MSS);
  h.advanceMs(20);
  h.inject(ack(2));
  // The second is the newest: 2 segments since the first was sent, in 100 ms.
  assertEquals(rateOf(h).bytesPerSecond, 20 * MSS);
});

Deno.test("delivery rate: what is selectively acknowledged is delivered then, and once", () => {
  // Goal: SACK counts as it comes; the cumulative ACK behind it adds the rest only.
  const h = sending(10);
  take(h, 10);
  h.advanceMs(100);
  h.inject(ack(0, [5, 10]));
  assertEquals(rateOf(h).deliveredBytes, 5 * MSS);
  h.inject(ack(10));
  assertEquals(rateOf(h).deliveredBytes, 10 * MSS);
});

Deno.test("delivery rate: with nothing more to send it is application-limited", () => {
  // Goal: a rate that is limited by the application does not replace a greater one.
  const h = sending(30);
  take(h, 10);
  h.advanceMs(100);
  h.inject(ack(10));
  assertEquals(rateOf(h).isAppLimited, true, "it had nothing to send before the first write");
  h.advanceMs(100);
  h.inject(ack(30));
  assertEquals([rateOf(h).bytesPerSecond, rateOf(h).isAppLimited], [200 * MSS, false]);
  h.write(MSS);
  h.advanceMs(100);
  h.inject(ack(31));
  assertEquals([rateOf(h).bytesPerSecond, rateOf(h).isAppLimited], [200 * MSS, false]);
  h.write(25 * MSS);
  h.advanceMs(100);
  h.inject(ack(56));
  assertEquals(rateOf(h).bytesPerSecond, 250 * MSS, "a greater one does");
  assertEquals(rateOf(h).isAppLimited, true);
});

Deno.test("delivery rate: losses are counted each time that a segment is found to be lost", () => {
  // Goal: RACK names the holes; a timeout loses the copy that was sent again as well.
  const h = sending(10);
  take(h, 10);
  h.advanceMs(100);
  h.inject(ack(0, [2, 10]));
  assertEquals(rateOf(h).lostBytes, 2 * MSS);
  h.advanceMs(1000);
  assert(rateOf(h).lostBytes >= 4 * MSS, `${rateOf(h).lostBytes}`);
});

Deno.test("delivery rate: an interval shorter than the least RTT says nothing", () => {
  // Goal: a burst of ACKs for a burst of segments; here the ACK comes sooner than the path allows.
  const h = sending(10);
  take(h, 10);
  h.advanceMs(30);
  h.conn.rtt.minUs = 100_000;
  h.inject(ack(2));
  // The sample itself makes 30 ms the least RTT, unless another segment was timed.
  const { bytesPerSecond } = rateOf(h);
  assert(bytesPerSecond === 0 || bytesPerSecond <= (2 * MSS * 1e6) / 30_000, `${bytesPerSecond}`);
});
