import type { Memory } from "../base/memory.ts";
import { ArrayCopier, type Copier } from "../ring/copier.ts";
import type { Layout } from "../ring/layout.ts";
import { BlockPool, DESCRIPTOR_WORDS, LENGTH, NEXT, NIL, ROOM, START } from "../ring/pool.ts";
import type { ReceiveMemory } from "../tcp/receive_buffer.ts";
import type { Segment } from "../wire/segment.ts";

/**
 * Payload that is worth keeping in its frame. A kept frame holds a slot of 64 KiB, of which there are few,
 * until the application has read it; below this a copy is cheaper.
 */
const ADOPT_MIN_BYTES = 8192;

/** Slots that must stay free for frames to come: that many are never held by unread bytes. */
const SLOTS_FOR_INPUT = 64;

/**
 * The memory that received bytes are in: the frame slots and the receive blocks. The TCP thread owns
 * both. Bytes of a large frame stay in it and the frame becomes part of the connection's stream; bytes
 * of a small one are copied into a block.
 */
export class ReceiveSlots implements ReceiveMemory {
  readonly area: Memory;
  readonly pool: BlockPool;
  readonly copier: Copier;
  /** Frame slots that are neither on their way in nor held by unread bytes. */
  readonly slots: BlockPool;
  readonly #adoptLimit: number;
  #adopted = 0;

  constructor(layout: Layout) {
    this.area = layout.memory;
    this.pool = new BlockPool(layout.receivePool);
    this.copier = new ArrayCopier(this.area.bytes);
    this.slots = new BlockPool(layout.slotPool);
    this.#adoptLimit = Math.max(0, layout.dimensions.slots - SLOTS_FOR_INPUT);
  }

  get shareBytes(): number {
    return this.pool.shareBytes;
  }

  adoptFrame(segment: Segment, offset: number, length: number): number {
    const slot = segment.slot;
    if (length < ADOPT_MIN_BYTES || slot === NIL || this.#adopted >= this.#adoptLimit) return NIL;
    const { words, table } = this.slots;
    const at = table + slot * DESCRIPTOR_WORDS;
    words[at + START] = offset;
    words[at + LENGTH] = length;
    words[at + NEXT] = NIL;
    words[at + ROOM] = 0;
    segment.slot = NIL;
    this.#adopted++;
    return slot;
  }

  release(descriptor: number): void {
    if (this.slots.owns(descriptor)) {
      this.#adopted--;
      this.slots.give(descriptor);
    } else {
      this.pool.give(descriptor);
    }
  }

  /** Takes the frame of a segment that is done with back, unless somebody kept it. */
  recycle(segment: Segment): void {
    if (segment.slot === NIL) return;
    this.slots.give(segment.slot);
    segment.slot = NIL;
  }

  /** Bytes of the blocks and slots that hold unread bytes. */
  get heldBytes(): number {
    const blocks = this.pool.count - this.pool.free;
    return blocks * this.pool.blockBytes + this.#adopted * this.slots.blockBytes;
  }
}
