/** Sockets over a stack beside those of `node:net`: the same calls, and the same events in the same order. */

import { assertEquals, assertThrows } from "@std/assert";
import type { Socket as KernelSocket } from "node:net";
import { connectArguments, Socket } from "../../src/node/socket.ts";
import { connected, ended, listening, once, parity, told } from "./places.ts";

const EVENTS = [
  "lookup",
  "connect",
  "ready",
  "readable",
  "end",
  "finish",
  "timeout",
  "error",
  "close",
];

/** Notes what a socket emits. `data` is noted where a test asks for it, for listening makes it flow. */
function watch(socket: KernelSocket, log: string[], names: readonly string[] = EVENTS): void {
  for (const name of names) {
    if (name === "readable") continue;
    socket.on(name, (...args: unknown[]) => {
      const shown = name === "close" || name === "data" ? `${name} ${args[0]}` : name;
      log.push(name === "error" ? `error ${JSON.stringify(told(args[0]))}` : shown);
    });
  }
}

parity("connect, ready, then the data", async (place) => {
  const server = place.createServer({}, (socket) => socket.end("hello"));
  const port = await listening(server, place.host);
  const client = place.connect({ port }, () => log.push("listener"));
  const before = [client.connecting, client.pending, client.readyState];
  const log: string[] = [];
  watch(client, log);
  client.on("data", (data) => log.push(`data ${data}`));
  await once(client, "close");
  await new Promise((resolve) => server.close(resolve));
  return [before, log, client.connecting, client.readyState, client.bytesRead, client.destroyed];
});

parity("the end of the peer ends the socket", async (place) => {
  const pair = await connected(place);
  const logs: string[][] = [[], []];
  watch(pair.client, logs[0]);
  watch(pair.accepted, logs[1]);
  pair.client.resume();
  pair.accepted.resume();
  const closed = Promise.all([once(pair.client, "close"), once(pair.accepted, "close")]);
  pair.client.end("bye");
  await closed;
  const { bytesRead, bytesWritten } = pair.accepted;
  await ended(pair);
  return [logs, bytesRead, bytesWritten, pair.client.bytesWritten];
});

parity("allowHalfOpen leaves the other direction open", async (place) => {
  const pair = await connected(place, { allowHalfOpen: true }, { allowHalfOpen: true });
  const log: string[] = [];
  watch(pair.client, log);
  pair.client.on("data", (data) => log.push(`data ${data}`));
  pair.accepted.resume();
  const end = once(pair.accepted, "end");
  pair.client.end("question");
  await end;
  const states = [pair.accepted.readyState, pair.client.readyState];
  const closed = once(pair.client, "close");
  pair.accepted.end("answer");
  await closed;
  await ended(pair);
  return [states, log];
});

parity("write callbacks come in order, behind the writes", async (place) => {
  const pair = await connected(place);
  const log: string[] = [];
  const texts: string[] = [];
  pair.accepted.on("data", (data) => texts.push(String(data)));
  const end = once(pair.accepted, "end");
  pair.client.resume();
  pair.client.write("a", () => log.push("a"));
  pair.client.write("b", "utf8", () => log.push("b"));
  log.push("written");
  pair.client.end("c", () => log.push("end"));
  await end;
  await once(pair.client, "close");
  await ended(pair);
  return [log, texts.join("")];
});

parity("cork holds back and uncork lets go", async (place) => {
  const pair = await connected(place);
  pair.client.cork();
  pair.client.write("a");
  pair.client.write("b");
  const held = [pair.client.writableLength, pair.client.writableCorked, pair.client.bytesWritten];
  const data = once(pair.accepted, "data");
  pair.client.uncork();
  const [first] = await data;
  await ended(pair);
  return [held, String(first)];
});

parity("writes before the connection is there", async (place) => {
  const server = place.createServer({});
  const port = await listening(server, place.host);
  const accepted = once(server, "connection");
  const client = place.connect({ port });
  const log: string[] = [];
  client.on("connect", () => log.push("connect"));
  const isFree = client.write("early", () => log.push("written"));
  const before = [isFree, client.bytesWritten];
  client.end();
  const [socket] = await accepted;
  const [data] = await once(socket as KernelSocket, "data");
  (socket as KernelSocket).resume();
  await once(client.resume(), "close");
  await new Promise((resolve) => server.close(resolve));
  return [before, log, String(data)];
});

parity("write after end", async (place) => {
  const pair = await connected(place);
  const errors: unknown[] = [];
  pair.client.on("error", (error) => errors.push(told(error)));
  pair.client.resume();
  pair.accepted.resume();
  pair.client.end();
  const closed = once(pair.client, "close");
  pair.client.write("late", (error) => errors.push(told(error)));
  await closed;
  await ended(pair);
  return errors;
});

parity("write after destroy", async (place) => {
  const pair = await connected(place);
  const error = await new Promise((resolve) =>
    pair.accepted.destroy().write("x", (error) => resolve(told(error)))
  );
  await ended(pair);
  return error;
});

parity("write to a peer that has ended", async (place) => {
  const pair = await connected(place);
  const log: string[] = [];
  watch(pair.accepted, log);
  pair.accepted.resume();
  const finished = once(pair.accepted, "end");
  pair.client.resume();
  pair.client.end();
  await finished;
  await new Promise((resolve) => setTimeout(resolve, 0));
  const result = await new Promise((resolve) =>
    pair.accepted.write("x", (error) => resolve(told(error)))
  );
  await ended(pair);
  return (result as { code: string }).code.startsWith("E");
});

parity("resetAndDestroy resets the peer", async (place) => {
  const pair = await connected(place);
  const log: string[] = [];
  watch(pair.client, log);
  pair.client.resume();
  const closed = once(pair.client, "close");
  pair.accepted.resetAndDestroy();
  await closed;
  await ended(pair);
  return log;
});

parity("a reset is noticed by who reads nothing", async (place) => {
  const pair = await connected(place);
  const log: string[] = [];
  watch(pair.accepted, log);
  const closed = once(pair.accepted, "close");
  pair.client.resetAndDestroy();
  await closed;
  await ended(pair);
  return log;
});

parity("destroy with an error", async (place) => {
  const pair = await connected(place);
  const log: string[] = [];
  watch(pair.client, log);
  const closed = once(pair.client, "close");
  pair.client.destroy(new TypeError("mine"));
  await closed;
  await ended(pair);
  return [log, pair.client.destroyed, pair.client.readyState];
});

parity("destroySoon writes first", async (place) => {
  const pair = await connected(place);
  const log: string[] = [];
  watch(pair.client, log);
  const texts: string[] = [];
  pair.accepted.on("data", (data) => texts.push(String(data)));
  pair.client.resume();
  const closed = Promise.all([once(pair.client, "close"), once(pair.accepted, "close")]);
  pair.client.write("x".repeat(200_000));
  pair.client.destroySoon();
  await closed;
  await ended(pair);
  return [log, texts.join("").length];
});

parity("nobody listens", async (place) => {
  const server = place.createServer({});
  const port = await listening(server, place.host);
  await new Promise((resolve) => server.close(resolve));
  const client = place.connect({ port });
  const log: string[] = [];
  watch(client, log);
  const closed = once(client, "close");
  const [error] = await once(client, "error") as [NodeJS.ErrnoException & { port: number }];
  await closed;
  const message = error.message.replace(/\d+\.\d+\.\d+\.\d+:\d+/, "there");
  return [log, message, error.port === port, Reflect.get(error, "address") === place.host];
});

parity("destroy while it connects", async (place) => {
  const server = place.createServer({});
  const port = await listening(server, place.host);
  const client = place.connect({ port });
  const log: string[] = [];
  watch(client, log);
  client.destroy();
  await once(client, "close");
  await new Promise((resolve) => server.close(resolve));
  return log;
});

parity("an aborted signal destroys", async (place) => {
  const controller = new AbortController();
  const pair = await connected(place, {}, { signal: controller.signal });
  const log: string[] = [];
  watch(pair.client, log);
  const closed = once(pair.client, "close");
  controller.abort();
  await closed;
  await ended(pair);
  return log;
});

parity("setTimeout tells of silence, and only tells", async (place) => {
  const pair = await connected(place);
  const log: string[] = [];
  const same = pair.client.setTimeout(20, () => log.push("callback")) === pair.client;
  watch(pair.client, log);
  await once(pair.client, "timeout");
  const { timeout, destroyed } = pair.client;
  pair.client.setTimeout(0);
  await ended(pair);
  return [same, log.slice(0, 2), timeout, destroyed, pair.client.timeout];
});

parity("addresses", async (place) => {
  const pair = await connected(place);
  const { client, accepted } = pair;
  const { port } = pair.server.address() as { port: number };
  const facts = [
    client.remoteAddress === place.host,
    client.remotePort === port,
    client.remoteFamily,
    client.localFamily,
    accepted.remotePort === client.localPort,
    accepted.localPort === port,
    accepted.localAddress === place.host,
    Object.keys(client.address()).sort(),
    place.socket().remoteAddress,
    place.socket().address(),
  ];
  await ended(pair);
  return facts;
});

parity("pause is back-pressure for the peer", async (place) => {
  const pair = await connected(place);
  pair.accepted.pause();
  let written = 0;
  const chunk = new Uint8Array(65_536);
  // Both have buffers of some megabytes; far beyond them nothing is taken any more.
  while (written < 64 << 20 && pair.client.write(chunk)) written += chunk.length;
  const isBounded = pair.client.writableNeedDrain;
  let received = 0;
  pair.accepted.on("data", (data) => received += data.length);
  const end = once(pair.accepted, "end");
  pair.client.end();
  pair.accepted.resume();
  await end;
  const all = received === pair.client.bytesWritten;
  await ended(pair);
  return [isBounded, all];
});

parity("setEncoding, pipe and async iteration", async (place) => {
  const pair = await connected(place);
  pair.accepted.pipe(pair.accepted);
  pair.client.setEncoding("utf8");
  pair.client.end("grüße");
  let text = "";
  for await (const part of pair.client) text += part;
  await ended(pair);
  return text;
});

parity("wrong timeouts", async (place) => {
  const socket = place.socket();
  const errors = [];
  for (const timeout of [-1, NaN, Infinity, "1"]) {
    try {
      socket.setTimeout(timeout as number);
      errors.push("none");
    } catch (error) {
      errors.push((error as NodeJS.ErrnoException).code);
    }
  }
  await Promise.resolve();
  return errors;
});

Deno.test("node: a socket that is not connected refuses to write and to connect", async () => {
  const socket = new Socket();
  const closed = once(socket, "close");
  const error = await new Promise((resolve) => {
    socket.on("error", () => {});
    socket.write("x", resolve);
  });
  assertEquals((error as NodeJS.ErrnoException).syscall, "write");
  await closed;
  assertThrows(() => new Socket().connect(1), TypeError, "without a stack");
});

Deno.test("node: Node's forms of the arguments of connect", () => {
  const listener = () => {};
  assertEquals(connectArguments([{ port: 1 }]), { options: { port: 1 }, listener: undefined });
  assertEquals(connectArguments([1, listener]), { options: { port: 1 }, listener });
  assertEquals(connectArguments(["1", "h", listener]), {
    options: { port: 1, host: "h" },
    listener,
  });
});
