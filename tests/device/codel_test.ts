import { assert, assertEquals } from "@std/assert";
import { Codel } from "../../src/device/codel.ts";

const TARGET = 5_000;
const INTERVAL = 100_000;

/** The times at which frames that have waited so long are dropped, one frame each millisecond. */
function drops(codel: Codel, fromUs: number, untilUs: number, waitedUs: number): number[] {
  const times: number[] = [];
  for (let now = fromUs; now < untilUs; now += 1000) {
    if (!codel.passes(now, waitedUs, false)) times.push(now);
  }
  return times;
}

Deno.test("codel: short waiting is never answered, nor a long one for less than an interval", () => {
  const codel = new Codel(TARGET, INTERVAL);
  assertEquals(drops(codel, 0, 1_000_000, TARGET - 1), []);
  assertEquals(drops(codel, 1_000_000, 1_099_000, TARGET), []);
  assertEquals(drops(codel, 1_099_000, 1_100_000, 0), []);
  assertEquals(drops(codel, 1_100_000, 1_199_000, TARGET), []);
});

Deno.test("codel: drops come at the square root of their number", () => {
  // Goal: RFC 8289 section 5.2: after an interval, then after 1, 1/sqrt 2, 1/sqrt 3 ... of it.
  const times = drops(new Codel(TARGET, INTERVAL), 1_000_000, 2_000_000, 2 * TARGET);
  assertEquals(times[0], 1_100_000);
  let next = times[0] + INTERVAL;
  for (let count = 2; count < times.length; count++) {
    assert(Math.abs(times[count - 1] - next) <= 1000, `drop ${count} at ${times[count - 1]}`);
    next += INTERVAL / Math.sqrt(count);
  }
  assert(times.length > 25, `${times.length}`);
});

Deno.test("codel: hardly anything waiting behind is no standing queue", () => {
  const codel = new Codel(TARGET, INTERVAL);
  for (let now = 0; now < 1_000_000; now += 1000) {
    assert(codel.passes(now, 10 * TARGET, true));
  }
});

Deno.test("codel: a queue that stands again soon is dropped from at the rate that was needed", () => {
  const codel = new Codel(TARGET, INTERVAL);
  const before = drops(codel, 1_000_000, 2_000_000, 2 * TARGET).length;
  assert(codel.passes(2_000_000, 0, false));
  // The second time it enters with the earlier count, and so comes to more in the same time.
  const again = drops(codel, 2_001_000, 3_001_000, 2 * TARGET).length;
  assert(again > before + 5, `${before}, then ${again}`);
});
