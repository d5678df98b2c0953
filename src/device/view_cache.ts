/**
 * Views that begin at offsets that come up again and again, such as the slots of a frame pool.
 *
 * FFI takes the address of a view only, and a view costs more than the call that it is made for. So a
 * place gets its view the second time that it is asked for; a place that is asked for rarely gets
 * none, and its caller goes by an iovec, which costs 70 ns more in the kernel.
 *
 * Direct-mapped. For a place that hashes to i:
 *
 * ```text
 *   residents[i]   the offset that has a view, -1 when none has
 *   views[i]       that view
 *   candidates[i]  the last other offset that was asked for, since the resident was
 * ```
 *
 * A candidate that is asked for again becomes the resident. So neither a stream of places that never
 * come again, nor two frequent places that take turns, make a new view each time.
 */
export class ViewCache {
  readonly #memory: Uint8Array;
  readonly #residents = new Int32Array(VIEWS).fill(-1);
  readonly #candidates = new Int32Array(VIEWS).fill(-1);
  readonly #views: Uint8Array[];

  /** A cache of views of `memory`. */
  constructor(memory: Uint8Array) {
    this.#memory = memory;
    this.#views = new Array(VIEWS).fill(memory);
  }

  /** The view of the memory from `offset` on, or null when the place has none. */
  from(offset: number): Uint8Array | null {
    const index = Math.imul(offset, 0x9e3779b1) >>> HASH_SHIFT;
    if (this.#residents[index] === offset) {
      this.#candidates[index] = -1;
      return this.#views[index];
    }
    if (this.#candidates[index] !== offset) {
      this.#candidates[index] = offset;
      return null;
    }
    this.#residents[index] = offset;
    return this.#views[index] = this.#memory.subarray(offset);
  }
}

const HASH_SHIFT = 21;
/** 2048 views of about 100 bytes each at the most. */
const VIEWS = 1 << (32 - HASH_SHIFT);
