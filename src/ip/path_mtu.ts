/**
 * What routers have said about the largest packet that reaches a destination (RFC 1191, RFC 8201): few
 * destinations at a time, the one that was told of longest ago gives way.
 */
import { type Address, isIpv4Words } from "../base/address.ts";
import { IPV6_MTU_MIN } from "../wire/ipv6.ts";

/** Destinations that are remembered: a table that is looked through for every datagram stays short. */
export const PATH_MTU_ENTRIES = 64;

/** How long it is remembered (RFC 1191 section 6.3), microseconds. */
export const PATH_MTU_LIFETIME_US = 600_000_000;

/** Least MTU of a path over IPv4 that is believed, as in Linux (`net.ipv4.route.min_pmtu`). */
export const PATH_MTU_MIN4 = 552;

/** Words of an entry: the destination and its MTU. */
const ENTRY_WORDS = 5;

/** The path MTUs that are smaller than that of the link. */
export class PathMtuTable {
  readonly #entries = new Int32Array(PATH_MTU_ENTRIES * ENTRY_WORDS);
  readonly #learnedAtUs = new Float64Array(PATH_MTU_ENTRIES);
  #count = 0;
  readonly #linkMtu: number;

  /** Where nothing is known, the path takes what the link takes. */
  constructor(linkMtu: number) {
    this.#linkMtu = linkMtu;
  }

  /** The largest packet for a destination, bytes. */
  of(w0: number, w1: number, w2: number, w3: number, nowUs: number): number {
    if (this.#count === 0) return this.#linkMtu;
    const index = this.#find(w0, w1, w2, w3);
    if (index < 0) return this.#linkMtu;
    if (nowUs - this.#learnedAtUs[index] < PATH_MTU_LIFETIME_US) {
      return this.#entries[index * ENTRY_WORDS + 4];
    }
    this.#remove(index);
    return this.#linkMtu;
  }

  /** A router has said that packets for `destination` may have `mtu` bytes, 0 if it did not say how many. */
  learn(destination: Address, mtu: number, nowUs: number): void {
    const { w0, w1, w2, w3 } = destination;
    const least = isIpv4Words(w0, w1, w2) ? PATH_MTU_MIN4 : IPV6_MTU_MIN;
    const believed = Math.max(mtu, least);
    // An MTU only shrinks by what routers say (RFC 1191 section 3).
    if (believed >= this.of(w0, w1, w2, w3, nowUs)) return;
    let index = this.#find(w0, w1, w2, w3);
    if (index < 0) index = this.#count < PATH_MTU_ENTRIES ? this.#count++ : this.#oldest();
    this.#entries.set([w0, w1, w2, w3, believed], index * ENTRY_WORDS);
    this.#learnedAtUs[index] = nowUs;
  }

  #find(w0: number, w1: number, w2: number, w3: number): number {
    const entries = this.#entries;
    for (let i = 0, at = 0; i < this.#count; i++, at += ENTRY_WORDS) {
      const isSame = entries[at + 3] === w3 && entries[at + 2] === w2 && entries[at + 1] === w1 &&
        entries[at] === w0;
      if (isSame) return i;
    }
    return -1;
  }

  #oldest(): number {
    let oldest = 0;
    for (let i = 1; i < this.#count; i++) {
      if (this.#learnedAtUs[i] < this.#learnedAtUs[oldest]) oldest = i;
    }
    return oldest;
  }

  /** The last entry takes the place of the one that goes. */
  #remove(index: number): void {
    const last = --this.#count;
    this.#entries.copyWithin(
      index * ENTRY_WORDS,
      last * ENTRY_WORDS,
      (last + 1) * ENTRY_WORDS,
    );
    this.#learnedAtUs[index] = this.#learnedAtUs[last];
  }
}
