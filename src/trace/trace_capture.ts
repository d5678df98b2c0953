/**
 * Captures of a stack that runs in threads: made from its trace, which tells headers, states and drops but holds no payload.
 * Packets are written cut behind their headers, with the length that they had.
 */

import { Memory } from "../base/memory.ts";
import { Direction, PcapngWriter } from "../device/pcapng.ts";
import { ChecksumMode, finishTcpChecksum, writePacket } from "../ip/output.ts";
import { TraceKind, type TraceRecord } from "../pipeline/trace_ring.ts";
import { CaptureWindow } from "./capture_window.ts";

/** Room for the headers of a packet: IPv6 and TCP with all options need 100 bytes. */
const HEADERS_MAX_BYTES = 128;

/**
 * Writes trace records as pcapng. {@link TraceCapture.take} is for the option `trace` of `open`; changes of state and drops
 * become comments.
 */
export class TraceCapture {
  readonly #window: CaptureWindow;
  readonly #memory = new Memory(new SharedArrayBuffer(HEADERS_MAX_BYTES));

  /** `write` gets the file block by block; `name` is the interface's. */
  constructor(write: (block: Uint8Array) => void, name: string) {
    const writer = new PcapngWriter(write);
    this.#window = new CaptureWindow(writer, writer.interface(name));
  }

  /** Takes the next record. */
  take(record: TraceRecord): void {
    if (record.kind === TraceKind.segmentIn) this.#add(record, Direction.inbound);
    if (record.kind === TraceKind.segmentOut) this.#add(record, Direction.outbound);
    this.#window.take(record);
  }

  /** Writes the packets that are kept back for their comments. */
  flush(): void {
    this.#window.flush();
  }

  #add(record: TraceRecord, direction: Direction): void {
    const { segment, timeUs } = record;
    const { payloadLength } = segment;
    const memory = this.#memory;
    const length = writePacket(memory, 0, segment, payloadLength, 0, ChecksumMode.full);
    // With payload, of which nothing is here, nobody can check the sum.
    if (payloadLength === 0) finishTcpChecksum(memory.view, 0, length, 0);
    const bytes = memory.bytes.slice(0, length);
    const originalLength = length + payloadLength;
    this.#window.add({ bytes, originalLength, timeUs, direction, comments: [] }, segment);
  }
}
