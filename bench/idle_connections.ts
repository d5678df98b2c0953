/**
 * What idle connections cost: memory for each, the rate at which more are accepted, and what they do to
 * one that is not idle. A peer made of packets opens them; no kernel is in the picture.
 *
 *   deno task bench:idle [--connections=10000,100000,1000000] [--api] [--memory] [--json]
 *
 * Memory is the growth of the JavaScript heap after a collection, and of the process's resident set, which
 * has the shared memory and all tables in it, each divided by the number of connections. With few of them
 * the resident set is mostly what the engine keeps in reserve; a million tell.
 *
 * `--api` counts the objects that an application holds, too: the connections of `open`, `listen` and
 * `accept`. `--memory` leaves the echo out.
 */

import { getHeapStatistics } from "node:v8";
import { parseArgs } from "@std/cli/parse-args";
import { IdleApi } from "./support/idle_api.ts";
import { IdleWorld } from "./support/idle_world.ts";

const ECHO_BYTES = 64;
const ECHO_ROUNDS = 20_000;
/** Echo measurements of each kind: the least counts, because other work only adds. */
const ECHO_REPEATS = 7;
/** Connections over which the rate of accepts is taken, at the start and at the end. */
const RATE_SHARE = 10;

function collect(): void {
  const { gc } = globalThis as unknown as { gc?: () => void };
  if (gc === undefined) {
    throw new Error("Run with --v8-flags=--expose-gc, or as deno task bench:idle");
  }
  gc();
  gc();
}

interface Memory {
  readonly heap: number;
  readonly resident: number;
}

function memory(): Memory {
  collect();
  return { heap: getHeapStatistics().used_heap_size, resident: Deno.memoryUsage().rss };
}

const bytes = new Uint8Array(ECHO_BYTES);

/** Nanoseconds for one message there and back on a connection that `pick` names. */
function echoNs(world: IdleWorld, pick: (round: number) => number): number {
  let least = Infinity;
  for (let repeat = 0; repeat < ECHO_REPEATS; repeat++) {
    const start = performance.now();
    for (let i = 0; i < ECHO_ROUNDS; i++) world.echo(pick(i), bytes);
    least = Math.min(least, performance.now() - start);
  }
  return Math.round(least * 1e6 / ECHO_ROUNDS);
}

/** Opens `count` connections; returns how many a second, and the longest that one took in microseconds. */
function openMany(world: IdleWorld, count: number): { perSecond: number; worstUs: number } {
  let worstMs = 0;
  const start = performance.now();
  let last = start;
  for (let i = 0; i < count; i++) {
    world.open();
    const now = performance.now();
    if (now - last > worstMs) worstMs = now - last;
    last = now;
  }
  return {
    perSecond: Math.round(count * 1000 / (last - start)),
    worstUs: Math.round(worstMs * 1000),
  };
}

/** The same through the public interface: memory and rates only. */
async function measureApi(connections: number): Promise<Record<string, number>> {
  // Kept until the end: if it were let go of in between, the rest would seem to take less.
  const warmUp = await IdleApi.open(3000);
  await warmUp.openMany(2000);
  const before = memory();
  const api = await IdleApi.open(connections);
  const share = Math.floor(connections / RATE_SHARE);
  const rate = async (count: number) => {
    const start = performance.now();
    await api.openMany(count);
    return Math.round(count * 1000 / (performance.now() - start));
  };
  const acceptsPerSecondFirst = await rate(share);
  await rate(connections - 2 * share);
  const acceptsPerSecondLast = await rate(share);
  const after = memory();
  if (warmUp.accepted.length !== 2000) throw new Error(`${warmUp.accepted.length} were accepted`);
  if (api.accepted.length !== connections) throw new Error(`${api.accepted.length} were accepted`);
  return {
    connections,
    heapBytes: Math.round((after.heap - before.heap) / connections),
    residentBytes: Math.round((after.resident - before.resident) / connections),
    acceptsPerSecondFirst,
    acceptsPerSecondLast,
  };
}

function measure(connections: number, withEcho: boolean): Record<string, number> {
  const warmUp = new IdleWorld(20_000);
  openMany(warmUp, 19_000);
  for (let i = 0; i < ECHO_ROUNDS; i++) warmUp.echo(i % 10, bytes);
  const before = memory();
  const world = new IdleWorld(connections + 1);
  const one = world.open();
  const echoNsAlone = withEcho ? echoNs(world, () => one) : 0;
  const share = Math.floor(connections / RATE_SHARE);
  const first = openMany(world, share);
  const middle = openMany(world, connections - 2 * share);
  const last = openMany(world, share);
  const after = memory();
  const crowd = Math.min(connections, ECHO_ROUNDS * 5);
  const echo: Record<string, number> = withEcho
    ? {
      echoNsAlone,
      echoNsCrowd: echoNs(world, () => one),
      echoNsWaking: echoNs(world, (i) => 1 + (i * 7919) % crowd),
    }
    : {};
  const rounds = world.wait(60_000_000);
  if (world.accepted !== connections + 1) throw new Error(`${world.accepted} were accepted`);
  return {
    connections,
    heapBytes: Math.round((after.heap - before.heap) / connections),
    residentBytes: Math.round((after.resident - before.resident) / connections),
    acceptsPerSecondFirst: first.perSecond,
    acceptsPerSecondLast: last.perSecond,
    acceptWorstUs: Math.max(first.worstUs, middle.worstUs, last.worstUs),
    ...echo,
    timerRoundsInOneIdleMinute: rounds,
  };
}

const args = parseArgs(Deno.args, {
  string: ["connections"],
  boolean: ["api", "json", "memory"],
  default: { connections: "10000,100000" },
});
for (const text of String(args.connections).split(",")) {
  const count = Number(text);
  const result = args.api ? await measureApi(count) : measure(count, !args.memory);
  if (args.json) console.log(JSON.stringify(result));
  else console.table(result);
}
// A listener that still accepts holds the process.
Deno.exit(0);
