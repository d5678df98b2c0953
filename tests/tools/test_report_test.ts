import { assertEquals } from "@std/assert";
import { countsLine, parseSkipped, parseSummary, settleCounts } from "../../tools/test_report.ts";

Deno.test("summary lines are read in every form that deno test gives them", () => {
  const cases: [string, ReturnType<typeof parseSummary>][] = [
    ["ok | 11 passed | 0 failed (162ms)", { passed: 11, failed: 0, skipped: 0 }],
    [
      "FAILED | 2 passed (1 step) | 2 failed | 1 ignored (1 step) (65ms)",
      { passed: 2, failed: 2, skipped: 1 },
    ],
    [
      "FAILED | 2 passed (1 step) | 3 failed (4 steps) | 7 ignored | 5 filtered out (1s)",
      { passed: 2, failed: 3, skipped: 7 },
    ],
    [
      "\x1b[0m\x1b[32mok\x1b[0m | 3 passed | 0 failed \x1b[0m(5ms)\x1b[0m",
      { passed: 3, failed: 0, skipped: 0 },
    ],
    ["a test that prints ok | 3 passed | 0 failed", null],
    ["running 3 tests", null],
  ];
  for (const [line, expected] of cases) assertEquals(parseSummary(line), expected, line);
});

Deno.test("a run that failed without a failed test is one failure", () => {
  assertEquals(settleCounts(null, false), { passed: 0, failed: 1, skipped: 0 });
  const passed = { passed: 4, failed: 0, skipped: 1 };
  assertEquals(settleCounts(passed, false), { passed: 4, failed: 1, skipped: 1 });
  assertEquals(settleCounts(passed, true), passed);
  const failed = { passed: 4, failed: 2, skipped: 1 };
  assertEquals(settleCounts(failed, false), failed);
});

Deno.test("the last line has the form that tools read", () => {
  assertEquals(countsLine({ passed: 1, failed: 2, skipped: 3 }), "1 passed, 2 failed, 3 skipped");
});

Deno.test("ignored tests are found in the JUnit file, with their names as written", () => {
  const junit = `<testsuites name="deno test" tests="3">
    <testsuite name="./a_test.ts" tests="3" disabled="1">
        <testcase name="runs" classname="./a_test.ts" time="0.1" line="1" col="6">
        </testcase>
        <testcase name="bad" classname="./a_test.ts" time="0.1" line="1" col="6">
            <failure message="no">Error</failure>
        </testcase>
        <testcase name="a &lt;b&gt; &amp; &quot;c&quot; &#39;d&#x27;" classname="./a_test.ts">
            <skipped/>
        </testcase>
    </testsuite>
</testsuites>`;
  assertEquals(parseSkipped(junit), [`a <b> & "c" 'd'`]);
});
