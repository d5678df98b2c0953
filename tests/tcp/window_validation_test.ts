import { assert, assertEquals } from "@std/assert";
import { isWindowLimited } from "../../src/tcp/window_validation.ts";
import { ack, connected, MSS, type Path, sending, take } from "./recovering.ts";
import type { Harness } from "../support/engine.ts";

function cwnd(h: Harness): number {
  return h.conn.congestion.cwndBytes / MSS;
}

/** A connection whose window has grown to so many segments, all acknowledged; the RTT is 100 ms. */
function grown(segments: number, path: Path = {}): Harness {
  const h = connected(path);
  let next = 0;
  while (cwnd(h) < segments) {
    const burst = Math.min(cwnd(h), segments);
    h.write(burst * MSS);
    h.advanceMs(100);
    next += burst;
    h.inject(ack(next));
    h.outbox.length = 0;
  }
  return h;
}

Deno.test("window validation: a window that was full grows, in slow start and behind it", () => {
  // Goal: RFC 9293 section 3.8.2; Linux's tcp_is_cwnd_limited.
  const h = sending(10);
  assertEquals([cwnd(h), isWindowLimited(h.conn)], [10, true]);
  h.advanceMs(100);
  h.inject(ack(10));
  assertEquals(cwnd(h), 20);
});

Deno.test("window validation: in slow start it grows to twice what was in flight, and no further", () => {
  // Goal: 6 of 10 segments in flight grow the window to 12 at the most; 4 of 10 not at all.
  const six = sending(6);
  six.advanceMs(100);
  for (let i = 1; i <= 6; i++) six.inject(ack(i));
  assertEquals(cwnd(six), 12);
  const four = sending(4);
  four.advanceMs(100);
  four.inject(ack(4));
  assertEquals(cwnd(four), 10);
});

Deno.test("window validation: behind slow start a window that is not full does not grow", () => {
  // Goal: nine of ten segments are not enough, ten are; NewReno, which shows it at once.
  const grow = (segments: number) => {
    const h = connected();
    h.conn.congestion.ssthreshBytes = 10 * MSS;
    for (let round = 0; round < 2; round++) {
      h.write(segments * MSS);
      h.advanceMs(100);
      h.inject(ack((round + 1) * segments));
    }
    return cwnd(h);
  };
  assertEquals([grow(9), grow(10)], [10, 11]);
});

Deno.test("window validation: a full window counts until what was then in flight is acknowledged", () => {
  // Goal: Linux's cwnd_usage_seq: the ACKs of a full window grow it although less was sent meanwhile.
  const h = sending(10);
  h.conn.congestion.ssthreshBytes = 5 * MSS;
  h.advanceMs(100);
  h.inject(ack(5));
  h.write(MSS);
  assertEquals(isWindowLimited(h.conn), true);
  h.inject(ack(10));
  assertEquals(cwnd(h), 11);
  h.write(MSS);
  assertEquals(isWindowLimited(h.conn), false);
});

Deno.test("window validation: by default a pause costs nothing", () => {
  // Goal: restartAfterIdle is off; the window is what it was an hour ago.
  const h = grown(40);
  h.advanceMs(3_600_000);
  h.write(40 * MSS);
  take(h, 40);
});

Deno.test("window validation: restartAfterIdle halves the window for each timeout of a pause", () => {
  // Goal: RFC 5681 section 4.1, in Linux's way: 40 segments, an RTO of 300 ms, down to the initial window.
  const tcp = { restartAfterIdle: true };
  const after = (pauseMs: number) => {
    const h = grown(40, { tcp });
    const rtoMs = h.conn.rtt.rtoUs / 1000;
    assert(rtoMs >= 300 && rtoMs < 310, `${rtoMs}`);
    h.advanceMs(pauseMs);
    h.write(40 * MSS);
    assertEquals(h.outbox.length, cwnd(h), "as much is sent as the window says");
    // The threshold keeps three quarters of the window, once there is one.
    assertEquals(h.conn.congestion.ssthreshBytes, Infinity);
    return cwnd(h);
  };
  assertEquals(after(150), 40, "no timeout has passed");
  assertEquals(after(400), 20);
  assertEquals(after(60_000), 10);
});

Deno.test("window validation: behind a pause slow start leads back to three quarters", () => {
  // Goal: the threshold is no less than what the window was worth.
  const h = grown(80, { tcp: { restartAfterIdle: true } });
  h.conn.congestion.ssthreshBytes = 20 * MSS;
  h.advanceMs(60_000);
  h.write(MSS);
  assertEquals([cwnd(h), h.conn.congestion.ssthreshBytes / MSS], [10, 60]);
});

Deno.test("window validation: restartAfterIdle leaves a window alone that is used in part", () => {
  // Goal: no pause, no restart: 80 segments, of which the application uses 20, last as long as ACKs come in (RFC 7661 section 4).
  const h = grown(80, { tcp: { restartAfterIdle: true } });
  let next = h.conn.send!.acked / MSS;
  for (let i = 0; i < 10; i++) {
    h.write(20 * MSS);
    h.advanceMs(100);
    next += 20;
    h.inject(ack(next));
  }
  assertEquals(cwnd(h), 80);
  assertEquals(h.conn.congestion.ssthreshBytes, Infinity);
});
