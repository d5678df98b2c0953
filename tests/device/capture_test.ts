import { assertEquals, assertThrows } from "@std/assert";
import { ManualClock } from "../../src/base/clock.ts";
import { capture } from "../../src/device/capture.ts";
import { readCapture } from "../../src/device/capture_file.ts";
import { SendOutcome } from "../../src/device/device.ts";
import { memoryPair } from "../../src/device/memory_pair.ts";
import { Direction } from "../../src/device/pcapng.ts";
import { open } from "../../mod.ts";
import { concatenated } from "./captures.ts";
import { TestDevice } from "../pipeline/stage_parts.ts";

Deno.test("capture: frames of both directions, in their order, with their times", () => {
  const [near, far] = memoryPair();
  const clock = new ManualClock(5_000_000);
  const blocks: Uint8Array[] = [];
  const device = capture(near, (block) => blocks.push(block), { clock });
  const memory = Uint8Array.from({ length: 200 }, (_, i) => i);
  device.send(memory, Int32Array.of(10, 20, 100, 30), 2);
  clock.advance(250);
  far.send(memory, Int32Array.of(0, 40), 1);
  assertEquals(device.receive(new Uint8Array(100), 7, 93), 40);
  device.comment("the last");
  device.close();
  const packets = [...readCapture(concatenated(blocks))];
  assertEquals(
    packets.map(({ timeUs, direction, comments }) => ({ timeUs, direction, comments })),
    [
      { timeUs: 5_000_000, direction: Direction.outbound, comments: [] },
      { timeUs: 5_000_250, direction: Direction.inbound, comments: ["the last"] },
    ],
  );
  assertEquals([...packets[0].bytes], [...memory.subarray(10, 30), ...memory.subarray(100, 130)]);
  assertEquals([...packets[1].bytes], [...memory.subarray(0, 40)]);
});

Deno.test("capture: a snap length cuts what is kept and not what passes", () => {
  const [near, far] = memoryPair();
  const blocks: Uint8Array[] = [];
  const device = capture(near, (block) => blocks.push(block), { snapLength: 24 });
  const memory = Uint8Array.from({ length: 100 }, (_, i) => i);
  device.send(memory, Int32Array.of(0, 20, 50, 40), 2);
  assertEquals(far.receive(new Uint8Array(100), 0, 100), 60);
  far.send(memory, Int32Array.of(0, 90), 1);
  assertEquals(device.receive(new Uint8Array(100), 0, 100), 90);
  device.flush();
  const packets = [...readCapture(concatenated(blocks))];
  assertEquals(packets.map(({ bytes, originalLength }) => [bytes.length, originalLength]), [
    [24, 60],
    [24, 90],
  ]);
  assertEquals([...packets[0].bytes.subarray(18)], [18, 19, 50, 51, 52, 53]);
  assertThrows(() => capture(near, () => {}, { snapLength: 0 }), RangeError, "snapLength");
});

Deno.test("capture: the virtio-net header is left out, and what was not sent says so", () => {
  const behind = new TestDevice(true);
  const blocks: Uint8Array[] = [];
  const device = capture(behind, (block) => blocks.push(block));
  const memory = Uint8Array.from({ length: 50 }, (_, i) => i);
  device.send(memory, Int32Array.of(0, 50), 1);
  behind.outcome = SendOutcome.queueFull;
  assertEquals(device.send(memory, Int32Array.of(0, 12), 1), SendOutcome.queueFull);
  device.close();
  const packets = [...readCapture(concatenated(blocks))];
  assertEquals(packets.map(({ bytes }) => [...bytes].length), [40, 2]);
  assertEquals([packets[0].bytes[0], packets[1].originalLength], [10, 2]);
  assertEquals(packets[1].comments.length, 1);
});

Deno.test("capture: two stacks talk through it as without it", async () => {
  // Goal: the middleware is a device as any other, and the capture holds the whole conversation.
  const [a, b] = memoryPair();
  const blocks: Uint8Array[] = [];
  const near = await open({
    device: capture(a, (block) => blocks.push(block)),
    address: "10.7.0.1/24",
  });
  const far = await open({ device: b, address: "10.7.0.2/24" });
  using listener = far.listen({ port: 7 });
  const [client, server] = await Promise.all([
    near.connect({ hostname: "10.7.0.2", port: 7 }),
    listener.accept(),
  ]);
  await client.write(new TextEncoder().encode("hello"));
  assertEquals(await server.read(new Uint8Array(10)), 5);
  client.close();
  server.close();
  await near.close();
  await far.close();
  const packets = [...readCapture(concatenated(blocks))];
  const flags = packets.map(({ bytes }) => bytes[33] & 0x17);
  assertEquals(flags.slice(0, 3), [0x02, 0x12, 0x10]);
  assertEquals(packets.some(({ bytes }) => bytes.length > 44 && bytes.at(-1) === 0x6f), true);
  assertEquals(flags.filter((flag) => (flag & 1) !== 0).length, 2, "a FIN each way");
});
