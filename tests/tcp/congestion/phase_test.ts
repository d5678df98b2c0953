import { assertEquals } from "@std/assert";
import { CongestionPhase, congestionPhaseNames } from "../../../src/tcp/congestion/phase.ts";

Deno.test("Goal: every phase has a name of its own, those of BBR the draft's", () => {
  const numbers = Object.values(CongestionPhase);
  assertEquals(numbers, numbers.map((_, index) => index));
  assertEquals(new Set(congestionPhaseNames).size, numbers.length);
  assertEquals(congestionPhaseNames[CongestionPhase.probeRefill], "ProbeBW_REFILL");
  assertEquals(congestionPhaseNames[CongestionPhase.conservativeSlowStart], "CSS");
});
