import { assert, assertEquals } from "@std/assert";
import type { SeededRandom } from "../../src/base/random.ts";
import { StreamWriter } from "../../src/ring/stream.ts";
import { SendBuffer } from "../../src/tcp/send_buffer.ts";
import { SmallMemory } from "../ring/small_memory.ts";
import { forSeeds } from "../support/seeds.ts";

const SHAPE = { blocks: 12, blockBytes: 16, frames: 1, frameBytes: 64 };
const STARTS = [0, 2 ** 31 - 500, 2 ** 32 - 500];
/** What one descriptor claims to hold while a connection is brought to its start. */
const LEAP_BYTES = 1 << 30;
/** Words before and behind the pieces that nobody may touch. */
const FIRST = 2;

/** An application that writes, a peer that acknowledges, and a twin that keeps every byte. */
class Connection {
  readonly memory = new SmallMemory(SHAPE);
  readonly writer: StreamWriter;
  readonly send: SendBuffer;
  /** The bytes that are not acknowledged; the first is at position `acked`. */
  readonly twin: number[] = [];
  readonly pieces = new Int32Array(64);
  acked = 0;

  constructor(start: number) {
    this.writer = new StreamWriter(this.memory, this.memory.stream);
    this.send = new SendBuffer(this.memory.stream, this.memory.table);
    while (this.acked < start) this.#leap(Math.min(LEAP_BYTES, start - this.acked));
  }

  /** Lets many bytes pass that were never really there. */
  #leap(length: number): void {
    const frame = this.memory.frames.take();
    this.memory.describe(frame, 0, length);
    this.writer.appendChain(frame, frame, length);
    this.writer.publish();
    this.send.refresh();
    this.acked += length;
    this.send.acknowledge(this.acked | 0);
    this.send.publish();
    this.writer.reclaim();
  }

  write(random: SeededRandom): void {
    const source = Uint8Array.from({ length: random.integer(1, 40) }, () => random.uint32());
    const count = this.writer.appendArray(source, 0, source.length);
    this.twin.push(...source.subarray(0, count));
    this.writer.publish();
    if (random.fraction() < 0.9) this.send.refresh();
  }

  /** What is gathered from `offset` bytes behind the acknowledged ones. */
  gathered(offset: number, length: number): number[] {
    this.pieces.fill(-7);
    const end = this.send.gather((this.acked + offset) | 0, length, this.pieces, FIRST);
    const bytes: number[] = [];
    for (let i = FIRST; i < end; i += 2) {
      assert(this.pieces[i + 1] > 0, "no empty piece");
      bytes.push(
        ...this.memory.bytes.subarray(this.pieces[i], this.pieces[i] + this.pieces[i + 1]),
      );
    }
    assertEquals([this.pieces[FIRST - 1], this.pieces[end]], [-7, -7], "only pieces are written");
    return bytes;
  }

  acknowledge(count: number): void {
    this.acked += count;
    this.twin.splice(0, count);
    this.send.acknowledge(this.acked | 0);
  }

  check(): void {
    assertEquals(this.send.acked, this.acked | 0);
    assert(this.send.held >= 0 && this.send.held <= this.twin.length);
  }
}

Deno.test("Goal: any part of what is not acknowledged can be gathered, again and in any order", () => {
  for (const start of STARTS) {
    forSeeds(40, (random) => {
      const conn = new Connection(start);
      /** Where new data goes on, as SND.NXT does. */
      let next = 0;
      for (let step = 0; step < 300; step++) {
        const { held } = conn.send;
        switch (random.integer(0, 5)) {
          case 0:
          case 1:
            conn.write(random);
            break;
          case 2: {
            // New data: from where the last was sent.
            const length = random.integer(0, held - next);
            assertEquals(conn.gathered(next, length), conn.twin.slice(next, next + length));
            next += length;
            break;
          }
          case 3: {
            // A retransmission from anywhere.
            const from = random.integer(0, held);
            const length = random.integer(0, held - from);
            assertEquals(conn.gathered(from, length), conn.twin.slice(from, from + length));
            break;
          }
          case 4: {
            const count = random.integer(0, next);
            conn.acknowledge(count);
            next -= count;
            break;
          }
          case 5:
            conn.send.publish();
            assertEquals(conn.writer.read, conn.send.acked);
            conn.writer.reclaim();
        }
        conn.check();
      }
      assert(start === 0 || conn.acked > start + 500, "beyond the special place");
      conn.send.refresh();
      conn.acknowledge(conn.send.held);
      conn.send.publish();
      conn.writer.reclaim();
      assert(conn.memory.isEmpty, "all blocks are back");
    });
  }
});

Deno.test("Goal: an acknowledgment that is old or says nothing new changes nothing", () => {
  const conn = new Connection(0);
  conn.writer.appendArray(Uint8Array.of(1, 2, 3, 4), 0, 4);
  conn.writer.publish();
  conn.send.refresh();
  conn.send.acknowledge(2);
  for (const position of [2, 1, 0, -1, -1000]) conn.send.acknowledge(position);
  assertEquals([conn.send.acked, conn.send.held], [2, 2]);
  conn.acked = 2;
  assertEquals(conn.gathered(0, 2), [3, 4]);
});

Deno.test("Goal: data acknowledged beyond what this side thinks it sent next is passed over", () => {
  // After a timeout SND.NXT goes back, and an ACK of what was sent before jumps over it.
  const conn = new Connection(0);
  const source = Uint8Array.from({ length: 100 }, (_, index) => index);
  conn.writer.appendArray(source, 0, 100);
  conn.writer.publish();
  conn.send.refresh();
  conn.gathered(0, 90);
  conn.gathered(0, 10);
  conn.acknowledge(70);
  assertEquals(conn.gathered(0, 30), [...source.subarray(70)]);
});

Deno.test("Goal: blocks go back to the application only with publish", () => {
  const conn = new Connection(0);
  conn.writer.appendArray(new Uint8Array(40), 0, 40);
  conn.writer.publish();
  conn.send.refresh();
  conn.send.acknowledge(40);
  conn.writer.reclaim();
  assertEquals([conn.memory.pool.free, conn.writer.pending], [9, 40]);
  conn.send.publish();
  conn.writer.reclaim();
  assertEquals([conn.memory.isEmpty, conn.writer.pending], [true, 0]);
});
