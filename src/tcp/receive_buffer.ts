import { type Seq, seqAdd, seqDiff, seqLt } from "../base/seq.ts";
import type { BlockMemory } from "../ring/chain.ts";
import { NIL } from "../ring/pool.ts";
import { type StreamWords, StreamWriter } from "../ring/stream.ts";
import type { Segment } from "../wire/segment.ts";
import { OutOfOrder, Stored } from "./out_of_order.ts";

/** Where received bytes go: a pool, and the frames that they came in. */
export interface ReceiveMemory extends BlockMemory {
  /** Most bytes that one connection should hold, given what all of them hold now. */
  readonly shareBytes: number;
  /**
   * Takes the segment's frame slot over as a block that holds `length` bytes of payload from `offset`
   * on, so that they need no copy; {@link NIL} when the frame is too small to be worth a slot or too many
   * slots are held that way already.
   */
  adoptFrame(segment: Segment, offset: number, length: number): number;
}

/** The report that goes with the next ACK; made when a connection has the first one. */
export class DuplicateReport {
  pending = false;
  /** The sequence numbers that came again. */
  left: Seq = 0;
  right: Seq = 0;
}

/**
 * The bytes of one connection that the application has not read: those in order in a stream that the
 * application reads from, those ahead of a gap beside it.
 */
export class ReceiveBuffer {
  /** Most bytes that may be held; what is advertised never exceeds it. Grows with use. */
  limitBytes: number;
  readonly stream: StreamWriter;
  /** Made when the first segment arrives out of order, gone when the last gap closes. */
  outOfOrder: OutOfOrder | null = null;
  /** What was received twice and is not reported yet; there once that has happened (RFC 2883). */
  duplicate: DuplicateReport | null = null;
  readonly #memory: ReceiveMemory;
  readonly #rangeLimit: number;

  /** `resume` goes on with the stream of a buffer that was drained. */
  constructor(
    memory: ReceiveMemory,
    words: StreamWords,
    limitBytes: number,
    rangeLimit: number,
    resume = false,
  ) {
    this.#memory = memory;
    this.limitBytes = limitBytes;
    this.#rangeLimit = rangeLimit;
    this.stream = new StreamWriter(memory, words, resume);
  }

  /** Whether nothing is held, once what was read is given back: another buffer could take its place. */
  get isDrained(): boolean {
    if (this.outOfOrder !== null) return false;
    this.stream.reclaim();
    return this.stream.isDrained;
  }

  /** Bytes that the application has read; modulo 2^32. */
  get readPosition(): number {
    return this.stream.read;
  }

  /** Bytes that may still arrive, counted from the next one in order. */
  get space(): number {
    const most = Math.min(this.limitBytes, this.#memory.shareBytes);
    return Math.max(0, Math.floor(most) - this.stream.pending);
  }

  /**
   * Takes the bytes `[rcvNxt, end)` of a segment, which start at `offset`, and whatever they join up
   * with. Returns the new RCV.NXT, which falls short of `end` only when there is no memory.
   */
  acceptInOrder(segment: Segment, rcvNxt: Seq, end: Seq, offset: number): Seq {
    if (this.outOfOrder === null) return this.#append(segment, rcvNxt, end, offset);
    const queue = this.outOfOrder;
    const first = rcvNxt;
    let next = rcvNxt;
    while (seqLt(next, end)) {
      const gapEnd = queue.count > 0 && seqLt(queue.left[0], end) ? queue.left[0] : end;
      next = this.#append(segment, next, gapEnd, offset + seqDiff(next, first));
      if (next !== gapEnd) break; // No memory; the ranges ahead were given up for what is in order.
      next = this.#join(queue, next);
    }
    next = this.#join(queue, next);
    if (queue.count === 0) this.outOfOrder = null;
    return next;
  }

  /**
   * Whether memory is scarce and this buffer with `moreBytes` would hold more than its share: windows were promised when there
   * was more, and peers whose bytes nobody reads, or who leave gaps, must not starve the others.
   */
  #isGreedy(moreBytes: number): boolean {
    const { pool, shareBytes } = this.#memory;
    if (!pool.isScarce) return false;
    const ahead = this.outOfOrder;
    // A range of a single byte holds a block.
    const aheadBytes = ahead === null ? 0 : ahead.bytes + ahead.count * pool.blockBytes;
    return this.stream.pending + aheadBytes + moreBytes > shareBytes;
  }

  /** Holds the bytes of a segment that starts behind a gap. */
  acceptAhead(seq: Seq, offset: number, length: number): Stored {
    if (this.#isGreedy(this.#memory.pool.blockBytes)) return Stored.noMemory;
    this.outOfOrder ??= new OutOfOrder(this.#rangeLimit);
    const stored = this.outOfOrder.insert(this.#memory, seq, offset, length);
    if (this.outOfOrder.count === 0) this.outOfOrder = null;
    return stored;
  }

  #append(segment: Segment, from: Seq, to: Seq, offset: number): Seq {
    const length = seqDiff(to, from);
    if (length === 0) return from;
    while (this.#isGreedy(0)) {
      if (this.outOfOrder === null || this.outOfOrder.count === 0) return from;
      this.outOfOrder.dropLast(this.#memory);
    }
    const frame = this.#memory.adoptFrame(segment, offset, length);
    if (frame !== NIL) {
      this.stream.reclaimIfDrained();
      this.stream.appendChain(frame, frame, length);
      return to;
    }
    let done = this.stream.appendCopy(offset, length);
    // Bytes that are next in order are worth more than bytes ahead of them.
    while (done < length && this.outOfOrder !== null && this.outOfOrder.count > 0) {
      this.outOfOrder.dropLast(this.#memory);
      done += this.stream.appendCopy(offset + done, length - done);
    }
    return seqAdd(from, done);
  }

  /** Moves ranges that now start at `next` into the stream. */
  #join(queue: OutOfOrder, next: Seq): Seq {
    while (queue.count > 0 && queue.left[0] === next) {
      const right = queue.right[0];
      this.stream.appendChain(queue.firstHead, queue.firstTail, seqDiff(right, next));
      queue.shift();
      next = right;
    }
    return next;
  }

  /** Shows the application what has arrived in order. */
  publish(): void {
    this.stream.publish();
  }

  /** Gives back what the application has read. */
  reclaim(): void {
    this.stream.reclaim();
  }

  /** Gives everything back; the application must not read any more. */
  dispose(): void {
    this.stream.dispose();
    this.discardAhead();
  }

  /** Gives back what is held behind a gap. */
  discardAhead(): void {
    this.outOfOrder?.clear(this.#memory);
    this.outOfOrder = null;
  }
}
