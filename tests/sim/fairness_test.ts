// How flows share a bottleneck: equal flows equally, different controls without starving each other.
import { assert } from "@std/assert";
import type { Impairment } from "../../src/device/impairment.ts";
import type { CongestionName } from "../../src/tcp/config.ts";
import { longTest } from "../support/skip.ts";
import { bottleneckOf, type FlowPlan, jainIndex, runFlows } from "./lab/flows.ts";
import { checkSnapshot, CONTROLS, type Results, rounded } from "./lab/snapshot.ts";

const RATE = 10e6;
const RTT_US = 40_000;
/** The bottleneck's buffers. */
const QUEUES: Readonly<Record<string, Impairment>> = {
  "1 BDP": bottleneckOf(RATE, RTT_US, 1),
  "CoDel": bottleneckOf(RATE, RTT_US, 20, { queue: "codel" }),
};

/** A deep buffer, in which it takes longer until the shares are equal. */
const DEEP = bottleneckOf(RATE, RTT_US, 4);

/** The shares of the flows, when they have had the time to settle. */
async function shares(
  bottleneck: Impairment,
  flows: FlowPlan[],
  fromUs = 15e6,
  untilUs = 55e6,
): Promise<number[]> {
  const result = await runFlows({ seed: 1, flows, bottleneck, fromUs, untilUs });
  return result.flows.map(({ goodput }) => goodput / RATE);
}

/** Jain's index of 0.95 at the least for four flows of one control, and a link that is full. */
async function checkEqual(
  control: CongestionName,
  name: string,
  bottleneck: Impairment,
  fromUs?: number,
  untilUs?: number,
): Promise<void> {
  const flows = [0, 1, 2, 3].map((i) => ({ control, startUs: i * 300_000 }));
  const got = await shares(bottleneck, flows, fromUs, untilUs);
  const text = `${control}, ${name}: ${got.map((share) => share.toFixed(3)).join(", ")}`;
  assert(jainIndex(got) >= 0.95, text);
  assert(got.reduce((sum, share) => sum + share, 0) > 0.85, text);
}

for (const control of CONTROLS) {
  Deno.test(`fairness: four flows of ${control} get the same`, async () => {
    for (const [name, bottleneck] of Object.entries(QUEUES)) {
      await checkEqual(control, name, bottleneck);
    }
  });

  longTest(`fairness: four flows of ${control} get the same of a deep buffer`, async () => {
    await checkEqual(control, "4 BDP", DEEP, 60e6, 240e6);
  });
}

Deno.test("fairness: different controls side by side", async () => {
  // Goal: a table of who gets how much; nobody starves.
  const results: Results = {};
  const rows: string[] = [];
  for (const [first, second] of pairs(CONTROLS)) {
    const group = `${first} beside ${second}`;
    results[group] = {};
    for (const [name, bottleneck] of Object.entries(QUEUES)) {
      const flows = [first, second, first, second].map((control, i) => ({
        control,
        startUs: i * 300_000,
      }));
      const got = await shares(bottleneck, flows);
      const share = (got[0] + got[2]) / got.reduce((sum, one) => sum + one, 0);
      results[group][name] = rounded(share);
      rows.push(`${group.padEnd(28)}${name.padEnd(8)}${(100 * share).toFixed(0)} % for the first`);
      assert(share > 0.05 && share < 0.95, rows.at(-1));
    }
  }
  console.log(rows.join("\n"));
  checkSnapshot("fairness", results, { share: 0, amount: 0.12 });
});

function pairs(names: readonly CongestionName[]): [CongestionName, CongestionName][] {
  return names.flatMap((first, i) =>
    names.slice(i + 1).map((second): [CongestionName, CongestionName] => [first, second])
  );
}
