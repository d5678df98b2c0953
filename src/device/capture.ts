import { type Clock, systemClock } from "../base/clock.ts";
import { VIRTIO_HEADER_BYTES } from "../wire/virtio.ts";
import { type Device, SendOutcome } from "./device.ts";
import { Direction, PcapngWriter } from "./pcapng.ts";

/** How a device is captured. */
export interface CaptureOptions {
  /** Bytes of each packet that are kept; the rest is only counted. Default: all. */
  readonly snapLength?: number;
  /** Whose time is written; default: the machine's. */
  readonly clock?: Clock;
  /** The name of the interface in the capture; default: the device's. */
  readonly name?: string;
}

/** A packet that is kept back until it is known what there is to say about it. */
interface Kept {
  readonly bytes: Uint8Array;
  readonly originalLength: number;
  readonly timeUs: number;
  readonly direction: Direction;
  readonly comments: string[];
}

/**
 * Records every frame that passes a device, as pcapng: `write` gets the file block by block, and may keep the bytes.
 *
 * A frame is written when the next one comes, or with {@link CapturingDevice.flush}, so that {@link CapturingDevice.comment}
 * can add to the last one what became of it: a drop and its reason, a change of state. The virtio-net header of offload is
 * left out; a super-segment is recorded whole.
 */
export function capture(
  device: Device,
  write: (block: Uint8Array) => void,
  options: CaptureOptions = {},
): CapturingDevice {
  return new CapturingDevice(device, write, options);
}

/** A device whose frames are recorded, made by {@link capture}. */
export class CapturingDevice implements Device {
  readonly name: string;
  readonly virtioHeader: boolean;
  readonly #device: Device;
  readonly #writer: PcapngWriter;
  readonly #interface: number;
  readonly #clock: Clock;
  readonly #snapLength: number;
  #last: Kept | null = null;

  /** As {@link capture}. */
  constructor(device: Device, write: (block: Uint8Array) => void, options: CaptureOptions) {
    const { snapLength = Infinity, clock = systemClock, name = device.name } = options;
    if (!(snapLength >= 1)) {
      throw new RangeError(`snapLength: ${snapLength} is not a number of bytes from 1 on`);
    }
    this.#device = device;
    this.name = device.name;
    this.virtioHeader = device.virtioHeader;
    this.#clock = clock;
    this.#snapLength = snapLength;
    this.#writer = new PcapngWriter(write);
    this.#interface = this.#writer.interface(name);
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
      const there = Math.min(length, limit);
      this.#keep(memory.subarray(offset, offset + there), there, Direction.inbound);
      if (length > limit) this.comment(`longer than the ${limit} bytes that there was room for`);
    }
    return length;
  }

  send(memory: Uint8Array, pieces: Int32Array, count: number): SendOutcome {
    const outcome = this.#device.send(memory, pieces, count);
    this.#keepPieces(memory, pieces, count);
    if (outcome !== SendOutcome.sent) this.comment("not sent: the device refused it or was full");
    return outcome;
  }

  nextArrival(): number {
    return this.#device.nextArrival();
  }

  /** Adds a comment to the frame that passed last; nothing happens before the first. */
  comment(text: string): void {
    this.#last?.comments.push(text);
  }

  /** Writes the frame that passed last. */
  flush(): void {
    const last = this.#last;
    if (last === null) return;
    this.#last = null;
    this.#writer.packet(this.#interface, last.bytes, last);
  }

  close(): void {
    this.flush();
    this.#device.close();
  }

  #keepPieces(memory: Uint8Array, pieces: Int32Array, count: number): void {
    let length = 0;
    for (let i = 0; i < count; i++) length += pieces[2 * i + 1];
    const header = this.virtioHeader ? VIRTIO_HEADER_BYTES : 0;
    const bytes = new Uint8Array(Math.min(length, this.#snapLength + header));
    let done = 0;
    for (let i = 0; i < count && done < bytes.length; i++) {
      const take = Math.min(pieces[2 * i + 1], bytes.length - done);
      bytes.set(memory.subarray(pieces[2 * i], pieces[2 * i] + take), done);
      done += take;
    }
    this.#keep(bytes, length, Direction.outbound);
  }

  #keep(frame: Uint8Array, length: number, direction: Direction): void {
    this.flush();
    const header = this.virtioHeader ? VIRTIO_HEADER_BYTES : 0;
    this.#last = {
      bytes: frame.slice(header, header + this.#snapLength),
      originalLength: Math.max(0, length - header),
      timeUs: this.#clock.originUs + this.#clock.now(),
      direction,
      comments: [],
    };
  }
}
