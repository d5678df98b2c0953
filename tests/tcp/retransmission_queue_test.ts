// The retransmission queue: order, marks and byte counts, alone and against a naive twin.
import { assert, assertEquals } from "@std/assert";
import type { SeededRandom } from "../../src/base/random.ts";
import {
  NO_SEGMENT,
  RetransmissionQueue,
  Sent,
  SentSegmentPool,
} from "../../src/tcp/retransmission_queue.ts";
import { forSeeds } from "../support/seeds.ts";

/** Where sequence numbers begin, such that they pass the sign bit early. */
const ISS = 0x7fff_ff00 | 0;

/** A segment as the naive twin keeps it; numbers are offsets from ISS. */
interface Twin {
  start: number;
  end: number;
  flags: number;
  at: number;
}

/** Every segment of a queue, oldest first. */
function segmentsOf(queue: RetransmissionQueue): number[] {
  const all: number[] = [];
  for (let s = queue.head; s !== NO_SEGMENT; s = queue.next(s)) {
    all.push(s);
    assert(all.length < 100_000, "the list goes round");
  }
  return all;
}

function seen(queue: RetransmissionQueue): Twin[] {
  return segmentsOf(queue).map((s) => ({
    start: (queue.start(s) - ISS) | 0,
    end: (queue.end(s) - ISS) | 0,
    flags: queue.flags(s),
    at: queue.sentAtUs(s),
  }));
}

function seqOf(offset: number): number {
  return (ISS + offset) | 0;
}

/** A queue of `count` segments of 100 bytes, sent a microsecond apart from 1 on. */
function filled(count: number): { pool: SentSegmentPool; queue: RetransmissionQueue } {
  const pool = new SentSegmentPool();
  const queue = new RetransmissionQueue(pool);
  for (let i = 0; i < count; i++) queue.push(seqOf(100 * i), seqOf(100 * (i + 1)), i + 1);
  return { pool, queue };
}

Deno.test("retransmission queue: acknowledged segments leave from the left, a split one by half", () => {
  // Goal: popBefore takes exactly what lies before the ACK, one segment for each call.
  const { pool, queue } = filled(3);
  assertEquals(queue.popBefore(seqOf(0)), false);
  assertEquals([queue.popBefore(seqOf(150)), queue.popBefore(seqOf(150))], [true, true]);
  assertEquals(queue.popBefore(seqOf(150)), false);
  assertEquals(seen(queue).map(({ start, end }) => [start, end]), [[150, 200], [200, 300]]);
  assertEquals(pool.taken, 2);
  while (queue.popBefore(seqOf(300)));
  assertEquals([queue.head, queue.tail, pool.taken], [NO_SEGMENT, NO_SEGMENT, 0]);
  assertEquals(queue.popBefore(seqOf(400)), false);
});

Deno.test("retransmission queue: the tail moves with a split, and what is pushed follows it", () => {
  // Goal: a new segment is linked behind the second half.
  const { queue } = filled(1);
  queue.split(queue.head, seqOf(40));
  queue.push(seqOf(100), seqOf(200), 9);
  assertEquals(seen(queue).map(({ start }) => start), [0, 40, 100]);
  assertEquals(queue.start(queue.tail), seqOf(100));
});

Deno.test("retransmission queue: two segments become one, also at the tail", () => {
  // Goal: the list and the counts are those of one segment, and its place goes back.
  const { pool, queue } = filled(3);
  for (const segment of segmentsOf(queue)) queue.markLost(segment);
  queue.join(queue.head);
  assertEquals(seen(queue).map(({ start, end }) => [start, end]), [[0, 200], [200, 300]]);
  queue.join(queue.head);
  assertEquals(seen(queue).map(({ start, end }) => [start, end]), [[0, 300]]);
  assertEquals([queue.head, queue.lostBytes, pool.taken], [queue.tail, 300, 1]);
  queue.push(seqOf(300), seqOf(400), 9);
  assertEquals(seen(queue).map(({ start }) => start), [0, 300]);
  while (queue.popBefore(seqOf(400)));
  assertEquals([pool.taken, queue.lostBytes], [0, 0]);
});

Deno.test("retransmission queue: the life of a segment that is lost, sent again and lost again", () => {
  // Goal: the bytes on the path (RFC 6675's pipe) at every step.
  const { queue } = filled(4);
  const [first, second] = segmentsOf(queue);
  assertEquals(queue.pipe(400), 400);
  queue.markLost(first);
  assertEquals([queue.pipe(400), queue.firstToRepeat(queue.head)], [300, first]);
  queue.markAgain(first, 50);
  assertEquals([queue.pipe(400), queue.firstToRepeat(queue.head)], [400, NO_SEGMENT]);
  assertEquals(queue.sentAtUs(first), 50);
  queue.markLost(first);
  assertEquals([queue.pipe(400), queue.firstToRepeat(queue.head)], [300, first]);
  queue.markSacked(second);
  assertEquals(queue.pipe(400), 200);
  queue.markAgain(first, 60);
  queue.markSacked(first);
  assertEquals([queue.pipe(400), queue.lostBytes, queue.againBytes], [200, 0, 0]);
  assertEquals(queue.flags(first), Sent.sacked | Sent.everAgain);
});

Deno.test("retransmission queue: a probe is remembered, but does not count as lost", () => {
  // Goal: Karn's rule for it, and the time of its last copy.
  const { queue } = filled(2);
  queue.touch(queue.tail, 77);
  assertEquals([queue.flags(queue.tail), queue.sentAtUs(queue.tail)], [Sent.everAgain, 77]);
  assertEquals([queue.lostBytes, queue.againBytes, queue.pipe(200)], [0, 0, 200]);
});

Deno.test("retransmission queue: a timeout keeps what the peer has, unless it has broken its word", () => {
  // Goal: RFC 2018 section 8.
  const { queue } = filled(3);
  queue.markSacked(segmentsOf(queue)[1]);
  queue.markAllLost(false, Infinity);
  assertEquals([queue.sackedBytes, queue.lostBytes], [100, 200]);
  queue.markAllLost(true, Infinity);
  assertEquals([queue.sackedBytes, queue.lostBytes], [0, 300]);
});

Deno.test("retransmission queue: connections share a pool that grows, and give everything back", () => {
  // Goal: places are used again before there are more of them, and growing keeps what is there.
  const pool = new SentSegmentPool();
  const queues = Array.from({ length: 3 }, () => new RetransmissionQueue(pool));
  for (let i = 0; i < 3000; i++) {
    queues[i % 3].push(seqOf(i), seqOf(i + 1), i);
  }
  assertEquals(pool.taken, 3000);
  const places = pool.sentAtUs.length;
  assertEquals(seen(queues[1]).map(({ start }) => start % 3).every((rest) => rest === 1), true);
  queues[0].clear();
  assertEquals([pool.taken, seen(queues[2]).length], [2000, 1000]);
  for (let i = 0; i < 1000; i++) queues[0].push(seqOf(i), seqOf(i + 1), i);
  assertEquals(pool.sentAtUs.length, places);
  for (const queue of queues) queue.clear();
  assertEquals(pool.taken, 0);
});

// --- The naive twin ---

/** A whole number from 0 up to, not including, `limit`. */
function below(random: SeededRandom, limit: number): number {
  return Math.floor(random.fraction() * limit);
}

/** One queue and its twin, under the same operations. */
class Pair {
  readonly queue: RetransmissionQueue;
  readonly twin: Twin[] = [];
  #next = 0;
  #una = 0;

  constructor(pool: SentSegmentPool) {
    this.queue = new RetransmissionQueue(pool);
  }

  step(random: SeededRandom, now: number): void {
    const { queue, twin } = this;
    const index = twin.length === 0 ? -1 : below(random, twin.length);
    const segment = index < 0 ? NO_SEGMENT : segmentsOf(queue)[index];
    const it = twin[index];
    const operation = below(random, 20);
    if (index < 0 || operation < 6) return this.#push(1 + below(random, 5000), now);
    if (operation < 9) return this.#split(segment, it, index, random);
    if (operation < 11) return this.#acknowledge(below(random, this.#next - this.#una + 1));
    const everAgain = it.flags & Sent.everAgain;
    switch (operation) {
      case 11:
      case 12:
        queue.markSacked(segment);
        it.flags = everAgain | Sent.sacked;
        break;
      case 13:
      case 14:
        queue.markLost(segment);
        it.flags = everAgain | Sent.lost;
        break;
      case 15:
        queue.markAgain(segment, now);
        it.flags = Sent.lost | Sent.again | Sent.everAgain;
        it.at = now;
        break;
      case 16:
        queue.unmarkLost(segment);
        it.flags &= ~(Sent.lost | Sent.again);
        break;
      case 17:
        queue.touch(segment, now);
        it.flags |= Sent.everAgain;
        it.at = now;
        break;
      case 18:
        this.#loseAll(below(random, 2) === 1);
        break;
      case 19:
        if (below(random, 10) > 0) break;
        queue.clear();
        twin.length = 0;
        this.#una = this.#next;
    }
  }

  #push(length: number, now: number): void {
    const end = this.#next + length;
    this.queue.push(seqOf(this.#next), seqOf(end), now);
    this.twin.push({ start: this.#next, end, flags: 0, at: now });
    this.#next = end;
  }

  #split(segment: number, it: Twin, index: number, random: SeededRandom): void {
    if (it.end - it.start < 2) return;
    const at = it.start + 1 + below(random, it.end - it.start - 1);
    const rest = this.queue.split(segment, seqOf(at));
    assertEquals(this.queue.start(rest), seqOf(at));
    this.twin.splice(index + 1, 0, { ...it, start: at });
    it.end = at;
  }

  #acknowledge(bytes: number): void {
    this.#una += bytes;
    while (this.queue.popBefore(seqOf(this.#una)));
    while (this.twin.length > 0 && this.twin[0].end <= this.#una) this.twin.shift();
    if (this.twin.length > 0) this.twin[0].start = Math.max(this.twin[0].start, this.#una);
  }

  #loseAll(forget: boolean): void {
    this.queue.markAllLost(forget, Infinity);
    for (const it of this.twin) {
      if (forget || (it.flags & Sent.sacked) === 0) {
        it.flags = (it.flags & Sent.everAgain) | Sent.lost;
      }
    }
  }

  check(): void {
    const { queue, twin } = this;
    assertEquals(seen(queue), twin);
    const sum = (bit: number) =>
      twin.reduce((bytes, it) => bytes + ((it.flags & bit) !== 0 ? it.end - it.start : 0), 0);
    assertEquals(
      [queue.sackedBytes, queue.lostBytes, queue.againBytes],
      [sum(Sent.sacked), sum(Sent.lost), sum(Sent.again)],
    );
    for (const { flags } of twin) {
      const marks = flags & (Sent.sacked | Sent.lost | Sent.again);
      assert(marks !== Sent.again && (marks & Sent.sacked) === 0 || marks === Sent.sacked);
    }
    const pipe = this.#next - this.#una;
    assert(
      queue.pipe(pipe) >= 0 && queue.pipe(pipe) <= pipe,
      `pipe ${queue.pipe(pipe)} of ${pipe}`,
    );
    const repeat = twin.find((it) => (it.flags & (Sent.lost | Sent.again)) === Sent.lost);
    const found = queue.firstToRepeat(queue.head);
    assertEquals(
      found === NO_SEGMENT ? undefined : queue.start(found),
      repeat && seqOf(repeat.start),
    );
    assertEquals(queue.tail === NO_SEGMENT, twin.length === 0);
    if (twin.length > 0) assertEquals(queue.end(queue.tail), seqOf(twin.at(-1)!.end));
  }
}

Deno.test("retransmission queue: two of them in one pool are what their naive twins are", () => {
  // Goal: byte counts are sums, marks exclude each other, order and memory are kept: 100 seeds.
  forSeeds(100, (random) => {
    const pool = new SentSegmentPool();
    const pairs = [new Pair(pool), new Pair(pool)];
    for (let now = 1; now <= 300; now++) {
      const pair = pairs[below(random, 2)];
      pair.step(random, now);
      pair.check();
    }
    assertEquals(pool.taken, pairs[0].twin.length + pairs[1].twin.length);
    for (const { queue } of pairs) queue.clear();
    assertEquals(pool.taken, 0);
  });
});
