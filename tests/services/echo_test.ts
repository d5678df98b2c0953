import { assertEquals, assertRejects } from "@std/assert";
import { SeededRandom } from "../../src/base/random.ts";
import { echo } from "../../src/services/echo.ts";
import { FakeConn } from "./fake_conn.ts";

function randomBytes(random: SeededRandom, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.integer(0, 255));
}

Deno.test("echo returns every byte in order, whatever the pieces of reads and writes", async () => {
  // Goal: no byte is lost, doubled or moved, on either side of the change to the large buffer.
  for (let seed = 1; seed <= 20; seed++) {
    const random = new SeededRandom(seed);
    const input = randomBytes(random, random.integer(0, 300_000));
    const conn = new FakeConn(random, input, 400_000);
    await echo(conn);
    assertEquals(conn.received.subarray(0, conn.receivedLength), input, `seed ${seed}`);
    assertEquals(conn.closed, 1, `seed ${seed}`);
  }
});

Deno.test("echo closes the connection and rejects when a write fails", async () => {
  // Goal: a failed connection is released, and its error reaches whoever runs the service.
  const conn = new FakeConn(new SeededRandom(1), new Uint8Array(5000), 100);
  await assertRejects(() => echo(conn), Deno.errors.BrokenPipe);
  assertEquals(conn.closed, 1);
});
