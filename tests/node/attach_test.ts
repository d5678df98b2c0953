/** A server of Node that is attached to a stack; what runs on it is tried in tests/frameworks/. */

import { assert, assertEquals } from "@std/assert";
import * as http from "node:http";
import { attach } from "../../src/node/mod.ts";
import { openAlone, untilEmpty } from "../net/worlds.ts";
import { HttpClient } from "./http_client.ts";

Deno.test("attach: keep-alive, and close waits for what is under way", async () => {
  await using net = await openAlone();
  const slow = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const server = http.createServer(async (request, response) => {
    if (request.url === "/slow") {
      begun.resolve();
      await slow.promise;
    }
    response.end(request.url);
  });
  const attached = attach(server, net, { port: 80 });
  assertEquals((server.address() as { port: number }).port, 80);
  const connect = (port: number) => net.connect({ hostname: "10.7.0.2", port });
  {
    using client = await HttpClient.open(connect, 80);
    await client.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    await client.until((text) => text.endsWith("/a"));
    await client.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
    await begun.promise;
    let closed = false;
    const closing = attached.close().then(() => closed = true);
    slow.resolve();
    assert((await client.until((text) => text.endsWith("/slow"))).includes("/a"));
    client.conn.close();
    await closing;
    assertEquals(closed, true);
  }
  await untilEmpty(net);
});
