import { createPrivateKey, X509Certificate } from "node:crypto";
import type { Duplex } from "node:stream";
import { createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import type { TcpConn } from "../net/conn.ts";
import type { ByteConn } from "../net/serve.ts";
import { Socket } from "./socket.ts";

/** A server's certificate chain and key, in PEM form. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** Makes what all connections share. Throws what `node:crypto` throws for what is no certificate or no key. */
export function secureContext(pair: KeyPair): SecureContext {
  // Deno's `node:tls` looks at them in the first handshake only, which is too late to tell whoever serves.
  new X509Certificate(pair.cert);
  createPrivateKey(pair.key);
  return createSecureContext({ cert: pair.cert, key: pair.key });
}

/** The server's end of a TLS connection over a TCP connection of the stack. */
export class TlsConn implements ByteConn {
  readonly localAddr: Deno.NetAddr;
  readonly remoteAddr: Deno.NetAddr;
  readonly #conn: TcpConn;
  readonly #tls: TLSSocket;
  readonly #socket: Socket;
  #wake: (() => void) | null = null;
  #error: Error | null = null;
  #isOver = false;
  #isSecure = false;

  /** Begins the handshake; `onHandshakeError` is told when a client has tried one in vain. */
  constructor(
    conn: TcpConn,
    secureContext: SecureContext,
    onHandshakeError: (error: Error) => void,
  ) {
    this.#conn = conn;
    this.localAddr = conn.localAddr;
    this.remoteAddr = conn.remoteAddr;
    const socket = new Socket({ conn, allowHalfOpen: true });
    const tls = new TLSSocket(socket as Duplex as never, {
      isServer: true,
      secureContext,
      ALPNProtocols: ["http/1.1"],
    });
    this.#tls = tls;
    this.#socket = socket;
    tls.once("secure", () => this.#isSecure = true);
    tls.on("readable", () => this.#look());
    tls.on("end", () => this.#finish(null));
    const onEnd = (error: Error | null) => {
      const isFirst = !this.#isOver;
      this.#finish(error);
      // A client that has said nothing has tried nothing.
      if (!isFirst || this.#isSecure || socket.bytesRead === 0) return;
      onHandshakeError(error ?? new Deno.errors.UnexpectedEof("It ended within the TLS handshake"));
    };
    for (const each of [tls, socket]) each.on("error", onEnd);
    tls.on("close", () => onEnd(null));
    socket.on("close", () => {
      onEnd(null);
      tls.destroy();
    });
  }

  #look(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  #finish(error: Error | null): void {
    this.#error ??= error;
    this.#isOver = true;
    this.#look();
  }

  async read(target: Uint8Array): Promise<number | null> {
    for (;;) {
      const wanted = Math.min(target.length, this.#tls.readableLength);
      const chunk: Uint8Array | null = wanted === 0 ? this.#tls.read(0) : this.#tls.read(wanted);
      if (chunk !== null && chunk.length > 0) {
        target.set(chunk);
        return chunk.length;
      }
      if (this.#isOver) {
        if (this.#error !== null) throw this.#error;
        return null;
      }
      if (this.#tls.readableLength === 0) await new Promise<void>((wake) => this.#wake = wake);
    }
  }

  write(source: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#tls.write(source, (error) => error ? reject(error) : resolve(source.length));
    });
  }

  closeWrite(): Promise<void> {
    return new Promise((resolve) => {
      this.#tls.end(() => resolve());
    });
  }

  abort(): void {
    this.#finish(null);
    try {
      this.#conn.abort();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
    this.#destroy();
  }

  #destroy(): void {
    this.#tls.destroy();
    this.#socket.destroy();
  }

  ref(): void {
    this.#conn.ref();
  }

  unref(): void {
    this.#conn.unref();
  }

  [Symbol.dispose](): void {
    this.#finish(null);
    // With a close_notify (RFC 8446 section 6.1), or the client must think that something was cut off.
    if (this.#isSecure && this.#error === null && !this.#tls.writableFinished) {
      this.#tls.end(() => this.#destroy());
    } else this.#destroy();
  }
}
