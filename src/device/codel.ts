/** Intervals after which the count of an earlier dropping state says nothing any more (RFC 8289 5.4). */
const MEMORY_INTERVALS = 16;

/**
 * CoDel's decision about the frames of one queue (RFC 8289 section 5): when frames have waited for more than
 * the target for a whole interval, one is dropped, and the next ones at ever shorter times, until the
 * waiting is short again. Times are microseconds.
 */
export class Codel {
  readonly #targetUs: number;
  readonly #intervalUs: number;
  /** When waiting will have been long for an interval; 0 while it is short. */
  #firstAboveUs = 0;
  #dropping = false;
  #dropNextUs = 0;
  /** Drops since the dropping state was entered, and how many there were at the last entry. */
  #count = 0;
  #lastCount = 0;

  /** A controller with its target and its interval. */
  constructor(targetUs: number, intervalUs: number) {
    this.#targetUs = targetUs;
    this.#intervalUs = intervalUs;
  }

  /**
   * Whether a frame that is at its turn now passes; if not it is to be dropped or marked, and after a drop
   * the next frame is asked about. `little` says that hardly anything waits behind it, or that there is no
   * frame at all.
   */
  passes(nowUs: number, waitedUs: number, little: boolean): boolean {
    const long = this.#isLong(nowUs, waitedUs, little);
    if (!long) {
      this.#dropping = false;
      return true;
    }
    if (!this.#dropping) {
      this.#enter(nowUs);
      return false;
    }
    if (nowUs < this.#dropNextUs) return true;
    this.#count++;
    this.#dropNextUs = this.#after(this.#dropNextUs);
    return false;
  }

  #isLong(nowUs: number, waitedUs: number, little: boolean): boolean {
    if (waitedUs < this.#targetUs || little) {
      this.#firstAboveUs = 0;
      return false;
    }
    if (this.#firstAboveUs === 0) {
      this.#firstAboveUs = nowUs + this.#intervalUs;
      return false;
    }
    return nowUs >= this.#firstAboveUs;
  }

  #enter(nowUs: number): void {
    this.#dropping = true;
    const added = this.#count - this.#lastCount;
    const recent = nowUs - this.#dropNextUs < MEMORY_INTERVALS * this.#intervalUs;
    this.#count = recent && added > 1 ? added : 1;
    this.#dropNextUs = this.#after(nowUs);
    this.#lastCount = this.#count;
  }

  /** The control law: drops come as the square root of their number. */
  #after(timeUs: number): number {
    return timeUs + this.#intervalUs / Math.sqrt(this.#count);
  }
}
