// Retransmission and its limits (RFC 6298), zero windows, keepalive, user timeout.
import { assert, assertEquals } from "@std/assert";
import { errorName, Harness } from "../support/engine.ts";

/** The peer answers after `ms`, so that the RTT is known: SRTT = ms, RTTVAR = ms / 2. */
function establishAfter(ms: number): Harness {
  const h = new Harness();
  h.listen();
  h.inject("S 0:0 mss 1460");
  h.expect("S. 0:0 ack 1");
  h.advanceMs(ms);
  h.inject(". 1:1 ack 1");
  return h;
}

/** Milliseconds from a timeline. */
function times(lines: readonly string[]): number[] {
  return lines.map((line) => Number(line.split(" ")[0]));
}

// --- RFC 6298 ---

Deno.test("timers: the RTO follows the measurements step by step", () => {
  // Goal: sections 2.2 and 2.3 in numbers; the floor of 200 ms holds for the variance term, as in Linux.
  const h = establishAfter(100);
  const { rtt } = h.conn;
  assertEquals([rtt.srttUs, rtt.rttVarUs, rtt.rtoUs], [100_000, 50_000, 300_000]);
  let acked = 1;
  const sample = (ms: number) => {
    h.write(100);
    h.advanceMs(ms);
    acked += 100;
    h.inject(`. 1:1 ack ${acked}`);
    return [rtt.srttUs, rtt.rttVarUs, rtt.rtoUs];
  };
  assertEquals(sample(100), [100_000, 37_500, 300_000]);
  assertEquals(sample(180), [110_000, 48_125, 310_000]);
  assertEquals(sample(250), [127_500, 71_094, 411_876]);
  assertEquals(sample(250), [142_813, 83_946, 478_597]);
});

Deno.test("timers: data goes again with doubled timeouts until it is given up", () => {
  // Goal: section 5.5: 0.2, 0.4, ... 120, 120 s; TimedOut and an RST at the first timeout that is as long
  // behind the first retransmission as 15 back-offs from 0.2 s on take, 924.6 s (as Linux).
  const h = new Harness();
  h.establish();
  h.write(100);
  h.expect("P. 1:101 ack 1");
  const lines = h.timeline(1_100_000);
  const wanted = [];
  for (let i = 0, at = 0, rto = 200; i < 17; i++, rto = Math.min(2 * rto, 120_000)) {
    at += rto;
    wanted.push(at);
  }
  assertEquals(wanted.at(-1), 1_044_600);
  assertEquals(times(lines), wanted);
  assertEquals(lines.slice(0, 16).every((line) => line.endsWith(" P. 1:101 ack 1")), true);
  assertEquals(lines[16], "1044600 R. 101:101 ack 1");
  assertEquals(errorName(h.conn.error), "timedOut");
  assertEquals(h.count("connectionsTimedOut"), 1);
  h.close();
  h.expectNothingLeft();
});

Deno.test("timers: a SYN goes again six times, then the connect fails", () => {
  // Goal: 1, 3, 7, 15, 31, 63 s, and 127 s for the failure, as Linux; no RST for what never was.
  const h = new Harness();
  h.connect();
  h.expect("S 0:0");
  assertEquals(times(h.timeline(126_000)), [1000, 3000, 7000, 15_000, 31_000, 63_000]);
  assertEquals(h.state, "SYN-SENT");
  h.advanceMs(2000);
  h.expect();
  assertEquals(h.events[0], "connectFailed timedOut");
  h.expectNothingLeft();
});

Deno.test("timers: a SYN-ACK goes again five times, then the handshake is forgotten", () => {
  // Goal: 1, 3, 7, 15, 31 s, and the backlog has room again after 63 s.
  const h = new Harness();
  h.listen(1);
  h.inject("S 0:0 mss 1460");
  h.expect("S. 0:0 ack 1");
  const lines = h.timeline(62_000);
  assertEquals(times(lines), [1000, 3000, 7000, 15_000, 31_000]);
  assertEquals(lines.every((line) => line.includes("S. 0:0 ack 1")), true);
  h.advanceMs(2000);
  h.expectNothingLeft();
  h.inject("S 100:100 mss 1460");
  h.expect("S. 0:0 ack 101");
});

Deno.test("timers: after a lost SYN the RTO is 3 s until there is a measurement", () => {
  // Goal: section 5.7, and Karn's rule for the handshake itself.
  const h = new Harness();
  h.connect();
  h.advanceMs(1100);
  h.inject("S. 0:0 ack 1 mss 1460");
  h.outbox.length = 0;
  assertEquals([h.conn.rtt.srttUs, h.conn.rtt.rtoUs], [0, 3_000_000]);
  h.write(100);
  h.expect("P. 1:101 ack 1");
  h.advanceMs(50);
  h.inject(". 1:1 ack 101");
  assertEquals([h.conn.rtt.srttUs, h.conn.rtt.rtoUs], [50_000, 250_000]);
});

Deno.test("timers: what was sent twice is not measured", () => {
  // Goal: Karn's rule; the back-off stays until an ACK of new data.
  const h = establishAfter(100);
  const before = h.conn.rtt.srttUs;
  h.write(100);
  h.advanceMs(350);
  h.inject(". 1:1 ack 101");
  assertEquals(h.conn.rtt.srttUs, before);
  h.write(100);
  h.advanceMs(100);
  h.inject(". 1:1 ack 201");
  assertEquals(h.conn.rtt.srttUs, 100_000);
});

Deno.test("timers: an ACK of new data starts the timer over, one of everything stops it", () => {
  // Goal: sections 5.2 and 5.3.
  const h = establishAfter(100);
  h.write(2920);
  h.advanceMs(250);
  h.inject(". 1:1 ack 1461");
  h.outbox.length = 0;
  assertEquals(h.timeline(410), []);
  assertEquals(h.timeline(20).length, 1);
  h.inject(". 1:1 ack 2921");
  assertEquals(h.timeline(10_000), []);
  assertEquals(h.tcp.nextExpiry(), Infinity);
});

// --- User timeout (section 3.8.3) ---

Deno.test("timers: the user timeout ends a connection whose data stays unacknowledged", () => {
  // Goal: at its time, counted from the first retransmission (as Linux), not at the next one.
  const h = new Harness({ tcp: { userTimeoutMs: 5000 } });
  h.establish();
  h.write(100);
  h.outbox.length = 0;
  h.advanceMs(5100);
  assertEquals(h.state, "ESTABLISHED");
  h.advanceMs(200);
  assertEquals(
    [h.state, errorName(h.conn.error)],
    ["CLOSED", "timedOut"],
    "3 s after the first probe",
  );
});

Deno.test("timers: progress starts the user timeout over", () => {
  // Goal: it is about how long data stays unacknowledged, not about the connection's age.
  const h = new Harness({ tcp: { userTimeoutMs: 2000 } });
  h.establish();
  h.write(10_000);
  for (let i = 0; i < 4; i++) {
    h.advanceMs(1500);
    h.inject(`. 1:1 ack ${1 + 1460 * (i + 1)}`);
  }
  assertEquals(h.state, "ESTABLISHED");
});

// --- Zero window (section 3.8.6.1) ---

/** A connection whose peer has closed its window before 5000 bytes were written. */
function withClosedWindow(): Harness {
  const h = new Harness();
  h.establish();
  h.inject(". 1:1 ack 1 win 0");
  h.write(5000);
  h.expect();
  return h;
}

Deno.test("timers: a closed window is probed with doubled intervals", () => {
  // Goal: MUST-36; from before the window, so that the peer answers, again and again (as Linux).
  const h = withClosedWindow();
  const lines = h.timeline(10_000);
  assertEquals(times(lines), [200, 600, 1400, 3000, 6200]);
  assertEquals(lines.every((line) => line.endsWith(". 0:0 ack 1")), true);
});

Deno.test("timers: a window that stays closed is no reason to give up while probes are answered", () => {
  // Goal: MUST-37: for hours; and when the window opens everything goes at once.
  const h = withClosedWindow();
  for (let i = 0; i < 100; i++) {
    h.advanceMs(121_000);
    h.inject(". 1:1 ack 1 win 0");
  }
  assertEquals(h.state, "ESTABLISHED");
  h.outbox.length = 0;
  h.inject(". 1:1 ack 1 win 65535");
  h.expect(". 1:1461 ack 1", ". 1461:2921 ack 1", ". 2921:4381 ack 1", "P. 4381:5001 ack 1");
});

Deno.test("timers: the window update may be lost", () => {
  // Goal: no deadlock: the answer to the next probe brings the window.
  const h = withClosedWindow();
  h.advanceMs(250);
  h.expect(". 0:0 ack 1");
  h.inject(". 1:1 ack 1 win 65535");
  h.expect(". 1:1461 ack 1", ". 1461:2921 ack 1", ". 2921:4381 ack 1", "P. 4381:5001 ack 1");
});

Deno.test("timers: an answer that opens nothing starts the next interval", () => {
  // Goal: Linux's tcp_ack_probe: the interval is doubled with each probe, and counted from the answer.
  const h = withClosedWindow();
  h.advanceMs(250);
  h.expect(". 0:0 ack 1");
  h.inject(". 1:1 ack 1 win 0");
  h.expect();
  assertEquals(h.timeline(450), ["400 . 0:0 ack 1"]);
});

Deno.test("timers: the user timeout ends a connection whose window stays shut", () => {
  // Goal: as Linux: it is the application that does not want to wait, though the peer answers.
  const h = new Harness({ tcp: { userTimeoutMs: 3000 } });
  h.establish();
  h.inject(". 1:1 ack 1 win 0");
  h.write(100);
  for (let i = 0; i < 31; i++) {
    h.advanceMs(100);
    if (h.outbox.length > 0) h.inject(". 1:1 ack 1 win 0");
    h.outbox.length = 0;
  }
  assertEquals(h.state, "ESTABLISHED");
  h.advanceMs(200);
  assertEquals(
    [h.state, errorName(h.conn.error)],
    ["CLOSED", "timedOut"],
    "3 s after the first probe",
  );
});

Deno.test("timers: probes that nobody answers end the connection", () => {
  // Goal: a peer that is gone is noticed although its window was closed.
  const h = withClosedWindow();
  h.advanceMs(2_000_000);
  assertEquals(errorName(h.conn.error), "timedOut");
});

Deno.test("timers: a closed connection waits for a window for longer while its probes are answered", () => {
  // Goal: what was written reaches a reader that is slow, as on Linux, until the waits are at their longest.
  const answerFor = (seconds: number) => {
    const h = withClosedWindow();
    h.close();
    for (let i = 0; i < seconds; i++) {
      h.advanceMs(1000);
      if (h.outbox.length === 0 || h.tcp.connectionCount === 0) continue;
      h.outbox.length = 0;
      h.inject(". 1:1 ack 1 win 0");
    }
    return h;
  };
  const h = answerFor(180);
  h.inject(". 1:1 ack 1 win 65535");
  assertEquals(h.outbox.at(-1)!.line.startsWith("FP. 4381:5001"), true);
  assertEquals(answerFor(400).tcp.connectionCount, 0, "not for ever");
  const silent = withClosedWindow();
  silent.close();
  silent.advanceMs(110_000);
  assertEquals(silent.tcp.connectionCount, 0, "nobody answers");
});

Deno.test("timers: a FIN waits behind a closed window", () => {
  // Goal: it is probed with what is before it, and goes when it may.
  const h = withClosedWindow();
  h.closeWrite();
  h.expect();
  h.inject(". 1:1 ack 1 win 65535");
  assertEquals(h.outbox.at(-1)!.line.startsWith("FP. 4381:5001"), true);
});

Deno.test("timers: a window that shrinks to nothing over data in flight is no reason to give up", () => {
  // Goal: section 3.8.6, SHLD-17: while the peer answers, the connection stays.
  const h = new Harness();
  h.establish();
  h.write(5000);
  h.inject(". 1:1 ack 1 win 0");
  for (let i = 0; i < 40; i++) {
    h.advanceMs(121_000);
    h.inject(". 1:1 ack 1 win 0");
  }
  assertEquals(h.state, "ESTABLISHED");
});

Deno.test("timers: when a shrunken window opens again, what was lost goes at once", () => {
  // Goal: not after a timeout that has been doubled to minutes.
  const h = new Harness();
  h.establish();
  h.write(5000);
  h.inject(". 1:1 ack 1 win 0");
  h.advanceMs(300_000);
  h.outbox.length = 0;
  h.inject(". 1:1 ack 1 win 65535");
  assertEquals(h.outbox[0]?.line.startsWith(". 1:1461"), true);
});

Deno.test("timers: a window that shrinks below a segment lets the lost one through in parts", () => {
  // Goal: SHLD-15: what is within the window goes again, and the connection makes progress.
  const h = new Harness();
  h.establish();
  h.write(2920);
  h.outbox.length = 0;
  h.inject(". 1:1 ack 1 win 0");
  h.inject(". 1:1 ack 1 win 500");
  let acked = 1;
  for (let i = 0; i < 20 && acked < 2921; i++) {
    h.advanceMs(1000);
    const sent = h.outbox.splice(0);
    assert(sent.length > 0, "nothing goes again");
    for (const { segment } of sent) assert(segment.payloadLength <= 500, "beyond the window");
    acked += sent[0].segment.payloadLength;
    h.inject(`. 1:1 ack ${acked} win 500`);
  }
  assertEquals(acked, 2921);
});

// --- Connections that nobody holds ---

Deno.test("timers: what a closed connection still has to send is given up after eight timeouts", () => {
  // Goal: Linux's tcp_orphan_retries: the first timeout that is 102.2 s behind the first retransmission.
  const h = new Harness();
  h.establish();
  h.write(100);
  h.close();
  h.advanceMs(204_000);
  assertEquals(h.tcp.connectionCount, 1);
  h.advanceMs(1000);
  h.expectNothingLeft();
});

Deno.test("timers: earlier timeouts do not count against a closed connection", () => {
  // Goal: data written before close gets its full time, however bad the path was before.
  const h = new Harness();
  h.establish();
  let acked = 1;
  for (let i = 0; i < 10; i++) {
    h.write(100);
    h.advanceMs(2000);
    acked += 100;
    h.inject(`. 1:1 ack ${acked}`);
  }
  assert(h.conn.retransmitTimeouts >= 3);
  h.inject(`. 1:1 ack ${acked} win 0`);
  h.write(100);
  h.close();
  h.advanceMs(5000);
  h.outbox.length = 0;
  h.inject(`. 1:1 ack ${acked} win 1000`);
  assertEquals(h.outbox.length, 1);
  h.inject(`. 1:1 ack ${acked + 101} win 1000`);
  assertEquals(h.states.at(-1), "FIN-WAIT-1>FIN-WAIT-2");
});

Deno.test("timers: a closed connection does not wait for ever for a window", () => {
  // Goal: a peer that answers every probe with a closed window holds nothing for long.
  const h = withClosedWindow();
  h.close();
  for (let i = 0; i < 60 && h.tcp.connectionCount > 0; i++) {
    h.advanceMs(10_000);
    h.inject(". 1:1 ack 1 win 0");
  }
  assertEquals(h.tcp.connectionCount, 0);
});

// --- Keepalive (section 3.8.4) ---

Deno.test("timers: keepalive probes an idle peer and gives up after nine", () => {
  // Goal: two hours, then every 75 s a segment before the window; TimedOut at the end.
  const h = new Harness();
  h.establish();
  h.tcp.setKeepAlive(h.conn, true, h.nowUs);
  h.tcp.flush(h.nowUs);
  const lines = h.timeline(7_200_000 + 10 * 75_000);
  const wanted = Array.from({ length: 9 }, (_, i) => 7_200_000 + 75_000 * i);
  const rounded = times(lines).map((at) => Math.round(at / 100) * 100);
  assertEquals(rounded, [...wanted, 7_200_000 + 9 * 75_000]);
  assertEquals(lines.slice(0, 9).every((line) => line.endsWith(". 0:0 ack 1")), true);
  assertEquals(errorName(h.conn.error), "timedOut");
});

Deno.test("timers: an answer to a keepalive probe starts the idle time over", () => {
  // Goal: a peer that is there is left alone.
  const h = new Harness({ tcp: { keepaliveIdleMs: 10_000, keepaliveIntervalMs: 1000 } });
  h.establish();
  h.tcp.setKeepAlive(h.conn, true, h.nowUs);
  h.tcp.flush(h.nowUs);
  assertEquals(times(h.timeline(10_500)), [10_000]);
  h.inject(". 1:1 ack 1");
  assertEquals(times(h.timeline(9_000)), []);
  assertEquals(times(h.timeline(3_000)).length > 0, true);
});

Deno.test("timers: made-up segments outside the window keep no connection alive", () => {
  // Goal: only what the peer can have sent is a sign of it.
  const h = new Harness({
    tcp: { keepaliveIdleMs: 10_000, keepaliveIntervalMs: 1000, keepaliveProbes: 3 },
  });
  h.establish();
  h.tcp.setKeepAlive(h.conn, true, h.nowUs);
  for (let i = 0; i < 30; i++) {
    h.advanceMs(1000);
    h.inject("P. 900000:900010 ack 1");
  }
  assertEquals(h.state, "CLOSED");
});

Deno.test("timers: keepalive switched off leaves no timer", () => {
  // Goal: and switched on after the end makes none.
  const h = new Harness();
  h.establish();
  h.tcp.setKeepAlive(h.conn, true, h.nowUs);
  h.tcp.setKeepAlive(h.conn, false, h.nowUs);
  h.advanceMs(8_000_000);
  h.expect();
  h.inject("R 1:1");
  h.tcp.setKeepAlive(h.conn, true, h.nowUs);
  h.news(h.conn);
  h.close();
  h.advanceMs(8_000_000);
  h.expectNothingLeft();
});
