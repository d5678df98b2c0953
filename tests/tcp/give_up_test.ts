// How long an unanswered connection lives (RFC 9293 section 3.8.3, RFC 5482), as Linux counts it.
import { assertEquals } from "@std/assert";
import { retriesTimeUs } from "../../src/tcp/give_up.ts";
import { errorName, Harness } from "../support/engine.ts";

Deno.test("give up: so many timeouts stand for their time from 200 ms on", () => {
  // Goal: tcp_retries2: 15 are 924.6 s, 8 are 102.2 s; beyond the greatest timeout they grow no more.
  const seconds = (retries: number) => retriesTimeUs(retries, 120e6) / 1e6;
  assertEquals([0, 1, 2, 8, 15].map(seconds), [0.2, 0.6, 1.4, 102.2, 924.6]);
});

Deno.test("give up: on a slow path fewer timeouts take that time", () => {
  // Goal: the limit is the same for all; counted from the first retransmission.
  const h = new Harness({ tcp: { dataRetries: 4, tlp: false } });
  h.establish();
  h.conn.rtt.rtoUs = 3_000_000;
  h.write(100);
  h.advanceMs(3000 + 6000 - 100);
  assertEquals(h.conn.retransmitTimeouts, 1);
  h.advanceMs(200);
  assertEquals(h.conn.retransmitTimeouts, 2);
  h.advanceMs(12_000);
  assertEquals([h.state, errorName(h.conn.error)], ["CLOSED", "timedOut"]);
});

Deno.test("give up: a connect ends with the user timeout too", () => {
  // Goal: Linux's TCP_USER_TIMEOUT in SYN-SENT, counted from the first SYN.
  const h = new Harness({ tcp: { userTimeoutMs: 2500 } });
  h.connect();
  h.advanceMs(2400);
  assertEquals(h.events, []);
  h.advanceMs(150);
  assertEquals(h.events[0], "connectFailed timedOut");
});

Deno.test("give up: a window that stays shut ends a connection with a user timeout", () => {
  // Goal: although every probe is answered: it is counted from the first probe, and its RST takes the place of the next.
  const h = new Harness({ tcp: { userTimeoutMs: 5000 } });
  h.establish();
  h.inject(". 1:1 ack 1 win 0");
  h.write(1000);
  for (let i = 0; i < 50; i++) {
    h.advanceMs(100);
    h.inject(". 1:1 ack 1 win 0");
  }
  assertEquals(h.state, "ESTABLISHED");
  h.outbox.length = 0;
  assertEquals(h.timeline(6000).slice(-2), ["3000 . 0:0 ack 1", "5200 R. 1:1 ack 1"]);
  assertEquals([h.state, errorName(h.conn.error)], ["CLOSED", "timedOut"]);
});
