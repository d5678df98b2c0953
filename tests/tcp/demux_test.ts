import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { SeededRandom } from "../../src/base/random.ts";
import { halfSipHash13 } from "../../src/base/siphash.ts";
import { Demultiplexer, tupleHash } from "../../src/tcp/demux.ts";

const SEED = 0x64656d75;
const KEY0 = 0x01234567;
const KEY1 = -0x76543210;

/** Local address, remote address, local port, remote port. */
type Tuple = readonly [
  ...address: [number, number, number, number],
  ...remote: [number, number, number, number],
  localPort: number,
  remotePort: number,
];

function ipv4Tuple(local: number, remote: number, localPort: number, remotePort: number): Tuple {
  return [0, 0, 0xffff, local | 0, 0, 0, 0xffff, remote | 0, localPort, remotePort];
}

/** The naive twin: a map under the tuple's text. */
class NaiveTable {
  readonly #ids = new Map<string, number>();
  readonly #tuples = new Map<number, Tuple>();

  has(id: number): boolean {
    return this.#tuples.has(id);
  }

  add(id: number, tuple: Tuple): void {
    this.#ids.set(String(tuple), id);
    this.#tuples.set(id, tuple);
  }

  remove(id: number): void {
    const tuple = this.#tuples.get(id);
    if (tuple === undefined) return;
    this.#ids.delete(String(tuple));
    this.#tuples.delete(id);
  }

  find(tuple: Tuple): number {
    return this.#ids.get(String(tuple)) ?? -1;
  }

  get size(): number {
    return this.#tuples.size;
  }
}

/** Few values in each place, so that tuples meet again, share words, and differ in one word only. */
const address = fc.constantFrom<[number, number, number, number]>(
  [0, 0, 0xffff, 0x0a070002],
  [0, 0, 0xffff, -0x3f57fffe],
  [0, 0, 0, 0x0a070002],
  [0x20010db8, 0, 0, 1],
  [0x20010db8, 0, 0, 2],
  [0x20010db8, 1, 0, 1],
  [0, 0, 1, 0x0a070002],
);
const tuple = fc.tuple(
  address,
  address,
  fc.constantFrom(1, 80, 65535),
  fc.constantFrom(1, 50000, 65535),
).map(([local, remote, localPort, remotePort]): Tuple => [
  ...local,
  ...remote,
  localPort,
  remotePort,
]);

Deno.test("Goal: the table finds what a map finds, under random operations", () => {
  const operation = fc.record({
    op: fc.constantFrom("add", "add", "remove", "find", "find", "grow"),
    id: fc.nat(11),
    tuple,
  });
  fc.assert(
    fc.property(
      fc.array(operation, { maxLength: 150, size: "max" }),
      fc.array(tuple, { maxLength: 5 }),
      (operations, probes) => {
        const table = new Demultiplexer(2, KEY0, KEY1);
        const twin = new NaiveTable();
        for (const { op, id, tuple } of operations) {
          if (op === "grow") {
            table.grow(id + 1);
          } else if (op === "remove" && id < table.capacity) {
            table.remove(id);
            twin.remove(id);
          } else if (op === "add" && id < table.capacity) {
            if (twin.has(id) || twin.find(tuple) >= 0) {
              assertThrows(() => table.add(id, ...tuple), Error, `Id ${id}`);
            } else {
              table.add(id, ...tuple);
              twin.add(id, tuple);
            }
          }
          assertEquals(table.size, twin.size);
          for (const probe of [tuple, ...probes, tuple]) {
            assertEquals(table.find(...probe), twin.find(probe));
          }
        }
      },
    ),
    { seed: SEED, numRuns: 400 },
  );
});

Deno.test("Goal: tens of thousands of connections, added, removed and added again while growing", () => {
  const random = new SeededRandom(SEED);
  const count = 20_000;
  const table = new Demultiplexer(16, KEY0, KEY1);
  const tuples: Tuple[] = [];
  for (let id = 0; id < count; id++) {
    if (id === table.capacity) table.grow(2 * id);
    tuples.push(ipv4Tuple(0x0a070002, 0x0a080000 + (id >> 8), 80, 1024 + (id & 255)));
    table.add(id, ...tuples[id]);
  }
  const gone = new Set<number>();
  for (let i = 0; i < count; i++) {
    const id = random.integer(0, count - 1);
    table.remove(id);
    gone.add(id);
  }
  assertEquals(table.size, count - gone.size, `seed ${SEED}`);
  for (let id = 0; id < count; id++) {
    assertEquals(table.find(...tuples[id]), gone.has(id) ? -1 : id, `seed ${SEED}`);
  }
  for (const id of gone) table.add(id, ...tuples[id]);
  for (let id = 0; id < count; id++) assertEquals(table.find(...tuples[id]), id, `seed ${SEED}`);
});

Deno.test("Goal: tuples that differ in a single word or port are different connections", () => {
  const table = new Demultiplexer(16, KEY0, KEY1);
  const base: Tuple = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  table.add(0, ...base);
  for (let place = 0; place < 10; place++) {
    const changed = base.map((word, i) => i === place ? word + 1 : word) as unknown as Tuple;
    assertEquals(table.find(...changed), -1, `place ${place}`);
    assertEquals(table.find(...base), 0);
    assertEquals(table.find(...changed), -1, `place ${place}, with the other found last`);
    table.add(place + 1, ...changed);
    assertEquals(table.find(...changed), place + 1);
  }
});

Deno.test("Goal: what was found last is forgotten when it is removed, and its id can be used again", () => {
  const table = new Demultiplexer(4, KEY0, KEY1);
  const first = ipv4Tuple(1, 2, 3, 4);
  const second = ipv4Tuple(1, 2, 3, 5);
  table.add(2, ...first);
  assertEquals(table.find(...first), 2);
  table.remove(2);
  assertEquals(table.find(...first), -1);
  // Not even a packet with the ports that mark a row as unused finds it.
  assertEquals(table.find(...ipv4Tuple(1, 2, 0, 0)), -1);
  table.add(2, ...second);
  assertEquals(table.find(...first), -1);
  assertEquals(table.find(...second), 2);
  table.remove(2);
  table.remove(2);
  assertEquals(table.size, 0);
});

Deno.test("Goal: misuse is refused by name and changes nothing", () => {
  const table = new Demultiplexer(4, KEY0, KEY1);
  const used = ipv4Tuple(1, 2, 3, 4);
  table.add(1, ...used);
  assertThrows(() => table.add(4, ...used), RangeError, "Id 4 does not exist: ids go from 0 to 3");
  assertThrows(() => table.add(-1, ...used), RangeError, "Id -1 does not exist");
  assertThrows(() => table.remove(4), RangeError, "Id 4 does not exist");
  assertThrows(
    () => table.add(1, ...ipv4Tuple(1, 2, 3, 9)),
    Error,
    "Id 1 is in the table: remove it first",
  );
  assertThrows(() => table.add(2, ...used), Error, "Id 2 cannot have the four-tuple of id 1");
  for (const port of [0, 65536, -1, NaN]) {
    const message = `Port ${port} cannot be in the table`;
    assertThrows(() => table.add(2, ...ipv4Tuple(1, 2, port, 4)), RangeError, message);
    assertThrows(() => table.add(2, ...ipv4Tuple(1, 2, 3, port)), RangeError, message);
  }
  assertEquals(table.size, 1);
  assertEquals(table.find(...used), 1);
  table.grow(2);
  assertEquals(table.capacity, 4);
});

Deno.test("Goal: the hash is HalfSipHash-1-3 of the nine words, or of the three that IPv4 fills", () => {
  const ports = (40000 << 16) | 80;
  const six: Tuple = [0x20010db8, 1, 2, 3, 0x20010db8, 5, 6, -7, 40000, 80];
  const sixWords = Int32Array.of(0x20010db8, 1, 2, 3, 0x20010db8, 5, 6, -7, ports);
  assertEquals(tupleHash(KEY0, KEY1, ...six), halfSipHash13(KEY0, KEY1, sixWords, 9));
  const four = ipv4Tuple(0x0a070002, -5, 40000, 80);
  const fourWords = Int32Array.of(0x0a070002, -5, ports);
  assertEquals(tupleHash(KEY0, KEY1, ...four), halfSipHash13(KEY0, KEY1, fourWords, 3));
  // One address that is not IPv4 is enough for all nine words.
  for (const place of [0, 1, 2, 4, 5, 6]) {
    const mixed = four.map((word, i) => i === place ? word + 1 : word) as unknown as Tuple;
    const words = Int32Array.of(...mixed.slice(0, 8), ports);
    assertEquals(tupleHash(KEY0, KEY1, ...mixed), halfSipHash13(KEY0, KEY1, words, 9));
  }
});

Deno.test("Goal: the ports of one client, and its addresses, spread evenly over queues", () => {
  for (const queues of [2, 3, 8]) {
    const byPort = new Array<number>(queues).fill(0);
    const byAddress = new Array<number>(queues).fill(0);
    for (let i = 0; i < 8000; i++) {
      const port = tupleHash(KEY0, KEY1, ...ipv4Tuple(1, 2, 80, 1024 + i)) >>> 0;
      const address = tupleHash(KEY0, KEY1, ...ipv4Tuple(1, i, 80, 1024)) >>> 0;
      byPort[port % queues]++;
      byAddress[address % queues]++;
    }
    for (const load of [...byPort, ...byAddress]) {
      // The standard deviation is below 45 in each case.
      assert(Math.abs(load - 8000 / queues) < 250, `${load} of 8000 in one of ${queues} queues`);
    }
  }
});

Deno.test("Goal: tuples chosen to meet in one bucket under one key are spread by another", () => {
  const colliding: Tuple[] = [];
  for (let i = 0; colliding.length < 64; i++) {
    const candidate = ipv4Tuple(1, i, 80, 1024);
    if ((tupleHash(KEY0, KEY1, ...candidate) & 255) === 0) colliding.push(candidate);
  }
  const buckets = new Set(colliding.map((t) => tupleHash(KEY0, KEY1 + 1, ...t) & 255));
  assert(buckets.size > 40, `${buckets.size} buckets for 64 tuples`);
  const swapped = tupleHash(KEY1, KEY0, ...colliding[1]);
  assertNotEquals(swapped, tupleHash(KEY0, KEY1, ...colliding[1]));
});

Deno.test("Goal: growing within what was reserved keeps what is there, and beyond it too", () => {
  const table = new Demultiplexer(2, 1, 2, 100);
  const tuple = (port: number) => [0, 0, 0xffff, 1, 0, 0, 0xffff, 2, 80, port] as const;
  table.add(1, ...tuple(1));
  for (const capacity of [3, 100, 500]) {
    table.grow(capacity);
    assertEquals(table.capacity, capacity);
    table.add(capacity - 1, ...tuple(capacity));
    assertEquals([table.find(...tuple(1)), table.find(...tuple(capacity))], [1, capacity - 1]);
  }
  assertEquals(table.size, 4);
});
