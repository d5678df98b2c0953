/** What every congestion control must keep to, whatever its algorithm: one suite, run by each one's test. */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { CongestionName } from "../../../src/tcp/config.ts";
import { type CongestionControl, initialWindow } from "../../../src/tcp/congestion/control.ts";
import { createCongestion } from "../../../src/tcp/congestion/create.ts";
import { RateSample } from "../../../src/tcp/congestion/rate_sample.ts";

const SEED = 0x636321;
const RTT_MAX_US = 2_000_000;
const DAY_US = 86_400_000_000;

/** What happens to a sender; the numbers are fractions of what is possible at that moment. */
interface Event {
  readonly kind:
    | "ack"
    | "unlimited"
    | "idle"
    | "jump"
    | "loss"
    | "ecn"
    | "duplicate"
    | "partial"
    | "recovered"
    | "undo"
    | "timeout";
  readonly share: number;
  readonly rttUs: number;
}

const event: fc.Arbitrary<Event> = fc.record({
  kind: fc.oneof(
    { weight: 9, arbitrary: fc.constant<Event["kind"]>("ack") },
    fc.constantFrom<Event["kind"]>(
      "unlimited",
      "idle",
      "jump",
      "loss",
      "ecn",
      "duplicate",
      "partial",
      "recovered",
      "undo",
      "timeout",
    ),
  ),
  share: fc.double({ min: 0.01, max: 1, noNaN: true }),
  rttUs: fc.integer({ min: 1, max: RTT_MAX_US }),
});

const events = fc.array(event, { maxLength: 120 });
const mss = fc.constantFrom(36, 536, 1448, 1460, 8948);
const segments = fc.integer({ min: 1, max: 100 });

/** A sender that calls its control only as loss recovery does (acknowledgment.ts, timers.ts, undo.ts). */
export class Sender {
  readonly control: CongestionControl;
  nowUs = 1_000_000;
  isRecovering = false;
  readonly #mss: number;
  readonly #sample = new RateSample();
  #delivered = 0;
  #lost = 0;
  #before: Window | null = null;

  constructor(name: CongestionName, initialBytes: number, mss: number) {
    this.control = createCongestion(name, initialBytes);
    this.control.onTransmitStart(0, this.nowUs);
    this.#mss = mss;
  }

  /** Bytes in flight: all that the window allows, and what limited transmit adds, or a part. */
  #flight(share: number): number {
    const most = Math.min(this.control.cwndBytes, 0x3fff_ffff);
    return Math.max(1, Math.floor(share * (most + 2 * this.#mss)));
  }

  /** Lets an event happen; whether it could, now. */
  take({ kind, share, rttUs }: Event): boolean {
    const { control } = this;
    const mss = this.#mss;
    this.nowUs += rttUs;
    switch (kind) {
      case "ack":
      case "unlimited": {
        if (this.isRecovering) return false;
        this.acknowledge(this.#acked(share), rttUs, kind === "ack");
        return true;
      }
      case "idle":
      case "jump":
        this.nowUs += kind === "jump" ? DAY_US : 0;
        control.onTransmitStart(rttUs, this.nowUs);
        return true;
      case "loss":
        if (this.isRecovering) return false;
        this.#lose(share);
        return true;
      case "ecn":
        if (this.isRecovering) return false;
        control.onEcn(this.#flight(share), mss, this.nowUs);
        this.isRecovering = true;
        this.#before = null;
        return true;
      case "duplicate":
        if (this.isRecovering) control.cwndBytes += mss;
        return this.isRecovering;
      case "partial":
        if (!this.isRecovering) return false;
        control.cwndBytes = Math.max(control.cwndBytes - this.#flight(share), 0) + mss;
        this.#tell(this.#acked(share), rttUs, true);
        return true;
      case "recovered":
        if (!this.isRecovering) return false;
        control.onRecovered(mss, this.nowUs);
        this.isRecovering = false;
        return true;
      case "undo":
        return this.#undo();
      case "timeout":
        control.saveForUndo();
        this.#before = windowOf(control);
        control.onTimeout(this.#flight(share), mss, this.nowUs);
        this.isRecovering = false;
        return true;
    }
  }

  /** An acknowledgment outside of recovery. */
  acknowledge(bytes: number, rttUs: number, limited: boolean): void {
    this.control.onAck(bytes, rttUs, limited, this.#mss, this.nowUs);
    this.#tell(bytes, rttUs, limited);
  }

  #acked(share: number): number {
    const most = Math.ceil(Math.max(this.control.cwndBytes, this.#mss));
    return Math.min(this.#flight(share), most, 0x3fff_ffff);
  }

  /** The delivery-rate sample of an acknowledgment of data that was sent one round trip ago. */
  #tell(bytes: number, rttUs: number, limited: boolean): void {
    const sample = this.#sample;
    sample.nowUs = this.nowUs;
    sample.mss = this.#mss;
    sample.priorDeliveredBytes = this.#delivered;
    sample.priorAtUs = this.nowUs - rttUs;
    this.#delivered += bytes;
    sample.ackedBytes = bytes;
    sample.totalDeliveredBytes = this.#delivered;
    sample.deliveredBytes = bytes;
    sample.intervalUs = rttUs;
    sample.rate = (bytes * 1e6) / rttUs;
    sample.rttUs = rttUs;
    sample.inFlightAtSendBytes = this.#flight(1);
    sample.inFlightBytes = this.#flight(1) - bytes;
    sample.newlyLostBytes = this.#lost;
    sample.lostSinceSendBytes = this.#lost;
    this.#lost = 0;
    sample.windowLimited = limited;
    sample.recovering = this.isRecovering;
    this.control.onSample(sample);
  }

  #lose(share: number): void {
    const { control } = this;
    const flight = this.#flight(share);
    this.#lost = Math.min(this.#mss, flight);
    control.onSegmentLost(this.#lost, flight, this.#lost, this.#delivered);
    control.saveForUndo();
    this.#before = windowOf(control);
    control.onLoss(flight, this.#mss, this.nowUs);
    this.isRecovering = true;
  }

  #undo(): boolean {
    const { control } = this;
    if (this.#before === null) return false;
    control.cwndBytes = Math.max(control.cwndBytes, this.#before.cwnd);
    control.ssthreshBytes = Math.max(control.ssthreshBytes, this.#before.ssthresh);
    control.undo();
    this.#before = null;
    this.isRecovering = false;
    return true;
  }
}

/** Runs random events, with a look at the sender before and after each that happened. */
function forEvents(
  name: CongestionName,
  look: (before: Window, after: Window, event: Event, mss: number) => void,
): void {
  fc.assert(
    fc.property(events, mss, segments, (happenings, mss, segments) => {
      const sender = new Sender(name, initialWindow(segments, mss), mss);
      for (const happening of happenings) {
        const before = windowOf(sender.control);
        if (!sender.take(happening)) continue;
        look(before, windowOf(sender.control), happening, mss);
      }
    }),
    { seed: SEED, numRuns: 300 },
  );
}

interface Window {
  readonly cwnd: number;
  readonly ssthresh: number;
}

function windowOf({ cwndBytes, ssthreshBytes }: CongestionControl): Window {
  return { cwnd: cwndBytes, ssthresh: ssthreshBytes };
}

/** Registers the suite for the control of that name. */
export function testConformance(name: CongestionName): void {
  testForEvery(name);
  if (name === "cubic" || name === "newreno") testLossBased(name);
  else testIndependent(name);
}

/** What holds for every control. */
function testForEvery(name: CongestionName): void {
  Deno.test(`Goal: ${name}: the window is a finite number of at least one MSS, whatever happens`, () => {
    forEvents(name, (_, { cwnd, ssthresh }, event, mss) => {
      assert(Number.isFinite(cwnd) && cwnd >= mss, `${event.kind}: cwnd ${cwnd}`);
      assert(ssthresh >= 2 * mss, `${event.kind}: ssthresh ${ssthresh}`);
    });
  });

  Deno.test(`Goal: ${name}: one acknowledgment never grows the window by more than it acknowledges`, () => {
    for (const acked of [1, 1460, 14_600]) {
      const sender = new Sender(name, 14_600, 1460);
      for (let i = 0; i < 20; i++) {
        const before = sender.control.cwndBytes;
        sender.nowUs += 10_000;
        sender.acknowledge(acked, 10_000, true);
        assert(sender.control.cwndBytes - before <= acked, `${acked}`);
      }
    }
  });

  Deno.test(`Goal: ${name}: a clock that jumps by a day makes no burst`, () => {
    const sender = new Sender(name, 146_000, 1460);
    sender.take({ kind: "loss", share: 1, rttUs: 50_000 });
    sender.take({ kind: "recovered", share: 1, rttUs: 50_000 });
    for (let i = 0; i < 30; i++) sender.take({ kind: "ack", share: 0.1, rttUs: 50_000 });
    sender.nowUs += DAY_US;
    const before = sender.control.cwndBytes;
    sender.acknowledge(1460, 50_000, true);
    assert(sender.control.cwndBytes - before <= 1460, `${sender.control.cwndBytes - before}`);
    assert(sender.control.pacingRate < Infinity);
  });

  Deno.test(`Goal: ${name}: an undo gives at least the window back that there was before`, () => {
    let saved: Window | null = null;
    forEvents(name, (before, after, event) => {
      if (event.kind === "loss" || event.kind === "timeout") saved = before;
      if (event.kind !== "undo" || saved === null) return;
      // The window of a model is bounded by it at the next acknowledgment, not before.
      assert(after.cwnd >= saved.cwnd, `${after.cwnd}, was ${saved.cwnd}`);
      assert(after.ssthresh >= saved.ssthresh, `${after.ssthresh}, was ${saved.ssthresh}`);
      saved = null;
    });
  });

  Deno.test(`Goal: ${name}: equal events give equal windows, and two connections share nothing`, () => {
    fc.assert(
      fc.property(events, events, mss, (happenings, others, mss) => {
        const alone = new Sender(name, 10 * mss, mss);
        for (const happening of happenings) alone.take(happening);
        const beside = new Sender(name, 10 * mss, mss);
        const other = new Sender(name, 10 * mss, mss);
        happenings.forEach((happening, index) => {
          if (index < others.length) other.take(others[index]);
          beside.take(happening);
        });
        assertEquals(windowOf(beside.control), windowOf(alone.control));
        assertEquals(beside.control.pacingRate, alone.control.pacingRate);
        assertEquals(beside.control.phase, alone.control.phase);
      }),
      { seed: SEED, numRuns: 100 },
    );
  });
}

/** What holds for a control whose window follows from acknowledgments and losses alone. */
function testLossBased(name: CongestionName): void {
  Deno.test(`Goal: ${name}: acknowledgments grow the window when it was in use, and never otherwise`, () => {
    forEvents(name, (before, after, event) => {
      if (["unlimited", "idle", "jump"].includes(event.kind)) assertEquals(after.cwnd, before.cwnd);
      if (event.kind !== "ack") return;
      assert(after.cwnd >= before.cwnd, "an acknowledgment never shrinks it");
      // The end of slow start is found by its round-trip times; a known threshold stays.
      if (before.ssthresh !== Infinity) assertEquals(after.ssthresh, before.ssthresh);
    });
  });

  for (const kind of ["loss", "ecn"] as const) {
    Deno.test(`Goal: ${name}: congestion (${kind}) shrinks the window, down to two segments`, () => {
      forEvents(name, (before, after, event, mss) => {
        if (event.kind !== kind) return;
        if (before.cwnd > 4 * mss) assert(after.cwnd < before.cwnd, `${after.cwnd}`);
        else assert(after.cwnd <= Math.max(before.cwnd, 2 * mss), `${after.cwnd}`);
        assertEquals(after.cwnd, after.ssthresh);
      });
    });
  }

  testTimeouts(name);
  testRecoveries(name);
}

function testTimeouts(name: CongestionName): void {
  Deno.test(`Goal: ${name}: a timeout leaves one MSS`, () => {
    forEvents(name, (_, after, event, mss) => {
      if (event.kind === "timeout") assertEquals(after.cwnd, mss);
    });
  });

  Deno.test(`Goal: ${name}: a timeout within a recovery reduces the threshold no further`, () => {
    const control = createCongestion(name, 146_000);
    control.onLoss(146_000, 1460, 0);
    const { ssthreshBytes } = control;
    control.cwndBytes = 2 * 1460;
    control.onTimeout(2920, 1460, 0);
    assertEquals(control.ssthreshBytes, ssthreshBytes);
    control.onTimeout(1460, 1460, 0);
    assertEquals(control.ssthreshBytes, 2 * 1460, "the next one is a loss of its own");
  });
}

function testRecoveries(name: CongestionName): void {
  Deno.test(`Goal: ${name}: recovery ends with the window that the loss left, not an inflated one`, () => {
    const control = createCongestion(name, 146_000);
    control.onLoss(146_000, 1460, 0);
    const reduced = control.cwndBytes;
    control.cwndBytes += 50 * 1460;
    control.onRecovered(1460, 1000);
    assertEquals(control.cwndBytes, reduced);
  });

  Deno.test(`Goal: ${name}: behind an undo the window grows as if nothing had been lost`, () => {
    const rttUs = 50_000;
    const disturbed = new Sender(name, 100 * 1460, 1460);
    const undisturbed = new Sender(name, 100 * 1460, 1460);
    const both = [disturbed, undisturbed];
    for (const sender of both) {
      sender.take({ kind: "loss", share: 1, rttUs });
      sender.take({ kind: "recovered", share: 1, rttUs });
      for (let i = 0; i < 200; i++) sender.take({ kind: "ack", share: 0.1, rttUs: 5000 });
    }
    disturbed.take({ kind: "loss", share: 1, rttUs: 1000 });
    disturbed.take({ kind: "undo", share: 1, rttUs: 1000 });
    undisturbed.nowUs = disturbed.nowUs;
    for (let i = 0; i < 2000; i++) {
      for (const sender of both) {
        sender.nowUs += 1000;
        sender.acknowledge(1460, rttUs, true);
      }
      const [a, b] = both.map(({ control }) => control.cwndBytes);
      assert(Math.abs(a - b) <= 1460, `${a} and ${b} after ${i} acknowledgments`);
    }
  });
}

/** What holds for a control that follows a model, or nothing at all. */
function testIndependent(name: CongestionName): void {
  Deno.test(`Goal: ${name}: recovery does not change the window by itself`, () => {
    const { control } = new Sender(name, 146_000, 1460);
    const before = control.cwndBytes;
    control.onLoss(146_000, 1460, 0);
    control.cwndBytes = 2920;
    assertEquals(control.cwndBytes, before);
    control.onRecovered(1460, 1000);
    assertEquals(control.cwndBytes, before);
  });
}
