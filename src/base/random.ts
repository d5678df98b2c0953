/** Where unpredictable numbers come from: secrets, ports, jitter. */
export interface Random {
  /** A uniformly distributed integer from 0 to 2^32 - 1. */
  uint32(): number;
}

const pool = new Uint32Array(256);
let used = pool.length;

/** The operating system's random numbers. */
export const systemRandom: Random = {
  uint32() {
    if (used === pool.length) {
      crypto.getRandomValues(pool);
      used = 0;
    }
    return pool[used++];
  },
};

/**
 * A seeded generator for simulation and tests (xoshiro128**): the same seed gives the same run.
 * It is predictable by design: never use it for a stack that faces a network.
 */
export class SeededRandom implements Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  /** Starts the sequence of this seed, any 32-bit integer. */
  constructor(seed: number) {
    // SplitMix-style spreading, so that seeds 1, 2, 3, ... give unrelated sequences.
    let z = seed | 0;
    const next = () => {
      z = (z + 0x9e3779b9) | 0;
      let x = z ^ (z >>> 16);
      x = Math.imul(x, 0x21f0aaad);
      x ^= x >>> 15;
      x = Math.imul(x, 0x735a2d97);
      return x ^ (x >>> 15);
    };
    this.#a = next();
    this.#b = next();
    this.#c = next();
    this.#d = next() | 1;
  }

  /** The next integer of the sequence, from 0 to 2^32 - 1. */
  uint32(): number {
    let x = Math.imul(this.#b, 5);
    x = Math.imul((x << 7) | (x >>> 25), 9);
    const t = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= t;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return x >>> 0;
  }

  /** A number from 0 (included) to 1 (excluded). */
  fraction(): number {
    return this.uint32() / 0x1_0000_0000;
  }

  /** An integer from `low` to `high`, both included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.fraction() * (high - low + 1));
  }
}
