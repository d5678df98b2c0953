/**
 * Trace records on their way from the TCP thread to whoever looks: segments, datagrams and ICMP messages in and out, changes
 * of state, drops, progress of windows. When nobody collects them they are dropped and counted; nothing waits for a viewer.
 *
 * ```text
 *   word 0..1  time in microseconds, low and high     2  what ({@link TraceKind})
 *        3     state before      4  state after       5  row       6  bytes of headers      7  drop reason
 *        8..   a segment record (segment_record.ts); of all but segments only the addresses count
 *        56..  the IP and TCP headers or the ICMP message as they were on the wire, or the numbers of {@link Progress}
 * ```
 */

import type { Counters } from "../base/counters.ts";
import { Drop, type DropReason } from "../base/drops.ts";
import { RingConsumer, RingProducer, type RingWords } from "../ring/ring.ts";
import { HEADERS_WORDS, SEGMENT_WORDS, Traced } from "../ring/layout.ts";
import { seqDiff } from "../base/seq.ts";
import { readIcmpMessage } from "../ip/icmp_message.ts";
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
  /** How far the windows and times of a connection have come. */
  progress: 6,
  /** Something of the segment that came in before was dropped: the whole, or the part that was of no use. */
  drop: 7,
  /** An ICMP message of either family that the stack has understood, or one that it sends. */
  icmpIn: 8,
  icmpOut: 9,
} as const;

/** One value of {@link TraceKind}. */
export type TraceKind = (typeof TraceKind)[keyof typeof TraceKind];

const HEADER_WORDS = 8;
/** Where the headers of a segment or the numbers of a connection's progress begin in a record. */
const BODY = HEADER_WORDS + SEGMENT_WORDS;

/** The longest headers that a record holds, bytes; of longer ones, and of a longer ICMP error, it holds the beginning. */
export const HEADERS_MAX_BYTES: number = HEADERS_WORDS * 4;

/** Greatest value of a number in a record; larger ones are shown as this. */
const WORD_MAX = 0x7fff_ffff;

/** The TCP thread's end. */
export class TraceWriter {
  /** The time of the round of work under way, by the stage's clock. */
  nowUs = 0;
  /** What is wanted, bits of {@link Traced}. */
  traced: number = Traced.nothing;
  readonly #ring: RingProducer;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #counters: Counters;
  readonly #originUs: number;
  readonly #scratch = new Segment();
  readonly #message = new Segment();

  constructor(ring: RingWords, counters: Counters, originUs: number) {
    this.#ring = new RingProducer(ring);
    this.#bytes = new Uint8Array(ring.words.buffer);
    this.#view = new DataView(ring.words.buffer);
    this.#counters = counters;
    this.#originUs = originUs;
  }

  /** Records a segment or a datagram; its headers are `length` bytes from byte `headers` of the ring's memory on. */
  segment(kind: TraceKind, segment: Segment, headers = 0, length = 0): void {
    const at = this.#begin(kind);
    if (at < 0) return;
    const { words } = this.#ring;
    const kept = Math.min(length, HEADERS_MAX_BYTES);
    words[at + 6] = kept;
    writeSegmentRecord(words, at + HEADER_WORDS, 0, segment);
    this.#bytes.copyWithin((at + BODY) * 4, headers, headers + kept);
    this.#ring.push();
  }

  /** Records the ICMP message at byte `icmp` in the packet at byte `ip` of the ring's memory. */
  icmp(kind: TraceKind, ip: number, icmp: number): void {
    const at = this.#begin(kind);
    if (at < 0) return;
    const { words } = this.#ring;
    const message = this.#message;
    const kept = Math.min(readIcmpMessage(this.#view, ip, icmp, message), HEADERS_MAX_BYTES);
    words[at + 6] = kept;
    writeSegmentRecord(words, at + HEADER_WORDS, 0, message);
    this.#bytes.copyWithin((at + BODY) * 4, ip, ip + kept);
    this.#ring.push();
  }

  /** Records that the segment was dropped. */
  drop(reason: DropReason, segment: Segment): void {
    const at = this.#begin(TraceKind.drop);
    if (at < 0) return;
    this.#ring.words[at + 7] = reason;
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
    this.#finish(at, conn);
  }

  /** Records how far a connection's windows and times have come, when somebody wants to know that. */
  progress(conn: Connection): void {
    if ((this.traced & Traced.progress) === 0) return;
    const at = this.#begin(TraceKind.progress);
    if (at < 0) return;
    const { words } = this.#ring;
    const { congestion, rtt } = conn;
    words[at + BODY] = Math.min(congestion.cwndBytes, WORD_MAX);
    words[at + BODY + 1] = Math.min(congestion.ssthreshBytes, WORD_MAX);
    words[at + BODY + 2] = seqDiff(conn.sndMax, conn.sndUna);
    words[at + BODY + 3] = conn.sndWnd;
    words[at + BODY + 4] = rtt.srttUs;
    words[at + BODY + 5] = Math.min(rtt.backedOff(conn.backoffs), WORD_MAX);
    this.#finish(at, conn);
  }

  #finish(at: number, conn: Connection): void {
    const { words } = this.#ring;
    words[at + 5] = conn.id;
    words[at + 6] = 0;
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
  /** A segment, a datagram or an ICMP message in or out, a change of state, or a drop. */
  kind: TraceKind = TraceKind.segmentIn;
  /** Microseconds since 1970, or of the clock that the stack was opened with. */
  timeUs = 0;
  /** The state that a change of state left. */
  stateBefore: State = State.CLOSED;
  /** The state that a change of state led to. */
  stateAfter: State = State.CLOSED;
  /** Why the segment was dropped, by number; {@link dropNames} has the names. */
  reason: DropReason = Drop.none;
  /**
   * The segment; of a change of state, the connection's addresses and ports, local ones as source. Of an ICMP message who
   * sends it to whom, `icmpType` and `icmpCode` as on the wire, `seq` the four bytes behind the checksum, `payloadLength`
   * its bytes and `payloadOffset` where it begins in the headers.
   */
  readonly segment: Segment = new Segment();
  /** Bytes of {@link TraceRecord.headers} that are in use; 0 where it is neither a segment nor an ICMP message. */
  headersLength = 0;
  /** The IP and TCP headers of a segment as they were on the wire, the headers of an echo, or the packet of an ICMP error. */
  readonly headers: Uint8Array<ArrayBuffer> = new Uint8Array(HEADERS_MAX_BYTES);
  /** Of a record of progress: how far the connection's windows and times have come. */
  readonly progress: Progress = new Progress();
}

/** The numbers of a record of progress; units are in the names. */
export class Progress {
  /** Congestion window. */
  cwndBytes = 0;
  /** Slow-start threshold; `Infinity` before the first loss. */
  ssthreshBytes: number = Infinity;
  /** Sequence numbers that are sent and not acknowledged. */
  inFlightBytes = 0;
  /** Window that the peer has offered. */
  sendWindowBytes = 0;
  /** Smoothed round-trip time; 0 before the first measurement. */
  rttUs = 0;
  /** Retransmission timeout with its back-off. */
  rtoUs = 0;
}

/** The viewer's end. */
export class TraceReader {
  readonly #ring: RingConsumer;
  readonly #record = new TraceRecord();
  readonly #bytes: Uint8Array;

  constructor(ring: RingWords) {
    this.#ring = new RingConsumer(ring);
    this.#bytes = new Uint8Array(ring.words.buffer);
  }

  /** Calls `look` for each waiting record; it must not keep the object. */
  drain(look: (record: TraceRecord) => void): void {
    const { words } = this.#ring;
    if (!this.#ring.hasNext()) return;
    const record = this.#record;
    for (let at = this.#ring.next(); at >= 0; at = this.#ring.next()) {
      record.timeUs = (words[at] >>> 0) + words[at + 1] * 0x1_0000_0000;
      record.kind = words[at + 2] as TraceKind;
      record.stateBefore = words[at + 3] as State;
      record.stateAfter = words[at + 4] as State;
      record.reason = record.kind === TraceKind.drop ? words[at + 7] as DropReason : Drop.none;
      readSegmentRecord(words, at + HEADER_WORDS, record.segment);
      this.#readBody(at, record);
      look(record);
    }
    this.#ring.release();
  }

  #readBody(at: number, record: TraceRecord): void {
    const { words } = this.#ring;
    const length = words[at + 6];
    record.headersLength = length;
    const from = (at + BODY) * 4;
    for (let i = 0; i < length; i++) record.headers[i] = this.#bytes[from + i];
    if (record.kind !== TraceKind.progress) return;
    const { progress } = record;
    const ssthresh = words[at + BODY + 1];
    progress.cwndBytes = words[at + BODY];
    progress.ssthreshBytes = ssthresh === WORD_MAX ? Infinity : ssthresh;
    progress.inFlightBytes = words[at + BODY + 2];
    progress.sendWindowBytes = words[at + BODY + 3];
    progress.rttUs = words[at + BODY + 4];
    progress.rtoUs = words[at + BODY + 5];
  }
}
