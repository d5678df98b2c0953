import { assertEquals, assertThrows } from "@std/assert";
import { forSeeds } from "./seeds.ts";

Deno.test("Goal: a failure names the seed that repeats it, and each seed has its own numbers", () => {
  const first: number[] = [];
  forSeeds(3, (random) => first.push(random.uint32()));
  assertEquals(new Set(first).size, first.length);
  const failing = () =>
    forSeeds(3, (_, seed) => {
      throw new Error(`seed ${seed} is bad`);
    });
  assertThrows(failing, Error, "WOSHOU_SEED=");
});
