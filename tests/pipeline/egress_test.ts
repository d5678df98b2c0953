import { assert, assertEquals } from "@std/assert";
import { Counter, Counters } from "../../src/base/counters.ts";
import { Drop } from "../../src/base/drops.ts";
import { SendOutcome } from "../../src/device/device.ts";
import { InputKind, PacketInput } from "../../src/ip/input.ts";
import { Egress } from "../../src/pipeline/egress.ts";
import { ReceiveSlots } from "../../src/pipeline/slots.ts";
import { Layout, SMALL_DIMENSIONS } from "../../src/ring/layout.ts";
import { DESCRIPTOR_WORDS, NIL, START } from "../../src/ring/pool.ts";
import { FIRST_PIECE } from "../../src/tcp/sink.ts";
import { Flag, Segment } from "../../src/wire/segment.ts";
import { naiveChecksum, OWN, PEER } from "../wire/frames.ts";
import { settings, TestDevice } from "./stage_parts.ts";

function rig(virtioHeader = false) {
  const layout = new Layout(SMALL_DIMENSIONS);
  const device = new TestDevice(virtioHeader);
  const slots = new ReceiveSlots(layout);
  const counters = new Counters();
  const egress = new Egress(device, layout, slots, counters, settings.addresses);
  return { layout, device, slots, counters, egress };
}

type Rig = ReturnType<typeof rig>;

/** A segment from the stack to `to`. */
function outgoing(to: { w3: number }, payloadLength: number): Segment {
  const segment = new Segment();
  segment.src2 = 0xffff;
  segment.src3 = OWN.w3;
  segment.dst2 = 0xffff;
  segment.dst3 = to.w3;
  segment.srcPort = 7;
  segment.dstPort = 40_000;
  segment.seq = 5;
  segment.flags = Flag.ACK | Flag.PSH;
  segment.payloadLength = payloadLength;
  return segment;
}

/** Sends `payload` cut into pieces of the given sizes, which lie apart from each other. */
function send(
  { layout, slots, egress }: Rig,
  to: { w3: number },
  sizes: number[],
  gsoSize = 0,
): number[] {
  const payload: number[] = [];
  let end = FIRST_PIECE;
  for (const size of sizes) {
    const start = slots.pool.blockStart(slots.pool.take()) + 3;
    const piece = Array.from({ length: size }, (_, i) => ((payload.length + i) * 7 + 1) & 255);
    layout.memory.bytes.set(piece, start);
    payload.push(...piece);
    egress.pieces[end++] = start;
    egress.pieces[end++] = size;
  }
  const segment = outgoing(to, payload.length);
  segment.gsoSize = gsoSize;
  if (gsoSize > 0) segment.flags |= Flag.FIN;
  const before = { ...segment };
  egress.send(segment, end);
  assertEquals({ ...segment }, before, "the segment is the caller's");
  return payload;
}

Deno.test("egress: headers, pieces and both checksums make one packet, odd pieces too", () => {
  for (const sizes of [[], [1], [1448], [3, 1, 7, 2], [1001, 447]]) {
    const parts = rig();
    const payload = send(parts, PEER, sizes);
    const [frame] = parts.device.sent;
    assertEquals([...frame.subarray(40)], payload);
    assertEquals(naiveChecksum(frame.subarray(0, 20)), 0);
    const length = frame.length - 20;
    const pseudo = [...frame.subarray(12, 20), 0, 6, length >> 8, length & 255];
    assertEquals(naiveChecksum(pseudo, frame.subarray(20)), 0, String(sizes));
    assertEquals(parts.counters.value(Counter.framesOut), 1);
    assertEquals(parts.counters.value(Counter.frameBytesOut), frame.length);
  }
});

Deno.test("egress: with offload the device is told where to finish the checksum", () => {
  const parts = rig(true);
  const payload = send(parts, PEER, [100, 50]);
  const [frame] = parts.device.sent;
  const view = new DataView(frame.buffer);
  assertEquals([frame[0], view.getUint16(6, true), view.getUint16(8, true)], [1, 20, 16]);
  assertEquals([...frame.subarray(50)], payload);
  assert(parts.egress.superBytes > 60_000);
});

Deno.test("egress: without offload a super-segment leaves as frames of the MSS", () => {
  // Goal: what the device cannot cut is cut here, and nobody on the other side can tell: sequence numbers go on, PSH
  // and FIN come last, every checksum is right, and the frames together are the payload, however it lay.
  const MSS = 1448;
  for (const sizes of [[2 * MSS], [MSS, MSS, 10], [1000, 2000, 1, 3000], [4 * MSS - 1]]) {
    const parts = rig();
    const payload = send(parts, PEER, sizes, MSS);
    const frames = parts.device.sent;
    assertEquals(frames.length, Math.ceil(payload.length / MSS));
    assertEquals(frames.flatMap((frame) => [...frame.subarray(40)]), payload);
    frames.forEach((frame, index) => {
      const view = new DataView(frame.buffer, frame.byteOffset);
      assertEquals(view.getUint32(24), 5 + index * MSS);
      const isLast = index === frames.length - 1;
      assertEquals(frame[33], isLast ? Flag.ACK | Flag.PSH | Flag.FIN : Flag.ACK);
      assertEquals(naiveChecksum(frame.subarray(0, 20)), 0);
      const length = frame.length - 20;
      const pseudo = [...frame.subarray(12, 20), 0, 6, length >> 8, length & 255];
      assertEquals(naiveChecksum(pseudo, frame.subarray(20)), 0, String(sizes));
    });
    assertEquals(parts.counters.value(Counter.framesOut), frames.length);
  }
});

Deno.test("egress: what the device does not take is counted as lost, not as sent", () => {
  for (const outcome of [SendOutcome.queueFull, SendOutcome.refused]) {
    const parts = rig();
    parts.device.outcome = outcome;
    send(parts, PEER, [10]);
    assertEquals(parts.counters.drops(Drop.deviceSendFailed), 1);
    assertEquals(parts.counters.value(Counter.framesOut), 0);
  }
});

Deno.test("egress: packets for the stack itself come back in order and never leave", () => {
  const parts = rig();
  const { layout, device, slots, egress } = parts;
  const input = new PacketInput({
    virtioHeader: false,
    addresses: settings.addresses,
    loopback: true,
  });
  const sent = [
    send(parts, OWN, [5, 6]),
    send(parts, { w3: 0x7f000001 }, []),
    send(parts, OWN, [900]),
  ];
  assertEquals([device.sent.length, egress.hasLoopback], [0, true]);
  for (const payload of sent) {
    const slot = egress.takeLoopback();
    const length = egress.loopbackLength();
    const segment = new Segment();
    const start = layout.words[slots.slots.table + slot * DESCRIPTOR_WORDS + START];
    assertEquals(input.decode(layout.memory, start, length, segment), InputKind.tcp);
    const { payloadOffset, payloadLength } = segment;
    const found = layout.memory.bytes.subarray(payloadOffset, payloadOffset + payloadLength);
    assertEquals([...found], payload);
    slots.slots.give(slot);
  }
  assertEquals([egress.takeLoopback(), egress.hasLoopback], [NIL, false]);
});

Deno.test("egress: a stack that talks to itself faster than it listens loses packets, not slots", () => {
  const parts = rig();
  const { slots, counters, egress } = parts;
  const free = slots.slots.free;
  for (let i = 0; i < 100; i++) send(parts, OWN, []);
  let held = 0;
  for (let slot = egress.takeLoopback(); slot !== NIL; slot = egress.takeLoopback()) {
    egress.loopbackLength();
    slots.slots.give(slot);
    held++;
  }
  assertEquals(counters.drops(Drop.loopbackFull), 100 - held);
  assert(held > 0 && held < 100);
  assertEquals(slots.slots.free, free);
});

Deno.test("egress: without a free slot nothing is answered, and that is counted", () => {
  const parts = rig();
  while (parts.slots.slots.take() !== NIL);
  parts.egress.sendEchoReply(new Segment());
  send(parts, OWN, []);
  assertEquals(parts.counters.drops(Drop.loopbackFull), 2);
  assertEquals(parts.device.sent.length, 0);
});
