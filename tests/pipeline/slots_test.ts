import { assert, assertEquals } from "@std/assert";
import { ReceiveSlots } from "../../src/pipeline/slots.ts";
import { Layout, SLOT_BYTES, SMALL_DIMENSIONS } from "../../src/ring/layout.ts";
import { DESCRIPTOR_WORDS, LENGTH, NIL, ROOM, START } from "../../src/ring/pool.ts";
import { Segment } from "../../src/wire/segment.ts";

const LARGE = 20_000;

function segmentIn(slots: ReceiveSlots): Segment {
  const segment = new Segment();
  segment.slot = slots.slots.take();
  assert(segment.slot !== NIL);
  return segment;
}

function slotsOf(count: number): ReceiveSlots {
  return new ReceiveSlots(new Layout({ ...SMALL_DIMENSIONS, slots: count }));
}

Deno.test("slots: a large frame is kept where it lies and given back once", () => {
  const memory = slotsOf(128);
  const segment = segmentIn(memory);
  const slot = segment.slot;
  assertEquals(memory.adoptFrame(segment, 12_345, LARGE), slot);
  assertEquals(segment.slot, NIL, "the segment no longer owns it");
  const at = memory.slots.table + slot * DESCRIPTOR_WORDS;
  const { words } = memory.slots;
  assertEquals([words[at + START], words[at + LENGTH], words[at + ROOM]], [12_345, LARGE, 0]);
  memory.recycle(segment);
  assertEquals([memory.slots.free, memory.heldBytes], [127, SLOT_BYTES]);
  memory.release(slot);
  assertEquals([memory.slots.free, memory.heldBytes], [128, 0]);
  const again = memory.slots.take();
  assertEquals(again, slot);
  assertEquals(words[at + START], memory.slots.blockStart(slot), "the next frame starts afresh");
});

Deno.test("slots: a small frame is not worth a slot, and one without a slot cannot be kept", () => {
  const memory = slotsOf(128);
  const segment = segmentIn(memory);
  assertEquals(memory.adoptFrame(segment, 0, 1448), NIL);
  assert(segment.slot !== NIL);
  memory.recycle(segment);
  assertEquals(memory.adoptFrame(segment, 0, LARGE), NIL);
  assertEquals([memory.slots.free, memory.heldBytes], [128, 0]);
});

Deno.test("slots: unread bytes can never hold the slots that input needs", () => {
  // Goal: readers that do not read must not stop the stack from receiving.
  for (const [count, keepable] of [[128, 64], [64, 0]]) {
    const memory = slotsOf(count);
    const kept: number[] = [];
    for (let i = 0; i < count; i++) {
      const segment = segmentIn(memory);
      const slot = memory.adoptFrame(segment, 0, LARGE);
      if (slot !== NIL) kept.push(slot);
      memory.recycle(segment);
    }
    assertEquals(kept.length, keepable);
    assertEquals(memory.slots.free, count - keepable);
    for (const slot of kept) memory.release(slot);
    assertEquals(memory.heldBytes, 0);
  }
});

Deno.test("slots: blocks of the receive pool go back to theirs", () => {
  const memory = slotsOf(64);
  const block = memory.pool.take();
  assert(!memory.slots.owns(block));
  assertEquals(memory.heldBytes, memory.pool.blockBytes);
  memory.release(block);
  assertEquals([memory.heldBytes, memory.slots.free], [0, 64]);
});
