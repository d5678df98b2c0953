import type { CongestionControl } from "./control.ts";

/** C of RFC 9438 section 5, in segments per second cubed. */
const C = 0.4;
/** Multiplicative decrease factor, RFC 9438 section 4.6. */
const BETA = 0.7;
/** Additive increase of the Reno-friendly estimate, RFC 9438 section 4.3. */
const ALPHA = (3 * (1 - BETA)) / (1 + BETA);
/** The window in use until a first loss says otherwise. */
const UNKNOWN = 0;

/** CUBIC, RFC 9438. Its windows are counted in bytes, its constants in segments. */
export class Cubic implements CongestionControl {
  readonly name = "cubic";
  cwndBytes: number;
  ssthreshBytes = Infinity;
  /** W_max: the window just before the last reduction, in segments. */
  #wMax = UNKNOWN;
  /** K: seconds from the start of the epoch until the window is W_max again. */
  #kSeconds = 0;
  /** When the current growth epoch began; -1 when none has. */
  #epochStartUs = -1;
  /** W_est: what Reno would have, in segments. */
  #wEst = 0;

  constructor(initialWindowBytes: number) {
    this.cwndBytes = initialWindowBytes;
  }

  onAck(ackedBytes: number, rttUs: number, limited: boolean, mss: number, nowUs: number): void {
    if (!limited) {
      // Section 5.8: time during which the sender had nothing to send must not count as growth.
      this.#epochStartUs = -1;
      return;
    }
    if (this.cwndBytes < this.ssthreshBytes) {
      this.cwndBytes += ackedBytes;
      return;
    }
    const cwnd = this.cwndBytes / mss;
    if (this.#epochStartUs < 0) this.#beginEpoch(cwnd, nowUs);
    const target = this.#target(cwnd, rttUs, nowUs);
    // Section 4.3: the Reno-friendly estimate grows by alpha segments for each window acknowledged.
    this.#wEst += ALPHA * (ackedBytes / this.cwndBytes);
    const grown = cwnd + ((target - cwnd) / cwnd) * (ackedBytes / mss);
    this.cwndBytes = Math.max(grown, this.#wEst, cwnd) * mss;
  }

  onLoss(flightBytes: number, mss: number): void {
    this.#reduce(flightBytes, mss);
    this.cwndBytes = this.ssthreshBytes;
  }

  onEcn(flightBytes: number, mss: number): void {
    this.onLoss(flightBytes, mss);
  }

  onRecovered(): void {
    this.cwndBytes = this.ssthreshBytes;
  }

  onTimeout(flightBytes: number, mss: number): void {
    this.#reduce(flightBytes, mss);
    this.cwndBytes = mss;
  }

  #beginEpoch(cwnd: number, nowUs: number): void {
    this.#epochStartUs = nowUs;
    if (cwnd < this.#wMax) {
      this.#kSeconds = Math.cbrt((this.#wMax - cwnd) / C);
    } else {
      this.#kSeconds = 0;
      this.#wMax = cwnd;
    }
    this.#wEst = cwnd;
  }

  /** Section 4.2: the cubic function one RTT from now, at most half as much again as the window. */
  #target(cwnd: number, rttUs: number, nowUs: number): number {
    const t = (nowUs - this.#epochStartUs + rttUs) / 1e6;
    const offset = t - this.#kSeconds;
    const w = C * offset * offset * offset + this.#wMax;
    return Math.min(Math.max(w, cwnd), 1.5 * cwnd);
  }

  /** Sections 4.6 and 4.7: multiplicative decrease and fast convergence. */
  #reduce(flightBytes: number, mss: number): void {
    const cwnd = this.cwndBytes / mss;
    this.#wMax = cwnd < this.#wMax ? (cwnd * (1 + BETA)) / 2 : cwnd;
    this.#epochStartUs = -1;
    this.ssthreshBytes = Math.max(Math.min(flightBytes, this.cwndBytes) * BETA, 2 * mss);
  }
}
