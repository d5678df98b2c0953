/** Reading what `deno test` reports: its summary line and its JUnit file. */

/** How many tests ended how. */
export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The mark before the reason in the name of a skipped test (tests/support/skip.ts). */
export const SKIP_MARK = " [skipped: ";

const SUMMARY = /^(?:ok|FAILED) \| (\d+) passed.*? \| (\d+) failed(?:.*? \| (\d+) ignored)?/;

// deno-lint-ignore no-control-regex -- terminal colours are control characters
const COLOUR = /\x1b\[[0-9;]*m/g;

/** The counts in a summary line of `deno test`, or null when the line is another. */
export function parseSummary(line: string): TestCounts | null {
  const match = SUMMARY.exec(line.replace(COLOUR, ""));
  if (match === null) return null;
  return {
    passed: Number(match[1]),
    failed: Number(match[2]),
    skipped: Number(match[3] ?? 0),
  };
}

/** A run that failed without a failed test (it does not compile, it was killed) counts as one failure. */
export function settleCounts(counts: TestCounts | null, success: boolean): TestCounts {
  const known = counts ?? { passed: 0, failed: 0, skipped: 0 };
  return success || known.failed > 0 ? known : { ...known, failed: 1 };
}

/** The line that ends a run; tools read it. */
export function countsLine(counts: TestCounts): string {
  return `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
}

/**
 * The names of the ignored tests in a JUnit file as `deno test` writes it, steps included. The file says
 * where each was registered, which is a helper for most of them, so that only the name tells anything.
 */
export function parseSkipped(junit: string): string[] {
  return [...junit.matchAll(TEST_CASE)]
    .filter(([, , body]) => body.includes("<skipped"))
    .map(([, name]) => unescapeXml(name));
}

const TEST_CASE = /<testcase name="([^"]*)"[^>]*>([\s\S]*?)<\/testcase>/g;

const ENTITIES: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
};

function unescapeXml(text: string): string {
  return text.replace(/&(\w+|#\d+|#x[0-9a-f]+);/gi, (whole: string, name: string) => {
    if (name.startsWith("#x")) return String.fromCodePoint(parseInt(name.slice(2), 16));
    if (name.startsWith("#")) return String.fromCodePoint(Number(name.slice(1)));
    return ENTITIES[name] ?? whole;
  });
}
