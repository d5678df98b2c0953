import { ConnectionError } from "../ring/row.ts";
import { type Connection, News } from "./connection.ts";
import { end } from "./ending.ts";
import { State } from "./state.ts";

/** What an ICMP error means for a connection that is being opened, as in Linux. */
export function connectErrorOf(type: number, code: number): ConnectionError {
  if (type !== ICMP_UNREACHABLE) return ConnectionError.hostUnreachable;
  switch (code) {
    case ICMP_NET_UNREACHABLE:
    case ICMP_NET_UNKNOWN:
    case ICMP_NET_PROHIBITED:
    case ICMP_NET_UNREACHABLE_TOS:
      return ConnectionError.networkUnreachable;
    case ICMP_PROTOCOL_UNREACHABLE:
    case ICMP_PORT_UNREACHABLE:
      return ConnectionError.refused;
    default:
      return ConnectionError.hostUnreachable;
  }
}

/** Whether a router asks for smaller packets (RFC 1191): that is no failure. */
export function isFragmentationNeeded(type: number, code: number): boolean {
  return type === ICMP_UNREACHABLE && code === ICMP_FRAGMENTATION_NEEDED;
}

/**
 * Takes an error in that is about a segment in flight. A connection that is established outlives any (RFC 5927 section
 * 5.2); before that the error is the answer that the application waits for, as in Linux.
 */
export function takeIcmpError(conn: Connection, type: number, code: number): void {
  const error = connectErrorOf(type, code);
  if (conn.state === State.SYN_SENT) end(conn, error);
  else noteSoftError(conn, error);
}

/** RFC 9293 section 3.9.1.8: the application is told, and the connection goes on. */
export function noteSoftError(conn: Connection, error: ConnectionError): void {
  conn.softError = error;
  conn.softErrors++;
  conn.news = News.loud;
}

/** Type and codes of RFC 792 and RFC 1122 section 3.2.2.1. */
const ICMP_UNREACHABLE = 3;
const ICMP_NET_UNREACHABLE = 0;
const ICMP_PROTOCOL_UNREACHABLE = 2;
const ICMP_PORT_UNREACHABLE = 3;
const ICMP_FRAGMENTATION_NEEDED = 4;
const ICMP_NET_UNKNOWN = 6;
const ICMP_NET_PROHIBITED = 9;
const ICMP_NET_UNREACHABLE_TOS = 11;
