import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { SeededRandom } from "../../src/base/random.ts";
import { Bell } from "../../src/ring/bell.ts";
import { startPeer } from "./peer.ts";

/** Words of the tests with two threads, each on a cache line of its own. */
const Word = { bellA: 0, bellB: 16, toA: 32, toB: 48 } as const;

function makeWords(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(64 * 4));
}

Deno.test("Goal: a bell wakes only a thread that has said that it sleeps, and each sleep once", () => {
  let wakes = 0;
  const bell = new Bell(makeWords(), 3, () => wakes++);
  bell.ring();
  assertEquals(wakes, 0, "nobody sleeps: ringing costs no system call");
  bell.announceSleep();
  bell.ring();
  bell.ring();
  assertEquals(wakes, 1, "rung already");
  bell.announceSleep();
  bell.announceAwake();
  bell.ring();
  assertEquals(wakes, 1, "found work in its second look");
});

Deno.test("Goal: a bell that is rung between the two steps of going to sleep is not missed", () => {
  const words = makeWords();
  const sleeper = new Bell(words, 0);
  const ringer = new Bell(words, 0);
  sleeper.announceSleep();
  ringer.ring();
  assertEquals(sleeper.sleepAsync(), null, "rung already");
  sleeper.announceSleep();
  ringer.ring();
  sleeper.sleep(60_000); // Comes back at once, or the test hangs for a minute and the next line fails.
  let wakes = 0;
  new Bell(words, 0, () => wakes++).ring();
  assertEquals(wakes, 0, "whoever has slept is awake");
});

Deno.test("Goal: a sleep in an event loop ends with the ring", async () => {
  const words = makeWords();
  const sleeper = new Bell(words, 0);
  sleeper.announceSleep();
  const woken = sleeper.sleepAsync();
  assertInstanceOf(woken, Promise);
  new Bell(words, 0).ring();
  assertEquals(await woken, "ok");
});

Deno.test("Goal: a sleep ends by its timeout, and then the thread counts as awake", () => {
  const words = makeWords();
  const sleeper = new Bell(words, 0);
  sleeper.announceSleep();
  sleeper.sleep(0);
  let wakes = 0;
  new Bell(words, 0, () => wakes++).ring();
  assertEquals(wakes, 0);
});

Deno.test("Goal: no wake-up is lost in 100,000 hand-overs between two threads that block", async () => {
  const words = makeWords();
  const count = 50_000;
  const sides = { words, count } as const;
  await using first = startPeer({
    ...sides,
    role: "handOver",
    myBell: Word.bellA,
    otherBell: Word.bellB,
    from: Word.toA,
    to: Word.toB,
    adds: 0,
    seed: 1,
  });
  await using second = startPeer({
    ...sides,
    role: "handOver",
    myBell: Word.bellB,
    otherBell: Word.bellA,
    from: Word.toB,
    to: Word.toA,
    adds: 1,
    seed: 2,
  });
  Atomics.store(words, Word.toA, 1);
  new Bell(words, Word.bellA).ring();
  assertEquals(await first.done, 0, "sleeps of the first thread that no bell ended");
  assertEquals(await second.done, 0, "sleeps of the second thread that no bell ended");
  assertEquals(Atomics.load(words, Word.toA), count + 1, "every number went round");
});

Deno.test("Goal: no wake-up is lost between a thread that blocks and an event loop", async () => {
  const words = makeWords();
  const count = 10_000;
  await using peer = startPeer({
    role: "handOver",
    words,
    count,
    myBell: Word.bellA,
    otherBell: Word.bellB,
    from: Word.toA,
    to: Word.toB,
    adds: 0,
    seed: 3,
  });
  const mine = new Bell(words, Word.bellB);
  const other = new Bell(words, Word.bellA);
  const random = new SeededRandom(4);
  for (let number = 1; number <= count; number++) {
    Atomics.store(words, Word.toA, number);
    other.ring();
    while (Atomics.load(words, Word.toB) < number) {
      for (let spin = random.integer(0, 200); spin > 0; spin--) Atomics.load(words, Word.toB);
      mine.announceSleep();
      if (Atomics.load(words, Word.toB) >= number) mine.announceAwake();
      else await peer.race(Promise.resolve(mine.sleepAsync()));
    }
    assert(Atomics.load(words, Word.toB) === number, "one at a time");
  }
  assertEquals(await peer.done, 0);
});
