import type { CongestionName } from "../config.ts";
import type { CongestionPhase } from "./phase.ts";
import type { RateSample } from "./rate_sample.ts";

/**
 * A rate from which on nothing is paced, bytes per second: a timer could only make bursts of it. Rates up to
 * here are small integers, which can be handed on without garbage.
 */
export const UNPACED_RATE = 0x7fff_ffff;

/**
 * What the sender tells a congestion control, and what it gets from it.
 *
 * A control sees explicit numbers, never the connection. It owns `cwndBytes` and `ssthreshBytes`; loss
 * recovery decides *when* the window is reduced and what is sent, the control decides by *how much* and
 * how it grows. Sizes are bytes, times microseconds, rates bytes per second.
 */
export interface CongestionControl {
  /** The name under which `setCongestionControl` knows it. */
  readonly name: CongestionName;
  /**
   * Congestion window. Recovery sets it to what proportional rate reduction allows; a control that follows a
   * model of the path, or none at all, ignores that.
   */
  cwndBytes: number;
  /** Slow-start threshold; `Infinity` before the first loss. */
  ssthreshBytes: number;
  /** The rate at which it wants to send, up to {@link UNPACED_RATE}; 0 leaves it to the window. */
  readonly pacingRate: number;
  /** What it is doing. */
  readonly phase: CongestionPhase;
  /** What it believes that the path carries; 0 when it has no model of it. */
  readonly bandwidth: number;
  /** What it believes to be the path's round-trip time without a queue; 0 when it has no model. */
  readonly modelRttUs: number;

  /**
   * New data was acknowledged outside of recovery. `ackedBytes` were in flight until now; the window
   * was in full use when `limited` is true, else it must not grow (RFC 9293 section 3.8.2, RFC 7661).
   */
  onAck(ackedBytes: number, rttUs: number, limited: boolean, mss: number, nowUs: number): void;
  /** An acknowledgment was dealt with, in recovery or not: what it says about rate and round-trip time. */
  onSample(sample: RateSample): void;
  /**
   * A segment was found to be lost; `inFlightBytes` were in flight when it was sent, `lostBytes` were lost
   * since then, itself included, and `deliveredBytes` of the connection were delivered until now.
   */
  onSegmentLost(
    segmentBytes: number,
    inFlightBytes: number,
    lostBytes: number,
    deliveredBytes: number,
  ): void;
  /** Loss was detected by duplicate ACKs: the start of fast recovery. `flightBytes` are in flight. */
  onLoss(flightBytes: number, mss: number, nowUs: number): void;
  /**
   * The peer has told of congestion marks, once in a round trip (RFC 3168 section 6.1.2). Linux answers
   * them as a loss; RFC 8511 would allow a smaller reduction.
   */
  onEcn(flightBytes: number, mss: number, nowUs: number): void;
  /** Recovery has ended with everything that was outstanding at its start acknowledged. */
  onRecovered(mss: number, nowUs: number): void;
  /** The retransmission timer expired: no more than `pipeBytes` are believed to be on the path. */
  onTimeout(pipeBytes: number, mss: number, nowUs: number): void;
  /** Sending begins, or goes on with nothing in flight; `rttUs` is 0 while none was measured. */
  onTransmitStart(rttUs: number, nowUs: number): void;
  /** A reduction follows that may turn out to be for nothing. */
  saveForUndo(): void;
  /** It was for nothing (RFC 4015): everything but the window, which the caller restores, is as when saved. */
  undo(): void;
}

/** The initial window of RFC 6928 section 2 for `segments` segments of `mss` bytes. */
export function initialWindow(segments: number, mss: number): number {
  return Math.min(segments * mss, Math.max(2 * mss, 1460 * segments));
}

/** Whole segments of a window, so that it never ends within one; at least two (RFC 5681 equation 4). */
export function reducedWindow(windowBytes: number, factor: number, mss: number): number {
  return Math.max(Math.floor((windowBytes * factor) / mss), 2) * mss;
}
