import type { Random } from "../base/random.ts";
import { DueQueue } from "./due_queue.ts";
import { FrameStore } from "./frame_store.ts";
import { LinkQueue } from "./link_queue.ts";
import { ManagedQueue } from "./managed_queue.ts";
import { markCongestion } from "./mark_congestion.ts";

/**
 * Losses that come in bursts, by the model of Gilbert and Elliott: the path is good or bad, and before each
 * frame it may change. Probabilities are from 0 to 1.
 */
export interface BurstLoss {
  /** Probability that a good path becomes bad. */
  readonly enter: number;
  /** Probability that a bad path becomes good; a burst is `1 / leave` frames long on average. */
  readonly leave: number;
  /** Probability that a frame is lost while the path is bad; default 1. */
  readonly loss?: number;
}

/**
 * How a queue chooses what to lose. `drop-tail`: what finds it full. `codel`: also what has waited too long,
 * RFC 8289. `fq-codel`: the same in a queue for each flow, served in turn, RFC 8290.
 */
export type QueueDiscipline = "drop-tail" | "codel" | "fq-codel";

/**
 * What happens to the frames of one direction, in this order: the queue before the link, the link's
 * rate, loss, marking, corruption, delay, duplication. Every field is optional; without any the path is perfect.
 * Probabilities are from 0 to 1.
 */
export interface Impairment {
  /** Bits per second that the link carries; default unlimited. A frame counts its IP packet only. */
  readonly rateBitsPerSecond?: number;
  /** Bytes that wait for the link or are on it, beyond which new frames are lost; default no limit. */
  readonly queueBytes?: number;
  /** The same in frames; default 1000. Both limits count only where there is a rate. */
  readonly queueFrames?: number;
  /** How the queue chooses what to lose; default `drop-tail`. Counts only where there is a rate. */
  readonly queue?: QueueDiscipline;
  /**
   * Whether a queue with CoDel marks packets whose sender understands marks (RFC 3168) instead of losing
   * them; default false.
   */
  readonly ecn?: boolean;
  /** Waiting that CoDel allows to last, microseconds; default 5000 (RFC 8289 section 4.4). */
  readonly codelTargetUs?: number;
  /** For how long it must last before CoDel drops, microseconds; default 100000 (section 4.3). */
  readonly codelIntervalUs?: number;
  /** Probability that a frame is lost, after it has taken its time on the link. */
  readonly loss?: number;
  /**
   * Probability that an ECN-capable frame (RFC 3168 section 5) is marked with CE, as by a router that is
   * about to be congested; frames that are not ECN-capable are left as they are.
   */
  readonly mark?: number;
  /** Losses in bursts, besides `loss`. */
  readonly burst?: BurstLoss;
  /** Probability that one random bit of a frame is flipped. */
  readonly corrupt?: number;
  /** Probability that a frame arrives twice, the second time right after the first. */
  readonly duplicate?: number;
  /** Microseconds that every frame takes on its way. */
  readonly delayUs?: number;
  /**
   * Microseconds that are added, uniform from 0 to this. Jitter alone does not reorder: a frame waits
   * for those before it.
   */
  readonly jitterUs?: number;
  /** Probability that a frame is held up by `reorderDelayUs`, while those behind it pass it. */
  readonly reorder?: number;
  /** Microseconds by which a reordered frame is held up; default 1000. */
  readonly reorderDelayUs?: number;
  /** The most frames on their way at a time, beyond which new ones are lost; default 16384. */
  readonly inFlightFrames?: number;
}

/**
 * What became of the frames of one direction. `sent + duplicated` is the sum of `delivered`, `lost`,
 * `queueDropped`, `refused` and `inFlight`.
 */
export interface ImpairmentStats {
  /** Frames that entered the path. */
  readonly sent: number;
  /** Frames that left it at the far end. */
  readonly delivered: number;
  /** Frames that were lost by chance. */
  readonly lost: number;
  /** Second copies that were made. */
  readonly duplicated: number;
  /** Frames that were marked with CE, at random or by a queue with CoDel instead of losing them. */
  readonly marked: number;
  /** Frames that had a bit flipped. */
  readonly corrupted: number;
  /** Frames that were held up while others could pass. */
  readonly reordered: number;
  /** Frames, and second copies, that a queue has dropped or for which the path had no room. */
  readonly queueDropped: number;
  /** Frames that the device behind the path did not take. */
  readonly refused: number;
  /** Frames on their way now. */
  readonly inFlight: number;
}

const QUEUE_DEFAULT_FRAMES = 1000;
const REORDER_DEFAULT_DELAY_US = 1000;
const CODEL_TARGET_US = 5_000;
const CODEL_INTERVAL_US = 100_000;
const IN_FLIGHT_DEFAULT_FRAMES = 16384;
const IN_FLIGHT_MAX_FRAMES = 1 << 20;

/** A complete {@link Impairment}: every field checked, with its default where there was none. */
type Settings = Required<Omit<Impairment, "burst">> & {
  readonly burst: Required<BurstLoss> | null;
};

/**
 * One direction of an impaired link. Frames enter in a slot of `store`, by `enter`; they
 * leave, when they are due, by `removeDue` and `finish`.
 */
export class ImpairedPath {
  /** The frames on their way. The last slot is for one that enters when the path is full. */
  readonly store: FrameStore;
  readonly #headerBytes: number;
  readonly #settings: Settings;
  readonly #random: Random;
  readonly #onTheWay: DueQueue;
  /** The queue before the link: one that knows at once when a frame leaves, or one that holds it. */
  readonly #link: LinkQueue | null;
  readonly #managed: ManagedQueue | null;
  /** Whether the path is in a burst of losses. */
  #isBad = false;
  /** The latest due time of a frame that keeps the order. */
  #lastDueUs = 0;
  #sent = 0;
  #delivered = 0;
  #lost = 0;
  #duplicated = 0;
  #corrupted = 0;
  #marked = 0;
  #reordered = 0;
  #queueDropped = 0;
  #refused = 0;

  /**
   * Throws `RangeError` naming the field of `option` that is impossible. A frame has `headerBytes` before
   * the IP packet, and with them at most `slotBytes`.
   */
  constructor(
    impairment: Impairment,
    option: string,
    slotBytes: number,
    headerBytes: number,
    random: Random,
  ) {
    const settings = checkImpairment(impairment, option);
    this.#settings = settings;
    this.#headerBytes = headerBytes;
    this.#random = random;
    this.store = new FrameStore(slotBytes, settings.inFlightFrames + 1);
    this.#onTheWay = new DueQueue(settings.inFlightFrames);
    const { rateBitsPerSecond, queue, queueBytes, queueFrames } = settings;
    const plain = queue === "drop-tail" || rateBitsPerSecond === Infinity;
    this.#link = plain && rateBitsPerSecond < Infinity
      ? new LinkQueue(rateBitsPerSecond, queueBytes, queueFrames)
      : null;
    this.#managed = plain ? null : managedQueue(settings, this.store, headerBytes, random);
  }

  /**
   * When the next frame leaves, or its turn at the link comes, in microseconds; `Infinity` when none is on
   * its way.
   */
  nextDue(): number {
    const dueUs = this.#onTheWay.nextDue();
    return this.#managed === null ? dueUs : Math.min(dueUs, this.#managed.nextService());
  }

  /** Counts a frame that found no slot in the store to enter with. */
  dropAtEntry(): void {
    this.#sent++;
    this.#queueDropped++;
  }

  /** Lets the frame in this slot enter the path, which owns the slot from here on. */
  enter(slot: number, nowUs: number): void {
    this.#sent++;
    if (this.#managed !== null) {
      if (!this.#managed.add(slot, nowUs)) {
        this.#queueDropped++;
        this.store.release(slot);
      }
      this.#serve(nowUs);
      return;
    }
    const leavesLinkUs = this.#link === null
      ? nowUs
      : this.#link.add(nowUs, this.store.lengthOf(slot) - this.#headerBytes);
    if (leavesLinkUs >= 0) {
      this.#leaveLink(slot, leavesLinkUs);
      return;
    }
    this.#queueDropped++;
    this.store.release(slot);
  }

  /** Takes out the slot of the earliest frame that is due by `nowUs`; -1 when there is none. */
  removeDue(nowUs: number): number {
    this.#serve(nowUs);
    return this.#onTheWay.nextDue() <= nowUs ? this.#onTheWay.removeFirst() : -1;
  }

  /** Counts what became of a frame that left, and frees its slot. */
  finish(slot: number, delivered: boolean): void {
    if (delivered) this.#delivered++;
    else this.#refused++;
    this.store.release(slot);
  }

  /** Forgets all frames that are on their way. They count as refused. */
  clear(): void {
    const managed = this.#managed;
    for (let slot = managed?.removeAny() ?? -1; slot >= 0; slot = managed?.removeAny() ?? -1) {
      this.finish(slot, false);
    }
    for (let slot = this.removeDue(Infinity); slot >= 0; slot = this.removeDue(Infinity)) {
      this.finish(slot, false);
    }
  }

  /** The counts so far. */
  stats(): ImpairmentStats {
    return {
      sent: this.#sent,
      delivered: this.#delivered,
      lost: this.#lost,
      duplicated: this.#duplicated,
      corrupted: this.#corrupted,
      marked: this.#marked + (this.#managed?.marked ?? 0),
      reordered: this.#reordered,
      queueDropped: this.#queueDropped + (this.#managed?.dropped ?? 0),
      refused: this.#refused,
      inFlight: this.#onTheWay.count + (this.#managed?.count ?? 0),
    };
  }

  /** Lets the link take every frame whose turn has come by now. */
  #serve(nowUs: number): void {
    const managed = this.#managed;
    if (managed === null) return;
    for (let slot = managed.serve(nowUs); slot >= 0; slot = managed.serve(nowUs)) {
      this.#leaveLink(slot, managed.linkFreeAt);
    }
  }

  /** What happens to a frame behind the link. */
  #leaveLink(slot: number, leavesLinkUs: number): void {
    if (this.#happens(this.#settings.loss) || this.#isLostInBurst()) {
      this.#lost++;
      this.store.release(slot);
      return;
    }
    if (this.#happens(this.#settings.mark)) this.#mark(slot);
    if (this.#happens(this.#settings.corrupt)) this.#flipBit(slot, this.store.lengthOf(slot));
    const dueUs = this.#dueTime(leavesLinkUs);
    const entered = this.#onTheWay.add(dueUs, slot);
    if (this.#happens(this.#settings.duplicate)) this.#duplicate(slot, dueUs);
    if (entered) return;
    this.#queueDropped++;
    this.store.release(slot);
  }

  #isLostInBurst(): boolean {
    const { burst } = this.#settings;
    if (burst === null) return false;
    if (this.#happens(this.#isBad ? burst.leave : burst.enter)) this.#isBad = !this.#isBad;
    return this.#isBad && this.#happens(burst.loss);
  }

  /** Draws only where the outcome is open, so that an impairment that is off changes no run. */
  #happens(probability: number): boolean {
    return probability > 0 && this.#random.uint32() < probability * 0x1_0000_0000;
  }

  #dueTime(leavesLinkUs: number): number {
    const { delayUs, jitterUs, reorder, reorderDelayUs } = this.#settings;
    let dueUs = leavesLinkUs + delayUs;
    if (jitterUs > 0) dueUs += (this.#random.uint32() / 0x1_0000_0000) * jitterUs;
    dueUs = Math.ceil(dueUs);
    if (dueUs < this.#lastDueUs) dueUs = this.#lastDueUs;
    if (this.#happens(reorder)) {
      this.#reordered++;
      return dueUs + reorderDelayUs;
    }
    this.#lastDueUs = dueUs;
    return dueUs;
  }

  #mark(slot: number): void {
    const bytes = this.store.bytesOf(slot);
    if (markCongestion(bytes, this.store.offsetOf(slot) + this.#headerBytes)) this.#marked++;
  }

  #flipBit(slot: number, length: number): void {
    const bit = this.#random.uint32() % (8 * length);
    this.store.bytesOf(slot)[this.store.offsetOf(slot) + (bit >>> 3)] ^= 1 << (bit & 7);
    this.#corrupted++;
  }

  #duplicate(slot: number, dueUs: number): void {
    this.#duplicated++;
    const copy = this.store.take();
    if (copy < 0) {
      this.#queueDropped++;
      return;
    }
    this.store.copy(slot, copy);
    if (this.#onTheWay.add(dueUs, copy)) return;
    this.#queueDropped++;
    this.store.release(copy);
  }
}

const DISCIPLINES: readonly QueueDiscipline[] = ["drop-tail", "codel", "fq-codel"];

function managedQueue(
  settings: Settings,
  store: FrameStore,
  headerBytes: number,
  random: Random,
): ManagedQueue {
  return new ManagedQueue(store, {
    rateBitsPerSecond: settings.rateBitsPerSecond,
    limitBytes: settings.queueBytes,
    limitFrames: settings.queueFrames,
    targetUs: settings.codelTargetUs,
    intervalUs: settings.codelIntervalUs,
    ecn: settings.ecn,
    fair: settings.queue === "fq-codel",
    headerBytes,
  }, random);
}

/** A burst's probabilities, each checked. */
function checkBurst(burst: BurstLoss | undefined, option: string): Required<BurstLoss> | null {
  if (burst === undefined) return null;
  const { enter, leave, loss = 1 } = burst;
  for (const [name, value] of Object.entries({ enter, leave, loss })) {
    if (value >= 0 && value <= 1) continue;
    throw new RangeError(`${option}.burst.${name}: ${value} must be a probability from 0 to 1`);
  }
  return { enter, leave, loss };
}

function checkImpairment(impairment: Impairment, option: string): Settings {
  const probability = (name: "loss" | "mark" | "corrupt" | "duplicate" | "reorder") => {
    const value = impairment[name] ?? 0;
    if (value >= 0 && value <= 1) return value;
    throw new RangeError(`${option}.${name}: ${value} must be a probability from 0 to 1`);
  };
  type Time = "delayUs" | "jitterUs" | "reorderDelayUs" | "codelTargetUs" | "codelIntervalUs";
  const microseconds = (name: Time, byDefault: number) => {
    const value = impairment[name] ?? byDefault;
    if (value >= 0 && value <= Number.MAX_SAFE_INTEGER) return value;
    throw new RangeError(`${option}.${name}: ${value} must be a number of microseconds from 0`);
  };
  const frames = (name: "queueFrames" | "inFlightFrames", byDefault: number) => {
    const value = impairment[name] ?? byDefault;
    if (Number.isInteger(value) && value >= 1 && value <= IN_FLIGHT_MAX_FRAMES) return value;
    throw new RangeError(
      `${option}.${name}: ${value} must be a whole number from 1 to ${IN_FLIGHT_MAX_FRAMES}`,
    );
  };
  const positive = (name: "rateBitsPerSecond" | "queueBytes") => {
    const value = impairment[name] ?? Infinity;
    if (value > 0) return value;
    throw new RangeError(`${option}.${name}: ${value} must be above 0`);
  };
  const { queue = "drop-tail", ecn = false } = impairment;
  if (!DISCIPLINES.includes(queue)) {
    throw new TypeError(`${option}.queue: "${queue}" is not one of ${DISCIPLINES.join(", ")}`);
  }
  return {
    queue,
    ecn,
    codelTargetUs: microseconds("codelTargetUs", CODEL_TARGET_US),
    codelIntervalUs: microseconds("codelIntervalUs", CODEL_INTERVAL_US),
    burst: checkBurst(impairment.burst, option),
    rateBitsPerSecond: positive("rateBitsPerSecond"),
    queueBytes: positive("queueBytes"),
    queueFrames: frames("queueFrames", QUEUE_DEFAULT_FRAMES),
    loss: probability("loss"),
    mark: probability("mark"),
    corrupt: probability("corrupt"),
    duplicate: probability("duplicate"),
    delayUs: microseconds("delayUs", 0),
    jitterUs: microseconds("jitterUs", 0),
    reorder: probability("reorder"),
    reorderDelayUs: microseconds("reorderDelayUs", REORDER_DEFAULT_DELAY_US),
    inFlightFrames: frames("inFlightFrames", IN_FLIGHT_DEFAULT_FRAMES),
  };
}
