import { assert, assertEquals } from "@std/assert";
import { Bbr } from "../../src/tcp/congestion/bbr.ts";
import { UNPACED_RATE } from "../../src/tcp/congestion/control.ts";
import { NewReno } from "../../src/tcp/congestion/newreno.ts";
import { Pacer, windowRate } from "../../src/tcp/pacing.ts";
import { ack, connected, MSS, sending } from "./recovering.ts";

/** A pacer beyond its unpaced beginning, at a rate in bytes per second. */
function pacerAt(rate: number): Pacer {
  const pacer = new Pacer(rate);
  pacer.update(new NewReno(1e9), 0, 1000);
  pacer.onSent(10_000, 1000, 0);
  pacer.nextAtUs = 0;
  return pacer;
}

Deno.test("pacing: the window's rate is 200 % in slow start and 120 % from half the threshold on", () => {
  // Goal: Linux's tcp_update_pacing_rate; 100 kB in 100 ms are 1 MB/s.
  const control = new NewReno(100_000);
  assertEquals(windowRate(control, 0, 100_000), 2e6);
  control.ssthreshBytes = 200_001;
  assertEquals(windowRate(control, 0, 100_000), 2e6);
  control.ssthreshBytes = 200_000;
  assertEquals(windowRate(control, 0, 100_000), 1.2e6);
  assertEquals(windowRate(control, 150_000, 100_000), 1.8e6, "what is in flight, if that is more");
  assertEquals(windowRate(control, 0, 0), 0, "nothing is known without an RTT");
});

Deno.test("pacing: bytes take their time, and a late timer is made up for, up to half a millisecond", () => {
  // Goal: 1 MB/s, a byte a microsecond.
  const pacer = pacerAt(1e6);
  pacer.onSent(1000, 1000, 10_000);
  assertEquals(pacer.nextAtUs, 10_488, "512 us of credit behind a pause");
  pacer.onSent(1000, 1000, 10_488);
  assertEquals(pacer.nextAtUs, 11_488);
  pacer.onSent(1000, 1000, 11_600);
  assertEquals(pacer.nextAtUs, 12_488, "112 us late");
  pacer.onSent(1000, 1000, 50_000);
  assertEquals(pacer.nextAtUs, 50_488, "no more than the credit");
});

Deno.test("pacing: a super-segment is a millisecond's worth, two segments at least", () => {
  // Goal: Linux's tcp_tso_autosize.
  assertEquals(pacerAt(10e6).quantum(1000, 65_000), 10_240);
  assertEquals(pacerAt(1e5).quantum(1000, 65_000), 2000);
  assertEquals(pacerAt(1e9).quantum(1000, 65_000), 65_000);
  assertEquals(pacerAt(10e6).quantum(1000, 0), 0, "without offload there are none");
});

Deno.test("pacing: the limit of the rate holds for the control's own as for the window's", () => {
  // Goal: SO_MAX_PACING_RATE.
  const pacer = new Pacer(5e5);
  pacer.update(new NewReno(100_000), 0, 100_000);
  assertEquals(pacer.rate, 5e5);
});

Deno.test("pacing: without it a window leaves at once, with it over half a round trip", () => {
  // Goal: 100 % of the window in slow start take half an RTT at 200 %; the first ten segments are free.
  const plain = sending(60);
  plain.advanceMs(100);
  plain.outbox.length = 0;
  plain.inject(ack(10));
  assertEquals(plain.outbox.length, 20);
  const paced = sending(60, { tcp: { pacing: true } });
  assertEquals(paced.outbox.length, 10, "the first window is not paced");
  paced.advanceMs(100);
  paced.outbox.length = 0;
  const fromUs = paced.nowUs;
  paced.inject(ack(10));
  assert(paced.outbox.length <= 2, `${paced.outbox.length} at once`);
  paced.advanceMs(100);
  const times = paced.outbox.map(({ atUs }) => atUs - fromUs);
  assertEquals(times.length, 20);
  // 20 segments of a window of 20 at twice its rate: 2.5 ms apart.
  assert(times[19] > 44_000 && times[19] < 51_000, `${times}`);
  for (let i = 1; i < times.length; i++) {
    assert(times[i] - times[i - 1] <= 2500 + 512, `${times}`);
  }
});

Deno.test("pacing: an idle connection has no timer", () => {
  // Goal: the pacer wakes a connection only that has something to send.
  const h = connected({ tcp: { pacing: true } });
  assertEquals(h.conn.pacer!.wakeAtUs, Infinity);
  h.write(10 * MSS);
  assertEquals(h.conn.pacer!.wakeAtUs, Infinity, "the initial window waits for nothing");
  h.advanceMs(100);
  h.inject(ack(10));
  assertEquals([h.conn.pacer!.wakeAtUs, h.conn.deadlineUs], [Infinity, Infinity]);
});

Deno.test("pacing: a connection that ends leaves no timer of it", () => {
  // Goal: reset while the pacer holds segments back.
  const h = sending(60, { tcp: { pacing: true } });
  h.advanceMs(100);
  h.inject(ack(10));
  assert(h.conn.pacer!.wakeAtUs < Infinity);
  h.inject(`R 1:1`);
  assertEquals(h.conn.pacer!.wakeAtUs, Infinity);
});

Deno.test("pacing: pacingRateMaxBytes alone makes a connection paced", () => {
  // Goal: 146000 bytes a second are one segment in 10 ms, whatever the window would allow.
  const h = sending(100, { tcp: { pacingRateMaxBytes: 146_000 } });
  h.outbox.length = 0;
  h.advanceMs(100);
  h.inject(ack(10));
  h.outbox.length = 0;
  h.advanceMs(100);
  assert(h.outbox.length >= 9 && h.outbox.length <= 11, `${h.outbox.length}`);
});

Deno.test("pacing: lost segments are paced too", () => {
  // Goal: a recovery makes no burst.
  const h = sending(60, { tcp: { pacing: true } });
  h.advanceMs(100);
  h.inject(ack(10));
  h.advanceMs(100);
  h.outbox.length = 0;
  h.inject(ack(10, [25, 30]));
  assert(h.outbox.length <= 2, `${h.outbox.length} at once`);
});

Deno.test("pacing: a rate that no timer could keep is none", () => {
  // Goal: from UNPACED_RATE on nothing waits, and super-segments are as large as they may be.
  const pacer = new Pacer(Infinity);
  const bbr = new Bbr(10e6, 1);
  bbr.onTransmitStart(1000, 0);
  assertEquals(bbr.pacingRate, UNPACED_RATE, "27.7 GB a second");
  pacer.update(bbr, 0, 1000);
  pacer.onSent(1e6, 1000, 0);
  pacer.onSent(1e6, 1000, 0);
  assertEquals([pacer.holdsBack(0), pacer.quantum(1000, 65_000)], [false, 65_000]);
});
