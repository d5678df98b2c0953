/** TLS over a connection of the stack, with the client of `node:tls` over another. */

import { assertEquals } from "@std/assert";
import * as tls from "node:tls";
import type { FaultyClient } from "../../mod.ts";
import { connect as connectSocket } from "../../src/node/mod.ts";
import { openAlone, until, untilEmpty } from "../net/worlds.ts";
import { runWell } from "../support/process.ts";
import { testNeeding } from "../support/skip.ts";

testNeeding(
  { programs: ["openssl"] },
  "tls: a request and its response, a client that goes, a client that speaks no TLS",
  async () => {
    const folder = await Deno.makeTempDir({ prefix: "woshou-tls-" });
    const files = ["-keyout", `${folder}/key`, "-out", `${folder}/cert`];
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    await runWell("openssl", ["req", "-x509", ...key, ...files, "-subj", "/CN=h", "-days", "2"]);
    const cert = await Deno.readTextFile(`${folder}/cert`);
    const pem = { cert, key: await Deno.readTextFile(`${folder}/key`) };
    await Deno.remove(folder, { recursive: true });
    await using net = await openAlone();
    const told: string[] = [];
    const onClientError = (_error: Error, { fault }: FaultyClient) => void told.push(fault);
    const options = { port: 443, onListen: () => {}, onClientError, ...pem };
    const server = net.serve(options, async (request) => {
      return new Response(`${request.url} ${(await request.text()).length}`);
    });
    const open = () => connectSocket(net, 443, "10.7.0.2");
    const size = 200_000;
    const client = tls.connect({ socket: open() as never, ca: cert, servername: "h" });
    await new Promise((resolve) => client.once("secureConnect", resolve));
    client.end(
      `POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: ${size}\r\n\r\n` +
        "x".repeat(size),
    );
    let text = "";
    for await (const part of client) text += part;
    assertEquals(text.split("\r\n\r\n")[1], `https://h/ ${size}`);
    const rude = open();
    rude.end("no TLS at all\r\n\r\n");
    await new Promise((resolve) => rude.on("error", () => {}).on("close", resolve).resume());
    await until(() => server.stats.tlsErrors === 1, "the broken handshake is counted");
    assertEquals(told, ["tlsErrors"]);
    await server.shutdown();
    await untilEmpty(net);
  },
);
