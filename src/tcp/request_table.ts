/**
 * Handshakes in progress at listeners (Linux's request sockets): what a SYN has said and what was answered,
 * in about 180 bytes each with table and timer, and with no buffers. A connection is made of it when the
 * handshake completes.
 *
 * ```text
 *   word 0..3 local address   4..7 remote address   8 ports (local high)    9 number of the SYN
 *       10 own number        11 flags              12 window (scale << 16) 13 options
 *       14 MSS               15 timestamp          16 traffic class        17 timestamp offset
 *       18 timeouts          19 whether the final ACK was here             20 whether a SYN came without ECN
 *       21..23 free
 * ```
 */

import type { Random } from "../base/random.ts";
import type { Seq } from "../base/seq.ts";
import { Flag, type Segment } from "../wire/segment.ts";
import type { FourTuple } from "./connection.ts";
import { Demultiplexer } from "./demux.ts";
import type { Listener } from "./listener.ts";
import { TimerWheel } from "./wheel.ts";

const WORDS = 24;
const LOCAL = 0;
const REMOTE = 4;
const PORTS = 8;
const IRS = 9;
const ISS = 10;
const FLAGS = 11;
const WINDOW_SCALE = 12;
const OPTIONS = 13;
const MSS = 14;
const TIMESTAMP = 15;
const TRAFFIC_CLASS = 16;
const TIMESTAMP_OFFSET = 17;
const TIMEOUTS = 18;
const ACKED = 19;
const BARE = 20;

/** Requests for which there is room at first; it doubles when needed. */
const INITIAL_CAPACITY = 256;

/** The two ends of a request or of a segment, in one object that is filled again and again. */
export class Ends implements FourTuple {
  local0 = 0;
  local1 = 0;
  local2 = 0;
  local3 = 0;
  remote0 = 0;
  remote1 = 0;
  remote2 = 0;
  remote3 = 0;
  localPort = 0;
  remotePort = 0;

  /** Takes the ends of a segment from the peer. */
  take(segment: Segment): void {
    this.local0 = segment.dst0;
    this.local1 = segment.dst1;
    this.local2 = segment.dst2;
    this.local3 = segment.dst3;
    this.remote0 = segment.src0;
    this.remote1 = segment.src1;
    this.remote2 = segment.src2;
    this.remote3 = segment.src3;
    this.localPort = segment.dstPort;
    this.remotePort = segment.srcPort;
  }
}

/** Requests by four-tuple, each with one timer. */
export class RequestTable {
  readonly #limit: number;
  readonly #demux: Demultiplexer;
  readonly #wheel: TimerWheel;
  #words: Int32Array;
  /** When the SYN-ACK was first sent, and when a segment was last answered that fitted nowhere. */
  #sentAtUs: Float64Array;
  #answeredAtUs: Float64Array;
  readonly #listeners: (Listener | null)[] = [];
  readonly #free: number[] = [];
  #used = 0;

  /** A table for `limit` requests at the most. */
  constructor(limit: number, random: Random, nowUs: number) {
    const capacity = Math.min(limit, INITIAL_CAPACITY);
    this.#limit = limit;
    this.#demux = new Demultiplexer(capacity, random.uint32(), random.uint32());
    this.#wheel = new TimerWheel(capacity, nowUs);
    this.#words = new Int32Array(capacity * WORDS);
    this.#sentAtUs = new Float64Array(capacity);
    this.#answeredAtUs = new Float64Array(capacity);
  }

  /** Requests in the table. */
  get size(): number {
    return this.#demux.size;
  }

  /** Whether there is no place for another. */
  get isFull(): boolean {
    return this.#demux.size >= this.#limit;
  }

  /** The request that a segment is for, or -1. */
  find(s: Segment): number {
    const { src0, src1, src2, src3, dst0, dst1, dst2, dst3, srcPort, dstPort } = s;
    return this.#demux.find(dst0, dst1, dst2, dst3, src0, src1, src2, src3, dstPort, srcPort);
  }

  /** Adds what a SYN asks for. The table must not be full, and the four-tuple must be free. */
  add(listener: Listener, syn: Segment, iss: Seq, timestampOffset: number, nowUs: number): number {
    const id = this.#free.pop() ?? this.#used++;
    if (id >= this.#demux.capacity) this.#grow();
    const { src0, src1, src2, src3, dst0, dst1, dst2, dst3, srcPort, dstPort } = syn;
    this.#demux.add(id, dst0, dst1, dst2, dst3, src0, src1, src2, src3, dstPort, srcPort);
    const words = this.#words;
    const at = id * WORDS;
    words[at + LOCAL] = dst0;
    words[at + LOCAL + 1] = dst1;
    words[at + LOCAL + 2] = dst2;
    words[at + LOCAL + 3] = dst3;
    words[at + REMOTE] = src0;
    words[at + REMOTE + 1] = src1;
    words[at + REMOTE + 2] = src2;
    words[at + REMOTE + 3] = src3;
    words[at + PORTS] = (dstPort << 16) | srcPort;
    words[at + IRS] = syn.seq;
    words[at + ISS] = iss;
    words[at + FLAGS] = syn.flags;
    words[at + WINDOW_SCALE] = (syn.windowScale << 16) | (syn.window & 0xffff);
    words[at + OPTIONS] = syn.options;
    words[at + MSS] = syn.mss;
    words[at + TIMESTAMP] = syn.tsValue;
    words[at + TRAFFIC_CLASS] = syn.trafficClass;
    words[at + TIMESTAMP_OFFSET] = timestampOffset;
    words[at + TIMEOUTS] = 0;
    words[at + ACKED] = 0;
    words[at + BARE] = 0;
    this.#sentAtUs[id] = nowUs;
    this.#answeredAtUs[id] = -Infinity;
    this.#listeners[id] = listener;
    listener.handshakes++;
    listener.young++;
    return id;
  }

  /** Takes a request out. */
  remove(id: number): void {
    const listener = this.listener(id);
    listener.handshakes--;
    if (this.timeouts(id) === 0) listener.young--;
    this.#listeners[id] = null;
    this.#wheel.cancel(id);
    this.#demux.remove(id);
    this.#free.push(id);
  }

  /** Writes what the SYN of a request has said into `syn`, whose payload is left alone. */
  readSyn(id: number, syn: Segment): void {
    const words = this.#words;
    const at = id * WORDS;
    syn.seq = words[at + IRS];
    syn.flags = words[at + FLAGS];
    syn.window = words[at + WINDOW_SCALE] & 0xffff;
    syn.windowScale = words[at + WINDOW_SCALE] >>> 16;
    syn.options = words[at + OPTIONS];
    syn.mss = words[at + MSS];
    syn.tsValue = words[at + TIMESTAMP];
    syn.trafficClass = words[at + TRAFFIC_CLASS];
  }

  /** The SYN has come again: the peer is told of the ECN codepoint of the latest (RFC 9768 section 3.1.5). */
  noteSynAgain(id: number, syn: Segment): void {
    const at = id * WORDS;
    this.#words[at + TRAFFIC_CLASS] = syn.trafficClass;
    if ((syn.flags & (Flag.AE | Flag.CWR | Flag.ECE)) === 0) this.#words[at + BARE] = 1;
  }

  /** Whether one of its SYNs came without ECN. */
  wasBare(id: number): boolean {
    return this.#words[id * WORDS + BARE] !== 0;
  }

  /** Writes the ends of a request into `ends`. */
  readEnds(id: number, ends: Ends): void {
    const words = this.#words;
    const at = id * WORDS;
    ends.local0 = words[at + LOCAL];
    ends.local1 = words[at + LOCAL + 1];
    ends.local2 = words[at + LOCAL + 2];
    ends.local3 = words[at + LOCAL + 3];
    ends.remote0 = words[at + REMOTE];
    ends.remote1 = words[at + REMOTE + 1];
    ends.remote2 = words[at + REMOTE + 2];
    ends.remote3 = words[at + REMOTE + 3];
    ends.localPort = words[at + PORTS] >>> 16;
    ends.remotePort = words[at + PORTS] & 0xffff;
  }

  /** Whether there is a request with this number. */
  has(id: number): boolean {
    return (this.#listeners[id] ?? null) !== null;
  }

  /** The listener that the request is for. */
  listener(id: number): Listener {
    return this.#listeners[id]!;
  }

  /** The initial sequence number of the peer. */
  irs(id: number): Seq {
    return this.#words[id * WORDS + IRS];
  }

  /** Our initial sequence number. */
  iss(id: number): Seq {
    return this.#words[id * WORDS + ISS];
  }

  /** What our timestamps are ahead of the clock. */
  timestampOffset(id: number): number {
    return this.#words[id * WORDS + TIMESTAMP_OFFSET];
  }

  /** How often the timer has expired. */
  timeouts(id: number): number {
    return this.#words[id * WORDS + TIMEOUTS];
  }

  /** The timer has expired once more. */
  countTimeout(id: number): void {
    if (this.#words[id * WORDS + TIMEOUTS]++ === 0) this.listener(id).young--;
  }

  /** Whether the final ACK was here, and could not be used yet. */
  isAcked(id: number): boolean {
    return this.#words[id * WORDS + ACKED] !== 0;
  }

  /** The final ACK was here. */
  markAcked(id: number): void {
    this.#words[id * WORDS + ACKED] = 1;
  }

  /** When the SYN-ACK was first sent, microseconds. */
  sentAtUs(id: number): number {
    return this.#sentAtUs[id];
  }

  /** Whether a segment that fits nowhere may be answered: not again within `leastUs`. Counts if so. */
  mayAnswer(id: number, nowUs: number, leastUs: number): boolean {
    if (nowUs - this.#answeredAtUs[id] < leastUs) return false;
    this.#answeredAtUs[id] = nowUs;
    return true;
  }

  /** Sets the timer of a request. */
  schedule(id: number, atUs: number): void {
    this.#wheel.schedule(id, atUs);
  }

  /** The next request whose timer has expired, or -1. */
  expire(nowUs: number): number {
    return this.#wheel.expire(nowUs);
  }

  /** When the next timer is due; `Infinity` when none is. */
  nextExpiry(): number {
    return this.#wheel.nextExpiry();
  }

  /** All requests of a listener. */
  of(listener: Listener): number[] {
    const found: number[] = [];
    for (let id = 0; id < this.#used; id++) if (this.#listeners[id] === listener) found.push(id);
    return found;
  }

  /** All requests. */
  all(): number[] {
    const found: number[] = [];
    for (let id = 0; id < this.#used; id++) if (this.#listeners[id] !== null) found.push(id);
    return found;
  }

  #grow(): void {
    const capacity = Math.min(2 * this.#demux.capacity, this.#limit);
    this.#demux.grow(capacity);
    this.#wheel.grow(capacity);
    const words = new Int32Array(capacity * WORDS);
    words.set(this.#words);
    this.#words = words;
    const sent = new Float64Array(capacity);
    sent.set(this.#sentAtUs);
    this.#sentAtUs = sent;
    const answered = new Float64Array(capacity);
    answered.set(this.#answeredAtUs);
    this.#answeredAtUs = answered;
  }
}
