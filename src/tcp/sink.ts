import type { Segment } from "../wire/segment.ts";

/** Index in {@link SegmentSink.pieces} of the first payload piece; the header takes the pair before. */
export const FIRST_PIECE = 2;

/** Where outgoing segments go: builds the headers and hands the packet to the device. */
export interface SegmentSink {
  /** Most payload bytes of one call; more than an MSS when the device cuts super-segments itself. */
  readonly superBytes: number;
  /** Largest IP packet of the path's first link, bytes: what the MSS option announces. */
  readonly mtu: number;
  /** Pairs of (byte offset, length); payload pieces start at {@link FIRST_PIECE}. */
  readonly pieces: Int32Array;
  /**
   * Whether data for this IPv4 address (the last word of an address) can be taken now. A connection that
   * finds no room is asked again with the next flush. What carries no data is taken always, or is lost.
   */
  hasRoom(remote3: number): boolean;
  /** Sends `segment` with the payload in `pieces` up to index `end`. Keeps nothing. */
  send(segment: Segment, end: number): void;
}
