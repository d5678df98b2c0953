import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { ManualClock } from "../../src/base/clock.ts";
import { SeededRandom } from "../../src/base/random.ts";
import { type Device, SendOutcome } from "../../src/device/device.ts";
import {
  impair,
  type ImpairedDevice,
  type Impairment,
  type ImpairmentStats,
} from "../../src/device/impairment.ts";
import { memoryPair } from "../../src/device/memory_pair.ts";
import { frameNumber, numberedFrame, receiveFrame, sendFrame } from "./frames.ts";

const SEED = 90125;

/** One frame that came out at the far end. */
interface Arrival {
  readonly timeUs: number;
  readonly frame: Uint8Array;
}

/** An impaired link: frames go in at `near` and come out at `far`, on one virtual clock. */
interface Link {
  readonly clock: ManualClock;
  readonly near: Device;
  readonly far: Device;
  readonly impaired: ImpairedDevice;
  stats(): ImpairmentStats;
}

/** The same impairment can sit with the sender or with the receiver. */
function makeLink(side: "send" | "receive", impairment: Impairment, seed = SEED): Link {
  const clock = new ManualClock();
  const [a, b] = memoryPair({ queueFrames: 65536 });
  const sources = { clock, random: new SeededRandom(seed) };
  const impaired = impair(side === "send" ? a : b, { [side]: impairment }, sources);
  const near = side === "send" ? impaired : a;
  const far = side === "send" ? b : impaired;
  const stats = () => {
    const found = impaired.stats()[side];
    assert(found !== null);
    return found;
  };
  return { clock, near, far, impaired, stats };
}

/** Takes all that is there at the far end now. The near end is asked too: it releases what is due. */
function takeWaiting(link: Link, arrivals: Arrival[]): void {
  receiveFrame(link.near);
  for (let frame = receiveFrame(link.far); frame !== null; frame = receiveFrame(link.far)) {
    arrivals.push({ timeUs: link.clock.now(), frame });
  }
}

/** Jumps from arrival to arrival until nothing is on its way, or until `untilUs`. */
function run(link: Link, arrivals: Arrival[], untilUs = Infinity): void {
  for (let jumps = 0; jumps < 1_000_000; jumps++) {
    takeWaiting(link, arrivals);
    const next = Math.min(link.near.nextArrival(), link.far.nextArrival());
    if (next > untilUs || next === Infinity) {
      if (untilUs < Infinity) link.clock.set(untilUs);
      return;
    }
    link.clock.set(Math.max(next, link.clock.now()));
  }
  throw new Error("The link does not come to rest");
}

/** Sends `count` numbered frames, one each `gapUs`, and waits for all that arrive. */
function sendMany(link: Link, count: number, gapUs: number, length = 100): Arrival[] {
  const arrivals: Arrival[] = [];
  for (let i = 0; i < count; i++) {
    assertEquals(sendFrame(link.near, numberedFrame(i, length), 2), SendOutcome.sent);
    run(link, arrivals, link.clock.now() + gapUs);
  }
  run(link, arrivals);
  assertConserved(link.stats());
  return arrivals;
}

function assertConserved(stats: ImpairmentStats): void {
  const out = stats.delivered + stats.lost + stats.queueDropped + stats.refused + stats.inFlight;
  assertEquals(stats.sent + stats.duplicated, out, JSON.stringify(stats));
}

function assertNear(count: number, expected: number, what: string): void {
  const message = `${count} ${what} are not about ${expected} with seed ${SEED}`;
  // Four standard deviations of the binomial distribution.
  assert(Math.abs(count - expected) < 4 * Math.sqrt(expected), message);
}

for (const side of ["send", "receive"] as const) {
  Deno.test(`${side}: a perfect path changes nothing`, () => {
    // Goal: every frame arrives whole, in order, at the time it was sent.
    const arrivals = sendMany(makeLink(side, {}), 200, 10);
    assertEquals(arrivals.map((arrival) => frameNumber(arrival.frame)), [...Array(200).keys()]);
    arrivals.forEach(({ timeUs, frame }, i) => {
      assertEquals([timeUs, frame], [10 * i, numberedFrame(i, 100)]);
    });
  });

  Deno.test(`${side}: loss takes its share and keeps the order`, () => {
    const link = makeLink(side, { loss: 0.05, delayUs: 700, jitterUs: 500 });
    const numbers = sendMany(link, 10_000, 20).map(({ frame }) => frameNumber(frame));
    assertNear(link.stats().lost, 500, "losses");
    assertEquals(numbers.length, 10_000 - link.stats().lost);
    assertEquals(numbers, numbers.toSorted((a, b) => a - b));
  });

  Deno.test(`${side}: delay and jitter stay within their bounds`, () => {
    // Goal: sparse frames take from delayUs to delayUs + jitterUs, and use that whole range.
    const arrivals = sendMany(makeLink(side, { delayUs: 1000, jitterUs: 400 }), 1000, 2000);
    const delays = arrivals.map(({ timeUs, frame }) => timeUs - 2000 * frameNumber(frame));
    assertEquals(delays.length, 1000);
    const [low, high] = [Math.min(...delays), Math.max(...delays)];
    assert(low >= 1000 && low < 1010 && high <= 1400 && high > 1390, `${low} to ${high}`);
  });

  Deno.test(`${side}: duplicates follow their originals`, () => {
    const link = makeLink(side, { duplicate: 0.1, delayUs: 300 });
    const numbers = sendMany(link, 5000, 20).map(({ frame }) => frameNumber(frame));
    assertNear(link.stats().duplicated, 500, "duplicates");
    assertEquals(numbers.length, 5000 + link.stats().duplicated);
    assertEquals(numbers, numbers.toSorted((a, b) => a - b));
    assertEquals(new Set(numbers).size, 5000);
  });

  Deno.test(`${side}: corruption flips exactly one bit`, () => {
    const link = makeLink(side, { corrupt: 0.2 });
    const arrivals = sendMany(link, 2000, 20);
    let corrupted = 0;
    arrivals.forEach(({ frame }, i) => {
      const sent = numberedFrame(i, 100);
      const flipped = frame.reduce((bits, byte, at) => bits + bitCount(byte ^ sent[at]), 0);
      assert(flipped <= 1, `frame ${i} has ${flipped} flipped bits`);
      corrupted += flipped;
    });
    assertEquals(corrupted, link.stats().corrupted);
    assertNear(corrupted, 400, "corrupted frames");
  });

  Deno.test(`${side}: reordered frames are overtaken, the others keep their order`, () => {
    // Goal: exactly the frames held up are out of place, each by the extra delay.
    const link = makeLink(side, { reorder: 0.1, reorderDelayUs: 250, delayUs: 1000 });
    const arrivals = sendMany(link, 5000, 100);
    const delays = arrivals.map(({ timeUs, frame }) => timeUs - 100 * frameNumber(frame));
    const late = delays.filter((delay) => delay === 1250).length;
    assertEquals(late + delays.filter((delay) => delay === 1000).length, 5000);
    assertEquals(late, link.stats().reordered);
    assertNear(late, 500, "reordered frames");
    const punctual = arrivals.filter((_, i) => delays[i] === 1000);
    const numbers = punctual.map(({ frame }) => frameNumber(frame));
    assertEquals(numbers, numbers.toSorted((a, b) => a - b));
  });

  Deno.test(`${side}: the rate is kept, and no frame leaves before its bits have`, () => {
    // Goal: 1000-byte frames at 7 Mbit/s leave every 8000/7 microseconds, without drift from rounding.
    const link = makeLink(side, { rateBitsPerSecond: 7_000_000, delayUs: 5000 });
    const arrivals = sendMany(link, 700, 0, 1000);
    assertEquals(arrivals.length, 700);
    arrivals.forEach(({ timeUs }, i) => {
      assertEquals(timeUs, Math.ceil(((i + 1) * 8000) / 7) + 5000, `frame ${i}`);
    });
  });

  Deno.test(`${side}: a full queue drops the newest`, () => {
    // Goal: of a burst, what fits passes, the rest is lost; limits in frames and in bytes agree.
    for (const limit of [{ queueFrames: 10 }, { queueBytes: 1099 }]) {
      const link = makeLink(side, { rateBitsPerSecond: 1_000_000, ...limit });
      const arrivals: Arrival[] = [];
      for (let i = 0; i < 25; i++) sendFrame(link.near, numberedFrame(i, 100));
      run(link, arrivals);
      assertEquals(arrivals.map(({ frame }) => frameNumber(frame)), [...Array(10).keys()]);
      assertEquals(link.stats().queueDropped, 15);
      sendFrame(link.near, numberedFrame(99, 100));
      run(link, arrivals);
      assertEquals(frameNumber(arrivals[10].frame), 99, "the queue is free again");
    }
  });

  Deno.test(`${side}: the frames on their way are bounded`, () => {
    const link = makeLink(side, { delayUs: 1000, duplicate: 0.5, inFlightFrames: 30 });
    for (let i = 0; i < 100; i++) sendFrame(link.near, numberedFrame(i, 100));
    assertEquals(link.stats().inFlight, 30);
    assertConserved(link.stats());
    const arrivals: Arrival[] = [];
    run(link, arrivals);
    assertEquals(arrivals.length, 30);
    assertConserved(link.stats());
  });

  Deno.test(`${side}: one seed gives one trace, another seed another`, () => {
    const everything: Impairment = {
      loss: 0.1,
      duplicate: 0.1,
      corrupt: 0.1,
      reorder: 0.1,
      delayUs: 2000,
      jitterUs: 1500,
      rateBitsPerSecond: 20_000_000,
      queueFrames: 20,
    };
    const trace = (seed: number) => sendMany(makeLink(side, everything, seed), 500, 30);
    assertEquals(trace(1), trace(1));
    assertNotEquals(trace(1), trace(2));
  });

  Deno.test(`${side}: onArrival tells of an earlier time`, () => {
    // Goal: who sleeps until nextArrival is woken when that has become earlier, and not for more.
    const link = makeLink(side, { delayUs: 1000 });
    const told: number[] = [];
    link.impaired.onArrival = () => told.push(link.impaired.nextArrival());
    sendFrame(link.near, numberedFrame(0));
    link.clock.advance(10);
    sendFrame(link.near, numberedFrame(1));
    assertEquals(told, [1000]);
    assertEquals(receiveFrame(link.far), null);
    run(link, []);
    sendFrame(link.near, numberedFrame(2));
    assertEquals(told, [1000, 2010]);
  });
}

Deno.test("both sides give the same trace for the same seed", () => {
  // Goal: where the impairment sits does not matter for what arrives, and when.
  const impairment = { loss: 0.1, jitterUs: 900, reorder: 0.05, rateBitsPerSecond: 9_000_000 };
  assertEquals(
    sendMany(makeLink("send", impairment), 500, 50),
    sendMany(makeLink("receive", impairment), 500, 50),
  );
});

Deno.test("impaired devices stack", () => {
  // Goal: two delays of one direction add up, although the outer one hears of times in the future.
  const clock = new ManualClock();
  const sources = { clock, random: new SeededRandom(SEED) };
  const [a, b] = memoryPair();
  const inner = impair(b, { receive: { delayUs: 100 } }, sources);
  const outer = impair(inner, { receive: { delayUs: 20 } }, sources);
  sendFrame(a, numberedFrame(7));
  assertEquals(outer.nextArrival(), 100);
  clock.set(100);
  assertEquals(receiveFrame(outer), null);
  assertEquals(outer.nextArrival(), 120);
  clock.set(120);
  assertEquals(receiveFrame(outer), numberedFrame(7));
});

Deno.test("closing loses what is on its way and closes the device behind", () => {
  const link = makeLink("receive", { delayUs: 1000 });
  sendFrame(link.near, numberedFrame(0));
  link.impaired.close();
  link.clock.advance(2000);
  assertEquals(receiveFrame(link.far), null);
  assertEquals(link.far.nextArrival(), Infinity);
  assertEquals(sendFrame(link.far, numberedFrame(1)), SendOutcome.refused);
  assertEquals(link.stats().refused, 1);
  assertConserved(link.stats());
});

Deno.test("impossible impairments are named with their values", () => {
  const attempt = (impairment: Impairment) => () => makeLink("send", impairment);
  assertThrows(attempt({ loss: 1.5 }), RangeError, "send.loss: 1.5 ");
  assertThrows(attempt({ reorder: NaN }), RangeError, "send.reorder: NaN ");
  assertThrows(attempt({ delayUs: -1 }), RangeError, "send.delayUs: -1 ");
  assertThrows(attempt({ rateBitsPerSecond: 0 }), RangeError, "send.rateBitsPerSecond: 0 ");
  assertThrows(attempt({ queueFrames: 0.5 }), RangeError, "send.queueFrames: 0.5 ");
  const [device] = memoryPair();
  const offloading: Device = Object.assign(Object.create(device), { virtioHeader: true });
  const sources = { clock: new ManualClock(), random: new SeededRandom(1) };
  assertThrows(
    () => impair(offloading, { receive: { corrupt: 0.1 } }, sources),
    TypeError,
    "receive.corrupt",
  );
});

function bitCount(byte: number): number {
  let bits = 0;
  for (let rest = byte; rest !== 0; rest &= rest - 1) bits++;
  return bits;
}
