import { assert, assertEquals } from "@std/assert";
import { parseIpv4 } from "../../src/base/address.ts";
import { Drop } from "../../src/base/drops.ts";
import { InputKind, PacketInput } from "../../src/ip/input.ts";
import { open } from "../../mod.ts";
import { HandoverInbox, HandoverRing } from "../../src/pipeline/handover.ts";
import { Bell } from "../../src/ring/bell.ts";
import { Control, Layout, SMALL_DIMENSIONS } from "../../src/ring/layout.ts";
import { tcpConfig } from "../../src/tcp/config.ts";
import { udpConfig } from "../../src/udp/config.ts";
import { Segment } from "../../src/wire/segment.ts";
import { testNeeding } from "../support/skip.ts";
import { tcpFrame } from "../wire/frames.ts";

const settings = {
  ...{ addresses: [parseIpv4("10.7.0.2")!], broadcasts: [], traced: false },
  ...{ config: tcpConfig(), udp: udpConfig() },
};
const dimensions = { ...SMALL_DIMENSIONS, handoverFrames: 4 };

/** Two pipelines' memories, and the way from the first to the second. */
function makePair(queues: number) {
  const own = new Layout(dimensions);
  const next = new Layout(dimensions);
  let rung = 0;
  const bell = new Bell(next.words, Control.tcpBell, () => rung++);
  bell.announceSleep();
  const ring = new HandoverRing(own, next, bell, queues);
  const inbox = new HandoverInbox(next, false, settings, next.tcpCounters);
  /** Decodes a frame in the first pipeline's memory. */
  const decode = (payload: number[]): Segment => {
    const frame = Uint8Array.from(tcpFrame({ payload }));
    own.memory.bytes.set(frame, own.slotPool.blocks);
    const segment = new Segment();
    const input = new PacketInput({ virtioHeader: false, addresses: settings.addresses });
    assertEquals(
      input.decode(own.memory, own.slotPool.blocks, frame.length, segment),
      InputKind.tcp,
    );
    return segment;
  };
  return { own, next, ring, inbox, decode, rung: () => rung };
}

Deno.test("Goal: a frame that is handed over comes out whole, and wakes whom it is for", () => {
  const { next, ring, inbox, decode, rung } = makePair(2);
  assert(ring.offer(decode([1, 2, 3])));
  assertEquals([rung(), inbox.hasNext], [1, true]);
  const segment = new Segment();
  assertEquals(inbox.next(segment), InputKind.tcp);
  const { payloadOffset, payloadLength, slot } = segment;
  assertEquals([payloadLength, slot, inbox.seen], [3, -1, 1]);
  assertEquals([...next.memory.bytes.subarray(payloadOffset, payloadOffset + 3)], [1, 2, 3]);
  assertEquals([inbox.next(segment), inbox.hasNext], [-1, false]);
});

Deno.test("Goal: a frame goes once around and no further", () => {
  const { ring, decode } = makePair(3);
  const segment = decode([]);
  ring.seen = 1;
  assert(ring.offer(segment), "the third pipeline has not seen it");
  ring.seen = 2;
  assert(!ring.offer(segment), "all three have seen it");
});

Deno.test("Goal: a pipeline that does not keep up costs frames, which are counted", () => {
  const { own, ring, decode } = makePair(2);
  const segment = decode([1]);
  for (let i = 0; i < dimensions.handoverFrames + 3; i++) assert(ring.offer(segment));
  assertEquals(own.tcpCounters.drops(Drop.handoverFull), 3);
});

for (const pipeline of ["split", "fused"] as const) {
  const name =
    `Goal: with several queues every connection works, wherever its frames arrive (${pipeline})`;
  testNeeding({ tun: true }, name, async () => {
    const text = new TextEncoder().encode("hello");
    await using net = await open({
      device: "wsqueue0",
      address: "10.9.0.2/24",
      hostAddress: "10.9.0.1/24",
      queues: 3,
      pipeline,
    });
    using kernel = Deno.listen({ hostname: "10.9.0.1", port: 0 });
    using own = net.listen({ port: 7 });
    for (const listener of [kernel, own]) {
      (async () => {
        for await (const conn of listener) conn.readable.pipeTo(conn.writable).catch(() => {});
      })();
    }
    const { port } = kernel.addr as Deno.NetAddr;
    const echo = async (conn: Deno.Conn) => {
      await conn.write(text);
      const buffer = new Uint8Array(16);
      assertEquals(await conn.read(buffer), text.length);
      assertEquals(buffer.subarray(0, text.length), text);
      conn.close();
    };
    const active = Array.from({ length: 12 }, () => net.connect({ hostname: "10.9.0.1", port }));
    const passive = Array.from(
      { length: 12 },
      () => Deno.connect({ hostname: "10.9.0.2", port: 7 }),
    );
    await Promise.all([...active, ...passive].map(async (conn) => echo(await conn)));
    // The kernel picks the queue of an answer by a hash of its own, so some arrive elsewhere.
    assert(net.stats().counters.framesHandedOver > 0);
  });
}
