/**
 * One buffer under its two usual views. Frames, received bytes and bytes to send of a pipeline lie in
 * one shared buffer, so that a copy is `bytes.copyWithin(...)`, which allocates nothing, and a place is
 * a plain byte offset that means the same in every thread.
 */
export class Memory {
  readonly buffer: ArrayBufferLike;
  readonly bytes: Uint8Array;
  readonly view: DataView;

  constructor(buffer: ArrayBufferLike) {
    this.buffer = buffer;
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
  }
}
