// Finding connections, and the hashes under it. Each iteration does 1,000 operations: microseconds for
// an iteration are nanoseconds for an operation.
import { SeededRandom } from "../src/base/random.ts";
import { Demultiplexer, tupleHash } from "../src/tcp/demux.ts";
import { IsnGenerator } from "../src/tcp/isn.ts";

const CONNECTIONS = 1_000_000;
const BATCH = 1000;
const LOCAL = 0x0a070002;
const random = new SeededRandom(1);

/** Connection `id`: 16,384 ports of as many addresses as it takes. */
function remoteOf(id: number): number {
  return 0x0a080000 + (id >> 14);
}
function portOf(id: number): number {
  return 1024 + (id & 16383);
}

function filled(count: number): Demultiplexer {
  const table = new Demultiplexer(count, random.uint32(), random.uint32());
  for (let id = 0; id < count; id++) {
    table.add(id, 0, 0, 0xffff, LOCAL, 0, 0, 0xffff, remoteOf(id), 80, portOf(id));
  }
  return table;
}

const ids = Int32Array.from({ length: 1 << 20 }, () => random.integer(0, CONNECTIONS - 1));
const million = filled(CONNECTIONS);
const thousand = filled(1000);
let turn = 0;
let sink = 0;

Deno.bench("tupleHash IPv4, x1000", { group: "hash" }, () => {
  for (let i = 0; i < BATCH; i++) {
    sink ^= tupleHash(1, 2, 0, 0, 0xffff, LOCAL, 0, 0, 0xffff, i, 80, 1024);
  }
});

Deno.bench("tupleHash IPv6, x1000", { group: "hash" }, () => {
  for (let i = 0; i < BATCH; i++) {
    sink ^= tupleHash(1, 2, 0x20010db8, 0, 0, 1, 0x20010db8, 0, 0, i, 80, 1024);
  }
});

const isn = new IsnGenerator(random);
Deno.bench("IsnGenerator.next (SipHash-2-4 of nine words), x1000", { group: "hash" }, () => {
  for (let i = 0; i < BATCH; i++) {
    sink ^= isn.next(0, 0, 0xffff, LOCAL, 0, 0, 0xffff, i, 80, 1024, i);
  }
});

Deno.bench("find: the connection found last, of 1,000,000, x1000", { group: "find" }, () => {
  for (let i = 0; i < BATCH; i++) {
    sink ^= million.find(0, 0, 0xffff, LOCAL, 0, 0, 0xffff, remoteOf(5), 80, portOf(5));
  }
});

Deno.bench("find: another connection each time, of 1,000, x1000", { group: "find" }, () => {
  for (let id = 0; id < BATCH; id++) {
    sink ^= thousand.find(0, 0, 0xffff, LOCAL, 0, 0, 0xffff, remoteOf(id), 80, portOf(id));
  }
});

Deno.bench("find: a random connection of 1,000,000, x1000", { group: "find" }, () => {
  for (let i = 0; i < BATCH; i++) {
    const id = ids[turn = (turn + 1) & (ids.length - 1)];
    sink ^= million.find(0, 0, 0xffff, LOCAL, 0, 0, 0xffff, remoteOf(id), 80, portOf(id));
  }
});

Deno.bench("find: no such connection, in 1,000, x1000", { group: "find" }, () => {
  for (let i = 0; i < BATCH; i++) {
    sink ^= thousand.find(0, 0, 0xffff, LOCAL, 0, 0, 0xffff, remoteOf(i), 81, portOf(i));
  }
});

Deno.bench("find: no such connection, in 1,000,000, x1000", { group: "find" }, () => {
  for (let i = 0; i < BATCH; i++) {
    const id = ids[turn = (turn + 1) & (ids.length - 1)];
    sink ^= million.find(0, 0, 0xffff, LOCAL, 0, 0, 0xffff, remoteOf(id), 81, portOf(id));
  }
});

Deno.bench("remove and add a random connection of 1,000,000, x1000", { group: "change" }, () => {
  for (let i = 0; i < BATCH; i++) {
    const id = ids[turn = (turn + 1) & (ids.length - 1)];
    million.remove(id);
    million.add(id, 0, 0, 0xffff, LOCAL, 0, 0, 0xffff, remoteOf(id), 80, portOf(id));
  }
});

Deno.bench("grow from 1,048,576 connections to twice as many, whole", {
  group: "change",
  n: 5,
  warmup: 1,
}, (b) => {
  const table = filled(1 << 20);
  b.start();
  table.grow(1 << 21);
  b.end();
  if (
    table.find(0, 0, 0xffff, LOCAL, 0, 0, 0xffff, remoteOf(9), 80, portOf(9)) !== 9 || sink === 0.5
  ) {
    throw new Error("connection 9 is lost");
  }
});
