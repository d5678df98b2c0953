import { assertEquals, assertThrows } from "@std/assert";
import type { SeededRandom } from "../../src/base/random.ts";
import { LibcCopier } from "../../src/device/libc_copier.ts";
import { ArrayCopier } from "../../src/ring/copier.ts";
import { forSeeds } from "../support/seeds.ts";

const SIZE = 1 << 18;

Deno.test("Goal: the C library copies the same bytes to the same places as the engine does", () => {
  forSeeds(50, (random: SeededRandom) => {
    const memories = [0, 1].map(() => new Uint8Array(new SharedArrayBuffer(SIZE)));
    const copiers = [new LibcCopier(memories[0]), new ArrayCopier(memories[1])];
    for (let round = 0; round < 20; round++) {
      // Around the size from which on memcpy is called, and far beyond it.
      const length = random.integer(0, 1) === 0
        ? random.integer(8100, 8300)
        : random.integer(0, 70_000);
      const source = Uint8Array.from({ length: length + 10 }, () => random.uint32());
      const from = random.integer(0, 10);
      const offset = random.integer(0, SIZE - length);
      for (const copier of copiers) copier.write(source, from, offset, length);
      const targets = copiers.map((copier) => {
        const target = new Uint8Array(length + 10);
        copier.read(offset, target, from, length);
        return target;
      });
      assertEquals(targets[0], targets[1]);
    }
    assertEquals(memories[0], memories[1]);
  });
});

Deno.test("Goal: a range beyond either memory is refused before the C library sees it", () => {
  const copier = new LibcCopier(new Uint8Array(new SharedArrayBuffer(SIZE)));
  const array = new Uint8Array(20_000);
  assertThrows(() => copier.read(SIZE - 9000, array, 0, 10_000), RangeError, "10000 bytes");
  assertThrows(() => copier.read(-1, array, 0, 10_000), RangeError);
  assertThrows(() => copier.read(0, array, 15_000, 10_000), RangeError);
  assertThrows(() => copier.write(array, 15_000, 0, 10_000), RangeError);
  assertThrows(() => copier.write(array, 0, SIZE - 1, 10_000), RangeError);
});
