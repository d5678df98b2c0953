import { type Device, SendOutcome } from "./device.ts";
import { ArrivalWatch } from "./arrival_watch.ts";
import { closeFd } from "./eventfd.ts";
import { configureInterface, type InterfaceOptions } from "./interface_config.ts";
import { Errno, errno, type Libc, libc } from "./libc.ts";
import { PollSet, WaitOutcome } from "./poll.ts";
import { openTun, type TunHandle, type TunOptions } from "./tun_open.ts";
import { ViewCache } from "./view_cache.ts";
import { VIRTIO_HEADER_BYTES } from "../wire/virtio.ts";

export { WaitOutcome } from "./poll.ts";
export type { TunHandle, TunOptions } from "./tun_open.ts";
export { closeFd, createEventFd, drainEventFd, signalEventFd } from "./eventfd.ts";

/** The most pieces that one frame may be gathered from. */
export const MAX_PIECES = 64;

/** Any memory will do until a call names its own. */
const NO_MEMORY = new Uint8Array(new ArrayBuffer(0));

/**
 * One queue of a TUN interface on Linux.
 *
 * Reads and writes never block; a worker blocks in {@link TunDevice.wait}. A thread opens and
 * configures the device, and others attach to its file descriptor with {@link TunDevice.fromFd}: one
 * thread may receive while another sends.
 *
 * `read` and `write` go by views where the offset is a frequent one, else by an iovec:
 *
 * ```text
 *   struct iovec, four words each:  | base low | base high | length low | length high (0) |
 * ```
 */
export class TunDevice implements Device {
  readonly name: string;
  readonly virtioHeader: boolean;
  /** Why the last `receive` gave 0 or the last `send` did not send; EAGAIN is the usual reason. */
  lastErrno = 0;

  readonly #libc: Libc;
  readonly #ownsFd: boolean;
  readonly #iovec: Uint32Array<ArrayBuffer>;
  readonly #iovecBytes: Uint8Array<ArrayBuffer>;
  readonly #pollSet: PollSet;
  #fd: number;
  #mtu: number;
  #memory: Uint8Array = NO_MEMORY;
  /** The address of `#memory`. Both are set together; `#memory` keeps what is there alive. */
  #base = 0;
  #views: ViewCache = new ViewCache(NO_MEMORY);
  #onArrival: (() => void) | null = null;
  #watch: ArrivalWatch | null = null;

  private constructor(handle: TunHandle, ownsFd: boolean) {
    this.#libc = libc();
    this.#fd = handle.fd;
    this.#ownsFd = ownsFd;
    this.name = handle.name;
    this.#mtu = handle.mtu;
    this.virtioHeader = handle.virtioHeader;
    this.#iovec = new Uint32Array(new ArrayBuffer(MAX_PIECES * 16));
    this.#iovecBytes = new Uint8Array(this.#iovec.buffer);
    this.#pollSet = new PollSet(handle.fd, -1);
  }

  /**
   * Opens one queue of a TUN interface, which is created when there is none of that name. Closing the
   * device closes the descriptor, and with the last one a created interface disappears.
   *
   * Throws `TypeError`/`RangeError` for an impossible name, `Deno.errors.NotFound` without
   * `/dev/net/tun`, `PermissionDenied`, `Busy`, and `NotSupported` where there is no Linux.
   */
  static open(options: TunOptions): TunDevice {
    return new TunDevice(openTun(options), true);
  }

  /**
   * Attaches to a descriptor that another thread of this process opened and will close. That
   * thread closes it only when this device is no longer used.
   */
  static fromFd(fd: number, description: Omit<TunHandle, "fd">): TunDevice {
    return new TunDevice({ ...description, fd }, false);
  }

  /** The open descriptor and what is known of it, to be posted to another thread. */
  get handle(): TunHandle {
    return { fd: this.#fd, name: this.name, mtu: this.#mtu, virtioHeader: this.virtioHeader };
  }

  get mtu(): number {
    return this.#mtu;
  }

  /** Configures the kernel's side, as {@link configureInterface} does, and takes over its MTU. */
  configure(options: InterfaceOptions = {}): void {
    this.#mtu = configureInterface(this.name, options).mtu;
  }

  receive(memory: Uint8Array, offset: number, limit: number): number {
    checkRange(memory, offset, limit);
    if (memory !== this.#memory) this.#use(memory);
    const view = this.#views.from(offset);
    let length: number;
    if (view !== null) {
      length = this.#libc.read(this.#fd, view as Uint8Array<ArrayBuffer>, limit);
    } else {
      this.#setIovec(0, offset, limit);
      length = this.#libc.readv(this.#fd, this.#iovecBytes, 1);
    }
    if (length <= 0) return this.#nothingReceived();
    if (length < limit) return length;
    const headerBytes = this.virtioHeader ? VIRTIO_HEADER_BYTES : 0;
    return wasCut(memory, offset + headerBytes, limit - headerBytes) ? limit + 1 : limit;
  }

  send(memory: Uint8Array, pieces: Int32Array, count: number): SendOutcome {
    if (!(count >= 1 && count <= MAX_PIECES && 2 * count <= pieces.length)) {
      throw new RangeError(`A frame is sent from 1 to ${MAX_PIECES} pieces, not from ${count}`);
    }
    if (memory !== this.#memory) this.#use(memory);
    let sent: number;
    let view: Uint8Array | null = null;
    if (count === 1) {
      checkRange(memory, pieces[0], pieces[1]);
      view = this.#views.from(pieces[0]);
    }
    if (view !== null) {
      sent = this.#libc.write(this.#fd, view as Uint8Array<ArrayBuffer>, pieces[1]);
    } else {
      for (let i = 0; i < count; i++) {
        checkRange(memory, pieces[2 * i], pieces[2 * i + 1]);
        this.#setIovec(i, pieces[2 * i], pieces[2 * i + 1]);
      }
      sent = this.#libc.writev(this.#fd, this.#iovecBytes, count);
    }
    return sent >= 0 ? SendOutcome.sent : this.#notSent();
  }

  /**
   * Blocks until a frame waits, `eventFd` is signalled or `timeoutMs` milliseconds are over (never
   * when negative). For workers: it holds up its thread.
   */
  wait(eventFd: number, timeoutMs: number): WaitOutcome {
    if (this.#fd < 0) return WaitOutcome.failed;
    this.#pollSet.set(this.#fd, eventFd);
    return this.#pollSet.wait(timeoutMs);
  }

  /** Throws an `Error` when the interface is gone: nothing will ever arrive. */
  nextArrival(): number {
    if (this.#fd < 0) return Infinity;
    const outcome = this.wait(-1, 0);
    if (outcome === WaitOutcome.failed) throw this.goneError();
    return outcome === WaitOutcome.readable ? 0 : Infinity;
  }

  /** What to throw after {@link WaitOutcome.failed}. */
  goneError(): Error {
    return new Error(`The TUN device ${this.name} is gone`);
  }

  get onArrival(): (() => void) | null {
    return this.#onArrival;
  }

  /** Set, it makes the device watch for arrivals on a thread of Deno's pool: see {@link ArrivalWatch}. */
  set onArrival(handler: (() => void) | null) {
    this.#onArrival = handler;
    if (handler === null || this.#fd < 0) {
      this.#watch?.stop();
      this.#watch = null;
      return;
    }
    this.#watch ??= new ArrivalWatch(this.#fd, () => this.#onArrival?.());
    this.#watch.arm();
  }

  close(): void {
    if (this.#fd < 0) return;
    this.#watch?.stop();
    this.#watch = null;
    if (this.#ownsFd) closeFd(this.#fd);
    this.#fd = -1;
    this.#memory = NO_MEMORY;
    this.#views = new ViewCache(NO_MEMORY);
  }

  #use(memory: Uint8Array): void {
    // A small array lies in V8's heap, where it may be moved, until its buffer is asked for.
    const size = memory.buffer.byteLength;
    const pointer = Deno.UnsafePointer.of(memory as Uint8Array<ArrayBuffer>);
    if (size === 0 || pointer === null) throw new TypeError("The memory for frames is empty");
    this.#base = Number(Deno.UnsafePointer.value(pointer));
    this.#views = new ViewCache(memory);
    this.#memory = memory;
  }

  #setIovec(index: number, offset: number, length: number): void {
    const address = this.#base + offset;
    const word = index << 2;
    this.#iovec[word] = address;
    this.#iovec[word + 1] = address / 0x1_0000_0000;
    this.#iovec[word + 2] = length;
  }

  #nothingReceived(): number {
    this.lastErrno = errno();
    if (this.#watch !== null && this.lastErrno === Errno.EAGAIN) this.#watch.arm();
    return 0;
  }

  #notSent(): SendOutcome {
    this.lastErrno = errno();
    switch (this.lastErrno) {
      case Errno.EAGAIN:
      case Errno.ENOBUFS:
      case Errno.ENOMEM:
        return SendOutcome.queueFull;
      default:
        return SendOutcome.refused;
    }
  }
}

/** FFI checks no bounds: a wrong offset would overwrite whatever lies there in the process. */
function checkRange(memory: Uint8Array, offset: number, length: number): void {
  if (!(offset >= 0 && length >= 0 && offset + length <= memory.length)) {
    throw new RangeError(
      `${length} bytes at ${offset} are not within the memory of ${memory.length} bytes`,
    );
  }
}

/**
 * Whether a packet that fills its place exactly is longer than that: the kernel says how much it
 * gave, not how much there was, but the packet's own header tells (RFC 791 section 3.1, RFC 8200
 * section 3).
 */
function wasCut(memory: Uint8Array, offset: number, length: number): boolean {
  if (length < 20) return true;
  if (memory[offset] >>> 4 === 6) {
    return length < 40 + ((memory[offset + 4] << 8) | memory[offset + 5]);
  }
  return length < ((memory[offset + 2] << 8) | memory[offset + 3]);
}
