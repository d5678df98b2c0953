import { assertEquals, assertThrows } from "@std/assert";
import { addressText } from "../../src/base/address.ts";
import { addressesOf, parseHostname } from "../../src/net/hostname.ts";

Deno.test("hostname: addresses of both families, in brackets or not, and localhost", () => {
  // Goal: what Deno takes; the mapped form is remembered, because sockets show it.
  const parsed = (hostname: string) => {
    const { address, isMapped } = parseHostname(hostname);
    return `${addressText(address)}${isMapped ? " mapped" : ""}`;
  };
  assertEquals(parsed("10.7.0.2"), "10.7.0.2");
  assertEquals(parsed("FD07:0:0::2"), "fd07::2");
  assertEquals(parsed("[fd07::2]"), "fd07::2");
  assertEquals(parsed("::ffff:10.7.0.2"), "10.7.0.2 mapped");
  assertEquals(parsed("::ffff:a07:2"), "10.7.0.2 mapped");
  assertEquals(parsed("::"), "::");
  assertEquals(parsed("localhost"), "127.0.0.1");
});

Deno.test("hostname: what is no address is refused with its text", () => {
  for (const text of ["::1%lo", "[::1%lo]", "example.com", "1.2.3"]) {
    assertThrows(() => parseHostname(text), TypeError, `"${text}"`);
    assertThrows(() => addressesOf(text), TypeError, `"${text}"`);
  }
  for (const text of ["", "[10.7.0.2]", "[::1", "::1]", "[[::1]]", "a b", "a..b", "1.2.3.4%5"]) {
    assertThrows(() => parseHostname(text), URIError, `'${text}'`);
    assertThrows(() => addressesOf(text), URIError, `'${text}'`);
  }
});

Deno.test("hostname: localhost is tried over IPv4 first, then over IPv6", () => {
  const texts = (hostname: string) => addressesOf(hostname).addresses.map(addressText);
  assertEquals(texts("localhost"), ["127.0.0.1", "::1"]);
  assertEquals(texts("::1"), ["::1"]);
  assertEquals(addressesOf("::ffff:1.2.3.4").isMapped, true);
});
