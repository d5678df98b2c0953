/** `readable` and `writable` as streams: chunks, locks, readers of both kinds, cancellation, branches. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { bytes, connected, failed, failure, isPending, parity, readAll, text } from "../worlds.ts";

const STREAM_CLOSED = {
  name: "BadResource",
  code: undefined,
  message: "The stream's underlying resource was closed or consumed",
};
const BAD_CHUNK = {
  name: "TypeError",
  code: undefined,
  message: "Expected ArrayBuffer or ArrayBufferView for write chunk",
};

/** Fails unless the connection has been closed on this side. */
async function assertClosed(conn: Deno.TcpConn): Promise<void> {
  assertEquals((await failure(() => conn.read(new Uint8Array(1)))).message, "Bad resource ID");
}

/** What a promise is rejected with, whatever that is. */
function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(() => "no rejection", (reason) => reason);
}

parity("writable takes every view and buffer, and sends its bytes", async (world) => {
  // Goal: the bytes of the view, not its elements.
  using pair = await connected(world);
  const writer = pair.client.writable.getWriter();
  const whole = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7);
  const chunks: readonly unknown[] = [
    whole.subarray(1, 3),
    new Uint16Array(whole.buffer, 4, 1),
    new DataView(whole.buffer, 6, 1),
    whole.buffer.slice(7),
    new Float64Array(1),
  ];
  for (const chunk of chunks) await writer.write(chunk as Uint8Array);
  await writer.close();
  assertEquals(await readAll(pair.server), Uint8Array.of(1, 2, 4, 5, 6, 7, 0, 0, 0, 0, 0, 0, 0, 0));
});

parity("a chunk that is no bytes fails writable and closes the connection", async (world) => {
  // Goal: nothing of it is sent, and whoever waits for the writer's end hears of it.
  for (const chunk of ["text", 5, null, undefined, [1, 2], {}, true]) {
    using pair = await connected(world);
    const writer = pair.client.writable.getWriter();
    const closed = failure(() => writer.closed);
    assertEquals(await failure(() => writer.write(chunk as never)), BAD_CHUNK, String(chunk));
    assertEquals(await closed, BAD_CHUNK);
    await assertClosed(pair.client);
    assertEquals((await readAll(pair.server)).length, 0);
  }
});

parity("an empty chunk is nothing, also behind closeWrite", async (world) => {
  // Goal: no byte, no error.
  using pair = await connected(world);
  const writer = pair.client.writable.getWriter();
  await writer.write(new Uint8Array(0));
  await pair.client.closeWrite();
  await writer.write(new Uint8Array(0));
  assertEquals(await pair.server.read(new Uint8Array(1)), null);
});

parity("a default reader's chunk is a Uint8Array of what has arrived", async (world) => {
  // Goal: length, kind, and memory of its own: one chunk is not changed by the next.
  using pair = await connected(world);
  const reader = pair.client.readable.getReader();
  await pair.server.write(bytes("first"));
  const { value: first } = await reader.read();
  await pair.server.write(bytes("second"));
  const { value: second } = await reader.read();
  assertEquals([text(first!), text(second!)], ["first", "second"]);
  assert(first!.buffer !== second!.buffer);
  assertEquals([first!.constructor.name, first!.byteOffset], ["Uint8Array", 0]);
  assertEquals(first!.buffer.byteLength, 65_536);
});

parity("a locked stream gives no second reader and cannot be cancelled or piped", async (world) => {
  // Goal: locks of both streams.
  using pair = await connected(world);
  const { readable, writable } = pair.client;
  readable.getReader();
  writable.getWriter();
  assertEquals([readable.locked, writable.locked], [true, true]);
  assertThrows(() => readable.getReader(), TypeError);
  assertThrows(() => writable.getWriter(), TypeError);
  assertThrows(() => readable.tee(), TypeError);
  assertEquals((await failure(() => readable.cancel()))?.name, "TypeError");
  assertEquals((await failure(() => writable.close()))?.name, "TypeError");
  assertEquals((await failure(() => readable.pipeTo(new WritableStream()))).name, "TypeError");
  await pair.client.write(Uint8Array.of(1));
  assertEquals(await pair.server.read(new Uint8Array(3)), 1);
});

parity("a reader that is released while it waits loses no byte", async (world) => {
  // Goal: its read rejects, and the next reader gets what arrives.
  using pair = await connected(world);
  const first = pair.client.readable.getReader();
  const waiting = failure(() => first.read());
  assert(await isPending(waiting));
  first.releaseLock();
  assertEquals((await waiting).name, "TypeError");
  const second = pair.client.readable.getReader().read();
  await pair.server.write(bytes("kept"));
  assertEquals(text((await second).value!), "kept");
});

parity("cancel ends a read of the same reader with done", async (world) => {
  // Goal: no error for the reader; the connection is closed and the peer sees the end.
  using pair = await connected(world);
  const reader = pair.client.readable.getReader();
  const waiting = reader.read();
  assert(await isPending(waiting));
  await reader.cancel("enough");
  assertEquals(await waiting, { value: undefined, done: true });
  await reader.closed;
  assertEquals(await reader.read(), { value: undefined, done: true });
  await assertClosed(pair.client);
  assertEquals(await pair.server.read(new Uint8Array(1)), null);
});

parity("the end of readable resolves closed and closes both directions", async (world) => {
  // Goal: at the end nothing is left to write with.
  using pair = await connected(world);
  const reader = pair.client.readable.getReader();
  await pair.server.closeWrite();
  assertEquals(await reader.read(), { value: undefined, done: true });
  await reader.closed;
  assertEquals((await failure(() => pair.client.write(bytes("x")))).name, "BadResource");
  assertEquals((await failure(() => pair.client.close())).name, "BadResource");
});

parity("leaving for await over readable closes the connection", async (world) => {
  // Goal: by break and by throw.
  for (const how of ["break", "throw"]) {
    using pair = await connected(world);
    await pair.server.write(bytes("x"));
    const looping = (async () => {
      for await (const chunk of pair.client.readable) {
        assertEquals(text(chunk), "x");
        if (how === "throw") throw new Error("left");
        break;
      }
    })();
    await looping.catch(() => {});
    await assertClosed(pair.client);
    assertEquals(await pair.server.read(new Uint8Array(1)), null);
  }
});

parity("leaving for await with preventCancel leaves the connection open", async (world) => {
  // Goal: one loop may go on where another has ended.
  using pair = await connected(world);
  for (const word of ["one", "two"]) {
    await pair.server.write(bytes(word));
    for await (const chunk of pair.client.readable.values({ preventCancel: true })) {
      assertEquals(text(chunk), word);
      break;
    }
  }
  await pair.server.write(bytes("three"));
  assertEquals(await pair.client.read(new Uint8Array(10)), 5);
});

parity("both branches of tee get everything", async (world) => {
  // Goal: and the connection is closed at the end.
  using pair = await connected(world);
  const [left, right] = pair.client.readable.tee();
  const texts = Promise.all([new Response(left).text(), new Response(right).text()]);
  await pair.server.write(bytes("twice"));
  await pair.server.closeWrite();
  assertEquals(await texts, ["twice", "twice"]);
  await assertClosed(pair.client);
});

parity("one branch of tee may be cancelled, and the other goes on", async (world) => {
  // Goal: the connection lives as long as one of them.
  using pair = await connected(world);
  const [left, right] = pair.client.readable.tee();
  const cancelled = left.cancel("no");
  const reader = right.getReader();
  const reading = reader.read();
  await pair.server.write(bytes("one"));
  assertEquals(text((await reading).value!), "one");
  assert(await isPending(cancelled));
  await pair.client.write(bytes("open"));
  assertEquals(await pair.server.read(new Uint8Array(9)), 4);
  await reader.cancel("no");
  await cancelled;
  await assertClosed(pair.client);
});

parity("a BYOB read waits for its least number of bytes", async (world) => {
  // Goal: `min`, over several segments.
  using pair = await connected(world);
  const reader = pair.client.readable.getReader({ mode: "byob" });
  const reading = reader.read(new Uint8Array(6), { min: 4 });
  await pair.server.write(bytes("ab"));
  assert(await isPending(reading));
  await pair.server.write(bytes("cd"));
  assertEquals(text((await reading).value!), "abcd");
});

parity("a BYOB read gives whole elements", async (world) => {
  // Goal: the odd byte is kept for the next read, and at the end it is an error.
  using pair = await connected(world);
  const reader = pair.client.readable.getReader({ mode: "byob" });
  await pair.server.write(Uint8Array.of(1, 2, 3));
  const first = await reader.read(new Uint16Array(4));
  assertEquals(first.value, new Uint16Array(Uint8Array.of(1, 2).buffer));
  await pair.server.write(Uint8Array.of(4));
  const second = await reader.read(new Uint16Array(4));
  assertEquals(second.value, new Uint16Array(Uint8Array.of(3, 4).buffer));
  await pair.server.write(Uint8Array.of(5));
  const third = failure(() => reader.read(new Uint16Array(4)));
  assert(await isPending(third));
  await pair.server.closeWrite();
  assertEquals((await third).name, "TypeError");
});

parity("a BYOB read takes a DataView and its buffer from the caller", async (world) => {
  // Goal: the caller's view is empty afterwards; the view that comes back has the bytes.
  using pair = await connected(world);
  const reader = pair.client.readable.getReader({ mode: "byob" });
  const mine = new DataView(new ArrayBuffer(4), 1);
  await pair.server.write(Uint8Array.of(9, 8));
  const { value } = await reader.read(mine);
  assertEquals([value!.constructor.name, value!.byteLength, value!.byteOffset], ["DataView", 2, 1]);
  assertEquals([value!.getUint8(0), value!.getUint8(1)], [9, 8]);
  assertEquals(mine.buffer.byteLength, 0);
});

parity("an empty view is refused by a BYOB reader", async (world) => {
  // Goal: unlike conn.read, which gives 0.
  using pair = await connected(world);
  const reader = pair.client.readable.getReader({ mode: "byob" });
  assertEquals((await failure(() => reader.read(new Uint8Array(0)))).name, "TypeError");
  await pair.server.write(bytes("x"));
  assertEquals((await reader.read(new Uint8Array(3))).value!.length, 1);
});

parity("close interrupts a BYOB read", async (world) => {
  // Goal: as it interrupts conn.read.
  using pair = await connected(world);
  const reader = pair.client.readable.getReader({ mode: "byob" });
  const reading = failed(() => reader.read(new Uint8Array(3)));
  assert(await isPending(reading));
  pair.client.close();
  assertEquals(await reading, ["Interrupted", "EINTR"]);
});

parity("a BYOB reader and a default reader may take turns", async (world) => {
  // Goal: what one has not taken the other gets.
  using pair = await connected(world);
  await pair.server.write(bytes("abcdef"));
  const byob = pair.client.readable.getReader({ mode: "byob" });
  assertEquals(text((await byob.read(new Uint8Array(2))).value!), "ab");
  byob.releaseLock();
  const plain = pair.client.readable.getReader();
  assertEquals(text((await plain.read()).value!), "cdef");
});

parity("writable asks for one chunk at a time", async (world) => {
  // Goal: desiredSize and ready tell when the next one is welcome.
  using pair = await connected(world);
  const writer = pair.client.writable.getWriter();
  assertEquals(writer.desiredSize, 1);
  await writer.ready;
  const writing = writer.write(bytes("x"));
  assertEquals(writer.desiredSize, 0);
  await writing;
  await writer.ready;
  assertEquals(writer.desiredSize, 1);
});

parity(
  "chunks of writable and calls of write go out in the order in which they are made",
  async (world) => {
    // Goal: two ways to one stream of bytes.
    using pair = await connected(world);
    const writer = pair.client.writable.getWriter();
    await writer.write(bytes("a"));
    await pair.client.write(bytes("b"));
    await writer.write(bytes("c"));
    await writer.close();
    assertEquals(text(await readAll(pair.server)), "abc");
  },
);

parity("writable is closed once", async (world) => {
  // Goal: a second close and a later write are TypeErrors; closed has resolved.
  using pair = await connected(world);
  const writer = pair.client.writable.getWriter();
  await writer.close();
  await writer.closed;
  assertEquals((await failure(() => writer.close())).name, "TypeError");
  assertEquals((await failure(() => writer.write(bytes("x")))).name, "TypeError");
});

parity("the reason of abort is what the writer fails with", async (world) => {
  // Goal: passed on as it is; the connection is closed.
  using pair = await connected(world);
  const writer = pair.client.writable.getWriter();
  const closed = rejection(writer.closed);
  await writer.abort("why");
  assertEquals(await closed, "why");
  assertEquals(await rejection(writer.write(bytes("x"))), "why");
  await assertClosed(pair.client);
});

parity("pipeTo with preventClose leaves the connection open", async (world) => {
  // Goal: several sources one after the other.
  using pair = await connected(world);
  for (const word of ["one ", "two "]) {
    await new Blob([word]).stream().pipeTo(pair.client.writable, { preventClose: true });
  }
  await pair.client.write(bytes("three"));
  await pair.client.closeWrite();
  assertEquals(text(await readAll(pair.server)), "one two three");
});

parity("a source that fails closes the connection that it is piped to", async (world) => {
  // Goal: pipeTo rejects with the source's error; with preventAbort nothing is closed.
  using pair = await connected(world);
  const failing = () => new ReadableStream({ start: (to) => to.error(new Error("boom")) });
  const kept = failure(() => failing().pipeTo(pair.client.writable, { preventAbort: true }));
  assertEquals((await kept).message, "boom");
  await pair.client.write(bytes("x"));
  assertEquals(await pair.server.read(new Uint8Array(5)), 1);
  assertEquals((await failure(() => failing().pipeTo(pair.client.writable))).message, "boom");
  await assertClosed(pair.client);
  assertEquals(await pair.server.read(new Uint8Array(1)), null);
});

parity("a destination that fails closes the connection that it is piped from", async (world) => {
  // Goal: the error is the destination's.
  using pair = await connected(world);
  await pair.server.write(bytes("x"));
  const full = new WritableStream({
    write() {
      throw new Error("full");
    },
  });
  assertEquals((await failure(() => pair.client.readable.pipeTo(full))).message, "full");
  await assertClosed(pair.client);
  assertEquals(await pair.server.read(new Uint8Array(1)), null);
});

parity(
  "a signal ends pipeTo, and the connection with it unless that is prevented",
  async (world) => {
    // Goal: the reason is passed on.
    for (const preventCancel of [true, false]) {
      using pair = await connected(world);
      const controller = new AbortController();
      const { signal } = controller;
      const piping = rejection(
        pair.client.readable.pipeTo(new WritableStream(), { signal, preventCancel }),
      );
      assert(await isPending(piping));
      controller.abort("stop");
      if (preventCancel) await pair.server.write(bytes("one")); // The read under way takes it.
      assertEquals(await piping, "stop");
      if (preventCancel) await pair.client.write(bytes("open"));
      else await assertClosed(pair.client);
    }
  },
);

parity("the streams of a closed connection say that it is gone", async (world) => {
  // Goal: streams taken before close and after it; closing and aborting what is gone is no error.
  for (const isTakenBefore of [true, false]) {
    using pair = await connected(world);
    using other = await connected(world);
    if (isTakenBefore) void [pair.client.readable, pair.client.writable, other.client.writable];
    pair.client.close();
    other.client.close();
    assertEquals(await failure(() => pair.client.readable.getReader().read()), STREAM_CLOSED);
    const writer = pair.client.writable.getWriter();
    assertEquals(await failure(() => writer.write(bytes("x"))), STREAM_CLOSED);
    await other.client.writable.close();
  }
});

parity("an empty chunk to a closed connection is an error, too", async (world) => {
  // Goal: the state is looked at before the length.
  using pair = await connected(world);
  const writer = pair.client.writable.getWriter();
  pair.client.close();
  assertEquals(await failure(() => writer.write(new Uint8Array(0))), STREAM_CLOSED);
});

parity("lines can be read through a decoder", async (world) => {
  // Goal: pipeThrough, with characters that are cut by segments.
  using pair = await connected(world);
  const reading = (async () => {
    let received = "";
    const decoded = pair.client.readable.pipeThrough(new TextDecoderStream());
    for await (const piece of decoded) received += piece;
    return received;
  })();
  const words = bytes("握手\n握手\n");
  for (const byte of words) await pair.server.write(Uint8Array.of(byte));
  await pair.server.closeWrite();
  assertEquals(await reading, "握手\n握手\n");
});

parity("a Response can be made of readable, and a request body sent by pipeTo", async (world) => {
  // Goal: the streams are those of the platform.
  using pair = await connected(world);
  const sending = new Response("body ".repeat(1000)).body!.pipeTo(pair.client.writable);
  assertEquals((await new Response(pair.server.readable).text()).length, 5000);
  await sending;
});

parity("readable can be transferred", async (world) => {
  // Goal: structuredClone moves the stream; its bytes come out at the other end.
  using pair = await connected(world);
  const { readable } = pair.client;
  const moved = structuredClone(readable, { transfer: [readable] });
  assertEquals(readable.locked, true);
  const reading = moved.getReader().read();
  await pair.server.write(bytes("moved"));
  assertEquals(text((await reading).value!), "moved");
});

parity("readable that nobody reads takes nothing", async (world) => {
  // Goal: to look at the property is not to read.
  using pair = await connected(world);
  void pair.client.readable;
  await pair.server.write(bytes("x"));
  assertEquals(await pair.client.read(new Uint8Array(5)), 1);
});
