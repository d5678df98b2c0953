/** The two ends of the engine's harness, in each family. */

import { type Address, ipv4Address } from "../../src/base/address.ts";
import type { Segment } from "../../src/wire/segment.ts";

/** The family of the addresses; everything else is the same. */
export type HarnessFamily = "IPv4" | "IPv6";

/** The stack's address, 10.0.0.1 or fd00::1, and the peer's, which ends in 2. */
export const ADDRESSES: Readonly<Record<HarnessFamily, { own: Address; peer: Address }>> = {
  IPv4: { own: ipv4Address(0x0a000001), peer: ipv4Address(0x0a000002) },
  IPv6: {
    own: { w0: 0xfd000000 | 0, w1: 0, w2: 0, w3: 1 },
    peer: { w0: 0xfd000000 | 0, w1: 0, w2: 0, w3: 2 },
  },
};

/** Sets the addresses of a segment. */
export function setEnds(segment: Segment, source: Address, destination: Address): void {
  segment.src0 = source.w0;
  segment.src1 = source.w1;
  segment.src2 = source.w2;
  segment.src3 = source.w3;
  segment.dst0 = destination.w0;
  segment.dst1 = destination.w1;
  segment.dst2 = destination.w2;
  segment.dst3 = destination.w3;
}
