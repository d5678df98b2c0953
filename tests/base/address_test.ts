import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  type Address,
  addressText,
  ANY_IPV4,
  ANY_IPV6,
  commonPrefixLength,
  endpointText,
  inPrefix,
  ipv4Address,
  ipv4Text,
  isBroadcast,
  isIpv4,
  isLoopback,
  isMulticast,
  isUnspecified,
  LOOPBACK_IPV6,
  mappedText,
  parseAddress,
  parseCidr,
  parseIpv4,
  parseIpv6,
  type Prefix,
  sameAddress,
} from "../../src/base/address.ts";

const SEED = 0x61646472;

function ipv6(...groups: number[]): Address {
  const word = (i: number) => (groups[2 * i] << 16) | groups[2 * i + 1];
  return { w0: word(0), w1: word(1), w2: word(2), w3: word(3) };
}

function ipv4(text: string): Address {
  const address = parseIpv4(text);
  assert(address !== null, `${text} is an address`);
  return address;
}

Deno.test("Goal: an IPv4 address is held in its IPv4-mapped form, in signed words", () => {
  assertEquals(ipv4("10.7.0.2"), { w0: 0, w1: 0, w2: 0xffff, w3: 0x0a070002 });
  assertEquals(ipv4("255.255.255.255").w3, -1);
  assertEquals(ipv4Address(0xc0a80001), ipv4("192.168.0.1"));
  assertEquals(ANY_IPV4, ipv4("0.0.0.0"));
});

Deno.test("Goal: dotted decimal goes both ways for any 32 bits", () => {
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), (bits) => {
      const text = ipv4Text(bits);
      assertEquals(ipv4(text).w3, bits);
      assertEquals(addressText(ipv4Address(bits)), text);
      assertEquals(text.split(".").map(Number), [24, 16, 8, 0].map((by) => (bits >>> by) & 255));
    }),
    { seed: SEED, numRuns: 500 },
  );
});

Deno.test("Goal: what is not exactly four decimal parts is no address", () => {
  const wrong = [
    ...["", "1", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3", "1..2.3", "256.0.0.1", "1.2.3.999"],
    ...["01.2.3.4", "1.2.3.00", "+1.2.3.4", "-1.2.3.4", "1.2.3.4 ", " 1.2.3.4", "1.2.3.4\n"],
    ...["1e1.2.3.4", "0x1.2.3.4", "a.b.c.d", "1.2.3.1000", "::1", "1.2.3.4/24", "١.2.3.4"],
  ];
  for (const text of wrong) assertEquals(parseIpv4(text), null, JSON.stringify(text));
});

Deno.test("Goal: IPv6 text is that of RFC 5952", () => {
  const texts: [number[], string][] = [
    // Section 4.1 and 4.3: no leading zeros, lower case.
    [[0x2001, 0x0db8, 0xa, 0xB, 0xC, 0xD, 0xE, 0xF], "2001:db8:a:b:c:d:e:f"],
    // Section 4.2.1: as short as possible, at either end and in all.
    [[0, 0, 0, 0, 0, 0, 0, 0], "::"],
    [[0, 0, 0, 0, 0, 0, 0, 1], "::1"],
    [[1, 0, 0, 0, 0, 0, 0, 0], "1::"],
    [[0x2001, 0xdb8, 0, 0, 0, 0, 2, 1], "2001:db8::2:1"],
    // Section 4.2.2: a single group of zeros is not shortened.
    [[0x2001, 0xdb8, 0, 1, 1, 1, 1, 1], "2001:db8:0:1:1:1:1:1"],
    [[0, 1, 2, 3, 4, 5, 6, 7], "0:1:2:3:4:5:6:7"],
    // Section 4.2.3: the longest run, of equals the first.
    [[0x2001, 0, 0, 1, 0, 0, 0, 1], "2001:0:0:1::1"],
    [[0x2001, 0xdb8, 0, 0, 1, 0, 0, 1], "2001:db8::1:0:0:1"],
    [[0, 0, 1, 1, 1, 1, 0, 0], "::1:1:1:1:0:0"],
    [[0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0, 0], "ffff:ffff:ffff:ffff:ffff:ffff::"],
  ];
  for (const [groups, text] of texts) assertEquals(addressText(ipv6(...groups)), text);
  // Section 5: IPv4-mapped addresses are the stack's IPv4 addresses and print as such.
  assertEquals(addressText(ipv6(0, 0, 0, 0, 0, 0xffff, 0xc000, 0x0201)), "192.0.2.1");
});

Deno.test("Goal: IPv6 text agrees with the URL parser's for any groups", () => {
  const group = fc.oneof(fc.constant(0), fc.constant(0), fc.nat(0xffff));
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
      const address = ipv6(...groups);
      if (isIpv4(address)) return;
      const full = groups.map((value) => value.toString(16)).join(":");
      assertEquals(`[${addressText(address)}]`, new URL(`http://[${full}]/`).hostname);
    }),
    { seed: SEED, numRuns: 500 },
  );
});

Deno.test("Goal: families, the any-addresses and loopback are told apart", () => {
  const any6 = ipv6(0, 0, 0, 0, 0, 0, 0, 0);
  assertEquals([isIpv4(ANY_IPV4), isIpv4(any6)], [true, false]);
  assertEquals(isIpv4(ipv6(0, 0, 0, 1, 0, 0xffff, 1, 1)), false);
  assertEquals(isIpv4(ipv6(1, 0, 0, 0, 0, 0xffff, 1, 1)), false);
  assertEquals([isUnspecified(ANY_IPV4), isUnspecified(any6)], [true, true]);
  assertEquals(isUnspecified(ipv4("0.0.0.1")), false);
  assertEquals(isUnspecified(ipv6(0, 0, 0, 0, 0, 1, 0, 0)), false);
  assertEquals(isUnspecified(ipv6(0, 1, 0, 0, 0, 0, 0, 0)), false);
  assertEquals(isUnspecified(ipv6(0, 0, 0, 1, 0, 0, 0, 0)), false);
  const loopback = ["126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"]
    .map((text) => isLoopback(ipv4(text)));
  assertEquals(loopback, [false, true, true, false]);
  assertEquals(isLoopback(ipv6(1, 0, 0, 0, 0, 0, 0x7f00, 1)), false);
});

Deno.test("Goal: addresses are the same when all their words are", () => {
  const base = ipv6(1, 2, 3, 4, 5, 6, 7, 8);
  assert(sameAddress(base, { ...base }));
  for (const word of ["w0", "w1", "w2", "w3"] as const) {
    assertEquals(sameAddress(base, { ...base, [word]: base[word] ^ 1 }), false, word);
  }
});

Deno.test("Goal: CIDR text gives address and length; without a length it is one host", () => {
  assertEquals(parseCidr("10.7.0.2/24", "address"), { address: ipv4("10.7.0.2"), length: 24 });
  assertEquals(parseCidr("10.7.0.2", "address"), { address: ipv4("10.7.0.2"), length: 32 });
  assertEquals(parseCidr("0.0.0.0/0", "address").length, 0);
  assertEquals(parseCidr("1.2.3.4/32", "address").length, 32);
});

Deno.test("Goal: a wrong CIDR text is refused with the option's name and the value", () => {
  const refused = (text: string, error: typeof TypeError | typeof RangeError, message: string) => {
    const thrown = assertThrows(() => parseCidr(text, "address"), error, message);
    assert(thrown.message.startsWith("address: "), thrown.message);
    assert(thrown.message.includes(`"${text}"`), thrown.message);
  };
  for (
    const text of ["", "10.7.0", "10.7.0.256/24", "/24", "host/24", "::g/64", "::ffff:1.2.3.4/96"]
  ) {
    refused(
      text,
      TypeError,
      "is not an IPv4 or IPv6 address in CIDR form, such as 10.7.0.2/24 or fd07::2/64",
    );
  }
  for (const text of ["10.7.0.2/", "10.7.0.2/x", "10.7.0.2/-1", "10.7.0.2/24/8", "10.7.0.2/2.4"]) {
    refused(text, TypeError, "has no number after the slash");
  }
  for (const text of ["10.7.0.2/33", "10.7.0.2/128", "10.7.0.2/999"]) {
    refused(text, RangeError, "must be from 0 to 32");
  }
  refused("fd07::2/129", RangeError, "must be from 0 to 128");
});

Deno.test("Goal: a prefix holds what agrees in its first bits, at every length", () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 0, max: 32 }), fc.nat(31), (bits, length, flip) => {
      const prefix: Prefix = { address: ipv4Address(bits), length };
      assert(inPrefix(ipv4Address(bits), prefix));
      // Bit 0 is the first on the wire.
      const other = ipv4Address(bits ^ (0x8000_0000 >>> flip));
      assertEquals(inPrefix(other, prefix), flip >= length);
    }),
    { seed: SEED, numRuns: 1000 },
  );
});

Deno.test("Goal: an IPv6 address is in no IPv4 prefix, not even in that of length 0", () => {
  const all = parseCidr("0.0.0.0/0", "address");
  assertEquals(inPrefix(ipv6(0, 0, 0, 0, 0, 0, 0, 1), all), false);
  assertEquals(
    inPrefix(ipv4("1.2.3.4"), { address: ipv6(0, 0, 0, 0, 0, 0, 0, 0), length: 0 }),
    false,
  );
});

Deno.test("Goal: broadcasts are told from hosts", () => {
  const network = parseCidr("10.7.0.2/24", "address");
  for (const text of ["10.7.0.255", "255.255.255.255"]) assert(isBroadcast(ipv4(text), network));
  for (const text of ["10.7.0.254", "10.7.1.255"]) assert(!isBroadcast(ipv4(text), network));
  // Networks of two addresses or one have none (RFC 3021).
  assert(!isBroadcast(ipv4("10.7.0.3"), parseCidr("10.7.0.2/31", "address")));
  assert(isBroadcast(ipv4("10.7.0.3"), parseCidr("10.7.0.2/30", "address")));
  assert(!isBroadcast(ipv6(0xff02, 0, 0, 0, 0, 0, 0, 1), network));
});

Deno.test("Goal: every form of an IPv6 address is read, and nothing else", () => {
  const all = ipv6(0x2001, 0xdb8, 0, 0, 1, 0, 0, 0xabcd);
  const forms = [
    "2001:db8:0:0:1:0:0:abcd",
    "2001:0DB8:0000:0000:0001:0000:0000:ABCD",
    "2001:db8::1:0:0:abcd",
    "2001:db8:0:0:1::abcd",
    "2001:db8::1:0:0.0.171.205",
  ];
  for (const text of forms) assertEquals(parseIpv6(text), all, text);
  assertEquals(parseIpv6("::"), ANY_IPV6);
  assertEquals(parseIpv6("::1"), LOOPBACK_IPV6);
  assertEquals(parseIpv6("1::"), ipv6(1, 0, 0, 0, 0, 0, 0, 0));
  assertEquals(parseIpv6("::ffff:10.7.0.2"), ipv4("10.7.0.2"), "a mapped one is that of IPv4");
  assertEquals(parseIpv6("64:ff9b::1.2.3.4"), ipv6(0x64, 0xff9b, 0, 0, 0, 0, 0x102, 0x304));
  const wrong = [
    ...["", ":", ":::", "1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "1:2:3:4:5:6:7::8"],
    ...["::12345", "::g", "1:", ":1", "1::2:", "::1%eth0", "[::1]", " ::1", "::1 ", "::-1", "::+1"],
    ...["1.2.3.4", "1.2.3.4::", "::1.2.3", "::1.2.3.4:5", "::256.1.1.1", "1:2:3:4:5:6:7:1.2.3.4"],
  ];
  for (const text of wrong) assertEquals(parseIpv6(text), null, JSON.stringify(text));
  assertEquals(parseAddress("::1"), LOOPBACK_IPV6);
  assertEquals(parseAddress("10.7.0.2"), ipv4("10.7.0.2"));
});

Deno.test("Goal: IPv6 text goes both ways, and is what the platform's URLs have", () => {
  const group = fc.oneof(fc.constant(0), fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
      const address = ipv6(...groups);
      if (isIpv4(address)) return;
      const text = addressText(address);
      assertEquals(parseIpv6(text), address);
      assertEquals(new URL(`http://[${text}]/`).hostname, `[${text}]`);
      const long = groups.map((each) => each.toString(16).padStart(4, "0")).join(":");
      assertEquals(parseIpv6(long), address);
    }),
    { seed: SEED, numRuns: 2000 },
  );
});

Deno.test("Goal: what kind of address it is, in both families", () => {
  assertEquals([isLoopback(LOOPBACK_IPV6), isLoopback(ANY_IPV6)], [true, false]);
  assertEquals(isLoopback(ipv6(0, 0, 0, 0, 0, 1, 0, 1)), false);
  assertEquals(isLoopback(ipv6(0, 0, 0, 1, 0, 0xffff, 0x7f00, 1)), false);
  assertEquals(isUnspecified(ANY_IPV6), true);
  for (const text of ["ff02::1", "ff00::", "224.0.0.1", "239.255.255.255"]) {
    assertEquals(isMulticast(parseAddress(text)!), true, text);
  }
  for (const text of ["fe80::1", "::ff", "223.255.255.255", "240.0.0.1"]) {
    assertEquals(isMulticast(parseAddress(text)!), false, text);
  }
});

Deno.test("Goal: texts for messages and for sockets of IPv6", () => {
  assertEquals(endpointText(ipv4("10.7.0.2"), 80), "10.7.0.2:80");
  assertEquals(endpointText(LOOPBACK_IPV6, 80), "[::1]:80");
  assertEquals(mappedText(ipv4("10.7.0.2")), "::ffff:10.7.0.2");
  assertEquals(mappedText(LOOPBACK_IPV6), "::1");
});

Deno.test("Goal: IPv6 prefixes hold what agrees in their first bits, across the words", () => {
  assertEquals(parseCidr("fd07::2", "address").length, 128);
  const bit = fc.nat(127);
  fc.assert(
    fc.property(fc.integer(), fc.nat(128), bit, (word, length, flip) => {
      const address: Address = { w0: word, w1: ~word, w2: word ^ 0x1234, w3: word };
      if (isIpv4(address)) return;
      const words = [address.w0, address.w1, address.w2, address.w3];
      words[flip >> 5] ^= 0x8000_0000 >>> (flip & 31);
      const [w0, w1, w2, w3] = words;
      const other: Address = { w0, w1, w2, w3 };
      const prefix: Prefix = { address, length };
      assert(inPrefix(address, prefix));
      assertEquals(commonPrefixLength(address, other), flip);
      assertEquals(inPrefix(other, prefix), flip >= length);
    }),
    { seed: SEED, numRuns: 1000 },
  );
});
