import { assertEquals, assertThrows } from "@std/assert";
import { type CapturedPacket, CaptureError, readCapture } from "../../src/device/capture_file.ts";
import { Direction } from "../../src/device/pcapng.ts";
import { findConversations } from "../../src/trace/conversations.ts";
import { Flag } from "../../src/wire/segment.ts";
import { tcpFrame } from "../wire/frames.ts";
import { record } from "./recorded.ts";

/** A packet of a capture, one second after the other. */
function packet(bytes: number[], index: number, linkType = 101): CapturedPacket {
  return {
    offset: 100 * index,
    timeUs: 1e6 * index,
    linkType,
    interfaceName: null,
    direction: Direction.unknown,
    comments: [],
    originalLength: bytes.length,
    bytes: Uint8Array.from(bytes),
  };
}

Deno.test("conversations: who connects is the client, in captures of either end", async () => {
  for (const family of ["IPv4", "IPv6"] as const) {
    const { frames } = await record({ family, bytes: 3000 });
    const { conversations, others, broken } = findConversations(readCapture(frames));
    assertEquals([conversations.length, others, broken], [1, 0, 0]);
    const [{ client, server, segments }] = conversations;
    assertEquals([client.endsWith(".40000"), server.endsWith(".5300")], [true, true]);
    assertEquals(segments[0].fromClient, true);
    assertEquals(segments[1].fromClient, false);
    const bytes = segments.filter(({ fromClient }) => fromClient)
      .reduce((sum, { payload }) => sum + payload.length, 0);
    assertEquals(bytes, 3000);
  }
});

Deno.test("conversations: a SYN on the ends of one that is over begins another", () => {
  const ends = { sourcePort: 40_000, destinationPort: 7 };
  const flags = [Flag.SYN, Flag.SYN, Flag.RST, Flag.SYN, Flag.ACK];
  const packets = flags.map((one, index) => packet(tcpFrame({ ...ends, flags: one }), index));
  const { conversations } = findConversations(packets);
  assertEquals(conversations.map(({ segments }) => segments.length), [3, 2]);
});

Deno.test("conversations: what is no TCP is counted, and an unknown link has its offset", () => {
  const udp = tcpFrame();
  udp[9] = 17;
  const { others, broken } = findConversations([
    packet(udp, 0),
    packet([0x45], 1),
    packet([], 2),
    packet([0x15, 0x17], 3),
  ]);
  assertEquals([others, broken], [1, 3]);
  const fault = assertThrows(() => findConversations([packet(udp, 3, 147)]), CaptureError);
  assertEquals([fault.offset, /147/.test(fault.message)], [300, true]);
});
