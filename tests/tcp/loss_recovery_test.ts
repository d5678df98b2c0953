// Recovery: proportional rate reduction (RFC 6937), SACK and NewReno repair, timeouts, windows, FIN.
import { assert, assertEquals } from "@std/assert";
import { LossRecovery, Phase, proportionalWindow } from "../../src/tcp/loss_recovery.ts";
import { NO_SEGMENT, SentSegmentPool } from "../../src/tcp/retransmission_queue.ts";
import type { Harness } from "../support/engine.ts";
import { ack, at, connected, MSS, sending, sent, take } from "./recovering.ts";

// --- Proportional rate reduction ---

/** Feeds ACKs of one segment each, sending whatever each one allows; returns segments sent for each. */
function reduce(flight: number, ssthresh: number, lost: number, advanced: boolean): number[] {
  const recovery = new LossRecovery(new SentSegmentPool(), 0);
  recovery.windowAtStart = flight * MSS;
  let pipe = (flight - lost) * MSS;
  const segments: number[] = [];
  for (let i = 0; i < flight - lost; i++) {
    pipe -= MSS;
    const cwnd = proportionalWindow(recovery, pipe, MSS, advanced, ssthresh * MSS, MSS);
    const count = Math.floor((cwnd - pipe) / MSS);
    recovery.sentBytes += count * MSS;
    pipe += count * MSS;
    segments.push(count);
  }
  return segments;
}

Deno.test("recovery: PRR sends in proportion, down to ssthresh", () => {
  // Goal: RFC 6937 section 3.1: the first at once, then ssthresh / flight for each ACK, to the byte.
  for (const ssthresh of [10, 14]) {
    const segments = reduce(20, ssthresh, 1, false);
    assertEquals(segments[0], 1);
    let total = 0;
    segments.forEach((count, index) => {
      assert(count <= 1, "a burst");
      total += count;
      const share = ((index + 1) * ssthresh) / 20;
      assert(total >= Math.floor(share) - 1 && total <= Math.ceil(share), `${total} of ${share}`);
    });
  }
});

Deno.test("recovery: PRR conserves packets below ssthresh, and grows when ACKs show progress", () => {
  // Goal: the reduction bound: heavy losses are answered by what arrives, and one more for progress.
  assertEquals(reduce(20, 10, 15, false), [1, 1, 1, 1, 1]);
  assertEquals(reduce(20, 10, 15, true), [2, 2, 2, 2, 2]);
});

Deno.test("recovery: the window is never less than a segment", () => {
  // Goal: with nothing on the path something must be able to go.
  const recovery = new LossRecovery(new SentSegmentPool(), 0);
  recovery.windowAtStart = 10 * MSS;
  recovery.sentBytes = 20 * MSS;
  assertEquals(proportionalWindow(recovery, 0, 0, false, 5 * MSS, MSS), MSS);
});

// --- With SACK (RFC 6675) ---

Deno.test("recovery: several losses in one window are repaired in one round trip", () => {
  // Goal: as ACKs of the same window arrive, not one hole for each round trip.
  const h = sending(10);
  take(h, 10);
  h.advanceMs(100);
  h.inject(ack(0, [3, 6]));
  const again = sent(h);
  assertEquals(again, ["0"]);
  h.inject(ack(0, [3, 7]));
  h.inject(ack(0, [3, 8]));
  h.inject(ack(0, [3, 9]));
  h.inject(ack(0, [3, 10]));
  again.push(...sent(h));
  assertEquals(again, ["0", "1", "2"]);
  h.advanceMs(100);
  h.inject(ack(10));
  assertEquals([h.conn.loss!.phase, h.conn.retransmitTimeouts], [Phase.open, 0]);
  assertEquals(h.conn.congestion.cwndBytes, 5 * MSS);
  assertEquals([h.count("fastRetransmits"), h.conn.retransmitAtUs], [1, Infinity]);
});

Deno.test("recovery: a recovery that the reorder timer begins sends one segment, not a burst", () => {
  // Goal: what is lost has left the path, but its repair is clocked by ACKs.
  const h = sending(10);
  take(h, 10);
  h.advanceMs(100);
  h.inject(ack(0, [8, 9], [9, 10]));
  assertEquals(sent(h), []);
  h.advanceMs(30);
  assertEquals(sent(h), ["0"]);
});

Deno.test("recovery: new data follows when everything lost has gone again", () => {
  // Goal: the path is not left idle; lost data goes before new data.
  const h = sending(30);
  take(h, 10);
  h.advanceMs(100);
  for (let i = 3; i < 10; i++) h.inject(ack(0, [1, i + 1]));
  const all = sent(h);
  assertEquals(all[0], "0");
  assert(all.length > 2, all.join());
  assertEquals(all.slice(1), all.slice(1).map((_, i) => `${10 + i}`));
});

Deno.test("recovery: a loss among what was sent in recovery is repaired, and the window cut once more", () => {
  // Goal: recovery ends at what was SND.MAX at its start; what is lost behind it is another event.
  const h = sending(30);
  take(h, 10);
  h.advanceMs(100);
  for (let i = 3; i < 10; i++) h.inject(ack(0, [1, i + 1]));
  const first = sent(h).length - 1;
  assert(first >= 3);
  h.advanceMs(100);
  h.inject(ack(10));
  assertEquals(h.conn.loss!.phase, Phase.open);
  const ssthresh = h.conn.congestion.ssthreshBytes;
  h.inject(ack(10, [11, 10 + first]));
  h.advanceMs(100);
  const lost = sent(h);
  assert(lost.includes("10"), lost.join());
  assertEquals(h.count("fastRetransmits"), 2);
  assert(h.conn.congestion.ssthreshBytes < ssthresh);
});

Deno.test("recovery: losses found later in the same recovery cut nothing more", () => {
  // Goal: one reduction for each window.
  const h = sending(10);
  take(h, 10);
  h.advanceMs(100);
  h.inject(ack(0, [1, 4]));
  const { ssthreshBytes } = h.conn.congestion;
  h.inject(ack(0, [1, 4], [6, 10]));
  h.inject(ack(4, [6, 10]));
  h.inject(ack(5, [6, 10]));
  assertEquals(h.conn.congestion.ssthreshBytes, ssthreshBytes);
  assertEquals(h.count("fastRetransmits"), 1);
});

// --- Super-segments ---

Deno.test("recovery: with offload a lost stretch goes again as few large segments", () => {
  // Goal: whole segments up to what the device takes and the window allows.
  const h = sending(40, { superBytes: 10 * MSS + 100 });
  h.conn.congestion.cwndBytes = 40 * MSS;
  h.news(h.conn);
  h.outbox.length = 0;
  h.advanceMs(100);
  h.inject(ack(0, [20, 40]));
  h.advanceMs(30);
  for (let i = 0; i < 20; i++) h.inject(ack(i, [20, 40]));
  h.advanceMs(2000);
  for (const { segment } of h.outbox) {
    assert(segment.payloadLength <= 10 * MSS, `${segment.payloadLength}`);
    assertEquals(segment.payloadLength % MSS, 0);
    if (segment.payloadLength > MSS) assertEquals(segment.gsoSize, MSS);
  }
  assert(h.outbox.length > 0);
});

Deno.test("recovery: after a timeout a super-segment goes again in slow start", () => {
  // Goal: cut to one segment, then to two, and so on.
  const h = sending(10, { superBytes: 65_000 });
  assertEquals(sent(h), ["0-9"]);
  h.conn.loss!.probeAtUs = Infinity;
  h.advanceMs(310);
  assertEquals(sent(h), ["0"]);
  h.inject(ack(1));
  assertEquals(sent(h), ["1-2"]);
  h.inject(ack(3));
  assertEquals(sent(h), ["3-6"]);
});

// --- Timeouts ---

/** Ten segments in flight and an RTO behind them. */
function timedOut(...blocks: readonly (readonly [number, number])[]): Harness {
  const h = sending(20, { tcp: { frto: false } });
  take(h, 10);
  h.conn.loss!.probeAtUs = Infinity;
  if (blocks.length > 0) {
    h.advanceMs(100);
    h.conn.loss!.reorderingSeen = true;
    h.inject(ack(0, ...blocks));
    h.conn.loss!.reorderAtUs = Infinity; // Reordering of any length may be.
    sent(h);
  }
  h.advanceMs(310);
  return h;
}

Deno.test("recovery: a timeout takes everything for lost and sends again under slow start", () => {
  // Goal: RFC 5681 section 3.1; in order, and what comes later is not sent for nothing.
  const h = timedOut();
  assertEquals(sent(h), ["0"]);
  assertEquals([h.conn.loss!.phase, h.conn.congestion.cwndBytes], [Phase.loss, MSS]);
  h.inject(ack(1));
  assertEquals(sent(h), ["1", "2"]);
  h.inject(ack(3));
  assertEquals(sent(h), ["3", "4", "5", "6"]);
  h.inject(ack(10));
  assertEquals(h.conn.loss!.phase, Phase.open);
  assertEquals(sent(h)[0], "10");
});

Deno.test("recovery: after a timeout what the peer has is not sent again", () => {
  // Goal: SACK is kept unless the peer breaks its word.
  const h = timedOut([2, 9]);
  assertEquals(sent(h), ["0"]);
  h.inject(ack(1, [2, 9]));
  assertEquals(sent(h), ["1", "9"]);
});

Deno.test("recovery: a peer that has thrown away what it had gets it again", () => {
  // Goal: reneging, RFC 2018 section 8: the head is SACKed and still not acknowledged.
  const h = timedOut([1, 10]);
  assertEquals(sent(h), ["0"]);
  h.inject(ack(1)); // Segment 0 only: what was reported behind it is gone.
  sent(h);
  h.advanceMs(200_000);
  assertEquals(sent(h)[0], "1");
  assertEquals(h.conn.loss!.queue.sackedBytes, 0);
  h.inject(ack(10));
  assertEquals(h.conn.loss!.queue.head === NO_SEGMENT || sent(h).length > 0, true);
});

Deno.test("recovery: a second timeout raises nothing", () => {
  // Goal: RFC 5681, equation 4, by what was on the path, not by all that is unacknowledged.
  const h = timedOut();
  const { ssthreshBytes } = h.conn.congestion;
  sent(h);
  h.inject(ack(1));
  h.advanceMs(5000);
  assert(h.conn.congestion.ssthreshBytes <= ssthreshBytes);
});

Deno.test("recovery: a timeout within a recovery starts over", () => {
  // Goal: and repairs everything, whatever was sent again before.
  const h = sending(10);
  take(h, 10);
  h.advanceMs(100);
  h.inject(ack(0, [4, 8]));
  sent(h);
  h.advanceMs(400);
  assertEquals(h.conn.loss!.phase, Phase.loss);
  assertEquals(sent(h), ["0"]);
  h.inject(ack(1, [4, 8]));
  assertEquals(sent(h), ["1", "2"]);
  h.inject(ack(3, [4, 8]));
  assertEquals(sent(h), ["3", "8", "9"]);
  h.inject(ack(10));
  assertEquals([h.conn.loss!.phase, h.conn.loss!.queue.head], [Phase.open, NO_SEGMENT]);
});

// --- FIN ---

Deno.test("recovery: the FIN waits for nothing but the window, and is repaired as data is", () => {
  // Goal: a lost FIN, with data or alone, is sent again and the connection goes on.
  const h = sending(10);
  h.closeWrite();
  h.outbox.length = 0;
  h.advanceMs(100);
  h.inject(ack(0, [1, 9]));
  assertEquals(sent(h), ["0"]);
  h.advanceMs(100);
  h.inject(ack(9));
  h.advanceMs(1000);
  const last = h.outbox.splice(0);
  assert(last.length > 0);
  assert(last.some(({ line }) => line.startsWith("F")), last.map(({ line }) => line).join());
  h.inject(`. 1:1 ack ${at(10) + 1}`);
  assertEquals(h.state, "FIN-WAIT-2");
  assertEquals(h.conn.loss!.queue.head, NO_SEGMENT);
});

Deno.test("recovery: a FIN that is written in recovery goes", () => {
  // Goal: closing does not have to wait for the end of the recovery.
  const h = sending(10);
  take(h, 10);
  h.advanceMs(100);
  h.inject(ack(0, [1, 10]));
  assertEquals(sent(h), ["0"]);
  h.closeWrite();
  h.expect(`F. ${at(10)}:${at(10)} ack 1`);
  h.inject(`. 1:1 ack ${at(10) + 1}`);
  assertEquals(h.state, "FIN-WAIT-2");
});

// --- The peer's window ---

Deno.test("recovery: a window that closes holds repairs back until it opens", () => {
  // Goal: nothing beyond the window, then everything; no deadlock.
  const h = sending(10);
  take(h, 10);
  h.advanceMs(100);
  h.inject(`${ack(0, [1, 10])} win 0`);
  h.expect();
  h.inject(`${ack(0, [1, 10])} win 60000`);
  assertEquals(sent(h), ["0"]);
  h.inject(ack(10));
  assertEquals(h.conn.retransmitAtUs, Infinity);
});

Deno.test("recovery: a window that stays shut over a loss is probed with it", () => {
  // Goal: the timer sends the oldest regardless, and the connection lives.
  const h = sending(10);
  take(h, 10);
  h.advanceMs(100);
  h.inject(`${ack(0, [1, 10])} win 0`);
  h.advanceMs(2000);
  const again = sent(h);
  assert(again.length > 0 && again.every((text) => text === "0"), again.join());
  h.inject(`${ack(10)} win 0`);
  h.inject(`${ack(10)} win 60000`);
  assertEquals(h.conn.loss!.queue.head, NO_SEGMENT);
});

Deno.test("recovery: a window that opens by less than what is missing leaves a timer", () => {
  // Goal: no stall when the first lost segment lies behind the window, because the peer has what is before.
  const h = timedOut();
  h.inject(`${ack(0, [0, 3])} win 500`);
  h.inject(`${ack(0, [0, 3])} win 2000`);
  assert(h.conn.retransmitAtUs < Infinity);
  h.advanceMs(2000);
  assert(sent(h).length > 0);
});

// --- Without SACK (RFC 6582) ---

Deno.test("recovery: NewReno repairs one hole for each partial ACK, without a timeout", () => {
  // Goal: RFC 6582 section 3.2; the whole window is repaired however many holes there are.
  const h = sending(10, { peer: "" });
  take(h, 10);
  h.advanceMs(100);
  for (let i = 0; i < 6; i++) h.inject(ack(0));
  assertEquals(sent(h), ["0"]);
  for (const hole of [3, 5, 8]) {
    h.advanceMs(100);
    h.inject(ack(hole));
    assertEquals(sent(h)[0], `${hole}`);
  }
  h.advanceMs(100);
  h.inject(ack(10));
  assertEquals([h.conn.loss!.phase, h.conn.retransmitTimeouts], [Phase.open, 0]);
  assertEquals(h.count("fastRetransmits"), 1);
});

Deno.test("recovery: NewReno with offload sends one wire segment again for each hole", () => {
  // Goal: a partial ACK names one segment, not the super-segment that it was in.
  const h = sending(10, { peer: "", superBytes: 65_000 });
  assertEquals(sent(h), ["0-9"]);
  h.advanceMs(100);
  for (let i = 0; i < 3; i++) h.inject(ack(0));
  assertEquals(sent(h), ["0"]);
  h.inject(ack(4));
  assertEquals(sent(h), ["4"]);
});

Deno.test("recovery: a peer without SACK gets no probes", () => {
  // Goal: RFC 8985 section 7.1.
  const h = connected({ peer: "" });
  h.write(3 * MSS);
  take(h, 3);
  h.advanceMs(290);
  assertEquals(sent(h), []);
  h.advanceMs(20);
  assertEquals([sent(h), h.conn.retransmitTimeouts], [["0"], 1]);
});

Deno.test("recovery: without congestion control only the peer's window limits, after a loss too", () => {
  // Goal: what recovery makes of the window must not stay.
  const h = sending(60, { tcp: { congestion: "none" } });
  const flight = sent(h).length;
  assertEquals(flight, 44); // 65,535 bytes.
  h.advanceMs(100);
  h.inject(ack(0, [1, 44]));
  assertEquals(sent(h)[0], "0");
  h.advanceMs(100);
  h.inject(ack(44));
  h.write(60 * MSS);
  assertEquals(h.conn.sndNxt - h.conn.sndUna, flight * MSS);
});
