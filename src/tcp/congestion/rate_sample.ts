/**
 * What one acknowledgment says about the path: draft-cheng-iccrg-delivery-rate-estimation section 3.2 (rs),
 * with what draft-ietf-ccwg-bbr section 4.5 adds to it. Sizes are bytes, times microseconds, rates bytes per second.
 */
export class RateSample {
  nowUs = 0;
  mss = 0;
  /** Delivered for the first time by this acknowledgment, cumulatively or selectively; 0 is no sample. */
  ackedBytes = 0;
  /** Found to be lost since the last sample. */
  newlyLostBytes = 0;
  /** Everything that this connection has delivered. */
  totalDeliveredBytes = 0;
  /** The same when the newest segment of this acknowledgment was sent. */
  priorDeliveredBytes = 0;
  /** When that was, or the acknowledgment before it; 0 without a sample. */
  priorAtUs = 0;
  /** What was delivered over `intervalUs`. */
  deliveredBytes = 0;
  /** The longer one of the time in which it was sent and that in which it was acknowledged. */
  intervalUs = 0;
  /** Delivery rate; 0 when this acknowledgment does not tell. */
  rate = 0;
  /** The application had nothing to send meanwhile: the path may carry more. */
  appLimited = false;
  /** In flight when the newest segment had just been sent. */
  inFlightAtSendBytes = 0;
  /** Lost since the newest segment was sent. */
  lostSinceSendBytes = 0;
  /** Round-trip time of the newest segment; 0 when it was sent more than once. */
  rttUs = 0;
  /** In flight now. */
  inFlightBytes = 0;
  /** The congestion window was the limit when something was last sent. */
  windowLimited = false;
  /** Loss recovery is under way. */
  recovering = false;
}
