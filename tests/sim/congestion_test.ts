// Congestion controls over time: a link with a rate, a delay and a queue, in virtual time.
import { assert, assertEquals } from "@std/assert";
import type { CongestionName, TcpOptions } from "../../src/tcp/config.ts";
import type { TcpInfo } from "../../src/net/info.ts";
import { oneWay, type Transfer, type TransferResult } from "./one_way.ts";

const MIB = 1024 * 1024;
/** Payload of a full segment with timestamps. */
const MSS = 1448;

/** Buffers that never limit what is looked at here. */
const BUFFERS: TcpOptions = {
  receiveBufferInitialBytes: 6 * MIB,
  sendBufferInitialBytes: 4 * MIB,
  receiveMemoryBytes: 64 * MIB,
  sendMemoryBytes: 64 * MIB,
};

/** A link of 20 Mbit/s and 50 ms round trip, which holds 86 segments, with a queue of as many as said. */
function link(queueFrames: number, loss = 0): Transfer["data"] {
  return { rateBitsPerSecond: 20e6, delayUs: 25_000, queueFrames, loss };
}

const LINK_BYTES_PER_SECOND = 20e6 / 8;

interface Seen extends TcpInfo {
  readonly atUs: number;
}

interface Watched extends TransferResult {
  readonly seen: readonly Seen[];
  /** Payload bytes per second. */
  readonly goodput: number;
}

async function watched(
  congestion: CongestionName,
  transfer: Transfer,
  everyUs = 10_000,
): Promise<Watched> {
  const seen: Seen[] = [];
  const result = await oneWay({
    ...transfer,
    everyUs,
    tcp: { ...BUFFERS, congestion, ...transfer.tcp },
    look: (conn, atUs) => {
      seen.push({ ...conn.info(), atUs });
      transfer.look?.(conn, atUs);
    },
  });
  return { ...result, seen, goodput: (transfer.bytes * 1e6) / result.transferUs };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

Deno.test("congestion: CUBIC leaves slow start by HyStart++ before anything is lost", async () => {
  // Goal: with a queue of 2000 segments before the link NewReno, which has nothing of the kind, overruns it.
  const transfer = { seed: 1, bytes: 8 * MIB, data: link(2000) };
  const cubic = await watched("cubic", transfer);
  const left = cubic.seen.find(({ congestionPhase }) => congestionPhase === "CongestionAvoidance");
  assert(left !== undefined, "it never left slow start");
  assertEquals([left.segmentsRetransmitted, left.ssthreshBytes < Infinity], [0, true]);
  assert(cubic.seen.some(({ congestionPhase }) => congestionPhase === "CSS"));
  assertEquals([cubic.retransmissions, cubic.timeouts], [0, 0]);
  const reno = await watched("newreno", transfer);
  assert(reno.retransmissions > 100, `${reno.retransmissions}`);
});

Deno.test("congestion: BBR fills the link and keeps the queue short", async () => {
  // Goal: the same link; CUBIC and NewReno leave a queue that doubles the round-trip time and more.
  const transfer = { seed: 1, bytes: 24 * MIB, data: link(1000) };
  const steady = ({ seen }: Watched) => seen.filter(({ atUs }) => atUs > 2e6);
  const bbr = await watched("bbr", transfer);
  assert(bbr.goodput > 0.85 * LINK_BYTES_PER_SECOND, `${bbr.goodput}`);
  assertEquals([bbr.retransmissions, bbr.timeouts], [0, 0]);
  const bbrRttUs = mean(steady(bbr).map(({ rttUs }) => rttUs));
  assert(bbrRttUs < 65_000, `${bbrRttUs} us`);
  const cubic = await watched("cubic", transfer);
  const cubicRttUs = mean(steady(cubic).map(({ rttUs }) => rttUs));
  assert(cubicRttUs > 2 * bbrRttUs, `CUBIC ${cubicRttUs} us, BBR ${bbrRttUs} us`);
  const phases = new Set(bbr.seen.map(({ congestionPhase }) => congestionPhase));
  for (const phase of ["Startup", "Drain", "ProbeBW_CRUISE", "ProbeBW_UP", "ProbeRTT"]) {
    assert(phases.has(phase), `never ${phase}: ${[...phases]}`);
  }
});

Deno.test("congestion: BBR's estimates are the link's rate and delay", async () => {
  // Goal: what info() shows of its model, once it cruises.
  const { seen } = await watched("bbr", { seed: 1, bytes: 12 * MIB, data: link(1000) });
  const { bandwidthBytesPerSecond, bandwidthRttMinUs, pacingRateBytesPerSecond } = seen.findLast((
    { congestionPhase },
  ) => congestionPhase === "ProbeBW_CRUISE")!;
  // A segment of 1500 bytes carries 1448 of payload.
  const bandwidth = (LINK_BYTES_PER_SECOND * MSS) / 1500;
  assert(Math.abs(bandwidthBytesPerSecond / bandwidth - 1) < 0.01, `${bandwidthBytesPerSecond}`);
  assert(pacingRateBytesPerSecond < bandwidthBytesPerSecond);
  assert(bandwidthRttMinUs >= 50_000 && bandwidthRttMinUs < 52_000, `${bandwidthRttMinUs}`);
});

Deno.test("congestion: random loss of 1 to 3 % does not slow BBR as it does CUBIC", async () => {
  // Goal: 1 % leaves it three quarters of the link, 3 % a third; CUBIC has a quarter of it at the most.
  for (const [loss, least] of [[0.01, 0.75], [0.02, 0.5], [0.03, 0.35]]) {
    for (const seed of [1, 2, 3]) {
      const transfer = { seed, bytes: 12 * MIB, data: link(300, loss) };
      const bbr = await watched("bbr", transfer);
      const cubic = await watched("cubic", transfer);
      const text = `${loss}, seed ${seed}: BBR ${bbr.goodput}, CUBIC ${cubic.goodput}`;
      assert(bbr.goodput > least * LINK_BYTES_PER_SECOND, text);
      assert(cubic.goodput < 0.25 * LINK_BYTES_PER_SECOND, text);
      assertEquals(bbr.timeouts, 0, text);
    }
  }
});

Deno.test("congestion: BBR sends again hardly more than was lost when the queue is small", async () => {
  // Goal: a queue of a fifth of what the link holds; probing overruns it, and its bound is learned.
  const bbr = await watched("bbr", { seed: 1, bytes: 24 * MIB, data: link(20) });
  const share = bbr.retransmissions / ((24 * MIB) / MSS);
  assert(share < 0.02, `${share}`);
  assert(bbr.goodput > 0.7 * LINK_BYTES_PER_SECOND, `${bbr.goodput}`);
});

Deno.test("congestion: the control is changed in the middle of a transfer", async () => {
  // Goal: 2 % of loss, which CUBIC does not bear; with BBR from the third second on it goes on at the link's pace.
  let changed = false;
  const { seen } = await watched("cubic", {
    seed: 1,
    bytes: 12 * MIB,
    data: link(300, 0.02),
    look: (conn, atUs) => {
      if (changed || atUs < 3e6) return;
      changed = true;
      conn.setCongestionControl("bbr");
    },
  });
  const rate = (fromUs: number, untilUs: number) => {
    const within = seen.filter(({ atUs }) => atUs >= fromUs && atUs <= untilUs);
    const [first, last] = [within[0], within[within.length - 1]];
    return ((last.bytesSent - first.bytesSent) * 1e6) / (last.atUs - first.atUs);
  };
  assertEquals([seen[0].congestion, seen[seen.length - 1].congestion], ["cubic", "bbr"]);
  const [before, after] = [rate(1e6, 3e6), rate(4e6, 6e6)];
  assert(after > 4 * before, `${before}, then ${after}`);
});

Deno.test("congestion: with pacing every control fills the link all the same", async () => {
  // Goal: the pacing of CUBIC and NewReno costs no goodput, and makes no burst of a window.
  for (const congestion of ["cubic", "newreno"] as const) {
    const transfer = { seed: 1, bytes: 8 * MIB, data: link(200) };
    const plain = await watched(congestion, transfer);
    const paced = await watched(congestion, { ...transfer, tcp: { pacing: true } });
    assert(paced.goodput > 0.9 * plain.goodput, `${paced.goodput}, without ${plain.goodput}`);
    assert(paced.seen.some(({ pacingRateBytesPerSecond }) => pacingRateBytesPerSecond > 0));
    assert(plain.seen.every(({ pacingRateBytesPerSecond }) => pacingRateBytesPerSecond === 0));
  }
});

Deno.test("congestion: pacingRateMaxBytes holds, with any control", async () => {
  // Goal: 500 kB a second on a link of 2.5 MB.
  for (const congestion of ["cubic", "newreno", "bbr", "none"] as const) {
    const { goodput, retransmissions } = await watched(congestion, {
      seed: 1,
      bytes: 2 * MIB,
      data: link(1000),
      tcp: { pacingRateMaxBytes: 500_000 },
    });
    assert(goodput > 450_000 && goodput < 515_000, `${congestion}: ${goodput}`);
    assertEquals(retransmissions, 0);
  }
});
