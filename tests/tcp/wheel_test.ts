import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { SeededRandom } from "../../src/base/random.ts";
import { TICK_US, TimerWheel } from "../../src/tcp/wheel.ts";

const SEED = 0x77686565;
const SECOND_US = 1_000_000;
const HOUR_US = 3600 * SECOND_US;

/** All timers due at `nowUs`, in the order in which they come. */
function expireAll(wheel: TimerWheel, nowUs: number): number[] {
  const ids: number[] = [];
  for (let id = wheel.expire(nowUs); id >= 0; id = wheel.expire(nowUs)) {
    ids.push(id);
    assert(ids.length <= wheel.capacity, "more timers than there are");
  }
  return ids;
}

/** The naive twin: a map of deadlines that is searched from end to end. */
class NaiveTimers {
  readonly deadlines = new Map<number, number>();

  /** The end of the tick in which a deadline lies: when it fires. */
  static fireTime(atUs: number): number {
    return Math.ceil(atUs / TICK_US) * TICK_US;
  }

  due(nowUs: number): number[] {
    const due = [...this.deadlines].filter(([, at]) => NaiveTimers.fireTime(at) <= nowUs);
    return due.map(([id]) => id);
  }

  first(): number {
    return Math.min(Infinity, ...[...this.deadlines.values()].map(NaiveTimers.fireTime));
  }
}

/** A wheel and its twin, driven together. */
class Pair {
  readonly wheel: TimerWheel;
  readonly twin = new NaiveTimers();
  nowUs: number;

  constructor(capacity: number, startUs: number) {
    this.wheel = new TimerWheel(capacity, startUs);
    this.nowUs = startUs;
  }

  schedule(id: number, atUs: number): void {
    this.wheel.schedule(id, atUs);
    this.twin.deadlines.set(id, atUs);
  }

  cancel(id: number): void {
    this.wheel.cancel(id);
    this.twin.deadlines.delete(id);
  }

  /** Moves on to `nowUs` and holds what fires against the twin. */
  advance(nowUs: number): void {
    this.nowUs = nowUs;
    const expected = this.twin.due(nowUs);
    const fired = expireAll(this.wheel, nowUs);
    for (const id of fired) {
      const at = this.twin.deadlines.get(id) ?? NaN;
      assert(at <= nowUs, `timer ${id} for ${at} fired early, at ${nowUs}`);
      this.twin.deadlines.delete(id);
    }
    assertEquals(fired.toSorted((a, b) => a - b), expected.toSorted((a, b) => a - b));
    for (const [id, at] of this.twin.deadlines) {
      assert(at > nowUs - TICK_US, `timer ${id} for ${at} is late at ${nowUs}`);
    }
    assert(this.wheel.nextExpiry() > nowUs, "a sleeper would not sleep");
  }

  check(): void {
    const { wheel, twin } = this;
    assertEquals(wheel.size, twin.deadlines.size);
    for (let id = 0; id < wheel.capacity; id++) {
      assertEquals(wheel.isScheduled(id), twin.deadlines.has(id), `timer ${id}`);
      assertEquals(wheel.deadline(id), twin.deadlines.get(id) ?? Infinity, `timer ${id}`);
    }
    const next = wheel.nextExpiry();
    const first = twin.first();
    assert(next <= Math.max(first, this.nowUs), `${next} is later than the first timer, ${first}`);
    if (first === Infinity) assertEquals(next, Infinity);
  }
}

/** Delays of every magnitude, in microseconds: from the past to beyond the top level's range. */
const delay = fc.oneof(
  fc.integer({ min: -1000, max: 1000 }),
  fc.integer({ min: 0, max: 300_000 }),
  fc.integer({ min: 0, max: 10 * SECOND_US }),
  fc.integer({ min: 0, max: 3 * HOUR_US }),
  fc.integer({ min: 0, max: 400 * HOUR_US }),
);

const operation = fc.oneof(
  { weight: 6, arbitrary: fc.record({ op: fc.constant("schedule"), id: fc.nat(15), delay }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant("cancel"), id: fc.nat(15), delay }) },
  { weight: 4, arbitrary: fc.record({ op: fc.constant("advance"), id: fc.nat(15), delay }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant("sleep"), id: fc.nat(15), delay }) },
);

/** Starts that put the ticks before, at and far beyond the edges of 30, 32 and 53 bits. */
const startTime = fc.oneof(
  fc.constant(0),
  fc.nat(HOUR_US),
  fc.integer({ min: -HOUR_US, max: HOUR_US }).map((offset) => 2 ** 38 + offset),
  fc.integer({ min: -HOUR_US, max: HOUR_US }).map((offset) => 2 ** 39 + offset),
  fc.integer({ min: -HOUR_US, max: HOUR_US }).map((offset) => 2 ** 40 + offset),
  fc.integer({ min: 0, max: 2 ** 50 }),
);

Deno.test("Goal: the wheel fires what a searched map fires, under random operations", () => {
  fc.assert(
    fc.property(
      startTime,
      fc.array(operation, { maxLength: 120, size: "max" }),
      (startUs, operations) => {
        const pair = new Pair(16, startUs);
        for (const { op, id, delay } of operations) {
          if (op === "schedule") pair.schedule(id, Math.max(0, pair.nowUs + delay));
          else if (op === "cancel") pair.cancel(id);
          else if (op === "advance") pair.advance(pair.nowUs + Math.max(0, delay));
          else if (pair.wheel.size > 0) {
            pair.advance(Math.max(pair.nowUs, pair.wheel.nextExpiry()));
          }
          pair.check();
        }
      },
    ),
    { seed: SEED, numRuns: 600 },
  );
});

Deno.test("Goal: many timers over hours: each fires once, in its tick, for a sleeper that trusts nextExpiry", () => {
  const random = new SeededRandom(SEED);
  const count = 3000;
  const startUs = 2 ** 40 - HOUR_US;
  const wheel = new TimerWheel(count, startUs);
  const deadlines: number[] = [];
  for (let id = 0; id < count; id++) {
    const magnitude = 10 ** (2 + 8.5 * random.fraction());
    deadlines.push(startUs + Math.floor(magnitude * random.fraction()));
    wheel.schedule(id, deadlines[id]);
  }
  const firedAt = new Map<number, number>();
  let looks = 0;
  for (let now = wheel.nextExpiry(); now < Infinity; now = wheel.nextExpiry()) {
    for (const id of expireAll(wheel, now)) {
      assert(!firedAt.has(id), `timer ${id} fired twice (seed ${SEED})`);
      firedAt.set(id, now);
    }
    looks++;
    assert(looks <= 6 * count, `a sleeper is woken too often (seed ${SEED})`);
  }
  for (let id = 0; id < count; id++) {
    const late = (firedAt.get(id) ?? NaN) - deadlines[id];
    assert(late >= 0 && late < TICK_US, `timer ${id} is ${late} us late (seed ${SEED})`);
  }
});

Deno.test("Goal: timers come in the order of their ticks, whatever levels they waited in", () => {
  const random = new SeededRandom(SEED + 1);
  const wheel = new TimerWheel(2000, 0);
  const deadlines: number[] = [];
  for (let id = 0; id < 2000; id++) {
    deadlines.push(Math.floor(10 ** (2 + 8 * random.fraction())));
    wheel.schedule(id, deadlines[id]);
  }
  const ticks = expireAll(wheel, 200 * HOUR_US).map((id) => Math.ceil(deadlines[id] / TICK_US));
  assertEquals(ticks.length, 2000);
  assertEquals(ticks, ticks.toSorted((a, b) => a - b), `seed ${SEED + 1}`);
});

Deno.test("Goal: timers of one tick come in the order in which they were scheduled", () => {
  const wheel = new TimerWheel(8, 0);
  for (const id of [3, 1, 7, 5]) wheel.schedule(id, 1000);
  assertEquals(expireAll(wheel, 2000), [3, 1, 7, 5]);
});

Deno.test("Goal: a timer fires neither before its deadline nor more than a tick after it", () => {
  for (const atUs of [1, 255, 256, 257, 8191, 8192, 8193, 262_144, 300_001, 2 ** 38, 2 ** 40 + 1]) {
    const wheel = new TimerWheel(1, 0);
    wheel.schedule(0, atUs);
    assertEquals(wheel.expire(atUs - 1), -1, `at ${atUs}`);
    assertEquals(wheel.expire(atUs + TICK_US - 1), 0, `at ${atUs}`);
    assertEquals(wheel.expire(atUs + TICK_US), -1, `at ${atUs}`);
  }
});

Deno.test("Goal: scheduling again moves a timer, to earlier as to later", () => {
  const wheel = new TimerWheel(2, 0);
  wheel.schedule(0, 500_000);
  wheel.schedule(0, 1000);
  assertEquals(expireAll(wheel, 2000), [0]);
  assertEquals(expireAll(wheel, 600_000), []);
  wheel.schedule(1, 601_000);
  wheel.schedule(1, 700_000);
  assertEquals(expireAll(wheel, 699_000), []);
  assertEquals(expireAll(wheel, 701_000), [1]);
});

Deno.test("Goal: a deadline moved within its slot counts, not the one that was there first", () => {
  const wheel = new TimerWheel(1, 0);
  wheel.schedule(0, 1_000_000);
  wheel.schedule(0, 1_040_000);
  assertEquals(expireAll(wheel, 1_039_000), []);
  assertEquals(expireAll(wheel, 1_041_000), [0]);
});

Deno.test("Goal: a time that has passed is due at once, also before the clock first moves", () => {
  const wheel = new TimerWheel(3, 10_000_000);
  wheel.schedule(0, 5);
  wheel.schedule(1, 10_000_000 - TICK_US);
  assert(wheel.nextExpiry() <= 10_000_000);
  assertEquals(expireAll(wheel, 10_000_000), [0, 1]);
});

Deno.test("Goal: a clock that goes back fires nothing", () => {
  const wheel = new TimerWheel(2, 0);
  assertEquals(wheel.expire(1_000_000), -1);
  wheel.schedule(0, 1_000_100);
  wheel.schedule(1, 400_000);
  assertEquals(expireAll(wheel, 999_000), []);
  assertEquals(expireAll(wheel, 1_001_000).toSorted(), [0, 1]);
});

Deno.test("Goal: timers may be set and taken off between two calls of one expiry loop", () => {
  const wheel = new TimerWheel(8, 0);
  for (let id = 0; id < 6; id++) wheel.schedule(id, 1000 + id);
  const fired: number[] = [];
  for (let id = wheel.expire(5000); id >= 0; id = wheel.expire(5000)) {
    fired.push(id);
    assert(fired.length < 20, "the loop does not end");
    if (id === 0) {
      wheel.cancel(1); // due in the same slot
      wheel.schedule(2, 900_000); // out of the slot
      wheel.schedule(0, 400_000); // itself again
      wheel.schedule(6, 3000); // due in this loop
      wheel.schedule(7, 5001); // the next tick
    }
  }
  assertEquals(fired, [0, 3, 4, 5, 6]);
  assertEquals(expireAll(wheel, 1_000_000), [7, 0, 2]);
});

Deno.test("Goal: after a jump of hours over nothing, the wheel goes on as before", () => {
  const wheel = new TimerWheel(2, 0);
  wheel.schedule(0, 30 * SECOND_US);
  assertEquals(expireAll(wheel, 1000 * HOUR_US), [0]);
  wheel.schedule(1, 1000 * HOUR_US + 700);
  assertEquals(expireAll(wheel, 1000 * HOUR_US + 699), []);
  assertEquals(expireAll(wheel, 1000 * HOUR_US + 1000), [1]);
});

Deno.test("Goal: a wheel that nobody looked at for days takes timers for the time it is now", () => {
  const wheel = new TimerWheel(2, 0);
  const nowUs = 24 * 30 * HOUR_US;
  wheel.schedule(0, nowUs + 10_000);
  wheel.schedule(1, nowUs + 200_000);
  assertEquals(expireAll(wheel, nowUs), []);
  const next = wheel.nextExpiry();
  assert(next > nowUs && next <= nowUs + 10_000 + TICK_US, `${next - nowUs}`);
  assertEquals(expireAll(wheel, nowUs + 11_000), [0]);
  assertEquals(expireAll(wheel, nowUs + 201_000), [1]);
});

Deno.test("Goal: a lone timer below the top level costs a sleeper no early look", () => {
  for (const atUs of [100, 5000, 70_000, 1_500_000, 60 * SECOND_US, 2 * HOUR_US]) {
    const wheel = new TimerWheel(1, 12_345);
    wheel.schedule(0, 12_345 + atUs);
    assertEquals(wheel.nextExpiry(), Math.ceil((12_345 + atUs) / TICK_US) * TICK_US);
  }
});

Deno.test("Goal: nothing scheduled means no next expiry; Infinity takes a timer off", () => {
  const wheel = new TimerWheel(1, 0);
  assertEquals(wheel.nextExpiry(), Infinity);
  wheel.schedule(0, 100);
  wheel.schedule(0, Infinity);
  assertEquals(wheel.isScheduled(0), false);
  assertEquals(wheel.size, 0);
  assertEquals(wheel.nextExpiry(), Infinity);
  assertEquals(wheel.expire(HOUR_US), -1);
  wheel.cancel(0);
  assertEquals(wheel.size, 0);
});

Deno.test("Goal: expiring up to Infinity empties the wheel, which then still works", () => {
  const wheel = new TimerWheel(3, 0);
  assertEquals(expireAll(wheel, Infinity), []);
  wheel.schedule(0, 400 * HOUR_US);
  wheel.schedule(1, 1000);
  wheel.schedule(2, SECOND_US);
  assertEquals(expireAll(wheel, NaN), [], "no time is no reason to fire");
  assertEquals(expireAll(wheel, Infinity), [1, 2, 0]);
  wheel.schedule(1, 401 * HOUR_US);
  assertEquals(expireAll(wheel, 401 * HOUR_US - 1), []);
  assertEquals(expireAll(wheel, 401 * HOUR_US + TICK_US), [1]);
});

Deno.test("Goal: growing keeps what is scheduled and makes room for more", () => {
  const wheel = new TimerWheel(2, 0);
  wheel.schedule(0, 1000);
  wheel.schedule(1, 1_000_000);
  wheel.grow(5);
  wheel.grow(3);
  assertEquals(wheel.capacity, 5);
  assertEquals([0, 1, 2, 3, 4].map((id) => wheel.isScheduled(id)), [
    true,
    true,
    false,
    false,
    false,
  ]);
  wheel.schedule(4, 2000);
  assertEquals(expireAll(wheel, 2_000_000), [0, 4, 1]);
});

Deno.test("Goal: an id without a place and a time that is none are refused by name", () => {
  const wheel = new TimerWheel(4, 0);
  for (const id of [-1, 4, NaN]) {
    assertThrows(() => wheel.schedule(id, 1), RangeError, `Timer ${id} does not exist`);
    assertThrows(() => wheel.cancel(id), RangeError, "ids go from 0 to 3");
    assertThrows(() => wheel.isScheduled(id), RangeError);
  }
  assertThrows(() => wheel.schedule(2, NaN), RangeError, "Timer 2 cannot be scheduled at NaN");
  assertEquals(wheel.size, 0);
});

Deno.test("Goal: a crowd that moves down a level does so in batches, and nobody is early or lost", () => {
  const crowd = 10_000;
  const wheel = new TimerWheel(16, 0, crowd);
  wheel.grow(crowd);
  const at = HOUR_US * 2;
  for (let id = 0; id < crowd; id++) wheel.schedule(id, at + (id % 100) * 1000);
  const fired = new Set<number>();
  let calls = 0;
  let longest = 0;
  for (let nowUs = 0; fired.size < crowd;) {
    const next = wheel.nextExpiry();
    assert(next < Infinity, "nothing is due any more");
    nowUs = Math.max(nowUs, next);
    let inOne = 0;
    for (let id = wheel.expire(nowUs); id >= 0; id = wheel.expire(nowUs)) {
      assert(nowUs >= at + (id % 100) * 1000, `${id} is early`);
      fired.add(id);
      inOne++;
    }
    longest = Math.max(longest, inOne);
    if (++calls % 7 === 0 && fired.size < crowd) {
      // Whoever is scheduled, cancelled or put off in the middle of it is treated as ever.
      const id = [...Array(crowd).keys()].find((each) => wheel.isScheduled(each)) ?? 0;
      wheel.schedule(id, at + (id % 100) * 1000 + 5);
      wheel.cancel(id);
      fired.add(id);
    }
    assert(calls < 10_000, "no end");
  }
  assertEquals([wheel.size, wheel.nextExpiry()], [0, Infinity]);
  assert(calls > crowd / 1024, "all moved at once");
  assert(longest <= crowd / 50, `${longest} fired in one round`);
});

Deno.test("Goal: growing within what was reserved changes nothing but the capacity", () => {
  const wheel = new TimerWheel(2, 0, 5);
  wheel.schedule(1, 1000);
  wheel.grow(5);
  assertEquals([wheel.capacity, wheel.deadline(1), wheel.isScheduled(4)], [5, 1000, false]);
  wheel.grow(50);
  wheel.schedule(49, 10);
  assertEquals([wheel.deadline(1), expireAll(wheel, 2000)], [1000, [49, 1]]);
});
