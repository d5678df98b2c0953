import { HEADERS_MAX_BYTES, type Progress, TraceKind } from "../pipeline/trace_ring.ts";
import type { LogLine, Sample } from "./feed.ts";

/** Lines kept from the beginning of a connection: whoever looks later still sees the handshake. */
export const FIRST_LINES = 32;
/** Lines kept besides, the latest. */
export const LAST_LINES = 480;
/** Samples of windows and times kept; when they are more, every second one goes. */
export const SAMPLES_MAX = 1024;

const LINES_MAX = FIRST_LINES + LAST_LINES;
/** Lines that there is room for in the beginning: most connections are short. */
const LINES_MIN = 16;
const META = 4;
const SAMPLE_NUMBERS = 7;

/** Lines of a log from a number on, and how many before them are not there any more. */
export interface LogPart {
  readonly lines: LogLine[];
  readonly skipped: number;
  /** The number of the line behind the last one. */
  readonly next: number;
}

/**
 * What happened on one connection, in bounded memory: 75 KB of lines and 57 KB of samples at the most.
 *
 * ```text
 *   place   0 ........ FIRST_LINES-1 | FIRST_LINES ............ LINES_MAX-1
 *           the first lines, for ever | the last lines, a ring
 * ```
 */
export class ConnectionLog {
  /** Lines written so far. */
  count = 0;
  #times = new Float64Array(LINES_MIN);
  /** For each line: kind, payload or state before, gsoSize or state after, bytes of headers. */
  #meta = new Int32Array(LINES_MIN * META);
  #headers = new Uint8Array(LINES_MIN * HEADERS_MAX_BYTES);
  #samples = new Float64Array(LINES_MIN * SAMPLE_NUMBERS);
  #sampleCount = 0;
  #sampleGapUs = 0;

  /** Records a segment. */
  segment(
    kind: TraceKind,
    timeUs: number,
    payloadBytes: number,
    gsoBytes: number,
    headers: Uint8Array,
    headersLength: number,
  ): void {
    const at = this.#begin(kind, timeUs, payloadBytes, gsoBytes);
    this.#meta[at * META + 3] = headersLength;
    const start = at * HEADERS_MAX_BYTES;
    for (let i = 0; i < headersLength; i++) this.#headers[start + i] = headers[i];
  }

  /** Records a change of state. */
  state(timeUs: number, before: number, after: number): void {
    this.#begin(TraceKind.state, timeUs, before, after);
  }

  /** Records windows and times. */
  sample(timeUs: number, progress: Progress): void {
    const last = this.#sampleCount - 1;
    if (last >= 0 && timeUs - this.#samples[last * SAMPLE_NUMBERS] < this.#sampleGapUs) return;
    if (this.#sampleCount === SAMPLES_MAX) this.#thinOut();
    const at = this.#sampleCount++ * SAMPLE_NUMBERS;
    if (at === this.#samples.length) this.#samples = grown(this.#samples, at * 2);
    const samples = this.#samples;
    samples[at] = timeUs;
    samples[at + 1] = progress.cwndBytes;
    samples[at + 2] = progress.ssthreshBytes === Infinity ? -1 : progress.ssthreshBytes;
    samples[at + 3] = progress.inFlightBytes;
    samples[at + 4] = progress.sendWindowBytes;
    samples[at + 5] = progress.rttUs;
    samples[at + 6] = progress.rtoUs;
  }

  /** At most `most` lines from number `from` on; of those that are gone it says how many they are. */
  part(from: number, most: number): LogPart {
    const lines: LogLine[] = [];
    const kept = Math.max(FIRST_LINES, this.count - LAST_LINES);
    let skipped = 0;
    let next = from;
    while (next < this.count && lines.length < most) {
      if (next >= FIRST_LINES && next < kept) {
        skipped += kept - next;
        next = kept;
        // What was before the gap and what is behind it are told one after the other.
        if (lines.length > 0) return { lines, skipped: 0, next: from + lines.length };
        continue;
      }
      lines.push(this.#line(next++));
    }
    return { lines, skipped, next };
  }

  /** The samples that are later than `afterUs`. */
  samplesAfter(afterUs: number): Sample[] {
    const found: Sample[] = [];
    for (let i = this.#sampleCount - 1; i >= 0; i--) {
      const at = i * SAMPLE_NUMBERS;
      if (this.#samples[at] <= afterUs) break;
      found.push([...this.#samples.subarray(at, at + SAMPLE_NUMBERS)] as unknown as Sample);
    }
    return found.reverse();
  }

  #begin(kind: TraceKind, timeUs: number, a: number, b: number): number {
    const at = placeOf(this.count++);
    if (at >= this.#times.length) this.#grow();
    this.#times[at] = timeUs;
    this.#meta[at * META] = kind;
    this.#meta[at * META + 1] = a;
    this.#meta[at * META + 2] = b;
    this.#meta[at * META + 3] = 0;
    return at;
  }

  #grow(): void {
    const lines = Math.min(LINES_MAX, this.#times.length * 2);
    this.#times = grown(this.#times, lines);
    const meta = new Int32Array(lines * META);
    meta.set(this.#meta);
    this.#meta = meta;
    const headers = new Uint8Array(lines * HEADERS_MAX_BYTES);
    headers.set(this.#headers);
    this.#headers = headers;
  }

  /** Drops every second sample, and takes later ones half as often: a long life needs no more room. */
  #thinOut(): void {
    const samples = this.#samples;
    for (let i = 1; i * 2 < SAMPLES_MAX; i++) {
      const from = i * 2 * SAMPLE_NUMBERS;
      samples.copyWithin(i * SAMPLE_NUMBERS, from, from + SAMPLE_NUMBERS);
    }
    this.#sampleCount = SAMPLES_MAX / 2;
    const span = samples[(this.#sampleCount - 1) * SAMPLE_NUMBERS] - samples[0];
    this.#sampleGapUs = Math.max(this.#sampleGapUs * 2, span / this.#sampleCount);
  }

  #line(number: number): LogLine {
    const at = placeOf(number);
    const timeUs = this.#times[at];
    const [kind, a, b, length] = this.#meta.subarray(at * META, at * META + META);
    if (kind === TraceKind.state) return [number, timeUs, kind, a, b];
    const start = at * HEADERS_MAX_BYTES;
    const headers = this.#headers.subarray(start, start + length).toBase64();
    return [number, timeUs, kind as typeof TraceKind.segmentIn, a, b, headers];
  }
}

function placeOf(number: number): number {
  return number < FIRST_LINES ? number : FIRST_LINES + (number - FIRST_LINES) % LAST_LINES;
}

function grown(array: Float64Array<ArrayBuffer>, length: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(length);
  larger.set(array);
  return larger;
}
