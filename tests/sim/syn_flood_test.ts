// Handshakes under attack: what the attacker tries, what it costs here, and that others get in all the same.
import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/base/random.ts";
import type { ManualClock } from "../../src/base/clock.ts";
import { memoryPair } from "../../src/device/memory_pair.ts";
import { open } from "../../src/net/open.ts";
import type { Stack } from "../../src/net/stack.ts";
import type { TcpOptions } from "../../src/tcp/config.ts";
import { type Attack, FloodedDevice, guessedCookie, spoofedSyn } from "./flood.ts";
import { VirtualTime } from "../../src/base/virtual_time.ts";

const SEED = Number(Deno.env.get("WOSHOU_SEED") ?? 4987);
const LONG = Deno.env.get("WOSHOU_LONG") === "1";
/** Simulated time, and well-behaved connects in each second of it. */
const SECONDS = LONG ? 30 : 2;
const CONNECTS_PER_SECOND = 100;
/** What the inline stack takes in: see bench/handshake_bench.ts. */
const ATTACKS_PER_SECOND = 250_000;
const PORT = 7;
const SERVER = "10.9.0.2";
const SERVER_WORD = 0x0a09_0002;
const CLIENT_WORD = 0x0a09_0001;
const BACKLOG = 511;

/** What an attack has come to. */
interface Aftermath {
  /** Those who were connected and served while the attack went on. */
  readonly connected: number;
  /** The most that there was at once. */
  readonly handshakesMax: number;
  readonly connectionsMax: number;
  readonly attacks: number;
  readonly answers: number;
  readonly server: ReturnType<Stack["stats"]>;
  /** How long the slowest connect took, simulated microseconds. */
  readonly slowestUs: number;
}

async function serve(server: Stack): Promise<void> {
  for await (const conn of server.listen({ port: PORT, tcpBacklog: BACKLOG })) {
    conn.readable.pipeTo(conn.writable).catch(() => {});
  }
}

/** Connects, sends a byte, has it back, closes: how long the connect took, or null. */
async function visit(client: Stack, now: () => number): Promise<number> {
  const startUs = now();
  const conn = await client.connect({ hostname: SERVER, port: PORT });
  const tookUs = now() - startUs;
  await conn.write(Uint8Array.of(42));
  const answer = new Uint8Array(1);
  const count = await conn.read(answer);
  conn.close();
  assertEquals([count, answer[0]], [1, 42]);
  return tookUs;
}

/** Lets simulated time pass; it does not go on while the stack has anything to take in. */
async function pass(clock: ManualClock, link: FloodedDevice, durationUs: number): Promise<void> {
  const untilUs = clock.now() + durationUs;
  for (let moves = 0; moves < 1_000_000; moves++) {
    for (let i = 0; i < 16; i++) await null;
    for (let i = 0; link.isWaiting && i < 1_000_000; i++) await null;
    const nextUs = Math.min(clock.nextWake(), untilUs);
    clock.set(Math.max(nextUs, clock.now()));
    if (nextUs === untilUs) return;
  }
  throw new Error("time does not pass");
}

async function underAttack(attack: Attack, tcp: TcpOptions = {}): Promise<Aftermath> {
  const time = new VirtualTime();
  const { clock } = time;
  const [near, far] = memoryPair({ queueFrames: 4096 });
  const words = { own: SERVER_WORD, peer: CLIENT_WORD };
  const link = new FloodedDevice(far, clock, ATTACKS_PER_SECOND, SEED, words, attack);
  const client = await open({
    device: near,
    address: "10.9.0.1/24",
    clock,
    random: new SeededRandom(SEED + 1),
  });
  const server = await open({
    device: link,
    address: `${SERVER}/24`,
    clock,
    random: new SeededRandom(SEED + 2),
    tcp,
  });
  const serving = serve(server);
  const visits: Promise<number>[] = [];
  let connected = 0;
  let handshakesMax = 0;
  let connectionsMax = 0;
  link.start(SECONDS * 1e6);
  for (let i = 0; i < SECONDS * CONNECTS_PER_SECOND; i++) {
    const visiting = visit(client, () => clock.now());
    visiting.then(() => connected++, () => {});
    visits.push(visiting);
    await pass(clock, link, 1e6 / CONNECTS_PER_SECOND);
    const { counters } = server.stats();
    handshakesMax = Math.max(handshakesMax, counters.handshakesNow);
    connectionsMax = Math.max(connectionsMax, counters.connectionsNow - counters.timeWaitNow);
  }
  const stats = server.stats();
  const { attacks, answers } = link;
  const { length } = visits;
  const inTime = connected;
  const took = await time.run(Promise.allSettled(visits), 300e6);
  const good = took.flatMap((one) => one.status === "fulfilled" ? [one.value] : []);
  assertEquals(good.length, length, "when the attack is over everybody gets in");
  await time.run(Promise.all([client.close(), server.close()]), 10e6);
  await serving;
  return {
    connected: inTime,
    slowestUs: Math.max(...good),
    handshakesMax,
    connectionsMax,
    attacks,
    answers,
    server: stats,
  };
}

Deno.test("under attack: a SYN flood from spoofed addresses keeps nobody out and costs no memory", async () => {
  // Goal: the attacker sends SYNs as fast as the stack takes them in, so that the queue of handshakes is
  // full at any time. It costs him a SYN each, and us one SYN-ACK each and the 511 places of the backlog.
  const { connected, slowestUs, handshakesMax, connectionsMax, attacks, answers, server } =
    await underAttack(spoofedSyn(PORT));
  assertEquals(connected, SECONDS * CONNECTS_PER_SECOND, `WOSHOU_SEED=${SEED}`);
  assertEquals(slowestUs, 0, "nobody had to send his SYN twice");
  assertEquals(attacks, SECONDS * ATTACKS_PER_SECOND);
  assert(answers >= attacks, `${answers} answers`);
  assert(handshakesMax === BACKLOG, `${handshakesMax} handshakes`);
  assert(connectionsMax < 10, `${connectionsMax} connections`);
  assert(server.counters.synCookiesReceived >= connected - BACKLOG);
  assert(server.counters.synCookiesReceived > 0);
  assertEquals(server.memory.receiveBytes, 0);
});

Deno.test("under attack: without cookies the same flood keeps everybody out", async () => {
  // Goal: the test above shows the cookies' work and not that of something else.
  const { connected, server } = await underAttack(spoofedSyn(PORT), { synCookies: "never" });
  assert(connected < SECONDS * CONNECTS_PER_SECOND / 2, `${connected} connected`);
  assert(server.drops.tcpBacklogFull > 0);
});

Deno.test("under attack: guessed cookies open no connection", async () => {
  // Goal: while cookies are in use the attacker sends ACKs with random numbers; one in 2^32 / 4, times two
  // minutes, would be taken. They cost a hash each, and an RST within the limit of those.
  const guess = guessedCookie(PORT);
  const syn = spoofedSyn(PORT);
  let i = 0;
  const { connected, server } = await underAttack(
    (segment, random) => i++ % 8 === 0 ? syn(segment, random) : guess(segment, random),
  );
  assertEquals(connected, SECONDS * CONNECTS_PER_SECOND, `WOSHOU_SEED=${SEED}`);
  assert(server.counters.synCookiesFailed > 100_000);
  assertEquals(server.counters.passiveOpens, connected);
  assert(server.drops.tcpResetLimited > 0);
  assert(server.counters.resetsOut <= 5000 * (SECONDS + 2));
});

Deno.test("under attack: always with cookies, nothing at all is remembered", async () => {
  const { connected, handshakesMax } = await underAttack(spoofedSyn(PORT), {
    synCookies: "always",
  });
  assertEquals(connected, SECONDS * CONNECTS_PER_SECOND, `WOSHOU_SEED=${SEED}`);
  assertEquals(handshakesMax, 0);
});
