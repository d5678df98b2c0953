/**
 * Pacing: segments leave at a rate, not in bursts. The timer wheel wakes a connection that has something to send;
 * one that has nothing has no timer. The rate is the congestion control's own, or follows from the window as in Linux.
 */

import { type CongestionControl, UNPACED_RATE } from "./congestion/control.ts";
import { TICK_US } from "./wheel.ts";

/** Linux's tcp_pacing_ss_ratio and tcp_pacing_ca_ratio: the share of a window that one RTT would carry. */
const SLOW_START_RATIO = 2;
const AVOIDANCE_RATIO = 1.2;
/** How much of its rate a connection sends as one, microseconds (Linux's tcp_tso_autosize: about 1 ms). */
const QUANTUM_US = 1024;
/** The least super-segment, in segments (Linux's tcp_min_tso_segs). */
const QUANTUM_MIN_SEGMENTS = 2;
/** The first segments are not paced: short answers leave at once (as Linux's fair queueing). */
const UNPACED_SEGMENTS = 10;
/** How far a sender may make up for a timer that was late: the wheel's grain, and as much for its thread. */
const CREDIT_US = 2 * TICK_US;

/** When a connection may send next. */
export class Pacer {
  /** Bytes per second; 0 while there is nothing to work it out from. */
  rate = 0;
  /** What the rate may be at the most; `Infinity` for no limit. */
  rateMax: number;
  /** When the next segment may go. */
  nextAtUs = 0;
  /** When to look again, because something waits for that; `Infinity` when nothing does. */
  wakeAtUs = Infinity;
  #sentSegments = 0;

  constructor(rateMax: number) {
    this.rateMax = rateMax;
  }

  /** Works the rate out anew. `flightBytes` may be more than the window while that shrinks. */
  update(congestion: CongestionControl, flightBytes: number, srttUs: number): void {
    const { pacingRate } = congestion;
    const rate = pacingRate > 0 ? pacingRate : windowRate(congestion, flightBytes, srttUs);
    this.rate = Math.min(rate >= UNPACED_RATE ? Infinity : rate, this.rateMax);
  }

  /** Whether nothing may go now. What waits is woken when it may. */
  holdsBack(nowUs: number): boolean {
    if (this.nextAtUs <= nowUs) return false;
    this.wakeAtUs = this.nextAtUs;
    return true;
  }

  /** Bytes went: the next ones wait as long as these take at the rate. */
  onSent(bytes: number, mss: number, nowUs: number): void {
    this.#sentSegments += Math.ceil(bytes / mss);
    if (this.rate === 0 || this.#sentSegments <= UNPACED_SEGMENTS) return;
    this.nextAtUs = Math.max(this.nextAtUs, nowUs - CREDIT_US) + (bytes * 1e6) / this.rate;
  }

  /** Bytes of one super-segment: about a millisecond's worth, two segments at least. */
  quantum(mss: number, superBytes: number): number {
    if (this.rate === 0) return superBytes;
    const bytes = Math.max((this.rate * QUANTUM_US) / 1e6, QUANTUM_MIN_SEGMENTS * mss);
    return Math.min(superBytes, Math.floor(bytes));
  }
}

/** Linux's tcp_update_pacing_rate: the window in an RTT, and more, so that it can grow. */
export function windowRate(
  congestion: CongestionControl,
  flightBytes: number,
  srttUs: number,
): number {
  if (srttUs === 0) return 0;
  const { cwndBytes, ssthreshBytes } = congestion;
  const ratio = cwndBytes < ssthreshBytes / 2 ? SLOW_START_RATIO : AVOIDANCE_RATIO;
  return (ratio * Math.max(cwndBytes, flightBytes) * 1e6) / srttUs;
}
