import { Counter, type Counters } from "../base/counters.ts";
import { Drop } from "../base/drops.ts";
import { isDrop, PacketInput } from "../ip/input.ts";
import type { Bell } from "../ring/bell.ts";
import { HANDOVER_WORDS, type Layout, SLOT_BYTES, SLOT_HEADROOM } from "../ring/layout.ts";
import { RingConsumer, RingProducer } from "../ring/ring.ts";
import type { Handover } from "../tcp/parts.ts";
import type { Segment } from "../wire/segment.ts";
import { SharedForwardSwitch } from "./forward_switch.ts";
import type { StageSettings } from "./setup.ts";

/**
 * With several queues each pipeline has its own connections. The kernel delivers a flow to the queue that
 * last sent for it, but forgets that after some idle seconds and then chooses by a hash that only it knows.
 * A frame for which a pipeline has no connection therefore goes on to the next one, once around:
 *
 * ```text
 *   queue 0 ──▶ queue 1 ──▶ queue 2 ──▶ (back to 0: answered with RST by the last that sees it)
 * ```
 *
 * This is the sending end: it copies the frame into memory of the next pipeline.
 */
export class HandoverRing implements Handover {
  /** How many pipelines have seen the frame at hand before this one. */
  seen = 0;
  readonly #own: Layout;
  readonly #next: Layout;
  readonly #ring: RingProducer;
  readonly #bell: Bell;
  readonly #queues: number;
  readonly #counters: Counters;

  constructor(own: Layout, next: Layout, bell: Bell, queues: number) {
    this.#own = own;
    this.#next = next;
    this.#ring = new RingProducer(next.handover);
    this.#bell = bell;
    this.#queues = queues;
    this.#counters = own.tcpCounters;
  }

  offer(segment: Segment): boolean {
    if (this.seen + 1 >= this.#queues) return false;
    const from = segment.frameOffset;
    const at = this.#ring.claim();
    if (at < 0) {
      this.#counters.drop(Drop.handoverFull);
      return true;
    }
    const to = frameOffset(this.#next, at);
    const { bytes } = this.#own.memory;
    this.#next.memory.bytes.set(bytes.subarray(from, from + segment.frameLength), to);
    this.#ring.words[at] = segment.frameLength;
    this.#ring.words[at + 1] = this.seen + 1;
    this.#ring.push();
    this.#ring.publish();
    this.#counters.count(Counter.framesHandedOver);
    this.#bell.ring();
    return true;
  }
}

/** The receiving end. */
export class HandoverInbox {
  /** How many pipelines have seen the frame that `next` gave. */
  seen = 0;
  readonly #layout: Layout;
  readonly #ring: RingConsumer;
  readonly #input: PacketInput;
  readonly #counters: Counters;

  constructor(layout: Layout, virtioHeader: boolean, settings: StageSettings, counters: Counters) {
    this.#layout = layout;
    this.#ring = new RingConsumer(layout.handover);
    const { addresses, broadcasts } = settings;
    const forward = new SharedForwardSwitch(layout);
    this.#input = new PacketInput({ virtioHeader, addresses, broadcasts, forward });
    this.#counters = counters;
  }

  /** Whether a frame waits. */
  get hasNext(): boolean {
    return this.#ring.hasNext();
  }

  /**
   * Decodes the next frame and returns its kind, or -1 when none waits. Its payload stays in place
   * until the call after this one.
   */
  next(segment: Segment): number {
    this.#ring.release();
    const at = this.#ring.next();
    if (at < 0) return -1;
    const { words } = this.#ring;
    const offset = frameOffset(this.#layout, at);
    const kind = this.#input.decode(this.#layout.memory, offset, words[at], segment);
    if (isDrop(kind)) this.#counters.drop(this.#input.reason);
    this.seen = words[at + 1];
    return kind;
  }
}

/** Where the frame of the handover record at word `at` lies. */
function frameOffset(layout: Layout, at: number): number {
  const index = (at - layout.handover.records) / HANDOVER_WORDS;
  return layout.handoverFrames + index * SLOT_BYTES + SLOT_HEADROOM;
}
