/** What `read` and `write` are given: every kind of array that JavaScript has, and what is none. */

import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { bytes, connected, failure, isPending, parity, readAll, text } from "../worlds.ts";

const NOT_BYTES = { name: "TypeError", code: undefined, message: "expected typed ArrayBufferView" };
const BAD_RESOURCE = { name: "BadResource", code: undefined, message: "Bad resource ID" };

/** Things that are no `Uint8Array`, made anew for each use; none has a length of 0. */
const NOT_ARRAYS: Readonly<Record<string, () => unknown>> = {
  "a string": () => "abc",
  "a number": () => 5,
  "an array": () => [0, 0, 0],
  "an object": () => ({}),
  "an ArrayBuffer": () => new ArrayBuffer(4),
  "a SharedArrayBuffer": () => new SharedArrayBuffer(4),
  "a DataView": () => new DataView(new ArrayBuffer(4)),
  "an Int8Array": () => new Int8Array(3),
  "a Uint8ClampedArray": () => new Uint8ClampedArray(3),
  "a Uint16Array": () => new Uint16Array(4),
  "a Float64Array": () => new Float64Array(2),
};

/** Things whose length is 0 and that are no `Uint8Array`. */
const EMPTY_THINGS: readonly unknown[] = ["", [], { length: 0 }, new Uint16Array(0)];

/** An array of four bytes whose buffer now belongs to somebody else. */
function detached(): Uint8Array {
  const array = new Uint8Array(4);
  structuredClone(array.buffer, { transfer: [array.buffer] });
  return array;
}

parity(
  "a read into something that is no Uint8Array is refused and takes nothing",
  async (world) => {
    // Goal: the bytes are there for the next read, whether they came before or after.
    using pair = await connected(world);
    for (const [name, make] of Object.entries(NOT_ARRAYS)) {
      const target = make() as Uint8Array;
      assertEquals(await failure(() => pair.client.read(target)), NOT_BYTES, name);
    }
    await pair.server.write(bytes("still here"));
    for (const make of Object.values(NOT_ARRAYS)) {
      await failure(() => pair.client.read(make() as Uint8Array));
    }
    const buffer = new Uint8Array(20);
    assertEquals(text(buffer.subarray(0, await pair.client.read(buffer) ?? 0)), "still here");
  },
);

parity("a read into nothing at all is a TypeError", async (world) => {
  // Goal: Deno's words; the length is asked for first.
  using pair = await connected(world);
  for (const nothing of [undefined, null]) {
    const { name, message } = await failure(() => pair.client.read(nothing as never));
    assertEquals([name, message], [
      "TypeError",
      `Cannot read properties of ${nothing} (reading 'length')`,
    ]);
  }
});

parity("a read into anything of length 0 gives 0", async (world) => {
  // Goal: Deno looks at the length before it looks at the type.
  using pair = await connected(world);
  for (const empty of EMPTY_THINGS) assertEquals(await pair.client.read(empty as Uint8Array), 0);
});

parity("a refused read does not disturb those that wait", async (world) => {
  // Goal: the queue of reads is as if the call had not been made.
  using pair = await connected(world);
  const first = new Uint8Array(2);
  const second = new Uint8Array(2);
  const waiting = pair.client.read(first);
  assertEquals(await failure(() => pair.client.read("abc" as never)), NOT_BYTES);
  const behind = pair.client.read(second);
  await pair.server.write(bytes("1234"));
  assertEquals(await Promise.all([waiting, behind]), [2, 2]);
  assertEquals(text(first) + text(second), "1234");
});

parity("a write of something that is no Uint8Array is refused and sends nothing", async (world) => {
  // Goal: also for what has no length and for what has length 0.
  using pair = await connected(world);
  const wrong = [...Object.values(NOT_ARRAYS).map((make) => make()), ...EMPTY_THINGS];
  for (const source of [undefined, null, ...wrong]) {
    assertEquals(await failure(() => pair.client.write(source as Uint8Array)), NOT_BYTES);
  }
  await pair.client.write(bytes("only this"));
  await pair.client.closeWrite();
  assertEquals(text(await readAll(pair.server)), "only this");
});

parity("a wrong argument is told before anything else", async (world) => {
  // Goal: on a closed connection too: the argument is looked at first.
  using pair = await connected(world);
  pair.client.close();
  assertEquals(await failure(() => pair.client.read([1] as never)), NOT_BYTES);
  assertEquals(await failure(() => pair.client.write([] as never)), NOT_BYTES);
  assertEquals(await pair.client.read("" as never), 0);
  assertEquals(await failure(() => pair.client.write(new Uint8Array(0))), BAD_RESOURCE);
});

parity("wrong arguments reject: nothing is thrown at the call", async (world) => {
  // Goal: `.catch` alone is enough.
  using pair = await connected(world);
  const calls = [
    pair.client.read(5 as never),
    pair.client.read(undefined as never),
    pair.client.write(undefined as never),
    pair.client.write("abc" as never),
  ];
  const outcomes = await Promise.allSettled(calls);
  assertEquals(outcomes.map(({ status }) => status), Array(4).fill("rejected"));
});

parity("subclasses of Uint8Array are as good, that of node among them", async (world) => {
  // Goal: Buffer, and a class of one's own.
  class Mine extends Uint8Array {}
  using pair = await connected(world);
  assertEquals(await pair.client.write(Buffer.from("buffer ")), 7);
  assertEquals(await pair.client.write(Mine.from(bytes("mine"))), 4);
  await pair.client.closeWrite();
  const target = Buffer.alloc(3);
  const other = new Mine(100);
  assertEquals(await pair.server.read(target), 3);
  let text = target.toString();
  for (let count; (count = await pair.server.read(other)) !== null;) {
    text += new TextDecoder().decode(other.subarray(0, count));
  }
  assertEquals(text, "buffer mine");
});

parity("a read fills its part of the buffer and nothing else", async (world) => {
  // Goal: the offset and the length of a subarray, and the rest of what is longer than the data.
  using pair = await connected(world);
  const whole = new Uint8Array(10).fill(7);
  await pair.server.write(Uint8Array.of(1, 2, 3, 4, 5));
  assertEquals(await pair.client.read(whole.subarray(2, 4)), 2);
  assertEquals(whole, Uint8Array.of(7, 7, 1, 2, 7, 7, 7, 7, 7, 7));
  assertEquals(await pair.client.read(whole.subarray(5)), 3);
  assertEquals(whole, Uint8Array.of(7, 7, 1, 2, 7, 3, 4, 5, 7, 7));
});

parity("a write sends its part of the buffer and nothing else", async (world) => {
  // Goal: offset and length of a subarray, in small and in pieces that are copied another way.
  using pair = await connected(world);
  const whole = Uint8Array.from({ length: 40_000 }, (_, i) => i % 251);
  assertEquals(await pair.client.write(whole.subarray(3, 6)), 3);
  let at = 10_000;
  while (at < 30_000) at += await pair.client.write(whole.subarray(at, 30_000));
  await pair.client.closeWrite();
  const received = await readAll(pair.server);
  assertEquals(received.subarray(0, 3), whole.subarray(3, 6));
  assertEquals(received.subarray(3), whole.subarray(10_000, 30_000));
});

parity("memory that threads share can be read into and written from", async (world) => {
  // Goal: Uint8Array over SharedArrayBuffer, small and large.
  using pair = await connected(world);
  for (const length of [4, 30_000]) {
    const source = new Uint8Array(new SharedArrayBuffer(length));
    source.forEach((_, i) => source[i] = i % 253);
    const target = new Uint8Array(new SharedArrayBuffer(length));
    const reading = (async () => {
      for (let done = 0; done < length;) {
        done += await pair.server.read(target.subarray(done)) ?? length;
      }
    })();
    for (let done = 0; done < length;) done += await pair.client.write(source.subarray(done));
    await reading;
    assertEquals(Array.from(target), Array.from(source));
  }
});

parity("buffers that can be resized are as good as others", async (world) => {
  // Goal: a view that follows its buffer's length, grown before the call.
  using pair = await connected(world);
  const buffer = new ArrayBuffer(2, { maxByteLength: 8 });
  const view = new Uint8Array(buffer);
  buffer.resize(6);
  view.set(bytes("resize"));
  assertEquals(await pair.client.write(view), 6);
  view.fill(0);
  assertEquals(await pair.server.read(view), 6);
  assertEquals(text(view), "resize");
});

parity("a view without its buffer is an empty one", async (world) => {
  // Goal: no error, and nothing taken.
  using pair = await connected(world);
  await pair.server.write(bytes("x"));
  assertEquals(await pair.client.read(detached()), 0);
  assertEquals(await pair.client.write(detached()), 0);
  assertEquals(await pair.client.read(new Uint8Array(5)), 1);
});

parity(
  "a read whose buffer is given away settles, and those behind it are served",
  async (world) => {
    // Goal: a transferred buffer may not block the connection for ever.
    using pair = await connected(world);
    const target = new Uint8Array(4);
    const waiting = pair.client.read(target);
    const behind = pair.client.read(new Uint8Array(4));
    assert(await isPending(behind));
    structuredClone(target.buffer, { transfer: [target.buffer] });
    assertEquals(target.length, 0);
    await pair.server.write(bytes("abcd"));
    await pair.server.write(bytes("efgh"));
    await pair.server.closeWrite();
    assertEquals(typeof await waiting, "number");
    assertEquals(await behind, 4);
  },
);

parity("what write has been given may be changed when it has returned", async (world) => {
  // Goal: the bytes of the moment of the call are sent, when there is room.
  using pair = await connected(world);
  const source = Uint8Array.of(1, 2, 3);
  const writing = pair.client.write(source);
  source.fill(9);
  assertEquals(await writing, 3);
  const target = new Uint8Array(3);
  assertEquals(await pair.server.read(target), 3);
  assertEquals(target, Uint8Array.of(1, 2, 3));
});

parity("setNoDelay and setKeepAlive take anything for yes or no", async (world) => {
  // Goal: no error for what types would refuse.
  using pair = await connected(world);
  for (const value of [undefined, null, 0, 1, "", "yes", {}, NaN]) {
    pair.client.setNoDelay(value as boolean);
    pair.client.setKeepAlive(value as boolean);
  }
  await pair.client.write(Uint8Array.of(1));
  assertEquals(await pair.server.read(new Uint8Array(5)), 1);
});
