/** Pools and a stream in a small shared memory, for tests that want to see them run full and empty. */

import { Memory } from "../../src/base/memory.ts";
import {
  BlockPool,
  DESCRIPTOR_WORDS,
  LENGTH,
  NEXT,
  NIL,
  ROOM,
  START,
} from "../../src/ring/pool.ts";
import { ArrayCopier, type Copier } from "../../src/ring/copier.ts";
import type { StreamWords } from "../../src/ring/stream.ts";
import type { ReceiveMemory } from "../../src/tcp/receive_buffer.ts";
import type { Segment } from "../../src/wire/segment.ts";

/** The sizes of a small memory. */
export interface Shape {
  readonly blocks: number;
  readonly blockBytes: number;
  /** Frames: foreign descriptors that can be linked into a chain. */
  readonly frames: number;
  readonly frameBytes: number;
}

/** Bytes from which sources are copied. */
const SCRATCH_BYTES = 4096;
const CACHE_LINE_WORDS = 16;
/** Stream words, then a cache line for each bell or ring counter that a test wants. */
const CONTROL_WORDS = 8 * CACHE_LINE_WORDS;

/**
 * ```text
 *   control    words 0..3 of the stream; words 16.. are the test's
 *   table      descriptors: frames first, then blocks
 *   scratch    where a test puts bytes that are to be copied
 *   frames, blocks
 * ```
 */
export class SmallMemory implements ReceiveMemory {
  readonly buffer: SharedArrayBuffer;
  readonly words: Int32Array;
  readonly area: Memory;
  readonly bytes: Uint8Array;
  readonly pool: BlockPool;
  readonly copier: Copier;
  readonly frames: BlockPool;
  readonly stream: StreamWords;
  readonly table: number = CONTROL_WORDS;
  /** Byte offset of the scratch area. */
  readonly scratch: number;
  /** Nothing is shared here: the limit of a buffer is its own. */
  shareBytes = Infinity;
  /** Whether `adoptFrame` takes frames over. */
  adopts = true;

  constructor(readonly shape: Shape, buffer?: SharedArrayBuffer) {
    const { blocks, blockBytes, frames, frameBytes } = shape;
    this.scratch = (CONTROL_WORDS + (blocks + frames) * DESCRIPTOR_WORDS) * 4;
    const frameStart = this.scratch + SCRATCH_BYTES;
    const blockStart = frameStart + frames * frameBytes;
    const size = Math.ceil((blockStart + blocks * blockBytes) / 4) * 4;
    this.buffer = buffer ?? new SharedArrayBuffer(size);
    this.words = new Int32Array(this.buffer);
    this.area = new Memory(this.buffer);
    this.bytes = this.area.bytes;
    this.copier = new ArrayCopier(this.bytes);
    const common = { words: this.words, table: this.table, headroom: 0 };
    this.frames = new BlockPool({
      ...common,
      first: 0,
      count: frames,
      blocks: frameStart,
      blockBytes: frameBytes,
    });
    this.pool = new BlockPool({
      ...common,
      first: frames,
      count: blocks,
      blocks: blockStart,
      blockBytes,
    });
    this.stream = { words: this.words, written: 0, head: 1, epoch: 2, read: 3 };
  }

  release(descriptor: number): void {
    if (this.frames.owns(descriptor)) this.frames.give(descriptor);
    else this.pool.give(descriptor);
  }

  adoptFrame(segment: Segment, offset: number, length: number): number {
    if (!this.adopts || segment.slot === NIL) return NIL;
    const slot = segment.slot;
    this.describe(slot, offset, length);
    segment.slot = NIL;
    return slot;
  }

  /** Makes a descriptor name these bytes, with no room behind them. */
  describe(descriptor: number, offset: number, length: number): void {
    const at = this.table + descriptor * DESCRIPTOR_WORDS;
    this.words[at + START] = offset;
    this.words[at + LENGTH] = length;
    this.words[at + NEXT] = NIL;
    this.words[at + ROOM] = 0;
  }

  /** The four words of a descriptor. */
  descriptor(descriptor: number): number[] {
    const at = this.table + descriptor * DESCRIPTOR_WORDS;
    return [...this.words.subarray(at, at + DESCRIPTOR_WORDS)];
  }

  /** The bytes of a chain, in order. */
  chainBytes(first: number): number[] {
    const found: number[] = [];
    for (let block = first, steps = 0; block !== NIL; steps++) {
      if (steps > this.shape.blocks + this.shape.frames) throw new Error("The chain is a circle");
      const [start, length, next] = this.descriptor(block);
      found.push(...this.bytes.subarray(start, start + length));
      block = next;
    }
    return found;
  }

  /** Whether every block and every frame is free. */
  get isEmpty(): boolean {
    return this.pool.free === this.pool.count && this.frames.free === this.frames.count;
  }
}

/** A byte for each position of an endless text, so that a reader can tell what it should see. */
export function byteAt(position: number): number {
  return Math.imul(position, 0x9e3779b1) >>> 24;
}
