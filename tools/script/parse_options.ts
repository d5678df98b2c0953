/** TCP options between `<` and `>`. */

import type { Cursor } from "./cursor.ts";
import type { ScriptOption } from "./syntax.ts";

/** Kinds of options that the stack may not know but scripts may name. */
const MD5 = 19;
const ACCECN0 = 172;
const ACCECN1 = 174;

/** Parses from behind the `<` on; null for `<...>`. */
export function parseOptions(cursor: Cursor): ScriptOption[] | null {
  if (cursor.takes("...")) {
    cursor.expect(">");
    return null;
  }
  const options: ScriptOption[] = [];
  if (cursor.takes(">")) return options;
  do options.push(parseOption(cursor)); while (cursor.takes(","));
  cursor.expect(">");
  return options;
}

function parseOption(cursor: Cursor): ScriptOption {
  const name = cursor.expectMatch(/[A-Za-z_]\w*|0x[0-9a-fA-F]+|\d+/y, "a TCP option")[0];
  switch (name) {
    case "mss":
    case "wscale":
      return { kind: name, value: cursor.number(`the value of ${name}`) };
    case "sackOK":
    case "nop":
    case "eol":
      return { kind: name };
    case "sack":
      return { kind: "sack", blocks: parseBlocks(cursor) };
    case "TS":
      return parseTimestamps(cursor);
    case "FO":
      return { kind: "fastOpen", cookie: parseHex(cursor) };
    case "FOEXP":
      return { kind: "fastOpenExperimental", cookie: parseHex(cursor) };
    case "md5":
      return { kind: "other", number: MD5, bytes: parseHex(cursor), name };
    case "ECN":
      return parseAccurateEcn(cursor);
  }
  if (/^\d/.test(name)) {
    return { kind: "other", number: Number(name), bytes: parseHex(cursor), name };
  }
  cursor.fail(`the TCP option "${name}" is not known,`);
}

function parseBlocks(cursor: Cursor): [number, number][] {
  const blocks: [number, number][] = [];
  for (
    let found = cursor.match(/(\d+):(\d+)/y);
    found !== null;
    found = cursor.match(/(\d+):(\d+)/y)
  ) {
    blocks.push([Number(found[1]), Number(found[2])]);
  }
  if (blocks.length === 0) cursor.fail("expected SACK blocks such as 1001:2001");
  return blocks;
}

function parseTimestamps(cursor: Cursor): ScriptOption {
  cursor.expect("val");
  const value = cursor.number("the timestamp");
  cursor.expect("ecr");
  return { kind: "timestamps", value, echo: cursor.number("the echoed timestamp") };
}

/** Hexadecimal digits, or a name that `-D` has given digits. */
function parseHex(cursor: Cursor): Uint8Array {
  const name = cursor.peek(/[A-Za-z_]\w*/y);
  const value = name === null ? undefined : cursor.defines.get(name[0]);
  let digits = "";
  if (value !== undefined) {
    cursor.takes(name![0]);
    digits = value.replaceAll('"', "");
  } else {
    digits = cursor.match(/(?:0x)?([0-9a-fA-F]+)(?=[\s,>])/y)?.[1] ?? "";
  }
  if (digits.length % 2 !== 0) cursor.fail(`"${digits}" is not a whole number of bytes,`);
  return Uint8Array.from(
    { length: digits.length / 2 },
    (_, i) => parseInt(digits.slice(2 * i, 2 * i + 2), 16),
  );
}

/** `ECN e1b 1 ceb 0 e0b 1`: byte counters of RFC 9768 section 3.2.3, the order of which names the kind. */
function parseAccurateEcn(cursor: Cursor): ScriptOption {
  const bytes: number[] = [];
  let first = "";
  for (
    let field = cursor.match(/e0b|e1b|ceb/y);
    field !== null;
    field = cursor.match(/e0b|e1b|ceb/y)
  ) {
    if (first === "") first = field[0];
    const value = cursor.number("a byte counter");
    bytes.push((value >> 16) & 255, (value >> 8) & 255, value & 255);
  }
  const number = first === "e1b" ? ACCECN1 : ACCECN0;
  return { kind: "other", number, bytes: Uint8Array.from(bytes), name: "ECN" };
}
