import { type Address, isIpv4, isLoopbackWord, isLoopbackWords } from "../base/address.ts";

/** The stack's own addresses, for a look at every frame: there are few, so they are looked through. */
export class OwnAddresses {
  /** The last words of the IPv4 addresses. */
  readonly #ipv4: Int32Array;
  /** Four words for each IPv6 address. */
  readonly #ipv6: Int32Array;
  /** The last words of the broadcast addresses of the IPv4 networks. */
  readonly #broadcasts: Int32Array;
  readonly #loopback: boolean;

  /**
   * `loopback` says whether 127.0.0.0/8 and `::1` count as own, as they do for what never left the stack.
   * `broadcasts` are those of its networks, beside 255.255.255.255.
   */
  constructor(
    addresses: readonly Address[],
    loopback: boolean,
    broadcasts: readonly Address[] = [],
  ) {
    const ipv4 = addresses.filter(isIpv4);
    this.#ipv4 = Int32Array.from(ipv4, (address) => address.w3);
    const ipv6 = addresses.filter((address) => !isIpv4(address));
    this.#ipv6 = Int32Array.from(ipv6.flatMap(({ w0, w1, w2, w3 }) => [w0, w1, w2, w3]));
    this.#broadcasts = Int32Array.from(broadcasts, (address) => address.w3);
    this.#loopback = loopback;
  }

  /** Whether the IPv4 address with these 32 bits is an own one. */
  has4(word: number): boolean {
    const own = this.#ipv4;
    for (let i = 0; i < own.length; i++) {
      if (own[i] === word) return true;
    }
    return this.#loopback && isLoopbackWord(word);
  }

  /** Whether packets to this IPv4 address are for several hosts: multicast or broadcast (RFC 1122 section 3.3.6). */
  isGroup4(word: number): boolean {
    if ((word >>> 28) === 14 || word === -1) return true;
    const broadcasts = this.#broadcasts;
    for (let i = 0; i < broadcasts.length; i++) {
      if (broadcasts[i] === word) return true;
    }
    return false;
  }

  /** Whether the IPv6 address with these words is an own one; never for IPv4-mapped ones. */
  has6(w0: number, w1: number, w2: number, w3: number): boolean {
    const own = this.#ipv6;
    for (let i = 0; i < own.length; i += 4) {
      if (own[i + 3] === w3 && own[i + 2] === w2 && own[i + 1] === w1 && own[i] === w0) return true;
    }
    return this.#loopback && w3 === 1 && isLoopbackWords(w0, w1, w2, w3);
  }
}
