/**
 * Requests per second of `net.serve` beside `Deno.serve` on the kernel: `deno task bench:serve`. All servers are up at
 * the same time and take turns within a round, each alone on the machine, with wrk as the client of all of them.
 */
import { parseArgs } from "@std/cli/parse-args";
import { output, Server, stopAll } from "./system/process.ts";

const INSIDE = "--inside-namespace";
const USAGE = `deno task bench:serve [--rounds N] [--seconds N] [--connections N] [--shapes LIST]
  Needs wrk. Prints requests per second: the median of the rounds, and the median of the ratios to the
  kernel within a round.`;

/** A request body for wrk: 100 bytes. */
const POST_SCRIPT = `wrk.method = "POST"
wrk.body = string.rep("x", 100)`;

interface Target {
  readonly name: string;
  readonly host: string;
  readonly server: Server;
}

interface Load {
  readonly name: string;
  readonly path: string;
  readonly script?: string;
}

const LOADS: readonly Load[] = [
  { name: "text", path: "/text" },
  { name: "url, header, JSON", path: "/json/a?b=c" },
  { name: "POST, 100 bytes", path: "/echo", script: POST_SCRIPT },
];

interface Plan {
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
}

async function main(): Promise<number> {
  const inside = Deno.args[0] === INSIDE;
  const flags = parseArgs(Deno.args, { string: ["rounds", "seconds", "connections", "shapes"] });
  if (flags.help === true) {
    console.log(USAGE);
    return 0;
  }
  if (!inside) return await startInside();
  const plan = {
    rounds: Number(flags.rounds ?? 5),
    seconds: Number(flags.seconds ?? 3),
    connections: Number(flags.connections ?? 64),
  };
  try {
    await output(["ip", "link", "set", "lo", "up"]);
    const targets = [await startKernel()];
    const shapes = String(flags.shapes ?? "split,fused").split(",");
    for (const [index, shape] of shapes.entries()) targets.push(await startStack(shape, index));
    await measure(targets, plan);
  } finally {
    await stopAll();
  }
  return 0;
}

/** Starts this program again where it is root of nothing but its own network. */
async function startInside(): Promise<number> {
  const script = new URL(import.meta.url).pathname;
  const args = ["-rn", Deno.execPath(), "run", "-A", script, INSIDE, ...Deno.args];
  return (await new Deno.Command("unshare", { args }).spawn().status).code;
}

function command(shape: string, network: string): string[] {
  const script = new URL("./serve/target.ts", import.meta.url).pathname;
  return [Deno.execPath(), "run", "-A", script, shape, network];
}

/** Deno.serve in a namespace of its own, behind a veth pair. */
async function startKernel(): Promise<Target> {
  const server = await Server.start(["unshare", "--net", ...command("kernel", "10.6.0")]);
  const pid = String(server.pid);
  const inside = (line: string) =>
    output(["nsenter", "--net", "--target", pid, "ip", ...line.split(" ")]);
  const ip = (line: string) => output(["ip", ...line.split(" ")]);
  await ip(`link add near0 type veth peer name far0 netns ${pid}`);
  await ip("address add 10.6.0.1/24 dev near0");
  await ip("link set near0 up");
  await inside("address add 10.6.0.2/24 dev far0");
  await inside("link set far0 up");
  return { name: "Deno.serve, kernel", host: "10.6.0.2", server };
}

/** net.serve on a TUN in the namespace of the client. */
async function startStack(shape: string, index: number): Promise<Target> {
  const network = `10.7.${index}`;
  const server = await Server.start(command(shape, network));
  return { name: `net.serve, ${shape}`, host: `${network}.2`, server };
}

async function measure(targets: readonly Target[], plan: Plan): Promise<void> {
  for (const target of targets) target.server.pause();
  const load = Deno.loadavg()[0].toFixed(1);
  console.log(
    `wrk, ${plan.connections} connections, keep-alive, ${plan.rounds} rounds of ${plan.seconds} s; ` +
      `load average before: ${load}`,
  );
  for (const load of LOADS) {
    const rates = new Map<string, number[]>(targets.map(({ name }) => [name, []]));
    // The first round is for the compilers.
    for (let round = -1; round < plan.rounds; round++) {
      for (const { name, host, server } of targets) {
        server.resume();
        const rate = await requestRate(host, load, plan);
        server.pause();
        if (round >= 0) rates.get(name)!.push(rate);
      }
    }
    report(load, targets, rates);
  }
}

async function requestRate(host: string, load: Load, plan: Plan): Promise<number> {
  const args = ["-t1", `-c${plan.connections}`, `-d${plan.seconds}`];
  let script: string | undefined;
  if (load.script !== undefined) {
    script = await Deno.makeTempFile({ suffix: ".lua" });
    await Deno.writeTextFile(script, load.script);
    args.push("-s", script);
  }
  try {
    const url = `http://${host}:8000${load.path}`;
    const text = await output(["wrk", ...args, url], (plan.seconds + 20) * 1000);
    const errors = /Socket errors.*|Non-2xx.*/.exec(text);
    if (errors !== null) throw new Error(`wrk ${url}: ${errors[0]}`);
    return Number(/Requests\/sec:\s*([\d.]+)/.exec(text)![1]);
  } finally {
    if (script !== undefined) await Deno.remove(script);
  }
}

function report(
  load: Load,
  targets: readonly Target[],
  rates: ReadonlyMap<string, readonly number[]>,
): void {
  const kernel = rates.get(targets[0].name)!;
  for (const { name } of targets) {
    const own = rates.get(name)!;
    const ratio = median(own.map((rate, round) => rate / kernel[round]));
    const line = [load.name.padEnd(18), name.padEnd(20), median(own).toFixed(0).padStart(8)];
    console.log([...line, `${ratio.toFixed(2)}x`].join("  "));
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

if (import.meta.main) Deno.exit(await main());
