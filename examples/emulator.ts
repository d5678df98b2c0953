/**
 * The network of an emulator, in user space: a virtual machine gets an address by DHCP and reaches the network as any
 * program of this machine would, with neither a TAP, nor a bridge, nor a privilege.
 *
 * ```sh
 * deno run --allow-net --allow-read=/etc/resolv.conf examples/emulator.ts --forward 2222:22
 * qemu-system-x86_64 ... -device virtio-net,netdev=n \
 *   -netdev stream,id=n,server=off,addr.type=inet,addr.host=127.0.0.1,addr.port=5555
 * ssh -p 2222 127.0.0.1             # port 2222 of this machine leads to port 22 of the guest
 * ```
 *
 * ```text
 *   guest 10.0.2.15 ── Ethernet frames ──▶ this process ──▶ 10.0.2.1   the stack: router, DHCP
 *                      over TCP, or a                       10.0.2.2   this machine's 127.0.0.1
 *                      browser's WebSocket                  10.0.2.3   its name server
 *                                                           others     by the routes of the kernel
 * ```
 *
 * Each guest has a link and a stack of its own. TCP and UDP are carried; ICMP is answered by the router alone.
 *
 * @module
 */

import { ethernet, open, type Stack, streamDevice, webSocketDevice } from "../mod.ts";
import { directDatagrams, type OpenWay } from "./support/datagrams.ts";
import { answerDhcp, type Lease } from "./support/dhcp.ts";
import { hostPort, portNumber, readFlags, runExample, text } from "./support/flags.ts";
import { relay, reset } from "./support/relay.ts";
import { direct, tun2socks, tun2socksUdp } from "./tun2socks.ts";

const HELP = `emulator: a network for virtual machines, without a TAP or a privilege

usage: deno run --allow-net --allow-read=/etc/resolv.conf examples/emulator.ts [options]

  --port N               where QEMU's "-netdev stream" connects to, on 127.0.0.1 (default 5555)
  --websocket N          a port for emulators in a browser, such as v86: a frame in each message
  --origin URL           the page that may use it, such as http://localhost:8000
  --forward PORT:PORT    a port of 127.0.0.1 leads to one of the newest guest (may be repeated)
  --dns HOST:PORT        what 10.0.2.3 leads to (default: this machine's)
  --bootfile NAME        what a guest boots that boots from the network
  --no-host              10.0.2.2 does not lead to this machine
  --verbose              a line for each connection
  --help                 this text`;

const ROUTER = "10.0.2.1";
const HOST = "10.0.2.2";
const NAME_SERVER = "10.0.2.3";
const GUEST = "10.0.2.15";
const NETMASK = "255.255.255.0";
const PREFIX_LENGTH = 24;
const LEASE_SECONDS = 86_400;

/** An IP packet of 1500 bytes and the Ethernet header. */
const FRAME_BYTES = 1514;
const DHCP_SERVER_PORT = 67;
const DHCP_CLIENT_PORT = 68;

/** An address and a port. */
export interface End {
  readonly hostname: string;
  readonly port: number;
}

/** What guests get. */
export interface GuestOptions {
  /** What 10.0.2.3 leads to. */
  readonly dns: End;
  /** Whether 10.0.2.2 leads to this machine. */
  readonly host: boolean;
  readonly bootFile?: string;
  /** Hears a line for each connection. */
  readonly log?: (line: string) => void;
}

/** A link with a guest at its other end. */
export type GuestLink = ReturnType<typeof streamDevice> | ReturnType<typeof webSocketDevice>;

/** Opens the stack at a guest's link: its router, its DHCP server, and the way out. */
export async function openGuest(link: GuestLink, options: GuestOptions): Promise<Stack> {
  const own = [ROUTER, HOST, NAME_SERVER].map((address) => `${address}/${PREFIX_LENGTH}`);
  // The link answers for all three; the stack is the router, and what is for the others it carries on.
  const device = ethernet(link, { address: own });
  const net = await open({ device, address: own[0] });
  const lead = leading(options);
  tun2socks(net, async (target, signal) => await direct(lead(target), signal), options.log);
  const openWay: OpenWay = async (target, ...rest) => await directDatagrams(lead(target), ...rest);
  tun2socksUdp(net, openWay, options.log);
  serveDhcp(net, options.bootFile);
  return net;
}

/** Gives where the addresses of the link lead. Throws for the machine's own when that is not to be reached. */
export function leading({ dns, host }: GuestOptions): (target: End) => End {
  return ({ hostname, port }) => {
    if (hostname === NAME_SERVER) return dns;
    if (hostname !== HOST) return { hostname, port };
    if (!host) throw new Deno.errors.ConnectionRefused(`${HOST} leads nowhere: --no-host`);
    return { hostname: "127.0.0.1", port };
  };
}

async function serveDhcp(net: Stack, bootFile: string | undefined): Promise<void> {
  const lease: Lease = {
    address: GUEST,
    server: ROUTER,
    netmask: NETMASK,
    router: ROUTER,
    nameServer: NAME_SERVER,
    seconds: LEASE_SECONDS,
    bootFile,
  };
  const everywhere = { transport: "udp", hostname: "0.0.0.0" } as const;
  const socket = net.listenDatagram({ ...everywhere, port: DHCP_SERVER_PORT });
  for await (const [message] of socket) {
    const answer = answerDhcp(message, lease);
    if (answer === null) continue;
    const to = { transport: "udp", hostname: answer.to, port: DHCP_CLIENT_PORT } as const;
    // Who hears no answer, because there was no room for it or the guest has gone, asks again.
    await socket.send(answer.message, to).catch(() => {});
  }
}

/** Where guests connect to, and the ports that lead to the newest of them. */
export class GuestServer implements Disposable {
  readonly #options: GuestOptions;
  readonly #listeners: Disposable[] = [];
  #newest: Stack | null = null;

  constructor(options: GuestOptions) {
    this.#options = options;
  }

  /** Takes QEMU's connections; gives the port. */
  listen(port: number): number {
    const listener = Deno.listen({ hostname: "127.0.0.1", port });
    this.#listeners.push(listener);
    this.#takeAll(listener);
    return listener.addr.port;
  }

  async #takeAll(listener: Deno.TcpListener): Promise<void> {
    for await (const conn of listener) {
      conn.setNoDelay(true);
      this.#serve(streamDevice(conn, { mtu: FRAME_BYTES }));
    }
  }

  /** Takes the WebSockets of pages from `origin` alone, because any page can try; gives the port. */
  listenWebSocket(port: number, origin: string): number {
    const ending = new AbortController();
    const options = { hostname: "127.0.0.1", port, signal: ending.signal, onListen: () => {} };
    const server = Deno.serve(options, (request) => {
      if (request.headers.get("upgrade") !== "websocket") {
        return new Response("for WebSockets\n", { status: 426 });
      }
      if (request.headers.get("origin") !== origin) {
        return new Response("not for this page: see --origin\n", { status: 403 });
      }
      const { socket, response } = Deno.upgradeWebSocket(request);
      socket.binaryType = "arraybuffer";
      socket.addEventListener("open", () => {
        this.#serve(webSocketDevice(socket, { mtu: FRAME_BYTES }));
      });
      return response;
    });
    this.#listeners.push({ [Symbol.dispose]: () => ending.abort() });
    return server.addr.port;
  }

  async #serve(link: GuestLink): Promise<void> {
    const log = this.#options.log ?? (() => {});
    log("a guest is there");
    try {
      await using net = await openGuest(link, this.#options);
      this.#newest = net;
      await link.closed;
      if (this.#newest === net) this.#newest = null;
      log("a guest has gone");
    } catch (error) {
      log(`a guest's link has failed: ${error instanceof Error ? error.message : error}`);
    }
  }

  /** Lets a port of 127.0.0.1 lead to one of the newest guest; gives the port. */
  forward(port: number, guestPort: number): number {
    const listener = Deno.listen({ hostname: "127.0.0.1", port });
    this.#listeners.push(listener);
    this.#carryAll(listener, guestPort);
    return listener.addr.port;
  }

  async #carryAll(listener: Deno.TcpListener, guestPort: number): Promise<void> {
    for await (const near of listener) {
      const dialing = this.#newest?.connect({ hostname: GUEST, port: guestPort });
      if (dialing === undefined) reset(near);
      else dialing.then((far) => relay(near, far), () => reset(near));
    }
  }

  [Symbol.dispose](): void {
    for (const each of this.#listeners) each[Symbol.dispose]();
  }
}

/** The first name server of this machine. Throws when that cannot be told. */
async function systemNameServer(): Promise<string> {
  try {
    const text = await Deno.readTextFile("/etc/resolv.conf");
    const address = /^nameserver\s+([\d.]+|[\da-fA-F:]+)\s*$/m.exec(text)?.[1];
    if (address !== undefined) return address.includes(":") ? `[${address}]:53` : `${address}:53`;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable || error instanceof Deno.errors.NotFound)) {
      throw error;
    }
  }
  throw new Error("which name server is not known: give --dns HOST:PORT, or allow to read it");
}

if (import.meta.main) {
  await runExample(HELP, async (args, stopped) => {
    const flags = readFlags(args, {
      stack: false,
      string: ["port", "websocket", "origin", "forward", "dns", "bootfile"],
      boolean: ["no-host", "verbose"],
      collect: ["forward"],
    });
    using server = new GuestServer({
      dns: hostPort(text(flags, "dns") ?? await systemNameServer(), "--dns"),
      host: flags["no-host"] !== true,
      bootFile: text(flags, "bootfile"),
      log: flags.verbose === true ? console.log : undefined,
    });
    const port = portNumber(text(flags, "port") ?? "5555", "--port");
    const webSocket = text(flags, "websocket");
    const origin = text(flags, "origin");
    if ((webSocket === undefined) !== (origin === undefined)) {
      throw new Error("--websocket and --origin go together");
    }
    const routes = (flags.forward as string[]).map((value) => {
      const [from, to, ...rest] = value.split(":");
      if (to === undefined || rest.length > 0) {
        throw new Error(`--forward: "${value}" is not PORT:PORT`);
      }
      return [portNumber(from, "--forward"), portNumber(to, "--forward")];
    });
    server.listen(port);
    if (webSocket !== undefined) {
      server.listenWebSocket(portNumber(webSocket, "--websocket"), origin!);
    }
    for (const [from, to] of routes) server.forward(from, to);
    console.log(`guests come to 127.0.0.1:${port}`);
    await stopped;
  });
}
