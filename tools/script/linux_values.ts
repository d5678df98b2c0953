/** Values of system calls in Linux's memory: what goes in, and what came out against what was expected. */

import type { Address } from "../../src/base/address.ts";
import { parseAddress } from "../../src/base/address.ts";
import { controlFault, type ControlMessage, stampFields } from "./control_messages.ts";
import type { CallMemory } from "./linux_memory.ts";
import type { Settings } from "./settings.ts";
import { ERRNO, SYMBOLS } from "./symbols.ts";
import type { Value } from "./syntax.ts";
import { CallError, fieldOf, numberOf, optionalNumber, textOf } from "./values.ts";

const SOCKADDR_BYTES = { ipv4: 16, ipv6: 28 } as const;
const LOCAL_PORT = 8080;

/** Place for what a call points to. */
export function take(memory: CallMemory, length: number): number {
  const at = length < 0 ? -1 : memory.take(length);
  if (at < 0) throw new CallError(`${length} bytes are more than a call of the runner can have`);
  return at;
}

/** A text with the zero behind it. */
export function putText(memory: CallMemory, text: string): { at: number; length: number } {
  const bytes = new TextEncoder().encode(text);
  const at = take(memory, bytes.length + 1);
  memory.bytes.set(bytes, at);
  return { at, length: bytes.length };
}

/** A socket address: as the script has it, or the usual one of that end. */
export function putAddress(
  memory: CallMemory,
  settings: Settings,
  value: Value | undefined,
  end: "local" | "remote",
): { at: number; length: number } {
  const wanted = optionalNumber(fieldOf(value, "sa_family", "sin_family", "sin6_family"));
  const family = settings.socketFamily;
  const at = take(memory, SOCKADDR_BYTES.ipv6);
  const { view } = memory;
  view.setUint16(at, wanted ?? (family === "ipv4" ? SYMBOLS.AF_INET : SYMBOLS.AF_INET6), true);
  if (wanted === SYMBOLS.AF_UNSPEC) return { at, length: SOCKADDR_BYTES.ipv4 };
  const port = optionalNumber(fieldOf(value, "sin_port", "sin6_port"));
  view.setUint16(at + 2, port ?? LOCAL_PORT);
  const given = addressIn(fieldOf(value, "sin_addr", "sin6_addr"));
  const address = given ?? (end === "remote" ? settings.remoteAddress : null);
  if (view.getUint16(at, true) === SYMBOLS.AF_INET) {
    view.setInt32(at + 4, address?.w3 ?? 0);
    return { at, length: SOCKADDR_BYTES.ipv4 };
  }
  if (address !== null) {
    const { w0, w1, w2, w3 } = address;
    for (const [index, word] of [w0, w1, w2, w3].entries()) view.setInt32(at + 8 + 4 * index, word);
  }
  return { at, length: SOCKADDR_BYTES.ipv6 };
}

/** `inet_addr("192.0.2.1")`, `inet_pton(AF_INET6, "...")`; null for what the runner supplies. */
function addressIn(value: Value | undefined): Address | null {
  if (value?.kind !== "call") return null;
  const text = textOf(value.args.at(-1));
  return text === null ? null : parseAddress(text);
}

/** `[{..., 1000}, {iov_base=..., iov_len=20}]`: zeros. */
export function putVector(
  memory: CallMemory,
  value: Value | undefined,
): { at: number; count: number } {
  const items = value?.kind === "array" ? value.items : value === undefined ? [] : [value];
  const at = take(memory, 16 * items.length);
  for (const [index, item] of items.entries()) {
    if (item.kind !== "struct") throw new CallError("expected an I/O vector");
    const { fields } = item;
    const length = numberOf(fields.get("iov_len") ?? fields.get("1") ?? fields.get("0"));
    setLong(memory, at + 16 * index, memory.addressOf(take(memory, length)));
    setLong(memory, at + 16 * index + 8, length);
  }
  return { at, count: items.length };
}

export function setLong(memory: CallMemory, at: number, value: number): void {
  memory.view.setBigInt64(at, BigInt(value), true);
}

/** Bytes for received control messages when the script does not say how many. */
const CONTROL_BYTES = 512;

/** A `struct msghdr` of 56 bytes: name, vector, control, flags. */
export function putMessage(
  memory: CallMemory,
  settings: Settings,
  value: Value | undefined,
  isSent: boolean,
): number {
  const at = take(memory, 56);
  const name = fieldOf(value, "msg_name");
  if (name?.kind === "struct") {
    const address = putAddress(memory, settings, name, "remote");
    setLong(memory, at, memory.addressOf(address.at));
    memory.view.setUint32(at + 8, address.length, true);
  }
  const vector = putVector(memory, fieldOf(value, "msg_iov"));
  setLong(memory, at + 16, memory.addressOf(vector.at));
  setLong(memory, at + 24, vector.count);
  const control = fieldOf(value, "msg_control");
  if (isSent && control?.kind === "array" && control.items.length > 0) {
    const put = putControl(memory, control.items);
    setLong(memory, at + 32, memory.addressOf(put.at));
    setLong(memory, at + 40, put.length);
  } else if (!isSent) {
    const place = take(memory, CONTROL_BYTES);
    setLong(memory, at + 32, memory.addressOf(place));
    setLong(memory, at + 40, CONTROL_BYTES);
  }
  return at;
}

function putControl(
  memory: CallMemory,
  items: readonly Value[],
): { at: number; length: number } {
  const length = 24 * items.length;
  const at = take(memory, length);
  for (const [index, item] of items.entries()) {
    const place = at + 24 * index;
    setLong(memory, place, 20);
    memory.view.setInt32(place + 8, numberOf(fieldOf(item, "cmsg_level")), true);
    memory.view.setInt32(place + 12, numberOf(fieldOf(item, "cmsg_type")), true);
    memory.view.setInt32(place + 16, numberOf(fieldOf(item, "cmsg_data")), true);
  }
  return { at, length };
}

/** What is wrong with a received message; null when nothing is. `startUs` is when the script began. */
export function messageFault(
  memory: CallMemory,
  at: number,
  value: Value | undefined,
  { startUs, toleranceUs }: { readonly startUs: number; readonly toleranceUs: number },
): string | null {
  const control = fieldOf(value, "msg_control");
  return controlFault(control, controlMessages(memory, at, startUs), toleranceUs);
}

function controlMessages(memory: CallMemory, at: number, startUs: number): ControlMessage[] {
  const { view } = memory;
  const found: ControlMessage[] = [];
  const length = Number(view.getBigInt64(at + 40, true));
  const place = Number(view.getBigInt64(at + 32, true)) - memory.addressOf(0);
  for (let next = place; next + 16 <= place + length;) {
    const size = Number(view.getBigInt64(next, true));
    if (size < 16) break;
    const [level, type] = [view.getInt32(next + 8, true), view.getInt32(next + 12, true)];
    found.push({ level, type, fields: controlFields(view, next + 16, level, type, startUs) });
    next += (size + 7) & ~7;
  }
  return found;
}

/** The data of a control message by the names that scripts have for it. */
function controlFields(
  view: DataView,
  at: number,
  level: number,
  type: number,
  startUs: number,
): Map<string, number> {
  const { SOL_SOCKET, SOL_IP, SOL_IPV6, SCM_TIMESTAMPING, IP_RECVERR, IPV6_RECVERR } = SYMBOLS;
  if (level === SOL_SOCKET && type === SCM_TIMESTAMPING) {
    const [seconds, rest] = [view.getBigInt64(at, true), view.getBigInt64(at + 8, true)];
    return stampFields(Number(seconds) * 1e6 + Number(rest) / 1000 - startUs);
  }
  const isError = (level === SOL_IP && type === IP_RECVERR) ||
    (level === SOL_IPV6 && type === IPV6_RECVERR);
  if (!isError) return new Map([["value", view.getInt32(at, true)]]);
  return new Map([
    ["ee_errno", view.getUint32(at, true)],
    ["ee_origin", view.getUint8(at + 4)],
    ["ee_type", view.getUint8(at + 5)],
    ["ee_code", view.getUint8(at + 6)],
    ["ee_info", view.getUint32(at + 8, true)],
    ["ee_data", view.getUint32(at + 12, true)],
  ]);
}

/** The value of setsockopt(2); numbers have room to spare, for lengths that are wrong on purpose. */
export function putOption(
  memory: CallMemory,
  name: string,
  value: Value,
): { at: number; length: number } {
  const item = value.kind === "array" && value.items.length === 1 ? value.items[0] : value;
  const text = textOf(item);
  if (text !== null) return putText(memory, text);
  const at = take(memory, 16);
  const { view } = memory;
  if (name.endsWith("TIMEO")) {
    setLong(memory, at, optionalNumber(fieldOf(item, "tv_sec", "0")) ?? 0);
    setLong(memory, at + 8, optionalNumber(fieldOf(item, "tv_usec", "1")) ?? 0);
    return { at, length: 16 };
  }
  if (item.kind === "struct") {
    if (name !== "SO_LINGER") throw new CallError(`setsockopt ${name} is not there yet`);
    view.setInt32(at, numberOf(fieldOf(item, "onoff", "l_onoff", "0")), true);
    view.setInt32(at + 4, numberOf(fieldOf(item, "linger", "l_linger", "1")), true);
    return { at, length: 8 };
  }
  setLong(memory, at, numberOf(item));
  return { at, length: 4 };
}

/** What is wrong with the value that getsockopt(2) gave; null when nothing is. */
export function optionFault(
  { bytes, view }: CallMemory,
  at: number,
  length: number,
  value: Value | undefined,
): string | null {
  const item = value?.kind === "array" && value.items.length === 1 ? value.items[0] : value;
  if (item === undefined || item.kind === "ellipsis") return null;
  const text = textOf(item);
  if (text !== null) {
    const got = new TextDecoder().decode(bytes.slice(at, at + length)).split("\0")[0];
    return got === text ? null : `expected ["${text}"], got ["${got}"]`;
  }
  if (item.kind === "struct") {
    const names = ["onoff", "l_onoff", "tv_sec"];
    const wanted = [fieldOf(item, ...names), fieldOf(item, "linger", "l_linger", "tv_usec")]
      .map(optionalNumber);
    const size = length === 16 ? 8 : 4;
    const got = [view.getInt32(at, true), view.getInt32(at + size, true)];
    const fits = wanted.every((each, index) => each === null || each === got[index]);
    return fits ? null : `expected ${wanted.join(", ")}, got ${got.join(", ")}`;
  }
  const wanted = item.kind === "name" && item.name in ERRNO ? ERRNO[item.name] : numberOf(item);
  const got = length === 1 ? view.getUint8(at) : view.getInt32(at, true);
  return wanted === got || wanted === got >>> 0 ? null : `expected [${wanted}], got [${got}]`;
}
