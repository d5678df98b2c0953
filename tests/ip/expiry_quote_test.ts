// That a quote is what was sent is in reassembly_test.ts; here is what it does at its limits.
import { assertEquals } from "@std/assert";
import { Memory } from "../../src/base/memory.ts";
import { SeededRandom } from "../../src/base/random.ts";
import { type ExpiryQuotes, quoteFirstFragment } from "../../src/ip/expiry_quote.ts";
import { Fragment } from "../../src/ip/fragment.ts";
import { FragmentPages } from "../../src/ip/fragment_pages.ts";
import { FragmentTable } from "../../src/ip/fragment_table.ts";
import { ipv4Frame } from "../wire/frames.ts";

Deno.test("expiry quote: nothing without a first fragment or without room, and no more than was there", () => {
  const memory = new Memory(new ArrayBuffer(16_384));
  const header = ipv4Frame({ fragment: 0x2000, protocol: 17 });
  memory.bytes.set(header, 0);
  const pages = new FragmentPages(8192, 4);
  const lengths: number[] = [];
  let asked = 0;
  let place = 4096;
  const quotes: ExpiryQuotes = {
    begin: () => {
      asked++;
      return place;
    },
    end: (length) => lengths.push(length),
  };
  for (const firstLength of [0, 8, 528, 1480]) {
    const table = new FragmentTable(1, new SeededRandom(1));
    const part = Object.assign(new Fragment(), { kind: 17, protocol: 17, length: firstLength });
    const entry = table.add(part, 0);
    table.pages[table.pageAt(entry, 0)] = 1;
    table.pages[table.pageAt(entry, 1024)] = 2;
    if (firstLength > 0) table.keepHeader(memory.view, entry, part);
    quoteFirstFragment(memory, table, pages, entry, quotes);
    if (firstLength !== 1480) continue;
    place = -1;
    quoteFirstFragment(memory, table, pages, entry, quotes);
  }
  assertEquals([asked, lengths], [4, [28, 548, 548]]);
});
