import type { Cursor } from "./cursor.ts";
import type { IcmpPacket } from "./syntax.ts";

/** Type numbers of RFC 792 by the names of the language. */
const TYPES: Readonly<Record<string, number>> = {
  unreachable: 3,
  source_quench: 4,
  redirect: 5,
  time_exceeded: 11,
  parameter_problem: 12,
};

/** Codes of "destination unreachable" (RFC 792, RFC 1122 section 3.2.2.1, RFC 1812 section 5.2.7.1). */
const UNREACHABLE: readonly string[] = [
  "net_unreachable",
  "host_unreachable",
  "protocol_unreachable",
  "port_unreachable",
  "frag_needed",
  "source_route_failed",
  "net_unknown",
  "host_unknown",
  "source_host_isolated",
  "net_prohibited",
  "host_prohibited",
  "net_unreachable_for_tos",
  "host_unreachable_for_tos",
  "packet_filtered",
  "precedence_violation",
  "precedence_cutoff",
];

/** The numbers of a quoted segment. */
export interface Quoted {
  readonly seq: number;
  readonly length: number;
}

/** The quoted segment, `[1:1461(1460)]`, which may stand before or behind the rest; null when it is not there. */
export function parseQuoted(cursor: Cursor): Quoted | null {
  const quoted = cursor.match(/\[\s*(?:tcp\s*)?(\d+):(\d+)\s*\((\d+)\)\s*\]/y);
  return quoted === null ? null : { seq: Number(quoted[1]), length: Number(quoted[3]) };
}

/** Parses `icmp unreachable frag_needed mtu 1200 [1:1461(1460)]` from `icmp` on. */
export function parseIcmp(
  cursor: Cursor,
  inbound: boolean,
  start: number,
  quotedBefore: Quoted | null,
): IcmpPacket {
  if (cursor.takes("icmpv6")) cursor.fail("ipv6 is not there yet: icmpv6");
  cursor.expect("icmp");
  const name = cursor.expectMatch(/[a-z_]+/y, "an ICMP type")[0];
  const type = TYPES[name];
  if (type === undefined) cursor.fail(`the ICMP type "${name}" is not known,`);
  let code = 0;
  const codeName = cursor.match(/(?!mtu\b)[a-z_]+/y);
  if (codeName !== null) code = UNREACHABLE.indexOf(codeName[0]);
  if (code < 0) cursor.fail(`the ICMP code "${codeName![0]}" is not known,`);
  const mtu = cursor.match(/mtu\b/y) === null ? 0 : cursor.number("the MTU");
  const quoted = quotedBefore ?? parseQuoted(cursor) ?? { seq: 0, length: 0 };
  return { kind: "icmp", inbound, type, code, mtu, ...quoted, text: cursor.since(start) };
}
