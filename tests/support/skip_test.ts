import { assertEquals, assertStringIncludes } from "@std/assert";
import { skipOutcome, unmetNeed } from "./skip.ts";

Deno.test("with CI=true a skip for want of something is a failure, any other is not", () => {
  assertEquals(skipOutcome("missing", true), "failed");
  assertEquals(skipOutcome("missing", false), "ignored");
  assertEquals(skipOutcome("long", true), "ignored");
  assertEquals(skipOutcome("platform", true), "ignored");
});

Deno.test("the missing program is named, and nothing is missing where nothing is needed", () => {
  const unmet = unmetNeed({ programs: ["sh", "no-such-program-anywhere"] });
  assertStringIncludes(unmet ?? "", "no-such-program-anywhere");
  assertEquals(unmetNeed({ programs: ["sh"] }), null);
  assertEquals(unmetNeed({}), null);
});
