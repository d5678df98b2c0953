/** Which names may not stand in which folders. */

import ts from "typescript";
import {
  type Finding,
  findingAt,
  findingsInLines,
  isCode,
  isProduct,
  type Source,
  visit,
} from "./source.ts";

const PURE_FOLDER = /^src\/(?:wire|ip|tcp|udp)\//;
const NO_BIGINT_FOLDER = /^(?:src\/(?:wire|ip|tcp|udp|ring|pipeline)|workers)\//;

/** Names of the world outside, which pure code gets through its parameters instead. */
const IMPURE_NAMES = new Set([
  "Deno",
  "Date",
  "performance",
  "crypto",
  "Atomics",
  "setTimeout",
  "setInterval",
  "queueMicrotask",
  "fetch",
  "console",
  "globalThis",
  "self",
]);

const BIGINT_NAMES = new Set(["BigInt", "BigInt64Array", "BigUint64Array"]);
const BIGINT_METHOD = /^[gs]etBig(?:Int|Uint)64$/;

/** In the pure folders there is no clock, randomness, timer, shared memory operation or I/O. */
export function impureNames(sources: readonly Source[]): Finding[] {
  return inCode(sources, (path) => PURE_FOLDER.test(path), (node) => {
    if (ts.isIdentifier(node) && IMPURE_NAMES.has(node.text) && isReference(node)) {
      return `${node.text} in a pure folder: take what it gives as a parameter`;
    }
    if (isMember(node, "Math", "random")) {
      return "Math.random in a pure folder: take a Random as a parameter";
    }
    return null;
  });
}

/** No BigInt where code runs for each frame: it allocates. */
export function bigIntegers(sources: readonly Source[]): Finding[] {
  return inCode(sources, (path) => NO_BIGINT_FOLDER.test(path), (node) => {
    const isName = ts.isIdentifier(node) &&
      (BIGINT_NAMES.has(node.text) && isReference(node) || BIGINT_METHOD.test(node.text));
    if (!isName && !ts.isBigIntLiteral(node) && node.kind !== ts.SyntaxKind.BigIntKeyword) {
      return null;
    }
    return `${node.getText()} allocates: use one or two 32-bit numbers`;
  });
}

/** One file opens the C library, and nothing starts a process. */
export function systemAccess(sources: readonly Source[]): Finding[] {
  return inCode(sources, isProduct, (node, path) => {
    if (isMember(node, "Deno", "dlopen") && path !== "src/device/libc.ts") {
      return "only src/device/libc.ts calls Deno.dlopen: add the symbol there";
    }
    return isMember(node, "Deno", "Command")
      ? "a process needs --allow-run: configure through ioctl or netlink instead"
      : null;
  });
}

/** No escape from the type system in what users run. */
export function looseTypes(sources: readonly Source[]): Finding[] {
  const typed = inCode(
    sources,
    isProduct,
    (node) =>
      node.kind === ts.SyntaxKind.AnyKeyword
        ? "any: name the type, or take unknown and check it"
        : null,
  );
  const comments = /@ts-(?:ignore|nocheck|expect-error)|deno-lint-ignore-file/;
  const silenced = sources.filter(({ path }) => isProduct(path) && isCode(path))
    .flatMap((source) => findingsInLines(source, comments, "change the code so that it checks"));
  return [...typed, ...silenced];
}

function inCode(
  sources: readonly Source[],
  applies: (path: string) => boolean,
  fault: (node: ts.Node, path: string) => string | null,
): Finding[] {
  const findings: Finding[] = [];
  for (const source of sources) {
    if (!isCode(source.path) || !applies(source.path)) continue;
    visit(source, (node) => {
      const message = fault(node, source.path);
      if (message !== null) findings.push(findingAt(source, node, message));
    });
  }
  return findings;
}

function isMember(node: ts.Node, object: string, name: string): boolean {
  return ts.isPropertyAccessExpression(node) && node.name.text === name &&
    ts.isIdentifier(node.expression) && node.expression.text === object;
}

/** Whether the identifier means the variable or type of that name, and not a member of something. */
function isReference(node: ts.Identifier): boolean {
  const parent = node.parent;
  if (ts.isPropertyAccessExpression(parent)) return parent.name !== node;
  if (ts.isQualifiedName(parent)) return parent.right !== node;
  if (ts.isBindingElement(parent)) return parent.propertyName !== node;
  const isMemberName = ts.isPropertyAssignment(parent) || ts.isPropertySignature(parent) ||
    ts.isPropertyDeclaration(parent) || ts.isMethodDeclaration(parent) ||
    ts.isMethodSignature(parent) || ts.isGetAccessor(parent) || ts.isSetAccessor(parent) ||
    ts.isEnumMember(parent);
  return !(isMemberName && parent.name === node);
}
