/** Goodput of one flow over grids of rate, round-trip time, loss and buffer. */

import type { CongestionName } from "../../../src/tcp/config.ts";
import { bottleneckOf, runFlows } from "./flows.ts";
import { rounded } from "./snapshot.ts";

/** The values of each axis. */
export interface Grid {
  readonly mbits: readonly number[];
  readonly rttMs: readonly number[];
  readonly loss: readonly number[];
  /** Buffers in bandwidth-delay products. */
  readonly bdps: readonly number[];
  /** What a cell may carry at the most, in megabits: its cost. */
  readonly megabits: number;
}

/** For every run of the tests. */
export const SMALL_GRID: Grid = {
  mbits: [10, 50],
  rttMs: [20, 80],
  loss: [0, 0.01],
  bdps: [0.5, 2],
  megabits: 80,
};

/** For the long tests. */
export const LARGE_GRID: Grid = {
  mbits: [1, 10, 100],
  rttMs: [5, 50, 200],
  loss: [0, 0.001, 0.01, 0.03],
  bdps: [0.2, 1, 4],
  megabits: 300,
};

/** One point of a grid. */
export interface Cell {
  readonly mbit: number;
  readonly rttMs: number;
  readonly loss: number;
  readonly bdp: number;
  readonly durationUs: number;
  readonly name: string;
}

/** The points of a grid. */
export function cellsOf(grid: Grid): Cell[] {
  return grid.mbits.flatMap((mbit) =>
    grid.rttMs.flatMap((rttMs) =>
      grid.loss.flatMap((loss) =>
        grid.bdps.map((bdp) => ({
          mbit,
          rttMs,
          loss,
          bdp,
          durationUs: Math.min(Math.max((grid.megabits / mbit) * 1e6, 3e6), 60e6),
          name: `${mbit} Mbit/s, ${rttMs} ms, ${loss * 100} % lost, buffer ${bdp} BDP`,
        }))
      )
    )
  );
}

/** What a control gets in a cell, in Mbit/s of payload. */
export async function goodput(control: CongestionName, cell: Cell): Promise<number> {
  const more = cell.loss > 0 ? { loss: cell.loss } : {};
  const { flows } = await runFlows({
    seed: 1,
    flows: [{ control }],
    bottleneck: bottleneckOf(cell.mbit * 1e6, cell.rttMs * 1000, cell.bdp, more),
    untilUs: cell.durationUs,
  });
  return rounded(flows[0].goodput / 1e6);
}
