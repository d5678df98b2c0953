/**
 * The path's MTU as routers tell it: RFC 1191 for IPv4, RFC 8201 for IPv6. A message is believed when it quotes a
 * sequence number that is in flight (RFC 5927 section 4.1; the caller checks that), and one that would make
 * packets smaller than has been seen to get through only when data does not get through now.
 */

import { Counter, type Counters } from "../base/counters.ts";
import { seqDiff } from "../base/seq.ts";
import type { TcpConfig } from "./config.ts";
import { type Connection, NEVER } from "./connection.ts";
import { type LossRecovery, Phase } from "./loss_recovery.ts";
import { NO_SEGMENT, type RetransmissionQueue, Sent } from "./retransmission_queue.ts";
import { headerBytes, isOverIpv4, updateSegmentSize } from "./segment_size.ts";

/** RFC 8200 section 5: every link of IPv6 takes that much. */
const IPV6_MTU_MIN = 1280;
/** RFC 1191 section 7.1: common MTUs, for routers that do not tell theirs. */
const PLATEAUS: readonly number[] = [32_000, 17_914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68];
/** Destinations whose MTU is kept. */
const DESTINATIONS_MAX = 1024;

/** What a message about the MTU needs besides the connection. */
export interface PathContext {
  readonly config: TcpConfig;
  readonly counters: Counters;
  /** Largest IP packet of the first link, bytes. */
  readonly mtu: number;
}

/** What is known of the way to a destination. */
interface PathEntry {
  readonly mtu: number;
  readonly endUs: number;
}

/** The MTUs that routers have told, by destination, so that later connections need not be told again. */
export class PathMtuCache {
  /** The one that was told first comes first, and gives way when there are too many. */
  readonly #paths = new Map<string, PathEntry>();

  /** Destinations that are known. */
  get size(): number {
    return this.#paths.size;
  }

  /** Gives a new connection what is known of its path. */
  apply(conn: Connection, nowUs: number): void {
    if (this.#paths.size === 0) return;
    const key = keyOf(conn);
    const entry = this.#paths.get(key);
    if (entry === undefined) return;
    if (entry.endUs <= nowUs) {
      this.#paths.delete(key);
      return;
    }
    conn.pathMtu = entry.mtu;
    conn.pathMtuEndUs = entry.endUs;
  }

  /**
   * A router has dropped a segment in flight for its length; nothing is wrong with the peer. Returns whether
   * there is something to send again.
   */
  onPacketTooBig(conn: Connection, mtu: number, nowUs: number, context: PathContext): boolean {
    if (!lowerPathMtu(conn, mtu, context.mtu, context.config, nowUs)) return false;
    context.counters.count(Counter.pathMtuLowered);
    this.#learn(conn);
    return true;
  }

  #learn(conn: Connection): void {
    const key = keyOf(conn);
    this.#paths.delete(key);
    if (this.#paths.size >= DESTINATIONS_MAX) {
      for (const oldest of this.#paths.keys()) {
        this.#paths.delete(oldest);
        break;
      }
    }
    this.#paths.set(key, { mtu: conn.pathMtu, endUs: conn.pathMtuEndUs });
  }
}

function keyOf({ remote0, remote1, remote2, remote3 }: Connection): string {
  return `${remote0},${remote1},${remote2},${remote3}`;
}

/** RFC 1191 section 7: a router of the old kind has told no MTU, so the next smaller usual one is tried. */
function plateauBelow(mtu: number): number {
  for (const plateau of PLATEAUS) if (plateau < mtu) return plateau;
  return PLATEAUS[PLATEAUS.length - 1];
}

/**
 * A router has told that packets must be no longer than `claimed` bytes, 0 when it did not say. Returns
 * whether the path's MTU is lower now; then everything that was too long is lost, and may go again at once.
 */
export function lowerPathMtu(
  conn: Connection,
  claimed: number,
  linkMtu: number,
  config: TcpConfig,
  nowUs: number,
): boolean {
  const current = conn.pathMtu === 0 ? linkMtu : conn.pathMtu;
  const told = claimed === 0 ? plateauBelow(current) : claimed;
  const mtu = Math.max(told, isOverIpv4(conn) ? config.pathMtuMin : IPV6_MTU_MIN);
  if (mtu >= current || isDoubtful(conn, mtu, config)) return false;
  conn.pathMtu = mtu;
  conn.pathMtuEndUs = nowUs + config.pathMtuExpiresMs * 1000;
  const { mtuSearch } = conn;
  if (mtuSearch !== null) {
    mtuSearch.highMtu = Math.min(mtuSearch.highMtu, mtu);
    mtuSearch.lowMtu = Math.min(mtuSearch.lowMtu, mtu);
    mtuSearch.probing = false;
  }
  if (conn.linkMtu === 0) return true; // The handshake is not over: nothing has been settled or sent.
  updateSegmentSize(conn);
  if (conn.loss !== null) loseOversized(conn, conn.loss);
  return true;
}

/**
 * RFC 5927 section 7.2: full segments have got through, and so small an MTU is no usual one. It counts when the
 * data is not acknowledged in time either; a router that means it says it again for the retransmission.
 */
function isDoubtful(conn: Connection, mtu: number, config: TcpConfig): boolean {
  const isUsual = mtu - headerBytes(conn) >= config.baseMss;
  const hasPassed = seqDiff(conn.sndUna, conn.iss) > conn.sndMss;
  return !isUsual && hasPassed && conn.backoffs === 0;
}

/**
 * What is longer than a segment may be now has not arrived. It is sent again without a reduction of the window:
 * the path is not congested (RFC 1191 section 6.5, as Linux).
 */
export function loseOversized(conn: Connection, loss: LossRecovery): void {
  const { queue } = loss;
  let found = false;
  for (let s = queue.head; s !== NO_SEGMENT; s = queue.next(s)) {
    const isLong = seqDiff(queue.end(s), queue.start(s)) > conn.sndMss;
    if (!isLong || (queue.flags(s) & Sent.sacked) !== 0) continue;
    queue.markLost(s);
    found = true;
  }
  if (!found) return;
  joinLost(queue, conn.sndMss);
  loss.undoPossible = false;
  loss.probing = false;
  loss.probeAtUs = NEVER;
  if (loss.phase !== Phase.open) return;
  loss.phase = Phase.loss;
  loss.recover = conn.sndMax;
  loss.duplicateAcks = 0;
}

/**
 * Two segments that were sent at one moment are one piece again, as in Linux, which makes pieces of two segments on
 * paths that are not fast: cut one by one, each of the old segments would leave a short one behind.
 */
function joinLost(queue: RetransmissionQueue, mss: number): void {
  for (let s = queue.head; s !== NO_SEGMENT; s = queue.next(s)) {
    if (!isOversized(queue, s, mss)) continue;
    const next = queue.next(s);
    if (next === NO_SEGMENT || !isOversized(queue, next, mss)) continue;
    const isSame = queue.flags(next) === queue.flags(s) &&
      queue.sentAtUs(next) === queue.sentAtUs(s);
    if (isSame) queue.join(s);
  }
}

/** Whether a segment is lost for its length, and not sent again. */
function isOversized(queue: RetransmissionQueue, segment: number, mss: number): boolean {
  return (queue.flags(segment) & (Sent.lost | Sent.again)) === Sent.lost &&
    seqDiff(queue.end(segment), queue.start(segment)) > mss;
}

/** What the router has said does not hold any more: the path may have become wider (section 6.3). */
export function forgetPathMtu(conn: Connection): void {
  conn.pathMtu = conn.linkMtu;
  conn.pathMtuEndUs = NEVER;
  updateSegmentSize(conn);
}
