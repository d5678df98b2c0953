import { assertEquals } from "@std/assert";
import { addressText, parseCidr } from "../../src/base/address.ts";
import { sourceAddressFor } from "../../src/ip/source_address.ts";
import { addressOf } from "../wire/frames.ts";

function source(destination: string, ...own: string[]): string | null {
  const prefixes = own.map((text) => parseCidr(text, "address"));
  const found = sourceAddressFor(addressOf(destination), prefixes);
  return found === null ? null : addressText(found);
}

Deno.test("source address: the family decides first, and there may be none", () => {
  assertEquals(source("192.0.2.1", "fd07::2/64"), null);
  assertEquals(source("2001:db8::1", "10.7.0.2/24"), null);
  assertEquals(source("192.0.2.1", "fd07::2/64", "10.7.0.2/24"), "10.7.0.2");
});

Deno.test("source address: over IPv4 the network of the destination, else the first", () => {
  const own = ["10.7.0.2/24", "192.168.0.2/16", "192.168.9.2/24"];
  assertEquals(source("10.7.0.9", ...own), "10.7.0.2");
  assertEquals(source("192.168.1.1", ...own), "192.168.0.2");
  assertEquals(source("192.168.9.1", ...own), "192.168.9.2", "the longest");
  assertEquals(source("192.169.0.1", ...own), "10.7.0.2");
  assertEquals(source("192.168.0.2", ...own), "192.168.0.2", "itself");
  assertEquals(source("192.0.2.1", "169.254.1.1/16", "10.7.0.2/24"), "10.7.0.2", "scope");
});

Deno.test("source address: the examples of RFC 6724 section 10.1", () => {
  // Goal: the rules that apply to one interface without deprecated, temporary or home addresses.
  assertEquals(source("2001:db8:1::1", "2001:db8:3::1/64", "fe80::1/64"), "2001:db8:3::1");
  assertEquals(source("fe80::1", "2001:db8:3::1/64", "fe80::2/64"), "fe80::2");
  assertEquals(source("2001:db8:1::1", "fe80::1/64", "fec0::1/64"), "fec0::1", "the larger scope");
  assertEquals(source("ff05::1", "2001:db8:3::1/64", "fe80::1/64"), "2001:db8:3::1");
  assertEquals(source("2001:db8:1::1", "2001:db8:1::1/64", "2001:db8:2::2/64"), "2001:db8:1::1");
  assertEquals(source("fec0::1", "fec0::2/64", "2001:db8:1::1/64"), "fec0::2");
  assertEquals(source("2001:db8:1::1", "2001:db8:1::2/64", "2001:db8:3::2/64"), "2001:db8:1::2");
  assertEquals(
    source("2002:c633:6401::1", "2002:c633:6401::2/64", "2001:db8::2/64"),
    "2002:c633:6401::2",
  );
});

Deno.test("source address: labels go before prefixes, and equals in their order", () => {
  assertEquals(source("fd00:1::1", "2001:db8::1/64", "fd99::1/64"), "fd99::1", "both are fc00::/7");
  assertEquals(source("2001:db8:9::1", "2001:db8:1::1/64", "2001:db8:2::1/64"), "2001:db8:1::1");
  // Bits beyond the prefix of the source do not count (rule 8).
  assertEquals(source("2001:db8::ff:1", "2001:db8::1/64", "2001:db8::fe:1/64"), "2001:db8::1");
});
