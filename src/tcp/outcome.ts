/**
 * What the state machine wants done after a segment or a timer. It decides; the engine acts.
 */
export const Outcome = {
  /** Nothing besides what `output` will find. */
  none: 0,
  /** Send an ACK now, one for this segment (duplicates must be visible as such). */
  ack: 1,
  /** Send a challenge ACK, unless one was sent a short time ago (RFC 5961). */
  challenge: 2,
  /** Answer the segment with an RST that takes its numbers from it (RFC 9293 section 3.10.7.1). */
  reset: 3,
  /** Send an RST from the connection's own numbers; the connection has ended. */
  abort: 4,
  /** Send the SYN-ACK again. */
  synAck: 5,
  /** Send the oldest unacknowledged segment again. */
  retransmit: 6,
  /** Send new data or the newest segment again, to find out whether the tail was lost (RFC 8985). */
  lossProbe: 10,
  /** Send one byte beyond the window, or the FIN, to learn the window (section 3.8.6.1). */
  probe: 7,
  /** Send a segment that asks for an ACK without carrying anything (section 3.8.4). */
  keepalive: 8,
  /** A new SYN for a connection in TIME-WAIT: forget it and take the SYN as for a listener. */
  reopen: 9,
} as const;

/** One value of {@link Outcome}. */
export type Outcome = (typeof Outcome)[keyof typeof Outcome];
