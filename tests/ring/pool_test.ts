import { assert, assertEquals } from "@std/assert";
import { BlockPool, NIL } from "../../src/ring/pool.ts";
import { forSeeds } from "../support/seeds.ts";
import { SmallMemory } from "./small_memory.ts";

const SHAPE = { blocks: 5, blockBytes: 32, frames: 3, frameBytes: 64 };

Deno.test("Goal: a pool gives each of its blocks once, empty, and then says that none is left", () => {
  const memory = new SmallMemory(SHAPE);
  const { pool } = memory;
  const taken = [0, 1, 2, 3, 4].map(() => pool.take());
  assertEquals([...taken].sort(), [3, 4, 5, 6, 7], "its own descriptors, each once");
  assertEquals([pool.take(), pool.free], [NIL, 0]);
  const starts = taken.map((descriptor) => memory.descriptor(descriptor));
  for (const [index, descriptor] of taken.entries()) {
    assertEquals(starts[index], [pool.blockStart(descriptor), 0, NIL, 32]);
    assert(pool.blockStart(descriptor) + 32 <= memory.buffer.byteLength);
  }
  const sorted = starts.map(([start]) => start).sort((a, b) => a - b);
  for (let i = 1; i < sorted.length; i++) assert(sorted[i] - sorted[i - 1] >= 32, "no overlap");
});

Deno.test("Goal: a block that was used comes back empty, and the last one given is the first taken", () => {
  const memory = new SmallMemory(SHAPE);
  const { pool } = memory;
  const [first, second] = [pool.take(), pool.take()];
  pool.link(first, second);
  assertEquals(memory.descriptor(first)[2], second);
  pool.give(second);
  pool.give(first);
  assertEquals(pool.take(), first, "the one that the cache still holds");
  assertEquals(memory.descriptor(first), [pool.blockStart(first), 0, NIL, 32]);
  assertEquals(pool.take(), second);
});

Deno.test("Goal: headroom lies before a block's bytes and is not room behind them", () => {
  const words = new Int32Array(new SharedArrayBuffer(1024));
  const place = { words, table: 8, first: 2, count: 3, blocks: 512, blockBytes: 100, headroom: 6 };
  const pool = new BlockPool(place);
  const descriptor = pool.take();
  assertEquals(descriptor, 2);
  assertEquals([...words.subarray(8 + 2 * 4, 8 + 3 * 4)], [518, 0, NIL, 94]);
  assertEquals([pool.owns(1), pool.owns(2), pool.owns(4), pool.owns(5)], [
    false,
    true,
    true,
    false,
  ]);
});

Deno.test("Goal: under random taking and giving no block is ever handed out twice", () => {
  forSeeds(20, (random) => {
    const { pool } = new SmallMemory({ ...SHAPE, blocks: random.integer(1, 20) });
    const held = new Set<number>();
    for (let step = 0; step < 500; step++) {
      if (random.fraction() < 0.5) {
        const descriptor = pool.take();
        assertEquals(descriptor === NIL, held.size === pool.count);
        if (descriptor === NIL) continue;
        assert(pool.owns(descriptor) && !held.has(descriptor));
        held.add(descriptor);
      } else if (held.size > 0) {
        const descriptor = [...held][random.integer(0, held.size - 1)];
        held.delete(descriptor);
        pool.give(descriptor);
      }
      assertEquals(pool.free, pool.count - held.size);
    }
  });
});

Deno.test("Goal: users that hold on to their share never exhaust a pool, and a newcomer finds room", () => {
  // Each takes as long as it holds less than its share of what is free then, and gives nothing back.
  const blockBytes = 64;
  const memory = new SmallMemory({ blocks: 512, blockBytes, frames: 1, frameBytes: 64 });
  const { pool } = memory;
  assertEquals(pool.shareBytes, 512 * blockBytes / 8, "an eighth of what is free");
  for (let user = 0; user < 30; user++) {
    for (let held = 0; held + blockBytes <= pool.shareBytes; held += blockBytes) {
      assert(pool.take() !== NIL, `user ${user}`);
    }
  }
  assert(pool.free > 0 && pool.shareBytes > 0, `${pool.free} blocks are left`);
});

Deno.test("Goal: blocks are scarce when less than a sixteenth of them is free", () => {
  const { pool } = new SmallMemory({ ...SHAPE, blocks: 32 });
  const taken = Array.from({ length: 30 }, () => pool.take());
  assertEquals([pool.free, pool.isScarce], [2, false]);
  taken.push(pool.take());
  assertEquals([pool.free, pool.isScarce], [1, true]);
  pool.give(taken[0]);
  assert(!pool.isScarce);
});
