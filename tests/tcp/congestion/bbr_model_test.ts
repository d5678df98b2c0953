import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import {
  BbrModel,
  inFlightAtExcess,
  isLossTooHigh,
  minPipe,
} from "../../../src/tcp/congestion/bbr_model.ts";
import { RateSample } from "../../../src/tcp/congestion/rate_sample.ts";

const MSS = 1000;

/** A sample of the first ACK of a round. */
function sampleOf(rate: number, nowUs: number, delivered: number): RateSample {
  const sample = new RateSample();
  sample.nowUs = nowUs;
  sample.mss = MSS;
  sample.rate = rate;
  sample.ackedBytes = MSS;
  sample.priorAtUs = nowUs - 100_000;
  sample.priorDeliveredBytes = delivered;
  sample.totalDeliveredBytes = delivered + 10 * MSS;
  sample.deliveredBytes = 10 * MSS;
  sample.rttUs = 100_000;
  return sample;
}

/** A model that has seen so many rounds at this rate. */
function seen(rates: readonly number[]): BbrModel {
  const model = new BbrModel();
  rates.forEach((rate, round) => {
    const sample = sampleOf(rate, 1e6 + round * 100_000, round * 10 * MSS);
    model.takeDelivery(sample, 20 * MSS, false);
    model.checkFullBandwidth(sample);
    model.takeRtt(sample);
    model.advanceRound(sample);
  });
  return model;
}

Deno.test("Goal: the bandwidth is the greatest rate, unless it says too little", () => {
  assertEquals(seen([1e6, 3e6, 2e6]).bandwidth, 3e6);
  const model = seen([1e6]);
  const limited = sampleOf(5e5, 2e6, 10 * MSS);
  limited.appLimited = true;
  model.advanceCycle();
  model.takeDelivery(limited, 20 * MSS, false);
  model.advanceCycle();
  assertEquals(model.bandwidth, 1e6, "a low rate without data to send says nothing");
  limited.rate = 2e6;
  model.takeDelivery(limited, 20 * MSS, false);
  assertEquals(model.bandwidth, 2e6, "a high one does");
});

Deno.test("Goal: the pipe is full after three rounds without a quarter more (section 5.3.1.2)", () => {
  assertEquals(seen([1e6, 2e6, 4e6, 4.9e6, 4.9e6]).fullReached, false);
  assertEquals(seen([1e6, 2e6, 4e6, 4.9e6, 4.9e6, 4.9e6]).fullReached, true);
  assertEquals(seen([1e6, 2e6, 4e6, 4.9e6, 4.9e6, 5e6]).fullReached, false, "it grew at last");
});

Deno.test("Goal: what the path holds is bandwidth times the least RTT (section 5.5.8)", () => {
  const model = seen([2e6]);
  assertEquals(model.inPipe(100, 7), 200_000);
  assertEquals(model.inPipe(50, 7), 100_000);
  assertEquals(new BbrModel().inPipe(100, 7), 7, "without an RTT");
});

Deno.test("Goal: losses outside of probing take 30 % off the lower bounds in a round, not below what came", () => {
  const model = seen([1e6, 1e6]);
  model.noteLoss(20 * MSS);
  const lossy = sampleOf(4e5, 1.3e6, 20 * MSS);
  model.takeDelivery(lossy, 100 * MSS, false);
  assertAlmostEquals(model.bandwidthLow, 1e6, 1, "what came in the last round was still that");
  assertAlmostEquals(model.inFlightLow, 70 * MSS, 1);
  model.advanceRound(lossy);
  model.noteLoss(30 * MSS);
  model.takeDelivery(sampleOf(4e5, 1.4e6, 30 * MSS), 100 * MSS, false);
  assertAlmostEquals(model.bandwidthLow, 7e5, 1);
  assertEquals(model.bandwidth, model.bandwidthLow);
  model.resetLowerBounds();
  assertEquals(model.bandwidth, 1e6);
});

Deno.test("Goal: losses while probing leave the lower bounds alone", () => {
  const model = seen([1e6, 1e6]);
  model.noteLoss(20 * MSS);
  model.takeDelivery(sampleOf(4e5, 1.3e6, 20 * MSS), 100 * MSS, true);
  assertEquals([model.bandwidthLow, model.inFlightLow], [Infinity, Infinity]);
});

Deno.test("Goal: the least RTT holds for 10 s, and is to be looked for again after 5", () => {
  const model = new BbrModel();
  const at = (nowUs: number, rttUs: number) => {
    const sample = sampleOf(1e6, nowUs, 0);
    sample.rttUs = rttUs;
    model.takeRtt(sample);
    return [model.rttMinUs, model.probeRttExpired];
  };
  assertEquals(at(100e6, 50_000), [50_000, false]);
  assertEquals(at(104e6, 60_000), [50_000, false]);
  assertEquals(at(105.1e6, 60_000), [50_000, true]);
  assertEquals(at(106e6, 70_000), [50_000, false]);
  assertEquals(at(110.3e6, 65_000)[0], 65_000, "ten seconds later");
  assertEquals(at(111e6, 40_000)[0], 40_000);
});

Deno.test("Goal: lumps of ACKs beyond the bandwidth are remembered, no more than a window", () => {
  const model = seen([1e6]);
  const lump = sampleOf(1e6, 1.2e6, 10 * MSS);
  lump.ackedBytes = 30 * MSS;
  model.takeAggregation(lump, 100 * MSS);
  assertEquals(model.extraAckedBytes, 30 * MSS);
  const later = sampleOf(1e6, 1.21e6, 10 * MSS);
  later.ackedBytes = 30 * MSS;
  model.takeAggregation(later, 100 * MSS);
  assertEquals(model.extraAckedBytes, 50 * MSS, "60 in 10 ms, which carry 10");
  model.takeAggregation(later, 20 * MSS);
  assertEquals(model.extraAckedBytes, 50 * MSS);
});

Deno.test("Goal: two percent of what was in flight may be lost; where they were exceeded is interpolated", () => {
  assertEquals([isLossTooHigh(2 * MSS, 100 * MSS), isLossTooHigh(2 * MSS + 1, 100 * MSS)], [
    false,
    true,
  ]);
  // Section 5.5.10.2: of 100 in flight the third lost segment is the one too many.
  const bytes = inFlightAtExcess(MSS, 100 * MSS, 3 * MSS);
  assertAlmostEquals(bytes / MSS, 99 + (0.02 * 99 - 2) / 0.98, 1e-9);
  assert(bytes < 99 * MSS && bytes > 98 * MSS);
});

Deno.test("Goal: 15 % of the upper bound are left to others, a segment at least, four stay", () => {
  const model = new BbrModel();
  assertEquals(model.headroom(MSS), Infinity);
  model.inFlightHigh = 100 * MSS;
  assertEquals(model.headroom(MSS), 85 * MSS);
  model.inFlightHigh = 5 * MSS;
  assertEquals(model.headroom(MSS), minPipe(MSS));
});
