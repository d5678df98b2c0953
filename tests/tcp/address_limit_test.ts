import { assertEquals } from "@std/assert";
import { AddressLimit } from "../../src/tcp/address_limit.ts";

Deno.test("address limit: counts by address, forgets what is over, and does nothing when there is no limit", () => {
  const one = { remote0: 0, remote1: 0, remote2: 0xffff, remote3: 1 };
  const two = { ...one, remote3: 2 };
  const limit = new AddressLimit(2);
  limit.add(one);
  limit.add(one);
  assertEquals([limit.allows(one), limit.allows(two), limit.size], [false, true, 1]);
  limit.remove(one);
  assertEquals(limit.allows(one), true);
  limit.remove(one);
  assertEquals(limit.size, 0);
  const none = new AddressLimit(0);
  none.add(one);
  assertEquals([none.allows(one), none.size], [true, 0]);
});
