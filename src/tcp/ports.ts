import type { Random } from "../base/random.ts";

/** The ephemeral ports, both ends included: Linux's range, within that of RFC 6056 section 3.2. */
export const EPHEMERAL_FIRST = 32_768;
export const EPHEMERAL_LAST = 60_999;

/**
 * A free ephemeral port (RFC 6056 section 3.3.1, algorithm 1: a random start, then the next ones), or 0
 * when `isFree` refuses all of them.
 */
export function ephemeralPort(random: Random, isFree: (port: number) => boolean): number {
  const count = EPHEMERAL_LAST - EPHEMERAL_FIRST + 1;
  const start = random.uint32() % count;
  for (let i = 0; i < count; i++) {
    const port = EPHEMERAL_FIRST + (start + i) % count;
    if (isFree(port)) return port;
  }
  return 0;
}
