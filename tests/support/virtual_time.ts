/** Runs stacks on a clock that is moved by hand, so that minutes of protocol take milliseconds. */

import type { ManualClock } from "../../src/base/clock.ts";

/** How far and how long {@link runVirtual} goes. */
export interface VirtualRun {
  /** The clock is not moved beyond this time, in microseconds. */
  readonly untilUs: number;
  /** Moves of the clock after which the run is given up. Default 1 million. */
  readonly movesMax?: number;
}

/**
 * Microtasks that may follow each other before the clock may move. A round of a pipeline, its events and
 * the application's answer are a handful each; more rounds follow as long as there is work.
 */
const MICROTASKS = 200;

const MOVES_MAX = 1_000_000;

/** Lets everything happen that happens without the time going on. */
export async function drainMicrotasks(count = MICROTASKS): Promise<void> {
  for (let i = 0; i < count; i++) await null;
}

/**
 * Settles as `promise` does, while the clock jumps to its next wake whenever nothing is left to do at the
 * present time. Throws when `promise` has not settled by `untilUs`, or when nothing is left to wait for.
 * With `untilUs` alone (a promise that never settles) use {@link passTime}.
 */
export async function runVirtual<T>(
  clock: ManualClock,
  promise: Promise<T>,
  options: VirtualRun,
): Promise<T> {
  let settled = false;
  const note = () => void (settled = true);
  promise.then(note, note);
  const movesMax = options.movesMax ?? MOVES_MAX;
  for (let moves = 0; moves < movesMax; moves++) {
    await drainMicrotasks();
    if (settled) return await promise;
    const nextUs = clock.nextWake();
    if (nextUs > options.untilUs) {
      const what = nextUs === Infinity ? "nothing is left to wait for" : `next is ${nextUs} us`;
      throw new Error(`Not settled at ${clock.now()} us of virtual time, and ${what}`);
    }
    clock.set(Math.max(nextUs, clock.now()));
  }
  throw new Error(`Not settled after ${movesMax} moves, at ${clock.now()} us of virtual time`);
}

/** Lets `durationUs` microseconds pass with everything that happens in them. */
export async function passTime(clock: ManualClock, durationUs: number): Promise<void> {
  const endUs = clock.now() + durationUs;
  for (let moves = 0; moves < MOVES_MAX; moves++) {
    await drainMicrotasks();
    const nextUs = clock.nextWake();
    if (nextUs > endUs) {
      clock.set(endUs);
      await drainMicrotasks();
      return;
    }
    clock.set(Math.max(nextUs, clock.now()));
  }
  throw new Error(`${durationUs} us have not passed after ${MOVES_MAX} moves of the clock`);
}
