// Random networks, random applications: every byte arrives in order and once, everything ends, nothing is left.
import { assertEquals } from "@std/assert";
import { longTest } from "../support/skip.ts";
import { runScenario } from "./lab/campaign.ts";
import { type Scenario, scenarioOf } from "./lab/scenario.ts";
import { shrink } from "./lab/shrink.ts";

/** WOSHOU_SEED=n runs one seed. */
const only = Deno.env.get("WOSHOU_SEED");

async function failure(scenario: Scenario): Promise<unknown> {
  try {
    await runScenario(scenario);
    return null;
  } catch (error) {
    return error;
  }
}

async function campaign(first: number, count: number): Promise<void> {
  const seeds = only === undefined
    ? Array.from({ length: count }, (_, index) => first + index)
    : [Number(only)];
  for (const seed of seeds) {
    const scenario = scenarioOf(seed);
    const error = await failure(scenario);
    if (error === null) continue;
    const smallest = await shrink(scenario, async (one) => await failure(one) !== null);
    throw new Error(
      `WOSHOU_SEED=${seed} deno task test tests/sim/campaign_test.ts repeats it: ${error}\n` +
        `the smallest that fails, with ${await failure(smallest)}:\n${JSON.stringify(smallest)}`,
      { cause: error },
    );
  }
}

Deno.test("campaign: 300 random networks", async () => {
  await campaign(1, 300);
});

longTest("campaign: 10,000 random networks", async () => {
  await campaign(1, 10_000);
});

Deno.test("campaign: one seed repeats the run exactly", async () => {
  // Goal: the same frames at the same times, byte for byte; and another seed gives others.
  for (const seed of [3, 14, 15]) {
    const first = await runScenario(scenarioOf(seed));
    assertEquals(await runScenario(scenarioOf(seed)), first, `seed ${seed}`);
    const other = await runScenario(scenarioOf(seed + 1000));
    if (other.traceHash === first.traceHash) throw new Error("another seed gave the same trace");
  }
});
