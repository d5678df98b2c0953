/**
 * Reassembly of fragments (RFC 791 section 3.2, RFC 8200 section 4.5) in memory of fixed size.
 *
 * The bytes of a packet lie in pages, at the place that they will have in it, so that many small fragments take no
 * more than few large ones:
 *
 * ```text
 *   packet   | 0 ........ 1023 | 1024 ...... 2047 | ...                          bytes behind the IP header
 *   pages    |      17         |        4         | none yet                     64 numbers for each packet
 *   units    | 128 bits        | 128 bits         |                              8 bytes each: are they there?
 * ```
 *
 * A fragment whose bytes are all there is a duplicate and is ignored; one of which only some are there ends the
 * packet (RFC 5722 with erratum 3089; Linux does the same with IPv4). At the limits the packet that has waited
 * longest gives way: what a flood cannot complete is soon the oldest, and fragments of honest senders come together.
 * Linux refuses new ones instead, which lets a flood keep everybody out until its own fragments time out.
 */
import type { Counters } from "../base/counters.ts";
import { Counter } from "../base/counters.ts";
import { Drop, type DropReason } from "../base/drops.ts";
import type { Memory } from "../base/memory.ts";
import type { Random } from "../base/random.ts";
import type { IpConfig } from "./config.ts";
import { type ExpiryQuotes, quoteFirstFragment } from "./expiry_quote.ts";
import { FragmentPages } from "./fragment_pages.ts";
import { type Fragment, PAGE_BYTES, PAGES_PER_PACKET } from "./fragment.ts";
import { FragmentTable, NONE, Place } from "./fragment_table.ts";
import { writeWholeHeader } from "./whole_header.ts";

/** The fragment is kept; its packet is not complete. */
export const KEPT = 0;
/** The fragment was not used; `reason` says why. */
export const NOT_USED = -1;

/** What reassembly is made of. */
export interface ReassemblyParts {
  readonly config: IpConfig;
  /** Where its pages lie in the memory that frames are in: a byte offset, and how many. */
  readonly pages: number;
  readonly pageCount: number;
  readonly counters: Counters;
  readonly random: Random;
  /** Where to put what senders are told when their packets time out; nobody is told when absent. */
  readonly quotes: ExpiryQuotes | null;
}

/** Puts the fragments of one source together. The tables are made with the first fragment. */
export class Reassembly {
  /** Why the last fragment was not used. */
  reason: DropReason = Drop.none;
  readonly #parts: ReassemblyParts;
  readonly #limitUs: readonly [number, number];
  #table: FragmentTable | null = null;
  #pages: FragmentPages | null = null;

  constructor(parts: ReassemblyParts) {
    this.#parts = parts;
    const { config } = parts;
    this.#limitUs = [config.reassemblyTimeoutMs * 1000, config.reassemblyTimeout6Ms * 1000];
  }

  /** Packets that wait for fragments. */
  get packets(): number {
    return this.#table === null ? 0 : this.#table.count;
  }

  /** Bytes of the pages that they take. */
  get heldBytes(): number {
    return this.#pages === null ? 0 : this.#pages.used * PAGE_BYTES;
  }

  /** When `expire` has something to do, in microseconds; `Infinity` when nothing waits. */
  nextExpiry(): number {
    const table = this.#table;
    if (table === null || table.count === 0) return Infinity;
    return Math.min(this.#expiryOf(table.oldest(0), 0), this.#expiryOf(table.oldest(1), 1));
  }

  /** Gives up the packets whose time is over, and tells their senders when it is due. True when there were any. */
  expire(memory: Memory, nowUs: number): boolean {
    const table = this.#table;
    if (table === null || table.count === 0) return false;
    let any = false;
    for (let family = 0; family < 2; family++) {
      for (let entry = table.oldest(family); entry !== NONE; entry = table.oldest(family)) {
        if (this.#expiryOf(entry, family) > nowUs) break;
        this.#tell(memory, entry);
        this.#giveUp(entry, Drop.ipFragmentTimeout);
        any = true;
      }
    }
    return any;
  }

  /**
   * Takes a fragment in. Returns {@link KEPT}, {@link NOT_USED}, or the length in bytes of the packet that it has
   * completed, which then stands at byte `to`: an IP header without options and what was in the fragments.
   */
  add(memory: Memory, fragment: Fragment, to: number, nowUs: number): number {
    const { counters } = this.#parts;
    counters.count(Counter.fragmentsIn);
    this.expire(memory, nowUs);
    const reason = fragment.check();
    if (reason !== Drop.none) return this.#notUsed(reason);
    this.#table ??= new FragmentTable(this.#parts.config.reassemblyPackets, this.#parts.random);
    this.#pages ??= new FragmentPages(this.#parts.pages, this.#parts.pageCount);
    const entry = this.#entryFor(fragment, nowUs);
    const conflict = this.#checkAgainst(entry, fragment);
    if (conflict === Drop.ipFragmentDuplicate) return this.#notUsed(conflict);
    if (conflict !== Drop.none) {
      this.#giveUp(entry, conflict);
      return this.#notUsed(conflict);
    }
    this.#store(memory, entry, fragment);
    const words = this.#table.words;
    const at = this.#table.at(entry);
    if (words[at + Place.held] !== words[at + Place.total]) {
      counters.set(Counter.fragmentMemoryNow, this.heldBytes);
      return KEPT;
    }
    return this.#complete(memory, entry, to);
  }

  #notUsed(reason: DropReason): number {
    this.reason = reason;
    return NOT_USED;
  }

  #entryFor(fragment: Fragment, nowUs: number): number {
    const table = this.#table!;
    const found = table.find(fragment);
    if (found !== NONE) return found;
    if (table.isFull) this.#evict(NONE);
    return table.add(fragment, nowUs);
  }

  /** What stands against a fragment of a packet of which some fragments are there. */
  #checkAgainst(entry: number, fragment: Fragment): DropReason {
    const { words } = this.#table!;
    const at = this.#table!.at(entry);
    const total = words[at + Place.total];
    const end = fragment.position + fragment.length;
    const isEndWrong = fragment.hasMore
      ? total >= 0 && end > total
      : words[at + Place.end] > end || (total >= 0 && total !== end);
    if (isEndWrong) return Drop.ipFragmentEndConflict;
    if (words[at + Place.fragments] === 0) return Drop.none;
    const units = (end + 7 >>> 3) - (fragment.position >>> 3);
    const there = this.#pages!.unitsThere(this.#table!, entry, fragment.position, end);
    if (there === 0) return Drop.none;
    return there === units ? Drop.ipFragmentDuplicate : Drop.ipFragmentOverlap;
  }

  /** Copies a fragment into its pages, which are taken from others when there are none left. */
  #store(memory: Memory, entry: number, fragment: Fragment): void {
    const table = this.#table!;
    const pages = this.#pages!;
    const { words } = table;
    const at = table.at(entry);
    const end = fragment.position + fragment.length;
    for (let done = fragment.position; done < end;) {
      const within = done % PAGE_BYTES;
      const length = Math.min(PAGE_BYTES - within, end - done);
      const place = table.pageAt(entry, done);
      if (table.pages[place] === 0) {
        while (pages.isExhausted) this.#evict(entry);
        table.pages[place] = pages.take() + 1;
      }
      const page = table.pages[place] - 1;
      pages.mark(page, within, length);
      memory.copy(pages.offset(page) + within, fragment.offset + done - fragment.position, length);
      done += length;
    }
    words[at + Place.held] += fragment.length;
    words[at + Place.fragments]++;
    words[at + Place.ecn] |= 1 << (fragment.trafficClass & 3);
    if (!fragment.hasMore) words[at + Place.total] = end;
    if (end > words[at + Place.end]) words[at + Place.end] = end;
    if (fragment.position === 0) table.keepHeader(memory.view, entry, fragment);
  }

  /** Puts the packet together at `to` and forgets it. */
  #complete(memory: Memory, entry: number, to: number): number {
    const table = this.#table!;
    const at = table.at(entry);
    const total = table.words[at + Place.total];
    const headerLength = writeWholeHeader(memory.view, to, table.words, at, total);
    if (headerLength < 0) {
      // All of them were stored, the last one too, so that they are counted together.
      this.#giveUp(entry, Drop.ipFragmentEcnMixed, 1);
      return this.#notUsed(Drop.ipFragmentEcnMixed);
    }
    const pages = this.#pages!;
    for (let done = 0; done < total; done += PAGE_BYTES) {
      const page = table.pages[table.pageAt(entry, done)] - 1;
      const length = Math.min(PAGE_BYTES, total - done);
      memory.copy(to + headerLength + done, pages.offset(page), length);
    }
    this.#parts.counters.count(Counter.packetsReassembled);
    this.#forget(entry);
    return headerLength + total;
  }

  /** RFC 1122 section 3.3.2, RFC 8200 section 4.5: the sender is told when its first fragment was there. */
  #tell(memory: Memory, entry: number): void {
    const { quotes } = this.#parts;
    if (quotes !== null) quoteFirstFragment(memory, this.#table!, this.#pages!, entry, quotes);
  }

  /** Gives way to newer packets: the oldest one that is not `spared`. */
  #evict(spared: number): void {
    const entry = this.#table!.oldestOfAll(spared);
    this.#giveUp(entry, Drop.ipFragmentEvicted);
  }

  /** Gives a packet up and counts its fragments, but for those that the caller counts. */
  #giveUp(entry: number, reason: DropReason, countedElsewhere = 0): void {
    const table = this.#table!;
    const fragments = table.words[table.at(entry) + Place.fragments];
    this.#parts.counters.dropMany(reason, fragments - countedElsewhere);
    this.#forget(entry);
  }

  #forget(entry: number): void {
    const table = this.#table!;
    const first = table.pageAt(entry, 0);
    for (let place = first; place < first + PAGES_PER_PACKET; place++) {
      if (table.pages[place] === 0) continue;
      this.#pages!.give(table.pages[place] - 1);
      table.pages[place] = 0;
    }
    table.remove(entry);
    this.#parts.counters.set(Counter.fragmentMemoryNow, this.heldBytes);
  }

  #expiryOf(entry: number, family: number): number {
    return entry === NONE ? Infinity : this.#table!.arrivedUs[entry] + this.#limitUs[family];
  }
}
