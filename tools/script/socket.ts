import { seqDiff } from "../../src/base/seq.ts";
import { ConnectionError } from "../../src/ring/row.ts";
import type { Connection } from "../../src/tcp/connection.ts";
import { State } from "../../src/tcp/state.ts";
import type { ErrorQueue } from "./error_queue.ts";
import type { Flow } from "./flow.ts";
import type { Stream } from "./machine.ts";
import { SYMBOLS } from "./symbols.ts";

/** What a socket is being used for. */
export type SocketUse = "new" | "listening" | "connecting" | "connected" | "closed";

/** What can be set on a socket before there is a connection behind it; accepted sockets inherit it. */
export interface SocketOptions {
  noDelay: boolean;
  cork: boolean;
  keepAlive: boolean;
  keepIdleSeconds: number | null;
  keepIntervalSeconds: number | null;
  keepProbes: number | null;
  userTimeoutMs: number | null;
  /** Seconds, or null for an ordinary close. */
  linger: number | null;
  maxSegment: number | null;
  sendBufferBytes: number | null;
  receiveBufferBytes: number | null;
  congestion: string | null;
  synRetries: number | null;
  finWait2Seconds: number | null;
  /** Bytes per second; `Infinity` for no limit. */
  pacingRateMax: number | null;
  /** Unread bytes from which on a socket is readable (SO_RCVLOWAT). */
  readLowBytes: number;
  /** Unsent bytes below which a socket is writable; 0 for no such limit (TCP_NOTSENT_LOWAT). */
  unsentLowBytes: number;
  /** Most handshakes whose SYN has brought data (TCP_FASTOPEN); whether connect waits for the first write. */
  fastOpenLimit: number;
  fastOpenConnect: boolean;
  fastOpenNoCookie: boolean;
  deferAcceptSeconds: number;
  /** How long a call waits for what it needs; null for ever. */
  receiveTimeoutUs: number | null;
  sendTimeoutUs: number | null;
  /** Options that have no effect but are remembered, by level and name. */
  readonly others: Map<string, number>;
}

/** The options of a new socket. */
export function defaultOptions(): SocketOptions {
  return {
    noDelay: false,
    cork: false,
    keepAlive: false,
    keepIdleSeconds: null,
    keepIntervalSeconds: null,
    keepProbes: null,
    userTimeoutMs: null,
    linger: null,
    maxSegment: null,
    sendBufferBytes: null,
    receiveBufferBytes: null,
    congestion: null,
    synRetries: null,
    finWait2Seconds: null,
    pacingRateMax: null,
    readLowBytes: 1,
    unsentLowBytes: 0,
    fastOpenLimit: 0,
    fastOpenConnect: false,
    fastOpenNoCookie: false,
    deferAcceptSeconds: 0,
    receiveTimeoutUs: null,
    sendTimeoutUs: null,
    others: new Map(),
  };
}

/** A TCP socket as Linux's system calls see it. */
export class Socket {
  use: SocketUse = "new";
  nonBlocking = false;
  closesOnExec = false;
  options: SocketOptions = defaultOptions();
  localPort = 0;
  /** Listening: the number that the engine knows it by. Connecting: that of the request. */
  readonly id: number;
  readonly acceptQueue: Stream[] = [];
  stream: Stream | null = null;
  flow: Flow | null = null;
  /** The error of a failed connect, until somebody has asked for it. */
  connectError: string | null = null;
  /** A connect that did not wait has come to an end of which nobody has heard from connect(2) yet. */
  connectPending = false;
  /** Bytes that were written to the connection. */
  written = 0;
  /** Reports about what was sent; null while nobody has asked for any. */
  errors: ErrorQueue | null = null;
  readShut = false;
  writeShut = false;
  #errorTaken = false;

  constructor(id: number) {
    this.id = id;
  }

  /** The connection, while there is one. */
  get conn(): Connection | null {
    return this.stream?.conn ?? null;
  }

  /** Whether a connection is there that has sent its SYN, or waits for data to go with it (RFC 7413). */
  get isOpening(): boolean {
    return this.conn?.state === State.SYN_SENT;
  }

  /** Whether the SYN is yet to be sent, with the first data (TCP_FASTOPEN_CONNECT). */
  get isSynDeferred(): boolean {
    return this.isOpening && this.conn!.fastOpen!.waiting;
  }

  /** The pending error, which stays. */
  peekError(): string | null {
    if (this.connectError !== null) return this.connectError;
    const conn = this.conn;
    if (conn === null || conn.error === ConnectionError.none || this.#errorTaken) return null;
    return errnoOf(conn.error, conn.finReceived);
  }

  /** The pending error, which thereby is over. */
  takeError(): string | null {
    const error = this.peekError();
    this.connectError = null;
    if (error !== null) this.#errorTaken = true;
    return error;
  }

  /** Whether no byte will come any more. */
  get isReadOver(): boolean {
    const conn = this.conn;
    return this.readShut || conn === null || conn.finReceived || conn.state === State.CLOSED;
  }

  /** Bytes that can be written now. */
  get room(): number {
    const { stream } = this;
    return stream === null ? 0 : Math.max(0, stream.conn.sendLimit - stream.pending);
  }

  #isUnsentLow({ conn, pending }: Stream): boolean {
    const { unsentLowBytes } = this.options;
    return unsentLowBytes === 0 || pending - seqDiff(conn.sndMax, conn.sndUna) < unsentLowBytes;
  }

  /** The events of poll(2) that hold now. */
  get pollEvents(): number {
    const { POLLIN, POLLRDNORM, POLLOUT, POLLWRNORM, POLLERR, POLLHUP, POLLRDHUP } = SYMBOLS;
    if (this.use === "listening") return this.acceptQueue.length > 0 ? POLLIN | POLLRDNORM : 0;
    if (this.use === "connecting" || (this.isOpening && !this.isSynDeferred)) return 0;
    const hasReport = this.errors?.isEmpty === false;
    let events = this.peekError() === null && !hasReport ? 0 : POLLERR;
    const { stream } = this;
    if (stream === null) return events | POLLOUT | POLLWRNORM | POLLHUP;
    const closed = stream.conn.state === State.CLOSED;
    const over = this.isReadOver;
    if (over) events |= POLLRDHUP;
    if (over || stream.available >= this.options.readLowBytes) events |= POLLIN | POLLRDNORM;
    if (closed || (over && this.writeShut)) events |= POLLHUP;
    // Linux calls a socket writable when a third of its buffer is free.
    const writable = 3 * this.room >= stream.conn.sendLimit && this.#isUnsentLow(stream);
    if (writable || closed || this.writeShut) events |= POLLOUT | POLLWRNORM;
    return events;
  }
}

/** How Linux reports the error of a connection. */
export function errnoOf(error: ConnectionError, finReceived: boolean): string {
  switch (error) {
    case ConnectionError.reset:
      // Linux's tcp_reset: after the peer's FIN a reset breaks the pipe.
      return finReceived ? "EPIPE" : "ECONNRESET";
    case ConnectionError.refused:
      return "ECONNREFUSED";
    case ConnectionError.timedOut:
      return "ETIMEDOUT";
    case ConnectionError.networkUnreachable:
      return "ENETUNREACH";
    case ConnectionError.hostUnreachable:
      return "EHOSTUNREACH";
    case ConnectionError.addressInUse:
      return "EADDRINUSE";
    case ConnectionError.addressNotAvailable:
      return "EADDRNOTAVAIL";
    case ConnectionError.tooManyConnections:
      return "ENOBUFS";
    default:
      return "ECONNABORTED";
  }
}
