/** What clients may do to `net.serve` without harm: each case ends, is counted, and the server goes on. */

import { assert, assertEquals } from "@std/assert";
import type {
  ClientFault,
  HttpServer,
  ServeLimits,
  ServeOptions,
  ServeStats,
} from "../../src/net/serve.ts";
import type { Stack } from "../../mod.ts";
import { openAlone, openTwo, until, untilEmpty } from "../net/worlds.ts";
import { HttpClient } from "./http_client.ts";

const LAST = "Host: h\r\nConnection: close\r\n";
const GET = `GET / HTTP/1.1\r\n${LAST}\r\n`;

/** A server on a stack of its own. */
interface Place {
  readonly net: Stack;
  readonly server: HttpServer;
  client(): Promise<HttpClient>;
  /** Bodies that the handler has seen, and how each ended. */
  readonly seen: string[];
}

/** Runs a test with a server; afterwards it must have told of what it counts, still answer, end, and hold nothing. */
function serveTest(
  name: string,
  options: ServeOptions & { limits?: ServeLimits },
  body: (place: Place) => Promise<void>,
): void {
  Deno.test(`serve: ${name}`, async () => {
    const net = await openAlone();
    const seen: string[] = [];
    const told: Partial<Record<ClientFault, number>> = {};
    const quiet: ServeOptions = {
      onListen: () => {},
      onError: () => new Response(null, { status: 500 }),
      onClientError: (error, { remoteAddr, fault }) => {
        assert(error.message !== "" && remoteAddr.hostname === "10.7.0.2");
        told[fault] = (told[fault] ?? 0) + 1;
      },
    };
    const server = net.serve({ port: 0, ...quiet, ...options }, async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/large") return new Response("x".repeat(8 << 20));
      if (pathname === "/ignore") return new Response("ignored");
      try {
        seen.push(await request.text());
      } catch (error) {
        seen.push((error as Error).name);
        throw error;
      }
      return new Response("well");
    });
    const connect = (port: number) => net.connect({ hostname: "10.7.0.2", port });
    const client = () => HttpClient.open(connect, server.addr.port);
    try {
      await body({ net, server, client, seen });
      const { idleTimeouts: _, ...faults } = troubles(server.stats);
      assertEquals(told, faults);
      await mustAnswer(client);
      await server.shutdown();
      await untilEmpty(net);
    } finally {
      await net.close();
    }
  });
}

async function mustAnswer(client: () => Promise<HttpClient>): Promise<void> {
  using after = await client();
  await after.send(GET);
  assert((await after.all()).endsWith("well"));
}

/** Sends bytes and gives the status of what comes back. */
async function statusFor({ client }: Place, bytes: string): Promise<string> {
  using one = await client();
  await one.send(bytes);
  const text = await one.all();
  return text === "" ? "nothing" : text.slice(9, 12);
}

/** The counters that are not 0, but those that count what is well. */
function troubles(stats: ServeStats): Partial<ServeStats> {
  const { connections: _c, requests: _r, ...rest } = stats;
  return Object.fromEntries(Object.entries(rest).filter(([, count]) => count > 0));
}

const REFUSED: Readonly<Record<string, { bytes: string; status: string; stats: object }>> = {
  "no HTTP": { bytes: "\x16\x03\x01\x02\r\n\r\n", status: "400", stats: { parseErrors: 1 } },
  "no host": { bytes: "GET / HTTP/1.1\r\n\r\n", status: "400", stats: { parseErrors: 1 } },
  "two hosts": {
    bytes: "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    status: "400",
    stats: { parseErrors: 1 },
  },
  "a host that is none": {
    bytes: "GET / HTTP/1.1\r\nHost: a/b c\r\n\r\n",
    status: "400",
    stats: { parseErrors: 1 },
  },
  "CONNECT": { bytes: "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", status: "501", stats: {} },
  "TRACE": { bytes: "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", status: "501", stats: {} },
  "a header of 100 KB": {
    bytes: `GET / HTTP/1.1\r\nHost: h\r\nA: ${"x".repeat(100_000)}\r\n\r\n`,
    status: "431",
    stats: { headerOverflows: 1 },
  },
  "ten thousand headers": {
    bytes: `GET / HTTP/1.1\r\nHost: h\r\n${"A: b\r\n".repeat(10_000)}\r\n`,
    status: "431",
    stats: { headerOverflows: 1 },
  },
  "an address of 100 KB": {
    bytes: `GET /${"x".repeat(100_000)} HTTP/1.1\r\nHost: h\r\n\r\n`,
    status: "431",
    stats: { headerOverflows: 1 },
  },
  "a chunk that is none": {
    bytes: "POST /ignore HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    status: "400",
    stats: { parseErrors: 1 },
  },
};

for (const [name, { bytes, status, stats }] of Object.entries(REFUSED)) {
  serveTest(`${name} is refused`, {}, async (place) => {
    const answer = await statusFor(place, bytes);
    // What comes before the fault may have its answer already.
    assert(answer === status || (name === "a chunk that is none" && answer === "200"), answer);
    assertEquals(troubles(place.server.stats), stats);
  });
}

serveTest("many headers are a request", {}, async (place) => {
  const lines = Array.from({ length: 200 }, (_, i) => `H${i}: ${i}\r\n`).join("");
  assertEquals(await statusFor(place, `GET / HTTP/1.1\r\n${lines}${LAST}\r\n`), "200");
});

serveTest("headers that never end", { limits: { headerTimeoutMs: 60 } }, async (place) => {
  using slow = await place.client();
  await slow.send("GET / HTTP/1.1\r\nHost:");
  assert((await slow.all()).startsWith("HTTP/1.1 408"));
  using silent = await place.client();
  assert((await silent.all()).startsWith("HTTP/1.1 408"));
  assertEquals(troubles(place.server.stats), { headerTimeouts: 2 });
});

serveTest("headers drop by drop", { limits: { headerTimeoutMs: 100 } }, async (place) => {
  using slow = await place.client();
  const reading = slow.all();
  await slow.send("GET / HTTP/1.1\r\nHost: h\r\n");
  const dripping = (async () => {
    while (slow.ended === null) {
      await slow.send("A: b\r\n");
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })().catch(() => {});
  const text = await reading;
  await dripping;
  assert(text.startsWith("HTTP/1.1 4"), text);
});

serveTest("an upload that stops", { limits: { bodyTimeoutMs: 60 } }, async (place) => {
  using half = await place.client();
  await half.send(`POST / HTTP/1.1\r\nContent-Length: 100\r\n${LAST}\r\nhalf`);
  await half.all();
  assertEquals(place.seen, ["TimedOut"]);
  assertEquals(place.server.stats.bodyTimeouts, 1);
});

serveTest("an upload drop by drop", { limits: { requestTimeoutMs: 100 } }, async (place) => {
  using slow = await place.client();
  const reading = slow.all();
  await slow.send(`POST / HTTP/1.1\r\nContent-Length: 100000\r\n${LAST}\r\n`);
  const dripping = (async () => {
    while (slow.ended === null) {
      await slow.send("x");
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })().catch(() => {});
  await reading;
  await dripping;
  assertEquals(place.seen, ["TimedOut"]);
  assertEquals(place.server.stats.bodyTimeouts, 1);
});

serveTest("a client that goes within its upload", {}, async (place) => {
  const client = await place.client();
  await client.send(`POST / HTTP/1.1\r\nContent-Length: 100\r\n${LAST}\r\nhalf`);
  await until(() => place.server.stats.requests === 1, "the request has begun");
  client.conn.close();
  await until(() => place.seen.length === 1, "the handler has heard of it");
  assertEquals(place.seen, ["ConnectionReset"]);
  assertEquals(place.server.stats.disconnects, 1);
});

serveTest("a connection that stays idle", { limits: { idleTimeoutMs: 60 } }, async (place) => {
  using idle = await place.client();
  await idle.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  assert((await idle.all()).endsWith("well"));
  assertEquals(troubles(place.server.stats), { idleTimeouts: 1 });
});

serveTest("a client that reads nothing", { limits: { writeTimeoutMs: 100 } }, async (place) => {
  using deaf = await place.client();
  await deaf.send(`GET /large HTTP/1.1\r\n${LAST}\r\n`);
  await until(() => place.server.stats.writeTimeouts === 1, "it has been given up");
  const text = await deaf.all();
  assert(text.length < 8 << 20);
  assertEquals(deaf.ended, "ConnectionReset");
});

serveTest("a body that nobody reads ends the connection, not the answer", {}, async (place) => {
  using client = await place.client();
  await client.send("POST /ignore HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n");
  const text = await client.until((received) => received.endsWith("ignored"));
  assert(text.includes("connection: close"), text);
  await client.send("x".repeat(100_000));
  await client.all();
  assertEquals(client.ended, "eof");
});

Deno.test("serve: a log that fails does no harm", async () => {
  const printed: unknown[] = [];
  const before = console.error;
  console.error = (...words) => void printed.push(...words);
  const failure = new Error("the disk is full");
  const net = await openAlone();
  try {
    const onClientError = () => {
      throw failure;
    };
    const server = net.serve(
      { port: 0, onListen: () => {}, onClientError },
      () => new Response("well"),
    );
    const connect = (port: number) => net.connect({ hostname: "10.7.0.2", port });
    using bad = await HttpClient.open(connect, server.addr.port);
    await bad.send("\r\n no HTTP\r\n\r\n");
    assert((await bad.all()).startsWith("HTTP/1.1 400"));
    await mustAnswer(() => HttpClient.open(connect, server.addr.port));
    await server.shutdown();
  } finally {
    console.error = before;
    await net.close();
  }
  assertEquals(printed, [failure]);
});

serveTest("a request for another protocol is answered as any other", {}, async (place) => {
  using client = await place.client();
  const upgrade = "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n";
  await client.send(upgrade + GET);
  assertEquals((await client.all()).split("HTTP/1.1 200").length - 1, 2);
});

serveTest("a thousand requests in one piece", {}, async (place) => {
  using client = await place.client();
  const sending = client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n".repeat(999) + GET);
  const [text] = await Promise.all([client.all(), sending]);
  assertEquals(text.split("HTTP/1.1 200").length - 1, 1000);
});

Deno.test("serve: the handler's pace is the client's: an upload waits for its reader", async () => {
  // Two stacks, so that what waits in the server's own memory is the server's alone.
  const [client, net] = await openTwo();
  const go = Promise.withResolvers<void>();
  const size = 16 << 20;
  const server = net.serve({ port: 0, onListen: () => {} }, async (request) => {
    const reader = request.body!.getReader();
    let count = (await reader.read()).value!.length;
    await go.promise;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return new Response(String(count));
      count += value.length;
    }
  });
  using one = await HttpClient.open(
    (port) => client.connect({ hostname: "10.7.0.2", port }),
    server.addr.port,
  );
  let sent = 0;
  const sending = (async () => {
    await one.send(`POST / HTTP/1.1\r\nContent-Length: ${size}\r\n${LAST}\r\n`);
    const part = new Uint8Array(65_536);
    while (sent < size) sent += await one.conn.write(part.subarray(0, size - sent));
  })();
  let before = -1;
  await until(() => {
    const isSteady = sent === before;
    before = sent;
    return isSteady && sent > 0;
  }, "nothing more is taken");
  assert(sent < size, `${sent} of ${size} bytes were taken though nobody read them`);
  go.resolve();
  await sending;
  assert((await one.all()).endsWith(`\r\n\r\n${size}`));
  await server.shutdown();
  await Promise.all([client.close(), net.close()]);
});

Deno.test("serve: an unreferenced server lets the process end", async () => {
  const script = new URL("./serve_child.ts", import.meta.url).pathname;
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-prompt", script],
    signal: AbortSignal.timeout(20_000),
  }).output();
  assertEquals([success, new TextDecoder().decode(stdout)], [true, "served\n"]);
});
