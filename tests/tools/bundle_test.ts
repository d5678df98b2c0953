import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { bundleText, foreignPaths, staleness } from "../../tools/bundle.ts";

Deno.test("a bundle that differs from its sources, or is not there, is stale", () => {
  assertEquals(staleness("a", "a"), null);
  assertStringIncludes(staleness("a", "b") ?? "", "deno task bundle");
  assertStringIncludes(staleness(null, "b") ?? "", "missing");
});

Deno.test("module paths that leave the project are found in a bundle", () => {
  const bundle = ["// src/a.ts", "// ../cache/b.js", "// /c.js", "// npm:d", "let x; // ../e"];
  assertEquals(foreignPaths(bundle.join("\n")), ["// ../cache/b.js", "// /c.js", "// npm:d"]);
});

Deno.test("the same sources give the same bundle, which names modules from the root", async () => {
  const once = await bundleText("src/base/seq.ts");
  assertEquals(await bundleText("src/base/seq.ts"), once);
  assert(once.startsWith("// src/base/seq.ts\n"), once.slice(0, 80));
});

Deno.test("a bundle whose entry does not exist says which", async () => {
  await assertRejects(() => bundleText("src/no_such_file.ts"), Error, "src/no_such_file.ts");
});
