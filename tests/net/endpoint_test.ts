import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../mod.ts";
import {
  connected,
  failure,
  isPending,
  openAlone,
  openTwo,
  parity,
  readAll,
  until,
  untilEmpty,
} from "./worlds.ts";

const CHUNK_BYTES = 256 * 1024;
/** More than any of the places keeps for a peer that does not read. */
const FILL_MAX_BYTES = 64 * 1024 * 1024;

const BROKEN_PIPE = { name: "BrokenPipe", code: "EPIPE", message: "Broken pipe (os error 32)" };
const INTERRUPTED = { name: "Interrupted", code: "EINTR", message: "operation canceled" };

/** A writer that is stuck because its peer does not read. */
interface Stuck {
  /** Bytes that were taken before. */
  readonly writtenBytes: number;
  /** The write of {@link CHUNK_BYTES} that waits. */
  readonly writing: Promise<number>;
}

/** Writes until a write no longer resolves. Byte i of the stream is i modulo 251. */
async function fill(conn: Deno.TcpConn): Promise<Stuck> {
  let writtenBytes = 0;
  while (writtenBytes < FILL_MAX_BYTES) {
    const chunk = Uint8Array.from({ length: CHUNK_BYTES }, (_, i) => (writtenBytes + i) % 251);
    const writing = conn.write(chunk);
    if (await isPending(writing)) return { writtenBytes, writing };
    writtenBytes += await writing;
  }
  throw new Error(`${writtenBytes} bytes were taken for a peer that does not read`);
}

function assertPattern(bytes: Uint8Array): void {
  const wrong = bytes.findIndex((byte, i) => byte !== i % 251);
  assertEquals(wrong, -1, "a byte of the stream is lost, doubled or moved");
}

parity("a writer waits for a peer that does not read, and goes on when it does", async (world) => {
  // Goal: back-pressure: a bounded number of bytes is on the way, and none is lost.
  using pair = await connected(world);
  const { writtenBytes, writing } = await fill(pair.client);
  const reading = readAll(pair.server);
  const count = await writing;
  assert(count >= 1 && count <= CHUNK_BYTES);
  pair.client.close();
  const received = await reading;
  assertEquals(received.length, writtenBytes + count);
  assertPattern(received);
});

parity("closeWrite waits for the write that waits, and nothing is lost", async (world) => {
  // Goal: the FIN comes behind what was being written; what is written later fails.
  using pair = await connected(world);
  const { writtenBytes, writing } = await fill(pair.client);
  const closing = pair.client.closeWrite();
  const later = failure(() => pair.client.write(new Uint8Array(10)));
  const received = await readAll(pair.server);
  await closing;
  assertEquals(await later, BROKEN_PIPE);
  assertEquals(received.length, writtenBytes + await writing);
  assertPattern(received);
});

parity("close interrupts a write that waits, and a closeWrite behind it", async (world) => {
  // Goal: nobody is left waiting.
  using pair = await connected(world);
  const { writing } = await fill(pair.client);
  const calls = [failure(() => writing), failure(() => pair.client.closeWrite())];
  pair.client.close();
  assertEquals(await Promise.all(calls), [INTERRUPTED, INTERRUPTED]);
});

parity("a reset fails a write that waits, and lets a closeWrite behind it go", async (world) => {
  // Goal: the same for the peer's doing.
  using peer = await world.resettable();
  const { writing } = await fill(peer.conn);
  const failed = failure(() => writing);
  const closing = peer.conn.closeWrite();
  await peer.reset();
  const { name, code } = await failed;
  assertEquals([name, code], ["ConnectionReset", "ECONNRESET"]);
  await closing;
  // On both the second closeWrite is as good as the first.
  await peer.conn.closeWrite();
});

parity("both directions can be stuck at once and come free again", async (world) => {
  // Goal: no deadlock when both ends write before they read.
  using pair = await connected(world);
  const toServer = await fill(pair.client);
  const toClient = await fill(pair.server);
  const finish = async (conn: Deno.TcpConn, { writtenBytes, writing }: Stuck) => {
    const count = await writing;
    await conn.closeWrite();
    return writtenBytes + count;
  };
  const [sentUp, sentDown, atServer, atClient] = await Promise.all([
    finish(pair.client, toServer),
    finish(pair.server, toClient),
    readAll(pair.server),
    readAll(pair.client),
  ]);
  assertEquals([atServer.length, atClient.length], [sentUp, sentDown]);
  assertPattern(atServer);
  assertPattern(atClient);
});

Deno.test("a peer that does not read costs no more than the buffers' limits", async () => {
  // Goal: memory stays bounded on both sides: the send buffer here, the receive buffer there.
  const KIB = 1024;
  const [client, server] = await openTwo({
    sendBufferMaxBytes: 128 * KIB,
    receiveBufferInitialBytes: 64 * KIB,
    receiveBufferMaxBytes: 64 * KIB,
  });
  await using stacks = new AsyncDisposableStack();
  stacks.use(client);
  stacks.use(server);
  using listener = server.listen({ port: 7 });
  const [near, far] = await Promise.all([
    client.connect({ hostname: "10.7.0.2", port: 7 }),
    listener.accept(),
  ]);
  const { writtenBytes, writing } = await fill(near);
  assert(writtenBytes <= 192 * KIB, `${writtenBytes} bytes taken`);
  // Blocks and segments are held whole: the overhead is at most as large as the data.
  assert(client.stats().memory.sendBytes <= 2 * 128 * KIB);
  assert(server.stats().memory.receiveBytes <= 2 * 64 * KIB);
  assertEquals(near.info().sendWindowBytes, 0);
  const reading = readAll(far);
  await writing;
  near.close();
  assertPattern(await reading);
  far.close();
  await untilEmpty(client);
  await untilEmpty(server);
});

Deno.test("writers that found no memory all go on when there is some, each in its own order", async () => {
  // Goal: connections share the memory for sending; one that holds all of it stops the others only until
  // its peer reads.
  await using net = await openAlone({ sendMemoryBytes: 64 * 1024 });
  using listener = net.listen({ port: 0 });
  const clients: Deno.TcpConn[] = [];
  const servers: Deno.TcpConn[] = [];
  for (let i = 0; i < 8; i++) {
    const connecting = net.connect({ port: listener.addr.port });
    servers.push(await listener.accept());
    clients.push(await connecting);
  }
  const stuck = await Promise.all(clients.map(fill));
  const received = await Promise.all(servers.map(async (server, i) => {
    const { writtenBytes, writing } = stuck[i];
    const reading = readAll(server);
    const count = await writing;
    await clients[i].closeWrite();
    return { expected: writtenBytes + count, bytes: await reading };
  }));
  for (const { expected, bytes } of received) {
    assertEquals(bytes.length, expected);
    assertPattern(bytes);
  }
  for (const conn of [...clients, ...servers]) conn.close();
  await untilEmpty(net);
});

Deno.test("random reads and writes on both sides lose nothing", async () => {
  // Goal: a soak of pending and immediate reads and writes against each other, seeded.
  for (let seed = 1; seed <= 5; seed++) {
    const random = new SeededRandom(seed);
    const [client, server] = await openTwo({ sendBufferMaxBytes: 65_536 });
    await using stacks = new AsyncDisposableStack();
    stacks.use(client);
    stacks.use(server);
    using listener = server.listen({ port: 7 });
    const [near, far] = await Promise.all([
      client.connect({ hostname: "10.7.0.2", port: 7 }),
      listener.accept(),
    ]);
    const TOTAL = 500_000;
    const send = async (conn: Deno.TcpConn) => {
      let at = 0;
      while (at < TOTAL) {
        const length = Math.min(TOTAL - at, random.integer(1, 20_000));
        const from = at;
        at += await conn.write(Uint8Array.from({ length }, (_, i) => (from + i) % 251));
      }
      await conn.closeWrite();
    };
    const receive = async (conn: Deno.TcpConn) => {
      let at = 0;
      for (;;) {
        const buffer = new Uint8Array(random.integer(1, 9000));
        const count = await conn.read(buffer);
        if (count === null) return at;
        for (let i = 0; i < count; i++) {
          if (buffer[i] !== (at + i) % 251) throw new Error(`seed ${seed}: wrong at ${at + i}`);
        }
        at += count;
      }
    };
    const [, , up, down] = await Promise.all([send(near), send(far), receive(far), receive(near)]);
    assertEquals([up, down], [TOTAL, TOTAL], `seed ${seed}`);
    near.close();
    far.close();
    await untilEmpty(client);
    await untilEmpty(server);
  }
});

Deno.test("a close with unread data resets, also when the data arrived only just before", async () => {
  // Goal: RFC 9293 section 3.6.1: the peer must learn that its data was thrown away.
  const [client, server] = await openTwo();
  await using stacks = new AsyncDisposableStack();
  stacks.use(client);
  stacks.use(server);
  using listener = server.listen({ port: 7 });
  for (const inFlight of [false, true]) {
    const [near, far] = await Promise.all([
      client.connect({ hostname: "10.7.0.2", port: 7 }),
      listener.accept(),
    ]);
    const reading = failure(() => near.read(new Uint8Array(1)));
    await near.write(new Uint8Array(100));
    if (!inFlight) await until(() => far.info().bytesReceived === 100, "the data has arrived");
    far.close();
    if (!inFlight) assertEquals((await reading).code, "ECONNRESET");
    else await until(() => near.info().state !== "ESTABLISHED", "the end has arrived");
    near.close();
    await reading;
  }
  await untilEmpty(client);
  await untilEmpty(server);
});
