/**
 * HyStart++, RFC 9406: leaves the first slow start when round-trip times grow, before anything is lost. A growth
 * of the round-trip time leads into conservative slow start first; when it turns out to have been for another
 * reason, slow start goes on.
 */

import type { RateSample } from "./rate_sample.ts";

/** RFC 9406 section 4.3. */
const RTT_THRESHOLD_MIN_US = 4000;
const RTT_THRESHOLD_MAX_US = 16_000;
const RTT_DIVISOR = 8;
const ROUND_SAMPLES = 8;
const CSS_ROUNDS = 5;
/** How much slower the window grows in conservative slow start. */
export const CSS_GROWTH_DIVISOR = 4;

/** What to do with the window after an acknowledgment. */
export const HyStartVerdict = {
  goOn: 0,
  /** The threshold is to be set to the window: slow start is over. */
  leaveSlowStart: 1,
} as const;

/** One value of {@link HyStartVerdict}. */
export type HyStartVerdict = (typeof HyStartVerdict)[keyof typeof HyStartVerdict];

/** The state of one connection's first slow start. */
export class HyStart {
  /**
   * What was delivered when the round began. What is sent from then on belongs to the next one: a round that ended
   * with SND.NXT (windowEnd, section 4.2) would end before the answer to the ACK that it began with, and earlier
   * within a burst each time.
   */
  #roundBytes = 0;
  #samples = 0;
  /** Least round-trip times of the last round and of this one; `Infinity` before the first sample. */
  #lastRoundUs = Infinity;
  #roundUs = Infinity;
  /** Least round-trip time at the start of conservative slow start; `Infinity` outside of it. */
  #baselineUs = Infinity;
  #cssRounds = 0;

  /** In conservative slow start. */
  get isConservative(): boolean {
    return this.#baselineUs !== Infinity;
  }

  /** Section 4.2: an acknowledgment has come, and the window has grown for it. */
  onSample(sample: RateSample): HyStartVerdict {
    let verdict: HyStartVerdict = HyStartVerdict.goOn;
    if (sample.priorDeliveredBytes >= this.#roundBytes) verdict = this.#startRound(sample);
    if (sample.rttUs > 0) {
      this.#roundUs = Math.min(this.#roundUs, sample.rttUs);
      this.#samples++;
    }
    if (this.#samples < ROUND_SAMPLES) return verdict;
    if (this.isConservative) {
      // It was a false alarm: slow start resumes.
      if (this.#roundUs < this.#baselineUs) this.#baselineUs = Infinity;
      return verdict;
    }
    if (this.#lastRoundUs === Infinity) return verdict;
    const thresholdUs = Math.max(
      RTT_THRESHOLD_MIN_US,
      Math.min(this.#lastRoundUs / RTT_DIVISOR, RTT_THRESHOLD_MAX_US),
    );
    if (this.#roundUs >= this.#lastRoundUs + thresholdUs) {
      this.#baselineUs = this.#roundUs;
      this.#cssRounds = 0;
    }
    return verdict;
  }

  #startRound(sample: RateSample): HyStartVerdict {
    this.#roundBytes = sample.totalDeliveredBytes;
    this.#lastRoundUs = this.#roundUs;
    this.#roundUs = Infinity;
    this.#samples = 0;
    if (!this.isConservative) return HyStartVerdict.goOn;
    this.#cssRounds++;
    return this.#cssRounds >= CSS_ROUNDS ? HyStartVerdict.leaveSlowStart : HyStartVerdict.goOn;
  }
}
