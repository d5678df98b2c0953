/**
 * The client of the whole-system benchmark: runs one load against one server and prints a {@link Sample}
 * as JSON. It runs in the namespace that the runner made; see run.ts.
 */
import { parseArgs } from "@std/cli/parse-args";
import { type Bounds, bulkIn, bulkOut, type Moved } from "./client_bulk.ts";
import { connectRate } from "./client_connect.ts";
import { type Echoed, echoMany, pingPong } from "./client_echo.ts";
import { ownCpuSeconds } from "./libc.ts";
import type { LoadKind, Sample } from "./loads.ts";
import { cpuSeconds, interfaceFrames } from "./proc.ts";

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
  }
}

function measure(
  kind: LoadKind,
  bounds: Bounds,
  sources: readonly string[],
  server: number,
  device: string,
): Sample {
  const frames = interfaceFrames(device);
  const serverCpu = cpuSeconds(server);
  const clientCpu = ownCpuSeconds();
  const moved = run(kind, bounds, sources);
  const clientCpuAfter = ownCpuSeconds();
  const serverCpuAfter = cpuSeconds(server);
  const framesAfter = interfaceFrames(device);
  return {
    messages: 0,
    p50Us: 0,
    p99Us: 0,
    ...moved,
    serverCpuSeconds: serverCpuAfter - serverCpu,
    clientCpuSeconds: clientCpuAfter - clientCpu,
    framesIn: framesAfter.sent - frames.sent,
    framesOut: framesAfter.received - frames.received,
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
  const sample = measure(
    kind,
    bounds,
    sources.slice(half),
    Number(flags.server),
    String(flags.device),
  );
  console.log(JSON.stringify(sample));
}

try {
  main();
} catch (error) {
  console.error((error as Error).message);
  Deno.exit(1);
}
