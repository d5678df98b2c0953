/** Which file may import which. */

import ts from "typescript";
import { type Finding, findingAt, isCode, isProduct, type Source, visit } from "./source.ts";

/**
 * The folders of src/, from the ground up: a folder may import itself and the folders before it. This
 * table is the layering of the project; a new folder gets its row here first.
 */
export const LAYERS: readonly string[] = [
  "src/base",
  "src/ring",
  "src/wire",
  "src/device",
  "src/ip",
  "src/tcp",
  "src/udp",
  "src/pipeline",
  "src/net",
  "src/node",
  "src/trace",
  "src/page",
  "src/services",
  "src/cli",
];

const BUNDLE = "workers/bundle.js";

/** Where the worker bundle is started, and so may be imported as text. */
const BUNDLE_USERS: readonly string[] = ["src/pipeline", "src/net"];

/** What may be imported from outside the project, by the start of the specifier. */
const OUTSIDE: Readonly<Record<string, readonly string[]>> = {
  "src/pipeline": ["node:"],
  "src/net": ["node:"],
  "src/node": ["node:"],
  "workers": ["node:"],
  "src/cli": ["@std/cli/", "cli-progress", "node:process", "node:util"],
};

/**
 * Imports by `import()` that may point down the table: what is loaded only when somebody asks for it, by the file that
 * passes it on. The file there imports nothing of this one but types.
 */
const LAZY: Readonly<Record<string, string>> = {
  "src/net/serve.ts": "src/node/serve.ts",
};

/** One import as written. */
interface Import {
  readonly specifier: string;
  /** The imported file's path from the root, or null for a package. */
  readonly target: string | null;
  readonly node: ts.Node;
  readonly asText: boolean;
}

/** The imports of a file: static, re-exports, dynamic ones of a literal, and types by `import()`. */
function importsOf(source: Source): Import[] {
  const imports: Import[] = [];
  visit(source, (node) => {
    const literal = specifierOf(node);
    if (literal === null) return;
    const target = literal.text.startsWith(".") ? resolve(source.path, literal.text) : null;
    imports.push({ specifier: literal.text, target, node, asText: isTextImport(node) });
  });
  return imports;
}

function specifierOf(node: ts.Node): ts.StringLiteralLike | null {
  let found: ts.Node | undefined;
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) found = node.moduleSpecifier;
  else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    found = node.argument.literal;
  } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    found = node.arguments[0];
  }
  return found !== undefined && ts.isStringLiteralLike(found) ? found : null;
}

function isTextImport(node: ts.Node): boolean {
  if (!ts.isImportDeclaration(node)) return false;
  return (node.attributes?.elements ?? []).some((attribute) =>
    attribute.name.text === "type" && ts.isStringLiteral(attribute.value) &&
    attribute.value.text === "text"
  );
}

/** The path from the root that `specifier` means in the file `from`; it starts with `..` outside. */
function resolve(from: string, specifier: string): string {
  const parts = from.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === "..") {
      if (parts.length === 0 || parts.at(-1) === "..") parts.push("..");
      else parts.pop();
    } else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}

/** The place that a file's rights depend on: its folder of src/, `workers`, or the file itself. */
function placeOf(path: string): string {
  const parts = path.split("/");
  if (parts[0] === "src") return parts.length > 2 ? `src/${parts[1]}` : path;
  return parts[0];
}

/** Imports point only up the table of folders, and the product imports no package. */
export function importOrder(sources: readonly Source[]): Finding[] {
  const findings: Finding[] = [];
  for (const source of sources) {
    if (!isProduct(source.path) || !isCode(source.path)) continue;
    const place = placeOf(source.path);
    if (source.path.startsWith("src/") && !LAYERS.includes(place)) {
      const message = `${place} is not in the table of folders (tools/tidy/imports.ts)`;
      findings.push({ path: source.path, line: 1, message });
    }
    for (const one of importsOf(source)) {
      if (isLazy(source, one)) continue;
      const message = importFault(place, one);
      if (message !== null) findings.push(findingAt(source, one.node, message));
    }
  }
  return findings;
}

function isLazy(source: Source, { node, target }: Import): boolean {
  return ts.isCallExpression(node) && target !== null && LAZY[source.path] === target;
}

function importFault(place: string, one: Import): string | null {
  if (one.target === null) {
    if ((OUTSIDE[place] ?? []).some((start) => one.specifier.startsWith(start))) return null;
    return `${place} must not import "${one.specifier}": what runs has no dependencies`;
  }
  if (one.target === BUNDLE) {
    if (BUNDLE_USERS.includes(place) && one.asText) return null;
    return `only ${BUNDLE_USERS.join(" and ")} import ${BUNDLE}, with { type: "text" }`;
  }
  return pathFault(place, one.target);
}

function pathFault(place: string, target: string): string | null {
  const to = placeOf(target);
  if (place === to) return null;
  const toRow = LAYERS.indexOf(to);
  if (["mod.ts", "server.ts", "woshou.ts", "workers"].includes(place) && toRow >= 0) return null;
  const row = LAYERS.indexOf(place);
  if (row >= 0 && toRow >= 0 && toRow < row) return null;
  if (row >= 0 && toRow >= 0) {
    return `${place} must not import ${target}: ${to} is further down the table of folders; ` +
      "move what both need up, or pass it in";
  }
  return `${place} must not import ${target}: ${
    row >= 0 ? "src/" : place
  } imports only files of src/`;
}

/** No file imports itself over others; types count, for a cycle of types is one of thoughts too. */
export function importCycles(sources: readonly Source[]): Finding[] {
  const byPath = new Map(
    sources.filter((each) => isCode(each.path)).map((each) => [each.path, each]),
  );
  const state = new Map<string, "open" | "done">();
  const trail: string[] = [];
  const findings: Finding[] = [];
  const enter = (source: Source) => {
    state.set(source.path, "open");
    trail.push(source.path);
    for (const one of importsOf(source)) {
      const { target, node } = one;
      if (isLazy(source, one)) continue;
      const next = target === null ? undefined : byPath.get(target);
      if (next === undefined) continue;
      if (state.get(next.path) === "open") {
        const cycle = [...trail.slice(trail.indexOf(next.path)), next.path].join(" -> ");
        findings.push(findingAt(source, node, `import cycle: ${cycle}; move what is shared up`));
      } else if (!state.has(next.path)) enter(next);
    }
    trail.pop();
    state.set(source.path, "done");
  };
  for (const source of byPath.values()) if (!state.has(source.path)) enter(source);
  return findings;
}
