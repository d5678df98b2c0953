/**
 * Keyed hashes over 32-bit words: what makes hash tables, initial sequence numbers and SYN cookies
 * unpredictable to somebody who chooses the addresses and ports.
 *
 * - {@link halfSipHash13} for hash tables: HalfSipHash-1-3, a 64-bit key, 32 bits out. Its key is too
 *   short for anything whose output a peer sees.
 * - {@link SipHash24} for what peers see: SipHash-2-4, a 128-bit key, 64 bits out.
 *
 * Both are as in Aumasson and Bernstein, "SipHash: a fast short-input PRF" (2012), with HalfSipHash as
 * its authors published it later. A message is a row of 32-bit words, which stands for the bytes of the
 * words in little-endian order; the number of words is part of the hash, so that messages of different
 * lengths never share a result by padding.
 *
 * All arithmetic is on 32 bits: a 64-bit word of SipHash is a pair of signed 32-bit halves.
 */

// The constants of the initial state, "somepseudorandomlygeneratedbytes", as 32-bit halves.
const INIT_0_HIGH = 0x736f6d65;
const INIT_0_LOW = 0x70736575;
const INIT_1_HIGH = 0x646f7261;
const INIT_1_LOW = 0x6e646f6d;
const INIT_2_HIGH = 0x6c796765;
const INIT_2_LOW = 0x6e657261;
const INIT_3_HIGH = 0x74656462;
const INIT_3_LOW = 0x79746573;

/** Rounds after the last word of HalfSipHash-1-3, and after each word and the last of SipHash-2-4. */
const HALF_FINAL_ROUNDS = 3;
const COMPRESSION_ROUNDS = 2;
const FINAL_ROUNDS = 4;

/**
 * HalfSipHash-1-3 of the first `count` words of `words` under the key (`key0`, `key1`): 32 bits, signed.
 * `count` is at most 63, since the last block holds the message's length in bytes modulo 256.
 */
export function halfSipHash13(
  key0: number,
  key1: number,
  words: Int32Array,
  count: number,
): number {
  let v0 = key0 | 0;
  let v1 = key1 | 0;
  let v2 = INIT_2_HIGH ^ key0;
  let v3 = INIT_3_HIGH ^ key1;
  // One round for each word, one for the block that holds the length, then the final rounds, which are
  // rounds over the word 0: one loop has them all, so that the round stands here only once.
  const rounds = count + 1 + HALF_FINAL_ROUNDS;
  for (let i = 0; i < rounds; i++) {
    const word = i < count ? words[i] : i === count ? count << 26 : 0;
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
    if (i === count) v2 ^= 0xff;
  }
  return v1 ^ v3;
}

/**
 * SipHash-2-4 under one key, for one message after another: `start`, any number of `word`s, `finish`.
 *
 * ```text
 *   state   [0]  [1]   [2]  [3]   [4]  [5]   [6]  [7]
 *           v0         v1         v2         v3
 *           low  high  low  high  low  high  low  high
 * ```
 */
export class SipHash24 {
  /** The low 32 bits of the last result, signed: what `finish` returned. */
  low = 0;
  /** The high 32 bits of the last result, signed. */
  high = 0;
  readonly #key: Int32Array;
  readonly #state = new Int32Array(8);
  /** Words of the message so far. */
  #count = 0;
  /** The word that waits for the second half of its 64-bit block, when `#count` is odd. */
  #pending = 0;

  /** The key, 128 bits: `key0` holds its first four bytes in little-endian order. */
  constructor(key0: number, key1: number, key2: number, key3: number) {
    this.#key = Int32Array.of(key0, key1, key2, key3);
  }

  /** Begins a message. */
  start(): void {
    const key = this.#key;
    const state = this.#state;
    state[0] = key[0] ^ INIT_0_LOW;
    state[1] = key[1] ^ INIT_0_HIGH;
    state[2] = key[2] ^ INIT_1_LOW;
    state[3] = key[3] ^ INIT_1_HIGH;
    state[4] = key[0] ^ INIT_2_LOW;
    state[5] = key[1] ^ INIT_2_HIGH;
    state[6] = key[2] ^ INIT_3_LOW;
    state[7] = key[3] ^ INIT_3_HIGH;
    this.#count = 0;
    this.#pending = 0;
  }

  /** Appends one 32-bit word to the message. */
  word(word: number): void {
    if ((this.#count & 1) === 0) this.#pending = word | 0;
    else this.#block(this.#pending, word | 0);
    this.#count++;
  }

  /** Ends the message; returns the low 32 bits of the hash and leaves all 64 in `low` and `high`. */
  finish(): number {
    // The last block: what is left of the message, and its length in bytes modulo 256 on top.
    this.#block((this.#count & 1) === 0 ? 0 : this.#pending, this.#count << 26);
    const state = this.#state;
    state[4] ^= 0xff;
    sipRounds(state, FINAL_ROUNDS);
    this.low = state[0] ^ state[2] ^ state[4] ^ state[6];
    this.high = state[1] ^ state[3] ^ state[5] ^ state[7];
    return this.low;
  }

  #block(low: number, high: number): void {
    const state = this.#state;
    state[6] ^= low;
    state[7] ^= high;
    sipRounds(state, COMPRESSION_ROUNDS);
    state[0] ^= low;
    state[1] ^= high;
  }
}

/** `rounds` SipRounds on the state. A half sum that is below its summand has carried. */
function sipRounds(state: Int32Array, rounds: number): void {
  let v0l = state[0], v0h = state[1], v1l = state[2], v1h = state[3];
  let v2l = state[4], v2h = state[5], v3l = state[6], v3h = state[7];
  for (let i = 0; i < rounds; i++) {
    let t = 0;
    // v0 += v1; v1 = (v1 <<< 13) ^ v0; v0 <<<= 32, which swaps its halves.
    v0l = (v0l + v1l) | 0;
    v0h = (v0h + v1h + ((v0l >>> 0) < (v1l >>> 0) ? 1 : 0)) | 0;
    t = ((v1h << 13) | (v1l >>> 19)) ^ v0h;
    v1l = ((v1l << 13) | (v1h >>> 19)) ^ v0l;
    v1h = t;
    t = v0h, v0h = v0l, v0l = t;
    // v2 += v3; v3 = (v3 <<< 16) ^ v2.
    v2l = (v2l + v3l) | 0;
    v2h = (v2h + v3h + ((v2l >>> 0) < (v3l >>> 0) ? 1 : 0)) | 0;
    t = ((v3h << 16) | (v3l >>> 16)) ^ v2h;
    v3l = ((v3l << 16) | (v3h >>> 16)) ^ v2l;
    v3h = t;
    // v0 += v3; v3 = (v3 <<< 21) ^ v0.
    v0l = (v0l + v3l) | 0;
    v0h = (v0h + v3h + ((v0l >>> 0) < (v3l >>> 0) ? 1 : 0)) | 0;
    t = ((v3h << 21) | (v3l >>> 11)) ^ v0h;
    v3l = ((v3l << 21) | (v3h >>> 11)) ^ v0l;
    v3h = t;
    // v2 += v1; v1 = (v1 <<< 17) ^ v2; v2 <<<= 32.
    v2l = (v2l + v1l) | 0;
    v2h = (v2h + v1h + ((v2l >>> 0) < (v1l >>> 0) ? 1 : 0)) | 0;
    t = ((v1h << 17) | (v1l >>> 15)) ^ v2h;
    v1l = ((v1l << 17) | (v1h >>> 15)) ^ v2l;
    v1h = t;
    t = v2h, v2h = v2l, v2l = t;
  }
  state[0] = v0l, state[1] = v0h, state[2] = v1l, state[3] = v1h;
  state[4] = v2l, state[5] = v2h, state[6] = v3l, state[7] = v3h;
}
