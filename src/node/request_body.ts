/** Bytes of a body that may wait for the handler; then the connection is read no further. */
const WAITING_MAX_BYTES = 65_536;

/** What a body needs of its connection. */
export interface BodyHost {
  /** The handler wants the body: the client may be waiting to be told so (RFC 9110 section 10.1.1). */
  onWanted(): void;
  /** There is room for more again. */
  onRoom(): void;
}

/** The body of a request on its way from the connection to the handler. */
export class RequestBody {
  readonly #host: BodyHost;
  #chunks: Uint8Array<ArrayBuffer>[] = [];
  #waiting = 0;
  #isComplete = false;
  #isDropped = false;
  #error: Error | null = null;
  #pull: PromiseWithResolvers<Uint8Array<ArrayBuffer> | null> | null = null;

  constructor(host: BodyHost) {
    this.#host = host;
  }

  /** Whether the last byte has come. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Whether so much waits for the handler that no more should be read. */
  get isFull(): boolean {
    return this.#waiting >= WAITING_MAX_BYTES;
  }

  /** A piece has come. It is copied, because the buffer is used again. */
  push(bytes: Uint8Array): void {
    if (this.#isDropped || this.#error !== null) return;
    // Not `slice`, which for a Buffer copies nothing.
    const chunk = new Uint8Array(bytes);
    const pull = this.#pull;
    if (pull !== null) {
      this.#pull = null;
      pull.resolve(chunk);
      return;
    }
    this.#chunks.push(chunk);
    this.#waiting += chunk.length;
  }

  /** The last piece has come. */
  end(): void {
    this.#isComplete = true;
    this.#pull?.resolve(null);
    this.#pull = null;
  }

  /** No more will come. */
  fail(error: Error): void {
    if (this.#isComplete || this.#error !== null) return;
    this.#error = error;
    this.#pull?.reject(error);
    this.#pull = null;
  }

  /** Nobody wants what is left. */
  drop(): void {
    this.#isDropped = true;
    this.#chunks = [];
    this.#setWaiting(0);
  }

  /** The whole body when it is there already, else null. */
  takeWhole(): Uint8Array<ArrayBuffer> | null {
    if (!this.#isComplete) return null;
    const whole = this.#chunks.length === 1 ? this.#chunks[0] : joined(this.#chunks, this.#waiting);
    this.#chunks = [];
    this.#setWaiting(0);
    return whole;
  }

  /** The body as a stream that is read as fast as the handler reads it. */
  stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return new ReadableStream({
      type: "bytes",
      pull: async (controller) => {
        const chunk = await this.#next();
        if (chunk !== null) return controller.enqueue(chunk);
        controller.close();
        // A reader that brought a buffer is told so by an answer of nothing.
        (controller as ReadableByteStreamController).byobRequest?.respond(0);
      },
      cancel: () => this.drop(),
    }, { highWaterMark: 0 });
  }

  #next(): Promise<Uint8Array<ArrayBuffer> | null> {
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      this.#setWaiting(this.#waiting - chunk.length);
      return Promise.resolve(chunk);
    }
    if (this.#error !== null) return Promise.reject(this.#error);
    if (this.#isComplete) return Promise.resolve(null);
    this.#pull = Promise.withResolvers();
    this.#host.onWanted();
    return this.#pull.promise;
  }

  #setWaiting(bytes: number): void {
    const wasFull = this.isFull;
    this.#waiting = bytes;
    if (wasFull && !this.isFull) this.#host.onRoom();
  }
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
