import { Drop, dropNames, type DropReason } from "./drops.ts";

/** What is counted besides drops. Bytes are payload bytes unless the name says otherwise. */
export const Counter = {
  framesIn: 0,
  framesOut: 1,
  frameBytesIn: 2,
  frameBytesOut: 3,
  segmentsIn: 4,
  segmentsOut: 5,
  bytesIn: 6,
  bytesOut: 7,
  segmentsRetransmitted: 8,
  bytesRetransmitted: 9,
  resetsIn: 10,
  resetsOut: 11,
  activeOpens: 12,
  passiveOpens: 13,
  failedOpens: 14,
  connectionsReset: 15,
  connectionsTimedOut: 16,
  segmentsOutOfOrder: 17,
  duplicateAcks: 18,
  fastRetransmits: 19,
  retransmissionTimeouts: 20,
  zeroWindowProbes: 21,
  challengeAcks: 22,
  icmpEchoReplies: 23,
  icmpErrorsIn: 24,
  keepaliveProbes: 25,
  /** Not a total but the state now: connections in any state, those in TIME-WAIT among them. */
  connectionsNow: 26,
  timeWaitNow: 27,
  /** Bytes of memory that hold received bytes which were not read, now. */
  receiveMemoryNow: 28,
  /** Frames that came in at one queue and belong to a connection of another. */
  framesHandedOver: 29,
  /** Segments that came with a congestion mark, on connections that use ECN (RFC 3168). */
  ecnMarksIn: 30,
  /** Reductions of a congestion window because the peer has told of marks. */
  ecnReductions: 31,
  /** Path MTUs that were lowered because a router said so (RFC 1191). */
  pathMtuLowered: 32,
  /** Segments sent to find out whether the path takes larger ones (RFC 4821). */
  mtuProbes: 33,
  /** Handshakes in progress at listeners, now. */
  handshakesNow: 34,
  /** SYN-ACKs that carry a SYN cookie (RFC 4987), and ACKs that brought a good and a bad one back. */
  synCookiesSent: 35,
  synCookiesReceived: 36,
  synCookiesFailed: 37,
  /** Fast Open (RFC 7413): SYNs whose data the peer has taken, and has not. */
  fastOpenActive: 38,
  fastOpenActiveFailed: 39,
  /** SYNs whose data was taken, and those with a cookie that was not good. */
  fastOpenPassive: 40,
  fastOpenPassiveFailed: 41,
  /** SYNs that asked for a cookie. */
  fastOpenCookieRequests: 42,
  /** SYNs whose data was not taken because too many others had not finished their handshake. */
  fastOpenOverflows: 43,
  /** Times that Fast Open was given up for a while because a path swallows it. */
  fastOpenBlackholes: 44,
  /** Connections that are packed away because nothing happens on them, now. */
  dormantNow: 45,
  /** Reports of text received twice (RFC 2883), sent and taken in. */
  duplicatesReported: 46,
  duplicateReportsIn: 47,
  /** Tail loss probes (RFC 8985), and reductions of the window that were taken back. */
  lossProbes: 48,
  recoveriesUndone: 49,
  /** Timeouts that F-RTO (RFC 5682) has shown to be for nothing. */
  spuriousTimeouts: 50,
  /** A peer has thrown away what it had acknowledged selectively (RFC 2018 section 8). */
  sackRenegings: 51,
  /** Duplicate ACKs that went as one with others. */
  acksCompressed: 52,
  /** UDP datagrams that a socket was given, and that one has sent; their payload. */
  datagramsIn: 53,
  datagramsOut: 54,
  datagramBytesIn: 55,
  datagramBytesOut: 56,
  /** Fragments of datagrams that were longer than the way out takes. */
  fragmentsOut: 57,
  /** ICMP errors about UDP datagrams that were received, of which sockets are not told. */
  udpErrorsIn: 58,
  /** ICMP errors that were sent, about anything. */
  icmpErrorsOut: 59,
  /** UDP sockets now. */
  datagramSocketsNow: 60,
  /** Fragments that came in, and packets that were made of them. */
  fragmentsIn: 61,
  packetsReassembled: 62,
  /** Bytes of memory that hold fragments of packets that are not complete, now. */
  fragmentMemoryNow: 63,
  /** Echo requests sent by `ping`, and those that were answered. */
  pingsOut: 64,
  pingsAnswered: 65,
  /** Flows to foreign destinations that wait for the decision of a `forward`, now. */
  flowsPendingNow: 66,
  /** Flows that were shown to a `forward`, and what has become of them. */
  flowsOffered: 67,
  flowsAccepted: 68,
  flowsRejected: 69,
  flowsDropped: 70,
  /** "Unreachable" messages (RFC 792, RFC 4443) that have answered rejected flows. */
  flowErrorsOut: 71,
} as const;

/** One value of {@link Counter}. */
export type CounterName = keyof typeof Counter;

/** The names of the counters, by index. */
export const counterNames: readonly CounterName[] = Object.keys(Counter) as CounterName[];

const DROPS_START = 96;

/** Slots (64-bit floats) that one set of counters takes in shared memory. */
export const COUNTER_SLOTS = 192;

if (counterNames.length > DROPS_START || DROPS_START + dropNames.length > COUNTER_SLOTS) {
  throw new Error("The counters no longer fit into COUNTER_SLOTS");
}

/**
 * One worker's counters, in memory that others may read. Each set has one writer. A slot is a 64-bit
 * float, exact up to 2^53.
 *
 * ```text
 *   slot 0 ........ 95 | 96 .................. 191
 *        Counter       | 96 + DropReason
 * ```
 */
export class Counters {
  readonly slots: Float64Array;
  /** The reason counted last, for the trace; whoever looks at it sets it back. */
  lastDrop: DropReason = Drop.none;

  constructor(slots: Float64Array = new Float64Array(COUNTER_SLOTS)) {
    this.slots = slots;
  }

  /** Adds one to a counter. */
  count(counter: number): void {
    this.slots[counter]++;
  }

  /** Adds `amount` to a counter. */
  add(counter: number, amount: number): void {
    this.slots[counter] += amount;
  }

  /** Sets a counter that tells the state now. */
  set(counter: number, value: number): void {
    this.slots[counter] = value;
  }

  /** Counts one drop for `reason`. */
  drop(reason: DropReason): void {
    this.slots[DROPS_START + reason]++;
    this.lastDrop = reason;
  }

  /** Counts `amount` drops for `reason`. */
  dropMany(reason: DropReason, amount: number): void {
    this.slots[DROPS_START + reason] += amount;
  }

  /** How often `reason` was counted. */
  drops(reason: DropReason): number {
    return this.slots[DROPS_START + reason];
  }

  /** The value of one counter. */
  value(counter: number): number {
    return this.slots[counter];
  }
}

/** The sums of several sets of counters, by name. `drops` holds only reasons that occurred. */
export interface CounterTotals {
  readonly counters: Record<CounterName, number>;
  readonly drops: Record<string, number>;
}

/** Adds up sets of counters. */
export function sumCounters(sets: readonly Counters[]): CounterTotals {
  const counters = {} as Record<CounterName, number>;
  const drops: Record<string, number> = {};
  counterNames.forEach((name, index) => {
    counters[name] = sets.reduce((sum, set) => sum + set.slots[index], 0);
  });
  dropNames.forEach((name, reason) => {
    const sum = sets.reduce((total, set) => total + set.slots[DROPS_START + reason], 0);
    if (reason > 0 && sum > 0) drops[name] = sum;
  });
  return { counters, drops };
}
