/** What every congestion control must keep to, whatever its algorithm: one suite, run by each one's test. */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { CongestionName } from "../../../src/tcp/config.ts";
import { type CongestionControl, initialWindow } from "../../../src/tcp/congestion/control.ts";
import { createCongestion } from "../../../src/tcp/congestion/create.ts";

const SEED = 0x636321;
const RTT_MAX_US = 2_000_000;

/** What happens to a sender; the numbers are fractions of what is possible at that moment. */
interface Event {
  readonly kind: "ack" | "idle" | "loss" | "duplicate" | "partial" | "recovered" | "timeout";
  readonly share: number;
  readonly rttUs: number;
}

const event: fc.Arbitrary<Event> = fc.record({
  kind: fc.oneof(
    { weight: 6, arbitrary: fc.constant<Event["kind"]>("ack") },
    fc.constantFrom<Event["kind"]>("idle", "loss", "duplicate", "partial", "recovered", "timeout"),
  ),
  share: fc.double({ min: 0.01, max: 1, noNaN: true }),
  rttUs: fc.integer({ min: 1, max: RTT_MAX_US }),
});

const events = fc.array(event, { maxLength: 120 });
const mss = fc.constantFrom(36, 536, 1448, 1460, 8948);
const segments = fc.integer({ min: 1, max: 100 });

/** A sender that calls its control only as loss recovery does (acknowledgment.ts, timers.ts). */
class Sender {
  readonly control: CongestionControl;
  nowUs = 0;
  isRecovering = false;
  readonly #mss: number;

  constructor(name: CongestionName, initialBytes: number, mss: number) {
    this.control = createCongestion(name, initialBytes);
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
      case "idle": {
        if (this.isRecovering) return false;
        const acked = Math.min(this.#flight(share), Math.ceil(Math.max(control.cwndBytes, mss)));
        control.onAck(acked, rttUs, kind === "ack", mss, this.nowUs);
        return true;
      }
      case "loss":
        if (this.isRecovering) return false;
        control.onLoss(this.#flight(share), mss, this.nowUs);
        this.isRecovering = true;
        return true;
      case "duplicate":
        if (this.isRecovering) control.cwndBytes += mss;
        return this.isRecovering;
      case "partial":
        if (!this.isRecovering) return false;
        control.cwndBytes = Math.max(control.cwndBytes - this.#flight(share), 0) + mss;
        return true;
      case "recovered":
        if (!this.isRecovering) return false;
        control.onRecovered(mss, this.nowUs);
        this.isRecovering = false;
        return true;
      case "timeout":
        control.onTimeout(this.#flight(share), mss, this.nowUs);
        this.isRecovering = false;
        return true;
    }
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
  /** Without congestion control there is nothing to reduce. */
  const controls = name !== "none";

  Deno.test(`Goal: ${name}: the window is a finite number of at least one MSS, whatever happens`, () => {
    forEvents(name, (_, { cwnd, ssthresh }, event, mss) => {
      assert(Number.isFinite(cwnd) && cwnd >= mss, `${event.kind}: cwnd ${cwnd}`);
      assert(ssthresh >= 2 * mss, `${event.kind}: ssthresh ${ssthresh}`);
    });
  });

  Deno.test(`Goal: ${name}: acknowledgments grow the window when it was in use, and never otherwise`, () => {
    forEvents(name, (before, after, event) => {
      if (event.kind === "idle") assertEquals(after, before);
      if (event.kind !== "ack") return;
      assert(after.cwnd >= before.cwnd, "an acknowledgment never shrinks it");
      assertEquals(after.ssthresh, before.ssthresh);
    });
  });

  Deno.test(`Goal: ${name}: one acknowledgment never grows the window by more than it acknowledges`, () => {
    const control = createCongestion(name, 14_600);
    for (const acked of [1, 1460, 14_600]) {
      const before = control.cwndBytes;
      control.onAck(acked, 1000, true, 1460, 0);
      assert(control.cwndBytes - before <= acked, `${acked}`);
    }
  });

  Deno.test(`Goal: ${name}: a loss ${controls ? "shrinks" : "does not change"} the window`, () => {
    forEvents(name, (before, after, event, mss) => {
      if (event.kind !== "loss") return;
      if (!controls) assertEquals(after, before);
      else if (before.cwnd > 4 * mss) assert(after.cwnd < before.cwnd, `${after.cwnd}`);
      else assert(after.cwnd <= Math.max(before.cwnd, 2 * mss), `${after.cwnd}`);
    });
  });

  Deno.test(`Goal: ${name}: a timeout leaves ${controls ? "one MSS" : "the window alone"}`, () => {
    forEvents(name, (before, after, event, mss) => {
      if (event.kind === "timeout") assertEquals(after.cwnd, controls ? mss : before.cwnd);
    });
  });

  Deno.test(`Goal: ${name}: recovery ends with the window that the loss left, not an inflated one`, () => {
    const control = createCongestion(name, 146_000);
    control.onLoss(146_000, 1460, 0);
    const reduced = control.cwndBytes;
    if (controls) control.cwndBytes += 50 * 1460;
    control.onRecovered(1460, 1000);
    assertEquals(control.cwndBytes, reduced);
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
      }),
      { seed: SEED, numRuns: 100 },
    );
  });
}
