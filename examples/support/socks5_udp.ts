/**
 * Datagrams through a SOCKS5 proxy: UDP ASSOCIATE (RFC 1928 section 7). Each way out is an association of its own,
 * which is open for as long as its TCP connection:
 *
 * ```text
 *   +-----+------+------+----------+----------+---------+
 *   | RSV | FRAG | ATYP | DST.ADDR | DST.PORT |  DATA   |
 *   +-----+------+------+----------+----------+---------+
 *   |  2  |  1   |  1   | variable |    2     | variable|
 *   +-----+------+------+----------+----------+---------+
 * ```
 *
 * @module
 */

import { lookup } from "node:dns/promises";
import {
  DATAGRAM_MAX_BYTES,
  type DatagramTarget,
  type DatagramWay,
  type DropCounter,
  type OpenWay,
  socketFor,
} from "./datagrams.ts";
import {
  AddressType,
  decodeAddress,
  encodeAddress,
  sameEnd,
  type SocksAddress,
  SocksCommand,
  type SocksProxy,
  socksRequest,
} from "./socks5.ts";

const FRAGMENT_AT = 2;
const ADDRESS_AT = 3;
/** The client's end, when it does not know yet from where it will send. */
const UNKNOWN: SocksAddress = { hostname: "0.0.0.0", port: 0 };

/** Through a SOCKS5 proxy. */
export function datagramsViaSocks(proxy: SocksProxy): OpenWay {
  const associations = new Set<Association>();
  return async (target, drop, signal) => {
    for (const { relay } of associations) {
      // Each association would begin another flow, and that the next one.
      if (sameEnd(relay, target)) throw new Error("the way to the proxy's relay leads back here");
    }
    const { conn, bound } = await socksRequest(proxy, SocksCommand.udpAssociate, UNKNOWN, signal);
    try {
      const relay = await relayOf(bound, conn);
      const onEnd = () => associations.delete(association);
      const association = new Association(conn, relay, target, drop, onEnd);
      associations.add(association);
      return association;
    } catch (error) {
      conn[Symbol.dispose]();
      throw error;
    }
  };
}

/** Where the proxy takes datagrams. Many say "at any address", which is the one that they were reached at. */
async function relayOf(
  { hostname, port }: SocksAddress,
  conn: Deno.TcpConn,
): Promise<SocksAddress> {
  if (port === 0) throw new Error("the proxy gives no port to send datagrams to");
  const reached = conn.remoteAddr.hostname;
  if (hostname === "0.0.0.0" || hostname === "::") return { hostname: reached, port };
  if (hostname.includes(":") || encodeAddress({ hostname, port })[0] !== AddressType.name) {
    return { hostname, port };
  }
  const { address } = await lookup(hostname, { family: reached.includes(":") ? 6 : 4 });
  return { hostname: address, port };
}

class Association implements DatagramWay {
  /** Where the proxy takes datagrams, and from where it sends them. */
  readonly relay: SocksAddress;
  readonly #conn: Deno.TcpConn;
  readonly #target: DatagramTarget;
  readonly #drop: DropCounter;
  readonly #onEnd: () => void;
  readonly #socket: Deno.DatagramConn;
  readonly #buffer = new Uint8Array(DATAGRAM_MAX_BYTES);
  /** What stands in front of each datagram that is sent. */
  readonly #header: Uint8Array;
  #ended: Error | null = null;

  constructor(
    conn: Deno.TcpConn,
    relay: SocksAddress,
    target: DatagramTarget,
    drop: DropCounter,
    onEnd: () => void,
  ) {
    this.#conn = conn;
    this.relay = relay;
    this.#target = target;
    this.#drop = drop;
    this.#onEnd = onEnd;
    this.#header = Uint8Array.of(0, 0, 0, ...encodeAddress(target));
    this.#socket = socketFor(relay.hostname);
    this.#watch();
  }

  send(payload: Uint8Array): Promise<number> {
    const datagram = new Uint8Array(this.#header.length + payload.length);
    datagram.set(this.#header);
    datagram.set(payload, this.#header.length);
    return this.#socket.send(datagram, { transport: "udp", ...this.relay });
  }

  async receive(): Promise<Uint8Array> {
    for (;;) {
      const [datagram, from] = await this.#socket.receive(this.#buffer).catch((error) => {
        throw this.#ended ?? error;
      });
      const why = sameEnd(from as Deno.NetAddr, this.relay)
        ? this.#flaw(datagram)
        : "not from the proxy";
      if (why === null) return datagram.subarray(decodeAddress(datagram, ADDRESS_AT)!.end);
      this.#drop(why);
    }
  }

  /** Why a datagram of the proxy's is not for the flow, or null. */
  #flaw(datagram: Uint8Array): string | null {
    const source = decodeAddress(datagram, ADDRESS_AT);
    if (source === null) return "without a header of SOCKS5";
    // RFC 1928 section 7: whoever does not put fragments together drops them.
    if (datagram[FRAGMENT_AT] !== 0) return "a fragment";
    return sameEnd(source, this.#target) ? null : "not from the target";
  }

  /** The proxy says nothing more on the connection; its end is the association's. */
  async #watch(): Promise<void> {
    try {
      await this.#conn.read(new Uint8Array(1));
    } catch {
      // However it ends.
    }
    this.#end(new Error("the proxy has ended the association"));
  }

  #end(error: Error): void {
    if (this.#ended !== null) return;
    this.#ended = error;
    this.#conn[Symbol.dispose]();
    this.#socket.close();
    this.#onEnd();
  }

  [Symbol.dispose](): void {
    this.#end(new Deno.errors.Interrupted("the flow has ended"));
  }
}
