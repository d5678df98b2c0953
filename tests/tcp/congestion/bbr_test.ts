import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Bbr } from "../../../src/tcp/congestion/bbr.ts";
import { CongestionPhase, congestionPhaseNames } from "../../../src/tcp/congestion/phase.ts";
import { testConformance } from "./conformance.ts";
import { type Round, Rounds } from "./rounds.ts";

const MSS = 1000;
const RTT_US = 100_000;
/** Bytes per second of a path that holds 100 segments. */
const RATE = 1e6;
const PIPE = 100 * MSS;

testConformance("bbr");

/** A control on a path of that rate, with what it is made to see. */
class Path {
  readonly bbr: Bbr;
  readonly rounds: Rounds;
  /** The phases it was in, each once in a row. */
  readonly phases: string[] = [];

  constructor(seed = 1) {
    this.bbr = new Bbr(10 * MSS, seed);
    this.bbr.onTransmitStart(RTT_US, 1e6);
    this.rounds = new Rounds(this.bbr);
    this.rounds.onAcknowledged = () => {
      const name = congestionPhaseNames[this.bbr.phase];
      if (this.phases.at(-1) !== name) this.phases.push(name);
    };
  }

  /** A round on a path that delivers what it is given, up to its rate; the rest makes a queue. */
  round(round: Round = {}): void {
    const flight = (round.inFlight ?? 1) * this.bbr.cwndBytes;
    const rttUs = Math.max(RTT_US, (flight * 1e6) / RATE);
    this.rounds.round(rttUs, { rate: Math.min((flight * 1e6) / rttUs, RATE), ...round });
  }

  /** The same as far as the pacing would have it in flight. */
  paced(round: Round = {}): void {
    const flight = Math.min(this.bbr.cwndBytes, this.bbr.pacingRate * RTT_US / 1e6);
    this.round({ inFlight: flight / this.bbr.cwndBytes, unlimited: true, ...round });
  }

  /** Rounds until it is in that phase. */
  until(phase: CongestionPhase, most = 200): void {
    for (let i = 0; i < most; i++) {
      if (this.bbr.phase === phase) return;
      this.paced();
    }
    throw new Error(`never ${congestionPhaseNames[phase]}: ${this.phases.join(" ")}`);
  }
}

Deno.test("Goal: it begins at 2.77 initial windows in an RTT (section 5.6.2)", () => {
  const { bbr } = new Path();
  assertEquals([bbr.phase, bbr.cwndBytes], [CongestionPhase.startup, 10 * MSS]);
  assertAlmostEquals(bbr.pacingRate, 2.77 * 10 * MSS * 10, 1);
  const blind = new Bbr(10 * MSS, 1);
  blind.onTransmitStart(0, 0);
  assertAlmostEquals(
    blind.pacingRate,
    2.77 * 10 * MSS * 1000,
    1,
    "in a millisecond without an RTT",
  );
});

Deno.test("Goal: Startup doubles until the bandwidth is found, Drain empties the queue, then it cruises", () => {
  const path = new Path();
  for (let i = 0; i < 30; i++) path.paced();
  assertEquals(path.phases.slice(0, 3), ["Startup", "Drain", "ProbeBW_CRUISE"]);
  assertAlmostEquals(path.bbr.bandwidth, RATE, 1);
  assertEquals(path.bbr.modelRttUs, RTT_US);
  assertAlmostEquals(path.bbr.pacingRate, 0.99 * RATE, 1);
  assert(path.bbr.cwndBytes <= 2.2 * PIPE, `${path.bbr.cwndBytes}`);
});

Deno.test("Goal: it probes for bandwidth every two or three seconds, at times that differ between flows", () => {
  const times = [1, 2, 3, 4, 5].map((seed) => {
    const path = new Path(seed);
    path.until(CongestionPhase.probeCruise);
    const fromUs = path.rounds.nowUs;
    path.until(CongestionPhase.probeUp);
    const waitedUs = path.rounds.nowUs - fromUs;
    // The round of REFILL, and one in which DOWN ends, lie between.
    assert(waitedUs > 1.6e6 && waitedUs < 3.4e6, `${waitedUs}`);
    assertAlmostEquals(path.bbr.pacingRate, 0.99 * 1.25 * RATE, 1);
    return Math.round(waitedUs / RTT_US);
  });
  assert(new Set(times).size > 1, `${times}`);
});

Deno.test("Goal: the cycle is DOWN, CRUISE, REFILL, UP", () => {
  const path = new Path();
  for (let i = 0; i < 90 && path.phases.length < 12; i++) path.paced();
  const cycle = path.phases.slice(2).join(" ");
  assert(/CRUISE ProbeBW_REFILL ProbeBW_UP ProbeBW_DOWN ProbeBW_CRUISE/.test(cycle), cycle);
});

Deno.test("Goal: more bandwidth is found within a cycle", () => {
  const path = new Path();
  path.until(CongestionPhase.probeCruise);
  for (let i = 0; i < 120; i++) {
    const flight = Math.min(path.bbr.cwndBytes, path.bbr.pacingRate * RTT_US / 1e6);
    path.rounds.round(RTT_US, {
      inFlight: flight / path.bbr.cwndBytes,
      rate: Math.min(flight * 10, 4 * RATE),
    });
  }
  assert(path.bbr.bandwidth > 2 * RATE, `${path.bbr.bandwidth}`);
});

Deno.test("Goal: less bandwidth is believed after two cycles", () => {
  const path = new Path();
  path.until(CongestionPhase.probeCruise);
  for (let i = 0; i < 150; i++) {
    path.rounds.round(RTT_US, { rate: RATE / 2, unlimited: true, inFlight: 0.5 });
  }
  assertAlmostEquals(path.bbr.bandwidth, RATE / 2, 1);
});

Deno.test("Goal: more than two percent lost while probing set the upper bound and end it (section 5.5.10)", () => {
  const path = new Path();
  path.until(CongestionPhase.probeUp);
  const flight = path.bbr.cwndBytes;
  path.round({ lost: Math.ceil(0.05 * flight / MSS) });
  path.paced();
  assert(path.phases.includes("ProbeBW_DOWN"), path.phases.join(" "));
  path.until(CongestionPhase.probeCruise);
  assert(path.bbr.cwndBytes <= 0.86 * flight, "headroom is left below the bound");
});

Deno.test("Goal: one percent lost at random leaves the bandwidth alone while it probes", () => {
  const path = new Path();
  path.until(CongestionPhase.probeUp);
  path.round({ lost: Math.floor(0.01 * path.bbr.cwndBytes / MSS) });
  assertAlmostEquals(path.bbr.bandwidth, RATE, 1);
});

Deno.test("Goal: losses in every round of a cruise lower the rate, and the next probe forgets them", () => {
  const path = new Path();
  path.until(CongestionPhase.probeCruise);
  for (let i = 0; i < 4; i++) path.paced({ lost: 5, rate: 0.6 * RATE });
  assert(path.bbr.bandwidth < 0.9 * RATE, `${path.bbr.bandwidth}`);
  path.until(CongestionPhase.probeRefill);
  assertAlmostEquals(path.bbr.bandwidth, RATE, 1);
});

Deno.test("Goal: marks (ECN) in every round do as losses do", () => {
  const path = new Path();
  path.until(CongestionPhase.probeCruise);
  for (let i = 0; i < 4; i++) {
    path.bbr.onEcn();
    path.paced({ rate: 0.6 * RATE });
  }
  assert(path.bbr.bandwidth < 0.9 * RATE, `${path.bbr.bandwidth}`);
});

Deno.test("Goal: losses in Startup end it once there are many and in several places", () => {
  const path = new Path();
  for (let i = 0; i < 3; i++) path.round();
  const before = path.bbr.cwndBytes;
  path.rounds.round(RTT_US, { lost: 1 });
  assertEquals(path.bbr.phase, CongestionPhase.startup, "one is none");
  for (let i = 0; i < 3 && path.bbr.phase === CongestionPhase.startup; i++) {
    path.rounds.round(RTT_US, { lost: Math.floor(0.3 * path.bbr.cwndBytes / MSS) });
  }
  assert(path.bbr.cwndBytes < 8 * before, `${path.bbr.cwndBytes}`);
});

Deno.test("Goal: after five seconds without a shorter RTT half a pipe is in flight for 200 ms", () => {
  const path = new Path();
  path.until(CongestionPhase.probeCruise);
  path.until(CongestionPhase.probeRtt);
  const fromUs = path.rounds.nowUs;
  assertAlmostEquals(path.bbr.cwndBytes, PIPE / 2, MSS);
  path.until(CongestionPhase.probeCruise);
  const tookUs = path.rounds.nowUs - fromUs;
  assert(tookUs >= 200_000 && tookUs <= 600_000, `${tookUs}`);
  path.paced();
  assert(path.bbr.cwndBytes > PIPE, "the window is back");
});

Deno.test("Goal: sending goes on behind a pause at the bandwidth, whatever the phase would have", () => {
  const path = new Path();
  path.until(CongestionPhase.probeUp);
  path.rounds.nowUs += 60e6;
  path.bbr.onTransmitStart(RTT_US, path.rounds.nowUs);
  assertAlmostEquals(path.bbr.pacingRate, 0.99 * RATE, 1);
  path.round();
  assert(path.bbr.phase !== CongestionPhase.probeRtt, "a pause has shown the RTT without a queue");
});

Deno.test("Goal: a timeout leaves one segment, and the window comes back with recovery", () => {
  const path = new Path();
  path.until(CongestionPhase.probeCruise);
  const before = path.bbr.cwndBytes;
  path.bbr.onTimeout(0, MSS);
  assertEquals(path.bbr.cwndBytes, MSS);
  path.rounds.sample.recovering = true;
  path.rounds.round(RTT_US);
  assert(path.bbr.cwndBytes < before);
  path.rounds.sample.recovering = false;
  path.paced();
  assert(path.bbr.cwndBytes >= before, `${path.bbr.cwndBytes}, was ${before}`);
});

Deno.test("Goal: an undo takes back what losses have bounded", () => {
  const path = new Path();
  path.until(CongestionPhase.probeCruise);
  const { bandwidth, cwndBytes } = path.bbr;
  path.bbr.saveForUndo();
  path.bbr.onLoss();
  for (let i = 0; i < 3; i++) path.paced({ lost: 5, rate: 0.5 * RATE });
  assert(path.bbr.bandwidth < bandwidth);
  path.bbr.undo();
  assertEquals([path.bbr.bandwidth, path.bbr.cwndBytes >= cwndBytes], [bandwidth, true]);
});
