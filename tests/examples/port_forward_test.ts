import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { forwardPort, parseRoute, reversePort } from "../../examples/port_forward.ts";
import { openTwo, readAll, untilEmpty, writeAll } from "../net/worlds.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A server on the kernel that answers when the client has ended its side. */
function kernelServer(): Deno.TcpListener {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  (async () => {
    for await (const conn of listener) {
      const got = await readAll(conn);
      await writeAll(conn, encoder.encode(`kernel got ${got.length}`));
      conn.close();
    }
  })();
  return listener;
}

Deno.test("port_forward: a port of the stack leads to the kernel, half-close included", async () => {
  const [client, net] = await openTwo();
  const server = kernelServer();
  const listener = forwardPort(net, { port: 8080, to: server.addr });
  const conn = await client.connect({ hostname: "10.7.0.2", port: 8080 });
  await writeAll(conn, new Uint8Array(500_000));
  await conn.closeWrite();
  assertEquals(decoder.decode(await readAll(conn)), "kernel got 500000");
  conn.close();
  await untilEmpty(net);
  // Where nobody listens the client hears of it.
  server.close();
  const refused = await client.connect({ hostname: "10.7.0.2", port: 8080 });
  await assertRejects(() => readAll(refused), Deno.errors.ConnectionReset);
  refused.close();
  listener.close();
  await Promise.all([client.close(), net.close()]);
});

Deno.test("port_forward: a port of the kernel leads into the stack's network", async () => {
  const [far, net] = await openTwo();
  using listener = far.listen({ port: 22 });
  using reverse = reversePort(net, { port: 0, to: { hostname: "10.7.0.1", port: 22 } });
  const [near, conn] = await Promise.all([
    Deno.connect({ hostname: "127.0.0.1", port: reverse.addr.port }),
    listener.accept(),
  ]);
  await writeAll(near, encoder.encode("hello"));
  await near.closeWrite();
  assertEquals(decoder.decode(await readAll(conn)), "hello");
  await writeAll(conn, encoder.encode("good bye"));
  conn.close();
  assertEquals(decoder.decode(await readAll(near)), "good bye");
  near.close();
  await untilEmpty(net);
  await Promise.all([far.close(), net.close()]);
});

Deno.test("port_forward: routes are read, and what is none is refused", () => {
  assertEquals(parseRoute("80:example.test:8080", "--forward"), {
    port: 80,
    to: { hostname: "example.test", port: 8080 },
  });
  assertEquals(parseRoute("80:[fd07::1]:8080", "--forward").to.hostname, "fd07::1");
  for (const bad of ["80", "80:host", "x:host:1", "80:host:0", "80:fd07::1:8080", ":host:1"]) {
    assertThrows(() => parseRoute(bad, "--forward"), Error, "--forward");
  }
});
