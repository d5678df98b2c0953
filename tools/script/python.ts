/**
 * The code between `%{` and `}%`: the part of Python that assertions over TCP_INFO are written in.
 *
 * Expressions have Python's operators, its common functions, lists, tuples, dictionaries, comprehensions and
 * texts with their forms; statements are `assert`, `print`, assignments, `if`, `for`, `while`, `def`, `try`,
 * `raise`. There are no classes and no modules: an `import` does nothing, `math.floor` and the like are there.
 */

import {
  applied,
  assign,
  type Expression,
  ExpressionReader,
  type Scope,
} from "./python_expression.ts";
import { PythonError, type Token, tokensOf } from "./python_tokens.ts";
import { itemsOf, type PythonValue, textOf, truth } from "./python_values.ts";

export { PythonError } from "./python_tokens.ts";
export type { PythonValue } from "./python_values.ts";

/** What names mean. Throws for one that means nothing. */
export type Names = (name: string) => PythonValue;

/** How a statement ended: on to the next, or out of a loop or a function. */
type Flow = "next" | "break" | "continue" | { readonly value: PythonValue };
type Statement = (scope: Scope) => Flow;

/** Statements in one run, so that no script keeps the runner. */
const STATEMENTS_MAX = 1_000_000;
/** Calls within calls. */
const CALLS_MAX = 100;

/** A failed assertion or a `raise`, which `except` may take. */
class Raised extends PythonError {}

/** Variables of a script, kept from one piece of code to the next. */
export type Variables = Map<string, PythonValue>;

/** Runs code; `print` gets what it prints. Throws a {@link PythonError}. */
export function runPython(
  code: string,
  names: Names,
  print: (text: string) => void,
  variables: Variables = new Map(),
): void {
  const program = new Reader(code, print).program();
  try {
    program(new Variable(variables, null, names));
  } catch (error) {
    if (error instanceof RangeError) throw new PythonError(0, "code: it goes too deep");
    throw error;
  }
}

/** Names of a block of code, of a function, or of a comprehension. */
class Variable implements Scope {
  /** Names that were looked up, for the message of a failed assertion. */
  seen: (readonly [string, PythonValue])[] = [];
  readonly #values: Variables;
  readonly #outer: Variable | null;
  readonly #names: Names;

  constructor(values: Variables, outer: Variable | null, names: Names) {
    this.#values = values;
    this.#outer = outer;
    this.#names = names;
  }

  has(name: string): boolean {
    return this.#values.has(name) || (this.#outer?.has(name) ?? false);
  }

  get(name: string): PythonValue {
    const value = this.#find(name);
    this.seen.push([name, value]);
    return value;
  }

  #find(name: string): PythonValue {
    const own = this.#values.get(name);
    if (own !== undefined) return own;
    return this.#outer === null ? this.#names(name) : this.#outer.get(name);
  }

  set(name: string, value: PythonValue): void {
    this.#values.set(name, value);
  }

  inner(): Variable {
    return new Variable(new Map(), this, this.#names);
  }
}

class Reader extends ExpressionReader {
  readonly #code: string;
  readonly #print: (text: string) => void;
  #statements = 0;
  #calls = 0;

  constructor(code: string, print: (text: string) => void) {
    super(levelled(tokensOf(code)));
    this.#code = code;
    this.#print = print;
  }

  program(): Statement {
    const program = this.#block(0);
    if (this.token.kind !== "end") this.fail("cannot read what stands");
    return program;
  }

  /** Lines that are indented by `indent` at the least. */
  #block(indent: number): Statement {
    const statements: Statement[] = [];
    while (this.token.kind === "line" && this.token.indent >= indent) {
      this.at++;
      this.#line(statements);
    }
    return this.#sequence(statements);
  }

  #sequence(statements: readonly Statement[]): Statement {
    return (scope) => {
      for (const statement of statements) {
        if (++this.#statements > STATEMENTS_MAX) throw new PythonError(0, "code: it does not end");
        const flow = statement(scope);
        if (flow !== "next") return flow;
      }
      return "next";
    };
  }

  get #isLineOver(): boolean {
    const { kind } = this.token;
    return kind === "line" || kind === "end";
  }

  #line(statements: Statement[]): void {
    do {
      if (this.#isLineOver) return;
      statements.push(this.#statement());
    } while (this.takes(";"));
    if (!this.#isLineOver) this.fail("cannot read what stands");
  }

  /** What follows a colon: the rest of the line, or deeper lines. */
  #suite(): Statement {
    const { indent } = this.#lineToken();
    this.expect(":");
    if (this.token.kind !== "line") {
      const statements: Statement[] = [];
      this.#line(statements);
      return this.#sequence(statements);
    }
    if (this.token.indent <= indent) this.fail("expected deeper lines");
    return this.#block(this.token.indent);
  }

  #lines: Token[] = [];

  /** The beginning of the line that is being read. */
  #lineToken(): Token {
    return this.#lines.at(-1)!;
  }

  #statement(): Statement {
    const { kind, text } = this.token;
    if (kind !== "name") return this.#assignment();
    switch (text) {
      case "assert":
        return this.#assert();
      case "print":
        return this.#printed();
      case "if":
      case "while":
      case "for":
      case "def":
      case "try":
        return this.#compound(text);
      case "raise":
        return this.#raise();
      case "return":
        return this.#return();
      case "pass":
        this.at++;
        return () => "next";
      case "break":
      case "continue":
        this.at++;
        return () => text;
      case "import":
      case "from":
      case "global":
        return this.#ignored();
    }
    return this.#assignment();
  }

  #ignored(): Statement {
    while (!this.#isLineOver && !this.sees(";")) this.at++;
    return () => "next";
  }

  #compound(word: string): Statement {
    const line = this.#lineBefore();
    this.#lines.push(line);
    this.at++;
    let made: Statement;
    if (word === "if") made = this.#if();
    else if (word === "while") made = this.#while();
    else if (word === "for") made = this.#for();
    else if (word === "def") made = this.#def();
    else made = this.#try();
    this.#lines.pop();
    return made;
  }

  #lineBefore(): Token {
    const at = this.at;
    while (this.token.kind !== "line") this.at--;
    const { token } = this;
    this.at = at;
    return token;
  }

  /** Takes a word that goes on with this compound statement: at the same depth, on a line of its own. */
  #continues(word: string): boolean {
    if (this.token.kind !== "line" || this.token.indent !== this.#lineToken().indent) return false;
    this.at++;
    if (this.takes(word)) return true;
    this.at--;
    return false;
  }

  #if(): Statement {
    const condition = this.list();
    const then = this.#suite();
    let other: Statement | null = null;
    if (this.#continues("elif")) other = this.#if();
    else if (this.#continues("else")) other = this.#suite();
    return (scope) => truth(condition(scope)) ? then(scope) : other?.(scope) ?? "next";
  }

  #while(): Statement {
    const condition = this.list();
    const body = this.#suite();
    return (scope) => {
      while (truth(condition(scope))) {
        if (++this.#statements > STATEMENTS_MAX) throw new PythonError(0, "code: it does not end");
        const flow = body(scope);
        if (flow === "break") break;
        if (typeof flow === "object") return flow;
      }
      return "next";
    };
  }

  #for(): Statement {
    const { line } = this.token;
    const names = this.names();
    this.expect("in");
    const list = this.list();
    const body = this.#suite();
    return (scope) => {
      const items = itemsOf(list(scope));
      if (items === null) throw new PythonError(line, "code: this has no items");
      for (const item of items) {
        assign(scope, names, item, line);
        const flow = body(scope);
        if (flow === "break") break;
        if (typeof flow === "object") return flow;
      }
      return "next";
    };
  }

  #def(): Statement {
    const { line } = this.token;
    const name = this.name();
    const parameters: { readonly name: string; readonly usual: Expression | null }[] = [];
    this.expect("(");
    while (!this.takes(")")) {
      const parameter = this.name();
      parameters.push({ name: parameter, usual: this.takes("=") ? this.expression() : null });
      if (!this.takes(",") && !this.sees(")")) this.fail("expected )");
    }
    const body = this.#suite();
    return (scope) => {
      const call = (args: PythonValue[], named: ReadonlyMap<string, PythonValue>): PythonValue => {
        const inner = scope.inner();
        if (this.#calls >= CALLS_MAX) {
          throw new PythonError(line, `code: ${name}() calls itself too often`);
        }
        for (const [index, parameter] of parameters.entries()) {
          const value = args[index] ?? named.get(parameter.name) ?? parameter.usual?.(scope);
          if (value === undefined) {
            throw new PythonError(line, `code: ${name}() needs ${parameter.name}`);
          }
          inner.set(parameter.name, value);
        }
        this.#calls++;
        try {
          const flow = body(inner);
          return typeof flow === "object" ? flow.value : null;
        } finally {
          this.#calls--;
        }
      };
      scope.set(name, { call });
      return "next";
    };
  }

  #try(): Statement {
    const body = this.#suite();
    let handler: Statement | null = null;
    while (this.#continues("except")) {
      while (!this.sees(":") && !this.#isLineOver) this.at++;
      const next = this.#suite();
      handler ??= next;
    }
    const otherwise = this.#continues("else") ? this.#suite() : null;
    const last = this.#continues("finally") ? this.#suite() : null;
    return (scope) => {
      let flow: Flow;
      try {
        flow = body(scope);
        if (flow === "next" && otherwise !== null) flow = otherwise(scope);
      } catch (error) {
        if (!(error instanceof Raised) || handler === null) throw error;
        flow = handler(scope);
      } finally {
        last?.(scope);
      }
      return flow;
    };
  }

  #raise(): Statement {
    const { line } = this.token;
    const from = this.token.from;
    this.#ignored();
    const text = this.#code.slice(from, this.token.from).trim();
    return () => {
      throw new Raised(line, `code: ${text}`);
    };
  }

  #return(): Statement {
    this.at++;
    const value = this.#isLineOver || this.sees(";") ? null : this.list();
    return (scope) => ({ value: value?.(scope) ?? null });
  }

  #assert(): Statement {
    const { line } = this.token;
    this.at++;
    const { from } = this.token;
    const condition = this.expression();
    const message = this.takes(",") ? this.expression() : null;
    const text = this.#code.slice(from, this.token.from).trim().replace(/;$/, "");
    return (scope) => {
      const variable = scope as Variable;
      variable.seen = [];
      if (truth(condition(scope))) return "next";
      const seen = variable.seen.map(([name, found]) => `${name}=${textOf(found)}`);
      const where = seen.length > 0 ? `, with ${[...new Set(seen)].join(", ")}` : "";
      const why = message === null ? "" : ` (${textOf(message(scope))})`;
      throw new Raised(line, `assertion failed: ${text}${where}${why}`);
    };
  }

  /** Python 3's function, and Python 2's statement without parentheses. */
  #printed(): Statement {
    this.at++;
    if (this.#isLineOver || this.sees(";")) {
      return () => (this.#print(""), "next");
    }
    const asCall = this.sees("(");
    if (asCall) {
      const items = this.#printedItems();
      if (items !== null) {
        return (scope) => (this.#print(
          items.map((item) => textOf(item(scope))).join(" "),
        ),
          "next");
      }
    }
    const value = this.list();
    return (scope) => {
      const found = value(scope);
      this.#print(Array.isArray(found) ? found.map(textOf).join(" ") : textOf(found));
      return "next";
    };
  }

  /** `(a, b, sep="")` up to the end of the statement; null when the parentheses are only a part of it. */
  #printedItems(): Expression[] | null {
    const start = this.at;
    this.expect("(");
    const items: Expression[] = [];
    while (!this.takes(")")) {
      if (this.sees("end") || this.sees("sep") || this.sees("file")) {
        this.at += 2;
        this.expression();
      } else {
        items.push(this.expression());
      }
      if (!this.takes(",") && !this.sees(")")) this.fail("expected )");
    }
    if (this.#isLineOver || this.sees(";")) return items;
    this.at = start;
    return null;
  }

  /** `a = b = 1`, `a, b = 1, 2`, `a += 1`, or an expression for what it does. */
  #assignment(): Statement {
    const { line } = this.token;
    const start = this.at;
    const names = this.#targets();
    const { kind, text } = this.token;
    if (names !== null && kind === "sign" && /^(?!==|<=|>=|!=)[^=]+=$/.test(text)) {
      this.at++;
      const value = this.list();
      const [name] = names;
      return (scope) => {
        scope.set(name, applied(text.slice(0, -1), scope.get(name), value(scope), line));
        return "next";
      };
    }
    if (names === null || !this.sees("=")) {
      this.at = start;
      const value = this.list();
      return (scope) => (value(scope), "next");
    }
    const targets = [names];
    this.expect("=");
    for (;;) {
      const again = this.at;
      const more = this.#targets();
      if (more !== null && this.takes("=")) {
        targets.push(more);
        continue;
      }
      this.at = again;
      break;
    }
    const value = this.list();
    return (scope) => {
      const found = value(scope);
      for (const each of targets) assign(scope, each, found, line);
      return "next";
    };
  }

  /** The names on the left of an assignment; null when there is something else. */
  #targets(): string[] | null {
    if (this.token.kind !== "name" && !this.sees("(")) return null;
    const closes = this.takes("(");
    const names: string[] = [];
    do {
      if (this.token.kind !== "name") return null;
      names.push(this.name());
    } while (this.takes(","));
    return closes && !this.takes(")") ? null : names;
  }
}

/** The first line stands behind the opening sign, and all may be indented alike: both count as not at all. */
function levelled(tokens: readonly Token[]): Token[] {
  const lines = tokens.filter(({ kind }) => kind === "line");
  const behind = lines.filter(({ line }) => line > 0);
  const least = Math.min(...behind.map(({ indent }) => indent));
  return tokens.map((token) => {
    if (token.kind !== "line") return token;
    return { ...token, indent: token.line === 0 ? 0 : token.indent - least };
  });
}
