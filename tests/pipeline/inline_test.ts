import { assert, assertEquals } from "@std/assert";
import { ManualClock } from "../../src/base/clock.ts";
import { SeededRandom } from "../../src/base/random.ts";
import { InlinePipeline } from "../../src/pipeline/inline.ts";
import { SMALL_DIMENSIONS } from "../../src/ring/layout.ts";
import { Flag } from "../../src/wire/segment.ts";
import { tcpFrame } from "../wire/frames.ts";
import { settings, TestDevice } from "./stage_parts.ts";

function rig() {
  const device = new TestDevice();
  const clock = new ManualClock(1_000_000);
  const pipeline = new InlinePipeline({
    device,
    dimensions: SMALL_DIMENSIONS,
    settings,
    clock,
    random: new SeededRandom(1),
  });
  return { device, clock, pipeline };
}

/** Lets every microtask run that is queued, and those that these queue. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

const stray = tcpFrame({ flags: Flag.ACK });

Deno.test("inline: frames are handled in a later microtask, never within the call that brings them", async () => {
  const { device, pipeline } = rig();
  device.arrive(stray);
  assertEquals(device.sent.length, 0);
  await turn();
  assertEquals(device.sent.map((frame) => frame[33]), [Flag.RST]);
  await pipeline.stop();
});

Deno.test("inline: a flood is worked off in batches that leave the thread its turns", async () => {
  const { device, pipeline } = rig();
  for (let i = 0; i < 1000; i++) device.waiting.push(Uint8Array.from(stray));
  device.onArrival?.();
  let turns = 0;
  while (device.waiting.length > 0 && turns < 100) {
    await Promise.resolve();
    turns++;
  }
  assert(turns > 1000 / 64, `${turns} turns`);
  await turn();
  assertEquals(device.sent.length, 1000);
  await pipeline.stop();
});

Deno.test("inline: a stopped pipeline has closed its device and takes no more", async () => {
  const { device, clock, pipeline } = rig();
  await turn();
  await pipeline.stop();
  assertEquals([device.closed, device.onArrival, clock.nextWake()], [true, null, Infinity]);
  device.arrive(stray);
  pipeline.tcpBell.announceSleep();
  pipeline.tcpBell.ring();
  await turn();
  assertEquals(device.sent, []);
});

Deno.test("inline: an error of the device ends it, with that error for whoever asks", async () => {
  const { device, pipeline } = rig();
  const failures: string[] = [];
  pipeline.onFailure((error) => failures.push(error.message));
  device.nextArrival = () => {
    throw new Error("the cable is cut");
  };
  device.arrive(stray);
  await turn();
  device.arrive(stray);
  await turn();
  assertEquals(failures, ["the cable is cut"]);
  await pipeline.stop();
});
