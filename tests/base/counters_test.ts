import { assert, assertEquals } from "@std/assert";
import {
  Counter,
  COUNTER_SLOTS,
  counterNames,
  Counters,
  sumCounters,
} from "../../src/base/counters.ts";
import { Drop, dropNames } from "../../src/base/drops.ts";

Deno.test("Goal: counters and drop reasons are numbered without gaps, and their names match", () => {
  assertEquals(Object.values(Counter), counterNames.map((_, index) => index));
  assertEquals(Object.values(Drop), dropNames.map((_, index) => index));
  assertEquals(counterNames[Counter.bytesOut], "bytesOut");
  assertEquals(dropNames[Drop.tcpChecksumInvalid], "tcpChecksumInvalid");
  assertEquals(Drop.none, 0);
});

Deno.test("Goal: no two counters or drop reasons share a slot, and all slots are inside", () => {
  const used = new Set<number>();
  const slotOf = (counters: Counters) => {
    const slots = [...counters.slots.keys()].filter((slot) => counters.slots[slot] !== 0);
    assertEquals(slots.length, 1);
    used.add(slots[0]);
  };
  for (const counter of Object.values(Counter)) {
    const counters = new Counters();
    counters.count(counter);
    slotOf(counters);
  }
  for (const reason of Object.values(Drop)) {
    const counters = new Counters();
    counters.drop(reason);
    slotOf(counters);
  }
  assertEquals(used.size, counterNames.length + dropNames.length);
  assert(Math.max(...used) < COUNTER_SLOTS);
});

Deno.test("Goal: counts and amounts add up, beyond 32 bits too", () => {
  const counters = new Counters();
  assertEquals(counters.value(Counter.bytesIn), 0);
  counters.count(Counter.framesIn);
  counters.count(Counter.framesIn);
  counters.add(Counter.bytesIn, 2 ** 40);
  counters.add(Counter.bytesIn, 1);
  counters.drop(Drop.ipFragment);
  counters.dropMany(Drop.ipFragment, 4);
  assertEquals(counters.value(Counter.framesIn), 2);
  assertEquals(counters.value(Counter.bytesIn), 2 ** 40 + 1);
  assertEquals(counters.drops(Drop.ipFragment), 5);
  assertEquals(counters.drops(Drop.ipChecksumInvalid), 0);
});

Deno.test("Goal: counters over shared memory are seen by another set over the same memory", () => {
  const shared = new SharedArrayBuffer(COUNTER_SLOTS * Float64Array.BYTES_PER_ELEMENT);
  const writer = new Counters(new Float64Array(shared));
  const reader = new Counters(new Float64Array(shared));
  writer.add(Counter.segmentsOut, 7);
  writer.drop(Drop.rateLimited);
  assertEquals(reader.value(Counter.segmentsOut), 7);
  assertEquals(reader.drops(Drop.rateLimited), 1);
});

Deno.test("Goal: sums name every counter, and only the drop reasons that occurred", () => {
  const one = new Counters();
  const two = new Counters();
  one.add(Counter.framesIn, 10);
  two.add(Counter.framesIn, 5);
  two.count(Counter.keepaliveProbes);
  one.drop(Drop.tcpOutOfWindow);
  two.dropMany(Drop.tcpOutOfWindow, 2);
  two.drop(Drop.frameTruncated);
  const totals = sumCounters([one, two]);
  assertEquals(Object.keys(totals.counters), [...counterNames]);
  assertEquals(totals.counters.framesIn, 15);
  assertEquals(totals.counters.keepaliveProbes, 1);
  assertEquals(totals.counters.framesOut, 0);
  assertEquals(totals.drops, { frameTruncated: 1, tcpOutOfWindow: 3 });
});

Deno.test("Goal: what was not dropped is no drop, and no sets have no counts", () => {
  const counters = new Counters();
  counters.drop(Drop.none);
  assertEquals(sumCounters([counters]).drops, {});
  const empty = sumCounters([]);
  assertEquals(empty.drops, {});
  assert(Object.values(empty.counters).every((value) => value === 0));
});
