/** A client of SOCKS5 (RFC 1928) with its user and password (RFC 1929), for CONNECT. */

import { readFull, writeAll } from "./relay.ts";

/** Where the proxy is, and as whom to ask it. */
export interface SocksProxy {
  readonly hostname: string;
  readonly port: number;
  readonly user?: string;
  readonly password?: string;
}

/** The proxy could not connect; `code` is its reply (RFC 1928 section 6). */
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
const CONNECT = 1;
const encoder = new TextEncoder();

/** Connects to `target` through the proxy. */
export async function socksConnect(
  proxy: SocksProxy,
  target: { readonly hostname: string; readonly port: number },
  signal?: AbortSignal,
): Promise<Deno.TcpConn> {
  const { hostname, port } = proxy;
  const conn = await Deno.connect({ hostname, port, signal });
  const onAbort = () => conn[Symbol.dispose]();
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    await greet(conn, proxy);
    const request = [VERSION, CONNECT, 0, ...addressOf(target.hostname)];
    await writeAll(conn, Uint8Array.from([...request, target.port >> 8, target.port & 255]));
    const reply = await readBytes(conn, 4);
    if (reply[1] !== 0) throw new SocksError(reply[1]);
    const length = reply[3] === 4 ? 16 : reply[3] === 3 ? (await readBytes(conn, 1))[0] : 4;
    await readBytes(conn, length + 2);
    return conn;
  } catch (error) {
    conn[Symbol.dispose]();
    throw error;
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

async function readBytes(conn: Deno.TcpConn, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  await readFull(conn, bytes);
  return bytes;
}

/** Type and bytes of an address: 1 for IPv4, 4 for IPv6, 3 for a name with its length. */
function addressOf(hostname: string): number[] {
  const octets = hostname.split(".").map(Number);
  if (octets.length === 4 && octets.every((octet) => octet >= 0 && octet < 256)) {
    return [1, ...octets];
  }
  if (!hostname.includes(":")) {
    const name = encoder.encode(hostname);
    return [3, name.length, ...name];
  }
  const [head, tail = ""] = hostname.split("::");
  const groups = (part: string) => part === "" ? [] : part.split(":").map((g) => parseInt(g, 16));
  const zeros = new Array(8 - groups(head).length - groups(tail).length).fill(0);
  const all = hostname.includes("::") ? [...groups(head), ...zeros, ...groups(tail)] : groups(head);
  return [4, ...all.flatMap((group) => [group >> 8, group & 255])];
}
