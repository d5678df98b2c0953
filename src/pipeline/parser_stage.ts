import type { Counters } from "../base/counters.ts";
import { isDrop, PacketInput } from "../ip/input.ts";
import { type Random, systemRandom } from "../base/random.ts";
import type { Reassembly } from "../ip/reassembly.ts";
import type { Layout } from "../ring/layout.ts";
import { DESCRIPTOR_WORDS, START } from "../ring/pool.ts";
import { RingConsumer, RingProducer } from "../ring/ring.ts";
import { Segment } from "../wire/segment.ts";
import { makeReassembly } from "./reassembler.ts";
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
  readonly #reassembly: Reassembly;
  readonly #input: PacketInput;
  readonly #frames: RingConsumer;
  readonly #segments: RingProducer;
  readonly #segment = new Segment();

  /** `random` keys the table of fragments. */
  constructor(
    layout: Layout,
    virtioHeader: boolean,
    settings: StageSettings,
    random: Random = systemRandom,
  ) {
    this.#layout = layout;
    this.#counters = layout.parserCounters;
    const { addresses, broadcasts } = settings;
    this.#reassembly = makeReassembly(layout, settings.ip, this.#counters, random);
    this.#input = new PacketInput({
      virtioHeader,
      addresses,
      broadcasts,
      reassembly: this.#reassembly,
      forward: new SharedForwardSwitch(layout),
    });
    this.#frames = new RingConsumer(layout.frames);
    this.#segments = new RingProducer(layout.segments);
  }

  /** Whether a frame waits. */
  get hasWork(): boolean {
    return this.#frames.hasNext();
  }

  /** When `expire` is due, in microseconds; `Infinity` when it is not. */
  nextExpiry(): number {
    return this.#reassembly.nextExpiry();
  }

  /** Gives up packets whose fragments did not come in time; `rung` is called when there were any. */
  expire(nowUs: number, rung: () => void): void {
    if (this.#reassembly.expire(this.#layout.memory, nowUs)) rung();
  }

  /** Decodes up to `most` frames; `rung` is called after each is published. Returns how many. */
  run(most: number, nowUs: number, rung: () => void): number {
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
        nowUs,
      );
      if (isDrop(kind)) this.#counters.drop(this.#input.reason);
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
