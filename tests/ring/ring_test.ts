import { assert, assertEquals } from "@std/assert";
import {
  RING_CONTROL_WORDS,
  RingConsumer,
  RingProducer,
  type RingWords,
} from "../../src/ring/ring.ts";
import { forSeeds } from "../support/seeds.ts";
import { startPeer } from "./peer.ts";

const TAIL = 0;
const HEAD = 16;
/** How often a ring is looked at before the turn is given away. */
const POLLS = 10_000;

/** A ring whose counters stand at `start`, between words that nobody may touch. */
function makeRing(capacity: number, recordWords: number, start = 0): RingWords {
  const margin = 8;
  const control = margin;
  const records = control + RING_CONTROL_WORDS + margin;
  const count = records + capacity * recordWords + margin;
  const words = new Int32Array(new SharedArrayBuffer(count * 4)).fill(0x5a5a5a5a);
  words[control + TAIL] = start;
  words[control + HEAD] = start;
  return { words, control, records, recordWords, capacity };
}

function assertMarginsUntouched(ring: RingWords): void {
  const { words, control, records, recordWords, capacity } = ring;
  const mine = (word: number) =>
    word === control + TAIL || word === control + HEAD ||
    (word >= records && word < records + capacity * recordWords);
  words.forEach((value, word) => mine(word) || assertEquals(value, 0x5a5a5a5a, `word ${word}`));
}

Deno.test("Goal: records become visible by publish, and their places free by release", () => {
  const ring = makeRing(2, 3);
  const producer = new RingProducer(ring);
  const consumer = new RingConsumer(ring);
  assertEquals([consumer.next(), consumer.hasNext(), producer.publish()], [-1, false, false]);
  for (const value of [1, 2]) {
    const at = producer.claim();
    assertEquals(producer.claim(), at, "a claim that is not pushed can be made again");
    producer.words[at] = value;
    producer.push();
  }
  assertEquals(producer.claim(), -1, "full");
  assertEquals([consumer.next(), consumer.hasNext()], [-1, false], "nothing is published");
  assertEquals(producer.publish(), true);
  assertEquals(producer.publish(), false, "nothing new");
  assertEquals(consumer.hasNext(), true);
  assertEquals(consumer.words[consumer.next()], 1);
  assertEquals(producer.claim(), -1, "the consumer still uses it");
  consumer.release();
  assert(producer.claim() >= 0);
  assertEquals(consumer.words[consumer.next()], 2);
  assertEquals([consumer.next(), consumer.hasNext()], [-1, false]);
});

Deno.test("Goal: an end that is made late goes on where the ring stands", () => {
  const ring = makeRing(4, 1, -2);
  const producer = new RingProducer(ring);
  for (const value of [7, 8, 9]) {
    ring.words[producer.claim()] = value;
    producer.push();
  }
  producer.publish();
  const first = new RingConsumer(ring);
  assertEquals(ring.words[first.next()], 7);
  first.release();
  const second = new RingConsumer(ring);
  assertEquals(ring.words[second.next()], 8);
  const another = new RingProducer(ring);
  another.claim();
  another.push();
  another.claim();
  another.push();
  assertEquals(another.claim(), -1, "two wait, two more are in");
});

Deno.test("Goal: under random batches a ring is a queue of bounded length, also where counters wrap", () => {
  forSeeds(60, (random) => {
    const capacity = 1 << random.integer(0, 5);
    const recordWords = random.integer(1, 5);
    const start = [0, -20, 0x7fff_ffff - 20][random.integer(0, 2)];
    const ring = makeRing(capacity, recordWords, start);
    const producer = new RingProducer(ring);
    const consumer = new RingConsumer(ring);
    let [pushed, published, taken, released] = [0, 0, 0, 0];
    for (let step = 0; step < 400; step++) {
      switch (random.integer(0, 3)) {
        case 0: {
          const at = producer.claim();
          assertEquals(at < 0, pushed - released === capacity, "full exactly at its capacity");
          if (at < 0) break;
          for (let i = 0; i < recordWords; i++) ring.words[at + i] = pushed * 10 + i;
          producer.push();
          pushed++;
          break;
        }
        case 1:
          assertEquals(producer.publish(), pushed > published);
          published = pushed;
          break;
        case 2: {
          assertEquals(consumer.hasNext(), taken < published);
          const at = consumer.next();
          assertEquals(at >= 0, taken < published);
          if (at < 0) break;
          for (let i = 0; i < recordWords; i++) assertEquals(ring.words[at + i], taken * 10 + i);
          taken++;
          break;
        }
        case 3:
          consumer.release();
          released = taken;
      }
    }
    assertMarginsUntouched(ring);
  });
});

Deno.test("Goal: records from another thread arrive once, in order and whole", async () => {
  const ring = makeRing(64, 4, -1000);
  const count = 300_000;
  await using peer = startPeer({ role: "ringProducer", ring, count });
  const consumer = new RingConsumer(ring);
  let expected = 0;
  while (expected < count) {
    let at = consumer.next();
    for (let polls = 0; at < 0 && polls < POLLS; polls++) at = consumer.next();
    // Gives the turn away, which also lets an error of the peer come through.
    if (at < 0) await peer.turn();
    while (at >= 0) {
      for (let i = 0; i < 4; i++) {
        if (ring.words[at + i] !== (expected ^ i)) assertEquals(ring.words[at + i], expected ^ i);
      }
      expected++;
      at = consumer.next();
    }
    consumer.release();
  }
  await peer.done;
  assertEquals(consumer.next(), -1);
});
