import { type Seq, seqGe, seqGt, seqLe, seqLt } from "../base/seq.ts";
import { DeliveryRate, SENT_RATE_NUMBERS } from "./delivery_rate.ts";

/** No segment. */
export const NO_SEGMENT = -1;

/** What is known of a sent segment; bits of its flags. */
export const Sent = {
  /** The peer has it (SACK). */
  sacked: 1,
  /** It is considered lost. */
  lost: 2,
  /** It was sent again, and that copy is in flight. */
  again: 4,
  /** It was sent more than once: an ACK does not tell which copy it is for (Karn). */
  everAgain: 8,
} as const;

/** Words of one segment: first and last sequence number, flags, next. */
const WORDS = 4;
const START = 0;
const END = 1;
const FLAGS = 2;
const NEXT = 3;

const INITIAL_SEGMENTS = 1024;

/**
 * Places for sent segments, shared by all connections of an engine. It grows by doubling and never
 * shrinks, so that nothing is allocated in steady state.
 */
export class SentSegmentPool {
  words: Int32Array = new Int32Array(INITIAL_SEGMENTS * WORDS);
  sentAtUs: Float64Array = new Float64Array(INITIAL_SEGMENTS);
  /** What the delivery rate needs of each segment, {@link SENT_RATE_NUMBERS} numbers. */
  rates: Float64Array = new Float64Array(INITIAL_SEGMENTS * SENT_RATE_NUMBERS);
  /** Head of the list of free places, linked by NEXT. */
  #free = NO_SEGMENT;
  #used = 0;
  #taken = 0;

  /** Segments in flight, of all connections. */
  get taken(): number {
    return this.#taken;
  }

  take(start: Seq, end: Seq, flags: number, sentAtUs: number): number {
    let segment = this.#free;
    if (segment === NO_SEGMENT) {
      if (this.#used === this.sentAtUs.length) this.#grow();
      segment = this.#used++;
    } else {
      this.#free = this.words[segment * WORDS + NEXT];
    }
    const at = segment * WORDS;
    this.words[at + START] = start;
    this.words[at + END] = end;
    this.words[at + FLAGS] = flags;
    this.words[at + NEXT] = NO_SEGMENT;
    this.sentAtUs[segment] = sentAtUs;
    this.#taken++;
    return segment;
  }

  give(segment: number): void {
    this.words[segment * WORDS + NEXT] = this.#free;
    this.#free = segment;
    this.#taken--;
  }

  #grow(): void {
    const words = new Int32Array(2 * this.words.length);
    words.set(this.words);
    this.words = words;
    const times = new Float64Array(2 * this.sentAtUs.length);
    times.set(this.sentAtUs);
    this.sentAtUs = times;
    const rates = new Float64Array(2 * this.rates.length);
    rates.set(this.rates);
    this.rates = rates;
  }
}

/**
 * The segments of one connection that were sent and are not cumulatively acknowledged, in order: RFC 9293's
 * retransmission queue and RFC 6675's scoreboard in one.
 *
 * ```text
 *   SND.UNA                                   SND.MAX
 *     |                                          |
 *     [ lost ][ again ][ sacked ][ sacked ][ sent ]      each a segment or super-segment
 * ```
 *
 * Invariant: the byte counts are the sums over the segments: `sackedBytes` with {@link Sent.sacked},
 * `lostBytes` with `lost`, `againBytes` with `again`. `sacked` excludes the other two; `again` implies `lost`.
 */
export class RetransmissionQueue {
  sackedBytes = 0;
  lostBytes = 0;
  againBytes = 0;
  /** Segments that were looked at, of all walks: what a peer's ACKs have cost. */
  steps = 0;
  /** What is delivered and lost of all this, and how fast. */
  readonly rate: DeliveryRate = new DeliveryRate();
  #head = NO_SEGMENT;
  #tail = NO_SEGMENT;
  /** The segment that was acknowledged selectively last, where the next one most likely is. */
  #hint = NO_SEGMENT;
  readonly #pool: SentSegmentPool;

  constructor(pool: SentSegmentPool) {
    this.#pool = pool;
  }

  /** The oldest segment, or {@link NO_SEGMENT}. */
  get head(): number {
    return this.#head;
  }

  /** The newest segment, or {@link NO_SEGMENT}. */
  get tail(): number {
    return this.#tail;
  }

  /** The segment behind this one, or {@link NO_SEGMENT}. */
  next(segment: number): number {
    this.steps++;
    return this.#pool.words[segment * WORDS + NEXT];
  }

  /** First sequence number of a segment. */
  start(segment: number): Seq {
    return this.#pool.words[segment * WORDS + START];
  }

  /** Sequence number behind a segment. */
  end(segment: number): Seq {
    return this.#pool.words[segment * WORDS + END];
  }

  /** {@link Sent} bits of a segment. */
  flags(segment: number): number {
    return this.#pool.words[segment * WORDS + FLAGS];
  }

  /** When the segment was last sent, microseconds. */
  sentAtUs(segment: number): number {
    return this.#pool.sentAtUs[segment];
  }

  #length(segment: number): number {
    const at = segment * WORDS;
    return (this.#pool.words[at + END] - this.#pool.words[at + START]) | 0;
  }

  /** Bytes in flight by RFC 6675's estimate ("pipe"), given all that is not acknowledged. */
  pipe(unacknowledged: number): number {
    return unacknowledged - this.sackedBytes - this.lostBytes + this.againBytes;
  }

  /** Adds a segment that was sent for the first time. */
  push(start: Seq, end: Seq, nowUs: number): void {
    const segment = this.#pool.take(start, end, 0, nowUs);
    if (this.#tail === NO_SEGMENT) {
      this.#head = segment;
      this.rate.onFlightStart(nowUs);
    } else {
      this.#pool.words[this.#tail * WORDS + NEXT] = segment;
    }
    this.#tail = segment;
    this.#noteSent(segment);
  }

  /**
   * Takes off one segment that lies wholly before `ack`, or cuts one that `ack` splits; the caller has looked
   * at it before. False when the oldest segment begins at `ack` or behind it.
   */
  popBefore(ack: Seq): boolean {
    const segment = this.#head;
    if (segment === NO_SEGMENT || seqGe(this.start(segment), ack)) return false;
    if (seqGt(this.end(segment), ack)) this.split(segment, ack);
    this.#count(segment, -1);
    if (segment === this.#hint) this.#hint = NO_SEGMENT;
    this.#head = this.next(segment);
    if (this.#head === NO_SEGMENT) this.#tail = NO_SEGMENT;
    this.#pool.give(segment);
    return true;
  }

  /** Makes two segments of one; both are as the one was. The new one begins at `at`. */
  split(segment: number, at: Seq): number {
    const rest = this.#pool.take(
      at,
      this.end(segment),
      this.flags(segment),
      this.sentAtUs(segment),
    );
    const { words, rates } = this.#pool;
    const from = segment * SENT_RATE_NUMBERS;
    rates.copyWithin(rest * SENT_RATE_NUMBERS, from, from + SENT_RATE_NUMBERS);
    words[rest * WORDS + NEXT] = words[segment * WORDS + NEXT];
    words[segment * WORDS + NEXT] = rest;
    words[segment * WORDS + END] = at;
    if (this.#tail === segment) this.#tail = rest;
    return rest;
  }

  /** Makes one segment of this and the one behind it, of which the same must be known. */
  join(segment: number): void {
    const next = this.next(segment);
    const { words } = this.#pool;
    words[segment * WORDS + END] = words[next * WORDS + END];
    words[segment * WORDS + NEXT] = words[next * WORDS + NEXT];
    if (this.#tail === next) this.#tail = segment;
    if (this.#hint === next) this.#hint = segment;
    this.#pool.give(next);
  }

  /** The peer has this segment. */
  markSacked(segment: number): void {
    this.#hint = segment;
    this.#setFlags(segment, (this.flags(segment) & Sent.everAgain) | Sent.sacked);
  }

  /** The segment, or the copy of it that was in flight, is considered lost. */
  markLost(segment: number): void {
    if ((this.flags(segment) & (Sent.lost | Sent.again)) !== Sent.lost) {
      this.rate.onLost(this.#pool.rates, segment, this.#length(segment));
    }
    this.#setFlags(segment, (this.flags(segment) & Sent.everAgain) | Sent.lost);
  }

  /** The segment was sent again. */
  markAgain(segment: number, nowUs: number): void {
    this.#setFlags(segment, Sent.lost | Sent.again | Sent.everAgain);
    this.#pool.sentAtUs[segment] = nowUs;
    this.#noteSent(segment);
  }

  /** The segment was sent again without being lost: a probe. */
  touch(segment: number, nowUs: number): void {
    this.#pool.words[segment * WORDS + FLAGS] |= Sent.everAgain;
    this.#pool.sentAtUs[segment] = nowUs;
    this.#noteSent(segment);
  }

  /** The peer has told that it has this segment, or has acknowledged it. */
  noteDelivered(segment: number, nowUs: number): void {
    this.rate.onDelivered(
      this.#pool.rates,
      segment,
      this.#length(segment),
      this.end(segment),
      this.sentAtUs(segment),
      (this.flags(segment) & Sent.everAgain) !== 0,
      nowUs,
    );
  }

  /** A lost segment was not lost after all. */
  unmarkLost(segment: number): void {
    this.#setFlags(segment, this.flags(segment) & ~(Sent.lost | Sent.again));
  }

  /**
   * A timeout: everything that the peer is not known to have is lost, except what was sent after `sentAfterUs`
   * and may be on its way; the oldest is lost in any case (RFC 8985 section 6.3). `forgetSacked` when the
   * peer may have thrown away what it had (RFC 2018 section 8).
   */
  markAllLost(forgetSacked: boolean, sentAfterUs: number): void {
    for (let s = this.#head; s !== NO_SEGMENT; s = this.next(s)) {
      const kept = !forgetSacked && (this.flags(s) & Sent.sacked) !== 0;
      const recent = !forgetSacked && s !== this.#head && this.sentAtUs(s) > sentAfterUs;
      if (!kept && !recent) this.markLost(s);
    }
  }

  /** The oldest segment at or behind `from` that is lost and not sent again, or {@link NO_SEGMENT}. */
  firstToRepeat(from: number): number {
    if (this.lostBytes === this.againBytes) return NO_SEGMENT;
    let s = from;
    while (s !== NO_SEGMENT && (this.flags(s) & (Sent.lost | Sent.again)) !== Sent.lost) {
      s = this.next(s);
    }
    return s;
  }

  /** The first segment that ends behind `seq`, at or behind `from`. */
  findEndingAfter(seq: Seq, from: number): number {
    let s = from;
    while (s !== NO_SEGMENT && seqLe(this.end(s), seq)) s = this.next(s);
    return s;
  }

  /** Where to begin to look for `seq`: a segment that begins at or before it. */
  near(seq: Seq): number {
    const hint = this.#hint;
    return hint !== NO_SEGMENT && seqLe(this.start(hint), seq) ? hint : this.#head;
  }

  /** Whether `seq` is before the start of the segment. */
  startsAfter(segment: number, seq: Seq): boolean {
    return seqLt(seq, this.start(segment));
  }

  /** Gives every segment back. */
  clear(): void {
    for (let s = this.#head; s !== NO_SEGMENT;) {
      const next = this.next(s);
      this.#pool.give(s);
      s = next;
    }
    this.#head = NO_SEGMENT;
    this.#tail = NO_SEGMENT;
    this.#hint = NO_SEGMENT;
    this.sackedBytes = 0;
    this.lostBytes = 0;
    this.againBytes = 0;
  }

  #noteSent(segment: number): void {
    const all = (this.end(this.#tail) - this.start(this.#head)) | 0;
    this.rate.onSent(this.#pool.rates, segment, this.pipe(all));
  }

  #setFlags(segment: number, flags: number): void {
    this.#count(segment, -1);
    this.#pool.words[segment * WORDS + FLAGS] = flags;
    this.#count(segment, 1);
  }

  #count(segment: number, sign: 1 | -1): void {
    const flags = this.flags(segment);
    const bytes = sign * this.#length(segment);
    if ((flags & Sent.sacked) !== 0) this.sackedBytes += bytes;
    if ((flags & Sent.lost) !== 0) this.lostBytes += bytes;
    if ((flags & Sent.again) !== 0) this.againBytes += bytes;
  }
}
