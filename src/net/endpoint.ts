import { type Address, addressText, mappedText } from "../base/address.ts";
import type { Layout } from "../ring/layout.ts";
import type { BlockMemory } from "../ring/chain.ts";
import type { BlockPool } from "../ring/pool.ts";
import { ConnectionError, Info, Row } from "../ring/row.ts";
import { StreamReader, StreamWriter } from "../ring/stream.ts";
import { State } from "../tcp/state.ts";
import { Command } from "../pipeline/messages.ts";
import { badResource, brokenPipe, connectionError, interrupted, notBytes } from "./errors.ts";
import { readInfo } from "./info.ts";
import type { Liveness } from "./liveness.ts";

/** A share of the receive buffer that, once read, is worth telling the TCP stage about at once. */
const NEWS_SHARE = 4;

/** What an endpoint needs of the port that it belongs to. */
export interface EndpointHost {
  readonly layout: Layout;
  readonly liveness: Liveness;
  /** The memory of bytes to send. */
  readonly pool: BlockPool;
  /** Sends a command about a connection. */
  command(op: number, endpoint: Endpoint): void;
  /** Sets an option of a connection. */
  option(endpoint: Endpoint, option: number, value: number): void;
  /** The endpoint has read or written; `loud` when the TCP stage should look soon. */
  news(endpoint: Endpoint, loud: boolean): void;
  /** One connection of the listener was accepted. */
  acceptTaken(listener: number): void;
  /** Calls the endpoint again when more of the send memory is free. */
  awaitSendMemory(endpoint: Endpoint): void;
  /** Lets the process end if nobody waits any more, after the current turn. */
  settleSoon(): void;
}

/** Who gets the answer to a `connect`. */
export interface ConnectHandler {
  connected(endpoint: Endpoint): void;
  failed(error: ConnectionError): void;
}

/** What happens on a connection beside its bytes, as `TcpConn.onNotice` hears of it. */
export type TcpNotice =
  | {
    /** The peer has sent a new urgent pointer (RFC 9293 section 3.8.5); the data is in the stream. */
    readonly kind: "urgent";
    /** Bytes that are still to be read up to it, those that have not arrived included. */
    readonly bytes: number;
  }
  | {
    /** The network reports trouble that does not end the connection (RFC 9293 section 3.9.1.8). */
    readonly kind: "softError";
    /** `ENETUNREACH`, `EHOSTUNREACH`, `ECONNREFUSED`, or `ETIMEDOUT` after three timeouts in a row. */
    readonly code: string;
  };
/** Both ends of a connection. */
export interface EndpointAddresses {
  readonly local: Deno.NetAddr;
  readonly remote: Deno.NetAddr;
}

interface PendingRead {
  readonly target: Uint8Array;
  readonly resolve: (count: number | null) => void;
  readonly reject: (error: Error) => void;
}

interface PendingWrite {
  readonly source: Uint8Array;
  readonly resolve: (count: number) => void;
  readonly reject: (error: Error) => void;
}

// In the place of lists that nobody has used yet; never written to.
const NO_READS: PendingRead[] = [];
const NO_WRITES: PendingWrite[] = [];

/**
 * The application's end of one connection: the two streams in shared memory and the calls that wait on
 * them. It outlives `close()` until the TCP stage has sent what was written.
 */
export class Endpoint {
  readonly row: number;
  readonly generation: number;
  /** Whether its addresses are shown as an IPv6 socket would: those of IPv4 in their mapped form. */
  showsMapped = false;
  readonly port: EndpointHost;
  readonly #words: Int32Array;
  readonly #at: number;
  readonly #memory: BlockMemory;
  // Most connections of a crowd are idle: what is only needed in use is made with the first use.
  #receive: StreamReader | null = null;
  #send: StreamWriter | null = null;
  #reads: PendingRead[] = NO_READS;
  #writes: PendingWrite[] = NO_WRITES;
  /** Read from the row when asked for, and before the row may become another connection's. */
  #addresses: EndpointAddresses | null = null;
  #closed = false;
  #writeClosed = false;
  /** A `closeWrite` that waits for the writes before it. */
  #closingWrite: PromiseWithResolvers<void> | null = null;
  /** Why the stack has failed, when it has. */
  #failure: Error | null = null;
  #referenced = true;
  /** The connection's error has been given to a caller; from then on it is just closed. */
  #errorTaken = false;
  /** Who is told of what happens beside the bytes, and how much of it was told. */
  #onNotice: ((notice: TcpNotice) => void) | null = null;
  #urgentMarks = 0;
  #softErrors = 0;
  /** Bytes read since the TCP stage was last woken for it. */
  #unreported = 0;

  constructor(
    port: EndpointHost,
    layout: Layout,
    memory: BlockMemory,
    row: number,
    generation: number,
  ) {
    this.port = port;
    this.row = row;
    this.#words = layout.words;
    this.#at = layout.row(row);
    this.generation = generation;
    this.#memory = memory;
  }

  /** Both ends of the connection. */
  get addresses(): EndpointAddresses {
    if (this.#addresses === null) {
      const words = this.#words;
      const at = this.#at;
      const textOf = this.showsMapped ? mappedText : addressText;
      this.#addresses = {
        local: netAddr(words, at + Row.local, words[at + Row.localPort], textOf),
        remote: netAddr(words, at + Row.remote, words[at + Row.remotePort], textOf),
      };
    }
    return this.#addresses;
  }

  /** Bytes that can be read now. Nothing was read before there is a reader. */
  get #available(): number {
    return this.#receive === null ? this.word(Row.rxWritten) : this.#receive.available;
  }

  get #reader(): StreamReader {
    if (this.#receive === null) {
      const { layout } = this.port;
      const { copier } = this.#memory;
      const stream = layout.receiveStream(this.row);
      this.#receive = new StreamReader(copier, layout.receivePool.table, stream);
    }
    return this.#receive;
  }

  get #writer(): StreamWriter {
    this.#send ??= new StreamWriter(this.#memory, this.port.layout.sendStream(this.row), true);
    return this.#send;
  }

  /** Whether the application has let go of the connection. */
  get closed(): boolean {
    return this.#closed;
  }

  /** A word of the connection's row. */
  word(index: number): number {
    return Atomics.load(this.#words, this.#at + index);
  }

  /** Copies received bytes into `target`: their number, or null at the end of the stream. */
  read(target: Uint8Array): Promise<number | null> {
    if (target.length === 0) return Promise.resolve(0);
    if (!(target instanceof Uint8Array)) return Promise.reject(notBytes());
    if (this.#closed) return Promise.reject(this.#failure ?? badResource());
    if (this.#reads.length === 0) {
      const count = this.#take(target);
      if (count > 0) return Promise.resolve(count);
      if (this.#isOver()) return this.#ending();
    }
    return new Promise((resolve, reject) => {
      if (this.#reads === NO_READS) this.#reads = [];
      this.#reads.push({ target, resolve, reject });
      if (this.#referenced) this.port.liveness.hold();
    });
  }

  /** Queues as many bytes as there is room for now; at least one, or it waits. */
  write(source: Uint8Array): Promise<number> {
    if (!(source instanceof Uint8Array)) return Promise.reject(notBytes());
    if (this.#closed) return Promise.reject(this.#failure ?? badResource());
    if (this.#writeClosed) return Promise.reject(brokenPipe());
    if (this.word(Row.state) === State.CLOSED) return Promise.reject(this.#writeError());
    if (source.length === 0) return Promise.resolve(0);
    if (this.#writes.length === 0) {
      const count = this.#put(source);
      if (count > 0) return Promise.resolve(count);
    }
    return new Promise((resolve, reject) => {
      if (this.#writes === NO_WRITES) this.#writes = [];
      this.#writes.push({ source, resolve, reject });
      this.port.liveness.hold();
    });
  }

  /** Ends the write side behind the writes that wait; resolves when they are through. */
  closeWrite(): Promise<void> {
    if (this.#closed) return Promise.reject(this.#failure ?? badResource());
    if (this.#closingWrite !== null) return this.#closingWrite.promise;
    if (this.#writeClosed) return Promise.resolve();
    this.#writeClosed = true;
    if (this.#writes.length > 0) {
      this.#closingWrite = Promise.withResolvers();
      this.port.liveness.hold();
      return this.#closingWrite.promise;
    }
    if (this.word(Row.state) !== State.CLOSED) this.port.command(Command.closeWrite, this);
    return Promise.resolve();
  }

  /** Lets go of the connection; what was written is still sent. */
  close(): void {
    this.#end(Command.close, interrupted());
  }

  /** Ends the connection with an RST. */
  abort(): void {
    this.#end(Command.abort, interrupted());
  }

  /** The stack has failed: nothing will come any more. */
  fail(error: Error): void {
    this.#addresses = this.addresses;
    this.#closed = true;
    this.#failure = error;
    this.#rejectReads(error);
    this.#rejectWrites(error);
    this.#settleCloseWrite(error);
  }

  #end(command: number, error: Error): void {
    // Once the stage has heard of it, the row may become another connection's.
    this.#addresses = this.addresses;
    this.#closed = true;
    this.#writeClosed = true;
    this.#rejectReads(error);
    this.#rejectWrites(error);
    this.#settleCloseWrite(error);
    this.port.command(command, this);
  }

  /** Sets a connection option. */
  setOption(option: number, value: number): void {
    if (this.#closed) throw badResource();
    this.port.option(this, option, value);
  }

  /** Whether pending reads hold the process. Pending writes always do, as in Deno: data must not be lost. */
  setReferenced(referenced: boolean): void {
    if (this.#closed || referenced === this.#referenced) return;
    for (let i = 0; i < this.#reads.length; i++) {
      if (referenced) this.port.liveness.hold();
      else this.port.liveness.release();
    }
    this.#referenced = referenced;
    this.port.settleSoon();
  }

  /** Has `handler` called for everything from now on that happens beside the bytes; null for nobody. */
  setOnNotice(handler: ((notice: TcpNotice) => void) | null): void {
    this.#onNotice = handler;
    this.#urgentMarks = this.word(Row.urgentMarks);
    this.#softErrors = this.word(Row.softErrors);
  }

  #notify(handler: (notice: TcpNotice) => void): void {
    const info = readInfo(this.port.layout, this.row);
    const marks = this.word(Row.urgentMarks);
    if (marks !== this.#urgentMarks) {
      this.#urgentMarks = marks;
      handler({ kind: "urgent", bytes: info.urgentBytes });
    }
    const errors = this.word(Row.softErrors);
    if (errors !== this.#softErrors && info.softError !== null) {
      this.#softErrors = errors;
      handler({ kind: "softError", code: info.softError });
    }
  }

  /** The TCP stage has changed something. */
  onNews(): void {
    this.#send?.reclaim();
    if (this.#closed) return;
    if (this.#onNotice !== null) this.#notify(this.#onNotice);
    while (this.#reads.length > 0) {
      const { target, resolve, reject } = this.#reads[0];
      const count = this.#take(target);
      // A target whose buffer was transferred meanwhile takes nothing: the bytes are for the next one.
      if (count > 0 || target.length === 0) {
        resolve(count);
      } else if (this.#isOver()) {
        const error = this.#readError();
        if (error === null) resolve(null);
        else reject(error);
      } else {
        break;
      }
      this.#reads.shift();
      this.#releaseRead();
    }
    this.resumeWrites();
  }

  /** Room may have appeared in the send buffer or in the memory behind it. */
  resumeWrites(): void {
    if (this.#writes.length === 0) return;
    if (this.word(Row.state) === State.CLOSED) {
      this.#rejectWrites(this.#writeError());
      this.#settleCloseWrite(null);
      return;
    }
    while (this.#writes.length > 0) {
      const { source, resolve } = this.#writes[0];
      const count = this.#put(source);
      if (count === 0 && source.length > 0) return;
      resolve(count);
      this.#writes.shift();
      this.port.liveness.release();
    }
    if (this.#closingWrite !== null) this.port.command(Command.closeWrite, this);
    this.#settleCloseWrite(null);
  }

  /** The TCP stage is done with the row: gives the memory of what was written back. */
  dispose(): void {
    this.#send?.dispose();
  }

  #take(target: Uint8Array): number {
    if (this.#available === 0) return 0;
    const count = this.#reader.read(target);
    if (count > 0) {
      this.#unreported += count;
      const worth = this.#words[this.#at + Row.info + Info.receiveBufferBytes] / NEWS_SHARE;
      const loud = this.#unreported >= worth;
      if (loud) this.#unreported = 0;
      this.port.news(this, loud);
    }
    return count;
  }

  #put(source: Uint8Array): number {
    const send = this.#writer;
    send.reclaim();
    const { pending } = send;
    const share = Math.floor(this.port.pool.shareBytes) - pending;
    if (share <= 0) {
      this.port.awaitSendMemory(this);
      return 0;
    }
    const room = Math.min(this.word(Row.txLimit) - pending, share);
    if (room <= 0) return 0;
    const count = send.appendArray(source, 0, Math.min(room, source.length));
    if (count > 0) {
      send.publish();
      this.port.news(this, true);
    }
    return count;
  }

  /** No byte will come any more. */
  #isOver(): boolean {
    const over = this.word(Row.rxFinished) !== 0 || this.word(Row.state) === State.CLOSED;
    return over && this.#available === 0;
  }

  #ending(): Promise<null> {
    const error = this.#readError();
    return error === null ? Promise.resolve(null) : Promise.reject(error);
  }

  /** Why a read fails; null at the end of the stream, which the peer's FIN makes final. */
  #readError(): Error | null {
    return this.word(Row.rxFinished) !== 0 ? null : this.#takeError();
  }

  /** Why a write fails. An RST behind the peer's FIN says only that it no longer reads, as in Linux. */
  #writeError(): Error {
    const lateReset = this.word(Row.rxFinished) !== 0 &&
      this.word(Row.error) === ConnectionError.reset;
    return (lateReset ? null : this.#takeError()) ?? brokenPipe();
  }

  /** The error of the connection, for the first who asks (as SO_ERROR in a kernel). */
  #takeError(): Error | null {
    const error = this.word(Row.error) as ConnectionError;
    if (error === 0 || this.#errorTaken) return null;
    this.#errorTaken = true;
    const { hostname, port } = this.addresses.remote;
    return connectionError(error, `${hostname}:${port}`);
  }

  #releaseRead(): void {
    if (this.#referenced) this.port.liveness.release();
  }

  #rejectReads(error: Error): void {
    for (const { reject } of this.#reads.splice(0)) {
      reject(error);
      this.#releaseRead();
    }
    this.port.settleSoon();
  }

  /** Answers a `closeWrite` that waits; an error is one of this side, such as `close()`. */
  #settleCloseWrite(error: Error | null): void {
    if (this.#closingWrite === null) return;
    if (error === null) this.#closingWrite.resolve();
    else this.#closingWrite.reject(error);
    this.#closingWrite = null;
    this.port.liveness.release();
  }

  #rejectWrites(error: Error): void {
    for (const { reject } of this.#writes.splice(0)) {
      reject(error);
      this.port.liveness.release();
    }
    this.port.settleSoon();
  }
}

function netAddr(
  words: Int32Array,
  at: number,
  port: number,
  textOf: (address: Address) => string,
): Deno.NetAddr {
  const address = { w0: words[at], w1: words[at + 1], w2: words[at + 2], w3: words[at + 3] };
  return { hostname: textOf(address), port, transport: "tcp" };
}
