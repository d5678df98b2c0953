import type { Random } from "../base/random.ts";
import { Ipv4Field, Protocol, readIpv4HeaderLength } from "../wire/ipv4.ts";
import { markCongestion } from "../wire/ip_rewrite.ts";
import { Codel } from "./codel.ts";
import type { FrameStore } from "./frame_store.ts";

/** How a managed queue is to be. */
export interface ManagedQueueSettings {
  readonly rateBitsPerSecond: number;
  /** Bytes and frames that may wait; more are lost as in any queue. */
  readonly limitBytes: number;
  readonly limitFrames: number;
  /** CoDel's two times (RFC 8289 sections 4.2 and 4.3), microseconds. */
  readonly targetUs: number;
  readonly intervalUs: number;
  /** Whether frames that allow it are marked where others would be dropped. */
  readonly ecn: boolean;
  /** Whether each flow has a queue of its own (RFC 8290). */
  readonly fair: boolean;
  /** Bytes of a frame before its IP packet. */
  readonly headerBytes: number;
}

/** Queues of a fair queue; flows are spread over them by a hash. RFC 8290 has 1024 for a whole host. */
const FAIR_QUEUES = 256;
const NONE = -1;

/**
 * A queue before a link that decides about a frame when its turn has come, by the time it has waited: CoDel
 * (RFC 8289), in one queue or in one for each flow, served in turn (RFC 8290).
 *
 * ```text
 *   first[q] -> next[slot] -> ... -> last[q]     the frames of queue q, oldest first
 *   newFlows, oldFlows                           queues that hold frames, in the order of service
 * ```
 */
export class ManagedQueue {
  /** Frames that CoDel has dropped, and marked instead. */
  dropped = 0;
  marked = 0;
  readonly #store: FrameStore;
  readonly #settings: ManagedQueueSettings;
  readonly #salt: number;
  readonly #next: Int32Array;
  readonly #sinceUs: Float64Array;
  readonly #first: Int32Array;
  readonly #last: Int32Array;
  readonly #bytes: Int32Array;
  readonly #deficit: Int32Array;
  readonly #codel: Codel[];
  #newFlows: number[] = [];
  #oldFlows: number[] = [];
  #count = 0;
  #waitingBytes = 0;
  #freeAtUs = 0;
  /** When the link takes the next frame; `Infinity` when none waits. */
  #serveAtUs = Infinity;
  /** The longest frame seen, less than which CoDel never drops, and what a queue may send in a turn. */
  #frameMaxBytes = 0;

  /** A queue of frames that lie in `store`. */
  constructor(store: FrameStore, settings: ManagedQueueSettings, random: Random) {
    const queues = settings.fair ? FAIR_QUEUES : 1;
    this.#store = store;
    this.#settings = settings;
    this.#salt = settings.fair ? random.uint32() | 0 : 0;
    this.#next = new Int32Array(store.capacity);
    this.#sinceUs = new Float64Array(store.capacity);
    this.#first = new Int32Array(queues).fill(NONE);
    this.#last = new Int32Array(queues).fill(NONE);
    this.#bytes = new Int32Array(queues);
    this.#deficit = new Int32Array(queues);
    const { targetUs, intervalUs } = settings;
    this.#codel = Array.from({ length: queues }, () => new Codel(targetUs, intervalUs));
  }

  /** Frames that wait. */
  get count(): number {
    return this.#count;
  }

  /** When the link takes the next frame, microseconds; `Infinity` when none waits. */
  nextService(): number {
    return this.#serveAtUs === Infinity ? Infinity : Math.ceil(this.#serveAtUs);
  }

  /** Queues the frame in this slot; false when there is no room for it. */
  add(slot: number, nowUs: number): boolean {
    const bytes = this.#store.lengthOf(slot) - this.#settings.headerBytes;
    const { limitBytes, limitFrames } = this.#settings;
    if (this.#count > 0) {
      if (this.#count >= limitFrames || this.#waitingBytes + bytes > limitBytes) return false;
    }
    if (bytes > this.#frameMaxBytes) this.#frameMaxBytes = bytes;
    const queue = this.#settings.fair ? this.#flowOf(slot) : 0;
    this.#sinceUs[slot] = nowUs;
    this.#next[slot] = NONE;
    if (this.#first[queue] === NONE) {
      this.#first[queue] = slot;
      if (!this.#newFlows.includes(queue) && !this.#oldFlows.includes(queue)) {
        this.#newFlows.push(queue);
        this.#deficit[queue] = this.#frameMaxBytes;
      }
    } else {
      this.#next[this.#last[queue]] = slot;
    }
    this.#last[queue] = slot;
    this.#bytes[queue] += bytes;
    this.#waitingBytes += bytes;
    if (this.#count++ === 0) this.#serveAtUs = Math.max(nowUs, this.#freeAtUs);
    return true;
  }

  /**
   * Takes out the next frame whose turn has come by `nowUs`; -1 when there is none. `linkFreeAt` then
   * tells when the link is done with it.
   */
  serve(nowUs: number): number {
    while (this.#count > 0 && this.#serveAtUs <= nowUs) {
      const atUs = this.#serveAtUs;
      const slot = this.#chooseFrame(atUs);
      this.#serveAtUs = this.#count > 0 ? atUs : Infinity;
      if (slot === NONE) continue; // Everything that waited was dropped.
      const bytes = this.#store.lengthOf(slot) - this.#settings.headerBytes;
      this.#freeAtUs = atUs + (bytes * 8e6) / this.#settings.rateBitsPerSecond;
      if (this.#count > 0) this.#serveAtUs = this.#freeAtUs;
      return slot;
    }
    return NONE;
  }

  /** When the link is done with the frame that `serve` gave last. */
  get linkFreeAt(): number {
    return this.#freeAtUs;
  }

  /** Takes out any frame that waits, whatever the time; -1 when none does. */
  removeAny(): number {
    for (let queue = 0; queue < this.#first.length; queue++) {
      if (this.#first[queue] !== NONE) {
        const slot = this.#take(queue);
        if (this.#count === 0) this.#serveAtUs = Infinity;
        return slot;
      }
    }
    return NONE;
  }

  /** RFC 8290 section 4.2: deficit round robin, where queues that were empty come first. */
  #chooseFrame(nowUs: number): number {
    for (;;) {
      const fresh = this.#newFlows.length > 0;
      const list = fresh ? this.#newFlows : this.#oldFlows;
      if (list.length === 0) return NONE;
      const queue = list[0];
      if (this.#deficit[queue] <= 0) {
        this.#deficit[queue] += this.#frameMaxBytes;
        list.shift();
        this.#oldFlows.push(queue);
        continue;
      }
      const slot = this.#dequeue(queue, nowUs);
      if (slot === NONE) {
        list.shift();
        // A queue that has run empty goes around once more, or it could always come first.
        if (fresh && this.#oldFlows.length > 0) this.#oldFlows.push(queue);
        continue;
      }
      this.#deficit[queue] -= this.#store.lengthOf(slot) - this.#settings.headerBytes;
      return slot;
    }
  }

  /** RFC 8289 section 5.5: the next frame of a queue that CoDel lets pass. */
  #dequeue(queue: number, nowUs: number): number {
    const codel = this.#codel[queue];
    for (;;) {
      const slot = this.#first[queue] === NONE ? NONE : this.#take(queue);
      const waitedUs = slot === NONE ? 0 : nowUs - this.#sinceUs[slot];
      const little = slot === NONE || this.#bytes[queue] <= this.#frameMaxBytes;
      const verdict = codel.passes(nowUs, waitedUs, little);
      if (slot === NONE || verdict) return slot;
      if (this.#settings.ecn && this.#mark(slot)) {
        this.marked++;
        return slot;
      }
      this.dropped++;
      this.#store.release(slot);
    }
  }

  #take(queue: number): number {
    const slot = this.#first[queue];
    this.#first[queue] = this.#next[slot];
    const bytes = this.#store.lengthOf(slot) - this.#settings.headerBytes;
    this.#bytes[queue] -= bytes;
    this.#waitingBytes -= bytes;
    this.#count--;
    return slot;
  }

  #mark(slot: number): boolean {
    const at = this.#store.offsetOf(slot) + this.#settings.headerBytes;
    return markCongestion(this.#store.viewOf(slot), at);
  }

  /** RFC 8290 section 4.1.1: addresses, protocol and ports choose the queue. */
  #flowOf(slot: number): number {
    const view = this.#store.viewOf(slot);
    const at = this.#store.offsetOf(slot) + this.#settings.headerBytes;
    const bytes = this.#store.lengthOf(slot) - this.#settings.headerBytes;
    if (bytes < 24 || view.getUint8(at) >>> 4 !== 4) return 0;
    let hash = mix(this.#salt, view.getInt32(at + Ipv4Field.source));
    hash = mix(hash, view.getInt32(at + Ipv4Field.destination));
    const protocol = view.getUint8(at + Ipv4Field.protocol);
    hash = mix(hash, protocol);
    const ports = at + readIpv4HeaderLength(view, at);
    if (protocol === Protocol.tcp && ports + 4 <= at + bytes) {
      hash = mix(hash, view.getInt32(ports));
    }
    return (hash >>> 16) % FAIR_QUEUES;
  }
}

function mix(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}
