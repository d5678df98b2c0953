import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { memoryPair, open, type Stack } from "../../mod.ts";
import { httpService, type PageHandler } from "../../src/services/http.ts";
import { serve } from "../../src/services/service.ts";

const hello: PageHandler = (method, path) => ({
  status: path === "/missing" ? 404 : 200,
  type: "text/plain",
  body: `${method} ${path}`,
});

/** Serves `handler` on port 80 of a stack of its own, and runs `body` with connections to it. */
async function withServer(
  handler: PageHandler,
  body: (connect: () => Promise<Deno.TcpConn>, net: Stack) => Promise<void>,
): Promise<void> {
  const net = await open({ device: memoryPair()[0] });
  const listener = net.listen({ port: 80 });
  const serving = serve(listener, httpService(handler));
  try {
    await body(() => net.connect({ port: 80 }), net);
  } finally {
    listener.close();
    await serving;
    await net.close();
  }
}

/** One response: its head, and a body of the announced length. */
async function response(
  conn: Deno.TcpConn,
  hasBody = true,
): Promise<{ head: string; body: string }> {
  let text = "";
  const buffer = new Uint8Array(10_000);
  for (;;) {
    const end = text.indexOf("\r\n\r\n");
    if (end >= 0) {
      const head = text.slice(0, end).toLowerCase();
      const length = hasBody ? Number(/content-length: (\d+)/.exec(head)?.[1] ?? 0) : 0;
      if (text.length >= end + 4 + length) return { head, body: text.slice(end + 4) };
    }
    const count = await conn.read(buffer);
    if (count === null) return { head: text.toLowerCase(), body: "" };
    text += new TextDecoder().decode(buffer.subarray(0, count));
  }
}

async function send(conn: Deno.TcpConn, text: string): Promise<void> {
  await conn.write(new TextEncoder().encode(text));
}

Deno.test("a request is answered by the handler, and the connection is kept for the next", async () => {
  // Goal: HTTP/1.1 with Node's parser on the stack's connections.
  await withServer(hello, async (connect) => {
    using conn = await connect();
    for (const path of ["/", "/a?b=c", "/missing"]) {
      await send(conn, `GET ${path} HTTP/1.1\r\nhost: stack\r\n\r\n`);
      const { head, body } = await response(conn);
      assertStringIncludes(head, path === "/missing" ? "http/1.1 404" : "http/1.1 200");
      assertStringIncludes(head, "content-type: text/plain");
      assertEquals(body, `GET ${path.replace(/\?.*/, "")}`);
    }
  });
});

Deno.test("requests that arrive in pieces or several at once are each answered", async () => {
  // Goal: segment boundaries mean nothing.
  await withServer(hello, async (connect) => {
    using conn = await connect();
    for (const piece of ["GE", "T /one HTTP/1.1\r\nho", "st: stack\r\n", "\r\n"]) {
      await send(conn, piece);
    }
    assertEquals((await response(conn)).body, "GET /one");
    await send(conn, "GET /2 HTTP/1.1\r\nhost: s\r\n\r\nGET /3 HTTP/1.1\r\nhost: s\r\n\r\n");
    let both = "";
    while (!both.includes("GET /3")) both += (await response(conn)).body;
    assertStringIncludes(both, "GET /2");
  });
});

Deno.test("HEAD has a length and no body", async () => {
  // Goal: RFC 9110 section 9.3.2.
  await withServer(hello, async (connect) => {
    using conn = await connect();
    await send(conn, "HEAD / HTTP/1.1\r\nhost: stack\r\nconnection: close\r\n\r\n");
    const { body } = await response(conn, false);
    assertEquals(body, "");
    assertEquals(await conn.read(new Uint8Array(10)), null);
  });
});

Deno.test("what is not HTTP is answered with 400 and ends the connection", async () => {
  // Goal: garbage disturbs nobody else.
  await withServer(hello, async (connect) => {
    using other = await connect();
    using conn = await connect();
    await send(conn, "\x00\x01 this is not HTTP\r\n\r\n");
    assertStringIncludes((await response(conn)).head, "http/1.1 400");
    assertEquals(await conn.read(new Uint8Array(10)), null);
    await send(other, "GET /still HTTP/1.1\r\nhost: stack\r\n\r\n");
    assertEquals((await response(other)).body, "GET /still");
  });
});

Deno.test("a client that asks and closes its side gets its answer", async () => {
  // Goal: half-close after the request, as nc -N does.
  await withServer(hello, async (connect) => {
    using conn = await connect();
    await send(conn, "GET /half HTTP/1.1\r\nhost: stack\r\nconnection: close\r\n\r\n");
    await conn.closeWrite();
    assertEquals((await response(conn)).body, "GET /half");
  });
});

Deno.test("a client that resets ends only its own connection", async () => {
  // Goal: the error stays within; the service of that connection ends.
  await withServer(hello, async (connect, net) => {
    const bad = await net.connect({ port: 80 });
    await send(bad, "GET / HTTP/1.1\r\nhost:");
    bad.abort();
    using conn = await connect();
    await send(conn, "GET /fine HTTP/1.1\r\nhost: stack\r\nconnection: close\r\n\r\n");
    assertEquals((await response(conn)).body, "GET /fine");
  });
});

Deno.test("a large page arrives whole through a small window", async () => {
  // Goal: the write side waits for room.
  const page = "x".repeat(1_000_000);
  await withServer(() => ({ status: 200, type: "text/plain", body: page }), async (connect) => {
    using conn = await connect();
    await send(conn, "GET / HTTP/1.1\r\nhost: stack\r\n\r\n");
    const { body } = await response(conn);
    assert(body === page, `${body.length} bytes`);
  });
});
