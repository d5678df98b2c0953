import { assertEquals, assertStrictEquals } from "@std/assert";
import { Listener, ListenerTable } from "../../src/tcp/listener.ts";

const ANY = [0, 0, 0xffff, 0];
const ONE = [0, 0, 0xffff, 0x0a070001];
const TWO = [0, 0, 0xffff, 0x0a070002];
const V6 = [0x20010db8, 0, 0, 1];
const DUAL = [0, 0, 0, 0];

function find(table: ListenerTable, address: readonly number[], port: number): Listener | null {
  return table.find(address[0], address[1], address[2], address[3], port);
}

Deno.test("Goal: a segment finds the listener of its port and address, or none", () => {
  const table = new ListenerTable();
  const one = new Listener(1, ONE, 80, 5);
  const two = new Listener(2, TWO, 80, 5);
  const any = new Listener(3, ANY, 81, 5);
  for (const listener of [one, two, any]) assertEquals(table.add(listener), true);
  assertStrictEquals(find(table, ONE, 80), one);
  assertStrictEquals(find(table, TWO, 80), two);
  assertEquals(find(table, [0, 0, 0xffff, 0x0a070003], 80), null);
  assertStrictEquals(find(table, TWO, 81), any);
  assertEquals(find(table, ONE, 82), null);
  assertEquals([table.hasPort(80), table.hasPort(82)], [true, false]);
  assertEquals(table.all(), [one, two, any]);
});

Deno.test("Goal: a wildcard of IPv4 takes every IPv4 address and no IPv6 one", () => {
  const any = new Listener(1, ANY, 80, 5);
  assertEquals(any.isWildcard, true);
  assertEquals(any.matches(0, 0, 0xffff, 0x7f000001), true);
  assertEquals(any.matches(V6[0], V6[1], V6[2], V6[3]), false);
  assertEquals(new Listener(2, ONE, 80, 5).isWildcard, false);
});

Deno.test("Goal: a port and address has one listener, and a wildcard shares its port with nobody", () => {
  for (const [first, second] of [[ONE, ONE], [ANY, ONE], [ONE, ANY], [ANY, ANY]]) {
    const table = new ListenerTable();
    const holder = new Listener(1, first, 80, 5);
    assertEquals(table.add(holder), true);
    assertEquals(table.add(new Listener(2, second, 80, 5)), false);
    assertEquals([table.get(2), table.all()], [undefined, [holder]]);
    assertEquals(table.add(new Listener(3, second, 8080, 5)), true);
  }
});

Deno.test("Goal: :: takes both families, and IPv6 alone when told so (RFC 3493 section 5.3)", () => {
  const dual = new Listener(1, DUAL, 80, 5);
  const only = new Listener(2, DUAL, 80, 5, true);
  assertEquals([dual.isWildcard, only.isWildcard], [true, true]);
  for (const listener of [dual, only]) {
    assertEquals(listener.matches(V6[0], V6[1], V6[2], V6[3]), true);
    assertEquals(listener.matches(0, 0, 0, 1), true);
    assertEquals(listener.matches(0, 0, 0xffff, 0x7f000001), listener === dual);
  }
  // An address that only looks like a wildcard: ::1:0:0.
  assertEquals(new Listener(3, [0, 0, 0x10000, 0], 80, 5).isWildcard, false);
});

Deno.test("Goal: listeners of the two families share a port unless one of them is dual", () => {
  const fits = (first: readonly number[], firstOnly: boolean, second: readonly number[]) => {
    const table = new ListenerTable();
    table.add(new Listener(1, first, 80, 5, firstOnly));
    return table.add(new Listener(2, second, 80, 5));
  };
  assertEquals([fits(DUAL, false, ANY), fits(DUAL, false, ONE), fits(DUAL, false, V6)], [
    false,
    false,
    false,
  ]);
  assertEquals([fits(DUAL, true, ANY), fits(DUAL, true, ONE), fits(DUAL, true, V6)], [
    true,
    true,
    false,
  ]);
  assertEquals([fits(ANY, false, V6), fits(V6, false, ANY), fits(ONE, false, V6)], [
    true,
    true,
    true,
  ]);
  assertEquals([fits(ANY, false, DUAL), fits(V6, false, DUAL)], [false, false]);
});

Deno.test("Goal: a listener that is removed takes no more segments and frees its port", () => {
  const table = new ListenerTable();
  const one = new Listener(1, ONE, 80, 5);
  const two = new Listener(2, TWO, 80, 5);
  table.add(one);
  table.add(two);
  table.remove(one);
  assertEquals([one.closed, two.closed], [true, false]);
  assertEquals([find(table, ONE, 80), find(table, TWO, 80)], [null, two]);
  assertEquals([table.get(1), table.get(2)], [undefined, two]);
  table.remove(two);
  assertEquals(table.hasPort(80), false);
  assertEquals(table.add(new Listener(4, ANY, 80, 5)), true);
});

Deno.test("Goal: the backlog limits handshakes, and waiting connections, each by itself", () => {
  const listener = new Listener(1, ONE, 80, 3);
  const room = () => [listener.hasHandshakeRoom, listener.hasAcceptRoom];
  assertEquals(room(), [true, true]);
  listener.handshakes = 3;
  assertEquals(room(), [false, true]);
  listener.waiting = 3;
  assertEquals(room(), [false, false]);
  listener.handshakes = 2;
  assertEquals(room(), [true, false]);
});
