/**
 * The code between `%{` and `}%`: the part of Python that assertions over TCP_INFO are written in.
 *
 * Statements are `assert`, `print`, assignment and `if`; expressions have Python's operators, chained
 * comparisons included. Numbers are all that there is besides texts.
 */

/** A value of an expression. */
export type PythonValue = number | string | readonly PythonValue[];

/** What names mean. Throws for one that means nothing. */
export type Names = (name: string) => PythonValue;

/** Code that cannot be read, or an assertion that does not hold. `line` counts from 0 in the code. */
export class PythonError extends Error {
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

interface Statement {
  readonly line: number;
  readonly indent: number;
  readonly text: string;
}

/** Runs code; `print` gets what it prints. Throws a {@link PythonError}. */
export function runPython(code: string, names: Names, print: (text: string) => void): void {
  const variables = new Map<string, PythonValue>();
  const lookUp: Names = (name) => variables.get(name) ?? names(name);
  const statements = statementsOf(code);
  let at = 0;
  const block = (indent: number, active: boolean): void => {
    let taken = false;
    while (at < statements.length && statements[at].indent >= indent) {
      const { text, line } = statements[at++];
      const branch = /^(if|elif|else)\b\s*(.*?):\s*(.*)$/s.exec(text);
      if (branch === null) {
        if (active) run(text, line);
        continue;
      }
      const [, word, condition, rest] = branch;
      if (word === "if") taken = false;
      const holds: boolean = active && !taken && (word === "else" || truth(value(condition, line)));
      taken ||= holds;
      if (rest !== "") {
        if (holds) run(rest, line);
      } else if (at < statements.length && statements[at].indent > indent) {
        block(statements[at].indent, holds);
      }
    }
  };
  const value = (text: string, line: number) => evaluate(text, line, lookUp);
  const run = (text: string, line: number): void => {
    const assertion = /^assert\b\s*(.*)$/s.exec(text);
    if (assertion !== null) return check(assertion[1], line, lookUp);
    const printed = /^print\b\s*(.*)$/s.exec(text);
    if (printed !== null) return print(textOf(value(printed[1] || "''", line)));
    const assignment = /^([A-Za-z_]\w*)\s*=(?!=)\s*(.*)$/s.exec(text);
    if (assignment !== null) {
      variables.set(assignment[1], value(assignment[2], line));
    } else if (!/^(?:pass|import\b.*|from\b.*)$/.test(text)) {
      value(text, line);
    }
  };
  block(0, true);
}

/** One statement a line; a line that ends within parentheses or with a backslash goes on. */
function statementsOf(code: string): Statement[] {
  const statements: Statement[] = [];
  let open = "";
  let start = 0;
  for (const [line, raw] of code.split("\n").entries()) {
    const text = withoutComment(raw);
    if (open === "") {
      if (text.trim() === "") continue;
      start = line;
    }
    open += (open === "" ? "" : " ") + text.replace(/\\\s*$/, "");
    if (/\\\s*$/.test(text) || depth(open) > 0) continue;
    const indent = open.length - open.trimStart().length;
    for (const part of splitSemicolons(open)) statements.push({ line: start, indent, text: part });
    open = "";
  }
  if (open !== "") throw new PythonError(start, "the code ends within parentheses");
  // The first line stands behind the opening sign; only deeper ones belong to an `if`.
  const least = Math.min(...statements.map(({ indent }) => indent));
  return statements.map((each) => ({ ...each, indent: each.indent - least }));
}

function withoutComment(line: string): string {
  const found = /^(?:[^"'#]|"[^"]*"|'[^']*')*/.exec(line);
  const end = found === null ? line.length : found[0].length;
  return line[end] === "#" ? line.slice(0, end) : line;
}

function depth(text: string): number {
  let open = 0;
  for (const sign of text.replace(/"[^"]*"|'[^']*'/g, "")) {
    if (sign === "(" || sign === "[") open++;
    else if (sign === ")" || sign === "]") open--;
  }
  return open;
}

function splitSemicolons(text: string): string[] {
  const parts = text.match(/(?:[^;"']|"[^"]*"|'[^']*')+/g) ?? [];
  return parts.map((part) => part.trim()).filter((part) => part !== "");
}

function check(text: string, line: number, names: Names): void {
  const parser = new Parser(text, line, names);
  const start = parser.values.length;
  const condition = parser.expression();
  if (truth(condition)) return;
  const seen = parser.values.slice(start).map(([name, found]) => `${name}=${textOf(found)}`);
  const message = parser.takes(",") ? ` (${textOf(parser.expression())})` : "";
  const where = seen.length > 0 ? `, with ${[...new Set(seen)].join(", ")}` : "";
  throw new PythonError(line, `assertion failed: ${text.trim()}${where}${message}`);
}

function evaluate(text: string, line: number, names: Names): PythonValue {
  const parser = new Parser(text, line, names);
  const first = parser.expression();
  if (!parser.takes(",")) {
    parser.end();
    return first;
  }
  const list: PythonValue[] = [first];
  do list.push(parser.expression()); while (parser.takes(","));
  parser.end();
  return list;
}

function truth(value: PythonValue): boolean {
  return typeof value === "number" ? value !== 0 : value.length > 0;
}

function textOf(value: PythonValue): string {
  return typeof value === "object" ? value.map(textOf).join(" ") : String(value);
}

const COMPARISONS = ["==", "!=", "<=", ">=", "<", ">", "not in", "in", "is not", "is"] as const;

/** Reads and works out an expression in one go. */
class Parser {
  /** Names that were looked up, for the message of a failed assertion. */
  readonly values: (readonly [string, PythonValue])[] = [];
  readonly #text: string;
  readonly #line: number;
  readonly #names: Names;
  #at = 0;

  constructor(text: string, line: number, names: Names) {
    this.#text = text;
    this.#line = line;
    this.#names = names;
  }

  takes(sign: string): boolean {
    this.#skip();
    if (!this.#text.startsWith(sign, this.#at)) return false;
    const isWord = /^\w/.test(sign);
    if (isWord && /\w/.test(this.#text[this.#at + sign.length] ?? "")) return false;
    this.#at += sign.length;
    return true;
  }

  end(): void {
    this.#skip();
    if (this.#at < this.#text.length) this.#fail(`cannot read "${this.#text.slice(this.#at)}"`);
  }

  /** `a if c else b`, or what stands alone. */
  expression(): PythonValue {
    const value = this.#or();
    if (!this.takes("if")) return value;
    const condition = this.#or();
    if (!this.takes("else")) this.#fail("expected else");
    const other = this.expression();
    return truth(condition) ? value : other;
  }

  #or(): PythonValue {
    let left = this.#and();
    while (this.takes("or")) {
      const right = this.#and();
      left = truth(left) ? left : right;
    }
    return left;
  }

  #and(): PythonValue {
    let left = this.#not();
    while (this.takes("and")) {
      const right = this.#not();
      left = truth(left) ? right : left;
    }
    return left;
  }

  #not(): PythonValue {
    return this.takes("not") ? Number(!truth(this.#not())) : this.#comparison();
  }

  #comparison(): PythonValue {
    let left = this.#binary(0);
    let result: number | null = null;
    for (;;) {
      const operator = COMPARISONS.find((each) => this.takes(each));
      if (operator === undefined) return result ?? left;
      const right = this.#binary(0);
      const holds = compares(operator, left, right);
      result = holds && result !== 0 ? 1 : 0;
      left = right;
    }
  }

  #binary(level: number): PythonValue {
    const operators = LEVELS[level];
    if (operators === undefined) return this.#unary();
    let left = this.#binary(level + 1);
    for (;;) {
      const operator = operators.find((each) => this.#takesOperator(each));
      if (operator === undefined) return left;
      left = this.#apply(operator, left, this.#binary(level + 1));
    }
  }

  #takesOperator(operator: string): boolean {
    this.#skip();
    // `/` is not the beginning of `//`, nor `*` of `**`.
    const next = this.#text[this.#at + 1];
    if (operator.length === 1 && "*/".includes(operator) && next === operator) return false;
    return this.takes(operator);
  }

  #apply(operator: string, left: PythonValue, right: PythonValue): PythonValue {
    if (operator === "%" && typeof left === "string") return formatted(left, right);
    if (operator === "+" && typeof left === "string") return left + textOf(right);
    if (typeof left !== "number" || typeof right !== "number") {
      return this.#fail(`${operator} takes numbers`);
    }
    return ARITHMETIC[operator](left, right);
  }

  #unary(): PythonValue {
    if (this.takes("-")) return -this.#number();
    if (this.takes("+")) return this.#number();
    if (this.takes("~")) return ~this.#number();
    const base = this.#primary();
    if (!this.takes("**")) return base;
    if (typeof base !== "number") return this.#fail("** takes numbers");
    return base ** this.#number();
  }

  #number(): number {
    const value = this.#unary();
    return typeof value === "number" ? value : this.#fail("expected a number");
  }

  #primary(): PythonValue {
    if (this.takes("(")) return this.#list(")");
    if (this.takes("[")) return this.#list("]", true);
    const text = this.#match(/[fru]?(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')/y);
    if (text !== null) return text[1] ?? text[2] ?? "";
    const number = this.#match(/0x[0-9a-fA-F]+|\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+/y);
    if (number !== null) return Number(number[0]);
    const name = this.#match(/[A-Za-z_][\w.]*/y);
    if (name === null) return this.#fail(`cannot read "${this.#text.slice(this.#at)}"`);
    if (this.takes("(")) {
      const list = this.#list(")", true);
      return called(name[0], list as readonly PythonValue[]) ??
        this.#fail(`${name[0]}() is not there yet`);
    }
    const value = this.#names(name[0]);
    this.values.push([name[0], value]);
    return value;
  }

  /** The values up to `close`; one without a comma stands for itself unless `always`. */
  #list(close: string, always = false): PythonValue {
    const items: PythonValue[] = [];
    let commas = 0;
    while (!this.takes(close)) {
      items.push(this.expression());
      if (this.takes(",")) commas++;
      else if (!this.takes(close)) this.#fail(`expected ${close}`);
      else break;
    }
    return items.length === 1 && commas === 0 && !always ? items[0] : items;
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    this.#skip();
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found !== null) this.#at = pattern.lastIndex;
    return found;
  }

  #skip(): void {
    while (this.#at < this.#text.length && this.#text.charCodeAt(this.#at) <= 32) this.#at++;
  }

  #fail(message: string): never {
    throw new PythonError(this.#line, `code: ${message}`);
  }
}

const LEVELS: readonly (readonly string[])[] = [["|"], ["^"], ["&"], ["<<", ">>"], ["+", "-"], [
  "//",
  "*",
  "/",
  "%",
]];

const ARITHMETIC: Readonly<Record<string, (a: number, b: number) => number>> = {
  "|": (a, b) => a | b,
  "^": (a, b) => a ^ b,
  "&": (a, b) => a & b,
  "<<": (a, b) => a * 2 ** b,
  ">>": (a, b) => Math.floor(a / 2 ** b),
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "//": (a, b) => Math.floor(a / b),
  "%": (a, b) => a - b * Math.floor(a / b),
};

function compares(operator: string, left: PythonValue, right: PythonValue): boolean {
  switch (operator) {
    case "==":
    case "is":
      return textOf(left) === textOf(right);
    case "!=":
    case "is not":
      return textOf(left) !== textOf(right);
    case "<":
      return left < right;
    case "<=":
      return left <= right;
    case ">":
      return left > right;
    case ">=":
      return left >= right;
    case "in":
      return typeof right === "object" && right.some((each) => textOf(each) === textOf(left));
    default:
      return !(typeof right === "object" && right.some((each) => textOf(each) === textOf(left)));
  }
}

function called(name: string, args: readonly PythonValue[]): PythonValue | null {
  const numbers = args.flat().map(Number);
  switch (name) {
    case "abs":
      return Math.abs(numbers[0]);
    case "min":
      return Math.min(...numbers);
    case "max":
      return Math.max(...numbers);
    case "int":
      return Math.trunc(numbers[0]);
    case "float":
      return numbers[0];
    case "round":
      return Math.round(numbers[0]);
    case "sum":
      return numbers.reduce((a, b) => a + b, 0);
    case "bool":
      return Number(truth(args[0]));
    case "str":
    case "repr":
    case "hex":
      return textOf(args[0]);
    case "len":
      return (args[0] as string | readonly PythonValue[]).length;
    case "range":
      return Array.from({ length: Math.max(0, numbers[1] - numbers[0]) }, (_, i) => numbers[0] + i);
  }
  return null;
}

function formatted(text: string, value: PythonValue): string {
  const values = typeof value === "object" ? [...value] : [value];
  return text.replace(
    /%(?:[-+ 0#]*\d*(?:\.\d+)?[dsixfgru]|%)/g,
    (sign) => sign === "%%" ? "%" : textOf(values.shift() ?? ""),
  );
}
