/**
 * A ring of fixed-size records between one producer and one consumer, in shared memory.
 *
 * ```text
 *   control   word 0: tail (records published)      written by the producer
 *             word 16: head (records released)      written by the consumer, on its own cache line
 *   records   capacity x recordWords 32-bit words; capacity is a power of two
 *
 *        head            tail
 *         |               |
 *   ..... [ ][ ][ ][ ][ ] ......   tail - head records wait, at most `capacity`
 * ```
 *
 * Both ends work on a batch and publish once: `claim`/`push` fill records and `publish` shows them;
 * `next` walks the waiting records and `release` gives their places back. Counters run modulo 2^32.
 */

/** Words that a ring's control block takes: two cache lines. */
export const RING_CONTROL_WORDS = 32;

const TAIL = 0;
const HEAD = 16;

/** The words that one ring consists of; each end makes its own object over them. */
export interface RingWords {
  /** The whole shared memory as 32-bit words. */
  readonly words: Int32Array;
  /** Index of the control block. */
  readonly control: number;
  /** Index of the first record. */
  readonly records: number;
  /** Words of one record. */
  readonly recordWords: number;
  /** Number of records, a power of two. */
  readonly capacity: number;
}

/** The producer's end of a ring. */
export class RingProducer {
  readonly words: Int32Array;
  readonly #control: number;
  readonly #records: number;
  readonly #recordWords: number;
  readonly #capacity: number;
  #tail: number;
  /** The consumer's head when it was last looked at; the real one is this or later. */
  #head: number;

  constructor(ring: RingWords) {
    this.words = ring.words;
    this.#control = ring.control;
    this.#records = ring.records;
    this.#recordWords = ring.recordWords;
    this.#capacity = ring.capacity;
    this.#tail = Atomics.load(ring.words, ring.control + TAIL);
    this.#head = Atomics.load(ring.words, ring.control + HEAD);
  }

  /** The index in `words` of the record to fill next, or -1 when the ring is full. */
  claim(): number {
    if (((this.#tail - this.#head) | 0) >= this.#capacity) {
      this.#head = Atomics.load(this.words, this.#control + HEAD);
      if (((this.#tail - this.#head) | 0) >= this.#capacity) return -1;
    }
    return this.#records + (this.#tail & (this.#capacity - 1)) * this.#recordWords;
  }

  /** Records that can be claimed now. */
  get room(): number {
    this.#head = Atomics.load(this.words, this.#control + HEAD);
    return this.#capacity - ((this.#tail - this.#head) | 0);
  }

  /** Ends the record that `claim` gave; the consumer sees it after `publish`. */
  push(): void {
    this.#tail = (this.#tail + 1) | 0;
  }

  /** Shows all pushed records to the consumer; true when there were any. */
  publish(): boolean {
    if (Atomics.load(this.words, this.#control + TAIL) === this.#tail) return false;
    Atomics.store(this.words, this.#control + TAIL, this.#tail);
    return true;
  }
}

/** The consumer's end of a ring. */
export class RingConsumer {
  readonly words: Int32Array;
  readonly #control: number;
  readonly #records: number;
  readonly #recordWords: number;
  readonly #capacity: number;
  #head: number;
  /** The producer's tail when it was last looked at; the real one is this or later. */
  #tail: number;

  constructor(ring: RingWords) {
    this.words = ring.words;
    this.#control = ring.control;
    this.#records = ring.records;
    this.#recordWords = ring.recordWords;
    this.#capacity = ring.capacity;
    this.#head = Atomics.load(ring.words, ring.control + HEAD);
    this.#tail = this.#head;
  }

  /**
   * The index in `words` of the next waiting record, or -1 when none waits. The record stays valid
   * until `release`.
   */
  next(): number {
    if (this.#head === this.#tail) {
      this.#tail = Atomics.load(this.words, this.#control + TAIL);
      if (this.#head === this.#tail) return -1;
    }
    const at = this.#records + (this.#head & (this.#capacity - 1)) * this.#recordWords;
    this.#head = (this.#head + 1) | 0;
    return at;
  }

  /** Gives the places of all records that `next` returned back to the producer. */
  release(): void {
    Atomics.store(this.words, this.#control + HEAD, this.#head);
  }

  /** Whether a record waits. */
  hasNext(): boolean {
    return this.#head !== this.#tail ||
      Atomics.load(this.words, this.#control + TAIL) !== this.#head;
  }
}
