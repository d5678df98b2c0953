import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/base/random.ts";
import { FrameStore } from "../../src/device/frame_store.ts";

Deno.test("a frame store never gives a slot twice, and bounds how many it gives", () => {
  // Goal: under random taking and releasing, slots are distinct places and the bound holds.
  const seed = 77;
  const random = new SeededRandom(seed);
  const capacity = 400;
  const store = new FrameStore(1500, capacity);
  const taken = new Map<number, number>();
  for (let step = 0; step < 30_000; step++) {
    const about = `seed ${seed}, step ${step}`;
    if (random.fraction() < 0.52) {
      const slot = store.take();
      assertEquals(slot >= 0, taken.size < capacity, about);
      if (slot < 0) continue;
      assertEquals(taken.has(slot), false, about);
      taken.set(slot, step);
      const place = new DataView(store.bytesOf(slot).buffer, store.offsetOf(slot), 1500);
      place.setUint32(0, step);
      place.setUint32(1496, step);
    } else if (taken.size > 0) {
      const slots = [...taken.keys()];
      const slot = slots[random.integer(0, slots.length - 1)];
      const place = new DataView(store.bytesOf(slot).buffer, store.offsetOf(slot), 1500);
      assertEquals(
        [place.getUint32(0), place.getUint32(1496)],
        Array(2).fill(taken.get(slot)),
        about,
      );
      store.release(slot);
      taken.delete(slot);
    }
    assertEquals(store.taken, taken.size, about);
  }
});

Deno.test("storage follows the frames held at a time, not those that passed", () => {
  // Goal: a long run with few frames at a time uses one block again and again.
  const store = new FrameStore(1500, 10_000);
  const buffers = new Set<ArrayBufferLike>();
  for (let i = 0; i < 20_000; i++) {
    const slots = [store.take(), store.take(), store.take()];
    for (const slot of slots) {
      buffers.add(store.bytesOf(slot).buffer);
      store.release(slot);
    }
  }
  assertEquals(buffers.size, 1);
});
