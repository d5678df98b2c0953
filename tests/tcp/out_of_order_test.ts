import { assert, assertEquals } from "@std/assert";
import type { SeededRandom } from "../../src/base/random.ts";
import { seqAdd, seqDiff } from "../../src/base/seq.ts";
import { chainRelease } from "../../src/ring/chain.ts";
import { OutOfOrder, Stored } from "../../src/tcp/out_of_order.ts";
import { SmallMemory } from "../ring/small_memory.ts";
import { forSeeds } from "../support/seeds.ts";

const BLOCK_BYTES = 16;
/** Sequence numbers that the tests begin at: anywhere, before the change of sign, before the wrap. */
const BASES = [12_345, 0x7fff_ffff - 150, -150];
const SPACE_BYTES = 400;

/** A queue and its twin: a map from the offset in sequence space to the byte, first copy wins. */
class Queue {
  readonly memory: SmallMemory;
  readonly queue: OutOfOrder;
  readonly base: number;
  readonly limit: number;
  readonly twin = new Map<number, number>();

  constructor(base: number, blocks: number, limit: number) {
    const shape = { blocks, blockBytes: BLOCK_BYTES, frames: 1, frameBytes: 64 };
    this.memory = new SmallMemory(shape);
    this.queue = new OutOfOrder(limit);
    this.base = base;
    this.limit = limit;
  }

  /** The ranges that are held, as offsets. */
  ranges(): [number, number][] {
    const { left, right, count } = this.queue;
    return Array.from({ length: count }, (_, i) => [
      seqDiff(left[i], this.base),
      seqDiff(right[i], this.base),
    ]);
  }

  /** Inserts random bytes and takes into the twin what the queue now holds of them. */
  insert(random: SeededRandom, from: number, length: number): Stored {
    const source = Uint8Array.from({ length }, () => random.uint32());
    this.memory.bytes.set(source, this.memory.scratch);
    const stored = this.queue.insert(
      this.memory,
      seqAdd(this.base, from),
      this.memory.scratch,
      length,
    );
    const missing: number[] = [];
    for (let at = from; at < from + length; at++) if (!this.twin.has(at)) missing.push(at);
    const held = new Set<number>();
    for (const [left, right] of this.ranges()) for (let at = left; at < right; at++) held.add(at);
    const added = missing.filter((at) => held.has(at));
    assertEquals(added, missing.slice(0, added.length), "bytes are taken from the left on");
    for (const at of added) this.twin.set(at, source[at - from]);
    assertEquals(held.size, this.twin.size, "nothing else came or went");
    this.#checkOutcome(stored, missing, added.length);
    return stored;
  }

  #checkOutcome(stored: Stored, missing: readonly number[], added: number): void {
    if (stored === Stored.all) {
      assertEquals(added, missing.length);
      if (added === 0) return;
      const last = missing[added - 1];
      const range = this.ranges().find(([left, right]) => left <= last && last < right);
      const first = this.queue.left[this.queue.indexOf(this.queue.recent[0])];
      assertEquals(seqDiff(first, this.base), range?.[0], "the first SACK block");
      return;
    }
    assert(added < missing.length);
    if (stored === Stored.rangeLimit) {
      assertEquals(this.queue.count, this.limit);
      return;
    }
    let gap = 1;
    while (missing[added + gap] === missing[added] + gap) gap++;
    assert(
      this.memory.pool.free * BLOCK_BYTES < gap,
      "there was really no memory for what follows",
    );
  }

  /** Invariants: sorted, apart, the sum is right, and memory is used for bytes only. */
  check(): void {
    const ranges = this.ranges();
    ranges.forEach(([left, right], i) => {
      assert(left < right);
      if (i > 0) assert(ranges[i - 1][1] < left, "sorted, and a gap between them");
    });
    assertEquals(this.queue.bytes, this.twin.size);
    assert(this.queue.count <= this.limit);
    const { pool } = this.memory;
    const used = pool.count - pool.free;
    assert(used <= this.twin.size && used * BLOCK_BYTES >= this.twin.size);
  }

  /** Takes the ranges off one by one and compares their bytes with the twin's. */
  drain(): void {
    while (this.queue.count > 0) {
      const [left, right] = this.ranges()[0];
      const expected = Array.from({ length: right - left }, (_, i) => this.twin.get(left + i));
      const { firstHead, firstTail } = this.queue;
      assertEquals<unknown>(this.memory.chainBytes(firstHead), expected);
      assertEquals(this.memory.descriptor(firstTail)[2], -1, "the tail ends the chain");
      this.queue.shift();
      chainRelease(this.memory, firstHead);
      for (let at = left; at < right; at++) this.twin.delete(at);
      this.check();
    }
    assert(this.memory.isEmpty);
  }
}

function insertRandom(queue: Queue, random: SeededRandom, longest: number): Stored {
  const length = random.integer(1, longest);
  return queue.insert(random, random.integer(1, SPACE_BYTES - length), length);
}

Deno.test("Goal: with room enough every byte is kept, the first copy of each, in any order", () => {
  for (const base of BASES) {
    forSeeds(60, (random) => {
      const queue = new Queue(base, 100, 200);
      for (let step = 0; step < 60; step++) {
        assertEquals(insertRandom(queue, random, random.integer(1, 60)), Stored.all);
        queue.check();
      }
      queue.drain();
    });
  }
});

Deno.test("Goal: at the limit of ranges nothing that is held is lost, and ranges may still grow", () => {
  let refused = 0;
  for (const base of BASES) {
    forSeeds(60, (random) => {
      const queue = new Queue(base, 100, random.integer(1, 5));
      for (let step = 0; step < 60; step++) {
        if (insertRandom(queue, random, 20) === Stored.rangeLimit) refused++;
        queue.check();
      }
      queue.drain();
    });
  }
  assert(refused > 1000, "the limit was really reached");
});

Deno.test("Goal: without memory the queue keeps what it has, says so, and takes what still fits", () => {
  let refused = 0;
  for (const base of BASES) {
    forSeeds(60, (random) => {
      const queue = new Queue(base, random.integer(1, 8), 30);
      for (let step = 0; step < 60; step++) {
        if (insertRandom(queue, random, 60) === Stored.noMemory) refused++;
        queue.check();
      }
      queue.drain();
    });
  }
  assert(refused > 1000, "memory really ran out");
});

Deno.test("Goal: ranges are dropped from the far end, and clear gives everything back", () => {
  forSeeds(60, (random) => {
    const queue = new Queue(BASES[2], 100, 100);
    for (let step = 0; step < 20; step++) insertRandom(queue, random, 15);
    for (let drops = random.integer(0, queue.queue.count); drops > 0; drops--) {
      const [left, right] = queue.ranges()[queue.queue.count - 1];
      queue.queue.dropLast(queue.memory);
      for (let at = left; at < right; at++) queue.twin.delete(at);
      queue.check();
    }
    insertRandom(queue, random, 30);
    queue.check();
    queue.queue.clear(queue.memory);
    assertEquals([queue.queue.count, queue.queue.bytes], [0, 0]);
    assert(queue.memory.isEmpty);
  });
});

Deno.test("Goal: a segment that bridges several ranges makes them one, without losing their bytes", () => {
  forSeeds(1, (random) => {
    const queue = new Queue(BASES[1], 100, 10);
    for (const left of [10, 30, 50, 70]) queue.insert(random, left, 5);
    assertEquals(queue.ranges(), [[10, 15], [30, 35], [50, 55], [70, 75]]);
    queue.insert(random, 15, 15);
    assertEquals(queue.ranges(), [[10, 35], [50, 55], [70, 75]]);
    queue.insert(random, 5, 100);
    assertEquals(queue.ranges(), [[5, 105]]);
    queue.drain();
  });
});
