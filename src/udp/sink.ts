import type { RemoteAddress } from "../tcp/sink.ts";
import type { Segment } from "../wire/segment.ts";

/** Where outgoing datagrams go: builds the headers, cuts what is too long, hands packets to the device. */
export interface DatagramSink {
  /** Pairs of (byte offset, length); payload pieces start at `FIRST_PIECE`, the header takes the pair before. */
  readonly pieces: Int32Array;
  /** Whether a datagram for this end can be taken now. */
  hasRoom(remote: RemoteAddress): boolean;
  /**
   * Sends `datagram` with the payload in `pieces` up to index `end`. `loopsBack` says whether this host's own
   * members of a group get it too. Keeps nothing.
   */
  sendDatagram(datagram: Segment, end: number, loopsBack: boolean, nowUs: number): void;
  /** Tells the sender of a datagram that nobody listens on its port. */
  sendPortUnreachable(datagram: Segment, nowUs: number): void;
}
