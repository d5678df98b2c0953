/**
 * Keys of what is handed to peers and comes back: SYN cookies and Fast Open cookies. A key is drawn at
 * random, or given as text so that several hosts can know each other's cookies.
 */

import type { Random } from "../base/random.ts";
import { SipHash24 } from "../base/siphash.ts";
import type { FourTuple } from "./connection.ts";

/** Hexadecimal digits of one word of a key. */
const WORD_DIGITS = 8;

/**
 * The hashes of a secret: the first makes cookies, all of them are believed. `text` is one or two keys of 32
 * hexadecimal digits with a comma between them, or empty for a random one.
 */
export function hashesOf(text: string, random: Random): SipHash24[] {
  if (text === "") {
    return [new SipHash24(random.uint32(), random.uint32(), random.uint32(), random.uint32())];
  }
  return text.split(",").map((digits) => {
    const word = (index: number) =>
      parseInt(digits.slice(WORD_DIGITS * index, WORD_DIGITS * (index + 1)), 16) | 0;
    return new SipHash24(word(0), word(1), word(2), word(3));
  });
}

/** Begins a message about the two addresses; `purpose` keeps the uses of one key apart. */
export function startWithAddresses(hash: SipHash24, ends: FourTuple, purpose: number): void {
  hash.start();
  hash.word(purpose);
  hash.word(ends.local0);
  hash.word(ends.local1);
  hash.word(ends.local2);
  hash.word(ends.local3);
  hash.word(ends.remote0);
  hash.word(ends.remote1);
  hash.word(ends.remote2);
  hash.word(ends.remote3);
}
