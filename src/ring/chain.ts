/**
 * Chains of blocks: bytes in order, spread over descriptors that are linked by their `next` word. A
 * chain is known by its first and last descriptor; what it holds is contiguous in the stream.
 */

import type { Memory } from "../base/memory.ts";
import type { Copier } from "./copier.ts";
import { type BlockPool, DESCRIPTOR_WORDS, LENGTH, NEXT, NIL, ROOM, START } from "./pool.ts";

/** What a chain's blocks come from: the memory, the pool, and how a block is given back. */
export interface BlockMemory {
  readonly area: Memory;
  readonly pool: BlockPool;
  /** How an application's bytes get into the memory. */
  readonly copier: Copier;
  /** Gives back any descriptor of a chain: a pool block, or a foreign one that was linked in. */
  release(descriptor: number): void;
}

/** How many of `length` bytes can be appended behind `tail` (or to a new chain, for {@link NIL}). */
export function chainRoom(memory: BlockMemory, tail: number, length: number): number {
  const { pool } = memory;
  const inTail = tail === NIL ? 0 : pool.words[pool.table + tail * DESCRIPTOR_WORDS + ROOM];
  if (inTail >= length) return length;
  const inPool = pool.free * pool.blockBytes;
  return Math.min(length, inTail + inPool);
}

/** The block to append to: `tail` if it has room, else a new one behind it. The pool has one. */
function withRoom(memory: BlockMemory, tail: number): number {
  const { pool } = memory;
  const { words, table } = pool;
  if (words[table + tail * DESCRIPTOR_WORDS + ROOM] > 0) return tail;
  const block = pool.take();
  words[table + tail * DESCRIPTOR_WORDS + NEXT] = block;
  return block;
}

/**
 * Appends bytes that lie in the same memory and returns the new tail. `length` is at most what
 * {@link chainRoom} gave. Allocates nothing.
 */
export function chainAppendCopy(
  memory: BlockMemory,
  tail: number,
  offset: number,
  length: number,
): number {
  const { words, table } = memory.pool;
  let done = 0;
  while (done < length) {
    tail = withRoom(memory, tail);
    const at = table + tail * DESCRIPTOR_WORDS;
    const count = Math.min(words[at + ROOM], length - done);
    const target = words[at + START] + words[at + LENGTH];
    memory.area.copy(target, offset + done, count);
    words[at + LENGTH] += count;
    words[at + ROOM] -= count;
    done += count;
  }
  return tail;
}

/** The same from a caller's array, starting at `from`. */
export function chainAppendArray(
  memory: BlockMemory,
  tail: number,
  source: Uint8Array,
  from: number,
  length: number,
): number {
  const { words, table } = memory.pool;
  let done = 0;
  while (done < length) {
    tail = withRoom(memory, tail);
    const at = table + tail * DESCRIPTOR_WORDS;
    const count = Math.min(words[at + ROOM], length - done);
    const target = words[at + START] + words[at + LENGTH];
    memory.copier.write(source, from + done, target, count);
    words[at + LENGTH] += count;
    words[at + ROOM] -= count;
    done += count;
  }
  return tail;
}

/** Gives every block of a chain back. */
export function chainRelease(memory: BlockMemory, first: number): void {
  const { words, table } = memory.pool;
  let block = first;
  while (block !== NIL) {
    const next = words[table + block * DESCRIPTOR_WORDS + NEXT];
    memory.release(block);
    block = next;
  }
}
