import { assertEquals } from "@std/assert";
import { ManualClock } from "../../src/base/clock.ts";
import { SeededRandom } from "../../src/base/random.ts";
import { impair } from "../../src/device/impairment.ts";
import { markCongestion } from "../../src/device/mark_congestion.ts";
import { memoryPair } from "../../src/device/memory_pair.ts";
import { isIpv4ChecksumRight } from "../../src/wire/ipv4.ts";
import { ipv4Frame } from "../wire/frames.ts";
import { receiveFrame, sendFrame } from "./frames.ts";

const SEED = 0xce;

function frame(trafficClass: number, identification = 0): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(ipv4Frame({ trafficClass, identification, payload: [1, 2, 3] }));
}

Deno.test("marking: ECN-capable packets of IPv4 get CE and keep a right checksum and their DSCP", () => {
  // Goal: every codepoint, with many headers so that the checksum carries in every way.
  for (let identification = 0; identification < 0x10000; identification += 251) {
    for (const [before, after] of [[0, 0], [1, 3], [2, 3], [3, 3], [0xb8, 0xb8], [0xba, 0xbb]]) {
      const bytes = frame(before, identification);
      const padded = new Uint8Array(bytes.length + 5);
      padded.set(bytes, 5);
      assertEquals(markCongestion(padded, 5), (before & 3) !== 0);
      assertEquals(padded[6], after);
      assertEquals(isIpv4ChecksumRight(new DataView(padded.buffer), 5, 20), true);
      assertEquals(padded.subarray(25), bytes.subarray(20), "nothing else has changed");
    }
  }
});

Deno.test("marking: the traffic class of IPv6 lies across two bytes", () => {
  for (
    const [before, after] of [[0x00, 0x00], [0x10, 0x30], [0x20, 0x30], [0x30, 0x30], [0xef, 0xff]]
  ) {
    const bytes = Uint8Array.of(0x60, before, 1, 2);
    assertEquals(markCongestion(bytes, 0), (before & 0x30) !== 0);
    assertEquals([...bytes], [0x60, after, 1, 2]);
  }
});

Deno.test("marking: what is no IP packet is left alone", () => {
  const bytes = Uint8Array.of(0x13, 0xff, 0xff, 0xff);
  assertEquals(markCongestion(bytes, 0), false);
  assertEquals([...bytes], [0x13, 0xff, 0xff, 0xff]);
});

Deno.test("marking: a link marks the share of ECN-capable packets that it is told to", () => {
  const clock = new ManualClock();
  const [near, far] = memoryPair({ queueFrames: 4096 });
  const link = impair(near, { send: { mark: 0.25 } }, { clock, random: new SeededRandom(SEED) });
  let marked = 0;
  for (let i = 0; i < 1000; i++) {
    sendFrame(link, frame(i % 2 === 0 ? 2 : 0));
    const arrived = receiveFrame(far)!;
    if (i % 2 === 1) assertEquals(arrived[1], 0, "what is not ECN-capable is never marked");
    else if (arrived[1] === 3) marked++;
  }
  assertEquals(link.stats().send!.marked, marked);
  assertEquals(marked > 90 && marked < 160, true, `${marked} of 500, seed ${SEED}`);
});
