import type { Counters } from "../base/counters.ts";
import { InputKind, PacketInput } from "../ip/input.ts";
import type { Layout } from "../ring/layout.ts";
import { DESCRIPTOR_WORDS, START } from "../ring/pool.ts";
import { RingConsumer, RingProducer } from "../ring/ring.ts";
import { Segment } from "../wire/segment.ts";
import { writeSegmentRecord } from "./segment_record.ts";
import { SharedForwardSwitch } from "./forward_switch.ts";
import type { StageSettings } from "./setup.ts";

/**
 * The second stage of the `split` shape: frames into segment records. A frame that is dropped goes on as a
 * record of its slot alone, because only the TCP thread gives slots back.
 */
export class ParserStage {
  readonly #layout: Layout;
  readonly #counters: Counters;
  readonly #input: PacketInput;
  readonly #frames: RingConsumer;
  readonly #segments: RingProducer;
  readonly #segment = new Segment();

  constructor(layout: Layout, virtioHeader: boolean, settings: StageSettings) {
    this.#layout = layout;
    this.#counters = layout.parserCounters;
    const { addresses, broadcasts } = settings;
    const forward = new SharedForwardSwitch(layout);
    this.#input = new PacketInput({ virtioHeader, addresses, broadcasts, forward });
    this.#frames = new RingConsumer(layout.frames);
    this.#segments = new RingProducer(layout.segments);
  }

  /** Whether a frame waits. */
  get hasWork(): boolean {
    return this.#frames.hasNext();
  }

  /** Decodes up to `most` frames; `rung` is called after each is published. Returns how many. */
  run(most: number, rung: () => void): number {
    const { words, table } = this.#layout.slotPool;
    let count = 0;
    while (count < most) {
      const frame = this.#frames.next();
      if (frame < 0) break;
      const slot = words[frame];
      const start = words[table + slot * DESCRIPTOR_WORDS + START];
      const kind = this.#input.decode(
        this.#layout.memory,
        start,
        words[frame + 1],
        this.#segment,
      );
      if (kind === InputKind.dropped) this.#counters.drop(this.#input.reason);
      this.#segment.slot = slot;
      const at = this.#segments.claim();
      if (at < 0) {
        throw new Error("The segment ring is full, which its size should make impossible");
      }
      writeSegmentRecord(words, at, kind, this.#segment);
      this.#segments.push();
      this.#segments.publish();
      count++;
      rung();
    }
    this.#frames.release();
    return count;
  }
}
