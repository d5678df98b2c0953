/**
 * Copies bytes between two memories that do not overlap. `TypedArray.set` needs a view of just the
 * bytes, which is an allocation for each frame; words through a DataView need none.
 */
export function copyBytes(
  from: DataView,
  fromOffset: number,
  to: DataView,
  toOffset: number,
  length: number,
): void {
  let i = 0;
  for (; i + 16 <= length; i += 16) {
    to.setInt32(toOffset + i, from.getInt32(fromOffset + i));
    to.setInt32(toOffset + i + 4, from.getInt32(fromOffset + i + 4));
    to.setInt32(toOffset + i + 8, from.getInt32(fromOffset + i + 8));
    to.setInt32(toOffset + i + 12, from.getInt32(fromOffset + i + 12));
  }
  for (; i < length; i++) to.setUint8(toOffset + i, from.getUint8(fromOffset + i));
}

/** A DataView of the memory that was asked for last, so that one is made only when it changes. */
export class LastView {
  #memory: Uint8Array | null = null;
  #view: DataView = new DataView(new ArrayBuffer(0));

  /** The view of all of `memory`. */
  of(memory: Uint8Array): DataView {
    if (memory !== this.#memory) {
      this.#memory = memory;
      this.#view = new DataView(memory.buffer, memory.byteOffset, memory.byteLength);
    }
    return this.#view;
  }
}

/** The bytes of a frame that is gathered from `count` pieces. */
export function gatheredLength(pieces: Int32Array, count: number): number {
  let length = 0;
  for (let i = 0; i < count; i++) length += pieces[2 * i + 1];
  return length;
}
