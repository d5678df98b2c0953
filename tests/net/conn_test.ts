import { assert, assertEquals, assertThrows } from "@std/assert";
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
  writeAll,
} from "./worlds.ts";

const BAD_RESOURCE = { name: "BadResource", code: undefined, message: "Bad resource ID" };
const BROKEN_PIPE = { name: "BrokenPipe", code: "EPIPE", message: "Broken pipe (os error 32)" };
const INTERRUPTED = { name: "Interrupted", code: "EINTR", message: "operation canceled" };
const RESET = ["ConnectionReset", "ECONNRESET"];

function randomBytes(seed: number, length: number): Uint8Array {
  const random = new SeededRandom(seed);
  return Uint8Array.from({ length }, () => random.uint32());
}

parity("an empty read gives 0, whatever the connection's state", async (world) => {
  // Goal: nothing is waited for and nothing is consumed.
  using pair = await connected(world);
  const empty = new Uint8Array(0);
  assertEquals(await pair.client.read(empty), 0);
  await pair.server.write(Uint8Array.of(1));
  assertEquals(await pair.client.read(empty), 0);
  assertEquals(await pair.client.read(new Uint8Array(5)), 1);
  await pair.server.closeWrite();
  assertEquals(await pair.client.read(new Uint8Array(5)), null);
  assertEquals(await pair.client.read(empty), 0);
  pair.client.close();
  assertEquals(await pair.client.read(empty), 0);
});

parity(
  "an empty write gives 0 on an open connection and fails like any other else",
  async (world) => {
    // Goal: no segment for it, but the state is looked at.
    using pair = await connected(world);
    const empty = new Uint8Array(0);
    assertEquals(await pair.client.write(empty), 0);
    await pair.client.closeWrite();
    assertEquals(await failure(() => pair.client.write(empty)), BROKEN_PIPE);
    pair.client.close();
    assertEquals(await failure(() => pair.client.write(empty)), BAD_RESOURCE);
  },
);

parity("the end of the stream is null, again and again", async (world) => {
  // Goal: the end is a state, not an event.
  using pair = await connected(world);
  await pair.server.write(bytes("bye"));
  await pair.server.closeWrite();
  assertEquals(text(await readAll(pair.client)), "bye");
  assertEquals(await pair.client.read(new Uint8Array(1)), null);
  assertEquals(await pair.client.read(new Uint8Array(1)), null);
});

parity("concurrent reads are served in the order of their calls", async (world) => {
  // Goal: the first caller gets the first bytes, and the end reaches those who get none.
  using pair = await connected(world);
  const buffers = Array.from({ length: 4 }, () => new Uint8Array(3));
  const reads = buffers.map((buffer) => pair.client.read(buffer));
  await pair.server.write(bytes("abcdefgh"));
  assertEquals(await Promise.all(reads.slice(0, 3)), [3, 3, 2]);
  assertEquals(buffers.slice(0, 3).map(text), ["abc", "def", "gh\0"]);
  assert(await isPending(reads[3]));
  await pair.server.closeWrite();
  assertEquals(await reads[3], null);
});

parity("concurrent writes go out in the order of their calls", async (world) => {
  // Goal: bytes of two writes are never mixed.
  using pair = await connected(world);
  const writes = ["one,", "two,", "three"].map((word) => pair.client.write(bytes(word)));
  assertEquals(await Promise.all(writes), [4, 4, 5]);
  await pair.client.closeWrite();
  assertEquals(text(await readAll(pair.server)), "one,two,three");
});

parity("a pending read is interrupted by a local close", async (world) => {
  // Goal: every pending read hears of it, in Deno's words.
  using pair = await connected(world);
  const reads = [1, 2].map(() => failure(() => pair.client.read(new Uint8Array(1))));
  pair.client.close();
  assertEquals(await Promise.all(reads), [INTERRUPTED, INTERRUPTED]);
});

parity("after close every call fails, and letting go again does not", async (world) => {
  // Goal: API.md's rows on calls after close().
  using pair = await connected(world);
  const { client } = pair;
  const { localAddr, remoteAddr } = client;
  client.close();
  const byte = new Uint8Array(1);
  assertEquals(await failure(() => client.read(byte)), BAD_RESOURCE);
  assertEquals(await failure(() => client.write(byte)), BAD_RESOURCE);
  assertEquals(await failure(() => client.closeWrite()), BAD_RESOURCE);
  assertEquals(await failure(() => client.close()), BAD_RESOURCE);
  assertEquals(await failure(() => client.setNoDelay()), BAD_RESOURCE);
  assertEquals(await failure(() => client.setKeepAlive()), BAD_RESOURCE);
  client.ref();
  client.unref();
  client[Symbol.dispose]();
  assertEquals([client.localAddr, client.remoteAddr], [localAddr, remoteAddr]);
});

parity("close throws at once instead of rejecting", async (world) => {
  // Goal: close is synchronous, as Deno's.
  using pair = await connected(world);
  pair.client.close();
  assertThrows(() => pair.client.close(), Deno.errors.BadResource);
});

parity("using closes a connection at the end of its scope", async (world) => {
  // Goal: the disposal protocol; the peer sees an ordinary end.
  using pair = await connected(world);
  {
    using conn = pair.client;
    await conn.write(bytes("x"));
  }
  assertEquals(text(await readAll(pair.server)), "x");
  assertEquals(await failure(() => pair.client.read(new Uint8Array(1))), BAD_RESOURCE);
});

parity("closeWrite ends one direction and leaves the other, from either side", async (world) => {
  // Goal: half-close both ways.
  for (const [first, second] of [["client", "server"], ["server", "client"]] as const) {
    using pair = await connected(world);
    await pair[first].write(bytes("question"));
    await pair[first].closeWrite();
    assertEquals(text(await readAll(pair[second])), "question");
    await pair[second].write(bytes("answer"));
    await pair[second].closeWrite();
    assertEquals(text(await readAll(pair[first])), "answer");
  }
});

parity(
  "a write after closeWrite is a broken pipe, and closeWrite may be repeated",
  async (world) => {
    // Goal: the same before and after the peer has ended its direction too.
    using pair = await connected(world);
    const { client, server } = pair;
    await client.closeWrite();
    assertEquals(await failure(() => client.write(bytes("x"))), BROKEN_PIPE);
    await client.closeWrite();
    await server.closeWrite();
    assertEquals(await client.read(new Uint8Array(1)), null);
    assertEquals(await server.read(new Uint8Array(1)), null);
    await client.closeWrite();
    assertEquals(await failure(() => client.write(bytes("x"))), BROKEN_PIPE);
    assertEquals(await failure(() => server.write(bytes("x"))), BROKEN_PIPE);
  },
);

parity(
  "a reset fails a pending read; then the stream has ended and the pipe is broken",
  async (world) => {
    // Goal: the error is reported once, as SO_ERROR is.
    using peer = await world.resettable();
    const { conn } = peer;
    const reading = failed(() => conn.read(new Uint8Array(1)));
    await peer.reset();
    assertEquals(await reading, RESET);
    assertEquals(await conn.read(new Uint8Array(1)), null);
    assertEquals(await failure(() => conn.write(bytes("x"))), BROKEN_PIPE);
    assertEquals(await failure(() => conn.write(new Uint8Array(0))), BROKEN_PIPE);
    await conn.closeWrite();
  },
);

parity(
  "of two pending reads a reset fails the first, and the second sees the end",
  async (world) => {
    // Goal: once is once, also for those who wait.
    using peer = await world.resettable();
    const first = failed(() => peer.conn.read(new Uint8Array(1)));
    const second = peer.conn.read(new Uint8Array(1));
    await peer.reset();
    assertEquals(await first, RESET);
    assertEquals(await second, null);
  },
);

parity("a reset that nobody waited for is told to the next call", async (world) => {
  // Goal: whether that call reads or writes.
  for (const call of ["read", "write"] as const) {
    using peer = await world.resettable();
    const { conn } = peer;
    await peer.reset();
    await turn();
    assertEquals(await failed(() => conn[call](new Uint8Array(1))), RESET, call);
    assertEquals(await conn.read(new Uint8Array(1)), null);
    assertEquals(await failure(() => conn.write(bytes("x"))), BROKEN_PIPE);
  }
});

parity("what arrived before a reset can still be read", async (world) => {
  // Goal: the error comes behind the data.
  using peer = await world.resettable();
  const { conn } = peer;
  await peer.send(bytes("hello"));
  await peer.reset();
  await turn();
  const buffer = new Uint8Array(3);
  assertEquals(await conn.read(buffer), 3);
  assertEquals(await conn.read(buffer), 2);
  assertEquals(await failed(() => conn.read(buffer)), RESET);
  assertEquals(await conn.read(buffer), null);
});

parity("whoever writes to a peer that has closed gets a broken pipe", async (world) => {
  // Goal: after the peer's FIN its RST says nothing new: reads see the end and no error.
  using pair = await connected(world);
  const { client, server } = pair;
  await client.write(bytes("last words"));
  client.close();
  assertEquals(text(await readAll(server)), "last words");
  assertEquals(await server.write(bytes("are you there?")), 14);
  const broken = await failure(async () => {
    for (let i = 0; i < 1000; i++) {
      await turn();
      await server.write(bytes("x"));
    }
  });
  assertEquals(broken, BROKEN_PIPE);
  assertEquals(await server.read(new Uint8Array(1)), null);
});

parity("a megabyte arrives whole, however small the pieces that it is read in", async (world) => {
  // Goal: no byte lost, doubled or moved on the way through the buffers.
  using pair = await connected(world);
  const seed = 11;
  const data = randomBytes(seed, 1 << 20);
  const random = new SeededRandom(seed);
  const writing = writeAll(pair.client, data).then(() => pair.client.closeWrite());
  const buffer = new Uint8Array(5000);
  let at = 0;
  for (;;) {
    const count = await pair.server.read(buffer.subarray(0, random.integer(1, buffer.length)));
    if (count === null) break;
    assertEquals(buffer.subarray(0, count), data.subarray(at, at + count), `seed ${seed}`);
    at += count;
  }
  assertEquals(at, data.length);
  await writing;
});

parity("addresses are those of the two ends", async (world) => {
  // Goal: each side's local address is the other's remote one, in Deno's shape.
  using listener = world.listen({ port: 0 });
  const [client, server] = await Promise.all([
    world.connect({ port: listener.addr.port }),
    listener.accept(),
  ]);
  assertEquals({ ...client.remoteAddr }, {
    transport: "tcp",
    hostname: world.address,
    port: listener.addr.port,
  });
  assertEquals({ ...server.localAddr }, { ...client.remoteAddr });
  assertEquals({ ...server.remoteAddr }, { ...client.localAddr });
  client.close();
  server.close();
});

parity("setNoDelay and setKeepAlive take both values and disturb nothing", async (world) => {
  // Goal: both forms of each call, with data under way.
  using pair = await connected(world);
  const writing = writeAll(pair.client, new Uint8Array(100_000));
  for (const on of [undefined, true, false]) {
    pair.client.setNoDelay(on);
    pair.client.setKeepAlive(on);
  }
  await writing;
  pair.client.close();
  assertEquals((await readAll(pair.server)).length, 100_000);
});

parity("what was written before close arrives although nobody waits for it", async (world) => {
  // Goal: close is orderly: data, then FIN.
  using pair = await connected(world);
  const data = randomBytes(12, 200_000);
  const written = await pair.client.write(data);
  pair.client.close();
  assertEquals(await readAll(pair.server), data.subarray(0, written));
  pair.server.close();
});
