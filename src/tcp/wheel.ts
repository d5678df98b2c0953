/**
 * A hierarchical timer wheel: one timer for each small id, such as a connection's.
 *
 * Time is cut into ticks of 256 microseconds. Each of six levels has 32 slots, and a slot of one level is
 * as long as the whole level below it. Read in base 32, the tick of a deadline is a row of digits, one
 * for each level: a timer lies in the level of the highest digit in which its tick differs from the
 * wheel's own tick, in the slot that this digit names.
 *
 * ```text
 *   level   a slot lasts   the level lasts        slots (a bit of #occupied each)
 *     5     2.4 h          76 h                   [ ][ ][x][ ] ........ [ ][ ]
 *     4     268 s          2.4 h                  [ ][ ][ ][ ] ........ [x][ ]
 *     3     8.4 s          268 s                  [ ][x][ ][ ] ........ [ ][ ]
 *     2     262 ms         8.4 s                  [ ][ ][ ][x] ........ [ ][ ]
 *     1     8.2 ms         262 ms                 [ ][ ][ ][ ] ........ [ ][ ]
 *     0     256 us         8.2 ms                 [ ][ ][x][x] ........ [ ][ ]
 *                                                        │
 *   ┌────────────────────────────────────────────────────┘
 *   │    each slot is a ring of timers through its own node, oldest first
 *   ▼
 *   ┌──────┐ next ┌──────────┐ next ┌──────────┐ next
 *   │ slot │ ───▶ │ timer 17 │ ───▶ │ timer 4  │ ───▶ back to the slot
 *   │ node │ ◀─── │          │ ◀─── │          │ ◀───
 *   └──────┘ prev └──────────┘ prev └──────────┘ prev
 *
 *   nodes   [0 .. 191] slots, level by level     [192 + id] timers
 *   a node  bytes 0-7: deadline in microseconds (timers only)   8-11: next   12-15: prev
 * ```
 *
 * Two things follow from where a timer lies. The first occupied slot of the lowest level that has any
 * is the next to come, so that finding it costs six words whatever the number of timers or the time
 * that has passed. And when the wheel's tick enters a slot of a higher level, the timers of that slot
 * belong to lower levels: they move down (cascade), each at most five times unless it was set more than
 * 74 hours ahead. They do so in batches, for a hundred thousand timers in one slot take some 10 ms.
 */

/** The length of a tick in microseconds: how late a timer may fire. */
export const TICK_US = 256;

const DIGIT_BITS = 5;
const SLOTS_PER_LEVEL = 32;
const LEVELS = 6;
const TOP_LEVEL = LEVELS - 1;
const SLOT_NODES = LEVELS * SLOTS_PER_LEVEL;

/**
 * The furthest tick ahead that the top level can tell from one that is a turn earlier. A timer beyond it
 * waits in that slot, and is looked at again then.
 */
const AHEAD_MAX_TICKS = (SLOTS_PER_LEVEL - 1) * SLOTS_PER_LEVEL ** TOP_LEVEL;

/** Timers that move down a level at a time: about a tenth of a millisecond. */
const CASCADE_BATCH = 1024;

// A node is 16 bytes, so that one cache line has all of it: two words of 64 or four of 32 bits.
const NODE_BYTES = 16;
const NEXT = 2;
const PREV = 3;

/** In the place of `next`: the timer is not scheduled. */
const UNSCHEDULED = -1;

/**
 * Timers by id, 0 to `capacity - 1`, one each. Scheduling and cancelling take constant time; nothing
 * allocates but the constructor and `grow`.
 */
export class TimerWheel {
  #capacity: number;
  #links: Int32Array;
  #deadlines: Float64Array;
  /** For each level, a bit for each slot that has timers. */
  readonly #occupied = new Int32Array(LEVELS);
  /**
   * The wheel's own tick, in an array of one: a field would box each number beyond 32 bits, which is
   * garbage. No timer lies in a slot before it, and none above level 0 in a slot that it is in. It never
   * goes back, and it passes a slot only when that slot is empty.
   */
  readonly #tick: Float64Array;
  #size = 0;

  /** A slot that the tick has entered and that has not moved down whole; -1 for none. */
  #cascading = -1;

  /**
   * A wheel for `capacity` timers that stands at the time `startUs`, in microseconds. Up to `most` timers
   * growing copies nothing: the room is there from the start and takes no memory until it is used.
   */
  constructor(capacity: number, startUs: number, most: number = capacity) {
    const buffer = new ArrayBuffer((SLOT_NODES + Math.max(capacity, most)) * NODE_BYTES);
    this.#capacity = capacity;
    this.#links = new Int32Array(buffer);
    this.#deadlines = new Float64Array(buffer);
    this.#tick = Float64Array.of(Math.floor(startUs / TICK_US));
    for (let slot = 0; slot < SLOT_NODES; slot++) {
      this.#links[slot * 4 + NEXT] = slot;
      this.#links[slot * 4 + PREV] = slot;
    }
    this.#clearFrom(0);
  }

  /** How many timers there may be. */
  get capacity(): number {
    return this.#capacity;
  }

  /** How many timers are scheduled. */
  get size(): number {
    return this.#size;
  }

  /**
   * Sets the timer of `id` to the time `atUs` in microseconds, from wherever it stood before. A time
   * that has passed is due at once; `Infinity` cancels. Throws a `RangeError` for an id that the wheel
   * has no place for, and for NaN.
   */
  schedule(id: number, atUs: number): void {
    const node = this.#nodeOf(id);
    if (!(atUs < Infinity)) {
      if (atUs !== Infinity) throw new RangeError(`Timer ${id} cannot be scheduled at ${atUs}`);
      this.cancel(id);
      return;
    }
    const scheduled = this.#links[node * 4 + NEXT] !== UNSCHEDULED;
    const before = scheduled ? this.#slotFor(node) : UNSCHEDULED;
    this.#deadlines[node * 2] = atUs;
    const slot = this.#slotFor(node);
    // A timer that is pushed back a little, as for each ACK, mostly stays in its slot. One more than 74
    // hours ahead may then stay in an earlier slot than its own: it is looked at too early, which does
    // no harm.
    if (slot === before) return;
    if (scheduled) this.#unlink(node);
    else this.#size++;
    this.#link(node, slot);
  }

  /** Takes the timer of `id` off, if it is scheduled. */
  cancel(id: number): void {
    const node = this.#nodeOf(id);
    if (this.#links[node * 4 + NEXT] === UNSCHEDULED) return;
    this.#unlink(node);
    this.#links[node * 4 + NEXT] = UNSCHEDULED;
    this.#size--;
  }

  /** Whether the timer of `id` is scheduled. */
  isScheduled(id: number): boolean {
    return this.#links[this.#nodeOf(id) * 4 + NEXT] !== UNSCHEDULED;
  }

  /** The time for which the timer of `id` is scheduled, in microseconds; `Infinity` when it is not. */
  deadline(id: number): number {
    const node = this.#nodeOf(id);
    return this.#links[node * 4 + NEXT] === UNSCHEDULED ? Infinity : this.#deadlines[node * 2];
  }

  /**
   * Takes off one timer that is due at `nowUs` and returns its id, or -1 when none is: call it until
   * then. Timers come in the order of their ticks, and within a tick in the order in which they came
   * into its slot. None comes before its deadline; each comes at the latest when `nowUs` is its deadline plus {@link TICK_US}.
   *
   * `Infinity` takes off all that are left, and the wheel's time stays at the last of them.
   *
   * When very many timers move down a level at once they do so in batches, one for each call, and -1 is the
   * answer while some are left: `nextExpiry` then says that there is more to do at once.
   *
   * Scheduling and cancelling between two calls is fine. What is then scheduled for a time that has
   * passed comes in the same loop, so a handler must not put itself back into the past each time.
   */
  expire(nowUs: number): number {
    if (this.#cascading >= 0 && !this.#cascade(this.#cascading)) return -1;
    // Each turn empties a slot for good or moves its timers to lower levels.
    for (;;) {
      const level = this.#lowestLevel();
      const ahead = level < 0 ? 0 : this.#ticksAhead(level);
      const elapsed = Math.floor(nowUs / TICK_US) - this.#tick[0];
      if (level < 0 || !(ahead <= elapsed)) {
        if (elapsed > 0 && elapsed < Infinity) this.#tick[0] += elapsed;
        return -1;
      }
      this.#tick[0] += ahead;
      const slot = slotAt(this.#tick[0] | 0, level);
      if (level > 0) {
        if (!this.#cascade(slot)) return -1;
        continue;
      }
      const id = this.#links[slot * 4 + NEXT] - SLOT_NODES;
      this.cancel(id);
      return id;
    }
  }

  /**
   * The time in microseconds at which `expire` has something to do, `Infinity` when nothing is
   * scheduled. It may be early, by at most the length of a slot of the level in which the next timer
   * lies, and then `expire` returns -1 and the next answer is closer; it is never later than the time at
   * which `expire` would return the next timer.
   */
  nextExpiry(): number {
    if (this.#cascading >= 0) return this.#tick[0] * TICK_US;
    const level = this.#lowestLevel();
    if (level < 0) return Infinity;
    const start = this.#tick[0] + this.#ticksAhead(level);
    if (level > 0 && level < TOP_LEVEL) {
      // A slot with one timer, as when few connections are left, needs no early look: its time is known.
      const slot = slotAt(start | 0, level);
      const first = this.#links[slot * 4 + NEXT];
      if (first === this.#links[slot * 4 + PREV]) {
        return Math.ceil(this.#deadlines[first * 2] / TICK_US) * TICK_US;
      }
    }
    return start * TICK_US;
  }

  /** Makes room for `capacity` timers; what is scheduled stays so. A smaller capacity changes nothing. */
  grow(capacity: number): void {
    const before = this.#capacity;
    if (capacity <= before) return;
    if ((SLOT_NODES + capacity) * NODE_BYTES <= this.#links.byteLength) {
      this.#capacity = capacity;
      this.#clearFrom(before);
      return;
    }
    const buffer = new ArrayBuffer((SLOT_NODES + capacity) * NODE_BYTES);
    const links = new Int32Array(buffer);
    links.set(this.#links);
    this.#capacity = capacity;
    this.#links = links;
    this.#deadlines = new Float64Array(buffer);
    this.#clearFrom(before);
  }

  #clearFrom(firstId: number): void {
    for (let node = SLOT_NODES + firstId; node < SLOT_NODES + this.#capacity; node++) {
      this.#links[node * 4 + NEXT] = UNSCHEDULED;
    }
  }

  #nodeOf(id: number): number {
    if (!(id >= 0 && id < this.#capacity)) {
      throw new RangeError(`Timer ${id} does not exist: ids go from 0 to ${this.#capacity - 1}`);
    }
    return SLOT_NODES + id;
  }

  /** The slot in which a timer belongs now, by its deadline. */
  #slotFor(node: number): number {
    // A deadline within a tick fires at the tick's end, never before the deadline.
    const ahead = Math.ceil(this.#deadlines[node * 2] / TICK_US) - this.#tick[0];
    const ticks = ahead <= 0 ? 0 : ahead >= AHEAD_MAX_TICKS ? AHEAD_MAX_TICKS : ahead | 0;
    // A tick may be beyond 32 bits; the digits are in the low 30, so from here on it is taken modulo
    // 2^32. A difference above the top digit means that the top level's ring goes over its end.
    const now = this.#tick[0] | 0;
    const tick = (now + ticks) | 0;
    const level = ((31 - Math.clz32((tick ^ now) | 1)) / DIGIT_BITS) | 0;
    return slotAt(tick, level > TOP_LEVEL ? TOP_LEVEL : level);
  }

  #link(node: number, slot: number): void {
    const links = this.#links;
    const last = links[slot * 4 + PREV];
    links[node * 4 + NEXT] = slot;
    links[node * 4 + PREV] = last;
    links[last * 4 + NEXT] = node;
    links[slot * 4 + PREV] = node;
    this.#occupied[slot >> DIGIT_BITS] |= 1 << (slot & (SLOTS_PER_LEVEL - 1));
  }

  #unlink(node: number): void {
    const links = this.#links;
    const next = links[node * 4 + NEXT];
    const prev = links[node * 4 + PREV];
    links[next * 4 + PREV] = prev;
    links[prev * 4 + NEXT] = next;
    // The same neighbour on both sides is the slot's own node: the ring is empty.
    if (next === prev) {
      this.#occupied[next >> DIGIT_BITS] &= ~(1 << (next & (SLOTS_PER_LEVEL - 1)));
    }
  }

  /** The lowest level that has timers, which has the next one; -1 when there are none. */
  #lowestLevel(): number {
    for (let level = 0; level < LEVELS; level++) {
      if (this.#occupied[level] !== 0) return level;
    }
    return -1;
  }

  /** How many ticks ahead the first occupied slot of `level` begins; the level must have one. */
  #ticksAhead(level: number): number {
    const tick = this.#tick[0] | 0;
    const shift = level * DIGIT_BITS;
    const here = (tick >>> shift) & (SLOTS_PER_LEVEL - 1);
    const bits = this.#occupied[level];
    // Turned so that bit 0 is the slot that the tick is in: the lowest bit set is the first to come.
    const turned = (bits >>> here) | (bits << (SLOTS_PER_LEVEL - here));
    const slotsAhead = 31 - Math.clz32(turned & -turned);
    return (slotsAhead << shift) - (tick & ((1 << shift) - 1));
  }

  /**
   * Moves timers of a slot that the tick has entered to where they belong now, a batch of them; true when none
   * is left. Until then the tick stands at the start of that slot, so that none of them can be late in its
   * place: it is only looked at later.
   */
  #cascade(slot: number): boolean {
    const links = this.#links;
    for (let moved = 0; moved < CASCADE_BATCH; moved++) {
      const node = links[slot * 4 + NEXT];
      if (node === slot) break;
      const next = links[node * 4 + NEXT];
      links[slot * 4 + NEXT] = next;
      links[next * 4 + PREV] = slot;
      this.#link(node, this.#slotFor(node));
    }
    if (links[slot * 4 + NEXT] !== slot) {
      this.#cascading = slot;
      return false;
    }
    this.#cascading = -1;
    this.#occupied[slot >> DIGIT_BITS] &= ~(1 << (slot & (SLOTS_PER_LEVEL - 1)));
    return true;
  }
}

/** The slot of `level` that the digit of `tick` names. */
function slotAt(tick: number, level: number): number {
  return level * SLOTS_PER_LEVEL + ((tick >>> (level * DIGIT_BITS)) & (SLOTS_PER_LEVEL - 1));
}
