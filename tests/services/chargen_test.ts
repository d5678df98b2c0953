import { assert, assertEquals, assertRejects } from "@std/assert";
import { SeededRandom } from "../../src/base/random.ts";
import { chargen } from "../../src/services/chargen.ts";
import { FakeConn } from "./fake_conn.ts";

async function generated(seed: number, length: number): Promise<FakeConn> {
  const conn = new FakeConn(new SeededRandom(seed), new Uint8Array(1000), length);
  await chargen(conn);
  return conn;
}

Deno.test("chargen sends the lines of RFC 864", async () => {
  // Goal: the rotating pattern: 72 characters, CR LF, each line one character on.
  const conn = await generated(1, 74 * 97);
  const lines = new TextDecoder().decode(conn.received).split("\r\n");
  assertEquals(
    lines[0],
    " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefg",
  );
  assertEquals(lines[1], lines[0].slice(1) + "h");
  assertEquals(lines[94][0], "~");
  assertEquals(lines[94][1], " ");
  assertEquals(lines[95], lines[0]);
  assert(lines.slice(0, 97).every((line) => line.length === 72));
});

Deno.test("chargen keeps its place when writes take only a part", async () => {
  // Goal: the stream is the same however the connection cuts the writes.
  const whole = (await generated(1, 300_000)).received;
  for (let seed = 2; seed <= 6; seed++) {
    assertEquals((await generated(seed, 300_000)).received, whole, `seed ${seed}`);
  }
  assertEquals(whole.subarray(0, 7030), whole.subarray(7030 * 40, 7030 * 41));
});

Deno.test("chargen reads away what the peer sends, and closes when the peer has gone", async () => {
  // Goal: received data does not pile up, and the connection is released once.
  const conn = await generated(3, 1_000_000);
  assertEquals(conn.consumed, 1000);
  assertEquals(conn.closed, 1);
});

Deno.test("chargen rejects with what is not the peer's doing", async () => {
  // Goal: an error of the stack is not taken for the usual end.
  const conn = new FakeConn(new SeededRandom(1), new Uint8Array(0), 10);
  conn.write = () => Promise.reject(new Deno.errors.ConnectionAborted("the worker died"));
  await assertRejects(() => chargen(conn), Deno.errors.ConnectionAborted);
  assertEquals(conn.closed, 1);
});
