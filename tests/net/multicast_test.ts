import { assertEquals, assertThrows } from "@std/assert";
import { addressText } from "../../src/base/address.ts";
import { checkMulticastTtl, groupOf, isOwnIndex, Memberships } from "../../src/net/multicast.ts";
import { LOOPS_BACK } from "../../src/ring/datagram.ts";

Deno.test("memberships: what is joined and left is told, once each", () => {
  const told: string[] = [];
  const members = new Memberships(false, (group, joins) => {
    told.push(`${joins ? "+" : "-"}${addressText(group)}`);
  });
  const [a, b] = [groupOf("224.0.0.1", "IPv4"), groupOf("ff02::1", "IPv6")];
  members.join(a);
  members.join(b);
  assertThrows(() => members.join(a), Deno.errors.AddrInUse);
  members.leave(a);
  assertThrows(() => members.leave(a), Deno.errors.AddrNotAvailable);
  assertEquals(told, ["+224.0.0.1", "+ff02::1", "-224.0.0.1"]);
});

Deno.test("memberships: hops and loopback are those of the group's family", () => {
  const [a, b] = [groupOf("224.0.0.1", "IPv4"), groupOf("ff02::1", "IPv6")];
  const members = new Memberships(true, () => {});
  assertEquals([members.hopsFor(a), members.hopsFor(b)], [1 | LOOPS_BACK, 1 | LOOPS_BACK]);
  members.hops4 = 7;
  members.loops6 = false;
  assertEquals([members.hopsFor(a), members.hopsFor(b)], [7 | LOOPS_BACK, 1]);
});

Deno.test("groups, hops and interfaces as Deno checks them", () => {
  assertThrows(() => groupOf("ff02::1", "IPv4"), Error, "invalid IPv4 address syntax");
  assertThrows(() => groupOf("224.0.0.1", "IPv6"), Error, "invalid IPv6 address syntax");
  assertEquals([0, 255, -1, 1.5].map(checkMulticastTtl), [0, 255, 1, 1]);
  for (const bad of [256, -2, NaN]) {
    assertThrows(() => checkMulticastTtl(bad), TypeError, "Invalid");
  }
  assertThrows(() => checkMulticastTtl("x"), TypeError, "expected i32");
  assertEquals([0, 1, 2, "0"].map(isOwnIndex), [true, true, false, false]);
});
