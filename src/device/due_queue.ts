/**
 * What is due at a time: a bounded binary heap, ordered by due time and, among equals, by the order of
 * arrival, so that one seed gives one order. Times are microseconds.
 *
 * Invariant: entry i is not later than the entries 2i + 1 and 2i + 2. Every operation but `nextDue` takes
 * O(log n) steps.
 */
export class DueQueue {
  readonly #due: Float64Array;
  readonly #order: Float64Array;
  readonly #item: Int32Array;
  #count = 0;
  #nextOrder = 0;

  /** A queue for at most `capacity` items. */
  constructor(capacity: number) {
    this.#due = new Float64Array(capacity);
    this.#order = new Float64Array(capacity);
    this.#item = new Int32Array(capacity);
  }

  /** How many entries there are. */
  get count(): number {
    return this.#count;
  }

  /** The earliest due time, `Infinity` when there is none. */
  nextDue(): number {
    return this.#count === 0 ? Infinity : this.#due[0];
  }

  /** Adds an item; false, and nothing added, when the queue is full. */
  add(dueUs: number, item: number): boolean {
    if (this.#count === this.#due.length) return false;
    let at = this.#count++;
    const order = this.#nextOrder++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      // A later order never precedes an equal due time, so comparing the times is enough here.
      if (this.#due[parent] <= dueUs) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#due[at] = dueUs;
    this.#order[at] = order;
    this.#item[at] = item;
    return true;
  }

  /** Takes the earliest item out; -1 when there is none. */
  removeFirst(): number {
    if (this.#count === 0) return -1;
    const first = this.#item[0];
    const last = --this.#count;
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= last) break;
      if (child + 1 < last && this.#before(child + 1, child)) child++;
      if (!this.#before(child, last)) break;
      this.#move(child, hole);
      hole = child;
    }
    this.#move(last, hole);
    return first;
  }

  #before(a: number, b: number): boolean {
    return this.#due[a] < this.#due[b] ||
      (this.#due[a] === this.#due[b] && this.#order[a] < this.#order[b]);
  }

  #move(from: number, to: number): void {
    this.#due[to] = this.#due[from];
    this.#order[to] = this.#order[from];
    this.#item[to] = this.#item[from];
  }
}
