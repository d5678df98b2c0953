import { assertEquals } from "@std/assert";
import { Flag, Segment, segmentLength, turnAround } from "../../src/wire/segment.ts";

Deno.test("Goal: SYN and FIN take a sequence number each, as a byte does (RFC 9293 section 3.4)", () => {
  const segment = new Segment();
  const length = (flags: number, payloadLength: number) => {
    segment.flags = flags;
    segment.payloadLength = payloadLength;
    return segmentLength(segment);
  };
  assertEquals(length(Flag.ACK, 0), 0);
  assertEquals(length(Flag.ACK | Flag.PSH, 5), 5);
  assertEquals(length(Flag.SYN, 0), 1);
  assertEquals(length(Flag.SYN | Flag.FIN, 5), 7);
  assertEquals(length(Flag.FIN | Flag.ACK | Flag.URG | Flag.ECE | Flag.CWR, 1), 2);
});

Deno.test("Goal: the flags are the bits of the wire, AE the one above them (RFC 9768)", () => {
  const { FIN, SYN, RST, PSH, ACK, URG, ECE, CWR, AE } = Flag;
  assertEquals([FIN, SYN, RST, PSH, ACK, URG, ECE, CWR, AE], [1, 2, 4, 8, 16, 32, 64, 128, 256]);
});

Deno.test("Goal: an answer goes from where the packet went to whom it came from", () => {
  const words = (segment: Segment) => [
    ...[segment.src0, segment.src1, segment.src2, segment.src3],
    ...[segment.dst0, segment.dst1, segment.dst2, segment.dst3],
  ];
  const packet = Object.assign(new Segment(), {
    ...{ src0: 1, src1: 2, src2: 3, src3: 4, dst0: 5, dst1: 6, dst2: 7, dst3: 8 },
  });
  const answer = new Segment();
  turnAround(answer, packet);
  assertEquals(words(answer), [5, 6, 7, 8, 1, 2, 3, 4]);
});
