import { assertEquals } from "@std/assert";
import { FastOpenState } from "../../src/tcp/fast_open_state.ts";
import { OptionBit, Segment } from "../../src/wire/segment.ts";

Deno.test("fast open state: a cookie goes from one segment into another as it was", () => {
  const from = new Segment();
  from.options = OptionBit.fastOpen | OptionBit.fastOpenExperimental | OptionBit.mss;
  from.fastOpenLength = 16;
  [from.fastOpen0, from.fastOpen1, from.fastOpen2, from.fastOpen3] = [1, -2, 3, -4];
  const state = new FastOpenState(false);
  state.takeCookie(from);
  const to = new Segment();
  state.addOption(to);
  assertEquals(to.options, OptionBit.fastOpen | OptionBit.fastOpenExperimental);
  assertEquals(to.fastOpenLength, 16);
  assertEquals([to.fastOpen0, to.fastOpen1, to.fastOpen2, to.fastOpen3], [1, -2, 3, -4]);
});

Deno.test("fast open state: without an option nothing is added, with an empty one it asks", () => {
  const state = new FastOpenState(true);
  const out = new Segment();
  state.addOption(out);
  assertEquals([state.passive, out.options], [true, 0]);
  state.cookieLength = 0;
  state.addOption(out);
  assertEquals([out.options, out.fastOpenLength], [OptionBit.fastOpen, 0]);
});
