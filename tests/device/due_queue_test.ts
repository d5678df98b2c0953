import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/base/random.ts";
import { DueQueue } from "../../src/device/due_queue.ts";

Deno.test("a due queue gives what a stable sort gives", () => {
  // Goal: under random adding and removing, with many equal times, the order is by time, then by arrival.
  const seed = 4711;
  const random = new SeededRandom(seed);
  const capacity = 50;
  const queue = new DueQueue(capacity);
  const twin: { due: number; item: number }[] = [];
  for (let step = 0; step < 50_000; step++) {
    const about = `seed ${seed}, step ${step}`;
    if (random.fraction() < 0.52) {
      const due = random.integer(0, 20);
      assertEquals(queue.add(due, step), twin.length < capacity, about);
      if (twin.length < capacity) {
        const behind = twin.findIndex((entry) => entry.due > due);
        twin.splice(behind < 0 ? twin.length : behind, 0, { due, item: step });
      }
    } else {
      assertEquals(queue.nextDue(), twin[0]?.due ?? Infinity, about);
      assertEquals(queue.removeFirst(), twin.shift()?.item ?? -1, about);
    }
    assertEquals(queue.count, twin.length, about);
  }
});
