/** The application's commands on their way to the TCP stage. */

import { Field } from "../pipeline/messages.ts";
import type { Bell } from "../ring/bell.ts";
import { MESSAGE_WORDS } from "../ring/layout.ts";
import { RingProducer, type RingWords } from "../ring/ring.ts";

/** How long commands that found the ring full wait until they are tried again. */
const RETRY_MS = 1;

/**
 * Writes commands into the ring, and keeps those that find it full. They are shown once for each turn of the
 * event loop, and at most one bell is rung for them.
 */
export class CommandWriter {
  /** Where the command under construction stands: the ring, or a copy when the ring is full. */
  target: Int32Array = new Int32Array(0);
  readonly #ring: RingProducer;
  readonly #words: Int32Array;
  readonly #bell: Bell;
  readonly #beforeFlush: () => void;
  /** Commands that found the ring full, oldest first, as copies of whole records. */
  readonly #backlog: Int32Array[] = [];
  #flushScheduled = false;
  #loud = false;
  #closed = false;

  constructor(ring: RingWords, bell: Bell, beforeFlush: () => void) {
    this.#ring = new RingProducer(ring);
    this.#words = ring.words;
    this.#bell = bell;
    this.#beforeFlush = beforeFlush;
  }

  /** Begins a command; gives the index in {@link target} at which its record stands. */
  begin(op: number, row: number, generation: number): number {
    let at = this.#backlog.length > 0 ? -1 : this.#ring.claim();
    if (at < 0) {
      this.target = new Int32Array(MESSAGE_WORDS);
      this.#backlog.push(this.target);
      at = 0;
    } else {
      this.target = this.#words;
      this.#ring.push();
    }
    this.target[at + Field.op] = op;
    this.target[at + Field.row] = row;
    this.target[at + Field.generation] = generation;
    return at;
  }

  /** The command is complete. Of one that is not loud the stage hears when it next looks. */
  finish(loud: boolean): void {
    if (loud) this.#loud = true;
    this.flushSoon();
  }

  /** For what must hold when the call returns: a peer in this process may connect in the same turn. */
  finishNow(): void {
    this.finish(true);
    this.#flush();
  }

  /** Shows what there is at the end of this turn of the event loop. */
  flushSoon(): void {
    if (this.#flushScheduled || this.#closed) return;
    this.#flushScheduled = true;
    queueMicrotask(() => this.#flush());
  }

  /** Nothing is shown from now on, but what is under way. */
  close(): void {
    this.#closed = true;
  }

  #flush(): void {
    this.#flushScheduled = false;
    this.#beforeFlush();
    this.#moveBacklog();
    this.#ring.publish();
    if (this.#loud) {
      this.#loud = false;
      this.#bell.ring();
    }
    if (this.#backlog.length > 0) setTimeout(() => this.flushSoon(), RETRY_MS);
  }

  #moveBacklog(): void {
    if (this.#backlog.length === 0) return;
    // The bell was rung when they were given, and the stage may have gone to sleep since.
    this.#loud = true;
    let moved = 0;
    while (moved < this.#backlog.length) {
      const at = this.#ring.claim();
      if (at < 0) break;
      this.#words.set(this.#backlog[moved++], at);
      this.#ring.push();
    }
    // All at once: taking them off one by one would move a long backlog as often.
    this.#backlog.splice(0, moved);
  }
}
