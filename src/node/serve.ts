import type { SecureContext } from "node:tls";
import {
  type ByteConn,
  type ClientFault,
  NOTHING_YET,
  type ServeHandler,
  type ServeLimits,
  type ServeOptions,
  type ServeStats,
  type Serving,
} from "../net/serve.ts";
import type { Listener } from "../net/listener.ts";
import type { TcpConn } from "../net/conn.ts";
import { type ConnectionHost, type ConnectionLimits, HttpConnection } from "./http_connection.ts";
import { secureContext, TlsConn } from "./tls_conn.ts";

/** The limits where nothing else is said: see {@link ServeLimits}. */
const DEFAULT_LIMITS: Required<ServeLimits> = {
  headerBytes: 16_384,
  headerTimeoutMs: 60_000,
  bodyTimeoutMs: 60_000,
  requestTimeoutMs: 300_000,
  idleTimeoutMs: 75_000,
  writeTimeoutMs: 120_000,
};

/** How long what a client sends behind the last response is read, so that it gets to see that response. */
const LINGER_MS = 5000;
/** Longest tick of a server's timer, by which its timeouts come late at the most. */
const TICK_MAX_MS = 1000;
const TICK_MIN_MS = 10;
/** Ticks that the shortest timeout takes. */
const TICKS_PER_TIMEOUT = 4;

/**
 * Takes the connections of a listener and answers the requests on them. The parser is that of `node:http`, TLS is
 * that of `node:tls`.
 */
export function startServing(
  listener: Listener,
  options: ServeOptions,
  handler: ServeHandler,
): Serving {
  return new HttpService(listener, options, handler);
}

class HttpService implements Serving, ConnectionHost {
  readonly scheme: string;
  readonly handler: ServeHandler;
  readonly onError: (error: unknown) => Response | Promise<Response>;
  readonly stats: ServeStats = { ...NOTHING_YET };
  readonly limits: ConnectionLimits;
  readonly ended: Promise<void>;
  now = 0;
  isClosing = false;
  readonly #context: SecureContext | null;
  readonly #onClientError: ServeOptions["onClientError"];
  readonly #connections = new Set<HttpConnection>();
  readonly #timer: ReturnType<typeof setInterval>;
  #referenced = true;
  #resolveEnded!: () => void;

  constructor(listener: Listener, options: ServeOptions, handler: ServeHandler) {
    const { cert, key } = options;
    this.#context = cert === undefined || key === undefined ? null : secureContext({ cert, key });
    this.handler = handler;
    this.scheme = options.cert === undefined ? "http" : "https";
    this.onError = options.onError ?? printed;
    this.#onClientError = options.onClientError;
    const limits = { ...DEFAULT_LIMITS, ...options.limits };
    const tickMs = tickOf(limits);
    this.limits = inTicks(limits, tickMs);
    this.ended = new Promise((resolve) => this.#resolveEnded = resolve);
    this.#timer = setInterval(() => this.#tick(), tickMs);
    Deno.unrefTimer(this.#timer);
    this.#acceptAll(listener);
  }

  shutdown(): void {
    this.isClosing = true;
    for (const connection of this.#connections) connection.finish();
    this.#settle();
  }

  abort(): void {
    this.isClosing = true;
    for (const connection of this.#connections) connection.close();
    this.#settle();
  }

  setReferenced(referenced: boolean): void {
    this.#referenced = referenced;
    for (const connection of this.#connections) connection.setReferenced(referenced);
  }

  fault(fault: ClientFault, { remoteAddr }: ByteConn, error: Error): void {
    this.stats[fault]++;
    try {
      this.#onClientError?.(error, { remoteAddr, fault });
    } catch (thrown) {
      console.error(thrown);
    }
  }

  over(connection: HttpConnection): void {
    this.#connections.delete(connection);
    this.#settle();
  }

  async #acceptAll(listener: Listener): Promise<void> {
    try {
      for await (const conn of listener) this.#take(conn);
    } catch {
      // The stack has failed, which its `closed` tells; its connections end by themselves.
    }
    this.isClosing = true;
    this.#settle();
  }

  #take(conn: TcpConn): void {
    this.stats.connections++;
    conn.setNoDelay(true);
    const bytes: ByteConn = this.#context === null
      ? conn
      : new TlsConn(conn, this.#context, (error) => this.fault("tlsErrors", conn, error));
    const connection = new HttpConnection(bytes, this);
    this.#connections.add(connection);
    if (!this.#referenced) connection.setReferenced(false);
    connection.run();
  }

  #tick(): void {
    this.now++;
    for (const connection of this.#connections) connection.tick(this.now);
  }

  #settle(): void {
    if (!this.isClosing || this.#connections.size > 0) return;
    clearInterval(this.#timer);
    this.#resolveEnded();
  }
}

function printed(error: unknown): Response {
  console.error(error);
  return new Response("Internal Server Error", { status: 500 });
}

function tickOf(limits: Required<ServeLimits>): number {
  const { headerBytes: _, ...times } = limits;
  const shortest = Math.min(...Object.values(times)) / TICKS_PER_TIMEOUT;
  return Math.max(TICK_MIN_MS, Math.min(TICK_MAX_MS, shortest));
}

function inTicks(limits: Required<ServeLimits>, tickMs: number): ConnectionLimits {
  const ticks = (ms: number) => Math.max(1, Math.ceil(ms / tickMs));
  return {
    headerBytes: limits.headerBytes,
    headerTicks: ticks(limits.headerTimeoutMs),
    bodyTicks: ticks(limits.bodyTimeoutMs),
    requestTicks: ticks(limits.requestTimeoutMs),
    idleTicks: ticks(limits.idleTimeoutMs),
    writeTicks: ticks(limits.writeTimeoutMs),
    lingerTicks: ticks(LINGER_MS),
  };
}
