/**
 * How fast data is delivered: draft-cheng-iccrg-delivery-rate-estimation. Every segment remembers what was
 * delivered when it was sent; its acknowledgment then tells how much was delivered in how much time.
 */

import { type Seq, seqGt } from "../base/seq.ts";
import type { CongestionControl } from "./congestion/control.ts";
import { RateSample } from "./congestion/rate_sample.ts";

/** Numbers that are kept of each sent segment (P in the draft). */
export const SENT_RATE_NUMBERS = 6;
/** P.delivered: what was delivered when it was sent. */
const DELIVERED = 0;
/** P.delivered_time: when the last of that was. */
const DELIVERED_AT = 1;
/** P.first_sent_time: when that was sent. */
const FIRST_SENT = 2;
/** P.is_app_limited, as 0 or 1. */
const APP_LIMITED = 3;
/** P.tx_in_flight: what was in flight then, itself included. */
const IN_FLIGHT = 4;
/** P.lost: what had been lost until then. */
const LOST = 5;

/** The sample of the acknowledgment that is being dealt with; used up before the next one comes. */
const sample = new RateSample();
/** When the newest segment in it was sent, and where that ended; `NO_TIME` when it has none. */
let newestAtUs = -1;
let newestEnd: Seq = 0;
const NO_TIME = -1;

/** What the sender keeps of one connection (C in the draft). */
export class DeliveryRate {
  /** Bytes delivered in all. */
  deliveredBytes = 0;
  /** When something was last delivered. */
  deliveredAtUs = 0;
  /** When the segment that was delivered last was sent. */
  firstSentAtUs = 0;
  /** The application had nothing to send until this much is delivered; 0 when it has. */
  appLimitedUntilBytes = 0;
  /** Bytes found to be lost in all, each as often as it was. */
  lostBytes = 0;
  /** The last rate that tells what the path carries, or the greatest one that may tell too little. */
  bytesPerSecond = 0;
  isAppLimited = false;
  #lostBefore = 0;
  /** Who is told of every lost segment. */
  control: CongestionControl | null = null;

  /** Nothing is in flight, and something is sent. */
  onFlightStart(nowUs: number): void {
    this.firstSentAtUs = nowUs;
    this.deliveredAtUs = nowUs;
  }

  /** A segment was sent, for the first time or again; `inFlightBytes` are now in flight. */
  onSent(rates: Float64Array, segment: number, inFlightBytes: number): void {
    const at = segment * SENT_RATE_NUMBERS;
    rates[at + DELIVERED] = this.deliveredBytes;
    rates[at + DELIVERED_AT] = this.deliveredAtUs;
    rates[at + FIRST_SENT] = this.firstSentAtUs;
    rates[at + APP_LIMITED] = this.appLimitedUntilBytes > 0 ? 1 : 0;
    rates[at + IN_FLIGHT] = inFlightBytes;
    rates[at + LOST] = this.lostBytes;
  }

  /** A segment was delivered; one acknowledgment may tell this of many, of which the newest one counts. */
  onDelivered(
    rates: Float64Array,
    segment: number,
    bytes: number,
    end: Seq,
    sentAtUs: number,
    again: boolean,
    nowUs: number,
  ): void {
    this.deliveredBytes += bytes;
    this.deliveredAtUs = nowUs;
    sample.ackedBytes += bytes;
    if (sentAtUs < newestAtUs || (sentAtUs === newestAtUs && !seqGt(end, newestEnd))) return;
    newestAtUs = sentAtUs;
    newestEnd = end;
    const at = segment * SENT_RATE_NUMBERS;
    sample.priorDeliveredBytes = rates[at + DELIVERED];
    sample.priorAtUs = rates[at + DELIVERED_AT];
    sample.appLimited = rates[at + APP_LIMITED] !== 0;
    sample.inFlightAtSendBytes = rates[at + IN_FLIGHT];
    sample.lostSinceSendBytes = this.lostBytes - rates[at + LOST];
    const sendElapsedUs = sentAtUs - rates[at + FIRST_SENT];
    sample.intervalUs = Math.max(sendElapsedUs, nowUs - sample.priorAtUs);
    sample.rttUs = again ? 0 : nowUs - sentAtUs;
    this.firstSentAtUs = sentAtUs;
  }

  /** A segment, or the copy of it that was sent last, was found to be lost. */
  onLost(rates: Float64Array, segment: number, bytes: number): void {
    this.lostBytes += bytes;
    const at = segment * SENT_RATE_NUMBERS;
    this.control?.onSegmentLost(
      bytes,
      rates[at + IN_FLIGHT],
      this.lostBytes - rates[at + LOST],
      this.deliveredBytes,
    );
  }

  /** The sender had room in its windows and nothing to fill it with; `inFlightBytes` are in flight. */
  onAppLimited(inFlightBytes: number): void {
    this.appLimitedUntilBytes = Math.max(this.deliveredBytes + inFlightBytes, 1);
  }

  /**
   * Section 3.3: completes the sample of an acknowledgment. `rttMinUs` is the least round-trip time seen: a
   * shorter interval says more of a burst than of the path.
   */
  conclude(nowUs: number, mss: number, rttMinUs: number): RateSample {
    sample.nowUs = nowUs;
    sample.mss = mss;
    sample.totalDeliveredBytes = this.deliveredBytes;
    sample.newlyLostBytes = this.lostBytes - this.#lostBefore;
    this.#lostBefore = this.lostBytes;
    if (this.deliveredBytes > this.appLimitedUntilBytes) this.appLimitedUntilBytes = 0;
    sample.rate = 0;
    sample.deliveredBytes = 0;
    if (newestAtUs === NO_TIME) {
      sample.rttUs = 0;
      sample.lostSinceSendBytes = 0;
      return sample;
    }
    sample.deliveredBytes = this.deliveredBytes - sample.priorDeliveredBytes;
    if (sample.intervalUs > 0 && sample.intervalUs >= rttMinUs) {
      sample.rate = Math.floor((sample.deliveredBytes * 1e6) / sample.intervalUs);
      if (!sample.appLimited || sample.rate >= this.bytesPerSecond) {
        this.bytesPerSecond = sample.rate;
        this.isAppLimited = sample.appLimited;
      }
    }
    return sample;
  }

  /** The sample was taken note of: the next acknowledgment begins another. */
  forget(): void {
    sample.ackedBytes = 0;
    newestAtUs = NO_TIME;
  }
}
