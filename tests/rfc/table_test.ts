// The table of requirements: every row names a test that exists, or a reason, and docs/requirements.md shows it.
import { assert, assertEquals } from "@std/assert";
import { missingTest, PAGE, requirementsPage } from "../../tools/requirements.ts";
import { readTable } from "./table.ts";

const TABLE = readTable();

const root = new URL("../../", import.meta.url);

Deno.test("requirements: every test that a row names exists", () => {
  const missing = TABLE.flatMap(({ number, requirements }) =>
    requirements.flatMap(({ id, tests }) =>
      tests.map((test) => missingTest(test, root)).filter((what) => what !== null)
        .map((what) => `RFC ${number} ${id}: ${what}`)
    )
  );
  assertEquals(missing, []);
});

Deno.test("requirements: a row without a test has a reason, and no MUST of RFC 9293 is without a test", () => {
  for (const { number, requirements } of TABLE) {
    for (const { id, level, tests, reason } of requirements) {
      assert(tests.length > 0 || reason !== undefined, `RFC ${number} ${id} has neither`);
      if (number === 9293 && level === "MUST") {
        assert(tests.length > 0, `RFC 9293 ${id} has no test`);
      }
    }
  }
});

Deno.test("requirements: no row is there twice, and RFC 9293 is complete", () => {
  // Goal: appendix B numbers 69 MUSTs, 31 SHOULDs, 18 MAYs and one recommendation.
  for (const { number, requirements } of TABLE) {
    const ids = requirements.map(({ id }) => id);
    assertEquals(new Set(ids).size, ids.length, `RFC ${number} has a row twice`);
  }
  const rfc9293 = TABLE.find(({ number }) => number === 9293)!;
  const ids = new Set(rfc9293.requirements.map(({ id }) => id));
  const expected = [["MUST", 69], ["SHLD", 31], ["MAY", 18], ["REC", 1]] as const;
  const missing = expected.flatMap(([name, count]) =>
    Array.from({ length: count }, (_, i) => `${name}-${i + 1}`).filter((id) => !ids.has(id))
  );
  assertEquals(missing, []);
});

Deno.test("requirements: docs/requirements.md is what the table gives", async () => {
  const committed = await Deno.readTextFile(new URL(PAGE, root));
  assertEquals(committed, requirementsPage(TABLE), "run deno task requirements");
});

Deno.test("requirements: a name that no test has is found out", () => {
  const file = "tests/rfc/table_test.ts";
  assertEquals(
    missingTest(`${file}: requirements: every test that a row names exists`, root),
    null,
  );
  // Put together, so that the name is not in this file.
  assertEquals(
    missingTest(`${file}: ${["no", "such", "test"].join(" ")}`, root)?.includes("no test"),
    true,
  );
  assertEquals(missingTest("tests/none_test.ts: x", root)?.includes("no file"), true);
  assertEquals(missingTest("tests/script/none.pkt", root)?.includes("no file"), true);
});
