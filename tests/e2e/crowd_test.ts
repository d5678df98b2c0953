// A thousand connections at once, each echoing, one of them a slow reader; then none, and nothing is left.
import { assert, assertEquals } from "@std/assert";
import type { Stack } from "../../mod.ts";
import { echo } from "../../src/services/echo.ts";
import { serve } from "../../src/services/service.ts";
import { until } from "../support/process.ts";
import { receiveSeeded, seededBytes, sendSeeded } from "../support/payload.ts";
import { testNeeding } from "../support/skip.ts";
import { openStack, STACK } from "../support/stack.ts";

const CROWD = 1000;
/** Handshakes at once: with as many as a kernel's client has, and no more than the backlog takes. */
const AT_ONCE = 100;
const SEED = 5;
/** More than all the buffers of both ends hold. */
const SLOW_BYTES = 16_000_000;
/**
 * What a process may take more after the second crowd than after the first: more than the pools hold, of
 * which the second may touch what the first did not, and noise of the collector.
 */
const RSS_SLACK_BYTES = 64 << 20;

/** Sends a message of its own and reads it back, byte for byte. */
async function echoes(conn: Deno.TcpConn, seed: number): Promise<void> {
  const message = seededBytes(seed, 20 + seed % 2000);
  for (let at = 0; at < message.length;) at += await conn.write(message.subarray(at));
  const answer = new Uint8Array(message.length);
  for (let at = 0; at < answer.length;) {
    const count = await conn.read(answer.subarray(at));
    assert(count !== null, `seed ${seed}: the stream ended at ${at}`);
    at += count;
  }
  assertEquals(answer, message, `seed ${seed}`);
}

/** Connects a thousand times, in groups. */
async function gather(): Promise<Deno.TcpConn[]> {
  const conns: Deno.TcpConn[] = [];
  while (conns.length < CROWD) {
    const group = Array.from({ length: AT_ONCE }, () => Deno.connect({ hostname: STACK, port: 7 }));
    conns.push(...await Promise.all(group));
  }
  return conns;
}

/** One crowd from its coming to its going. */
async function crowd(net: Stack): Promise<void> {
  const slow = await Deno.connect({ hostname: STACK, port: 7 });
  // It reads nothing before the others are done.
  let isSent = false;
  const slowSending = sendSeeded(slow, SEED, SLOW_BYTES).then(() => isSent = true);
  const conns = await gather();
  await until("all are accepted", () => net.connections().length === CROWD + 1);
  for (let round = 0; round < 2; round++) {
    await Promise.all(conns.map((conn, index) => echoes(conn, index + round * CROWD)));
  }
  assertEquals(net.stats().counters.connectionsNow - net.stats().counters.timeWaitNow, CROWD + 1);
  assert(!isSent, "the slow reader was not held back");
  assert(net.stats().memory.sendBytes + net.stats().memory.receiveBytes < 16 << 20);
  await Promise.all([slowSending, receiveSeeded(slow, SEED, SLOW_BYTES)]);
  slow.close();
  for (const conn of conns) conn.close();
  const rest = () => {
    const { counters, memory } = net.stats();
    const live = counters.connectionsNow - counters.timeWaitNow;
    return { ...memory, live, listed: net.connections().length };
  };
  await until("everything is released", () => {
    const { sendBytes, receiveBytes, live, listed } = rest();
    return sendBytes === 0 && receiveBytes === 0 && live === 0 && listed === 0;
  }, rest);
}

for (const [pipeline, offload] of [["split", true], ["fused", false], ["inline", true]] as const) {
  testNeeding({ tun: true }, `e2e: a thousand echoes and a slow reader (${pipeline})`, async () => {
    const tcp = { maxConnections: 4096, sendMemoryBytes: 32 << 20, receiveMemoryBytes: 16 << 20 };
    await using net = await openStack({ device: "wscrowd0", pipeline, offload, tcp });
    const serving = serve(net.listen({ port: 7 }), echo);
    await crowd(net);
    const rss = Deno.memoryUsage().rss;
    await crowd(net);
    const more = Deno.memoryUsage().rss - rss;
    assert(more < RSS_SLACK_BYTES, `the second crowd has cost ${more} bytes`);
    const { counters, drops } = net.stats();
    assertEquals(counters.passiveOpens, 2 * (CROWD + 1), JSON.stringify({ counters, drops }));
    assertEquals([counters.connectionsReset, counters.connectionsTimedOut], [0, 0]);
    await net.close();
    await serving;
  });
}
