import { assert, assertEquals } from "@std/assert";
import type { Memory } from "../../src/base/memory.ts";
import { DatagramEndpoint } from "../../src/net/datagram_endpoint.ts";
import { ArrayCopier } from "../../src/ring/copier.ts";
import { DATAGRAM_HEADER_BYTES } from "../../src/ring/datagram.ts";
import { Layout, SMALL_DIMENSIONS } from "../../src/ring/layout.ts";
import { BlockPool } from "../../src/ring/pool.ts";
import { publishRead } from "../../src/ring/stream.ts";

const ROW = SMALL_DIMENSIONS.connections;

function rig(sendBlocks: number) {
  const layout = new Layout({ ...SMALL_DIMENSIONS, sendBlocks });
  const pool = new BlockPool(layout.sendPool);
  const area: Memory = layout.memory;
  const memory = {
    ...{ area, pool, copier: new ArrayCopier(area.bytes) },
    release: (descriptor: number) => pool.give(descriptor),
  };
  let [waiters, called] = [0, 0];
  const host = { layout, pool, news: () => {}, awaitSendMemory: () => void waiters++ };
  const endpoint = new DatagramEndpoint(host, memory, ROW, 1, () => void called++);
  const send = (length: number, limit: number) =>
    endpoint.send(new Uint8Array(DATAGRAM_HEADER_BYTES), new Uint8Array(length), limit);
  const read = (bytes: number) => publishRead(layout.sendStream(ROW), bytes);
  return { endpoint, pool, send, read, waiters: () => waiters, called: () => called };
}

Deno.test("one datagram may always be queued, more within the limit", () => {
  // Goal: a limit that is smaller than a datagram does not make it impossible.
  const { send, read, endpoint } = rig(16);
  assert(send(5000, 2048));
  assertEquals([send(1, 2048), endpoint.sendBytes], [false, 5044]);
  read(5044);
  assert(send(956, 2048));
  assert(send(1004, 2048), "2048 bytes are the limit");
  assertEquals(send(0, 2048), false);
});

Deno.test("a full pool makes a send wait for memory, and its end gives all back", () => {
  const { send, endpoint, pool, waiters, called } = rig(4);
  assert(send(60_000, 1e6));
  assertEquals([send(20_000, 1e6), waiters()], [false, 1]);
  endpoint.resumeWrites();
  assertEquals(called(), 1);
  endpoint.dispose();
  assertEquals(pool.free, pool.count);
});
