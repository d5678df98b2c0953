import { ArrayCopier } from "../../src/ring/copier.ts";
import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/base/random.ts";
import { Bell } from "../../src/ring/bell.ts";
import { NIL } from "../../src/ring/pool.ts";
import {
  publishRead,
  StreamCursor,
  streamRead,
  StreamReader,
  StreamWriter,
  streamWritten,
} from "../../src/ring/stream.ts";
import { forSeeds } from "../support/seeds.ts";
import { startPeer } from "./peer.ts";
import { byteAt, SmallMemory } from "./small_memory.ts";
import { CONSUMER_BELL, PRODUCER_BELL } from "./stream_bells.ts";

const SHAPE = { blocks: 6, blockBytes: 16, frames: 4, frameBytes: 40 };
/** Where a stream's positions begin: at 0, before the change of sign, before the wrap to 0. */
const STARTS = [0, 2 ** 31 - 300, 2 ** 32 - 300];
/** The most that one descriptor claims to hold while a stream is brought to its start. */
const LEAP_BYTES = 1 << 28;

/** Memory whose bytes are not really copied while `skipping`, so that 4 GiB pass in no time. */
class SkippableBytes extends Uint8Array<SharedArrayBuffer> {
  skipping = false;

  override subarray(start?: number, end?: number): Uint8Array<SharedArrayBuffer> {
    return this.skipping ? new Uint8Array(new SharedArrayBuffer(0)) : super.subarray(start, end);
  }
}

/** A target as long as its number says; nothing is ever written into it. */
class LongTarget extends Uint8Array {
  override get length(): number {
    return LEAP_BYTES;
  }
}

/** Both ends of a stream, and a naive twin: an array of the bytes that have not been read. */
class Pair {
  readonly memory: SmallMemory;
  readonly writer: StreamWriter;
  readonly reader: StreamReader;
  readonly twin: number[] = [];
  /** Bytes at the end of `twin` that are not published. */
  unpublished = 0;
  position = 0;
  readonly #random: SeededRandom;

  constructor(random: SeededRandom, start: number) {
    this.#random = random;
    this.memory = new SmallMemory(SHAPE);
    const bytes = new SkippableBytes(this.memory.buffer);
    this.writer = new StreamWriter(this.memory, this.memory.stream);
    this.reader = new StreamReader(
      new ArrayCopier(bytes),
      this.memory.table,
      this.memory.stream,
    );
    bytes.skipping = true;
    while (this.position < start) this.#leap(Math.min(LEAP_BYTES, start - this.position));
    bytes.skipping = false;
  }

  #leap(length: number): void {
    const frame = this.memory.frames.take();
    this.memory.describe(frame, 0, length);
    this.writer.appendChain(frame, frame, length);
    this.writer.publish();
    assertEquals(this.reader.read(new LongTarget()), length);
    this.position += length;
    this.writer.reclaim();
  }

  append(): void {
    const length = this.#random.integer(0, 50);
    const source = Uint8Array.from({ length: length + 3 }, () => this.#random.uint32());
    const from = this.#random.integer(0, 3);
    let count = length;
    if (this.#random.fraction() < 0.5) {
      count = this.writer.appendArray(source, from, length);
    } else {
      this.memory.bytes.set(source, this.memory.scratch);
      count = this.writer.appendCopy(this.memory.scratch + from, length);
    }
    assert(count === length || this.memory.pool.free === 0, "short only when nothing is free");
    this.#remember(source.subarray(from, from + count));
  }

  appendForeign(): void {
    const { frames } = this.memory;
    const chain: number[] = [];
    const bytes: number[] = [];
    for (let i = this.#random.integer(1, 3); i > 0 && frames.free > 0; i--) {
      const frame = frames.take();
      const start = frames.blockStart(frame) + this.#random.integer(0, 8);
      const length = this.#random.integer(1, 32);
      this.memory.describe(frame, start, length);
      for (let at = start; at < start + length; at++) this.memory.bytes[at] = this.#random.uint32();
      bytes.push(...this.memory.bytes.subarray(start, start + length));
      if (chain.length > 0) frames.link(chain[chain.length - 1], frame);
      chain.push(frame);
    }
    if (chain.length === 0) return;
    this.writer.appendChain(chain[0], chain[chain.length - 1], bytes.length);
    this.#remember(bytes);
  }

  #remember(bytes: Iterable<number>): void {
    const before = this.twin.length;
    this.twin.push(...bytes);
    this.unpublished += this.twin.length - before;
  }

  publish(): void {
    this.writer.publish();
    this.unpublished = 0;
  }

  read(): void {
    const target = new Uint8Array(this.#random.integer(0, 60));
    const available = this.twin.length - this.unpublished;
    const count = this.reader.read(target);
    assertEquals(count, Math.min(target.length, available));
    assertEquals([...target.subarray(0, count)], this.twin.splice(0, count));
    assert(target.subarray(count).every((byte) => byte === 0), "nothing is written behind it");
    this.position += count;
  }

  check(): void {
    assertEquals(this.writer.pending, this.twin.length);
    assertEquals(this.reader.available, this.twin.length - this.unpublished);
    assertEquals(this.writer.read, this.position | 0);
    assertEquals(streamRead(this.memory.stream), this.position | 0);
    assertEquals(this.writer.written, (this.position + this.twin.length) | 0);
    const published = this.position + this.twin.length - this.unpublished;
    assertEquals(streamWritten(this.memory.stream), published | 0);
  }
}

Deno.test("Goal: a stream gives out what was put in, under any mixture of operations, and leaks nothing", () => {
  for (const start of STARTS) {
    forSeeds(40, (random) => {
      const pair = new Pair(random, start);
      for (let step = 0; step < 300; step++) {
        const kind = random.integer(0, 9);
        if (kind < 3) pair.append();
        else if (kind < 4) pair.appendForeign();
        else if (kind < 6) pair.publish();
        else if (kind < 9) pair.read();
        else pair.writer.reclaim();
        pair.check();
      }
      assert(
        start === 0 || pair.position > start + 300,
        "the stream went beyond the special place",
      );
      pair.publish();
      while (pair.twin.length > 0) pair.read();
      pair.writer.reclaim();
      assert(pair.memory.isEmpty, "a stream that holds no byte holds no block");
    });
  }
});

Deno.test("Goal: dispose gives everything back, read or not, published or not", () => {
  forSeeds(40, (random) => {
    const pair = new Pair(random, 0);
    for (let step = random.integer(0, 40); step > 0; step--) {
      const kind = random.integer(0, 4);
      if (kind < 2) pair.append();
      else if (kind === 2) pair.appendForeign();
      else if (kind === 3) pair.publish();
      else pair.read();
    }
    pair.writer.dispose();
    assert(pair.memory.isEmpty);
    pair.writer.dispose();
    assert(pair.memory.isEmpty, "twice is no harm");
  });
});

Deno.test("Goal: a block is freed when the reader is beyond it, not when it stands at its end", () => {
  const memory = new SmallMemory(SHAPE);
  const writer = new StreamWriter(memory, memory.stream);
  const reader = new StreamReader(memory.copier, memory.table, memory.stream);
  const source = Uint8Array.from({ length: 40 }, (_, index) => index);
  writer.appendArray(source, 0, 40);
  writer.publish();
  assertEquals(memory.pool.free, 3);
  reader.read(new Uint8Array(16));
  writer.reclaim();
  assertEquals(memory.pool.free, 3, "its link to the next block is still needed");
  const next = new Uint8Array(1);
  reader.read(next);
  assertEquals(next[0], 16);
  writer.reclaim();
  assertEquals(memory.pool.free, 4);
});

Deno.test("Goal: a stream whose reader has caught up starts afresh with the next append", () => {
  const memory = new SmallMemory(SHAPE);
  const writer = new StreamWriter(memory, memory.stream);
  const reader = new StreamReader(memory.copier, memory.table, memory.stream);
  const target = new Uint8Array(3);
  for (let round = 0; round < 20; round++) {
    writer.appendArray(Uint8Array.of(round, round + 1, round + 2), 0, 3);
    writer.publish();
    assertEquals(memory.pool.free, 5, "one block however many rounds: without reclaim too");
    assertEquals(memory.words[memory.stream.epoch], round + 1);
    assertEquals(reader.read(target), 3);
    assertEquals([...target], [round, round + 1, round + 2]);
  }
});

Deno.test("Goal: what is appended but not published is neither seen nor freed", () => {
  const memory = new SmallMemory(SHAPE);
  const writer = new StreamWriter(memory, memory.stream);
  const reader = new StreamReader(memory.copier, memory.table, memory.stream);
  writer.appendArray(Uint8Array.of(1, 2, 3), 0, 3);
  assertEquals([reader.available, reader.read(new Uint8Array(8))], [0, 0]);
  writer.reclaim();
  assertEquals([writer.pending, memory.pool.free], [3, 5]);
  writer.publish();
  const target = new Uint8Array(8);
  assertEquals([reader.read(target), [...target.subarray(0, 3)]], [3, [1, 2, 3]]);
});

Deno.test("Goal: an append without memory takes nothing and harms nothing", () => {
  const memory = new SmallMemory(SHAPE);
  while (memory.pool.take() !== NIL);
  const writer = new StreamWriter(memory, memory.stream);
  assertEquals(writer.appendArray(new Uint8Array(9), 0, 9), 0);
  assertEquals(writer.appendCopy(memory.scratch, 9), 0);
  assertEquals([writer.pending, memory.words[memory.stream.head]], [0, NIL]);
  memory.pool.give(memory.shape.frames);
  assertEquals(writer.appendArray(new Uint8Array(30), 0, 30), 16);
});

Deno.test("Goal: a new writer over used words begins a stream that knows nothing of the old one", () => {
  const memory = new SmallMemory(SHAPE);
  const old = new StreamWriter(memory, memory.stream);
  old.appendArray(new Uint8Array(20), 0, 20);
  old.publish();
  publishRead(memory.stream, 7);
  old.dispose();
  const writer = new StreamWriter(memory, memory.stream);
  const reader = new StreamReader(memory.copier, memory.table, memory.stream);
  assertEquals([writer.pending, writer.read, reader.available], [0, 0, 0]);
  writer.appendArray(Uint8Array.of(9), 0, 1);
  writer.publish();
  const target = new Uint8Array(1);
  assertEquals([reader.read(target), target[0]], [1, 9]);
});

Deno.test("Goal: cursors walk a stream independently, and a copied one goes on from the same place", () => {
  forSeeds(60, (random) => {
    const pair = new Pair(random, 0);
    const { stream, table, bytes } = pair.memory;
    for (let i = 0; i < 6; i++) {
      if (random.fraction() < 0.7) pair.append();
      else pair.appendForeign();
    }
    pair.publish();
    const total = pair.twin.length;
    const first = new StreamCursor();
    const second = new StreamCursor();
    for (let step = 0; step < 40; step++) {
      const rest = total - first.position;
      if (random.fraction() < 0.2) second.copyFrom(first);
      if (random.fraction() < 0.3) {
        first.skip(stream, table, random.integer(0, rest));
      } else if (rest > 0) {
        const limit = random.integer(1, rest);
        const count = first.span(stream, table, limit);
        assert(count >= 1 && count <= limit);
        const start = first.start(stream, table);
        const expected = pair.twin.slice(first.position, first.position + count);
        assertEquals([...bytes.subarray(start, start + count)], expected);
        first.advance(random.integer(0, count));
      }
      if (second.position === total) continue;
      second.span(stream, table, 1);
      assertEquals(bytes[second.start(stream, table)], pair.twin[second.position]);
    }
    pair.writer.dispose();
  });
});

/** A stream between threads is small, so that it is full and empty many times. */
const THREADS_SHAPE = { blocks: 16, blockBytes: 1024, frames: 1, frameBytes: 64 };
const THREADS_BYTES = 6 * 1024 * 1024;

Deno.test("Goal: a stream from another thread arrives whole, and its memory goes home", async () => {
  const memory = new SmallMemory(THREADS_SHAPE);
  const task = { shape: THREADS_SHAPE, buffer: memory.buffer, bytes: THREADS_BYTES, seed: 11 };
  // The words of a stream that nobody has begun: an epoch of 0 and nothing written.
  await using peer = startPeer({ role: "streamProducer", ...task });
  const reader = new StreamReader(memory.copier, memory.table, memory.stream);
  const mine = new Bell(memory.words, CONSUMER_BELL);
  const other = new Bell(memory.words, PRODUCER_BELL);
  const random = new SeededRandom(12);
  const target = new Uint8Array(5000);
  let taken = 0;
  while (taken < THREADS_BYTES) {
    const count = reader.read(target.subarray(0, random.integer(1, target.length)));
    for (let i = 0; i < count; i++) {
      if (target[i] !== byteAt(taken + i)) {
        assertEquals(target[i], byteAt(taken + i), `${taken + i}`);
      }
    }
    taken += count;
    other.ring();
    if (count > 0) continue;
    mine.announceSleep();
    if (reader.available > 0) mine.announceAwake();
    else await peer.race(Promise.resolve(mine.sleepAsync()));
  }
  assertEquals(await peer.done, 0, "blocks that the producer still holds");
});

Deno.test("Goal: a stream to another thread arrives whole, and its memory comes home", async () => {
  const memory = new SmallMemory(THREADS_SHAPE);
  const writer = new StreamWriter(memory, memory.stream);
  const task = { shape: THREADS_SHAPE, buffer: memory.buffer, bytes: THREADS_BYTES, seed: 21 };
  await using peer = startPeer({ role: "streamConsumer", ...task });
  const mine = new Bell(memory.words, PRODUCER_BELL);
  const other = new Bell(memory.words, CONSUMER_BELL);
  const random = new SeededRandom(22);
  const source = new Uint8Array(3000);
  let sent = 0;
  while (sent < THREADS_BYTES) {
    writer.reclaim();
    const length = Math.min(random.integer(1, source.length), THREADS_BYTES - sent);
    for (let i = 0; i < length; i++) source[i] = byteAt(sent + i);
    const count = writer.appendArray(source, 0, length);
    sent += count;
    writer.publish();
    other.ring();
    if (count > 0) continue;
    mine.announceSleep();
    const read = writer.read;
    writer.reclaim();
    if (memory.pool.free > 0 || writer.read !== read) mine.announceAwake();
    else await peer.race(Promise.resolve(mine.sleepAsync()));
  }
  assertEquals(await peer.done, THREADS_BYTES);
  writer.reclaim();
  assert(memory.isEmpty);
});

Deno.test("Goal: another writer and another cursor go on where drained ones have stopped", () => {
  const memory = new SmallMemory(SHAPE);
  const text = Uint8Array.from({ length: 60 }, (_, i) => byteAt(i));
  const reader = new StreamReader(memory.copier, memory.table, memory.stream);
  const target = new Uint8Array(60);
  let writer = new StreamWriter(memory, memory.stream);
  const cursor = new StreamCursor();
  const words = new Int32Array(4);
  for (let at = 0; at < 60; at += 20) {
    writer.appendArray(text, at, 20);
    assert(!writer.isDrained, "it holds what nobody has read, and has not published it");
    writer.publish();
    const other = new StreamCursor();
    other.restore(words, 0);
    other.skip(memory.stream, memory.table, 20);
    other.save(words, 0);
    cursor.skip(memory.stream, memory.table, 20);
    assertEquals([other.position, words[0]], [cursor.position, at + 20]);
    assertEquals(reader.read(target.subarray(at)), 20);
    writer.reclaim();
    assert(writer.isDrained && memory.isEmpty);
    writer = new StreamWriter(memory, memory.stream, true);
    assertEquals([writer.written, writer.pending], [at + 20, 0]);
  }
  assertEquals(target, text);
});
