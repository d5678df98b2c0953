// Which units of a packet are there, against a set.
import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/base/random.ts";
import { Fragment, PAGE_BYTES } from "../../src/ip/fragment.ts";
import { FragmentPages } from "../../src/ip/fragment_pages.ts";
import { FragmentTable } from "../../src/ip/fragment_table.ts";

const SEED = 43;

Deno.test("fragment pages: units are counted across pages, as a set counts them", () => {
  const random = new SeededRandom(SEED);
  for (let round = 0; round < 100; round++) {
    const table = new FragmentTable(1, random);
    const pages = new FragmentPages(4096, 64);
    const entry = table.add(new Fragment(), 0);
    const there = new Set<number>();
    for (let step = 0; step < 20; step++) {
      const position = 8 * random.integer(0, 600);
      const length = random.integer(1, 900);
      for (let done = position; done < position + length;) {
        const within = done % PAGE_BYTES;
        const count = Math.min(PAGE_BYTES - within, position + length - done);
        const place = table.pageAt(entry, done);
        if (table.pages[place] === 0) table.pages[place] = pages.take() + 1;
        pages.mark(table.pages[place] - 1, within, count);
        done += count;
      }
      for (let at = position; at < position + length; at += 8) there.add(at);
      const from = 8 * random.integer(0, 600);
      const to = from + random.integer(1, 2000);
      let expected = 0;
      for (let at = from; at < to; at += 8) if (there.has(at)) expected++;
      const context = `seed ${SEED}, round ${round}, step ${step}`;
      assertEquals(pages.unitsThere(table, entry, from, to), expected, context);
    }
  }
});

Deno.test("fragment pages: a page that is given back comes again empty", () => {
  const pages = new FragmentPages(4096, 2);
  const [a, b] = [pages.take(), pages.take()];
  assertEquals([pages.isExhausted, pages.used, pages.offset(b) - pages.offset(a)], [true, 2, 1024]);
  pages.mark(b, 0, PAGE_BYTES);
  pages.give(b);
  const table = new FragmentTable(1, new SeededRandom(1));
  const entry = table.add(new Fragment(), 0);
  table.pages[table.pageAt(entry, 0)] = pages.take() + 1;
  assertEquals(pages.unitsThere(table, entry, 0, PAGE_BYTES), 0);
});
