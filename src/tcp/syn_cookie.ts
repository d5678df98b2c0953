/**
 * SYN cookies (RFC 4987 section 3.6): what would be remembered of a SYN is put into the sequence number of
 * the SYN-ACK, and comes back in the ACK that completes the handshake. The timestamp is as Linux's:
 *
 * ```text
 *   cookie = H(ends, SYN's number, count) + MSS index      32 bits of a keyed hash, and two bits
 *   count  = minutes of 64 seconds since 1970
 *
 *   a timestamp, when the SYN has one:  ....................... 1 1 1 1 1 1
 *                                       milliseconds            E S  window
 *                                       (rounded down)                scale, 15: none
 * ```
 *
 * Without a timestamp there is no place for window scale, SACK and ECN (E), and they are not agreed on.
 * The hash is keyed, so that nobody can make a cookie for an address at which he does not receive, except by
 * guessing one of 2^29: the time is not in the cookie as in Linux's, whose check is 22 bits for that, but the
 * last two minutes are tried. The hash depends on the time: its key, in effect, is another one every minute.
 */

import { IPV4_MAPPED_W2 } from "../base/address.ts";
import type { Random } from "../base/random.ts";
import { type Seq, seqAdd, seqDiff } from "../base/seq.ts";
import type { SipHash24 } from "../base/siphash.ts";
import { Flag, OptionBit, type Segment } from "../wire/segment.ts";
import type { FourTuple } from "./connection.ts";
import { hashesOf, startWithAddresses } from "./secret.ts";

/** How long after the last cookie was given one is believed (Linux's TCP_SYNCOOKIE_VALID). */
const COOKIE_VALID_US = 128e6;
/** An echoed timestamp that is older was not sent by this host. */
const OWN_TIMESTAMP_MS = 300_000;
/** One step of the count, in microseconds. */
const COUNT_US = 64e6;
/** A cookie is good in the minute that it was made in, and in the next (Linux's MAX_SYNCOOKIE_AGE). */
const AGE_MAX = 2;

/** The MSS values that a cookie can say, for IPv4 and IPv6: those that are most common, from below. */
const MSS_IPV4: readonly number[] = [536, 1300, 1440, 1460];
const MSS_IPV6: readonly number[] = [1220, 1420, 1440, 8940];
const MSS_VALUES = 4;

const SCALE_BITS = 0x0f;
const NO_SCALE = 0x0f;
const SACK_BIT = 0x10;
const ECN_BIT = 0x20;
const OPTION_BITS = 0x3f;
const OPTION_STEP = 0x40;

// What a hash is for.
const COOKIE = 1;
const OFFSET = 2;

/** Makes cookies and knows them again. */
export class SynCookies {
  /** Whether the secret was given, so that another host may have made what comes back here. */
  readonly isShared: boolean;
  readonly #hashes: readonly SipHash24[];
  readonly #originUs: number;

  /** `originUs` makes the time of day of the stack's time, which hosts with one secret must share. */
  constructor(secret: string, random: Random, originUs: number) {
    this.isShared = secret !== "";
    this.#hashes = hashesOf(secret, random);
    this.#originUs = originUs;
  }

  /**
   * What timestamps to this peer are ahead of the clock: the same for all its connections, so that a new one
   * continues where the last one was and its SYN is known to be new (RFC 6191, RFC 7323 section 5.8).
   */
  timestampOffset(ends: FourTuple): number {
    const hash = this.#hashes[0];
    startWithAddresses(hash, ends, OFFSET);
    return hash.finish();
  }

  /** The initial sequence number that stands for this SYN. `segment.mss` is what the SYN has announced. */
  make(syn: Segment, ends: FourTuple, nowUs: number): Seq {
    const hash = this.#hashes[0];
    return seqAdd(hashOf(hash, ends, syn.seq, this.#count(nowUs)), mssIndex(syn, ends));
  }

  /** The MSS that the cookie in this ACK tells, or 0 when it is none of ours or too old. */
  mssOf(ack: Segment, ends: FourTuple, nowUs: number): number {
    const table = mssTable(ends);
    for (let i = 0; i < this.#hashes.length; i++) {
      const index = this.#indexOf(this.#hashes[i], ack, ends, nowUs);
      if (index < MSS_VALUES) return table[index];
    }
    return 0;
  }

  /** Whether cookies may come back to who has given the last one at that time. */
  mayComeBack(givenAtUs: number, nowUs: number): boolean {
    return this.isShared || nowUs - givenAtUs < COOKIE_VALID_US;
  }

  /** What is ahead of the clock in the timestamps that the peer has seen: another host may have sent them. */
  offsetSeen(ack: Segment, ends: FourTuple, nowUs: number): number {
    const offset = this.timestampOffset(ends);
    if ((ack.options & OptionBit.timestamps) === 0) return offset;
    const clock = Math.floor(nowUs / 1000) | 0;
    const ageMs = seqDiff(clock + offset, ack.tsEcho);
    const isOwn = ageMs >= 0 && ageMs <= OWN_TIMESTAMP_MS;
    return isOwn ? offset : seqDiff(ack.tsEcho, clock);
  }

  #indexOf(hash: SipHash24, ack: Segment, ends: FourTuple, nowUs: number): number {
    const cookie = seqAdd(ack.ack, -1);
    const synNumber = seqAdd(ack.seq, -1);
    const now = this.#count(nowUs);
    for (let age = 0; age < AGE_MAX; age++) {
      const index = seqDiff(cookie, hashOf(hash, ends, synNumber, now - age));
      if (index >= 0 && index < MSS_VALUES) return index;
    }
    return MSS_VALUES;
  }

  #count(nowUs: number): number {
    return Math.floor((nowUs + this.#originUs) / COUNT_US);
  }
}

function hashOf(hash: SipHash24, ends: FourTuple, synNumber: Seq, count: number): number {
  startWithAddresses(hash, ends, COOKIE);
  hash.word((ends.localPort << 16) | ends.remotePort);
  hash.word(synNumber);
  hash.word(count);
  return hash.finish();
}

function mssTable(ends: FourTuple): readonly number[] {
  return ends.remote2 === IPV4_MAPPED_W2 && (ends.remote0 | ends.remote1) === 0
    ? MSS_IPV4
    : MSS_IPV6;
}

/** The greatest MSS of the table that is not above the SYN's, or the least there is. */
function mssIndex(syn: Segment, ends: FourTuple): number {
  const table = mssTable(ends);
  let index = table.length - 1;
  while (index > 0 && table[index] > syn.mss) index--;
  return index;
}

/** Takes from a SYN what its cookie and timestamp cannot say; the MSS becomes the one that they will. */
export function reduceToCookie(syn: Segment, ends: FourTuple): void {
  if ((syn.options & OptionBit.timestamps) === 0) {
    syn.options &= OptionBit.mss;
    syn.flags &= ~(Flag.ECE | Flag.CWR | Flag.AE);
  }
  // AccECN would need bits that there are not: what is left of it is a SYN without ECN.
  if ((syn.flags & Flag.AE) !== 0) syn.flags &= ~(Flag.ECE | Flag.CWR | Flag.AE);
  syn.options &= OptionBit.mss | OptionBit.windowScale | OptionBit.sackPermitted |
    OptionBit.timestamps;
  syn.mss = mssTable(ends)[mssIndex(syn, ends)];
}

/** The timestamp of a SYN-ACK, not after `timestamp`, that says which options were agreed on. */
export function cookieTimestamp(
  timestamp: number,
  scale: number,
  sack: boolean,
  ecn: boolean,
): number {
  const options = (scale < 0 ? NO_SCALE : scale) | (sack ? SACK_BIT : 0) | (ecn ? ECN_BIT : 0);
  const value = (timestamp & ~OPTION_BITS) | options;
  return (value > timestamp ? value - OPTION_STEP : value) | 0;
}

/**
 * Makes of an ACK with a cookie the SYN that it answers for. `mss` is from the cookie, `timestampOffset`
 * what was ahead of the clock in the timestamps that were sent.
 */
export function synFromAck(
  ack: Segment,
  syn: Segment,
  mss: number,
  timestampOffset: number,
): void {
  syn.seq = seqAdd(ack.seq, -1);
  syn.flags = Flag.SYN;
  syn.window = Math.min(ack.window, 0xffff);
  syn.trafficClass = ack.trafficClass;
  syn.options = OptionBit.mss;
  syn.mss = mss;
  if ((ack.options & OptionBit.timestamps) === 0) return;
  const bits = seqDiff(ack.tsEcho, timestampOffset) & OPTION_BITS;
  syn.options |= OptionBit.timestamps;
  syn.tsValue = ack.tsValue;
  if ((bits & SACK_BIT) !== 0) syn.options |= OptionBit.sackPermitted;
  if ((bits & ECN_BIT) !== 0) syn.flags |= Flag.ECE | Flag.CWR;
  if ((bits & SCALE_BITS) === NO_SCALE) return;
  syn.options |= OptionBit.windowScale;
  syn.windowScale = bits & SCALE_BITS;
}
