import { assert, assertEquals } from "@std/assert";
import { Direction, readCapture } from "../../mod.ts";
import { parseAddress } from "../../src/base/address.ts";
import { FrameCapture } from "../../src/trace/frame_capture.ts";
import { memoryPair } from "../../src/device/memory_pair.ts";
import { sendFrame } from "../device/frames.ts";
import { concatenated } from "../device/captures.ts";
import { tcpFrame } from "../wire/frames.ts";
import { record } from "./recorded.ts";

Deno.test("frame capture: whole frames in both directions, with states and drops as comments", async () => {
  for (const family of ["IPv4", "IPv6"] as const) {
    const { frames, records } = await record({ family, knocks: true });
    const packets = [...readCapture(frames)];
    assertEquals(packets.length, records.filter(({ kind }) => kind <= 2).length);
    assert(packets.every(({ bytes, originalLength }) => bytes.length === originalLength));
    assertEquals(packets[0].comments, ["dropped: tcpNoConnection"]);
    assertEquals(packets[1].comments, [], "the reset is not what was dropped");
    assertEquals(packets[2].comments, ["LISTEN -> SYN-RECEIVED"]);
    const directions = packets.slice(0, 4).map(({ direction }) => direction);
    const { inbound, outbound } = Direction;
    assertEquals(directions, [inbound, outbound, inbound, outbound]);
    const all = packets.flatMap(({ comments }) => comments);
    assertEquals(all.filter((text) => text.endsWith("-> CLOSED")), ["LAST-ACK -> CLOSED"]);
  }
});

Deno.test("frame capture: a frame that never gets to TCP has its reason", () => {
  // Goal: a bad checksum can be seen in the capture, though no record of the trace tells of it.
  const blocks: Uint8Array[] = [];
  const [a, b] = memoryPair();
  const addresses = [parseAddress("10.7.0.2")!];
  const capture = new FrameCapture(b, (block) => blocks.push(block), { addresses });
  const frame = Uint8Array.from(tcpFrame());
  sendFrame(a, frame);
  frame[frame.length - 1] ^= 1;
  sendFrame(a, frame);
  for (let i = 0; i < 2; i++) capture.receive(new Uint8Array(2000), 0, 2000);
  // Longer than the room for it.
  sendFrame(a, frame);
  assertEquals(capture.receive(new Uint8Array(2000), 0, 30), 31);
  capture.flush();
  assertEquals([...readCapture(concatenated(blocks))].map(({ comments }) => comments), [
    [],
    ["dropped: tcpChecksumInvalid"],
    ["dropped: frameOversized"],
  ]);
});
