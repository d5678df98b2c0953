import { assert, assertEquals, assertThrows } from "@std/assert";
import { impair, SeededRandom } from "../../mod.ts";
import { passTime } from "../support/virtual_time.ts";
import { VirtualPair } from "./virtual_pair.ts";
import { readAll } from "./worlds.ts";

async function transfer(pair: VirtualPair, length: number): Promise<void> {
  const { near, far } = pair;
  const data = new Uint8Array(length);
  const sending = (async () => {
    for (let done = 0; done < length;) done += await near.write(data.subarray(done));
    await near.closeWrite();
  })();
  assertEquals((await pair.run(readAll(far), 600)).length, length);
  await pair.run(sending);
  await passTime(pair.clock, 100_000);
}

Deno.test("info of a fresh connection shows what was agreed", async () => {
  // Goal: each negotiated value, by both sides, and nothing counted that did not happen.
  const pair = await VirtualPair.open();
  await passTime(pair.clock, 1e6);
  for (const info of [pair.near.info(), pair.far.info()]) {
    assertEquals(info.state, "ESTABLISHED");
    assertEquals(info.congestion, "cubic");
    assertEquals(info.mssSendBytes, 1448);
    assertEquals([info.timestamps, info.sack], [true, true]);
    assertEquals([info.ecn, info.pathMtuBytes], ["off", 1500], "nobody has asked for ECN");
    assertEquals(info.windowScale, { send: 7, receive: 7 });
    assertEquals(info.cwndBytes, 10 * 1448);
    assertEquals(info.ssthreshBytes, Infinity);
    assertEquals(info.receiveBufferBytes, 128 * 1024);
    assertEquals(info.sendBufferBytes, 64 * 1024);
    assertEquals([info.bytesSent, info.bytesReceived, info.inFlightBytes], [0, 0, 0]);
    assertEquals([info.retransmitTimeouts, info.backoffs, info.duplicateAcks], [0, 0, 0]);
    assert(info.sendWindowBytes > 60_000 && info.receiveWindowBytes > 60_000);
  }
  await pair.finish();
});

Deno.test("info shows what was left out of the handshake", async () => {
  // Goal: options that are switched off are shown as off.
  const pair = await VirtualPair.open({ timestamps: false, sack: false, windowScale: false });
  const info = pair.near.info();
  assertEquals([info.timestamps, info.sack, info.windowScale], [false, false, null]);
  assertEquals(info.mssSendBytes, 1460);
  await pair.finish();
});

Deno.test("info shows how ECN was agreed on", async () => {
  // Goal: each form, at both ends.
  for (const [ecn, shown] of [["on", "classic"], ["accurate", "accurate"]] as const) {
    const pair = await VirtualPair.open({ ecn });
    await passTime(pair.clock, 1e6);
    assertEquals([pair.near.info().ecn, pair.far.info().ecn], [shown, shown]);
    await pair.finish();
  }
});

Deno.test("info counts bytes and segments, and measures the round trip", async () => {
  // Goal: over a path of 10 ms each way without loss: an RTT of 20 ms, and exact totals.
  const LENGTH = 1_000_000;
  const DELAY_US = 10_000;
  const pair = await VirtualPair.open(
    undefined,
    (device, clock) =>
      impair(device, { send: { delayUs: DELAY_US }, receive: { delayUs: DELAY_US } }, {
        clock,
        random: new SeededRandom(1),
      }),
  );
  await transfer(pair, LENGTH);
  const sender = pair.near.info();
  const receiver = pair.far.info();
  assertEquals(sender.bytesSent, LENGTH);
  assertEquals(receiver.bytesReceived, LENGTH);
  assertEquals([sender.bytesRetransmitted, sender.segmentsRetransmitted], [0, 0]);
  assert(sender.segmentsSent >= LENGTH / 1448, `${sender.segmentsSent} segments`);
  // The SYN came before there was a connection to count it for.
  assertEquals(receiver.segmentsReceived, sender.segmentsSent - 1);
  // The delay of an ACK comes on top of the path.
  assert(sender.rttUs >= 2 * DELAY_US && sender.rttUs < 2 * DELAY_US + 40_000, `${sender.rttUs}`);
  assertEquals(sender.rttMinUs, 2 * DELAY_US);
  assert(sender.rtoUs >= 200_000 && sender.rtoUs < 1e6, `${sender.rtoUs}`);
  assert(sender.cwndBytes > 10 * 1448);
  assertEquals([sender.state, receiver.state], ["FIN-WAIT-2", "CLOSE-WAIT"]);
  await pair.finish();
});

Deno.test("info shows loss and reordering", async () => {
  // Goal: the counters of recovery move where there is something to recover from.
  const seed = 5;
  const pair = await VirtualPair.open(
    undefined,
    (device, clock) =>
      impair(device, { send: { delayUs: 10_000, loss: 0.02 }, receive: { delayUs: 10_000 } }, {
        clock,
        random: new SeededRandom(seed),
      }),
  );
  await transfer(pair, 1_000_000);
  const sender = pair.near.info();
  assert(sender.segmentsRetransmitted > 0, `seed ${seed}`);
  assert(sender.bytesRetransmitted > 0, `seed ${seed}`);
  assertEquals(sender.bytesSent, 1_000_000 + sender.bytesRetransmitted);
  assert(sender.duplicateAcks > 0, `seed ${seed}`);
  assert(sender.ssthreshBytes < Infinity, `seed ${seed}`);
  assert(pair.far.info().segmentsOutOfOrder > 0, `seed ${seed}`);
  await pair.finish();
});

Deno.test("connections lists what info says, with addresses, and one line for each connection", async () => {
  // Goal: the summary is the same information.
  const pair = await VirtualPair.open();
  await transfer(pair, 5000);
  const [line] = pair.client.connections();
  const { localAddr, remoteAddr, ...info } = line;
  assertEquals(info, pair.near.info());
  assertEquals([localAddr, remoteAddr], [pair.near.localAddr, pair.near.remoteAddr]);
  assertEquals(pair.client.connections().length, 1);
  await pair.finish();
});

Deno.test("info shows the congestion control, its phase and its rates, changed on a live connection", async () => {
  // Goal: `setCongestionControl` takes effect, and what BBR believes is visible; 10 ms each way.
  const pair = await VirtualPair.open(
    undefined,
    (device, clock) =>
      impair(device, {
        send: { delayUs: 10_000, rateBitsPerSecond: 80e6 },
        receive: { delayUs: 10_000 },
      }, { clock, random: new SeededRandom(1) }),
  );
  assertEquals([pair.near.info().congestion, pair.near.info().congestionPhase], [
    "cubic",
    "SlowStart",
  ]);
  assertEquals(pair.near.info().pacingRateBytesPerSecond, 0);
  pair.near.setCongestionControl("bbr");
  await transfer(pair, 4_000_000);
  const info = pair.near.info();
  assertEquals(info.congestion, "bbr");
  assert(/^(Drain|ProbeBW_|Startup)/.test(info.congestionPhase), info.congestionPhase);
  assert(info.pacingRateBytesPerSecond > 0);
  assert(info.bandwidthBytesPerSecond > 1e6 && info.bandwidthBytesPerSecond <= 10e6);
  assert(info.deliveryRateBytesPerSecond > 1e6, `${info.deliveryRateBytesPerSecond}`);
  assert(info.bandwidthRttMinUs >= 20_000 && info.bandwidthRttMinUs < 30_000);
  const error = assertThrows(
    () => pair.near.setCongestionControl("vegas" as "bbr"),
    TypeError,
  );
  for (const name of ["vegas", "cubic", "newreno", "bbr", "none"]) {
    assert(error.message.includes(name), error.message);
  }
  await pair.finish();
});
