// Loss recovery by duplicate ACKs (RFC 5681, RFC 6582, RFC 3042) and the send buffer behind it.
import { assert, assertEquals } from "@std/assert";
import { Phase } from "../../src/tcp/loss_recovery.ts";
import { Harness } from "../support/engine.ts";

/** Ten full segments in flight. */
function inFlight(): Harness {
  const h = new Harness();
  h.establish();
  h.write(14_600);
  assertEquals(h.outbox.splice(0).length, 10);
  return h;
}

Deno.test("acknowledgment: the third duplicate ACK sends the lost segment again", () => {
  // Goal: RFC 5681 section 3.2; the first two let new data out (RFC 3042).
  const h = inFlight();
  h.write(5840);
  h.expect();
  h.inject(". 1:1 ack 1");
  h.expect(". 14601:16061 ack 1");
  h.inject(". 1:1 ack 1");
  h.expect(". 16061:17521 ack 1");
  h.inject(". 1:1 ack 1");
  h.expect(". 1:1461 ack 1");
  assertEquals(h.count("fastRetransmits"), 1);
  // What limited transmit has sent does not count (RFC 5681 section 3.2 step 2).
  assertEquals(h.conn.congestion.ssthreshBytes, 10 * 1460 / 2);
});

Deno.test("acknowledgment: partial ACKs send the next lost segment, a full one ends recovery", () => {
  // Goal: RFC 6582 section 3.2.
  const h = inFlight();
  for (let i = 0; i < 3; i++) h.inject(". 1:1 ack 1");
  h.expect(". 1:1461 ack 1");
  h.inject(". 1:1 ack 2921");
  h.expect(". 2921:4381 ack 1");
  h.inject(". 1:1 ack 5841");
  h.expect(". 5841:7301 ack 1");
  assertEquals(h.conn.loss!.phase, Phase.recovery);
  h.inject(". 1:1 ack 14601");
  h.expect();
  assertEquals(h.conn.loss!.phase, Phase.open);
  // The last ACK delivers a window's worth, and the window was in use: it grows by a segment, as in Linux.
  assertEquals(h.conn.congestion.cwndBytes, h.conn.congestion.ssthreshBytes + 1460);
  assertEquals(h.conn.retransmitAtUs, Infinity);
});

Deno.test("acknowledgment: recovery sends new data as duplicates say that segments left", () => {
  // Goal: the window is inflated by each, and deflated by a partial ACK.
  const h = inFlight();
  h.write(29_200);
  for (let i = 0; i < 3; i++) h.inject(". 1:1 ack 1");
  h.outbox.length = 0;
  for (let i = 0; i < 7; i++) h.inject(". 1:1 ack 1");
  assert(h.outbox.length >= 3, `${h.outbox.length}`);
});

Deno.test("acknowledgment: what is no duplicate is not counted as one", () => {
  // Goal: RFC 5681 section 2: data, another window, SYN, FIN, or nothing in flight.
  const h = inFlight();
  h.inject(". 1:1 ack 1 win 0");
  for (let i = 0; i < 5; i++) h.inject(`. 1:1 ack 1 win ${50_000 + i}`);
  for (let i = 0; i < 5; i++) h.inject(`P. ${1 + i}:${2 + i} ack 1 win 50004`);
  assertEquals(h.count("fastRetransmits"), 0);
  const idle = new Harness();
  idle.establish();
  for (let i = 0; i < 5; i++) idle.inject(". 1:1 ack 1");
  idle.expect();
  assertEquals(idle.count("duplicateAcks"), 0);
});

Deno.test("acknowledgment: duplicates for what a timeout deals with start nothing", () => {
  // Goal: RFC 6582 section 4: after a timeout `recover` guards against a second reduction.
  const h = inFlight();
  h.advanceMs(250);
  h.expect(". 1:1461 ack 1");
  h.inject(". 1:1 ack 1461");
  h.outbox.length = 0;
  for (let i = 0; i < 4; i++) h.inject(". 1:1 ack 1461");
  assertEquals(h.count("fastRetransmits"), 0);
});

Deno.test("acknowledgment: a loss after gigabytes without one is still found", () => {
  // Goal: `recover` must not seem to lie ahead when sequence space has gone half around.
  const h = new Harness();
  h.establish();
  h.conn.loss!.recover = (h.conn.sndUna - 0x7fff_0000) | 0; // As if 2 GiB less 64 KiB had gone since.
  let acked = 1;
  for (let i = 0; i < 100; i++) {
    h.write(1460);
    acked += 1460;
    h.inject(`. 1:1 ack ${acked}`);
  }
  h.write(14_600);
  for (let i = 0; i < 3; i++) h.inject(`. 1:1 ack ${acked}`);
  assertEquals(h.count("fastRetransmits"), 1);
});

Deno.test("acknowledgment: an ACK in the middle of a segment counts", () => {
  // Goal: the rest goes again from there.
  const h = inFlight();
  h.inject(". 1:1 ack 101");
  h.advanceMs(250);
  h.expect(". 101:1461 ack 1");
});

Deno.test("acknowledgment: after a timeout everything unacknowledged goes again, in slow start", () => {
  // Goal: RFC 5681 section 3.1: one segment, then two, from SND.UNA on.
  const h = inFlight();
  h.advanceMs(250);
  h.expect(". 1:1461 ack 1");
  h.inject(". 1:1 ack 1461");
  h.expect(". 1461:2921 ack 1", ". 2921:4381 ack 1");
  h.inject(". 1:1 ack 14601");
  h.expect();
  assertEquals(h.conn.sndNxt, h.conn.sndMax);
});

Deno.test("acknowledgment: the answers to zero-window probes are no duplicate ACKs", () => {
  // Goal: no fast retransmit and no smaller congestion window for a peer that is only slow.
  const h = new Harness();
  h.establish();
  h.inject(". 1:1 ack 1 win 0");
  h.write(5000);
  const cwnd = h.conn.congestion.cwndBytes;
  for (let i = 0; i < 6; i++) {
    h.advanceMs(30_000);
    h.inject(". 1:1 ack 1 win 0");
  }
  assertEquals(h.count("fastRetransmits"), 0);
  assertEquals(h.conn.congestion.cwndBytes, cwnd);
  assertEquals(h.outbox.every(({ segment }) => segment.payloadLength <= 1), true);
});
