/** Clients of Node and from npm, unchanged, through a stack to servers on the kernel. */

import { assertEquals } from "@std/assert";
import * as http from "node:http";
import type { Socket as KernelSocket } from "node:net";
import { Agent, request } from "undici";
import { WebSocket, WebSocketServer } from "ws";
import { connect } from "../../src/node/mod.ts";
import { HOST, openPlace, type Place } from "./place.ts";

/** A server of `node:http` on the kernel that says who asks. */
async function kernelServer(): Promise<{ server: http.Server; port: number } & AsyncDisposable> {
  const server = http.createServer((incoming, response) => {
    if (incoming.method === "POST") return void incoming.pipe(response);
    response.end(`${incoming.socket.remoteAddress} asks ${incoming.url}`);
  });
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  const { port } = server.address() as { port: number };
  const close = () => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return { server, port, [Symbol.asyncDispose]: close };
}

/** A socket through the stack, in the type that Node's types want. */
function through(place: Place, options: object, listener?: () => void): KernelSocket {
  const { host, hostname, port } = options as { host?: string; hostname?: string; port: number };
  const socket = connect(place.net, { host: hostname ?? host, port: Number(port) }, listener);
  return socket as unknown as KernelSocket;
}

Deno.test("http.request with createConnection, and with an agent that keeps connections", async () => {
  await using place = await openPlace();
  await using kernel = await kernelServer();
  const createConnection = (options: object) => through(place, options);
  const get = (options: http.RequestOptions) =>
    new Promise<string>((resolve, reject) => {
      http.get({ host: HOST, port: kernel.port, ...options }, async (response) => {
        let text = "";
        for await (const part of response) text += part;
        resolve(text);
      }).on("error", reject);
    });
  assertEquals(await get({ path: "/a", createConnection }), "10.78.0.2 asks /a");
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  Object.assign(agent, { createConnection });
  assertEquals(await get({ path: "/b", agent }), "10.78.0.2 asks /b");
  assertEquals(await get({ path: "/c", agent }), "10.78.0.2 asks /c");
  agent.destroy();
  const refused = await get({ path: "/d", port: 1, createConnection }).catch((error) => error.code);
  assertEquals(refused, "ECONNREFUSED");
});

Deno.test("undici: requests, a body, connections that are kept", async () => {
  await using place = await openPlace();
  await using kernel = await kernelServer();
  let made = 0;
  const agent = new Agent({
    connections: 1,
    connect: (options, callback) => {
      made++;
      const socket = through(place, options, () => callback(null, socket));
      socket.on("error", (error) => callback(error, null));
    },
  });
  const origin = `http://${HOST}:${kernel.port}`;
  for (const path of ["/a", "/b"]) {
    const { body, statusCode } = await request(`${origin}${path}`, { dispatcher: agent });
    assertEquals([statusCode, await body.text()], [200, `10.78.0.2 asks ${path}`]);
  }
  assertEquals(made, 1);
  const sent = "x".repeat(200_000);
  const { body } = await request(origin, { dispatcher: agent, method: "POST", body: sent });
  assertEquals((await body.text()).length, sent.length);
  await agent.close();
});

Deno.test("ws: a client", async () => {
  await using place = await openPlace();
  await using kernel = await kernelServer();
  const sockets = new WebSocketServer({ server: kernel.server });
  sockets.on("connection", (socket, incoming) => {
    socket.on("message", (data) => socket.send(`${incoming.socket.remoteAddress} says ${data}`));
  });
  const client = new WebSocket(`ws://${HOST}:${kernel.port}/`, {
    createConnection: ((options: object, listener?: () => void) =>
      through(place, options, listener)) as never,
  });
  const answer = Promise.withResolvers<string>();
  client.on("open", () => client.send("hello"));
  client.on("message", (data) => answer.resolve(String(data)));
  client.on("error", answer.reject);
  assertEquals(await answer.promise, "10.78.0.2 says hello");
  const closed = new Promise((resolve) => client.on("close", resolve));
  client.close();
  await closed;
  sockets.close();
});
