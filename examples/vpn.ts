/**
 * A VPN over a WebSocket, with neither a driver nor a privilege on the server: the client's packets travel through the
 * WebSocket to a stack in the server's process, which carries connections and datagrams on as any program would.
 *
 * ```text
 *   client: kernel ─▶ TUN ─▶ WebSocket ─▶ server: stack ─▶ forward ─▶ Deno.connect
 * ```
 *
 * ```sh
 * deno run --allow-net examples/vpn.ts serve --port 8443 --token SECRET
 * deno run --allow-ffi --allow-net examples/vpn.ts connect --url ws://server:8443/ --token SECRET
 * ip route add 198.51.100.0/24 dev woshou0        # on the client, whatever is to go through it
 * ```
 *
 * A reverse proxy in front makes it wss. Each client has a stack of its own, so that clients do not see each other.
 *
 * @module
 */

import { type Device, open, parseCidr, TunDevice, webSocketDevice } from "../mod.ts";
import { bridge } from "./support/bridge.ts";
import { directDatagrams } from "./support/datagrams.ts";
import { number, readFlags, runExample, STACK_HELP, stackOptions, text } from "./support/flags.ts";
import { direct, tun2socks, tun2socksUdp } from "./tun2socks.ts";

const HELP = `vpn: a VPN endpoint over WebSocket that needs no privilege

usage: deno run --allow-net examples/vpn.ts serve --token SECRET [--port N] [--hostname ADDRESS]
       deno run --allow-ffi --allow-net examples/vpn.ts connect --url ws://HOST:PORT/ --token SECRET [options]

  --port N            the server's port (default 8443)
  --hostname ADDRESS  the server's address (default 127.0.0.1)
  --token SECRET      what the client shows, at least 8 characters of it
  --url URL           the server, of the client
${STACK_HELP}`;

/** The server's end of the link, to every client. */
const SERVER_ADDRESS = ["10.8.0.1/24", "fd08::1/64"];
/** Room for the IP packet and what WebSocket, TLS and TCP put around it. */
const LINK_MTU = 1400;

/** Serves clients that show the token; resolves when it listens. */
export function serveVpn(
  hostname: string,
  port: number,
  token: string,
): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname, port, onListen: () => {} }, (request) => {
    if (request.headers.get("upgrade") !== "websocket") {
      return new Response("a VPN for those who know\n", { status: 426 });
    }
    // The protocol's name carries the token, because a browser's WebSocket has no other field.
    const shown = request.headers.get("sec-websocket-protocol") ?? "";
    if (!isSame(shown, token)) return new Response("who are you?\n", { status: 403 });
    const { socket, response } = Deno.upgradeWebSocket(request, { protocol: shown });
    socket.addEventListener("open", () => serveClient(socket));
    return response;
  });
}

async function serveClient(socket: WebSocket): Promise<void> {
  const device = webSocketDevice(socket, { mtu: LINK_MTU });
  await using net = await open({ device, address: SERVER_ADDRESS });
  tun2socks(net, direct);
  tun2socksUdp(net, directDatagrams);
  await device.closed;
}

/** Compares without telling by its time how much of the token was right. */
function isSame(shown: string, token: string): boolean {
  let difference = shown.length ^ token.length;
  for (let i = 0; i < token.length; i++) difference |= shown.charCodeAt(i) ^ token.charCodeAt(i);
  return difference === 0;
}

/** The client's side: packets go from the TUN interface into the WebSocket and back until it is closed. */
export async function connectVpn(url: string, token: string, tun: TunDevice): Promise<Device> {
  const socket = new WebSocket(url, [token]);
  const device = webSocketDevice(socket, { mtu: LINK_MTU });
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () => resolve(), { once: true });
    socket.addEventListener(
      "error",
      () => reject(new Error(`${url} does not answer, or refuses`)),
      {
        once: true,
      },
    );
  });
  bridge(tun, device);
  return device;
}

if (import.meta.main) {
  await runExample(HELP, async ([mode, ...args], stopped) => {
    const flags = readFlags(args, { string: ["port", "hostname", "token", "url"] });
    const token = text(flags, "token") ?? "";
    if (token.length < 8) throw new Error("give --token with at least 8 characters");
    if (mode === "serve") {
      const hostname = text(flags, "hostname") ?? "127.0.0.1";
      const server = serveVpn(hostname, number(flags, "port") ?? 8443, token);
      console.log(`serving on ${server.addr.hostname}, port ${server.addr.port}`);
      await stopped;
      return;
    }
    const url = text(flags, "url");
    if (mode !== "connect" || url === undefined) {
      throw new Error("give serve, or connect with --url; --help tells more");
    }
    const { device: name, hostAddress } = stackOptions(flags);
    const tun = TunDevice.open({ name: name as string, offload: false });
    const prefixes = (hostAddress as string[]).map((text) => parseCidr(text, "--host"));
    tun.configure({ hostAddress: prefixes, mtu: LINK_MTU });
    await connectVpn(url, token, tun);
    console.log(`${name} leads to ${url}`);
    await stopped;
  });
}
