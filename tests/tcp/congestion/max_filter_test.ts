import { assertEquals } from "@std/assert";
import { MaxFilter } from "../../../src/tcp/congestion/max_filter.ts";

Deno.test("Goal: the greatest value of this span and of the last one", () => {
  const filter = new MaxFilter();
  assertEquals(filter.value, 0);
  filter.update(5);
  filter.update(3);
  assertEquals(filter.value, 5);
  filter.advance();
  filter.update(4);
  assertEquals(filter.value, 5);
  filter.advance();
  assertEquals(filter.value, 4, "5 is two spans old");
  filter.update(7);
  assertEquals(filter.value, 7);
});

Deno.test("Goal: a span without a value forgets nothing", () => {
  const filter = new MaxFilter();
  filter.update(5);
  for (let i = 0; i < 10; i++) filter.advance();
  assertEquals(filter.value, 5);
});
