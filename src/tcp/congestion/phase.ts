/** What a congestion control is doing: for `info()`, and for tests. */
export const CongestionPhase = {
  /** There is no control. */
  none: 0,
  slowStart: 1,
  /** Conservative slow start, RFC 9406. */
  conservativeSlowStart: 2,
  congestionAvoidance: 3,
  // The states of BBR, draft-ietf-ccwg-bbr section 4.3.
  startup: 4,
  drain: 5,
  probeDown: 6,
  probeCruise: 7,
  probeRefill: 8,
  probeUp: 9,
  probeRtt: 10,
} as const;

/** One value of {@link CongestionPhase}. */
export type CongestionPhase = (typeof CongestionPhase)[keyof typeof CongestionPhase];

/** The phases as RFC 5681, RFC 9406 and draft-ietf-ccwg-bbr name them, by number. */
export const congestionPhaseNames: readonly string[] = [
  "none",
  "SlowStart",
  "CSS",
  "CongestionAvoidance",
  "Startup",
  "Drain",
  "ProbeBW_DOWN",
  "ProbeBW_CRUISE",
  "ProbeBW_REFILL",
  "ProbeBW_UP",
  "ProbeRTT",
];
