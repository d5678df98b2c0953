/**
 * Round-trip time and retransmission timeout, RFC 6298. All times are whole microseconds.
 */

/** The state of the estimator; a connection has one. */
export class RttEstimator {
  /** Smoothed RTT; 0 before the first sample. */
  srttUs = 0;
  /** RTT variation. */
  rttVarUs = 0;
  /** The least sample seen; 0 before the first. */
  minUs = 0;
  /** The timeout before back-off. */
  rtoUs: number;
  readonly #minRtoUs: number;
  readonly #maxRtoUs: number;

  constructor(initialRtoUs: number, minRtoUs: number, maxRtoUs: number) {
    this.rtoUs = initialRtoUs;
    this.#minRtoUs = minRtoUs;
    this.#maxRtoUs = maxRtoUs;
  }

  /** The least timeout. */
  get minRtoUs(): number {
    return this.#minRtoUs;
  }

  /** Takes one measurement of a segment that was sent once (Karn's rule, section 3). */
  sample(rttUs: number): void {
    const rtt = rttUs < 1 ? 1 : Math.round(rttUs);
    if (this.srttUs === 0) {
      // Section 2.2: the first measurement.
      this.srttUs = rtt;
      this.rttVarUs = Math.floor(rtt / 2);
      this.minUs = rtt;
    } else {
      // Section 2.3 with alpha = 1/8 and beta = 1/4, the variance before the mean.
      const deviation = Math.abs(this.srttUs - rtt);
      this.rttVarUs = Math.round(0.75 * this.rttVarUs + 0.25 * deviation);
      this.srttUs = Math.max(1, Math.round(0.875 * this.srttUs + 0.125 * rtt));
      if (rtt < this.minUs) this.minUs = rtt;
    }
    // Section 2.3: RTO = SRTT + max(G, 4 * RTTVAR). As in Linux the floor holds for the variance term,
    // so that a long steady path keeps a margin above its RTT.
    const margin = Math.max(4 * this.rttVarUs, this.#minRtoUs);
    this.rtoUs = Math.min(this.srttUs + margin, this.#maxRtoUs);
  }

  /** The timeout after `backoffs` expiries in a row (section 5.5). */
  backedOff(backoffs: number): number {
    const factor = 2 ** Math.min(backoffs, 30);
    return Math.min(this.rtoUs * factor, this.#maxRtoUs);
  }
}
