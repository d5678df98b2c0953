/**
 * The whole-system benchmark: `deno task bench`. It starts itself again in a namespace of its own, where
 * it may make interfaces, starts the targets, and runs every load on each in turn.
 */
import { loads } from "./loads.ts";
import { type Options, parseOptions, pick, USAGE } from "./options.ts";
import { bound, output, stopAll } from "./process.ts";
import { environmentText, legend, machine } from "./report.ts";
import { type Plan, runRounds } from "./rounds.ts";
import { type Series, summarize, tableText } from "./table.ts";
import { allTargets, type Target } from "./targets.ts";

/** Tells the second start from the first; not for users. */
const INSIDE = "--inside-namespace";

/** How often a run is repeated while other processes use the machine. */
const DISTURBED_RETRIES = 2;

/** Targets that show something about the benchmark itself. */
const UNUSUAL_TARGETS = ["kernel-again"];

async function main(): Promise<number> {
  const inside = Deno.args[0] === INSIDE;
  const options = parseOptions(inside ? Deno.args.slice(1) : Deno.args);
  const targets = allTargets(options);
  if (options.help) {
    console.log(USAGE);
    console.log(`loads: ${loads.map((load) => load.name).join(", ")}`);
    console.log(`targets: ${targets.map((target) => target.name).join(", ")}`);
    return 0;
  }
  const plan = planOf(options, targets);
  if (!inside) return await startInside(options);
  try {
    await prepareNamespace();
    return await finish(options, await runRounds(plan));
  } finally {
    await stopAll();
  }
}

/** What is measured: the usual, or what the options name. */
function planOf(options: Options, all: readonly Target[]): Plan {
  const usual = all.map((target) => target.name).filter((name) => !UNUSUAL_TARGETS.includes(name));
  const several = navigator.hardwareConcurrency > 1;
  const names = options.only ?? loads.map((load) => load.name);
  const placed = pick(loads, names, "only").map((load) => {
    const placements = load.placements.filter((placement) => several || placement !== "two cores");
    return { ...load, placements: options.smoke ? placements.slice(0, 1) : placements };
  });
  return {
    targets: pick(all, options.targets ?? usual, "targets"),
    loads: placed.filter((load) => load.placements.length > 0),
    rounds: options.rounds,
    seconds: options.seconds,
    warmup: options.warmup,
    retries: options.smoke ? 0 : DISTURBED_RETRIES,
  };
}

/** Starts this program again where it is root of nothing but its own network. */
async function startInside(options: Options): Promise<number> {
  try {
    await output(["unshare", "-rn", "true"]);
  } catch (error) {
    console.error(`No network namespace to run in: ${(error as Error).message}`);
    return options.smoke && Deno.env.get("CI") !== "true" ? 0 : 1;
  }
  const script = new URL(import.meta.url).pathname;
  const command = bound([
    "unshare",
    "-rn",
    Deno.execPath(),
    "run",
    "-A",
    script,
    INSIDE,
    ...Deno.args,
  ]);
  const child = new Deno.Command(command[0], { args: command.slice(1) }).spawn();
  onSignals((signal) => child.kill(signal));
  return (await child.status).code;
}

/** Loopback for the client's own addresses, room for TIME-WAIT, no memory of earlier connections. */
async function prepareNamespace(): Promise<void> {
  onSignals(async () => {
    await stopAll();
    Deno.exit(130);
  });
  await output(["ip", "link", "set", "lo", "up"]);
  const set = (name: string, value: string) =>
    Deno.writeTextFileSync(`/proc/sys/net/ipv4/${name}`, value);
  set("tcp_no_metrics_save", "1");
  set("tcp_max_tw_buckets", "1000000");
}

function onSignals(handler: (signal: Deno.Signal) => void): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, () => handler(signal));
  }
}

/** Prints and writes what was measured; gives the exit status. */
async function finish(options: Options, series: readonly Series[]): Promise<number> {
  const lines = summarize(series, "kernel");
  console.log(environmentText(options));
  console.log(tableText(lines));
  console.log(legend);
  const file = options.json ?? (options.smoke ? null : resultFile());
  if (file !== null) {
    if (options.json === null) await Deno.mkdir("bench/results", { recursive: true });
    const samples = series.map(({ load, placement, target, samples, failures }) => ({
      load: load.name,
      placement,
      target: target.name,
      samples,
      failures,
    }));
    const { rounds, seconds, warmup, mtu } = options;
    const content = { ...machine(), rounds, seconds, warmup, mtu, lines, samples };
    await Deno.writeTextFile(file, JSON.stringify(content, null, 1) + "\n");
    console.error(`written: ${file}`);
  }
  return verdict(series);
}

function resultFile(): string {
  const time = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
  return `bench/results/system-${time}.json`;
}

/** A load that failed or moved nothing fails the benchmark: its numbers would be missing silently. */
function verdict(series: readonly Series[]): number {
  const bad = series.filter((entry) =>
    entry.failures.length > 0 || entry.samples.some((sample) => !(sample.bytes > 0))
  );
  for (const { load, placement, target, failures } of bad) {
    console.error(
      `failed: ${load.name} (${placement}) on ${target.name}: ${
        failures[0] ?? "it moved no bytes"
      }`,
    );
  }
  return bad.length > 0 ? 1 : 0;
}

try {
  Deno.exit(await main());
} catch (error) {
  console.error((error as Error).message);
  Deno.exit(1);
}
