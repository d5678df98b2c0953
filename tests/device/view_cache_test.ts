import { assert, assertEquals } from "@std/assert";
import { ViewCache } from "../../src/device/view_cache.ts";

Deno.test("a view cache gives a place its view from the second time on, and the same each time", () => {
  const memory = new Uint8Array(1 << 20);
  const cache = new ViewCache(memory);
  assertEquals(cache.from(4096), null);
  const view = cache.from(4096);
  assert(view !== null);
  assertEquals([view.byteOffset, view.byteLength], [4096, memory.length - 4096]);
  assert(cache.from(4096) === view);
});

Deno.test("places that never come again push out none that do", () => {
  // Goal: neither views nor garbage for a stream of payload places between a pool's slots.
  const memory = new Uint8Array(1 << 24);
  const cache = new ViewCache(memory);
  const slots = Array.from({ length: 64 }, (_, i) => 2048 * i);
  for (let round = 0; round < 3; round++) slots.forEach((slot) => cache.from(slot));
  const views = slots.map((slot) => cache.from(slot));
  for (let place = 1; place < memory.length; place += 62) assertEquals(cache.from(place), null);
  const kept = slots.filter((slot, i) => views[i] !== null && cache.from(slot) === views[i]);
  assertEquals(kept.length, views.filter((view) => view !== null).length);
  assert(kept.length >= 60, `only ${kept.length} of 64 slots have a view`);
});

Deno.test("two frequent places that share an entry do not push each other out", () => {
  // Goal: no new view for each call when a pool's slots collide; one of the two goes without.
  const cache = new ViewCache(new Uint8Array(1 << 24));
  const entry = (offset: number) => Math.imul(offset, 0x9e3779b1) >>> 21;
  let other = 4097;
  while (entry(other) !== entry(4096)) other++;
  cache.from(4096);
  const view = cache.from(4096);
  for (let round = 0; round < 10; round++) {
    assertEquals(cache.from(other), null);
    assert(cache.from(4096) === view);
  }
});
