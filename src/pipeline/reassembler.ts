/** Reassembly as the pipeline has it: its pages and its quotes lie in the shared memory. */
import type { Counters } from "../base/counters.ts";
import { Drop } from "../base/drops.ts";
import type { Random } from "../base/random.ts";
import type { IpConfig } from "../ip/config.ts";
import type { ExpiryQuotes } from "../ip/expiry_quote.ts";
import { Reassembly } from "../ip/reassembly.ts";
import type { Layout } from "../ring/layout.ts";
import { RingProducer } from "../ring/ring.ts";

/** Makes the reassembly of the thread that decodes frames: there is one for each pipeline. */
export function makeReassembly(
  layout: Layout,
  config: IpConfig,
  counters: Counters,
  random: Random,
): Reassembly {
  return new Reassembly({
    config,
    pages: layout.fragmentPages,
    pageCount: layout.dimensions.fragmentPages,
    counters,
    random,
    quotes: new QuoteRing(layout, counters),
  });
}

/** Hands quotes to the thread that sends. */
class QuoteRing implements ExpiryQuotes {
  readonly #ring: RingProducer;
  readonly #counters: Counters;
  #at = -1;

  constructor(layout: Layout, counters: Counters) {
    this.#ring = new RingProducer(layout.quotes);
    this.#counters = counters;
  }

  begin(): number {
    this.#at = this.#ring.claim();
    if (this.#at >= 0) return (this.#at + 1) * 4;
    this.#counters.drop(Drop.icmpErrorLimited);
    return -1;
  }

  end(length: number): void {
    this.#ring.words[this.#at] = length;
    this.#ring.push();
    this.#ring.publish();
  }
}
