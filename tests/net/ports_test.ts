import { assertEquals, assertThrows } from "@std/assert";
import { type Address, ANY_IPV6, ipv4Address, LOOPBACK_IPV6 } from "../../src/base/address.ts";
import { SeededRandom } from "../../src/base/random.ts";
import { PortTable } from "../../src/net/ports.ts";
import { EPHEMERAL_FIRST, EPHEMERAL_LAST } from "../../src/tcp/ports.ts";
import { failure, parity } from "./worlds.ts";

const ANY = ipv4Address(0);
const ONE = ipv4Address(0x0a07_0001);
const TWO = ipv4Address(0x0a07_0002);

Deno.test("a port is taken once for each address, and a wildcard takes it on all of them", () => {
  // Goal: the rules of bind(2): the same address twice, or a wildcard beside anything, collide.
  const table = new PortTable();
  const random = new SeededRandom(1);
  assertEquals(table.take(ONE, 80, random), 80);
  assertEquals(table.take(TWO, 80, random), 80);
  for (const address of [ONE, TWO, ANY]) {
    assertThrows(() => table.take(address, 80, random), Deno.errors.AddrInUse, ":80;");
  }
  table.give(ONE, 80);
  assertEquals(table.take(ONE, 80, random), 80);
  table.give(ONE, 80);
  table.give(TWO, 80);
  assertEquals(table.take(ANY, 80, random), 80);
  assertThrows(() => table.take(ONE, 80, random), Deno.errors.AddrInUse);
});

Deno.test("the two families have ports of their own, unless a listener is dual", () => {
  // Goal: as Linux: :: takes 0.0.0.0's port too, unless it is for IPv6 alone.
  const random = new SeededRandom(1);
  const isFree = (first: Address, ipv6Only: boolean, second: Address) => {
    const table = new PortTable();
    table.take(first, 80, random, ipv6Only);
    try {
      return table.take(second, 80, random) === 80;
    } catch {
      return false;
    }
  };
  const combinations = [[ANY_IPV6, ANY], [ANY_IPV6, ONE], [ANY_IPV6, LOOPBACK_IPV6]] as const;
  assertEquals(combinations.map(([a, b]) => isFree(a, false, b)), [false, false, false]);
  assertEquals(combinations.map(([a, b]) => isFree(a, true, b)), [true, true, false]);
  assertEquals(combinations.map(([a, b]) => isFree(b, false, a)), [false, false, false]);
  assertEquals([isFree(ANY, false, LOOPBACK_IPV6), isFree(LOOPBACK_IPV6, false, ANY)], [
    true,
    true,
  ]);
  const table = new PortTable();
  table.take(ANY_IPV6, 80, random, true);
  table.take(ANY, 80, random);
  table.give(ANY_IPV6, 80);
  assertEquals(table.take(LOOPBACK_IPV6, 80, random), 80);
  assertThrows(() => table.take(ANY_IPV6, 80, random), Deno.errors.AddrInUse, "[::]:80;");
});

Deno.test("port 0 gives every free ephemeral port before it fails", () => {
  // Goal: no port is given twice, none outside the range of RFC 6056, and want of ports is AddrInUse.
  const table = new PortTable();
  const random = new SeededRandom(2);
  const count = EPHEMERAL_LAST - EPHEMERAL_FIRST + 1;
  const ports = new Set<number>();
  for (let i = 0; i < count; i++) ports.add(table.take(ANY, 0, random));
  assertEquals(ports.size, count);
  assertEquals([Math.min(...ports), Math.max(...ports)], [EPHEMERAL_FIRST, EPHEMERAL_LAST]);
  assertThrows(() => table.take(ANY, 0, random), Deno.errors.AddrInUse);
  table.give(ANY, 40_000);
  assertEquals(table.take(ANY, 0, random), 40_000);
});

/** What a program may pass as a port, and the error that Deno gives for it. */
const BAD_PORTS: readonly [unknown, string, string][] = [
  [65_536, "RangeError", "Invalid port (out of range): 65536"],
  [-1, "RangeError", "Invalid port (out of range): -1"],
  ["70000", "RangeError", "Invalid port (out of range): 70000"],
  [1.5, "TypeError", "Invalid port: 1.5"],
  [NaN, "TypeError", "Invalid port: NaN"],
  [Infinity, "TypeError", "Invalid port: Infinity"],
  ["http", "TypeError", "Invalid port: 'http'"],
  ["", "TypeError", "Invalid port: ''"],
  [true, "TypeError", "Invalid port (expected number): true"],
  [{}, "TypeError", "Invalid port (expected number): [object Object]"],
];

parity("an impossible port is refused with Deno's class and words", async (world) => {
  // Goal: listen and connect say the same, before anything is sent.
  for (const [value, name, message] of BAD_PORTS) {
    const port = value as number;
    const expected = { name, code: undefined, message };
    assertEquals(await failure(() => world.listen({ port })), expected);
    assertEquals(await failure(() => world.connect({ port })), expected);
  }
});

parity("port 0 cannot be connected to, and a missing port cannot either", async (world) => {
  // Goal: only listen gives 0 a meaning.
  const zero = { name: "RangeError", code: undefined, message: "Invalid port (out of range): 0" };
  assertEquals(await failure(() => world.connect({ port: 0 })), zero);
  const none = await failure(() => world.connect({} as { port: number }));
  assertEquals(none.message, "Invalid port (expected number): undefined");
});

parity("a port may be given in digits, and listen without one takes a free one", async (world) => {
  // Goal: what Deno lets through at run time works here too.
  using listener = world.listen({} as { port: number });
  const port = String(listener.addr.port) as unknown as number;
  const [client, server] = await Promise.all([world.connect({ port }), listener.accept()]);
  assertEquals(client.remoteAddr.port, listener.addr.port);
  client.close();
  server.close();
});
