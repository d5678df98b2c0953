import {
  type Address,
  addressText,
  ANY_IPV4,
  endpointText,
  isBroadcast,
  isLoopback,
  isMulticast,
  isUnspecified,
  LOOPBACK_IPV4,
  mappedText,
  type Prefix,
  sameAddress,
} from "../base/address.ts";
import type { Clock } from "../base/clock.ts";
import { Counters, sumCounters } from "../base/counters.ts";
import { codedError } from "../base/errors.ts";
import type { Random } from "../base/random.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import type { TraceRecord } from "../pipeline/trace_ring.ts";
import type { ConnectionError } from "../ring/row.ts";
import { ActiveFastOpen } from "../tcp/fast_open.ts";
import type { UdpConfig } from "../udp/config.ts";
import { TcpConn } from "./conn.ts";
import { DatagramConn } from "./datagram.ts";
import { connectError, interrupted, stackEnded, unreachable } from "./errors.ts";
import {
  Forwarder,
  type ForwardHandler,
  type ForwardOptions,
  type ForwardParts,
  openForward,
} from "./forward.ts";
import { addressesOf, parseHostname } from "./hostname.ts";
import { readInfo } from "./info.ts";
import { Listener } from "./listener.ts";
import { Liveness } from "./liveness.ts";
import { checkPing, type PingOptions, type PingReply, sendPing } from "./ping.ts";
import type {
  ConnectionSummary,
  ConnectOptions,
  DatagramSummary,
  ListenDatagramOptions,
  ListenOptions,
  StackStats,
} from "./stack_types.ts";
import { Port } from "./port.ts";
import { Viewers } from "./viewers.ts";
import { checkPort, checkRemotePort, PortTable } from "./ports.ts";
import { loopbackOf, Routes } from "./routes.ts";
import {
  HttpServer,
  serveArguments,
  type ServeHandler,
  type ServeInit,
  type ServeOptions,
  servePort,
} from "./serve.ts";

/** How `connect` goes about one address after the other. */
interface Attempt {
  readonly port: number;
  /** The own end; null and 0 leave it to the stack. */
  readonly localAddress: Address | null;
  readonly localPort: number;
  readonly showsMapped: boolean;
  readonly fastOpen: boolean | Uint8Array;
  readonly signal: AbortSignal | undefined;
}

/** What a stack is made of. */
export interface StackParts {
  readonly pipelines: readonly Pipeline[];
  readonly prefixes: readonly Prefix[];
  /** Prefixes that lead to the device, besides the stack's networks. */
  readonly routes: readonly Prefix[];
  readonly clock: Clock;
  readonly random: Random;
  readonly udp: UdpConfig;
  readonly trace?: (record: TraceRecord) => void;
}

/** How long `close` waits for peers to answer the FINs before it resets what is left. */
const CLOSE_PATIENCE_US = 500_000;
/** How long it then waits for a pipeline to have sent the resets. */
const RESET_PATIENCE_US = 100_000;
const DEFAULT_BACKLOG = 511;
const BACKLOG_MAX = 65_535;

/** A TCP/IP stack on one device. Made by `open`. */
export class Stack implements AsyncDisposable {
  /**
   * Resolves when the stack has been closed. Rejects with `ConnectionAborted` when one of its threads has
   * died; the `cause` is that thread's error.
   */
  readonly closed: Promise<void>;
  readonly #pipelines: readonly Pipeline[];
  readonly #ports: Port[];
  readonly #prefixes: readonly Prefix[];
  readonly #routes: Routes;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #liveness = new Liveness();
  readonly #portTable = new PortTable();
  readonly #listeners = new Set<Listener>();
  readonly #forwarders = new Set<Forwarder>();
  /** The ports and the sockets of UDP. */
  readonly #socketTable = new PortTable();
  readonly #sockets = new Set<DatagramConn>();
  readonly #udp: UdpConfig;
  /** What is counted in this thread. */
  readonly #counters = new Counters();
  /** Pending connects and pings by request, to be rejected when the stack ends. */
  readonly #connects = new Map<number, (error: Error) => void>();
  /** Who looks at the trace. */
  readonly #viewers: Viewers;
  #nextName = 1;
  #ended: Error | null = null;
  #closing: Promise<void> | null = null;
  #resolveClosed!: () => void;
  #rejectClosed!: (error: Error) => void;

  /** Made by `open`. */
  constructor(parts: StackParts) {
    this.#pipelines = parts.pipelines;
    this.#prefixes = parts.prefixes;
    this.#routes = new Routes(parts.prefixes, parts.routes);
    this.#clock = parts.clock;
    this.#random = parts.random;
    this.#udp = parts.udp;
    this.closed = new Promise((resolve, reject) => {
      this.#resolveClosed = resolve;
      this.#rejectClosed = reject;
    });
    // Whoever does not look at `closed` sees the failure in every call; it must not end the process.
    this.closed.catch(() => {});
    this.#ports = parts.pipelines.map((pipeline) => new Port(pipeline, this.#liveness));
    this.#viewers = new Viewers(parts.pipelines, parts.trace);
    for (const [index, pipeline] of parts.pipelines.entries()) {
      pipeline.onFailure((error) => this.#fail(error));
      this.#ports[index].onTrace(this.#viewers.drainOf(pipeline));
      this.#ports[index].start();
    }
  }

  /** The stack's own addresses. */
  get addresses(): string[] {
    return this.#prefixes.map(({ address }) => addressText(address));
  }

  /**
   * Listens for connections. Throws `AddrInUse` when the port is taken, `AddrNotAvailable` when the address
   * is not the stack's, `RangeError` or `TypeError` for an impossible port or backlog.
   */
  listen(options: ListenOptions): Listener {
    this.#mustBeOpen();
    checkTransport(options.transport);
    const port = checkPort(options.port ?? 0);
    const backlog = options.tcpBacklog ?? DEFAULT_BACKLOG;
    if (typeof backlog !== "number") {
      throw new TypeError(`tcpBacklog: ${String(backlog)} is not a number`);
    }
    if (!Number.isInteger(backlog) || backlog < 1 || backlog > BACKLOG_MAX) {
      throw new RangeError(
        `tcpBacklog: ${backlog} is not a whole number from 1 to ${BACKLOG_MAX}`,
      );
    }
    const fastOpen = checkFastOpenLimit(options.tcpFastOpen ?? 0);
    const ipv6Only = options.ipv6Only ?? false;
    if (typeof ipv6Only !== "boolean") {
      throw new TypeError(`ipv6Only: ${String(ipv6Only)} is not a boolean`);
    }
    const { address, isMapped } = parseHostname(options.hostname ?? addressText(ANY_IPV4));
    if (!isUnspecified(address)) this.#mustBeOwn(address);
    const chosen = this.#portTable.take(address, port, this.#random, ipv6Only);
    const id = this.#nextName++;
    const addr: Deno.NetAddr = {
      hostname: isMapped ? mappedText(address) : addressText(address),
      port: chosen,
      transport: "tcp",
    };
    const listener = new Listener(id, this.#ports, this.#liveness, addr, () => {
      this.#listeners.delete(listener);
      this.#portTable.give(address, chosen);
    });
    this.#listeners.add(listener);
    for (const each of this.#ports) {
      each.listen(id, address, chosen, backlog, ipv6Only, fastOpen, Listener.handlerOf(listener));
    }
    return listener;
  }

  /**
   * Connects. Rejects with `ConnectionRefused`, `NetworkUnreachable` or `TimedOut` as the network answers, with
   * `NetworkUnreachable` for broadcast and multicast addresses, `AddrNotAvailable` for a foreign `localHostname`,
   * with `signal.reason` when the signal aborts, with `RangeError` or `TypeError` for an impossible port.
   */
  async connect(options: ConnectOptions): Promise<TcpConn> {
    this.#mustBeOpen();
    checkTransport(options.transport);
    const { signal } = options;
    signal?.throwIfAborted();
    const port = checkRemotePort(options.port);
    const localPort = checkPort(options.localPort ?? 0);
    checkAttempts(options);
    const local = options.localHostname === undefined
      ? null
      : parseHostname(options.localHostname).address;
    if (local !== null) this.#mustBeOwn(local);
    const { fastOpen = false } = options;
    if (typeof fastOpen !== "boolean" && !(fastOpen instanceof Uint8Array)) {
      throw new TypeError(`fastOpen: ${String(fastOpen)} is neither a boolean nor a Uint8Array`);
    }
    const { addresses, isMapped } = addressesOf(options.hostname ?? addressText(LOOPBACK_IPV4));
    const attempt: Attempt = {
      port,
      localAddress: local,
      localPort,
      showsMapped: isMapped,
      fastOpen,
      signal,
    };
    const tried = options.autoSelectFamily === false ? addresses.slice(0, 1) : addresses;
    for (const remote of tried.slice(0, -1)) {
      try {
        return await this.#connectTo(remote, attempt);
      } catch (error) {
        // What the last address answers is what the caller hears.
        signal?.throwIfAborted();
        if (this.#ended !== null) throw error;
      }
    }
    return await this.#connectTo(tried[tried.length - 1], attempt);
  }

  async #connectTo(address: Address, attempt: Attempt): Promise<TcpConn> {
    const { port, fastOpen, signal } = attempt;
    const remote = isUnspecified(address) ? loopbackOf(address) : address; // As Linux does.
    const where = endpointText(remote, port);
    this.#mustBeOneHost(remote, where);
    const source = attempt.localAddress ?? this.#sourceFor(remote, where);
    const request = this.#nextName++;
    const pipe = this.#ports[request % this.#ports.length];
    this.#liveness.hold();
    let onAbort = () => {};
    try {
      const conn = await new Promise<TcpConn>((resolve, reject) => {
        this.#connects.set(request, reject);
        onAbort = () => {
          pipe.cancelConnect(request);
          reject(signal!.reason);
        };
        signal?.addEventListener("abort", onAbort, { once: true });
        const mode = fastOpen === false ? ActiveFastOpen.no : ActiveFastOpen.withCookie;
        pipe.connect(request, source, attempt.localPort, remote, port, mode, {
          connected: (endpoint) => {
            endpoint.showsMapped = attempt.showsMapped;
            resolve(new TcpConn(endpoint));
          },
          failed: (error: ConnectionError) => reject(connectError(error, where)),
        });
      });
      if (typeof fastOpen !== "boolean") await writeAll(conn, fastOpen);
      return conn;
    } finally {
      signal?.removeEventListener("abort", onAbort);
      this.#connects.delete(request);
      this.#liveness.release();
      pipe.settleSoon();
    }
  }

  /**
   * Takes connections or datagrams to addresses that are not the stack's, as a proxy does: `handler` sees each flow with
   * its original destination, connections before their handshake, and accepts, rejects or drops it. Of several forwards
   * the first whose filter matches gets it. Throws `TypeError` or `RangeError` for a bad option.
   */
  forward<T extends "tcp" | "udp">(
    options: ForwardOptions<T>,
    handler: ForwardHandler<T>,
  ): Forwarder {
    this.#mustBeOpen();
    const parts: ForwardParts = {
      ...{ ports: this.#ports, liveness: this.#liveness, clock: this.#clock, udp: this.#udp },
      counters: this.#counters,
      forwarders: this.#forwarders,
      requests: this.#connects,
      nextName: () => this.#nextName++,
    };
    return openForward(parts, options, handler);
  }

  /**
   * Opens a UDP socket. Throws `AddrInUse` when the port is taken, `AddrNotAvailable` when the address is not the
   * stack's, `Busy` when there are as many sockets as `udp.maxSockets` allows, `RangeError` or `TypeError` for an
   * impossible port or transport.
   */
  listenDatagram(options: ListenDatagramOptions): DatagramConn {
    this.#mustBeOpen();
    checkTransport(options.transport ?? null, "udp");
    const port = checkPort(options.port ?? 0);
    const bound = parseHostname(options.hostname ?? addressText(ANY_IPV4));
    const { address } = bound;
    const isForMany = isUnspecified(address) || isMulticast(address) ||
      this.#prefixes.some((prefix) => isBroadcast(address, prefix));
    if (!isForMany) this.#mustBeOwn(address);
    const reuse = options.reuseAddress ?? false;
    const chosen = this.#socketTable.take(address, port, this.#random, false, reuse);
    const give = () => this.#socketTable.give(address, chosen);
    try {
      const conn = new DatagramConn({
        ...{ bound, port: chosen, ports: this.#ports, liveness: this.#liveness },
        config: this.#udp,
        loopback: options.loopback ?? false,
        sourceFor: (remote, where) => this.#sourceFor(remote, where),
        isOwn: (own) => this.#isOwn(own),
        onClose: () => {
          this.#sockets.delete(conn);
          give();
        },
      });
      this.#sockets.add(conn);
      return conn;
    } catch (error) {
      give();
      throw error;
    }
  }

  /** The UDP sockets that are open. */
  sockets(): DatagramSummary[] {
    return [...this.#sockets].map((conn) => ({
      localAddr: conn.addr,
      ...DatagramConn.queued(conn),
    }));
  }

  /**
   * Sends an ICMP echo request to an IP address, `"localhost"`, or an address of the stack itself, and resolves with
   * the time that the answer took. Rejects with `TimedOut` without an answer; with `NetworkUnreachable` or
   * `ConnectionRefused` when no route leads there or an ICMP error comes back, saying which; with `Busy` when
   * `ip.maxPings` wait; with `signal.reason` when the signal aborts; with `TypeError` or `RangeError` for a bad option.
   */
  async ping(hostname: string, options: PingOptions = {}): Promise<PingReply> {
    this.#mustBeOpen();
    const [address] = addressesOf(hostname).addresses;
    const remote = isUnspecified(address) ? loopbackOf(address) : address;
    const asked = checkPing(options, remote);
    asked.signal?.throwIfAborted();
    const where = addressText(remote);
    this.#mustBeOneHost(remote, where);
    const source = this.#sourceFor(remote, where);
    const request = this.#nextName++;
    const port = this.#ports[request % this.#ports.length];
    const parts = { port, clock: this.#clock, liveness: this.#liveness, pending: this.#connects };
    return await sendPing(parts, request, source, remote, asked);
  }

  /** Serves HTTP on port 8000, as `Deno.serve(handler)`. */
  serve(handler: ServeHandler): HttpServer;
  /** Serves HTTP, or HTTPS with `cert` and `key`, as `Deno.serve(options, handler)`. */
  serve(options: ServeOptions, handler: ServeHandler): HttpServer;
  /** Serves HTTP, or HTTPS with `cert` and `key`, as `Deno.serve({ handler, ... })`. */
  serve(options: ServeInit): HttpServer;
  /**
   * Serves HTTP/1.1 (RFC 9112). Throws what `listen` throws, and `TypeError` without a handler or for a `cert`
   * without its `key`.
   */
  serve(first: ServeOptions | ServeInit | ServeHandler, second?: ServeHandler): HttpServer {
    const { options, handler } = serveArguments(first, second);
    const listener = this.listen({
      port: servePort(options),
      hostname: options.hostname,
      transport: options.transport,
      tcpBacklog: options.tcpBacklog,
    });
    const server = new HttpServer(listener, options, handler);
    HttpServer.announce(server, options);
    return server;
  }

  /** Totals since the stack was opened. */
  stats(): StackStats {
    this.#takeEvents();
    const sets = this.#pipelines.flatMap(({ layout }) => [
      layout.readerCounters,
      layout.parserCounters,
      layout.tcpCounters,
    ]);
    const sendBytes = this.#ports.reduce(
      (sum, { pool }) => sum + (pool.count - pool.free) * pool.blockBytes,
      0,
    );
    const totals = sumCounters([...sets, this.#counters]);
    return { ...totals, memory: { sendBytes, receiveBytes: totals.counters.receiveMemoryNow } };
  }

  /** The connections that the application holds or that still have to deliver what it wrote. */
  connections(): ConnectionSummary[] {
    this.#takeEvents();
    return this.#ports.flatMap((port) =>
      [...port.endpoints()].map((endpoint) => {
        const { localAddr, remoteAddr } = new TcpConn(endpoint);
        return { ...readInfo(port.layout, endpoint.row), localAddr, remoteAddr };
      })
    );
  }

  /**
   * Lets `look` see the trace from now on until it is disposed: every segment in and out, every change of state,
   * and, as records of the kind `progress`, how windows and times of connections change. While nobody looks the
   * trace costs nothing. The record is filled again for the next one: copy what is to be kept.
   */
  watch(look: (record: TraceRecord) => void): Disposable {
    this.#mustBeOpen();
    return this.#viewers.add(look);
  }

  /**
   * Closes listeners and connections in order, waits up to half a second for the peers, and releases the
   * device and all threads. Pending calls reject with `Interrupted`. Calling it again gives the same promise.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** The same as {@link Stack.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * The end of a connection that nobody holds wakes nobody, so it may be waiting to be noticed.
   */
  #takeEvents(): void {
    for (const port of this.#ports) port.pump();
  }

  async #close(): Promise<void> {
    if (this.#ended !== null) return;
    this.#ended = interrupted();
    for (const listener of [...this.#listeners]) listener.close();
    for (const forwarder of [...this.#forwarders]) forwarder.close();
    for (const conn of [...this.#sockets]) conn.close();
    for (const reject of this.#connects.values()) reject(interrupted());
    this.#liveness.hold();
    await Promise.all(this.#ports.map((port) => this.#shutDown(port)));
    await this.#release();
    this.#resolveClosed();
  }

  /** Has one pipeline close its connections, and reset those whose peers do not answer in time. */
  async #shutDown(port: Port): Promise<void> {
    for (const endpoint of [...port.endpoints()]) if (!endpoint.closed) endpoint.close();
    if (await this.#stopped(port, CLOSE_PATIENCE_US, () => port.shutdown())) return;
    await this.#stopped(port, RESET_PATIENCE_US, () => port.abortAll());
  }

  /** Whether the pipeline reports within `patienceUs` that no connection is left. */
  #stopped(port: Port, patienceUs: number, command: () => void): Promise<boolean> {
    return new Promise((resolve) => {
      const patience = this.#clock.wakeAt(this.#clock.now() + patienceUs, () => resolve(false));
      port.onStopped(() => {
        this.#clock.cancelWake(patience);
        resolve(true);
      });
      command();
    });
  }

  async #release(): Promise<void> {
    for (const port of this.#ports) port.close();
    await Promise.all(this.#pipelines.map((pipeline) => pipeline.stop()));
    this.#liveness.close();
  }

  #fail(cause: Error): void {
    if (this.#ended !== null) return;
    const error = stackEnded(cause);
    this.#ended = error;
    for (const listener of this.#listeners) Listener.fail(listener, error);
    for (const conn of [...this.#sockets]) DatagramConn.fail(conn, error);
    for (const forwarder of this.#forwarders) Forwarder.fail(forwarder, error);
    for (const reject of this.#connects.values()) reject(error);
    for (const port of this.#ports) port.fail(error);
    this.#closing = this.#release();
    this.#closing.catch(() => {});
    this.#rejectClosed(error);
  }

  #mustBeOpen(): void {
    if (this.#ended === null) return;
    if (this.#ended instanceof Deno.errors.ConnectionAborted) throw this.#ended;
    throw new Deno.errors.BadResource("The stack has been closed");
  }

  #mustBeOwn(address: Address): void {
    if (this.#isOwn(address)) return;
    throw codedError(
      Deno.errors.AddrNotAvailable,
      "EADDRNOTAVAIL",
      `Cannot assign requested address (os error 99): ${addressText(address)} is not one of the ` +
        `stack's addresses, ${this.addresses.join(", ")}`,
    );
  }

  /** RFC 9293 section 3.9.2.3 (MUST-46): nobody answers for a whole network or a group. */
  #mustBeOneHost(address: Address, where: string): void {
    if (isMulticast(address)) throw unreachable(where, "which is a multicast address");
    if (this.#isBroadcast(address)) {
      throw unreachable(where, "which is a broadcast address");
    }
  }

  #isOwn(address: Address): boolean {
    return isLoopback(address) || this.#prefixes.some((own) => sameAddress(own.address, address));
  }

  /**
   * The address to send from: a loopback address for loopback, else by RFC 6724. Throws `NetworkUnreachable` when no
   * way leads there.
   */
  #sourceFor(remote: Address, where: string): Address {
    if (isLoopback(remote)) return loopbackOf(remote);
    const isGroup = isMulticast(remote) || this.#isBroadcast(remote);
    return this.#routes.sourceFor(remote, where, isGroup);
  }

  #isBroadcast(address: Address): boolean {
    return this.#prefixes.some((prefix) => isBroadcast(address, prefix));
  }
}

/** Checks what `connect` is told about several addresses: as Deno, only that a delay is a number. */
function checkAttempts({ autoSelectFamilyAttemptDelay: delay }: ConnectOptions): void {
  if (typeof (delay ?? 0) !== "number") {
    throw new TypeError(`autoSelectFamilyAttemptDelay: ${String(delay)} is not a time in ms`);
  }
}

function checkFastOpenLimit(limit: unknown): number {
  if (typeof limit !== "number") {
    throw new TypeError(`tcpFastOpen: ${String(limit)} is not a number`);
  }
  if (!Number.isInteger(limit) || limit < 0 || limit > BACKLOG_MAX) {
    throw new RangeError(`tcpFastOpen: ${limit} is not a whole number from 0 to ${BACKLOG_MAX}`);
  }
  return limit;
}

async function writeAll(conn: TcpConn, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await conn.write(bytes.subarray(done));
}

function checkTransport(transport: unknown, wanted: "tcp" | "udp" = "tcp"): void {
  if ((transport ?? "tcp") !== wanted) {
    throw new TypeError(
      `Unsupported transport: '${String(transport)}'; only "${wanted}" is supported here`,
    );
  }
}
