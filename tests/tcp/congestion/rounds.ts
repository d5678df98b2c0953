/** A sender whose whole window is acknowledged in rounds, segment by segment, as its control sees it. */

import type { CongestionControl } from "../../../src/tcp/congestion/control.ts";
import { RateSample } from "../../../src/tcp/congestion/rate_sample.ts";

const MSS = 1000;

/** What may differ from round to round. */
export interface Round {
  /** Bytes per second that the path delivers; by default what is in flight in one RTT. */
  readonly rate?: number;
  /** Segments lost in it. */
  readonly lost?: number;
  readonly appLimited?: boolean;
  /** The window was not what limited the sender. */
  readonly unlimited?: boolean;
  /** Share of the window that is in flight; 1 by default. */
  readonly inFlight?: number;
}

/** The rounds of one connection with segments of 1000 bytes. */
export class Rounds {
  readonly sample = new RateSample();
  nowUs = 1_000_000;
  delivered = 0;
  lost = 0;
  /** Called after every acknowledgment. */
  onAcknowledged: () => void = () => {};
  readonly #control: CongestionControl;

  constructor(control: CongestionControl) {
    this.#control = control;
  }

  /** Acknowledges what the window holds now; each ACK has this round-trip time. */
  round(rttUs: number, { rate, lost = 0, appLimited, unlimited, inFlight = 1 }: Round = {}): void {
    const control = this.#control;
    const { sample } = this;
    const segments = Math.max(1, Math.floor((inFlight * control.cwndBytes) / MSS));
    const flight = segments * MSS;
    const sentAtUs = this.nowUs;
    const before = this.delivered;
    const lostBefore = this.lost;
    for (let i = 0; i < segments; i++) {
      this.nowUs = sentAtUs + (rttUs * (i + 1)) / segments;
      if (i < lost) {
        this.lost += MSS;
        control.onSegmentLost(MSS, flight, this.lost - lostBefore, this.delivered);
        sample.newlyLostBytes += MSS;
        continue;
      }
      this.delivered += MSS;
      control.onAck(MSS, rttUs, unlimited !== true, MSS, this.nowUs);
      sample.nowUs = this.nowUs;
      sample.mss = MSS;
      sample.ackedBytes = MSS;
      sample.totalDeliveredBytes = this.delivered;
      // All were sent when the round began.
      sample.priorDeliveredBytes = before;
      sample.priorAtUs = sentAtUs;
      sample.deliveredBytes = this.delivered - before;
      sample.intervalUs = rttUs;
      sample.rate = rate ?? (flight * 1e6) / rttUs;
      sample.appLimited = appLimited === true;
      sample.inFlightAtSendBytes = flight;
      sample.lostSinceSendBytes = this.lost - lostBefore;
      sample.rttUs = rttUs;
      // What is acknowledged makes room for as much.
      sample.inFlightBytes = flight;
      sample.windowLimited = unlimited !== true;
      control.onSample(sample);
      this.onAcknowledged();
      sample.newlyLostBytes = 0;
    }
  }
}
