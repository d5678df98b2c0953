/**
 * The client of the whole-system benchmark: runs one load against one server and prints a {@link Sample}
 * as JSON. It runs in the namespace that the runner made; see run.ts.
 */
import { parseArgs } from "@std/cli/parse-args";
import { type Bounds, bulkIn, bulkOut, type Moved } from "./client_bulk.ts";
import { connectRate } from "./client_connect.ts";
import { type Echoed, echoMany, pingPong } from "./client_echo.ts";
import { datagramEcho, datagramsIn } from "./client_udp.ts";
import type { LoadKind, Sample } from "./loads.ts";
import { type Cpu, interfaceFrames, machineUserSeconds, processCpu } from "./proc.ts";

/** How many source addresses a connection load uses, the first half of them to warm up. */
const SOURCES_MAX = 8;

function run(kind: LoadKind, bounds: Bounds, sources: readonly string[]): Moved | Echoed {
  switch (kind) {
    case "bulk-in":
      return bulkIn(bounds);
    case "bulk-out":
      return bulkOut(bounds);
    case "ping-pong":
      return pingPong(bounds);
    case "echo-many":
      return echoMany(bounds);
    case "connect":
      return connectRate(bounds, sources);
    case "udp-in":
      return datagramsIn(bounds);
    case "udp-echo":
      return datagramEcho(bounds);
  }
}

/** What the counters of the kernel say at one moment. */
interface Snapshot {
  readonly server: Cpu;
  readonly client: Cpu;
  readonly machineUser: number;
  readonly framesIn: number;
  readonly framesOut: number;
}

function snapshot(server: number, device: string): Snapshot {
  const frames = interfaceFrames(device);
  return {
    server: processCpu(server),
    client: processCpu(Deno.pid),
    machineUser: machineUserSeconds(),
    framesIn: frames.sent,
    framesOut: frames.received,
  };
}

function sampleOf(moved: Moved | Echoed, before: Snapshot, after: Snapshot): Sample {
  const serverUser = after.server.user - before.server.user;
  const clientUser = after.client.user - before.client.user;
  const otherUser = after.machineUser - before.machineUser - serverUser - clientUser;
  return {
    messages: 0,
    p50Us: 0,
    p99Us: 0,
    ...moved,
    serverCpuSeconds: serverUser + after.server.system - before.server.system,
    clientCpuSeconds: clientUser + after.client.system - before.client.system,
    othersShare: Math.max(0, otherUser) / moved.seconds,
    framesIn: after.framesIn - before.framesIn,
    framesOut: after.framesOut - before.framesOut,
  };
}

function main(): void {
  const flags = parseArgs(Deno.args, {
    string: ["kind", "host", "device", "sources"],
    default: { bytes: 100e9, seconds: 1, warmup: 0.2, connections: 1 },
  });
  const kind = flags.kind as LoadKind;
  const sources = String(flags.sources ?? "").split(",").slice(0, SOURCES_MAX);
  const half = sources.length / 2;
  const bounds: Bounds = {
    host: String(flags.host),
    connections: Number(flags.connections),
    secondsMax: Number(flags.seconds),
    bytesMax: Number(flags.bytes),
  };
  // The first moments run cold on both sides: unoptimized code, slow start, unknown neighbours.
  run(kind, { ...bounds, secondsMax: Number(flags.warmup) }, sources.slice(0, half));
  const [server, device] = [Number(flags.server), String(flags.device)];
  const before = snapshot(server, device);
  const moved = run(kind, bounds, sources.slice(half));
  const sample = sampleOf(moved, before, snapshot(server, device));
  console.log(JSON.stringify(sample));
}

try {
  main();
} catch (error) {
  console.error((error as Error).message);
  Deno.exit(1);
}
