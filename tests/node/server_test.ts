/** Servers over a stack beside those of `node:net`. */

import { assertEquals } from "@std/assert";
import type { AddressInfo, Socket as KernelSocket } from "node:net";
import { connect, createServer } from "../../src/node/mod.ts";
import { listenArguments } from "../../src/node/server.ts";
import { openAlone } from "../net/worlds.ts";
import { connected, ended, listening, once, parity, told } from "./places.ts";

parity("listening, connection, close", async (place) => {
  const log: string[] = [];
  const server = place.createServer({}, (socket) => {
    log.push("connection");
    socket.resume();
  });
  for (const name of ["listening", "close", "error"]) server.on(name, () => log.push(name));
  server.listen(0, place.host, () => log.push("listen callback"));
  await once(server, "listening");
  const address = server.address() as AddressInfo;
  const client = place.connect({ port: address.port });
  client.resume();
  await once(client, "connect");
  const counted = await new Promise((resolve) =>
    server.getConnections((error, count) => resolve([error, count]))
  );
  const closing = new Promise((resolve) => server.close((error) => resolve(error ?? "closed")));
  log.push(`closing, listening: ${server.listening}, address: ${server.address()}`);
  client.end();
  const outcome = await closing;
  return [log, Object.keys(address).sort(), address.family, counted, outcome];
});

parity("close of a server that does not listen", async (place) => {
  const server = place.createServer({});
  const error = await new Promise((resolve) => server.close(resolve));
  return [told(error), server.address(), server.listening];
});

parity("listen twice", async (place) => {
  const server = place.createServer({});
  await listening(server, place.host);
  let code: unknown;
  try {
    server.listen(0);
  } catch (error) {
    code = (error as NodeJS.ErrnoException).code;
  }
  await new Promise((resolve) => server.close(resolve));
  return code;
});

parity("listen again after close", async (place) => {
  const server = place.createServer({});
  await listening(server, place.host);
  await new Promise((resolve) => server.close(resolve));
  await listening(server, place.host);
  await new Promise((resolve) => server.close(resolve));
  return server.listening;
});

parity("a port that is taken", async (place) => {
  const first = place.createServer({});
  const port = await listening(first, place.host);
  const second = place.createServer({});
  const failed = once(second, "error");
  second.listen(port, place.host);
  const [error] = await failed as [Error & { port: number }];
  await new Promise((resolve) => first.close(resolve));
  return [told(error), error.port === port, second.listening];
});

parity("a port that cannot be", (place) => {
  const server = place.createServer({});
  try {
    server.listen(70_000);
  } catch (error) {
    return Promise.resolve((error as Error).name);
  }
  return Promise.resolve("none");
});

parity("maxConnections closes what is beyond", async (place) => {
  const server = place.createServer({});
  server.maxConnections = 1;
  const port = await listening(server, place.host);
  const accepting = once(server, "connection");
  const first = place.connect({ port });
  const [accepted] = await accepting;
  const second = place.connect({ port });
  second.resume();
  await once(second, "close");
  await ended({ server, client: first, accepted: accepted as KernelSocket });
  return second.bytesRead;
});

Deno.test("node: a server tells of what it drops", async () => {
  // Of node:net too, but not in Deno 2.9.
  await using net = await openAlone();
  const server = createServer(net);
  server.maxConnections = 0;
  server.listen({ port: 0, host: "10.7.0.2" });
  const { port } = server.address()!;
  const dropping = once(server, "drop");
  const client = connect(net, { port, host: "10.7.0.2" });
  const closed = once(client.resume(), "close");
  const [drop] = await dropping;
  await closed;
  assertEquals(drop, {
    localAddress: "10.7.0.2",
    localPort: port,
    localFamily: "IPv4",
    remoteAddress: "10.7.0.2",
    remotePort: (drop as { remotePort: number }).remotePort,
    remoteFamily: "IPv4",
  });
  await server[Symbol.asyncDispose]();
});

Deno.test("node: a server at an address that is not the stack's", async () => {
  // Deno 2.9 gives EINVAL, Node and the kernel EADDRNOTAVAIL.
  await using net = await openAlone();
  const server = createServer(net);
  const failed = once(server, "error");
  server.listen(0, "192.0.2.1");
  assertEquals(told((await failed)[0]), {
    name: "Error",
    code: "EADDRNOTAVAIL",
    errno: -99,
    syscall: "listen",
  });
});

Deno.test("node: without a host a server listens on both families", async () => {
  await using net = await openAlone();
  await using server = createServer(net, (socket) => socket.end(socket.remoteAddress)).listen(0);
  const { address, port, family } = server.address()!;
  assertEquals([address, family], ["::", "IPv6"]);
  const seen: string[] = [];
  for (const host of ["10.7.0.2", "fd07::2"]) {
    const client = connect(net, port, host);
    for await (const data of client) seen.push(String(data));
  }
  assertEquals(seen, ["::ffff:10.7.0.2", "fd07::2"]);
});

parity("a signal closes the server", async (place) => {
  const controller = new AbortController();
  const server = place.createServer({});
  server.listen({ port: 0, host: place.host, signal: controller.signal });
  await once(server, "listening");
  const closed = once(server, "close");
  controller.abort();
  await closed;
  return server.listening;
});

parity("pauseOnConnect leaves the data until resume", async (place) => {
  const pair = await connected(place, { pauseOnConnect: true });
  pair.client.end("waiting");
  const paused = [pair.accepted.isPaused(), pair.accepted.bytesRead];
  const texts: string[] = [];
  pair.accepted.on("data", (data) => texts.push(String(data)));
  const end = once(pair.accepted, "end");
  pair.accepted.resume();
  await end;
  await ended(pair);
  return [paused, texts.join("")];
});

parity("await using closes", async (place) => {
  const server = place.createServer({});
  await listening(server, place.host);
  await server[Symbol.asyncDispose]();
  return server.listening;
});

parity("ref and unref give the server", async (place) => {
  const server = place.createServer({});
  await listening(server, place.host);
  const same = [server.unref() === server, server.ref() === server];
  await new Promise((resolve) => server.close(resolve));
  return same;
});

Deno.test("node: Node's forms of the arguments of listen", () => {
  const callback = () => {};
  const none = { host: undefined, backlog: undefined };
  assertEquals(listenArguments([]), { options: { port: 0, ...none }, callback: undefined });
  assertEquals(listenArguments([callback]), { options: { port: 0, ...none }, callback });
  assertEquals(listenArguments([80, "h", 5, callback]), {
    options: { port: 80, host: "h", backlog: 5 },
    callback,
  });
  assertEquals(listenArguments([{ port: 80 }, callback]), { options: { port: 80 }, callback });
});
