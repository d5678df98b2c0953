/** A TUN whose frames are marked on the way, and whose kernel is made to ask for accurate ECN. */

import {
  type Device,
  impair,
  type ImpairedDevice,
  SeededRandom,
  type SendOutcome,
  systemClock,
  TunDevice,
} from "../../mod.ts";
import { parseCidr } from "../../src/base/address.ts";
import { VIRTIO_HEADER_BYTES } from "../../src/wire/virtio.ts";
import { Flag } from "../../src/wire/segment.ts";
import { HOST } from "./stack.ts";

/** What the link does. */
export interface MarkingOptions {
  readonly name: string;
  readonly seed: number;
  /** Probability of a mark on an ECN-capable packet, in both directions. */
  readonly mark: number;
  readonly offload: boolean;
  /**
   * Whether SYNs of the kernel get the AE flag: Linux 6.18 speaks accurate ECN when it is answered in it, but
   * does not ask for it.
   */
  readonly accurate: boolean;
  readonly delayUs?: number;
}

/** A configured TUN behind a marking link; the impairment's numbers are those of its `stats()`. */
export function markingTun(options: MarkingOptions): ImpairedDevice {
  const { name, seed, mark, offload, accurate, delayUs } = options;
  const tun = TunDevice.open({ name, offload });
  tun.configure({ hostAddress: [parseCidr(`${HOST}/24`, "hostAddress")] });
  const device = accurate ? new AskingDevice(tun) : tun;
  const link = { mark, delayUs };
  const sources = { clock: systemClock, random: new SeededRandom(seed) };
  return impair(device, { send: link, receive: link }, sources);
}

/** Sets AE in every SYN that asks for ECN. */
class AskingDevice implements Device {
  readonly name: string;
  readonly mtu: number;
  readonly virtioHeader: boolean;
  readonly #device: Device;

  constructor(device: Device) {
    this.#device = device;
    this.name = device.name;
    this.mtu = device.mtu;
    this.virtioHeader = device.virtioHeader;
  }

  get onArrival(): (() => void) | null {
    return this.#device.onArrival;
  }

  set onArrival(handler: (() => void) | null) {
    this.#device.onArrival = handler;
  }

  receive(memory: Uint8Array, offset: number, limit: number): number {
    const length = this.#device.receive(memory, offset, limit);
    if (length > 0) askAccurately(memory, offset + (this.virtioHeader ? VIRTIO_HEADER_BYTES : 0));
    return length;
  }

  send(memory: Uint8Array, pieces: Int32Array, count: number): SendOutcome {
    return this.#device.send(memory, pieces, count);
  }

  nextArrival(): number {
    return this.#device.nextArrival();
  }

  close(): void {
    this.#device.close();
  }
}

const SYN_ASKS = Flag.SYN | Flag.ECE | Flag.CWR;
const IPV4_HEADER = 20;

function askAccurately(memory: Uint8Array, ip: number): void {
  const tcp = ip + IPV4_HEADER;
  if (memory[ip] !== 0x45 || memory[ip + 9] !== 6 || memory[tcp + 13] !== SYN_ASKS) return;
  memory[tcp + 12] |= Flag.AE >> 8;
  // One more in the upper byte of a word is one less in its complement; a partial checksum covers no header.
  if (memory[ip - VIRTIO_HEADER_BYTES] === 1) return;
  const checksum = (memory[tcp + 16] << 8) | memory[tcp + 17];
  let sum = (~checksum & 0xffff) + Flag.AE;
  sum = (sum & 0xffff) + (sum >> 16);
  memory[tcp + 16] = (~sum >> 8) & 0xff;
  memory[tcp + 17] = ~sum & 0xff;
}
