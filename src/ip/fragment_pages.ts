/** The memory of fragments: pages of equal size, and which units of 8 bytes of each are there. */
import { PAGE_BYTES } from "./fragment.ts";
import type { FragmentTable } from "./fragment_table.ts";

/** RFC 791 section 3.2: fragments begin at multiples of 8 bytes. */
const UNIT_BYTES = 8;
const WORDS_PER_PAGE = PAGE_BYTES / UNIT_BYTES / 32;

/** Pages with one owner. */
export class FragmentPages {
  readonly #start: number;
  readonly #free: Int32Array;
  #freeCount: number;
  /** A bit for each unit. */
  readonly #there: Int32Array;

  /** `start` is the byte offset of the first page in the memory that they are in. */
  constructor(start: number, count: number) {
    this.#start = start;
    this.#free = new Int32Array(count);
    for (let i = 0; i < count; i++) this.#free[i] = count - 1 - i;
    this.#freeCount = count;
    this.#there = new Int32Array(count * WORDS_PER_PAGE);
  }

  /** Pages that are taken. */
  get used(): number {
    return this.#free.length - this.#freeCount;
  }

  /** Whether none is left. */
  get isExhausted(): boolean {
    return this.#freeCount === 0;
  }

  /** Takes an empty page; there must be one. */
  take(): number {
    return this.#free[--this.#freeCount];
  }

  /** Gives a page back. */
  give(page: number): void {
    this.#there.fill(0, page * WORDS_PER_PAGE, (page + 1) * WORDS_PER_PAGE);
    this.#free[this.#freeCount++] = page;
  }

  /** Byte offset of a page. */
  offset(page: number): number {
    return this.#start + page * PAGE_BYTES;
  }

  /** Says that `length` bytes from `from` on are there, a multiple of 8, or up to the packet's end. */
  mark(page: number, from: number, length: number): void {
    const first = from >>> 3;
    const end = (from + length + UNIT_BYTES - 1) >>> 3;
    for (let unit = first; unit < end;) {
      const next = Math.min((unit | 31) + 1, end);
      this.#there[page * WORDS_PER_PAGE + (unit >>> 5)] |= maskOf(unit, next);
      unit = next;
    }
  }

  /** How many units between two positions of a packet are there. */
  unitsThere(table: FragmentTable, entry: number, from: number, to: number): number {
    const end = (to + UNIT_BYTES - 1) >>> 3;
    let count = 0;
    for (let unit = from >>> 3; unit < end;) {
      const next = Math.min((unit | 31) + 1, end);
      const page = table.pages[table.pageAt(entry, unit * UNIT_BYTES)] - 1;
      if (page >= 0) {
        const word = this.#there[page * WORDS_PER_PAGE + ((unit >>> 5) % WORDS_PER_PAGE)];
        count += bitsIn(word & maskOf(unit, next));
      }
      unit = next;
    }
    return count;
  }
}

/** The bits from `unit` up to `next`, which is at most the first of the next word. */
function maskOf(unit: number, next: number): number {
  const count = next - unit;
  return count === 32 ? -1 : ((1 << count) - 1) << (unit & 31);
}

/** How many bits of a word are set. */
function bitsIn(word: number): number {
  const pairs = word - ((word >>> 1) & 0x5555_5555);
  const fours = (pairs & 0x3333_3333) + ((pairs >>> 2) & 0x3333_3333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}
