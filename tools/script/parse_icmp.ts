import type { Family } from "./addresses.ts";
import type { Cursor } from "./cursor.ts";
import type { IcmpNumbers, IcmpPacket } from "./syntax.ts";

/** Type and code in each family; null where the family has nothing of that meaning. */
type Meaning = readonly [ipv4: IcmpNumbers | null, ipv6: IcmpNumbers | null];

/** Makes the table shorter. */
const of = (type: number, code = 0): IcmpNumbers => ({ type, code });

/** Types by name: RFC 792 and RFC 4443. */
const TYPES: Readonly<Record<string, Meaning>> = {
  unreachable: [of(3), of(1)],
  packet_too_big: [of(3, 4), of(2)],
  source_quench: [of(4), null],
  redirect: [of(5), null],
  time_exceeded: [of(11), of(3)],
  parameter_problem: [of(12), of(4)],
};

/**
 * Codes of "destination unreachable" by name: RFC 792, RFC 1122 section 3.2.2.1, RFC 1812 section 5.2.7.1,
 * RFC 4443. A name of one family stands for what means the same in the other, so that a script can run as
 * both; "fragmentation needed" and "protocol unreachable" have other types there (RFC 7915 section 4.2).
 */
const UNREACHABLE: Readonly<Record<string, Meaning>> = {
  net_unreachable: [of(3, 0), of(1, 0)],
  host_unreachable: [of(3, 1), of(1, 3)],
  protocol_unreachable: [of(3, 2), of(4, 1)],
  port_unreachable: [of(3, 3), of(1, 4)],
  frag_needed: [of(3, 4), of(2)],
  source_route_failed: [of(3, 5), of(1, 0)],
  net_unknown: [of(3, 6), of(1, 0)],
  host_unknown: [of(3, 7), of(1, 3)],
  source_host_isolated: [of(3, 8), of(1, 0)],
  net_prohibited: [of(3, 9), of(1, 1)],
  host_prohibited: [of(3, 10), of(1, 1)],
  net_unreachable_for_tos: [of(3, 11), of(1, 0)],
  host_unreachable_for_tos: [of(3, 12), of(1, 3)],
  packet_filtered: [of(3, 13), of(1, 1)],
  precedence_violation: [of(3, 14), null],
  precedence_cutoff: [of(3, 15), of(1, 1)],
  no_route: [of(3, 0), of(1, 0)],
  noroute: [of(3, 0), of(1, 0)],
  admin_prohibited: [of(3, 13), of(1, 1)],
  not_neighbour: [of(3, 1), of(1, 2)],
  beyond_scope: [of(3, 1), of(1, 2)],
  addr_unreachable: [of(3, 1), of(1, 3)],
  address_unreachable: [of(3, 1), of(1, 3)],
  policy_fail: [of(3, 13), of(1, 5)],
  reject_route: [of(3, 13), of(1, 6)],
};

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

/**
 * Parses `icmp unreachable frag_needed mtu 1200 [1:1461(1460)]` from `icmp` on. `icmp` is that of the family
 * that the script runs as, `icmpv6` is of IPv6 alone.
 */
export function parseIcmp(
  cursor: Cursor,
  inbound: boolean,
  start: number,
  quotedBefore: Quoted | null,
): IcmpPacket {
  const onlyIpv6 = cursor.takes("icmpv6");
  if (!onlyIpv6) cursor.expect("icmp");
  const name = cursor.expectMatch(/[a-z_]+/y, "an ICMP type")[0];
  let meaning: Meaning | undefined = TYPES[name];
  if (meaning === undefined) cursor.fail(`the ICMP type "${name}" is not known,`);
  const codeName = cursor.match(/(?!mtu\b)[a-z_]+/y)?.[0];
  if (codeName !== undefined) meaning = name === "unreachable" ? UNREACHABLE[codeName] : undefined;
  if (meaning === undefined) cursor.fail(`the ICMP code "${codeName}" is not known,`);
  const mtu = cursor.match(/mtu\b/y) === null ? 0 : cursor.number("the MTU");
  const quoted = quotedBefore ?? parseQuoted(cursor) ?? { seq: 0, length: 0 };
  const [ipv4, ipv6] = meaning;
  const numbers: Record<Family, IcmpNumbers | null> = { ipv4: onlyIpv6 ? null : ipv4, ipv6 };
  return { kind: "icmp", inbound, numbers, mtu, ...quoted, text: cursor.since(start) };
}
