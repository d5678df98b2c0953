/** The objects themselves: members, what can be set, how they print, what calls return. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { connected, failure, parity, turn } from "../worlds.ts";

const CONN_METHODS = ["read", "write", "close", "closeWrite", "ref", "unref"] as const;
const TCP_METHODS = ["setNoDelay", "setKeepAlive"] as const;
const CONN_VALUES = ["localAddr", "remoteAddr", "readable", "writable"] as const;

parity("a connection has every member of Deno.TcpConn, and none of its own", async (world) => {
  // Goal: everything is on the prototypes: nothing is copied by spread, and JSON is empty.
  using pair = await connected(world);
  const { client } = pair;
  const conn = client as unknown as Record<string, unknown>;
  for (const name of [...CONN_METHODS, ...TCP_METHODS]) assertEquals(typeof conn[name], "function");
  for (const name of CONN_VALUES) assertEquals(typeof conn[name], "object");
  assertEquals(typeof client[Symbol.dispose], "function");
  assertEquals(Symbol.asyncDispose in client, false);
  assertEquals("rid" in client, false);
  assertEquals(Object.getOwnPropertyNames(client), []);
  assertEquals(JSON.stringify(client), "{}");
  assertEquals({ ...client }, {} as typeof client);
});

parity("a connection prints as a TcpConn", async (world) => {
  // Goal: name, text and tag.
  using pair = await connected(world);
  assertEquals(pair.client.constructor.name, "TcpConn");
  assertEquals(Deno.inspect(pair.client), "TcpConn {}");
  assertEquals(String(pair.client), "[object Object]");
  assertEquals(Object.prototype.toString.call(pair.client), "[object Object]");
});

parity("a listener has every member of Deno.Listener, and none of its own", async (world) => {
  // Goal: as for connections.
  using listener = world.listen({ port: 0 });
  const members = listener as unknown as Record<string, unknown>;
  for (const name of ["accept", "close", "ref", "unref", "next", "return"]) {
    assertEquals(typeof members[name], "function");
  }
  assertEquals(typeof listener[Symbol.asyncIterator], "function");
  assertEquals(typeof listener[Symbol.dispose], "function");
  assertEquals(Object.getOwnPropertyNames(listener), []);
  assertEquals(JSON.stringify(listener), "{}");
  assertEquals([listener.constructor.name, Deno.inspect(listener)], ["Listener", "Listener {}"]);
  await turn();
});

parity("addresses cannot be set, and are the same object each time", async (world) => {
  // Goal: getters without setters, for the addresses and the streams.
  using listener = world.listen({ port: 0 });
  assertThrows(() => Object.assign(listener, { addr: null }), TypeError, "only a getter");
  assert(listener.addr === listener.addr);
  using pair = await connected(world);
  for (const name of CONN_VALUES) {
    assertThrows(() => Object.assign(pair.client, { [name]: null }), TypeError, "only a getter");
    assert(pair.client[name] === pair.client[name]);
  }
});

parity("an address is hostname, port and transport, in this order", async (world) => {
  // Goal: what printing and JSON show.
  using listener = world.listen({ port: 0 });
  using pair = await connected(world);
  for (const addr of [listener.addr, pair.client.localAddr, pair.server.remoteAddr]) {
    assertEquals(Object.keys(addr), ["hostname", "port", "transport"]);
    const { hostname, port } = addr;
    assertEquals(
      JSON.stringify(addr),
      `{"hostname":"${hostname}","port":${port},"transport":"tcp"}`,
    );
  }
});

parity("calls take as many arguments as Deno's say they do", async (world) => {
  // Goal: `length` and `name` of the functions, which wrappers look at.
  using listener = world.listen({ port: 0 });
  using pair = await connected(world);
  const { client } = pair;
  const lengths = [...CONN_METHODS, ...TCP_METHODS].map((name) => client[name].length);
  assertEquals(lengths, [1, 1, 0, 0, 0, 0, 0, 0]);
  assertEquals([...CONN_METHODS, ...TCP_METHODS].map((name) => client[name].name), [
    ...CONN_METHODS,
    ...TCP_METHODS,
  ]);
  assertEquals([listener.accept.length, listener.close.length], [0, 0]);
});

parity(
  "read, write, closeWrite and accept return promises, close and the like nothing",
  async (world) => {
    // Goal: what can be awaited and what cannot.
    using listener = world.listen({ port: 0 });
    using pair = await connected(world);
    const { client } = pair;
    const accepting = listener.accept();
    const promises = [
      client.read(new Uint8Array(0)),
      client.write(new Uint8Array(0)),
      client.closeWrite(),
      accepting,
    ];
    for (const promise of promises) assert(promise instanceof Promise);
    assertEquals([client.ref(), client.unref(), client.close(), client[Symbol.dispose]()], [
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    const ended = failure(() => accepting);
    assertEquals([listener.ref(), listener.close()], [undefined, undefined]);
    await ended;
  },
);

parity("methods need their object", async (world) => {
  // Goal: a method on its own is a TypeError, not a call on nothing.
  using pair = await connected(world);
  const { read, write, close, closeWrite } = pair.client;
  for (const call of [() => read(new Uint8Array(1)), () => write(new Uint8Array(1))]) {
    assertEquals((await failure(call)).name, "TypeError");
  }
  assertEquals((await failure(() => close())).name, "TypeError");
  assertEquals((await failure(() => closeWrite())).name, "TypeError");
});

parity("the streams of a connection are the platform's", async (world) => {
  // Goal: instances of the global classes, the readable one a byte stream.
  using pair = await connected(world);
  assert(pair.client.readable instanceof ReadableStream);
  assert(pair.client.writable instanceof WritableStream);
  pair.client.readable.getReader({ mode: "byob" }).releaseLock();
  assertEquals([pair.client.readable.locked, pair.client.writable.locked], [false, false]);
});

parity("accept and connect give different objects of one class", async (world) => {
  // Goal: the two ends know nothing of each other but addresses.
  using pair = await connected(world);
  assert(pair.client !== pair.server);
  assert(pair.client.constructor === pair.server.constructor);
  assertEquals({ ...pair.client.localAddr }, { ...pair.server.remoteAddr });
});
