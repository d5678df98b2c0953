import { assert, assertEquals } from "@std/assert";
import { Counter, Counters } from "../../src/base/counters.ts";
import { Drop } from "../../src/base/drops.ts";
import { SendOutcome } from "../../src/device/device.ts";
import { InputKind, PacketInput } from "../../src/ip/input.ts";
import { Egress } from "../../src/pipeline/egress.ts";
import { ReceiveSlots } from "../../src/pipeline/slots.ts";
import { Layout, SLOT_BYTES, SLOT_HEADROOM, SMALL_DIMENSIONS } from "../../src/ring/layout.ts";
import { DESCRIPTOR_WORDS, NIL, START } from "../../src/ring/pool.ts";
import { FIRST_PIECE } from "../../src/tcp/sink.ts";
import { Flag, OptionBit, Segment } from "../../src/wire/segment.ts";
import {
  addressOf,
  ends,
  FAMILIES,
  type FamilyEnds,
  naiveChecksum,
  OWN,
  OWN6,
  PEER,
  PEER6,
} from "../wire/frames.ts";
import { type Address, isIpv4 } from "../../src/base/address.ts";
import { TestDevice } from "./stage_parts.ts";

/** The stack has an address of each family. */
const OWN_BOTH = [OWN, OWN6];

function rig(virtioHeader = false) {
  const layout = new Layout(SMALL_DIMENSIONS);
  const device = new TestDevice(virtioHeader);
  const slots = new ReceiveSlots(layout);
  const counters = new Counters();
  const egress = new Egress(device, layout, slots, counters, OWN_BOTH);
  return { layout, device, slots, counters, egress };
}

type Rig = ReturnType<typeof rig>;

/** A segment from the stack to `to`. */
function outgoing(to: Address, payloadLength: number): Segment {
  const segment = Object.assign(new Segment(), ends(isIpv4(to) ? OWN : OWN6, to));
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
  to: Address,
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
  if (gsoSize > 0) segment.flags |= Flag.FIN | Flag.CWR;
  const before = { ...segment };
  egress.send(segment, end);
  assertEquals({ ...segment }, before, "the segment is the caller's");
  return payload;
}

/** Where the addresses lie in the header, which end where the transport header begins. */
function addressBytesOf(frame: Uint8Array, { headerBytes }: FamilyEnds): Uint8Array {
  return frame.subarray(headerBytes === 20 ? 12 : 8, headerBytes);
}

for (const family of FAMILIES) {
  const { name, peer, headerBytes } = family;
  Deno.test(`egress: headers, pieces and checksums make one packet, odd pieces too (${name})`, () => {
    for (const sizes of [[], [1], [1428], [3, 1, 7, 2], [1001, 427]]) {
      const parts = rig();
      const payload = send(parts, peer, sizes);
      const [frame] = parts.device.sent;
      assertEquals([...frame.subarray(headerBytes + 20)], payload);
      if (name === "IPv4") assertEquals(naiveChecksum(frame.subarray(0, 20)), 0);
      const length = frame.length - headerBytes;
      const pseudo = [...addressBytesOf(frame, family), 0, 6, length >> 8, length & 255];
      assertEquals(naiveChecksum(pseudo, frame.subarray(headerBytes)), 0, String(sizes));
      assertEquals(parts.counters.value(Counter.framesOut), 1);
      assertEquals(parts.counters.value(Counter.frameBytesOut), frame.length);
    }
  });

  Deno.test(`egress: with offload the device is told where to finish the checksum (${name})`, () => {
    const parts = rig(true);
    const payload = send(parts, peer, [100, 50]);
    const [frame] = parts.device.sent;
    const view = new DataView(frame.buffer);
    const told = [frame[0], view.getUint16(6, true), view.getUint16(8, true)];
    assertEquals(told, [1, headerBytes, 16]);
    assertEquals([...frame.subarray(10 + headerBytes + 20)], payload);
    assert(parts.egress.superBytes > 60_000);
  });

  Deno.test(`egress: without offload a super-segment leaves as frames of the MSS (${name})`, () => {
    // Goal: what the device cannot cut is cut here, and nobody on the other side can tell: sequence numbers go on, PSH
    // and FIN come last, every checksum is right, and the frames together are the payload, however it lay.
    const MSS = 1428;
    for (const sizes of [[2 * MSS], [MSS, MSS, 10], [1000, 2000, 1, 3000], [4 * MSS - 1]]) {
      const parts = rig();
      const payload = send(parts, peer, sizes, MSS);
      const frames = parts.device.sent;
      assertEquals(frames.length, Math.ceil(payload.length / MSS));
      assertEquals(frames.flatMap((frame) => [...frame.subarray(headerBytes + 20)]), payload);
      frames.forEach((frame, index) => {
        const view = new DataView(frame.buffer, frame.byteOffset);
        assertEquals(view.getUint32(headerBytes + 4), 5 + index * MSS);
        const isLast = index === frames.length - 1;
        const last = isLast ? Flag.PSH | Flag.FIN : 0;
        const flags = Flag.ACK | last | (index === 0 ? Flag.CWR : 0);
        assertEquals(frame[headerBytes + 13], flags);
        if (name === "IPv4") assertEquals(naiveChecksum(frame.subarray(0, 20)), 0);
        const length = frame.length - headerBytes;
        const pseudo = [...addressBytesOf(frame, family), 0, 6, length >> 8, length & 255];
        assertEquals(naiveChecksum(pseudo, frame.subarray(headerBytes)), 0, String(sizes));
      });
      assertEquals(parts.counters.value(Counter.framesOut), frames.length);
    }
  });
}

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
    addresses: OWN_BOTH,
    loopback: true,
  });
  const sent = [
    send(parts, OWN, [5, 6]),
    send(parts, addressOf("127.0.0.1"), []),
    send(parts, OWN6, [900]),
    send(parts, addressOf("::1"), [7]),
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

Deno.test("egress: addresses of one family do not pass for those of the other", () => {
  // Goal: the last word alone, which is all of an IPv4 address, says nothing of an IPv6 one.
  const parts = rig();
  for (
    const to of [{ ...PEER6, w3: OWN.w3 }, { ...PEER6, w3: 0x7f000001 }, { ...PEER, w3: OWN6.w3 }]
  ) {
    send(parts, to, []);
  }
  assertEquals([parts.device.sent.length, parts.egress.hasLoopback], [3, false]);
});

Deno.test("egress: the largest super-segment to itself fits a frame slot in both families", () => {
  // Goal: the longer header of IPv6 does not overrun into the next slot.
  for (const to of [OWN, OWN6]) {
    const parts = rig(true);
    const { slots, egress } = parts;
    const room = SLOT_BYTES - SLOT_HEADROOM;
    const sizes = [30_000, 30_000, egress.superBytes - 60_000];
    let end = FIRST_PIECE;
    for (const size of sizes) {
      egress.pieces[end++] = slots.pool.blockStart(slots.pool.take());
      egress.pieces[end++] = size;
    }
    const segment = outgoing(to, egress.superBytes);
    segment.options = OptionBit.timestamps | OptionBit.sack;
    segment.sackCount = 3;
    egress.send(segment, end);
    assert(egress.takeLoopback() !== NIL);
    assert(egress.loopbackLength() <= room, `${isIpv4(to)}`);
  }
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

Deno.test("egress: without a free slot nothing loops back, and that is counted", () => {
  const parts = rig();
  while (parts.slots.slots.take() !== NIL);
  send(parts, OWN, []);
  assertEquals(parts.counters.drops(Drop.loopbackFull), 1);
  assertEquals(parts.device.sent.length, 0);
});
