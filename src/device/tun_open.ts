import { codedError } from "../base/errors.ts";
import { closeFd } from "./eventfd.ts";
import { interfaceMtu } from "./interface_config.ts";
import { IFREQ_UNION, interfaceRequest, interfaceRequestName } from "./ifreq.ts";
import { cString, Errno, errno, errnoName, libc } from "./libc.ts";
import { systemError } from "./system_error.ts";
import { ETHERNET_HEADER_BYTES } from "../wire/ethernet.ts";
import { VIRTIO_HEADER_BYTES } from "../wire/virtio.ts";

const TUN_PATH = "/dev/net/tun";

const O_RDWR = 2;
const O_NONBLOCK = 0x800;
const O_CLOEXEC = 0x80000;

const TUNSETIFF = 0x400454ca;
const TUNSETOFFLOAD = 0x400454d0;
const TUNSETVNETHDRSZ = 0x400454d8;

const IFF_TUN = 0x0001;
const IFF_TAP = 0x0002;
const IFF_NO_PI = 0x1000;
const IFF_MULTI_QUEUE = 0x0100;
const IFF_VNET_HDR = 0x4000;

/** TUN_F_CSUM, TUN_F_TSO4, TUN_F_TSO6 and TUN_F_TSO_ECN: super-segments whose first one has CWR. */
const TUN_OFFLOADS = 1n | 2n | 4n | 8n;

/** How to open a TUN interface. */
export interface TunOptions {
  /** The interface, 1 to 15 bytes. It is created when it does not exist. */
  readonly name: string;
  /** Ask for the virtio-net header and for segmentation offload; default true. */
  readonly offload?: boolean;
  /** Open one of several queues of the interface; default false. */
  readonly multiQueue?: boolean;
  /**
   * What frames are: IP packets (a TUN), or whole Ethernet frames (a TAP), which come without offload and for which the
   * device's MTU counts the header. Default `"ip"`.
   */
  readonly layer?: "ip" | "ethernet";
}

/** An open queue of a TUN interface, as plain values that can be posted to another thread. */
export interface TunHandle {
  /** The file descriptor, valid in every thread of the process. */
  readonly fd: number;
  /** The interface's name. */
  readonly name: string;
  /** Bytes. */
  readonly mtu: number;
  /** Whether frames carry a virtio-net header, that is, whether offload was asked for and granted. */
  readonly virtioHeader: boolean;
}

/**
 * Opens one queue of a TUN interface, without blocking reads and writes.
 *
 * Throws `TypeError`/`RangeError` for an impossible name, `Deno.errors.NotFound` without
 * `/dev/net/tun`, `PermissionDenied` without the right to it, `Busy` when another process has the
 * interface, `NotSupported` where there is no Linux.
 */
export function openTun(options: TunOptions): TunHandle {
  checkInterfaceName(options.name);
  const { name, multiQueue = false } = options;
  let failure = 0;
  const isTap = options.layer === "ethernet";
  const kind = isTap ? IFF_TAP : IFF_TUN;
  for (const offload of options.offload === false || isTap ? [false] : [true, false]) {
    // An interface that exists with several queues is refused without the flag for them.
    for (const queueFlag of multiQueue ? [IFF_MULTI_QUEUE] : [0, IFF_MULTI_QUEUE]) {
      const fd = openTunFile();
      const request = interfaceRequest(name);
      const flags = kind | IFF_NO_PI | queueFlag | (offload ? IFF_VNET_HDR : 0);
      new DataView(request.buffer).setInt16(IFREQ_UNION, flags, true);
      const attached = libc().ioctl(fd, TUNSETIFF, request) === 0;
      if (attached && setOffload(fd, offload)) {
        return finishOpen(fd, interfaceRequestName(request), offload, isTap);
      }
      failure = errno();
      closeFd(fd);
      if (failure !== Errno.EINVAL) throw attachFailure(failure, name);
      if (attached) break;
    }
  }
  throw attachFailure(failure, name);
}

function finishOpen(fd: number, name: string, virtioHeader: boolean, isTap: boolean): TunHandle {
  try {
    const mtu = interfaceMtu(name) + (isTap ? ETHERNET_HEADER_BYTES : 0);
    return { fd, name, mtu, virtioHeader };
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}

/**
 * Offload stays set on a persistent interface after whoever set it is gone; without the header it
 * must be off, or super-segments would come with nothing to say what they are.
 */
function setOffload(fd: number, wanted: boolean): boolean {
  if (!wanted) return libc().ioctlValue(fd, TUNSETOFFLOAD, 0n) === 0;
  const headerBytes = new Uint8Array(new Int32Array([VIRTIO_HEADER_BYTES]).buffer);
  return libc().ioctl(fd, TUNSETVNETHDRSZ, headerBytes) === 0 &&
    libc().ioctlValue(fd, TUNSETOFFLOAD, TUN_OFFLOADS) === 0;
}

function openTunFile(): number {
  const fd = libc().open(cString(TUN_PATH), O_RDWR | O_NONBLOCK | O_CLOEXEC, 0);
  if (fd >= 0) return fd;
  const value = errno();
  switch (value) {
    case Errno.ENOENT:
    case Errno.ENODEV:
    case Errno.ENXIO:
      throw codedError(
        Deno.errors.NotFound,
        errnoName(value),
        `${TUN_PATH} is missing: the kernel has no TUN driver here ("modprobe tun" loads it; a ` +
          `container needs "--device ${TUN_PATH}"). memoryPair() needs none`,
      );
    case Errno.EPERM:
    case Errno.EACCES:
      throw codedError(
        Deno.errors.PermissionDenied,
        errnoName(value),
        `Opening ${TUN_PATH} is not permitted for this user ("sudo chmod 0666 ${TUN_PATH}" permits ` +
          `it; creating an interface needs CAP_NET_ADMIN still)`,
      );
    default:
      throw systemError(value, `Opening ${TUN_PATH}`);
  }
}

function attachFailure(value: number, name: string): Error {
  switch (value) {
    case Errno.EPERM:
    case Errno.EACCES:
      return codedError(
        Deno.errors.PermissionDenied,
        errnoName(value),
        `Opening the TUN interface "${name}" needs CAP_NET_ADMIN, or an interface that belongs to ` +
          `this user. These two commands create one:\n` +
          `  sudo ip tuntap add dev ${name} mode tun user $USER\n` +
          `  sudo ip addr add 10.7.0.1/24 dev ${name} && sudo ip link set ${name} up`,
      );
    case Errno.EBUSY:
      return codedError(
        Deno.errors.Busy,
        errnoName(value),
        `The TUN interface "${name}" is in use by another program, or by this one`,
      );
    case Errno.EINVAL:
      return systemError(
        value,
        `device: opening "${name}" as a TUN interface`,
        "An interface of that name exists and is of another kind: no TUN, or of a single queue " +
          "where several are asked for",
      );
    default:
      return systemError(value, `Opening the TUN interface "${name}"`);
  }
}

/** Throws a `RangeError` or a `TypeError` for what cannot be an interface's name. */
export function checkInterfaceName(name: string): void {
  if (typeof name !== "string") {
    throw new TypeError(`device: an interface's name must be a string, not ${String(name)}`);
  }
  const bytes = new TextEncoder().encode(name).length;
  if (bytes < 1 || bytes > 15) {
    throw new RangeError(`device: "${name}" must have 1 to 15 bytes, it has ${bytes}`);
  }
  // The control characters include the zero byte, which would end the name early.
  // deno-lint-ignore no-control-regex
  if (/[/:\s\u0000-\u001f]/.test(name) || name === "." || name === "..") {
    throw new TypeError(
      `device: "${name}" must have no slash, colon, space or control character, and be no dots alone`,
    );
  }
}
