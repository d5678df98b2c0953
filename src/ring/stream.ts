/**
 * A byte stream between two threads: a chain of blocks that the producer owns.
 *
 * ```text
 *               read                      written
 *                |                           |
 *   [ freed ] [ D3 ....] -> [ D7 ........] -> [ D2 ...      ]
 *                ^ head                         ^ tail
 * ```
 *
 * Positions count bytes from the start of the stream modulo 2^32. The producer appends to the tail and
 * publishes `written`; the consumer copies out and publishes `read`; the producer frees what has been
 * read. A stream that holds no byte holds no block.
 *
 * Two rules make this safe without a lock:
 *
 * 1. The producer frees a block only when `read` has gone *beyond* its end, because a consumer that
 *    stands exactly at the end still needs the block's `next`.
 * 2. When everything has been read the producer frees all, and the next append starts a new chain: it
 *    raises `epoch` and sets `head`. A consumer that finds a new epoch is by necessity at the position
 *    where the new chain starts, since nothing was written behind it before.
 */

import {
  type BlockMemory,
  chainAppendArray,
  chainAppendCopy,
  chainRelease,
  chainRoom,
} from "./chain.ts";
import type { Copier } from "./copier.ts";
import { DESCRIPTOR_WORDS, LENGTH, NEXT, NIL, START } from "./pool.ts";

/** Where one stream's four shared words stand. The first three belong to the producer. */
export interface StreamWords {
  readonly words: Int32Array;
  readonly written: number;
  readonly head: number;
  readonly epoch: number;
  readonly read: number;
}

/** How many bytes the producer has published; modulo 2^32. */
export function streamWritten(stream: StreamWords): number {
  return Atomics.load(stream.words, stream.written);
}

/** How many bytes the consumer is done with; modulo 2^32. */
export function streamRead(stream: StreamWords): number {
  return Atomics.load(stream.words, stream.read);
}

/** Tells the producer that the consumer is done with everything before `position`. */
export function publishRead(stream: StreamWords, position: number): void {
  Atomics.store(stream.words, stream.read, position);
}

/** The producer's end of a stream. */
export class StreamWriter {
  /** Bytes appended, whether or not published; modulo 2^32. */
  written = 0;
  #head = NIL;
  #tail = NIL;
  /** Position of the first byte of `#head`. */
  #headPosition = 0;
  readonly #memory: BlockMemory;
  readonly #shared: StreamWords;

  /** `resume` goes on with a stream that another writer has left drained, instead of starting one. */
  constructor(memory: BlockMemory, shared: StreamWords, resume = false) {
    this.#memory = memory;
    this.#shared = shared;
    const words = shared.words;
    if (resume) {
      this.written = words[shared.written];
      return;
    }
    words[shared.written] = 0;
    words[shared.head] = NIL;
    words[shared.epoch] = 0;
    words[shared.read] = 0;
  }

  /** Bytes that the consumer has not read yet. */
  get pending(): number {
    return (this.written - streamRead(this.#shared)) | 0;
  }

  /** Whether it holds no block and has published everything: another writer could go on with the stream. */
  get isDrained(): boolean {
    const { words, written } = this.#shared;
    return this.#head === NIL && Atomics.load(words, written) === this.written;
  }

  /** Bytes that the consumer has read; modulo 2^32. */
  get read(): number {
    return streamRead(this.#shared);
  }

  /** Whether there is memory for `length` bytes, all of them. */
  hasMemoryFor(length: number): boolean {
    this.reclaimIfDrained();
    return chainRoom(this.#memory, this.#tail, length) === length;
  }

  /** Appends from a caller's array; returns how many bytes found memory. */
  appendArray(source: Uint8Array, from: number, length: number): number {
    const count = this.#makeRoom(length);
    if (count > 0) this.#tail = chainAppendArray(this.#memory, this.#tail, source, from, count);
    this.written = (this.written + count) | 0;
    return count;
  }

  /** Appends bytes that lie in the same memory; returns how many found room. Allocates nothing. */
  appendCopy(offset: number, length: number): number {
    const count = this.#makeRoom(length);
    if (count > 0) this.#tail = chainAppendCopy(this.#memory, this.#tail, offset, count);
    this.written = (this.written + count) | 0;
    return count;
  }

  /** Appends a chain of blocks that the caller owned, without copying; they now belong to the stream. */
  appendChain(first: number, last: number, length: number): void {
    const { words, table } = this.#memory.pool;
    if (this.#tail === NIL) {
      this.#startChain(first);
    } else {
      words[table + this.#tail * DESCRIPTOR_WORDS + NEXT] = first;
    }
    this.#tail = last;
    this.written = (this.written + length) | 0;
  }

  /** Shows all appended bytes to the consumer. */
  publish(): void {
    Atomics.store(this.#shared.words, this.#shared.written, this.written);
  }

  /** Frees the blocks that have been read. */
  reclaim(): void {
    if (this.#head === NIL) return;
    const read = streamRead(this.#shared);
    if (read === this.written) {
      this.#freeAll();
      return;
    }
    const { words, table } = this.#memory.pool;
    while (this.#head !== this.#tail) {
      const at = table + this.#head * DESCRIPTOR_WORDS;
      const end = (this.#headPosition + words[at + LENGTH]) | 0;
      if (((read - end) | 0) <= 0) return;
      const next = words[at + NEXT];
      this.#memory.release(this.#head);
      this.#head = next;
      this.#headPosition = end;
    }
  }

  /** Frees every block, read or not. The consumer must not look at the stream any more. */
  dispose(): void {
    if (this.#head !== NIL) this.#freeAll();
  }

  /** How many of `length` bytes there is memory for; sees to it that there is a tail to append to. */
  #makeRoom(length: number): number {
    this.reclaimIfDrained();
    const count = chainRoom(this.#memory, this.#tail, length);
    if (count > 0 && this.#tail === NIL) {
      this.#tail = this.#memory.pool.take();
      this.#startChain(this.#tail);
    }
    return count;
  }

  /** A stream whose consumer has caught up starts afresh, in a block that the cache holds. */
  reclaimIfDrained(): void {
    if (this.#head !== NIL && streamRead(this.#shared) === this.written) this.#freeAll();
  }

  #startChain(first: number): void {
    const { words, head, epoch } = this.#shared;
    this.#head = first;
    this.#headPosition = this.written;
    words[head] = first;
    words[epoch] = (words[epoch] + 1) | 0;
  }

  #freeAll(): void {
    chainRelease(this.#memory, this.#head);
    this.#head = NIL;
    this.#tail = NIL;
  }
}

/**
 * A place in a stream, as its consumer keeps it: a block and an offset in it. Moves only forward.
 */
export class StreamCursor {
  /** The position in the stream, modulo 2^32. */
  position = 0;
  #epoch = 0;
  #block = NIL;
  #offset = 0;

  /** Stands where another cursor of the same stream stands. */
  copyFrom(other: StreamCursor): void {
    this.position = other.position;
    this.#epoch = other.#epoch;
    this.#block = other.#block;
    this.#offset = other.#offset;
  }

  /** Writes its place into four words from `at` on. */
  save(words: Int32Array, at: number): void {
    words[at] = this.position;
    words[at + 1] = this.#epoch;
    words[at + 2] = this.#block;
    words[at + 3] = this.#offset;
  }

  /** Stands where the cursor stood that wrote these words. */
  restore(words: Int32Array, at: number): void {
    this.position = words[at];
    this.#epoch = words[at + 1];
    this.#block = words[at + 2];
    this.#offset = words[at + 3];
  }

  /**
   * Contiguous bytes from here on, at most `limit`, which must not go beyond `written`. Their place is
   * then `start`. `words` and `table` name the descriptors; `limit` must be positive.
   */
  span(shared: StreamWords, table: number, limit: number): number {
    const words = shared.words;
    if (words[shared.epoch] !== this.#epoch) {
      this.#epoch = words[shared.epoch];
      this.#block = words[shared.head];
      this.#offset = 0;
    }
    let at = table + this.#block * DESCRIPTOR_WORDS;
    while (words[at + LENGTH] === this.#offset) {
      this.#block = words[at + NEXT];
      this.#offset = 0;
      at = table + this.#block * DESCRIPTOR_WORDS;
    }
    const there = words[at + LENGTH] - this.#offset;
    return there < limit ? there : limit;
  }

  /** Byte offset in the memory of the bytes that `span` has found. */
  start(shared: StreamWords, table: number): number {
    return shared.words[table + this.#block * DESCRIPTOR_WORDS + START] + this.#offset;
  }

  /** Moves on by `count` bytes, no more than `span` said. */
  advance(count: number): void {
    this.#offset += count;
    this.position = (this.position + count) | 0;
  }

  /** Moves on by `count` bytes over as many blocks as it takes. */
  skip(shared: StreamWords, table: number, count: number): void {
    while (count > 0) {
      const step = this.span(shared, table, count);
      this.advance(step);
      count -= step;
    }
  }
}

/** The consumer's end of a stream: copies out and publishes how far. */
export class StreamReader {
  readonly #cursor = new StreamCursor();
  readonly #shared: StreamWords;
  readonly #copier: Copier;
  readonly #table: number;

  constructor(copier: Copier, table: number, shared: StreamWords) {
    this.#copier = copier;
    this.#table = table;
    this.#shared = shared;
  }

  /** Bytes that can be read now. */
  get available(): number {
    return (streamWritten(this.#shared) - this.#cursor.position) | 0;
  }

  /** Copies up to `length` bytes out, at most as many as `target` takes; returns how many. */
  read(target: Uint8Array, length: number = target.length): number {
    const wanted = Math.min(this.available, length);
    let done = 0;
    while (done < wanted) {
      const count = this.#cursor.span(this.#shared, this.#table, wanted - done);
      const start = this.#cursor.start(this.#shared, this.#table);
      this.#copier.read(start, target, done, count);
      this.#cursor.advance(count);
      done += count;
    }
    if (done > 0) publishRead(this.#shared, this.#cursor.position);
    return done;
  }

  /** Passes over `count` bytes, no more than are available. */
  skip(count: number): void {
    if (count === 0) return;
    this.#cursor.skip(this.#shared, this.#table, count);
    publishRead(this.#shared, this.#cursor.position);
  }
}
