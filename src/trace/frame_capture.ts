/**
 * Captures of a stack in one's own thread: whole frames from its device, with what the trace says of them as comments.
 * Frames pass the device before the trace is read, so they wait for their records.
 */

import type { Address } from "../base/address.ts";
import { type Clock, systemClock } from "../base/clock.ts";
import { dropNames } from "../base/drops.ts";
import { Memory } from "../base/memory.ts";
import { type Device, SendOutcome } from "../device/device.ts";
import { Direction, PcapngWriter } from "../device/pcapng.ts";
import { InputKind, PacketInput } from "../ip/input.ts";
import type { TraceRecord } from "../pipeline/trace_ring.ts";
import { checksumAdd, checksumFold } from "../wire/checksum.ts";
import { Segment } from "../wire/segment.ts";
import { VIRTIO_HEADER_BYTES, VirtioField, VirtioFlag } from "../wire/virtio.ts";
import { CaptureWindow } from "./capture_window.ts";
import { Decoded, decodePacket } from "./decode.ts";

/** Longest frame: a super-segment with its headers. */
const FRAME_MAX_BYTES = 66_000;

/** What is known of the stack whose frames are captured. */
export interface FrameCaptureOptions {
  /** The stack's addresses, to tell which frames it drops before TCP sees them. */
  readonly addresses: readonly Address[];
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** The interface's name in the capture; default: the device's. */
  readonly name?: string;
}

/** A device whose frames are recorded; {@link FrameCapture.take} is for the option `trace` of `open`. */
export class FrameCapture implements Device {
  readonly name: string;
  readonly virtioHeader: boolean;
  readonly #device: Device;
  readonly #window: CaptureWindow;
  readonly #clock: Clock;
  readonly #input: PacketInput;
  readonly #memory = new Memory(new SharedArrayBuffer(FRAME_MAX_BYTES));
  readonly #segment = new Segment();

  /**
   * Records what passes `device`. The file goes to `sink`, block by block; a writer may serve several devices, each of
   * which is an interface of the capture.
   */
  constructor(
    device: Device,
    sink: PcapngWriter | ((block: Uint8Array) => void),
    options: FrameCaptureOptions,
  ) {
    const { addresses, clock = systemClock, name = device.name } = options;
    this.#device = device;
    this.name = device.name;
    this.virtioHeader = device.virtioHeader;
    this.#clock = clock;
    const writer = sink instanceof PcapngWriter ? sink : new PcapngWriter(sink);
    this.#window = new CaptureWindow(writer, writer.interface(name));
    this.#input = new PacketInput({ virtioHeader: device.virtioHeader, addresses });
  }

  get mtu(): number {
    return this.#device.mtu;
  }

  get onArrival(): (() => void) | null {
    return this.#device.onArrival;
  }

  set onArrival(handler: (() => void) | null) {
    this.#device.onArrival = handler;
  }

  receive(memory: Uint8Array, offset: number, limit: number): number {
    const length = this.#device.receive(memory, offset, limit);
    if (length > 0) {
      const frame = memory.slice(offset, offset + Math.min(length, limit));
      this.#keep(frame, Direction.inbound, this.#inputFault(frame, length));
    }
    return length;
  }

  send(memory: Uint8Array, pieces: Int32Array, count: number): SendOutcome {
    const outcome = this.#device.send(memory, pieces, count);
    const fault = outcome === SendOutcome.sent
      ? null
      : "not sent: the device is full or refused it";
    this.#keep(gathered(memory, pieces, count), Direction.outbound, fault);
    return outcome;
  }

  nextArrival(): number {
    return this.#device.nextArrival();
  }

  close(): void {
    this.#device.close();
  }

  /** Takes the next trace record. */
  take(record: TraceRecord): void {
    this.#window.take(record);
  }

  /** Writes the frames that are kept back for their comments. */
  flush(): void {
    this.#window.flush();
  }

  #keep(frame: Uint8Array, direction: Direction, comment: string | null): void {
    const bytes = this.virtioHeader ? packetOf(frame) : frame;
    const isTcp = decodePacket(bytes, this.#segment) === Decoded.tcp;
    const timeUs = this.#clock.originUs + this.#clock.now();
    const comments = comment === null ? [] : [comment];
    this.#window.add({ bytes, timeUs, direction, comments }, isTcp ? this.#segment : null);
  }

  /** Why the stack's input drops this frame, asked of the same decoder. */
  #inputFault(frame: Uint8Array, length: number): string | null {
    if (length > frame.length || length > FRAME_MAX_BYTES) return "dropped: frameOversized";
    this.#memory.bytes.set(frame);
    const kind = this.#input.decode(this.#memory, 0, length, this.#segment);
    return kind === InputKind.dropped ? `dropped: ${dropNames[this.#input.reason]}` : null;
  }
}

/** The packet behind a virtio-net header, with the checksum that the other side of the device would have finished. */
function packetOf(frame: Uint8Array): Uint8Array {
  const packet = frame.subarray(VIRTIO_HEADER_BYTES);
  if (frame.length < VIRTIO_HEADER_BYTES) return packet;
  const header = new DataView(frame.buffer, frame.byteOffset, VIRTIO_HEADER_BYTES);
  if ((header.getUint8(VirtioField.flags) & VirtioFlag.needsChecksum) === 0) return packet;
  const start = header.getUint16(VirtioField.checksumStart, true);
  const field = start + header.getUint16(VirtioField.checksumOffset, true);
  if (field + 2 > packet.length) return packet;
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
  // The field holds the sum of the pseudo-header, which so becomes part of the whole.
  view.setUint16(field, checksumFold(checksumAdd(view, start, packet.length - start, 0)));
  return packet;
}

function gathered(memory: Uint8Array, pieces: Int32Array, count: number): Uint8Array {
  let length = 0;
  for (let i = 0; i < count; i++) length += pieces[2 * i + 1];
  const frame = new Uint8Array(length);
  let at = 0;
  for (let i = 0; i < count; i++) {
    frame.set(memory.subarray(pieces[2 * i], pieces[2 * i] + pieces[2 * i + 1]), at);
    at += pieces[2 * i + 1];
  }
  return frame;
}
