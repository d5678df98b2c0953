/** The other thread of a test with two: starts it, and passes its failure on. */

import { Worker } from "node:worker_threads";
import type { RingWords } from "../../src/ring/ring.ts";
import type { Shape } from "./small_memory.ts";

/** Writes or reads a whole stream over a memory of this shape. */
export interface StreamTask {
  readonly role: "streamProducer" | "streamConsumer";
  readonly shape: Shape;
  readonly buffer: SharedArrayBuffer;
  readonly bytes: number;
  readonly seed: number;
}

/** Puts numbered records into a ring. */
export interface RingTask {
  readonly role: "ringProducer";
  readonly ring: RingWords;
  readonly count: number;
}

/** Takes the numbers 1 to `count` from a word and hands each on in another, `adds` greater. */
export interface HandOverTask {
  readonly role: "handOver";
  readonly words: Int32Array;
  readonly myBell: number;
  readonly otherBell: number;
  readonly from: number;
  readonly to: number;
  readonly adds: number;
  readonly count: number;
  readonly seed: number;
}

/** What the other thread does; see peer_worker.ts. */
export type PeerTask = RingTask | StreamTask | HandOverTask;

/** Longer than any test here takes on a slow machine; what takes longer hangs. */
const HANG_MS = 60_000;

/** A thread at work. */
export interface Peer extends AsyncDisposable {
  /** Resolves with what the thread reports at its end; rejects when it fails or hangs. */
  readonly done: Promise<number>;
  /** Gives the turn away once; throws when the thread has failed. */
  turn(): Promise<void>;
  /** `promise`, or the thread's failure if that comes first. */
  race<T>(promise: Promise<T>): Promise<T>;
}

/** Starts the other thread. It ends with `await using`. */
export function startPeer(task: PeerTask): Peer {
  const worker = new Worker(new URL("./peer_worker.ts", import.meta.url), { workerData: task });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const failure = new Promise<never>((_, reject) => {
    worker.once("error", reject);
    timer = setTimeout(() => reject(new Error(`${task.role}: hangs`)), HANG_MS);
  });
  const done = new Promise<number>((resolve) => worker.once("message", resolve));
  // Whoever waits gets it by `race`; nobody may be waiting at the time.
  failure.catch(() => {});
  const race = <T>(promise: Promise<T>) => Promise.race([promise, failure]);
  return {
    done: race(done),
    race,
    turn: () => race(new Promise<void>((resolve) => setTimeout(resolve, 0))),
    async [Symbol.asyncDispose]() {
      clearTimeout(timer);
      await worker.terminate();
    },
  };
}
