// Fast Open over bad links: every byte arrives, in order and once, however SYNs and SYN-ACKs are lost.
import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/base/random.ts";
import { impair } from "../../src/device/impairment.ts";
import { memoryPair } from "../../src/device/memory_pair.ts";
import type { TcpConn } from "../../src/net/conn.ts";
import { open } from "../../src/net/open.ts";
import type { Stack } from "../../src/net/stack.ts";
import { VirtualTime } from "../../src/base/virtual_time.ts";
import { BAD_LINK } from "./simulation.ts";

const SEED = Number(Deno.env.get("WOSHOU_SEED") ?? 7413);
const SEEDS = Deno.env.get("WOSHOU_LONG") === "1" ? 300 : 12;
const CONNECTIONS = 15;
const PORT = 80;
const PATIENCE_US = 3_600_000_000;
/** More than everything that may follow the last connection. */
const AFTERLIFE_US = 400_000_000;
const LOSSY = { ...BAD_LINK, loss: 0.15 };

async function readAll(conn: TcpConn): Promise<number[]> {
  const all: number[] = [];
  const buffer = new Uint8Array(1999);
  for (;;) {
    const count = await conn.read(buffer);
    if (count === null) return all;
    for (let i = 0; i < count; i++) all.push(buffer[i]);
  }
}

async function writeAll(conn: TcpConn, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await conn.write(bytes.subarray(done));
}

/** Sends back what it gets, byte by byte or once it is all there. */
async function echo(server: Stack): Promise<void> {
  let count = 0;
  for await (const conn of server.listen({ port: PORT, tcpFastOpen: 4 })) {
    const whole = count++ % 2 === 0;
    (async () => {
      if (whole) {
        await writeAll(conn, Uint8Array.from(await readAll(conn)));
      } else {
        const buffer = new Uint8Array(777);
        for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
          await writeAll(conn, buffer.slice(0, n));
        }
      }
      conn.close();
    })().catch(() => conn[Symbol.dispose]());
  }
}

async function run(seed: number): Promise<{ early: number; lost: number }> {
  const time = new VirtualTime();
  const { clock } = time;
  const random = new SeededRandom(seed);
  const [near, far] = memoryPair();
  const link = impair(near, { send: LOSSY, receive: LOSSY }, { clock, random });
  const options = { clock, tcp: { fastOpenBlackholeMs: 0 } };
  const client = await open({
    ...options,
    device: link,
    address: "10.9.0.1/24",
    random: new SeededRandom(seed + 1),
  });
  const server = await open({
    ...options,
    device: far,
    address: "10.9.0.2/24",
    random: new SeededRandom(seed + 2),
  });
  const serving = echo(server);
  for (let i = 0; i < CONNECTIONS; i++) {
    const bytes = Uint8Array.from({ length: random.integer(1, 6000) }, () => random.uint32());
    const visit = async () => {
      const conn = await client.connect({ hostname: "10.9.0.2", port: PORT, fastOpen: bytes });
      await conn.closeWrite();
      const back = await readAll(conn);
      conn.close();
      return back;
    };
    assertEquals(await time.run(visit(), PATIENCE_US), [...bytes], `connection ${i}`);
  }
  // Whatever TIME-WAIT and lost last segments leave behind is gone after a while.
  const untilUs = clock.now() + AFTERLIFE_US;
  await time.run(
    new Promise<void>((resolve) => void clock.wakeAt(untilUs, resolve)),
    AFTERLIFE_US + 1,
  );
  for (const stack of [client, server]) {
    const { counters, memory } = stack.stats();
    assertEquals([counters.connectionsNow, counters.handshakesNow], [0, 0]);
    assertEquals(memory, { sendBytes: 0, receiveBytes: 0 });
  }
  const { fastOpenActive: early, fastOpenActiveFailed: lost } = client.stats().counters;
  await time.run(Promise.all([client.close(), server.close()]), 10_000_000);
  await serving;
  return { early, lost };
}

Deno.test(`fast open over bad links: ${SEEDS} seeds of ${CONNECTIONS} connections`, async () => {
  // Goal: 15 % loss each way, reordering, duplication, corruption: data of SYNs is taken once or sent again.
  let early = 0;
  let lost = 0;
  for (let seed = SEED; seed < SEED + SEEDS; seed++) {
    try {
      const result = await run(seed);
      early += result.early;
      lost += result.lost;
    } catch (error) {
      throw new Error(`WOSHOU_SEED=${seed} repeats it: ${error}`, { cause: error });
    }
  }
  assert(early > SEEDS && lost > SEEDS / 4, `${early} taken, ${lost} not`);
});
