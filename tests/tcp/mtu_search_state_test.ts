import { assertEquals } from "@std/assert";
import { MtuSearch } from "../../src/tcp/mtu_search_state.ts";

Deno.test("Goal: a search begins within its range, also on a path narrower than the base", () => {
  const search = new MtuSearch(1064, 1500, 7);
  assertEquals([search.lowMtu, search.highMtu, search.beganAtUs], [1064, 1500, 7]);
  assertEquals([search.probing, search.sending], [false, false]);
  assertEquals(new MtuSearch(1064, 600, 0).lowMtu, 600);
});
