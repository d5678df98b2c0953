/** How many ICMP messages may be sent (RFC 1812 section 4.3.2.8, RFC 4443 section 2.4 f). */
import type { Random } from "../base/random.ts";

/** What a message costs is drawn from 0 to 2, so that nobody can count exactly how many others have had. */
const COSTS = 3;

/**
 * A bucket that fills with time. A limit that is exact and common to all tells whoever uses it up whether others
 * have drawn answers, and with that which port is open behind a forged address (CVE-2020-25705); so a message costs
 * nothing, one or two, as in Linux.
 */
export class IcmpLimit {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #random: Random;
  #tokens: number;
  #filledAtUs = 0;

  constructor(perSecond: number, burst: number, random: Random) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst;
    this.#random = random;
  }

  /** Whether one more may be sent now; if so, it counts. */
  allows(nowUs: number): boolean {
    const earned = ((nowUs - this.#filledAtUs) / 1e6) * this.#perSecond;
    this.#tokens = Math.min(this.#burst, this.#tokens + earned);
    this.#filledAtUs = nowUs;
    if (this.#tokens < 1) return false;
    this.#tokens = Math.max(0, this.#tokens - this.#random.uint32() % COSTS);
    return true;
  }
}
