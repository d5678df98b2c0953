import { EventEmitter } from "node:events";
import { nextTick } from "node:process";
import type { TcpConn } from "../net/conn.ts";
import type { Listener } from "../net/listener.ts";
import type { Stack } from "../net/stack.ts";
import { coded, systemError } from "./errors.ts";
import { nodeAddress, Socket, type SocketAddress } from "./socket.ts";

/** How a server treats its connections, as `node:net`'s. */
export interface ServerOptions {
  /** Whether sockets stay writable when the peer has ended. Default false. */
  readonly allowHalfOpen?: boolean;
  /** Whether sockets are paused until `resume()`. Default false. */
  readonly pauseOnConnect?: boolean;
  /** `setNoDelay` on each socket. */
  readonly noDelay?: boolean;
  /** `setKeepAlive` on each socket. */
  readonly keepAlive?: boolean;
  /** Bytes that wait in a socket before back-pressure begins. */
  readonly highWaterMark?: number;
}

/** Where a server listens, as `node:net`'s. */
export interface ServerListenOptions {
  /** The port; 0 or nothing picks a free one. */
  readonly port?: number;
  /** One of the stack's addresses; by default `::`, all of them, or `0.0.0.0` for a stack without IPv6. */
  readonly host?: string;
  /** Connections that may wait. */
  readonly backlog?: number;
  /** Whether `::` leaves IPv4 to other servers. Default false. */
  readonly ipv6Only?: boolean;
  /** Closes the server when it aborts. */
  readonly signal?: AbortSignal;
}

/** A server over a {@link Stack}, in the shape of `node:net`'s `Server`. */
export class Server extends EventEmitter {
  /** Connections beyond this number are closed at once, and `drop` is emitted. */
  maxConnections: number | undefined = undefined;
  readonly #stack: Stack;
  readonly #options: ServerOptions;
  readonly #sockets = new Set<Socket>();
  #listener: Listener | null = null;
  #closing = false;
  #referenced = true;

  /** A server that gives each connection to `connection` listeners. */
  constructor(stack: Stack, options: ServerOptions = {}, listener?: (socket: Socket) => void) {
    super();
    this.#stack = stack;
    this.#options = options;
    if (listener !== undefined) this.on("connection", listener);
  }

  /** Whether it listens. */
  get listening(): boolean {
    return this.#listener !== null;
  }

  /**
   * Listens; emits `listening`, or `error` with `EADDRINUSE` or `EADDRNOTAVAIL`. Takes Node's forms: options, or port,
   * host and backlog, each with a callback behind it.
   */
  listen(...args: readonly unknown[]): this {
    const { options, callback } = listenArguments(args);
    if (this.#listener !== null) {
      const message = "Listen method has been called more than once without closing.";
      throw coded(new Error(message), "ERR_SERVER_ALREADY_LISTEN");
    }
    if (callback !== undefined) this.once("listening", callback);
    const port = options.port ?? 0;
    const host = options.host ?? anyAddress(this.#stack);
    try {
      this.#listener = this.#stack.listen({
        port,
        hostname: host,
        ipv6Only: options.ipv6Only,
        tcpBacklog: options.backlog,
      });
    } catch (error) {
      // A port that cannot be is a mistake of the caller, who hears of it at once, as in Node.
      if (error instanceof RangeError || error instanceof TypeError) throw error;
      nextTick(() => this.emit("error", systemError(error, "listen", { address: host, port })));
      return this;
    }
    this.#closing = false;
    if (!this.#referenced) this.#listener.unref();
    options.signal?.addEventListener("abort", () => this.close(), { once: true });
    this.#acceptAll(this.#listener);
    nextTick(() => this.emit("listening"));
    return this;
  }

  async #acceptAll(listener: Listener): Promise<void> {
    try {
      for (;;) this.#take(await listener.accept());
    } catch (error) {
      if (error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted) {
        return this.#closed();
      }
      this.emit("error", systemError(error, "accept"));
    }
  }

  #take(conn: TcpConn): void {
    const { maxConnections } = this;
    if (maxConnections !== undefined && this.#sockets.size >= maxConnections) {
      const { localAddr, remoteAddr } = conn;
      conn.close();
      const [local, remote] = [nodeAddress(localAddr), nodeAddress(remoteAddr)];
      this.emit("drop", {
        localAddress: local.address,
        localPort: local.port,
        localFamily: local.family,
        remoteAddress: remote.address,
        remotePort: remote.port,
        remoteFamily: remote.family,
      });
      return;
    }
    const { allowHalfOpen, pauseOnConnect, noDelay, keepAlive, highWaterMark } = this.#options;
    const socket = new Socket({
      conn,
      allowHalfOpen,
      highWaterMark,
      pauseOnCreate: pauseOnConnect,
    });
    socket.server = this;
    this.#sockets.add(socket);
    socket.once("close", () => {
      this.#sockets.delete(socket);
      this.#closed();
    });
    if (noDelay === true) socket.setNoDelay(true);
    if (keepAlive === true) socket.setKeepAlive(true);
    if (pauseOnConnect === true) socket.pause();
    this.emit("connection", socket);
  }

  /** Accepts no more; `close` comes when the last connection has ended. */
  close(callback?: (error?: Error) => void): this {
    if (this.#listener === null) {
      const error = coded(new Error("Server is not running."), "ERR_SERVER_NOT_RUNNING");
      if (callback !== undefined) nextTick(() => callback(error));
      return this;
    }
    if (callback !== undefined) this.once("close", () => callback());
    const listener = this.#listener;
    this.#listener = null;
    this.#closing = true;
    listener[Symbol.dispose]();
    this.#closed();
    return this;
  }

  #closed(): void {
    if (!this.#closing || this.#sockets.size > 0) return;
    this.#closing = false;
    nextTick(() => this.emit("close"));
  }

  /** Where it listens; null when it does not. */
  address(): SocketAddress | null {
    return this.#listener === null ? null : nodeAddress(this.#listener.addr);
  }

  /** Calls back with the number of connections. */
  getConnections(callback: (error: Error | null, count: number) => void): this {
    const count = this.#sockets.size;
    nextTick(() => callback(null, count));
    return this;
  }

  /** Lets it keep the process alive, which is the default. */
  ref(): this {
    this.#referenced = true;
    this.#listener?.ref();
    return this;
  }

  /** Lets the process end although it listens. */
  unref(): this {
    this.#referenced = false;
    this.#listener?.unref();
    return this;
  }

  /** Closes it and waits for the end of its connections. */
  [Symbol.asyncDispose](): Promise<void> {
    return new Promise((resolve) => {
      if (this.#listener === null) resolve();
      else this.close(() => resolve());
    });
  }
}

/** Where Node listens when it is told no address: everywhere. */
function anyAddress(stack: Stack): string {
  return stack.addresses.some((address) => address.includes(":")) ? "::" : "0.0.0.0";
}

/** Node's forms of the arguments of `listen`. */
export function listenArguments(
  args: readonly unknown[],
): { options: ServerListenOptions; callback: (() => void) | undefined } {
  const last = args[args.length - 1];
  const callback = typeof last === "function" ? last as () => void : undefined;
  const [first, ...rest] = callback === undefined ? args : args.slice(0, -1);
  if (typeof first === "object" && first !== null) return { options: first, callback };
  const host = rest.find((value) => typeof value === "string") as string | undefined;
  const backlog = rest.find((value) => typeof value === "number") as number | undefined;
  const port = first === undefined || first === null ? 0 : Number(first);
  return { options: { port, host, backlog }, callback };
}
