/** Time as the stack sees it: whole microseconds since an arbitrary start, never going back. */
export interface Clock {
  /** The time now, in microseconds. */
  now(): number;
}

/** The machine's monotonic clock. */
export const systemClock: Clock = {
  now: () => Math.floor(performance.now() * 1000),
};

/** A clock that stands still until it is moved: for simulation, packet scripts and tests. */
export class ManualClock implements Clock {
  #nowUs: number;

  constructor(startUs = 0) {
    this.#nowUs = startUs;
  }

  now(): number {
    return this.#nowUs;
  }

  /** Moves the clock to `timeUs`; a clock never goes back, so an earlier time is a caller's error. */
  set(timeUs: number): void {
    if (!(timeUs >= this.#nowUs)) {
      throw new RangeError(`A clock cannot go back from ${this.#nowUs} to ${timeUs} microseconds`);
    }
    this.#nowUs = timeUs;
  }

  /** Moves the clock forward by `deltaUs` microseconds. */
  advance(deltaUs: number): void {
    this.set(this.#nowUs + deltaUs);
  }
}
