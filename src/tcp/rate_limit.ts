import type { Random } from "../base/random.ts";

/** So many in a second, with as many at once: a bucket that refills as time passes. */
export class RateLimit {
  readonly #perSecond: number;
  #tokens: number;
  #filledAtUs = 0;

  /** `perSecond` 0 is no limit. */
  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#tokens = perSecond;
  }

  /** Whether one more may go now; if so, it counts. */
  allows(nowUs: number): boolean {
    if (this.#perSecond === 0) return true;
    const earned = ((nowUs - this.#filledAtUs) / 1e6) * this.#perSecond;
    this.#tokens = Math.min(this.#perSecond, this.#tokens + earned);
    this.#filledAtUs = nowUs;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}

/**
 * About so many in a second, each second with a limit of its own that nobody can know, from half to one and a
 * half times the mean. A limit that all connections share and that is always the same tells whoever uses it
 * up how much of it others have used, and with that whether a guessed four-tuple and sequence number are
 * in use (CVE-2016-5696); Linux draws its limit in the same way.
 */
export class HiddenRateLimit {
  readonly #perSecond: number;
  readonly #random: Random;
  #second = -1;
  #left = 0;

  /** `perSecond` 0 is no limit. */
  constructor(perSecond: number, random: Random) {
    this.#perSecond = perSecond;
    this.#random = random;
  }

  /** Whether one more may go now; if so, it counts. */
  allows(nowUs: number): boolean {
    const mean = this.#perSecond;
    if (mean === 0) return true;
    const second = Math.floor(nowUs / 1e6);
    if (second !== this.#second) {
      this.#second = second;
      this.#left = Math.ceil(mean / 2) + this.#random.uint32() % mean;
    }
    if (this.#left === 0) return false;
    this.#left--;
    return true;
  }
}
