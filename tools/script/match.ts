/** Compares what the stack has sent with what the script expects, field by field. */

import { isIpv4 } from "../../src/base/address.ts";
import { Flag } from "../../src/wire/segment.ts";
import { TcpOption } from "../../src/wire/tcp.ts";
import type { SentPacket } from "./frames.ts";
import type { Settings } from "./settings.ts";
import type { IpInfo, ScriptOption, TcpPacket } from "./syntax.ts";

const LETTERS: readonly (readonly [string, number])[] = [
  ["S", Flag.SYN],
  ["F", Flag.FIN],
  ["R", Flag.RST],
  ["P", Flag.PSH],
  [".", Flag.ACK],
  ["U", Flag.URG],
  ["E", Flag.ECE],
  ["W", Flag.CWR],
  ["A", Flag.AE],
];

/** What a comparison takes into account besides the two packets. */
export interface MatchContext {
  readonly settings: Settings;
  /** Whether PSH says something: nothing new follows at once. */
  readonly pushCounts: boolean;
  /** The script's value of the first timestamp that the stack sent. */
  readonly firstTimestamp: number;
}

/** What is wrong with `sent` (in the script's numbers), as a message; null when nothing is. */
export function mismatch(
  expected: TcpPacket,
  sent: SentPacket,
  context: MatchContext,
): string | null {
  const { exact } = context.settings;
  const ignored = exact || context.pushCounts ? 0 : Flag.PSH;
  if (((expected.flags ^ sent.flags) & ~ignored) !== 0) return difference("flags", expected, sent);
  if (!expected.anySeq && expected.seq >>> 0 !== sent.seq >>> 0) {
    return difference("sequence number", expected, sent);
  }
  if (expected.length !== sent.length) return difference("length", expected, sent);
  if (expected.ack !== null && (expected.flags & Flag.ACK) !== 0 && expected.ack !== sent.ack) {
    return difference("acknowledgment", expected, sent);
  }
  if (expected.window !== null && !windowFits(expected.window, sent.window, exact)) {
    return difference("window", expected, sent);
  }
  if (expected.urgent !== null && expected.urgent !== sent.urgent) {
    return difference("urgent pointer", expected, sent);
  }
  if (expected.options !== null) {
    const fault = optionsFault(expected.options, sent.options, context);
    if (fault !== null) return `${fault}: ${difference("options", expected, sent)}`;
  }
  return ipFault(expected.ip, sent);
}

function windowFits(expected: number, sent: number, exact: boolean): boolean {
  return exact ? expected === sent : (expected === 0) === (sent === 0);
}

function difference(what: string, expected: TcpPacket, sent: SentPacket): string {
  return `${what}: expected ${expected.text.replace(/^>\s*/, "")}, got ${packetText(sent)}`;
}

/** A sent packet as a script would have it. */
export function packetText(sent: SentPacket): string {
  const letters = LETTERS.filter(([, bit]) => (sent.flags & bit) !== 0).map(([name]) => name);
  const seq = sent.seq >>> 0;
  const parts = [letters.join("") || "-", `${seq}:${seq + sent.length}(${sent.length})`];
  if ((sent.flags & Flag.ACK) !== 0) parts.push(`ack ${sent.ack >>> 0}`);
  parts.push(`win ${sent.window}`);
  if ((sent.flags & Flag.URG) !== 0) parts.push(`urg ${sent.urgent}`);
  if (sent.options.length > 0) parts.push(`<${sent.options.map(optionText).join(",")}>`);
  return parts.join(" ");
}

function optionText(option: ScriptOption): string {
  switch (option.kind) {
    case "mss":
    case "wscale":
      return `${option.kind} ${option.value}`;
    case "timestamps":
      return `TS val ${option.value >>> 0} ecr ${option.echo >>> 0}`;
    case "sack":
      return `sack ${option.blocks.map(([left, right]) => `${left}:${right}`).join(" ")}`;
    case "fastOpen":
      return `FO ${hex(option.cookie)}`;
    case "fastOpenExperimental":
      return `FOEXP ${hex(option.cookie)}`;
    case "other":
      if (option.name === "ECN") return accurateEcnText(option.number, option.bytes);
      return `${option.name} ${hex(option.bytes)}`;
    default:
      return option.kind;
  }
}

/** The counters in the order in which the option of this kind has them (RFC 9768 section 3.2.3). */
function accurateEcnText(kind: number, bytes: Uint8Array): string {
  const names = kind === TcpOption.accurateEcn1 ? ["e1b", "ceb", "e0b"] : ["e0b", "ceb", "e1b"];
  const texts = names.slice(0, Math.floor(bytes.length / 3)).map((name, index) => {
    const at = 3 * index;
    return `${name} ${(bytes[at] << 16) | (bytes[at + 1] << 8) | bytes[at + 2]}`;
  });
  return ["ECN", ...texts].join(" ");
}

export function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function optionsFault(
  expected: readonly ScriptOption[],
  sent: readonly ScriptOption[],
  context: MatchContext,
): string | null {
  const { exact } = context.settings;
  const wanted = exact ? expected : sorted(expected);
  const found = exact ? sent : sorted(sent);
  for (const [index, option] of wanted.entries()) {
    const other = found[index];
    if (other === undefined || other.kind !== option.kind) return "other options";
    if (!sameOption(option, other, context)) return option.kind;
  }
  return found.length > wanted.length ? "more options" : null;
}

/** Without padding, and in an order of their own. */
function sorted(options: readonly ScriptOption[]): ScriptOption[] {
  return options.filter(({ kind }) => kind !== "nop" && kind !== "eol")
    .sort((a, b) => a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : 0);
}

function sameOption(wanted: ScriptOption, found: ScriptOption, context: MatchContext): boolean {
  const { exact } = context.settings;
  if (wanted.kind === "wscale" && found.kind === "wscale") {
    return !exact || wanted.value === found.value;
  }
  if (wanted.kind === "timestamps" && found.kind === "timestamps") {
    return wanted.echo >>> 0 === found.echo >>> 0 &&
      timestampFits(wanted.value, found.value, context);
  }
  // The cookie is the stack's own; whether there is one is what can be compared.
  const cookies = isCookie(wanted) && isCookie(found);
  if (cookies && wanted.kind === found.kind && !exact) {
    return (wanted.cookie.length === 0) === (found.cookie.length === 0);
  }
  return optionText(wanted) === optionText(found);
}

/** Whether an option is a Fast Open cookie, or asks for one. */
export function isCookie(
  option: ScriptOption,
): option is ScriptOption & { readonly cookie: Uint8Array } {
  return option.kind === "fastOpen" || option.kind === "fastOpenExperimental";
}

/** The stack's timestamps tick in milliseconds, the script's in steps of `--tcp_ts_tick_usecs`. */
function timestampFits(wanted: number, found: number, context: MatchContext): boolean {
  const { timestampTickUs, toleranceUs } = context.settings;
  if (timestampTickUs === 0) return true;
  const wantedUs = ((wanted - context.firstTimestamp) | 0) * timestampTickUs;
  const foundUs = ((found - context.firstTimestamp) | 0) * 1000;
  return Math.abs(wantedUs - foundUs) <= Math.max(toleranceUs, wantedUs / 8) + timestampTickUs;
}

const ECN_NAMES = ["noecn", "ect1", "ect0", "ce"] as const;

function ipFault(ip: IpInfo, sent: SentPacket): string | null {
  const ecn = ECN_NAMES[sent.trafficClass & 3];
  if (ip.ecn !== null) {
    const fits = ip.ecn === "ect01" ? ecn === "ect0" || ecn === "ect1" : ip.ecn === ecn;
    if (!fits) return `ECN: expected ${ip.ecn}, got ${ecn}`;
  }
  if (ip.tos !== null && ip.tos !== sent.trafficClass) {
    return `TOS: expected ${ip.tos}, got ${sent.trafficClass}`;
  }
  if (ip.ttl !== null && ip.ttl !== sent.ttl) return `TTL: expected ${ip.ttl}, got ${sent.ttl}`;
  const { flowLabel } = ip;
  if (flowLabel !== null && !isIpv4(sent.source) && flowLabel !== sent.flowLabel) {
    return `flow label: expected ${flowLabel}, got ${sent.flowLabel}`;
  }
  return null;
}
