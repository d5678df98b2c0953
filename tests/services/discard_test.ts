import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/base/random.ts";
import { discard } from "../../src/services/discard.ts";
import { FakeConn } from "./fake_conn.ts";

Deno.test("discard reads to the end, answers nothing and closes", async () => {
  // Goal: what RFC 863 asks, with several connections at once on the shared buffer.
  const random = new SeededRandom(7);
  const conns = [1, 70_000, 500_000].map((length) =>
    new FakeConn(random, new Uint8Array(length), 1)
  );
  await Promise.all(conns.map(discard));
  assertEquals(conns.map((conn) => conn.consumed), [1, 70_000, 500_000]);
  assertEquals(conns.map((conn) => conn.receivedLength), [0, 0, 0]);
  assertEquals(conns.map((conn) => conn.closed), [1, 1, 1]);
});
