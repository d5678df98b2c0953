import { copyBytes } from "./copy_bytes.ts";

/** Storage grows by blocks of about this many bytes. */
const BLOCK_BYTES = 256 * 1024;

/**
 * A bounded number of frames of bounded length, in slots that are used again and again.
 *
 * Storage grows by a block when all slots so far are taken, up to the bound, and never shrinks: in
 * steady state nothing is allocated. The slot given back last is the next to be used, so that few
 * frames at a time touch little memory.
 *
 * ```text
 *   slot s lies in block floor(s / slotsPerBlock), at (s mod slotsPerBlock) * slotBytes
 *   free[0 .. freeCount)  the slots that exist and are not taken
 * ```
 */
export class FrameStore {
  /** The longest frame in bytes. */
  readonly slotBytes: number;
  /** The most frames. */
  readonly capacity: number;
  readonly #slotsPerBlock: number;
  readonly #blocks: Uint8Array[] = [];
  readonly #views: DataView[] = [];
  readonly #lengths: Int32Array;
  readonly #free: Int32Array;
  #freeCount = 0;
  #slotCount = 0;

  /** A store for at most `capacity` frames of at most `slotBytes` bytes. */
  constructor(slotBytes: number, capacity: number) {
    this.slotBytes = slotBytes;
    this.capacity = capacity;
    this.#slotsPerBlock = Math.max(1, Math.floor(BLOCK_BYTES / slotBytes));
    this.#lengths = new Int32Array(capacity);
    this.#free = new Int32Array(capacity);
  }

  /** How many slots are taken. */
  get taken(): number {
    return this.#slotCount - this.#freeCount;
  }

  /** Takes a slot; -1 when all are taken. */
  take(): number {
    if (this.#freeCount === 0) {
      if (this.#slotCount === this.capacity) return -1;
      this.#grow();
    }
    return this.#free[--this.#freeCount];
  }

  /** Gives a slot back. */
  release(slot: number): void {
    this.#free[this.#freeCount++] = slot;
  }

  /** The bytes that the slot's frame has. */
  lengthOf(slot: number): number {
    return this.#lengths[slot];
  }

  /** Says how many bytes of a slot are a frame, after writing them by `bytesOf` and `offsetOf`. */
  setLength(slot: number, length: number): void {
    this.#lengths[slot] = length;
  }

  /** The memory that the slot lies in. */
  bytesOf(slot: number): Uint8Array {
    return this.#blocks[Math.floor(slot / this.#slotsPerBlock)];
  }

  /** Where in that memory the slot begins. */
  offsetOf(slot: number): number {
    return (slot % this.#slotsPerBlock) * this.slotBytes;
  }

  /** Fills a slot from pieces that together are no longer than `slotBytes`. */
  gather(slot: number, memory: DataView, pieces: Int32Array, count: number): void {
    const view = this.viewOf(slot);
    const start = this.offsetOf(slot);
    let at = start;
    for (let i = 0; i < count; i++) {
      const length = pieces[2 * i + 1];
      copyBytes(memory, pieces[2 * i], view, at, length);
      at += length;
    }
    this.#lengths[slot] = at - start;
  }

  /** Copies a frame out; what `Device.receive` returns for it. */
  copyOut(slot: number, memory: DataView, offset: number, limit: number): number {
    const length = this.#lengths[slot];
    const kept = length > limit ? limit : length;
    copyBytes(this.viewOf(slot), this.offsetOf(slot), memory, offset, kept);
    return length > limit ? limit + 1 : length;
  }

  /** Makes `to` the same frame as `from`. */
  copy(from: number, to: number): void {
    const length = this.#lengths[from];
    copyBytes(this.viewOf(from), this.offsetOf(from), this.viewOf(to), this.offsetOf(to), length);
    this.#lengths[to] = length;
  }

  /** The same memory as a view. */
  viewOf(slot: number): DataView {
    return this.#views[Math.floor(slot / this.#slotsPerBlock)];
  }

  /** The lowest of the new slots ends on top of the stack. */
  #grow(): void {
    const slots = Math.min(this.#slotsPerBlock, this.capacity - this.#slotCount);
    const buffer = new ArrayBuffer(slots * this.slotBytes);
    this.#blocks.push(new Uint8Array(buffer));
    this.#views.push(new DataView(buffer));
    this.#slotCount += slots;
    for (let i = 0; i < slots; i++) this.#free[this.#freeCount++] = this.#slotCount - 1 - i;
  }
}
