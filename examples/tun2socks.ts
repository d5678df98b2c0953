/**
 * tun2socks: the kernel routes everything into a TUN interface, and each connection is carried out through a SOCKS5
 * proxy, or directly. The proxy itself must be reached by another route:
 *
 * ```sh
 * deno run --allow-ffi --allow-net examples/tun2socks.ts --proxy 192.0.2.1:1080
 * ip route add 192.0.2.1 via <gateway> && ip route replace default dev woshou0
 * ```
 *
 * A refused connection is refused with an RST, an unreachable host with ICMP, and neither handshake is finished before
 * the other side has answered. UDP is not carried.
 *
 * @module
 */

import { type Forwarder, open, type Rejection, type Stack, type TcpFlow } from "../mod.ts";
import {
  hostPort,
  readFlags,
  runExample,
  STACK_HELP,
  stackOptions,
  text,
} from "./support/flags.ts";
import { relay } from "./support/relay.ts";
import { socksConnect, SocksError, type SocksProxy } from "./support/socks5.ts";

const HELP = `tun2socks: carries every TCP connection out through a SOCKS5 proxy

usage: deno run --allow-ffi --allow-net examples/tun2socks.ts --proxy HOST:PORT [options]

  --proxy HOST:PORT   the SOCKS5 proxy
  --user NAME         with a user and a password (RFC 1929)
  --password TEXT
  --direct            without a proxy, by the routes of the kernel
  --verbose           a line for each connection
${STACK_HELP}`;

/** Opens the way out to where a flow wants to go. */
export type Dial = (
  target: { readonly hostname: string; readonly port: number },
  signal: AbortSignal,
) => Promise<Deno.TcpConn>;

/** Through a SOCKS5 proxy. */
export function viaSocks(proxy: SocksProxy): Dial {
  return (target, signal) => socksConnect(proxy, target, signal);
}

/** By the routes of the kernel. */
export const direct: Dial = ({ hostname, port }, signal) =>
  Deno.connect({ hostname, port, signal });

/** Carries every flow that the stack sees. `log` hears a line for each. */
export function tun2socks(net: Stack, dial: Dial, log?: (line: string) => void): Forwarder {
  return net.forward({ transport: "tcp", pendingMax: 4096 }, (flow) => carryOut(flow, dial, log));
}

async function carryOut(flow: TcpFlow, dial: Dial, log?: (line: string) => void): Promise<void> {
  const name = `${flow.remoteAddr.hostname}:${flow.remoteAddr.port} > ` +
    `${flow.localAddr.hostname}:${flow.localAddr.port}`;
  let far: Deno.TcpConn;
  try {
    far = await dial(flow.localAddr, flow.signal);
  } catch (error) {
    log?.(`${name}: ${error instanceof Error ? error.message : error}`);
    flow.reject(rejectionFor(error));
    return;
  }
  try {
    const near = await flow.accept();
    const { there, back, error } = await relay(near, far);
    log?.(`${name}: ${there} bytes there, ${back} back${error === null ? "" : `, ${error}`}`);
  } catch (error) {
    // The client has given up meanwhile.
    far[Symbol.dispose]();
    log?.(`${name}: ${error instanceof Error ? error.message : error}`);
  }
}

/** What the client is told when the way out fails. */
export function rejectionFor(error: unknown): Rejection {
  if (error instanceof SocksError) {
    return ([, "reset", "prohibited", "network", "host", "reset", "host"] as const)[error.code] ??
      "prohibited";
  }
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENETUNREACH") return "network";
  if (code === "EHOSTUNREACH" || error instanceof Deno.errors.TimedOut) return "host";
  return "reset";
}

if (import.meta.main) {
  await runExample(HELP, async (args, stopped) => {
    const flags = readFlags(args, {
      string: ["proxy", "user", "password"],
      boolean: ["direct", "verbose"],
    });
    const proxy = text(flags, "proxy");
    if ((proxy === undefined) !== (flags.direct === true)) {
      throw new Error("give either --proxy HOST:PORT or --direct");
    }
    const dial = proxy === undefined ? direct : viaSocks({
      ...hostPort(proxy, "--proxy"),
      user: text(flags, "user"),
      password: text(flags, "password"),
    });
    await using net = await open(stackOptions(flags));
    tun2socks(net, dial, flags.verbose === true ? console.log : undefined);
    console.log(`carrying what comes to ${net.addresses.join(", ")} out ${proxy ?? "directly"}`);
    await stopped;
  });
}
