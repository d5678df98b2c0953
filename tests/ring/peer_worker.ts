/** The other thread of the tests with two threads. It may block, as the stack's workers may. */

import { parentPort, workerData } from "node:worker_threads";
import { SeededRandom } from "../../src/base/random.ts";
import { Bell } from "../../src/ring/bell.ts";
import { RingProducer } from "../../src/ring/ring.ts";
import { StreamReader, StreamWriter } from "../../src/ring/stream.ts";
import type { HandOverTask, PeerTask, RingTask, StreamTask } from "./peer.ts";
import { byteAt, SmallMemory } from "./small_memory.ts";
import { CONSUMER_BELL, PRODUCER_BELL } from "./stream_bells.ts";

/** Long enough that a sleep which lasts as long was not ended by a bell. */
const SLEEP_MS = 20_000;

function ringProducer({ ring, count }: RingTask): number {
  const producer = new RingProducer(ring);
  const batch = new SeededRandom(1);
  let sent = 0;
  while (sent < count) {
    for (let i = batch.integer(1, 20); i > 0 && sent < count; i--) {
      const at = producer.claim();
      if (at < 0) break;
      for (let word = 0; word < 4; word++) ring.words[at + word] = sent ^ word;
      producer.push();
      sent++;
    }
    producer.publish();
  }
  return sent;
}

function streamProducer({ shape, buffer, bytes, seed }: StreamTask): number {
  const memory = new SmallMemory(shape, buffer);
  const writer = new StreamWriter(memory, memory.stream);
  const mine = new Bell(memory.words, PRODUCER_BELL);
  const other = new Bell(memory.words, CONSUMER_BELL);
  const random = new SeededRandom(seed);
  const source = new Uint8Array(3 * shape.blockBytes);
  let sent = 0;
  while (sent < bytes) {
    writer.reclaim();
    const length = Math.min(random.integer(1, source.length), bytes - sent);
    for (let i = 0; i < length; i++) source[i] = byteAt(sent + i);
    const count = writer.appendArray(source, 0, length);
    sent += count;
    writer.publish();
    other.ring();
    if (count > 0) continue;
    mine.announceSleep();
    // Full, and nothing new was read: the consumer's bell will come.
    const read = writer.read;
    writer.reclaim();
    if (memory.pool.free > 0 || writer.read !== read) mine.announceAwake();
    else mine.sleep(SLEEP_MS);
  }
  while (writer.pending > 0) {
    mine.announceSleep();
    if (writer.pending === 0) mine.announceAwake();
    else mine.sleep(SLEEP_MS);
  }
  writer.reclaim();
  return memory.pool.count - memory.pool.free;
}

function streamConsumer({ shape, buffer, bytes, seed }: StreamTask): number {
  const memory = new SmallMemory(shape, buffer);
  const reader = new StreamReader(memory.bytes, memory.table, memory.stream);
  const mine = new Bell(memory.words, CONSUMER_BELL);
  const other = new Bell(memory.words, PRODUCER_BELL);
  const random = new SeededRandom(seed);
  let taken = 0;
  while (taken < bytes) {
    const target = new Uint8Array(random.integer(1, 3 * shape.blockBytes));
    const count = reader.read(target);
    for (let i = 0; i < count; i++) {
      if (target[i] !== byteAt(taken + i)) throw new Error(`byte ${taken + i} is ${target[i]}`);
    }
    taken += count;
    other.ring();
    if (count > 0) continue;
    mine.announceSleep();
    if (reader.available > 0) mine.announceAwake();
    else mine.sleep(SLEEP_MS);
  }
  return taken;
}

/** Hands numbers on; returns how many sleeps no bell ended. */
function handOver(task: HandOverTask): number {
  const { words, from, to, count } = task;
  const mine = new Bell(words, task.myBell);
  const other = new Bell(words, task.otherBell);
  const random = new SeededRandom(task.seed);
  let lost = 0;
  for (let number = 1; number <= count; number++) {
    while (Atomics.load(words, from) < number) {
      // Sometimes late, so that the bell is rung before, between and after the two steps.
      for (let spin = random.integer(0, 30); spin > 0; spin--) Atomics.load(words, to);
      mine.announceSleep();
      if (Atomics.load(words, from) >= number) {
        mine.announceAwake();
        break;
      }
      const before = performance.now();
      mine.sleep(SLEEP_MS);
      if (performance.now() - before >= SLEEP_MS) lost++;
      if (lost > 0) return lost;
    }
    Atomics.store(words, to, number + task.adds);
    other.ring();
  }
  return lost;
}

function run(task: PeerTask): number {
  switch (task.role) {
    case "ringProducer":
      return ringProducer(task);
    case "streamProducer":
      return streamProducer(task);
    case "streamConsumer":
      return streamConsumer(task);
    case "handOver":
      return handOver(task);
  }
}

parentPort?.postMessage(run(workerData as PeerTask));
