/** What the calls of a stack are told, and what its statistics are made of. */

import type { CounterName } from "../base/counters.ts";
import type { TcpInfo } from "./info.ts";

/** What `listen` may be told, as `Deno.listen`. */
export interface ListenOptions {
  /** The port; 0 picks a free one. */
  port: number;
  /**
   * One of the stack's addresses; default `"0.0.0.0"`, all that are IPv4. `"::"` is all of both families;
   * addresses of IPv4 peers are then shown as `::ffff:10.7.0.1`, as everywhere where sockets are dual.
   */
  hostname?: string;
  /** Whether `"::"` means IPv6 alone and leaves IPv4 to other listeners, as in `node:net`. Default false. */
  ipv6Only?: boolean;
  /** Only `"tcp"`. */
  transport?: "tcp";
  /**
   * Most connections not yet accepted, and most handshakes in progress that are remembered; more of those
   * get SYN cookies. Default 511.
   */
  tcpBacklog?: number;
  /**
   * Most connections at once whose SYN has brought data before their handshake is over (RFC 7413, Linux's
   * `TCP_FASTOPEN`). They are accepted at once, and what a SYN brings may come twice. Default 0: none.
   */
  tcpFastOpen?: number;
}

/** What `connect` may be told, as `Deno.connect`. */
export interface ConnectOptions {
  /** The port to connect to. */
  port: number;
  /** An IP address of either family, or `"localhost"`; default `"127.0.0.1"`, the stack itself. */
  hostname?: string;
  /** Only `"tcp"`. */
  transport?: "tcp";
  /** Gives up when it aborts; `connect` then rejects with its reason. */
  signal?: AbortSignal;
  /** The port to connect from; default: a free one (RFC 6056). */
  localPort?: number;
  /** The stack's address to connect from; default: the one that suits the destination (RFC 9293 section 3.9.1.1). */
  localHostname?: string;
  /**
   * Whether all addresses of a name are tried. Names other than `"localhost"`, which is 127.0.0.1 and then
   * ::1, are not resolved here. Default true.
   */
  autoSelectFamily?: boolean;
  /** Accepted as by `Deno.connect`; the stack's own addresses answer at once, so nothing waits for it. */
  autoSelectFamilyAttemptDelay?: number;
  /**
   * Fast Open (RFC 7413): a server that has been connected to before, and has given a cookie, gets the first
   * data with the SYN. With `true`, `connect` then resolves at once and the SYN waits for the first `write`
   * (Linux's `TCP_FASTOPEN_CONNECT`); bytes are written by `connect` itself. Errors of the handshake show in
   * `read`. The server may get this data twice: use it for what can be repeated. Default false.
   */
  fastOpen?: boolean | Uint8Array;
}

/** Totals of a stack since it was opened. */
export interface StackStats {
  /** Counters by name; bytes are payload bytes unless the name says otherwise. */
  readonly counters: Readonly<Record<CounterName, number>>;
  /** Drops by reason; only reasons that occurred. */
  readonly drops: Readonly<Record<string, number>>;
  /** Memory in use. */
  readonly memory: {
    /** Bytes of blocks that hold what the application has written and the peer not acknowledged. */
    readonly sendBytes: number;
    /** Bytes of blocks and frames that hold what the application has not read. */
    readonly receiveBytes: number;
  };
}

/** One line of `connections()`. */
export interface ConnectionSummary extends TcpInfo {
  /** The stack's end. */
  readonly localAddr: Deno.NetAddr;
  /** The peer's end. */
  readonly remoteAddr: Deno.NetAddr;
}

/** One line of `sockets()`. */
export interface DatagramSummary {
  /** The address and port that the socket is bound to. */
  readonly localAddr: Deno.NetAddr;
  /** Bytes that wait for `receive`, 44 of each datagram's header included. */
  readonly receiveBytes: number;
  /** Bytes that wait to be sent, likewise. */
  readonly sendBytes: number;
}

/** What `listenDatagram` may be told, as `Deno.listenDatagram`. */
export interface ListenDatagramOptions {
  /** The port; 0 picks a free one. */
  port: number;
  /**
   * One of the stack's addresses, a multicast group or a broadcast address; default `"0.0.0.0"`, all that are IPv4.
   * `"::"` is all of both families.
   */
  hostname?: string;
  /** `"udp"`. */
  transport: "udp";
  /** Whether others that say so too may be bound to the same. Default false. */
  reuseAddress?: boolean;
  /** Whether the stack's own members of a group get what is sent to it. Default false. */
  loopback?: boolean;
}
