/**
 * Copies between the shared memory and arrays of the application. Engines copy shared memory word by word,
 * because another thread might write it; here nobody does, so a pipeline that may call the C library lets that
 * copy large pieces (src/device/libc_copier.ts).
 */
export interface Copier {
  /** Copies `length` bytes at `offset` of the memory to `target[at..]`. */
  read(offset: number, target: Uint8Array, at: number, length: number): void;
  /** Copies `length` bytes from `source[from..]` to `offset` of the memory. */
  write(source: Uint8Array, from: number, offset: number, length: number): void;
}

/** Copies as the engine does. */
export class ArrayCopier implements Copier {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  read(offset: number, target: Uint8Array, at: number, length: number): void {
    target.set(this.#bytes.subarray(offset, offset + length), at);
  }

  write(source: Uint8Array, from: number, offset: number, length: number): void {
    // A write that goes whole, as most small ones do, needs no view of its own.
    const whole = length === source.length;
    this.#bytes.set(whole ? source : source.subarray(from, from + length), offset);
  }
}
