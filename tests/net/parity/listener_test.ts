/** Listeners: their iteration, races of accept and close, addresses in every form, many at once. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { type AnyListener, bytes, failed, failure, isPending, parity, turn } from "../worlds.ts";

const BAD_RESOURCE = { name: "BadResource", code: undefined, message: "Bad resource ID" };
const CLOSED = { name: "BadResource", code: undefined, message: "Listener has been closed" };
const BUSY = { name: "Busy", code: undefined, message: "Another accept task is ongoing" };

type Iterated = AnyListener & AsyncIterableIterator<Deno.TcpConn>;

/** As it is, although the types of Deno do not say so: a listener is its own iterator. */
function iterated(listener: AnyListener): Iterated {
  return listener as Iterated;
}

parity("a listener is its own iterator", async (world) => {
  // Goal: two loops are one iteration, and there is no throw().
  using listener = iterated(world.listen({ port: 0 }));
  assert(listener[Symbol.asyncIterator]() === listener);
  assertEquals([typeof listener.next, typeof listener.return], ["function", "function"]);
  assertEquals(typeof listener.throw, "undefined");
  await turn();
});

parity("next gives connections as accept does", async (world) => {
  // Goal: the two may take turns.
  using listener = iterated(world.listen({ port: 0 }));
  const { port } = listener.addr;
  for (let i = 0; i < 4; i++) {
    const client = await world.connect({ port });
    const step = i % 2 === 0
      ? await listener.next()
      : { done: false, value: await listener.accept() };
    assertEquals(step.done, false);
    assertEquals(step.value.remoteAddr.port, client.localAddr.port);
    step.value.close();
    client.close();
  }
});

parity("a second next while one waits is Busy", async (world) => {
  // Goal: the iterator queues no calls; close ends the first.
  const listener = iterated(world.listen({ port: 0 }));
  const first = listener.next();
  assertEquals(await failure(() => listener.next()), BUSY);
  assertEquals(await failure(() => listener.accept()), BUSY);
  listener.close();
  assertEquals(await first, { done: true, value: undefined });
});

parity("next on a closed listener is done, again and again", async (world) => {
  // Goal: the end of an iteration is no error.
  const listener = iterated(world.listen({ port: 0 }));
  listener.close();
  for (let i = 0; i < 3; i++) {
    assertEquals(await listener.next(), { done: true, value: undefined });
  }
});

parity("return closes the listener and gives its value back", async (world) => {
  // Goal: what break calls; a second time it finds nothing to close.
  const listener = iterated(world.listen({ port: 0 }));
  assertEquals(await listener.return!("bye"), { done: true, value: "bye" as never });
  assertEquals(await failure(() => listener.close()), BAD_RESOURCE);
  assertEquals(await failure(() => listener.return!()), BAD_RESOURCE);
  assertEquals(await failure(() => listener.accept()), CLOSED);
});

parity("return ends a loop that waits elsewhere", async (world) => {
  // Goal: as close does.
  const listener = iterated(world.listen({ port: 0 }));
  const looping = (async () => {
    for await (const conn of listener) conn.close();
    return "ended";
  })();
  await turn();
  await listener.return!();
  assertEquals(await looping, "ended");
});

parity("a loop over a closed listener does nothing", async (world) => {
  // Goal: neither an error nor a turn of the loop.
  const listener = world.listen({ port: 0 });
  listener.close();
  let turns = 0;
  for await (const conn of listener) {
    conn.close();
    turns++;
  }
  assertEquals(turns, 0);
});

parity("connections that wait are accepted at once by calls made together", async (world) => {
  // Goal: Busy is for calls that wait, not for calls that are served.
  using listener = world.listen({ port: 0 });
  const { port } = listener.addr;
  const clients = [await world.connect({ port }), await world.connect({ port })];
  for (let i = 0; i < 20; i++) await turn();
  const first = listener.accept();
  const second = listener.accept();
  const servers = await Promise.all([first, second]);
  assertEquals(
    servers.map((conn) => conn.remoteAddr.port),
    clients.map((conn) => conn.localAddr.port),
  );
  for (const conn of [...clients, ...servers]) conn.close();
});

parity("an accept that is served keeps its connection although close follows", async (world) => {
  // Goal: what a call has got it keeps.
  const listener = world.listen({ port: 0 });
  const client = await world.connect({ port: listener.addr.port });
  for (let i = 0; i < 20; i++) await turn();
  const accepting = listener.accept();
  listener.close();
  const server = await accepting;
  await client.write(bytes("x"));
  assertEquals(await server.read(new Uint8Array(5)), 1);
  client.close();
  server.close();
});

parity("accepted connections outlive their listener", async (world) => {
  // Goal: only those that nobody accepted go with it.
  const listener = world.listen({ port: 0 });
  const client = await world.connect({ port: listener.addr.port });
  const server = await listener.accept();
  listener.close();
  await server.write(bytes("alive"));
  assertEquals(await client.read(new Uint8Array(9)), 5);
  client.close();
  server.close();
});

parity(
  "a closed listener still tells its address, and ref and unref are no errors",
  async (world) => {
    // Goal: what does not need the socket works without it.
    const listener = world.listen({ port: 0 });
    const { port } = listener.addr;
    listener.close();
    assertEquals(listener.addr.port, port);
    assertEquals([listener.ref(), listener.unref(), listener[Symbol.dispose]()], [
      undefined,
      undefined,
      undefined,
    ]);
    await turn();
  },
);

parity("listen throws at once instead of rejecting", async (world) => {
  // Goal: it is synchronous, as Deno's; and so is close.
  using listener = world.listen({ port: 0 });
  const { port } = listener.addr;
  assertThrows(() => world.listen({ port }), Deno.errors.AddrInUse);
  assertThrows(() => world.listen({ port: 65_536 }), RangeError);
  await turn();
});

parity("using closes a listener and frees its port", async (world) => {
  // Goal: disposal at the end of the scope.
  let port = 0;
  {
    using listener = world.listen({ port: 0 });
    port = listener.addr.port;
  }
  assertEquals(await failed(() => world.connect({ port })), ["ConnectionRefused", "ECONNREFUSED"]);
  using again = world.listen({ port });
  assertEquals(again.addr.port, port);
});

parity(
  "a port of one address is in use for the wildcard, and the other way round",
  async (world) => {
    // Goal: the rules of bind(2).
    const wildcard = world.address.includes(":") ? "::" : "0.0.0.0";
    for (const [first, second] of [[world.address, wildcard], [wildcard, world.address]]) {
      using listener = world.listen({ port: 0, hostname: first });
      const { port } = listener.addr;
      assertEquals(await failed(() => world.listen({ port, hostname: second })), [
        "AddrInUse",
        "EADDRINUSE",
      ]);
    }
  },
);

parity("two listeners on two ports do not get each other's connections", async (world) => {
  // Goal: the port decides.
  using one = world.listen({ port: 0 });
  using two = world.listen({ port: 0 });
  const waiting = one.accept();
  const client = await world.connect({ port: two.addr.port });
  const server = await two.accept();
  assertEquals(server.localAddr.port, two.addr.port);
  assert(await isPending(waiting));
  const other = await world.connect({ port: one.addr.port });
  (await waiting).close();
  for (const conn of [client, server, other]) conn.close();
});

parity("thirty connects at once are all accepted, each once", async (world) => {
  // Goal: none is lost or doubled in a loop that works on each.
  using listener = world.listen({ port: 0 });
  const { port } = listener.addr;
  const seen: number[] = [];
  const serving = (async () => {
    for await (const conn of listener) {
      seen.push(conn.remoteAddr.port);
      await conn.write(bytes("hello"));
      conn.close();
      if (seen.length === 30) break;
    }
  })();
  const ports = await Promise.all(Array.from({ length: 30 }, async () => {
    using client = await world.connect({ port });
    assertEquals(await client.read(new Uint8Array(9)), 5);
    return client.localAddr.port;
  }));
  await serving;
  assertEquals(seen.toSorted(), ports.toSorted());
});

parity("a listener without a hostname is on all addresses of IPv4", async (world) => {
  // Goal: the default of both calls; a connection without a hostname is one to this very place.
  using listener = world.raw.listen({ port: 0 });
  assertEquals(listener.addr.hostname, "0.0.0.0");
  if (world.stacks.length === 2) return; // Between two stacks "this place" is the client's own.
  const client = await world.raw.connect({ port: listener.addr.port });
  const server = await listener.accept();
  assertEquals([client.remoteAddr.hostname, server.localAddr.hostname], ["127.0.0.1", "127.0.0.1"]);
  client.close();
  server.close();
});

parity("addresses are told in their shortest form, however they were written", async (world) => {
  // Goal: long forms, capitals, brackets, names in capitals.
  const FORMS = [
    ["0:0:0:0:0:0:0:1", "::1"],
    ["[::1]", "::1"],
    ["0000::0001", "::1"],
    ["::FFFF:7F00:1", "::ffff:127.0.0.1"],
    ["LocalHost", "127.0.0.1"],
    ["127.0.0.9", "127.0.0.9"],
  ];
  for (const [written, told] of FORMS) {
    using listener = world.raw.listen({ port: 0, hostname: written });
    assertEquals(listener.addr.hostname, told);
    await turn();
  }
});

parity("a dual listener shows IPv4 peers as IPv6 addresses", async (world) => {
  // Goal: `::` takes both families, and its connections have the mapped form.
  if (world.address.includes(":")) return;
  using listener = world.raw.listen({ port: 0, hostname: "::" });
  const client = await world.connect({ port: listener.addr.port });
  const server = await listener.accept();
  assertEquals(server.localAddr.hostname, `::ffff:${world.address}`);
  assertEquals(client.remoteAddr.hostname, world.address);
  client.close();
  server.close();
});
