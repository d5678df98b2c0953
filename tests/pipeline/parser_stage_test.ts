import { assertEquals, assertThrows } from "@std/assert";
import { Drop } from "../../src/base/drops.ts";
import { InputKind } from "../../src/ip/input.ts";
import { ParserStage } from "../../src/pipeline/parser_stage.ts";
import { readSegmentRecord } from "../../src/pipeline/segment_record.ts";
import { Layout, SMALL_DIMENSIONS } from "../../src/ring/layout.ts";
import { BlockPool, DESCRIPTOR_WORDS, START } from "../../src/ring/pool.ts";
import { RingConsumer, RingProducer } from "../../src/ring/ring.ts";
import { Segment } from "../../src/wire/segment.ts";
import { tcpFrame } from "../wire/frames.ts";
import { settings } from "./stage_parts.ts";

function rig() {
  const layout = new Layout(SMALL_DIMENSIONS);
  const stage = new ParserStage(layout, false, settings);
  const pool = new BlockPool(layout.slotPool);
  const frames = new RingProducer(layout.frames);
  const put = (frame: readonly number[]) => {
    const slot = pool.take();
    const start = layout.words[layout.slotPool.table + slot * DESCRIPTOR_WORDS + START];
    layout.memory.bytes.set(frame, start);
    const at = frames.claim();
    layout.words[at] = slot;
    layout.words[at + 1] = frame.length;
    frames.push();
    frames.publish();
    return slot;
  };
  const segments = new RingConsumer(layout.segments);
  const next = () => {
    const at = segments.next();
    if (at < 0) return null;
    const segment = new Segment();
    return { kind: readSegmentRecord(layout.words, at, segment), segment };
  };
  return { layout, stage, put, next };
}

Deno.test("parser: a frame becomes a record that names its slot and its payload", () => {
  const { layout, stage, put, next } = rig();
  const slot = put(tcpFrame({ seq: 77, payload: [1, 2, 3] }));
  assertEquals(stage.hasWork, true);
  let rings = 0;
  assertEquals(stage.run(64, 0, () => rings++), 1);
  assertEquals([rings, stage.hasWork], [1, false]);
  const record = next();
  assertEquals([record?.kind, record?.segment.slot, record?.segment.seq], [
    InputKind.tcp,
    slot,
    77,
  ]);
  const { payloadOffset, payloadLength } = record!.segment;
  const payload = layout.memory.bytes.subarray(payloadOffset, payloadOffset + payloadLength);
  assertEquals([...payload], [1, 2, 3]);
});

Deno.test("parser: a frame that is dropped is counted, and its slot still goes on", () => {
  // Goal: only the TCP thread gives slots back, so a slot that stops here would be lost.
  const { layout, stage, put, next } = rig();
  const slots = [put([]), put([0x45, 0]), put(tcpFrame({ checksumError: 1 }))];
  assertEquals(stage.run(64, 0, () => {}), 3);
  for (const slot of slots) {
    const record = next();
    assertEquals([record?.kind, record?.segment.slot], [InputKind.dropped, slot]);
  }
  assertEquals(next(), null);
  assertEquals(layout.parserCounters.drops(Drop.frameTruncated), 2);
  assertEquals(layout.parserCounters.drops(Drop.tcpChecksumInvalid), 1);
});

Deno.test("parser: it takes no more than it is asked for", () => {
  const { stage, put } = rig();
  for (let i = 0; i < 5; i++) put(tcpFrame());
  assertEquals([stage.run(2, 0, () => {}), stage.run(2, 0, () => {}), stage.run(2, 0, () => {})], [
    2,
    2,
    1,
  ]);
});

Deno.test("parser: more records than slots is an error in the program, and says so", () => {
  const { stage, put } = rig();
  for (let i = 0; i < SMALL_DIMENSIONS.slots; i++) put(tcpFrame());
  stage.run(1000, 0, () => {});
  put(tcpFrame());
  assertThrows(() => stage.run(1, 0, () => {}), Error, "segment ring is full");
});
