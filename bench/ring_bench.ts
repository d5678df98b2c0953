// The ring, the byte stream and the out-of-order queue, both ends in one thread. Where an iteration does
// 1,000 operations, microseconds for it are nanoseconds for an operation.
import { Memory } from "../src/base/memory.ts";
import { ArrayCopier } from "../src/ring/copier.ts";
import { BlockPool } from "../src/ring/pool.ts";
import { RING_CONTROL_WORDS, RingConsumer, RingProducer } from "../src/ring/ring.ts";
import { StreamReader, StreamWriter } from "../src/ring/stream.ts";
import { OutOfOrder } from "../src/tcp/out_of_order.ts";

const BATCH = 1000;
const RECORD_WORDS = 48;
const CAPACITY = 256;

const words = new Int32Array(
  new SharedArrayBuffer((RING_CONTROL_WORDS + CAPACITY * RECORD_WORDS) * 4),
);
const ring = { words, control: 0, records: RING_CONTROL_WORDS, recordWords: RECORD_WORDS };
const producer = new RingProducer({ ...ring, capacity: CAPACITY });
const consumer = new RingConsumer({ ...ring, capacity: CAPACITY });
let sum = 0;

/** Passes `count` records on and publishes and releases once for them. */
function pass(count: number): void {
  for (let i = 0; i < count; i++) {
    words[producer.claim()] = i;
    producer.push();
  }
  producer.publish();
  for (let at = consumer.next(); at >= 0; at = consumer.next()) sum += words[at];
  consumer.release();
}

Deno.bench("ring: one record a batch, x1000", { group: "ring" }, () => {
  for (let i = 0; i < BATCH; i++) pass(1);
});

Deno.bench("ring: batches of 100 records, x1000", { group: "ring" }, () => {
  for (let i = 0; i < BATCH; i += 100) pass(100);
});

const BLOCKS = 64;
const BLOCK_BYTES = 16_384;
const TABLE = 64;
const SOURCE = (TABLE + BLOCKS * 4) * 4;
const FIRST_BLOCK = SOURCE + 65_536;
const buffer = new SharedArrayBuffer(FIRST_BLOCK + BLOCKS * BLOCK_BYTES);
const area = new Memory(buffer);
const { bytes } = area;
const pool = new BlockPool({
  words: new Int32Array(buffer),
  table: TABLE,
  first: 0,
  count: BLOCKS,
  blocks: FIRST_BLOCK,
  blockBytes: BLOCK_BYTES,
  headroom: 0,
});
const copier = new ArrayCopier(bytes);
const memory = { area, pool, copier, release: (descriptor: number) => pool.give(descriptor) };
const shared = { words: pool.words, written: 0, head: 1, epoch: 2, read: 3 };
const writer = new StreamWriter(memory, shared);
const reader = new StreamReader(copier, TABLE, shared);

for (const length of [64, 65_536]) {
  const source = new Uint8Array(length);
  const target = new Uint8Array(length);
  Deno.bench(`stream: append an array of ${length} bytes and read it, x1000`, {
    group: `stream ${length}`,
    baseline: true,
  }, () => {
    for (let i = 0; i < BATCH; i++) {
      writer.appendArray(source, 0, length);
      writer.publish();
      sum += reader.read(target);
      writer.reclaim();
    }
  });
  Deno.bench(`stream: append ${length} bytes of the same memory and read them, x1000`, {
    group: `stream ${length}`,
  }, () => {
    for (let i = 0; i < BATCH; i++) {
      writer.appendCopy(SOURCE, length);
      writer.publish();
      sum += reader.read(target);
      writer.reclaim();
    }
  });
}

Deno.bench("copy 65536 bytes twice, what the stream costs at the least, x1000", {
  group: "stream 65536",
}, () => {
  for (let i = 0; i < BATCH; i++) {
    bytes.copyWithin(FIRST_BLOCK, SOURCE, SOURCE + 65_536);
    bytes.copyWithin(FIRST_BLOCK + 65_536, FIRST_BLOCK, FIRST_BLOCK + 65_536);
  }
});

const SEGMENT_BYTES = 64;
const queue = new OutOfOrder(64);
/** Nothing here runs out of ranges or memory, or it would measure something else. */
let refused = 0;

function insert(index: number): void {
  refused += queue.insert(memory, index * SEGMENT_BYTES, SOURCE, SEGMENT_BYTES);
}

function clear(): void {
  queue.clear(memory);
  if (refused > 0 || pool.free !== BLOCKS || sum < 0) throw new Error(`${refused} were refused`);
}

Deno.bench("out of order: segments behind one gap, in order, x1000", { group: "ahead" }, () => {
  for (let i = 0; i < BATCH; i++) insert(i);
  clear();
});

Deno.bench(
  "out of order: 50 that open ranges, 50 that join them all, x10",
  { group: "ahead" },
  () => {
    for (let round = 0; round < 10; round++) {
      for (let i = 0; i < 50; i++) insert(2 * i);
      for (let i = 0; i < 50; i++) insert(2 * i + 1);
      clear();
    }
  },
);

Deno.bench("out of order: a duplicate behind 62 other ranges, x1000", { group: "ahead" }, () => {
  for (let i = 0; i < 63; i++) insert(2 * i);
  for (let i = 0; i < BATCH; i++) insert(124);
  clear();
});
