import { assertEquals, assertMatch } from "@std/assert";
import { httpProxy } from "../../examples/http_proxy.ts";
import { openStack, STACK } from "../support/stack.ts";
import { openTwo, readAll, writeAll } from "../net/worlds.ts";
import { testNeeding } from "../support/skip.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** An origin on the kernel that says what it was asked. */
function origin(): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { pathname, search } = new URL(request.url);
    const names = [...request.headers.keys()].filter((name) => name.startsWith("proxy"));
    const length = (await request.arrayBuffer()).byteLength;
    return new Response(`${request.method} ${pathname}${search} ${length} [${names}]`);
  });
}

Deno.test("http_proxy: absolute URIs, CONNECT, and requests that are none", async () => {
  const [client, net] = await openTwo();
  await using server = origin();
  const { port } = server.addr;
  using _proxy = httpProxy(net, 3128);
  const ask = async (text: string) => {
    using conn = await client.connect({ hostname: "10.7.0.2", port: 3128 });
    await writeAll(conn, encoder.encode(text));
    return decoder.decode(await readAll(conn));
  };
  const host = `127.0.0.1:${port}`;
  const get = await ask(
    `GET http://${host}/a?b=1 HTTP/1.1\r\nHost: ${host}\r\nProxy-Connection: keep-alive\r\n\r\n`,
  );
  assertMatch(get, /^HTTP\/1\.1 200 OK[^]*GET \/a\?b=1 0 \[\]$/);
  const post = await ask(
    `POST http://${host}/p HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 5\r\n\r\nhello`,
  );
  assertMatch(post, /POST \/p 5 \[\]$/);
  const tunnel = await ask(
    `CONNECT ${host} HTTP/1.1\r\n\r\nGET /t HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
  );
  assertMatch(tunnel, /^HTTP\/1\.1 200 Connection established\r\n\r\nHTTP\/1\.1 200[^]*GET \/t 0/);
  assertMatch(await ask("hello\r\n\r\n"), /^HTTP\/1\.1 400 /);
  assertMatch(await ask("GET /relative HTTP/1.1\r\n\r\n"), /^HTTP\/1\.1 400 /);
  assertMatch(await ask("CONNECT host HTTP/1.1\r\n\r\n"), /^HTTP\/1\.1 400 /);
  assertMatch(await ask(`GET ${"x".repeat(16_384)}`), /^HTTP\/1\.1 431 /);
  assertMatch(await ask("CONNECT 127.0.0.1:1 HTTP/1.1\r\n\r\n"), /^HTTP\/1\.1 502 /);
  await Promise.all([client.close(), net.close()]);
});

testNeeding(
  { tun: true, programs: ["ip", "curl"] },
  "http_proxy: curl goes through it",
  async () => {
    await using net = await openStack({ device: "wshttp0" });
    await using server = origin();
    using _proxy = httpProxy(net, 3128);
    const url = `http://127.0.0.1:${server.addr.port}/curl`;
    for (const flags of [[], ["--proxytunnel"]]) {
      const { stdout, stderr } = await new Deno.Command("curl", {
        args: [
          "-sS",
          "--max-time",
          "10",
          "--noproxy",
          "",
          "--proxy",
          `http://${STACK}:3128`,
          ...flags,
          url,
        ],
      }).output();
      assertEquals(decoder.decode(stdout), "GET /curl 0 []", decoder.decode(stderr));
    }
  },
);
