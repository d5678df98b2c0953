import { assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { halfSipHash13, SipHash24 } from "../../src/base/siphash.ts";

const SEED = 0x51b4a54;

/** The message of the published vectors, bytes 0, 1, 2, ..., as little-endian words. */
function countingWords(count: number): Int32Array {
  const words = new Int32Array(count);
  for (let i = 0; i < count; i++) words[i] = 0x03020100 + Math.imul(i, 0x04040404);
  return words;
}

function sipHash24(key: readonly number[], words: Iterable<number>): SipHash24 {
  const hash = new SipHash24(key[0], key[1], key[2], key[3]);
  hash.start();
  for (const word of words) hash.word(word);
  hash.finish();
  return hash;
}

/** The 64-bit result as the bytes that the vectors print: little-endian. */
function resultHex(hash: SipHash24): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setInt32(0, hash.low, true);
  view.setInt32(4, hash.high, true);
  let hex = "";
  for (let i = 0; i < 8; i++) hex += view.getUint8(i).toString(16).padStart(2, "0");
  return hex;
}

/** SipHash-2-4 of the authors' test program: key 00..0f, message 00, 01, ... of 0, 4, 8, ... 60 bytes. */
const SIPHASH_24_VECTORS = [
  "310e0edd47db6f72",
  "b7877127e09427cf",
  "6224939a79f5f593",
  "fbe50e86bc8f1e75",
  "db9bc2577fcc2a3f",
  "98eea21af25cd6be",
  "94af49f6c650adb8",
  "a5c91da7acaa4dde",
  "ce7cf2722f512771",
  "b4a31508beff4d31",
  "d0a704536ba93e0e",
  "f21df2e41d4535f9",
  "51a9cb9ecba312e6",
  "b274cb8ebf87870a",
  "bd838d3aafbf8db7",
  "e1915f5cb1eca46c",
];

/**
 * HalfSipHash with 32 bits of output, key 00..07, same messages: 1-3 as the Linux kernel's self-test
 * has it, and 2-4 as the authors' test program has it. The second set checks the twin below.
 */
const HALF_13_VECTORS = [
  0x5814c896,
  0x7e059ea6,
  0x577999b1,
  0x6b28096c,
  0x8b31d501,
  0x911bb605,
  0x57150ad7,
  0x0a4100d0,
  0xbc6dda8d,
  0x7c46fb7f,
  0x05327eb2,
  0x11795ab1,
  0x007783eb,
  0xc368dda6,
  0x53ecd77e,
  0x88b4c4cc,
];
const HALF_24_VECTORS = [
  "a9359f5b",
  "2a6e4689",
  "d0b8848f",
  "57f0872f",
  "d9b5ac84",
  "e34d1045",
  "27400c63",
  "b0644000",
  "fee72112",
  "e75cc6ec",
  "b6bc1840",
  "7705d548",
  "69e12ce3",
  "3b85f3d4",
  "a5c5b940",
  "d4e76c73",
];

/** What the twin needs to know of a member of the family. */
interface Variant {
  readonly bits: 32 | 64;
  readonly rotations: readonly number[];
  readonly init: readonly bigint[];
  readonly compressionRounds: number;
  readonly finalRounds: number;
}

const SIP: Omit<Variant, "compressionRounds" | "finalRounds"> = {
  bits: 64,
  rotations: [13, 32, 16, 21, 17, 32],
  init: [0x736f6d6570736575n, 0x646f72616e646f6dn, 0x6c7967656e657261n, 0x7465646279746573n],
};
const HALF: Omit<Variant, "compressionRounds" | "finalRounds"> = {
  bits: 32,
  rotations: [5, 16, 8, 7, 13, 16],
  init: [0n, 0n, 0x6c796765n, 0x74656462n],
};

/** The naive twin: the specification over byte strings in big integers, without any cleverness. */
function naiveSipHash(variant: Variant, key: Uint8Array, message: Uint8Array): bigint {
  const { bits, rotations } = variant;
  const size = bits / 8;
  const load = (bytes: Uint8Array, offset: number) => {
    let value = 0n;
    for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[offset + i]);
    return value;
  };
  const rotate = (x: bigint, by: number) =>
    BigInt.asUintN(bits, (x << BigInt(by)) | (x >> BigInt(bits - by)));
  const k0 = load(key, 0);
  const k1 = load(key, size);
  let [v0, v1, v2, v3] = variant.init;
  v0 ^= k0, v1 ^= k1, v2 ^= k0, v3 ^= k1;
  const round = () => {
    v0 = BigInt.asUintN(bits, v0 + v1), v1 = rotate(v1, rotations[0]) ^ v0;
    v0 = rotate(v0, rotations[1]);
    v2 = BigInt.asUintN(bits, v2 + v3), v3 = rotate(v3, rotations[2]) ^ v2;
    v0 = BigInt.asUintN(bits, v0 + v3), v3 = rotate(v3, rotations[3]) ^ v0;
    v2 = BigInt.asUintN(bits, v2 + v1), v1 = rotate(v1, rotations[4]) ^ v2;
    v2 = rotate(v2, rotations[5]);
  };
  const padded = new Uint8Array((Math.floor(message.length / size) + 1) * size);
  padded.set(message);
  padded[padded.length - 1] = message.length;
  for (let offset = 0; offset < padded.length; offset += size) {
    const block = load(padded, offset);
    v3 ^= block;
    for (let i = 0; i < variant.compressionRounds; i++) round();
    v0 ^= block;
  }
  v2 ^= 0xffn;
  for (let i = 0; i < variant.finalRounds; i++) round();
  return bits === 64 ? v0 ^ v1 ^ v2 ^ v3 : v1 ^ v3;
}

function bytesOf(words: ArrayLike<number>): Uint8Array {
  const view = new DataView(new ArrayBuffer(words.length * 4));
  for (let i = 0; i < words.length; i++) view.setInt32(i * 4, words[i], true);
  return new Uint8Array(view.buffer);
}

const word = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });

Deno.test("Goal: SipHash-2-4 gives the authors' vectors for messages of whole words", () => {
  const key = [...countingWords(4)];
  SIPHASH_24_VECTORS.forEach((expected, count) => {
    assertEquals(resultHex(sipHash24(key, countingWords(count))), expected, `${count} words`);
  });
});

Deno.test("Goal: HalfSipHash-1-3 gives the published vectors for messages of whole words", () => {
  HALF_13_VECTORS.forEach((expected, count) => {
    const actual = halfSipHash13(0x03020100, 0x07060504, countingWords(count), count);
    assertEquals(actual, expected | 0, `${count} words`);
  });
});

Deno.test("Goal: the naive twin is right itself: it gives the authors' vectors of both hashes", () => {
  const key = bytesOf(countingWords(4));
  for (let count = 0; count < 16; count++) {
    const message = bytesOf(countingWords(count));
    const half = naiveSipHash({ ...HALF, compressionRounds: 2, finalRounds: 4 }, key, message);
    const halfBytes = bytesOf([Number(half) | 0]);
    const hex = [...halfBytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    assertEquals(hex, HALF_24_VECTORS[count], `HalfSipHash-2-4, ${count} words`);
    const full = naiveSipHash({ ...SIP, compressionRounds: 2, finalRounds: 4 }, key, message);
    const swapped = full.toString(16).padStart(16, "0").match(/../g)?.reverse().join("");
    assertEquals(swapped, SIPHASH_24_VECTORS[count], `SipHash-2-4, ${count} words`);
  }
});

Deno.test("Goal: both hashes agree with the twin for random keys and messages", () => {
  const variant24 = { ...SIP, compressionRounds: 2, finalRounds: 4 };
  const variant13 = { ...HALF, compressionRounds: 1, finalRounds: 3 };
  fc.assert(
    fc.property(
      fc.array(word, { minLength: 4, maxLength: 4 }),
      fc.array(word, { maxLength: 63 }),
      (key, words) => {
        const hash = sipHash24(key, words);
        const full = naiveSipHash(variant24, bytesOf(key), bytesOf(words));
        assertEquals(hash.low, Number(BigInt.asIntN(32, full)));
        assertEquals(hash.high, Number(BigInt.asIntN(32, full >> 32n)));
        const half = naiveSipHash(variant13, bytesOf(key), bytesOf(words));
        const actual = halfSipHash13(key[0], key[1], Int32Array.from(words), words.length);
        assertEquals(actual, Number(BigInt.asIntN(32, half)));
      },
    ),
    { seed: SEED, numRuns: 300 },
  );
});

Deno.test("Goal: one SipHash24 hashes message after message, whatever the one before left", () => {
  const key = [1, -2, 3, -4];
  const hash = new SipHash24(1, -2, 3, -4);
  for (const words of [[5], [6, 7], [], [-8, 9, 10], [5]]) {
    hash.start();
    words.forEach((word) => hash.word(word));
    assertEquals(hash.finish(), sipHash24(key, words).low);
    assertEquals(hash.high, sipHash24(key, words).high);
  }
  // A message that was abandoned in the middle of a block leaves nothing behind.
  hash.start();
  hash.word(77);
  hash.start();
  assertEquals(hash.finish(), sipHash24(key, []).low);
});

Deno.test("Goal: unsigned and signed forms of the same word are the same message and key", () => {
  const signed = sipHash24([-1, -2, -3, -4], [-5, -6]);
  const unsigned = sipHash24([-1 >>> 0, -2 >>> 0, -3 >>> 0, -4 >>> 0], [-5 >>> 0, -6 >>> 0]);
  assertEquals([signed.low, signed.high], [unsigned.low, unsigned.high]);
  const words = Int32Array.of(-5, -6);
  assertEquals(halfSipHash13(-1, -2, words, 2), halfSipHash13(-1 >>> 0, -2 >>> 0, words, 2));
});

Deno.test("Goal: trailing zero words change the hash, so that no message is another's padding", () => {
  const zeros = new Int32Array(8);
  const half = new Set<number>();
  const full = new Set<string>();
  for (let count = 0; count <= 8; count++) {
    half.add(halfSipHash13(0, 0, zeros, count));
    full.add(resultHex(sipHash24([0, 0, 0, 0], zeros.slice(0, count))));
  }
  assertEquals(half.size, 9);
  assertEquals(full.size, 9);
});

Deno.test("Goal: each bit of key and message changes about half of the bits of the result", () => {
  const base = Int32Array.of(10, 20, 30);
  const reference = halfSipHash13(1, 2, base, 3);
  let flipped = 0;
  for (let bit = 0; bit < 160; bit++) {
    const words = base.slice();
    const key = [1, 2];
    if (bit < 96) words[bit >> 5] ^= 1 << (bit & 31);
    else key[(bit - 96) >> 5] ^= 1 << (bit & 31);
    const changed = halfSipHash13(key[0], key[1], words, 3);
    assertNotEquals(changed, reference, `bit ${bit}`);
    for (let rest = changed ^ reference; rest !== 0; rest &= rest - 1) flipped++;
  }
  // 160 times 32 bits at one half: 2560, with a standard deviation of 36.
  assertEquals(Math.abs(flipped - 2560) < 250, true, `${flipped} bits flipped`);
});
