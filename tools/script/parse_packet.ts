/** Packets: `< S 0:0(0) win 32792 <mss 1460,nop,wscale 7>`, `< icmp unreachable ... [1:1461(1460)]`. */

import { Flag } from "../../src/wire/segment.ts";
import { parseIcmp, parseQuoted } from "./parse_icmp.ts";
import { parseOptions } from "./parse_options.ts";
import type { Cursor } from "./cursor.ts";
import type { IcmpPacket, IpInfo, TcpPacket } from "./syntax.ts";

const LETTERS: Readonly<Record<string, number>> = {
  S: Flag.SYN,
  F: Flag.FIN,
  R: Flag.RST,
  P: Flag.PSH,
  ".": Flag.ACK,
  U: Flag.URG,
  E: Flag.ECE,
  W: Flag.CWR,
  A: Flag.AE,
  "-": 0,
};

/** Parses a packet from its direction on. */
export function parsePacket(cursor: Cursor): TcpPacket | IcmpPacket {
  cursor.skipSpace();
  const start = cursor.at;
  const inbound = cursor.takes("<");
  if (!inbound) cursor.expect(">");
  const quoted = parseQuoted(cursor);
  const ip = parseIpInfo(cursor);
  const other = cursor.peek(/(icmpv6|icmp|udp|igmp|gre|mpls|sctp|ipv4|ipv6|vxlan|esp)\b/y);
  if (other !== null) {
    if (other[1].startsWith("icmp")) return parseIcmp(cursor, inbound, start, quoted);
    cursor.fail(`${other[1]} packets are not there yet,`);
  }
  const flags = parseFlags(cursor);
  const numbers = parseNumbers(cursor);
  let ack: number | null = null;
  let window: number | null = null;
  let urgent: number | null = null;
  if (cursor.match(/ack\b/y)) ack = cursor.number("the acknowledgment number");
  if (cursor.match(/win\b/y)) window = cursor.number("the window");
  if (cursor.match(/urg\b/y)) urgent = cursor.number("the urgent pointer");
  const options = cursor.takes("<") ? parseOptions(cursor) : [];
  if (inbound && options === null) cursor.fail("an inbound packet needs its options spelled out");
  const text = cursor.since(start);
  return { kind: "tcp", inbound, ip, flags, ...numbers, ack, window, urgent, options, text };
}

function parseFlags(cursor: Cursor): number {
  const letters = cursor.expectMatch(/[SFRP.UEWA0-7]+(?=\s)|-(?=\s)/y, "TCP flags")[0];
  let flags = 0;
  for (const letter of letters) {
    if (letter in LETTERS) flags |= LETTERS[letter];
    else flags |= aceFlags(Number(letter));
  }
  return flags;
}

/** The three bits of the AccECN field (RFC 9768 section 2.2). */
function aceFlags(ace: number): number {
  return ((ace & 4) !== 0 ? Flag.AE : 0) | ((ace & 2) !== 0 ? Flag.CWR : 0) |
    ((ace & 1) !== 0 ? Flag.ECE : 0);
}

type Numbers = Pick<TcpPacket, "seq" | "length" | "absoluteSeq" | "anySeq">;

function parseNumbers(cursor: Cursor): Numbers {
  const any = cursor.match(/\.\.\.\s*\((\d+)\)/y);
  if (any !== null) return { seq: 0, length: Number(any[1]), absoluteSeq: false, anySeq: true };
  const found = cursor.match(/(\d+):(\d+)\s*\((\d+)\)(!?)/y);
  if (found === null) cursor.fail("expected a sequence range such as 1:1001(1000)");
  const [seq, end, length] = [Number(found[1]), Number(found[2]), Number(found[3])];
  if (((seq + length) | 0) !== (end | 0)) {
    cursor.fail(`the range ${seq}:${end} is not ${length} bytes long,`);
  }
  return { seq, length, absoluteSeq: found[4] === "!", anySeq: false };
}

function parseIpInfo(cursor: Cursor): IpInfo {
  let ecn: IpInfo["ecn"] = null;
  let tos: number | null = null;
  let ttl: number | null = null;
  let flowLabel: number | null = null;
  while (cursor.sees("[") || cursor.sees("(")) {
    const close = cursor.takes("[") ? "]" : ")";
    if (close === ")") cursor.expect("(");
    while (!cursor.takes(close)) {
      const word = cursor.expectMatch(/[a-z_]+[01]*/y, "what is known of the IP header")[0];
      if (/^(?:noecn|ect0|ect1|ce|ect01)$/.test(word)) ecn = word as IpInfo["ecn"];
      else if (word === "tos") tos = cursor.number("the TOS byte");
      else if (word === "ttl" || word === "hoplimit") ttl = cursor.number("the TTL");
      else if (word === "flowlabel") flowLabel = cursor.number("the flow label");
      else if (word === "dscp") tos = cursor.number("the DSCP") << 2;
      else cursor.fail(`"${word}" is not known in an IP header,`);
      cursor.takes(",");
    }
  }
  return { ecn, tos, ttl, flowLabel };
}
