import { ManualClock } from "./clock.ts";

/** Microtasks between two moves of the clock: a round of a stack, its events and the application's answer. */
const MICROTASKS = 12;
/** Jumps longer than this, in microseconds, wait for every microtask: no application is that slow. */
const JUMP_US = 1000;
/** Turns of the event loop with nothing timed after which nothing goes on; each empties the microtasks. */
const IDLE_TURNS = 20;
/** Moves of the clock after which a run counts as endless. */
const MOVES_MAX = 40_000_000;
/** Where the clock starts: not at zero, which means "never" in places. */
const START_US = 1_000_000;

/**
 * Runs stacks and networks on a clock that jumps from one event to the next, so that minutes of protocol
 * take milliseconds and every run with the same seeds is the same.
 *
 * ```ts
 * const time = new VirtualTime();
 * const stack = await open({ device, clock: time.clock });
 * const conn = await time.run(stack.connect({ hostname: "10.0.0.2", port: 80 }));
 * ```
 */
export class VirtualTime {
  /** The clock to give to `open`, `impair` and networks. */
  readonly clock: ManualClock = new ManualClock(START_US);
  /** Moves of the clock so far. */
  moves = 0;

  /**
   * Settles as `promise` does, with the time going on as long as it takes. Throws when it has not settled
   * after `patienceUs` microseconds, by default an hour, or when nothing is left to wait for.
   */
  async run<T>(promise: Promise<T>, patienceUs = 3_600_000_000): Promise<T> {
    const { clock } = this;
    const untilUs = clock.now() + patienceUs;
    let settled = false;
    const note = () => void (settled = true);
    promise.then(note, note);
    let idle = 0;
    while (!settled) {
      for (let i = 0; i < MICROTASKS && !settled; i++) await null;
      const nextUs = clock.nextWake();
      if (nextUs > untilUs) {
        // Nothing is timed, but a chain of microtasks may be longer than one step.
        if (++idle > IDLE_TURNS) throw new Error(`nothing goes on at ${clock.now()} us`);
        await turn();
        continue;
      }
      idle = 0;
      await this.#moveTo(nextUs);
    }
    return await promise;
  }

  /** Lets so many microseconds pass, with everything that happens in them. */
  async pass(durationUs: number): Promise<void> {
    const { clock } = this;
    await this.run(new Promise<void>((resolve) => clock.wakeAt(clock.now() + durationUs, resolve)));
  }

  /** Lets everything happen until nothing is timed any more; throws when that takes longer. */
  async exhaust(patienceUs: number): Promise<void> {
    const { clock } = this;
    const untilUs = clock.now() + patienceUs;
    for (let idle = 0; idle < 2;) {
      for (let i = 0; i < MICROTASKS; i++) await null;
      const nextUs = clock.nextWake();
      if (nextUs === Infinity) {
        idle++;
        await turn();
        continue;
      }
      idle = 0;
      if (nextUs > untilUs) throw new Error(`a timer is left for ${nextUs} us`);
      await this.#moveTo(nextUs);
    }
  }

  /** A timer of the application: resolves at that time, microseconds. */
  until(atUs: number): Promise<void> {
    return new Promise((resolve) => this.clock.wakeAt(atUs, resolve));
  }

  async #moveTo(timeUs: number): Promise<void> {
    const { clock } = this;
    let nextUs = timeUs;
    if (nextUs > clock.now() + JUMP_US) {
      await turn();
      nextUs = Math.min(nextUs, clock.nextWake());
    }
    if (++this.moves > MOVES_MAX) throw new Error(`no end after ${this.moves} moves of the clock`);
    clock.set(Math.max(nextUs, clock.now()));
  }
}

/** Lets the event loop go on to its next turn, before which every microtask has run. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    // A timer takes milliseconds; but browsers have nothing else.
    if (typeof setImmediate === "function") setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
}
