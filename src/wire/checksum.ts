/**
 * The Internet checksum (RFC 1071): the ones' complement of the ones' complement sum of 16-bit words.
 *
 * A running sum is an integer from 0 to 0xffff that stands for the bytes seen so far, as big-endian
 * words; it stays in V8's small-integer range. Begin with 0 or with {@link pseudoHeaderSum4}, add
 * ranges of bytes, and end with {@link checksumFold}. Bytes that carry a right checksum themselves sum
 * up to 0xffff, so {@link checksumFold} gives 0 for them.
 */

import type { Memory } from "../base/memory.ts";

/**
 * Adds `length` bytes from `offset` to the running sum `sum` and returns the new sum, 0 to 0xffff.
 *
 * Any alignment will do. An odd length is padded with a zero byte, so it may only be the last one; use
 * {@link checksumAddPiece} for pieces that join at odd places. At most 256 KiB at a time. `sum` may be
 * any integer from 0 to 2^31 - 0x20000.
 *
 * The words are read in little-endian order, which costs no byte swap on the machines at hand, and the
 * sum is swapped once at the end: a ones' complement sum does not care (RFC 1071 section 2, B). For
 * every 32-bit word there are two additions: of the whole word modulo 2^32, and of its high half.
 * The sum of the low halves follows from these two, which saves masking each of them.
 */
export function checksumAdd(view: DataView, offset: number, length: number, sum: number): number {
  const end = offset + length;
  const unrolledEnd = offset + (length & ~31);
  // Two pairs of sums, so that additions need not wait for each other.
  let words = 0;
  let highs = 0;
  let words2 = 0;
  let highs2 = 0;
  let at = offset;
  for (; at < unrolledEnd; at += 32) {
    const a = view.getInt32(at, true);
    const b = view.getInt32(at + 4, true);
    const c = view.getInt32(at + 8, true);
    const d = view.getInt32(at + 12, true);
    words = (words + a + c) | 0;
    highs = (highs + (a >>> 16) + (c >>> 16)) | 0;
    words2 = (words2 + b + d) | 0;
    highs2 = (highs2 + (b >>> 16) + (d >>> 16)) | 0;
    const e = view.getInt32(at + 16, true);
    const f = view.getInt32(at + 20, true);
    const g = view.getInt32(at + 24, true);
    const h = view.getInt32(at + 28, true);
    words = (words + e + g) | 0;
    highs = (highs + (e >>> 16) + (g >>> 16)) | 0;
    words2 = (words2 + f + h) | 0;
    highs2 = (highs2 + (f >>> 16) + (h >>> 16)) | 0;
  }
  words = (words + words2) | 0;
  highs = (highs + highs2) | 0;
  for (; at + 4 <= end; at += 4) {
    const word = view.getInt32(at, true);
    words = (words + word) | 0;
    highs = (highs + (word >>> 16)) | 0;
  }
  if (at + 2 <= end) {
    words = (words + view.getUint16(at, true)) | 0;
    at += 2;
  }
  if (at < end) words = (words + view.getUint8(at)) | 0;
  const lows = words - (highs << 16);
  const folded = fold16((lows & 0xffff) + (lows >>> 16) + (highs & 0xffff) + (highs >>> 16));
  return fold16((((folded & 0xff) << 8) | (folded >>> 8)) + sum);
}

/** {@link checksumAdd} in a memory, with its vector instructions where it has them. */
export function checksumAddIn(memory: Memory, offset: number, length: number, sum: number): number {
  return memory.vector === null
    ? checksumAdd(memory.view, offset, length, sum)
    : memory.vector.sum(offset, length, sum);
}

/**
 * Adds a piece of a longer run of bytes: like {@link checksumAddIn}, with `position` as the number of
 * bytes of the run that are already in `sum`. A piece at an odd position has its bytes in the other
 * halves of the words, so its sum is swapped before it is added.
 */
export function checksumAddPiece(
  memory: Memory,
  offset: number,
  length: number,
  sum: number,
  position: number,
): number {
  if ((position & 1) === 0) return checksumAddIn(memory, offset, length, sum);
  const piece = checksumAddIn(memory, offset, length, 0);
  return fold16((((piece & 0xff) << 8) | (piece >>> 8)) + sum);
}

/** The checksum field for the bytes that `sum` stands for; 0 when they contain a right checksum. */
export function checksumFold(sum: number): number {
  return ~fold16(sum) & 0xffff;
}

/**
 * The running sum of the pseudo-header that TCP and UDP over IPv4 put before their own header (RFC 9293
 * section 3.1): addresses as 32 bits each, the protocol number, and the length in bytes of header and
 * payload.
 */
export function pseudoHeaderSum4(
  src: number,
  dst: number,
  protocol: number,
  length: number,
): number {
  return fold16(
    (src >>> 16) + (src & 0xffff) + (dst >>> 16) + (dst & 0xffff) + protocol + length,
  );
}

/** Adds the carries above bit 15 back in; enough for any sum below 2^31. */
function fold16(sum: number): number {
  const once = (sum & 0xffff) + (sum >>> 16);
  return (once & 0xffff) + (once >>> 16);
}
