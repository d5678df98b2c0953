import { assert, assertEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../../src/base/random.ts";
import { SendOutcome } from "../../src/device/device.ts";
import { memoryPair } from "../../src/device/memory_pair.ts";
import { numberedFrame, receiveFrame, sendFrame } from "./frames.ts";

Deno.test("a memory pair behaves as two arrays of frames do", () => {
  // Goal: under random operations the pair and a naive twin agree on every outcome and every byte.
  const seed = 20260101;
  const random = new SeededRandom(seed);
  const queueFrames = 7;
  const devices = memoryPair({ mtu: 600, queueFrames });
  const twins: Uint8Array[][] = [[], []];
  for (let step = 0; step < 20_000; step++) {
    const about = `seed ${seed}, step ${step}`;
    const end = random.integer(0, 1);
    if (random.integer(0, 99) < 52) {
      const frame = new Uint8Array(random.integer(1, 610));
      for (let i = 0; i < frame.length; i++) frame[i] = random.uint32();
      const waiting = twins[1 - end];
      let expected: SendOutcome = SendOutcome.sent;
      if (frame.length > 600) expected = SendOutcome.refused;
      else if (waiting.length === queueFrames) expected = SendOutcome.queueFull;
      else waiting.push(frame);
      assertEquals(sendFrame(devices[end], frame, random.integer(1, 5)), expected, about);
    } else {
      assertEquals(receiveFrame(devices[end]), twins[end].shift() ?? null, about);
    }
    assertEquals(devices[end].nextArrival() < Infinity, twins[end].length > 0, about);
  }
});

Deno.test("onArrival is called for the first frame of an empty queue only", () => {
  // Goal: one wake-up for a burst, and another once the burst has been taken.
  const [a, b] = memoryPair();
  let calls = 0;
  b.onArrival = () => calls++;
  for (let i = 0; i < 5; i++) sendFrame(a, numberedFrame(i));
  assertEquals(calls, 1);
  while (receiveFrame(b) !== null) { /* take all */ }
  sendFrame(a, numberedFrame(5));
  assertEquals(calls, 2);
});

Deno.test("an arrival handler may answer at once", () => {
  // Goal: the frame is complete before the handler runs, and sending from within it is safe.
  const [a, b] = memoryPair();
  b.onArrival = () => {
    const frame = receiveFrame(b, 1000);
    assert(frame !== null);
    sendFrame(b, frame.map((byte) => byte + 1));
  };
  sendFrame(a, numberedFrame(0x01010101));
  assertEquals(receiveFrame(a), new Uint8Array(40).fill(2));
});

Deno.test("a frame longer than the limit is consumed and told as cut", () => {
  // Goal: the length is limit + 1, nothing is written behind the limit, the next frame is whole.
  const [a, b] = memoryPair();
  const memory = new Uint8Array(2000).fill(0xee);
  sendFrame(a, numberedFrame(0x11111111, 100));
  sendFrame(a, numberedFrame(0x22222222, 50));
  assertEquals(b.receive(memory, 10, 99), 100);
  assertEquals([memory[9], memory[10], memory[108], memory[109]], [0xee, 0x11, 0x11, 0xee]);
  assertEquals(b.receive(memory, 10, 50), 50);
  assertEquals([memory[59], memory[60]], [0x22, 0x11]);
});

Deno.test("a closed end refuses to send and receives nothing", () => {
  // Goal: what waited is gone; the other end cannot know and sends into the void.
  const [a, b] = memoryPair({ names: ["left", "right"] });
  assertEquals([a.name, b.name], ["left", "right"]);
  sendFrame(a, numberedFrame(1));
  b.close();
  assertEquals(receiveFrame(b), null);
  assertEquals(sendFrame(b, numberedFrame(1)), SendOutcome.refused);
  assertEquals(sendFrame(a, numberedFrame(2)), SendOutcome.sent);
  assertEquals(b.nextArrival(), Infinity);
});

Deno.test("options out of range are named with their values", () => {
  for (const mtu of [575, 65536, 1500.5, NaN]) {
    assertThrows(() => memoryPair({ mtu }), RangeError, `mtu: ${mtu} `);
  }
  assertThrows(() => memoryPair({ queueFrames: 0 }), RangeError, "queueFrames: 0 ");
});
