/**
 * Keeps the process alive while somebody waits. The threads of a pipeline are unreferenced, and
 * `Atomics.waitAsync` does not hold the event loop, so one timer does: referenced while a call of a
 * referenced object is pending, as Deno's own pending operations are.
 */
export class Liveness {
  /** The timer itself: by the number of a timer Deno 2.9 neither references nor unreferences it. */
  readonly #timer: ReturnType<typeof setInterval>;
  #pending = 0;
  #referenced = false;

  constructor() {
    this.#timer = setInterval(() => {}, LONGEST_INTERVAL_MS);
    Deno.unrefTimer(this.#timer);
  }

  /** One more call waits. */
  hold(): void {
    this.#pending++;
    if (!this.#referenced) {
      this.#referenced = true;
      Deno.refTimer(this.#timer);
    }
  }

  /** One call less waits. */
  release(): void {
    this.#pending--;
  }

  /** Lets the process go if nobody waits; called once for each batch of events, not for each call. */
  settle(): void {
    if (this.#pending === 0 && this.#referenced) {
      this.#referenced = false;
      Deno.unrefTimer(this.#timer);
    }
  }

  /** Ends it. */
  close(): void {
    clearInterval(this.#timer);
  }
}

const LONGEST_INTERVAL_MS = 0x7fff_ffff;
