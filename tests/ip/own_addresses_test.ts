import { assertEquals } from "@std/assert";
import { type Address, ipv4Address } from "../../src/base/address.ts";
import { OwnAddresses } from "../../src/ip/own_addresses.ts";
import { addressOf } from "../wire/frames.ts";

const FOUR = ipv4Address(0x0a070002);
const SIX = addressOf("fd07::2");
const OTHER_SIX = addressOf("2001:db8::1:2:3");

function has6(own: OwnAddresses, { w0, w1, w2, w3 }: Address): boolean {
  return own.has6(w0, w1, w2, w3);
}

Deno.test("own addresses: each of both families, and none that differs in one bit", () => {
  // Goal: what a stack takes as its own is what it was given.
  const own = new OwnAddresses([FOUR, SIX, ipv4Address(-1), OTHER_SIX], false);
  assertEquals([own.has4(FOUR.w3), own.has4(-1), own.has4(FOUR.w3 ^ 1)], [true, true, false]);
  for (const address of [SIX, OTHER_SIX]) {
    assertEquals(has6(own, address), true);
    for (const word of ["w0", "w1", "w2", "w3"] as const) {
      assertEquals(has6(own, { ...address, [word]: address[word] ^ 0x8000_0000 }), false, word);
    }
  }
});

Deno.test("own addresses: an IPv4 address is none of IPv6 in its mapped form", () => {
  // Goal: what an IPv6 header brings cannot pass for IPv4.
  const own = new OwnAddresses([FOUR], true);
  assertEquals(has6(own, FOUR), false);
  assertEquals(has6(own, ipv4Address(0x7f000001)), false);
  assertEquals(has6(new OwnAddresses([SIX], true), ipv4Address(SIX.w3)), false);
});

Deno.test("own addresses: loopback ones count where they are asked for", () => {
  const inside = new OwnAddresses([], true);
  const outside = new OwnAddresses([], false);
  for (const bits of [0x7f000001, 0x7fffffff]) {
    assertEquals([inside.has4(bits), outside.has4(bits)], [true, false]);
  }
  const loopback = addressOf("::1");
  assertEquals([has6(inside, loopback), has6(outside, loopback)], [true, false]);
  for (const text of ["::", "::2", "::1:0:0:1", "1::1"]) {
    assertEquals(has6(inside, addressOf(text)), false, text);
  }
});
