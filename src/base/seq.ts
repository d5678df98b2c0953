/**
 * Sequence-number arithmetic modulo 2^32 (RFC 9293 section 3.4).
 *
 * A sequence number is a signed 32-bit integer: the sum and the difference of two of them stay in
 * V8's small-integer range after `| 0`. The sign of the difference orders two numbers that are less
 * than 2^31 apart, which every window in use is. Only this file does arithmetic on them.
 */

/** A sequence number: signed 32 bits. Print it with {@link seqText}. */
export type Seq = number;

/** `a + n` modulo 2^32. */
export function seqAdd(a: Seq, n: number): Seq {
  return (a + n) | 0;
}

/** How far `a` lies behind `b`: positive when `a` is later. */
export function seqDiff(a: Seq, b: Seq): number {
  return (a - b) | 0;
}

/** `a` is before `b`. */
export function seqLt(a: Seq, b: Seq): boolean {
  return ((a - b) | 0) < 0;
}

/** `a` is before `b` or equal to it. */
export function seqLe(a: Seq, b: Seq): boolean {
  return ((a - b) | 0) <= 0;
}

/** `a` is after `b`. */
export function seqGt(a: Seq, b: Seq): boolean {
  return ((a - b) | 0) > 0;
}

/** `a` is after `b` or equal to it. */
export function seqGe(a: Seq, b: Seq): boolean {
  return ((a - b) | 0) >= 0;
}

/** The earlier of two sequence numbers. */
export function seqMin(a: Seq, b: Seq): Seq {
  return ((a - b) | 0) <= 0 ? a : b;
}

/** `low <= a < high`, in sequence space. */
export function seqInRange(a: Seq, low: Seq, high: Seq): boolean {
  return ((a - low) | 0) >= 0 && ((a - high) | 0) < 0;
}

/** The unsigned decimal form in which sequence numbers are printed. */
export function seqText(a: Seq): string {
  return String(a >>> 0);
}
