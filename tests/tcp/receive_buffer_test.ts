import { assert, assertEquals } from "@std/assert";
import type { SeededRandom } from "../../src/base/random.ts";
import { seqAdd, seqDiff } from "../../src/base/seq.ts";
import { NIL } from "../../src/ring/pool.ts";
import { StreamReader } from "../../src/ring/stream.ts";
import { Stored } from "../../src/tcp/out_of_order.ts";
import { ReceiveBuffer } from "../../src/tcp/receive_buffer.ts";
import { Segment } from "../../src/wire/segment.ts";
import { byteAt, SmallMemory } from "../ring/small_memory.ts";
import { forSeeds } from "../support/seeds.ts";

const BLOCK_BYTES = 16;
const FRAME_BYTES = 64;
const BASES = [12_345, 0x7fff_ffff - 300, -300];
const WINDOW_BYTES = 200;

interface Options {
  readonly base: number;
  readonly blocks: number;
  readonly frames: number;
  readonly ranges: number;
  /** Whether each copy of a byte has a value of its own, so that one sees which was taken. */
  readonly differing: boolean;
}

/** A receiver and its twin: what is held ahead by offset, and what is in order but not read. */
class Receiver {
  readonly memory: SmallMemory;
  readonly buffer: ReceiveBuffer;
  readonly reader: StreamReader;
  readonly ahead = new Map<number, number>();
  readonly unread: number[] = [];
  /** RCV.NXT as an offset from the base. */
  next = 0;
  readonly #options: Options;
  readonly #segment = new Segment();

  constructor(options: Options) {
    const { blocks, frames, ranges } = options;
    this.#options = options;
    const shape = { blocks, blockBytes: BLOCK_BYTES, frames, frameBytes: FRAME_BYTES };
    this.memory = new SmallMemory(shape);
    this.buffer = new ReceiveBuffer(this.memory, this.memory.stream, WINDOW_BYTES, ranges);
    this.reader = new StreamReader(this.memory.copier, this.memory.table, this.memory.stream);
  }

  #seq(offset: number): number {
    return seqAdd(this.#options.base, offset);
  }

  /** A segment arrives, in a frame if one is free, at RCV.NXT or behind it or across it. */
  arrive(random: SeededRandom): void {
    const start = this.next + random.integer(-20, WINDOW_BYTES - 1);
    const longest = Math.min(FRAME_BYTES, this.next + WINDOW_BYTES - start);
    const bytes = Array.from(
      { length: random.integer(1, longest) },
      (_, i) => this.#options.differing ? random.integer(0, 255) : byteAt(start + i),
    );
    if (start + bytes.length <= this.next) return;
    const slot = this.memory.frames.take();
    const offset = slot === NIL ? this.memory.scratch : this.memory.frames.blockStart(slot);
    this.memory.bytes.set(bytes, offset);
    this.#segment.slot = slot;
    this.memory.adopts = random.fraction() < 0.5;
    if (start > this.next) this.#acceptAhead(start, bytes, offset);
    else this.#acceptInOrder(start, bytes, offset);
    // As the engine does: the frame is free unless the buffer has kept it.
    if (this.#segment.slot !== NIL) this.memory.frames.give(this.#segment.slot);
    this.buffer.publish();
    this.#checkRanges();
  }

  #acceptAhead(start: number, bytes: readonly number[], offset: number): void {
    const stored = this.buffer.acceptAhead(this.#seq(start), offset, bytes.length);
    const held = this.#held();
    let missed = 0;
    bytes.forEach((byte, i) => {
      if (this.ahead.has(start + i)) return;
      if (held.has(start + i)) this.ahead.set(start + i, byte);
      else missed++;
    });
    assertEquals(stored === Stored.all, missed === 0);
  }

  #acceptInOrder(start: number, bytes: readonly number[], offset: number): void {
    const end = start + bytes.length;
    const skipped = this.next - start;
    const after = this.buffer.acceptInOrder(
      this.#segment,
      this.#seq(this.next),
      this.#seq(end),
      offset + skipped,
    );
    const next = seqDiff(after, this.#options.base);
    assert(next >= this.next);
    if (next < end) {
      assertEquals(this.memory.pool.free, 0, "short only without memory");
      assertEquals(this.buffer.outOfOrder, null, "and not while bytes ahead hold some");
    }
    const held = this.#held();
    for (let at = this.next; at < next; at++) {
      const byte = this.ahead.get(at) ?? bytes[at - start];
      assert(byte !== undefined, "a byte that never came");
      this.unread.push(byte);
      this.ahead.delete(at);
    }
    this.next = next;
    // What was given up for bytes in order comes again.
    for (const at of this.ahead.keys()) {
      if (held.has(at)) continue;
      assertEquals(this.#options.differing, false, "nothing is given up while there is memory");
      this.ahead.delete(at);
    }
    assert(!this.ahead.has(this.next), "what joins up is taken at once");
  }

  #held(): Set<number> {
    const held = new Set<number>();
    const queue = this.buffer.outOfOrder;
    for (let i = 0; queue !== null && i < queue.count; i++) {
      const [left, right] = [queue.left[i], queue.right[i]];
      for (let seq = left; seq !== right; seq = seqAdd(seq, 1)) {
        held.add(seqDiff(seq, this.#options.base));
      }
    }
    return held;
  }

  #checkRanges(): void {
    const queue = this.buffer.outOfOrder;
    assert(queue === null || queue.count > 0, "the queue is gone when its last range is");
    assertEquals(this.#held(), new Set([...this.ahead.keys()].sort((a, b) => a - b)));
  }

  read(random: SeededRandom): void {
    const target = new Uint8Array(random.integer(0, 100));
    const count = this.reader.read(target);
    assertEquals(count, Math.min(target.length, this.unread.length));
    assertEquals([...target.subarray(0, count)], this.unread.splice(0, count));
    assertEquals(this.buffer.stream.pending, this.unread.length);
    assertEquals(this.buffer.space, Math.max(0, WINDOW_BYTES - this.unread.length));
    if (random.fraction() < 0.5) this.buffer.reclaim();
  }
}

function run(random: SeededRandom, receiver: Receiver, steps: number): void {
  for (let step = 0; step < steps; step++) {
    if (random.fraction() < 0.7) receiver.arrive(random);
    else receiver.read(random);
  }
}

Deno.test("Goal: the application reads every byte once and in order, the first copy of each", () => {
  for (const base of BASES) {
    forSeeds(60, (random) => {
      const options = { base, blocks: 200, frames: 100, ranges: 200, differing: true };
      const receiver = new Receiver(options);
      run(random, receiver, 300);
      assert(receiver.next > 600, "the stream went beyond the special place");
      receiver.buffer.dispose();
      assert(receiver.memory.isEmpty, "nothing leaks");
    });
  }
});

Deno.test("Goal: with few ranges, little memory and few frames no byte is lost, doubled or leaked", () => {
  for (const base of BASES) {
    forSeeds(80, (random) => {
      const receiver = new Receiver({
        base,
        blocks: random.integer(1, 14),
        frames: random.integer(1, 4),
        ranges: random.integer(1, 4),
        differing: false,
      });
      run(random, receiver, 300);
      receiver.buffer.dispose();
      assert(receiver.memory.isEmpty, "nothing leaks");
    });
  }
});

Deno.test("Goal: bytes that are next in order take the memory of bytes that are ahead", () => {
  const shape = { blocks: 2, blockBytes: BLOCK_BYTES, frames: 1, frameBytes: FRAME_BYTES };
  const memory = new SmallMemory(shape);
  memory.adopts = false;
  const buffer = new ReceiveBuffer(memory, memory.stream, WINDOW_BYTES, 4);
  buffer.acceptAhead(50, memory.scratch, 5);
  buffer.acceptAhead(70, memory.scratch, 5);
  assertEquals([memory.pool.free, buffer.outOfOrder?.count], [0, 2]);
  assertEquals(buffer.acceptInOrder(new Segment(), 0, 10, memory.scratch), 10);
  assertEquals([...buffer.outOfOrder!.left.subarray(0, 1), buffer.outOfOrder!.count], [50, 1]);
  assertEquals(buffer.acceptInOrder(new Segment(), 10, 40, memory.scratch), 32);
  assertEquals(buffer.outOfOrder, null, "no range is left that a SACK could name");
  buffer.dispose();
  assert(memory.isEmpty);
});

Deno.test("Goal: a frame that is kept is not copied, and goes home when it has been read", () => {
  const shape = { blocks: 2, blockBytes: BLOCK_BYTES, frames: 2, frameBytes: FRAME_BYTES };
  const memory = new SmallMemory(shape);
  const buffer = new ReceiveBuffer(memory, memory.stream, WINDOW_BYTES, 4);
  const reader = new StreamReader(memory.copier, memory.table, memory.stream);
  const segment = new Segment();
  const target = new Uint8Array(8);
  for (let round = 1; round <= 3; round++) {
    segment.slot = memory.frames.take();
    const offset = memory.frames.blockStart(segment.slot);
    memory.bytes.set([1, 2, 3, 4, 5], offset);
    const next = 100 + 3 * (round - 1);
    assertEquals(buffer.acceptInOrder(segment, next, next + 3, offset + 2), next + 3);
    // The frame before it has been read: it is free without waiting for the application to say so.
    assertEquals([segment.slot, memory.pool.free, memory.frames.free], [NIL, 2, 1]);
    buffer.publish();
    assertEquals([reader.read(target), ...target.subarray(0, 3)], [3, 3, 4, 5]);
    assertEquals(buffer.readPosition, 3 * round);
  }
  buffer.reclaim();
  assert(memory.isEmpty);
});

Deno.test("Goal: a connection offers no more than its share of the memory, whatever its own limit", () => {
  const shape = { blocks: 2, blockBytes: BLOCK_BYTES, frames: 1, frameBytes: FRAME_BYTES };
  const memory = new SmallMemory(shape);
  const buffer = new ReceiveBuffer(memory, memory.stream, WINDOW_BYTES, 4);
  assertEquals(buffer.space, WINDOW_BYTES);
  memory.shareBytes = 20.5;
  assertEquals(buffer.space, 20);
  memory.adopts = false;
  assertEquals(buffer.acceptInOrder(new Segment(), 0, 15, memory.scratch), 15);
  assertEquals(buffer.space, 5, "what it holds counts");
  memory.shareBytes = 1;
  assertEquals(buffer.space, 0, "never negative");
  buffer.dispose();
});

Deno.test("Goal: when memory is scarce, whoever holds more than its share gets no more of it", () => {
  const shape = { blocks: 32, blockBytes: BLOCK_BYTES, frames: 1, frameBytes: FRAME_BYTES };
  const memory = new SmallMemory(shape);
  memory.adopts = false;
  const buffer = new ReceiveBuffer(memory, memory.stream, WINDOW_BYTES, 4);
  assertEquals(buffer.acceptInOrder(new Segment(), 0, 40, memory.scratch), 40);
  memory.shareBytes = 30;
  assertEquals(buffer.acceptInOrder(new Segment(), 40, 50, memory.scratch), 50, "there is enough");
  buffer.acceptAhead(70, memory.scratch, 5);
  const others: number[] = [];
  while (memory.pool.free > 1) others.push(memory.pool.take());
  assertEquals(buffer.acceptAhead(80, memory.scratch, 1), Stored.noMemory);
  assertEquals(buffer.acceptInOrder(new Segment(), 50, 60, memory.scratch), 60);
  assertEquals(buffer.outOfOrder, null, "what is ahead was given up for what is in order");
  while (memory.pool.free > 1) others.push(memory.pool.take());
  assertEquals(buffer.acceptInOrder(new Segment(), 60, 61, memory.scratch), 60, "no more");
  memory.shareBytes = 60;
  assertEquals(buffer.acceptInOrder(new Segment(), 60, 61, memory.scratch), 61, "its share");
  buffer.dispose();
  for (const block of others) memory.pool.give(block);
  assert(memory.isEmpty);
});
