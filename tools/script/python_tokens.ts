/** The words of the code between `%{` and `}%`, with Python's lines and indentation. */

/** Code that cannot be read, or an assertion that does not hold. `line` counts from 0 in the code. */
export class PythonError extends Error {
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/** One word; `text` is a string's contents, and what indentation there is at the beginning of a line. */
export interface Token {
  readonly kind: "name" | "number" | "string" | "format" | "sign" | "line" | "end";
  readonly text: string;
  readonly line: number;
  /** Columns before the first word of a line; only for `line`. */
  readonly indent: number;
  /** Where the word begins and ends in the code, for messages. */
  readonly from: number;
  readonly to: number;
}

const SPACE = /(?:[ \t\r\f]|\\\n|#[^\n]*)+/y;
const NUMBER =
  /0[xX][\da-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[lLjJ]?/y;
const NAME = /[A-Za-z_]\w*/y;
const STRING =
  /([rRbBuUfF]{0,2})(?:"""([^]*?)"""|'''([^]*?)'''|"((?:[^"\\\n]|\\[^])*)"|'((?:[^'\\\n]|\\[^])*)')/y;
const SIGN =
  /\*\*=|\/\/=|<<=|>>=|\*\*|\/\/|<<|>>|[<>=!+\-*\/%&|^:]=|<>|->|[-+*\/%&|^~<>=()[\]{},:;.@]/y;

const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  "0": "\0",
  "\n": "",
};

/** Splits code. Throws a {@link PythonError} for a sign that Python has no use for. */
export function tokensOf(code: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let line = 0;
  let open = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(code);
    return found === null || found[0] === "" ? null : found;
  };
  const push = (kind: Token["kind"], text: string, length: number, indent = 0) => {
    tokens.push({ kind, text, line, indent, from: at, to: at + length });
    line += code.slice(at, at + length).split("\n").length - 1;
    at += length;
  };
  const startLine = () => {
    const indent = /[ \t]*/y;
    indent.lastIndex = at;
    push("line", "", 0, indent.exec(code)![0].replaceAll("\t", "        ").length);
  };
  startLine();
  while (at < code.length) {
    const space = take(SPACE);
    if (space !== null) {
      line += space[0].split("\n").length - 1;
      at += space[0].length;
      continue;
    }
    if (code[at] === "\n") {
      line++;
      at++;
      if (open === 0) startLine();
      continue;
    }
    const text = take(STRING);
    if (text !== null) {
      const body = text[2] ?? text[3] ?? text[4] ?? text[5] ?? "";
      const prefix = text[1].toLowerCase();
      const plain = prefix.includes("r") ? body : unescaped(body);
      push(prefix.includes("f") ? "format" : "string", plain, text[0].length);
      continue;
    }
    const name = take(NAME);
    if (name !== null) {
      push("name", name[0], name[0].length);
      continue;
    }
    const number = take(NUMBER);
    if (number !== null) {
      push("number", number[0].replace(/_|[lLjJ]$/g, ""), number[0].length);
      continue;
    }
    const sign = take(SIGN);
    if (sign === null) {
      throw new PythonError(line, `code: cannot read "${code.slice(at, at + 20)}"`);
    }
    if ("([{".includes(sign[0])) open++;
    if (")]}".includes(sign[0])) open--;
    push("sign", sign[0], sign[0].length);
  }
  if (open > 0) throw new PythonError(line, "the code ends within parentheses");
  push("end", "", 0);
  return withoutEmptyLines(tokens);
}

function unescaped(text: string): string {
  return text.replace(
    /\\([^])/g,
    (_, sign: string) => ESCAPES[sign] ?? (/\W/.test(sign) ? sign : `\\${sign}`),
  );
}

function withoutEmptyLines(tokens: readonly Token[]): Token[] {
  return tokens.filter(({ kind }, index) => {
    const next = tokens[index + 1]?.kind;
    return kind !== "line" || (next !== "line" && next !== "end");
  });
}
