/** How long a file and a function may be. */

import ts from "typescript";
import { type Finding, findingAt, isCode, type Source, treeOf, visit } from "./source.ts";

/** Lines of a file: what one reads in one sitting. */
export const FILE_LINES_MAX = 600;

/** Lines of a function with its signature, without its comment: a screen. */
export const FUNCTION_LINES_MAX = 70;

const MEASURED =
  /^(?:(?:src|workers|tests|tools|bench|examples)\/|mod\.ts$|server\.ts$|woshou\.ts$)/;

/** Files are small enough to read in one sitting. */
export function fileSizes(sources: readonly Source[]): Finding[] {
  const findings: Finding[] = [];
  for (const { path, text } of sources) {
    if (!isCode(path) || !MEASURED.test(path)) continue;
    const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
    if (lines <= FILE_LINES_MAX) continue;
    const message = `${lines} lines, at most ${FILE_LINES_MAX}: split the file by concern`;
    findings.push({ path, line: FILE_LINES_MAX + 1, message });
  }
  return findings;
}

/** A function fits a screen. */
export function functionSizes(sources: readonly Source[]): Finding[] {
  const findings: Finding[] = [];
  for (const source of sources) {
    if (!isCode(source.path) || !MEASURED.test(source.path)) continue;
    visit(source, (node) => {
      if (!ts.isFunctionLike(node)) return;
      const lines = linesOf(source, node);
      if (lines <= FUNCTION_LINES_MAX) return;
      const message = `the function takes ${lines} lines, at most ${FUNCTION_LINES_MAX}: ` +
        "keep the branches and move the leaves out";
      findings.push(findingAt(source, node, message));
    });
  }
  return findings;
}

function linesOf(source: Source, node: ts.Node): number {
  const tree = treeOf(source);
  const first = tree.getLineAndCharacterOfPosition(node.getStart(tree)).line;
  return tree.getLineAndCharacterOfPosition(node.end).line - first + 1;
}
