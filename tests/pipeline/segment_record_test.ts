import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/base/random.ts";
import { readSegmentRecord, writeSegmentRecord } from "../../src/pipeline/segment_record.ts";
import { SEGMENT_WORDS } from "../../src/ring/layout.ts";
import type { Segment } from "../../src/wire/segment.ts";
import { randomCounters, randomSegment, staleSegment } from "../wire/frames.ts";

const SEED = 0x5e6;

Deno.test("segment record: every field survives, into a segment full of other values", () => {
  const random = new SeededRandom(SEED);
  const words = new Int32Array(3 * SEGMENT_WORDS);
  for (let round = 0; round < 500; round++) {
    const segment = randomSegment(random);
    randomCounters(segment, random);
    segment.slot = random.integer(-1, 255);
    segment.payloadOffset = random.integer(0, 0x7fff_ffff);
    segment.payloadLength = random.integer(0, 65_535);
    segment.gsoSize = random.integer(0, 65_535);
    segment.icmpType = random.integer(0, 255);
    segment.icmpCode = random.integer(0, 255);
    segment.icmpMtu = random.integer(0, 65_535);
    segment.foreign = random.integer(0, 1) === 1;
    for (const name of ["src0", "src1", "src2", "dst0", "dst1", "dst2"] as const) {
      segment[name] = random.uint32() | 0;
    }
    const kind = random.integer(0, 3);
    words.fill(-7);
    writeSegmentRecord(words, SEGMENT_WORDS, kind, segment);
    const read = staleSegment();
    assertEquals(readSegmentRecord(words, SEGMENT_WORDS, read), kind);
    // Edges beyond `sackCount` mean nothing and are not carried.
    copyUnusedEdges(segment, read);
    assertEquals(read, segment, `seed ${SEED}, round ${round}`);
  }
});

Deno.test("segment record: it stays within its place", () => {
  const words = new Int32Array(3 * SEGMENT_WORDS).fill(-7);
  writeSegmentRecord(words, SEGMENT_WORDS, 1, randomSegment(new SeededRandom(SEED)));
  const outside = [...words.subarray(0, SEGMENT_WORDS), ...words.subarray(2 * SEGMENT_WORDS)];
  assertEquals(outside.every((word) => word === -7), true);
});

function copyUnusedEdges(from: Segment, to: Segment): void {
  for (let i = from.sackCount; i < 4; i++) {
    const left = `sackLeft${i}` as "sackLeft0";
    const right = `sackRight${i}` as "sackRight0";
    to[left] = from[left];
    to[right] = from[right];
  }
}
