// Which acknowledgments give a round-trip time (RFC 6298 section 3, RFC 7323 section 4).
import { assertEquals } from "@std/assert";
import { ack, connected, MSS, sending, sent, take } from "./recovering.ts";

Deno.test("sample: every ACK of segments that were sent once gives one, of the oldest of them", () => {
  // Goal: as Linux: not one for each window.
  const h = sending(4, { tcp: { tlp: false } });
  take(h, 4);
  const samples: number[] = [];
  h.conn.rtt.sample = (us: number) => void samples.push(us);
  h.advanceMs(100);
  h.inject(ack(1));
  h.advanceMs(30);
  h.inject(ack(4));
  assertEquals(samples, [100_000, 130_000]);
});

Deno.test("sample: what was sent again gives none, and the back-off stays", () => {
  // Goal: Karn's algorithm: until something that was sent once is acknowledged.
  const h = sending(1, { tcp: { tlp: false } });
  h.advanceMs(310);
  h.inject(ack(1));
  assertEquals([h.conn.rtoShift, h.conn.backoffs, h.conn.rtt.srttUs], [1, 0, 100_000]);
  h.write(MSS);
  h.advanceMs(100);
  h.inject(ack(2));
  assertEquals(h.conn.rtoShift, 0);
});

Deno.test("sample: with timestamps what was sent again gives one too", () => {
  // Goal: RFC 7323: the echo tells which copy the ACK is for.
  const h = connected({ peer: "sackOK ts 100 0", tcp: { tlp: false } });
  h.write(100);
  h.advanceMs(400);
  const again = h.outbox.at(-1)!.segment.tsValue;
  assertEquals(h.conn.rtoShift, 1);
  h.advanceMs(20);
  h.inject(`. 1:1 ack 101 ts 120 ${again}`);
  assertEquals(h.conn.rtoShift, 0);
});

Deno.test("sample: an echo from nowhere is not believed", () => {
  // Goal: a peer cannot make the timeout hours long.
  const h = connected({ peer: "sackOK ts 100 0", tcp: { tlp: false } });
  h.write(100);
  h.advanceMs(400);
  const before = h.conn.rtt.srttUs;
  const old = (h.outbox.at(-1)!.segment.tsValue - 10_000_000) | 0;
  h.inject(`. 1:1 ack 101 ts 120 ${old}`);
  assertEquals(h.conn.rtt.srttUs, before);
});

Deno.test("sample: what SACK tells of gives one at once", () => {
  // Goal: its cumulative ACK waits for the hole.
  const h = sending(10);
  take(h, 10);
  h.conn.rtt.srttUs = 0;
  h.advanceMs(70);
  h.inject(ack(0, [1, 2]));
  sent(h);
  assertEquals(h.conn.rtt.srttUs, 70_000);
});
