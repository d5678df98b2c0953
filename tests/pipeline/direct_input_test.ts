import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/base/random.ts";
import { DirectInput } from "../../src/pipeline/direct_input.ts";
import { FRAME_LIMIT } from "../../src/pipeline/reader_stage.ts";
import { NIL } from "../../src/ring/pool.ts";
import { tcpFrame } from "../wire/frames.ts";
import { settings, StageRig } from "./stage_parts.ts";

const SEED = 0xd17;

function rigged(virtioHeader = false): { rig: StageRig; input: DirectInput } {
  const rig = new StageRig({ virtioHeader });
  return { rig, input: new DirectInput(rig.layout, rig.device, rig.stage, settings) };
}

Deno.test("direct input: no more frames than asked for, and none when none waits", () => {
  const { rig, input } = rigged();
  for (let i = 0; i < 5; i++) rig.device.arrive(tcpFrame());
  const now = rig.clock.now();
  assertEquals([input.run(2, now), input.run(2, now), input.run(2, now)], [2, 2, 1]);
  assertEquals(input.run(2, now), 0);
  assertEquals(rig.totals().drops, { tcpNoConnection: 5 });
});

Deno.test("direct input: garbage is counted by reason and costs no slot", () => {
  const random = new SeededRandom(SEED);
  for (const virtioHeader of [false, true]) {
    const { rig, input } = rigged(virtioHeader);
    const free = rig.stage.slots.slots.free;
    let sent = 0;
    for (let i = 0; i < 2000; i++) {
      const frame = random.integer(0, 1) === 0 ? tcpFrame() : [];
      const length = random.integer(1, 120);
      while (frame.length < length) frame.push(random.integer(0, 255));
      frame[random.integer(0, frame.length - 1)] ^= random.integer(1, 255);
      rig.device.arrive(frame);
      sent += input.run(64, rig.clock.now());
      rig.stage.run(rig.clock.now());
    }
    rig.device.arrive(new Uint8Array(FRAME_LIMIT + 1));
    sent += input.run(64, rig.clock.now());
    const { counters, drops } = rig.totals();
    assertEquals([sent, counters.framesIn, drops.frameOversized], [2001, 2001, 1]);
    assertEquals(rig.stage.slots.slots.free, free, `seed ${SEED}`);
    const dropped = Object.values(drops).reduce((sum, count) => sum + count, 0);
    assertEquals(dropped + counters.icmpEchoReplies, 2001, JSON.stringify(drops));
  }
});

Deno.test("direct input: without a slot frames wait in the device", () => {
  const { rig, input } = rigged();
  const { slots } = rig.stage.slots;
  const taken: number[] = [];
  for (let slot = slots.take(); slot !== NIL; slot = slots.take()) taken.push(slot);
  rig.device.arrive(tcpFrame());
  assertEquals([input.run(64, 0), rig.device.waiting.length], [0, 1]);
  slots.give(taken[0]);
  assertEquals([input.run(64, 0), rig.device.waiting.length], [1, 0]);
});
