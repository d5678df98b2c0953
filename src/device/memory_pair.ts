import { gatheredLength } from "./copy_bytes.ts";
import { type Device, SendOutcome } from "./device.ts";
import { checkInteger, FrameQueue } from "./frame_queue.ts";

/** How to make two connected devices. */
export interface MemoryPairOptions {
  /** The largest IP packet in bytes, 576 to 65535; default 1500. */
  readonly mtu?: number;
  /** How many frames may wait in each direction, 1 to 65536; default 1024. More are lost. */
  readonly queueFrames?: number;
  /** The names of the two ends; default `memory0` and `memory1`. */
  readonly names?: readonly [string, string];
}

const MTU_DEFAULT_BYTES = 1500;
const QUEUE_DEFAULT_FRAMES = 1024;
const QUEUE_MAX_FRAMES = 65536;

/**
 * Two devices that are each other's wire: what one sends the other receives, in order and at once.
 * They need no kernel, no permission and no clock.
 *
 * `onArrival` is called from within the other end's `send`, after the frame has been queued: a handler
 * may call `receive` or `send` on either end, but one that only notes that there is work keeps the
 * stack depth bounded.
 *
 * Throws `RangeError` for an impossible MTU or queue length.
 */
export function memoryPair(options: MemoryPairOptions = {}): [Device, Device] {
  const { mtu = MTU_DEFAULT_BYTES, queueFrames = QUEUE_DEFAULT_FRAMES } = options;
  const [first, second] = options.names ?? ["memory0", "memory1"];
  checkInteger("mtu", mtu, 576, 65535);
  checkInteger("queueFrames", queueFrames, 1, QUEUE_MAX_FRAMES);
  const a = new MemoryDevice(first, mtu, queueFrames);
  const b = new MemoryDevice(second, mtu, queueFrames);
  a.peer = b;
  b.peer = a;
  return [a, b];
}

/** One end. Its queue is what it has to receive; the other end's `send` fills it. */
class MemoryDevice implements Device {
  readonly name: string;
  readonly mtu: number;
  readonly virtioHeader = false;
  onArrival: (() => void) | null = null;
  peer: MemoryDevice | null = null;
  readonly #queue: FrameQueue;
  #closed = false;

  constructor(name: string, mtu: number, queueFrames: number) {
    this.name = name;
    this.mtu = mtu;
    this.#queue = new FrameQueue(mtu, queueFrames);
  }

  receive(memory: Uint8Array, offset: number, limit: number): number {
    return this.#queue.take(memory, offset, limit);
  }

  send(memory: Uint8Array, pieces: Int32Array, count: number): SendOutcome {
    const peer = this.peer;
    const length = gatheredLength(pieces, count);
    if (this.#closed || peer === null || length < 1 || length > this.mtu) {
      return SendOutcome.refused;
    }
    return peer.#accept(memory, pieces, count);
  }

  /** A frame for a closed end is lost on the wire, which its sender cannot know. */
  #accept(memory: Uint8Array, pieces: Int32Array, count: number): SendOutcome {
    if (this.#closed) return SendOutcome.sent;
    if (!this.#queue.put(memory, pieces, count)) return SendOutcome.queueFull;
    if (this.#queue.count === 1) this.onArrival?.();
    return SendOutcome.sent;
  }

  nextArrival(): number {
    return this.#queue.count > 0 ? 0 : Infinity;
  }

  close(): void {
    this.#closed = true;
    this.#queue.clear();
  }
}
