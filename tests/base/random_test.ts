import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { SeededRandom, systemRandom } from "../../src/base/random.ts";

const SEED = 12345;

function take(random: SeededRandom, count: number): number[] {
  return Array.from({ length: count }, () => random.uint32());
}

/** xoshiro128** as its authors publish it, in big integers, from a given state. */
function naiveXoshiro(state: readonly number[], count: number): number[] {
  const word = (n: bigint) => BigInt.asUintN(32, n);
  const rotate = (n: bigint, by: bigint) => word((n << by) | (n >> (32n - by)));
  const s = state.map((n) => word(BigInt(n)));
  return Array.from({ length: count }, () => {
    const result = word(rotate(word(s[1] * 5n), 7n) * 9n);
    const t = word(s[1] << 9n);
    s[2] ^= s[0], s[3] ^= s[1], s[1] ^= s[2], s[0] ^= s[3], s[2] ^= t;
    s[3] = rotate(s[3], 11n);
    return Number(result);
  });
}

/** The seed spread over the four words of the state. */
function naiveState(seed: number): number[] {
  const multiply = (a: bigint, b: bigint) => BigInt.asUintN(32, a * b);
  const words = [1n, 2n, 3n, 4n].map((step) => {
    const z = BigInt.asUintN(32, BigInt(seed) + step * 0x9e3779b9n);
    let x = z ^ (z >> 16n);
    x = multiply(x, 0x21f0aaadn);
    x = multiply(x ^ (x >> 15n), 0x735a2d97n);
    return Number(x ^ (x >> 15n));
  });
  return [words[0], words[1], words[2], words[3] | 1];
}

Deno.test("Goal: a seeded generator is xoshiro128** over the spread seed, as in any earlier run", () => {
  for (const seed of [0, 1, 2, SEED, -1, 2 ** 31, 2 ** 32 - 1]) {
    const expected = naiveXoshiro(naiveState(seed), 50);
    assertEquals(take(new SeededRandom(seed), 50), expected, `seed ${seed}`);
  }
});

Deno.test("Goal: the same seed gives the same run, another seed an unrelated one", () => {
  assertEquals(take(new SeededRandom(SEED), 20), take(new SeededRandom(SEED), 20));
  const seen = new Set<number>();
  for (let seed = 0; seed < 1000; seed++) seen.add(new SeededRandom(seed).uint32());
  assert(seen.size > 990, `${1000 - seen.size} of 1000 seeds begin alike`);
});

Deno.test("Goal: numbers are whole, from 0 to 2^32 - 1, with each bit set half of the time", () => {
  const random = new SeededRandom(SEED);
  const set = new Array<number>(32).fill(0);
  for (let i = 0; i < 10_000; i++) {
    const n = random.uint32();
    assert(Number.isInteger(n) && n >= 0 && n < 2 ** 32, `${n} (seed ${SEED})`);
    for (let bit = 0; bit < 32; bit++) set[bit] += (n >>> bit) & 1;
  }
  // The standard deviation is 50.
  for (const count of set) assert(Math.abs(count - 5000) < 300, `${count} (seed ${SEED})`);
});

Deno.test("Goal: fractions stay below 1, integers take both ends and nothing beyond", () => {
  const random = new SeededRandom(SEED);
  const seen = new Map<number, number>();
  for (let i = 0; i < 6000; i++) {
    const fraction = random.fraction();
    assert(fraction >= 0 && fraction < 1, `${fraction} (seed ${SEED})`);
    const n = random.integer(-2, 3);
    seen.set(n, (seen.get(n) ?? 0) + 1);
  }
  assertEquals([...seen.keys()].toSorted((a, b) => a - b), [-2, -1, 0, 1, 2, 3]);
  for (const [n, count] of seen) assert(Math.abs(count - 1000) < 200, `${n} came ${count} times`);
  assertEquals(random.integer(7, 7), 7);
  const wide = random.integer(0, 2 ** 40);
  assert(Number.isInteger(wide) && wide >= 0 && wide <= 2 ** 40);
});

Deno.test("Goal: the system's numbers are whole 32-bit ones, and its pool is refilled, not repeated", () => {
  const numbers = Array.from({ length: 1000 }, () => systemRandom.uint32());
  for (const n of numbers) assert(Number.isInteger(n) && n >= 0 && n < 2 ** 32, `${n}`);
  // Of 1000 numbers out of 2^32 two are equal with a chance of one in 8600, ten practically never.
  assert(new Set(numbers).size > 990);
  assertNotEquals(numbers.slice(0, 256), numbers.slice(256, 512));
});
