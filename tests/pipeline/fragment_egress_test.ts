// Packets in fragments, as they leave the device and as another stack puts them together.
import { assert, assertEquals } from "@std/assert";
import { be16, icmpBytes, ipv4Frame } from "../wire/frames.ts";
import { IcmpWorld } from "./icmp_world.ts";

Deno.test("fragment egress: fragments join, fit the link and share an identification of their own", async () => {
  const identifications = new Set<string>();
  for (const virtio of [false, true]) {
    await using world = await IcmpWorld.open({}, virtio);
    const skipped = virtio ? 10 : 0;
    for (const size of [1472, 1473, 4000, 65_000]) {
      const pending = world.net.ping("10.7.0.1", { size, timeout: 1000 }).catch(() => {});
      const frames = (await world.sent()).map((frame) => frame.slice(skipped));
      world.clock.advance(1_000_000);
      await pending;
      assertEquals(frames.length, Math.ceil((size + 8) / 1480));
      const bytes: number[] = [];
      for (const [index, frame] of frames.entries()) {
        assert(frame.length <= 1500);
        const isLast = index === frames.length - 1;
        const field = frames.length === 1 ? 0x4000 : (bytes.length >> 3) | (isLast ? 0 : 0x2000);
        assertEquals(frame.slice(6, 8), be16(field));
        assertEquals(frame.slice(4, 6), frames[0].slice(4, 6));
        bytes.push(...frame.slice(20));
      }
      if (frames.length > 1) identifications.add(`${virtio} ${frames[0].slice(4, 6)}`);
      assertEquals(bytes.length, size + 8);
      const data = Array.from({ length: size }, (_, i) => i & 0xff);
      assertEquals(bytes.slice(8), data);
    }
  }
  assertEquals(identifications.size, 6);
});

Deno.test("fragment egress: the reply to a request in fragments comes in fragments", async () => {
  await using world = await IcmpWorld.open();
  const whole = icmpBytes(8, 0, [0, 1, 0, 2, ...new Array(3000).fill(9)]);
  const part = (from: number, to: number, field: number) =>
    ipv4Frame({ protocol: 1, identification: 3, fragment: field, payload: whole.slice(from, to) });
  const parts = [part(0, 1480, 0x2000), part(1480, 2960, 0x20b9), part(2960, 3008, 0x0172)];
  const sent = await world.exchange(...parts);
  assertEquals(sent.map((frame) => frame.length), [1500, 1500, 68]);
  const message = sent.flatMap((frame) => frame.slice(20));
  assertEquals([message[0], ...message.slice(4)], [0, ...whole.slice(4)]);
});
