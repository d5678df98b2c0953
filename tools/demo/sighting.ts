/** Segments as one end of the connection sees them, with the state that each leaves the end in. */

import { Flag, OptionBit, type Segment } from "../../src/wire/segment.ts";
import { TraceKind, type TraceRecord } from "../../src/pipeline/trace_ring.ts";
import { stateNames } from "../../src/tcp/state.ts";

/** One segment, sent or received, and the state after it. */
export interface Sighting {
  readonly fromClient: boolean;
  /** The client's port, which the client's system has picked. */
  readonly clientPort: number;
  /** Microseconds, only good for differences. */
  readonly timeUs: number;
  readonly flags: number;
  /** As on the wire, unsigned. */
  readonly seq: number;
  /** As on the wire, unsigned; 0 without ACK. */
  readonly ack: number;
  readonly window: number;
  readonly payloadBytes: number;
  /** TCP options in words, one entry for each line that they are to be shown on. */
  readonly options: readonly string[];
  /** The state of this end behind the segment, as RFC 9293 names it. */
  state: string;
}

/** Which side of the connection an end is. */
export type Side = "client" | "server";

/** Tells a segment from others of the connection, in the eyes of both ends. */
export function keyOf(s: Sighting): string {
  return [s.fromClient, s.flags, s.seq, s.ack, s.payloadBytes].join(" ");
}

/**
 * Turns the trace records of one stack into sightings. A change of state belongs to the segment before
 * it in the trace; so each is held back until the next one or the end of the batch.
 */
export class TraceEnd {
  /** Records of segments, shown or not. */
  segments = 0;
  /** Whether sightings are made; without that segments are only counted. */
  watching = false;
  readonly #side: Side;
  readonly #onSighting: (sighting: Sighting) => void;
  #state: string;
  #pending: Sighting | null = null;

  constructor(side: Side, state: string, onSighting: (sighting: Sighting) => void) {
    this.#side = side;
    this.#state = state;
    this.#onSighting = onSighting;
  }

  /** The state that the trace has last told. */
  get state(): string {
    return this.#state;
  }

  /** Takes the next record; for the option `trace` of `open`. */
  readonly take = (record: TraceRecord): void => {
    if (record.kind === TraceKind.state) {
      this.#state = stateNames[record.stateAfter];
      if (this.#pending !== null) this.#pending.state = this.#state;
      return;
    }
    const isSent = record.kind === TraceKind.segmentOut;
    if (!isSent && record.kind !== TraceKind.segmentIn) return;
    this.segments++;
    if (!this.watching) return;
    this.#flush();
    this.#pending = sight(record, isSent === (this.#side === "client"), this.#state);
    queueMicrotask(() => this.#flush());
  };

  #flush(): void {
    const sighting = this.#pending;
    this.#pending = null;
    if (sighting !== null) this.#onSighting(sighting);
  }
}

function sight(record: TraceRecord, fromClient: boolean, state: string): Sighting {
  const { segment } = record;
  return {
    fromClient,
    clientPort: fromClient ? segment.srcPort : segment.dstPort,
    timeUs: record.timeUs,
    flags: segment.flags,
    seq: segment.seq >>> 0,
    ack: (segment.flags & Flag.ACK) === 0 ? 0 : segment.ack >>> 0,
    window: segment.window,
    payloadBytes: segment.payloadLength,
    options: optionsOf(segment),
    state,
  };
}

/** The options by the names of their RFCs: 9293 (MSS), 2018 (SACK), 7323 (window scale, timestamps). */
function optionsOf(segment: Segment): string[] {
  const has = (bit: number) => (segment.options & bit) !== 0;
  const lines: string[] = [];
  const agreed: string[] = [];
  if (has(OptionBit.mss)) agreed.push(`MSS=${segment.mss}`);
  if (has(OptionBit.sackPermitted)) agreed.push("SACK-permitted");
  if (has(OptionBit.windowScale)) agreed.push(`WSopt=${segment.windowScale}`);
  if (agreed.length > 0) lines.push(agreed.join("  "));
  if (has(OptionBit.timestamps)) {
    lines.push(`TSval=${segment.tsValue >>> 0}  TSecr=${segment.tsEcho >>> 0}`);
  }
  return lines;
}
