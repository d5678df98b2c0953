/**
 * Which flows to foreign destinations a `forward` takes: by destination address and port, so that the stage can
 * tell by itself. An empty list lets everything through.
 */

import { isIpv4Words } from "../base/address.ts";

/** Words of a prefix: address (4), prefix length in bits of the 128. */
const PREFIX_WORDS = 5;

/** Prefixes, let in or excluded, of one filter. */
export const FILTER_PREFIXES_MAX = 64;
/** Port ranges of one filter. */
export const FILTER_PORTS_MAX = 64;

/** A filter, filled before it is used. */
export class ForwardFilter {
  readonly #prefixes: number[] = [];
  readonly #excluded: number[] = [];
  /** Pairs of first and last port. */
  readonly #ports: number[] = [];

  /** Lets a prefix in, or excludes it; `length` counts in the 128 bits of the address, mapped ones included. */
  addPrefix(address: readonly number[], length: number, excludes: boolean): void {
    const list = excludes ? this.#excluded : this.#prefixes;
    list.push(address[0], address[1], address[2], address[3], length);
  }

  /** Lets ports in, both ends included. */
  addPorts(first: number, last: number): void {
    this.#ports.push(first, last);
  }

  /** Whether a flow to this address and port is let through. */
  lets(w0: number, w1: number, w2: number, w3: number, port: number): boolean {
    const ports = this.#ports;
    let letsPort = ports.length === 0;
    for (let i = 0; i < ports.length && !letsPort; i += 2) {
      letsPort = ports[i] <= port && port <= ports[i + 1];
    }
    if (!letsPort || isIn(this.#excluded, w0, w1, w2, w3)) return false;
    return this.#prefixes.length === 0 || isIn(this.#prefixes, w0, w1, w2, w3);
  }
}

/** A prefix of one family has no address of the other in it: `::/0` is not all of IPv4 too. */
function isIn(prefixes: readonly number[], w0: number, w1: number, w2: number, w3: number) {
  const isIpv4 = isIpv4Words(w0, w1, w2);
  for (let i = 0; i < prefixes.length; i += PREFIX_WORDS) {
    const length = prefixes[i + 4];
    if (isIpv4Words(prefixes[i], prefixes[i + 1], prefixes[i + 2]) !== isIpv4) continue;
    if (
      hasSameBits(prefixes[i], w0, length) && hasSameBits(prefixes[i + 1], w1, length - 32) &&
      hasSameBits(prefixes[i + 2], w2, length - 64) && hasSameBits(prefixes[i + 3], w3, length - 96)
    ) {
      return true;
    }
  }
  return false;
}

/** Whether the first `bits` bits of two words are the same; all of them from 32 on, none up to 0. */
function hasSameBits(a: number, b: number, bits: number): boolean {
  if (bits <= 0) return true;
  return bits >= 32 ? a === b : ((a ^ b) >>> (32 - bits)) === 0;
}
