/**
 * Trace records on their way from the TCP thread to whoever looks: segments in and out, changes of
 * state. When nobody collects them they are dropped and counted; nothing waits for a viewer.
 *
 * ```text
 *   word 0..1  time in microseconds, low and high     2  what ({@link TraceKind})
 *        3     state before      4  state after       5  row       6..7  free
 *        8..   a segment record (segment_record.ts); of a change of state only the addresses count
 * ```
 */

import type { Counters } from "../base/counters.ts";
import { Drop } from "../base/drops.ts";
import { RingConsumer, RingProducer, type RingWords } from "../ring/ring.ts";
import type { Connection } from "../tcp/connection.ts";
import { State } from "../tcp/state.ts";
import { Segment } from "../wire/segment.ts";
import { readSegmentRecord, writeSegmentRecord } from "./segment_record.ts";

/** What a trace record tells. */
export const TraceKind = {
  segmentIn: 1,
  segmentOut: 2,
  state: 3,
  /** UDP: of the segment only addresses, ports, length and hop limit count. */
  datagramIn: 4,
  datagramOut: 5,
} as const;

/** One value of {@link TraceKind}. */
export type TraceKind = (typeof TraceKind)[keyof typeof TraceKind];

const HEADER_WORDS = 8;

/** The TCP thread's end. */
export class TraceWriter {
  /** The time of the round of work under way, by the stage's clock. */
  nowUs = 0;
  readonly #ring: RingProducer;
  readonly #counters: Counters;
  readonly #originUs: number;
  readonly #scratch = new Segment();

  constructor(ring: RingWords, counters: Counters, originUs: number) {
    this.#ring = new RingProducer(ring);
    this.#counters = counters;
    this.#originUs = originUs;
  }

  /** Records a segment or a datagram. */
  segment(kind: TraceKind, segment: Segment): void {
    const at = this.#begin(kind);
    if (at < 0) return;
    writeSegmentRecord(this.#ring.words, at + HEADER_WORDS, 0, segment);
    this.#ring.push();
  }

  /** Records a change of state. */
  state(conn: Connection, before: State): void {
    const at = this.#begin(TraceKind.state);
    if (at < 0) return;
    const { words } = this.#ring;
    words[at + 3] = before;
    words[at + 4] = conn.state;
    words[at + 5] = conn.id;
    const scratch = this.#scratch;
    scratch.src0 = conn.local0;
    scratch.src1 = conn.local1;
    scratch.src2 = conn.local2;
    scratch.src3 = conn.local3;
    scratch.dst0 = conn.remote0;
    scratch.dst1 = conn.remote1;
    scratch.dst2 = conn.remote2;
    scratch.dst3 = conn.remote3;
    scratch.srcPort = conn.localPort;
    scratch.dstPort = conn.remotePort;
    writeSegmentRecord(words, at + HEADER_WORDS, 0, scratch);
    this.#ring.push();
  }

  /** Shows the records of this round; true when there were any. */
  publish(): boolean {
    return this.#ring.publish();
  }

  #begin(kind: TraceKind): number {
    const at = this.#ring.claim();
    if (at < 0) {
      this.#counters.drop(Drop.traceOverflow);
      return at;
    }
    const { words } = this.#ring;
    const timeUs = this.#originUs + this.nowUs;
    words[at] = timeUs;
    words[at + 1] = timeUs / 0x1_0000_0000;
    words[at + 2] = kind;
    return at;
  }
}

/** What a viewer is given; one object, filled again for each record. */
export class TraceRecord {
  /** A segment or a datagram in or out, or a change of state. */
  kind: TraceKind = TraceKind.segmentIn;
  /** Microseconds since 1970, or of the clock that the stack was opened with. */
  timeUs = 0;
  /** The state that a change of state left. */
  stateBefore: State = State.CLOSED;
  /** The state that a change of state led to. */
  stateAfter: State = State.CLOSED;
  /** The segment; of a change of state, the connection's addresses and ports, local ones as source. */
  readonly segment: Segment = new Segment();
}

/** The viewer's end. */
export class TraceReader {
  readonly #ring: RingConsumer;
  readonly #record = new TraceRecord();

  constructor(ring: RingWords) {
    this.#ring = new RingConsumer(ring);
  }

  /** Calls `look` for each waiting record; it must not keep the object. */
  drain(look: (record: TraceRecord) => void): void {
    const { words } = this.#ring;
    const record = this.#record;
    for (let at = this.#ring.next(); at >= 0; at = this.#ring.next()) {
      record.timeUs = (words[at] >>> 0) + words[at + 1] * 0x1_0000_0000;
      record.kind = words[at + 2] as TraceKind;
      record.stateBefore = words[at + 3] as State;
      record.stateAfter = words[at + 4] as State;
      readSegmentRecord(words, at + HEADER_WORDS, record.segment);
      look(record);
    }
    this.#ring.release();
  }
}
