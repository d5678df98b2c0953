import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { RttEstimator } from "../../src/tcp/rtt.ts";

const SEED = 0x727474;
const MS = 1000;
const SECOND = 1_000_000;

/** An estimator whose floor is far below what is measured, as RFC 6298 has it without rule 2.4. */
function withoutFloor(): RttEstimator {
  return new RttEstimator(SECOND, 1, 120 * SECOND);
}

Deno.test("Goal: before the first measurement the timeout is the initial one (RFC 6298 section 2.1)", () => {
  const rtt = new RttEstimator(SECOND, 200 * MS, 120 * SECOND);
  assertEquals([rtt.rtoUs, rtt.srttUs, rtt.rttVarUs, rtt.minUs], [SECOND, 0, 0, 0]);
  assertEquals(rtt.backedOff(0), SECOND);
});

Deno.test("Goal: the first measurement R gives SRTT = R, RTTVAR = R/2, RTO = 3R (section 2.2)", () => {
  for (const r of [100 * MS, SECOND, 7 * SECOND]) {
    const rtt = withoutFloor();
    rtt.sample(r);
    assertEquals([rtt.srttUs, rtt.rttVarUs, rtt.rtoUs, rtt.minUs], [r, r / 2, 3 * r, r]);
  }
});

Deno.test("Goal: later measurements follow section 2.3, the variance by the old mean", () => {
  const rtt = withoutFloor();
  rtt.sample(100 * MS);
  rtt.sample(200 * MS);
  // RTTVAR = 3/4 * 50 + 1/4 * |100 - 200| = 62.5; SRTT = 7/8 * 100 + 1/8 * 200 = 112.5 (ms).
  assertEquals([rtt.rttVarUs, rtt.srttUs, rtt.rtoUs], [62_500, 112_500, 362_500]);
  rtt.sample(100 * MS);
  // RTTVAR = 46.875 + 3.125 = 50; SRTT = 98.4375 + 12.5 = 110.9375 (ms).
  assertEquals([rtt.rttVarUs, rtt.srttUs, rtt.rtoUs], [50_000, 110_938, 310_938]);
});

Deno.test("Goal: on a steady path the variance dies out and the floor keeps a margin above the RTT", () => {
  const rtt = new RttEstimator(SECOND, 200 * MS, 120 * SECOND);
  for (let i = 0; i < 200; i++) rtt.sample(300 * MS);
  assert(rtt.rttVarUs <= 2);
  assertEquals(rtt.rtoUs, 500 * MS);
});

Deno.test("Goal: a timeout doubles with each expiry up to the maximum (sections 5.5 and 2.5)", () => {
  const rtt = new RttEstimator(SECOND, 200 * MS, 120 * SECOND);
  const seconds = [0, 1, 2, 6, 7, 8, 100].map((backoffs) => rtt.backedOff(backoffs) / SECOND);
  assertEquals(seconds, [1, 2, 4, 64, 120, 120, 120]);
  assertEquals(rtt.rtoUs, SECOND, "backing off forgets nothing");
});

Deno.test("Goal: a measurement of nothing counts as one microsecond, which is not 'no measurement'", () => {
  const rtt = withoutFloor();
  rtt.sample(0);
  assertEquals([rtt.srttUs, rtt.minUs], [1, 1]);
  rtt.sample(-5);
  rtt.sample(0.4);
  assertEquals([rtt.srttUs, rtt.minUs], [1, 1]);
});

Deno.test("Goal: under any measurements the estimate stays between them and the timeout in its limits", () => {
  const sample = fc.integer({ min: 1, max: 600 * SECOND });
  const limits = fc.tuple(fc.integer({ min: 1, max: SECOND }), fc.integer({ min: 0, max: 100 }));
  fc.assert(
    fc.property(
      fc.array(sample, { minLength: 1, maxLength: 50 }),
      limits,
      (samples, [min, more]) => {
        const max = min + more * SECOND;
        const rtt = new RttEstimator(SECOND, min, max);
        for (const value of samples) {
          rtt.sample(value);
          assert(rtt.rtoUs >= min && rtt.rtoUs <= max, `RTO ${rtt.rtoUs}`);
          assert(rtt.rtoUs === max || rtt.rtoUs >= rtt.srttUs + min);
          for (const number of [rtt.srttUs, rtt.rttVarUs, rtt.minUs, rtt.rtoUs]) {
            assert(Number.isSafeInteger(number));
          }
        }
        assertEquals(rtt.minUs, Math.min(...samples));
        assert(rtt.srttUs >= Math.min(...samples) - 1 && rtt.srttUs <= Math.max(...samples) + 1);
      },
    ),
    { seed: SEED, numRuns: 500 },
  );
});
