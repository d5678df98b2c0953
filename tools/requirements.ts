/**
 * The table of requirements (tests/rfc) as a page: `deno task requirements` writes docs/requirements.md.
 */

import type { Level, Requirement, Rfc } from "../tests/rfc/requirement.ts";
import { readTable } from "../tests/rfc/table.ts";

/** The page, from the project's root. */
export const PAGE = "docs/requirements.md";

const LEVELS: readonly Level[] = ["MUST", "SHOULD", "MAY"];

const INTRODUCTION = `# What the RFCs require, and what shows it

Made by \`deno task requirements\` from [tests/rfc](../tests/rfc): change that, not this. Each row is a requirement in own
words, with the tests that show it or the reason why it is not kept (or kept in another way). A test of the table fails
when a row names a test that does not exist.
`;

/** What is wrong with a row's test, in words, or null when the file has a test of that name. */
export function missingTest(test: string, root: URL): string | null {
  const [, file, name] = test.match(/^(\S+?)(?:: (.*))?$/) ?? [];
  let text: string;
  try {
    text = Deno.readTextFileSync(new URL(file, root));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return `there is no file ${file}`;
    throw error;
  }
  if (name === undefined) return file.endsWith(".pkt") ? null : `${file} names no test`;
  const isThere = ['"', "\`", "'"].some((quote) => text.includes(`${quote}${name}${quote}`));
  return isThere ? null : `${file} has no test "${name}"`;
}

/** The page that shows a table. */
export function requirementsPage(table: readonly Rfc[]): string {
  return [INTRODUCTION, summary(table), ...table.map(section)].join("\n");
}

function summary(table: readonly Rfc[]): string {
  const head =
    "| RFC | MUST | SHOULD | MAY | not kept, or in another way |\n|---|---|---|---|---|\n";
  const rows = table.map(({ number, title, requirements }) => {
    const counts = LEVELS.map((level) => {
      const all = requirements.filter((each) => each.level === level);
      const kept = all.filter(({ reason }) => reason === undefined);
      return all.length === 0 ? "" : `${kept.length} of ${all.length}`;
    });
    const not = requirements.filter(({ reason }) => reason !== undefined).length;
    return `| [${number}](https://www.rfc-editor.org/rfc/rfc${number}), ${title} | ${
      counts.join(" | ")
    } | ${not} |`;
  });
  return `${head}${rows.join("\n")}\n`;
}

function section({ number, title, scope, requirements }: Rfc): string {
  const head = `## RFC ${number}: ${title}\n\nIn the table: ${scope}.\n\n` +
    "| number | section | level | what | shown by |\n|---|---|---|---|---|\n";
  return `${head}${requirements.map(row).join("\n")}\n`;
}

function row({ id, section, level, words, tests, reason }: Requirement): string {
  const what = reason === undefined ? words : `${words} **Not so:** ${reason}`;
  return `| ${id} | ${section} | ${level} | ${cell(what)} | ${tests.map(link).join("<br>")} |`;
}

function link(test: string): string {
  const [, file, name] = test.match(/^(\S+?)(?:: (.*))?$/) ?? [];
  return `[${cell(name ?? file.replace("tests/script/", ""))}](../${file})`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;").replaceAll("[", "\\[").replaceAll(
    "]",
    "\\]",
  );
}

async function main(): Promise<void> {
  const table = readTable();
  await Deno.writeTextFile(new URL(`../${PAGE}`, import.meta.url), requirementsPage(table));
  console.log(`${PAGE}: ${table.length} RFCs`);
}

if (import.meta.main) await main();
