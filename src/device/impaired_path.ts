import type { Random } from "../base/random.ts";
import { DueQueue } from "./due_queue.ts";
import { FrameStore } from "./frame_store.ts";
import { LinkQueue } from "./link_queue.ts";
import { markCongestion } from "./mark_congestion.ts";

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
  /** Probability that a frame is lost, after it has taken its time on the link. */
  readonly loss?: number;
  /**
   * Probability that an ECN-capable frame (RFC 3168 section 5) is marked with CE, as by a router that is
   * about to be congested; frames that are not ECN-capable are left as they are.
   */
  readonly mark?: number;
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
  /** Frames that were marked with CE. */
  readonly marked: number;
  /** Frames that had a bit flipped. */
  readonly corrupted: number;
  /** Frames that were held up while others could pass. */
  readonly reordered: number;
  /** Frames, and second copies, for which a queue or the path had no room. */
  readonly queueDropped: number;
  /** Frames that the device behind the path did not take. */
  readonly refused: number;
  /** Frames on their way now. */
  readonly inFlight: number;
}

const QUEUE_DEFAULT_FRAMES = 1000;
const REORDER_DEFAULT_DELAY_US = 1000;
const IN_FLIGHT_DEFAULT_FRAMES = 16384;
const IN_FLIGHT_MAX_FRAMES = 1 << 20;

/** A complete {@link Impairment}: every field checked, with its default where there was none. */
type Settings = Required<Impairment>;

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
  readonly #link: LinkQueue | null;
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
    this.#link = settings.rateBitsPerSecond === Infinity
      ? null
      : new LinkQueue(settings.rateBitsPerSecond, settings.queueBytes, settings.queueFrames);
  }

  /** When the earliest frame leaves, in microseconds; `Infinity` when none is on its way. */
  nextDue(): number {
    return this.#onTheWay.nextDue();
  }

  /** Counts a frame that found no slot in the store to enter with. */
  dropAtEntry(): void {
    this.#sent++;
    this.#queueDropped++;
  }

  /** Lets the frame in this slot enter the path, which owns the slot from here on. */
  enter(slot: number, nowUs: number): void {
    this.#sent++;
    const length = this.store.lengthOf(slot);
    const leavesLinkUs = this.#link === null
      ? nowUs
      : this.#link.add(nowUs, length - this.#headerBytes);
    if (leavesLinkUs < 0) {
      this.#queueDropped++;
      this.store.release(slot);
      return;
    }
    if (this.#happens(this.#settings.loss)) {
      this.#lost++;
      this.store.release(slot);
      return;
    }
    if (this.#happens(this.#settings.mark)) this.#mark(slot);
    if (this.#happens(this.#settings.corrupt)) this.#flipBit(slot, length);
    const dueUs = this.#dueTime(leavesLinkUs);
    const entered = this.#onTheWay.add(dueUs, slot);
    if (this.#happens(this.#settings.duplicate)) this.#duplicate(slot, dueUs);
    if (entered) return;
    this.#queueDropped++;
    this.store.release(slot);
  }

  /** Takes out the slot of the earliest frame that is due by `nowUs`; -1 when there is none. */
  removeDue(nowUs: number): number {
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
      marked: this.#marked,
      reordered: this.#reordered,
      queueDropped: this.#queueDropped,
      refused: this.#refused,
      inFlight: this.#onTheWay.count,
    };
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

function checkImpairment(impairment: Impairment, option: string): Settings {
  const probability = (name: "loss" | "mark" | "corrupt" | "duplicate" | "reorder") => {
    const value = impairment[name] ?? 0;
    if (value >= 0 && value <= 1) return value;
    throw new RangeError(`${option}.${name}: ${value} must be a probability from 0 to 1`);
  };
  const microseconds = (name: "delayUs" | "jitterUs" | "reorderDelayUs", byDefault: number) => {
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
  return {
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
