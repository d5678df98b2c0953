import type { Seq } from "../base/seq.ts";
import type { ConnectionError } from "../ring/row.ts";
import { ROW_WORDS } from "../ring/row.ts";
import type { CongestionControl } from "./congestion/control.ts";
import type { EcnState } from "./ecn_state.ts";
import type { FastOpenState } from "./fast_open_state.ts";
import type { LossRecovery } from "./loss_recovery.ts";
import type { Pacer } from "./pacing.ts";
import type { Listener } from "./listener.ts";
import type { MtuSearch } from "./mtu_search_state.ts";
import type { ReceiveBuffer } from "./receive_buffer.ts";
import type { RttEstimator } from "./rtt.ts";
import type { SendBuffer } from "./send_buffer.ts";
import { State } from "./state.ts";

/** No deadline. */
export const NEVER = Infinity;

/** Who stands behind a connection. */
export const Owner = {
  /** Nobody yet: the handshake of a passive open is under way. */
  listener: 0,
  /** The application holds it. */
  application: 1,
  /** The application has closed it; the stack finishes the exchange alone. */
  none: 2,
} as const;

/** What the application has to look at, and how soon. */
export const News = {
  none: 0,
  /** Something to tidy up, the next time that it looks. */
  quiet: 1,
  /** Something that it may be waiting for. */
  loud: 2,
} as const;

/** One value of {@link News}. */
export type News = (typeof News)[keyof typeof News];

/** One value of {@link Owner}. */
export type Owner = (typeof Owner)[keyof typeof Owner];

/**
 * Everything that is known about one connection (RFC 9293 section 3.3.1, the transmission control
 * block). Every field is set here and never deleted; names are the RFC's.
 */
export class Connection {
  /** Number of the row in shared memory, and the name in demultiplexer and timer wheel. */
  readonly id: number;
  /** Told apart from earlier connections in the same row. */
  readonly generation: number;
  /** Word index of the row. */
  readonly row: number;
  state: State = State.CLOSED;
  owner: Owner = Owner.listener;
  error: ConnectionError = 0;
  listener: Listener | null = null;
  /** The application's name for a `connect` that is under way, else -1. */
  request = -1;

  // Addresses as four words each (src/base/address.ts).
  readonly local0: number;
  readonly local1: number;
  readonly local2: number;
  readonly local3: number;
  readonly remote0: number;
  readonly remote1: number;
  readonly remote2: number;
  readonly remote3: number;
  readonly localPort: number;
  readonly remotePort: number;
  /** Of every segment over IPv6: the same for the life of the connection (RFC 6437 section 3); else 0. */
  flowLabel = 0;

  // Send sequence space: una <= nxt <= max, and una + wnd is the right edge.
  iss: Seq = 0;
  /** Oldest unacknowledged sequence number. */
  sndUna: Seq = 0;
  /** Next to send; goes back to `sndUna` when the retransmission timer expires. */
  sndNxt: Seq = 0;
  /** Behind everything ever sent. */
  sndMax: Seq = 0;
  /** The peer's window in bytes, scaled. */
  sndWnd = 0;
  /** Segment sequence and acknowledgment numbers of the last window update. */
  sndWl1: Seq = 0;
  sndWl2: Seq = 0;
  /** Greatest window that the peer ever offered; half of it is worth sending (section 3.8.6.2.1). */
  sndWndMax = 0;
  /** The peer's window scale. */
  sndScale = 0;
  /** End of the last segment sent that was not full: what Nagle's rule waits for (Minshall's form). */
  sndSmall: Seq = 0;
  /** Payload bytes of a full segment, options subtracted. */
  sndMss = 536;
  /** Most that is announced and sent as MSS, both ways; 0 is no limit but the path's (TCP_MAXSEG). */
  mssClamp = 0;

  // Receive sequence space.
  irs: Seq = 0;
  rcvNxt: Seq = 0;
  /** Right edge that was advertised; it never moves left. */
  rcvAdvertised: Seq = 0;
  /** Our window scale; 0 until both sides have offered one. */
  rcvScale = 0;
  /** Largest payload of a segment seen: what counts as full for delayed ACKs (as Linux's rcv_mss). */
  rcvMss = 536;
  /** The urgent pointer, when `urgent` is set (RFC 6093: the byte after the urgent data). */
  rcvUrgent: Seq = 0;
  urgent = false;
  /** How often the peer has moved the urgent pointer, and whether the application has not read up to it yet. */
  urgentMarks = 0;
  urgentUnread = false;

  // Options that both sides agreed on.
  timestamps = false;
  sack = false;
  windowScale = false;
  /** TS.Recent and when it was set (RFC 7323 section 4.3). */
  tsRecent = 0;
  tsRecentAtUs = 0;
  /** Added to the clock in every timestamp sent, so that it tells nothing about the host. */
  tsOffset = 0;
  /** Last acknowledgment number sent: RFC 7323 section 4.3, Last.ACK.sent. */
  lastAckSent: Seq = 0;

  /** Explicit congestion notification (RFC 3168, RFC 9768); null when it is not in use. */
  ecn: EcnState | null = null;

  // The path's MTU (src/tcp/path_mtu.ts).
  /** MSS that the peer has announced and the application allows; no limit of the path is in it. */
  mssLimit = 536;
  /** Largest IP packet of the first link, bytes; 0 before the handshake has settled the segment size. */
  linkMtu = 0;
  /** Largest IP packet for the path, bytes; 0 before that when no router has told it. */
  pathMtu = 0;
  /** When what a router has said of it does not hold any more. */
  pathMtuEndUs = NEVER;
  /** A search by probes is under way or has been (RFC 4821), else null. */
  mtuSearch: MtuSearch | null = null;
  // The handshake (handshake.ts, fast_open.ts).
  /** What Fast Open has to do with it (RFC 7413); null for most. */
  fastOpen: FastOpenState | null = null;
  /** It counts among the connections that its peer's address has here. */
  countedByAddress = false;

  // Bytes on either side.
  receive: ReceiveBuffer | null = null;
  send: SendBuffer | null = null;
  /** The application will write no more: a FIN follows the last byte. */
  finQueued = false;
  /** The peer's FIN was taken in. */
  finReceived = false;
  /** The peer's FIN has come ahead of text that is missing, and its number. */
  finAhead = false;
  finAheadSeq: Seq = 0;
  /** The application has shut reading down: text behind our FIN would never be read. */
  readShut = false;
  /** Positions in the send stream behind which a segment must end; null while there is none. */
  recordEnds: number[] | null = null;
  /** Bytes that the application may have in `send` at once; grows with the congestion window. */
  sendLimit = 0;

  // Acknowledging.
  /** An ACK is due with the next output. */
  ackPending = false;
  /** Bytes received since the last ACK. */
  unackedBytes = 0;
  /** ACKs still to be sent without delay (as Linux's quick-ACK phase). */
  quickAcks = 0;
  /** Text goes back and forth, so that an ACK can wait for what is sent anyway (Linux's ping-pong mode). */
  interactive = false;
  /** When text last arrived in order. */
  lastTextAtUs = -NEVER;
  lastChallengeAtUs = -NEVER;
  /** How long an ACK waits (Linux's ato); 0 before the first text. */
  ackDelayUs = 0;
  /** Segments since the last ACK that looked like the end of something: none, one, more (bits 1 and 2). */
  ackPushed = 0;
  /** Payload of the last segment if it may have been a full one of a smaller MSS. */
  lastSegmentBytes = 0;
  /** Duplicate ACKs that were sent at once for the gap at `gapSeq`, and those that are held back now. */
  gapSeq: Seq = 0;
  gapAcks = 0;
  acksHeld = 0;

  /** Position up to which the application had read when the window was last looked at. */
  readSeen = 0;

  // Receive window tuning.
  tuneSeq: Seq = 0;
  tuneAtUs = 0;
  tuneRttUs = 0;
  tuneReadMark = 0;
  tuneReadAtUs = 0;

  // Retransmission and recovery.
  readonly rtt: RttEstimator;
  /** When the SYN was sent, if it was sent once, when `timing`. */
  rttSentAtUs = 0;
  timing = false;
  /** Expiries of the retransmission timer since something was last acknowledged. */
  backoffs = 0;
  /** How often the timeout is doubled: until a round-trip time is measured (Karn). */
  rtoShift = 0;
  /** When the oldest unacknowledged data was first sent again: for the limits of section 3.8.3. */
  repeatedSinceUs = NEVER;
  /** Window probes without an answer, and when the first one went. */
  probesUnanswered = 0;
  probedSinceUs = NEVER;
  /** When the oldest unacknowledged data was first sent. */
  unackedSinceUs = NEVER;
  /** What loss detection knows; there once the SYN was sent. */
  loss: LossRecovery | null = null;
  /** The timer expired in the handshake: RFC 6298 section 5.7. */
  handshakeTimedOut = false;
  congestion: CongestionControl;
  /** The window was the limit when something was last sent: it may grow (RFC 9293 section 3.8.2). */
  cwndLimited = false;

  // Use of the congestion window (window_validation.ts), and pacing.
  /** Greatest flight since the window's use was last looked at, and where that ends. */
  cwndFlightMax = 0;
  cwndUsageEnd: Seq = 0;
  /** When the window was last reduced for a pause; 0 before the first. */
  cwndRestartedAtUs = 0;
  /** When text was last sent; 0 before the first. */
  lastTextSentAtUs = 0;
  /** There when segments are paced. */
  pacer: Pacer | null = null;

  // Deadlines in microseconds; the wheel holds the earliest or an earlier one.
  retransmitAtUs = NEVER;
  /** The retransmission deadline is that of a zero-window probe. */
  persisting = false;
  delayedAckAtUs = NEVER;
  keepaliveAtUs = NEVER;
  /** End of FIN-WAIT-2 or TIME-WAIT. */
  endAtUs = NEVER;
  wheelAtUs = NEVER;
  /** The earliest of them, when last worked out. */
  deadlineUs = NEVER;

  // Options of the application.
  noDelay = false;
  /** Buffers whose size the application has set do not grow with use (SO_RCVBUF, SO_SNDBUF). */
  receiveBufferFixed = false;
  sendBufferFixed = false;
  /** How often a SYN is sent again, and how long FIN-WAIT-2 lasts; the stack's when not changed. */
  synRetries = 0;
  finWait2Us = 0;
  /** Nothing short is sent while more may be written, for 200 ms at the most (TCP_CORK). */
  cork = false;
  keepAlive = false;
  /** Idle time before the first probe, between probes, and how many; the stack's when not changed. */
  keepaliveIdleUs = 0;
  keepaliveIntervalUs = 0;
  keepaliveProbes = 0;
  keepaliveProbesSent = 0;
  lastReceivedAtUs = 0;
  userTimeoutUs = 0;
  /** Abort instead of an orderly close: SO_LINGER with zero seconds. */
  lingerZero = false;

  /** DSCP and ECN bits, and hop limit, of what is sent; 0 as hop limit is the stack's. */
  trafficClass = 0;
  hopLimit = 0;

  // What the network says against the connection, without ending it (RFC 9293 section 3.9.1.8).
  softError: ConnectionError = 0;
  softErrors = 0;

  // Work lists.
  dirty = false;
  /** More could be sent, but the sink has no room for it now. */
  blocked = false;
  news: News = 0;

  // Whether it may be packed (dormant.ts).
  /** It was touched since it was last looked at. */
  used = true;
  /** Its place among the connections that are awake. */
  awakeAt = 0;

  // Totals for `info()`.
  bytesSent = 0;
  bytesReceived = 0;
  bytesRetransmitted = 0;
  segmentsSent = 0;
  segmentsReceived = 0;
  segmentsRetransmitted = 0;
  segmentsOutOfOrder = 0;
  duplicateAcksSeen = 0;
  retransmitTimeouts = 0;
  recoveriesUndone = 0;
  /** Segments with text, as they are on the wire. */
  textSegmentsSent = 0;
  textSegmentsReceived = 0;

  constructor(
    id: number,
    generation: number,
    rows: number,
    tuple: FourTuple,
    rtt: RttEstimator,
    congestion: CongestionControl,
  ) {
    this.id = id;
    this.generation = generation;
    this.row = rows + id * ROW_WORDS;
    this.local0 = tuple.local0;
    this.local1 = tuple.local1;
    this.local2 = tuple.local2;
    this.local3 = tuple.local3;
    this.remote0 = tuple.remote0;
    this.remote1 = tuple.remote1;
    this.remote2 = tuple.remote2;
    this.remote3 = tuple.remote3;
    this.localPort = tuple.localPort;
    this.remotePort = tuple.remotePort;
    this.rtt = rtt;
    this.congestion = congestion;
  }
}

/** Both ends of a connection; addresses as four words each. */
export interface FourTuple {
  readonly local0: number;
  readonly local1: number;
  readonly local2: number;
  readonly local3: number;
  readonly remote0: number;
  readonly remote1: number;
  readonly remote2: number;
  readonly remote3: number;
  readonly localPort: number;
  readonly remotePort: number;
}
