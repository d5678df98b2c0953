import { type Seq, seqAdd, seqDiff, seqGt, seqLt, seqMin } from "../base/seq.ts";
import { type BlockMemory, chainAppendCopy, chainRelease, chainRoom } from "../ring/chain.ts";
import { NIL } from "../ring/pool.ts";

/** What became of out-of-order bytes. */
export const Stored = {
  /** All of them are held (or were held already). */
  all: 0,
  /** Some were not: the connection holds as many ranges as it may. */
  rangeLimit: 1,
  /** Some were not: the receive pool is empty. */
  noMemory: 2,
} as const;

/** One value of {@link Stored}. */
export type Stored = (typeof Stored)[keyof typeof Stored];

/** SACK blocks that fit into one segment (RFC 2018 section 3). */
const SACK_BLOCKS_MAX = 4;

/**
 * Bytes that arrived ahead of others (RFC 9293 section 3.10.7.4, "segments with higher beginning
 * sequence numbers SHOULD be held").
 *
 * Invariant: ranges are sorted, do not overlap and do not touch:
 *
 * ```text
 *   rcvNxt      left0   right0     left1  right1
 *     |  (hole)   [#######)  (hole)  [######)         each range is one chain of blocks
 * ```
 *
 * The first copy of a byte stays; later copies are not looked at.
 */
export class OutOfOrder {
  count = 0;
  /** Bytes held. */
  bytes = 0;
  /**
   * A number in each of the ranges that changed last, the newest first, `recentCount` of them: the order of
   * SACK blocks (RFC 2018 section 4). A range that is gone or has grown together with another leaves its
   * number behind.
   */
  readonly recent: Int32Array = new Int32Array(SACK_BLOCKS_MAX);
  recentCount = 0;
  /** Bytes of the last segment that were held already (RFC 2883): left and right edge, equal when none. */
  duplicateLeft: Seq = 0;
  duplicateRight: Seq = 0;
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly #head: Int32Array;
  readonly #tail: Int32Array;
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
    this.left = new Int32Array(limit);
    this.right = new Int32Array(limit);
    this.#head = new Int32Array(limit);
    this.#tail = new Int32Array(limit);
  }

  /** Holds the bytes of `[seq, seq + length)` that are not held yet; they lie at `offset`. */
  insert(memory: BlockMemory, seq: Seq, offset: number, length: number): Stored {
    this.duplicateLeft = seq;
    this.duplicateRight = seq;
    const stored = this.#store(memory, seq, offset, length);
    this.#noteRecent(seq);
    return stored;
  }

  #store(memory: BlockMemory, seq: Seq, offset: number, length: number): Stored {
    const end = seqAdd(seq, length);
    let from = seq;
    let index = 0;
    while (seqLt(from, end)) {
      while (index < this.count && seqLt(this.right[index], from)) index++;
      const touches = index < this.count && !seqGt(this.left[index], from);
      if (touches && seqGt(this.right[index], from)) {
        this.#noteDuplicate(from, seqMin(this.right[index], end));
        from = this.right[index];
        continue;
      }
      const source = offset + seqDiff(from, seq);
      const stored = touches
        ? this.#extend(memory, index, end, source)
        : this.#open(memory, index, from, end, source);
      if (stored !== Stored.all) return stored;
      from = this.right[index];
      this.#joinNext(memory, index);
    }
    return Stored.all;
  }

  /** The first part that was held already, and what follows on it without a hole. */
  #noteDuplicate(left: Seq, right: Seq): void {
    const none = this.duplicateLeft === this.duplicateRight;
    if (none) this.duplicateLeft = left;
    if (none || this.duplicateRight === left) this.duplicateRight = right;
  }

  /** The index of the range that holds this number, or -1. */
  indexOf(seq: Seq): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (seqGt(this.right[middle], seq)) high = middle;
      else low = middle + 1;
    }
    return low < this.count && !seqGt(this.left[low], seq) ? low : -1;
  }

  /** A segment that begins at `seq` is the newest. */
  #noteRecent(seq: Seq): void {
    let kept = 0;
    const range = this.indexOf(seq);
    if (range < 0) return;
    // Others in the same range say the same; ranges that are gone say nothing.
    for (let i = 0; i < this.recentCount; i++) {
      const other = this.indexOf(this.recent[i]);
      if (other >= 0 && other !== range) this.recent[kept++] = this.recent[i];
    }
    if (kept === SACK_BLOCKS_MAX) kept--;
    for (let i = kept; i > 0; i--) this.recent[i] = this.recent[i - 1];
    this.recent[0] = seq;
    this.recentCount = kept + 1;
  }

  /** Appends to range `index` what reaches up to `end` or to the next range. */
  #extend(memory: BlockMemory, index: number, end: Seq, source: number): Stored {
    const from = this.right[index];
    const to = index + 1 < this.count ? seqMin(end, this.left[index + 1]) : end;
    const wanted = seqDiff(to, from);
    const fits = chainRoom(memory, this.#tail[index], wanted);
    if (fits > 0) {
      this.#tail[index] = chainAppendCopy(memory, this.#tail[index], source, fits);
      this.right[index] = seqAdd(from, fits);
      this.bytes += fits;
    }
    return fits < wanted ? Stored.noMemory : Stored.all;
  }

  /** Makes a range before range `index`, from `from` up to `end` or to that range. */
  #open(memory: BlockMemory, index: number, from: Seq, end: Seq, source: number): Stored {
    if (this.count === this.#limit) return Stored.rangeLimit;
    const to = index < this.count ? seqMin(end, this.left[index]) : end;
    const wanted = seqDiff(to, from);
    if (chainRoom(memory, NIL, wanted) < wanted) return Stored.noMemory;
    const head = memory.pool.take();
    for (let i = this.count; i > index; i--) this.#move(i - 1, i);
    this.count++;
    this.left[index] = from;
    this.right[index] = to;
    this.#head[index] = head;
    this.#tail[index] = chainAppendCopy(memory, head, source, wanted);
    this.bytes += wanted;
    return Stored.all;
  }

  /** Makes ranges `index` and `index + 1` one if they touch. */
  #joinNext(memory: BlockMemory, index: number): void {
    const next = index + 1;
    if (next >= this.count || this.right[index] !== this.left[next]) return;
    memory.pool.link(this.#tail[index], this.#head[next]);
    this.#tail[index] = this.#tail[next];
    this.right[index] = this.right[next];
    this.#remove(next);
  }

  /** First descriptor of the first range. */
  get firstHead(): number {
    return this.#head[0];
  }

  /** Last descriptor of the first range. */
  get firstTail(): number {
    return this.#tail[0];
  }

  /** Forgets the first range, whose chain the caller has taken. */
  shift(): void {
    this.bytes -= seqDiff(this.right[0], this.left[0]);
    this.#remove(0);
  }

  /** Gives everything back. */
  clear(memory: BlockMemory): void {
    for (let i = 0; i < this.count; i++) chainRelease(memory, this.#head[i]);
    this.count = 0;
    this.bytes = 0;
  }

  /** Gives the last range back, to make room for bytes that are next in order. */
  dropLast(memory: BlockMemory): void {
    const last = this.count - 1;
    chainRelease(memory, this.#head[last]);
    this.bytes -= seqDiff(this.right[last], this.left[last]);
    this.count--;
  }

  #remove(index: number): void {
    this.count--;
    for (let i = index; i < this.count; i++) this.#move(i + 1, i);
  }

  #move(from: number, to: number): void {
    this.left[to] = this.left[from];
    this.right[to] = this.right[from];
    this.#head[to] = this.#head[from];
    this.#tail[to] = this.#tail[from];
  }
}
