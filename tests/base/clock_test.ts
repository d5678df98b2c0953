import { assert, assertEquals, assertThrows } from "@std/assert";
import { ManualClock, systemClock } from "../../src/base/clock.ts";

Deno.test("Goal: the system's clock gives whole microseconds and never goes back", () => {
  let before = systemClock.now();
  for (let i = 0; i < 1000; i++) {
    const now = systemClock.now();
    assert(Number.isInteger(now), `${now}`);
    assert(now >= before, `${now} after ${before}`);
    before = now;
  }
});

Deno.test("Goal: a manual clock stands still until it is moved", () => {
  const clock = new ManualClock();
  assertEquals([clock.now(), clock.now()], [0, 0]);
  clock.advance(250);
  assertEquals(clock.now(), 250);
  clock.set(1_000);
  clock.set(1_000);
  clock.advance(0);
  assertEquals(clock.now(), 1_000);
  assertEquals(new ManualClock(2 ** 40).now(), 2 ** 40);
});

Deno.test("Goal: moving a manual clock back, or to no time at all, is refused and changes nothing", () => {
  const clock = new ManualClock(500);
  assertThrows(
    () => clock.set(499),
    RangeError,
    "A clock cannot go back from 500 to 499 microseconds",
  );
  assertThrows(() => clock.advance(-1), RangeError, "from 500 to 499");
  assertThrows(() => clock.set(NaN), RangeError, "from 500 to NaN");
  assertEquals(clock.now(), 500);
});
