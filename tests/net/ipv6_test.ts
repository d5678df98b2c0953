/** What the API does with IPv6: the same as Deno on the kernel does, where a kernel can be asked. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { memoryPair, open, type Stack } from "../../mod.ts";
import { TraceKind } from "../../src/pipeline/trace_ring.ts";
import { testNeeding } from "../support/skip.ts";
import { failure, openAlone, openTwo, turn } from "./worlds.ts";

/** What Deno and a stack have in common here. */
interface Network {
  listen(
    options: { hostname: string; port: number },
  ): Deno.TcpListener | ReturnType<Stack["listen"]>;
  connect(options: { hostname: string; port: number }): Promise<Deno.TcpConn>;
}

/** The addresses that a connection to `hostname` shows: the client's, then those of who accepted it. */
async function shown(net: Network, hostname: string, listenAt: string): Promise<string[]> {
  using listener = net.listen({ hostname: listenAt, port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const [client, server] = await Promise.all([
    net.connect({ hostname, port }),
    listener.accept(),
  ]);
  const names = [client.localAddr, client.remoteAddr, server.localAddr, server.remoteAddr];
  client.close();
  server.close();
  return [(listener.addr as Deno.NetAddr).hostname, ...names.map((addr) => addr.hostname)];
}

/** Where one connects to, and where somebody listens, with what is shown. */
const SHOWN: readonly (readonly [hostname: string, listenAt: string, shown: string[]])[] = [
  ["127.0.0.1", "::", ["::", ...pairOf("127.0.0.1"), ...pairOf("::ffff:127.0.0.1")]],
  ["::1", "::", ["::", ...pairOf("::1"), ...pairOf("::1")]],
  ["[::1]", "::", ["::", ...pairOf("::1"), ...pairOf("::1")]],
  ["::ffff:127.0.0.1", "::", ["::", ...pairOf("::ffff:127.0.0.1"), ...pairOf("::ffff:127.0.0.1")]],
  ["0.0.0.0", "::", ["::", ...pairOf("127.0.0.1"), ...pairOf("::ffff:127.0.0.1")]],
  ["::", "::", ["::", ...pairOf("::1"), ...pairOf("::1")]],
  ["::1", "0:0:0:0:0:0:0:1", ["::1", ...pairOf("::1"), ...pairOf("::1")]],
  ["::ffff:127.0.0.1", "0.0.0.0", [
    "0.0.0.0",
    ...pairOf("::ffff:127.0.0.1"),
    ...pairOf("127.0.0.1"),
  ]],
  ["127.0.0.1", "::ffff:127.0.0.1", [
    "::ffff:127.0.0.1",
    ...pairOf("127.0.0.1"),
    ...pairOf("::ffff:127.0.0.1"),
  ]],
];

function pairOf(name: string): [string, string] {
  return [name, name];
}

Deno.test("a listener on :: takes both families and shows mapped addresses", async () => {
  await using net = await openAlone();
  for (const [hostname, listenAt, expected] of SHOWN) {
    assertEquals(await shown(net, hostname, listenAt), expected, `${hostname} at ${listenAt}`);
  }
});

testNeeding({ tun: true }, "Deno on the kernel shows the same addresses", async () => {
  // Goal: the table above is Deno's behaviour and not an opinion.
  for (const [hostname, listenAt, expected] of SHOWN) {
    assertEquals(await shown(Deno, hostname, listenAt), expected, `${hostname} at ${listenAt}`);
  }
});

Deno.test("localhost is both loopback addresses, unless autoSelectFamily is false", async () => {
  // Goal: whoever listens is found, on either; what nobody answers is refused.
  await using net = await openAlone();
  for (const hostname of ["127.0.0.1", "::1"]) {
    using listener = net.listen({ hostname, port: 80 });
    const [client, server] = await Promise.all([
      net.connect({ hostname: "localhost", port: 80 }),
      listener.accept(),
    ]);
    assertEquals(client.remoteAddr.hostname, hostname);
    client.close();
    server.close();
  }
  using _listener = net.listen({ hostname: "::1", port: 80 });
  const only = { hostname: "localhost", port: 80, autoSelectFamily: false };
  assertEquals((await failure(() => net.connect(only))).name, "ConnectionRefused");
  const nobody = await failure(() => net.connect({ hostname: "localhost", port: 81 }));
  assertStringIncludes(nobody.message, "nothing listens on [::1]:81");
  const controller = new AbortController();
  controller.abort(new Error("not today"));
  const { signal } = controller;
  const aborted = await failure(() => net.connect({ hostname: "localhost", port: 81, signal }));
  assertEquals(aborted.message, "not today");
});

Deno.test("ipv6Only leaves IPv4 to another listener", async () => {
  await using net = await openAlone();
  using six = net.listen({ hostname: "::", port: 80, ipv6Only: true });
  using four = net.listen({ hostname: "0.0.0.0", port: 80 });
  for (const [listener, hostname] of [[six, "fd07::2"], [four, "10.7.0.2"]] as const) {
    const [client, server] = await Promise.all([
      net.connect({ hostname, port: 80 }),
      listener.accept(),
    ]);
    assertEquals(server.localAddr.hostname, hostname);
    client.close();
    server.close();
  }
  const taken = await failure(() => net.listen({ hostname: "::", port: 80 }));
  assertEquals([taken.name, taken.code], ["AddrInUse", "EADDRINUSE"]);
  assertStringIncludes(taken.message, "[::]:80");
  // The caller may not be a TypeScript program.
  const wrong = { hostname: "::", port: 81, ipv6Only: 1 as unknown as boolean };
  assertEquals((await failure(() => net.listen(wrong))).name, "TypeError");
});

Deno.test("a port of :: is taken for both families, as on the kernel", async () => {
  await using net = await openAlone();
  using _dual = net.listen({ hostname: "::", port: 80 });
  for (const hostname of ["0.0.0.0", "127.0.0.1", "10.7.0.2", "::1", "fd07::2", "::"]) {
    assertEquals((await failure(() => net.listen({ hostname, port: 80 }))).name, "AddrInUse");
  }
  using _four = net.listen({ hostname: "10.7.0.2", port: 81 });
  assertEquals((await failure(() => net.listen({ hostname: "::", port: 81 }))).name, "AddrInUse");
  using _six = net.listen({ hostname: "fd07::2", port: 81 });
});

Deno.test("addresses that are not the stack's, or of no family that it has", async () => {
  // Goal: each names the address and what is wrong with it.
  await using both = await openAlone();
  const notOwn = await failure(() => both.listen({ hostname: "fd07::3", port: 80 }));
  assertEquals([notOwn.name, notOwn.code], ["AddrNotAvailable", "EADDRNOTAVAIL"]);
  assertStringIncludes(notOwn.message, "10.7.0.2, fd07::2");
  for (const hostname of ["ff02::1", "224.0.0.1"]) {
    const multicast = await failure(() => both.connect({ hostname, port: 80 }));
    assertEquals([multicast.name, multicast.code], ["NetworkUnreachable", "ENETUNREACH"]);
    assertStringIncludes(multicast.message, "multicast");
  }
  await using four = await open({ device: memoryPair()[0], address: "10.7.0.2/24" });
  await using six = await open({ device: memoryPair()[0], address: "fd07::2/64" });
  for (const [net, hostname, family] of [[four, "2001:db8::1", "IPv6"], [six, "1.1.1.1", "IPv4"]]) {
    const call = () => (net as Stack).connect({ hostname: hostname as string, port: 80 });
    const error = await failure(call);
    assertEquals([error.name, error.code], ["NetworkUnreachable", "ENETUNREACH"]);
    assertStringIncludes(error.message, `the stack has no ${family} address`);
  }
  for (const hostname of ["fd07::2::", "[fd07::2", "[10.7.0.2]", ""]) {
    const error = await failure(() => both.connect({ hostname, port: 80 }));
    assertEquals(error.name, "URIError", hostname);
    assertStringIncludes(error.message, `'${hostname}'`);
  }
  for (const hostname of ["fd07::2%eth0", "example.com"]) {
    const error = await failure(() => both.connect({ hostname, port: 80 }));
    assertEquals(error.name, "TypeError", hostname);
    assertStringIncludes(error.message, `"${hostname}"`);
  }
});

Deno.test("the source is an address of the destination's network and family", async () => {
  // Goal: with several addresses, the one that the peer can answer to directly.
  const [a, b] = memoryPair();
  const address = ["fd01::1/64", "fd02::1/64", "10.1.0.1/24", "10.2.0.1/24"];
  await using client = await open({ device: a, address });
  const there = ["fd02::2/64", "10.2.0.2/24", "fd99::9/64", "fd01::2/64"];
  await using server = await open({ device: b, address: there });
  using listener = server.listen({ hostname: "::", port: 80 });
  const sources = ["fd02::2", "10.2.0.2", "fd99::9", "fd01::2"].map(async (hostname) => {
    using conn = await client.connect({ hostname, port: 80 });
    return conn.localAddr.hostname;
  });
  assertEquals(await Promise.all(sources), ["fd02::1", "10.2.0.1", "fd01::1", "fd01::1"]);
  for (let i = 0; i < 4; i++) (await listener.accept()).close();
});

Deno.test("a device that is too small for IPv6 is refused, and IPv4 alone may have it", async () => {
  const small = () => memoryPair({ mtu: 1279 })[0];
  const error = await failure(() => open({ device: small(), address: ["10.7.0.2/24", "fd07::2"] }));
  assertEquals(error.name, "RangeError");
  assertStringIncludes(error.message, "mtu: 1279 is too small for fd07::2: IPv6 needs 1280 bytes");
  await using _net = await open({ device: small(), address: "10.7.0.2/24" });
});

Deno.test("segments over IPv6 carry the MSS and one flow label of their connection", async () => {
  // Goal: the MTU less 60 bytes; every segment of a connection has its label, and two have two.
  const labels = new Map<number, Set<number>>();
  const mss = new Set<number>();
  const [a, b] = memoryPair();
  await using client = await open({
    device: a,
    address: "fd07::1/64",
    trace: ({ kind, segment }) => {
      if (kind !== TraceKind.segmentOut) return;
      if (segment.mss > 0) mss.add(segment.mss);
      labels.set(
        segment.srcPort,
        (labels.get(segment.srcPort) ?? new Set()).add(segment.flowLabel),
      );
    },
  });
  await using server = await open({ device: b, address: "fd07::2/64" });
  using listener = server.listen({ hostname: "fd07::2", port: 80 });
  for (let i = 0; i < 2; i++) {
    using conn = await client.connect({ hostname: "fd07::2", port: 80 });
    using peer = await listener.accept();
    await conn.write(new Uint8Array(5000));
    await peer.read(new Uint8Array(5000));
    assertEquals(peer.info().mssReceiveBytes, 1440 - 12);
  }
  for (let i = 0; i < 20; i++) await turn();
  assertEquals([...mss], [1440]);
  const found = [...labels.values()].map((set) => [...set]);
  assertEquals(found.map((set) => set.length), [1, 1]);
  assert(found.every(([label]) => label > 0) && found[0][0] !== found[1][0], `${found}`);
});

Deno.test("two stacks without IPv6 addresses in common do not hear each other", async () => {
  // Goal: a stack drops what is for others, over IPv6 too.
  const [one, two] = await openTwo();
  const signal = AbortSignal.timeout(50);
  await failure(() => one.connect({ hostname: "fd07::99", port: 80, signal }));
  assertEquals(two.stats().drops.ipDestinationForeign, 1);
  await Promise.all([one.close(), two.close()]);
});
