/**
 * UDP datagrams in the two streams of a socket's row: each is a header of eleven words and its payload.
 *
 * ```text
 *   word  0               1                      2                               3..6    7..10
 *         payload length  ports (source high)    hop limit, traffic class << 8,  source  destination   payload
 *                                                loops back << 16
 * ```
 *
 * Headers are written and read whole, so that a reader never finds part of a datagram; they begin at any byte.
 */

import { Row } from "./row.ts";

/** Bytes of the header of a datagram. */
export const DATAGRAM_HEADER_BYTES = 44;

/** Word indices within the header. */
export const DatagramWord = {
  length: 0,
  ports: 1,
  hops: 2,
  source: 3,
  destination: 7,
} as const;

/** Bit of the word {@link DatagramWord.hops}: what is sent to a group also reaches this host's members. */
export const LOOPS_BACK = 0x1_0000;

/** Whether a `send` of the socket whose row begins at word `row` waits for room. */
export function isSendWaiting(words: Int32Array, row: number): boolean {
  return Atomics.load(words, row + Row.sendWaiting) !== 0;
}

/** Says whether one waits. After saying so, look for room once more. */
export function setSendWaiting(words: Int32Array, row: number, waiting: boolean): void {
  Atomics.store(words, row + Row.sendWaiting, waiting ? 1 : 0);
}
