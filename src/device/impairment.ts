import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import { gatheredLength, LastView } from "./copy_bytes.ts";
import { type Device, SendOutcome } from "./device.ts";
import { ImpairedPath, type Impairment, type ImpairmentStats } from "./impaired_path.ts";

import { VIRTIO_HEADER_BYTES } from "../wire/virtio.ts";

export type { BurstLoss, Impairment, ImpairmentStats, QueueDiscipline } from "./impaired_path.ts";

/** The impairments of the two directions of a device; a direction without one stays as it is. */
export interface ImpairmentOptions {
  /** What happens to frames that are sent. */
  readonly send?: Impairment;
  /** What happens to frames before they are received. */
  readonly receive?: Impairment;
}

/** Where an impaired device takes its time and its chance from. */
export interface ImpairmentSources {
  /** The clock of the device's user: a manual one for simulation, the machine's otherwise. */
  readonly clock: Clock;
  /** A seeded generator, when a run is to be repeated. */
  readonly random: Random;
}

/** The counts of both directions; a direction without an impairment has none. */
export interface ImpairedDeviceStats {
  /** Of what was sent. */
  readonly send: ImpairmentStats | null;
  /** Of what was or will be received. */
  readonly receive: ImpairmentStats | null;
}

/**
 * Puts a bad link before a device: see {@link Impairment} for what it can do.
 *
 * Frames that are sent leave when they are due, and that happens within `receive`, `send` and
 * `nextArrival`: the device has no timer of its own. So `nextArrival` is the time of the next frame in *either*
 * direction, `onArrival` is called also when a frame that was sent makes it earlier, and whoever uses
 * the device calls `receive` at that time, as for any device; it may then get 0.
 *
 * A frame that is lost on the path counts as `sent` for its sender, who could not know.
 *
 * Throws `RangeError` for an impossible impairment, and `TypeError` for corruption on a device with offload:
 * its frames have no finished checksums, so the corruption would go unnoticed and reach the application.
 */
export function impair(
  device: Device,
  options: ImpairmentOptions,
  sources: ImpairmentSources,
): ImpairedDevice {
  return new ImpairedDevice(device, options, sources);
}

/** The longest IP packet that a device with offload gives or takes, whatever its MTU. */
const SUPER_PACKET_BYTES = 65535;

/** What one look at the device behind takes in at the most, so that a flood cannot hold the caller. */
const PULL_MAX_FRAMES = 1024;

/** A device behind a bad link, made by {@link impair}. */
export class ImpairedDevice implements Device {
  readonly name: string;
  readonly mtu: number;
  readonly virtioHeader: boolean;
  onArrival: (() => void) | null = null;

  readonly #device: Device;
  readonly #clock: Clock;
  readonly #sendPath: ImpairedPath | null;
  readonly #receivePath: ImpairedPath | null;
  readonly #frameMaxBytes: number;
  readonly #sendView = new LastView();
  readonly #receiveView = new LastView();
  readonly #onePiece = new Int32Array(2);
  #closed = false;

  /** As {@link impair}. */
  constructor(device: Device, options: ImpairmentOptions, sources: ImpairmentSources) {
    this.#device = device;
    this.#clock = sources.clock;
    this.name = device.name;
    this.mtu = device.mtu;
    this.virtioHeader = device.virtioHeader;
    this.#frameMaxBytes = device.virtioHeader
      ? VIRTIO_HEADER_BYTES + SUPER_PACKET_BYTES
      : device.mtu;
    this.#sendPath = this.#path(options.send, "send", sources.random);
    this.#receivePath = this.#path(options.receive, "receive", sources.random);
    device.onArrival = () => this.#arrived();
  }

  receive(memory: Uint8Array, offset: number, limit: number): number {
    if (this.#closed) return 0;
    const nowUs = this.#clock.now();
    this.#releaseSent(nowUs);
    const path = this.#receivePath;
    if (path === null) return this.#device.receive(memory, offset, limit);
    this.#pull(path, nowUs);
    const slot = path.removeDue(nowUs);
    if (slot < 0) return 0;
    const length = path.store.copyOut(slot, this.#receiveView.of(memory), offset, limit);
    path.finish(slot, true);
    return length;
  }

  send(memory: Uint8Array, pieces: Int32Array, count: number): SendOutcome {
    if (this.#closed) return SendOutcome.refused;
    const path = this.#sendPath;
    if (path === null) return this.#device.send(memory, pieces, count);
    const length = gatheredLength(pieces, count);
    if (length < 1 || length > this.#frameMaxBytes) return SendOutcome.refused;
    const nowUs = this.#clock.now();
    this.#releaseSent(nowUs);
    const before = path.nextDue();
    const slot = path.store.take();
    if (slot < 0) {
      path.dropAtEntry();
      return SendOutcome.sent;
    }
    path.store.gather(slot, this.#sendView.of(memory), pieces, count);
    path.enter(slot, nowUs);
    this.#releaseSent(nowUs);
    if (path.nextDue() < before) this.onArrival?.();
    return SendOutcome.sent;
  }

  nextArrival(): number {
    if (this.#closed) return Infinity;
    const nowUs = this.#clock.now();
    this.#releaseSent(nowUs);
    const sendUs = this.#sendPath === null ? Infinity : this.#sendPath.nextDue();
    let receiveUs = Infinity;
    if (this.#receivePath !== null) {
      this.#pull(this.#receivePath, nowUs);
      receiveUs = this.#receivePath.nextDue();
    }
    return Math.min(sendUs, receiveUs, this.#device.nextArrival());
  }

  /** Closes the device behind too; what is on its way is lost. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#sendPath?.clear();
    this.#receivePath?.clear();
    this.#device.onArrival = null;
    this.#device.close();
  }

  /** What happened so far. */
  stats(): ImpairedDeviceStats {
    return {
      send: this.#sendPath?.stats() ?? null,
      receive: this.#receivePath?.stats() ?? null,
    };
  }

  #path(impairment: Impairment | undefined, option: string, random: Random): ImpairedPath | null {
    if (impairment === undefined) return null;
    if (this.virtioHeader && (impairment.corrupt ?? 0) > 0) {
      throw new TypeError(
        `${option}.corrupt: "${this.name}" has offload on, and its unfinished checksums would hide ` +
          `the corruption; open it with offload: false`,
      );
    }
    const headerBytes = this.virtioHeader ? VIRTIO_HEADER_BYTES : 0;
    return new ImpairedPath(impairment, option, this.#frameMaxBytes, headerBytes, random);
  }

  /** Frames start on their way at the moment of their arrival, whenever their receiver looks. */
  #arrived(): void {
    const path = this.#receivePath;
    if (path === null) {
      this.onArrival?.();
      return;
    }
    const before = path.nextDue();
    this.#pull(path, this.#clock.now());
    if (path.nextDue() < before || this.#device.nextArrival() < before) this.onArrival?.();
  }

  /** Moves what waits in the device behind onto the path. */
  #pull(path: ImpairedPath, nowUs: number): void {
    const store = path.store;
    for (let i = 0; i < PULL_MAX_FRAMES; i++) {
      const slot = store.take();
      if (slot < 0) return;
      const length = this.#device.receive(
        store.bytesOf(slot),
        store.offsetOf(slot),
        store.slotBytes,
      );
      if (length === 0) {
        store.release(slot);
        return;
      }
      store.setLength(slot, Math.min(length, store.slotBytes));
      path.enter(slot, nowUs);
    }
  }

  /** Hands what was sent and is due to the device behind. */
  #releaseSent(nowUs: number): void {
    const path = this.#sendPath;
    if (path === null) return;
    const store = path.store;
    for (let slot = path.removeDue(nowUs); slot >= 0; slot = path.removeDue(nowUs)) {
      this.#onePiece[0] = store.offsetOf(slot);
      this.#onePiece[1] = store.lengthOf(slot);
      const outcome = this.#device.send(store.bytesOf(slot), this.#onePiece, 1);
      path.finish(slot, outcome === SendOutcome.sent);
    }
  }
}
