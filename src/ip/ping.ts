/** Echo requests that this host has sent and waits for answers to (RFC 792, RFC 4443 section 4). */
import type { Random } from "../base/random.ts";
import { ICMP_HEADER_BYTES } from "../wire/icmp.ts";
import type { Segment } from "../wire/segment.ts";

/** An echo request on its way. */
export interface Ping {
  /** Whose it is. */
  readonly request: number;
  /** Identifier and sequence number: 32 random bits, so that nobody who does not see the request can answer it. */
  readonly name: number;
  readonly local: readonly number[];
  readonly remote: readonly number[];
  /** Bytes behind the header. */
  readonly size: number;
  readonly sentAtUs: number;
}

/** The requests that have no answer. */
export class Pings {
  readonly #limit: number;
  readonly #random: Random;
  readonly #byName = new Map<number, Ping>();
  readonly #byRequest = new Map<number, Ping>();

  /** At most `limit` at once. */
  constructor(limit: number, random: Random) {
    this.#limit = limit;
    this.#random = random;
  }

  /** How many wait. */
  get count(): number {
    return this.#byName.size;
  }

  /** Begins one; null when as many wait as may. */
  start(
    request: number,
    local: readonly number[],
    remote: readonly number[],
    size: number,
    nowUs: number,
  ): Ping | null {
    if (this.#byName.size >= this.#limit) return null;
    let name = this.#random.uint32() | 0;
    while (this.#byName.has(name)) name = (name + 1) | 0;
    const ping = { request, name, local, remote, size, sentAtUs: nowUs };
    this.#byName.set(name, ping);
    this.#byRequest.set(request, ping);
    return ping;
  }

  /** Forgets one that nobody waits for any more. */
  cancel(request: number): void {
    const ping = this.#byRequest.get(request);
    if (ping !== undefined) this.#remove(ping);
  }

  /** The request that an echo reply answers, which is thereby done; null when it answers none. */
  takeAnswered(reply: Segment): Ping | null {
    const ping = this.#byName.get(reply.seq);
    if (ping === undefined) return null;
    const { src0, src1, src2, src3, dst0, dst1, dst2, dst3 } = reply;
    if (!isAddress(ping.remote, src0, src1, src2, src3)) return null;
    if (!isAddress(ping.local, dst0, dst1, dst2, dst3)) return null;
    if (reply.payloadLength !== ICMP_HEADER_BYTES + ping.size) return null;
    this.#remove(ping);
    return ping;
  }

  /** The request that an error is about, still waiting; null when it is about none. */
  findQuoted(error: Segment): Ping | null {
    const ping = this.#byName.get(error.seq);
    if (ping === undefined) return null;
    const { src0, src1, src2, src3, dst0, dst1, dst2, dst3 } = error;
    const isSame = isAddress(ping.local, src0, src1, src2, src3) &&
      isAddress(ping.remote, dst0, dst1, dst2, dst3);
    return isSame ? ping : null;
  }

  #remove(ping: Ping): void {
    this.#byName.delete(ping.name);
    this.#byRequest.delete(ping.request);
  }
}

function isAddress(
  address: readonly number[],
  w0: number,
  w1: number,
  w2: number,
  w3: number,
): boolean {
  return address[3] === w3 && address[2] === w2 && address[1] === w1 && address[0] === w0;
}
