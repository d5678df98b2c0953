/** What the values of a system call mean. */

import { ERRNO, SYMBOLS } from "./symbols.ts";
import type { Value } from "./syntax.ts";

/** A call that cannot be made, as a message. */
export class CallError extends Error {}

/** The number that a value stands for. */
export function numberOf(value: Value | undefined): number {
  switch (value?.kind) {
    case "number":
      return value.value;
    case "name": {
      const number = SYMBOLS[value.name] ?? ERRNO[value.name];
      if (number === undefined) throw new CallError(`${value.name} is not there yet`);
      return number;
    }
    case "binary":
      return applied(value.operator, numberOf(value.left), numberOf(value.right));
    case "call":
      return numberOfCall(value.name, value.args);
    case "array":
      if (value.items.length === 1) return numberOf(value.items[0]);
      break;
  }
  throw new CallError("expected a number");
}

function applied(operator: string, left: number, right: number): number {
  switch (operator) {
    case "|":
      return left | right;
    case "&":
      return left & right;
    case "<<":
      return left << right;
    case ">>":
      return left >> right;
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    default:
      return Math.trunc(left / right);
  }
}

function numberOfCall(name: string, args: readonly Value[]): number {
  switch (name) {
    case "htons":
    case "htonl":
    case "ntohs":
    case "ntohl":
      return numberOf(args[0]);
  }
  throw new CallError(`${name}() is not there yet`);
}

/** The same, or null for what the runner supplies or what is not there. */
export function optionalNumber(value: Value | undefined): number | null {
  return value === undefined || value.kind === "ellipsis" ? null : numberOf(value);
}

/** The text of a string; null for anything else. */
export function textOf(value: Value | undefined): string | null {
  if (value?.kind === "string") return value.value;
  if (value?.kind === "array" && value.items.length === 1) return textOf(value.items[0]);
  return null;
}

/** A field of a struct. */
export function fieldOf(value: Value | undefined, ...names: readonly string[]): Value | undefined {
  const struct = value?.kind === "array" && value.items.length === 1 ? value.items[0] : value;
  if (struct?.kind !== "struct") return undefined;
  for (const name of names) {
    const field = struct.fields.get(name);
    if (field !== undefined) return field;
  }
  return undefined;
}

/** The port of a socket address; null for what the runner supplies. */
export function socketPort(value: Value | undefined): number | null {
  return optionalNumber(fieldOf(value, "sin_port", "sin6_port"));
}

/** Bytes of the pieces of an I/O vector, `[{..., 1000}, {..., 200}]`. */
export function vectorBytes(value: Value | undefined): number {
  const items = value?.kind === "array" ? value.items : value === undefined ? [] : [value];
  return items.reduce((sum, item) => {
    if (item.kind !== "struct") throw new CallError("expected an I/O vector");
    return sum +
      numberOf(item.fields.get("iov_len") ?? item.fields.get("1") ?? item.fields.get("0"));
  }, 0);
}
