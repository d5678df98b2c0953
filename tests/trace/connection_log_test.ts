import { assert, assertEquals } from "@std/assert";
import { Progress, TraceKind } from "../../src/pipeline/trace_ring.ts";
import {
  ConnectionLog,
  FIRST_LINES,
  LAST_LINES,
  SAMPLES_MAX,
} from "../../src/trace/connection_log.ts";

const HEADERS = Uint8Array.from({ length: 120 }, (_, i) => i);

Deno.test("a log gives back what was put into it, in order", () => {
  const log = new ConnectionLog();
  log.segment(TraceKind.segmentIn, 1000, 7, 0, HEADERS, 52);
  log.state(1001, 1, 3);
  log.segment(TraceKind.segmentOut, 1002, 2896, 1448, HEADERS, 40);
  assertEquals(log.part(0, 10), {
    lines: [
      [0, 1000, TraceKind.segmentIn, 7, 0, HEADERS.subarray(0, 52).toBase64()],
      [1, 1001, TraceKind.state, 1, 3],
      [2, 1002, TraceKind.segmentOut, 2896, 1448, HEADERS.subarray(0, 40).toBase64()],
    ],
    skipped: 0,
    next: 3,
  });
  assertEquals(log.part(3, 10), { lines: [], skipped: 0, next: 3 });
  assertEquals(log.part(1, 1).next, 2);
});

Deno.test("of a long log the first lines and the last ones are kept, and a reader hears of the gap", () => {
  // Goal: memory is bounded, the handshake stays, and every line is told once or counted as skipped.
  const log = new ConnectionLog();
  const count = 5000;
  for (let i = 0; i < count; i++) {
    log.segment(TraceKind.segmentIn, i, i, 0, HEADERS, 40 + (i % 80));
  }
  const seen: number[] = [];
  let skipped = 0;
  for (let next = 0; next < count;) {
    const part = log.part(next, 100);
    assert(part.next > next);
    skipped += part.skipped;
    for (const line of part.lines) {
      assertEquals([line[1], line[3]], [line[0], line[0]]);
      seen.push(line[0]);
    }
    next = part.next;
  }
  const kept = [...Array(count).keys()].filter((i) => i < FIRST_LINES || i >= count - LAST_LINES);
  assertEquals(seen, kept);
  assertEquals(skipped, count - kept.length);
});

Deno.test("samples of a long life are thinned out and stay in order", () => {
  // Goal: bounded memory, with the beginning and the end in it.
  const log = new ConnectionLog();
  const progress = new Progress();
  const count = 20_000;
  for (let i = 0; i < count; i++) {
    progress.cwndBytes = i;
    log.sample(i * 100, progress);
  }
  const samples = log.samplesAfter(-1);
  assert(samples.length <= SAMPLES_MAX && samples.length >= SAMPLES_MAX / 4, `${samples.length}`);
  assertEquals(samples[0].slice(0, 3), [0, 0, -1]);
  assert(samples.every(([timeUs, cwnd]) => timeUs === cwnd * 100));
  assert(samples.every(([timeUs], i) => i === 0 || timeUs > samples[i - 1][0]));
  assert(samples.at(-1)![0] > count * 95);
  assertEquals(log.samplesAfter(samples.at(-2)![0]), [samples.at(-1)!]);
});
