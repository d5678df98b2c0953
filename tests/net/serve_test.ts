/** `net.serve` beside `Deno.serve`: the same handler, the same bytes sent, and the same answers wanted. */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { Stack } from "../../mod.ts";
import { comparable, type Connect, HttpClient } from "../node/http_client.ts";
import { openAlone, untilEmpty } from "./worlds.ts";

/** What is called in both. */
interface Served extends AsyncDisposable {
  readonly addr: Deno.NetAddr;
  readonly finished: Promise<void>;
  shutdown(): Promise<void>;
  ref(): void;
  unref(): void;
}

interface Place {
  readonly name: string;
  serve(options: Deno.ServeTcpOptions, handler: Deno.ServeHandler<Deno.NetAddr>): Served;
  readonly connect: Connect;
}

const kernel: Place = {
  name: "Deno.serve",
  serve: (options, handler) =>
    Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {}, ...options }, handler),
  connect: (port) => Deno.connect({ hostname: "127.0.0.1", port }),
};

function onStack(net: Stack): Place {
  return {
    name: "net.serve",
    serve: (options, handler) => net.serve({ port: 0, onListen: () => {}, ...options }, handler),
    connect: (port) => net.connect({ hostname: "10.7.0.2", port }),
  };
}

/** Runs a test in both places and demands the same result. */
function parity(name: string, body: (place: Place) => Promise<unknown>): void {
  Deno.test(`serve: ${name}, as Deno.serve`, async () => {
    const expected = await body(kernel);
    const net = await openAlone();
    try {
      assertEquals(await body(onStack(net)), expected);
      await untilEmpty(net);
    } finally {
      await net.close();
    }
  });
}

/** A response without headers by which it does not matter how it is said that it ends. */
async function answerTo(place: Place, handler: Deno.ServeHandler<Deno.NetAddr>, request: string) {
  await using server = place.serve(
    { onError: () => new Response("oops", { status: 500 }) },
    handler,
  );
  using client = await HttpClient.open(place.connect, server.addr.port);
  await client.send(request);
  return comparable(await client.all());
}

const LAST = "Host: h\r\nConnection: close\r\n";
const bytes = (text: string) => new TextEncoder().encode(text);
const streamOf = (...parts: string[]) => ReadableStream.from(parts.map(bytes));

const HANDLERS: Readonly<
  Record<string, (request: Request) => Response | Promise<Response>>
> = {
  "a text": () => new Response("hé"),
  "bytes": () => new Response(bytes("abc")),
  "JSON": () => Response.json({ a: 1 }),
  "nothing": () => new Response(),
  "204": () => new Response(null, { status: 204 }),
  "304": () => new Response(null, { status: 304 }),
  "another status": () => new Response("x", { status: 404 }),
  "a redirect": () => Response.redirect("http://h/else"),
  "a promise": async () => {
    await Promise.resolve();
    return new Response("late");
  },
  "headers, two cookies": () => {
    const headers = new Headers({ "X-A": "1" });
    headers.append("set-cookie", "a=1");
    headers.append("set-cookie", "b=2");
    return new Response("x", { headers });
  },
  "a stream": () => new Response(streamOf("one", "two")),
  "a stream of known length": () =>
    new Response(streamOf("one", "two"), { headers: { "content-length": "6" } }),
  "a Blob": () => new Response(new Blob(["ab", "cd"]).stream()),
  "a form": () => new Response(new URLSearchParams({ a: "b c" })),
  "the handler throws": () => {
    throw new Error("on purpose");
  },
  "the handler rejects": () => Promise.reject(new Error("on purpose")),
  "no response": () => null as unknown as Response,
  "a used response": async () => {
    const response = new Response("x");
    await response.text();
    return response;
  },
  "the address": ({ url }) => new Response(url),
  "the method": ({ method }) => new Response(method),
  "the headers": ({ headers }) => new Response(JSON.stringify([...headers].sort())),
  "the signal": ({ signal }) => new Response(String(signal.aborted)),
  "a real Request": (request) => new Response(String(request instanceof Request)),
  "a copy of the request": (request) => new Response(new Request(request).url),
  "a clone": (request) => new Response(request.clone().headers.get("host")),
  "the body of a GET": ({ body }) => new Response(String(body)),
};

for (const [name, handler] of Object.entries(HANDLERS)) {
  parity(`GET, ${name}`, (place) => {
    return answerTo(place, handler, `GET /a/b?c=d%20e HTTP/1.1\r\nX-B: 1\r\nX-B: 2\r\n${LAST}\r\n`);
  });
}

const READERS: Readonly<Record<string, (request: Request) => Promise<Response>>> = {
  "text()": async (request) => new Response(await request.text()),
  "json()": async (request) => Response.json(await request.json()),
  "bytes()": async (request) => new Response(await request.bytes()),
  "arrayBuffer()": async (request) => new Response(await request.arrayBuffer()),
  "blob()": async (request) => new Response(await (await request.blob()).text()),
  "clone().text()": async (request) => new Response(await request.clone().text()),
  "bodyUsed": async (request) => {
    const before = request.bodyUsed;
    await request.text();
    return new Response(`${before} ${request.bodyUsed}`);
  },
  "text() twice": async (request) => {
    await request.text();
    return new Response(await request.text().catch((error: Error) => error.name));
  },
  "a proxied copy": async (request) => new Response(await new Request("http://x/", request).text()),
  "the stream": async ({ body }) => new Response(await new Response(body).text()),
};

for (const [name, handler] of Object.entries(READERS)) {
  parity(`POST, ${name}`, async (place) => [
    await answerTo(
      place,
      handler,
      `POST / HTTP/1.1\r\nContent-Length: 7\r\n${LAST}\r\n{"a":1}`,
    ),
    await answerTo(
      place,
      handler,
      `POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n${LAST}\r\n3\r\n{"a\r\n4\r\n":1}\r\n0\r\n\r\n`,
    ),
  ]);
}

parity("HEAD says the length and sends nothing", (place) => {
  return answerTo(place, () => new Response("four"), `HEAD / HTTP/1.1\r\n${LAST}\r\n`);
});

parity("HTTP/1.0 without and with keep-alive", async (place) => {
  const plain = await answerTo(place, () => new Response("x"), "GET / HTTP/1.0\r\n\r\n");
  await using server = place.serve({}, () => new Response("x"));
  using client = await HttpClient.open(place.connect, server.addr.port);
  const request = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
  await client.send(request);
  await client.until((text) => text.endsWith("\r\n\r\nx"));
  await client.send(request);
  const twice = await client.until((text) => text.split("HTTP/1.0 200").length === 3);
  return [plain, /connection: keep-alive/.test(twice)];
});

parity("HTTP/1.0 ends a stream with the connection", (place) => {
  return answerTo(place, () => new Response(streamOf("one", "two")), "GET / HTTP/1.0\r\n\r\n");
});

parity("requests in one segment are answered in order", async (place) => {
  const paths: string[] = [];
  const slow = Promise.withResolvers<void>();
  await using server = place.serve({}, async ({ url }) => {
    paths.push(new URL(url).pathname);
    if (paths.length === 1) await slow.promise;
    return new Response(new URL(url).pathname);
  });
  using client = await HttpClient.open(place.connect, server.addr.port);
  const request = (path: string, more: string) => `GET ${path} HTTP/1.1\r\n${more}\r\n`;
  await client.send(
    request("/1", "Host: h\r\n") + request("/2", "Host: h\r\n") + request("/3", LAST),
  );
  slow.resolve();
  return (await client.all()).match(/\r\n\r\n\/\d/g);
});

parity("a body is asked for when the handler reads it", async (place) => {
  await using server = place.serve({}, async (request) => new Response(await request.text()));
  using client = await HttpClient.open(place.connect, server.addr.port);
  await client.send(`POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n${LAST}\r\n`);
  const asked = await client.until((text) => text.includes("\r\n\r\n"));
  await client.send("abc");
  return [asked, comparable((await client.all()).slice(asked.length))];
});

parity("a large body comes back through a stream", async (place) => {
  await using server = place.serve({}, ({ body }) => new Response(body));
  using client = await HttpClient.open(place.connect, server.addr.port);
  const size = 300_000;
  const sending = client.send(
    `POST / HTTP/1.1\r\nContent-Length: ${size}\r\n${LAST}\r\n${"x".repeat(size)}`,
  );
  const [text] = await Promise.all([client.all(), sending]);
  return text.split("x").length - 1;
});

parity("the signal aborts when the client goes", async (place) => {
  const aborted = Promise.withResolvers<string>();
  const begun = Promise.withResolvers<void>();
  await using server = place.serve({}, ({ signal }) => {
    signal.addEventListener("abort", () => aborted.resolve((signal.reason as Error).name));
    begun.resolve();
    return new Promise<Response>((resolve) => {
      aborted.promise.then(() => resolve(new Response("nobody")));
    });
  });
  const client = await HttpClient.open(place.connect, server.addr.port);
  await client.send(`GET / HTTP/1.1\r\n${LAST}\r\n`);
  await begun.promise;
  client.conn.close();
  return await aborted.promise;
});

parity("the body of a response is cancelled when the client goes", async (place) => {
  const cancelled = Promise.withResolvers<string>();
  await using server = place.serve({}, () =>
    new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(bytes("data: one")),
        cancel: () => cancelled.resolve("cancelled"),
      }),
    ));
  const client = await HttpClient.open(place.connect, server.addr.port);
  await client.send(`GET / HTTP/1.1\r\n${LAST}\r\n`);
  await client.until((text) => text.includes("data: one"));
  client.conn.close();
  return await cancelled.promise;
});

parity("a body that comes while the request before it is answered", async (place) => {
  const slow = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  await using server = place.serve({}, async (request) => {
    if (request.method === "POST") return new Response(await request.text());
    begun.resolve();
    await slow.promise;
    return new Response("first");
  });
  using client = await HttpClient.open(place.connect, server.addr.port);
  const second = `POST / HTTP/1.1\r\nContent-Length: 6\r\n${LAST}\r\nabc`;
  await client.send(`GET / HTTP/1.1\r\nHost: h\r\n\r\n${second}`);
  await begun.promise;
  slow.resolve();
  await client.until((text) => text.endsWith("first"));
  await client.send("def");
  return (await client.all()).split("\r\n\r\n").at(-1);
});

parity("the handler is told the client's address, and when it is done", async (place) => {
  const done = Promise.withResolvers<string>();
  await using server = place.serve({}, (_request, info) => {
    info.completed.then(() => done.resolve("completed"));
    return new Response(`${info.remoteAddr.transport} ${info.remoteAddr.port}`);
  });
  using client = await HttpClient.open(place.connect, server.addr.port);
  await client.send(`GET / HTTP/1.1\r\n${LAST}\r\n`);
  const { body } = comparable(await client.all());
  return [await done.promise, body === `tcp ${(client.conn.localAddr as Deno.NetAddr).port}`];
});

parity("shutdown ends idle connections and waits for the others", async (place) => {
  const slow = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const server = place.serve({}, async () => {
    begun.resolve();
    await slow.promise;
    return new Response("late");
  });
  using busy = await HttpClient.open(place.connect, server.addr.port);
  using idle = await HttpClient.open(place.connect, server.addr.port);
  await busy.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  await begun.promise;
  let finished = false;
  const ending = server.shutdown().then(() => finished = true);
  const quiet = await idle.all();
  const early = finished;
  slow.resolve();
  const { body } = comparable(await busy.all());
  await Promise.all([ending, server.finished]);
  return [quiet, idle.ended, early, body, finished];
});

parity("an aborted signal ends everything", async (place) => {
  const controller = new AbortController();
  const begun = Promise.withResolvers<void>();
  const server = place.serve({ signal: controller.signal }, () => {
    begun.resolve();
    return new Promise<Response>(() => {});
  });
  using busy = await HttpClient.open(place.connect, server.addr.port);
  await busy.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  await begun.promise;
  controller.abort();
  const received = await busy.all();
  await server.finished;
  return received;
});

parity("refusals: garbage, two lengths, length and chunks", async (place) => {
  const results: string[] = [];
  for (
    const request of [
      "\x01\x02\r\n\r\n",
      `POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n${LAST}\r\nabc`,
      `POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n${LAST}\r\n0\r\n\r\n`,
    ]
  ) {
    const { head, body } = await answerTo(place, () => new Response("never"), request);
    results.push(`${head[0]} ${body}`);
  }
  return results;
});

Deno.test("serve: wrong arguments throw as Deno's do", async () => {
  await using net = await openAlone();
  const handler = () => new Response();
  using taken = net.listen({ port: 0 });
  const calls: [() => unknown, new () => Error][] = [
    [() => net.serve({ port: 0 } as never), TypeError],
    [() => net.serve("x" as never), TypeError],
    [() => net.serve({ port: 0, cert: "x" }, handler), TypeError],
    [() => net.serve({ port: 70_000 }, handler), RangeError],
    [() => net.serve({ port: 0, limits: { idleTimeoutMs: 0 } }, handler), RangeError],
    [() => net.serve({ port: taken.addr.port }, handler), Deno.errors.AddrInUse],
    [() => net.serve({ port: 0, hostname: "10.9.9.9" }, handler), Deno.errors.AddrNotAvailable],
  ];
  for (const [call, kind] of calls) assertThrows(call, kind);
});

Deno.test("serve: a certificate that is none ends the server, and its port is free again", async () => {
  await using net = await openAlone();
  const wrong = { cert: "no certificate", key: "no key", onListen: () => {} };
  const server = net.serve({ port: 443, ...wrong }, () => new Response());
  await assertRejects(() => server.finished);
  using _ = net.listen({ port: 443 });
});

Deno.test("serve: all forms of the arguments", async () => {
  await using net = await openAlone();
  const handler = () => new Response("x");
  const ports: number[] = [];
  const onListen = ({ port }: Deno.NetAddr) => void ports.push(port);
  await using _a = net.serve({ port: 0, onListen }, handler);
  await using _b = net.serve({ port: 0, onListen, handler });
  const log = console.log;
  const lines: string[] = [];
  console.log = (line: string) => void lines.push(line);
  try {
    await using c = net.serve(handler);
    assertEquals(c.addr.port, 8000);
  } finally {
    console.log = log;
  }
  assertEquals(ports.length, 2);
  assertEquals(lines, ["Listening on http://0.0.0.0:8000/"]);
});
