/**
 * The packets that wait for fragments: found by a hash that is keyed with a secret, so that nobody can make many
 * of them share a bucket, and in a list by age for each family.
 *
 * ```text
 *   words of an entry   0..3 source   4..7 destination   8 identification   9 kind    10 next in bucket
 *                       11 older   12 newer   13 total   14 end   15 held   16 fragments   17 ECN marks
 *                       18 protocol   19 first fragment's bytes   20..29 its IP header
 * ```
 */
import type { Random } from "../base/random.ts";
import { halfSipHash13 } from "../base/siphash.ts";
import { IPV4_HEADER_BYTES } from "../wire/ipv4.ts";
import { IPV6_HEADER_BYTES } from "../wire/ipv6.ts";
import { type Fragment, IPV6_KIND, PAGE_BYTES, PAGES_PER_PACKET } from "./fragment.ts";

/** No entry. */
export const NONE = -1;

/** Word indices within an entry. */
export const Place = {
  source: 0,
  destination: 4,
  identification: 8,
  kind: 9,
  nextInBucket: 10,
  older: 11,
  newer: 12,
  /** Bytes of the whole packet behind its IP header; -1 before the last fragment has told. */
  total: 13,
  /** Where the fragment ends that reaches farthest. */
  end: 14,
  /** Bytes that are there. */
  held: 15,
  fragments: 16,
  /** A bit for each codepoint of ECN that fragments had. */
  ecn: 17,
  /** What the first fragment says that the packet holds. */
  protocol: 18,
  /** Bytes of the first fragment; 0 while it is missing. */
  firstLength: 19,
  header: 20,
} as const;

const KEY_WORDS = 10;
const ENTRY_WORDS = 32;

/** The entries, with one owner. */
export class FragmentTable {
  readonly words: Int32Array;
  /** For each entry {@link PAGES_PER_PACKET} numbers of pages, each one more than it is; 0 for none. */
  readonly pages: Int32Array;
  /** When the first of its fragments came, microseconds. */
  readonly arrivedUs: Float64Array;
  readonly #buckets: Int32Array;
  readonly #free: Int32Array;
  #freeCount: number;
  readonly #key0: number;
  readonly #key1: number;
  readonly #key = new Int32Array(KEY_WORDS);
  /** The oldest and the newest entry of IPv4 and of IPv6. */
  readonly #oldest = [NONE, NONE];
  readonly #newest = [NONE, NONE];

  constructor(capacity: number, random: Random) {
    this.words = new Int32Array(capacity * ENTRY_WORDS);
    this.pages = new Int32Array(capacity * PAGES_PER_PACKET);
    this.arrivedUs = new Float64Array(capacity);
    let buckets = 1;
    while (buckets < capacity) buckets *= 2;
    this.#buckets = new Int32Array(buckets).fill(NONE);
    this.#free = new Int32Array(capacity);
    for (let i = 0; i < capacity; i++) this.#free[i] = capacity - 1 - i;
    this.#freeCount = capacity;
    this.#key0 = random.uint32() | 0;
    this.#key1 = random.uint32() | 0;
  }

  /** Entries in use. */
  get count(): number {
    return this.#free.length - this.#freeCount;
  }

  /** Whether there is no place for one more. */
  get isFull(): boolean {
    return this.#freeCount === 0;
  }

  /** Index of an entry's first word. */
  at(entry: number): number {
    return entry * ENTRY_WORDS;
  }

  /** Index in `pages` of the page that holds byte `position` of an entry's packet. */
  pageAt(entry: number, position: number): number {
    return entry * PAGES_PER_PACKET + Math.floor(position / PAGE_BYTES);
  }

  /** The entry that a fragment belongs to, or {@link NONE}. */
  find(fragment: Fragment): number {
    const { words } = this;
    const key = this.#keyOf(fragment);
    let entry = this.#buckets[this.#bucketOf(key)];
    while (entry !== NONE && !isKey(words, this.at(entry), key)) {
      entry = words[this.at(entry) + Place.nextInBucket];
    }
    return entry;
  }

  /** Makes an entry for the packet of a fragment; there must be room. */
  add(fragment: Fragment, nowUs: number): number {
    const { words } = this;
    const key = this.#keyOf(fragment);
    const bucket = this.#bucketOf(key);
    const entry = this.#free[--this.#freeCount];
    const at = this.at(entry);
    words.fill(0, at, at + ENTRY_WORDS);
    for (let i = 0; i < KEY_WORDS; i++) words[at + i] = key[i];
    words[at + Place.total] = -1;
    words[at + Place.nextInBucket] = this.#buckets[bucket];
    this.#buckets[bucket] = entry;
    this.arrivedUs[entry] = nowUs;
    const family = familyOf(fragment.kind);
    const newest = this.#newest[family];
    words[at + Place.older] = newest;
    words[at + Place.newer] = NONE;
    if (newest === NONE) this.#oldest[family] = entry;
    else words[this.at(newest) + Place.newer] = entry;
    this.#newest[family] = entry;
    return entry;
  }

  /** Keeps what the first fragment says about the whole packet. */
  keepHeader(view: DataView, entry: number, fragment: Fragment): void {
    const { words } = this;
    const at = this.at(entry);
    words[at + Place.protocol] = fragment.protocol;
    words[at + Place.firstLength] = fragment.length;
    const length = fragment.kind === IPV6_KIND ? IPV6_HEADER_BYTES : IPV4_HEADER_BYTES;
    for (let i = 0; i < length; i += 4) {
      words[at + Place.header + i / 4] = view.getInt32(fragment.header + i);
    }
  }

  /** Takes an entry out. Its pages are the caller's to give back. */
  remove(entry: number): void {
    this.#takeFromBucket(entry);
    const { words } = this;
    const at = this.at(entry);
    const family = familyOf(words[at + Place.kind]);
    const older = words[at + Place.older];
    const newer = words[at + Place.newer];
    if (older === NONE) this.#oldest[family] = newer;
    else words[this.at(older) + Place.newer] = newer;
    if (newer === NONE) this.#newest[family] = older;
    else words[this.at(newer) + Place.older] = older;
    this.#free[this.#freeCount++] = entry;
  }

  /** The oldest entry of a family: 0 for IPv4, 1 for IPv6. */
  oldest(family: number): number {
    return this.#oldest[family];
  }

  /** The oldest entry of both families other than `spared`; there must be one. */
  oldestOfAll(spared: number): number {
    const a = this.#oldestBut(0, spared);
    const b = this.#oldestBut(1, spared);
    if (a === NONE || b === NONE) return a === NONE ? b : a;
    return this.arrivedUs[a] <= this.arrivedUs[b] ? a : b;
  }

  #oldestBut(family: number, spared: number): number {
    const entry = this.#oldest[family];
    return entry !== NONE && entry === spared ? this.words[this.at(entry) + Place.newer] : entry;
  }

  #takeFromBucket(entry: number): void {
    const { words } = this;
    const at = this.at(entry);
    for (let i = 0; i < KEY_WORDS; i++) this.#key[i] = words[at + i];
    const bucket = this.#bucketOf(this.#key);
    const next = words[at + Place.nextInBucket];
    let before = this.#buckets[bucket];
    if (before === entry) {
      this.#buckets[bucket] = next;
      return;
    }
    while (words[this.at(before) + Place.nextInBucket] !== entry) {
      before = words[this.at(before) + Place.nextInBucket];
    }
    words[this.at(before) + Place.nextInBucket] = next;
  }

  #keyOf(fragment: Fragment): Int32Array {
    const key = this.#key;
    key[0] = fragment.src0;
    key[1] = fragment.src1;
    key[2] = fragment.src2;
    key[3] = fragment.src3;
    key[4] = fragment.dst0;
    key[5] = fragment.dst1;
    key[6] = fragment.dst2;
    key[7] = fragment.dst3;
    key[8] = fragment.identification;
    key[9] = fragment.kind;
    return key;
  }

  #bucketOf(key: Int32Array): number {
    return halfSipHash13(this.#key0, this.#key1, key, KEY_WORDS) & (this.#buckets.length - 1);
  }
}

function isKey(words: Int32Array, at: number, key: Int32Array): boolean {
  for (let i = 0; i < KEY_WORDS; i++) {
    if (words[at + i] !== key[i]) return false;
  }
  return true;
}

function familyOf(kind: number): number {
  return kind === IPV6_KIND ? 1 : 0;
}
