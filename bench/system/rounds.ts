import { isDisturbed, type Load, type Placement, type Sample } from "./loads.ts";
import { metricsOf, runsOn } from "./metrics.ts";
import { output } from "./process.ts";
import { numberText, type Series } from "./table.ts";
import type { Running, Target } from "./targets.ts";

/** What is to be measured. */
export interface Plan {
  readonly targets: readonly Target[];
  readonly loads: readonly Load[];
  readonly rounds: number;
  readonly seconds: number;
  readonly warmup: number;
  /** How often a run that other work has disturbed is repeated. */
  readonly retries: number;
}

/** Seconds that a client may take beyond its load: to start, to wait for the last bytes, to give up. */
const CLIENT_GRACE_SECONDS = 15;

/** The client's addresses for each run: fresh ones, because the last run's rest in TIME-WAIT. */
const SOURCES_PER_RUN = 8;
const SOURCE_FIRST = 128;
const SOURCE_COUNT = 120;

interface Entry extends Series {
  readonly samples: Sample[];
  readonly failures: string[];
}

/** A target and its server, which is replaced when it fails. */
interface Slot {
  readonly target: Target;
  running: Running | null;
  runs: number;
}

/**
 * Runs each load on each target in turn, as often as there are rounds. Each round begins with another
 * target, so that none always follows the same one.
 */
export async function runRounds(plan: Plan): Promise<Series[]> {
  const slots: Slot[] = plan.targets.map((target) => ({ target, running: null, runs: 0 }));
  for (const slot of slots) await start(slot);
  const entries = plan.loads.flatMap((load) => entriesOf(load, plan.targets));
  for (let round = 0; round < plan.rounds; round++) {
    for (const load of plan.loads) {
      for (const placement of load.placements) {
        for (let i = 0; i < slots.length; i++) {
          const slot = slots[(i + round) % slots.length];
          const entry = entries.find((each) =>
            each.load === load && each.placement === placement && each.target === slot.target
          );
          if (entry !== undefined) await runOnce(plan, slot, entry, round);
        }
      }
    }
  }
  return entries;
}

function entriesOf(load: Load, targets: readonly Target[]): Entry[] {
  return load.placements.flatMap((placement) =>
    targets.filter((target) => runsOn(load, target))
      .map((target) => ({ load, placement, target, samples: [], failures: [] }))
  );
}

async function start(slot: Slot): Promise<Running> {
  console.error(`starting ${slot.target.name}`);
  const running = await slot.target.start();
  running.server.pause();
  slot.running = running;
  return running;
}

/** One load on one target. A failure is noted, and the target gets a new server. */
async function runOnce(plan: Plan, slot: Slot, entry: Entry, round: number): Promise<void> {
  const { load, placement, target } = entry;
  const name = `${load.name}, ${placement}`.padEnd(28);
  const label = `round ${round + 1}/${plan.rounds}  ${name}${target.name.padEnd(18)}`;
  try {
    const running = slot.running ?? await start(slot);
    running.server.resume();
    let sample = await runClient(plan, entry, running, slot.runs++);
    for (let retry = 0; retry < plan.retries && isDisturbed(sample); retry++) {
      const again = await runClient(plan, entry, running, slot.runs++);
      if (again.othersShare < sample.othersShare) sample = again;
    }
    running.server.pause();
    entry.samples.push(sample);
    const [metric] = metricsOf(load);
    const disturbed = isDisturbed(sample) ? " (disturbed)" : "";
    console.error(`${label}${numberText(metric.value(sample))} ${metric.unit}${disturbed}`);
  } catch (error) {
    const said = slot.running?.server.said ?? "";
    entry.failures.push(`${(error as Error).message}\n${said}`);
    console.error(`${label}failed: ${(error as Error).message}`);
    await slot.running?.server.stop();
    slot.running = null;
  }
}

async function runClient(
  plan: Plan,
  { load, placement }: Entry,
  running: Running,
  run: number,
): Promise<Sample> {
  const cores = coresOf(placement);
  await running.server.pin(cores.server);
  const client = new URL("./client.ts", import.meta.url).pathname;
  const command = ["taskset", "--cpu-list", cores.client, Deno.execPath(), "run", "-A", client];
  const flags = {
    kind: load.kind,
    host: running.host,
    device: running.device,
    server: running.server.pid,
    connections: load.connections,
    seconds: plan.seconds,
    warmup: plan.warmup,
    sources: sourcesOf(running.network, run).join(","),
  };
  for (const [name, value] of Object.entries(flags)) command.push(`--${name}=${value}`);
  const timeoutMs = (plan.seconds + plan.warmup + CLIENT_GRACE_SECONDS) * 1000;
  return JSON.parse(await output(command, timeoutMs, "client")) as Sample;
}

function coresOf(placement: Placement): { client: string; server: string } {
  const all = `0-${navigator.hardwareConcurrency - 1}`;
  switch (placement) {
    case "free":
      return { client: all, server: all };
    case "one core":
      return { client: "0", server: "0" };
    case "two cores":
      return { client: "0", server: "1" };
  }
}

function sourcesOf(network: string, run: number): string[] {
  const first = (run * SOURCES_PER_RUN) % SOURCE_COUNT;
  return Array.from(
    { length: SOURCES_PER_RUN },
    (_, i) => `${network}.${SOURCE_FIRST + first + i}`,
  );
}
