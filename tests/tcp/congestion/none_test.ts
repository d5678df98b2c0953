import { assert } from "@std/assert";
import { TCP_DEFAULTS } from "../../../src/tcp/config.ts";
import { NoControl } from "../../../src/tcp/congestion/none.ts";
import { testConformance } from "./conformance.ts";

testConformance("none");

Deno.test("Goal: without control the window is never what limits: no send buffer holds as much", () => {
  const { cwndBytes } = new NoControl();
  assert(cwndBytes > 64 * 1024 * 1024 && cwndBytes > TCP_DEFAULTS.sendMemoryBytes);
  assert(
    cwndBytes + 1000 * 65_535 <= 0x7fff_ffff,
    "inflated in recovery it is still a small integer",
  );
});
