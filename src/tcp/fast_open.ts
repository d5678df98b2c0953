/**
 * TCP Fast Open (RFC 7413): data in the SYN for peers that have been here before. The server gives a cookie,
 * which is a keyed hash of the addresses, to whoever asks; a SYN that brings it back has not been spoofed,
 * and its data is given to the application before the handshake is complete.
 */

import { IPV4_MAPPED_W2 } from "../base/address.ts";
import { Counter, type Counters } from "../base/counters.ts";
import type { Random } from "../base/random.ts";
import { type Seq, seqAdd, seqDiff } from "../base/seq.ts";
import type { SipHash24 } from "../base/siphash.ts";
import { Flag, OptionBit, type Segment } from "../wire/segment.ts";
import { FastOpenBit, type TcpConfig } from "./config.ts";
import { type Connection, type FourTuple, Owner } from "./connection.ts";
import { FastOpenState } from "./fast_open_state.ts";
import type { Listener } from "./listener.ts";
import { hashesOf } from "./secret.ts";
import { State } from "./state.ts";

/** Bytes of the cookies that are given here, as Linux's. */
const COOKIE_BYTES = 8;
/** How long a handshake that was reset counts as pending (RFC 7413 section 5.1, as Linux). */
const PENALTY_US = 60e6;
/** Most doublings of the time for which Fast Open is given up. */
const BLACKHOLE_DOUBLINGS = 6;
/** Room for options in a SYN: what Linux keeps free. */
const SYN_OPTIONS_BYTES = 40;

/** Whether the connection is one whose application reads and writes while the handshake is not over. */
export function isOpenEarly(conn: Connection): boolean {
  return conn.fastOpen !== null && conn.fastOpen.passive;
}

/** Whether the application uses a connection whose handshake is not over (RFC 7413). */
export function isUsedEarly(conn: Connection): boolean {
  if (conn.fastOpen === null || conn.owner === Owner.listener || conn.request >= 0) return false;
  return conn.state === State.SYN_SENT || conn.state === State.SYN_RECEIVED;
}

/** Whether its SYN waits for data that was never written: then there is nothing to end. */
export function isUnbegun(conn: Connection): boolean {
  if (conn.fastOpen === null || !conn.fastOpen.waiting || conn.send === null) return false;
  conn.send.refresh();
  return conn.send.end === 0;
}

/** What an active open has to do with Fast Open. */
export const ActiveFastOpen = {
  no: 0,
  /** Data goes with the SYN when the server's cookie is known; else one is asked for. */
  withCookie: 1,
  /** Data goes with the SYN in any case (TCP_FASTOPEN_NO_COOKIE). */
  withoutCookie: 2,
} as const;

/** One value of {@link ActiveFastOpen}. */
export type ActiveFastOpen = (typeof ActiveFastOpen)[keyof typeof ActiveFastOpen];

/** What a server makes of the option and the data of a SYN. */
export const SynVerdict = {
  /** An ordinary handshake; the SYN-ACK carries the cookie that the state names, if any. */
  handshake: 0,
  /** The data is to be taken at once. */
  accept: 1,
} as const;

/** One value of {@link SynVerdict}. */
export type SynVerdict = (typeof SynVerdict)[keyof typeof SynVerdict];

/** The server's side: cookies given and checked, and the limit of what is pending. */
export class FastOpenServer {
  readonly #config: TcpConfig;
  readonly #counters: Counters;
  readonly #hashes: readonly SipHash24[];
  /** What the next SYN-ACK is to carry. */
  readonly reply = new FastOpenState(false);

  constructor(config: TcpConfig, counters: Counters, random: Random) {
    this.#config = config;
    this.#counters = counters;
    this.#hashes = hashesOf(config.fastOpenSecret, random);
  }

  /** Looks at a SYN for a listener, and leaves in `reply` what its SYN-ACK is to carry. */
  onSyn(listener: Listener, syn: Segment, ends: FourTuple, nowUs: number): SynVerdict {
    const { fastOpen } = this.#config;
    const { reply } = this;
    reply.cookieLength = -1;
    const hasOption = (syn.options & OptionBit.fastOpen) !== 0;
    if (hasOption && syn.fastOpenLength === 0) {
      this.#counters.count(Counter.fastOpenCookieRequests);
    }
    const isWanted = hasOption || syn.payloadLength > 0;
    if ((fastOpen & FastOpenBit.server) === 0 || !isWanted) return SynVerdict.handshake;
    if (!this.#hasRoom(listener, nowUs)) return SynVerdict.handshake;
    const free = listener.fastOpenNoCookie || (fastOpen & FastOpenBit.serverWithoutCookie) !== 0;
    if (free) return SynVerdict.accept;
    if (!hasOption) return SynVerdict.handshake;
    const known = syn.fastOpenLength > 0 ? this.#indexOf(syn, ends) : -1;
    if (syn.fastOpenLength > 0 && known < 0) {
      this.#counters.count(Counter.fastOpenPassiveFailed);
    }
    // One that asks, brings a wrong one, or brings one of the secret before gets the right one.
    if (known !== 0) this.#give(syn, ends);
    return known >= 0 ? SynVerdict.accept : SynVerdict.handshake;
  }

  #hasRoom(listener: Listener, nowUs: number): boolean {
    const everyone = (this.#config.fastOpen & FastOpenBit.everyListener) !== 0;
    const limit = listener.fastOpenLimit > 0
      ? listener.fastOpenLimit
      : everyone
      ? listener.backlog
      : 0;
    if (limit === 0) return false;
    const { fastOpenPenalties } = listener;
    while (fastOpenPenalties.length > 0 && fastOpenPenalties[0] <= nowUs) {
      fastOpenPenalties.shift();
      listener.fastOpenPending--;
    }
    if (listener.fastOpenPending < limit) return true;
    this.#counters.count(Counter.fastOpenOverflows);
    return false;
  }

  #give(syn: Segment, ends: FourTuple): void {
    const { reply } = this;
    const hash = this.#hashes[0];
    hashAddresses(hash, ends);
    reply.cookieLength = COOKIE_BYTES;
    reply.cookie0 = byteSwapped(hash.low);
    reply.cookie1 = byteSwapped(hash.high);
    reply.cookie2 = 0;
    reply.cookie3 = 0;
    reply.experimental = (syn.options & OptionBit.fastOpenExperimental) !== 0;
  }

  /** Which secret has made the cookie of a SYN, or -1. */
  #indexOf(syn: Segment, ends: FourTuple): number {
    if (syn.fastOpenLength !== COOKIE_BYTES) return -1;
    return this.#hashes.findIndex((hash) => {
      hashAddresses(hash, ends);
      return syn.fastOpen0 === byteSwapped(hash.low) && syn.fastOpen1 === byteSwapped(hash.high);
    });
  }

  /** The handshake of a connection whose data was taken has ended; `reset` when the peer has reset it. */
  onHandshakeOver(listener: Listener, reset: boolean, nowUs: number): void {
    // Whoever resets what a spoofed SYN has begun must not make room for the next one.
    if (reset) listener.fastOpenPenalties.push(nowUs + PENALTY_US);
    else listener.fastOpenPending--;
  }
}

/**
 * The hash of Linux's cookies: of the client's address and the server's as they are on the wire. With one
 * secret both know each other's, so that servers of both kinds can stand behind one address.
 */
function hashAddresses(hash: SipHash24, ends: FourTuple): void {
  const isIpv4 = ends.remote2 === IPV4_MAPPED_W2 && (ends.remote0 | ends.remote1) === 0;
  hash.start();
  if (!isIpv4) {
    hash.word(byteSwapped(ends.remote0));
    hash.word(byteSwapped(ends.remote1));
    hash.word(byteSwapped(ends.remote2));
  }
  hash.word(byteSwapped(ends.remote3));
  if (!isIpv4) {
    hash.word(byteSwapped(ends.local0));
    hash.word(byteSwapped(ends.local1));
    hash.word(byteSwapped(ends.local2));
  }
  hash.word(byteSwapped(ends.local3));
  hash.finish();
}

/** The other byte order of a word. */
function byteSwapped(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}

/** What a client remembers of one server (RFC 7413 section 4.1.3). */
interface CachedCookie {
  readonly state: FastOpenState;
  /** MSS that the server has announced: what the SYN may carry. */
  mss: number;
  /** The option in its experimental form is to be tried, for the other one got no answer. */
  tryExperimental: boolean;
}

/** The client's side: cookies by server, and paths that swallow Fast Open. */
export class FastOpenClient {
  readonly #config: TcpConfig;
  readonly #counters: Counters;
  readonly #cache = new Map<string, CachedCookie>();
  #disabledUntilUs = -Infinity;
  /** Times in a row that it was given up. */
  #disabledTimes = 0;

  constructor(config: TcpConfig, counters: Counters) {
    this.#config = config;
    this.#counters = counters;
  }

  /** Servers whose cookie is known. */
  get size(): number {
    return this.#cache.size;
  }

  /**
   * What a new active open has to do with Fast Open; null when nothing. Its `waiting` says that the SYN may
   * carry data and is to wait for it.
   */
  begin(
    tuple: FourTuple,
    mtu: number,
    withoutCookie: boolean,
    nowUs: number,
  ): FastOpenState | null {
    const { fastOpen } = this.#config;
    if ((fastOpen & FastOpenBit.client) === 0 || nowUs < this.#disabledUntilUs) return null;
    const state = new FastOpenState(false);
    const cached = this.#cache.get(keyOf(tuple));
    const most = mtu - 40 - SYN_OPTIONS_BYTES;
    if (withoutCookie || (fastOpen & FastOpenBit.clientWithoutCookie) !== 0) {
      state.waiting = true;
      state.synBytesMax = cached === undefined ? Math.min(most, 536) : most;
    } else if (cached !== undefined && cached.state.cookieLength > 0) {
      Object.assign(state, cached.state);
      state.waiting = true;
      state.synBytesMax = most;
    } else {
      state.cookieLength = 0;
      state.experimental = cached?.tryExperimental ?? false;
    }
    if (cached !== undefined && cached.mss > 0) {
      state.synBytesMax = Math.min(state.synBytesMax, Math.max(0, cached.mss - SYN_OPTIONS_BYTES));
    }
    return state;
  }

  /** The SYN-ACK of an active open is here: keeps its cookie, and counts whether the data was taken. */
  onSynAck(conn: Connection, segment: Segment): void {
    const state = conn.fastOpen!;
    const asked = state.cookieLength >= 0;
    if (state.synBytes > 0) {
      this.#counters.count(state.acked ? Counter.fastOpenActive : Counter.fastOpenActiveFailed);
      if (state.acked) this.#disabledTimes = 0;
    }
    if (!asked) return; // A cookie that was not asked for is nobody's.
    const mss = (segment.options & OptionBit.mss) !== 0 ? segment.mss : 536;
    const hasCookie = (segment.options & OptionBit.fastOpen) !== 0 && segment.fastOpenLength > 0;
    if (hasCookie) {
      const kept = new FastOpenState(false);
      kept.takeCookie(segment);
      this.#keep(conn, { state: kept, mss, tryExperimental: false });
    } else if (conn.handshakeTimedOut) {
      // The server has seen only the plain SYN: the other one, or its answer, was dropped on the way.
      if (state.synBytes > 0) this.#cache.delete(keyOf(conn));
    } else if (state.synBytes === 0) {
      // It was asked, and did not answer: perhaps it only knows the other form.
      const none = new FastOpenState(false);
      this.#keep(conn, { state: none, mss, tryExperimental: !state.experimental });
    }
  }

  #keep(tuple: FourTuple, cookie: CachedCookie): void {
    const key = keyOf(tuple);
    this.#cache.delete(key);
    if (this.#config.fastOpenCookies === 0) return;
    this.#cache.set(key, cookie);
    if (this.#cache.size <= this.#config.fastOpenCookies) return;
    for (const oldest of this.#cache.keys()) {
      this.#cache.delete(oldest);
      break;
    }
  }

  /**
   * The retransmission timer of a connection that has used Fast Open has expired the `backoffs`th time in a
   * row: three times, or to the end, mean a path that swallows it (RFC 7413 section 7.1, as Linux).
   */
  onTimeout(backoffs: number, givenUp: boolean, nowUs: number): void {
    const { fastOpenBlackholeMs } = this.#config;
    if (fastOpenBlackholeMs === 0 || (backoffs !== 3 && !(givenUp && backoffs < 3))) return;
    const doublings = Math.min(this.#disabledTimes++, BLACKHOLE_DOUBLINGS);
    this.#disabledUntilUs = nowUs + fastOpenBlackholeMs * 1000 * 2 ** doublings;
    this.#counters.count(Counter.fastOpenBlackholes);
  }
}

function keyOf(tuple: FourTuple): string {
  const { local0, local1, local2, local3, remote0, remote1, remote2, remote3 } = tuple;
  return `${local0},${local1},${local2},${local3},${remote0},${remote1},${remote2},${remote3}`;
}

/**
 * Prepares the Fast Open part of a SYN or SYN-ACK that is sent for the first time: the option, and how many
 * bytes of the application's it carries.
 */
export function beginFastOpen(conn: Connection, out: Segment): number {
  const state = conn.fastOpen!;
  state.addOption(out);
  state.waiting = false;
  if ((out.flags & Flag.ACK) !== 0 || state.synBytesMax === 0) return 0;
  state.synBytes = Math.min(conn.send!.end, state.synBytesMax);
  return state.synBytes;
}

/** An active open is established by an ACK of `ack`: takes the SYN's data off, as far as it was taken. */
export function settleSynData(conn: Connection, ack: Seq): void {
  const state = conn.fastOpen!;
  const bytes = seqDiff(ack, seqAdd(conn.iss, 1));
  state.acked = bytes > 0;
  if (bytes > 0) conn.send!.acknowledge(bytes);
  const lost = state.synBytes - bytes;
  if (lost > 0) {
    // It goes again as new data, behind the handshake.
    conn.segmentsRetransmitted++;
    conn.bytesRetransmitted += lost;
  }
}
