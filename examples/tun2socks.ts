/**
 * tun2socks: the kernel routes everything into a TUN interface, and each connection and each flow of datagrams is
 * carried out through a SOCKS5 proxy, or directly. The proxy itself must be reached by another route:
 *
 * ```sh
 * deno run --allow-ffi --allow-net examples/tun2socks.ts --proxy 192.0.2.1:1080
 * ip route add 192.0.2.1 via <gateway> && ip route replace default dev woshou0
 * ```
 *
 * A refused connection is refused with an RST, an unreachable host with ICMP, and neither handshake is finished before
 * the other side has answered.
 *
 * A flow of datagrams is what goes from one port to another and back. Through a proxy it is a UDP ASSOCIATE of its own
 * (RFC 1928 section 7); where the proxy refuses that, the sender gets ICMP's "unreachable" with the reason. Flows that
 * nobody uses end after two minutes (RFC 4787 section 4.3), those to port 53 after ten seconds, and there are 2048 and
 * 1024 of them at most. `--verbose` says of each what was carried and what was dropped, and why, and at the end what
 * the stack has dropped. Of datagrams that are sent directly nobody hears that they were refused: the kernel tells
 * that to a socket only that is connected, which Deno's are not.
 *
 * @module
 */

import {
  type Forwarder,
  type ForwardOptions,
  open,
  type Rejection,
  type Stack,
  type TcpFlow,
  type UdpFlow,
} from "../mod.ts";
import { directDatagrams, type OpenWay, relayDatagrams } from "./support/datagrams.ts";
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
import { datagramsViaSocks } from "./support/socks5_udp.ts";

const HELP = `tun2socks: carries every connection and every datagram out through a SOCKS5 proxy

usage: deno run --allow-ffi --allow-net examples/tun2socks.ts --proxy HOST:PORT [options]

  --proxy HOST:PORT   the SOCKS5 proxy
  --user NAME         with a user and a password (RFC 1929)
  --password TEXT
  --direct            without a proxy, by the routes of the kernel
  --no-udp            leaves datagrams out: they are dropped
  --verbose           a line for each connection and each flow of datagrams
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

/** Flows of datagrams to port 53 are mostly one question and its answer; others get what RFC 4787 asks for. */
const FLOWS: readonly ForwardOptions<"udp">[] = [
  { transport: "udp", filter: { ports: 53 }, flowsMax: 1024, idleMs: 10_000 },
  { transport: "udp", flowsMax: 2048, idleMs: 120_000 },
];
/** How long a way out for datagrams may take to open. */
const OPEN_MS = 10_000;

/** What carries flows of datagrams. */
export interface DatagramCarrier {
  /** Resolves when the log has heard of every flow, after the stack was closed. */
  settled(): Promise<unknown>;
}

/** Carries every flow of datagrams that the stack sees. `log` hears a line for each that has ended. */
export function tun2socksUdp(
  net: Stack,
  openWay: OpenWay,
  log: (line: string) => void = () => {},
): DatagramCarrier {
  const carried = new Set<Promise<void>>();
  const handle = async (flow: UdpFlow) => {
    const carrying = carryDatagrams(flow, openWay, log);
    carried.add(carrying);
    await carrying.finally(() => carried.delete(carrying));
  };
  for (const flows of FLOWS) net.forward(flows, handle);
  return { settled: () => Promise.allSettled(carried) };
}

async function carryOut(flow: TcpFlow, dial: Dial, log?: (line: string) => void): Promise<void> {
  const name = nameOf(flow);
  let far: Deno.TcpConn;
  try {
    far = await dial(flow.localAddr, flow.signal);
  } catch (error) {
    log?.(`${name}: ${messageOf(error)}`);
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
    log?.(`${name}: ${messageOf(error)}`);
  }
}

async function carryDatagrams(
  flow: UdpFlow,
  openWay: OpenWay,
  log: (line: string) => void,
): Promise<void> {
  const name = `udp ${nameOf(flow)}`;
  const dropped = new Map<string, number>();
  const drop = (reason: string) => void dropped.set(reason, (dropped.get(reason) ?? 0) + 1);
  let far;
  try {
    far = await inTime(OPEN_MS, (signal) => openWay(flow.localAddr, drop, signal));
  } catch (error) {
    log(`${name}: ${messageOf(error)}`);
    const how = rejectionFor(error);
    flow.reject(how === "reset" ? "port" : how);
    return;
  }
  const { there, back, error } = await relayDatagrams(flow.accept(), far, drop);
  const drops = [...dropped].map(([reason, count]) => `, ${count} dropped (${reason})`).join("");
  const end = error === null ? "" : `, ${messageOf(error)}`;
  log(`${name}: ${there} datagrams there, ${back} back${drops}${end}`);
}

/** Runs `start`, whose signal aborts when it takes too long. */
async function inTime<T>(ms: number, start: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const late = new AbortController();
  const timer = setTimeout(
    () => late.abort(new Deno.errors.TimedOut(`no way out in ${ms / 1000} seconds`)),
    ms,
  );
  try {
    return await start(late.signal);
  } finally {
    clearTimeout(timer);
  }
}

function nameOf({ remoteAddr: from, localAddr: to }: TcpFlow | UdpFlow): string {
  return `${from.hostname}:${from.port} > ${to.hostname}:${to.port}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
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
      boolean: ["direct", "verbose", "no-udp"],
    });
    const proxy = text(flags, "proxy");
    if ((proxy === undefined) !== (flags.direct === true)) {
      throw new Error("give either --proxy HOST:PORT or --direct");
    }
    const socks = proxy === undefined ? null : {
      ...hostPort(proxy, "--proxy"),
      user: text(flags, "user"),
      password: text(flags, "password"),
    };
    const log = flags.verbose === true ? console.log : undefined;
    await using net = await open(stackOptions(flags));
    tun2socks(net, socks === null ? direct : viaSocks(socks), log);
    const way = socks === null ? directDatagrams : datagramsViaSocks(socks);
    const carrier = flags["no-udp"] === true ? null : tun2socksUdp(net, way, log);
    console.log(`carrying what comes to ${net.addresses.join(", ")} out ${proxy ?? "directly"}`);
    await stopped;
    await net.close();
    await carrier?.settled();
    log?.(`dropped: ${JSON.stringify(net.stats().drops)}`);
  });
}
