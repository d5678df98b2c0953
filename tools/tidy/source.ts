/** What the style rules read (files as texts and syntax trees) and what they find. */

import ts from "typescript";

/** One file of the project. */
export interface Source {
  /** The path from the project's root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** One place that breaks a rule. */
export interface Finding {
  readonly path: string;
  /** The line, from 1. */
  readonly line: number;
  /** What is wrong and what would be right. */
  readonly message: string;
}

/** A finding as editors and people read it. */
export function findingText(finding: Finding): string {
  return `${finding.path}:${finding.line}: ${finding.message}`;
}

// What git ignores: api/ and npm/ are made by tasks.
const IGNORED_FOLDERS = new Set([".git", "node_modules", "coverage", "results", "api", "npm"]);
const TEXT_NAMES = /(?:\.(?:ts|js|mjs|md|json|jsonc|sh|pkt|html|css|txt|yml)|^run|^LICENSE)$/;

/** Reads the text files of the project at `root`, in the order of their paths. */
export function readProject(root: URL): Source[] {
  const paths: string[] = [];
  const walk = (folder: string) => {
    for (const entry of Deno.readDirSync(new URL(folder, root))) {
      const path = folder + entry.name;
      if (entry.isDirectory && !IGNORED_FOLDERS.has(entry.name)) walk(`${path}/`);
      else if (entry.isFile && TEXT_NAMES.test(entry.name)) paths.push(path);
    }
  };
  walk("");
  return paths.sort().map((path) => ({ path, text: Deno.readTextFileSync(new URL(path, root)) }));
}

/** Whether the file is the code that ends up with users: src/, workers/, mod.ts, server.ts. */
export function isProduct(path: string): boolean {
  return /^(?:src\/|workers\/|mod\.ts$|server\.ts$)/.test(path);
}

/** Whether the file is TypeScript that people write. */
export function isCode(path: string): boolean {
  return path.endsWith(".ts") && !path.endsWith(".d.ts");
}

const trees = new WeakMap<Source, ts.SourceFile>();

/** The syntax tree of a file, parsed once. */
export function treeOf(source: Source): ts.SourceFile {
  let tree = trees.get(source);
  if (tree === undefined) {
    tree = ts.createSourceFile(source.path, source.text, ts.ScriptTarget.Latest, true);
    trees.set(source, tree);
  }
  return tree;
}

/** Visits every node of a file, parents first. */
export function visit(source: Source, see: (node: ts.Node) => void): void {
  const walk = (node: ts.Node) => {
    see(node);
    ts.forEachChild(node, walk);
  };
  walk(treeOf(source));
}

/** A finding at a node. */
export function findingAt(source: Source, node: ts.Node, message: string): Finding {
  const tree = treeOf(source);
  const line = tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1;
  return { path: source.path, line, message };
}

/** Findings for every line that matches, one for each line. */
export function findingsInLines(source: Source, pattern: RegExp, message: string): Finding[] {
  const findings: Finding[] = [];
  source.text.split("\n").forEach((text, index) => {
    const match = pattern.exec(text);
    if (match === null) return;
    findings.push({ path: source.path, line: index + 1, message: `"${match[0]}": ${message}` });
  });
  return findings;
}
