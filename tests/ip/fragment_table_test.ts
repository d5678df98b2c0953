// The table of packets that wait, against a list.
import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/base/random.ts";
import { Fragment, IPV6_KIND } from "../../src/ip/fragment.ts";
import { FragmentTable, NONE, Place } from "../../src/ip/fragment_table.ts";

const SEED = 41;

function fragment(source: number, identification: number, kind: number): Fragment {
  return Object.assign(new Fragment(), { src3: source, identification, kind });
}

Deno.test("fragment table: finds what it holds and knows the oldest, as a list does", () => {
  const random = new SeededRandom(SEED);
  const table = new FragmentTable(32, random);
  const list: { entry: number; source: number; id: number; kind: number }[] = [];
  for (let step = 0; step < 5000; step++) {
    const [source, id] = [random.integer(0, 5), random.integer(0, 5)];
    const kind = [1, 17, IPV6_KIND][random.integer(0, 2)];
    const key = fragment(source, id, kind);
    const known = list.findIndex((one) =>
      one.source === source && one.id === id && one.kind === kind
    );
    const context = `seed ${SEED}, step ${step}`;
    assertEquals(table.find(key), known < 0 ? NONE : list[known].entry, context);
    if (known >= 0) {
      table.remove(list[known].entry);
      list.splice(known, 1);
    } else if (!table.isFull) {
      list.push({ entry: table.add(key, step), source, id, kind });
    }
    assertEquals(table.count, list.length, context);
    const oldest = (family: number) =>
      list.find((one) => (one.kind === IPV6_KIND ? 1 : 0) === family)?.entry ?? NONE;
    assertEquals([table.oldest(0), table.oldest(1)], [oldest(0), oldest(1)], context);
    if (list.length < 2) continue;
    assertEquals(table.oldestOfAll(NONE), list[0].entry, context);
    assertEquals(table.oldestOfAll(list[0].entry), list[1].entry, context);
  }
});

Deno.test("fragment table: an entry begins empty, whoever had its place", () => {
  const table = new FragmentTable(1, new SeededRandom(1));
  const entry = table.add(fragment(1, 2, 17), 5);
  table.words[table.at(entry) + Place.held] = 9;
  table.remove(entry);
  const again = table.add(fragment(1, 2, 17), 6);
  const at = table.at(again);
  assertEquals([table.words[at + Place.held], table.words[at + Place.total]], [0, -1]);
  assertEquals([table.isFull, table.arrivedUs[again]], [true, 6]);
});
