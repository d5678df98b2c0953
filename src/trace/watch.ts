import { addressText } from "../base/address.ts";
import { VERSION } from "../base/version.ts";
import type { ConnectionSummary, StackStats } from "../net/stack_types.ts";
import { TraceKind, type TraceRecord } from "../pipeline/trace_ring.ts";
import { State, stateNames } from "../tcp/state.ts";
import { Flag, type Segment } from "../wire/segment.ts";
import { ConnectionLog } from "./connection_log.ts";
import type { LogNews, Overview, OverviewRow } from "./feed.ts";

/** Connections whose logs are kept; of more, the oldest that has ended goes first. */
export const LOGS_MAX = 128;
/** Viewers at a time. */
export const VIEWERS_MAX = 32;
/** Lines that one look gives. */
const LINES_PER_LOOK = 128;

/** What a watch needs of a stack. */
export interface Watched {
  readonly addresses: string[];
  watch(look: (record: TraceRecord) => void): Disposable;
  stats(): StackStats;
  connections(): ConnectionSummary[];
}

/** A connection that is or was, and its log. */
interface Entry {
  readonly id: number;
  readonly local: string;
  readonly remote: string;
  /** Local and remote words and ports, to compare without making text. */
  readonly words: Int32Array;
  readonly log: ConnectionLog;
  state: State | null;
  /** Viewers' streams that it carries. */
  streams: number;
  /** It carries the page that shows it. */
  page: boolean;
  /** What its row shows when the stack does not know it any more: by its segments, since somebody looks. */
  bytesReceived: number;
  bytesSent: number;
  rttUs: number;
  cwndBytes: number;
}

/**
 * Watches a stack for any number of viewers: keeps the logs that they share, and lets the trace cost nothing
 * when the last one has gone.
 */
export class Watch {
  readonly #stack: Watched;
  readonly #nowUs: () => number;
  readonly #byKey = new Map<string, Entry>();
  readonly #byId = new Map<number, Entry>();
  readonly #key = new Int32Array(9);
  /** Segments mostly come several of a connection in a row. */
  #last: Entry | null = null;
  #nextId = 1;
  #viewers = 0;
  #forgotten = 0;
  #watching: Disposable | null = null;
  /** Viewers' streams by the keys of their connections. */
  readonly #streams = new Map<string, number>();
  readonly #tails = new Set<(record: TraceRecord) => void>();

  constructor(stack: Watched, nowUs: () => number = () => Date.now() * 1000) {
    this.#stack = stack;
    this.#nowUs = nowUs;
  }

  /** Viewers now. */
  get viewers(): number {
    return this.#viewers;
  }

  /**
   * One more viewer, who looks through the connection between these ends; null when there are too many. Its
   * connection is not recorded from now on: what it shows would make more to show.
   */
  join(local: string, remote: string): Viewer | null {
    const leave = this.#enter(local, remote);
    return leave === null ? null : new Viewer(this, leave);
  }

  /**
   * One more viewer, who is shown every record but those of viewers' connections, as long as the call lasts; gives what
   * ends it, or null when there are too many viewers.
   */
  tail(local: string, remote: string, take: (record: TraceRecord) => void): (() => void) | null {
    const leave = this.#enter(local, remote);
    if (leave === null) return null;
    this.#tails.add(take);
    return () => {
      this.#tails.delete(take);
      leave();
    };
  }

  #enter(local: string, remote: string): (() => void) | null {
    if (this.#viewers === VIEWERS_MAX) return null;
    this.#viewers++;
    this.#watching ??= this.#stack.watch((record) => this.#look(record));
    // The other end may be on this stack too.
    const keys = [keyOf(local, remote), keyOf(remote, local)];
    for (const key of keys) this.#countStreams(key, 1);
    let joined = true;
    return () => {
      if (!joined) return;
      joined = false;
      for (const key of keys) this.#countStreams(key, -1);
      if (--this.#viewers > 0) return;
      this.#pause();
    };
  }

  #countStreams(key: string, change: number): void {
    const count = (this.#streams.get(key) ?? 0) + change;
    if (count === 0) this.#streams.delete(key);
    else this.#streams.set(key, count);
    const entry = this.#byKey.get(key);
    if (entry !== undefined) entry.streams = count;
  }

  /** Notes that a connection carries a part of the page. */
  carriesPage(local: string, remote: string): void {
    const entry = this.#byKey.get(keyOf(local, remote)) ?? this.#make(local, remote, null);
    entry.page = true;
  }

  /** Nobody looks: what happens to the connections is not known from now on. */
  #pause(): void {
    this.#watching?.[Symbol.dispose]();
    this.#watching = null;
    for (const entry of this.#byId.values()) entry.state = null;
  }

  /** The log with this number; undefined when there is none, or none any more. */
  logOf(id: number): ConnectionLog | undefined {
    return this.#byId.get(id)?.log;
  }

  /** Everything but single segments. */
  overview(): Overview {
    const connections = this.#stack.connections();
    const rows: OverviewRow[] = [];
    const open = new Set<Entry>();
    for (const summary of connections) {
      const local = endText(summary.localAddr);
      const remote = endText(summary.remoteAddr);
      let entry = this.#byKey.get(keyOf(local, remote));
      if (entry === undefined) {
        if (this.#byId.size >= LOGS_MAX) continue;
        entry = this.#make(local, remote, null);
      }
      open.add(entry);
      rows.push(rowOf(entry, summary));
    }
    for (const entry of this.#byId.values()) {
      if (open.has(entry)) continue;
      if (entry.log.count > 0) rows.push(rowOf(entry, null));
      else if (entry.streams === 0) this.#drop(entry);
    }
    const { counters, drops } = this.#stack.stats();
    return {
      timeUs: this.#nowUs(),
      version: VERSION,
      addresses: this.#stack.addresses,
      viewers: this.#viewers,
      open: connections.length,
      forgotten: this.#forgotten,
      connections: rows.sort((a, b) => b.id - a.id),
      counters,
      drops,
    };
  }

  #look(record: TraceRecord): void {
    const { kind, segment, timeUs } = record;
    if (!isOfConnection(kind)) {
      if (kind !== TraceKind.drop || !this.#isViewers(segment)) this.#show(record);
      return;
    }
    const entry = this.#entryOf(kind, segment, beginsConnection(record));
    if (kind === TraceKind.state) entry.state = record.stateAfter;
    if (entry.streams > 0) return;
    this.#show(record);
    switch (kind) {
      case TraceKind.state:
        return entry.log.state(timeUs, record.stateBefore, record.stateAfter);
      case TraceKind.progress:
        entry.rttUs = record.progress.rttUs;
        entry.cwndBytes = record.progress.cwndBytes;
        return entry.log.sample(timeUs, record.progress);
      default:
        if (kind === TraceKind.segmentIn) entry.bytesReceived += segment.payloadLength;
        else entry.bytesSent += segment.payloadLength;
        return entry.log.segment(
          kind,
          timeUs,
          segment.payloadLength,
          segment.gsoSize,
          record.headers,
          record.headersLength,
        );
    }
  }

  /** Whether a segment that came in belongs to a connection over which somebody looks. */
  #isViewers(segment: Segment): boolean {
    const key = this.#key;
    putKey(key, segment, true);
    const local = wordsText(key, 0, key[8] >>> 16);
    return this.#streams.has(keyOf(local, wordsText(key, 4, key[8] & 0xffff)));
  }

  #show(record: TraceRecord): void {
    for (const take of this.#tails) take(record);
  }

  #entryOf(kind: TraceKind, segment: Segment, begins: boolean): Entry {
    const key = this.#key;
    putKey(key, segment, kind === TraceKind.segmentIn);
    const last = this.#last;
    if (last !== null && !begins && sameWords(last.words, key)) return last;
    const local = wordsText(key, 0, key[8] >>> 16);
    const remote = wordsText(key, 4, key[8] & 0xffff);
    let entry = this.#byKey.get(keyOf(local, remote));
    // The same addresses and ports again, after the end: another connection (RFC 9293 section 3.4.1).
    if (entry === undefined || (begins && hasEnded(entry))) entry = this.#make(local, remote, key);
    this.#last = entry;
    return entry;
  }

  #make(local: string, remote: string, words: Int32Array | null): Entry {
    if (this.#byId.size >= LOGS_MAX) this.#forget();
    const entry: Entry = {
      id: this.#nextId++,
      local,
      remote,
      words: words === null ? new Int32Array(9) : words.slice(),
      log: new ConnectionLog(),
      state: null,
      streams: this.#streams.get(keyOf(local, remote)) ?? 0,
      page: false,
      bytesReceived: 0,
      bytesSent: 0,
      rttUs: 0,
      cwndBytes: 0,
    };
    this.#byId.set(entry.id, entry);
    this.#byKey.set(keyOf(local, remote), entry);
    return entry;
  }

  #forget(): void {
    let oldest: Entry | null = null;
    for (const entry of this.#byId.values()) {
      if (entry.streams > 0) continue;
      if (hasEnded(entry)) {
        oldest = entry;
        break;
      }
      oldest ??= entry;
    }
    if (oldest === null) return;
    this.#forgotten++;
    this.#drop(oldest);
  }

  #drop(entry: Entry): void {
    this.#byId.delete(entry.id);
    const key = keyOf(entry.local, entry.remote);
    if (this.#byKey.get(key) === entry) this.#byKey.delete(key);
    if (this.#last === entry) this.#last = null;
  }
}

/** One who looks. It has no queue: what it has not seen stays in the log, or is counted as skipped. */
export class Viewer {
  readonly #watch: Watch;
  readonly #leave: () => void;
  #id = -1;
  #next = 0;
  #sampledUs = -1;

  constructor(watch: Watch, leave: () => void) {
    this.#watch = watch;
    this.#leave = leave;
  }

  /** Chooses the connection to see, from the beginning of its log. */
  choose(id: number): void {
    this.#id = id;
    this.#next = 0;
    this.#sampledUs = -1;
  }

  /** What is new of the chosen connection; null when nothing is, `"gone"` when its log is. */
  news(): LogNews | null | "gone" {
    if (this.#id < 0) return null;
    const log = this.#watch.logOf(this.#id);
    if (log === undefined) return "gone";
    const { lines, skipped, next } = log.part(this.#next, LINES_PER_LOOK);
    const samples = log.samplesAfter(this.#sampledUs);
    this.#next = next;
    if (samples.length > 0) this.#sampledUs = samples[samples.length - 1][0];
    if (lines.length === 0 && samples.length === 0) return null;
    return { id: this.#id, skipped, lines, samples };
  }

  /** Stops to look. */
  leave(): void {
    this.#leave();
  }
}

function rowOf(entry: Entry, summary: ConnectionSummary | null): OverviewRow {
  const ssthresh = summary?.ssthreshBytes ?? -1;
  return {
    id: entry.id,
    local: entry.local,
    remote: entry.remote,
    state: summary?.state ?? stateNames[entry.state ?? State.CLOSED],
    viewer: entry.streams > 0,
    page: entry.page || entry.streams > 0,
    lines: entry.log.count,
    rttUs: summary?.rttUs ?? entry.rttUs,
    cwndBytes: summary?.cwndBytes ?? entry.cwndBytes,
    ssthreshBytes: ssthresh === Infinity ? -1 : ssthresh,
    inFlightBytes: summary?.inFlightBytes ?? 0,
    bytesSent: summary?.bytesSent ?? entry.bytesSent,
    bytesReceived: summary?.bytesReceived ?? entry.bytesReceived,
    segmentsRetransmitted: summary?.segmentsRetransmitted ?? 0,
  };
}

/** A SYN of the peer's, or the first step of an active open, which comes before its SYN. */
function beginsConnection({ kind, segment, stateBefore }: TraceRecord): boolean {
  if (kind === TraceKind.state) return stateBefore === State.CLOSED;
  return kind === TraceKind.segmentIn && (segment.flags & (Flag.SYN | Flag.ACK)) === Flag.SYN;
}

/** Datagrams and ICMP messages are of none, and drops are told by their number. */
function isOfConnection(kind: TraceKind): boolean {
  switch (kind) {
    case TraceKind.segmentIn:
    case TraceKind.segmentOut:
    case TraceKind.state:
    case TraceKind.progress:
      return true;
    default:
      return false;
  }
}

function hasEnded(entry: Entry): boolean {
  return entry.state === null || entry.state === State.CLOSED || entry.state === State.TIME_WAIT;
}

function keyOf(local: string, remote: string): string {
  return `${local} ${remote}`;
}

/** Local words 0 to 3, remote words 4 to 7, then both ports, the local one high. */
function putKey(key: Int32Array, segment: Segment, isInput: boolean): void {
  const source = isInput ? 4 : 0;
  const destination = 4 - source;
  key[source] = segment.src0;
  key[source + 1] = segment.src1;
  key[source + 2] = segment.src2;
  key[source + 3] = segment.src3;
  key[destination] = segment.dst0;
  key[destination + 1] = segment.dst1;
  key[destination + 2] = segment.dst2;
  key[destination + 3] = segment.dst3;
  key[8] = isInput
    ? (segment.dstPort << 16) | segment.srcPort
    : (segment.srcPort << 16) | segment.dstPort;
}

function sameWords(a: Int32Array, b: Int32Array): boolean {
  for (let i = 8; i >= 0; i--) if (a[i] !== b[i]) return false;
  return true;
}

function wordsText(words: Int32Array, at: number, port: number): string {
  const [w0, w1, w2, w3] = words.subarray(at, at + 4);
  return endText({ hostname: addressText({ w0, w1, w2, w3 }), port });
}

/** An address of IPv6 stands in brackets (RFC 5952 section 6); a mapped one is that of IPv4. */
export function endText({ hostname, port }: { hostname: string; port: number }): string {
  const plain = hostname.replace(/^::ffff:(?=\d+\.)/, "");
  return plain.includes(":") ? `[${plain}]:${port}` : `${plain}:${port}`;
}
