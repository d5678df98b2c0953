import { assertEquals } from "@std/assert";
import { Drop } from "../../src/base/drops.ts";
import { Counter } from "../../src/base/counters.ts";
import { FRAME_LIMIT, ReaderStage } from "../../src/pipeline/reader_stage.ts";
import { Layout, SMALL_DIMENSIONS } from "../../src/ring/layout.ts";
import { BlockPool, DESCRIPTOR_WORDS, START } from "../../src/ring/pool.ts";
import { RingConsumer, RingProducer } from "../../src/ring/ring.ts";
import { TestDevice } from "./stage_parts.ts";

/** A reader with so many free slots, and the parser's end of its ring. */
function rig(freeSlots: number) {
  const layout = new Layout(SMALL_DIMENSIONS);
  const device = new TestDevice();
  const stage = new ReaderStage(device, layout);
  const pool = new BlockPool(layout.slotPool);
  const free = new RingProducer(layout.freeSlots);
  const give = (count: number) => {
    for (let i = 0; i < count; i++) {
      free.words[free.claim()] = pool.take();
      free.push();
    }
    free.publish();
  };
  give(freeSlots);
  const frames = new RingConsumer(layout.frames);
  const seen = () => {
    const found: number[][] = [];
    for (let at = frames.next(); at >= 0; at = frames.next()) {
      const slot = layout.words[at];
      const start = layout.words[layout.slotPool.table + slot * DESCRIPTOR_WORDS + START];
      found.push([...layout.memory.bytes.subarray(start, start + layout.words[at + 1])]);
    }
    frames.release();
    return found;
  };
  return { layout, device, stage, give, seen };
}

Deno.test("reader: frames go on in order, each announced, no more than asked for", () => {
  const { layout, device, stage, seen } = rig(8);
  for (let i = 1; i <= 5; i++) device.arrive([i, i, i]);
  let rings = 0;
  assertEquals(stage.run(3, () => rings++), 3);
  assertEquals(seen(), [[1, 1, 1], [2, 2, 2], [3, 3, 3]]);
  assertEquals(stage.run(3, () => rings++), 2);
  assertEquals(seen(), [[4, 4, 4], [5, 5, 5]]);
  assertEquals([rings, stage.run(3, () => rings++)], [5, 0]);
  assertEquals(layout.readerCounters.value(Counter.framesIn), 5);
  assertEquals(layout.readerCounters.value(Counter.frameBytesIn), 15);
});

Deno.test("reader: without a free slot a frame stays in the device until there is one", () => {
  const { device, stage, give, seen } = rig(1);
  device.arrive([1]);
  device.arrive([2]);
  assertEquals(stage.run(64, () => {}), 1);
  assertEquals([stage.hasSlot, device.waiting.length], [false, 1]);
  give(1);
  assertEquals([stage.hasSlot, stage.run(64, () => {})], [true, 1]);
  assertEquals(seen(), [[1], [2]]);
});

Deno.test("reader: a frame that is cut is counted and its slot used for the next", () => {
  const { layout, device, stage, seen } = rig(1);
  for (let i = 0; i < 10; i++) device.arrive(new Uint8Array(FRAME_LIMIT + 500));
  device.arrive([7]);
  stage.run(64, () => {});
  assertEquals(seen(), [[7]]);
  assertEquals(layout.readerCounters.drops(Drop.frameOversized), 10);
});

Deno.test("reader: a frame of just the limit is whole", () => {
  const { layout, device, stage, seen } = rig(1);
  device.arrive(new Uint8Array(FRAME_LIMIT).fill(9));
  assertEquals(stage.run(64, () => {}), 1);
  assertEquals(seen()[0].length, FRAME_LIMIT);
  assertEquals(layout.readerCounters.drops(Drop.frameOversized), 0);
});
