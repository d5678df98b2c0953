import { assert, assertEquals, assertThrows } from "@std/assert";
import { COUNTER_SLOTS } from "../../src/base/counters.ts";
import {
  Control,
  DEFAULT_DIMENSIONS,
  type Dimensions,
  HEADER_BYTES,
  Layout,
  SLOT_BYTES,
  SLOT_HEADROOM,
  SMALL_DIMENSIONS,
} from "../../src/ring/layout.ts";
import { DESCRIPTOR_WORDS, type PoolWords } from "../../src/ring/pool.ts";
import {
  RING_CONTROL_WORDS,
  RingConsumer,
  RingProducer,
  type RingWords,
} from "../../src/ring/ring.ts";
import { ROW_WORDS } from "../../src/ring/row.ts";
import type { StreamWords } from "../../src/ring/stream.ts";

const CACHE_LINE = 64;

/** A region as bytes `[start, end)`. */
interface Region {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

function ringRegions(name: string, ring: RingWords): Region[] {
  const control = ring.control * 4;
  const records = ring.records * 4;
  const bytes = ring.capacity * ring.recordWords * 4;
  return [
    { name: `${name} control`, start: control, end: control + RING_CONTROL_WORDS * 4 },
    { name: `${name} records`, start: records, end: records + bytes },
  ];
}

function poolRegions(name: string, pool: PoolWords): Region[] {
  const table = (pool.table + pool.first * DESCRIPTOR_WORDS) * 4;
  const bytes = pool.count * DESCRIPTOR_WORDS * 4;
  return [
    { name: `${name} table`, start: table, end: table + bytes },
    { name: `${name} blocks`, start: pool.blocks, end: pool.blocks + pool.count * pool.blockBytes },
  ];
}

function regionsOf(layout: Layout): Region[] {
  const rows = layout.rows * 4;
  const rowBytes = (layout.dimensions.connections + layout.dimensions.sockets) * ROW_WORDS * 4;
  const counters = [layout.readerCounters, layout.parserCounters, layout.tcpCounters];
  return [
    { name: "control", start: 0, end: (Math.max(...Object.values(Control)) + 16) * 4 },
    ...counters.map(({ slots }, index) => ({
      name: `counters ${index}`,
      start: slots.byteOffset,
      end: slots.byteOffset + COUNTER_SLOTS * 8,
    })),
    ...ringRegions("frames", layout.frames),
    ...ringRegions("segments", layout.segments),
    ...ringRegions("freeSlots", layout.freeSlots),
    ...ringRegions("commands", layout.commands),
    ...ringRegions("events", layout.events),
    ...ringRegions("trace", layout.trace),
    { name: "rows", start: rows, end: rows + rowBytes },
    { name: "headers", start: layout.headers, end: layout.headers + HEADER_BYTES },
    ...poolRegions("slots", layout.slotPool),
    ...poolRegions("receive", layout.receivePool),
    ...poolRegions("send", layout.sendPool),
  ];
}

const SHAPES: readonly Dimensions[] = [
  SMALL_DIMENSIONS,
  { ...SMALL_DIMENSIONS, connections: 1, slots: 1, receiveBlocks: 1, sendBlocks: 1 },
  { ...SMALL_DIMENSIONS, traceRecords: 256, connections: 1000 },
  DEFAULT_DIMENSIONS,
];

Deno.test("Goal: no two regions overlap, each begins on a cache line, and all lie in the buffer", () => {
  for (const dimensions of SHAPES) {
    const layout = new Layout(dimensions);
    const regions = regionsOf(layout).sort((a, b) => a.start - b.start);
    for (const [index, region] of regions.entries()) {
      assert(region.end <= layout.memory.buffer.byteLength, `${region.name} is within the buffer`);
      // The tables of slots and of receive blocks are one.
      if (region.name !== "receive table") assertEquals(region.start % CACHE_LINE, 0, region.name);
      const next = regions[index + 1];
      if (next !== undefined) assert(region.end <= next.start, `${region.name} < ${next.name}`);
    }
  }
});

Deno.test("Goal: every ring is a power of two long, and long enough for what can wait in it", () => {
  for (const dimensions of SHAPES) {
    const layout = new Layout(dimensions);
    const { frames, segments, freeSlots, commands, events, trace } = layout;
    for (const { capacity } of [frames, segments, freeSlots, commands, events, trace]) {
      assertEquals(capacity & (capacity - 1), 0);
    }
    for (const ring of [frames, segments, freeSlots]) assert(ring.capacity >= dimensions.slots);
    assert(events.capacity >= 3 * dimensions.connections);
    assert(trace.capacity >= dimensions.traceRecords);
  }
});

Deno.test("Goal: two threads' layouts over one buffer name the same places", () => {
  const here = new Layout(SMALL_DIMENSIONS);
  const there = new Layout(SMALL_DIMENSIONS, here.shared);
  assertEquals(regionsOf(there), regionsOf(here));
  const producer = new RingProducer(here.commands);
  const at = producer.claim();
  producer.words[at] = 4711;
  producer.push();
  producer.publish();
  const consumer = new RingConsumer(there.commands);
  assertEquals(consumer.words[consumer.next()], 4711);
  here.tcpCounters.count(3);
  assertEquals(there.tcpCounters.value(3), 1);
});

Deno.test("Goal: the streams of all rows and directions have words of their own", () => {
  const layout = new Layout({ ...SMALL_DIMENSIONS, connections: 4 });
  const seen = new Set<number>();
  const add = (stream: StreamWords) => {
    for (const word of [stream.written, stream.head, stream.epoch, stream.read]) {
      assert(!seen.has(word), `word ${word} is taken`);
      seen.add(word);
    }
  };
  for (let row = 0; row < 4; row++) {
    add(layout.receiveStream(row));
    add(layout.sendStream(row));
    for (const word of seen) assert(word >= layout.row(0) && word < layout.row(row + 1));
  }
});

Deno.test("Goal: behind a virtio-net header the IP header of a frame in its slot is aligned to 16", () => {
  const { slotPool } = new Layout(SMALL_DIMENSIONS);
  assertEquals(slotPool.headroom, SLOT_HEADROOM);
  assertEquals(SLOT_BYTES % CACHE_LINE, 0);
  assertEquals((slotPool.blocks + slotPool.headroom + 10) % 16, 0);
  assert(SLOT_BYTES - SLOT_HEADROOM >= 10 + 65_535, "the largest packet fits");
});

Deno.test("Goal: sizes that one buffer cannot hold are refused with what to lower", () => {
  const huge = { ...SMALL_DIMENSIONS, receiveBlocks: 1 << 19, sendBlocks: 1 << 14 };
  const error = assertThrows(() => new Layout(huge), RangeError, "2 GiB");
  for (const name of ["maxConnections", "receiveMemory", "sendMemory"]) {
    assert(error.message.includes(name), name);
  }
});

Deno.test("Goal: a million connections fit beside the largest pools that are the default", () => {
  const dimensions = { ...DEFAULT_DIMENSIONS, connections: 1_048_576 };
  // Only the places are worked out, so the buffer need not be as large.
  const layout = new Layout(dimensions, new SharedArrayBuffer(65_536));
  assert(layout.sendPool.blocks + layout.sendPool.count * layout.sendPool.blockBytes < 2 ** 31);
});
