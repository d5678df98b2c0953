/** Numbers that experiments gave, kept beside the tests and held to with a tolerance. */

import { assert } from "@std/assert";
import { CONGESTION_NAMES, type CongestionName } from "../../../src/tcp/config.ts";

/** Results by congestion control (or pair of them) and by what was measured. */
export type Results = Record<string, Record<string, number>>;

/** How far a result may be from its snapshot: by a share of it, or by an amount. */
export interface Tolerance {
  readonly share: number;
  readonly amount: number;
}

/** Every congestion control that controls anything; a new one takes part by itself. */
export const CONTROLS: readonly CongestionName[] = CONGESTION_NAMES.filter((name) =>
  name !== "none"
);

/** The command that makes the snapshots again. */
const UPDATE = "deno task lab:update";
const updating = Deno.env.get("WOSHOU_UPDATE") === "1";

/**
 * Compares with `tests/sim/snapshots/NAME.json`, or writes it under `deno task lab:update`. What has no
 * snapshot, as a control that is new, is told of and not judged.
 */
export function checkSnapshot(name: string, results: Results, tolerance: Tolerance): void {
  const url = new URL(`../snapshots/${name}.json`, import.meta.url);
  if (updating) {
    Deno.writeTextFileSync(url, JSON.stringify(results, null, 2) + "\n");
    return;
  }
  const kept = JSON.parse(Deno.readTextFileSync(url)) as Results;
  const faults: string[] = [];
  for (const [group, values] of Object.entries(results)) {
    if (kept[group] === undefined) {
      console.log(`There is no snapshot of ${group} in ${name}.json; ${UPDATE} makes it.`);
      continue;
    }
    for (const [what, value] of Object.entries(values)) {
      const before = kept[group][what];
      const allowed = Math.max(Math.abs(before) * tolerance.share, tolerance.amount);
      if (before !== undefined && Math.abs(value - before) <= allowed) continue;
      faults.push(`${group}, ${what}: ${value}, was ${before}`);
    }
  }
  const advice = `if that is meant, ${UPDATE}`;
  assert(faults.length === 0, `${name}.json has other numbers (${advice}):\n${faults.join("\n")}`);
}

/** Three significant digits, for snapshots that people read. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
