import { assertEquals, assertMatch } from "@std/assert";
import { median } from "../../src/cli/bench.ts";
import { testNeeding } from "../support/skip.ts";
import { runWoshou } from "./woshou.ts";

Deno.test("bench: the median of few values", () => {
  assertEquals([median([3, 1, 2]), median([5]), median([1, 9])], [2, 5, 9]);
});

testNeeding({ tun: true }, "bench: a ratio for each row", async () => {
  const ended = await runWoshou(["bench", "--rounds", "1", "--seconds", "0.05"]);
  assertEquals(ended.code, 0, ended.stderr);
  const lines = ended.stdout.trimEnd().split("\n");
  assertMatch(lines[0], /^measure +woshou +kernel +ratio$/);
  assertEquals(lines.length, 4);
  for (const line of lines.slice(1)) {
    assertMatch(line, /^[a-z0-9 ,B]+ +[\d.]+ (?:Gbit\/s|us) +[\d.]+ (?:Gbit\/s|us) +[\d.]+x$/);
  }
});
