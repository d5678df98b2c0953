import { assert, assertEquals } from "@std/assert";
import { ManualClock, memoryPair, open } from "../../mod.ts";
import { drainMicrotasks } from "../support/virtual_time.ts";
import { connected, failure, openAlone, openTwo, parity, readAll, untilEmpty } from "./worlds.ts";

parity("whoever connects after listen has returned finds the listener", async (world) => {
  // Goal: listen takes effect at once, as in a kernel, also when the client's side has work waiting that
  // sends the SYN before anything else of this turn is done.
  const first = await connected(world);
  first.client.close();
  first.server.close();
  using listener = world.listen({ port: 0 });
  const connecting = world.connect({ port: listener.addr.port });
  const server = await listener.accept();
  (await connecting).close();
  server.close();
});

parity("whoever connects after a listener was closed is refused", async (world) => {
  // Goal: the same for the end of listening.
  const first = await connected(world);
  const listener = world.listen({ port: 0 });
  first.client.close();
  first.server.close();
  listener.close();
  const { name, code } = await failure(() => world.connect({ port: listener.addr.port }));
  assertEquals([name, code], ["ConnectionRefused", "ECONNREFUSED"]);
});

Deno.test("commands beyond the command ring's size are obeyed, all and in order", async () => {
  // Goal: an application that asks for more in one turn than the ring holds loses nothing. Each write is
  // followed by two options, far more than the ring has records.
  const COMMANDS = 50_000;
  await using net = await openAlone();
  using listener = net.listen({ port: 0 });
  const [client, server] = await Promise.all([
    net.connect({ port: listener.addr.port }),
    listener.accept(),
  ]);
  for (let i = 0; i < COMMANDS; i++) client.setNoDelay(i % 2 === 0);
  client.setCongestionControl("newreno");
  await client.write(Uint8Array.of(1, 2, 3));
  await client.closeWrite();
  assertEquals(await readAll(server), Uint8Array.of(1, 2, 3));
  assertEquals(client.info().congestion, "newreno");
  client.close();
  server.close();
  await untilEmpty(net);
});

Deno.test("two hundred connects in one turn are all answered", async () => {
  // Goal: every request gets its own answer, however many are under way.
  const [client, server] = await openTwo({ maxConnections: 256 });
  await using stacks = new AsyncDisposableStack();
  stacks.use(client);
  stacks.use(server);
  const listener = server.listen({ port: 7 });
  const accepted: Deno.TcpConn[] = [];
  const accepting = (async () => {
    for await (const conn of listener) accepted.push(conn);
  })();
  const asked = Array.from({ length: 200 }, (_, i) => i % 2 === 0 ? 7 : 9);
  const answers = await Promise.allSettled(
    asked.map((port) => client.connect({ hostname: "10.7.0.2", port })),
  );
  for (const [i, answer] of answers.entries()) {
    if (asked[i] === 7) {
      assert(answer.status === "fulfilled", String(Deno.inspect(answer)));
      assertEquals(answer.value.remoteAddr.port, 7);
      answer.value.close();
    } else {
      assert(answer.status === "rejected");
      assert(answer.reason instanceof Deno.errors.ConnectionRefused);
    }
  }
  listener.close();
  await accepting;
  for (const conn of accepted) conn.close();
  await untilEmpty(client);
  await untilEmpty(server);
});

Deno.test("nothing happens within a call of the API", async () => {
  // Goal: the protocol runs in turns of its own, so that what a call's caller does next comes first.
  const clock = new ManualClock();
  const net = await open({ device: memoryPair()[0], clock });
  const listener = net.listen({ port: 7 });
  const before = net.stats().counters.segmentsOut;
  const connecting = net.connect({ port: 7 });
  assertEquals(net.stats().counters.segmentsOut, before);
  await drainMicrotasks();
  assertEquals(net.stats().counters.passiveOpens, 1);
  (await connecting).close();
  listener.close();
  await drainMicrotasks();
  await net.close();
});
