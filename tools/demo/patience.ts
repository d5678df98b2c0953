/** Nothing in the demonstration waits for ever: every wait has a limit, and an interrupt ends it. */

/** Waits that end with an error when they take too long or when the user has had enough. */
export class Patience {
  readonly #signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** Throws when the user has asked for the end. */
  check(): void {
    this.#signal.throwIfAborted();
  }

  /** What `promise` gives, unless that takes more than `limitMs`: then an error that says `what`. */
  async within<T>(limitMs: number, what: string, promise: Promise<T>): Promise<T> {
    const ended = Promise.withResolvers<never>();
    const onAbort = () => ended.reject(this.#signal.reason);
    const timer = setTimeout(
      () => ended.reject(new Error(`${what}: nothing came of it within ${limitMs / 1000} s`)),
      limitMs,
    );
    this.#signal.addEventListener("abort", onAbort, { once: true });
    if (this.#signal.aborted) onAbort();
    // Whichever loses the race may fail later, when nobody looks any more.
    promise.catch(() => {});
    try {
      return await Promise.race([promise, ended.promise]);
    } finally {
      clearTimeout(timer);
      this.#signal.removeEventListener("abort", onAbort);
    }
  }

  /** Asks again and again until the answer is not null; null when that takes more than `limitMs`. */
  async poll<T>(limitMs: number, ask: () => T | null): Promise<T | null> {
    const endMs = performance.now() + limitMs;
    for (;;) {
      this.check();
      const answer = ask();
      if (answer !== null || performance.now() >= endMs) return answer;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}

const POLL_MS = 5;
