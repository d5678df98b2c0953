import type { BlockMemory } from "../ring/chain.ts";
import { DATAGRAM_HEADER_BYTES, DatagramWord, setSendWaiting } from "../ring/datagram.ts";
import type { Layout } from "../ring/layout.ts";
import type { BlockPool } from "../ring/pool.ts";
import { StreamReader, StreamWriter } from "../ring/stream.ts";

/** What an endpoint needs of the port that it belongs to. */
export interface DatagramHost {
  readonly layout: Layout;
  /** The memory of bytes to send. */
  readonly pool: BlockPool;
  /** The endpoint has received or sent; `loud` when the stage should look soon. */
  news(endpoint: DatagramEndpoint, loud: boolean): void;
  /** Calls the endpoint again when more of the send memory is free. */
  awaitSendMemory(endpoint: DatagramEndpoint): void;
}

/** Who owns an endpoint, and is told when there is something to receive, or room to send. */
export type DatagramHandler = (endpoint: DatagramEndpoint) => void;

/** The application's end of a UDP socket in one pipeline: the two queues of datagrams in shared memory. */
export class DatagramEndpoint {
  readonly row: number;
  readonly generation: number;
  /** The header of the datagram that `receive` took last. */
  readonly header: Int32Array = new Int32Array(DATAGRAM_HEADER_BYTES / 4);
  readonly #headerBytes = new Uint8Array(this.header.buffer);
  readonly #host: DatagramHost;
  readonly #handler: DatagramHandler;
  readonly #receive: StreamReader;
  readonly #send: StreamWriter;

  constructor(
    host: DatagramHost,
    memory: BlockMemory,
    row: number,
    generation: number,
    handler: DatagramHandler,
  ) {
    const { layout } = host;
    this.#host = host;
    this.row = row;
    this.generation = generation;
    this.#handler = handler;
    const { table } = layout.receivePool;
    this.#receive = new StreamReader(memory.copier, table, layout.receiveStream(row));
    this.#send = new StreamWriter(memory, layout.sendStream(row));
  }

  /** Bytes that wait to be received, and to be sent; headers included. */
  get receiveBytes(): number {
    return this.#receive.available;
  }

  /** Bytes that wait to be sent, headers included. */
  get sendBytes(): number {
    return this.#send.pending;
  }

  /**
   * Takes the oldest datagram: as much of its payload as `target` takes, the rest is lost, as with recvfrom(2).
   * Without a target it gets an array of its own. The result is what was written; there must be a datagram.
   */
  receive(target: Uint8Array<ArrayBuffer> | null): Uint8Array<ArrayBuffer> {
    this.#receive.read(this.#headerBytes);
    const length = this.header[DatagramWord.length];
    const into = target ?? new Uint8Array(length);
    const count = Math.min(length, into.length);
    this.#receive.read(into, count);
    this.#receive.skip(length - count);
    // Its memory goes back when the queue is empty; else with the next datagrams.
    if (this.#receive.available === 0) this.#host.news(this, false);
    return target === null ? into : into.subarray(0, count);
  }

  /**
   * Queues a datagram: its header's eleven words as bytes, and its payload. False when there is no room; the
   * handler is then called when there may be. `limitBytes` is what may be queued; one datagram always may.
   */
  send(header: Uint8Array, payload: Uint8Array, limitBytes: number): boolean {
    const send = this.#send;
    send.reclaim();
    const needed = DATAGRAM_HEADER_BYTES + payload.length;
    if (!this.#hasRoom(needed, limitBytes)) {
      this.#setWaiting(true);
      // What the stage has sent before it saw that may have been all there was.
      if (!this.#hasRoom(needed, limitBytes)) return false;
      this.#setWaiting(false);
    }
    const pending = send.pending;
    const isOverShare = pending > 0 && pending + needed > this.#host.pool.shareBytes;
    if (isOverShare || !send.hasMemoryFor(needed)) {
      this.#setWaiting(true);
      this.#host.awaitSendMemory(this);
      return false;
    }
    send.appendArray(header, 0, DATAGRAM_HEADER_BYTES);
    if (payload.length > 0) send.appendArray(payload, 0, payload.length);
    send.publish();
    this.#host.news(this, true);
    return true;
  }

  /** The stage has changed something. */
  onNews(): void {
    this.#setWaiting(false);
    this.#send.reclaim();
    this.#handler(this);
  }

  /** Memory to send from may have become free. */
  resumeWrites(): void {
    this.#handler(this);
  }

  /** The stage is done with the row: gives the memory of what was sent back. */
  dispose(): void {
    this.#send.dispose();
  }

  #setWaiting(waiting: boolean): void {
    const { layout } = this.#host;
    setSendWaiting(layout.words, layout.row(this.row), waiting);
  }

  #hasRoom(needed: number, limitBytes: number): boolean {
    const pending = this.#send.pending;
    return pending === 0 || pending + needed <= limitBytes;
  }
}
