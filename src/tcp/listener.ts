import { IPV4_MAPPED_W2, isIpv4Words } from "../base/address.ts";
import type { Segment } from "../wire/segment.ts";

/** A listening port: RFC 9293's LISTEN state, and the limits of what waits behind it. */
export class Listener {
  /** The application's name for it. */
  readonly id: number;
  // The address listened on, as four words: 0.0.0.0 is every IPv4 address, :: every one of both families.
  readonly local0: number;
  readonly local1: number;
  readonly local2: number;
  readonly local3: number;
  readonly port: number;
  /** Whether `::` means IPv6 alone (RFC 3493 section 5.3, IPV6_V6ONLY). */
  readonly ipv6Only: boolean;
  /** Most handshakes in progress, and most connections not yet accepted: each by itself, as in Linux. */
  readonly backlog: number;
  /** Handshakes in progress. */
  handshakes = 0;
  /** Those of them whose SYN-ACK was sent only once. */
  young = 0;
  /** When a handshake was last answered with a SYN cookie: no cookie is believed long after that. */
  cookiesAtUs = -Infinity;
  /** Most connections at once that take data of a SYN before the handshake is over; 0: none (RFC 7413). */
  fastOpenLimit = 0;
  /** Those that are there now. */
  fastOpenPending = 0;
  /** Data of a SYN is taken without a cookie too (TCP_FASTOPEN_NO_COOKIE). */
  fastOpenNoCookie = false;
  /** Until when those that the peer has reset still count as pending; microseconds, the first first. */
  readonly fastOpenPenalties: number[] = [];
  /** Receive buffer of its connections in bytes; 0: the stack's. */
  receiveBufferBytes = 0;
  /** Timeouts for which a final ACK without data makes no connection yet (TCP_DEFER_ACCEPT). */
  deferAccept = 0;
  /** Established connections that the application has not accepted. */
  waiting = 0;
  closed = false;
  /** Most that its connections announce and send as MSS; 0 is no limit but the path's. */
  mssClamp = 0;

  constructor(
    id: number,
    address: readonly number[],
    port: number,
    backlog: number,
    ipv6Only = false,
  ) {
    this.id = id;
    this.local0 = address[0];
    this.local1 = address[1];
    this.local2 = address[2];
    this.local3 = address[3];
    this.port = port;
    this.backlog = backlog;
    this.ipv6Only = ipv6Only;
  }

  /** Whether a further handshake may be remembered. */
  get hasHandshakeRoom(): boolean {
    return this.handshakes < this.backlog;
  }

  /** Whether a further connection may wait to be accepted. */
  get hasAcceptRoom(): boolean {
    return this.waiting < this.backlog;
  }

  /** Whether it listens on every address of a family, or of both. */
  get isWildcard(): boolean {
    return this.local3 === 0 && this.local0 === 0 && this.local1 === 0 &&
      (this.local2 === 0 || this.local2 === IPV4_MAPPED_W2);
  }

  /** Whether a segment to this address is for it. */
  matches(w0: number, w1: number, w2: number, w3: number): boolean {
    if (this.isWildcard) {
      const isIpv4 = isIpv4Words(w0, w1, w2);
      return this.local2 === IPV4_MAPPED_W2 ? isIpv4 : !isIpv4 || !this.ipv6Only;
    }
    return this.local3 === w3 && this.local2 === w2 && this.local1 === w1 && this.local0 === w0;
  }
}

/** Whether what `other` listens on is within what `listener` does. */
function covers(listener: Listener, other: Listener): boolean {
  return listener.matches(other.local0, other.local1, other.local2, other.local3);
}

/** The listeners of a stack, by port. */
export class ListenerTable {
  readonly #byPort = new Map<number, Listener[]>();
  readonly #byId = new Map<number, Listener>();

  /** Whether any listener has this port. */
  hasPort(port: number): boolean {
    return this.#byPort.has(port);
  }

  /** Adds a listener; false when there is one on the same port that an address of both would be for. */
  add(listener: Listener): boolean {
    const others = this.#byPort.get(listener.port) ?? [];
    if (others.some((other) => covers(other, listener) || covers(listener, other))) return false;
    this.#byPort.set(listener.port, [...others, listener]);
    this.#byId.set(listener.id, listener);
    return true;
  }

  /** The listener for a segment to this address and port, or null. */
  find(w0: number, w1: number, w2: number, w3: number, port: number): Listener | null {
    const candidates = this.#byPort.get(port);
    if (candidates === undefined) return null;
    for (let i = 0; i < candidates.length; i++) {
      if (candidates[i].matches(w0, w1, w2, w3)) return candidates[i];
    }
    return null;
  }

  /** The listener for a segment, or null: none is for foreign destinations. */
  findFor({ foreign, dst0, dst1, dst2, dst3, dstPort }: Segment): Listener | null {
    return foreign ? null : this.find(dst0, dst1, dst2, dst3, dstPort);
  }

  /** The listener that the application knows by this name. */
  get(id: number): Listener | undefined {
    return this.#byId.get(id);
  }

  /** Removes a listener. */
  remove(listener: Listener): void {
    listener.closed = true;
    this.#byId.delete(listener.id);
    const others = this.#byPort.get(listener.port)?.filter((other) => other !== listener) ?? [];
    if (others.length > 0) this.#byPort.set(listener.port, others);
    else this.#byPort.delete(listener.port);
  }

  /** All listeners. */
  all(): Listener[] {
    return [...this.#byId.values()];
  }
}
