import { Buffer } from "node:buffer";
import { nextTick } from "node:process";
import { Duplex } from "node:stream";
import { clearTimeout, setImmediate, setTimeout } from "node:timers";
import type { Stack } from "../net/stack.ts";
import type { TcpConn } from "../net/conn.ts";
import { coded, systemError } from "./errors.ts";

/** Bytes that a read asks for: at first, and when the ones before were filled. */
const READ_MIN_BYTES = 4096;
const READ_MAX_BYTES = 65_536;
/** Writes that wait together go as one when they are no more than this. */
const GATHER_MAX_BYTES = 262_144;
/** Longest delay of a timer, milliseconds. */
const TIMER_MAX_MS = 0x7fff_ffff;

/** How a socket behaves, as `node:net`'s. */
export interface SocketOptions {
  /** Whether the writable side stays open when the peer has ended its own. Default false. */
  readonly allowHalfOpen?: boolean;
  /** A connection that exists; without one the socket is to be connected. */
  readonly conn?: TcpConn;
  /** The stack through which `connect` goes. */
  readonly stack?: Stack;
  /** Whether a connection that exists is not read before somebody asks for its data. Default false. */
  readonly pauseOnCreate?: boolean;
  /** Bytes that wait to be read or written before back-pressure begins. */
  readonly highWaterMark?: number;
  /** Ends the socket with an `AbortError` when it aborts. */
  readonly signal?: AbortSignal;
}

/** Where to connect to, as `node:net`'s. */
export interface SocketConnectOptions extends SocketOptions {
  /** The port to connect to. */
  readonly port: number;
  /** An IP address, `localhost`, or a name for `lookup`. Default `localhost`. */
  readonly host?: string;
  /** The port to connect from. */
  readonly localPort?: number;
  /** The stack's address to connect from. */
  readonly localAddress?: string;
  /** Resolves a name, as `dns.lookup`. */
  readonly lookup?: Lookup;
  /** Calls `setTimeout` with it. */
  readonly timeout?: number;
  /** Calls `setNoDelay`. */
  readonly noDelay?: boolean;
  /** Calls `setKeepAlive`. */
  readonly keepAlive?: boolean;
  /** Whether all addresses of `localhost` are tried. Default true. */
  readonly autoSelectFamily?: boolean;
}

/** A function in the form of `dns.lookup`. */
export type Lookup = (
  hostname: string,
  options: { readonly all?: boolean },
  callback: (error: Error | null, address: string | readonly { address: string }[]) => void,
) => void;

/** What `address()` tells. */
export interface SocketAddress {
  /** The IP address. */
  readonly address: string;
  /** `IPv4` or `IPv6`. */
  readonly family: string;
  /** The port. */
  readonly port: number;
}

/** A TCP socket over a {@link Stack}, in the shape of `node:net`'s `Socket`. */
export class Socket extends Duplex {
  /** Whether a connect is under way. */
  connecting = false;
  /** Bytes received. */
  bytesRead = 0;
  /** The idle time after which `timeout` is emitted, milliseconds; 0: never. */
  timeout = 0;
  /** Stands for the server that accepted it, as Node sets it. */
  server: unknown = null;
  #conn: TcpConn | null = null;
  #bytesWritten = 0;
  #reading = false;
  /** Whether somebody wants data that could not be read yet. */
  #isAwaited = false;
  #readBytes = READ_MIN_BYTES;
  readonly #stack: Stack | null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #referenced = true;
  #hadError = false;
  readonly #abort = new AbortController();

  /** A socket of a connection that exists, or one to be connected. */
  constructor(options: SocketOptions = {}) {
    super({
      allowHalfOpen: options.allowHalfOpen ?? false,
      // `close` has an argument here, so the base class must not emit it.
      emitClose: false,
      autoDestroy: true,
      decodeStrings: true,
      ...(options.highWaterMark === undefined ? {} : { highWaterMark: options.highWaterMark }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    this.#stack = options.stack ?? null;
    // Whoever writes although the peer's end has ended this side too is told whose doing it was.
    this.on("end", () => {
      if (!this.allowHalfOpen) this.write = writeAfterEnd;
    });
    if (options.conn === undefined) return;
    this.#conn = options.conn;
    // A kernel delivers nothing in the turn in which it hands a connection over, and TLS on top relies on it.
    this.#reading = true;
    setImmediate(() => this.#begin(options.pauseOnCreate !== true));
  }

  #begin(isFlowing: boolean): void {
    this.#reading = false;
    if (this.destroyed) return;
    // A reset is to be noticed also by who reads nothing.
    if (isFlowing) this.read(0);
    if (this.#isAwaited) this._read();
  }

  /**
   * Connects; emits `connect` and `ready`, or `error` and `close`. Takes Node's forms: options, or port and host, each
   * with a listener of `connect` behind it. Throws `TypeError` for a socket that was made without a stack.
   */
  connect(...args: readonly unknown[]): this {
    const { options, listener } = connectArguments(args);
    const stack = this.#stack;
    if (stack === null) throw new TypeError("A socket without a stack cannot be connected");
    if (listener !== undefined) this.once("connect", listener);
    if (options.timeout !== undefined) this.setTimeout(options.timeout);
    this.connecting = true;
    this.#connect(stack, options).catch((error) => this.destroy(error));
    return this;
  }

  async #connect(stack: Stack, options: SocketConnectOptions): Promise<void> {
    const { host = "localhost", port } = options;
    let address = host;
    try {
      address = await this.#resolve(host, options.lookup);
      const conn = await stack.connect({
        hostname: address,
        port,
        localPort: options.localPort,
        localHostname: options.localAddress,
        autoSelectFamily: options.autoSelectFamily,
        signal: this.#abort.signal,
      });
      if (this.destroyed) return conn.close();
      this.#conn = conn;
    } catch (error) {
      if (this.destroyed) return;
      throw systemError(error, "connect", { address, port });
    }
    this.connecting = false;
    if (!this.#referenced) this.#conn.unref();
    if (options.noDelay === true) this.setNoDelay(true);
    if (options.keepAlive === true) this.setKeepAlive(true);
    this.#touch();
    this.emit("connect");
    this.emit("ready");
    if (!this.destroyed) this.read(0);
  }

  #resolve(host: string, lookup: Lookup | undefined): Promise<string> {
    if (lookup === undefined || isAddress(host)) return Promise.resolve(host);
    return new Promise((resolve, reject) => {
      lookup(host, {}, (error, found) => {
        const address = typeof found === "string" ? found : found?.[0]?.address;
        this.emit("lookup", error, address, address?.includes(":") ? 6 : 4, host);
        if (error !== null && error !== undefined) reject(error);
        else if (address === undefined) reject(new Error(`${host} has no address`));
        else resolve(address);
      });
    });
  }

  /** Reads on, for the stream that this is. */
  override _read(): void {
    if (this.#conn === null) {
      this.once("connect", () => this._read());
      return;
    }
    if (this.#reading) this.#isAwaited = true;
    else this.#readMore(this.#conn);
  }

  async #readMore(conn: TcpConn): Promise<void> {
    this.#reading = true;
    this.#isAwaited = false;
    try {
      for (let wanted = true; wanted && !this.destroyed;) {
        const buffer = Buffer.allocUnsafe(this.#readBytes);
        const count = await conn.read(buffer);
        if (this.destroyed) return;
        this.#touch();
        if (count === null) {
          this.push(null);
          // The end is told also to who reads nothing, if there was nothing to read.
          this.read(0);
          return;
        }
        this.bytesRead += count;
        if (count === this.#readBytes) this.#readBytes = Math.min(2 * count, READ_MAX_BYTES);
        else if (count < READ_MIN_BYTES) this.#readBytes = READ_MIN_BYTES;
        wanted = this.push(buffer.subarray(0, count));
      }
    } catch (error) {
      if (!this.destroyed) this.destroy(systemError(error, "read"));
    } finally {
      this.#reading = false;
    }
  }

  /** Writes one piece, for the stream that this is. */
  override _write(
    chunk: Uint8Array,
    _encoding: string,
    callback: (error?: Error | null) => void,
  ): void {
    this.#whenConnected(callback, (conn) => this.#send(conn, [chunk], callback));
  }

  /** Small writes that wait go as one, or a header and its body would be two segments. */
  override _writev(
    chunks: readonly { readonly chunk: Uint8Array }[],
    callback: (error?: Error | null) => void,
  ): void {
    this.#whenConnected(callback, (conn) => this.#send(conn, gather(chunks), callback));
  }

  #whenConnected(callback: (error?: Error | null) => void, go: (conn: TcpConn) => void): void {
    if (this.#conn !== null) return go(this.#conn);
    if (!this.connecting) {
      return callback(
        systemError(new Deno.errors.NotConnected("The socket is not connected"), "write"),
      );
    }
    const onConnect = () => {
      this.off("close", onClose);
      go(this.#conn!);
    };
    const onClose = () => {
      this.off("connect", onConnect);
      callback(
        systemError(
          new Deno.errors.BrokenPipe("The socket was closed before it was connected"),
          "write",
        ),
      );
    };
    this.once("connect", onConnect);
    this.once("close", onClose);
  }

  async #send(
    conn: TcpConn,
    buffers: readonly Uint8Array[],
    callback: (error?: Error | null) => void,
  ): Promise<void> {
    try {
      for (const buffer of buffers) {
        for (let done = 0; done < buffer.length;) {
          const count = await conn.write(done === 0 ? buffer : buffer.subarray(done));
          done += count;
          this.#bytesWritten += count;
          this.#touch();
        }
      }
    } catch (error) {
      callback(systemError(error, "write"));
      return;
    }
    callback();
  }

  /** Ends the sending direction behind what was written, for the stream that this is. */
  override _final(callback: (error?: Error | null) => void): void {
    if (this.#conn === null) {
      if (this.connecting) this.once("connect", () => this._final(callback));
      else callback();
      return;
    }
    this.#conn.closeWrite().then(
      () => callback(),
      // The peer has gone meanwhile: there is nothing left to end.
      () => callback(),
    );
  }

  /** Closes the connection, for the stream that this is. */
  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.connecting = false;
    this.#hadError = error !== null;
    this.#stopTimer();
    this.#abort.abort();
    this.#conn?.[Symbol.dispose]();
    callback(error);
    // Behind `error`, as in Node.
    nextTick(() => this.emit("close", this.#hadError));
  }

  /** Ends the writable side, and the socket when everything has been written. */
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once("finish", () => this.destroy());
  }

  /** Ends the connection with an RST, once there is one. */
  resetAndDestroy(): this {
    if (this.connecting) {
      this.once("connect", () => this.resetAndDestroy());
    } else if (this.#conn === null || this.destroyed) {
      this.destroy(coded(new Error("Socket is closed"), "ERR_SOCKET_CLOSED"));
    } else {
      this.#conn.setLinger(0);
      this.destroy();
    }
    return this;
  }

  /** Emits `timeout` after so many milliseconds without traffic; 0 ends that. */
  setTimeout(timeout: number, callback?: () => void): this {
    if (typeof timeout !== "number") {
      const error = new TypeError(`timeout: ${String(timeout)} is not a number of milliseconds`);
      throw coded(error, "ERR_INVALID_ARG_TYPE");
    }
    if (!(timeout >= 0 && timeout < Infinity)) {
      const error = new RangeError(`timeout: ${timeout} is not a number of milliseconds from 0 on`);
      throw coded(error, "ERR_OUT_OF_RANGE");
    }
    this.timeout = Math.min(timeout, TIMER_MAX_MS);
    if (callback !== undefined) {
      if (timeout === 0) this.off("timeout", callback);
      else this.once("timeout", callback);
    }
    this.#stopTimer();
    this.#touch();
    return this;
  }

  /** Something has gone in or out: the idle time begins anew. */
  #touch(): void {
    if (this.timeout === 0 || this.destroyed) return;
    if (this.#timer !== null) {
      this.#timer.refresh();
      return;
    }
    this.#timer = setTimeout(() => this.emit("timeout"), this.timeout);
    this.#timer.unref();
  }

  #stopTimer(): void {
    if (this.#timer === null) return;
    clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** Sends small segments at once, or by Nagle's rule. */
  setNoDelay(noDelay = true): this {
    this.#withConn((conn) => conn.setNoDelay(noDelay));
    return this;
  }

  /** Probes an idle peer. The delay before the first probe is the stack's. */
  setKeepAlive(enable = false, _initialDelay = 0): this {
    this.#withConn((conn) => conn.setKeepAlive(enable));
    return this;
  }

  /** Now, or when there is a connection. */
  #withConn(what: (conn: TcpConn) => void): void {
    if (this.#conn !== null && !this.destroyed) what(this.#conn);
    else if (this.connecting) this.once("connect", () => what(this.#conn!));
  }

  /** Lets the socket keep the process alive, which is the default. */
  ref(): this {
    this.#referenced = true;
    if (!this.destroyed) this.#conn?.ref();
    return this;
  }

  /** Lets the process end although the socket is open. */
  unref(): this {
    this.#referenced = false;
    if (!this.destroyed) this.#conn?.unref();
    return this;
  }

  /** The own end. */
  address(): SocketAddress | Record<string, never> {
    return this.#conn === null ? {} : nodeAddress(this.#conn.localAddr);
  }

  /** The connection behind it, for what Node's sockets do not have; null before there is one. */
  get conn(): TcpConn | null {
    return this.#conn;
  }

  /** Whether there is no connection yet. */
  get pending(): boolean {
    return this.#conn === null;
  }

  /** `opening`, `open`, `readOnly`, `writeOnly` or `closed`, as Node names them. */
  get readyState(): string {
    if (this.connecting) return "opening";
    if (this.readable && this.writable) return "open";
    if (this.readable) return "readOnly";
    return this.writable ? "writeOnly" : "closed";
  }

  /** Bytes written, those that wait included. */
  get bytesWritten(): number {
    return this.#bytesWritten + this.writableLength;
  }

  /** Bytes that wait to be written. */
  get bufferSize(): number {
    return this.writableLength;
  }

  /** The peer's address. */
  get remoteAddress(): string | undefined {
    return this.#conn?.remoteAddr.hostname;
  }

  /** The peer's port. */
  get remotePort(): number | undefined {
    return this.#conn?.remoteAddr.port;
  }

  /** `IPv4` or `IPv6`. */
  get remoteFamily(): string | undefined {
    return this.#conn === null ? undefined : nodeAddress(this.#conn.remoteAddr).family;
  }

  /** The own address. */
  get localAddress(): string | undefined {
    return this.#conn?.localAddr.hostname;
  }

  /** The own port. */
  get localPort(): number | undefined {
    return this.#conn?.localAddr.port;
  }

  /** `IPv4` or `IPv6`. */
  get localFamily(): string | undefined {
    return this.#conn === null ? undefined : nodeAddress(this.#conn.localAddr).family;
  }
}

/** An address as Node tells it. */
export function nodeAddress({ hostname, port }: Deno.NetAddr): SocketAddress {
  return { address: hostname, family: hostname.includes(":") ? "IPv6" : "IPv4", port };
}

/** Node's forms of the arguments of `connect`. */
export function connectArguments(
  args: readonly unknown[],
): { options: SocketConnectOptions; listener: (() => void) | undefined } {
  const last = args[args.length - 1];
  const listener = typeof last === "function" ? last as () => void : undefined;
  const [first, second] = listener === undefined ? args : args.slice(0, -1);
  if (typeof first === "object" && first !== null) {
    return { options: first as SocketConnectOptions, listener };
  }
  const host = typeof second === "string" ? { host: second } : {};
  return { options: { port: Number(first), ...host }, listener };
}

/** `write` of a socket that both sides have ended. */
function writeAfterEnd(
  this: Socket,
  chunk: unknown,
  encoding?: unknown,
  callback?: unknown,
): boolean {
  if (!this.writableEnded || this.destroyed) {
    return Duplex.prototype.write.call(this, chunk, encoding as BufferEncoding, callback as never);
  }
  const error = coded(new Error("This socket has been ended by the other party"), "EPIPE");
  const told = typeof encoding === "function" ? encoding : callback;
  if (typeof told === "function") nextTick(() => told(error));
  this.destroy(error);
  return false;
}

function isAddress(host: string): boolean {
  return host === "localhost" || host.includes(":") || /^\d+\.\d+\.\d+\.\d+$/.test(host);
}

/** One buffer of what is small together, else each on its own. */
function gather(chunks: readonly { readonly chunk: Uint8Array }[]): readonly Uint8Array[] {
  const buffers = chunks.map(({ chunk }) => chunk);
  const length = buffers.reduce((sum, buffer) => sum + buffer.length, 0);
  return length <= GATHER_MAX_BYTES ? [Buffer.concat(buffers, length)] : buffers;
}
