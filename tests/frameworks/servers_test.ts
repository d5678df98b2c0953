/** Servers of Node and of frameworks, unchanged, on a stack: the kernel's curl, openssl and wrk are their clients. */

import { getRequestListener } from "@hono/node-server";
import { assert, assertEquals } from "@std/assert";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import * as http from "node:http";
import * as http2 from "node:http2";
import * as https from "node:https";
import { WebSocket, WebSocketServer } from "ws";
import { attach } from "../../src/node/mod.ts";
import { curl, curlPost, HOST, openPlace, STACK, tlsClient, wrk } from "./place.ts";

const url = (port: number, path = "/") => `http://${STACK}:${port}${path}`;
const secureUrl = (port: number, path = "/") => `https://${STACK}:${port}${path}`;

Deno.test("node:http: keep-alive, bodies, HEAD, the client's address, load", async () => {
  await using place = await openPlace();
  const server = http.createServer((request, response) => {
    if (request.method === "POST") return void request.pipe(response);
    response.setHeader("x-client", request.socket.remoteAddress ?? "");
    response.end(`hello from ${request.url}`);
  });
  await using _ = attach(server, place.net, { port: 80 });
  const twice = await curl(
    "--write-out",
    " %{num_connects}\n",
    url(80, "/a"),
    url(80, "/b"),
  );
  assertEquals(twice, "hello from /a 1\nhello from /b 0\n");
  assertEquals((await curlPost(200_000, url(80))).length, 200_000);
  const head = await curl("--head", url(80));
  assert(head.includes(`x-client: ${HOST}`), head);
  assert(await wrk(url(80)) > 0);
});

Deno.test("node:http: a client that goes away, a slow one, and one that talks nonsense", async () => {
  await using place = await openPlace();
  const errors: (string | undefined)[] = [];
  const gone = Promise.withResolvers<void>();
  const server = http.createServer(
    { headersTimeout: 300, connectionsCheckingInterval: 100 },
    (request, response) => {
      if (request.url !== "/slow") return void response.end("ok");
      response.write("begun");
      response.on("close", () => gone.resolve());
    },
  );
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    errors.push(error.code);
    socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
  });
  await using _ = attach(server, place.net, { port: 80 });
  await curl("--max-time", "0.3", url(80, "/slow")).catch(() => {});
  await gone.promise;
  using nonsense = await Deno.connect({ hostname: STACK, port: 80 });
  await nonsense.write(new TextEncoder().encode("\x01\x02\x03\r\n\r\n"));
  assert((await new Response(nonsense.readable).text()).startsWith("HTTP/1.1 400"));
  using slow = await Deno.connect({ hostname: STACK, port: 80 });
  await slow.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost:"));
  await new Response(slow.readable).text();
  assertEquals(errors.length >= 1, true);
  assertEquals(await curl(url(80)), "ok");
});

Deno.test("node:https: curl with a checked certificate, openssl s_client, a broken handshake", async () => {
  await using place = await openPlace();
  const server = https.createServer({ cert: place.cert, key: place.key }, (request, response) => {
    response.end(`secret ${request.url}`);
  });
  let broken = 0;
  server.on("tlsClientError", () => broken++);
  await using _ = attach(server, place.net, { port: 443 });
  assertEquals(await curl("--cacert", place.certPath, secureUrl(443, "/x")), "secret /x");
  const text = await tlsClient(place, 443, "GET /y HTTP/1.0\r\n\r\n");
  assert(text.includes("secret /y"), text);
  using client = await Deno.connect({ hostname: STACK, port: 443 });
  await client.write(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
  await new Response(client.readable).text().catch(() => {});
  assert(broken > 0);
  assertEquals(await curl("--cacert", place.certPath, secureUrl(443, "/z")), "secret /z");
});

Deno.test("node:http2: plain with prior knowledge, and over TLS by ALPN", async () => {
  await using place = await openPlace();
  const answer = (request: http2.Http2ServerRequest, response: http2.Http2ServerResponse) =>
    void response.end(`h${request.httpVersion} ${request.url}`);
  await using _a = attach(http2.createServer(answer), place.net, { port: 80 });
  const { cert, key } = place;
  await using _b = attach(http2.createSecureServer({ cert, key }, answer), place.net, {
    port: 443,
  });
  assertEquals(await curl("--http2-prior-knowledge", url(80, "/a")), "h2.0 /a");
  assertEquals(
    await curl("--http2", "--cacert", place.certPath, secureUrl(443, "/b")),
    "h2.0 /b",
  );
});

Deno.test("ws: a server, with a client on the kernel", async () => {
  await using place = await openPlace();
  const server = http.createServer();
  const sockets = new WebSocketServer({ server });
  sockets.on("connection", (socket) => {
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  await using _ = attach(server, place.net, { port: 80 });
  const client = new WebSocket(`ws://${STACK}:80/`);
  const echoed = Promise.withResolvers<number>();
  client.on("open", () => client.send(new Uint8Array(100_000)));
  client.on("message", (data: Uint8Array) => echoed.resolve(data.length));
  client.on("error", echoed.reject);
  assertEquals(await echoed.promise, 100_000);
  const closed = new Promise((resolve) => client.on("close", (code) => resolve(code)));
  client.close(1000);
  assertEquals(await closed, 1000);
});

Deno.test("express 5: routes, JSON, static headers, errors, load", async () => {
  await using place = await openPlace();
  const app = express();
  app.use(express.json());
  app.get("/users/:id", (request, response) => {
    response.json({ id: request.params.id, ip: request.ip });
  });
  app.post("/sum", (request, response) => {
    const { a, b } = request.body as { a: number; b: number };
    response.json({ sum: a + b });
  });
  const server = http.createServer(app);
  await using _ = attach(server, place.net, { port: 80 });
  assertEquals(JSON.parse(await curl(url(80, "/users/7"))), { id: "7", ip: HOST });
  const json = ["--header", "content-type: application/json"];
  assertEquals(
    JSON.parse(await curl(...json, "--data", `{"a":2,"b":3}`, url(80, "/sum"))),
    { sum: 5 },
  );
  const status = await curl("--no-fail", "--output", "-", "--write-out", "%{http_code}", url(80));
  assert(status.endsWith("404"), status);
  assert(await wrk(url(80, "/users/7")) > 0);
});

Deno.test("hono 4: routes, parameters, a streamed body", async () => {
  await using place = await openPlace();
  const app = new Hono();
  app.get("/hello/:name", (context) => context.text(`hello ${context.req.param("name")}`));
  app.post("/length", async (context) => context.json((await context.req.text()).length));
  app.get(
    "/stream",
    () => new Response(ReadableStream.from([new Uint8Array(3), new Uint8Array(4)])),
  );
  const server = http.createServer(getRequestListener(app.fetch));
  await using _ = attach(server, place.net, { port: 80 });
  assertEquals(await curl(url(80, "/hello/woshou")), "hello woshou");
  assertEquals(await curlPost(70_000, url(80, "/length")), "70000");
  assertEquals((await curl(url(80, "/stream"))).length, 7);
  assert(await wrk(url(80, "/hello/load")) > 0);
});

Deno.test("hono 4 on net.serve, as it is", async () => {
  await using place = await openPlace();
  const app = new Hono();
  app.get("/hello/:name", (context) => context.text(`hello ${context.req.param("name")}`));
  app.post("/json", async (context) => context.json(await context.req.json()));
  await using _ = place.net.serve({ port: 80, onListen: () => {} }, app.fetch);
  assertEquals(await curl(url(80, "/hello/woshou")), "hello woshou");
  assertEquals(await curl("--data", `{"a":[1]}`, url(80, "/json")), `{"a":[1]}`);
  assert(await wrk(url(80, "/hello/load")) > 0);
});

Deno.test("fastify 5: serverFactory, schema, hooks", async () => {
  await using place = await openPlace();
  let server: http.Server | undefined;
  const app = fastify({
    serverFactory: (handler) => server = http.createServer(handler),
  });
  app.get("/hello/:name", (request) => ({
    hello: (request.params as { name: string }).name,
    ip: request.ip,
  }));
  await app.ready();
  await using _ = attach(server!, place.net, { port: 80 });
  assertEquals(JSON.parse(await curl(url(80, "/hello/x"))), { hello: "x", ip: HOST });
  assert(await wrk(url(80, "/hello/load")) > 0);
});

Deno.test("net.serve: curl, openssl s_client and wrk", async () => {
  await using place = await openPlace();
  const { cert, key } = place;
  const handler = async (request: Request, info: Deno.ServeHandlerInfo<Deno.NetAddr>) => {
    if (request.method === "POST") return new Response(request.body);
    await Promise.resolve();
    return new Response(`${new URL(request.url).protocol} ${info.remoteAddr.hostname}`);
  };
  const onListen = () => {};
  await using plain = place.net.serve({ port: 80, onListen }, handler);
  await using secure = place.net.serve({ port: 443, cert, key, onListen }, handler);
  assertEquals(await curl(url(80)), `http: ${HOST}`);
  assertEquals(await curl("--cacert", place.certPath, secureUrl(443)), `https: ${HOST}`);
  const text = await tlsClient(place, 443, "GET / HTTP/1.0\r\n\r\n");
  assert(text.includes(`https: ${HOST}`), text);
  assertEquals((await curlPost(300_000, url(80))).length, 300_000);
  const secret = await curlPost(300_000, "--cacert", place.certPath, secureUrl(443));
  assertEquals(secret.length, 300_000);
  assert(await wrk(url(80)) > 0);
  assert(await wrk(secureUrl(443)) > 0);
  using nonsense = await Deno.connect({ hostname: STACK, port: 443 });
  await nonsense.write(new TextEncoder().encode("not TLS\r\n\r\n"));
  await new Response(nonsense.readable).text().catch(() => {});
  assertEquals(secure.stats.tlsErrors, 1);
  assert(plain.stats.requests > 0);
});
