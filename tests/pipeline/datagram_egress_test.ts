import { assert, assertEquals } from "@std/assert";
import type { Address } from "../../src/base/address.ts";
import { Counter, Counters } from "../../src/base/counters.ts";
import { Drop } from "../../src/base/drops.ts";
import { Memory } from "../../src/base/memory.ts";
import { SeededRandom } from "../../src/base/random.ts";
import { InputKind, PacketInput } from "../../src/ip/input.ts";
import { DatagramEgress } from "../../src/pipeline/datagram_egress.ts";
import { Egress } from "../../src/pipeline/egress.ts";
import { ReceiveSlots } from "../../src/pipeline/slots.ts";
import { Layout, SMALL_DIMENSIONS } from "../../src/ring/layout.ts";
import { NIL } from "../../src/ring/pool.ts";
import { FIRST_PIECE } from "../../src/tcp/sink.ts";
import { Segment } from "../../src/wire/segment.ts";
import { addressOf, ends, FAMILIES, OWN, OWN6, PEER, PEER6, udpFrame } from "../wire/frames.ts";
import { TestDevice } from "./stage_parts.ts";

function rig(virtioHeader = false) {
  const layout = new Layout(SMALL_DIMENSIONS);
  const device = new TestDevice(virtioHeader);
  const slots = new ReceiveSlots(layout);
  const counters = new Counters();
  const addresses = [OWN, OWN6];
  const egress = new Egress(device, layout, slots, counters, addresses);
  const out = new DatagramEgress({
    ...{ device, layout, slots, counters, addresses, egress, random: new SeededRandom(5) },
    broadcasts: [addressOf("10.7.0.255")],
  });
  return { layout, device, slots, counters, egress, out };
}

type Rig = ReturnType<typeof rig>;

/** Sends `length` bytes in pieces of odd sizes; gives the bytes. */
function send(
  { layout, slots, out }: Rig,
  to: Address,
  from: Address,
  length: number,
  loops = false,
) {
  const payload: number[] = [];
  let end = FIRST_PIECE;
  while (payload.length < length) {
    const size = Math.min(3001, length - payload.length);
    const start = slots.pool.blockStart(slots.pool.take()) + 5;
    const piece = Array.from({ length: size }, (_, i) => ((payload.length + i) * 11 + 3) & 255);
    layout.memory.bytes.set(piece, start);
    payload.push(...piece);
    out.pieces[end++] = start;
    out.pieces[end++] = size;
  }
  const datagram = Object.assign(new Segment(), ends(from, to), {
    ...{ srcPort: 53, dstPort: 4000, payloadLength: length, hopLimit: 64 },
  });
  out.sendDatagram(datagram, end, loops, 0);
  return payload;
}

/** Puts the fragments of one datagram together, of either family, naively. */
function reassembled(frames: readonly Uint8Array[], headerBytes: number): number[] {
  const bytes: number[] = [];
  frames.forEach((frame, index) => {
    const view = new DataView(frame.buffer);
    const isIpv4 = headerBytes === 20;
    const field = view.getUint16(isIpv4 ? 6 : 42);
    const offset = isIpv4 ? (field & 0x1fff) * 8 : field & 0xfff8;
    const more = isIpv4 ? (field & 0x2000) !== 0 : (field & 1) !== 0;
    assertEquals([offset, more], [bytes.length, index < frames.length - 1]);
    bytes.push(...frame.subarray(isIpv4 ? 20 : 48));
  });
  return bytes;
}

for (const { name, own, peer, headerBytes } of FAMILIES) {
  for (const virtioHeader of [false, true]) {
    const what = `${name}, ${virtioHeader ? "with" : "without"} a virtio-net header`;
    Deno.test(`datagrams out: whole while they fit, else in fragments (${what})`, () => {
      // Goal: what the other end puts together is the datagram, its checksum right.
      for (const length of [0, 1, 1000, 1500 - headerBytes - 8, 1500 - headerBytes - 7, 9001]) {
        const at = rig(virtioHeader);
        const payload = send(at, peer, own, length);
        const isWhole = length + headerBytes + 8 <= 1500;
        const frames = at.device.sent.map((frame) => frame.slice(virtioHeader ? 10 : 0));
        assertEquals(at.counters.value(Counter.fragmentsOut), isWhole ? 0 : frames.length);
        assert(frames.every((frame) => frame.length <= 1500));
        if (isWhole) {
          assertEquals([...at.device.sent[0].slice(-length || Infinity)], payload);
          continue;
        }
        const datagram = reassembled(frames, headerBytes);
        const header = [...frames[0].slice(0, headerBytes)];
        // As a whole packet again, so that the decoder can judge the checksum.
        const packet = Uint8Array.from([...header, ...datagram]);
        const view = new DataView(packet.buffer);
        if (name === "IPv4") {
          view.setUint16(2, packet.length);
          view.setUint16(6, 0);
          view.setUint16(10, 0);
          let sum = 0;
          for (let i = 0; i < 20; i += 2) sum += view.getUint16(i);
          view.setUint16(10, ~((sum & 0xffff) + (sum >>> 16)) & 0xffff);
        } else {
          view.setUint16(4, datagram.length);
          view.setUint8(6, 17);
        }
        const memory = new Memory(new SharedArrayBuffer(70_000));
        memory.bytes.set(packet);
        const input = new PacketInput({ virtioHeader: false, addresses: [peer] });
        const decoded = new Segment();
        assertEquals(input.decode(memory, 0, packet.length, decoded), InputKind.udp);
        assertEquals(datagram.slice(8), payload);
      }
    });
  }

  Deno.test(`datagrams out: a smaller path makes smaller fragments (${name})`, () => {
    const at = rig();
    at.out.paths.learn(peer, 1280, 0);
    send(at, peer, own, 1400);
    assert(at.device.sent.length === 2 && at.device.sent.every(({ length }) => length <= 1280));
  });
}

Deno.test("datagrams out: own addresses and groups", () => {
  // Goal: the stack's own never leave it; a group's leave it, and come back only when asked.
  const at = rig();
  const group = addressOf("224.0.0.251");
  send(at, OWN, OWN, 10);
  assertEquals([at.device.sent.length, at.egress.hasLoopback], [0, true]);
  at.egress.takeLoopback();
  at.egress.loopbackLength();
  send(at, group, OWN, 10);
  assertEquals([at.device.sent.length, at.egress.takeLoopback()], [1, NIL]);
  send(at, group, OWN, 10, true);
  assertEquals([at.device.sent.length, at.egress.hasLoopback], [2, true]);
  send(at, PEER, OWN, 10, true);
  at.egress.takeLoopback();
  at.egress.loopbackLength();
  assertEquals([at.device.sent.length, at.egress.hasLoopback], [3, false]);
  const isGroup = (to: string) =>
    at.out.isForGroup(Object.assign(new Segment(), ends(PEER, addressOf(to))));
  assertEquals(
    ["224.0.0.1", "10.7.0.255", "255.255.255.255", "ff02::1", "10.7.0.2", "fd07::2"].map(isGroup),
    [true, true, true, true, false, false],
  );
});

Deno.test("datagrams out: over IPv6 all of a flow has one label, and others have others", () => {
  // Goal: RFC 6437 section 3, whole datagrams and fragments alike.
  const at = rig();
  const others = ["fd07::9", "fd07::a"].map(addressOf);
  for (const length of [10, 20, 3000]) send(at, PEER6, OWN6, length);
  for (const other of others) send(at, other, OWN6, 10);
  const labels = at.device.sent.map((frame) => new DataView(frame.buffer).getUint32(0) & 0xf_ffff);
  assertEquals(new Set(labels.slice(0, 5)).size, 1);
  assertEquals([labels.length, new Set(labels).size, labels.includes(0)], [7, 3, false]);
});

Deno.test("datagrams out: what no packet holds is counted", () => {
  const at = rig();
  send(at, PEER, OWN, 65_508);
  assertEquals([at.device.sent.length, at.counters.drops(Drop.udpTooLong)], [0, 1]);
});

Deno.test("port unreachable: limited, counted, and never to the stack itself", () => {
  const at = rig();
  const frame = udpFrame({ dstPort: 9 });
  const slot = at.slots.slots.take();
  const start = at.egress.startOf(slot);
  at.layout.memory.bytes.set(frame, start);
  const datagram = new Segment();
  new PacketInput({ virtioHeader: false, addresses: [OWN] })
    .decode(at.layout.memory, start, frame.length, datagram);
  const free = at.slots.slots.free;
  for (let i = 0; i < 60; i++) at.out.sendPortUnreachable(datagram, 1_000_000);
  assertEquals([at.device.sent.length, at.counters.value(Counter.udpErrorsOut)], [50, 50]);
  assertEquals([at.counters.drops(Drop.rateLimited), at.slots.slots.free], [10, free]);
  const own = Object.assign(new Segment(), ends(OWN, OWN));
  at.out.sendPortUnreachable(own, 9_000_000);
  assertEquals(at.device.sent.length, 50);
});
