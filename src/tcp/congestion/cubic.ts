import { type CongestionControl, reducedWindow } from "./control.ts";
import { CSS_GROWTH_DIVISOR, HyStart, HyStartVerdict } from "./hystart.ts";
import { CongestionPhase } from "./phase.ts";
import type { RateSample } from "./rate_sample.ts";

/** C of RFC 9438 section 5, in segments per second cubed. */
const C = 0.4;
/** Multiplicative decrease of RFC 9438 section 4.6: 0.7, as Linux has it, so that 0.7 of 10 is 7. */
const BETA = 717 / 1024;
/** Additive increase of the Reno-friendly estimate until it is where Reno was, RFC 9438 section 4.3. */
const ALPHA = (3 * (1 - BETA)) / (1 + BETA);
/** Section 4.2: in one RTT the window grows to this much of itself at the most. */
const GROWTH_MAX = 1.5;
/** Growth in one RTT while no loss has told a maximum, as Linux: the cubic alone begins too slowly. */
const BLIND_GROWTH = 1 / 20;
/** The maximum in use until a first loss says otherwise. */
const UNKNOWN = 0;
/** No epoch has begun. */
const NO_EPOCH = -1;

/** The growth of one stage of congestion avoidance; windows in segments. */
class CubicEpoch {
  /** When it began, microseconds; later by all the time in which the sender did not use its window. */
  startUs = NO_EPOCH;
  /** W_max: the window just before the last reduction, less what fast convergence gives away. */
  wMax = UNKNOWN;
  /** K: seconds from the start until the window is W_max again. */
  kSeconds = 0;
  /** W_est: what Reno would have. */
  wEst = 0;
  /** cwnd_prior: the window just before the last reduction. */
  wPrior = 0;
  /** Where the cubic is flat: W_max, or the window of the beginning when that is larger. */
  origin = 0;

  copy(other: CubicEpoch): void {
    this.startUs = other.startUs;
    this.wMax = other.wMax;
    this.kSeconds = other.kSeconds;
    this.wEst = other.wEst;
    this.wPrior = other.wPrior;
    this.origin = other.origin;
  }

  /** Section 4.8: after a timeout growth begins anew from the window then. */
  forget(): void {
    this.startUs = NO_EPOCH;
    this.wMax = UNKNOWN;
    this.wPrior = 0;
  }

  /** Sections 4.2 and 4.3: congestion avoidance begins with this window. */
  begin(window: number, nowUs: number): void {
    this.startUs = nowUs;
    this.kSeconds = window < this.wMax ? Math.cbrt((this.wMax - window) / C) : 0;
    this.wEst = window;
    this.origin = Math.max(window, this.wMax);
  }

  /** W_cubic(t), figure 1, for a time in microseconds. */
  at(timeUs: number): number {
    const offset = (timeUs - this.startUs) / 1e6 - this.kSeconds;
    return C * offset * offset * offset + this.origin;
  }
}

/**
 * CUBIC, RFC 9438, with HyStart++ (RFC 9406) in the first slow start. Its curve is counted in segments; the
 * window moves in whole ones. As in Linux it is the window that a loss reduces, not what is in flight.
 */
export class Cubic implements CongestionControl {
  readonly name = "cubic";
  cwndBytes: number;
  ssthreshBytes = Infinity;
  readonly pacingRate = 0;
  readonly bandwidth = 0;
  readonly modelRttUs = 0;
  /** Made with the first reduction, or when congestion avoidance begins without one. */
  #epoch: CubicEpoch | null = null;
  /** What an undo gives back; made with the first reduction. */
  #saved: CubicEpoch | null = null;
  /** Growth that does not make a whole segment yet. */
  #credit = 0;
  /** When the window was last known to be in use. */
  #usedAtUs = 0;
  /** In recovery, whose reduction a timeout within it does not repeat (as Linux). */
  #recovering = false;
  /** Made when the window is in full use for the first time, until the first slow start is over, beyond any doubt. */
  #hystart: HyStart | null = null;
  #firstSlowStart = true;

  constructor(initialWindowBytes: number) {
    this.cwndBytes = initialWindowBytes;
  }

  get phase(): CongestionPhase {
    if (this.cwndBytes >= this.ssthreshBytes) return CongestionPhase.congestionAvoidance;
    return this.#hystart !== null && this.#hystart.isConservative
      ? CongestionPhase.conservativeSlowStart
      : CongestionPhase.slowStart;
  }

  onAck(ackedBytes: number, rttUs: number, limited: boolean, mss: number, nowUs: number): void {
    // Section 5.8: time in which the sender did not use its window does not count as growth.
    if (!limited) this.#shiftEpoch(nowUs);
    this.#usedAtUs = nowUs;
    if (!limited) return;
    let acked = ackedBytes;
    if (this.cwndBytes < this.ssthreshBytes) {
      // RFC 3465 section 2.3 bounds the growth for one ACK; as in Linux the bound is what was acknowledged.
      if (this.phase === CongestionPhase.conservativeSlowStart) acked /= CSS_GROWTH_DIVISOR;
      const grown = Math.min(this.cwndBytes + acked, this.ssthreshBytes);
      acked -= grown - this.cwndBytes;
      this.cwndBytes = grown;
      if (acked <= 0) return;
    }
    this.#avoidCongestion(acked / mss, rttUs, mss, nowUs);
  }

  /** Sections 4.2 to 4.5, for newly acknowledged segments. */
  #avoidCongestion(segments: number, rttUs: number, mss: number, nowUs: number): void {
    const epoch = this.#epoch ??= new CubicEpoch();
    const cwnd = this.cwndBytes / mss;
    if (epoch.startUs < 0) {
      epoch.begin(cwnd, nowUs);
      this.#credit = 0;
    }
    const alpha = epoch.wEst >= epoch.wPrior ? 1 : ALPHA;
    epoch.wEst += (alpha * segments) / cwnd;
    // Section 4.2: the cubic one RTT from now, at most half as much again as the window.
    const target = Math.min(Math.max(epoch.at(nowUs + rttUs), cwnd), GROWTH_MAX * cwnd);
    let growth = (target - cwnd) / cwnd;
    if (epoch.wMax === UNKNOWN) growth = Math.max(growth, BLIND_GROWTH);
    this.#credit += growth * segments;
    // Section 4.3: where the cubic is behind Reno, Reno's estimate is the window.
    const friendly = epoch.at(nowUs) < epoch.wEst;
    if (friendly) this.#credit = Math.max(this.#credit, epoch.wEst - cwnd);
    const whole = Math.floor(this.#credit);
    if (whole < 1) return;
    this.#credit -= whole;
    this.cwndBytes += whole * mss;
  }

  onSample(sample: RateSample): void {
    if (!this.#firstSlowStart || this.ssthreshBytes !== Infinity || sample.ackedBytes === 0) return;
    if (this.#hystart === null) {
      if (!sample.windowLimited) return;
      this.#hystart = new HyStart();
    }
    if (this.#hystart.onSample(sample) === HyStartVerdict.goOn) return;
    this.ssthreshBytes = this.cwndBytes;
    this.#endFirstSlowStart();
  }

  onSegmentLost(): void {}

  onLoss(_flightBytes: number, mss: number): void {
    this.#reduce(mss);
    this.cwndBytes = this.ssthreshBytes;
    this.#recovering = true;
  }

  onEcn(flightBytes: number, mss: number): void {
    // RFC 9438 section 4.6: as a loss.
    this.onLoss(flightBytes, mss);
  }

  onRecovered(): void {
    this.cwndBytes = this.ssthreshBytes;
    this.#recovering = false;
    this.#endFirstSlowStart();
  }

  onTimeout(_pipeBytes: number, mss: number): void {
    if (!this.#recovering) this.#reduce(mss);
    this.#recovering = false;
    this.#epoch?.forget();
    this.cwndBytes = mss;
  }

  onTransmitStart(_rttUs: number, nowUs: number): void {
    this.#shiftEpoch(nowUs);
    this.#usedAtUs = nowUs;
  }

  saveForUndo(): void {
    this.#epoch ??= new CubicEpoch();
    this.#saved ??= new CubicEpoch();
    this.#saved.copy(this.#epoch);
  }

  /** Section 4.9.1. */
  undo(): void {
    if (this.#saved !== null) this.#epoch?.copy(this.#saved);
    this.#recovering = false;
  }

  #endFirstSlowStart(): void {
    this.#firstSlowStart = false;
    this.#hystart = null;
  }

  /** The time since the window was last in use did not pass for the curve. */
  #shiftEpoch(nowUs: number): void {
    const epoch = this.#epoch;
    if (epoch === null || epoch.startUs < 0 || nowUs <= this.#usedAtUs) return;
    epoch.startUs = Math.min(epoch.startUs + nowUs - this.#usedAtUs, nowUs);
  }

  /** Sections 4.6 and 4.7: multiplicative decrease and fast convergence. */
  #reduce(mss: number): void {
    const cwnd = this.cwndBytes / mss;
    const epoch = this.#epoch ??= new CubicEpoch();
    epoch.wMax = cwnd < epoch.wMax ? (cwnd * (1 + BETA)) / 2 : cwnd;
    epoch.wPrior = cwnd;
    epoch.startUs = NO_EPOCH;
    this.ssthreshBytes = reducedWindow(this.cwndBytes, BETA, mss);
  }
}
