/** What the server tells a viewer: JSON in server-sent events, as small as it can be without being a riddle. */

import type { TraceKind } from "../pipeline/trace_ring.ts";

/** A segment: its number in the log, when, which way, payload bytes, bytes of each cut, headers in base64. */
export type SegmentLine = readonly [
  number: number,
  timeUs: number,
  kind: typeof TraceKind.segmentIn | typeof TraceKind.segmentOut,
  payloadBytes: number,
  gsoBytes: number,
  headers: string,
];

/** A change of the own state: its number in the log, when, from which state to which (as numbers). */
export type StateLine = readonly [
  number: number,
  timeUs: number,
  kind: typeof TraceKind.state,
  before: number,
  after: number,
];

/** A line of a connection's log. */
export type LogLine = SegmentLine | StateLine;

/** When, and then in bytes: cwnd, ssthresh (-1: none yet), in flight, the peer's window; RTT and RTO in us. */
export type Sample = readonly [
  timeUs: number,
  cwnd: number,
  ssthresh: number,
  inFlight: number,
  sendWindow: number,
  rttUs: number,
  rtoUs: number,
];

/** The event `log`: what is new of the connection that the viewer has chosen. */
export interface LogNews {
  /** The connection. */
  readonly id: number;
  /** Lines that are no longer kept, or that came too fast for the viewer. */
  readonly skipped: number;
  readonly lines: readonly LogLine[];
  readonly samples: readonly Sample[];
}

/** One connection in the event `overview`. */
export interface OverviewRow {
  readonly id: number;
  readonly local: string;
  readonly remote: string;
  /** As RFC 9293 names it. */
  readonly state: string;
  /** It carries a viewer's stream, and its segments are not recorded. */
  readonly viewer: boolean;
  /** It carries the page that shows it, and is not what one wants to follow. */
  readonly page: boolean;
  /** Lines of the log so far. */
  readonly lines: number;
  readonly rttUs: number;
  readonly cwndBytes: number;
  /** -1 before the first loss. */
  readonly ssthreshBytes: number;
  readonly inFlightBytes: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly segmentsRetransmitted: number;
}

/** The event `overview`: everything but single segments. */
export interface Overview {
  readonly timeUs: number;
  readonly version: string;
  readonly addresses: readonly string[];
  readonly viewers: number;
  /** Connections that are open; `connections` may list fewer, and has those that have ended. */
  readonly open: number;
  /** Logs that were dropped to make room for later ones. */
  readonly forgotten: number;
  readonly connections: readonly OverviewRow[];
  readonly counters: Readonly<Record<string, number>>;
  readonly drops: Readonly<Record<string, number>>;
}
