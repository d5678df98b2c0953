// What a connection sends, and when: windows, Nagle, acknowledgments (RFC 9293 sections 3.7.4, 3.8).
import { assert, assertEquals } from "@std/assert";
import { Harness } from "../support/engine.ts";

Deno.test("output: after a timeout an ACK still has the number behind everything sent", () => {
  // Goal: the peer may have all of it, and would not take a segment from before RCV.NXT.
  const h = new Harness();
  h.establish();
  h.conn.quickAcks = 16;
  h.write(2920);
  h.expect(". 1:1461 ack 1", "P. 1461:2921 ack 1");
  h.advanceMs(250);
  h.expect(". 1:1461 ack 1");
  h.inject("P. 1:11 ack 1");
  h.expect(". 2921:2921 ack 11");
});

// --- The peer's window ---

Deno.test("output: never beyond the peer's window", () => {
  // Goal: what was offered is filled and not overrun, in full segments.
  const h = new Harness();
  h.establish("mss 1460");
  h.inject(". 1:1 ack 1 win 0"); // Of windows that only differ in size a smaller one must be zero.
  h.inject(". 1:1 ack 1 win 4000");
  h.write(10_000);
  h.expect(". 1:1461 ack 1", ". 1461:2921 ack 1");
  h.inject(". 1:1 ack 2921 win 4000");
  h.expect(". 2921:4381 ack 1", ". 4381:5841 ack 1");
});

Deno.test("output: the sender avoids silly windows", () => {
  // Goal: section 3.8.6.2.1: a window opened by little is not used until it is worth it.
  const h = new Harness();
  h.establish("mss 1460 win 8000");
  h.inject(". 1:1 ack 1 win 0");
  h.inject(". 1:1 ack 1 win 2920");
  h.write(20_000);
  h.expect(". 1:1461 ack 1", ". 1461:2921 ack 1");
  h.inject(". 1:1 ack 1461 win 1600");
  h.expect();
  h.inject(". 1:1 ack 2921 win 1500");
  h.expect(". 2921:4381 ack 1");
});

Deno.test("output: half of the greatest window is worth sending", () => {
  // Goal: condition (3) of section 3.8.6.2.1, for peers with less than a segment of buffer.
  const h = new Harness();
  h.listen();
  h.inject("S 0:0 mss 1460 win 1000");
  h.inject(". 1:1 ack 1 win 1000");
  h.outbox.length = 0;
  h.write(5000);
  h.expect(". 1:1001 ack 1");
  h.inject(". 1:1 ack 1001 win 499");
  h.expect();
  h.inject(". 1:1 ack 1001 win 500");
  h.expect(". 1001:1501 ack 1");
});

Deno.test("output: a window too small for anything is used after the override time", () => {
  // Goal: condition (4): no deadlock; what fits goes when the timer ends, and not byte by byte.
  const h = new Harness();
  h.establish("mss 1460");
  h.inject(". 1:1 ack 1 win 0");
  h.inject(". 1:1 ack 1 win 400");
  h.write(5000);
  h.expect();
  assertEquals(h.timeline(250), ["200 . 1:401 ack 1"]);
  h.inject(". 1:1 ack 401 win 400");
  assertEquals(h.timeline(250), ["210 . 401:801 ack 1"]);
});

Deno.test("output: traffic of the peer does not put the override off", () => {
  // Goal: segments that repeat the same small window must not start the timer over.
  const h = new Harness();
  h.establish("mss 1460");
  h.inject(". 1:1 ack 1 win 0");
  h.inject(". 1:1 ack 1 win 400");
  h.write(5000);
  h.outbox.length = 0;
  for (let i = 0; i < 5; i++) {
    h.advanceMs(100);
    h.inject(`P. ${1 + 10 * i}:${11 + 10 * i} ack 1 win 400`);
  }
  assertEquals(h.outbox.some(({ line }) => line.includes(". 1:401")), true);
});

// --- Nagle in Minshall's form ---

Deno.test("output: Nagle holds a second small segment until the first is acknowledged", () => {
  // Goal: section 3.7.4.
  const h = new Harness();
  h.establish();
  h.write(10);
  h.expect("P. 1:11 ack 1");
  h.write(10);
  h.write(10);
  h.expect();
  h.inject(". 1:1 ack 11");
  h.expect("P. 11:31 ack 1");
});

Deno.test("output: full segments do not wait, and the small end goes with them", () => {
  // Goal: Minshall's form: only an earlier small segment holds a small one back.
  const h = new Harness();
  h.establish();
  h.write(3000);
  h.expect(". 1:1461 ack 1", ". 1461:2921 ack 1", "P. 2921:3001 ack 1");
  h.write(100);
  h.expect();
  h.write(1400);
  h.expect(". 3001:4461 ack 1");
});

Deno.test("output: the short end of a super-segment counts as small", () => {
  // Goal: the same with segmentation offload, where the device cuts.
  const h = new Harness({ superBytes: 65_455 });
  h.establish();
  h.write(3000);
  h.expect("P. 1:3001 ack 1");
  h.write(100);
  h.expect();
  h.inject(". 1:1 ack 3001");
  h.expect("P. 3001:3101 ack 1");
});

Deno.test("output: noDelay sends every write at once", () => {
  // Goal: Nagle off; and switching it off lets out what waits.
  const h = new Harness();
  h.establish();
  h.write(10);
  h.write(10);
  h.expect("P. 1:11 ack 1");
  h.conn.noDelay = true;
  h.news(h.conn);
  h.expect("P. 11:21 ack 1");
  h.write(10);
  h.expect("P. 21:31 ack 1");
});

Deno.test("output: a small segment after gigabytes of full ones does not wait", () => {
  // Goal: the last small number must not seem to lie ahead when sequence space has gone half around.
  const h = new Harness();
  h.establish();
  h.conn.sndSmall = (h.conn.sndUna - 0x7fff_0000) | 0; // As if 2 GiB less 64 KiB had gone since.
  for (let i = 0; i < 100; i++) {
    h.write(1460);
    h.inject(`. 1:1 ack ${1 + 1460 * (i + 1)}`);
  }
  h.outbox.length = 0;
  h.write(10);
  h.expect("P. 146001:146011 ack 1");
});

// --- FIN ---

Deno.test("output: the FIN goes with the last data", () => {
  // Goal: one segment less, and it waits for nothing.
  const h = new Harness();
  h.establish();
  h.inject(". 1:1 ack 1 win 0");
  h.inject(". 1:1 ack 1 win 1460");
  h.write(2000);
  h.closeWrite();
  h.expect(". 1:1461 ack 1");
  h.inject(". 1:1 ack 1461 win 1460");
  h.expect("FP. 1461:2001 ack 1");
  h.inject(". 1:1 ack 2002 win 1460");
  assertEquals(h.state, "FIN-WAIT-2");
});

Deno.test("output: a FIN that is lost goes again", () => {
  // Goal: RFC 6298 for the FIN alone.
  const h = new Harness();
  h.establish();
  h.closeWrite();
  h.expect("F. 1:1 ack 1");
  assertEquals(h.timeline(700), ["200 F. 1:1 ack 1", "600 F. 1:1 ack 1"]);
});

// --- Acknowledgments ---

Deno.test("output: the first segments are acknowledged at once, later ones in pairs or after 40 ms", () => {
  // Goal: section 3.8.6.3 with a quick-ACK phase; never more than two full segments without an ACK.
  const h = new Harness();
  h.establish();
  const quick = 16;
  let at = 1;
  for (let i = 0; i < quick; i++, at += 1000) {
    h.inject(`P. ${at}:${at + 1000} ack 1`);
    h.read();
  }
  h.outbox.length = 0;
  h.inject(`P. ${at}:${at + 1000} ack 1`);
  h.expect();
  assertEquals(h.timeline(100), [`40 . 1:1 ack ${at + 1000}`]);
  h.inject(`P. ${at + 1000}:${at + 2000} ack 1`);
  h.expect();
  h.inject(`P. ${at + 2000}:${at + 3000} ack 1`);
  h.expect(`. 1:1 ack ${at + 3000}`);
  assertEquals(h.timeline(100), []);
});

Deno.test("output: data carries the ACK that is due", () => {
  // Goal: no ACK of its own follows.
  const h = new Harness();
  h.establish();
  h.conn.ackDelayUs = 40_000; // As after the first text.
  h.conn.lastTextAtUs = h.nowUs;
  h.inject("P. 1:11 ack 1");
  h.expect();
  h.write(5);
  h.expect("P. 1:6 ack 11");
  assertEquals(h.timeline(100), []);
});

Deno.test("output: delayedAckMs 0 acknowledges everything at once", () => {
  // Goal: the option's other end.
  const h = new Harness({ tcp: { delayedAckMs: 0 } });
  h.establish();
  h.inject("P. 1:11 ack 1");
  h.expect(". 1:1 ack 11");
});

// --- The receive window ---

Deno.test("output: the window closes as the application does not read, and opens in one step", () => {
  // Goal: receiver silly-window avoidance, section 3.8.6.2.2; the edge never moves back.
  const h = new Harness({
    tcp: { receiveBufferInitialBytes: 8192, receiveBufferMaxBytes: 8192, windowScale: false },
  });
  h.establish();
  for (let at = 1; at < 8193; at += 1024) h.inject(`P. ${at}:${at + 1024} ack 1`);
  h.advanceMs(50);
  assert(h.outbox.at(-1)!.line.endsWith("win 0"), h.outbox.at(-1)!.line);
  h.outbox.length = 0;
  h.read(500);
  h.expect();
  h.read(500);
  h.expect();
  h.read(3500);
  h.expect(". 1:1 ack 8193 win 4500");
});

Deno.test("output: a probe of the closed window is answered, its byte is not taken", () => {
  // Goal: section 3.8.6.1; MUST-35's other side.
  const h = new Harness({
    tcp: { receiveBufferInitialBytes: 2048, receiveBufferMaxBytes: 2048, windowScale: false },
  });
  h.establish();
  h.inject("P. 1:1025 ack 1");
  h.inject("P. 1025:2049 ack 1");
  h.outbox.length = 0;
  h.inject(". 2049:2050 ack 1");
  h.expect(". 1:1 ack 2049 win 0");
  assertEquals(h.read(), 2048);
  h.expect(". 1:1 ack 2049 win 2048");
});

Deno.test("output: SACK blocks name the last range first", () => {
  // Goal: RFC 2018 section 4.
  const h = new Harness({ tcp: { sack: true } });
  h.establish("mss 1460 sackOK");
  h.inject("P. 101:201 ack 1");
  h.expect(". 1:1 ack 1 sack 101:201");
  h.inject("P. 301:401 ack 1");
  h.expect(". 1:1 ack 1 sack 301:401 sack 101:201");
  h.inject("P. 201:251 ack 1");
  h.expect(". 1:1 ack 1 sack 101:251 sack 301:401");
});
