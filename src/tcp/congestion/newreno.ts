import type { CongestionControl } from "./control.ts";

/** NewReno: RFC 5681 with appropriate byte counting (RFC 3465, L = 2). */
export class NewReno implements CongestionControl {
  readonly name: string = "newreno";
  cwndBytes: number;
  ssthreshBytes = Infinity;
  /** Bytes acknowledged in congestion avoidance that have not yet earned growth. */
  #creditBytes = 0;

  constructor(initialWindowBytes: number) {
    this.cwndBytes = initialWindowBytes;
  }

  onAck(ackedBytes: number, _rttUs: number, limited: boolean, mss: number): void {
    if (!limited) return;
    if (this.cwndBytes < this.ssthreshBytes) {
      // RFC 3465 section 2.3 bounds one ACK's growth, because a stretch ACK would make a burst. An ACK
      // of a super-segment stands for many segments; the bound is on what was acknowledged, as Linux's.
      this.cwndBytes += ackedBytes;
      return;
    }
    this.#creditBytes += ackedBytes;
    if (this.#creditBytes >= this.cwndBytes) {
      this.#creditBytes -= this.cwndBytes;
      this.cwndBytes += mss;
    }
  }

  onLoss(flightBytes: number, mss: number): void {
    this.ssthreshBytes = Math.max(Math.min(flightBytes, this.cwndBytes) / 2, 2 * mss);
    this.cwndBytes = this.ssthreshBytes;
    this.#creditBytes = 0;
  }

  onEcn(flightBytes: number, mss: number): void {
    this.onLoss(flightBytes, mss);
  }

  onRecovered(): void {
    this.cwndBytes = this.ssthreshBytes;
  }

  onTimeout(flightBytes: number, mss: number): void {
    this.ssthreshBytes = Math.max(flightBytes / 2, 2 * mss);
    this.cwndBytes = mss;
    this.#creditBytes = 0;
  }
}
