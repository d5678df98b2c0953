import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/base/random.ts";
import { decrementHopLimit, markCongestion } from "../../src/wire/ip_rewrite.ts";
import { isIpv4ChecksumRight, writeIpv4Header } from "../../src/wire/ipv4.ts";

const OFFSET = 6;

function packet(trafficClass: number, hopLimit: number, source = 0x0a000001): DataView {
  const view = new DataView(new ArrayBuffer(OFFSET + 40));
  writeIpv4Header(view, OFFSET, trafficClass, 40, 7, hopLimit, 6, source, 0x0a000002);
  return view;
}

Deno.test("a mark changes the ECN bits alone, and the checksum stays right", () => {
  for (const ecn of [1, 2, 3]) {
    const view = packet(0xb8 | ecn, 64);
    assert(markCongestion(view, OFFSET));
    assertEquals(view.getUint8(OFFSET + 1), 0xb8 | 3);
    assert(isIpv4ChecksumRight(view, OFFSET, 20), `ECN ${ecn}`);
  }
});

Deno.test("a packet whose sender knows no marks gets none", () => {
  const view = packet(0xb8, 64);
  const before = [...new Uint8Array(view.buffer)];
  assert(!markCongestion(view, OFFSET));
  assertEquals([...new Uint8Array(view.buffer)], before);
});

Deno.test("an IPv6 packet is marked in its traffic class", () => {
  const view = new DataView(new ArrayBuffer(OFFSET + 40));
  view.setUint32(OFFSET, 0x6b8a1234 & ~0x00300000 | 0x00100000);
  assert(markCongestion(view, OFFSET));
  assertEquals(view.getUint32(OFFSET), (0x6b8a1234 | 0x00300000) >>> 0);
  view.setUint32(OFFSET, 0x60012345);
  assert(!markCongestion(view, OFFSET));
});

Deno.test("each hop takes one, with a right checksum, down to the last", () => {
  // Goal: also where the sum carries, over many headers.
  const random = new SeededRandom(1);
  for (let i = 0; i < 2000; i++) {
    const view = packet(random.integer(0, 255), random.integer(2, 255), random.uint32() | 0);
    const before = view.getUint8(OFFSET + 8);
    assert(decrementHopLimit(view, OFFSET));
    assertEquals(view.getUint8(OFFSET + 8), before - 1);
    assert(isIpv4ChecksumRight(view, OFFSET, 20), `header ${i}`);
  }
  for (const last of [0, 1]) assert(!decrementHopLimit(packet(0, last), OFFSET));
});

Deno.test("a wrong checksum stays wrong", () => {
  const view = packet(2, 64);
  view.setUint8(OFFSET + 12, 99);
  assert(decrementHopLimit(view, OFFSET) && markCongestion(view, OFFSET));
  assert(!isIpv4ChecksumRight(view, OFFSET, 20));
});
