import { assertEquals } from "@std/assert";
import { initialWindow } from "../../../src/tcp/congestion/control.ts";

Deno.test("Goal: the initial window is RFC 6928's: min(10 MSS, max(2 MSS, 14600))", () => {
  assertEquals(initialWindow(10, 1460), 14_600);
  assertEquals(initialWindow(10, 1448), 14_480);
  assertEquals(initialWindow(10, 536), 5360);
  assertEquals(initialWindow(10, 1461), 14_600, "from here on bytes are the limit");
  assertEquals(initialWindow(10, 8948), 17_896, "two large segments are always allowed");
  assertEquals(initialWindow(10, 7300), 14_600);
});

Deno.test("Goal: other numbers of segments scale the limit, and the window holds one segment at least", () => {
  assertEquals([initialWindow(1, 1460), initialWindow(1, 8948), initialWindow(1, 36)], [
    1460,
    8948,
    36,
  ]);
  assertEquals([initialWindow(4, 1460), initialWindow(1000, 1460)], [5840, 1_460_000]);
});
