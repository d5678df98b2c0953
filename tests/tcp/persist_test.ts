// Probes of a closed window (RFC 9293 section 3.8.6.1): their form, their times, and what ends them.
import { assertEquals } from "@std/assert";
import { Harness } from "../support/engine.ts";

/** A connection whose peer has closed its window before 5000 bytes were written. */
function shut(): Harness {
  const h = new Harness({ tcp: { dataRetries: 3 } });
  h.establish();
  h.inject(". 1:1 ack 1 win 0");
  h.write(5000);
  h.expect();
  return h;
}

Deno.test("persist: a probe lies before the window and carries nothing", () => {
  // Goal: as Linux: the peer must answer it, and takes no byte that it has no room for.
  const h = shut();
  assertEquals(h.timeline(650), ["200 . 0:0 ack 1", "600 . 0:0 ack 1"]);
  assertEquals([h.conn.probesUnanswered, h.count("zeroWindowProbes")], [2, 2]);
  assertEquals([h.conn.retransmitTimeouts, h.conn.bytesSent], [0, 0]);
});

Deno.test("persist: an answer starts the interval over, and the count", () => {
  // Goal: Linux's tcp_ack_probe; the interval stays as long as it has become.
  const h = shut();
  h.advanceMs(250);
  h.inject(". 1:1 ack 1 win 0");
  assertEquals(h.conn.probesUnanswered, 0);
  h.outbox.length = 0;
  assertEquals(h.timeline(420), ["400 . 0:0 ack 1"]);
});

Deno.test("persist: as many probes as data has retries, and then the connection ends", () => {
  // Goal: a peer that is gone is noticed; one that answers is not given up.
  const h = shut();
  h.advanceMs(200 + 400 + 800 + 1500);
  assertEquals(h.state, "ESTABLISHED");
  h.advanceMs(200);
  assertEquals(h.state, "CLOSED");
  const answered = shut();
  for (let i = 0; i < 100; i++) {
    answered.advanceMs(1700);
    answered.inject(". 1:1 ack 1 win 0");
  }
  assertEquals(answered.state, "ESTABLISHED");
});

Deno.test("persist: answers do not put off the end of a connection that nobody holds", () => {
  // Goal: a peer that answers often with a closed window cannot keep what was closed.
  const h = shut();
  h.close();
  for (let i = 0; i < 3000 && h.tcp.connectionCount > 0; i++) {
    h.advanceMs(100);
    if (h.tcp.connectionCount > 0) h.inject(". 1:1 ack 1 win 0");
  }
  assertEquals(h.tcp.connectionCount, 0);
});

Deno.test("persist: a window that opens ends it, and the next wait begins with the shortest time", () => {
  // Goal: the back-off was that of the probes.
  const h = shut();
  h.advanceMs(700);
  h.outbox.length = 0;
  h.inject(". 1:1 ack 1 win 5000");
  assertEquals(h.outbox.length, 4);
  h.inject(". 1:1 ack 5001 win 0");
  h.outbox.length = 0;
  h.write(10);
  const first = h.conn.rtt.rtoUs / 1000;
  assertEquals(h.timeline(first + 10).length, 1);
});
