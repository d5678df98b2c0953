import { assertEquals } from "@std/assert";
import { HyStart, HyStartVerdict } from "../../../src/tcp/congestion/hystart.ts";
import { RateSample } from "../../../src/tcp/congestion/rate_sample.ts";

/** Rounds of so many acknowledgments, which all have the same round-trip time. */
class Watched {
  readonly hystart = new HyStart();
  readonly #sample = new RateSample();
  #delivered = 0;

  round(rttUs: number, samples = 10): HyStartVerdict {
    const before = this.#delivered;
    let verdict: HyStartVerdict = HyStartVerdict.goOn;
    for (let i = 0; i < samples; i++) {
      this.#delivered += 1000;
      this.#sample.priorDeliveredBytes = before;
      this.#sample.totalDeliveredBytes = this.#delivered;
      this.#sample.rttUs = rttUs;
      if (this.hystart.onSample(this.#sample) !== HyStartVerdict.goOn) {
        verdict = HyStartVerdict.leaveSlowStart;
      }
    }
    return verdict;
  }
}

/** Whether a growth of the RTT from one round to the next leads into conservative slow start. */
function isNoticed(fromUs: number, toUs: number, samples = 10): boolean {
  const watched = new Watched();
  watched.round(fromUs);
  watched.round(toUs, samples);
  return watched.hystart.isConservative;
}

Deno.test("Goal: the threshold is an eighth of the RTT, at least 4 and at most 16 ms (RFC 9406 section 4.2)", () => {
  assertEquals([isNoticed(80_000, 89_999), isNoticed(80_000, 90_000)], [false, true]);
  assertEquals([isNoticed(1000, 4999), isNoticed(1000, 5000)], [false, true]);
  assertEquals([isNoticed(400_000, 415_999), isNoticed(400_000, 416_000)], [false, true]);
});

Deno.test("Goal: fewer than eight samples of a round say nothing", () => {
  assertEquals([isNoticed(50_000, 100_000, 7), isNoticed(50_000, 100_000, 8)], [false, true]);
});

Deno.test("Goal: the first round is compared with nothing", () => {
  const watched = new Watched();
  watched.round(500_000);
  assertEquals(watched.hystart.isConservative, false);
});

Deno.test("Goal: slow start is over after five rounds of conservative slow start", () => {
  const watched = new Watched();
  watched.round(50_000);
  const verdicts = Array.from({ length: 7 }, () => watched.round(60_000));
  const { goOn, leaveSlowStart } = HyStartVerdict;
  // The round in which it begins is the first; the end of the fifth is seen with the first ACK behind it.
  assertEquals(verdicts.slice(0, 6), [goOn, goOn, goOn, goOn, goOn, leaveSlowStart]);
});

Deno.test("Goal: when the RTT falls below that of its beginning, it was a false alarm", () => {
  const watched = new Watched();
  watched.round(50_000);
  watched.round(60_000);
  assertEquals(watched.hystart.isConservative, true);
  watched.round(60_000);
  watched.round(59_000);
  assertEquals(watched.hystart.isConservative, false);
  assertEquals(watched.round(59_000), HyStartVerdict.goOn);
  // What is compared from now on is this RTT.
  watched.round(67_000);
  assertEquals(watched.hystart.isConservative, true);
});

Deno.test("Goal: acknowledgments of retransmissions have no RTT and count as no sample", () => {
  const watched = new Watched();
  watched.round(50_000);
  watched.round(0, 100);
  watched.round(100_000, 7);
  assertEquals(watched.hystart.isConservative, false);
});
