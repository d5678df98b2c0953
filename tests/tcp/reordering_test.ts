// The reordering metric: how far segments overtake each other.
import { assertEquals } from "@std/assert";
import { Phase } from "../../src/tcp/loss_recovery.ts";
import type { TcpOptions } from "../../src/tcp/config.ts";
import type { Harness } from "../support/engine.ts";
import { ack, sending, sent, take, wide } from "./recovering.ts";

function tenSent(tcp: TcpOptions = {}): Harness {
  const h = sending(10, { tcp: { tlp: false, ...tcp } });
  take(h, 10);
  h.advanceMs(100);
  return h;
}

function metric(h: Harness): number[] {
  const { reordering, reorderingEvents } = h.conn.loss!;
  return [reordering, reorderingEvents];
}

Deno.test("reordering: the metric is how many segments one was overtaken by", () => {
  // Goal: three until more is seen; each ACK counts once.
  const h = tenSent();
  assertEquals(metric(h), [3, 0]);
  h.inject(ack(0, [1, 2]));
  h.inject(ack(2));
  assertEquals(metric(h), [3, 1]);
  h.inject(ack(2, [8, 9]));
  h.inject(ack(2, [3, 5], [8, 9]));
  assertEquals(metric(h), [6, 2]);
});

Deno.test("reordering: what was sent again is not late", () => {
  // Goal: its second copy may have come.
  const h = tenSent();
  h.inject(ack(0, [1, 5]));
  take(h, 1);
  h.inject(ack(5));
  assertEquals(metric(h), [3, 0]);
});

Deno.test("reordering: it never exceeds 300 segments", () => {
  // Goal: Linux's tcp_max_reordering: a peer cannot switch loss detection off.
  const h = wide(400);
  h.outbox.length = 0;
  h.advanceMs(10);
  h.inject(ack(0, [399, 400]));
  h.inject(ack(400));
  assertEquals(metric(h), [300, 1]);
});

Deno.test("reordering: the option is the first value, and what a timeout goes back to", () => {
  // Goal: Linux's tcp_reordering; a timeout behind many duplicates says that the metric is too large.
  const h = tenSent({ reordering: 5, rack: false });
  h.inject(ack(0, [1, 5]));
  assertEquals([sent(h), h.conn.loss!.phase], [[], Phase.open]);
  h.conn.loss!.reordering = 50;
  h.inject(ack(0, [1, 8]));
  h.advanceMs(2000);
  assertEquals(h.conn.loss!.reordering, 5);
});
