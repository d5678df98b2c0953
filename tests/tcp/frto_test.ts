// F-RTO (RFC 5682): timeouts that were for nothing are found out and undone, others are not.
import { assert, assertEquals } from "@std/assert";
import { Phase } from "../../src/tcp/loss_recovery.ts";
import type { Harness } from "../support/engine.ts";
import { ack, MSS, sending, sent, take } from "./recovering.ts";

/** Ten segments in flight of twenty, and a timeout that has sent the first one again. */
function timedOut(options: { frto?: boolean; sack?: boolean } = {}): Harness {
  const h = sending(20, { tcp: { tlp: false, ...options } });
  take(h, 10);
  h.advanceMs(310);
  assertEquals(sent(h), ["0"]);
  assertEquals(h.conn.loss!.phase, Phase.loss);
  return h;
}

Deno.test("f-rto: an original that arrives behind new data undoes the timeout", () => {
  // Goal: section 3.1 step 3.b: window, threshold and marks are as before, nothing more goes again.
  for (const sack of [true, false]) {
    const h = timedOut({ sack });
    h.inject(ack(1));
    assertEquals(sent(h), ["10", "11"], "step 2.b: new data");
    h.inject(ack(2));
    assertEquals(h.conn.loss!.phase, Phase.open);
    assert(h.conn.congestion.cwndBytes >= 10 * MSS, `${h.conn.congestion.cwndBytes}`);
    assertEquals(h.conn.congestion.ssthreshBytes, Infinity);
    assertEquals([h.count("spuriousTimeouts"), h.count("recoveriesUndone")], [1, 1]);
    h.inject(ack(12));
    assertEquals(h.conn.segmentsRetransmitted, 1);
  }
});

Deno.test("f-rto: an original that only SACK tells of is enough", () => {
  // Goal: the SACK-enhanced form.
  const h = timedOut();
  h.inject(ack(0, [4, 5]));
  assertEquals(h.conn.loss!.phase !== Phase.loss, true);
  assertEquals(h.count("spuriousTimeouts"), 1);
});

Deno.test("f-rto: new data that arrives alone shows that the loss was real", () => {
  // Goal: section 3.1 step 3.a: what is lost goes, and nothing is undone.
  const h = timedOut();
  h.inject(ack(1));
  take(h, 2);
  h.inject(ack(1, [10, 11]));
  assertEquals(sent(h)[0], "1");
  assertEquals([h.conn.loss!.phase, h.conn.recoveriesUndone], [Phase.loss, 0]);
});

Deno.test("f-rto: a duplicate ACK at once means the conventional way", () => {
  // Goal: section 2.1 step 2.a without SACK.
  const h = timedOut({ sack: false });
  h.inject(ack(1));
  take(h, 2);
  h.inject(ack(1));
  assertEquals(h.conn.loss!.frto, false);
  assertEquals(h.conn.recoveriesUndone, 0);
});

Deno.test("f-rto: nothing is sent again while new data has to tell", () => {
  // Goal: neither what the application writes nor a timer in between breaks it off.
  const h = timedOut();
  h.inject(ack(1));
  take(h, 2);
  h.write(MSS);
  h.advanceMs(50);
  assertEquals(sent(h), []);
});

Deno.test("f-rto: without new data or without room for it what is lost goes", () => {
  // Goal: step 2.b needs both.
  const h = sending(10, { tcp: { tlp: false } });
  take(h, 10);
  h.advanceMs(310);
  take(h, 1);
  h.inject(ack(1));
  assertEquals(sent(h), ["1", "2"]);
  const shut = timedOut();
  shut.inject(`${ack(1)} win ${9 * MSS}`);
  assertEquals(sent(shut), ["1", "2"]);
});

Deno.test("f-rto: a timeout in a recovery, and the option switched off, are conventional", () => {
  // Goal: there retransmissions are on their way that would be taken for originals.
  const off = timedOut({ frto: false });
  off.inject(ack(1));
  assertEquals(sent(off), ["1", "2"]);
  const h = sending(20, { tcp: { tlp: false } });
  take(h, 10);
  h.advanceMs(100);
  h.inject(ack(0, [1, 4]));
  take(h, 2);
  h.advanceMs(350);
  assertEquals([h.conn.loss!.phase, h.conn.loss!.frto], [Phase.loss, false]);
});
