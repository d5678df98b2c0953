/**
 * The row of a connection in shared memory: what the TCP thread and the application thread tell each
 * other about it. 112 words, seven cache lines; each line has one writer.
 *
 * ```text
 *   line 0 (tcp)   0 generation  1 state     2 error     3 rxWritten  4 rxHead    5 rxEpoch
 *                  6 rxFinished  7 txRead    8 txLimit   9 pathMtu
 *                  10..13 local address      14 local port            15 remote port
 *   line 1 (tcp)   16..19 remote address     20..31 info
 *   line 2 (tcp)   32..47 info
 *   line 3 (app)   48 rxRead    49 txWritten 50 txHead   51 txEpoch
 *                  56 newsForApp   57 newsForTcp   (set by one side, cleared by the other)
 *                  58 sendWaiting
 *   line 4 (tcp)   64 urgentEnd 65 urgentMarks  66 urgentUnread  67 softError  68 softErrors
 *   line 5 (tcp)   80..95 recovery
 *   line 6 (tcp)   96..111 sending
 * ```
 *
 * Behind the rows of the connections stand those of the UDP sockets, which have the same streams and news. There
 * the application gives the row out, and so writes its generation before the TCP thread hears of the socket.
 *
 * News are level-triggered: whoever changes something sets the other side's news word and, only if it
 * was clear, puts the row's number into the ring. So a ring holds at most one entry of a row, however
 * often the row changes, and can be sized so that it never overflows.
 */
export const Row = {
  generation: 0,
  state: 1,
  error: 2,
  rxWritten: 3,
  rxHead: 4,
  rxEpoch: 5,
  /** 1 when the peer's FIN has been received: no byte follows `rxWritten`. */
  rxFinished: 6,
  /** Bytes of the application that the peer has acknowledged; modulo 2^32. */
  txRead: 7,
  /** Bytes that the application may have unacknowledged in its stream. */
  txLimit: 8,
  /** Largest IP packet for the path, bytes. */
  pathMtu: 9,
  local: 10,
  localPort: 14,
  remotePort: 15,
  remote: 16,
  info: 20,
  rxRead: 48,
  txWritten: 49,
  txHead: 50,
  txEpoch: 51,
  newsForApp: 56,
  newsForTcp: 57,
  /** Of a UDP socket (datagram.ts): 1 while a `send` waits for room. */
  sendWaiting: 58,
  /** Position in the stream behind the urgent data (RFC 6093); modulo 2^32. */
  urgentEnd: 64,
  /** How often the peer has moved it. */
  urgentMarks: 65,
  /** 1 while the application has not read up to it. */
  urgentUnread: 66,
  /** The last {@link ConnectionError} that did not end the connection, and how many there were. */
  softError: 67,
  softErrors: 68,
  recovery: 80,
  sending: 96,
} as const;

/** Words of one row. */
export const ROW_WORDS = 112;

/** Words of a row from {@link Row.info} on that describe the connection for `info()`. */
export const Info = {
  rttUs: 0,
  rttVarUs: 1,
  rtoUs: 2,
  rttMinUs: 3,
  cwndBytes: 4,
  ssthreshBytes: 5,
  mssSend: 6,
  mssReceive: 7,
  sendWindow: 8,
  receiveWindow: 9,
  bytesInFlight: 10,
  /** 64-bit totals as low and high words. */
  bytesSent: 11,
  bytesReceived: 13,
  bytesRetransmitted: 15,
  segmentsSent: 17,
  segmentsReceived: 18,
  segmentsRetransmitted: 19,
  segmentsOutOfOrder: 20,
  duplicateAcks: 21,
  /** Shift counts: what the peer announced in the low byte, our own in the next. */
  windowScales: 22,
  /** Bits: {@link InfoOption}. */
  options: 23,
  retransmitTimeouts: 24,
  receiveBufferBytes: 25,
  congestion: 26,
  backoffs: 27,
} as const;

/** Words of a row from {@link Row.sending} on: how fast the connection sends, and why. Rates are bytes per second. */
export const Sending = {
  /** Number in `congestionPhaseNames`. */
  phase: 0,
  /** 64-bit totals as low and high words. */
  pacingRate: 1,
  deliveryRate: 3,
  bandwidth: 5,
  modelRttUs: 7,
  /** Bits: {@link SendingFlag}. */
  flags: 8,
} as const;

/** Bits of {@link Sending.flags}. */
export const SendingFlag = { windowLimited: 1, rateAppLimited: 2 } as const;

if (Row.info + Info.backoffs >= Row.rxRead) throw new Error("The info words overrun the row");

/** Words of a row from {@link Row.recovery} on: what the connection knows of losses, and its ACKs. */
export const Recovery = {
  /** Index in `recoveryStateNames`. */
  state: 0,
  reordering: 1,
  reorderingEvents: 2,
  duplicateReports: 3,
  undone: 4,
  renegings: 5,
  sackedBytes: 6,
  lostBytes: 7,
  againBytes: 8,
  /** A 64-bit total as low and high words. */
  deliveredBytes: 9,
  ackDelayUs: 11,
  probesUnanswered: 12,
} as const;

/** What a sender believes of its path, as Linux's tcp_ca_state names it; indexes of `Recovery.state`. */
export const recoveryStateNames = ["open", "disorder", "cwr", "recovery", "loss"] as const;

/** What was agreed in the handshake, bits of {@link Info.options}. */
export const InfoOption = {
  timestamps: 1,
  sack: 2,
  windowScale: 4,
  /** ECN in the form of RFC 3168. */
  ecn: 8,
  /** ECN in the form of RFC 9768. */
  accurateEcn: 16,
  /** Data of the SYN was taken (RFC 7413); the value is that of Linux. */
  synData: 32,
} as const;

/** Why a connection ended, in {@link Row.error}; 0 is an orderly end. */
export const ConnectionError = {
  none: 0,
  /** RST from the peer after the connection was established. */
  reset: 1,
  /** RST in answer to the SYN, or ICMP port or protocol unreachable. */
  refused: 2,
  /** No answer in time: SYN, data, keepalive or user timeout. */
  timedOut: 3,
  /** ICMP network unreachable. */
  networkUnreachable: 4,
  /** ICMP host unreachable. */
  hostUnreachable: 5,
  /** Ended by the local side: `abort()` or the stack's end. */
  aborted: 6,
  /** `listen`: the port is taken. */
  addressInUse: 7,
  /** The address is none of the stack's. */
  addressNotAvailable: 8,
  /** The stack's connection limit. */
  tooManyConnections: 9,
} as const;

/** One value of {@link ConnectionError}. */
export type ConnectionError = (typeof ConnectionError)[keyof typeof ConnectionError];
