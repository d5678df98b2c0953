import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../mod.ts";
import {
  bytes,
  connected,
  failed,
  failure,
  isPending,
  parity,
  readAll,
  text,
  turn,
} from "./worlds.ts";

/** Fails unless the connection has been closed on this side. */
async function assertClosed(conn: Deno.TcpConn): Promise<void> {
  assertEquals((await failure(() => conn.read(new Uint8Array(1)))).message, "Bad resource ID");
}

parity("readable and writable are the same objects each time", async (world) => {
  // Goal: what is locked stays locked.
  using pair = await connected(world);
  assert(pair.client.readable === pair.client.readable);
  assert(pair.client.writable === pair.client.writable);
});

parity("readable delivers what arrives, and its end closes the connection", async (world) => {
  // Goal: the default reader; at the end of the stream there is nothing left to release.
  using pair = await connected(world);
  await pair.server.write(bytes("hello"));
  await pair.server.closeWrite();
  let received = "";
  for await (const chunk of pair.client.readable) received += text(chunk);
  assertEquals(received, "hello");
  await assertClosed(pair.client);
  assertEquals(await pair.server.read(new Uint8Array(1)), null);
});

parity("readable is a byte stream that fills the reader's own buffer", async (world) => {
  // Goal: BYOB: no more than fits, in the buffer that was brought, and an empty view at the end.
  using pair = await connected(world);
  const reader = pair.client.readable.getReader({ mode: "byob" });
  await pair.server.write(bytes("abcdef"));
  const first = await reader.read(new Uint8Array(4));
  assertEquals([first.done, text(first.value!)], [false, "abcd"]);
  assertEquals(first.value!.buffer.byteLength, 4);
  const second = await reader.read(new Uint8Array(new ArrayBuffer(10), 2, 5));
  assertEquals([text(second.value!), second.value!.byteOffset], ["ef", 2]);
  await pair.server.closeWrite();
  const end = await reader.read(new Uint8Array(4));
  assertEquals([end.done, end.value?.length], [true, 0]);
  await assertClosed(pair.client);
});

parity("conn.read works while readable is locked", async (world) => {
  // Goal: a stream that nobody reads from takes nothing.
  using pair = await connected(world);
  const reader = pair.client.readable.getReader();
  await pair.server.write(bytes("one"));
  const buffer = new Uint8Array(3);
  assertEquals(await pair.client.read(buffer), 3);
  assertEquals(text(buffer), "one");
  await pair.server.write(bytes("two"));
  assertEquals(text((await reader.read()).value!), "two");
});

parity("pipeTo echoes, and ends when the peer ends", async (world) => {
  // Goal: the echo server of the README.
  using pair = await connected(world);
  const echoing = pair.server.readable.pipeTo(pair.server.writable);
  const random = new SeededRandom(21);
  const data = Uint8Array.from({ length: 500_000 }, () => random.uint32());
  const writing = (async () => {
    for (let done = 0; done < data.length;) {
      done += await pair.client.write(data.subarray(done));
    }
    await pair.client.closeWrite();
  })();
  // At its end `readable` closes the connection, and what is on its way back has to arrive all the same.
  const received = await readAll(pair.client);
  await Promise.all([writing, echoing]);
  assertEquals(received.length, data.length);
  assertEquals(received, data);
  await assertClosed(pair.server);
});

parity("readable.cancel closes the connection", async (world) => {
  // Goal: both before anything was read and with a reader.
  for (const withReader of [false, true]) {
    using pair = await connected(world);
    if (withReader) await pair.client.readable.getReader().cancel("enough");
    else await pair.client.readable.cancel("enough");
    await assertClosed(pair.client);
    assertEquals(await pair.server.read(new Uint8Array(1)), null);
  }
});

parity("writable sends all of each chunk, and closing it closes the connection", async (world) => {
  // Goal: a write of the stream is complete, whatever the connection takes at once.
  using pair = await connected(world);
  const writer = pair.client.writable.getWriter();
  const writing = (async () => {
    await writer.write(new Uint8Array(1_000_000).fill(1));
    await writer.write(bytes("end"));
    await writer.close();
  })();
  const received = await readAll(pair.server);
  await writing;
  assertEquals(received.length, 1_000_003);
  assertEquals(text(received.subarray(1_000_000)), "end");
  await assertClosed(pair.client);
});

parity("writable.abort closes the connection", async (world) => {
  // Goal: the peer sees an end.
  using pair = await connected(world);
  await pair.client.writable.getWriter().abort("no more");
  await assertClosed(pair.client);
  assertEquals(await pair.server.read(new Uint8Array(1)), null);
});

parity("a write of writable waits while the peer does not read", async (world) => {
  // Goal: back-pressure through the stream.
  using pair = await connected(world);
  const writer = pair.client.writable.getWriter();
  const writing = writer.write(new Uint8Array(16 << 20));
  assert(await isPending(writing));
  const reading = readAll(pair.server);
  await writing;
  await writer.close();
  assertEquals((await reading).length, 16 << 20);
});

parity("a write of writable that fails rejects, and the connection is closed", async (world) => {
  // Goal: no byte is lost without a word.
  using pair = await connected(world);
  await pair.client.closeWrite();
  const writer = pair.client.writable.getWriter();
  const closed = failed(() => writer.closed);
  assertEquals(await failed(() => writer.write(bytes("x"))), ["BrokenPipe", "EPIPE"]);
  assertEquals(await closed, ["BrokenPipe", "EPIPE"]);
  assertEquals(await failed(() => writer.write(bytes("x"))), ["BrokenPipe", "EPIPE"]);
  await assertClosed(pair.client);
});

parity("a reset fails readable and writable with its own error", async (world) => {
  // Goal: whoever waits on a stream learns why it ended, and nothing is left open.
  {
    using peer = await world.resettable();
    const reading = failed(() => peer.conn.readable.getReader().read());
    await turn();
    await peer.reset();
    assertEquals(await reading, ["ConnectionReset", "ECONNRESET"]);
    await assertClosed(peer.conn);
  }
  {
    using peer = await world.resettable();
    await peer.reset();
    const writing = failed(() => peer.conn.writable.getWriter().write(bytes("x")));
    assertEquals(await writing, ["ConnectionReset", "ECONNRESET"]);
    await assertClosed(peer.conn);
  }
});

parity("close fails the streams of the connection", async (world) => {
  // Goal: pending reads are interrupted, later reads and writes find nothing.
  using pair = await connected(world);
  const reader = pair.client.readable.getReader();
  const writer = pair.client.writable.getWriter();
  const pending = failed(() => reader.read());
  await turn();
  pair.client.close();
  assertEquals(await pending, ["Interrupted", "EINTR"]);
  assertEquals((await failed(() => writer.write(bytes("x"))))[0], "BadResource");
  const late = await connected(world);
  late.client.close();
  assertEquals((await failed(() => late.client.readable.getReader().read()))[0], "BadResource");
  assertEquals(
    (await failed(() => late.client.writable.getWriter().write(bytes("x"))))[0],
    "BadResource",
  );
  late.server.close();
});

parity("a stream pipeline of several stages carries data through", async (world) => {
  // Goal: the streams compose with those of the platform.
  using pair = await connected(world);
  const sending = new Blob(["woshou ".repeat(10_000)]).stream()
    .pipeThrough(new CompressionStream("gzip")).pipeTo(pair.client.writable);
  const unpacked = pair.server.readable.pipeThrough(new DecompressionStream("gzip"));
  assertEquals((await new Response(unpacked).text()).length, 70_000);
  await sending;
});
