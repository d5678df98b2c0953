// What one flow gets, for each congestion control, over grids of paths; snapshots in tests/sim/snapshots.
import { assert } from "@std/assert";
import { longTest } from "../support/skip.ts";
import { cellsOf, goodput, type Grid, LARGE_GRID, SMALL_GRID } from "./lab/grid.ts";
import { checkSnapshot, CONTROLS, type Results } from "./lab/snapshot.ts";

/** Losses fall otherwise when anything is sent otherwise, so the numbers are no more exact than this. */
const TOLERANCE = { share: 0.2, amount: 0.05 };
/** Headers of a full segment with timestamps leave so much of the rate. */
const PAYLOAD_SHARE = 1448 / 1500;

async function measure(grid: Grid): Promise<Results> {
  const results: Results = {};
  for (const control of CONTROLS) {
    results[control] = {};
    for (const cell of cellsOf(grid)) {
      const mbit = await goodput(control, cell);
      results[control][cell.name] = mbit;
      const text = `${control}, ${cell.name}: ${mbit} Mbit/s`;
      assert(mbit <= cell.mbit * PAYLOAD_SHARE * 1.01, `${text} is more than there is`);
      // Whatever the control: a path that loses nothing by itself is used.
      if (cell.loss === 0 && cell.bdp >= 1 && cell.durationUs > 100_000 * cell.rttMs) {
        assert(mbit > 0.7 * cell.mbit, `${text} is too little`);
      }
      assert(mbit > 0.01 * cell.mbit, `${text} is next to nothing`);
    }
  }
  return results;
}

Deno.test("goodput: a small grid of paths, every congestion control", async () => {
  checkSnapshot("goodput", await measure(SMALL_GRID), TOLERANCE);
});

longTest("goodput: a large grid of paths, every congestion control", async () => {
  checkSnapshot("goodput_large", await measure(LARGE_GRID), TOLERANCE);
});
