import type { Segment } from "../wire/segment.ts";

/** Index in {@link SegmentSink.pieces} of the first payload piece; the header takes the pair before. */
export const FIRST_PIECE = 2;

/** The peer's address as four words (src/base/address.ts), as every connection has it. */
export interface RemoteAddress {
  readonly remote0: number;
  readonly remote1: number;
  readonly remote2: number;
  readonly remote3: number;
}

/** Where outgoing segments go: builds the headers and hands the packet to the device. */
export interface SegmentSink {
  /** Most payload bytes of one call; more than an MSS when the device cuts super-segments itself. */
  readonly superBytes: number;
  /** Largest IP packet of the path's first link, bytes: what the MSS option announces. */
  readonly mtu: number;
  /** Pairs of (byte offset, length); payload pieces start at {@link FIRST_PIECE}. */
  readonly pieces: Int32Array;
  /**
   * Whether data for this end can be taken now. A connection that finds no room is asked again with the
   * next flush. What carries no data is taken always, or is lost.
   */
  hasRoom(remote: RemoteAddress): boolean;
  /** Sends `segment` with the payload in `pieces` up to index `end`. Keeps nothing. */
  send(segment: Segment, end: number): void;
}
