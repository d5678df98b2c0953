/**
 * The streams of a UDP test. Each begins with a datagram that asks for it; datagrams then carry when they were sent and
 * their number:
 *
 * ```text
 *   0 seconds    4 microseconds    8 number, 32 or 64 bits    ... up to the length of a block
 * ```
 */

import type { Parameters } from "./parameters.ts";
import { Pace, pause, type Stream, StreamTotals } from "./stream.ts";

/** What the server needs of a socket: `Deno.DatagramConn` has it, and that of a stack. */
export interface IperfDatagramConn {
  receive(buffer?: Uint8Array): Promise<[Uint8Array, Deno.Addr]>;
  send(bytes: Uint8Array, to: Deno.Addr): Promise<number>;
  close(): void;
}

/** A network with datagrams. */
export interface DatagramNet {
  listenDatagram(
    options: { transport: "udp"; hostname: string; port: number },
  ): IperfDatagramConn;
}

/** What asks for a stream ends the same in all versions: four bytes. The answer is "6789" in their order. */
const REQUEST_BYTES = 4;
const REPLY = new TextEncoder().encode("6789");
const HEADER_BYTES = 16;
const NARROW_HEADER_BYTES = 12;
/** Gain of the jitter's filter (RFC 1889 section 6.3.1). */
const JITTER_GAIN = 1 / 16;
/** Datagrams that are sent before others get their turn. */
const BURST = 32;

/** Takes in the requests for streams and the datagrams of all of them. */
export class DatagramStreams {
  readonly #conn: IperfDatagramConn;
  readonly #streams = new Map<string, UdpStream>();

  /** `add` is called for each new stream, with what makes it. */
  constructor(
    conn: IperfDatagramConn,
    parameters: Parameters,
    add: (make: (id: number) => Stream) => void,
  ) {
    this.#conn = conn;
    this.#receive(parameters, add).catch(() => {});
  }

  close(): void {
    try {
      this.#conn.close();
    } catch {
      // A test that ends early closes it twice.
    }
  }

  async #receive(
    parameters: Parameters,
    add: (make: (id: number) => Stream) => void,
  ): Promise<void> {
    const buffer = new Uint8Array(65_536);
    for (;;) {
      const [bytes, from] = await this.#conn.receive(buffer);
      const { hostname, port } = from as Deno.NetAddr;
      const key = `${hostname} ${port}`;
      const stream = this.#streams.get(key);
      if (stream !== undefined) {
        stream.onDatagram(bytes);
        continue;
      }
      if (bytes.length !== REQUEST_BYTES || this.#streams.size >= parameters.streams) continue;
      const isSender = parameters.sends(this.#streams.size);
      add((id) => {
        const fresh = new UdpStream(this.#conn, from, id, isSender, parameters);
        this.#streams.set(key, fresh);
        return fresh;
      });
      await this.#conn.send(REPLY, from);
    }
  }
}

/** One stream: the datagrams from or to one address. */
class UdpStream implements Stream {
  readonly totals = new StreamTotals();
  readonly #conn: IperfDatagramConn;
  readonly #peer: Deno.Addr;
  readonly #parameters: Parameters;
  #isRunning = false;
  #lastTransit = NaN;

  constructor(
    conn: IperfDatagramConn,
    peer: Deno.Addr,
    readonly id: number,
    readonly isSender: boolean,
    parameters: Parameters,
  ) {
    this.#conn = conn;
    this.#peer = peer;
    this.#parameters = parameters;
  }

  start(): void {
    this.#isRunning = true;
    if (this.isSender) this.#send().catch(() => {});
  }

  stop(): void {
    this.#isRunning = false;
  }

  info(): null {
    return null;
  }

  /** Counts a datagram that has come. */
  onDatagram(bytes: Uint8Array): void {
    const { totals } = this;
    const { hasWideCounters } = this.#parameters;
    if (bytes.length < (hasWideCounters ? HEADER_BYTES : NARROW_HEADER_BYTES)) return;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const number = hasWideCounters
      ? view.getUint32(8) * 0x1_0000_0000 + view.getUint32(12)
      : view.getUint32(8);
    totals.bytes += bytes.length;
    if (number > totals.packets) {
      totals.lost += number - totals.packets - 1;
      totals.packets = number;
    } else if (totals.lost > 0) {
      // It was late, not lost.
      totals.lost--;
    }
    const sentAt = view.getUint32(0) + view.getUint32(4) / 1e6;
    const transit = (performance.timeOrigin + performance.now()) / 1000 - sentAt;
    if (!Number.isNaN(this.#lastTransit)) {
      const difference = Math.abs(transit - this.#lastTransit);
      totals.jitterSeconds += (difference - totals.jitterSeconds) * JITTER_GAIN;
    }
    this.#lastTransit = transit;
  }

  async #send(): Promise<void> {
    const { blockBytes, bitsPerSecond, hasWideCounters } = this.#parameters;
    const block = new Uint8Array(Math.max(blockBytes, HEADER_BYTES));
    const view = new DataView(block.buffer);
    const pace = new Pace(bitsPerSecond);
    while (this.#isRunning) {
      const number = ++this.totals.packets;
      const nowUs = Math.floor(1000 * (performance.timeOrigin + performance.now()));
      view.setUint32(0, Math.floor(nowUs / 1e6));
      view.setUint32(4, nowUs % 1e6);
      if (hasWideCounters) {
        view.setUint32(8, Math.floor(number / 0x1_0000_0000));
        view.setUint32(12, number >>> 0);
      } else {
        view.setUint32(8, number);
      }
      this.totals.bytes += await this.#conn.send(block, this.#peer);
      const waitMs = pace.next(block.length);
      await pause(waitMs > 0 || number % BURST !== 0 ? waitMs : 1);
    }
  }
}
