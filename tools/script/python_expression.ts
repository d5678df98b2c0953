/** Expressions of Python, read into functions that work them out. */

import { PythonError, type Token, tokensOf } from "./python_tokens.ts";
import {
  callBuiltin,
  callMethod,
  compares,
  formatted,
  isFunction,
  itemsOf,
  percentFormatted,
  type PythonValue,
  shown,
  textOf,
  truth,
} from "./python_values.ts";

/** Where names have their values. */
export interface Scope {
  /** Throws for a name that means nothing. */
  get(name: string): PythonValue;
  has(name: string): boolean;
  set(name: string, value: PythonValue): void;
  /** A scope within this one, for functions and comprehensions. */
  inner(): Scope;
}

/** An expression that can be worked out again and again. */
export type Expression = (scope: Scope) => PythonValue;

const COMPARISONS: readonly string[] = ["==", "!=", "<=", ">=", "<", ">", "<>"];

/** No list or text may be longer. */
const LENGTH_MAX = 100_000;
/** The deepest nesting that is read. */
const DEPTH_MAX = 60;

const LEVELS: readonly (readonly string[])[] = [["|"], ["^"], ["&"], ["<<", ">>"], ["+", "-"], [
  "*",
  "/",
  "//",
  "%",
]];

const ARITHMETIC: Readonly<Record<string, (a: number, b: number) => number>> = {
  "|": (a, b) => a | b,
  "^": (a, b) => a ^ b,
  "&": (a, b) => Number(BigInt(Math.trunc(a)) & BigInt(Math.trunc(b))),
  "<<": (a, b) => a * 2 ** b,
  ">>": (a, b) => Math.floor(a / 2 ** b),
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "//": (a, b) => Math.floor(a / b),
  "%": (a, b) => a - b * Math.floor(a / b),
  "**": (a, b) => a ** b,
};

/** `left operator right`. Throws a {@link PythonError}. */
export function applied(
  operator: string,
  left: PythonValue,
  right: PythonValue,
  line: number,
): PythonValue {
  const value = result(operator, left, right, line);
  const isLong = (Array.isArray(value) || typeof value === "string") && value.length > LENGTH_MAX;
  if (isLong) throw new PythonError(line, "code: this grows too long");
  return value;
}

function result(
  operator: string,
  left: PythonValue,
  right: PythonValue,
  line: number,
): PythonValue {
  if (operator === "%" && typeof left === "string") return percentFormatted(left, right);
  if (operator === "+" && typeof left === "string" && typeof right === "string") {
    return left + right;
  }
  if (operator === "+" && Array.isArray(left) && Array.isArray(right)) return [...left, ...right];
  if (operator === "*" && typeof left === "string") {
    return left.repeat(Math.min(1000, Math.max(0, Number(right))));
  }
  if (typeof left !== "number" || typeof right !== "number") {
    throw new PythonError(line, `code: ${operator} takes numbers`);
  }
  if (right === 0 && "//%".includes(operator)) {
    throw new PythonError(line, "code: division by zero");
  }
  return ARITHMETIC[operator](left, right);
}

/** Reads words into expressions. */
export class ExpressionReader {
  readonly #tokens: readonly Token[];
  at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get token(): Token {
    return this.#tokens[Math.min(this.at, this.#tokens.length - 1)];
  }

  /** Whether this sign or word comes next. */
  sees(text: string): boolean {
    const { kind, text: found } = this.token;
    return found === text && (kind === "sign" || kind === "name");
  }

  takes(text: string): boolean {
    if (!this.sees(text)) return false;
    this.at++;
    return true;
  }

  expect(text: string): void {
    if (!this.takes(text)) this.fail(`expected ${text}`);
  }

  name(): string {
    const { kind, text } = this.token;
    if (kind !== "name") this.fail("expected a name");
    this.at++;
    return text;
  }

  fail(message: string): never {
    const { text, kind, line } = this.token;
    const place = kind === "line" || kind === "end" ? "at the end of the line" : `before "${text}"`;
    throw new PythonError(line, `code: ${message} ${place}`);
  }

  /** One value, or several with commas between them, which are a tuple. */
  list(): Expression {
    const first = this.expression();
    if (!this.sees(",")) return first;
    const items = [first];
    while (this.takes(",") && !this.#isOver) items.push(this.expression());
    return (scope) => items.map((item) => item(scope));
  }

  get #isOver(): boolean {
    const { kind, text } = this.token;
    return kind === "line" || kind === "end" || (kind === "sign" && "=)]};:".includes(text));
  }

  expression(): Expression {
    if (++this.#depth > DEPTH_MAX) this.fail("too much is nested");
    const value = this.sees("lambda") ? this.#lambda() : this.#choice();
    this.#depth--;
    return value;
  }

  /** `a if c else b`, or what stands alone. */
  #choice(): Expression {
    const value = this.#or();
    if (!this.takes("if")) return value;
    const condition = this.#or();
    this.expect("else");
    const other = this.expression();
    return (scope) => truth(condition(scope)) ? value(scope) : other(scope);
  }

  #lambda(): Expression {
    this.expect("lambda");
    const names: string[] = [];
    while (!this.takes(":")) {
      names.push(this.name());
      this.takes(",");
    }
    const body = this.expression();
    return (scope) => ({
      call: (args) => {
        const inner = scope.inner();
        for (const [index, name] of names.entries()) inner.set(name, args[index] ?? null);
        return body(inner);
      },
    });
  }

  #or(): Expression {
    const left = this.#and();
    if (!this.takes("or")) return left;
    const right = this.#or();
    return (scope) => {
      const value = left(scope);
      return truth(value) ? value : right(scope);
    };
  }

  #and(): Expression {
    const left = this.#not();
    if (!this.takes("and")) return left;
    const right = this.#and();
    return (scope) => {
      const value = left(scope);
      return truth(value) ? right(scope) : value;
    };
  }

  #not(): Expression {
    if (!this.takes("not")) return this.#comparison();
    const inner = this.#not();
    return (scope) => Number(!truth(inner(scope)));
  }

  #comparator(): string | null {
    const { kind, text } = this.token;
    if (kind === "sign" && COMPARISONS.includes(text)) return this.at++, text;
    if (this.takes("in")) return "in";
    if (this.takes("is")) return this.takes("not") ? "is not" : "is";
    if (!this.sees("not") || this.#tokens[this.at + 1]?.text !== "in") return null;
    this.at += 2;
    return "not in";
  }

  #comparison(): Expression {
    const first = this.#binary(0);
    const rest: (readonly [string, Expression])[] = [];
    for (let operator = this.#comparator(); operator !== null; operator = this.#comparator()) {
      rest.push([operator, this.#binary(0)]);
    }
    if (rest.length === 0) return first;
    return (scope) => {
      let left = first(scope);
      for (const [operator, expression] of rest) {
        const right = expression(scope);
        if (!compares(operator, left, right)) return 0;
        left = right;
      }
      return 1;
    };
  }

  #binary(level: number): Expression {
    if (level === LEVELS.length) return this.#unary();
    let left = this.#binary(level + 1);
    while (this.token.kind === "sign" && LEVELS[level].includes(this.token.text)) {
      const { text: operator, line } = this.token;
      this.at++;
      const [before, right] = [left, this.#binary(level + 1)];
      left = (scope) => applied(operator, before(scope), right(scope), line);
    }
    return left;
  }

  #unary(): Expression {
    const { line, kind, text } = this.token;
    if (kind === "sign" && "-+~".includes(text)) {
      this.at++;
      if (++this.#depth > DEPTH_MAX) this.fail("too much is nested");
      const value = this.#unary();
      this.#depth--;
      if (text === "~") return (scope) => applied("-", -1, value(scope), line);
      return (scope) => applied(text, 0, value(scope), line);
    }
    const base = this.#postfix();
    if (!this.takes("**")) return base;
    const power = this.#unary();
    return (scope) => applied("**", base(scope), power(scope), line);
  }

  #postfix(): Expression {
    let value = this.#primary();
    for (;;) {
      if (this.takes("[")) value = this.#subscript(value);
      else if (this.takes(".")) value = this.#method(value);
      else if (this.sees("(")) value = this.#callOf(value);
      else return value;
    }
  }

  #subscript(value: Expression): Expression {
    const { line } = this.token;
    const from = this.sees(":") ? null : this.expression();
    const isSlice = this.takes(":");
    const to = isSlice && !this.sees("]") ? this.expression() : null;
    this.expect("]");
    return (scope) => {
      const list = value(scope);
      if (list instanceof Map) {
        const found = list.get(shown(from?.(scope) ?? null));
        if (found === undefined) throw new PythonError(line, "code: there is no such key");
        return found;
      }
      const items = itemsOf(list);
      if (items === null) throw new PythonError(line, "code: this has no items");
      const start = Number(from?.(scope) ?? 0);
      if (isSlice) {
        const part = items.slice(start, to === null ? undefined : Number(to(scope)));
        return typeof list === "string" ? part.join("") : part;
      }
      const item = items.at(start);
      if (item === undefined) throw new PythonError(line, `code: there is no item ${start}`);
      return item;
    };
  }

  #method(value: Expression): Expression {
    const { line } = this.token;
    const name = this.name();
    const args = this.takes("(") ? this.#args() : null;
    return (scope) => {
      const found = args === null ? undefined : callMethod(value(scope), name, args(scope).list);
      if (found === undefined) throw new PythonError(line, `code: .${name} is not there yet`);
      return found;
    };
  }

  #callOf(value: Expression): Expression {
    const { line } = this.token;
    this.expect("(");
    const args = this.#args();
    return (scope) => {
      const called = value(scope);
      if (!isFunction(called)) throw new PythonError(line, "code: this is no function");
      const { list, named } = args(scope);
      return called.call(list, named);
    };
  }

  /** What stands in the parentheses of a call. */
  #args(): (scope: Scope) => { list: PythonValue[]; named: Map<string, PythonValue> } {
    const list: Expression[] = [];
    const named: (readonly [string, Expression])[] = [];
    while (!this.takes(")")) {
      if (this.token.kind === "name" && this.#tokens[this.at + 1]?.text === "=") {
        const name = this.name();
        this.expect("=");
        named.push([name, this.expression()]);
      } else {
        const item = this.expression();
        list.push(this.sees("for") ? this.#comprehension(item) : item);
      }
      if (!this.takes(",") && !this.sees(")")) this.fail("expected )");
    }
    return (scope) => {
      const values = list.map((item) => item(scope));
      // A comprehension alone is what is gone through.
      return { list: values, named: new Map(named.map(([name, item]) => [name, item(scope)])) };
    };
  }

  /** `... for names in list if condition`, behind the item. */
  #comprehension(item: Expression): Expression {
    this.expect("for");
    const names = this.names();
    this.expect("in");
    const list = this.#or();
    const condition = this.takes("if") ? this.#or() : null;
    const { line } = this.token;
    return (scope) => {
      const items = itemsOf(list(scope));
      if (items === null) throw new PythonError(line, "code: this has no items");
      const inner = scope.inner();
      const results: PythonValue[] = [];
      for (const each of items) {
        assign(inner, names, each, line);
        if (condition === null || truth(condition(inner))) results.push(item(inner));
      }
      return results;
    };
  }

  /** The names of a loop. */
  names(): string[] {
    const closes = this.takes("(");
    const names = [this.name()];
    while (this.takes(",")) names.push(this.name());
    if (closes) this.expect(")");
    return names;
  }

  #primary(): Expression {
    const { kind, text, line } = this.token;
    if (this.takes("(")) return this.#items(")");
    if (this.takes("[")) return this.#items("]");
    if (this.takes("{")) return this.#table();
    this.at++;
    switch (kind) {
      case "number":
        return constant(numberIn(text));
      case "string":
      case "format":
        return this.#text(kind === "format" ? formatParts(text, line) : constant(text));
      case "name":
        return this.#named(text, line);
    }
    this.at--;
    return this.fail("expected a value");
  }

  /** Texts that stand side by side are one. */
  #text(first: Expression): Expression {
    let whole = first;
    for (let { kind, text, line } = this.token; kind === "string" || kind === "format";) {
      const [before, next] = [whole, kind === "format" ? formatParts(text, line) : constant(text)];
      whole = (scope) => textOf(before(scope)) + textOf(next(scope));
      this.at++;
      ({ kind, text, line } = this.token);
    }
    return whole;
  }

  #named(first: string, line: number): Expression {
    if (first === "None") return constant(null);
    const isType = /^(?:int|long|float|str|list|tuple|dict|bool)$/.test(first);
    if (isType && !this.sees("(")) return constant(first); // Only isinstance() takes it.
    if (first === "True" || first === "False") return constant(first === "True" ? 1 : 0);
    // `math.floor` and the like are names of functions.
    let name = first;
    while (/^(?:math|sys)/.test(first) && this.takes(".")) name += `.${this.name()}`;
    if (!this.sees("(")) return (scope) => scope.get(name);
    this.expect("(");
    const args = this.#args();
    return (scope) => {
      const { list, named } = args(scope);
      if (scope.has(name)) {
        const own = scope.get(name);
        if (isFunction(own)) return own.call(list, named);
      }
      const found = callBuiltin(name, list);
      if (found === undefined) throw new PythonError(line, `code: ${name}() is not there yet`);
      return found;
    };
  }

  /** In parentheses or brackets; one value in parentheses without a comma stands for itself. */
  #items(close: string): Expression {
    const items: Expression[] = [];
    let commas = 0;
    while (!this.takes(close)) {
      const item = this.expression();
      if (this.sees("for")) {
        const all = this.#comprehension(item);
        this.expect(close);
        return all;
      }
      items.push(item);
      if (this.takes(",")) commas++;
      else if (!this.sees(close)) this.fail(`expected ${close}`);
    }
    if (close === ")" && items.length === 1 && commas === 0) return items[0];
    return (scope) => items.map((item) => item(scope));
  }

  #table(): Expression {
    const items: (readonly [Expression, Expression | null])[] = [];
    while (!this.takes("}")) {
      const key = this.expression();
      items.push([key, this.takes(":") ? this.expression() : null]);
      if (!this.takes(",") && !this.sees("}")) this.fail("expected }");
    }
    const isSet = items.length > 0 && items.every(([, value]) => value === null);
    if (isSet) return (scope) => items.map(([key]) => key(scope));
    return (scope) =>
      new Map(items.map(([key, value]) => [shown(key(scope)), value?.(scope) ?? null]));
  }
}

function constant(value: PythonValue): Expression {
  return () => value;
}

/** `0x1f`, `0b11`, `017` as Python 2 has it, `1e3`. */
function numberIn(text: string): number {
  return /^0\d+$/.test(text) ? parseInt(text, 8) : Number(text);
}

/** The braces of an f-string. */
function formatParts(text: string, line: number): Expression {
  const parts: Expression[] = [];
  for (const [part, inside] of text.matchAll(/\{\{|\}\}|\{([^{}]*)\}|[^{}]+/g)) {
    if (inside === undefined) {
      parts.push(constant(part === "{{" ? "{" : part === "}}" ? "}" : part));
      continue;
    }
    const [, code, form = ""] = /^(.*?)(?:![rsa])?=?(?::([^:]*))?$/s.exec(inside)!;
    const reader = new ExpressionReader(tokensOf(code).filter(({ kind }) => kind !== "line"));
    const value = reader.list();
    if (reader.token.kind !== "end") throw new PythonError(line, `code: cannot read "{${inside}}"`);
    parts.push((scope) => formatted(value(scope), form));
  }
  return (scope) => parts.map((part) => textOf(part(scope))).join("");
}

/** Gives names their values: one, or as many as there are. */
export function assign(
  scope: Scope,
  names: readonly string[],
  value: PythonValue,
  line: number,
): void {
  if (names.length === 1) return scope.set(names[0], value);
  const items = itemsOf(value);
  if (items?.length !== names.length) {
    throw new PythonError(line, `code: expected ${names.length} values`);
  }
  for (const [index, name] of names.entries()) scope.set(name, items[index]);
}
