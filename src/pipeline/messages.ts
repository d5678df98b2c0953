/**
 * What the application thread and the TCP thread say to each other: records of words in two rings, 16 of a
 * command and 8 of an event.
 *
 * ```text
 *   word      0   1             2            3          4..7      8        9, 10        12..15
 *   command   op  row, request  generation   port       address   value    local port,  local address
 *             or listener                                                  of listen:
 *                                                                          IPv6 only, Fast Open
 *   event     op  row           generation   request    4: result
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
  /** Open a UDP socket: row, generation, port, address. */
  bindDatagram: 32,
  /** The application lets go of one: row, generation. */
  unbindDatagram: 33,
  /** Join a group, or leave it: row, generation, address, 1 or 0 as value. */
  groupMember: 34,
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
  value: 8,
  localPort: 9,
  ipv6Only: 9,
  fastOpen: 10,
  localAddress: 12,
} as const;
