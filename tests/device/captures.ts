/** Captures made by hand, in every form that readers must know. */

/** The parts one after the other. */
export function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Numbers of 16 and 32 bits in one byte order. */
export class Bytes {
  readonly #bytes: number[] = [];

  constructor(readonly little: boolean) {}

  half(...values: number[]): this {
    for (const value of values) this.#number(value, 2);
    return this;
  }

  word(...values: number[]): this {
    for (const value of values) this.#number(value, 4);
    return this;
  }

  raw(bytes: Iterable<number>): this {
    this.#bytes.push(...bytes);
    return this;
  }

  done(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  #number(value: number, size: number): void {
    for (let i = 0; i < size; i++) {
      const shift = 8 * (this.little ? i : size - 1 - i);
      this.#bytes.push((value >>> shift) & 255);
    }
  }
}

/** A pcap file with packets of the given bytes, at 1 s and 500 us, 2 s and 500 us, ... */
export function pcap(
  packets: readonly number[][],
  little: boolean,
  nanoseconds: boolean,
): Uint8Array {
  const bytes = new Bytes(little).word(nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4).half(2, 4)
    .word(0, 0, 65_535, 101);
  packets.forEach((packet, index) =>
    bytes.word(index + 1, nanoseconds ? 500_000 : 500, packet.length, packet.length + 1).raw(packet)
  );
  return bytes.done();
}

/** A pcapng block. */
export function block(type: number, body: Uint8Array, little: boolean): Uint8Array {
  const length = body.length + 12;
  return new Bytes(little).word(type, length).raw(body).word(length).done();
}

/** A pcapng section header and an interface whose time has this resolution (as `if_tsresol`). */
export function section(little: boolean, resolution: number | null): Uint8Array[] {
  const header = new Bytes(little).word(0x1a2b3c4d).half(1, 0).word(0xffff_ffff, 0xffff_ffff);
  const description = new Bytes(little).half(101, 0).word(0);
  if (resolution !== null) description.half(9, 1).raw([resolution, 0, 0, 0]).word(0);
  return [block(0x0a0d0d0a, header.done(), little), block(1, description.done(), little)];
}
