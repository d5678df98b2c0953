/**
 * What the application thread and the TCP thread say to each other: records of words in two rings, 16 of a
 * command and 8 of an event.
 *
 * ```text
 *   word      0   1             2            3          4..7      8        9, 10        12..15
 *   command   op  row, request  generation   port       address   value    local port,  local address
 *             or listener                                                  of listen:
 *                                                                          IPv6 only, Fast Open
 *   event     op  row           generation   request    4: result, of a ping: 5: microseconds,
 *                                                       6: hop limit, 7: ICMP type and code
 *                                            or listener
 * ```
 */

/** What the application wants, in word 0 of a command. */
export const Command = {
  /** Listen: id, port, address, backlog as value, whether `::` is IPv6 only, Fast Open handshakes at once. */
  listen: 1,
  /** Stop to listen: id. */
  unlisten: 2,
  /** Connect: request, port, address, local address, ActiveFastOpen as value. */
  connect: 3,
  /** Forget a connect: request. */
  cancelConnect: 4,
  /** The row has been read from or written to: row, generation. */
  news: 5,
  /** No more will be written: row, generation. */
  closeWrite: 6,
  /** The application lets go: row, generation. */
  close: 7,
  /** The same, at once with an RST: row, generation. */
  abort: 8,
  /** Set an {@link ConnectionOption}: row, generation, option as port, value. */
  option: 9,
  /** One connection of a listener was accepted: id. */
  acceptTaken: 10,
  /** Close every connection; `stopped` comes when none is left. */
  shutdown: 11,
  /** Reset every connection that a shutdown has left. */
  abortAll: 12,
  /** Send an echo request: request, hop limit as port, address, local address, bytes as value. */
  ping: 13,
  /** Forget one: request. */
  cancelPing: 14,
  /** Open a UDP socket: row, generation, port, address. */
  bindDatagram: 32,
  /** The application lets go of one: row, generation. */
  unbindDatagram: 33,
  /** Join a group, or leave it: row, generation, address, 1 or 0 as value. */
  groupMember: 34,
  /** A part of the filter of a forward that is not open yet: id, address, prefix length as value, whether it excludes. */
  forwardPrefix: 48,
  /** Another part: id, first port as port, last port as value. */
  forwardPorts: 49,
  /** Take flows to foreign destinations: id, {@link ForwardMode} bits as port, flows undecided at once as value, ms to decide. */
  forward: 50,
  /** Take no more of them: id. */
  unforward: 51,
  /** Go on with a flow: request, its generation, its number as value. The answer is that of `connect`. */
  acceptFlow: 52,
  /** Or do not: its number, generation, {@link FlowEnd} as value. */
  refuseFlow: 53,
  /** A UDP socket for foreign destinations: row, generation, the number of its filter's parts as value. */
  bindForeign: 54,
  /** "Unreachable" to the source of a datagram: its port and address, destination as local ones, ICMP code as value. */
  refuseDatagram: 55,
} as const;

/** What has happened, in word 0 of an event. */
export const Event = {
  /** The row has something to look at. */
  news: 1,
  /** A connection of a listener is established: row, generation, listener. */
  accepted: 2,
  /** A connect succeeded: row, generation, request. */
  connected: 3,
  /** A connect failed: request, error as result. */
  connectFailed: 4,
  /** Nothing of the row is needed any more: row, generation. */
  ended: 5,
  /** After `shutdown`: every connection has ended. */
  stopped: 6,
  /** A ping has come to its end: request, error as result, microseconds, hop limit, ICMP type and code. */
  pinged: 7,
  /** There is a flow to be decided: its number, its generation, the forward. */
  flow: 16,
  /** It has ended undecided, and waits to be refused so that its number is free: its number, its generation. */
  flowEnded: 17,
} as const;

/** Bits of how a forward is to be. */
export const ForwardMode = {
  /** It takes flows to the stack's own addresses too, at ports where nobody listens. */
  own: 1,
  /** Behind this bit when SYNs are answered with cookies: 1 and the index in SYN_COOKIE_MODES; 0: as listeners do. */
  cookiesShift: 1,
} as const;

/** How a flow is refused: {@link FlowEnd.unreachable} and above with an ICMP code added. */
export const FlowEnd = {
  /** Nobody answers. */
  drop: 0,
  /** With an RST. */
  reset: 1,
  /** With "destination unreachable", of the code of ICMP that is added. */
  unreachable: 16,
} as const;

/** What can be set for one connection. */
export const ConnectionOption = {
  /** 1: no Nagle. */
  noDelay: 1,
  /** 1: keepalive probes. */
  keepAlive: 2,
  /** Seconds; 0: close with an RST, -1: an ordinary close. */
  linger: 3,
  /** Milliseconds; 0: the stack's default. */
  userTimeout: 4,
  /** Index of the name in CONGESTION_NAMES. */
  congestion: 5,
  /** Differentiated Services code point, 0 to 63. */
  diffServ: 6,
  /** Hop limit, 1 to 255. */
  hopLimit: 7,
} as const;

/** Word indices within a record. */
export const Field = {
  op: 0,
  row: 1,
  generation: 2,
  port: 3,
  request: 3,
  address: 4,
  /** Of an event, where a command has its address. */
  result: 4,
  rttUs: 5,
  hops: 6,
  icmp: 7,
  value: 8,
  localPort: 9,
  ipv6Only: 9,
  fastOpen: 10,
  excludes: 9,
  decisionMs: 9,
  localAddress: 12,
} as const;
