import { assert, assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { type Random, SeededRandom } from "../../src/base/random.ts";
import { seqDiff, seqLt } from "../../src/base/seq.ts";
import { FixedIsn, IsnGenerator, type IsnSource } from "../../src/tcp/isn.ts";

const SEED = 0x69736e;

/** Gives the words of a key of known bytes, 00, 01, ... 0f. */
class CountingRandom implements Random {
  #next = 0x03020100;

  uint32(): number {
    const word = this.#next;
    this.#next += 0x04040404;
    return word;
  }
}

/** The number for IPv4 10.7.0.2:80 and a remote address and port. */
function isnFor(source: IsnSource, remote: number, remotePort: number, nowUs: number): number {
  return source.next(0, 0, 0xffff, 0x0a070002, 0, 0, 0xffff, remote, 80, remotePort, nowUs);
}

Deno.test("Goal: the hash part is SipHash-2-4: the authors' vector of 36 bytes comes out", () => {
  // Words that are the bytes 00, 01, ... 23, of which the ports are the last: 0x2322 and 0x2120.
  const word = (i: number) => 0x03020100 + i * 0x04040404;
  const isn = new IsnGenerator(new CountingRandom());
  const words = [0, 1, 2, 3, 4, 5, 6, 7].map(word);
  const [a, b, c, d, e, f, g, h] = words;
  // The first four bytes of the vector, b4 a3 15 08, in little-endian order.
  const expected = 0x0815a3b4;
  assertEquals(isn.next(a, b, c, d, e, f, g, h, 0x2322, 0x2120, 0), expected);
  assertEquals(isn.next(a, b, c, d, e, f, g, h, 0x2322, 0x2120, 4), expected + 1);
  assertEquals(isn.next(a, b, c, d, e, f, g, h, 0x2322, 0x2120, 4 * 2 ** 31), expected - 2 ** 31);
});

Deno.test("Goal: the numbers of one four-tuple follow the clock: one step in 4 us, modulo 2^32", () => {
  const isn = new IsnGenerator(new SeededRandom(SEED));
  fc.assert(
    fc.property(
      fc.integer(),
      fc.integer({ min: 1, max: 65535 }),
      fc.integer({ min: 0, max: 2 ** 50 }),
      fc.integer({ min: 4, max: 2 ** 32 }),
      (remote, port, nowUs, laterUs) => {
        const first = isnFor(isn, remote, port, nowUs);
        const second = isnFor(isn, remote, port, nowUs + laterUs);
        assertEquals(first, first | 0);
        const steps = Math.floor((nowUs + laterUs) / 4) - Math.floor(nowUs / 4);
        assertEquals(seqDiff(second, first), steps | 0);
        if (steps < 2 ** 31) assert(seqLt(first, second));
      },
    ),
    { seed: SEED, numRuns: 500 },
  );
});

Deno.test("Goal: within 4 us the number stays the same, at 4 us it goes up by one", () => {
  const isn = new IsnGenerator(new SeededRandom(SEED));
  const numbers = [1000, 1001, 1003, 1004, 1007, 1008].map((now) => isnFor(isn, 1, 2, now));
  assertEquals(numbers.map((n) => seqDiff(n, numbers[0])), [0, 0, 0, 1, 1, 2]);
});

Deno.test("Goal: each part of the four-tuple counts", () => {
  const isn = new IsnGenerator(new SeededRandom(SEED));
  const at = (t: number[]) =>
    isn.next(t[0], t[1], t[2], t[3], t[4], t[5], t[6], t[7], t[8], t[9], 0);
  const base = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  const numbers = new Set([at(base)]);
  for (let place = 0; place < 10; place++) {
    numbers.add(at(base.map((word, i) => i === place ? word + 1 : word)));
  }
  assertEquals(numbers.size, 11);
  assertEquals(at(base), at(base));
});

Deno.test("Goal: neighbouring ports and other secrets give numbers far apart, in all of 32 bits", () => {
  const one = new IsnGenerator(new SeededRandom(SEED));
  const two = new IsnGenerator(new SeededRandom(SEED + 1));
  let near = 0;
  let ones = 0;
  for (let port = 1024; port < 5024; port++) {
    const isn = isnFor(one, 1, port, 0);
    if (Math.abs(seqDiff(isnFor(one, 1, port + 1, 0), isn)) < 2 ** 20) near++;
    if (Math.abs(seqDiff(isnFor(two, 1, port, 0), isn)) < 2 ** 20) near++;
    for (let rest = isn; rest !== 0; rest &= rest - 1) ones++;
  }
  // 8000 differences, each this small with a chance of one in 2048: 4 are expected.
  assert(near < 20, `${near} of 8000 differences below 2^20`);
  // 4000 times 32 bits at one half: 64000, with a standard deviation of 179.
  assert(Math.abs(ones - 64_000) < 1200, `${ones} bits of 128000 are set`);
});

Deno.test("Goal: the same secret gives the same numbers, so that a run can be repeated", () => {
  const one = new IsnGenerator(new SeededRandom(SEED));
  const two = new IsnGenerator(new SeededRandom(SEED));
  assertEquals(isnFor(one, 7, 8, 9_000), isnFor(two, 7, 8, 9_000));
  assertNotEquals(isnFor(one, 7, 8, 9_000), isnFor(one, 7, 8, 10_000));
});

Deno.test("Goal: a fixed source gives one number, as a signed one, whatever it is asked", () => {
  const isn = new FixedIsn(0xffff_fff0);
  assertEquals(isnFor(isn, 1, 2, 3), -16);
  assertEquals(isnFor(isn, 4, 5, 6_000_000), -16);
});
