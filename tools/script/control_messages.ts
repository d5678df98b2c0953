/** Control messages that recvmsg(2) gives, and how they are compared with what a script expects. */

import type { Value } from "./syntax.ts";
import { fieldOf, numberOf, optionalNumber } from "./values.ts";

/** One control message; a plain number is the field `value`. */
export interface ControlMessage {
  readonly level: number;
  readonly type: number;
  readonly fields: ReadonlyMap<string, number>;
}

const NANOSECONDS = 1e9;

/** What is wrong with the messages, as text; null when nothing is. `toleranceUs` is for time stamps. */
export function controlFault(
  expected: Value | undefined,
  found: readonly ControlMessage[],
  toleranceUs: number,
): string | null {
  if (expected?.kind !== "array") return null;
  for (const item of expected.items) {
    const level = numberOf(fieldOf(item, "cmsg_level"));
    const type = numberOf(fieldOf(item, "cmsg_type"));
    const message = found.find((each) => each.level === level && each.type === type);
    if (message === undefined) return `there is no control message ${level}:${type}`;
    const fault = fieldsFault(fieldOf(item, "cmsg_data"), message, toleranceUs);
    if (fault !== null) return `control message ${level}:${type}: ${fault}`;
  }
  return null;
}

function fieldsFault(
  data: Value | undefined,
  { fields }: ControlMessage,
  toleranceUs: number,
): string | null {
  if (data === undefined || data.kind === "ellipsis") return null;
  if (data.kind !== "struct") {
    const [wanted, got] = [numberOf(data), fields.get("value")];
    return wanted === got ? null : `expected ${wanted}, got ${got}`;
  }
  if (data.fields.has("scm_sec")) return stampFault(data, fields, toleranceUs);
  for (const [name, value] of data.fields) {
    const wanted = optionalNumber(value);
    const got = fields.get(name);
    if (wanted !== null && wanted !== got) return `expected ${name}=${wanted}, got ${got}`;
  }
  return null;
}

/** Times count from the start of the script. */
function stampFault(
  data: Value,
  fields: ReadonlyMap<string, number>,
  toleranceUs: number,
): string | null {
  const part = (name: string) => optionalNumber(fieldOf(data, name)) ?? 0;
  const wanted = part("scm_sec") * NANOSECONDS + part("scm_nsec");
  const got = (fields.get("scm_sec") ?? 0) * NANOSECONDS + (fields.get("scm_nsec") ?? 0);
  if (Math.abs(wanted - got) <= toleranceUs * 1000) return null;
  return `expected the time ${wanted / NANOSECONDS} s, got ${got / NANOSECONDS} s`;
}

/** A time stamp as SCM_TIMESTAMPING has it, from microseconds since the start of the script. */
export function stampFields(atUs: number): Map<string, number> {
  const seconds = Math.floor(atUs / 1e6);
  return new Map([["scm_sec", seconds], ["scm_nsec", Math.round((atUs - seconds * 1e6) * 1000)]]);
}
