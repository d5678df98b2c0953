import { assertEquals, assertRejects } from "@std/assert";
import { RequestBody } from "../../src/node/request_body.ts";

function make(): { body: RequestBody; log: string[] } {
  const log: string[] = [];
  const body = new RequestBody({
    onWanted: () => void log.push("wanted"),
    onRoom: () => void log.push("room"),
  });
  return { body, log };
}

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("request body: pieces come out as they went in, though the buffer is used again", async () => {
  const { body } = make();
  const buffer = bytes("one");
  body.push(buffer);
  buffer.fill(0);
  body.push(bytes("two"));
  body.end();
  assertEquals(await new Response(body.stream()).text(), "onetwo");
});

Deno.test("request body: says when it is wanted and when there is room", async () => {
  const { body, log } = make();
  const reader = body.stream().getReader();
  const first = reader.read();
  await Promise.resolve();
  assertEquals(log, ["wanted"]);
  body.push(new Uint8Array(10));
  assertEquals((await first).value?.length, 10);
  body.push(new Uint8Array(65_536));
  assertEquals(body.isFull, true);
  assertEquals((await reader.read()).value?.length, 65_536);
  assertEquals([body.isFull, log.at(-1)], [false, "room"]);
});

Deno.test("request body: a reader with a buffer of its own gets the end too", async () => {
  const { body } = make();
  const reader = body.stream().getReader({ mode: "byob" });
  body.push(bytes("abc"));
  assertEquals((await reader.read(new Uint8Array(8))).value, bytes("abc"));
  const last = reader.read(new Uint8Array(8));
  body.end();
  assertEquals((await last).done, true);
});

Deno.test("request body: a failure reaches who reads and who reads later", async () => {
  const { body } = make();
  const reading = assertRejects(() => new Response(body.stream()).text(), RangeError);
  body.fail(new RangeError("on purpose"));
  await reading;
  const other = make().body;
  other.push(bytes("x"));
  other.fail(new RangeError("on purpose"));
  await assertRejects(() => new Response(other.stream()).text(), RangeError);
});

Deno.test("request body: as a whole only when it is whole; dropped, it holds nothing", () => {
  const { body, log } = make();
  body.push(new Uint8Array(70_000));
  assertEquals(body.takeWhole(), null);
  body.drop();
  assertEquals(log, ["room"]);
  body.push(new Uint8Array(70_000));
  assertEquals(body.isFull, false);
  body.end();
  assertEquals([body.isComplete, body.takeWhole()?.length], [true, 0]);
});
