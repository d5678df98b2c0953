/**
 * What BBR believes of the path: draft-ietf-ccwg-bbr sections 2.3 to 2.7. Bandwidth is bytes per second, the rest
 * bytes and microseconds.
 */

import { MaxFilter } from "./max_filter.ts";
import type { RateSample } from "./rate_sample.ts";

/** BBR.LossThresh: the share of what is in flight that may be lost while probing. */
export const LOSS_THRESHOLD = 0.02;
/** BBR.Beta: what a loss leaves of the lower bounds. */
export const BETA = 0.7;
/** BBR.Headroom: the share of the upper bound that is left to others while cruising. */
const HEADROOM = 0.15;
/** BBR.MinPipeCwnd, in segments. */
const MIN_PIPE_SEGMENTS = 4;
/** BBR.MinRTTFilterLen and BBR.ProbeRTTInterval. */
const RTT_FILTER_US = 10_000_000;
const PROBE_RTT_INTERVAL_US = 5_000_000;
/** Half of BBR.ExtraAckedFilterLen: rounds of one of the two spans of that filter. */
const EXTRA_ACKED_ROUNDS = 5;
/** What is allowed for lumps, in time at the bandwidth (Linux's bbr_extra_acked_max_us). */
const EXTRA_ACKED_MAX_US = 100_000;

/** The model of one path, fed by the samples of one connection. */
export class BbrModel {
  /** BBR.max_bw: the filter over the last two cycles of probing. */
  readonly #bandwidth = new MaxFilter();
  /** BBR.bw_lo (bw_shortterm): what recent losses allow; `Infinity` without any. */
  bandwidthLow = Infinity;
  /** BBR.inflight_hi (inflight_longterm), above which probing has lost too much. */
  inFlightHigh = Infinity;
  /** BBR.inflight_lo (inflight_shortterm). */
  inFlightLow = Infinity;

  /** BBR.min_rtt; `Infinity` before the first sample. */
  rttMinUs = Infinity;
  #rttMinAtUs = 0;
  /** The same since the path was last seen without a queue, and whether that is too long ago. */
  #probeRttMinUs = Infinity;
  probeRttAtUs = 0;
  probeRttExpired = false;

  /** BBR.round_start: this acknowledgment is the first of a round trip; and rounds in all. */
  roundStart = false;
  roundsSinceProbe = 0;
  #nextRoundBytes = 0;

  /** The same for the rounds in which losses are looked at. */
  lossRoundStart = false;
  #lossRoundBytes = 0;
  lossInRound = false;
  /** Losses in this round that lay apart from one another: acknowledgments that told of some. */
  lossEvents = 0;
  #bandwidthLatest = 0;
  inFlightLatest = 0;

  /** BBR.full_bw: whether probing still finds more. */
  fullBandwidth = 0;
  #fullCount = 0;
  /** BBR.full_bw_now, and whether it ever was. */
  fullNow = false;
  fullReached = false;

  /** BBR.extra_acked: acknowledgments come in lumps of so much more than the bandwidth gives. */
  readonly #extraAcked = new MaxFilter();
  #extraRounds = 0;
  #extraSinceUs = 0;
  #extraDelivered = 0;

  /** BBR.bw: the bandwidth to go by. */
  get bandwidth(): number {
    return Math.min(this.#bandwidth.value, this.bandwidthLow);
  }

  /** What lumps of acknowledgments need in flight beyond the path's own. */
  get extraAckedBytes(): number {
    const most = Math.floor((this.bandwidth * EXTRA_ACKED_MAX_US) / 1e6);
    return Math.min(this.#extraAcked.value, most);
  }

  /** BBRBDPMultiple; `otherwiseBytes` while there is no round-trip time. */
  inPipe(gainPercent: number, otherwiseBytes: number): number {
    if (this.rttMinUs === Infinity) return otherwiseBytes;
    // Whole bytes here and below: a fraction that is returned is garbage.
    return Math.floor((gainPercent * this.bandwidth * this.rttMinUs) / 1e8);
  }

  /** BBRInflightWithHeadroom. */
  headroom(mss: number): number {
    if (this.inFlightHigh === Infinity) return Infinity;
    const rest = this.inFlightHigh - Math.max(mss, HEADROOM * this.inFlightHigh);
    return Math.max(Math.floor(rest), minPipe(mss));
  }

  /** BBRUpdateLatestDeliverySignals, BBRUpdateCongestionSignals; `probing` raises no lower bounds. */
  takeDelivery(sample: RateSample, cwndBytes: number, probing: boolean): void {
    this.lossRoundStart = false;
    if (sample.priorAtUs > 0) {
      this.#bandwidthLatest = Math.max(this.#bandwidthLatest, sample.rate);
      this.inFlightLatest = Math.max(this.inFlightLatest, sample.deliveredBytes);
      if (sample.priorDeliveredBytes >= this.#lossRoundBytes) {
        this.#lossRoundBytes = sample.totalDeliveredBytes;
        this.lossRoundStart = true;
      }
    }
    this.#updateRound(sample);
    if (sample.rate > 0 && (sample.rate >= this.#bandwidth.value || !sample.appLimited)) {
      this.#bandwidth.update(sample.rate);
    }
    if (sample.newlyLostBytes > 0) this.lossEvents++;
    if (this.lossRoundStart && this.lossInRound && !probing) this.#lowerBounds(cwndBytes);
  }

  /** BBRAdvanceLatestDeliverySignals, once everything has looked at this acknowledgment. */
  advanceRound(sample: RateSample): void {
    if (!this.lossRoundStart) return;
    this.#bandwidthLatest = sample.rate;
    this.inFlightLatest = sample.deliveredBytes;
    this.lossInRound = false;
    this.lossEvents = 0;
  }

  /** BBRNoteLoss. */
  noteLoss(totalDeliveredBytes: number): void {
    if (!this.lossInRound) this.#lossRoundBytes = totalDeliveredBytes;
    this.lossInRound = true;
  }

  /** BBRResetCongestionSignals. */
  resetSignals(): void {
    this.lossInRound = false;
    this.lossEvents = 0;
    this.#bandwidthLatest = 0;
    this.inFlightLatest = 0;
  }

  /** BBRResetShortTermModel. */
  resetLowerBounds(): void {
    this.bandwidthLow = Infinity;
    this.inFlightLow = Infinity;
  }

  /** BBRAdvanceMaxBwFilter. */
  advanceCycle(): void {
    this.#bandwidth.advance();
  }

  /** BBRStartRound. */
  startRound(totalDeliveredBytes: number): void {
    this.#nextRoundBytes = totalDeliveredBytes;
  }

  /** BBRResetFullBW. */
  resetFullBandwidth(): void {
    this.fullBandwidth = 0;
    this.#fullCount = 0;
    this.fullNow = false;
  }

  /** BBRCheckFullBWReached: three rounds in which the rate did not grow by a quarter. */
  checkFullBandwidth(sample: RateSample): void {
    if (this.fullNow || !this.roundStart || sample.appLimited || sample.rate === 0) return;
    if (sample.rate >= this.fullBandwidth * FULL_GROWTH) {
      this.resetFullBandwidth();
      this.fullBandwidth = sample.rate;
      return;
    }
    this.#fullCount++;
    this.fullNow = this.#fullCount >= FULL_ROUNDS;
    if (this.fullNow) this.fullReached = true;
  }

  /** BBRUpdateMinRTT. */
  takeRtt(sample: RateSample): void {
    const { nowUs, rttUs } = sample;
    this.probeRttExpired = nowUs > this.probeRttAtUs + PROBE_RTT_INTERVAL_US &&
      this.#probeRttMinUs !== Infinity;
    if (rttUs > 0 && (rttUs < this.#probeRttMinUs || this.probeRttExpired)) {
      this.#probeRttMinUs = rttUs;
      this.probeRttAtUs = nowUs;
    }
    const expired = nowUs > this.#rttMinAtUs + RTT_FILTER_US;
    if (this.#probeRttMinUs < this.rttMinUs || expired) {
      this.rttMinUs = this.#probeRttMinUs;
      this.#rttMinAtUs = this.probeRttAtUs;
    }
  }

  /** BBRUpdateACKAggregation. */
  takeAggregation(sample: RateSample, cwndBytes: number): void {
    if (sample.ackedBytes === 0) return;
    if (this.roundStart && ++this.#extraRounds >= (this.fullReached ? EXTRA_ACKED_ROUNDS : 1)) {
      this.#extraRounds = 0;
      this.#extraAcked.advance();
    }
    let expected = (this.bandwidth * (sample.nowUs - this.#extraSinceUs)) / 1e6;
    if (this.#extraDelivered <= expected) {
      this.restartAggregation(sample.nowUs);
      expected = 0;
    }
    this.#extraDelivered += sample.ackedBytes;
    this.#extraAcked.update(Math.floor(Math.min(this.#extraDelivered - expected, cwndBytes)));
  }

  /** Nothing was in flight: what comes is counted from now. */
  restartAggregation(nowUs: number): void {
    this.#extraDelivered = 0;
    this.#extraSinceUs = nowUs;
  }

  #updateRound(sample: RateSample): void {
    this.roundStart = false;
    if (sample.priorAtUs === 0 || sample.ackedBytes === 0) return;
    if (sample.priorDeliveredBytes < this.#nextRoundBytes) return;
    this.startRound(sample.totalDeliveredBytes);
    this.roundsSinceProbe++;
    this.roundStart = true;
  }

  /** BBRAdaptLowerBoundsFromCongestion. */
  #lowerBounds(cwndBytes: number): void {
    if (this.bandwidthLow === Infinity) this.bandwidthLow = this.#bandwidth.value;
    if (this.inFlightLow === Infinity) this.inFlightLow = cwndBytes;
    this.bandwidthLow = Math.max(this.#bandwidthLatest, Math.floor(BETA * this.bandwidthLow));
    this.inFlightLow = Math.max(this.inFlightLatest, Math.floor(BETA * this.inFlightLow));
  }
}

/** BBRCheckFullBWReached: what growth is, and rounds without it. */
const FULL_GROWTH = 1.25;
const FULL_ROUNDS = 3;

/** BBR.MinPipeCwnd: what keeps ACKs coming although the peer delays them. */
export function minPipe(mss: number): number {
  return MIN_PIPE_SEGMENTS * mss;
}

/** IsInflightTooHigh. */
export function isLossTooHigh(lostBytes: number, inFlightBytes: number): boolean {
  return lostBytes > inFlightBytes * LOSS_THRESHOLD;
}

/** BBRInflightHiFromLostPacket: how much was in flight when the losses became too many. */
export function inFlightAtExcess(
  segmentBytes: number,
  inFlightBytes: number,
  lostBytes: number,
): number {
  const inFlightBefore = inFlightBytes - segmentBytes;
  const lostBefore = lostBytes - segmentBytes;
  const prefix = (LOSS_THRESHOLD * inFlightBefore - lostBefore) / (1 - LOSS_THRESHOLD);
  return inFlightBefore + prefix;
}
