import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { memoryPair, open, type Stack } from "../../mod.ts";
import { statusPage } from "../../src/services/status_page.ts";

interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly body: string;
}

/** A stack with `count` connections to itself, and what its page answers. */
async function withConnections(
  count: number,
  body: (
    get: (path: string) => Promise<Answer>,
    net: Stack,
  ) => void | Promise<void>,
): Promise<void> {
  await using net = await open({ device: memoryPair()[0], tcp: { maxConnections: 1024 } });
  using listener = net.listen({ port: 7 });
  for (let i = 0; i < count; i++) {
    const connecting = net.connect({ port: 7 });
    await listener.accept();
    await connecting;
  }
  await body(async (path) => {
    const response = statusPage(net, path);
    assert(response !== null, path);
    const { status, headers } = response;
    return { status, type: headers.get("content-type"), body: await response.text() };
  }, net);
}

Deno.test("the page lists the live connections and their number", async () => {
  // Goal: one row for each end, with addresses, state and counts, as HTML.
  await withConnections(2, async (get, net) => {
    const { status, type, body } = await get("/table");
    assertEquals([status, type], [200, "text/html; charset=utf-8"]);
    assertStringIncludes(body, "<title>woshou: 4 connections</title>");
    assertEquals(body.match(/<tr><td>127\.0\.0\.1:/g)?.length, 4);
    for (const { localAddr, remoteAddr } of net.connections()) {
      assertStringIncludes(body, `<td>${localAddr.hostname}:${localAddr.port}</td>`);
      assertStringIncludes(body, `<td>${remoteAddr.hostname}:${remoteAddr.port}</td>`);
    }
    assertStringIncludes(body, "<td>ESTABLISHED</td>");
    assertStringIncludes(body, "on 10.7.0.2");
    assertStringIncludes(body, "<p>none</p>");
  });
});

Deno.test("a page of a thousand connections stays small and says how many more there are", async () => {
  // Goal: what is sent does not grow with the number of connections.
  await withConnections(150, async (get) => {
    const { body } = await get("/table");
    assertEquals(body.match(/<tr><td>127\.0\.0\.1:/g)?.length, 200);
    assertStringIncludes(body, "<p>and 100 more</p>");
  });
});

Deno.test("drops are listed by reason", async () => {
  // Goal: what went wrong is on the page; here a segment to a port that nobody listens on.
  await withConnections(0, async (get, net) => {
    await net.connect({ port: 9 }).catch(() => {});
    assertStringIncludes((await get("/table")).body, "<tr><td>tcpNoConnection</td><td>");
  });
});

Deno.test("the numbers are there as JSON too", async () => {
  // Goal: what a program reads is what the API gives.
  await withConnections(1, async (get, net) => {
    const stats = await get("/stats.json");
    assertEquals([stats.status, stats.type], [200, "application/json"]);
    assertEquals(JSON.parse(stats.body), JSON.parse(JSON.stringify(net.stats())));
    const connections = JSON.parse((await get("/connections.json")).body);
    assertEquals(connections, JSON.parse(JSON.stringify(net.connections())));
    assertEquals(connections.length, 2);
  });
});

Deno.test("other paths are left to others", async () => {
  // Goal: what the page of scripts serves is not answered here.
  await using net = await open({ device: memoryPair()[0] });
  for (const path of ["/", "/missing", "/table/"]) assertEquals(statusPage(net, path), null);
});
