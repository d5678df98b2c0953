import { type CongestionControl, reducedWindow } from "./control.ts";
import { CongestionPhase } from "./phase.ts";

/** RFC 5681 section 3.1, equation 4. */
const BETA = 0.5;

/**
 * NewReno: RFC 5681 with appropriate byte counting (RFC 3465). As in Linux it is the window that is halved, not
 * what is in flight: window validation keeps the two close together.
 */
export class NewReno implements CongestionControl {
  readonly name = "newreno";
  cwndBytes: number;
  ssthreshBytes = Infinity;
  readonly pacingRate = 0;
  readonly bandwidth = 0;
  readonly modelRttUs = 0;
  /** Bytes acknowledged in congestion avoidance that have not yet earned growth. */
  #creditBytes = 0;
  #savedCreditBytes = 0;
  /** In recovery, whose reduction a timeout within it does not repeat (as Linux). */
  #recovering = false;

  constructor(initialWindowBytes: number) {
    this.cwndBytes = initialWindowBytes;
  }

  get phase(): CongestionPhase {
    return this.cwndBytes < this.ssthreshBytes
      ? CongestionPhase.slowStart
      : CongestionPhase.congestionAvoidance;
  }

  onAck(ackedBytes: number, _rttUs: number, limited: boolean, mss: number): void {
    if (!limited) return;
    let acked = ackedBytes;
    if (this.cwndBytes < this.ssthreshBytes) {
      // RFC 3465 section 2.3 bounds one ACK's growth, because a stretch ACK would make a burst. An ACK
      // of a super-segment stands for many segments; the bound is on what was acknowledged, as Linux's.
      const grown = Math.min(this.cwndBytes + acked, this.ssthreshBytes);
      acked -= grown - this.cwndBytes;
      this.cwndBytes = grown;
      if (acked <= 0) return;
    }
    this.#creditBytes += acked;
    if (this.#creditBytes < this.cwndBytes) return;
    const segments = Math.floor(this.#creditBytes / this.cwndBytes);
    this.#creditBytes -= segments * this.cwndBytes;
    this.cwndBytes += segments * mss;
  }

  onSample(): void {}
  onSegmentLost(): void {}

  onLoss(_flightBytes: number, mss: number): void {
    this.#reduce(mss);
    this.cwndBytes = this.ssthreshBytes;
    this.#recovering = true;
  }

  onEcn(flightBytes: number, mss: number): void {
    // RFC 3168 section 6.1.2: as a loss.
    this.onLoss(flightBytes, mss);
  }

  onRecovered(): void {
    this.cwndBytes = this.ssthreshBytes;
    this.#recovering = false;
  }

  onTimeout(_pipeBytes: number, mss: number): void {
    if (!this.#recovering) this.#reduce(mss);
    this.#recovering = false;
    this.cwndBytes = mss;
  }

  onTransmitStart(): void {}

  saveForUndo(): void {
    this.#savedCreditBytes = this.#creditBytes;
  }

  undo(): void {
    this.#creditBytes = this.#savedCreditBytes;
    this.#recovering = false;
  }

  #reduce(mss: number): void {
    this.ssthreshBytes = reducedWindow(this.cwndBytes, BETA, mss);
    this.#creditBytes = 0;
  }
}
