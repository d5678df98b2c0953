import { assert, assertEquals } from "@std/assert";
import { ManualClock, memoryPair, open, type Stack, type TcpConn } from "../../mod.ts";
import { testNeeding } from "../support/skip.ts";
import { runVirtual } from "../support/virtual_time.ts";
import { interfaceExists, openOnTun, SHAPES, TUN } from "./tun_stacks.ts";
import { Cable } from "./virtual_pair.ts";
import { type Failure, failure, isPending, openAlone, openTwo, turn } from "./worlds.ts";

const INTERRUPTED = { name: "Interrupted", code: "EINTR", message: "operation canceled" };
const LISTENER_CLOSED = {
  name: "BadResource",
  code: undefined,
  message: "Listener has been closed",
};

/** Calls of every kind that wait, and what they fail with. */
interface Waiting {
  readonly read: Promise<Failure>;
  readonly accept: Promise<Failure>;
  readonly connect: Promise<Failure>;
  /** Resolves when the loop ends. */
  readonly loop: Promise<void>;
}

/** Makes every kind of call wait: `conn` is an established connection, nobody answers at `nobody`. */
async function waitEverywhere(net: Stack, conn: TcpConn, nobody: string): Promise<Waiting> {
  const looped = net.listen({ port: 100 });
  const waiting = {
    read: failure(() => conn.read(new Uint8Array(1))),
    accept: failure(() => net.listen({ port: 101 }).accept()),
    connect: failure(() => net.connect({ hostname: nobody, port: 80 })),
    loop: (async () => {
      for await (const other of looped) other.close();
    })(),
  };
  await turn();
  return waiting;
}

async function assertInterrupted(waiting: Waiting): Promise<void> {
  assertEquals(await waiting.read, INTERRUPTED);
  assertEquals(await waiting.accept, LISTENER_CLOSED);
  assertEquals(await waiting.connect, INTERRUPTED);
  await waiting.loop;
}

/** Every call on a stack that was closed, and on what belonged to it. */
async function assertUnusable(net: Stack, conn: TcpConn): Promise<void> {
  const closed = { name: "BadResource", code: undefined, message: "The stack has been closed" };
  assertEquals(await failure(() => net.listen({ port: 102 })), closed);
  assertEquals(await failure(() => net.connect({ port: 102 })), closed);
  for (const call of [() => conn.read(new Uint8Array(1)), () => conn.close(), () => conn.info()]) {
    assertEquals((await failure(call)).message, "Bad resource ID");
  }
  conn[Symbol.dispose]();
  assertEquals(net.connections(), []);
  assert(net.stats().counters.segmentsOut > 0);
}

Deno.test("close ends every call that waits, and everything after it is refused", async () => {
  // Goal: API.md: pending calls reject, the second close is the first, `closed` resolves.
  const [net, other] = await openTwo();
  const listener = other.listen({ port: 7 });
  const [conn, far] = await Promise.all([
    net.connect({ hostname: "10.7.0.2", port: 7 }),
    listener.accept(),
  ]);
  const waiting = await waitEverywhere(net, conn, "10.7.0.9");
  assert(await isPending(net.closed));
  const closing = net.close();
  assert(net.close() === closing);
  await assertInterrupted(waiting);
  await closing;
  await net.closed;
  assert(net.close() === closing);
  await net[Symbol.asyncDispose]();
  await assertUnusable(net, conn);
  // The peer was told.
  assertEquals(await far.read(new Uint8Array(1)), null);
  await other.close();
});

Deno.test("close delivers what was written before", async () => {
  // Goal: an orderly end: data, FIN, and the peer's answer, before the device is gone.
  const [net, other] = await openTwo();
  const listener = other.listen({ port: 7 });
  const [conn, far] = await Promise.all([
    net.connect({ hostname: "10.7.0.2", port: 7 }),
    listener.accept(),
  ]);
  const reading = (async () => {
    let total = 0;
    const buffer = new Uint8Array(10_000);
    for (let n = await far.read(buffer); n !== null; n = await far.read(buffer)) total += n;
    far.close();
    return total;
  })();
  const written = await conn.write(new Uint8Array(60_000));
  await net.close();
  assertEquals(await reading, written);
  await other.close();
});

Deno.test("close does not wait longer than half a second for a peer that is silent", async () => {
  // Goal: bounded by the stack's own clock, whatever the peers do.
  const clock = new ManualClock();
  const [a, b] = memoryPair();
  const net = await open({ device: a, address: "10.7.0.1/24", clock });
  const other = await open({ device: b, address: "10.7.0.2/24", clock });
  const listener = other.listen({ port: 7 });
  const connecting = Promise.all([
    net.connect({ hostname: "10.7.0.2", port: 7 }),
    listener.accept(),
  ]);
  await runVirtual(clock, connecting, { untilUs: 1e6 });
  const startUs = clock.now();
  // The peer's application never closes its side.
  await runVirtual(clock, net.close(), { untilUs: 10e6 });
  assert(clock.now() - startUs <= 500_000, `${clock.now() - startUs} us`);
  await runVirtual(clock, other.close(), { untilUs: 20e6 });
});

Deno.test("close of a stack that does nothing is immediate, and closes its device", async () => {
  // Goal: no patience where nobody is waited for; the device hears of it once.
  let closes = 0;
  const device = new class extends Cable {
    override close(): void {
      closes++;
      super.close();
    }
  }(memoryPair()[0]);
  const clock = new ManualClock();
  const net = await open({ device, clock });
  await runVirtual(clock, net.close(), { untilUs: 0 });
  await net.close();
  assertEquals(closes, 1);
  assertEquals(device.onArrival, null);
});

Deno.test("await using closes a stack", async () => {
  // Goal: the disposal protocol.
  let closed: Promise<void>;
  {
    await using net = await openAlone();
    closed = net.closed;
  }
  await closed;
});

for (const shape of SHAPES) {
  testNeeding(TUN, `${shape}: close ends every call that waits, within a second`, async () => {
    // Goal: the same on a real interface and with threads; the kernel's side is told with a FIN.
    const { net, address, host, device } = await openOnTun(shape);
    using listener = net.listen({ port: 7 });
    const [client, conn] = await Promise.all([
      Deno.connect({ hostname: address, port: 7 }),
      listener.accept(),
    ]);
    const waiting = await waitEverywhere(net, conn, host.replace(/1$/, "9"));
    const startMs = performance.now();
    const closing = net.close();
    await assertInterrupted(waiting);
    await closing;
    const tookMs = performance.now() - startMs;
    await net.closed;
    assert(tookMs < 1000, `${tookMs} ms`);
    await assertUnusable(net, conn);
    assert(!interfaceExists(device));
    client.close();
  });
}
