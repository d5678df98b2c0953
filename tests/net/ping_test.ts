// `ping` between two stacks, to itself, and with what can go wrong.
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  ManualClock,
  memoryPair,
  open,
  type OpenOptions,
  SeededRandom,
  type Stack,
} from "../../mod.ts";
import { turn } from "./worlds.ts";

const OWN = ["10.7.0.2/24", "fd07::2/64"];
const PEER = ["10.7.0.1/24", "fd07::1/64"];

async function twoStacks(
  options: OpenOptions = {},
): Promise<AsyncDisposable & { net: Stack; peer: Stack }> {
  const [a, b] = memoryPair();
  const net = await open({ device: a, address: OWN, ...options });
  const peer = await open({ device: b, address: PEER });
  return {
    net,
    peer,
    async [Symbol.asyncDispose]() {
      await net.close();
      await peer.close();
    },
  };
}

Deno.test("ping: another stack, the stack itself and loopback answer, whatever the size", async () => {
  await using stacks = await twoStacks();
  const { net, peer } = stacks;
  for (
    const address of ["10.7.0.1", "fd07::1", "10.7.0.2", "fd07::2", "127.0.0.1", "127.9.9.9", "::1"]
  ) {
    const most = address.includes(":") ? 65_527 : 65_507;
    for (const size of [0, 1, 1472, 1473, 10_000, most]) {
      const reply = await net.ping(address, { size });
      assertEquals([reply.address, reply.size, reply.hopLimit], [address, size, 64]);
      assert(reply.rtt >= 0);
    }
  }
  assertEquals((await net.ping("localhost")).address, "127.0.0.1");
  assertEquals((await net.ping("0.0.0.0")).address, "127.0.0.1");
  assertEquals(net.stats().drops, {});
  const { counters } = peer.stats();
  assertEquals([counters.icmpEchoReplies, counters.fragmentMemoryNow], [12, 0]);
});

Deno.test("ping: no answer in time, and nothing is left behind", async () => {
  const clock = new ManualClock();
  const [near, far] = memoryPair();
  await using net = await open({ device: near, address: OWN, clock, random: new SeededRandom(1) });
  const pending = net.ping("10.7.0.1", { timeout: 1500 });
  const failed = assertRejects(() => pending, Deno.errors.TimedOut, "1500 ms");
  await turn();
  clock.advance(1_499_000);
  await turn();
  clock.advance(2000);
  await failed;
  assertEquals(net.stats().counters.pingsOut, 1);
  far.close();
});

Deno.test("ping: a signal ends it with its reason", async () => {
  const [near, far] = memoryPair();
  await using net = await open({ device: near, address: OWN });
  const reason = new Error("enough");
  await assertRejects(
    () => net.ping("10.7.0.1", { signal: AbortSignal.abort(reason) }),
    Error,
    "enough",
  );
  const controller = new AbortController();
  const pending = net.ping("10.7.0.1", { signal: controller.signal });
  const failed = assertRejects(() => pending, Error, "enough");
  await turn();
  controller.abort(reason);
  await failed;
  far.close();
});

Deno.test("ping: what cannot be asked for is refused by name", async () => {
  await using stacks = await twoStacks({ ip: { maxPings: 2 } });
  const { net } = stacks;
  await assertRejects(() => net.ping("10.7.0.1", { size: 65_508 }), RangeError, "size");
  await assertRejects(() => net.ping("fd07::1", { size: 65_528 }), RangeError, "65527");
  await assertRejects(() => net.ping("10.7.0.1", { size: -1 }), RangeError, "size");
  await assertRejects(() => net.ping("10.7.0.1", { timeout: 0 }), RangeError, "timeout");
  await assertRejects(() => net.ping("10.7.0.1", { hopLimit: 256 }), RangeError, "hopLimit");
  const wrong = { size: "1" } as unknown as { size: number };
  await assertRejects(() => net.ping("10.7.0.1", wrong), TypeError, "size");
  await assertRejects(() => net.ping("224.0.0.1"), Deno.errors.NetworkUnreachable, "multicast");
  await assertRejects(() => net.ping("10.7.0.255"), Deno.errors.NetworkUnreachable, "broadcast");
  await assertRejects(() => net.ping("nobody.example"));
  // Nobody is at 10.7.0.9, so two wait and the third finds no room.
  const waiting = [1, 2].map(() => net.ping("10.7.0.9", { timeout: 50 }).catch((error) => error));
  await assertRejects(() => net.ping("10.7.0.9"), Deno.errors.Busy, "maxPings");
  for (const error of await Promise.all(waiting)) assert(error instanceof Deno.errors.TimedOut);
});

Deno.test("ping: closing the stack ends what waits", async () => {
  const [near, far] = memoryPair();
  const net = await open({ device: near, address: OWN });
  const failed = assertRejects(() => net.ping("10.7.0.1"), Deno.errors.Interrupted);
  await turn();
  await net.close();
  await failed;
  await assertRejects(() => net.ping("10.7.0.1"), Deno.errors.BadResource);
  far.close();
});
