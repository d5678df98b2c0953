import { ArrayCopier, type Copier } from "../ring/copier.ts";
import { libc } from "./libc.ts";

/** From this many bytes on memcpy is worth the call: below it costs more than it saves. */
const MEMCPY_MIN_BYTES = 8192;

/** The two functions as they are called here. */
interface Memcpy {
  memcpyTo(to: Uint8Array<ArrayBuffer>, from: number, length: number): void;
  memcpyFrom(to: number, from: Uint8Array<ArrayBuffer>, length: number): void;
}

/**
 * Copies large pieces with memcpy, which takes half to a third of the time that the engine takes for shared
 * memory that another core has written. Whoever calls has made sure that nobody else touches the bytes.
 */
export class LibcCopier implements Copier {
  readonly #libc: Memcpy;
  readonly #small: ArrayCopier;
  readonly #size: number;
  readonly #base: number;
  /** Keeps the memory at its address alive. */
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    // A size_t is typed as BigInt, which would be made anew for each call; FFI takes numbers as well.
    this.#libc = libc() as unknown as Memcpy;
    this.#small = new ArrayCopier(bytes);
    this.#bytes = bytes;
    this.#size = bytes.length;
    const pointer = Deno.UnsafePointer.of(bytes as Uint8Array<ArrayBuffer>);
    this.#base = Number(Deno.UnsafePointer.value(pointer));
  }

  read(offset: number, target: Uint8Array, at: number, length: number): void {
    if (length < MEMCPY_MIN_BYTES) return this.#small.read(offset, target, at, length);
    this.#check(offset, target, at, length);
    const to = (at === 0 ? target : target.subarray(at)) as Uint8Array<ArrayBuffer>;
    this.#libc.memcpyTo(to, this.#base + offset, length);
  }

  write(source: Uint8Array, from: number, offset: number, length: number): void {
    if (length < MEMCPY_MIN_BYTES) return this.#small.write(source, from, offset, length);
    this.#check(offset, source, from, length);
    const piece = (from === 0 ? source : source.subarray(from)) as Uint8Array<ArrayBuffer>;
    this.#libc.memcpyFrom(this.#base + offset, piece, length);
  }

  /** FFI checks no bounds: a wrong range would overwrite whatever lies there in the process. */
  #check(offset: number, array: Uint8Array, at: number, length: number): void {
    const inMemory = offset >= 0 && offset + length <= this.#size && this.#bytes.length > 0;
    if (!inMemory || !(at >= 0 && at + length <= array.length)) {
      throw new RangeError(`Cannot copy ${length} bytes: they are not within both memories`);
    }
  }
}
