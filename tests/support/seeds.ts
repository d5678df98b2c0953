/** Runs of a test with seeded random numbers, where a failure names its seed. */

import { SeededRandom } from "../../src/base/random.ts";

/** The only seed to run, as WOSHOU_SEED gives it, or all of them. */
const wanted = Deno.env.get("WOSHOU_SEED");

/**
 * Calls `run` with generators of the seeds 1 to `count`. A failure is thrown again with its seed in front;
 * `WOSHOU_SEED=n deno task test FILE --filter NAME` repeats it alone.
 */
export function forSeeds(count: number, run: (random: SeededRandom, seed: number) => void): void {
  const seeds = wanted === undefined
    ? Array.from({ length: count }, (_, index) => index + 1)
    : [Number(wanted)];
  for (const seed of seeds) {
    try {
      run(new SeededRandom(seed), seed);
    } catch (error) {
      throw new Error(`WOSHOU_SEED=${seed} repeats it: ${error}`, { cause: error });
    }
  }
}
