import { isIpv4Words } from "../base/address.ts";
import type { Random } from "../base/random.ts";
import type { FourTuple } from "./connection.ts";
import { tupleHash } from "./demux.ts";

/** The bits of a label that count (RFC 6437 section 2). */
const LABEL_MASK = 0xf_ffff;

/**
 * The flow labels of connections over IPv6 (RFC 6437): the same for every segment of a connection, so that
 * routers that spread load keep it on one path, and for nobody to guess (section 3: an unpredictable
 * function of the four-tuple). The peer sees them, so the key is one of their own.
 */
export class FlowLabels {
  readonly #key0: number;
  readonly #key1: number;

  /** Takes its key, 64 bits, from `random`. */
  constructor(random: Random) {
    this.#key0 = random.uint32();
    this.#key1 = random.uint32();
  }

  /** The label of a connection, 1 to 0xfffff; 0, which says nothing, over IPv4, where there is none. */
  of(t: FourTuple): number {
    if (isIpv4Words(t.remote0, t.remote1, t.remote2)) return 0;
    const hash = tupleHash(
      this.#key0,
      this.#key1,
      t.local0,
      t.local1,
      t.local2,
      t.local3,
      t.remote0,
      t.remote1,
      t.remote2,
      t.remote3,
      t.localPort,
      t.remotePort,
    );
    return (hash & LABEL_MASK) || 1;
  }
}
