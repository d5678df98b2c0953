import type { Address, Prefix } from "../base/address.ts";
import { ipv4Address, isIpv4 } from "../base/address.ts";
import { codedError } from "../base/errors.ts";
import { closeFd } from "./eventfd.ts";
import { errno, libc } from "./libc.ts";
import { systemError } from "./system_error.ts";

/**
 * The addresses of interfaces, by rtnetlink(7). All numbers are in the machine's byte order, which on
 * every processor that Deno runs on is little-endian; addresses are in network order.
 *
 * ```text
 *    0        4      6       8     12       16                       24
 *    | length | type | flags | seq | port 0 | ifaddrmsg: family, pre- | attributes:
 *    |            nlmsghdr                  | fixlen, flags, scope,   | (length, type, value)
 *    |                                      | ifindex (u32)           | padded to 4 bytes
 * ```
 */
const HEADER_BYTES = 16;
const IFADDRMSG_BYTES = 8;
const ATTRIBUTES_START = HEADER_BYTES + IFADDRMSG_BYTES;

const AF_INET = 2;
const AF_INET6 = 10;
const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0x80000;
const NETLINK_ROUTE = 0;

const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const RTM_NEWADDR = 20;
const RTM_GETADDR = 22;

const NLM_F_REQUEST = 0x1;
const NLM_F_ACK = 0x4;
const NLM_F_DUMP = 0x300;
const NLM_F_EXCL = 0x200;
const NLM_F_CREATE = 0x400;

const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;

/** No duplicate address detection: nobody else is on a TUN, and the address is usable at once. */
const IFA_F_NODAD = 0x02;

/** Linux sends at most this in one message of a dump (and less to a smaller buffer). */
const ANSWER_BYTES = 32768;
/** A dump of more messages than any machine has addresses for ends here, rather than never. */
const MAX_ANSWERS = 4096;

const SEQUENCE = 1;

/** Adds an address to an interface. Returns 0, or the errno of the refusal. */
export function addAddress(ifindex: number, prefix: Prefix): number {
  const socket = openSocket();
  try {
    sendMessage(socket, newAddressMessage(ifindex, prefix));
    const answer = new Uint8Array(new ArrayBuffer(ANSWER_BYTES));
    const view = new DataView(answer.buffer);
    const length = receiveAnswer(socket, answer);
    if (length < HEADER_BYTES + 4 || view.getUint16(4, true) !== NLMSG_ERROR) {
      throw unexpectedAnswer("adding an address");
    }
    return -view.getInt32(HEADER_BYTES, true);
  } finally {
    closeFd(socket);
  }
}

/** The addresses of an interface, with their prefix lengths. */
export function listAddresses(ifindex: number): Prefix[] {
  const socket = openSocket();
  try {
    const request = message(ATTRIBUTES_START, RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP);
    sendMessage(socket, request);
    const answer = new Uint8Array(new ArrayBuffer(ANSWER_BYTES));
    const view = new DataView(answer.buffer);
    const found: Prefix[] = [];
    for (let answers = 0; answers < MAX_ANSWERS; answers++) {
      const length = receiveAnswer(socket, answer);
      if (collectAddresses(view, length, ifindex, found)) return found;
    }
    throw unexpectedAnswer("listing addresses");
  } finally {
    closeFd(socket);
  }
}

/** Takes the addresses out of one answer to a dump; true when it was the last. */
function collectAddresses(
  view: DataView,
  length: number,
  ifindex: number,
  found: Prefix[],
): boolean {
  for (let at = 0; at + HEADER_BYTES <= length;) {
    const messageBytes = view.getUint32(at, true);
    const type = view.getUint16(at + 4, true);
    if (messageBytes < HEADER_BYTES || at + messageBytes > length) {
      throw unexpectedAnswer("listing addresses");
    }
    if (type === NLMSG_DONE) return true;
    if (type === NLMSG_ERROR) {
      throw systemError(-view.getInt32(at + HEADER_BYTES, true), "Listing addresses by netlink");
    }
    if (type === RTM_NEWADDR && messageBytes >= ATTRIBUTES_START) {
      const prefix = readAddress(view, at, at + messageBytes);
      if (prefix !== null && view.getUint32(at + HEADER_BYTES + 4, true) === ifindex) {
        found.push(prefix);
      }
    }
    at += (messageBytes + 3) & ~3;
  }
  return false;
}

/** The address in one RTM_NEWADDR. IFA_LOCAL is the interface's own where IFA_ADDRESS is a peer's. */
function readAddress(view: DataView, start: number, end: number): Prefix | null {
  const family = view.getUint8(start + HEADER_BYTES);
  const length = view.getUint8(start + HEADER_BYTES + 1);
  let address: Address | null = null;
  for (let at = start + ATTRIBUTES_START; at + 4 <= end;) {
    const attributeBytes = view.getUint16(at, true);
    const type = view.getUint16(at + 2, true);
    if (attributeBytes < 4 || at + attributeBytes > end) break;
    if (type === IFA_LOCAL || (type === IFA_ADDRESS && address === null)) {
      address = addressFromBytes(view, at + 4, attributeBytes - 4, family) ?? address;
    }
    at += (attributeBytes + 3) & ~3;
  }
  return address === null ? null : { address, length };
}

function addressFromBytes(
  view: DataView,
  at: number,
  length: number,
  family: number,
): Address | null {
  if (family === AF_INET && length === 4) return ipv4Address(view.getInt32(at));
  if (family !== AF_INET6 || length !== 16) return null;
  return {
    w0: view.getInt32(at),
    w1: view.getInt32(at + 4),
    w2: view.getInt32(at + 8),
    w3: view.getInt32(at + 12),
  };
}

function newAddressMessage(ifindex: number, prefix: Prefix): Uint8Array<ArrayBuffer> {
  const { address } = prefix;
  const ipv4 = isIpv4(address);
  const words = ipv4 ? [address.w3] : [address.w0, address.w1, address.w2, address.w3];
  const attributeBytes = 4 + 4 * words.length;
  const flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
  const bytes = message(ATTRIBUTES_START + 2 * attributeBytes, RTM_NEWADDR, flags);
  const view = new DataView(bytes.buffer);
  view.setUint8(HEADER_BYTES, ipv4 ? AF_INET : AF_INET6);
  view.setUint8(HEADER_BYTES + 1, prefix.length);
  view.setUint8(HEADER_BYTES + 2, ipv4 ? 0 : IFA_F_NODAD);
  view.setUint32(HEADER_BYTES + 4, ifindex, true);
  let at = ATTRIBUTES_START;
  for (const type of [IFA_LOCAL, IFA_ADDRESS]) {
    view.setUint16(at, attributeBytes, true);
    view.setUint16(at + 2, type, true);
    words.forEach((word, index) => view.setInt32(at + 4 + 4 * index, word));
    at += attributeBytes;
  }
  return bytes;
}

function message(length: number, type: number, flags: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(new ArrayBuffer(length));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flags, true);
  view.setUint32(8, SEQUENCE, true);
  return bytes;
}

function openSocket(): number {
  const socket = libc().socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (socket < 0) throw systemError(errno(), "Opening a netlink socket");
  return socket;
}

/** An unconnected netlink socket sends to the kernel, which is port 0. */
function sendMessage(socket: number, bytes: Uint8Array<ArrayBuffer>): void {
  if (libc().send(socket, bytes, bytes.length, 0) !== bytes.length) {
    throw systemError(errno(), "Sending to netlink");
  }
}

/** The kernel answers before `send` returns, so this does not block. */
function receiveAnswer(socket: number, answer: Uint8Array<ArrayBuffer>): number {
  const length = libc().recv(socket, answer, answer.length, 0);
  if (length <= 0) throw systemError(errno(), "Receiving from netlink");
  return length;
}

function unexpectedAnswer(action: string): Error {
  return codedError(Error, "EPROTO", `The kernel gave no usable answer to ${action} by netlink`);
}
