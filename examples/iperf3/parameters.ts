/** What a client of iperf3 asks for. */

import { ServerFault } from "./control.ts";

/** Streams of a test that are served; iperf3 itself knows no more. */
const STREAMS_MAX = 128;
const BLOCK_MAX_BYTES = 1 << 20;
const DATAGRAM_MAX_BYTES = 65_507;
const TCP_BLOCK_BYTES = 131_072;
const UDP_BLOCK_BYTES = 1448;

/** A test as it was asked for. */
export interface Parameters {
  readonly isUdp: boolean;
  /** All streams, of both directions. */
  readonly streams: number;
  /** Whether the server sends on the stream that came as the n-th. */
  readonly sends: (index: number) => boolean;
  /** Bytes of a block or datagram. */
  readonly blockBytes: number;
  /** Bits per second of each stream; 0 is no limit. */
  readonly bitsPerSecond: number;
  /** Duration; 0 when the client ends the test by bytes or blocks. */
  readonly seconds: number;
  /** Seconds at the beginning that do not count. */
  readonly omitSeconds: number;
  /** Whether the number in a datagram has 64 bits. */
  readonly hasWideCounters: boolean;
}

/** Reads a client's parameters. Throws a {@link ServerFault} that names the one that is wrong. */
export function readParameters(json: unknown): Parameters {
  if (typeof json !== "object" || json === null) {
    throw new ServerFault("the parameters are no object");
  }
  const given = json as Record<string, unknown>;
  if (given.sctp === true) throw new ServerFault("SCTP is not spoken here");
  const isUdp = given.udp === true;
  const number = (name: string, low: number, high: number, otherwise: number): number => {
    const value = given[name] ?? otherwise;
    if (typeof value === "number" && value >= low && value <= high) return value;
    throw new ServerFault(`${name}: ${String(value)} is not a number from ${low} to ${high}`);
  };
  const parallel = Math.floor(number("parallel", 1, STREAMS_MAX, 1));
  const isReverse = isSet(given.reverse);
  const isBoth = isSet(given.bidirectional);
  const longest = isUdp ? DATAGRAM_MAX_BYTES : BLOCK_MAX_BYTES;
  const usual = isUdp ? UDP_BLOCK_BYTES : TCP_BLOCK_BYTES;
  return {
    isUdp,
    streams: isBoth ? 2 * parallel : parallel,
    // The client makes the streams that it sends on first.
    sends: (index) => isBoth ? index >= parallel : isReverse,
    blockBytes: Math.floor(number("len", 1, longest, usual)),
    bitsPerSecond: number("bandwidth", 0, Number.MAX_SAFE_INTEGER, 0),
    seconds: number("time", 0, 86_400, 0),
    omitSeconds: number("omit", 0, 600, 0),
    hasWideCounters: isSet(given.udp_counters_64bit),
  };
}

function isSet(value: unknown): boolean {
  return value === true || value === 1;
}
