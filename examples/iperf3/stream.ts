/** The streams of a test: what they count, and those over TCP. */

import type { TcpInfo } from "../../mod.ts";
import type { IperfConn } from "./control.ts";
import type { Parameters } from "./parameters.ts";

/** What a stream has carried. */
export class StreamTotals {
  bytes = 0;
  /** Datagrams: the highest number seen, or how many were sent. */
  packets = 0;
  lost = 0;
  /** Variation of the way's time as RFC 1889 has it. */
  jitterSeconds = 0;
  packetsOmitted = 0;
  lostOmitted = 0;

  /** Begins to count: what was before does not matter. */
  omit(): void {
    this.bytes = 0;
    this.packetsOmitted = this.packets;
    this.lostOmitted = this.lost;
  }

  /** The bytes of several. */
  static sum(totals: readonly StreamTotals[]): number {
    return totals.reduce((sum, { bytes }) => sum + bytes, 0);
  }
}

/** One stream of a test. */
export interface Stream {
  readonly id: number;
  /** Whether the server sends. */
  readonly isSender: boolean;
  readonly totals: StreamTotals;
  /** Sends or receives from now on. */
  start(): void;
  /** Ends it; calling it again does nothing. */
  stop(): void;
  /** What the stack knows of its connection, or null. */
  info(): TcpInfo | null;
}

/** iperf3 numbers its streams 1, 3, 4, 5, ... */
export function streamId(index: number): number {
  return index === 0 ? 1 : index + 2;
}

/** Bytes that are read at once. */
const READ_BYTES = 262_144;

/** Holds a sender to a rate: tells how long it must wait before the next block. */
export class Pace {
  readonly #bitsPerSecond: number;
  readonly #startMs = performance.now();
  #bits = 0;

  /** A rate of 0 is no limit. */
  constructor(bitsPerSecond: number) {
    this.#bitsPerSecond = bitsPerSecond;
  }

  /** Counts a block; milliseconds until the next is due, at most 0 when it is due already. */
  next(bytes: number): number {
    if (this.#bitsPerSecond === 0) return 0;
    this.#bits += 8 * bytes;
    return this.#startMs + 1000 * this.#bits / this.#bitsPerSecond - performance.now();
  }
}

/** Waits, if there is something to wait for. */
export async function pause(milliseconds: number): Promise<void> {
  if (milliseconds > 0) await new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** A stream that is a connection. */
export class TcpStream implements Stream {
  readonly totals = new StreamTotals();
  readonly #conn: IperfConn;
  readonly #parameters: Parameters;
  #isOver = false;
  #info: TcpInfo | null = null;

  constructor(
    conn: IperfConn,
    readonly id: number,
    readonly isSender: boolean,
    parameters: Parameters,
  ) {
    this.#conn = conn;
    this.#parameters = parameters;
  }

  start(): void {
    // A stream that fails ends alone; the control connection tells what becomes of the test.
    (this.isSender ? this.#send() : this.#receive()).catch(() => {});
  }

  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#info = this.#read();
    try {
      this.#conn.close();
    } catch {
      // Its end was noticed before.
    }
  }

  info(): TcpInfo | null {
    return this.#isOver ? this.#info : this.#read();
  }

  #read(): TcpInfo | null {
    try {
      return this.#conn.info?.() ?? null;
    } catch {
      return null;
    }
  }

  async #send(): Promise<void> {
    const { blockBytes, bitsPerSecond } = this.#parameters;
    const block = new Uint8Array(blockBytes);
    const pace = new Pace(bitsPerSecond);
    while (!this.#isOver) {
      const count = await this.#conn.write(block);
      this.totals.bytes += count;
      await pause(pace.next(count));
    }
  }

  async #receive(): Promise<void> {
    const buffer = new Uint8Array(READ_BYTES);
    while (!this.#isOver) {
      const count = await this.#conn.read(buffer);
      if (count === null) return;
      this.totals.bytes += count;
    }
  }
}
