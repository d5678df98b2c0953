import { assertEquals } from "@std/assert";
import { CONGESTION_NAMES } from "../../../src/tcp/config.ts";
import { createCongestion } from "../../../src/tcp/congestion/create.ts";

Deno.test("Goal: every name that the options allow makes a control that bears it", () => {
  for (const name of CONGESTION_NAMES) {
    const control = createCongestion(name, 14_600);
    assertEquals(control.name, name);
    assertEquals(control.ssthreshBytes, Infinity, "slow start until the first loss");
    if (name !== "none") assertEquals(control.cwndBytes, 14_600);
  }
});
