// The three shapes of the pipeline, with offload and without, against the kernel: the same bytes, the
// same counts, and nothing left behind.
import { assert, assertEquals } from "@std/assert";
import type { PipelineShape, Stack } from "../../mod.ts";
import { until } from "../support/process.ts";
import { type ByteConn, exchangeSeeded, receiveSeeded, sendSeeded } from "../support/payload.ts";
import { testNeeding } from "../support/skip.ts";
import {
  FAMILY_PLACES,
  newWorkerThreads,
  openDescriptors,
  openStack,
  STACK,
} from "../support/stack.ts";

const SEED = 20;
/** Lengths each way of the connections that run at once: nothing, a byte, odd ones, megabytes. */
const LENGTHS: readonly (readonly [number, number])[] = [
  [0, 0],
  [1, 0],
  [0, 1],
  [65_536, 65_537],
  [300_001, 1_000_003],
  [1_500_000, 200_000],
  [1_048_576, 1_048_576],
];
const TOTAL_THERE = LENGTHS.reduce((sum, [bytes]) => sum + bytes, 0);
const TOTAL_BACK = LENGTHS.reduce((sum, [, bytes]) => sum + bytes, 0);

interface Case {
  readonly name: string;
  readonly pipeline: PipelineShape;
  readonly offload: boolean;
}

const CASES: readonly Case[] = (["split", "fused", "inline"] as const).flatMap((pipeline) =>
  [true, false].map((offload) => ({
    name: `${pipeline}, offload ${offload ? "on" : "off"}`,
    pipeline,
    offload,
  }))
);

/** The exchange of connection `index`, from the end that connected or from the other. */
async function exchange(conn: ByteConn & Disposable, index: number, connected: boolean) {
  const [there, back] = LENGTHS[index];
  const first = { seed: SEED + 2 * index, length: there };
  const second = { seed: SEED + 2 * index + 1, length: back };
  await exchangeSeeded(conn, connected ? first : second, connected ? second : first);
  conn[Symbol.dispose]();
}

/** What `Deno` and a stack have in common. */
interface Network {
  listen(options: { hostname: string; port: number }): {
    accept(): Promise<ByteConn & Disposable>;
    close(): void;
  };
  connect(options: { hostname: string; port: number }): Promise<ByteConn & Disposable>;
}

/** All exchanges at once, `client` connecting to `server` at `hostname`. */
async function exchangeAll(client: Network, server: Network, hostname: string): Promise<void> {
  await Promise.all(LENGTHS.map(async (_, index) => {
    const port = 5001 + index;
    const listener = server.listen({ hostname, port });
    const accepted = listener.accept().then((conn) => exchange(conn, index, false));
    const connected = client.connect({ hostname, port }).then((conn) =>
      exchange(conn, index, true)
    );
    await Promise.all([accepted, connected]);
    listener.close();
  }));
}

/** The counters must tell what was sent, no byte more, and where it was retransmitted. */
async function assertCounted(net: Stack, bytesIn: number, bytesOut: number): Promise<void> {
  // A thread counts a segment when it has sent it, and by then the peer may have it.
  await until("all is counted", () => {
    const { counters } = net.stats();
    return counters.bytesIn >= bytesIn && counters.bytesOut >= bytesOut;
  }, () => net.stats());
  const { counters, drops } = net.stats();
  const told = JSON.stringify({ counters, drops });
  assertEquals(counters.bytesIn, bytesIn, told);
  // A segment that goes beyond what was sent before may hold bytes that are sent again.
  assert(counters.bytesOut >= bytesOut, told);
  assert(counters.bytesOut <= bytesOut + counters.bytesRetransmitted, told);
  assertEquals([counters.connectionsReset, counters.connectionsTimedOut], [0, 0], told);
}

for (const { name, pipeline, offload } of CASES) {
  for (const { name: family, stack, host } of FAMILY_PLACES) {
    const what = `shapes: ${name}, ${family}`;
    testNeeding({ tun: true }, `${what}: the same bytes as a server`, async () => {
      await using net = await openStack({ device: "wsshape0", pipeline, offload });
      await exchangeAll(Deno, net, stack);
      await assertCounted(net, TOTAL_THERE, TOTAL_BACK);
      await assertReleased(net);
    });

    testNeeding({ tun: true }, `${what}: the same bytes as a client`, async () => {
      await using net = await openStack({ device: "wsshape0", pipeline, offload });
      await exchangeAll(net, Deno, host);
      await assertCounted(net, TOTAL_BACK, TOTAL_THERE);
      await assertReleased(net);
    });
  }

  testNeeding({ tun: true }, `shapes: ${name}: half-closed either way`, async () => {
    // Goal: one direction ends, the other goes on for as long as it likes.
    await using net = await openStack({ device: "wsshape0", pipeline, offload });
    const listener = net.listen({ port: 5100 });
    for (const kernelFirst of [true, false]) {
      const accepting = listener.accept();
      using kernel = await Deno.connect({ hostname: STACK, port: 5100 });
      using stack = await accepting;
      const [first, second]: [ByteConn, ByteConn] = kernelFirst ? [kernel, stack] : [stack, kernel];
      await sendSeeded(first, SEED, 10_000);
      await receiveSeeded(second, SEED, 10_000);
      const state = kernelFirst ? "CLOSE-WAIT" : "FIN-WAIT-2";
      await until(`it is in ${state}`, () => stack.info().state === state);
      await Promise.all([
        sendSeeded(second, SEED + 1, 500_000),
        receiveSeeded(first, SEED + 1, 500_000),
      ]);
    }
  });

  testNeeding({ tun: true }, `shapes: ${name}: five stops leave nothing behind`, async () => {
    // Goal: threads and descriptors end with the stack, whatever its connections were doing.
    const workers = newWorkerThreads();
    await openAndStop(pipeline, offload);
    await until("no worker is left", () => workers().length === 0, workers);
    const descriptors = openDescriptors();
    for (let round = 0; round < 5; round++) await openAndStop(pipeline, offload);
    await until("no worker is left", () => workers().length === 0, workers);
    await until("no descriptor is left", () => openDescriptors() <= descriptors, openDescriptors);
  });
}

/** All memory is given back when the connections are through. */
async function assertReleased(net: Stack): Promise<void> {
  const rest = () => {
    const { counters, memory } = net.stats();
    return { ...memory, live: counters.connectionsNow - counters.timeWaitNow };
  };
  await until("all memory is given back", () => {
    const { sendBytes, receiveBytes, live } = rest();
    return sendBytes === 0 && receiveBytes === 0 && live === 0;
  }, rest);
}

async function readToEnd(conn: Deno.TcpConn): Promise<void> {
  using _closed = conn;
  const buffer = new Uint8Array(4096);
  while (await conn.read(buffer) !== null);
}

/** Opens a stack and closes it with connections that idle, that send, and that nobody accepted. */
async function openAndStop(pipeline: PipelineShape, offload: boolean): Promise<void> {
  const net = await openStack({ device: "wsstop0", pipeline, offload });
  const listener = net.listen({ port: 5200 });
  const kernels: Deno.TcpConn[] = [];
  const pending: Promise<PromiseSettledResult<unknown>[]>[] = [];
  for (let i = 0; i < 3; i++) {
    const accepting = listener.accept();
    kernels.push(await Deno.connect({ hostname: STACK, port: 5200 }));
    const conn = await accepting;
    pending.push(
      Promise.allSettled([conn.read(new Uint8Array(10)), conn.write(new Uint8Array(1000))]),
    );
  }
  kernels.push(await Deno.connect({ hostname: STACK, port: 5200 }));
  const peers = Promise.allSettled(kernels.map(readToEnd));
  await net.close();
  // The last was never accepted: its end may be a reset, as with a listener of the kernel.
  const ends = (await peers).slice(0, -1).map(({ status }) => status);
  assertEquals(ends, ["fulfilled", "fulfilled", "fulfilled"]);
  const outcomes = (await Promise.all(pending)).map((pair) => pair.map(({ status }) => status));
  assertEquals(outcomes, kernels.slice(1).map(() => ["rejected", "fulfilled"]));
}

for (const pipeline of ["split", "fused"] as const) {
  for (const { name: family, stack, host } of FAMILY_PLACES) {
    const what = `shapes: ${pipeline} with three queues, ${family}: the same bytes`;
    testNeeding({ tun: true }, what, async () => {
      // Goal: whichever queue a flow comes by, its connection is found, whoever has opened it.
      await using net = await openStack({ device: "wsshape0", pipeline, queues: 3 });
      for (let round = 0; round < 2; round++) {
        await exchangeAll(Deno, net, stack);
        await exchangeAll(net, Deno, host);
      }
      const bytes = 2 * (TOTAL_THERE + TOTAL_BACK);
      await assertCounted(net, bytes, bytes);
      await assertReleased(net);
    });
  }
}

for (const { name, stack } of FAMILY_PLACES) {
  testNeeding({ tun: true }, `shapes: super-segments in and out over ${name}`, async () => {
    // Goal: with offload a frame carries many segments in both directions: that of this family is in use.
    const length = 4_000_000;
    await using net = await openStack({ device: "wsshape0", pipeline: "fused" });
    const listener = net.listen({ hostname: stack, port: 5300 });
    const accepting = listener.accept();
    using kernel = await Deno.connect({ hostname: stack, port: 5300 });
    using conn = await accepting;
    const [there, back] = [{ seed: SEED, length }, { seed: SEED + 1, length }];
    await Promise.all([exchangeSeeded(conn, there, back), exchangeSeeded(kernel, back, there)]);
    await assertCounted(net, length, length);
    const { framesIn, framesOut, bytesIn, bytesOut } = net.stats().counters;
    const perFrame = [bytesIn / framesIn, bytesOut / framesOut];
    assert(perFrame.every((bytes) => bytes > 2 * 1500), `${perFrame} bytes for each frame`);
  });
}
