import type { Listener } from "./listener.ts";

/** What a handler is told beside the request: what `Deno.serve` tells, and the server's own end. */
export interface ServeHandlerInfo extends Deno.ServeHandlerInfo<Deno.NetAddr> {
  /** The address and port of the stack that the client has connected to. */
  readonly localAddr: Deno.NetAddr;
}

/** Answers requests; every handler of `Deno.serve` is one. */
export type ServeHandler = (
  request: Request,
  info: ServeHandlerInfo,
) => Response | Promise<Response>;

/** How much a client may ask of a server, and for how long. Times are in milliseconds. */
export interface ServeLimits {
  /** Bytes of a request's line and headers; beyond it status 431. Default 16384, as in `node:http`. */
  readonly headerBytes?: number;
  /** From a connection's or a request's first byte to the end of its headers; then 408. Default 60000. */
  readonly headerTimeoutMs?: number;
  /** Between two pieces of a request's body; then 408. Default 60000. */
  readonly bodyTimeoutMs?: number;
  /** From a request's headers to the end of its body; then 408. Default 300000. */
  readonly requestTimeoutMs?: number;
  /** Between two requests on one connection; then it is closed. Default 75000. */
  readonly idleTimeoutMs?: number;
  /** How long a client may take nothing of its response; then the connection is reset. Default 120000. */
  readonly writeTimeoutMs?: number;
}

/** What `serve` may be told, as `Deno.serve`. */
export interface ServeOptions {
  /** The port; default 8000, 0 picks a free one. */
  readonly port?: number;
  /** One of the stack's addresses; default `"0.0.0.0"`, all that are IPv4. */
  readonly hostname?: string;
  /** Only `"tcp"`. */
  readonly transport?: "tcp";
  /** Accepted as by `Deno.serve`; a port of a stack has one listener. */
  readonly reusePort?: boolean;
  /** Accepted as by `Deno.serve`; responses go as the handler made them. */
  readonly automaticCompression?: boolean;
  /** Connections that may wait to be accepted. Default 511. */
  readonly tcpBacklog?: number;
  /** Closes the server and all its connections when it aborts. */
  readonly signal?: AbortSignal;
  /** Answers when the handler throws; by default the error is printed and the answer is status 500. */
  readonly onError?: (error: unknown) => Response | Promise<Response>;
  /** Told of every client that was refused, given up or lost, once each; nobody is by default. */
  readonly onClientError?: (error: Error, client: FaultyClient) => void;
  /** Called when the server listens; by default it prints a line. */
  readonly onListen?: (localAddr: Deno.NetAddr) => void;
  /** The certificate chain in PEM form: with `key`, the server speaks TLS. */
  readonly cert?: string;
  /** The private key in PEM form. */
  readonly key?: string;
  /** What a client may ask of the server. */
  readonly limits?: ServeLimits;
}

/** Options that bring the handler with them. */
export interface ServeInit extends ServeOptions {
  /** Answers requests. */
  readonly handler: ServeHandler;
}

/** Totals of a server: what it did, and what clients did wrong. */
export interface ServeStats {
  /** Connections accepted. */
  connections: number;
  /** Requests given to the handler. */
  requests: number;
  /** Requests that were not HTTP, or not as RFC 9112 has it: status 400. */
  parseErrors: number;
  /** Requests whose headers were too long: status 431. */
  headerOverflows: number;
  /** Requests whose headers took too long: status 408. */
  headerTimeouts: number;
  /** Requests whose body took too long: status 408. */
  bodyTimeouts: number;
  /** Connections closed because no further request came. */
  idleTimeouts: number;
  /** Connections reset because the client took nothing of its response. */
  writeTimeouts: number;
  /** Clients that went away before they had their response. */
  disconnects: number;
  /** TLS handshakes that failed. */
  tlsErrors: number;
}

/** What a client did wrong: the name of its count in {@link ServeStats}. */
export type ClientFault = Exclude<keyof ServeStats, "connections" | "requests" | "idleTimeouts">;

/** A client that did something wrong, for a log. */
export interface FaultyClient {
  /** Its address. */
  readonly remoteAddr: Deno.NetAddr;
  /** Where it is counted. */
  readonly fault: ClientFault;
}

/** What makes a listener a server; the part of `src/node/` that is loaded when the first one is made. */
export interface Serving {
  /** Totals so far. */
  readonly stats: ServeStats;
  /** Resolves when the listener is closed and the last connection has ended. */
  readonly ended: Promise<void>;
  /** Ends idle connections, and the others behind the response under way. */
  shutdown(): void;
  /** Ends all connections. */
  abort(): void;
  /** Whether connections keep the process alive. */
  setReferenced(referenced: boolean): void;
}

const DEFAULT_PORT = 8000;

/** Deno's forms of the arguments of `serve`, checked. */
export function serveArguments(
  first: ServeOptions | ServeInit | ServeHandler,
  second: ServeHandler | undefined,
): { options: ServeOptions; handler: ServeHandler } {
  const options = typeof first === "function" ? {} : first;
  const handler = typeof first === "function" ? first : second ?? (first as ServeInit)?.handler;
  if (typeof handler !== "function") {
    throw new TypeError(
      `Cannot serve HTTP requests: handler must be a function, received ${typeof handler}`,
    );
  }
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`Cannot serve HTTP requests: options: ${String(options)} is not an object`);
  }
  if ((options.cert === undefined) !== (options.key === undefined)) {
    throw new TypeError("Both 'cert' and 'key' must be provided to enable HTTPS");
  }
  checkLimits(options.limits ?? {});
  return { options, handler };
}

function checkLimits(limits: ServeLimits): void {
  for (const [name, value] of Object.entries(limits)) {
    if (value === undefined) continue;
    if (typeof value !== "number" || !(value >= 1)) {
      throw new RangeError(`limits.${name}: ${String(value)} is not a number from 1 on`);
    }
  }
}

/** A server that runs, to be used as a `Deno.HttpServer`. */
export class HttpServer implements AsyncDisposable {
  /** Where it listens. */
  readonly addr: Deno.NetAddr;
  /** Resolves when the server has shut down. Rejects for a bad `cert` or `key`. */
  readonly finished: Promise<void>;
  readonly #listener: Listener;
  #serving: Serving | null = null;
  #ending: "no" | "shutdown" | "abort" = "no";
  #referenced = true;

  /** Made by a stack's `serve`. */
  constructor(listener: Listener, options: ServeOptions, handler: ServeHandler) {
    this.#listener = listener;
    this.addr = listener.addr;
    this.finished = this.#run(options, handler);
    const { signal } = options;
    if (signal?.aborted === true) this.#abort();
    else signal?.addEventListener("abort", () => this.#abort(), { once: true });
  }

  /** Where a stack tells that it listens. */
  static announce(server: HttpServer, options: ServeOptions): void {
    const { hostname, port } = server.addr;
    if (options.onListen !== undefined) return options.onListen(server.addr);
    const scheme = options.cert === undefined ? "http" : "https";
    const host = hostname.includes(":") ? `[${hostname}]` : hostname;
    console.log(`Listening on ${scheme}://${host}:${port}/`);
  }

  /** Totals so far. */
  get stats(): ServeStats {
    return { ...this.#serving?.stats ?? NOTHING_YET };
  }

  /** Accepts no more and waits for the requests under way; gives `finished`. */
  shutdown(): Promise<void> {
    if (this.#ending === "no") {
      this.#ending = "shutdown";
      this.#listener[Symbol.dispose]();
      this.#serving?.shutdown();
    }
    return this.finished;
  }

  /** Lets it keep the process alive, which is the default. */
  ref(): void {
    this.#setReferenced(true);
  }

  /** Lets the process end although it serves. */
  unref(): void {
    this.#setReferenced(false);
  }

  /** The same as {@link HttpServer.shutdown}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  #abort(): void {
    this.#ending = "abort";
    this.#listener[Symbol.dispose]();
    this.#serving?.abort();
  }

  #setReferenced(referenced: boolean): void {
    this.#referenced = referenced;
    if (referenced) this.#listener.ref();
    else this.#listener.unref();
    this.#serving?.setReferenced(referenced);
  }

  async #run(options: ServeOptions, handler: ServeHandler): Promise<void> {
    // Lazily, so that a program that serves nothing does not load Node's HTTP.
    const { startServing } = await import("../node/serve.ts");
    let serving: Serving;
    try {
      serving = startServing(this.#listener, options, handler);
    } catch (error) {
      this.#listener[Symbol.dispose]();
      throw error;
    }
    this.#serving = serving;
    serving.setReferenced(this.#referenced);
    if (this.#ending === "shutdown") serving.shutdown();
    if (this.#ending === "abort") serving.abort();
    await serving.ended;
  }
}

/** The port that options ask for. */
export function servePort(options: ServeOptions): number {
  return options.port ?? DEFAULT_PORT;
}

/** A connection as a server uses it: of TCP, or of TLS over one. */
export interface ByteConn {
  /** The server's address. */
  readonly localAddr: Deno.NetAddr;
  /** The client's address. */
  readonly remoteAddr: Deno.NetAddr;
  /** Resolves with the number of bytes read, or with null at the end. */
  read(target: Uint8Array): Promise<number | null>;
  /** Resolves with the number of bytes taken, at least one. */
  write(source: Uint8Array): Promise<number>;
  /** Ends the sending direction. */
  closeWrite(): Promise<void>;
  /** Ends the connection with an RST. */
  abort(): void;
  /** Lets the connection keep the process alive. */
  ref(): void;
  /** Lets the process end although the connection is open. */
  unref(): void;
  /** Closes it unless it is closed. */
  [Symbol.dispose](): void;
}

/** Totals of a server that has not begun. */
export const NOTHING_YET: Readonly<ServeStats> = {
  connections: 0,
  requests: 0,
  parseErrors: 0,
  headerOverflows: 0,
  headerTimeouts: 0,
  bodyTimeouts: 0,
  idleTimeouts: 0,
  writeTimeouts: 0,
  disconnects: 0,
  tlsErrors: 0,
};
