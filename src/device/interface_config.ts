import { addressText, isIpv4, type Prefix, sameAddress } from "../base/address.ts";
import { codedError } from "../base/errors.ts";
import { closeFd } from "./eventfd.ts";
import { IFREQ_UNION, interfaceRequest } from "./ifreq.ts";
import { Errno, errno, errnoName, libc } from "./libc.ts";
import { addAddress, listAddresses } from "./netlink.ts";
import { systemError } from "./system_error.ts";

const AF_INET = 2;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0x80000;

const SIOCGIFFLAGS = 0x8913;
const SIOCSIFFLAGS = 0x8914;
const SIOCGIFMTU = 0x8921;
const SIOCSIFMTU = 0x8922;
const SIOCGIFINDEX = 0x8933;

const IFF_UP = 0x1;

const MTU_MIN_BYTES = 576;
const MTU_MAX_BYTES = 65535;

/** What the kernel's side of an interface is to be. */
export interface InterfaceOptions {
  /** The kernel's own addresses on it. Others that it has are left alone. */
  readonly hostAddress?: readonly Prefix[];
  /** Bytes, 576 to 65535; without it the interface keeps its own. */
  readonly mtu?: number;
}

/** What an interface is. */
export interface InterfaceState {
  /** Bytes. */
  readonly mtu: number;
  /** Whether the link is up, as the administrator sees it. */
  readonly up: boolean;
}

/**
 * Sets an interface's MTU and addresses and brings its link up, by ioctl and netlink alone. What is
 * as wanted already is not touched, so that an interface which somebody with the right to do so has
 * prepared needs no right here.
 *
 * Throws `RangeError` for an impossible MTU or prefix, `Deno.errors.NotFound` when there is no such
 * interface, and `Deno.errors.PermissionDenied` naming what is missing and the commands that set it.
 */
export function configureInterface(name: string, options: InterfaceOptions = {}): { mtu: number } {
  const { hostAddress = [], mtu } = options;
  if (mtu !== undefined) checkMtu(mtu);
  hostAddress.forEach(checkPrefix);
  const missing = new Missing(name);
  const before = interfaceState(name);
  if (mtu !== undefined && before.mtu !== mtu) {
    missing.note(setInterfaceMtu(name, mtu), `the MTU ${mtu}`, `ip link set ${name} mtu ${mtu}`);
  }
  const index = interfaceIndex(name);
  const present = hostAddress.length === 0 ? [] : listAddresses(index);
  for (const prefix of hostAddress) {
    if (present.some((other) => samePrefix(other, prefix))) continue;
    const text = `${addressText(prefix.address)}/${prefix.length}`;
    const refusal = addAddress(index, prefix);
    if (refusal !== Errno.EEXIST) {
      missing.note(refusal, `the address ${text}`, `ip addr add ${text} dev ${name}`);
    }
  }
  if (!before.up) missing.note(bringUp(name), "a link that is up", `ip link set ${name} up`);
  missing.report();
  return { mtu: interfaceMtu(name) };
}

/** Gathers what was not permitted, so that one error names everything that is missing. */
class Missing {
  readonly #name: string;
  readonly #what: string[] = [];
  readonly #commands: string[] = [];
  #errno = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /** Takes the outcome of one step: 0 when it succeeded. Any other failure than EPERM is thrown. */
  note(value: number, what: string, command: string): void {
    if (value === 0) return;
    if (value !== Errno.EPERM && value !== Errno.EACCES) {
      throw systemError(value, `Giving the interface "${this.#name}" ${what}`);
    }
    this.#errno = value;
    this.#what.push(what);
    this.#commands.push(`sudo ${command}`);
  }

  report(): void {
    if (this.#errno === 0) return;
    throw codedError(
      Deno.errors.PermissionDenied,
      errnoName(this.#errno),
      `The interface "${this.#name}" lacks ${this.#what.join(", ")}, and setting that needs ` +
        `CAP_NET_ADMIN. This sets it:\n  ${this.#commands.join(" && ")}`,
    );
  }
}

/** The MTU of an interface in bytes. Throws `Deno.errors.NotFound` when there is none of that name. */
export function interfaceMtu(name: string): number {
  return interfaceState(name).mtu;
}

/** The MTU and the state of an interface. Throws `Deno.errors.NotFound` when there is none of that name. */
export function interfaceState(name: string): InterfaceState {
  const request = interfaceRequest(name);
  const view = new DataView(request.buffer);
  const about = `Asking about the interface "${name}"`;
  let refusal = interfaceIoctl(SIOCGIFMTU, request);
  if (refusal !== 0) throw systemError(refusal, about);
  const mtu = view.getInt32(IFREQ_UNION, true);
  refusal = interfaceIoctl(SIOCGIFFLAGS, request);
  if (refusal !== 0) throw systemError(refusal, about);
  return { mtu, up: (view.getInt16(IFREQ_UNION, true) & IFF_UP) !== 0 };
}

/** The addresses of an interface. Throws `Deno.errors.NotFound` when there is none of that name. */
export function interfaceAddresses(name: string): Prefix[] {
  return listAddresses(interfaceIndex(name));
}

function interfaceIndex(name: string): number {
  const request = interfaceRequest(name);
  const refusal = interfaceIoctl(SIOCGIFINDEX, request);
  if (refusal !== 0) throw systemError(refusal, `Looking for the interface "${name}"`);
  return new DataView(request.buffer).getInt32(IFREQ_UNION, true);
}

function setInterfaceMtu(name: string, mtu: number): number {
  const request = interfaceRequest(name);
  new DataView(request.buffer).setInt32(IFREQ_UNION, mtu, true);
  return interfaceIoctl(SIOCSIFMTU, request);
}

function bringUp(name: string): number {
  const request = interfaceRequest(name);
  const refusal = interfaceIoctl(SIOCGIFFLAGS, request);
  if (refusal !== 0) return refusal;
  const view = new DataView(request.buffer);
  view.setInt16(IFREQ_UNION, view.getInt16(IFREQ_UNION, true) | IFF_UP, true);
  return interfaceIoctl(SIOCSIFFLAGS, request);
}

/** One request about an interface, on a socket made for it. Returns 0 or the errno. */
function interfaceIoctl(request: number, argument: Uint8Array<ArrayBuffer>): number {
  const socket = libc().socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) throw systemError(errno(), "Opening a socket to configure an interface");
  const refusal = libc().ioctl(socket, request, argument) === 0 ? 0 : errno();
  closeFd(socket);
  return refusal;
}

function checkMtu(mtu: number): void {
  if (!Number.isInteger(mtu) || mtu < MTU_MIN_BYTES || mtu > MTU_MAX_BYTES) {
    throw new RangeError(
      `mtu: ${mtu} must be a whole number of bytes from ${MTU_MIN_BYTES} to ${MTU_MAX_BYTES}`,
    );
  }
}

function checkPrefix(prefix: Prefix): void {
  const longest = isIpv4(prefix.address) ? 32 : 128;
  if (!Number.isInteger(prefix.length) || prefix.length < 0 || prefix.length > longest) {
    const text = `${addressText(prefix.address)}/${prefix.length}`;
    throw new RangeError(
      `hostAddress: the prefix length in "${text}" must be from 0 to ${longest}`,
    );
  }
}

function samePrefix(a: Prefix, b: Prefix): boolean {
  return a.length === b.length && sameAddress(a.address, b.address);
}
