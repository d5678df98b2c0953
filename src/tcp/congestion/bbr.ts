/**
 * BBR version 3, draft-ietf-ccwg-bbr: sends at the bandwidth that the path delivers, keeps as much in flight as
 * that needs, and probes for more now and then. Names are the draft's; where Linux differs, Linux's values.
 */

import { BbrModel, BETA, inFlightAtExcess, isLossTooHigh, minPipe } from "./bbr_model.ts";
import { type CongestionControl, UNPACED_RATE } from "./control.ts";
import { CongestionPhase } from "./phase.ts";
import type { RateSample } from "./rate_sample.ts";

// Gains, section 2.4 and 5.6.1, in percent: a fraction that is passed on is garbage.
const STARTUP_PACING_GAIN = 277;
const DRAIN_PACING_GAIN = 35;
const DOWN_PACING_GAIN = 90;
const UP_PACING_GAIN = 125;
const CWND_GAIN = 200;
const UP_CWND_GAIN = 225;
const PROBE_RTT_CWND_GAIN = 50;
/** A gain that changes nothing. */
const UNITY = 100;
/** BBR.PacingMarginPercent: a little less than the bandwidth, so that queues get shorter. */
const PACING_MARGIN = 0.99 / UNITY;
/** BBR.StartupFullLossCnt. */
const STARTUP_LOSS_EVENTS = 6;
/** BBR.ProbeRTTDuration. */
const PROBE_RTT_US = 200_000;
/** Section 5.3.3.8: the time between probes for bandwidth, and what chance adds to it. */
const PROBE_WAIT_US = 2_000_000;
const PROBE_WAIT_RANDOM_US = 1_000_000;
/** Section 5.3.3.7: Reno's sawtooth would take this many rounds at the most. */
const RENO_ROUNDS_MAX = 63;
/** BBRRaiseInflightLongtermSlope doubles no further. */
const SLOPE_ROUNDS_MAX = 30;
/** BBRSetSendQuantum: a millisecond's worth, up to a super-segment. */
const QUANTUM_US = 1000;
const QUANTUM_MAX_BYTES = 65_536;
/** BBRUpdateOffloadBudget. */
const OFFLOAD_QUANTA = 3;
/** The round-trip time that is assumed before one was measured. */
const NOMINAL_RTT_US = 1000;

/** BBR.ack_phase: which part of a cycle the acknowledgments that come in are about. */
const AckPhase = {
  init: 0,
  refilling: 1,
  probeStarting: 2,
  probeFeedback: 3,
  probeStopping: 4,
} as const;

type AckPhase = (typeof AckPhase)[keyof typeof AckPhase];

/** BBR, with its state machine; the model of the path is {@link BbrModel}. */
export class Bbr implements CongestionControl {
  readonly name = "bbr";
  ssthreshBytes = Infinity;
  pacingRate = 0;
  readonly #model = new BbrModel();
  readonly #initialBytes: number;
  #cwndBytes: number;
  #mss = 0;
  /** The round-trip time was known when the first pacing rate was worked out. */
  #rttKnown = false;
  #state: CongestionPhase = CongestionPhase.startup;
  #pacingGain = STARTUP_PACING_GAIN;
  #cwndGain = CWND_GAIN;
  #idleRestart = false;

  // The cycle of probing, section 5.3.3.
  #cycleAtUs = 0;
  #probeWaitUs = 0;
  #ackPhase: AckPhase = AckPhase.init;
  /** BBR.bw_probe_samples: what comes in was sent while probing. */
  #probeSamples = false;
  /** How much must be acknowledged for the upper bound to grow by a segment, and what was. */
  #upThresholdBytes = Infinity;
  #upAckedBytes = 0;
  #upRounds = 0;
  /** A segment's loss was one too many; what was in flight until then. */
  #tooHigh = false;
  #tooHighBytes = 0;

  // ProbeRTT, section 5.3.4.
  #probeRttDoneAtUs = 0;
  #probeRttRoundDone = false;

  // Loss recovery, and its undo.
  #recovering = false;
  #priorCwndBytes = 0;
  #undoState: CongestionPhase = CongestionPhase.startup;
  #undoBandwidthLow = Infinity;
  #undoInFlightLow = Infinity;
  #undoInFlightHigh = Infinity;
  /** Of the last sample: for what happens between two. */
  #totalBytes = 0;
  #nowUs = 0;
  #random: number;

  constructor(initialWindowBytes: number, seed: number) {
    this.#initialBytes = initialWindowBytes;
    this.#cwndBytes = initialWindowBytes;
    // Seeds that are close to one another are spread; the generator must not begin with 0.
    this.#random = Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995 || 1;
  }

  /** Recovery reduces no window that follows from the model. */
  get cwndBytes(): number {
    return this.#cwndBytes;
  }
  set cwndBytes(_bytes: number) {}

  get phase(): CongestionPhase {
    return this.#state;
  }

  get bandwidth(): number {
    return this.#model.bandwidth;
  }

  get modelRttUs(): number {
    const { rttMinUs } = this.#model;
    return rttMinUs === Infinity ? 0 : rttMinUs;
  }

  /** Everything is done with the sample that follows. */
  onAck(): void {}

  /** BBRUpdateOnACK. */
  onSample(sample: RateSample): void {
    const model = this.#model;
    this.#mss = sample.mss;
    this.#totalBytes = sample.totalDeliveredBytes;
    this.#nowUs = sample.nowUs;
    if (this.#recovering && !sample.recovering) this.onRecovered();
    if (sample.ackedBytes === 0 && sample.newlyLostBytes === 0) return;
    if (this.#tooHigh) this.#onTooHigh(this.#tooHighBytes, sample);
    model.takeDelivery(sample, this.#cwndBytes, this.#isProbing());
    model.takeAggregation(sample, this.#cwndBytes);
    model.checkFullBandwidth(sample);
    this.#checkStartupDone(sample);
    if (this.#state === CongestionPhase.drain && sample.inFlightBytes <= this.#inFlight()) {
      this.#startDown();
    }
    this.#updateCycle(sample);
    model.takeRtt(sample);
    this.#checkProbeRtt(sample);
    model.advanceRound(sample);
    this.#setPacingRate(this.#pacingGain);
    this.#setWindow(sample);
  }

  /** BBRHandleLostPacket; what follows from it waits for the sample of this acknowledgment. */
  onSegmentLost(
    segmentBytes: number,
    inFlightBytes: number,
    lostBytes: number,
    deliveredBytes: number,
  ): void {
    this.#model.noteLoss(deliveredBytes);
    if (!this.#probeSamples || this.#tooHigh || !isLossTooHigh(lostBytes, inFlightBytes)) return;
    this.#tooHigh = true;
    this.#tooHighBytes = inFlightAtExcess(segmentBytes, inFlightBytes, lostBytes);
  }

  onLoss(): void {
    this.#saveWindow();
    this.#recovering = true;
  }

  /** The model takes a mark for what a loss is: a sign of too much in flight, in this round. */
  onEcn(): void {
    this.#model.noteLoss(this.#totalBytes);
  }

  onRecovered(): void {
    if (!this.#recovering) return;
    this.#recovering = false;
    this.#restoreWindow();
  }

  /** BBROnEnterRTO. */
  onTimeout(pipeBytes: number, mss: number): void {
    this.#saveWindow();
    this.#recovering = true;
    this.#cwndBytes = pipeBytes + mss;
  }

  /** BBRHandleRestartFromIdle; and BBRInitPacingRate at the very first. */
  onTransmitStart(rttUs: number, nowUs: number): void {
    if (!this.#rttKnown && this.#model.bandwidth === 0) {
      this.#rttKnown = rttUs > 0;
      const assumedUs = rttUs > 0 ? rttUs : NOMINAL_RTT_US;
      const rate = (STARTUP_PACING_GAIN * this.#cwndBytes * 1e6) / (UNITY * assumedUs);
      this.pacingRate = Math.min(Math.floor(rate), UNPACED_RATE);
    }
    this.#idleRestart = true;
    this.#nowUs = nowUs;
    this.#model.restartAggregation(nowUs);
    if (this.#isInProbeBandwidth()) this.#setPacingRate(UNITY);
    else if (this.#state === CongestionPhase.probeRtt) this.#checkProbeRttDone(nowUs);
  }

  /** BBRSaveStateUponLoss. */
  saveForUndo(): void {
    this.#undoState = this.#state;
    this.#undoBandwidthLow = this.#model.bandwidthLow;
    this.#undoInFlightLow = this.#model.inFlightLow;
    this.#undoInFlightHigh = this.#model.inFlightHigh;
  }

  /** BBRHandleSpuriousLossDetection. */
  undo(): void {
    const model = this.#model;
    this.#tooHigh = false;
    this.#recovering = false;
    this.#restoreWindow();
    model.lossInRound = false;
    model.resetFullBandwidth();
    model.bandwidthLow = Math.max(model.bandwidthLow, this.#undoBandwidthLow);
    model.inFlightLow = Math.max(model.inFlightLow, this.#undoInFlightLow);
    model.inFlightHigh = Math.max(model.inFlightHigh, this.#undoInFlightHigh);
    if (this.#state === CongestionPhase.probeRtt || this.#state === this.#undoState) return;
    if (this.#undoState === CongestionPhase.startup) this.#enterStartup();
    else if (this.#undoState === CongestionPhase.probeUp) this.#startUp(model.bandwidth);
  }

  // Section 5.3.1: Startup, and section 5.3.2: Drain.

  #enterStartup(): void {
    this.#enter(CongestionPhase.startup, STARTUP_PACING_GAIN, CWND_GAIN);
  }

  #checkStartupDone(sample: RateSample): void {
    const model = this.#model;
    if (this.#state !== CongestionPhase.startup) return;
    const lossy = model.lossRoundStart && model.lossEvents >= STARTUP_LOSS_EVENTS;
    if (lossy && isLossTooHigh(sample.lostSinceSendBytes, sample.inFlightAtSendBytes)) {
      model.fullReached = true;
      model.inFlightHigh = Math.max(model.inPipe(UNITY, this.#initialBytes), model.inFlightLatest);
    }
    if (model.fullReached) {
      this.#enter(CongestionPhase.drain, DRAIN_PACING_GAIN, CWND_GAIN);
    }
  }

  // Section 5.3.3: ProbeBW.

  #startDown(): void {
    this.#model.resetSignals();
    this.#upThresholdBytes = Infinity;
    this.#model.roundsSinceProbe = this.#draw() < 0.5 ? 0 : 1;
    this.#probeWaitUs = PROBE_WAIT_US + this.#draw() * PROBE_WAIT_RANDOM_US;
    this.#cycleAtUs = this.#nowUs;
    this.#ackPhase = AckPhase.probeStopping;
    this.#model.startRound(this.#totalBytes);
    this.#enter(CongestionPhase.probeDown, DOWN_PACING_GAIN, CWND_GAIN);
  }

  #startCruise(): void {
    this.#enter(CongestionPhase.probeCruise, UNITY, CWND_GAIN);
  }

  #startRefill(): void {
    this.#model.resetLowerBounds();
    this.#upRounds = 0;
    this.#upAckedBytes = 0;
    this.#ackPhase = AckPhase.refilling;
    this.#model.startRound(this.#totalBytes);
    this.#enter(CongestionPhase.probeRefill, UNITY, CWND_GAIN);
  }

  #startUp(rate: number): void {
    this.#probeSamples = true;
    this.#ackPhase = AckPhase.probeStarting;
    this.#model.startRound(this.#totalBytes);
    this.#model.resetFullBandwidth();
    this.#model.fullBandwidth = rate;
    this.#cycleAtUs = this.#nowUs;
    this.#enter(CongestionPhase.probeUp, UP_PACING_GAIN, UP_CWND_GAIN);
    this.#raiseSlope();
  }

  /** BBRUpdateProbeBWCyclePhase. */
  #updateCycle(sample: RateSample): void {
    if (!this.#model.fullReached) return;
    this.#adaptUpperBound(sample);
    switch (this.#state) {
      case CongestionPhase.probeDown:
        if (!this.#refillIfTime(sample) && this.#isTimeToCruise(sample)) this.#startCruise();
        return;
      case CongestionPhase.probeCruise:
        this.#refillIfTime(sample);
        return;
      case CongestionPhase.probeRefill:
        if (this.#model.roundStart) this.#startUp(sample.rate);
        return;
      case CongestionPhase.probeUp:
        if (this.#isTimeToGoDown(sample)) this.#startDown();
        return;
    }
  }

  /** BBRIsTimeToProbeBW: after two or three seconds, or when Reno would have grown by a window. */
  #refillIfTime(sample: RateSample): boolean {
    const waited = sample.nowUs - this.#cycleAtUs > this.#probeWaitUs;
    const renoRounds = Math.min(this.#targetInFlight() / sample.mss, RENO_ROUNDS_MAX);
    if (!waited && this.#model.roundsSinceProbe < renoRounds) return false;
    this.#startRefill();
    return true;
  }

  #isTimeToCruise(sample: RateSample): boolean {
    if (sample.inFlightBytes > this.#model.headroom(sample.mss)) return false;
    return sample.inFlightBytes <= this.#inFlight();
  }

  #isTimeToGoDown(sample: RateSample): boolean {
    const model = this.#model;
    if (sample.windowLimited && this.#cwndBytes >= model.inFlightHigh) {
      // The bound, not the path, holds the rate back.
      model.resetFullBandwidth();
      model.fullBandwidth = sample.rate;
      return false;
    }
    return model.fullNow;
  }

  /** BBRAdaptLongTermModel. */
  #adaptUpperBound(sample: RateSample): void {
    const model = this.#model;
    if (this.#ackPhase === AckPhase.probeStarting && model.roundStart) {
      this.#ackPhase = AckPhase.probeFeedback;
    }
    if (this.#ackPhase === AckPhase.probeStopping && model.roundStart) {
      this.#probeSamples = false;
      this.#ackPhase = AckPhase.init;
      if (this.#isInProbeBandwidth() && !sample.appLimited) model.advanceCycle();
    }
    if (isLossTooHigh(sample.lostSinceSendBytes, sample.inFlightAtSendBytes)) {
      if (this.#probeSamples) this.#onTooHigh(sample.inFlightAtSendBytes, sample);
      return;
    }
    if (model.inFlightHigh === Infinity) return;
    model.inFlightHigh = Math.max(model.inFlightHigh, sample.inFlightAtSendBytes);
    if (this.#state === CongestionPhase.probeUp) this.#probeUpward(sample);
  }

  /** BBRHandleInflightTooHigh. */
  #onTooHigh(inFlightBytes: number, sample: RateSample): void {
    this.#tooHigh = false;
    this.#probeSamples = false;
    if (!sample.appLimited) {
      this.#model.inFlightHigh = Math.max(inFlightBytes, this.#targetInFlight() * BETA);
    }
    if (this.#state === CongestionPhase.probeUp) this.#startDown();
  }

  /** BBRRaiseInflightLongtermSlope: one segment a round trip, then two, four, ... */
  #raiseSlope(): void {
    const growth = 2 ** this.#upRounds;
    this.#upRounds = Math.min(this.#upRounds + 1, SLOPE_ROUNDS_MAX);
    this.#upThresholdBytes = Math.max(this.#cwndBytes / growth, this.#mss);
  }

  /** BBRProbeInflightLongtermUpward. */
  #probeUpward(sample: RateSample): void {
    const model = this.#model;
    if (!sample.windowLimited || this.#cwndBytes < model.inFlightHigh) return;
    this.#upAckedBytes += sample.ackedBytes;
    const segments = Math.floor(this.#upAckedBytes / this.#upThresholdBytes);
    if (segments > 0) {
      this.#upAckedBytes -= segments * this.#upThresholdBytes;
      model.inFlightHigh += segments * sample.mss;
    }
    if (model.roundStart) this.#raiseSlope();
  }

  // Section 5.3.4: ProbeRTT.

  #checkProbeRtt(sample: RateSample): void {
    if (
      this.#state !== CongestionPhase.probeRtt && this.#model.probeRttExpired && !this.#idleRestart
    ) {
      this.#saveWindow();
      this.#enter(CongestionPhase.probeRtt, UNITY, PROBE_RTT_CWND_GAIN);
      this.#probeRttDoneAtUs = 0;
      this.#ackPhase = AckPhase.probeStopping;
      this.#model.startRound(this.#totalBytes);
    }
    if (this.#state === CongestionPhase.probeRtt) this.#handleProbeRtt(sample);
    if (sample.ackedBytes > 0) this.#idleRestart = false;
  }

  #handleProbeRtt(sample: RateSample): void {
    if (this.#probeRttDoneAtUs === 0) {
      if (sample.inFlightBytes > this.#probeRttWindow()) return;
      this.#probeRttDoneAtUs = sample.nowUs + PROBE_RTT_US;
      this.#probeRttRoundDone = false;
      this.#model.startRound(this.#totalBytes);
      return;
    }
    if (this.#model.roundStart) this.#probeRttRoundDone = true;
    if (this.#probeRttRoundDone) this.#checkProbeRttDone(sample.nowUs);
  }

  #checkProbeRttDone(nowUs: number): void {
    if (this.#probeRttDoneAtUs === 0 || nowUs <= this.#probeRttDoneAtUs) return;
    this.#model.probeRttAtUs = nowUs;
    this.#restoreWindow();
    this.#model.resetLowerBounds();
    if (!this.#model.fullReached) return this.#enterStartup();
    this.#startDown();
    this.#startCruise();
  }

  #probeRttWindow(): number {
    const bytes = this.#model.inPipe(PROBE_RTT_CWND_GAIN, this.#initialBytes);
    return Math.max(bytes, minPipe(this.#mss));
  }

  // Section 5.6: what follows from the model.

  #setPacingRate(gain: number): void {
    const rate = Math.floor(gain * this.#model.bandwidth * PACING_MARGIN);
    if (rate > 0 && (this.#model.fullReached || rate > this.pacingRate)) {
      this.pacingRate = Math.min(rate, UNPACED_RATE);
    }
  }

  /** BBRSetCwnd. */
  #setWindow(sample: RateSample): void {
    const model = this.#model;
    const most = this.#quantized(
      model.inPipe(this.#cwndGain, this.#initialBytes) + model.extraAckedBytes,
    );
    let cwnd = this.#cwndBytes;
    if (sample.newlyLostBytes > 0) cwnd = Math.max(cwnd - sample.newlyLostBytes, sample.mss);
    if (model.fullReached) cwnd = Math.min(cwnd + sample.ackedBytes, most);
    else if (cwnd < most || sample.totalDeliveredBytes < this.#initialBytes) {
      cwnd += sample.ackedBytes;
    }
    if (this.#state === CongestionPhase.probeRtt) cwnd = Math.min(cwnd, this.#probeRttWindow());
    cwnd = Math.min(cwnd, this.#modelBound(sample.mss));
    // Whole bytes: a fraction that is returned or passed on is garbage.
    this.#cwndBytes = Math.floor(Math.max(cwnd, minPipe(sample.mss)));
  }

  /** BBRBoundCwndForModel. */
  #modelBound(mss: number): number {
    const model = this.#model;
    let bound = Infinity;
    if (this.#state === CongestionPhase.probeRtt || this.#state === CongestionPhase.probeCruise) {
      bound = model.headroom(mss);
    } else if (this.#isInProbeBandwidth()) {
      bound = model.inFlightHigh;
    }
    return Math.min(bound, model.inFlightLow);
  }

  /** BBRInflight: what the path holds, and what sending in bursts needs beside it. */
  #inFlight(): number {
    return this.#quantized(this.#model.inPipe(UNITY, this.#initialBytes));
  }

  /** BBRQuantizationBudget. */
  #quantized(bytes: number): number {
    const quantum = Math.min((this.pacingRate * QUANTUM_US) / 1e6, QUANTUM_MAX_BYTES);
    const budget = OFFLOAD_QUANTA * Math.max(quantum, 2 * this.#mss);
    const enough = Math.max(bytes, Math.ceil(budget), minPipe(this.#mss));
    return this.#state === CongestionPhase.probeUp ? enough + 2 * this.#mss : enough;
  }

  /** BBRTargetInflight. */
  #targetInFlight(): number {
    return Math.min(this.#model.inPipe(UNITY, this.#initialBytes), this.#cwndBytes);
  }

  #saveWindow(): void {
    const undisturbed = !this.#recovering && this.#state !== CongestionPhase.probeRtt;
    const cwnd = this.#cwndBytes;
    this.#priorCwndBytes = undisturbed ? cwnd : Math.max(this.#priorCwndBytes, cwnd);
  }

  #restoreWindow(): void {
    this.#cwndBytes = Math.max(this.#cwndBytes, this.#priorCwndBytes);
  }

  #enter(state: CongestionPhase, pacingGain: number, cwndGain: number): void {
    this.#state = state;
    this.#pacingGain = pacingGain;
    this.#cwndGain = cwndGain;
  }

  #isInProbeBandwidth(): boolean {
    return this.#state >= CongestionPhase.probeDown && this.#state <= CongestionPhase.probeUp;
  }

  /** Losses are expected, and looked at by other means. */
  #isProbing(): boolean {
    return this.#state === CongestionPhase.startup || this.#state === CongestionPhase.probeRefill ||
      this.#state === CongestionPhase.probeUp;
  }

  /** A number from 0 up to 1 (xorshift): flows that began together must not probe together. */
  #draw(): number {
    let x = this.#random;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#random = x;
    return (x >>> 0) / 0x1_0000_0000;
  }
}
