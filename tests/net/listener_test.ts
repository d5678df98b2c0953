import { assert, assertEquals } from "@std/assert";
import { ManualClock, memoryPair, open } from "../../mod.ts";
import { passTime, runVirtual } from "../support/virtual_time.ts";
import {
  type AnyListener,
  failed,
  failure,
  isPending,
  openAlone,
  parity,
  readAll,
  turn,
} from "./worlds.ts";

const CLOSED = { name: "BadResource", code: undefined, message: "Listener has been closed" };

parity("a listener tells its address, and port 0 becomes a real one", async (world) => {
  // Goal: what addr says is what a client connects to.
  using listener = world.listen({ port: 0 });
  const { transport, hostname, port } = listener.addr;
  assertEquals([transport, hostname], ["tcp", world.address]);
  assert(port > 0 && port <= 65_535);
  const [client, server] = await Promise.all([world.connect({ port }), listener.accept()]);
  assertEquals(server.localAddr.port, port);
  client.close();
  server.close();
});

parity("accept gives connections in the order in which they were made", async (world) => {
  // Goal: also those that were there before anybody asked.
  using listener = world.listen({ port: 0 });
  const clients: Deno.TcpConn[] = [];
  for (let i = 0; i < 5; i++) clients.push(await world.connect({ port: listener.addr.port }));
  for (const client of clients) {
    const server = await listener.accept();
    assertEquals(server.remoteAddr.port, client.localAddr.port);
    server.close();
    client.close();
  }
});

parity("what a client sent before it was accepted is there to be read", async (world) => {
  // Goal: a connection is established before accept, and may even have ended.
  using listener = world.listen({ port: 0 });
  const client = await world.connect({ port: listener.addr.port });
  await client.write(new TextEncoder().encode("early"));
  client.close();
  await turn();
  const server = await listener.accept();
  assertEquals(new TextDecoder().decode(await readAll(server)), "early");
  server.close();
});

parity("a pending accept is told of close; so is a later one", async (world) => {
  // Goal: class and words of Deno.
  const listener = world.listen({ port: 0 });
  const accepting = failure(() => listener.accept());
  listener.close();
  assertEquals(await accepting, CLOSED);
  assertEquals(await failure(() => listener.accept()), CLOSED);
  assertEquals((await failure(() => listener.close())).message, "Bad resource ID");
  listener[Symbol.dispose]();
  listener.ref();
  listener.unref();
});

parity("for await ends when the listener is closed", async (world) => {
  // Goal: no error reaches the loop.
  const listener = world.listen({ port: 0 });
  const served = (async () => {
    let count = 0;
    for await (const conn of listener) {
      count++;
      conn.close();
    }
    return count;
  })();
  for (let i = 0; i < 3; i++) {
    const client = await world.connect({ port: listener.addr.port });
    assertEquals(await client.read(new Uint8Array(1)), null);
    client.close();
  }
  listener.close();
  assertEquals(await served, 3);
});

parity("leaving for await closes the listener", async (world) => {
  // Goal: what break and throw do to Deno's listener.
  for (const how of ["break", "throw"]) {
    const listener = world.listen({ port: 0 });
    const { port } = listener.addr;
    const client = await world.connect({ port });
    const serving = (async () => {
      for await (const conn of listener) {
        conn.close();
        if (how === "throw") throw new Error("no more");
        break;
      }
    })();
    await serving.catch(() => {});
    assertEquals((await failure(() => listener.close())).message, "Bad resource ID");
    assertEquals((await failed(() => world.connect({ port })))[0], "ConnectionRefused");
    client.close();
  }
});

parity("for await beside a pending accept is Busy and leaves the listener open", async (world) => {
  // Goal: an error of accept itself closes nothing.
  using listener = world.listen({ port: 0 });
  const accepting = listener.accept();
  const looping = failed(async () => {
    for await (const conn of listener) conn.close();
  });
  assertEquals((await looping)[0], "Busy");
  const client = await world.connect({ port: listener.addr.port });
  (await accepting).close();
  client.close();
});

parity("a second accept at the same time is Busy", async (world) => {
  // Goal: the first is not disturbed.
  using listener = world.listen({ port: 0 });
  const first = listener.accept();
  assertEquals(await failure(() => listener.accept()), {
    name: "Busy",
    code: undefined,
    message: "Another accept task is ongoing",
  });
  const client = await world.connect({ port: listener.addr.port });
  (await first).close();
  client.close();
});

parity("a port that is listened on is in use, until it is not", async (world) => {
  // Goal: AddrInUse with its code, and the port is free at once after close.
  const listener = world.listen({ port: 0 });
  const { port } = listener.addr;
  assertEquals(await failed(() => world.listen({ port })), ["AddrInUse", "EADDRINUSE"]);
  listener.close();
  world.listen({ port }).close();
  using again: AnyListener = world.listen({ port });
  const [client, server] = await Promise.all([world.connect({ port }), again.accept()]);
  client.close();
  server.close();
});

parity("an address of somebody else cannot be listened on", async (world) => {
  // Goal: AddrNotAvailable with its code. 192.0.2.0/24 is for documentation (RFC 5737).
  assertEquals(
    await failed(() => world.listen({ port: 0, hostname: "192.0.2.1" })),
    ["AddrNotAvailable", "EADDRNOTAVAIL"],
  );
});

parity("a listener on the wildcard of its family is reached at every address", async (world) => {
  // Goal: the wildcard; the connection's own address is the one that was called.
  const hostname = world.address.includes(":") ? "::" : "0.0.0.0";
  using listener = world.listen({ port: 0, hostname });
  assertEquals(listener.addr.hostname, hostname);
  const [client, server] = await Promise.all([
    world.connect({ port: listener.addr.port }),
    listener.accept(),
  ]);
  assertEquals(server.localAddr.hostname, world.address);
  client.close();
  server.close();
});

parity("connections that nobody accepted are reset when the listener closes", async (world) => {
  // Goal: their peers do not wait for ever.
  const listener = world.listen({ port: 0 });
  const clients = [];
  for (let i = 0; i < 3; i++) clients.push(await world.connect({ port: listener.addr.port }));
  const readings = clients.map((client) => failed(() => client.read(new Uint8Array(1))));
  await turn();
  listener.close();
  assertEquals(await Promise.all(readings), clients.map(() => ["ConnectionReset", "ECONNRESET"]));
  for (const client of clients) client.close();
});

Deno.test("an impossible backlog is refused with its name and value", async () => {
  // Goal: RangeError for numbers, TypeError for anything else, and the port is not taken by it.
  await using net = await openAlone();
  for (const tcpBacklog of [0, -1, 1.5, 65_536, NaN]) {
    const { name, message } = await failure(() => net.listen({ port: 7, tcpBacklog }));
    assertEquals([name, message.startsWith(`tcpBacklog: ${tcpBacklog} `)], ["RangeError", true]);
  }
  const text = "many" as unknown as number;
  assertEquals((await failure(() => net.listen({ port: 7, tcpBacklog: text }))).name, "TypeError");
  net.listen({ port: 7, tcpBacklog: 1 }).close();
});

Deno.test("the backlog bounds what waits to be accepted; accepting makes room", async () => {
  // Goal: beyond the backlog a SYN is dropped and counted, and its sender gets in with the next one.
  const clock = new ManualClock();
  const net = await open({ device: memoryPair()[0], clock });
  const listener = net.listen({ port: 7, tcpBacklog: 2 });
  const connects = [1, 2].map(() => net.connect({ port: 7 }));
  await passTime(clock, 500_000);
  connects.push(net.connect({ port: 7 }));
  await passTime(clock, 500_000);
  assertEquals(net.stats().counters.passiveOpens, 2);
  assertEquals(net.stats().drops.tcpAcceptQueueFull, 1);
  assertEquals(net.connections().length, 4);
  const first = await listener.accept();
  const third = await runVirtual(clock, connects[2], { untilUs: 2_000_000 });
  // The SYN is sent again after a second (RFC 6298 section 2.1).
  assert(clock.now() >= 1_500_000, `connected at ${clock.now()} us`);
  const clients = [...await Promise.all(connects.slice(0, 2)), third];
  const servers = [first, await listener.accept(), await listener.accept()];
  for (const conn of [...clients, ...servers]) conn.close();
  listener.close();
  await runVirtual(clock, net.close(), { untilUs: 4_000_000 });
});

Deno.test("a listener waits without disturbing anything", async () => {
  // Goal: an accept that nobody answers stays pending and costs nothing.
  await using net = await openAlone();
  using listener = net.listen({ port: 7 });
  const accepting = listener.accept();
  assert(await isPending(accepting));
  assertEquals(net.stats().counters.segmentsIn, 0);
  const client = await net.connect({ port: 7 });
  (await accepting).close();
  client.close();
});
