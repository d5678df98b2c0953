/** System calls: `+.1...0.2 accept(3, ..., ...) = 4`, `= -1 EAGAIN (Resource temporarily unavailable)`. */

import type { Cursor } from "./cursor.ts";
import type { CallEvent, Value } from "./syntax.ts";

const NAME = /[A-Za-z_]\w*/y;

/** Parses a call from its name on; `endUs` is what stood behind the `...` of its time. */
export function parseCall(cursor: Cursor, endUs: number | null): CallEvent {
  cursor.skipSpace();
  const start = cursor.at;
  const name = cursor.expectMatch(NAME, "a packet, a system call, a command or code")[0];
  cursor.expect("(");
  const args = parseList(cursor, ")");
  cursor.expect("=");
  const result = cursor.takes("?") ? null : parseValue(cursor);
  let errno: string | null = null;
  const word = cursor.match(/[A-Z][A-Z0-9_]*\b/y);
  if (word !== null) errno = word[0];
  const text = cursor.since(start);
  if (cursor.takes("(")) cursor.until(")", "a remark in parentheses");
  return { kind: "call", name, args, result, errno, endUs, text };
}

function parseList(cursor: Cursor, close: string): Value[] {
  const items: Value[] = [];
  if (cursor.takes(close)) return items;
  do {
    if (cursor.sees(close)) break;
    items.push(parseValue(cursor));
  } while (cursor.takes(","));
  cursor.expect(close);
  return items;
}

const OPERATORS: readonly (readonly string[])[] = [["|"], ["&"], ["<<", ">>"], ["+", "-"], [
  "*",
  "/",
]];

/** A value with operators, as C has them. */
export function parseValue(cursor: Cursor, level = 0): Value {
  if (level === OPERATORS.length) return parsePrimary(cursor);
  let left = parseValue(cursor, level + 1);
  for (;;) {
    const operator = OPERATORS[level].find((each) => cursor.sees(each));
    // `1 +0.1 close(3)`: a sign that begins the time of the next event is no operator.
    if (operator === undefined || isNextEvent(cursor)) return left;
    cursor.takes(operator);
    left = { kind: "binary", operator, left, right: parseValue(cursor, level + 1) };
  }
}

function isNextEvent(cursor: Cursor): boolean {
  return cursor.peek(/(?:\+[\d.]+(?:\.\.\.|~\+?)?[\d.]*|\*)\s*(?:[<>`]|%\{|[A-Za-z_]\w*\s*\()/y) !==
    null;
}

/** The deepest nesting that is read. */
const DEPTH_MAX = 100;

function parsePrimary(cursor: Cursor): Value {
  if (++cursor.depth > DEPTH_MAX) cursor.fail("too much is nested");
  const value = parseWhole(cursor);
  cursor.depth--;
  return value;
}

function parseWhole(cursor: Cursor): Value {
  if (cursor.takes("...")) return { kind: "ellipsis" };
  if (cursor.takes("(")) {
    const inner = parseValue(cursor);
    cursor.expect(")");
    return inner;
  }
  if (cursor.takes("[")) return { kind: "array", items: parseList(cursor, "]") };
  if (cursor.takes("{")) return parseStruct(cursor);
  const text = cursor.match(/"((?:[^"\\\n]|\\.)*)"/y);
  if (text !== null) {
    cursor.takes("..."); // `"abc"...`: a text of which only the beginning is shown.
    return { kind: "string", value: text[1] };
  }
  const number = cursor.match(/-?(?:0x[0-9a-fA-F]+|\d+(?:\.\d+)?)/y);
  if (number !== null) {
    const digits = number[0].replace("-", "");
    return { kind: "number", value: number[0].startsWith("-") ? -Number(digits) : Number(digits) };
  }
  cursor.takes("&"); // `&sin6_addr`: where the call would write.
  const name = cursor.expectMatch(NAME, "a value")[0];
  if (cursor.takes("(")) return { kind: "call", name, args: parseList(cursor, ")") };
  return defined(cursor, name);
}

/** A name, or what `-D` has given it as its value. */
function defined(cursor: Cursor, name: string): Value {
  const value = cursor.defines.get(name);
  if (value === undefined) return { kind: "name", name };
  if (/^-?(?:0x[0-9a-fA-F]+|\d+)$/.test(value)) return { kind: "number", value: Number(value) };
  const quoted = /^"(.*)"$/.exec(value);
  if (quoted !== null) return { kind: "string", value: quoted[1] };
  return { kind: "name", name: value };
}

/** `{sa_family = AF_INET, msg_iov(1)=[...], .events=POLLIN}`. */
function parseStruct(cursor: Cursor): Value {
  const fields = new Map<string, Value>();
  while (!cursor.takes("}")) {
    if (cursor.takes("...")) {
      fields.set("...", { kind: "ellipsis" });
    } else {
      const field = cursor.match(/\.?([A-Za-z_]\w*)\s*(?:\([^)=]*\))?\s*[=:]/y);
      // What has no name is known by its place, as the pieces of an iovec.
      if (field !== null) fields.set(field[1], parseValue(cursor));
      else fields.set(String(fields.size), parseValue(cursor));
    }
    if (!cursor.takes(",") && !cursor.sees("}")) cursor.fail('expected "," or "}"');
  }
  return { kind: "struct", fields };
}
