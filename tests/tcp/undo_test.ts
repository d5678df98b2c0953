// A recovery that was for nothing is taken back: by DSACK (RFC 3708), by timestamps (RFC 3522, 4015).
import { assert, assertEquals } from "@std/assert";
import { Phase } from "../../src/tcp/loss_recovery.ts";
import { ack, at, connected, MSS, sending, sent, take } from "./recovering.ts";

Deno.test("undo: a DSACK for every retransmission restores the window", () => {
  // Goal: RFC 4015 section 3.3: as before, and new data goes at once.
  const h = sending(30);
  take(h, 10);
  const before = h.conn.congestion.cwndBytes;
  h.advanceMs(100);
  h.inject(ack(0, [1, 4]));
  assertEquals(sent(h), ["0", "10"]);
  assert(h.conn.congestion.ssthreshBytes < before);
  h.advanceMs(5);
  h.inject(ack(10)); // The original was late.
  h.outbox.length = 0;
  h.advanceMs(95);
  const reduced = h.conn.congestion.cwndBytes;
  h.inject(`. 1:1 ack ${at(10)} sack ${at(0)}:${at(1)}`);
  assert(
    reduced < before && h.conn.congestion.cwndBytes >= before,
    `${h.conn.congestion.cwndBytes}`,
  );
  assertEquals([h.conn.congestion.ssthreshBytes, h.conn.recoveriesUndone], [Infinity, 1]);
  assert(sent(h).length > 0);
});

Deno.test("undo: while one retransmission may have been needed nothing is taken back", () => {
  // Goal: two went again, one of them for nothing.
  const h = sending(10);
  take(h, 10);
  h.advanceMs(100);
  h.inject(ack(0, [2, 9]));
  h.inject(ack(0, [2, 10]));
  assertEquals(sent(h), ["0", "1"]);
  h.advanceMs(100);
  h.inject(`. 1:1 ack ${at(10)} sack ${at(0)}:${at(1)}`);
  assertEquals(h.conn.recoveriesUndone, 0);
  h.inject(`. 1:1 ack ${at(10)} sack ${at(1)}:${at(2)}`);
  assertEquals(h.conn.recoveriesUndone, 1);
});

Deno.test("undo: one DSACK for a whole super-segment counts for all of it", () => {
  // Goal: a peer that gathers segments reports the duplicates of one retransmission at once.
  const h = sending(40, { superBytes: 65_000 });
  h.outbox.length = 0;
  h.advanceMs(100);
  h.inject(ack(0, [5, 10]));
  h.inject(ack(0, [5, 10]));
  h.advanceMs(1);
  const again = sent(h);
  assertEquals(again[0].startsWith("0"), true);
  const copies = h.conn.bytesRetransmitted / MSS;
  assert(copies >= 1, again.join());
  h.advanceMs(99);
  h.inject(ack(10));
  h.inject(`. 1:1 ack ${at(10)} sack ${at(0)}:${at(copies)}`);
  assertEquals(h.conn.recoveriesUndone, 1);
});

Deno.test("undo: duplicates from before a recovery say nothing about it", () => {
  // Goal: only what may be a copy that this recovery has sent.
  const h = sending(20);
  take(h, 10);
  h.conn.bytesRetransmitted = MSS; // Of earlier.
  h.advanceMs(100);
  h.inject(ack(2));
  h.inject(ack(2, [3, 10]));
  h.inject(`. 1:1 ack ${at(2)} sack ${at(0)}:${at(1)} sack ${at(3)}:${at(10)}`);
  assertEquals([h.conn.recoveriesUndone, h.conn.loss!.phase], [0, Phase.recovery]);
});

Deno.test("undo: an ACK that echoes a time before the retransmission is the original's", () => {
  // Goal: RFC 3522, in fast recovery and after a timeout, from the first ACK on.
  for (const timeout of [false, true]) {
    const h = connected({ peer: "sackOK ts 100 0" });
    const mss = h.conn.sndMss;
    h.write(10 * mss);
    const echo = h.outbox[0].segment.tsValue;
    h.outbox.length = 0;
    const cwnd = h.conn.congestion.cwndBytes;
    h.advanceMs(100);
    if (timeout) h.advanceMs(1000);
    else h.inject(`. 1:1 ack 1 ts 101 ${echo} sack ${1 + mss}:${1 + 4 * mss}`);
    assert(h.conn.loss!.phase !== Phase.open);
    assert(h.conn.segmentsRetransmitted > 0);
    h.advanceMs(5);
    h.inject(`. 1:1 ack ${1 + 4 * mss} ts 102 ${echo}`);
    assertEquals([h.conn.recoveriesUndone, h.conn.loss!.phase], [1, Phase.open]);
    assert(h.conn.congestion.cwndBytes >= cwnd);
    assertEquals(h.conn.congestion.ssthreshBytes, Infinity);
    assertEquals(h.conn.loss!.queue.lostBytes, 0);
  }
});

Deno.test("undo: an ACK that echoes the retransmission's time confirms the loss", () => {
  // Goal: no undo where the copy was needed.
  const h = connected({ peer: "sackOK ts 100 0" });
  const mss = h.conn.sndMss;
  h.write(10 * mss);
  const echo = h.outbox[0].segment.tsValue;
  h.outbox.length = 0;
  h.advanceMs(100);
  h.inject(`. 1:1 ack 1 ts 101 ${echo} sack ${1 + mss}:${1 + 10 * mss}`);
  const again = h.outbox[0].segment.tsValue;
  h.advanceMs(100);
  h.inject(`. 1:1 ack ${1 + 10 * mss} ts 102 ${again}`);
  assertEquals([h.conn.recoveriesUndone, h.conn.loss!.phase], [0, Phase.open]);
  assert(h.conn.congestion.ssthreshBytes < Infinity);
});

Deno.test("undo: a timeout that a DSACK shows to be needless is taken back", () => {
  // Goal: the path was slow for a while, and the window is what it was.
  const h = sending(2);
  take(h, 2);
  h.conn.loss!.probeAtUs = Infinity; // Without the probe, which would come before.
  h.advanceMs(310);
  assertEquals([sent(h), h.conn.retransmitTimeouts], [["0"], 1]);
  h.inject(ack(2));
  h.inject(`. 1:1 ack ${at(2)} sack ${at(0)}:${at(1)}`);
  assertEquals(h.conn.recoveriesUndone, 1);
  assert(h.conn.congestion.cwndBytes >= 10 * MSS);
});

Deno.test("undo: a recovery that was for nothing teaches RACK that segments come late", () => {
  // Goal: a late segment that went again does not look overtaken, and not every peer sends DSACK.
  const h = connected({ peer: "sackOK ts 100 0" });
  const mss = h.conn.sndMss;
  h.write(10 * mss);
  const echo = h.outbox[0].segment.tsValue;
  h.outbox.length = 0;
  h.advanceMs(100);
  h.inject(`. 1:1 ack 1 ts 101 ${echo} sack ${1 + mss}:${1 + 4 * mss}`);
  h.inject(`. 1:1 ack ${1 + 4 * mss} ts 102 ${echo}`);
  const loss = h.conn.loss!;
  assertEquals([h.conn.recoveriesUndone, loss.reorderingSeen, loss.reorderQuarters], [1, true, 2]);
});
