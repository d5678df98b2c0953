/** What may not stand in any text, links that lead nowhere, and tests that are not there. */

import { type Finding, findingsInLines, isCode, isProduct, type Source } from "./source.ts";

/** Work that is left is an entry in the list of issues; a file says how things are. */
export function leftovers(sources: readonly Source[]): Finding[] {
  const marks = /\b(?:TO[D]O|FI[X]ME|X[X]X)\b/;
  return sources.flatMap((source) => findingsInLines(source, marks, "do it, or open an issue"));
}

/** Nothing depends on where one machine keeps its files. */
export function machinePaths(sources: readonly Source[]): Finding[] {
  const anywhere = /(?<![\w.)\]}*])\/(?:work|root|home)(?![\w.-])/;
  const inProduct = /(?<![\w.)\]}*])\/(?:work|root|home|tmp)(?![\w.-])/;
  return sources.flatMap((source) => {
    const pattern = isProduct(source.path) ? inProduct : anywhere;
    return findingsInLines(
      source,
      pattern,
      "a path of one machine: make it relative, or an option",
    );
  });
}

/** No host of a package registry: which one is used is the machine's configuration. */
export function registryHosts(sources: readonly Source[]): Finding[] {
  const hosts =
    /\b(?:registry\.npmjs\.org|registry\.yarnpkg\.com|npmjs\.com|jsr\.io|deno\.land|esm\.sh|unpkg\.com|cdn\.jsdelivr\.net|deb\.debian\.org)\b/;
  const message = "the host of a registry: name the package alone";
  return sources.flatMap((source) => findingsInLines(source, hosts, message));
}

/**
 * Every file of src/ has a test file of the mirrored name. `exceptions` maps the files that have none to
 * the reason; one that is no longer needed is a finding too, so that the list only shrinks.
 */
export function mirroredTests(
  sources: readonly Source[],
  exceptions: Readonly<Record<string, string>>,
): Finding[] {
  const paths = new Set(sources.map(({ path }) => path));
  const findings: Finding[] = [];
  for (const path of paths) {
    if (!path.startsWith("src/") || !isCode(path)) continue;
    const test = testPathOf(path);
    if (!paths.has(test) && exceptions[path] === undefined) {
      findings.push({ path, line: 1, message: `has no test: write ${test}` });
    }
  }
  for (const [path, reason] of Object.entries(exceptions)) {
    for (const [test] of reason.matchAll(/\btests\/[\w/]+\.ts\b/g)) {
      if (!paths.has(test)) findings.push({ path, line: 1, message: `${test} is not there` });
    }
    if (paths.has(path) && !paths.has(testPathOf(path))) continue;
    findings.push({ path, line: 1, message: "needs no exception from having a test any more" });
  }
  return findings;
}

function testPathOf(path: string): string {
  return path.replace(/^src\//, "tests/").replace(/\.ts$/, "_test.ts");
}

const MARKDOWN_LINK = /\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g;
const MARKDOWN_REFERENCE = /^\s{0,3}\[[^\]]+\]:\s*(\S+)/g;
const HTML_LINK = /\b(?:href|src)="([^"]+)"/g;

/** Relative links in Markdown lead to a file of the project, and to a heading of it if they name one. */
export function brokenLinks(
  sources: readonly Source[],
  exists: (path: string) => boolean,
): Finding[] {
  const texts = new Map(sources.map(({ path, text }) => [path, text]));
  const findings: Finding[] = [];
  for (const { path, text } of sources) {
    if (!path.endsWith(".md")) continue;
    withoutCode(text).forEach((content, index) => {
      for (const pattern of [MARKDOWN_LINK, MARKDOWN_REFERENCE, HTML_LINK]) {
        for (const [, link] of content.matchAll(pattern)) {
          const fault = linkFault(path, link, texts, exists);
          if (fault !== null) findings.push({ path, line: index + 1, message: fault });
        }
      }
    });
  }
  return findings;
}

function linkFault(
  from: string,
  link: string,
  texts: ReadonlyMap<string, string>,
  exists: (path: string) => boolean,
): string | null {
  if (/^[a-z][a-z0-9+.-]*:/i.test(link)) return null;
  const [file, anchor] = decodeURIComponent(link).split("#");
  // A ".." too many ends at the root, outside of /project/.
  const base = new URL(from, "file:///project/");
  const { pathname } = file === "" ? base : new URL(file, base);
  const inside = decodeURIComponent(pathname);
  if (!inside.startsWith("/project/")) return `the link "${link}" leaves the project`;
  const target = inside.slice("/project/".length).replace(/\/$/, "");
  if (!exists(target)) return `the link "${link}" leads to ${target}, which does not exist`;
  const text = texts.get(target);
  if (anchor === undefined || text === undefined || !target.endsWith(".md")) return null;
  return anchorsOf(text).has(anchor) ? null : `${target} has no heading for "#${anchor}"`;
}

/** The anchors that GitHub makes for the headings of a Markdown text. */
function anchorsOf(text: string): Set<string> {
  return new Set(
    withoutCode(text).filter((line) => /^#{1,6}\s/.test(line)).map((line) =>
      line.replace(/^#+\s+/, "").trim().toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "")
        .replace(/\s/g, "-")
    ),
  );
}

/** The lines of a Markdown text with fenced and inline code blanked out. */
function withoutCode(text: string): string[] {
  let fence: string | null = null;
  return text.split("\n").map((line) => {
    const mark = /^\s*(```+|~~~+)/.exec(line)?.[1] ?? null;
    if (fence !== null) {
      if (mark !== null && mark.startsWith(fence)) fence = null;
      return "";
    }
    if (mark !== null) {
      fence = mark;
      return "";
    }
    return /^#/.test(line) ? line.replaceAll("`", "") : line.replace(/`[^`]*`/g, "");
  });
}

/** README.md names the command that runs the tests between two marks, from where CI takes it. */
export function testCommand(readme: string): string | null {
  const match = /<!-- test-command -->([\s\S]*?)<!-- \/?test-command -->/.exec(readme);
  if (match === null) return null;
  const lines = match[1].split("\n").map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("```"))
    .map((line) => line.replace(/^\$ /, "").replace(/^`(.*)`$/, "$1"));
  return lines.length === 0 ? null : lines.join("\n");
}
