import { assertEquals } from "@std/assert";
import { Drop, dropNames } from "../../src/base/drops.ts";
import { Fragment, IPV6_KIND } from "../../src/ip/fragment.ts";

function check(fields: Partial<Fragment>): [string, number] {
  const fragment = Object.assign(new Fragment(), {
    kind: 17,
    length: 64,
    hasMore: true,
    ...fields,
  });
  return [dropNames[fragment.check()], fragment.length];
}

Deno.test("fragment: what is wrong with one by itself", () => {
  const none = dropNames[Drop.none];
  assertEquals(check({}), [none, 64]);
  assertEquals(check({ length: 63 }), [none, 56], "IPv4: cut, as in Linux");
  assertEquals(check({ length: 63, hasMore: false }), [none, 63]);
  assertEquals(check({ length: 7 }), ["ipFragmentInvalid", 0]);
  assertEquals(check({ kind: IPV6_KIND, length: 63 })[0], "ipFragmentInvalid");
  assertEquals(check({ position: 65_456, length: 59 })[0], none);
  assertEquals(check({ position: 65_456, length: 60, hasMore: false })[0], "ipFragmentOversized");
  assertEquals(check({ kind: IPV6_KIND, position: 65_472, length: 63, hasMore: false })[0], none);
  assertEquals(check({ kind: IPV6_KIND, position: 65_472, length: 64 })[0], "ipFragmentOversized");
});

Deno.test("fragment: the headers that a first one of IPv6 must have", () => {
  for (const [transport, least] of [[6, 20], [17, 8], [58, 8], [132, 0]]) {
    const first = { kind: IPV6_KIND, transport };
    assertEquals(check({ ...first, transportLength: least })[0], "none");
    if (least > 0) {
      assertEquals(check({ ...first, transportLength: least - 1 })[0], "ipFragmentTiny");
    }
    assertEquals(check({ ...first, transportLength: 0, position: 8 })[0], "none");
  }
  assertEquals(check({ kind: IPV6_KIND, isChainWhole: false })[0], "ipFragmentTiny");
});
