/** Time as the stack sees it: whole microseconds since an arbitrary start, never going back. */
export interface Clock {
  /** The clock's zero in microseconds since 1970, for what people read; 0 when it has none. */
  readonly originUs: number;
  /** The time now, in microseconds. */
  now(): number;
  /** Calls `wake` once, at `atUs` or soon after it; the returned number cancels that. */
  wakeAt(atUs: number, wake: () => void): number;
  /** Takes a `wakeAt` back; one that has happened already is no error. */
  cancelWake(id: number): void;
}

/** Longest delay of a JavaScript timer, milliseconds. */
const TIMER_MAX_MS = 0x7fff_ffff;

/** The machine's monotonic clock. Its wakes do not keep the process alive: whoever waits does. */
class SystemClock implements Clock {
  readonly originUs: number = Math.floor(performance.timeOrigin * 1000);
  readonly #timers = new Map<number, ReturnType<typeof setTimeout>>();
  #nextId = 1;

  now(): number {
    return Math.floor(performance.now() * 1000);
  }

  wakeAt(atUs: number, wake: () => void): number {
    const id = this.#nextId++;
    const delayMs = Math.max(0, Math.ceil(atUs / 1000 - performance.now()));
    const timer = setTimeout(() => {
      this.#timers.delete(id);
      wake();
    }, Math.min(delayMs, TIMER_MAX_MS));
    Deno.unrefTimer(timer);
    this.#timers.set(id, timer);
    return id;
  }

  cancelWake(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
  }
}

/** The machine's monotonic clock. */
export const systemClock: Clock = new SystemClock();

interface Wake {
  readonly id: number;
  readonly atUs: number;
  readonly wake: () => void;
}

/** A clock that stands still until it is moved: for simulation, packet scripts and tests. */
export class ManualClock implements Clock {
  /** A clock moved by hand has no date. */
  readonly originUs = 0;
  #nowUs: number;
  #nextId = 1;
  /** What is to be called, the earliest last, so that taking it off is cheap. */
  #wakes: Wake[] = [];

  /** Starts at `startUs` microseconds. */
  constructor(startUs = 0) {
    this.#nowUs = startUs;
  }

  /** The time that it was last set to, in microseconds. */
  now(): number {
    return this.#nowUs;
  }

  /** Calls `wake` when the clock is set to `atUs` or later. */
  wakeAt(atUs: number, wake: () => void): number {
    const id = this.#nextId++;
    // Of equal times the one asked for first comes first.
    let index = this.#wakes.length;
    while (index > 0 && this.#wakes[index - 1].atUs <= atUs) index--;
    this.#wakes.splice(index, 0, { id, atUs, wake });
    return id;
  }

  /** Takes a `wakeAt` back. */
  cancelWake(id: number): void {
    this.#wakes = this.#wakes.filter((wake) => wake.id !== id);
  }

  /** When the next `wakeAt` is due; `Infinity` when there is none. */
  nextWake(): number {
    const next = this.#wakes.at(-1);
    return next === undefined ? Infinity : next.atUs;
  }

  /** Moves the clock to `timeUs`, with every call that is due on the way at its own time. */
  set(timeUs: number): void {
    if (!(timeUs >= this.#nowUs)) {
      throw new RangeError(`A clock cannot go back from ${this.#nowUs} to ${timeUs} microseconds`);
    }
    while (this.nextWake() <= timeUs) {
      const next = this.#wakes.pop()!;
      this.#nowUs = Math.max(this.#nowUs, next.atUs);
      next.wake();
    }
    this.#nowUs = timeUs;
  }

  /** Moves the clock forward by `deltaUs` microseconds. */
  advance(deltaUs: number): void {
    this.set(this.#nowUs + deltaUs);
  }
}
