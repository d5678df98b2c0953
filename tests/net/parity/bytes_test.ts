/** How bytes move: partial reads, order, both directions, the end of the stream, many connections. */

import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../../mod.ts";
import {
  bytes,
  connected,
  failure,
  isPending,
  parity,
  readAll,
  text,
  turn,
  writeAll,
} from "../worlds.ts";

const BAD_RESOURCE = { name: "BadResource", code: undefined, message: "Bad resource ID" };

function randomBytes(seed: number, length: number): Uint8Array {
  const random = new SeededRandom(seed);
  return Uint8Array.from({ length }, () => random.uint32());
}

parity("a read gives what is there, however much was asked for", async (world) => {
  // Goal: one byte is enough for a buffer of a megabyte.
  using pair = await connected(world);
  const waiting = pair.client.read(new Uint8Array(1 << 20));
  await pair.server.write(Uint8Array.of(1));
  assertEquals(await waiting, 1);
});

parity("a message can be read byte by byte", async (world) => {
  // Goal: what a read leaves is there for the next, and the end comes behind the last byte.
  using pair = await connected(world);
  await pair.server.write(bytes("woshou"));
  await pair.server.closeWrite();
  const buffer = new Uint8Array(1);
  let received = "";
  while (await pair.client.read(buffer) !== null) received += text(buffer);
  assertEquals(received, "woshou");
});

parity("an empty read beside one that waits gives 0 at once", async (world) => {
  // Goal: it stands in no queue.
  using pair = await connected(world);
  const waiting = pair.client.read(new Uint8Array(4));
  assertEquals(await pair.client.read(new Uint8Array(0)), 0);
  await pair.server.write(bytes("abc"));
  assertEquals(await waiting, 3);
});

parity("an empty write wakes nobody", async (world) => {
  // Goal: no segment, no event at the peer.
  using pair = await connected(world);
  const waiting = pair.server.read(new Uint8Array(4));
  assertEquals(await pair.client.write(new Uint8Array(0)), 0);
  assert(await isPending(waiting));
  await pair.client.write(bytes("now"));
  assertEquals(await waiting, 3);
});

parity("two hundred reads that wait are served in their order by one write", async (world) => {
  // Goal: the queue is a queue.
  using pair = await connected(world);
  const buffers = Array.from({ length: 200 }, () => new Uint8Array(1));
  const order: number[] = [];
  const reads = buffers.map((buffer, i) => pair.client.read(buffer).then(() => order.push(i)));
  const data = randomBytes(31, 200);
  await writeAll(pair.server, data);
  await Promise.all(reads);
  assertEquals(order, buffers.map((_, i) => i));
  assertEquals(Uint8Array.from(buffers, ([byte]) => byte), data);
});

parity("a thousand writes that nobody waits for arrive in their order", async (world) => {
  // Goal: each takes all of its few bytes.
  using pair = await connected(world);
  const words = Array.from({ length: 1000 }, (_, i) => `${i},`);
  const writes = words.map((word) => pair.client.write(bytes(word)));
  const reading = readAll(pair.server);
  assertEquals(await Promise.all(writes), words.map(({ length }) => length));
  await pair.client.closeWrite();
  assertEquals(text(await reading), words.join(""));
});

parity("a large write takes a part, never nothing and never more than there is", async (world) => {
  // Goal: the number is between 1 and the length, and a loop over it sends everything.
  using pair = await connected(world);
  const data = randomBytes(32, 3 << 20);
  const reading = readAll(pair.server);
  const counts: number[] = [];
  for (let done = 0; done < data.length; done += counts.at(-1)!) {
    counts.push(await pair.client.write(data.subarray(done)));
    assert(counts.at(-1)! > 0 && done + counts.at(-1)! <= data.length, `${counts}`);
  }
  await pair.client.closeWrite();
  assertEquals(await reading, data);
});

parity("both directions carry a megabyte at the same time", async (world) => {
  // Goal: full duplex, each direction with its own bytes.
  using pair = await connected(world);
  const [there, back] = [randomBytes(33, 1 << 20), randomBytes(34, 1 << 20)];
  const send = async (conn: Deno.TcpConn, data: Uint8Array) => {
    await writeAll(conn, data);
    await conn.closeWrite();
  };
  const [atServer, atClient] = await Promise.all([
    readAll(pair.server),
    readAll(pair.client),
    send(pair.client, there),
    send(pair.server, back),
  ]);
  assertEquals(atServer, there);
  assertEquals(atClient, back);
});

parity("a read that waits when the peer closes gives the end", async (world) => {
  // Goal: close of the peer, not only closeWrite; and for all who wait.
  using pair = await connected(world);
  const reads = [1, 2, 3].map(() => pair.client.read(new Uint8Array(1)));
  pair.server.close();
  assertEquals(await Promise.all(reads), [null, null, null]);
});

parity("data and the end that come together are told one after the other", async (world) => {
  // Goal: the end never hides bytes.
  using pair = await connected(world);
  const reads = [1, 2].map(() => pair.client.read(new Uint8Array(10)));
  assertEquals(await pair.server.write(bytes("last")), 4);
  pair.server.close();
  assertEquals(await Promise.all(reads), [4, null]);
});

parity("after the end of the peer's stream one can still write", async (world) => {
  // Goal: the directions end one by one.
  using pair = await connected(world);
  await pair.server.closeWrite();
  assertEquals(await pair.client.read(new Uint8Array(1)), null);
  await writeAll(pair.client, new Uint8Array(100_000).fill(3));
  await pair.client.closeWrite();
  assertEquals((await readAll(pair.server)).length, 100_000);
});

parity("a read that waits outlives one's own closeWrite", async (world) => {
  // Goal: closeWrite says nothing about reading.
  using pair = await connected(world);
  const waiting = pair.client.read(new Uint8Array(10));
  await pair.client.closeWrite();
  assert(await isPending(waiting));
  await pair.server.write(bytes("answer"));
  assertEquals(await waiting, 6);
});

parity("closeWrite before any byte is an empty stream to the peer", async (world) => {
  // Goal: nothing but the end.
  using pair = await connected(world);
  await pair.client.closeWrite();
  assertEquals((await readAll(pair.server)).length, 0);
  await pair.server.write(bytes("yet"));
  assertEquals(await pair.client.read(new Uint8Array(5)), 3);
});

parity("calls of closeWrite at the same time all succeed", async (world) => {
  // Goal: it is a state to be in, not an event to be first at.
  using pair = await connected(world);
  const calls = [1, 2, 3].map(() => pair.client.closeWrite());
  const outcomes = await Promise.allSettled(calls);
  assertEquals(outcomes.map(({ status }) => status), Array(3).fill("fulfilled"));
  assertEquals(await pair.server.read(new Uint8Array(1)), null);
});

parity("closeWrite and close without waiting lose nothing", async (world) => {
  // Goal: calls take effect in the order in which they are made.
  using pair = await connected(world);
  assertEquals(await pair.client.write(bytes("all of it")), 9);
  const closing = pair.client.closeWrite();
  pair.client.close();
  await closing;
  assertEquals(text(await readAll(pair.server)), "all of it");
});

parity("a read of what is there succeeds although close follows at once", async (world) => {
  // Goal: what a call has got it keeps.
  using pair = await connected(world);
  await pair.server.write(bytes("x"));
  // A first read shows that the byte has arrived.
  assertEquals(await pair.client.read(new Uint8Array(1)), 1);
  await pair.server.write(bytes("y"));
  for (let i = 0; i < 20; i++) await turn();
  const reading = pair.client.read(new Uint8Array(2));
  pair.client.close();
  assertEquals(await reading, 1);
});

parity("disposal twice is nothing, and close after it is one too many", async (world) => {
  // Goal: Symbol.dispose forgives what close does not.
  using pair = await connected(world);
  pair.client[Symbol.dispose]();
  pair.client[Symbol.dispose]();
  assertEquals(await failure(() => pair.client.close()), BAD_RESOURCE);
});

parity("both sides may close at the same moment", async (world) => {
  // Goal: simultaneous close; nothing is left and nobody is told of an error.
  for (let i = 0; i < 5; i++) {
    const pair = await connected(world);
    const reads = [pair.client, pair.server].map((conn) => failure(() => conn.read(bytes("x"))));
    pair.client.close();
    pair.server.close();
    for (const { name, code } of await Promise.all(reads)) {
      assertEquals([name, code], ["Interrupted", "EINTR"]);
    }
  }
});

parity("connections of one listener keep their bytes apart", async (world) => {
  // Goal: twenty conversations at once, each with its own text.
  using listener = world.listen({ port: 0 });
  const serving = (async () => {
    for (let i = 0; i < 20; i++) {
      const conn = await listener.accept();
      conn.readable.pipeTo(conn.writable).catch(() => {});
    }
  })();
  const talks = Array.from({ length: 20 }, async (_, i) => {
    using conn = await world.connect({ port: listener.addr.port });
    const words = `conversation ${i} `.repeat(500);
    const reading = readAll(conn);
    await writeAll(conn, bytes(words));
    await conn.closeWrite();
    return text(await reading) === words;
  });
  assertEquals(await Promise.all(talks), Array(20).fill(true));
  await serving;
});

parity("a connection to oneself from within a callback of a read goes on", async (world) => {
  // Goal: calls made from what a promise runs are as good as any other.
  using pair = await connected(world);
  const answers: string[] = [];
  const buffer = new Uint8Array(10);
  const done = (async () => {
    for (let i = 0; i < 3; i++) {
      await pair.client.read(buffer).then(async (count) => {
        answers.push(text(buffer.subarray(0, count ?? 0)));
        await pair.client.write(bytes(`ack${i}`));
      });
    }
  })();
  for (let i = 0; i < 3; i++) {
    await pair.server.write(bytes(`msg${i}`));
    assertEquals(await pair.server.read(new Uint8Array(10)), 4);
  }
  await done;
  assertEquals(answers, ["msg0", "msg1", "msg2"]);
});
