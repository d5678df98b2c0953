import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/base/random.ts";
import { Decoded, decodePacket, linkHeaderLength } from "../../src/trace/decode.ts";
import { Flag, Segment } from "../../src/wire/segment.ts";
import { icmpBytes, ipv4Frame, tcpFrame, tcpFrame6 } from "../wire/frames.ts";

Deno.test("decode: a TCP packet of both families, with the length that it had on the wire", () => {
  const segment = new Segment();
  for (const frame of [tcpFrame, tcpFrame6]) {
    const bytes = Uint8Array.from(frame({ flags: Flag.PSH | Flag.ACK, payload: [1, 2, 3, 4] }));
    assertEquals(decodePacket(bytes, segment), Decoded.tcp);
    const { payloadLength, payloadOffset } = segment;
    assertEquals(payloadLength, 4);
    assertEquals([...bytes.subarray(payloadOffset)], [1, 2, 3, 4]);
    // Goal: what a short snap length leaves is enough to tell what was there.
    assertEquals(decodePacket(bytes.subarray(0, payloadOffset), segment), Decoded.tcp);
    assertEquals(segment.payloadLength, 4);
  }
});

Deno.test("decode: other protocols and fragments are other, not broken", () => {
  const segment = new Segment();
  const icmp = Uint8Array.from(ipv4Frame({ protocol: 1, payload: icmpBytes(8, 0, [0, 0, 0, 0]) }));
  assertEquals(decodePacket(icmp, segment), Decoded.other);
  const fragment = Uint8Array.from(tcpFrame());
  fragment[7] = 1;
  assertEquals(decodePacket(fragment, segment), Decoded.other);
});

Deno.test("decode: a frame cut at any byte, and random bytes, never throw", () => {
  const segment = new Segment();
  for (const frame of [tcpFrame(), tcpFrame6()]) {
    const bytes = Uint8Array.from(frame);
    for (let length = 0; length < bytes.length; length++) {
      const decoded = decodePacket(bytes.subarray(0, length), segment);
      assert(decoded === Decoded.broken || decoded === Decoded.other || length >= 40);
    }
  }
  const random = new SeededRandom(9);
  for (let i = 0; i < 20_000; i++) {
    const bytes = Uint8Array.from({ length: random.uint32() % 120 }, () => random.uint32());
    if (bytes.length > 0) bytes[0] = (bytes[0] & 0x0f) | (i % 2 === 0 ? 0x40 : 0x60);
    if (bytes.length > 9) bytes[i % 2 === 0 ? 9 : 6] = 6;
    decodePacket(bytes, segment);
  }
});

Deno.test("decode: link headers by type, VLAN tags within Ethernet, -1 for what is not known", () => {
  const plain = new Uint8Array(60);
  plain.set([0x08, 0x00], 12);
  const tagged = new Uint8Array(60);
  tagged.set([0x81, 0x00, 0, 5, 0x08, 0x00], 12);
  assertEquals([101, 113, 276, 0, 228].map((type) => linkHeaderLength(type, plain)), [
    0,
    16,
    20,
    4,
    0,
  ]);
  assertEquals([linkHeaderLength(1, plain), linkHeaderLength(1, tagged)], [14, 18]);
  assertEquals(linkHeaderLength(147, plain), -1);
});
