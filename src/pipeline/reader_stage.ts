import { Counter, type Counters } from "../base/counters.ts";
import { Drop } from "../base/drops.ts";
import type { Device } from "../device/device.ts";
import { type Layout, SLOT_BYTES, SLOT_HEADROOM } from "../ring/layout.ts";
import { DESCRIPTOR_WORDS, NIL, START } from "../ring/pool.ts";
import { RingConsumer, RingProducer } from "../ring/ring.ts";

/** Longest frame that a slot takes. */
export const FRAME_LIMIT = SLOT_BYTES - SLOT_HEADROOM;

/** Reads one frame into a slot and counts it; its length, 0 when none waits, -1 when it was cut. */
export function receiveFrame(
  device: Device,
  layout: Layout,
  slot: number,
  counters: Counters,
): number {
  const { words, table } = layout.slotPool;
  const start = words[table + slot * DESCRIPTOR_WORDS + START];
  const length = device.receive(layout.memory.bytes, start, FRAME_LIMIT);
  if (length === 0) return 0;
  counters.count(Counter.framesIn);
  counters.add(Counter.frameBytesIn, length);
  if (length <= FRAME_LIMIT) return length;
  counters.drop(Drop.frameOversized);
  return -1;
}

/** The first stage of the `split` shape: frames from the device into slots. */
export class ReaderStage {
  readonly #device: Device;
  readonly #layout: Layout;
  readonly #counters: Counters;
  readonly #free: RingConsumer;
  readonly #frames: RingProducer;
  /** A slot that was taken from the ring and not yet filled. */
  #slot = NIL;

  constructor(device: Device, layout: Layout) {
    this.#device = device;
    this.#layout = layout;
    this.#counters = layout.readerCounters;
    this.#free = new RingConsumer(layout.freeSlots);
    this.#frames = new RingProducer(layout.frames);
  }

  /** Whether there is a slot to read into. */
  get hasSlot(): boolean {
    return this.#slot !== NIL || this.#free.hasNext();
  }

  /** Reads up to `most` frames and publishes each; `rung` is called after each. Returns how many. */
  run(most: number, rung: () => void): number {
    let count = 0;
    while (count < most && this.#takeSlot()) {
      const length = receiveFrame(this.#device, this.#layout, this.#slot, this.#counters);
      if (length === 0) break;
      if (length < 0) continue;
      const at = this.#frames.claim();
      if (at < 0) throw new Error("The frame ring is full, which its size should make impossible");
      this.#frames.words[at] = this.#slot;
      this.#frames.words[at + 1] = length;
      this.#frames.push();
      this.#frames.publish();
      this.#slot = NIL;
      count++;
      rung();
    }
    this.#free.release();
    return count;
  }

  #takeSlot(): boolean {
    if (this.#slot !== NIL) return true;
    const at = this.#free.next();
    if (at < 0) return false;
    this.#slot = this.#free.words[at];
    return true;
  }
}
