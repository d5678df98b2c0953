/**
 * Goodput over a lossy path, woshou's against the kernel's: `deno task bench:lossy [--seconds N] [--rounds N]`.
 *
 * Both send with CUBIC through the same network (src/device/network.ts) of 100 Mbit/s and 50 ms. The
 * kernel's two ends are two namespaces, joined in real time by two TUN interfaces and this process:
 *
 *   namespace a                    this process                     namespace b
 *   sender, kernel ── TUN lossya ── network with the impairment ── TUN lossyb ── kernel, receiver
 *
 * woshou's two stacks are joined by the same network in virtual time. Nothing leaves the namespaces.
 *
 * The first third of the time does not count: in real time the kernel's HyStart takes the jitter of a busy
 * machine for a queue and leaves slow start early, which is not what is to be compared.
 */

import { parseArgs } from "@std/cli/parse-args";
import { parseCidr } from "../src/base/address.ts";
import { systemClock } from "../src/base/clock.ts";
import { SeededRandom } from "../src/base/random.ts";
import type { Impairment } from "../src/device/impairment.ts";
import { Network } from "../src/device/network.ts";
import { TunDevice } from "../src/device/tun.ts";
import { runFlows } from "../tests/sim/lab/flows.ts";
import { inOwnNamespace } from "../tools/namespace.ts";
import { closeSocket, connectSocket, send } from "./system/libc.ts";
import { output, Server, stopAll } from "./system/process.ts";
import { median } from "./system/table.ts";

const RATE = 100e6;
const PATH: Impairment = { rateBitsPerSecond: RATE, delayUs: 25_000, queueFrames: 1000 };
const REORDERING: Impairment = { reorder: 0.05, reorderDelayUs: 5_000 };

/** What the path does, besides taking its time. */
const CONDITIONS: readonly (readonly [string, Impairment])[] = [
  ["nothing lost", {}],
  ["0.1 % lost", { loss: 0.001 }],
  ["1 % lost", { loss: 0.01 }],
  ["3 % lost", { loss: 0.03 }],
  ["5 % reordered by 5 ms", REORDERING],
  ["0.1 % lost, 5 % reordered", { loss: 0.001, ...REORDERING }],
  ["1 % lost, 5 % reordered", { loss: 0.01, ...REORDERING }],
];

const [NEAR, FAR] = ["10.81.0.1", "10.82.0.1"];
const PORT = 5001;
const CHUNK_BYTES = 65_536;
/** What of a run does not count, from its start on. */
const SETTLING_SHARE = 1 / 3;
/** How long the forwarding may keep this process from everything else, microseconds. */
const HOLD_US = 20_000;

/** Sends for so long with CUBIC, then tells how. */
function source(seconds: number): void {
  const fd = connectSocket(FAR, PORT);
  const chunk = new Uint8Array(CHUNK_BYTES);
  const deadline = performance.now() + seconds * 1000;
  while (performance.now() < deadline) send(fd, chunk, CHUNK_BYTES, 0);
  closeSocket(fd);
}

/** Takes one connection after another and prints the goodput of each, of the time that counts. */
async function sink(seconds: number): Promise<void> {
  const listener = Deno.listen({ hostname: FAR, port: PORT });
  console.log(`listening on ${FAR}`);
  for await (const conn of listener) {
    const start = performance.now();
    const chunk = new Uint8Array(CHUNK_BYTES);
    const countFrom = start + seconds * 1000 * SETTLING_SHARE;
    let bytes = 0;
    while (performance.now() - start < seconds * 1000) {
      const count = await conn.read(chunk);
      if (count === null) break;
      if (performance.now() >= countFrom) bytes += count;
    }
    console.log(`goodput ${(bytes * 8000) / (performance.now() - countFrom)}`);
    conn.close();
  }
}

/** The kernel's goodput through the impairment, bits per second. */
async function kernelGoodput(
  ends: readonly [TunDevice, TunDevice],
  server: Server,
  impairment: Impairment,
  seed: number,
  seconds: number,
): Promise<number> {
  const clock = systemClock;
  const network = new Network({ clock, random: new SeededRandom(seed) });
  const [a, b] = [network.attach(NEAR, ends[0]), network.attach(FAR, ends[1])];
  const [left, right] = [network.router(), network.router()];
  network.link(a, left, {});
  network.link(left, right, { ...PATH, ...impairment }, PATH);
  network.link(right, b, {});
  let running = true;
  const said = server.said.split("\n").length;
  const command = ["run", "-A", import.meta.filename!, "--role", "source"];
  const sending = output([Deno.execPath(), ...command, "--seconds", String(seconds)], 60_000)
    .finally(() => running = false);
  while (running) {
    const untilUs = clock.now() + HOLD_US;
    for (let nextUs = network.run(); clock.now() < untilUs; nextUs = network.run()) {
      // Whole milliseconds only: what is due sooner is waited for without sleeping.
      const ms = Math.floor((Math.min(nextUs, untilUs) - clock.now()) / 1000);
      ends[0].wait(ends[1].handle.fd, Math.max(0, ms));
    }
    await new Promise((resolve) => void setImmediate(resolve));
  }
  await sending;
  // The devices are used again: only the network lets go of them.
  for (const device of ends) device.onArrival = null;
  while (server.said.split("\n").length === said) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return Number(server.said.split("\n").at(-1)!.split(" ")[1]);
}

/** woshou's, in virtual time. */
async function ownGoodput(impairment: Impairment, seed: number, seconds: number): Promise<number> {
  const { flows } = await runFlows({
    seed,
    flows: [{ control: "cubic" }],
    bottleneck: { ...PATH, ...impairment },
    back: PATH,
    fromUs: seconds * 1e6 * SETTLING_SHARE,
    untilUs: seconds * 1e6,
  });
  return flows[0].goodput;
}

/** A TUN interface in this namespace, or moved into the one of a process. */
async function openEnd(name: string, address: string, peer: string, pid?: number) {
  const device = TunDevice.open({ name, offload: false });
  if (pid === undefined) {
    device.configure({ hostAddress: [parseCidr(`${address}/24`, "address")] });
    await output(["ip", "route", "add", `${peer}/32`, "dev", name]);
    return device;
  }
  await output(["ip", "link", "set", name, "netns", String(pid)]);
  const there = (...args: string[]) =>
    output(["nsenter", "--net", "--target", String(pid), "ip", ...args]);
  await there("address", "add", `${address}/24`, "dev", name);
  await there("link", "set", name, "up");
  await there("route", "add", `${peer}/32`, "dev", name);
  return device;
}

async function measure(seconds: number, rounds: number): Promise<void> {
  // What was learned on an earlier connection must not help the next one.
  Deno.writeTextFileSync("/proc/sys/net/ipv4/tcp_no_metrics_save", "1");
  const holder = new Deno.Command("unshare", {
    args: ["--net", "sh", "-c", "echo ready; exec cat"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  await holder.stdout.getReader().read();
  const ends = [
    await openEnd("lossya", NEAR, FAR),
    await openEnd("lossyb", FAR, NEAR, holder.pid),
  ] as const;
  const server = await Server.start([
    "nsenter",
    "--net",
    "--target",
    String(holder.pid),
    Deno.execPath(),
    "run",
    "-A",
    import.meta.filename!,
    "--role",
    "sink",
    "--seconds",
    String(seconds),
  ]);
  console.log(`Mbit/s of payload, ${seconds} s, median of ${rounds}; 100 Mbit/s, 50 ms, CUBIC\n`);
  console.log(
    `${"".padEnd(28)}${"kernel".padStart(8)}${"woshou".padStart(8)}${"ratio".padStart(8)}`,
  );
  for (const [name, impairment] of CONDITIONS) {
    const kernel: number[] = [];
    const own: number[] = [];
    for (let round = 1; round <= rounds; round++) {
      kernel.push(await kernelGoodput(ends, server, impairment, round, seconds) / 1e6);
      own.push(await ownGoodput(impairment, round, seconds) / 1e6);
    }
    const [theirs, ours] = [median(kernel), median(own)];
    const cells = [theirs.toFixed(1), ours.toFixed(1), `${(ours / theirs).toFixed(2)}x`];
    console.log(name.padEnd(28) + cells.map((cell) => cell.padStart(8)).join(""));
  }
  await stopAll();
  for (const end of ends) end.close();
  await holder.stdin.close();
  await holder.status;
}

async function main(): Promise<void> {
  const options = parseArgs(Deno.args, { string: ["role", "seconds", "rounds"] });
  const seconds = Number(options.seconds ?? 15);
  const rounds = Number(options.rounds ?? 3);
  if (options.role === "source") return source(seconds);
  if (options.role === "sink") return await sink(seconds);
  if (options.role === "inside") return await measure(seconds, rounds);
  const args = ["run", "-A", import.meta.filename!, "--role", "inside", ...Deno.args];
  const { code } = await inOwnNamespace(Deno.execPath(), args).spawn().status;
  Deno.exit(code);
}

if (import.meta.main) await main();
