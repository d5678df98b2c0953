/** Puts any bytes on an interface as one packet, past everything that the kernel would check. */

import { closeFd } from "../../src/device/eventfd.ts";
import { IFREQ_UNION, interfaceRequest } from "../../src/device/ifreq.ts";
import { Errno, errno, errnoName, libc } from "../../src/device/libc.ts";

const AF_PACKET = 17;
const SOCK_RAW = 3;
const SIOCGIFINDEX = 0x8933;

/**
 * A packet socket (packet(7)) on one interface; on a TUN what it sends is what the stack receives.
 *
 * ```text
 *   struct sockaddr_ll:  family 0..1 | protocol 2..3 | interface 4..7 | ... 19
 * ```
 */
export class RawSender implements Disposable {
  readonly #fd: number;

  constructor(device: string) {
    this.#fd = libc().socket(AF_PACKET, SOCK_RAW, 0);
    if (this.#fd < 0) throw new Error(`No packet socket: ${errnoName(errno())}`);
    const request = interfaceRequest(device);
    const address = new DataView(new ArrayBuffer(20));
    const found = libc().ioctl(this.#fd, SIOCGIFINDEX, request) === 0;
    address.setUint16(0, AF_PACKET, true);
    address.setInt32(4, new DataView(request.buffer).getInt32(IFREQ_UNION, true), true);
    if (!found || libc().bind(this.#fd, new Uint8Array(address.buffer), 20) !== 0) {
      const reason = errnoName(errno());
      closeFd(this.#fd);
      throw new Error(`No packet socket on ${device}: ${reason}`);
    }
  }

  /** Sends one packet; false when the queue of the interface is full, so that it is lost. */
  send(packet: readonly number[] | Uint8Array): boolean {
    const bytes = Uint8Array.from(packet);
    if (libc().send(this.#fd, bytes, bytes.length, 0) === bytes.length) return true;
    const value = errno();
    if (value === Errno.ENOBUFS || value === Errno.EAGAIN) return false;
    throw new Error(`A packet of ${bytes.length} bytes was refused: ${errnoName(value)}`);
  }

  [Symbol.dispose](): void {
    closeFd(this.#fd);
  }
}
