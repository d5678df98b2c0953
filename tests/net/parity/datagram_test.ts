/** UDP sockets beyond tests/net/datagram_test.ts: shape, arguments, iteration, buffers. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { type AnyDatagram, type DatagramWorld, parity } from "../datagram_worlds.ts";
import { bytes, failure, isPending, text } from "../worlds.ts";

const NOT_BYTES = { name: "TypeError", code: undefined, message: "expected typed ArrayBufferView" };

/** A socket of each side, closed after `body`. */
async function withSockets(
  world: DatagramWorld,
  body: (server: AnyDatagram, client: AnyDatagram) => Promise<void>,
): Promise<void> {
  const [server, client] = [world.server(), world.client()];
  try {
    await body(server, client);
  } finally {
    for (const socket of [server, client]) await failure(() => socket.close()).catch(() => {});
  }
}

parity("the address of a socket is a getter's, in Deno's order", (world) =>
  // Goal: as for connections: it cannot be set, and prints as there.
  withSockets(world, async (server, client) => {
    assertThrows(() => Object.assign(server, { addr: null }), TypeError, "only a getter");
    assert(server.addr === server.addr);
    assertEquals(Object.keys(server.addr), ["hostname", "port", "transport"]);
    await client.send(bytes("x"), server.addr);
    const [, from] = await server.receive();
    assertEquals(Object.keys(from), ["hostname", "port", "transport"]);
    assertEquals({ ...from }, { ...client.addr });
    assertEquals(server.constructor.name, "DatagramConn");
  }));

parity("a socket's calls take as many arguments as Deno's, and ref gives nothing", (world) =>
  // Goal: what wrappers look at.
  withSockets(world, async (server) => {
    const { receive, send, close } = server;
    assertEquals([receive.length, send.length, close.length], [1, 2, 0]);
    assertEquals([server.ref(), server.unref()], [undefined, undefined]);
    await Promise.resolve();
  }));

parity("what is no Uint8Array is neither sent nor filled", (world) =>
  // Goal: the datagram that waits is for the next call.
  withSockets(world, async (server, client) => {
    await client.send(bytes("kept"), server.addr);
    for (const wrong of [5, [1], {}, new ArrayBuffer(3), new DataView(new ArrayBuffer(3))]) {
      assertEquals(await failure(() => server.receive(wrong as never)), NOT_BYTES);
      assertEquals(await failure(() => client.send(wrong as never, server.addr)), NOT_BYTES);
    }
    for (const wrong of [undefined, null, "", "abc", new Uint16Array(2)]) {
      assertEquals(await failure(() => client.send(wrong as never, server.addr)), NOT_BYTES);
    }
    assertEquals(text((await server.receive())[0]), "kept");
  }));

parity("a receive fills the part of the buffer that it is given", (world) =>
  // Goal: the payload is a view of the caller's memory, and the rest of that is as it was.
  withSockets(world, async (server, client) => {
    const whole = new Uint8Array(8).fill(7);
    await client.send(Uint8Array.of(1, 2), server.addr);
    const [payload] = await server.receive(whole.subarray(3));
    assertEquals(whole, Uint8Array.of(7, 7, 7, 1, 2, 7, 7, 7));
    assertEquals([payload.buffer === whole.buffer, payload.byteOffset, payload.length], [
      true,
      3,
      2,
    ]);
  }));

parity("an empty buffer takes a datagram and none of its bytes", (world) =>
  // Goal: one datagram for each call, whatever fits.
  withSockets(world, async (server, client) => {
    await client.send(bytes("lost"), server.addr);
    await client.send(bytes("next"), server.addr);
    assertEquals((await server.receive(new Uint8Array(0)))[0].length, 0);
    assertEquals(text((await server.receive())[0]), "next");
  }));

parity("an empty datagram arrives", (world) =>
  // Goal: no bytes are a message, too.
  withSockets(world, async (server, client) => {
    assertEquals(await client.send(new Uint8Array(0), server.addr), 0);
    const [payload, from] = await server.receive();
    assertEquals([payload.length, { ...from }], [0, { ...client.addr }]);
  }));

parity("a part of a buffer and shared memory can be sent", (world) =>
  // Goal: the bytes of the view.
  withSockets(world, async (server, client) => {
    await client.send(bytes("abcd").subarray(1, 3), server.addr);
    assertEquals(text((await server.receive())[0]), "bc");
    const shared = new Uint8Array(new SharedArrayBuffer(3)).fill(65);
    await client.send(shared, server.addr);
    assertEquals(text((await server.receive())[0]), "AAA");
  }));

parity("a socket reaches itself", (world) =>
  // Goal: its own address is one like any other.
  withSockets(world, async (server) => {
    await server.send(bytes("me"), server.addr);
    const [payload, from] = await server.receive();
    assertEquals([text(payload), { ...from }], ["me", { ...server.addr }]);
  }));

parity("calls of next at the same time get datagrams in their order", (world) =>
  // Goal: unlike accept, receive may wait many times.
  withSockets(world, async (server, client) => {
    const iterator = server[Symbol.asyncIterator]();
    const steps = [iterator.next(), iterator.next()];
    await client.send(bytes("1"), server.addr);
    await client.send(bytes("2"), server.addr);
    const payloads = (await Promise.all(steps)).map(({ value }) => text(value[0]));
    assertEquals(payloads, ["1", "2"]);
  }));

parity("an iteration that was left has ended, and another may begin", (world) =>
  // Goal: return gives its value, next is done, and the socket is open.
  withSockets(world, async (server, client) => {
    const left = server[Symbol.asyncIterator]();
    assertEquals(await left.return!("bye"), { value: "bye", done: true } as never);
    assertEquals(await left.next(), { value: undefined, done: true });
    const other = server[Symbol.asyncIterator]();
    const failing = failure(() => other.throw!(new Error("mine")));
    assertEquals((await failing).message, "mine");
    assertEquals(await other.next(), { value: undefined, done: true });
    await client.send(bytes("open"), server.addr);
    assertEquals(text((await server.receive())[0]), "open");
  }));

parity("a next that waits is done when the socket is closed", (world) =>
  // Goal: the end of the socket is the end of the iteration, for those that wait and those that come.
  withSockets(world, async (server) => {
    const iterator = server[Symbol.asyncIterator]();
    const waiting = iterator.next();
    assert(await isPending(waiting));
    server.close();
    assertEquals(await waiting, { value: undefined, done: true });
    assertEquals(await iterator.next(), { value: undefined, done: true });
    assert((server.addr as Deno.NetAddr).port > 0);
  }));

parity("a destination without a hostname is this place", (world) =>
  // Goal: the default of send is that of connect. Between two stacks this place is the client's own.
  withSockets(world, async (server, client) => {
    if (world.address !== "127.0.0.1") return;
    const { port } = server.addr as Deno.NetAddr;
    await client.send(bytes("here"), { transport: "udp", port } as Deno.NetAddr);
    assertEquals(text((await server.receive())[0]), "here");
  }));
