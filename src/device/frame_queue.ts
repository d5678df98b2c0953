import { LastView } from "./copy_bytes.ts";
import { FrameStore } from "./frame_store.ts";

/** A bounded number of frames that wait, the oldest first: what a device has to receive. */
export class FrameQueue {
  readonly #store: FrameStore;
  /** The waiting slots, oldest at `#head`; a ring of `#count` entries. */
  readonly #slots: Int32Array;
  #head = 0;
  #count = 0;
  readonly #outView = new LastView();
  readonly #inView = new LastView();

  /** A queue for at most `frames` frames of at most `frameBytes` bytes. */
  constructor(frameBytes: number, frames: number) {
    this.#store = new FrameStore(frameBytes, frames);
    this.#slots = new Int32Array(frames);
  }

  /** How many frames wait. */
  get count(): number {
    return this.#count;
  }

  /** Whether no further frame would be taken. */
  get isFull(): boolean {
    return this.#count === this.#slots.length;
  }

  /** Takes a frame that is gathered from pieces; false when the queue is full. */
  put(memory: Uint8Array, pieces: Int32Array, count: number): boolean {
    const slot = this.#store.take();
    if (slot < 0) return false;
    this.#store.gather(slot, this.#inView.of(memory), pieces, count);
    this.#slots[(this.#head + this.#count) % this.#slots.length] = slot;
    this.#count++;
    return true;
  }

  /** Moves the oldest frame to `memory[offset..]`, as `Device.receive` does. */
  take(memory: Uint8Array, offset: number, limit: number): number {
    if (this.#count === 0) return 0;
    const slot = this.#slots[this.#head];
    const length = this.#store.copyOut(slot, this.#outView.of(memory), offset, limit);
    this.#drop(slot);
    return length;
  }

  /** Forgets every frame. */
  clear(): void {
    while (this.#count > 0) this.#drop(this.#slots[this.#head]);
  }

  #drop(slot: number): void {
    this.#head = (this.#head + 1) % this.#slots.length;
    this.#count--;
    this.#store.release(slot);
  }
}

/** Throws `RangeError` for what is not a whole number from `low` to `high`. */
export function checkInteger(option: string, value: number, low: number, high: number): void {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new RangeError(`${option}: ${value} must be a whole number from ${low} to ${high}`);
  }
}
