/**
 * A layer-3 device: where IP packets come from and go to.
 *
 * A device is used by one stack in one thread. Frames are plain IP packets; when `virtioHeader` is true
 * each is preceded by the 10-byte virtio-net header (see src/wire/virtio.ts), may be a super-segment of
 * up to 64 KiB and may have an unfinished checksum.
 *
 * To write your own: keep a queue of frames, give the oldest in `receive`, take one in `send`, call
 * `onArrival` when a frame arrives in an empty queue. All memory is the caller's: copy what you keep.
 */
export interface Device {
  /** A name for messages and captures, such as `woshou0`. */
  readonly name: string;
  /** The largest IP packet in bytes, 576 to 65535. */
  readonly mtu: number;
  /** Whether frames carry a virtio-net header. */
  readonly virtioHeader: boolean;
  /**
   * Moves the oldest waiting frame to `memory[offset..]` and returns its length in bytes, 0 when none
   * waits. A frame longer than `limit` is consumed and returned cut, with `limit + 1` as its length.
   */
  receive(memory: Uint8Array, offset: number, limit: number): number;
  /**
   * Sends one frame, gathered from `count` pieces: `pieces` holds `count` pairs of (byte offset into
   * `memory`, length in bytes).
   */
  send(memory: Uint8Array, pieces: Int32Array, count: number): SendOutcome;
  /**
   * The time in microseconds at which a frame that is on its way will wait in `receive`; a past time
   * when one waits now, `Infinity` when none is known of.
   */
  nextArrival(): number;
  /** Called when a frame arrives while none was waiting, or when `nextArrival` has become earlier. */
  onArrival: (() => void) | null;
  /** Releases what the device holds. A closed device receives nothing and sends nothing. */
  close(): void;
}

/** What became of a frame that was sent. */
export const SendOutcome = {
  sent: 0,
  /** The queue behind the device is full; the frame is lost, as on any network. */
  queueFull: 1,
  /** The device refused the frame (too long, closed, link down). */
  refused: 2,
} as const;

/** One value of {@link SendOutcome}. */
export type SendOutcome = (typeof SendOutcome)[keyof typeof SendOutcome];
