/**
 * Initial sequence numbers (RFC 6528): the clock, so that the numbers of one four-tuple go up and a new
 * connection does not take over old segments, plus a secret function of the four-tuple, so that seeing
 * the numbers of one tuple tells nothing about those of another.
 *
 * ```text
 *   ISN = M + F(local address, remote address, ports, secret)
 *   M = the time in units of 4 microseconds, modulo 2^32 (once around in 4.77 hours)
 *   F = the low 32 bits of SipHash-2-4 under a 128-bit key
 * ```
 *
 * RFC 6528 section 3 leaves F open and names MD5 as one that may do; SipHash is a keyed function made
 * for short messages like this one.
 */
import type { Random } from "../base/random.ts";
import { type Seq, seqAdd } from "../base/seq.ts";
import { SipHash24 } from "../base/siphash.ts";

/** One step of the clock in an initial sequence number, in microseconds (RFC 9293 section 3.4.1). */
export const ISN_TICK_US = 4;

/** Where a connection's initial sequence number comes from. */
export interface IsnSource {
  /**
   * The initial sequence number for a connection of this four-tuple that is opened at `nowUs`, in
   * microseconds. Addresses are four words each, see src/base/address.ts.
   */
  next(
    local0: number,
    local1: number,
    local2: number,
    local3: number,
    remote0: number,
    remote1: number,
    remote2: number,
    remote3: number,
    localPort: number,
    remotePort: number,
    nowUs: number,
  ): Seq;
}

/** Initial sequence numbers as RFC 6528 has them. */
export class IsnGenerator implements IsnSource {
  readonly #hash: SipHash24;

  /** Takes its secret, 128 bits, from `random`; it stays the same for the life of the generator. */
  constructor(random: Random) {
    const key0 = random.uint32();
    const key1 = random.uint32();
    const key2 = random.uint32();
    const key3 = random.uint32();
    this.#hash = new SipHash24(key0, key1, key2, key3);
  }

  next(
    local0: number,
    local1: number,
    local2: number,
    local3: number,
    remote0: number,
    remote1: number,
    remote2: number,
    remote3: number,
    localPort: number,
    remotePort: number,
    nowUs: number,
  ): Seq {
    const hash = this.#hash;
    hash.start();
    hash.word(local0);
    hash.word(local1);
    hash.word(local2);
    hash.word(local3);
    hash.word(remote0);
    hash.word(remote1);
    hash.word(remote2);
    hash.word(remote3);
    hash.word((localPort << 16) | remotePort);
    return seqAdd(hash.finish(), Math.floor(nowUs / ISN_TICK_US));
  }
}

/** The same number for every connection: for packet scripts and tests, never for a network. */
export class FixedIsn implements IsnSource {
  readonly #isn: Seq;

  /** A source of the number `isn`. */
  constructor(isn: Seq) {
    this.#isn = isn | 0;
  }

  next(): Seq {
    return this.#isn;
  }
}
