import { assert, assertEquals, assertThrows } from "@std/assert";
import { type CongestionName, impair, SeededRandom } from "../../mod.ts";
import { drainMicrotasks, passTime } from "../support/virtual_time.ts";
import { VirtualPair } from "./virtual_pair.ts";
import { failure, readAll } from "./worlds.ts";

const RESET = ["ConnectionReset", "ECONNRESET"];
const TIMED_OUT = ["TimedOut", "ETIMEDOUT"];

async function failed(call: () => unknown): Promise<unknown[]> {
  const { name, code } = await failure(call);
  return [name, code];
}

const read = (conn: Deno.TcpConn) => conn.read(new Uint8Array(1000));

Deno.test("setNoDelay decides whether a small segment waits for the one before it", async () => {
  // Goal: Nagle's rule on and off, seen in what has arrived before the first ACK could.
  const delay = { delayUs: 10_000 };
  const pair = await VirtualPair.open(
    undefined,
    (device, clock) =>
      impair(device, { send: delay, receive: delay }, { clock, random: new SeededRandom(1) }),
  );
  const { near, far, clock } = pair;
  const byte = Uint8Array.of(1);
  const arrivedAtOnce = async () => {
    const before = far.info().segmentsReceived;
    for (let i = 0; i < 3; i++) {
      await near.write(byte);
      await passTime(clock, 1000);
    }
    await passTime(clock, 12_000);
    const count = far.info().segmentsReceived - before;
    await passTime(clock, 2e6);
    return count;
  };
  near.setNoDelay(false);
  assertEquals(await arrivedAtOnce(), 1);
  near.setNoDelay(true);
  assertEquals(await arrivedAtOnce(), 3);
  near.setNoDelay(false);
  assertEquals(await arrivedAtOnce(), 1);
  await pair.finish();
});

const KEEPALIVE = { keepaliveIdleMs: 1000, keepaliveIntervalMs: 500, keepaliveProbes: 3 };

Deno.test("keepalive probes an idle peer and is satisfied with its answers", async () => {
  // Goal: one probe for each idle time, and the connection lives on.
  const pair = await VirtualPair.open(KEEPALIVE);
  pair.near.setKeepAlive();
  await passTime(pair.clock, 10_500_000);
  assertEquals(pair.client.stats().counters.keepaliveProbes, 10);
  assertEquals(pair.near.info().state, "ESTABLISHED");
  pair.near.setKeepAlive(false);
  await passTime(pair.clock, 10e6);
  assertEquals(pair.client.stats().counters.keepaliveProbes, 10);
  await pair.finish();
});

Deno.test("keepalive gives up a peer that does not answer: TimedOut", async () => {
  // Goal: RFC 9293 section 3.8.4: after the idle time and all probes, with the error for whoever waits.
  const pair = await VirtualPair.open(KEEPALIVE);
  const { near, cable, clock } = pair;
  near.setKeepAlive(true);
  const reading = failed(() => read(near));
  cable.isCut = true;
  const startUs = clock.now();
  assertEquals(await pair.run(reading), TIMED_OUT);
  const tookMs = (clock.now() - startUs) / 1000;
  assert(tookMs >= 2400 && tookMs <= 2600, `${tookMs} ms`);
  assertEquals(await read(near), null);
  assertEquals(await failed(() => near.write(Uint8Array.of(1))), ["BrokenPipe", "EPIPE"]);
  await pair.finish();
});

Deno.test("without keepalive an idle connection outlives its peer", async () => {
  // Goal: keepalive is off by default (RFC 9293 MUST-25).
  const pair = await VirtualPair.open(KEEPALIVE);
  pair.cable.isCut = true;
  await passTime(pair.clock, 3600e6);
  assertEquals(pair.near.info().state, "ESTABLISHED");
  assertEquals(pair.client.stats().counters.keepaliveProbes, 0);
  await pair.finish();
});

Deno.test("setUserTimeout bounds how long sent data may stay unacknowledged", async () => {
  // Goal: RFC 9293 section 3.8.3: TimedOut for pending reads and writes, soon after that time.
  const pair = await VirtualPair.open({ sendBufferMaxBytes: 65_536 });
  const { near, cable, clock } = pair;
  near.setUserTimeout(5000);
  cable.isCut = true;
  const startUs = clock.now();
  await near.write(new Uint8Array(65_536));
  const writing = failed(() => near.write(new Uint8Array(10)));
  assertEquals(await pair.run(writing), TIMED_OUT);
  const tookMs = (clock.now() - startUs) / 1000;
  assert(tookMs >= 5000 && tookMs <= 10_000, `${tookMs} ms`);
  assertEquals(await read(near), null);
  await pair.finish();
});

Deno.test("without a user timeout data is sent again until the retries are used up", async () => {
  // Goal: the default is far longer: about 924 seconds, and then TimedOut as well.
  const pair = await VirtualPair.open();
  const { near, cable, clock } = pair;
  cable.isCut = true;
  const startUs = clock.now();
  await near.write(new Uint8Array(10));
  assertEquals(await pair.run(failed(() => read(near)), 2000), TIMED_OUT);
  const tookS = (clock.now() - startUs) / 1e6;
  assert(tookS > 800 && tookS < 1100, `${tookS} s`);
  await pair.finish();
});

Deno.test("setLinger(0) makes close reset, and null makes it orderly again", async () => {
  // Goal: SO_LINGER's meaning: what was written is lost with 0, and delivered without.
  for (const [seconds, isReset] of [[0, true], [null, false], [5, false]] as const) {
    const pair = await VirtualPair.open();
    pair.near.setLinger(0);
    pair.near.setLinger(seconds);
    await pair.near.write(new Uint8Array(1000));
    pair.near.close();
    if (isReset) {
      assertEquals(await pair.run(failed(() => readAll(pair.far))), RESET);
    } else {
      assertEquals((await pair.run(readAll(pair.far))).length, 1000);
    }
    await pair.finish();
  }
});

Deno.test("abort resets at once and interrupts what is pending here", async () => {
  // Goal: RFC 9293 section 3.10.5, whatever was written before.
  const pair = await VirtualPair.open();
  const { near, far } = pair;
  const reading = failed(() => read(near));
  const atPeer = failed(() => read(far));
  near.abort();
  assertEquals(await reading, ["Interrupted", "EINTR"]);
  assertEquals(await pair.run(atPeer), RESET);
  assertThrows(() => near.abort(), Deno.errors.BadResource);
  await pair.finish();
});

Deno.test("setCongestionControl changes the algorithm of a connection while it sends", async () => {
  // Goal: every name works, info shows it, and the data comes through.
  const pair = await VirtualPair.open();
  const { near, far } = pair;
  const data = new Uint8Array(300_000).fill(7);
  const NAMES: readonly CongestionName[] = ["newreno", "none", "cubic"];
  const sending = (async () => {
    for (const name of NAMES) {
      near.setCongestionControl(name);
      for (let done = 0; done < data.length;) done += await near.write(data.subarray(done));
      await drainMicrotasks();
      assertEquals(near.info().congestion, name);
    }
    await near.closeWrite();
  })();
  assertEquals((await pair.run(readAll(far))).length, NAMES.length * data.length);
  await sending;
  const wrong = "vegas" as CongestionName;
  assertThrows(() => near.setCongestionControl(wrong), TypeError, '"vegas"');
  await pair.finish();
});

Deno.test("impossible options are refused with their name and value", async () => {
  // Goal: RangeError before anything is changed.
  const pair = await VirtualPair.open();
  for (const value of [-1, 1.5, NaN, 65_536]) {
    assertThrows(() => pair.near.setLinger(value), RangeError, `seconds: ${value} `);
  }
  for (const value of [-1, 1.5, NaN, 2 ** 31]) {
    assertThrows(() => pair.near.setUserTimeout(value), RangeError, `ms: ${value} `);
  }
  await pair.finish();
});

Deno.test("no option can be set after close", async () => {
  // Goal: BadResource, as for every other call.
  const pair = await VirtualPair.open();
  const { near } = pair;
  near.close();
  const calls = [
    () => near.setLinger(0),
    () => near.setUserTimeout(1),
    () => near.setCongestionControl("cubic"),
    () => near.setNoDelay(),
    () => near.setKeepAlive(),
    () => near.abort(),
    () => near.info(),
  ];
  for (const call of calls) assertThrows(call, Deno.errors.BadResource, "Bad resource ID");
  await pair.finish();
});
