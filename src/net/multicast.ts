/** Multicast groups of a UDP socket: the calls and errors of Deno's. */

import { type Address, isIpv4, parseAddress, sameAddress } from "../base/address.ts";
import { codedError } from "../base/errors.ts";
import { LOOPS_BACK } from "../ring/datagram.ts";
import { invalidArgument } from "./errors.ts";

/** A joined IPv4 group, as Deno's `MulticastV4Membership`. */
export interface MulticastV4Membership {
  /** Leaves the group. */
  leave: () => Promise<void>;
  /** Whether what the socket sends to groups also reaches this stack's own members. */
  setLoopback: (loopback: boolean) => Promise<void>;
  /** How many hops what the socket sends to groups may go, 0 to 255; 0 stays within this stack. Default 1. */
  setTTL: (ttl: number) => Promise<void>;
}

/** A joined IPv6 group, as Deno's `MulticastV6Membership`. */
export interface MulticastV6Membership {
  /** Leaves the group. */
  leave: () => Promise<void>;
  /** Whether what the socket sends to groups also reaches this stack's own members. */
  setLoopback: (loopback: boolean) => Promise<void>;
}

/** Hops of what is sent to a group unless asked otherwise (RFC 1112 section 6.1, RFC 3493 section 5.2). */
const MULTICAST_HOPS = 1;

/** The groups of one socket, and how it sends to groups. */
export class Memberships {
  loops4: boolean;
  loops6: boolean;
  hops4: number = MULTICAST_HOPS;
  #groups: Address[] = [];
  readonly #setMember: (group: Address, joins: boolean) => void;

  /** `setMember` tells the stages. */
  constructor(loops: boolean, setMember: (group: Address, joins: boolean) => void) {
    this.loops4 = loops;
    this.loops6 = loops;
    this.#setMember = setMember;
  }

  /** Joins; throws `AddrInUse` when it has joined already. */
  join(group: Address): void {
    if (this.#groups.some((other) => sameAddress(other, group))) {
      throw codedError(
        Deno.errors.AddrInUse,
        "EADDRINUSE",
        "Address already in use (os error 98): the socket has joined this group already",
      );
    }
    this.#groups.push(group);
    this.#setMember(group, true);
  }

  /** Leaves; throws `AddrNotAvailable` when it has not joined. */
  leave(group: Address): void {
    const others = this.#groups.filter((other) => !sameAddress(other, group));
    if (others.length === this.#groups.length) {
      throw codedError(
        Deno.errors.AddrNotAvailable,
        "EADDRNOTAVAIL",
        "Cannot assign requested address (os error 99): the socket is no member of this group",
      );
    }
    this.#groups = others;
    this.#setMember(group, false);
  }

  /** The hops word of what is sent to a group. */
  hopsFor(group: Address): number {
    const loops = isIpv4(group) ? this.loops4 : this.loops6;
    return (isIpv4(group) ? this.hops4 : MULTICAST_HOPS) | (loops ? LOOPS_BACK : 0);
  }
}

/** An address of that family as `joinMulticastV4` and `joinMulticastV6` take it. */
export function groupOf(text: string, family: "IPv4" | "IPv6"): Address {
  const address = typeof text === "string" ? parseAddress(text) : null;
  if (address === null || (family === "IPv4") === text.includes(":")) {
    throw new Error(`invalid ${family} address syntax`);
  }
  return address;
}

/** Checks a TTL; -1 is the default, as in Linux. */
export function checkMulticastTtl(ttl: unknown): number {
  if (typeof ttl !== "number") throw new TypeError("expected i32");
  const whole = Math.trunc(ttl);
  if (whole === -1) return MULTICAST_HOPS;
  if (!(whole >= 0 && whole <= 255)) throw invalidArgument();
  return whole;
}

/** Whether an interface index is that of the stack's only interface, or says "any". */
export function isOwnIndex(index: unknown): boolean {
  return index === 0 || index === 1;
}
