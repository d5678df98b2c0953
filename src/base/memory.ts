import { makeVector, type Vector, vectorMemory } from "./vector.ts";

/** What the bytes of a {@link Memory} are in; a shared one can be posted to another thread. */
export type Store = ArrayBuffer | SharedArrayBuffer | WebAssembly.Memory;

/**
 * One buffer under its usual views. Frames, received bytes and bytes to send of a pipeline lie in
 * one shared buffer, so that a copy is {@link Memory.copy}, which allocates nothing, and a place is
 * a plain byte offset that means the same in every thread.
 */
export class Memory {
  readonly store: Store;
  readonly buffer: ArrayBufferLike;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Faster copies and checksums, where the store allows them. */
  readonly vector: Vector | null;

  constructor(store: Store) {
    this.store = store;
    const isWebAssembly = store instanceof WebAssembly.Memory;
    this.buffer = isWebAssembly ? store.buffer : store;
    this.bytes = new Uint8Array(this.buffer);
    this.view = new DataView(this.buffer);
    this.vector = isWebAssembly ? makeVector(store) : null;
  }

  /** Copies `length` bytes from offset `from` to offset `to`; the ranges may overlap. */
  copy(to: number, from: number, length: number): void {
    if (this.vector === null) this.bytes.copyWithin(to, from, from + length);
    else this.vector.copy(to, from, length);
  }
}

/**
 * A shared store of at least `bytes` bytes, all zero, for a pipeline that has threads: WebAssembly's, or a plain
 * buffer where the system does not have the address space that the engine reserves around it (about 10 GiB, of which
 * nothing is used).
 */
export function threadStore(bytes: number): SharedArrayBuffer | WebAssembly.Memory {
  return vectorMemory(bytes) ?? new SharedArrayBuffer(bytes);
}
