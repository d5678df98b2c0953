/** What the engine is made of, and what it is given to talk to. */

import type { Counters } from "../base/counters.ts";
import type { Random } from "../base/random.ts";
import type { Layout } from "../ring/layout.ts";
import type { ConnectionError } from "../ring/row.ts";
import type { Segment } from "../wire/segment.ts";
import type { TcpConfig } from "./config.ts";
import type { Connection } from "./connection.ts";
import type { IsnSource } from "./isn.ts";
import type { Listener } from "./listener.ts";
import type { ReceiveMemory } from "./receive_buffer.ts";
import type { SegmentSink } from "./sink.ts";
import type { State } from "./state.ts";

/** What the engine tells the application's side. */
export interface TcpEvents {
  /** A connection was established for a listener. */
  accepted(listener: Listener, conn: Connection): void;
  /** The `connect` with this name has succeeded. */
  connected(request: number, conn: Connection): void;
  /** The `connect` with this name has failed. */
  connectFailed(request: number, error: ConnectionError): void;
  /** The row has something to look at; `loud` when the application may be waiting for it. */
  news(conn: Connection, loud: boolean): void;
  /** The engine needs nothing of the application's for this connection any more. */
  ended(conn: Connection): void;
  /** A connection was made of a handshake, and has not seen the segment that completes it. */
  created?(listener: Listener, conn: Connection): void;
  /** Somebody wants a flow to a foreign destination; the application decides (forward.ts). */
  flow?(id: number, generation: number, forward: number, syn: Segment): void;
  /** A flow has ended before that. */
  flowEnded?(id: number, generation: number): void;
  /**
   * The connection has gone from one state to another: for the trace. Of a handshake in progress, which is no
   * connection yet, its ends are told, with a number of -1.
   */
  stateChanged(conn: Connection, before: State): void;
  /** What `info()` shows of the connection may have changed: for the trace. */
  progressed(conn: Connection): void;
}

/** Where segments go that may belong to a connection of another queue's engine. */
export interface Handover {
  /** Passes the segment's frame on; false when every engine has seen it, or there is no room. */
  offer(segment: Segment): boolean;
}

/** What the engine is made of. */
export interface TcpParts {
  readonly config: TcpConfig;
  readonly layout: Layout;
  readonly counters: Counters;
  readonly memory: ReceiveMemory;
  readonly sink: SegmentSink;
  readonly events: TcpEvents;
  readonly isn: IsnSource;
  readonly random: Random;
  readonly nowUs: number;
  /** The time of day at which the clock was zero, in microseconds since 1970; 0 when it has none. */
  readonly originUs?: number;
  /** Present when there are several queues. */
  readonly handover?: Handover;
}
