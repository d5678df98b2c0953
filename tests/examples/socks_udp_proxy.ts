/**
 * A SOCKS5 proxy whose part in UDP ASSOCIATE (RFC 1928 section 7) is what a test says: what it answers to the request,
 * and which datagrams it sends back. It carries nothing itself.
 */
import { readFull, writeAll } from "../../examples/support/relay.ts";
import { decodeAddress, encodeAddress, type SocksAddress } from "../../examples/support/socks5.ts";

/** A datagram that came through, and the means to answer it. */
export interface Relayed {
  readonly target: SocksAddress;
  readonly payload: Uint8Array;
  /** Sends a datagram to the client as it is, by default from where the client sends to. */
  answer(datagram: Uint8Array, from?: Deno.DatagramConn): Promise<unknown>;
}

/** What the proxy does otherwise than most. */
export interface SocksUdpOptions {
  /** Its own address. Default 127.0.0.1. */
  readonly hostname?: string;
  /** Asks for these (RFC 1929). */
  readonly user?: string;
  readonly password?: string;
  /** The reply to the request (RFC 1928 section 6); 0 is "succeeded", null is none at all. Default 0. */
  readonly reply?: number | null;
  /** How it names the address to send to. Default: its own. */
  readonly boundHost?: string;
  readonly boundPort?: number;
  readonly onDatagram?: (relayed: Relayed) => unknown;
}

/** The datagram by which a proxy gives back what came from `source`. */
export function wrapped(source: SocksAddress, payload: Uint8Array, fragment = 0): Uint8Array {
  return Uint8Array.of(0, 0, fragment, ...encodeAddress(source), ...payload);
}

/** The same with a name for the source, whatever it is. */
export function wrappedByName(name: string, port: number, payload: Uint8Array): Uint8Array {
  const bytes = new TextEncoder().encode(name);
  return Uint8Array.of(0, 0, 0, 3, bytes.length, ...bytes, port >> 8, port & 255, ...payload);
}

/** A proxy that listens. */
export class SocksUdpProxy implements Disposable {
  readonly addr: Deno.NetAddr;
  /** Where clients send their datagrams. */
  readonly relay: Deno.DatagramConn;
  /** Connections of associations that are open. */
  readonly associations = new Set<Deno.TcpConn>();
  /** How many there were. */
  associated = 0;
  /** What the requests said of the client's end. */
  readonly asked: SocksAddress[] = [];
  readonly #options: SocksUdpOptions;
  readonly #listener: Deno.TcpListener;
  readonly #conns = new Set<Deno.TcpConn>();

  constructor(options: SocksUdpOptions = {}) {
    this.#options = options;
    const hostname = options.hostname ?? "127.0.0.1";
    this.#listener = Deno.listen({ hostname, port: 0 });
    this.addr = this.#listener.addr;
    this.relay = Deno.listenDatagram({ transport: "udp", hostname, port: 0 });
    this.#accept();
    this.#relay();
  }

  /** Connections that are open, whatever they have asked for. */
  get connections(): number {
    return this.#conns.size;
  }

  async #accept(): Promise<void> {
    for await (const conn of this.#listener) {
      this.#conns.add(conn);
      this.#serve(conn).catch(() => {}).finally(() => {
        this.#conns.delete(conn);
        this.associations.delete(conn);
        conn[Symbol.dispose]();
      });
    }
  }

  async #serve(conn: Deno.TcpConn): Promise<void> {
    const { user, password = "", reply = 0 } = this.#options;
    const [, count] = await take(conn, 2);
    const methods = await take(conn, count);
    const method = user === undefined ? 0 : 2;
    if (!methods.includes(method)) return await writeAll(conn, Uint8Array.of(5, 255));
    await writeAll(conn, Uint8Array.of(5, method));
    if (user !== undefined) {
      const texts = [];
      await take(conn, 1);
      for (const _of of ["user", "password"]) {
        texts.push(new TextDecoder().decode(await take(conn, (await take(conn, 1))[0])));
      }
      const isRight = texts[0] === user && texts[1] === password;
      await writeAll(conn, Uint8Array.of(1, isRight ? 0 : 1));
      if (!isRight) return;
    }
    // VER CMD RSV and an address of IPv4, which is how a client says that it does not know its own.
    const request = await take(conn, 10);
    const isAssociate = request[1] === 3;
    if (isAssociate) this.asked.push(decodeAddress(request, 3)!);
    if (reply !== null) {
      const { hostname, port } = this.relay.addr as Deno.NetAddr;
      const { boundHost = hostname, boundPort = port } = this.#options;
      const bound = encodeAddress({ hostname: boundHost, port: boundPort });
      await writeAll(conn, Uint8Array.of(5, isAssociate ? reply : 7, 0, ...bound));
      if (reply !== 0) return;
      this.associations.add(conn);
      this.associated++;
    }
    // Until the client ends it.
    while (await conn.read(new Uint8Array(1)) !== null);
  }

  async #relay(): Promise<void> {
    for await (const [datagram, from] of this.relay) {
      const target = decodeAddress(datagram, 3);
      if (target === null || datagram[2] !== 0) throw new Error("The client sends no header");
      const answer = (bytes: Uint8Array, socket = this.relay) => socket.send(bytes, from);
      this.#options.onDatagram?.({ target, payload: datagram.slice(target.end), answer });
    }
  }

  /** Ends every association from this side. */
  endAll(): void {
    for (const conn of this.associations) conn.close();
    this.associations.clear();
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    this.relay.close();
    for (const conn of this.#conns) conn[Symbol.dispose]();
  }
}

async function take(conn: Deno.TcpConn, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  await readFull(conn, bytes);
  return bytes;
}
