/**
 * Views that begin at offsets that come up again and again, such as the slots of a frame pool.
 *
 * FFI takes the address of a view only, and a view costs more than the call that it is made for. So a
 * place gets its view the second time in a row that it is asked for; a place that is asked for
 * rarely gets none, and its caller goes by an iovec, which costs 70 ns more in the kernel.
 *
 * Direct-mapped: `offsets[i]` is the last place asked for that hashes to i, `views[i]` its view or null.
 */
export class ViewCache {
  readonly #memory: Uint8Array;
  readonly #offsets = new Int32Array(VIEWS).fill(-1);
  readonly #views: (Uint8Array | null)[] = new Array(VIEWS).fill(null);

  /** A cache of views of `memory`. */
  constructor(memory: Uint8Array) {
    this.#memory = memory;
  }

  /** The view of the memory from `offset` on, or null when the place is not known yet. */
  from(offset: number): Uint8Array | null {
    const index = Math.imul(offset, 0x9e3779b1) >>> HASH_SHIFT;
    if (this.#offsets[index] !== offset) {
      this.#offsets[index] = offset;
      this.#views[index] = null;
      return null;
    }
    const view = this.#views[index];
    if (view !== null) return view;
    return this.#views[index] = this.#memory.subarray(offset);
  }
}

const HASH_SHIFT = 21;
/** 2048 views of about 100 bytes each at the most. */
const VIEWS = 1 << (32 - HASH_SHIFT);
