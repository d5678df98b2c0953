/** A script from its text: options, commands, events. */

import { Cursor } from "./cursor.ts";
import { parseCall } from "./parse_call.ts";
import { parsePacket } from "./parse_packet.ts";
import { prepareSource } from "./source.ts";
import type {
  Action,
  Command,
  EventTime,
  Script,
  ScriptEvent,
  ScriptOptionLine,
} from "./syntax.ts";

const TIME = /\d+\.\d*|\.\d+|\d+/y;

/** Parses a script. Throws a ScriptError with the line of what cannot be read. */
export function parseScript(text: string, defines: ReadonlyMap<string, string>): Script {
  const cursor = new Cursor(prepareSource(text, defines), defines);
  const options: ScriptOptionLine[] = [];
  const before: Command[] = [];
  const events: ScriptEvent[] = [];
  while (cursor.sees("--")) options.push(parseOptionLine(cursor));
  while (!cursor.isAtEnd) {
    const line = cursor.line;
    if (cursor.takes("`")) {
      // Without a time a command belongs before or behind all events; what follows them changes nothing.
      const command = { line, text: cursor.until("`", "a command") };
      if (events.length === 0) before.push(command);
      continue;
    }
    events.push(parseEvent(cursor, line));
  }
  if (events.length === 0) cursor.fail("a script needs an event");
  return { options, before, events };
}

function parseOptionLine(cursor: Cursor): ScriptOptionLine {
  const line = cursor.line;
  const [, name, value] = cursor.expectMatch(/--([\w-]+)(?:=("[^"\n]*"|\S*))?/y, "an option");
  return { line, name, value: (value ?? "").replaceAll('"', "") };
}

function parseEvent(cursor: Cursor, line: number): ScriptEvent {
  const time = parseTime(cursor);
  let endUs: number | null = null;
  if (cursor.takes("...")) {
    cursor.takes("+");
    endUs = parseSeconds(cursor);
  }
  const action = parseAction(cursor, endUs);
  if (endUs !== null && action.kind !== "call") cursor.fail("only a system call can block,");
  return { line, time, action };
}

function parseTime(cursor: Cursor): EventTime {
  if (cursor.takes("*")) return { kind: "any" };
  const relative = cursor.takes("+");
  const us = parseSeconds(cursor);
  if (cursor.takes("~")) {
    cursor.takes("+");
    return { kind: "range", relative, fromUs: us, toUs: parseSeconds(cursor) };
  }
  return { kind: relative ? "relative" : "absolute", us };
}

function parseSeconds(cursor: Cursor): number {
  const text = cursor.match(TIME);
  if (text === null) cursor.fail("expected a time such as +.1, 0.2 or *");
  // `0...0.2` begins with a zero and no point of its own.
  if (text[0].endsWith(".") && cursor.text.startsWith("..", cursor.at)) {
    cursor.at--;
    return Math.round(Number(text[0].slice(0, -1)) * 1e6);
  }
  return Math.round(Number(text[0]) * 1e6);
}

function parseAction(cursor: Cursor, endUs: number | null): Action {
  if (cursor.sees("<") || cursor.sees(">")) return parsePacket(cursor);
  if (cursor.takes("%{")) return { kind: "code", text: cursor.until("}%", "code") };
  if (cursor.takes("`")) return { kind: "command", text: cursor.until("`", "a command") };
  return parseCall(cursor, endUs);
}
