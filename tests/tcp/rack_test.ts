// RACK-TLP (RFC 8985): losses found by time, the reordering window, tail loss probes.
import { assert, assertEquals } from "@std/assert";
import { Phase } from "../../src/tcp/loss_recovery.ts";
import type { Harness } from "../support/engine.ts";
import { ack, at, connected, MSS, sending, sent, take } from "./recovering.ts";

/** Ten segments that were sent an RTT of 100 ms ago. */
function tenSent(segments = 10): Harness {
  const h = sending(segments);
  take(h, 10);
  h.advanceMs(100);
  return h;
}

/** The same after a segment has come late by itself. */
function reordered(): Harness {
  const h = tenSent();
  h.inject(ack(0, [1, 2]));
  h.inject(ack(2));
  assertEquals(h.conn.loss!.reorderingSeen, true);
  h.inject(ack(10));
  h.write(10 * MSS);
  assertEquals(sent(h).length, 10);
  h.advanceMs(100);
  return h;
}

// --- Losses by time (section 6.2) ---

Deno.test("rack: three segments behind a hole and no reordering ever: lost at once", () => {
  // Goal: section 6.2.1: as soon as three duplicate ACKs would tell.
  const h = tenSent();
  h.inject(ack(0, [1, 2]));
  h.inject(ack(0, [1, 3]));
  assertEquals(sent(h), []);
  h.inject(ack(0, [1, 4]));
  assertEquals(sent(h), ["0"]);
  assertEquals(h.conn.loss!.phase, Phase.recovery);
  assertEquals(h.count("fastRetransmits"), 1);
});

Deno.test("rack: one segment behind a hole is enough after a quarter of an RTT", () => {
  // Goal: the reorder timer, without three duplicate ACKs and without an RTO.
  const h = tenSent();
  h.inject(ack(8, [9, 10]));
  h.outbox.length = 0;
  assertEquals(h.timeline(100), [`30 . ${at(8)}:${at(9)} ack 1`]);
  assertEquals(h.conn.retransmitTimeouts, 0);
  assertEquals(h.conn.loss!.phase, Phase.recovery);
});

Deno.test("rack: what comes within the reordering window was not lost", () => {
  // Goal: no retransmission, no smaller window, and no timer that is left.
  const h = tenSent();
  const cwnd = h.conn.congestion.cwndBytes;
  h.inject(ack(0, [1, 3]));
  h.advanceMs(20);
  h.inject(ack(10));
  assertEquals(h.timeline(2000), []);
  assert(h.conn.congestion.cwndBytes >= cwnd);
  assertEquals(h.tcp.nextExpiry(), Infinity);
});

Deno.test("rack: where reordering was seen three duplicates are not enough", () => {
  // Goal: section 6.2.1: a quarter of the least RTT must be over, however much is behind the hole.
  const h = reordered();
  h.inject(ack(10, [11, 20]));
  assertEquals(sent(h), []);
  h.advanceMs(24);
  assertEquals(sent(h), []);
  h.advanceMs(2);
  assertEquals(sent(h), ["10"]);
});

Deno.test("rack: only what was sent before the delivered segment can be lost", () => {
  // Goal: section 6.2 step 5: holes before it are lost, what is behind it waits.
  const h = tenSent();
  h.inject(ack(0, [1, 2], [3, 6]));
  assertEquals(h.conn.loss!.queue.lostBytes, 2 * MSS);
  h.advanceMs(30);
  assertEquals(h.conn.loss!.queue.lostBytes, 2 * MSS);
});

Deno.test("rack: a retransmission that comes late is no reordering", () => {
  // Goal: section 6.2 step 3 looks at segments that were sent once.
  const h = tenSent();
  h.inject(ack(0, [1, 10]));
  assertEquals(sent(h), ["0"]);
  h.advanceMs(100);
  h.inject(ack(10));
  assertEquals(h.conn.loss!.reorderingSeen, false);
});

Deno.test("rack: a retransmission that is lost goes again without an RTO", () => {
  // Goal: section 3.3: something sent after it has arrived an RTT later.
  const h = tenSent(20);
  h.inject(ack(0, [1, 4]));
  assertEquals(sent(h), ["0", "10"]);
  h.advanceMs(2);
  h.inject(ack(0, [1, 10]));
  assert(sent(h).includes("11"));
  h.advanceMs(100);
  h.inject(ack(0, [1, 12]));
  assertEquals(sent(h)[0], "0");
  assertEquals(h.conn.retransmitTimeouts, 0);
  assertEquals(h.count("fastRetransmits"), 1);
});

Deno.test("rack: a lost retransmission on a long path does not end in an RTO", () => {
  // Goal: the timer starts over when the oldest segment goes again, or it would expire half way.
  const h = sending(20, { rttMs: 300 });
  take(h, 10);
  h.conn.rtt.rttVarUs = 0;
  h.conn.rtt.rtoUs = 500_000; // As after a steady transfer.
  h.conn.retransmitAtUs = h.nowUs + 500_000;
  h.advanceMs(300);
  h.inject(ack(1, [2, 9]));
  assertEquals(sent(h)[0], "1");
  h.advanceMs(2);
  h.inject(ack(1, [2, 10]));
  sent(h);
  h.advanceMs(300);
  h.inject(ack(1, [2, 11]));
  assertEquals(sent(h)[0], "1");
  h.advanceMs(299);
  assertEquals(h.conn.retransmitTimeouts, 0);
});

// --- The reordering window (section 6.2.1) ---

/** An ACK of everything so far that reports segment `from` as received twice. */
function dsack(next: number, from: number): string {
  return `. 1:1 ack ${at(next)} sack ${at(from)}:${at(from + 1)}`;
}

Deno.test("rack: a DSACK widens the window by a quarter, once for each round trip", () => {
  // Goal: section 6.2.1, and never beyond SRTT.
  const h = sending(200);
  const loss = h.conn.loss!;
  let next = 0;
  h.inject(ack(++next));
  h.conn.bytesRetransmitted = 1e6; // There is something that they can be for.
  const rounds = [];
  for (let i = 0; i < 4; i++) {
    h.inject(dsack(next, next - 1));
    h.inject(dsack(next, next - 1));
    rounds.push(loss.reorderQuarters);
    next = (h.conn.sndNxt - h.conn.iss - 1) / MSS;
    h.advanceMs(100);
    h.inject(ack(next));
  }
  assertEquals(rounds, [2, 3, 4, 5]);
});

Deno.test("rack: the widened window lasts sixteen recoveries", () => {
  // Goal: section 6.2.1: then it is a quarter again.
  const h = tenSent();
  h.conn.bytesRetransmitted = 1e6;
  h.inject(ack(10));
  h.inject(dsack(10, 9));
  const loss = h.conn.loss!;
  const quarters: number[] = [];
  for (let i = 0, next = 10; i < 17; i++, next += 8) {
    h.conn.congestion.cwndBytes = 10 * MSS;
    h.write(8 * MSS);
    h.advanceMs(100);
    h.inject(ack(next, [next + 1, next + 8]));
    h.advanceMs(60);
    assertEquals(loss.phase, Phase.recovery, `recovery ${i}`);
    h.inject(ack(next + 8));
    quarters.push(loss.reorderQuarters);
  }
  assertEquals(quarters, [...Array(15).fill(2), 1, 1]);
});

Deno.test("rack: a DSACK for a probe says nothing about reordering", () => {
  // Goal: a probe is a guess, and that it was needless is no fault of the window's.
  const h = connected();
  h.write(MSS * 2);
  take(h, 2);
  h.advanceMs(210);
  assertEquals(sent(h), ["1"]);
  h.inject(ack(2));
  h.inject(dsack(2, 1));
  assertEquals([h.conn.loss!.reorderQuarters, h.conn.loss!.reorderingSeen], [1, false]);
});

// --- Tail loss probes (section 7) ---

Deno.test("probe: the newest segment goes again after two RTTs of silence", () => {
  // Goal: section 7.2; then the retransmission timer has its full time.
  const h = connected();
  h.write(3 * MSS);
  take(h, 3);
  const rtoMs = h.conn.rtt.rtoUs / 1000;
  assertEquals(h.timeline(210 + rtoMs), [
    `200 P. ${at(2)}:${at(3)} ack 1`,
    `${200 + rtoMs} . ${at(0)}:${at(1)} ack 1`,
  ]);
  assertEquals(h.conn.retransmitTimeouts, 1);
});

Deno.test("probe: new data goes first", () => {
  // Goal: section 7.3: it asks for an ACK as well, and repeats nothing.
  const h = sending(20);
  take(h, 10);
  assertEquals(h.timeline(210), [`200 . ${at(10)}:${at(11)} ack 1`]);
  assertEquals(h.conn.segmentsRetransmitted, 0);
});

Deno.test("probe: new data that the peer's window has no room for does not go", () => {
  // Goal: section 7.3 under flow control.
  const h = connected();
  h.inject(". 1:1 ack 1 win 0");
  h.inject(`. 1:1 ack 1 win ${2 * MSS}`);
  h.write(10 * MSS);
  take(h, 2);
  assertEquals(h.timeline(210), [`200 . ${at(1)}:${at(2)} ack 1`]);
});

Deno.test("probe: a single segment gives the peer the time of a delayed ACK", () => {
  // Goal: section 7.2: 200 ms more.
  const h = connected({ rttMs: 500 });
  h.write(MSS);
  take(h, 1);
  assertEquals(h.timeline(1250), [`1200 P. ${at(0)}:${at(1)} ack 1`]);
  assertEquals(h.conn.retransmitTimeouts, 0);
});

Deno.test("probe: when the timeout would come first the probe takes its place", () => {
  // Goal: section 7.2: one probe at the time of the RTO, and an RTO later the timeout.
  const h = connected({ rttMs: 20 });
  h.write(MSS);
  take(h, 1);
  const rtoMs = h.conn.rtt.rtoUs / 1000;
  assertEquals(rtoMs, 220);
  assertEquals(h.timeline(230), [`220 P. ${at(0)}:${at(1)} ack 1`]);
  assertEquals(h.conn.retransmitTimeouts, 0);
  h.advanceMs(220);
  assertEquals(h.conn.retransmitTimeouts, 1);
});

Deno.test("probe: every ACK and every segment puts it off", () => {
  // Goal: it is for a tail that is silent.
  const h = connected({ rttMs: 400 });
  h.write(2 * MSS);
  h.advanceMs(300);
  h.write(MSS);
  h.advanceMs(795);
  assertEquals(h.conn.segmentsRetransmitted, 0);
  h.inject(ack(1));
  h.advance(2 * h.conn.rtt.srttUs + 1000);
  assertEquals(h.conn.segmentsRetransmitted, 0);
  h.advanceMs(2);
  assertEquals([h.conn.segmentsRetransmitted, h.conn.retransmitTimeouts], [1, 0]);
});

Deno.test("probe: none while something behind a hole is known to have come", () => {
  // Goal: section 7.1: RACK's own timer deals with that, also when the SACK comes after the probe was set.
  const h = connected();
  h.write(4 * MSS);
  take(h, 4);
  h.conn.loss!.reorderQuarters = 16; // A reordering window behind the probe's time.
  h.advanceMs(150);
  h.inject(ack(0, [1, 2]));
  assertEquals(h.timeline(85), []);
  assertEquals(h.conn.loss!.phase, Phase.open);
});

Deno.test("probe: none in recovery, one at a time", () => {
  // Goal: section 7.1 and 7.3.
  const h = tenSent();
  h.inject(ack(0, [1, 4]));
  assertEquals(sent(h), ["0"]);
  assertEquals(h.conn.loss!.probeAtUs, Infinity);
  h.advanceMs(210);
  assertEquals(sent(h), []);
  const idle = connected();
  idle.write(2 * MSS);
  take(idle, 2);
  idle.advanceMs(210);
  assertEquals(sent(idle), ["1"]);
  assertEquals(idle.conn.loss!.probeAtUs, Infinity);
});

Deno.test("probe: its answer shows the loss before it, which is repaired without an RTO", () => {
  // Goal: section 7: the last two of four are lost.
  const h = connected();
  h.write(4 * MSS);
  take(h, 4);
  h.advanceMs(100);
  h.inject(ack(2));
  h.advanceMs(205);
  assertEquals(sent(h), ["3"]);
  h.advanceMs(100);
  h.inject(ack(2, [3, 4]));
  h.advanceMs(30);
  assertEquals(sent(h), ["2"]);
  h.advanceMs(100);
  h.inject(ack(4));
  assertEquals(h.conn.retransmitTimeouts, 0);
  assertEquals(h.count("fastRetransmits"), 1);
});

/** A probe of old data has gone and everything up to it is acknowledged, then one segment more is sent. */
function probed(): Harness {
  const h = tenSent();
  h.inject(ack(9));
  h.advanceMs(400);
  assertEquals(sent(h), ["9"]);
  h.advanceMs(100);
  h.inject(ack(10));
  return h;
}

Deno.test("probe: a tail loss that it has repaired makes the window smaller", () => {
  // Goal: section 7.4: the loss is answered as any other, by what was in flight when it happened.
  const h = probed();
  const cwnd = h.conn.congestion.cwndBytes;
  h.write(MSS);
  h.advanceMs(100);
  h.inject(ack(11));
  assert(h.conn.congestion.cwndBytes < cwnd, `${h.conn.congestion.cwndBytes}, was ${cwnd}`);
  assertEquals(h.conn.loss!.probing, false);
  assertEquals(h.conn.loss!.phase, Phase.open);
});

Deno.test("probe: a DSACK for it shows that nothing was lost", () => {
  // Goal: section 7.4, case 1: with the ACK or behind it.
  const h = probed();
  h.inject(dsack(10, 9));
  const cwnd = h.conn.congestion.cwndBytes;
  assertEquals(h.conn.loss!.probing, false);
  h.write(MSS);
  h.advanceMs(100);
  h.inject(ack(11));
  assert(h.conn.congestion.cwndBytes >= cwnd);
});

Deno.test("probe: a duplicate ACK without SACK shows that both copies came", () => {
  // Goal: section 7.4, case 2: the peer does not send DSACK.
  const h = probed();
  h.write(MSS);
  h.inject(ack(10));
  const cwnd = h.conn.congestion.cwndBytes;
  assertEquals(h.conn.loss!.probing, false);
  h.advanceMs(100);
  h.inject(ack(11));
  assert(h.conn.congestion.cwndBytes >= cwnd);
});

Deno.test("probe: of a super-segment its last wire segment goes", () => {
  // Goal: cut where the wire cut it, so that SACK blocks fit; the FIN stays with its bytes.
  const h = connected({ superBytes: 65_000 });
  h.write(2 * MSS + 80);
  h.expect(`P. 1:${2 * MSS + 81} ack 1`);
  assertEquals(h.timeline(210), [`200 P. ${at(2)}:${at(2) + 80} ack 1`]);
  const full = connected({ superBytes: 65_000 });
  full.write(2 * MSS);
  full.outbox.length = 0;
  full.write(2 * MSS);
  full.closeWrite();
  full.outbox.length = 0;
  assertEquals(full.timeline(210).length, 1);
});

Deno.test("probe: the FIN goes again with the segment that it was in", () => {
  // Goal: a FIN alone behind missing bytes would tell the peer nothing.
  const h = connected({ superBytes: 65_000 });
  h.conn.finQueued = false;
  h.inject(". 1:1 ack 1 win 0");
  h.inject(`. 1:1 ack 1 win ${MSS}`);
  h.write(2 * MSS);
  h.closeWrite();
  h.expect(`. 1:${at(1)} ack 1`);
  h.inject(`. 1:1 ack ${at(1)} win 60000`);
  h.expect(`FP. ${at(1)}:${at(2)} ack 1`);
  h.advanceMs(500);
  const first = h.outbox[0].line;
  assert(first.startsWith(`FP. ${at(1)}:${at(2)}`), first);
});

Deno.test("rack: what the network has doubled is not taken for a needless retransmission", () => {
  // Goal: without retransmissions a DSACK says nothing about the reordering window (as Linux).
  const h = tenSent();
  h.inject(ack(10));
  for (let i = 0; i < 10; i++) h.inject(dsack(10, i));
  assertEquals([h.conn.loss!.reorderQuarters, h.conn.loss!.reorderingSeen], [1, false]);
});
