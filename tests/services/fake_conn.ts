import type { SeededRandom } from "../../src/base/random.ts";
import type { ServiceConn } from "../../src/services/service.ts";

/**
 * A connection with a script: `read` gives the bytes of `input` in pieces of random size, `write` takes
 * a random part of what it is given and fails once `capacity` bytes are taken.
 */
export class FakeConn implements ServiceConn {
  readonly received: Uint8Array;
  receivedLength = 0;
  closed = 0;
  #input: Uint8Array;
  #read = 0;
  #random: SeededRandom;

  constructor(random: SeededRandom, input: Uint8Array, capacity: number) {
    this.#random = random;
    this.#input = input;
    this.received = new Uint8Array(capacity);
  }

  read(buffer: Uint8Array): Promise<number | null> {
    const left = this.#input.length - this.#read;
    if (left === 0) return Promise.resolve(null);
    const length = this.#random.integer(1, Math.min(left, buffer.length));
    buffer.set(this.#input.subarray(this.#read, this.#read + length));
    this.#read += length;
    return Promise.resolve(length);
  }

  write(bytes: Uint8Array): Promise<number> {
    const room = this.received.length - this.receivedLength;
    if (room === 0) return Promise.reject(new Deno.errors.BrokenPipe("the peer has gone"));
    const length = this.#random.integer(1, Math.min(room, bytes.length));
    this.received.set(bytes.subarray(0, length), this.receivedLength);
    this.receivedLength += length;
    return Promise.resolve(length);
  }

  close(): void {
    this.closed++;
  }

  /** Bytes of the input that were read. */
  get consumed(): number {
    return this.#read;
  }
}
