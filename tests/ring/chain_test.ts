import { assert, assertEquals } from "@std/assert";
import {
  chainAppendArray,
  chainAppendCopy,
  chainRelease,
  chainRoom,
} from "../../src/ring/chain.ts";
import { NIL } from "../../src/ring/pool.ts";
import { forSeeds } from "../support/seeds.ts";
import { SmallMemory } from "./small_memory.ts";

const SHAPE = { blocks: 6, blockBytes: 16, frames: 2, frameBytes: 64 };

Deno.test("Goal: room is what is left in the tail and in the pool, and never more than was asked", () => {
  const memory = new SmallMemory(SHAPE);
  assertEquals(chainRoom(memory, NIL, 1000), 96, "a new chain can have the whole pool");
  assertEquals(chainRoom(memory, NIL, 7), 7);
  const first = memory.pool.take();
  assertEquals(chainRoom(memory, first, 1000), 96);
  const tail = chainAppendCopy(memory, first, memory.scratch, 20);
  assertEquals(chainRoom(memory, tail, 1000), 76);
  const end = chainAppendCopy(memory, tail, memory.scratch, 76);
  assertEquals(chainRoom(memory, end, 1000), 0);
  assertEquals(chainRoom(memory, NIL, 1000), 0);
  chainRelease(memory, first);
  assertEquals(chainRoom(memory, NIL, 1000), 96);
});

Deno.test("Goal: nothing is written behind a foreign block that says it has no room", () => {
  const memory = new SmallMemory(SHAPE);
  const frame = memory.frames.take();
  const start = memory.frames.blockStart(frame);
  memory.describe(frame, start, 10);
  memory.bytes.fill(0xaa, start, start + 64);
  const tail = chainAppendArray(memory, frame, Uint8Array.of(1, 2, 3), 0, 3);
  assert(tail !== frame && memory.pool.owns(tail));
  assertEquals(memory.bytes[start + 10], 0xaa);
  assertEquals(memory.chainBytes(frame).slice(-4), [0xaa, 1, 2, 3]);
  chainRelease(memory, frame);
  assert(memory.isEmpty, "both kinds of block went home");
});

Deno.test("Goal: random appends of both kinds read back as what a plain array holds", () => {
  forSeeds(50, (random) => {
    const memory = new SmallMemory(SHAPE);
    const first = memory.pool.take();
    let tail = first;
    const twin: number[] = [];
    for (let step = 0; step < 30; step++) {
      const wanted = random.integer(1, 24);
      const length = chainRoom(memory, tail, wanted);
      assert(length === wanted || length === 96 - twin.length);
      const source = Uint8Array.from({ length: length + 5 }, () => random.uint32());
      const from = random.integer(0, 5);
      if (random.fraction() < 0.5) {
        memory.bytes.set(source, memory.scratch);
        tail = chainAppendCopy(memory, tail, memory.scratch + from, length);
      } else {
        tail = chainAppendArray(memory, tail, source, from, length);
      }
      twin.push(...source.subarray(from, from + length));
    }
    assertEquals(memory.chainBytes(first), twin);
    assertEquals(memory.pool.free, 0, "every byte of the pool was used");
    chainRelease(memory, first);
    assert(memory.isEmpty);
  });
});
