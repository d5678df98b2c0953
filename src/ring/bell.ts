/**
 * Doorbells: how a thread that has run out of work sleeps, and how others wake it.
 *
 * Waking a sleeper costs a system call, so it happens only when the sleeper has said that it sleeps:
 *
 * ```text
 *   sleeper                          ringer
 *   word = ASLEEP                    publish work
 *   look for work once more          if word == ASLEEP, swap to AWAKE and wake
 *   if none: sleep
 * ```
 *
 * Either the sleeper sees the work in its second look, or the ringer sees ASLEEP: both orders are safe
 * because all these accesses are sequentially consistent.
 */

const AWAKE = 0;
const ASLEEP = 1;

/** One thread's bell, as others ring it. */
export class Bell {
  readonly words: Int32Array;
  readonly index: number;
  readonly #wake: () => void;

  /** `wake` gets the thread out of its sleep; by default it sleeps on the word itself. */
  constructor(words: Int32Array, index: number, wake?: () => void) {
    this.words = words;
    this.index = index;
    this.#wake = wake ?? (() => void Atomics.notify(words, index));
  }

  /** Wakes the thread if it sleeps or is about to. */
  ring(): void {
    if (
      Atomics.load(this.words, this.index) === ASLEEP &&
      Atomics.compareExchange(this.words, this.index, ASLEEP, AWAKE) === ASLEEP
    ) {
      this.#wake();
    }
  }

  /** First step of going to sleep. Look for work once more before the second. */
  announceSleep(): void {
    Atomics.store(this.words, this.index, ASLEEP);
  }

  /** Takes the announcement back, after waking up or because there is work after all. */
  announceAwake(): void {
    Atomics.store(this.words, this.index, AWAKE);
  }

  /** Second step, for a thread that may block: sleeps until rung or until `timeoutMs` has passed. */
  sleep(timeoutMs: number): void {
    Atomics.wait(this.words, this.index, ASLEEP, timeoutMs);
    this.announceAwake();
  }

  /** Second step, for a thread with an event loop: resolves when rung; null when rung already. */
  sleepAsync(): Promise<unknown> | null {
    const result = Atomics.waitAsync(this.words, this.index, ASLEEP);
    return result.async ? result.value : null;
  }
}
