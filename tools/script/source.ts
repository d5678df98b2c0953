/** The text of a script without comments and without the parts of `#ifdef` that do not apply. */

import { ScriptError } from "./syntax.ts";

/**
 * Blanks out what is not to be read. Every character that stays keeps its line and column, so that messages
 * need no map. Throws a {@link ScriptError} for `#ifdef` without `#endif`.
 */
export function prepareSource(text: string, defined: ReadonlyMap<string, string>): string {
  return withoutConditions(withoutComments(text.replaceAll("\r\n", "\n")), defined);
}

/** Comments begin with `//`, with `#` at the start of a line, or stand between the signs of C. */
function withoutComments(text: string): string {
  let result = "";
  let at = 0;
  while (at < text.length) {
    const rest = commentEnd(text, at);
    if (rest > at) {
      result += text.slice(at, rest).replace(/[^\n]/g, " ");
      at = rest;
      continue;
    }
    const end = literalEnd(text, at);
    result += text.slice(at, end);
    at = end;
  }
  return result;
}

function commentEnd(text: string, at: number): number {
  if (text.startsWith("//", at)) return lineEnd(text, at);
  if (text.startsWith("/*", at)) {
    const end = text.indexOf("*/", at + 2);
    return end < 0 ? text.length : end + 2;
  }
  const isDirective = /#\s*(?:ifdef|ifndef|else|endif)\b/y;
  isDirective.lastIndex = at;
  if (text[at] === "#" && !isDirective.test(text)) {
    const start = text.lastIndexOf("\n", at - 1) + 1;
    if (text.slice(start, at).trim() === "") return lineEnd(text, at);
  }
  return at;
}

/** Where the literal at `at` ends, in which no comment begins; one character when it is none. */
function literalEnd(text: string, at: number): number {
  if (text.startsWith("%{", at)) return closing(text, at, "}%");
  if (text[at] === "`") return closing(text, at, "`");
  if (text[at] === '"') {
    const end = text.indexOf('"', at + 1);
    return end < 0 || end > lineEnd(text, at) ? at + 1 : end + 1;
  }
  return at + 1;
}

function closing(text: string, at: number, mark: string): number {
  const end = text.indexOf(mark, at + 1);
  return end < 0 ? text.length : end + mark.length;
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end < 0 ? text.length : end;
}

function withoutConditions(text: string, defined: ReadonlyMap<string, string>): string {
  if (!text.includes("#")) return text;
  const open: { line: number; active: boolean }[] = [];
  const lines = text.split("\n").map((line, index) => {
    const match = /^\s*#\s*(ifdef|ifndef|else|endif)\b\s*(\w*)/.exec(line);
    if (match === null) return open.every(({ active }) => active) ? line : "";
    const [, word, name] = match;
    if (word === "ifdef" || word === "ifndef") {
      open.push({ line: index + 1, active: defined.has(name) === (word === "ifdef") });
      return "";
    }
    const last = open.at(-1);
    if (last === undefined) throw new ScriptError(index + 1, `#${word} without #ifdef`);
    if (word === "else") last.active = !last.active;
    else open.pop();
    return "";
  });
  if (open.length > 0) throw new ScriptError(open[0].line, "#ifdef without #endif");
  return lines.join("\n");
}
