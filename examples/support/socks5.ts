/** A client of SOCKS5 (RFC 1928) with its user and password (RFC 1929): CONNECT, and what UDP ASSOCIATE shares with it. */

import { readFull, writeAll } from "./relay.ts";

/** Where the proxy is, and as whom to ask it. */
export interface SocksProxy {
  readonly hostname: string;
  readonly port: number;
  readonly user?: string;
  readonly password?: string;
}

/** An address in any of the forms that SOCKS5 knows: IPv4, IPv6, a name. */
export interface SocksAddress {
  readonly hostname: string;
  readonly port: number;
}

/** The proxy could not do what it was asked to; `code` is its reply (RFC 1928 section 6). */
export class SocksError extends Error {
  /** The reply, 1 to 8. */
  readonly code: number;

  constructor(code: number) {
    super(`the SOCKS5 proxy answers: ${REPLIES[code] ?? `reply ${code}`}`);
    this.name = "SocksError";
    this.code = code;
  }
}

const REPLIES = [
  "succeeded",
  "general failure",
  "not allowed by its rules",
  "network unreachable",
  "host unreachable",
  "connection refused",
  "TTL expired",
  "command not supported",
  "address type not supported",
];

const VERSION = 5;
const NO_AUTHENTICATION = 0;
const USER_PASSWORD = 2;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What a proxy can be asked to do (RFC 1928 section 4). */
export const SocksCommand = { connect: 1, udpAssociate: 3 } as const;

/** Kinds of addresses (RFC 1928 section 5). */
export const AddressType = { ipv4: 1, name: 3, ipv6: 4 } as const;

/** Connects to `target` through the proxy. */
export async function socksConnect(
  proxy: SocksProxy,
  target: SocksAddress,
  signal?: AbortSignal,
): Promise<Deno.TcpConn> {
  return (await socksRequest(proxy, SocksCommand.connect, target, signal)).conn;
}

/** Asks the proxy to do something; resolves with the connection and the address that its reply gives. */
export async function socksRequest(
  proxy: SocksProxy,
  command: number,
  target: SocksAddress,
  signal?: AbortSignal,
): Promise<{ readonly conn: Deno.TcpConn; readonly bound: SocksAddress }> {
  const { hostname, port } = proxy;
  const conn = await Deno.connect({ hostname, port, signal });
  const onAbort = () => conn[Symbol.dispose]();
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    await greet(conn, proxy);
    await writeAll(conn, Uint8Array.of(VERSION, command, 0, ...encodeAddress(target)));
    const bound = await readReply(conn);
    return { conn, bound };
  } catch (error) {
    conn[Symbol.dispose]();
    throw signal?.aborted ? signal.reason : error;
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}

async function greet(conn: Deno.TcpConn, { user, password = "" }: SocksProxy): Promise<void> {
  const method = user === undefined ? NO_AUTHENTICATION : USER_PASSWORD;
  await writeAll(conn, Uint8Array.of(VERSION, 1, method));
  const [version, chosen] = await readBytes(conn, 2);
  if (version !== VERSION || chosen !== method) {
    throw new Error("the proxy is no SOCKS5 server, or wants another authentication");
  }
  if (user === undefined) return;
  const parts = [user, password].map((text) => encoder.encode(text));
  await writeAll(conn, Uint8Array.from([1, ...parts.flatMap((part) => [part.length, ...part])]));
  if ((await readBytes(conn, 2))[1] !== 0) throw new Error("the proxy refuses the user");
}

async function readReply(conn: Deno.TcpConn): Promise<SocksAddress> {
  // The first byte of the address is there whatever its type; of a name it is the length.
  const head = await readBytes(conn, 5);
  if (head[1] !== 0) throw new SocksError(head[1]);
  const rest = await readBytes(conn, addressBytes(head, 3) - 2);
  const address = decodeAddress(Uint8Array.of(...head, ...rest), 3);
  if (address === null) throw new Error(`the proxy gives an address of type ${head[3]}`);
  return address;
}

async function readBytes(conn: Deno.TcpConn, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  await readFull(conn, bytes);
  return bytes;
}

/** Type, bytes and port of an address. */
export function encodeAddress({ hostname, port }: SocksAddress): number[] {
  return [...encodeHost(hostname), port >> 8, port & 255];
}

function encodeHost(hostname: string): number[] {
  const octets = hostname.split(".").map(Number);
  if (octets.length === 4 && octets.every((octet) => octet >= 0 && octet < 256)) {
    return [AddressType.ipv4, ...octets];
  }
  if (!hostname.includes(":")) {
    const name = encoder.encode(hostname);
    return [AddressType.name, name.length, ...name];
  }
  const [head, tail = ""] = canonicalHost(hostname).split("::");
  const groups = (part: string) => part === "" ? [] : part.split(":").map((g) => parseInt(g, 16));
  const zeros = new Array(8 - groups(head).length - groups(tail).length).fill(0);
  const all = [...groups(head), ...zeros, ...groups(tail)];
  return [AddressType.ipv6, ...all.flatMap((group) => [group >> 8, group & 255])];
}

/** Bytes that the address at `at` takes with its type and its port; of an unknown type those of IPv4. */
function addressBytes(bytes: Uint8Array, at: number): number {
  if (bytes[at] === AddressType.ipv6) return 1 + 16 + 2;
  return bytes[at] === AddressType.name ? 1 + 1 + bytes[at + 1] + 2 : 1 + 4 + 2;
}

/** The address at `at` and where it ends; null when there is none, or not all of it. */
export function decodeAddress(
  bytes: Uint8Array,
  at: number,
): SocksAddress & { readonly end: number } | null {
  const end = at + addressBytes(bytes, at);
  if (!(end <= bytes.length)) return null;
  const port = (bytes[end - 2] << 8) | bytes[end - 1];
  const host = bytes.subarray(at + 1, end - 2);
  switch (bytes[at]) {
    case AddressType.ipv4:
      return { hostname: host.join("."), port, end };
    case AddressType.name:
      return { hostname: decoder.decode(host.subarray(1)), port, end };
    case AddressType.ipv6:
      return { hostname: ipv6Text(host), port, end };
    default:
      return null;
  }
}

function ipv6Text(bytes: Uint8Array): string {
  // What a proxy with one socket for both families says of IPv4 (RFC 4291 section 2.5.5.2).
  const isMapped = bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 255 &&
    bytes[11] === 255;
  if (isMapped) return bytes.subarray(12).join(".");
  const groups = Array.from({ length: 8 }, (_, i) => (bytes[2 * i] << 8) | bytes[2 * i + 1]);
  return canonicalHost(groups.map((group) => group.toString(16)).join(":"));
}

/** One text for each address (RFC 5952), as hostnames are compared; what is none stays as it is. */
export function canonicalHost(hostname: string): string {
  const url = `http://[${hostname}]`;
  return hostname.includes(":") && URL.canParse(url)
    ? new URL(url).hostname.slice(1, -1)
    : hostname.toLowerCase();
}

/** Whether two are the same host and port. */
export function sameEnd(a: SocksAddress, b: SocksAddress): boolean {
  return a.port === b.port && canonicalHost(a.hostname) === canonicalHost(b.hostname);
}
