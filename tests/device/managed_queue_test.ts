// CoDel, fair queues, marks and bursts of losses, seen from the ends of an impaired link.
import { assert, assertEquals, assertThrows } from "@std/assert";
import { ManualClock } from "../../src/base/clock.ts";
import { SeededRandom } from "../../src/base/random.ts";
import { impair, type Impairment } from "../../src/device/impairment.ts";
import { memoryPair } from "../../src/device/memory_pair.ts";
import { isIpv4ChecksumRight, writeIpv4Header } from "../../src/wire/ipv4.ts";
import { receiveFrame, sendFrame } from "./frames.ts";

const FRAME_BYTES = 1000;
/** A frame takes a millisecond. */
const RATE = FRAME_BYTES * 8 * 1000;

/** A TCP frame of a flow, with its number in the payload. */
function frameOf(flow: number, number: number, ecn = 0): Uint8Array {
  const frame = new Uint8Array(FRAME_BYTES);
  const view = new DataView(frame.buffer);
  writeIpv4Header(view, 0, ecn, FRAME_BYTES, 1, 64, 6, 0x0a000001, 0x0a000002);
  view.setUint16(20, 1000 + flow);
  view.setUint16(22, 80);
  view.setUint32(40, number);
  return frame;
}

interface Arrival {
  readonly timeUs: number;
  readonly flow: number;
  readonly number: number;
  readonly ecn: number;
}

/** Offers `perMs[flow]` frames of each flow in every millisecond, for so long; all arrivals. */
function offer(impairment: Impairment, perMs: readonly number[], durationMs: number, ecn = 0) {
  const clock = new ManualClock();
  const [near, far] = memoryPair({ queueFrames: 65536 });
  const link = impair(near, { send: impairment }, { clock, random: new SeededRandom(7) });
  const arrivals: Arrival[] = [];
  let number = 0;
  const take = () => {
    receiveFrame(link);
    for (let frame = receiveFrame(far); frame !== null; frame = receiveFrame(far)) {
      const view = new DataView(frame.buffer);
      assert(isIpv4ChecksumRight(view, 0, 20));
      const [flow, order] = [view.getUint16(20) - 1000, view.getUint32(40)];
      arrivals.push({ timeUs: clock.now(), flow, number: order, ecn: view.getUint8(1) & 3 });
    }
  };
  const offered = perMs.map(() => 0);
  for (let ms = 0; ms < durationMs; ms++) {
    perMs.forEach((rate, flow) => {
      for (; offered[flow] < Math.floor((ms + 1) * rate + 1e-6); offered[flow]++) {
        sendFrame(link, frameOf(flow, number++, ecn));
      }
    });
    for (let next = link.nextArrival(); next <= (ms + 1) * 1000; next = link.nextArrival()) {
      clock.set(Math.max(next, clock.now()));
      take();
    }
    take();
    clock.set((ms + 1) * 1000);
  }
  for (let next = link.nextArrival(); next < Infinity; next = link.nextArrival()) {
    clock.set(Math.max(next, clock.now()));
    take();
  }
  const stats = link.stats().send!;
  const out = stats.delivered + stats.lost + stats.queueDropped + stats.refused + stats.inFlight;
  assertEquals(stats.sent + stats.duplicated, out, JSON.stringify(stats));
  return { arrivals, stats };
}

const CODEL: Impairment = { rateBitsPerSecond: RATE, queueFrames: 5000, queue: "codel" };

Deno.test("an idle CoDel link is a link: exact times, nothing lost", () => {
  const { arrivals } = offer({ ...CODEL, delayUs: 300 }, [0.5], 100);
  assertEquals(arrivals.length, 50);
  for (const { timeUs, number } of arrivals) assertEquals(timeUs, (2 * number + 1) * 1000 + 1300);
});

Deno.test("a CoDel link is never idle while frames wait, and keeps the order", () => {
  const { arrivals, stats } = offer(CODEL, [1.2], 5000);
  assert(stats.queueDropped > 20, `${stats.queueDropped} dropped`);
  arrivals.forEach(({ timeUs }, i) => assert(i === 0 || timeUs === arrivals[i - 1].timeUs + 1000));
  const numbers = arrivals.map(({ number }) => number);
  assertEquals(numbers, numbers.toSorted((a, b) => a - b));
});

Deno.test("CoDel drops nothing from a burst that drains within an interval", () => {
  // Goal: good queue, of RFC 8289 section 1: bursts pass whole.
  const { stats } = offer(CODEL, [50], 1);
  assertEquals([stats.delivered, stats.queueDropped], [50, 0]);
});

Deno.test("with ECN the same frames are marked instead of dropped", () => {
  const dropping = offer(CODEL, [1.2], 3000).stats;
  const marking = offer({ ...CODEL, ecn: true }, [1.2], 3000, 2);
  assertEquals([marking.stats.queueDropped, marking.stats.delivered], [0, 3600]);
  assert(marking.stats.marked >= dropping.queueDropped && dropping.queueDropped > 20);
  assertEquals(marking.arrivals.filter(({ ecn }) => ecn === 3).length, marking.stats.marked);
  const deaf = offer({ ...CODEL, ecn: true }, [1.2], 3000, 0).stats;
  assertEquals([deaf.marked, deaf.queueDropped], [0, dropping.queueDropped]);
});

Deno.test("a fair queue shields a thin flow from a thick one", () => {
  // Goal: the thin flow asks for less than its share, and waits for hardly more than a frame of the other.
  const { arrivals } = offer({ ...CODEL, queue: "fq-codel" }, [3, 0.1], 1000);
  const thin = arrivals.filter(({ flow }) => flow === 1);
  assertEquals(thin.length, 100);
  thin.forEach(({ timeUs }, i) => {
    const waitedUs = timeUs - ((i + 1) * 10 - 1) * 1000;
    assert(waitedUs <= 4000, `${waitedUs} us`);
  });
  const plain = offer(CODEL, [3, 0.1], 1000).arrivals.filter(({ flow }) => flow === 1);
  const late = plain.filter(({ timeUs }, i) => timeUs - ((i + 1) * 10 - 1) * 1000 > 50_000);
  assert(late.length > 30, "without a fair queue it waits behind the other");
});

Deno.test("flows that ask for more than there is get the same", () => {
  const { arrivals } = offer({ ...CODEL, queue: "fq-codel" }, [2, 2, 2, 8], 2000);
  const inTime = arrivals.filter(({ timeUs }) => timeUs < 2_000_000);
  for (const flow of [0, 1, 2, 3]) {
    const count = inTime.filter((arrival) => arrival.flow === flow).length;
    assert(Math.abs(count - 500) < 50, `flow ${flow} had ${count} of 2000`);
  }
});

Deno.test("bursts of losses are as long and as many as they are said to be", () => {
  // Goal: the mean burst has 1 / leave frames, and enter / (enter + leave) of all are lost.
  const { arrivals, stats } = offer({ burst: { enter: 0.01, leave: 0.25 } }, [50], 2000);
  assert(Math.abs(stats.lost / stats.sent - 0.01 / 0.26) < 0.005, `${stats.lost / stats.sent}`);
  let bursts = 0;
  for (let i = 1; i < arrivals.length; i++) {
    if (arrivals[i].number > arrivals[i - 1].number + 1) bursts++;
  }
  assert(Math.abs(stats.lost / bursts - 4) < 0.4, `${stats.lost / bursts} frames a burst`);
  assertEquals(offer({ burst: { enter: 1, leave: 0, loss: 0 } }, [10], 10).stats.lost, 0);
});

Deno.test("impossible disciplines and bursts are named", () => {
  const [device] = memoryPair();
  const sources = { clock: new ManualClock(), random: new SeededRandom(1) };
  const make = (send: Impairment) => () => impair(device, { send }, sources);
  assertThrows(make({ queue: "red" as "codel" }), TypeError, 'send.queue: "red" is not one of');
  assertThrows(make({ codelTargetUs: -1 }), RangeError, "send.codelTargetUs: -1");
  const burst = { enter: 0.1, leave: 2 };
  assertThrows(make({ burst }), RangeError, "send.burst.leave: 2 must be a probability");
});
