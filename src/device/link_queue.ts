/**
 * The queue in front of a link of limited rate: first in, first out, drop-tail, as a router's.
 *
 * Frames are not held here, only the times at which the link is done with each: a frame waits, or is on
 * the link, until then. Times are microseconds. They are counted in bytes from the start of a busy
 * period, not added up, so that the rate is exact over any number of frames.
 *
 * ```text
 *   doneUs[head], doneUs[head + 1], ...  ascending; `count` of them, in a ring
 *   bytes[...]                           their lengths, whose sum is queuedBytes
 * ```
 */
export class LinkQueue {
  readonly #rateBitsPerSecond: number;
  readonly #limitBytes: number;
  readonly #doneUs: Float64Array;
  readonly #bytes: Int32Array;
  #head = 0;
  #count = 0;
  #queuedBytes = 0;
  /** When the link last became busy, and the bytes since then. */
  #busySinceUs = 0;
  #busyBytes = 0;
  #freeAtUs = 0;

  /** A link whose queue, with the frame on the link, has at most so many bytes and frames. */
  constructor(rateBitsPerSecond: number, limitBytes: number, limitFrames: number) {
    this.#rateBitsPerSecond = rateBitsPerSecond;
    this.#limitBytes = limitBytes;
    this.#doneUs = new Float64Array(limitFrames);
    this.#bytes = new Int32Array(limitFrames);
  }

  /** Queues a frame and returns when the link will be done with it; -1 when the queue is full. */
  add(nowUs: number, bytes: number): number {
    while (this.#count > 0 && this.#doneUs[this.#head] <= nowUs) this.#forgetOldest();
    // An idle link takes any frame: a limit below one frame would let nothing pass at all.
    if (this.#count > 0) {
      const full = this.#count === this.#doneUs.length;
      if (full || this.#queuedBytes + bytes > this.#limitBytes) return -1;
    }
    if (this.#freeAtUs <= nowUs) {
      this.#busySinceUs = nowUs;
      this.#busyBytes = 0;
    }
    this.#busyBytes += bytes;
    this.#freeAtUs = this.#busySinceUs + (this.#busyBytes * 8e6) / this.#rateBitsPerSecond;
    const tail = (this.#head + this.#count) % this.#doneUs.length;
    this.#doneUs[tail] = this.#freeAtUs;
    this.#bytes[tail] = bytes;
    this.#count++;
    this.#queuedBytes += bytes;
    return this.#freeAtUs;
  }

  #forgetOldest(): void {
    this.#queuedBytes -= this.#bytes[this.#head];
    this.#head = (this.#head + 1) % this.#doneUs.length;
    this.#count--;
  }
}
