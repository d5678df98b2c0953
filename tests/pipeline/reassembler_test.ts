import { assertEquals } from "@std/assert";
import { Counters } from "../../src/base/counters.ts";
import { Drop } from "../../src/base/drops.ts";
import { SeededRandom } from "../../src/base/random.ts";
import { ipConfig } from "../../src/ip/config.ts";
import { InputKind, PacketInput } from "../../src/ip/input.ts";
import { makeReassembly } from "../../src/pipeline/reassembler.ts";
import { Layout, SMALL_DIMENSIONS } from "../../src/ring/layout.ts";
import { RingConsumer } from "../../src/ring/ring.ts";
import { Segment } from "../../src/wire/segment.ts";
import { ipv4Frame, OWN } from "../wire/frames.ts";

Deno.test("reassembler: quotes go through the ring, and those that find no room are counted", () => {
  const layout = new Layout(SMALL_DIMENSIONS);
  const counters = new Counters();
  const reassembly = makeReassembly(layout, ipConfig(), counters, new SeededRandom(1));
  const input = new PacketInput({ virtioHeader: false, addresses: [OWN], reassembly });
  const at = layout.headers;
  const frames = Array.from(
    { length: 100 },
    (_, identification) =>
      ipv4Frame({
        ...{ fragment: 0x2000, protocol: 17, identification },
        payload: new Array(64).fill(7),
      }),
  );
  for (const frame of frames) {
    layout.memory.bytes.set(frame, at);
    const kind = input.decode(layout.memory, at, frame.length, new Segment(), 0);
    assertEquals(kind, InputKind.fragment);
  }
  assertEquals(reassembly.expire(layout.memory, 30_000_000), true);
  const ring = new RingConsumer(layout.quotes);
  const quotes: number[][] = [];
  for (let record = ring.next(); record >= 0; record = ring.next()) {
    const start = (record + 1) * 4;
    quotes.push([...layout.memory.bytes.slice(start, start + layout.words[record])]);
  }
  assertEquals(quotes, frames.slice(0, quotes.length));
  assertEquals([quotes.length, counters.drops(Drop.icmpErrorLimited)], [64, 36]);
  assertEquals(counters.drops(Drop.ipFragmentTimeout), 100);
});
