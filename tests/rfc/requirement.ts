/** What an RFC requires, in own words, and what shows that it is kept. */

/** The words of RFC 2119, as RFC 9293 numbers them. */
export type Level = "MUST" | "SHOULD" | "MAY";

/** One requirement: shown by tests, or not kept for a reason. */
export interface Requirement {
  /** The RFC's own number where it has one, such as `MUST-1`; else section and letter. */
  readonly id: string;
  readonly section: string;
  readonly level: Level;
  /** What is required, in own words. */
  readonly words: string;
  /**
   * Tests that show it: a packet script (`tests/script/close/active.pkt`), or a test file and the name in it as it is
   * written there (`tests/tcp/input_test.ts: input: ...`).
   */
  readonly tests: readonly string[];
  /** Why it is not kept, or kept in another way. */
  readonly reason?: string;
}

/** An RFC and the requirements in it. */
export interface Rfc {
  readonly number: number;
  readonly title: string;
  /** What of it the table holds. */
  readonly scope: string;
  readonly requirements: readonly Requirement[];
}

/** A row that tests show. Names of tests are relative to tests/. */
export function shown(
  id: string,
  section: string,
  level: Level,
  words: string,
  ...tests: readonly string[]
): Requirement {
  return { id, section, level, words, tests: tests.map((test) => `tests/${test}`) };
}

/** A row that is not kept, or in another way, for a reason; tests may show what is done instead. */
export function except(
  id: string,
  section: string,
  level: Level,
  words: string,
  reason: string,
  ...tests: readonly string[]
): Requirement {
  return { ...shown(id, section, level, words, ...tests), reason };
}
