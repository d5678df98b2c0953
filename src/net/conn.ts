import { ConnectionOption } from "../pipeline/messages.ts";
import { CONGESTION_NAMES, type CongestionName } from "../tcp/config.ts";
import type { Endpoint, TcpNotice } from "./endpoint.ts";
import { streamClosed } from "./errors.ts";
import { readInfo, type TcpInfo } from "./info.ts";

/** Bytes that `readable` asks for when its reader brings no buffer. */
const READABLE_CHUNK_BYTES = 65_536;

/**
 * A TCP connection, to be used as a `Deno.TcpConn`.
 *
 * Errors are those of Deno: `BadResource` after `close()`, `Interrupted` for what was pending then,
 * `ConnectionReset` once when the peer resets, `BrokenPipe` for writes on a closed write side, `TimedOut`
 * when the peer no longer answers.
 */
export class TcpConn implements Deno.TcpConn {
  readonly #endpoint: Endpoint;
  #readable: ReadableStream<Uint8Array<ArrayBuffer>> | null = null;
  #writable: WritableStream<Uint8Array<ArrayBufferLike>> | null = null;

  /** Made by a stack; applications get connections from `connect` and `accept`. */
  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  /** The stack's end of the connection. */
  get localAddr(): Deno.NetAddr {
    return this.#endpoint.addresses.local;
  }

  /** The peer's end of the connection. */
  get remoteAddr(): Deno.NetAddr {
    return this.#endpoint.addresses.remote;
  }

  /**
   * Reads up to `p.length` bytes: resolves with their number as soon as there is one, with `null` at the
   * end of the stream, with 0 for an empty `p`. Concurrent reads are served in order.
   */
  read(p: Uint8Array): Promise<number | null> {
    try {
      return this.#endpoint.read(p);
    } catch (error) {
      // What has no length is refused as everything else is: by the promise.
      return Promise.reject(error);
    }
  }

  /** Takes up to `p.length` bytes to be sent and resolves with their number, at least one. */
  write(p: Uint8Array): Promise<number> {
    return this.#endpoint.write(p);
  }

  /** Ends the sending direction with a FIN behind what was written; reading goes on. */
  closeWrite(): Promise<void> {
    return this.#endpoint.closeWrite();
  }

  /**
   * Closes the connection: a FIN behind what was written, or an RST when received data is unread (RFC 9293
   * section 3.6.1). Throws `BadResource` when it is closed already.
   */
  close(): void {
    this.#mustBeOpen();
    this.#endpoint.close();
  }

  /** Ends the connection at once with an RST (RFC 9293 section 3.10.5); what was not sent is lost. */
  abort(): void {
    this.#mustBeOpen();
    this.#endpoint.abort();
  }

  /** Lets pending reads keep the process alive, which is the default. */
  ref(): void {
    this.#endpoint.setReferenced(true);
  }

  /** Lets the process end although reads are pending; pending writes hold it always, as in Deno. */
  unref(): void {
    this.#endpoint.setReferenced(false);
  }

  /** Sends small segments at once (true) or while nothing small is unacknowledged (false, Nagle). */
  setNoDelay(noDelay = true): void {
    this.#endpoint.setOption(ConnectionOption.noDelay, noDelay ? 1 : 0);
  }

  /** Probes the peer when the connection is idle (RFC 9293 section 3.8.4). */
  setKeepAlive(keepAlive = true): void {
    this.#endpoint.setOption(ConnectionOption.keepAlive, keepAlive ? 1 : 0);
  }

  /** What `close()` does: 0 seconds ends with an RST, anything else with a FIN; null is the default. */
  setLinger(seconds: number | null): void {
    if (seconds !== null) checkRange("seconds", seconds, 0, 65_535);
    this.#endpoint.setOption(ConnectionOption.linger, seconds ?? -1);
  }

  /** How long sent data may stay unacknowledged, in milliseconds (RFC 9293 section 3.8.3); 0: default. */
  setUserTimeout(ms: number): void {
    checkRange("ms", ms, 0, 0x7fff_ffff);
    this.#endpoint.setOption(ConnectionOption.userTimeout, ms);
  }

  /**
   * The Differentiated Services field of what is sent from now on, 0 to 63 (RFC 2474, RFC 9293 section 3.9.1.5);
   * by default that of the stack.
   */
  setDiffServ(codePoint: number): void {
    checkRange("codePoint", codePoint, 0, 63);
    this.#endpoint.setOption(ConnectionOption.diffServ, codePoint);
  }

  /** The hop limit (TTL) of what is sent from now on, 1 to 255; by default that of the stack. */
  setHopLimit(hops: number): void {
    checkRange("hops", hops, 1, 255);
    this.#endpoint.setOption(ConnectionOption.hopLimit, hops);
  }

  /**
   * Called for what happens beside the bytes: urgent data, and reports of the network that do not end the
   * connection. Null, the default, for nobody; `info()` tells the last of each in any case.
   */
  set onNotice(handler: ((notice: TcpNotice) => void) | null) {
    this.#endpoint.setOnNotice(handler);
  }

  /** Changes the congestion control; the window stays as it is. */
  setCongestionControl(name: CongestionName): void {
    const index = CONGESTION_NAMES.indexOf(name);
    if (index < 0) {
      throw new TypeError(
        `"${name}" is not a congestion control; there are ${CONGESTION_NAMES.join(", ")}`,
      );
    }
    this.#endpoint.setOption(ConnectionOption.congestion, index);
  }

  /** The state of the connection and its measurements, as of the stack's last work on it. */
  info(): TcpInfo {
    this.#mustBeOpen();
    return readInfo(this.#endpoint.port.layout, this.#endpoint.row);
  }

  /** The receiving direction as a byte stream; its end or its cancellation closes the connection. */
  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    this.#readable ??= this.#makeReadable();
    return this.#readable;
  }

  /** The sending direction as a stream; closing or aborting it closes the connection. */
  get writable(): WritableStream<Uint8Array<ArrayBufferLike>> {
    this.#writable ??= this.#makeWritable();
    return this.#writable;
  }

  /** Closes the connection unless it is closed already. */
  [Symbol.dispose](): void {
    this.#closeQuietly();
  }

  #mustBeOpen(): void {
    if (this.#endpoint.closed) throw new Deno.errors.BadResource("Bad resource ID");
  }

  #closeQuietly(): void {
    if (!this.#endpoint.closed) this.#endpoint.close();
  }

  #makeReadable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return new ReadableStream({
      type: "bytes",
      autoAllocateChunkSize: READABLE_CHUNK_BYTES,
      pull: async (controller) => {
        // With `autoAllocateChunkSize` there is always a request.
        const request = (controller as ReadableByteStreamController).byobRequest!;
        const view = request.view as Uint8Array<ArrayBuffer>;
        try {
          if (this.#endpoint.closed) throw streamClosed();
          const count = await this.#endpoint.read(view);
          if (count === null) {
            this.#closeQuietly();
            controller.close();
            request.respond(0);
          } else {
            request.respond(count);
          }
        } catch (error) {
          controller.error(error);
          this.#closeQuietly();
        }
      },
      cancel: () => this.#closeQuietly(),
    });
  }

  #makeWritable(): WritableStream<Uint8Array<ArrayBufferLike>> {
    return new WritableStream({
      write: async (chunk) => {
        try {
          const bytes = bytesOf(chunk);
          if (this.#endpoint.closed) throw streamClosed();
          let done = 0;
          while (done < bytes.length) {
            done += await this.#endpoint.write(done === 0 ? bytes : bytes.subarray(done));
          }
        } catch (error) {
          this.#closeQuietly();
          throw error;
        }
      },
      close: () => this.#closeQuietly(),
      abort: () => this.#closeQuietly(),
    });
  }
}

/** The bytes of a chunk that was written to `writable`: those of any view, or of a whole buffer. */
function bytesOf(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  if (ArrayBuffer.isView(chunk)) {
    return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  }
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk);
  throw new TypeError("Expected ArrayBuffer or ArrayBufferView for write chunk");
}

function checkRange(name: string, value: number, low: number, high: number): void {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new RangeError(`${name}: ${value} is not a whole number from ${low} to ${high}`);
  }
}
