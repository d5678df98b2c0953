import { ScriptError } from "./syntax.ts";

/** A place in the text of a script. White space, line ends included, separates and means nothing. */
export class Cursor {
  readonly text: string;
  readonly defines: ReadonlyMap<string, string>;
  at = 0;
  /** Values within values that are being read. */
  depth = 0;

  constructor(text: string, defines: ReadonlyMap<string, string>) {
    this.text = text;
    this.defines = defines;
  }

  /** The line of the next word, counted from 1. */
  get line(): number {
    this.skipSpace();
    return this.#lineAt(this.at);
  }

  /** Whether nothing is left. */
  get isAtEnd(): boolean {
    this.skipSpace();
    return this.at >= this.text.length;
  }

  skipSpace(): void {
    const { text } = this;
    while (this.at < text.length && text.charCodeAt(this.at) <= 32) this.at++;
  }

  /** Whether `literal` comes next. */
  sees(literal: string): boolean {
    this.skipSpace();
    return this.text.startsWith(literal, this.at);
  }

  /** Takes `literal` if it comes next. */
  takes(literal: string): boolean {
    if (!this.sees(literal)) return false;
    this.at += literal.length;
    return true;
  }

  /** What `pattern` (sticky) matches here, without taking it; null when it does not. */
  peek(pattern: RegExp): RegExpExecArray | null {
    this.skipSpace();
    pattern.lastIndex = this.at;
    return pattern.exec(this.text);
  }

  /** The same, taken. */
  match(pattern: RegExp): RegExpExecArray | null {
    const found = this.peek(pattern);
    if (found !== null) this.at = pattern.lastIndex;
    return found;
  }

  /** Takes `literal`, which must come next. */
  expect(literal: string): void {
    if (!this.takes(literal)) this.fail(`expected "${literal}"`);
  }

  /** Takes what `pattern` matches, which must come next; `what` names it in the message. */
  expectMatch(pattern: RegExp, what: string): RegExpExecArray {
    return this.match(pattern) ?? this.fail(`expected ${what}`);
  }

  /** A decimal or hexadecimal number without sign. */
  number(what: string): number {
    return Number(this.expectMatch(/0x[0-9a-fA-F]+|\d+/y, what)[0]);
  }

  /** Everything up to `mark`, which is taken too. */
  until(mark: string, what: string): string {
    const end = this.text.indexOf(mark, this.at);
    if (end < 0) this.fail(`${what} has no end`);
    const text = this.text.slice(this.at, end);
    this.at = end + mark.length;
    return text;
  }

  /** The text between a place and here on one line, for messages. */
  since(start: number): string {
    return this.text.slice(start, this.at).trim().replace(/\s+/g, " ");
  }

  /** Throws with the line of the next word and the word itself. */
  fail(message: string): never {
    this.skipSpace();
    const word = /\S{1,20}/y;
    word.lastIndex = this.at;
    const found = word.exec(this.text);
    const place = found === null ? "at the end of the script" : `before "${found[0]}"`;
    const at = found === null ? Math.max(0, this.text.trimEnd().length - 1) : this.at;
    throw new ScriptError(this.#lineAt(at), `${message} ${place}`);
  }

  #lineAt(at: number): number {
    let line = 1;
    for (let i = this.text.indexOf("\n"); i >= 0 && i < at; i = this.text.indexOf("\n", i + 1)) {
      line++;
    }
    return line;
  }
}
