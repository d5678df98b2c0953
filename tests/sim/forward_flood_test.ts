// Flows to foreign destinations under a flood of SYNs with forged sources: that the others get through all the same.
import { assert, assertEquals } from "@std/assert";
import type { ManualClock } from "../../src/base/clock.ts";
import { SeededRandom } from "../../src/base/random.ts";
import { VirtualTime } from "../../src/base/virtual_time.ts";
import { memoryPair } from "../../src/device/memory_pair.ts";
import type { ForwardOptions, TcpFlow } from "../../src/net/forward.ts";
import { open } from "../../src/net/open.ts";
import type { Stack } from "../../src/net/stack.ts";
import { type Attack, FloodedDevice, guessedCookie, spoofedSyn } from "./flood.ts";

const SEED = Number(Deno.env.get("WOSHOU_SEED") ?? 4988);
const LONG = Deno.env.get("WOSHOU_LONG") === "1";
/** Simulated time, and well-behaved connects in each second of it. */
const SECONDS = LONG ? 30 : 2;
const CONNECTS_PER_SECOND = 50;
const ATTACKS_PER_SECOND = 50_000;
/** More of the attack's SYNs than the stack has connections come in a tenth of a second. */
const MAX_CONNECTIONS = 4096;
const PENDING_MAX = 512;
const PORT = 443;
const ELSEWHERE = "203.0.113.5";
const ELSEWHERE_WORD = 0xcb00_7105 | 0;
const GATEWAY_WORD = 0x0a09_0002;
const CLIENT_WORD = 0x0a09_0001;
/** How long an application takes that first connects to the real destination. */
const DIAL_US = 30_000;
/** A retransmission of what was sent before the decision. */
const AGAIN_US = 250_000;

/** What an attack has come to. */
interface Aftermath {
  /** How long each well-behaved peer waited for an answer, simulated microseconds. */
  readonly waitsUs: readonly number[];
  /** The most that there was at once. */
  readonly pendingMax: number;
  readonly connectionsMax: number;
  /** Flows of the attacker's that the handler was asked about. */
  readonly forged: number;
  readonly gateway: ReturnType<Stack["stats"]>;
}

/** Connects, sends a byte and has it back: how long that took. */
async function visit(client: Stack, now: () => number): Promise<number> {
  const startUs = now();
  const conn = await client.connect({ hostname: ELSEWHERE, port: PORT });
  await conn.write(Uint8Array.of(42));
  const answer = new Uint8Array(1);
  const count = await conn.read(answer);
  const tookUs = now() - startUs;
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

/** The same attack on an address that is not the stack's. */
function onForeign(attack: Attack): Attack {
  return (segment, random) => {
    segment.dst3 = ELSEWHERE_WORD;
    attack(segment, random);
  };
}

type Decide = (flow: TcpFlow, clock: ManualClock) => Promise<void>;

async function serve(flow: TcpFlow): Promise<void> {
  const conn = await flow.accept();
  conn.readable.pipeTo(conn.writable).catch(() => {});
}

/** What a proxy does: it connects to the destination, and then accepts. */
const dialFirst: Decide = async (flow, clock) => {
  await new Promise<void>((resolve) => clock.wakeAt(clock.now() + DIAL_US, resolve));
  await serve(flow);
};

async function underAttack(
  attack: Attack,
  decide: Decide,
  options: Partial<ForwardOptions<"tcp">> = {},
): Promise<Aftermath> {
  const time = new VirtualTime();
  const { clock } = time;
  const [near, far] = memoryPair({ queueFrames: 4096 });
  const words = { own: GATEWAY_WORD, peer: CLIENT_WORD };
  const link = new FloodedDevice(far, clock, ATTACKS_PER_SECOND, SEED, words, onForeign(attack));
  const random = (more: number) => new SeededRandom(SEED + more);
  const client = await open({ device: near, address: "10.9.0.1/24", clock, random: random(1) });
  const tcp = { maxConnections: MAX_CONNECTIONS };
  const gateway = await open({
    device: link,
    address: "10.9.0.2/24",
    clock,
    random: random(2),
    tcp,
  });
  let forged = 0;
  const handler = (flow: TcpFlow) => {
    if (flow.remoteAddr.hostname !== "10.9.0.1") forged++;
    return decide(flow, clock);
  };
  const how = { pendingMax: PENDING_MAX, ...options };
  const forwarder = gateway.forward({ transport: "tcp", onError: () => {}, ...how }, handler);
  const visits: Promise<number>[] = [];
  let pendingMax = 0;
  let connectionsMax = 0;
  link.start(SECONDS * 1e6);
  for (let i = 0; i < SECONDS * CONNECTS_PER_SECOND; i++) {
    visits.push(visit(client, () => clock.now()));
    await pass(clock, link, 1e6 / CONNECTS_PER_SECOND);
    const { counters } = gateway.stats();
    pendingMax = Math.max(pendingMax, counters.flowsPendingNow);
    connectionsMax = Math.max(connectionsMax, counters.connectionsNow - counters.timeWaitNow);
  }
  const stats = gateway.stats();
  const waitsUs = await time.run(Promise.all(visits), 300e6);
  forwarder.close();
  await time.run(Promise.all([client.close(), gateway.close()]), 200e6);
  assertEquals(link.attacks, SECONDS * ATTACKS_PER_SECOND);
  return { waitsUs, pendingMax, connectionsMax, forged, gateway: stats };
}

Deno.test("under attack: forged SYNs keep nobody from a handler that accepts at once", async () => {
  // Goal: each of them would be a connection that waits for an answer for a minute; so many may be there, and no more.
  const { waitsUs, connectionsMax, pendingMax, forged, gateway } = await underAttack(
    spoofedSyn(PORT),
    serve,
  );
  assert(Math.max(...waitsUs) <= 1000, `WOSHOU_SEED=${SEED}: ${Math.max(...waitsUs)} us`);
  assert(connectionsMax <= PENDING_MAX + 20, `${connectionsMax} connections`);
  assert(pendingMax <= PENDING_MAX, `${pendingMax} flows`);
  assert(forged <= PENDING_MAX, `${forged} forged flows were shown`);
  assert(gateway.counters.synCookiesReceived > 0);
  assertEquals(gateway.drops, {});
  assertEquals(gateway.memory.receiveBytes, 0);
});

Deno.test("under attack: nor from one that connects to the destination first", async () => {
  // Goal: who is asked about late gets in at once, and what he has sent before that comes again.
  const { waitsUs, connectionsMax, pendingMax } = await underAttack(spoofedSyn(PORT), dialFirst);
  assert(Math.max(...waitsUs) <= DIAL_US + AGAIN_US, `${Math.max(...waitsUs)} us`);
  assert(connectionsMax <= PENDING_MAX + 20, `${connectionsMax} connections`);
  assert(pendingMax <= PENDING_MAX + 20, `${pendingMax} flows`);
});

Deno.test("under attack: without cookies the same flood shuts forwarded flows out", async () => {
  // Goal: the tests above show the cookies' work and not that of something else.
  const { waitsUs, gateway } = await underAttack(spoofedSyn(PORT), serve, { synCookies: "never" });
  const late = waitsUs.filter((waitUs) => waitUs > 1e6);
  assert(late.length > waitsUs.length / 2, `${late.length} of ${waitsUs.length} had to wait`);
  assert(gateway.drops.forwardPendingFull > 0);
});

Deno.test("under attack: with cookies always, nobody is asked about a forged SYN", async () => {
  // Goal: the destination hears nothing of peers that are not there; guessed cookies do not help.
  const guess = guessedCookie(PORT);
  const syn = spoofedSyn(PORT);
  let i = 0;
  const attack: Attack = (segment, random) =>
    i++ % 2 === 0 ? syn(segment, random) : guess(segment, random);
  const { waitsUs, forged, connectionsMax, gateway } = await underAttack(attack, serve, {
    synCookies: "always",
  });
  assert(Math.max(...waitsUs) <= 1000, `${Math.max(...waitsUs)} us`);
  assertEquals([forged, gateway.counters.flowsOffered], [0, waitsUs.length]);
  assert(connectionsMax <= 20, `${connectionsMax} connections`);
  assert(gateway.counters.synCookiesFailed >= SECONDS * ATTACKS_PER_SECOND / 4);
});
