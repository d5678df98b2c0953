import { publishRead, StreamCursor, type StreamWords, streamWritten } from "../ring/stream.ts";

/**
 * The bytes that the application wrote and the peer has not acknowledged. The application owns the
 * blocks; this side walks them.
 *
 * ```text
 *   position      acked            next               end
 *                   |  in flight    |   not yet sent   |
 *   stream    ......[###############|##################)
 * ```
 *
 * Positions count bytes from the first one of the connection, modulo 2^32: byte p has the sequence
 * number ISS + 1 + p.
 */
export class SendBuffer {
  /** End of what the application has written, when last looked at. */
  end = 0;
  readonly #shared: StreamWords;
  readonly #table: number;
  readonly #acked = new StreamCursor();
  readonly #next = new StreamCursor();

  constructor(shared: StreamWords, table: number) {
    this.#shared = shared;
    this.#table = table;
  }

  /** Looks at how much the application has written. */
  refresh(): void {
    this.end = streamWritten(this.#shared);
  }

  /** Position up to which everything is acknowledged. */
  get acked(): number {
    return this.#acked.position;
  }

  /** Bytes that are not acknowledged, sent or not. */
  get held(): number {
    return (this.end - this.#acked.position) | 0;
  }

  /** The peer has acknowledged everything before `position`. */
  acknowledge(position: number): void {
    const count = (position - this.#acked.position) | 0;
    if (count <= 0) return;
    this.#acked.skip(this.#shared, this.#table, count);
    if (((this.#next.position - position) | 0) < 0) this.#next.copyFrom(this.#acked);
  }

  /** Writes its state into four words; nothing may be held. The application may be writing meanwhile. */
  sleep(words: Int32Array, at: number): void {
    this.#acked.save(words, at);
  }

  /** Goes on from what {@link SendBuffer.sleep} wrote. */
  wake(words: Int32Array, at: number): void {
    this.#acked.restore(words, at);
    this.#next.copyFrom(this.#acked);
    this.end = this.#acked.position;
  }

  /** Lets the application have the acknowledged blocks back. */
  publish(): void {
    publishRead(this.#shared, this.#acked.position);
  }

  /**
   * Writes the places of the bytes from `position` on into `pieces` from index `at`, as pairs of offset
   * and length, and returns the index behind the last pair. The bytes must have been written.
   */
  gather(position: number, length: number, pieces: Int32Array, at: number): number {
    const cursor = this.#next;
    if (cursor.position !== position) {
      // A retransmission, or the first new bytes after one: walk from the oldest byte held.
      cursor.copyFrom(this.#acked);
      cursor.skip(this.#shared, this.#table, (position - cursor.position) | 0);
    }
    let rest = length;
    while (rest > 0) {
      const count = cursor.span(this.#shared, this.#table, rest);
      pieces[at] = cursor.start(this.#shared, this.#table);
      pieces[at + 1] = count;
      at += 2;
      cursor.advance(count);
      rest -= count;
    }
    return at;
  }
}
