/**
 * An HTTP proxy on the stack (RFC 9112 section 3.2): CONNECT for https, absolute URIs for http. What it asks for goes
 * out by the kernel's routes:
 *
 * ```sh
 * deno run --allow-ffi --allow-net examples/http_proxy.ts
 * curl --proxy http://10.7.0.2:3128 http://example.com/
 * ```
 *
 * One request for each connection: the proxy adds `Connection: close`.
 *
 * @module
 */

import { type Listener, open, type Stack, type TcpConn } from "../mod.ts";
import {
  hostPort,
  number,
  readFlags,
  runExample,
  STACK_HELP,
  stackOptions,
} from "./support/flags.ts";
import { relay, writeAll } from "./support/relay.ts";

const HELP = `http_proxy: an HTTP proxy on the stack, for CONNECT and absolute URIs

usage: deno run --allow-ffi --allow-net examples/http_proxy.ts [options]

  --port N            the port that it listens on (default 3128)
${STACK_HELP}`;

/** Most bytes of a request's head; more is refused with 431. */
const HEAD_MAX_BYTES = 16_384;
/** How long a head may take to come; a client that dribbles it is cut off. */
const HEAD_PATIENCE_MS = 10_000;
const encoder = new TextEncoder();
const decoder = new TextDecoder("latin1");

/** What a client asks for: where to connect, what to send there first, and what to tell the client. */
interface Request {
  readonly hostname: string;
  readonly port: number;
  readonly first: Uint8Array;
  readonly answer: string;
}

/** Why a request is not carried out, as status code and reason. */
class Refusal extends Error {}

/** Serves proxy requests on a port of the stack. */
export function httpProxy(net: Stack, port: number): Listener {
  const listener = net.listen({ port, hostname: "::" });
  (async () => {
    for await (const conn of listener) serve(conn).catch(() => conn[Symbol.dispose]());
  })();
  return listener;
}

async function serve(conn: TcpConn): Promise<void> {
  let far: Deno.TcpConn;
  try {
    const request = await readRequest(conn);
    const { hostname, port } = request;
    far = await Deno.connect({ hostname, port }).catch((error) => {
      throw new Refusal(
        error instanceof Deno.errors.TimedOut ? "504 Gateway Timeout" : "502 Bad Gateway",
      );
    });
    await writeAll(conn, encoder.encode(request.answer));
    await writeAll(far, request.first);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const lines = [`HTTP/1.1 ${error.message}`, "Content-Length: 0", "Connection: close", "", ""];
    await writeAll(conn, encoder.encode(lines.join("\r\n")));
    await conn.closeWrite();
    conn[Symbol.dispose]();
    return;
  }
  await relay(conn, far);
}

async function readRequest(conn: TcpConn): Promise<Request> {
  const buffer = new Uint8Array(HEAD_MAX_BYTES);
  let length = 0;
  let late = false;
  const patience = setTimeout(() => {
    late = true;
    conn[Symbol.dispose]();
  }, HEAD_PATIENCE_MS);
  try {
    for (;;) {
      const count = await conn.read(buffer.subarray(length));
      if (count === null) throw new Deno.errors.UnexpectedEof("no whole request");
      length += count;
      const head = decoder.decode(buffer.subarray(0, length));
      const end = head.indexOf("\r\n\r\n");
      if (end >= 0) return parseRequest(head.slice(0, end), buffer.slice(end + 4, length));
      if (length === buffer.length) throw new Refusal("431 Request Header Fields Too Large");
    }
  } catch (error) {
    throw late ? new Deno.errors.TimedOut("the head of the request did not come") : error;
  } finally {
    clearTimeout(patience);
  }
}

/** Reads a head; `rest` is what has come behind it. */
function parseRequest(head: string, rest: Uint8Array): Request {
  const [line, ...fields] = head.split("\r\n");
  const match = /^([A-Z]+) (\S+) HTTP\/1\.[01]$/.exec(line);
  if (match === null) throw new Refusal("400 Bad Request");
  const [, method, target] = match;
  if (method === "CONNECT") {
    const answer = "HTTP/1.1 200 Connection established\r\n\r\n";
    return { ...authority(target), first: rest, answer };
  }
  if (!URL.canParse(target) || !target.startsWith("http://")) throw new Refusal("400 Bad Request");
  const url = new URL(target);
  const kept = fields.filter((field) => !/^(?:proxy-[^:]*|connection|keep-alive):/i.test(field));
  const origin = [`${method} ${url.pathname}${url.search} HTTP/1.1`, ...kept, "Connection: close"];
  const first = [...encoder.encode(`${origin.join("\r\n")}\r\n\r\n`), ...rest];
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  return { hostname, port: Number(url.port || 80), first: Uint8Array.from(first), answer: "" };
}

function authority(target: string): { hostname: string; port: number } {
  try {
    return hostPort(target, "CONNECT");
  } catch {
    throw new Refusal("400 Bad Request");
  }
}

if (import.meta.main) {
  await runExample(HELP, async (args, stopped) => {
    const flags = readFlags(args, { string: ["port"] });
    const port = number(flags, "port") ?? 3128;
    await using net = await open(stackOptions(flags));
    httpProxy(net, port);
    console.log(`an HTTP proxy listens on ${net.addresses.join(", ")}, port ${port}`);
    await stopped;
  });
}
