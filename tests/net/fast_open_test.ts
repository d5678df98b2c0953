// Fast Open (RFC 7413) as an application sees it.
import { assert, assertEquals } from "@std/assert";
import { type Device, ManualClock, memoryPair, open, type Stack } from "../../mod.ts";
import { impair } from "../../src/device/impairment.ts";
import { SeededRandom } from "../../src/base/random.ts";
import { runVirtual } from "../support/virtual_time.ts";
import { failure } from "./worlds.ts";

const DELAY_US = 50_000;
const SERVER = "10.9.0.2";
const PORT = 80;

interface World {
  readonly clock: ManualClock;
  readonly client: Stack;
  readonly server: Stack;
}

/** Two stacks, 50 ms from each other. */
async function world(): Promise<World> {
  const clock = new ManualClock(1_000_000);
  const [near, far] = memoryPair();
  const delay = { delayUs: DELAY_US };
  const sources = { clock, random: new SeededRandom(1) };
  const device: Device = impair(near, { send: delay, receive: delay }, sources);
  const client = await open({
    device,
    address: "10.9.0.1/24",
    clock,
    random: new SeededRandom(2),
  });
  const server = await open({
    device: far,
    address: `${SERVER}/24`,
    clock,
    random: new SeededRandom(3),
  });
  return { clock, client, server };
}

function soon<T>({ clock }: World, promise: Promise<T>): Promise<T> {
  return runVirtual(clock, promise, { untilUs: clock.now() + 10_000_000 });
}

async function close(w: World): Promise<void> {
  await soon(w, Promise.all([w.client.close(), w.server.close()]));
}

/** Serves as many connections: reads a question, answers it, and closes. Returns the questions. */
async function answer(w: World, listener: ReturnType<Stack["listen"]>): Promise<string> {
  const conn = await listener.accept();
  const buffer = new Uint8Array(4096);
  const count = await conn.read(buffer);
  await conn.write(new TextEncoder().encode("answer"));
  await conn.closeWrite();
  assertEquals(await conn.read(new Uint8Array(10)), null);
  conn.close();
  void w;
  return new TextDecoder().decode(buffer.subarray(0, count ?? 0));
}

/** Asks one question; returns the answer and the round trips that it took. */
async function ask(w: World, fastOpen: boolean | Uint8Array) {
  const startUs = w.clock.now();
  const conn = await w.client.connect({ hostname: SERVER, port: PORT, fastOpen });
  if (typeof fastOpen === "boolean") await conn.write(new TextEncoder().encode("question"));
  const buffer = new Uint8Array(100);
  const count = await conn.read(buffer);
  const rounds = Math.round((w.clock.now() - startUs) / (2 * DELAY_US));
  const info = conn.info();
  await conn.closeWrite();
  assertEquals(await conn.read(buffer.subarray(50)), null);
  conn.close();
  return { text: new TextDecoder().decode(buffer.subarray(0, count ?? 0)), rounds, info };
}

Deno.test("fast open: the second question is answered a round trip earlier", async () => {
  // Goal: two round trips without a cookie, one with; both forms of the option of connect().
  const w = await world();
  const listener = w.server.listen({ port: PORT, tcpFastOpen: 10 });
  const question = new TextEncoder().encode("question");
  for (
    const [fastOpen, rounds, used] of [
      [question, 2, false],
      [question, 1, true],
      [true, 1, true],
      [false, 2, false],
    ] as const
  ) {
    const served = answer(w, listener);
    const asked = await soon(w, ask(w, fastOpen));
    assertEquals(await soon(w, served), "question");
    assertEquals([asked.text, asked.rounds, asked.info.fastOpen], ["answer", rounds, used]);
  }
  const { counters } = w.server.stats();
  assertEquals([counters.fastOpenPassive, counters.fastOpenCookieRequests], [2, 1]);
  assertEquals(w.client.stats().counters.fastOpenActive, 2);
  listener.close();
  await close(w);
});

Deno.test("fast open: a listener that does not offer it serves the same, a round trip later", async () => {
  const w = await world();
  const listener = w.server.listen({ port: PORT });
  for (let i = 0; i < 2; i++) {
    const served = answer(w, listener);
    const asked = await soon(w, ask(w, new TextEncoder().encode("question")));
    assertEquals(await soon(w, served), "question");
    assertEquals([asked.text, asked.rounds], ["answer", 2]);
  }
  listener.close();
  await close(w);
});

Deno.test("fast open: a server that is gone shows in read", async () => {
  // Goal: connect() has resolved; the refusal is the connection's error, with the class of a refused connect.
  const w = await world();
  const listener = w.server.listen({ port: PORT, tcpFastOpen: 10 });
  const served = answer(w, listener);
  await soon(w, ask(w, true));
  await soon(w, served);
  listener.close();
  const conn = await soon(
    w,
    w.client.connect({ hostname: SERVER, port: PORT, fastOpen: Uint8Array.of(1) }),
  );
  const { name } = await soon(w, failure(() => conn.read(new Uint8Array(1))));
  assertEquals(name, "ConnectionRefused");
  conn.close();
  await close(w);
});

Deno.test("fast open: more than the SYN takes comes whole and in order", async () => {
  const w = await world();
  const listener = w.server.listen({ port: PORT, tcpFastOpen: 10 });
  const served = answer(w, listener);
  await soon(w, ask(w, true));
  await soon(w, served);
  const bytes = Uint8Array.from({ length: 20_000 }, (_, i) => i % 251);
  const accepting = listener.accept();
  const conn = await soon(w, w.client.connect({ hostname: SERVER, port: PORT, fastOpen: bytes }));
  await conn.closeWrite();
  const peer = await soon(w, accepting);
  const reading = async () => {
    const all: number[] = [];
    const buffer = new Uint8Array(3000);
    for (;;) {
      const count = await peer.read(buffer);
      if (count === null) return all;
      all.push(...buffer.subarray(0, count));
    }
  };
  assertEquals(await soon(w, reading()), [...bytes]);
  assert(conn.info().fastOpen);
  conn.close();
  peer.close();
  listener.close();
  await close(w);
});

Deno.test("fast open: impossible options are refused by name", async () => {
  const w = await world();
  for (const tcpFastOpen of [-1, 1.5, 70_000]) {
    const { name, message } = await failure(() => w.server.listen({ port: 9, tcpFastOpen }));
    assertEquals([name, message.startsWith("tcpFastOpen: ")], ["RangeError", true]);
  }
  const text = "5" as unknown as number;
  const wrong = await failure(() => w.server.listen({ port: 9, tcpFastOpen: text }));
  assertEquals(wrong.name, "TypeError");
  const { name, message } = await failure(() =>
    w.client.connect({ hostname: SERVER, port: 9, fastOpen: "x" as unknown as boolean })
  );
  assertEquals([name, message.startsWith("fastOpen: ")], ["TypeError", true]);
  await close(w);
});
