/**
 * What the sender tells a congestion control, and what it gets from it.
 *
 * A control sees explicit numbers, never the connection. It owns `cwndBytes` and `ssthreshBytes`; loss
 * recovery decides *when* the window is reduced and what is sent, the control decides by *how much* and
 * how it grows. Sizes are bytes, times microseconds.
 */
export interface CongestionControl {
  /** The name under which `setCongestionControl` knows it. */
  readonly name: string;
  /** Congestion window. */
  cwndBytes: number;
  /** Slow-start threshold; `Infinity` before the first loss. */
  ssthreshBytes: number;
  /**
   * New data was acknowledged outside of recovery. `ackedBytes` were in flight until now; the window
   * was in full use when `limited` is true, else it must not grow (RFC 9293 section 3.8.2, RFC 7661).
   */
  onAck(ackedBytes: number, rttUs: number, limited: boolean, mss: number, nowUs: number): void;
  /** Loss was detected by duplicate ACKs: the start of fast recovery. `flightBytes` are in flight. */
  onLoss(flightBytes: number, mss: number, nowUs: number): void;
  /**
   * The peer has told of congestion marks, once in a round trip (RFC 3168 section 6.1.2). Linux answers
   * them as a loss; RFC 8511 would allow a smaller reduction.
   */
  onEcn(flightBytes: number, mss: number, nowUs: number): void;
  /** Recovery has ended with everything that was outstanding at its start acknowledged. */
  onRecovered(mss: number, nowUs: number): void;
  /** The retransmission timer expired: the path is considered empty. */
  onTimeout(flightBytes: number, mss: number, nowUs: number): void;
}

/** The initial window of RFC 6928 section 2 for `segments` segments of `mss` bytes. */
export function initialWindow(segments: number, mss: number): number {
  return Math.min(segments * mss, Math.max(2 * mss, 1460 * segments));
}
