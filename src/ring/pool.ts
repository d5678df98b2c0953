/**
 * Buffers in shared memory, named by descriptors.
 *
 * A descriptor is a number; its four words stand in a table:
 *
 * ```text
 *   word 0  start    byte offset of the first valid byte in the memory
 *   word 1  length   valid bytes
 *   word 2  next     the descriptor that follows in a stream, or -1
 *   word 3  room     bytes that still fit behind the valid ones
 * ```
 *
 * A pool hands out descriptors that own one block of fixed size each. It has one owner, who takes and
 * gives; other threads only read descriptors that the owner has published to them. The last block
 * given is the first taken, because it is the one that the cache still holds.
 */

/** Words of one descriptor. */
export const DESCRIPTOR_WORDS = 4;
/** Word of a descriptor: byte offset of the first valid byte. */
export const START = 0;
/** Word of a descriptor: number of valid bytes. */
export const LENGTH = 1;
/** Word of a descriptor: the next descriptor of the chain, or {@link NIL}. */
export const NEXT = 2;
/** Word of a descriptor: free bytes behind the valid ones. */
export const ROOM = 3;
/** No descriptor. */
export const NIL = -1;

/** One user of a pool may hold one part in so many of what is free. */
const FREE_SHARE = 8;
/** With less than one part in so many free, blocks are scarce. */
const SCARCE_SHARE = 16;

/** Where a pool's table and blocks lie. */
export interface PoolWords {
  /** The whole shared memory as 32-bit words. */
  readonly words: Int32Array;
  /** Index of the table's first word; descriptor d stands at `table + d * DESCRIPTOR_WORDS`. */
  readonly table: number;
  /** The first descriptor of this pool. */
  readonly first: number;
  /** Number of blocks. */
  readonly count: number;
  /** Byte offset of the first block. */
  readonly blocks: number;
  /** Bytes from one block to the next. */
  readonly blockBytes: number;
  /** Bytes left free at the start of each block (for alignment of what is read into it). */
  readonly headroom: number;
}

/** A pool of equal blocks with one owner. */
export class BlockPool {
  readonly words: Int32Array;
  readonly table: number;
  readonly first: number;
  readonly count: number;
  readonly blockBytes: number;
  readonly #blocks: number;
  readonly #headroom: number;
  readonly #free: Int32Array;
  #freeCount: number;

  constructor(pool: PoolWords) {
    this.words = pool.words;
    this.table = pool.table;
    this.first = pool.first;
    this.count = pool.count;
    this.blockBytes = pool.blockBytes;
    this.#blocks = pool.blocks;
    this.#headroom = pool.headroom;
    this.#free = new Int32Array(pool.count);
    for (let i = 0; i < pool.count; i++) this.#free[i] = pool.first + pool.count - 1 - i;
    this.#freeCount = pool.count;
  }

  /** Blocks that can be taken. */
  get free(): number {
    return this.#freeCount;
  }

  /**
   * Most bytes that one user should hold: a share of what is free now. Whoever has less may take more, so
   * users that hold on to their bytes never exhaust the pool, and a newcomer always finds its share (the
   * dynamic threshold of shared-memory switches).
   */
  get shareBytes(): number {
    return (this.#freeCount * this.blockBytes) / FREE_SHARE;
  }

  /** Whether so little is left that those who hold more than their share should get no more. */
  get isScarce(): boolean {
    return this.#freeCount * SCARCE_SHARE < this.count;
  }

  /** Takes an empty block, or {@link NIL} when none is left. */
  take(): number {
    if (this.#freeCount === 0) return NIL;
    const descriptor = this.#free[--this.#freeCount];
    const at = this.table + descriptor * DESCRIPTOR_WORDS;
    this.words[at + START] = this.blockStart(descriptor);
    this.words[at + LENGTH] = 0;
    this.words[at + NEXT] = NIL;
    this.words[at + ROOM] = this.blockBytes - this.#headroom;
    return descriptor;
  }

  /** Gives a block back. */
  give(descriptor: number): void {
    this.#free[this.#freeCount++] = descriptor;
  }

  /** Makes `next` follow `descriptor` in a chain. */
  link(descriptor: number, next: number): void {
    this.words[this.table + descriptor * DESCRIPTOR_WORDS + NEXT] = next;
  }

  /** Byte offset of a block, behind its headroom. */
  blockStart(descriptor: number): number {
    return this.#blocks + (descriptor - this.first) * this.blockBytes + this.#headroom;
  }

  /** Whether the descriptor is one of this pool. */
  owns(descriptor: number): boolean {
    return descriptor >= this.first && descriptor < this.first + this.count;
  }
}
