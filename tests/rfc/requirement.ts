/**
 * What an RFC requires, in own words, and what shows that it is kept: the tables in tests/rfc/*.txt.
 *
 * ```text
 *   RFC 9293: Transmission Control Protocol
 *   In the table: every requirement that appendix B numbers.
 *
 *   MUST-13 (3.6, MUST): TIME-WAIT lasts for 2 MSL.
 *     script/time_wait/ends.pkt
 *
 *   MAY-6 (3.8.4, MAY): Keepalive probes may carry a byte.
 *     not so: No TCP that is in use needs it.
 *     tcp/timers_test.ts: timers: keepalive probes an idle peer and gives up after nine
 * ```
 *
 * Tests are named as they are written in their files, relative to tests/; a packet script by its path alone.
 */

/** The words of RFC 2119; RECOMMENDED counts as SHOULD. */
export type Level = "MUST" | "SHOULD" | "MAY";

/** One requirement: shown by tests, or not kept for a reason. */
export interface Requirement {
  /** The RFC's own number where it has one, such as `MUST-1`; else one of the table's. */
  readonly id: string;
  readonly section: string;
  readonly level: Level;
  /** What is required, in own words. */
  readonly words: string;
  /** Tests that show it, from the project's root. */
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

const HEAD = /^(\S+) \(([^,]+), (MUST|SHOULD|MAY)\): (.+)$/;
const NOT_SO = "  not so: ";

/** Reads a table. Throws for a line that cannot be read, with its number. */
export function parseRfc(text: string): Rfc {
  const [first, second, ...lines] = text.split("\n");
  const title = first.match(/^RFC (\d+): (.+)$/);
  const scope = second?.match(/^In the table: (.+)\.$/);
  if (title === null || !scope) throw new Error(`The table does not begin with its RFC: ${first}`);
  const requirements: (Requirement & { tests: string[]; reason?: string })[] = [];
  lines.forEach((line, index) => {
    if (line === "") return;
    const head = line.match(HEAD);
    const last = requirements[requirements.length - 1];
    if (head !== null) {
      const [, id, section, level, words] = head;
      requirements.push({ id, section, level: level as Level, words, tests: [] });
    } else if (last !== undefined && line.startsWith(NOT_SO)) {
      last.reason = line.slice(NOT_SO.length);
    } else if (last !== undefined && line.startsWith("  ")) {
      last.tests.push(`tests/${line.trim()}`);
    } else {
      throw new Error(`RFC ${title[1]}, line ${index + 3} cannot be read: ${line}`);
    }
  });
  return { number: Number(title[1]), title: title[2], scope: scope[1], requirements };
}
