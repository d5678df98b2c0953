// What a program may do in bulk: many calls in one turn, much data to itself, much data before a close.
import { assertEquals } from "@std/assert";
import { testNeeding } from "../support/skip.ts";
import { openOnTun } from "./tun_stacks.ts";
import { openAlone, openTwo, readAll, turn, writeAll } from "./worlds.ts";

const CONNECTS = 20_000;

/** How often each outcome came about. */
async function outcomes(calls: Promise<unknown>[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const result of await Promise.allSettled(calls)) {
    const name = result.status === "fulfilled" ? "connected" : result.reason.name;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

Deno.test("load: 20,000 connects in one turn are each answered (inline)", async () => {
  // Goal: more answers than the event ring holds make commands wait, not the stack fail.
  const [a, b] = await openTwo({ maxConnections: 4 });
  const connect = () => a.connect({ hostname: "10.7.0.2", port: 9 });
  const counts = await outcomes(Array.from({ length: CONNECTS }, connect));
  await Promise.all([a.close(), b.close()]);
  assertEquals(Object.keys(counts).sort(), ["Busy", "ConnectionRefused"]);
});

for (const shape of ["split", "fused"] as const) {
  testNeeding({ tun: true }, `load: 20,000 connects in one turn (${shape})`, async () => {
    await using opened = await openOnTun(shape, { tcp: { maxConnections: 4 } });
    const connect = () => opened.net.connect({ port: 9 });
    const counts = await outcomes(Array.from({ length: CONNECTS }, connect));
    assertEquals(Object.keys(counts).sort(), ["Busy", "ConnectionRefused"]);
  });
}

Deno.test("load: what a stack sends to itself is not lost on the way", async () => {
  // Goal: the loopback queue holds back the sender instead of dropping its packets.
  await using net = await openAlone();
  using listener = net.listen({ port: 7 });
  const [near, far] = await Promise.all([net.connect({ port: 7 }), listener.accept()]);
  const data = Uint8Array.from({ length: 2_000_000 }, (_, i) => i * 7);
  const sending = writeAll(near, data).then(() => near.closeWrite());
  assertEquals((await readAll(far)).length, data.length);
  await sending;
  assertEquals(near.info().segmentsRetransmitted, 0);
  assertEquals(net.stats().drops, {});
  near.close();
  far.close();
});

Deno.test("load: the memory of what was written comes back when it is acknowledged, closed or not", async () => {
  // Goal: not only when the peer closes as well, which may take as long as it likes.
  const [a, b] = await openTwo();
  const listener = b.listen({ port: 7 });
  const [near, far] = await Promise.all([
    a.connect({ hostname: "10.7.0.2", port: 7 }),
    listener.accept(),
  ]);
  await near.write(new Uint8Array(50_000));
  near.close();
  assertEquals((await readAll(far)).length, 50_000);
  for (let i = 0; i < 100 && a.stats().memory.sendBytes > 0; i++) await turn();
  assertEquals(a.stats().memory.sendBytes, 0);
  far.close();
  await Promise.all([a.close(), b.close()]);
});
