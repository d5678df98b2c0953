import {
  type Address,
  addressText,
  isIpv4,
  isLoopback,
  isMulticast,
  isUnspecified,
  LOOPBACK_IPV4,
  LOOPBACK_IPV6,
  mappedText,
} from "../base/address.ts";
import { DATAGRAM_HEADER_BYTES, DatagramWord, LOOPS_BACK } from "../ring/datagram.ts";
import type { UdpConfig } from "../udp/config.ts";
import { UDP_PAYLOAD4_MAX_BYTES, UDP_PAYLOAD6_MAX_BYTES } from "../wire/udp.ts";
import type { DatagramEndpoint, DatagramHandler } from "./datagram_endpoint.ts";
import {
  familyMismatch,
  interrupted,
  invalidArgument,
  messageTooLong,
  noBufferSpace,
  socketClosed,
  unreachable,
} from "./errors.ts";
import { type Hostname, parseHostname } from "./hostname.ts";
import type { Liveness } from "./liveness.ts";
import {
  checkMulticastTtl,
  groupOf,
  isOwnIndex,
  Memberships,
  type MulticastV4Membership,
  type MulticastV6Membership,
} from "./multicast.ts";
import type { Port } from "./port.ts";
import { checkPort } from "./ports.ts";

/** A datagram as `receive` gives it: its payload and where it came from. */
export type ReceivedDatagram = [Uint8Array<ArrayBuffer>, Deno.NetAddr];

/** What a socket is made of. */
export interface DatagramParts {
  readonly ports: readonly Port[];
  readonly liveness: Liveness;
  readonly bound: Hostname;
  readonly port: number;
  readonly config: UdpConfig;
  /** Whether this host's members of a group get what is sent to it. */
  readonly loopback: boolean;
  /** The address to send from; throws when there is none. */
  readonly sourceFor: (remote: Address, where: string) => Address;
  /** Whether an address is one of the stack's. */
  readonly isOwn: (address: Address) => boolean;
  readonly onClose: () => void;
}

interface PendingReceive {
  readonly target: Uint8Array<ArrayBuffer> | null;
  readonly resolve: (received: ReceivedDatagram) => void;
  readonly reject: (error: Error) => void;
}

interface PendingSend {
  readonly header: Uint8Array;
  readonly payload: Uint8Array;
  readonly resolve: (count: number) => void;
  readonly reject: (error: Error) => void;
}

/** Where the last datagram went: who sends much mostly sends to one. */
interface Destination {
  readonly hostname: string;
  readonly source: Address;
  readonly address: Address;
}

/**
 * A UDP socket, to be used as the `Deno.DatagramConn` of `Deno.listenDatagram`.
 *
 * Errors are those of Deno: `BadResource` after `close()`, `Interrupted` for what was pending then, `EMSGSIZE` for
 * what no datagram can hold, `NetworkUnreachable` where no way leads. ICMP errors are counted, and not told, because
 * the socket is connected to nobody.
 */
export class DatagramConn implements AsyncIterable<ReceivedDatagram>, Disposable {
  /** The address and port that it is bound to. */
  readonly addr: Deno.NetAddr;
  readonly #parts: DatagramParts;
  readonly #bound: Address;
  /** It was bound to an address in IPv6's form, and shows addresses of IPv4 so. */
  readonly #isIpv6: boolean;
  readonly #endpoints: DatagramEndpoint[] = [];
  /** The endpoint that was received from last: what is sent goes out the same way. */
  #last = 0;
  readonly #receives: PendingReceive[] = [];
  readonly #sends: PendingSend[] = [];
  readonly #memberships: Memberships;
  readonly #header = new Int32Array(DATAGRAM_HEADER_BYTES / 4);
  readonly #headerBytes = new Uint8Array(this.#header.buffer);
  #destination: Destination | null = null;
  /** The source of the datagram received last, whose text need not be made again. */
  readonly #from = new Int32Array(4);
  #fromText = "";
  #closed = false;
  #failure: Error | null = null;
  #referenced = true;

  /** Made by a stack's `listenDatagram`. */
  constructor(parts: DatagramParts) {
    this.#parts = parts;
    const { address, isMapped } = parts.bound;
    this.#bound = address;
    this.#isIpv6 = isMapped || !isIpv4(address);
    const hostname = isMapped ? mappedText(address) : addressText(address);
    this.addr = { transport: "udp", hostname, port: parts.port };
    this.#memberships = new Memberships(parts.loopback, (group, joins) => {
      for (const [index, port] of parts.ports.entries()) {
        port.setMember(this.#endpoints[index], group, joins);
      }
    });
    const handler: DatagramHandler = () => this.#onNews();
    try {
      for (const port of parts.ports) {
        this.#endpoints.push(port.bindDatagram(address, parts.port, handler));
      }
    } catch (error) {
      for (const [index, endpoint] of this.#endpoints.entries()) {
        parts.ports[index].unbindDatagram(endpoint);
      }
      throw error;
    }
  }

  /** Ends it because the stack has failed. */
  static fail(conn: DatagramConn, error: Error): void {
    conn.#failure = error;
    conn.#end(error);
  }

  /** What waits in it, in bytes. */
  static queued(conn: DatagramConn): { receiveBytes: number; sendBytes: number } {
    const sum = (of: (endpoint: DatagramEndpoint) => number) =>
      conn.#endpoints.reduce((total, endpoint) => total + of(endpoint), 0);
    return {
      receiveBytes: sum(({ receiveBytes }) => receiveBytes),
      sendBytes: sum(({ sendBytes }) => sendBytes),
    };
  }

  /**
   * Waits for the next datagram and resolves with its payload and its source. With `p` the payload is in it, as
   * much as it takes; the rest is lost. Concurrent calls are served in order.
   */
  receive(p?: Uint8Array): Promise<ReceivedDatagram> {
    if (p !== undefined && p !== null && !(p instanceof Uint8Array)) {
      return Promise.reject(notBytes());
    }
    if (this.#closed) return Promise.reject(this.#failure ?? socketClosed());
    const target = (p ?? null) as Uint8Array<ArrayBuffer> | null;
    const endpoint = this.#receives.length === 0 ? this.#nextEndpoint() : null;
    if (endpoint !== null) return Promise.resolve(this.#take(endpoint, target));
    return new Promise((resolve, reject) => {
      this.#receives.push({ target, resolve, reject });
      if (this.#referenced) this.#parts.liveness.hold();
    });
  }

  /**
   * Sends a datagram of all of `p` and resolves with its length, when there is room to queue it. `addr` needs a port;
   * without a hostname it goes to 127.0.0.1. What is longer than the way takes goes in fragments.
   *
   * Rejects with `EMSGSIZE` for more than 65,507 bytes (65,527 over IPv6), with `NetworkUnreachable` where no way
   * leads, with `EAFNOSUPPORT` from IPv4 to IPv6, and with `TypeError` or `RangeError` for what is no bytes, address
   * or port.
   */
  send(p: Uint8Array, addr: Deno.Addr): Promise<number> {
    try {
      return this.#send(p, addr as Deno.NetAddr);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Closes the socket; what was sent is still sent. Throws `BadResource` when it is closed already. */
  close(): void {
    if (this.#closed) throw new Deno.errors.BadResource("Bad resource ID");
    this.#end(interrupted());
  }

  /** Lets a pending `receive` keep the process alive, which is the default. */
  ref(): void {
    this.#setReferenced(true);
  }

  /** Lets the process end although a `receive` is pending. */
  unref(): void {
    this.#setReferenced(false);
  }

  /**
   * Joins an IPv4 multicast group: datagrams to it are received from now on. `networkInterface` is one of the
   * stack's addresses, or `"0.0.0.0"`. Nothing is announced (IGMP), since the host on the other side of a TUN
   * forwards by its own routes.
   */
  // deno-lint-ignore require-await -- what is wrong is told by rejecting, as Deno does.
  async joinMulticastV4(
    address: string,
    networkInterface: string,
  ): Promise<MulticastV4Membership> {
    this.#mustBeOpen();
    const group = groupOf(address, "IPv4");
    const member = groupOf(networkInterface, "IPv4");
    if (!isMulticast(group)) throw invalidArgument();
    if (!isUnspecified(member) && !this.#parts.isOwn(member)) throw noSuchDevice();
    this.#memberships.join(group);
    return {
      leave: () => this.#asking(() => this.#memberships.leave(group)),
      setLoopback: (loopback) => this.#asking(() => void (this.#memberships.loops4 = loopback)),
      setTTL: (ttl) => this.#asking(() => void (this.#memberships.hops4 = checkMulticastTtl(ttl))),
    };
  }

  /** Joins an IPv6 multicast group. `networkInterface` is 0, or 1, which is the stack's only one. */
  // deno-lint-ignore require-await -- as above.
  async joinMulticastV6(
    address: string,
    networkInterface: number,
  ): Promise<MulticastV6Membership> {
    this.#mustBeOpen();
    const group = groupOf(address, "IPv6");
    if (!this.#isIpv6) throw new Error("Protocol not available (os error 92)");
    if (!isMulticast(group)) throw invalidArgument();
    if (!isOwnIndex(networkInterface)) throw noSuchDevice();
    this.#memberships.join(group);
    return {
      leave: () => this.#asking(() => this.#memberships.leave(group)),
      setLoopback: (loopback) => this.#asking(() => void (this.#memberships.loops6 = loopback)),
    };
  }

  /** Closes the socket unless it is closed already. */
  [Symbol.dispose](): void {
    if (!this.#closed) this.close();
  }

  /** Receives until the socket is closed; leaving the loop does not close it. */
  [Symbol.asyncIterator](): AsyncIterableIterator<ReceivedDatagram> {
    return new ReceivedDatagrams(this);
  }

  #send(p: Uint8Array, addr: Deno.NetAddr): Promise<number> {
    if (!(p instanceof Uint8Array)) throw notBytes();
    const hostname = addr.hostname ?? "127.0.0.1";
    const port = sendPort(addr.port);
    if (this.#closed) throw this.#failure ?? socketClosed();
    if (this.#destination?.hostname !== hostname) this.#destination = this.#find(hostname, port);
    const { source, address } = this.#destination;
    const most = isIpv4(address) ? UDP_PAYLOAD4_MAX_BYTES : UDP_PAYLOAD6_MAX_BYTES;
    if (p.length > most) throw messageTooLong(p.length, most);
    if (port === 0) throw invalidArgument();
    this.#writeHeader(source, address, port, p.length);
    const { config, ports } = this.#parts;
    const { count, blockBytes } = ports[this.#last].pool;
    if (DATAGRAM_HEADER_BYTES + p.length > count * blockBytes) throw noBufferSpace();
    const endpoint = this.#endpoints[this.#last];
    const isFirst = this.#sends.length === 0;
    if (isFirst && endpoint.send(this.#headerBytes, p, config.sendBufferBytes)) {
      return Promise.resolve(p.length);
    }
    return new Promise((resolve, reject) => {
      this.#sends.push({ header: this.#headerBytes.slice(), payload: p, resolve, reject });
      this.#parts.liveness.hold();
    });
  }

  #writeHeader(source: Address, destination: Address, port: number, length: number): void {
    const { hopLimit } = this.#parts.config;
    const header = this.#header;
    header[DatagramWord.length] = length;
    header[DatagramWord.ports] = (this.#parts.port << 16) | port;
    header[DatagramWord.hops] = isMulticast(destination)
      ? this.#memberships.hopsFor(destination)
      : hopLimit | LOOPS_BACK; // As Linux does with broadcasts.
    putAddress(header, DatagramWord.source, source);
    putAddress(header, DatagramWord.destination, destination);
  }

  /** What a hostname stands for, and the address to send from; throws when nothing can be sent there. */
  #find(hostname: string, port: number): Destination {
    const parsed = parseHostname(hostname);
    let { address } = parsed;
    const where = `${addressText(address)}, port ${port}`;
    const isText6 = parsed.isMapped || !isIpv4(address);
    if (isText6 && !this.#isIpv6) throw familyMismatch(hostname);
    if (isUnspecified(address)) address = isIpv4(address) ? LOOPBACK_IPV4 : LOOPBACK_IPV6;
    const bound = this.#bound;
    if (isUnspecified(bound) || isMulticast(bound) || !this.#parts.isOwn(bound)) {
      return { hostname, address, source: this.#parts.sourceFor(address, where) };
    }
    if (isIpv4(bound) !== isIpv4(address)) {
      throw unreachable(where, `from ${addressText(bound)}, which is of the other family`);
    }
    if (isLoopback(bound) && !this.#parts.isOwn(address)) throw invalidArgument();
    return { hostname, address, source: bound };
  }

  /** An endpoint in which a datagram waits, or null; after the last one the next gets its turn. */
  #nextEndpoint(): DatagramEndpoint | null {
    const endpoints = this.#endpoints;
    for (let i = 1; i <= endpoints.length; i++) {
      const index = (this.#last + i) % endpoints.length;
      if (endpoints[index].receiveBytes === 0) continue;
      this.#last = index;
      return endpoints[index];
    }
    return null;
  }

  #take(endpoint: DatagramEndpoint, target: Uint8Array<ArrayBuffer> | null): ReceivedDatagram {
    const bytes = endpoint.receive(target);
    const { header } = endpoint;
    const from = this.#from;
    let isSame = this.#fromText !== "";
    for (let i = 0; i < 4; i++) {
      const word = header[DatagramWord.source + i];
      if (from[i] !== word) isSame = false;
      from[i] = word;
    }
    if (!isSame) {
      const address = { w0: from[0], w1: from[1], w2: from[2], w3: from[3] };
      this.#fromText = this.#isIpv6 ? mappedText(address) : addressText(address);
    }
    const port = header[DatagramWord.ports] >>> 16;
    return [bytes, { transport: "udp", hostname: this.#fromText, port }];
  }

  #onNews(): void {
    if (this.#closed) return;
    while (this.#receives.length > 0) {
      const endpoint = this.#nextEndpoint();
      if (endpoint === null) break;
      const { target, resolve } = this.#receives.shift()!;
      resolve(this.#take(endpoint, target));
      if (this.#referenced) this.#parts.liveness.release();
    }
    while (this.#sends.length > 0) {
      const { header, payload, resolve } = this.#sends[0];
      const { sendBufferBytes } = this.#parts.config;
      if (!this.#endpoints[this.#last].send(header, payload, sendBufferBytes)) return;
      this.#sends.shift();
      resolve(payload.length);
      this.#parts.liveness.release();
    }
  }

  #end(error: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const [index, port] of this.#parts.ports.entries()) {
      port.unbindDatagram(this.#endpoints[index]);
    }
    for (const { reject } of this.#receives.splice(0)) {
      reject(error);
      if (this.#referenced) this.#parts.liveness.release();
    }
    for (const { reject } of this.#sends.splice(0)) {
      reject(error);
      this.#parts.liveness.release();
    }
    this.#parts.ports[0].settleSoon();
    this.#parts.onClose();
  }

  #setReferenced(referenced: boolean): void {
    if (this.#closed || referenced === this.#referenced) return;
    this.#referenced = referenced;
    for (let i = 0; i < this.#receives.length; i++) {
      if (referenced) this.#parts.liveness.hold();
      else this.#parts.liveness.release();
    }
    this.#parts.ports[0].settleSoon();
  }

  #mustBeOpen(): void {
    if (this.#closed) throw this.#failure ?? socketClosed();
  }

  // deno-lint-ignore require-await -- what is wrong is told by rejecting, as Deno does.
  async #asking(change: () => void): Promise<void> {
    this.#mustBeOpen();
    change();
  }
}

/** Datagrams one after the other. An async generator would do the same in four times as many microtasks. */
class ReceivedDatagrams implements AsyncIterableIterator<ReceivedDatagram> {
  readonly #conn: DatagramConn;

  constructor(conn: DatagramConn) {
    this.#conn = conn;
  }

  next(): Promise<IteratorResult<ReceivedDatagram>> {
    return this.#conn.receive().then(nextResult, endResult);
  }

  return(): Promise<IteratorResult<ReceivedDatagram>> {
    return Promise.resolve(END);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

const END: IteratorReturnResult<undefined> = { value: undefined, done: true };

function nextResult(value: ReceivedDatagram): IteratorYieldResult<ReceivedDatagram> {
  return { value, done: false };
}

function endResult(error: unknown): IteratorReturnResult<undefined> {
  const isOver = error instanceof Deno.errors.BadResource ||
    error instanceof Deno.errors.Interrupted;
  if (isOver) return END;
  throw error;
}

function putAddress(words: Int32Array, at: number, address: Address): void {
  words[at] = address.w0;
  words[at + 1] = address.w1;
  words[at + 2] = address.w2;
  words[at + 3] = address.w3;
}

/** The port of a destination. Deno takes its low 16 bits; here it must be one, as for `connect`. */
function sendPort(port: unknown): number {
  if (typeof port !== "number") throw new TypeError(`Invalid port (expected number): ${port}`);
  return checkPort(port);
}

function notBytes(): TypeError {
  return new TypeError("expected typed ArrayBufferView");
}

function noSuchDevice(): Error {
  return new Error("No such device (os error 19)");
}
