import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  seqAdd,
  seqDiff,
  seqGe,
  seqGt,
  seqInRange,
  seqLe,
  seqLt,
  seqMin,
  seqText,
} from "../../src/base/seq.ts";

const SEED = 0x736571;
const LAST = -1; // 0xffffffff
const HALF = 0x7fff_ffff;

const seq = fc.oneof(
  fc.constantFrom(0, 1, -1, HALF, HALF - 1, -HALF - 1, -HALF),
  fc.integer({ min: -HALF - 1, max: HALF }),
);

Deno.test("Goal: sums and differences go around at 2^32 and stay signed 32-bit numbers", () => {
  assertEquals(seqAdd(LAST, 1), 0);
  assertEquals(seqAdd(0, -1), LAST);
  assertEquals(seqAdd(HALF, 1), -HALF - 1);
  assertEquals(seqAdd(5, 2 ** 32), 5);
  assertEquals(seqDiff(0, LAST), 1);
  assertEquals(seqDiff(LAST, 0), -1);
  assertEquals(seqDiff(-HALF - 1, HALF), 1);
});

Deno.test("Goal: order holds over the wrap from 2^32 - 1 to 0 and over the change of sign", () => {
  for (const [earlier, later] of [[LAST, 0], [HALF, -HALF - 1], [-5, 5], [0, HALF]]) {
    assertEquals(seqLt(earlier, later), true);
    assertEquals(seqLt(later, earlier), false);
    assertEquals(seqLe(earlier, later), true);
    assertEquals(seqLe(later, earlier), false);
    assertEquals(seqGt(later, earlier), true);
    assertEquals(seqGt(earlier, later), false);
    assertEquals(seqGe(later, earlier), true);
    assertEquals(seqGe(earlier, later), false);
    assertEquals(seqMin(earlier, later), earlier);
    assertEquals(seqMin(later, earlier), earlier);
  }
});

Deno.test("Goal: a number is neither before nor after itself", () => {
  for (const a of [0, LAST, HALF, -HALF - 1]) {
    assertEquals([seqLt(a, a), seqLe(a, a), seqGt(a, a), seqGe(a, a)], [false, true, false, true]);
    assertEquals(seqMin(a, a), a);
  }
});

Deno.test("Goal: arithmetic agrees with big integers modulo 2^32 for any numbers", () => {
  const modulo = (n: bigint) => Number(BigInt.asIntN(32, n));
  fc.assert(
    fc.property(seq, seq, fc.integer({ min: 0, max: 2 ** 31 - 1 }), (a, b, n) => {
      assertEquals(seqAdd(a, n), modulo(BigInt(a) + BigInt(n)));
      assertEquals(seqDiff(a, b), modulo(BigInt(a) - BigInt(b)));
      assertEquals(seqDiff(seqAdd(a, n), a), n);
      const later = seqAdd(a, n);
      assertEquals(seqLt(a, later), n > 0);
      assertEquals(seqGe(later, a), true);
      assertEquals(seqMin(a, later), a);
    }),
    { seed: SEED, numRuns: 1000 },
  );
});

Deno.test("Goal: a range holds its low end and not its high end, also when it goes around", () => {
  for (const low of [0, -2, LAST, HALF, 1000]) {
    const high = seqAdd(low, 3);
    const held = [-1, 0, 1, 2, 3, 4].map((n) => seqInRange(seqAdd(low, n), low, high));
    assertEquals(held, [false, true, true, true, false, false]);
    assertEquals(seqInRange(low, low, low), false, "an empty range holds nothing");
  }
});

Deno.test("Goal: sequence numbers print unsigned", () => {
  assertEquals([0, 1, LAST, HALF, -HALF - 1].map(seqText), [
    "0",
    "1",
    "4294967295",
    "2147483647",
    "2147483648",
  ]);
});
