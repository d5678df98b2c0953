// What arriving segments do, in the order of RFC 9293 section 3.10.7, with RFC 5961 and RFC 7323.
import { assert, assertEquals } from "@std/assert";
import { Drop } from "../../src/base/drops.ts";
import { ConnectionError } from "../../src/ring/row.ts";
import { errorName, Harness } from "../support/engine.ts";
import { inState, INTO } from "../support/states.ts";

// --- Section 3.10.7.1: CLOSED ---

Deno.test("input: CLOSED answers every segment but RST with RST", () => {
  // Goal: SEQ=SEG.ACK where there is an ACK, else SEQ=0 and ACK=SEG.SEQ+SEG.LEN.
  const h = new Harness();
  h.inject(". 10:10 ack 77");
  h.expect("R 77:77");
  h.inject("S 0:0");
  assertEquals([h.outbox[0].segment.seq, h.outbox[0].segment.window], [0, 0]);
  h.expect("R. *:* ack 1");
  h.inject("FP 10:20");
  h.expect("R. *:* ack 21");
  h.inject("S. 10:20 ack 5");
  h.expect("R 5:5");
  h.inject("R 10:10");
  h.inject("R. 10:10 ack 5");
  h.expect();
  assertEquals(h.drops(Drop.tcpNoConnection), 6);
});

// --- Section 3.10.7.2: LISTEN ---

Deno.test("input: LISTEN ignores RST and answers ACK with RST", () => {
  // Goal: nothing opens, and a stray ACK learns that it is not wanted.
  const h = new Harness();
  h.listen();
  h.inject("R 0:0");
  h.expect();
  h.inject(". 5:5 ack 9");
  h.expect("R 9:9");
  h.inject("S. 5:5 ack 9");
  h.expect("R 9:9");
  assertEquals(h.tcp.connectionCount, 0);
});

Deno.test("input: LISTEN drops what has neither SYN nor ACK nor RST", () => {
  // Goal: such a segment is no answer to anything; a scanner learns nothing (section 3.10.7.2, fourth).
  const h = new Harness();
  h.listen();
  h.inject("F 5:5");
  h.inject("- 5:5");
  h.inject("FPU 5:15");
  h.expect();
  assertEquals(h.drops(Drop.tcpFlagsInvalid), 3);
});

Deno.test("input: data in a SYN is not lost", () => {
  // Goal: it may be ignored at first, but then the peer sends it again and it counts once.
  const h = new Harness();
  h.listen();
  h.inject("S 0:50 mss 1460");
  h.expect("S. 0:0 ack 1");
  h.inject(". 51:51 ack 1");
  h.inject("P. 1:51 ack 1");
  assertEquals(h.read(), 50);
});

Deno.test("input: data in a SYN-ACK is delivered", () => {
  // Goal: RFC 9293 section 3.4: the text begins behind the SYN.
  const h = new Harness();
  h.connect();
  h.inject("SP. 0:50 ack 1 mss 1460");
  h.expect("S 0:0", ". 1:1 ack 51");
  assertEquals(h.read(), 50);
});

// --- Section 3.10.7.3: SYN-SENT ---

Deno.test("input: SYN-SENT answers a bad ACK with RST, unless it is an RST", () => {
  // Goal: first check; only ISS+1 is good. Both sides of it are refused.
  const h = new Harness();
  h.connect();
  h.expect("S 0:0");
  for (const ack of [0, 2, -1000, 1_000_000]) {
    h.inject(`S. 0:0 ack ${ack} mss 1460`);
    h.expect(`R ${ack}:${ack}`);
    h.inject(`. 0:0 ack ${ack}`);
    h.expect(`R ${ack}:${ack}`);
    h.inject(`R. 0:0 ack ${ack}`);
    h.expect();
  }
  assertEquals(h.state, "SYN-SENT");
  assertEquals(h.drops(Drop.tcpAckInvalid), 12);
});

Deno.test("input: SYN-SENT is refused by RST only with the right ACK", () => {
  // Goal: second check; a blind RST does nothing.
  const h = new Harness();
  h.connect();
  h.expect("S 0:0");
  h.inject("R 0:0");
  h.inject("R 1:1");
  assertEquals(h.state, "SYN-SENT");
  h.inject("R. 0:0 ack 1");
  h.expect();
  assertEquals(h.events[0], "connectFailed refused");
  h.expectNothingLeft();
});

Deno.test("input: SYN-SENT drops what has neither SYN nor RST", () => {
  // Goal: fifth check.
  const h = new Harness();
  h.connect();
  h.inject(". 1:1 ack 1");
  h.inject("P. 1:11 ack 1");
  h.inject("F 1:1");
  h.expect("S 0:0");
  assertEquals(h.state, "SYN-SENT");
});

// --- Section 3.10.7.4, first: the sequence number ---

Deno.test("input: the window's edges decide what is acceptable", () => {
  // Goal: the four cases of section 3.4, on both sides of both edges; duplicates get an ACK.
  const h = inState("ESTABLISHED");
  const edge = 1 + 65_535;
  h.inject("P. -9:1 ack 1");
  h.expect(". 1:1 ack 1");
  h.inject(`P. ${edge}:${edge + 10} ack 1`);
  h.expect(". 1:1 ack 1");
  assertEquals(h.drops(Drop.tcpOutOfWindow), 2);
  h.inject(`P. ${edge - 1}:${edge} ack 1`);
  h.expect(". 1:1 ack 1");
  assertEquals(h.conn.receive!.outOfOrder!.bytes, 1);
  h.inject(`P. ${edge - 5}:${edge + 5} ack 1`);
  h.expect(". 1:1 ack 1");
  assertEquals(h.conn.receive!.outOfOrder!.bytes, 5);
});

Deno.test("input: a segment that overlaps what is there brings only what is new", () => {
  // Goal: RCV.NXT moves to the end, no byte comes twice.
  const h = inState("ESTABLISHED");
  h.inject("P. 1:101 ack 1");
  h.inject("P. 51:151 ack 1");
  assertEquals(h.read(), 150);
  h.inject("P. 51:151 ack 1");
  assertEquals(h.read(), 0);
  assertEquals(h.outbox.at(-1)!.line.includes("ack 151"), true);
});

Deno.test("input: segments in any order make the stream", () => {
  // Goal: reassembly; each segment behind a gap is acknowledged at once with the number awaited.
  const h = inState("ESTABLISHED");
  h.inject("P. 201:301 ack 1");
  h.expect(". 1:1 ack 1");
  h.inject("P. 401:501 ack 1");
  h.expect(". 1:1 ack 1");
  h.inject("P. 301:401 ack 1");
  h.expect(". 1:1 ack 1");
  h.inject("P. 101:201 ack 1");
  h.expect(". 1:1 ack 1");
  h.inject("P. 1:101 ack 1");
  h.expect(". 1:1 ack 501");
  assertEquals(h.read(), 500);
});

Deno.test("input: a gap filled in part is acknowledged at once", () => {
  // Goal: RFC 5681 section 4.2: an ACK without delay while any of a gap remains.
  const h = inState("ESTABLISHED");
  h.conn.quickAcks = 0;
  h.inject("P. 201:301 ack 1");
  h.expect(". 1:1 ack 1");
  h.inject("P. 1:101 ack 1");
  h.expect(". 1:1 ack 101");
  h.inject("P. 101:201 ack 1");
  h.expect(". 1:1 ack 301");
});

Deno.test("input: a keepalive probe is answered, not more often than twice a second", () => {
  // Goal: section 3.8.4; the limit keeps two stacks from answering each other for ever.
  const h = inState("ESTABLISHED");
  h.inject(". 0:0 ack 1");
  h.expect(". 1:1 ack 1");
  h.inject(". 0:0 ack 1");
  h.expect();
  assertEquals(h.drops(Drop.rateLimited), 1);
  h.advanceMs(501);
  h.inject(". 0:0 ack 1");
  h.expect(". 1:1 ack 1");
});

Deno.test("input: an ACK at the window's right edge is good", () => {
  // Goal: a peer that has filled the window acknowledges from its edge; without a byte that is inside.
  const h = inState("ESTABLISHED");
  h.write(100);
  h.expect("P. 1:101 ack 1");
  h.inject(`. ${1 + 65_535}:${1 + 65_535} ack 101`);
  h.expect();
  assertEquals(h.conn.sndUna, h.conn.sndMax);
});

Deno.test("input: a FIN behind a gap ends the stream when the gap is filled", () => {
  // Goal: no end of stream before its time.
  const h = inState("ESTABLISHED");
  h.inject("FP. 101:201 ack 1");
  h.expect(". 1:1 ack 1");
  assertEquals(h.state, "ESTABLISHED");
  h.inject("P. 1:101 ack 1");
  h.expect(". 1:1 ack 202");
  assertEquals(h.state, "CLOSE-WAIT");
  assertEquals(h.read(), 200);
});

Deno.test("input: bytes behind the peer's FIN are not kept", () => {
  // Goal: nobody will read them; close is still an orderly end.
  const h = inState("ESTABLISHED");
  h.inject("P. 501:601 ack 1");
  h.inject("F. 1:1 ack 1");
  assertEquals([h.state, h.slots.pool.free], ["CLOSE-WAIT", h.layout.dimensions.receiveBlocks]);
  h.outbox.length = 0;
  h.close();
  h.expect("F. 1:1 ack 2");
});

for (const name of ["CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT"]) {
  Deno.test(`input: a FIN that comes again in ${name} is acknowledged again`, () => {
    // Goal: our ACK of it may have been lost.
    const h = inState(name);
    const next = h.conn.finQueued ? 2 : 1;
    h.inject(`F. 1:1 ack ${INTO[name].ack}`);
    h.expect(`. ${next}:${next} ack 2`);
    assertEquals(h.state, name);
  });
}

// --- Second: RST (RFC 5961 section 3) ---

for (const name of Object.keys(INTO)) {
  Deno.test(`input: RST in ${name}`, () => {
    // Goal: outside the window nothing, inside a challenge ACK, at exactly RCV.NXT the end.
    const h = inState(name);
    const { seq } = INTO[name];
    h.inject(`R ${seq - 1}:${seq - 1}`);
    h.inject(`R ${seq + 70_000}:${seq + 70_000}`);
    h.expect();
    h.inject(`R ${seq + 1}:${seq + 1}`);
    const own = h.conn.finQueued ? 2 : 1;
    h.expect(`. ${own}:${own} ack ${seq}`);
    h.inject(`R ${seq + 2}:${seq + 2}`);
    h.expect();
    assertEquals(h.state, name);
    h.inject(`R ${seq}:${seq}`);
    h.expect();
    assertEquals(h.states.at(-1), `${name}>CLOSED`);
    const quiet = ["CLOSING", "LAST-ACK", "TIME-WAIT"].includes(name);
    assertEquals(errorName(h.conn.error), quiet ? "none" : "reset");
    assertEquals(h.tcp.nextExpiry(), Infinity);
    h.close();
    h.expectNothingLeft();
  });
}

Deno.test("input: RST in SYN-RECEIVED forgets the handshake of a passive open", () => {
  // Goal: back to LISTEN; only the exact number counts.
  const h = new Harness();
  h.listen();
  h.inject("S 0:0 mss 1460");
  h.expect("S. 0:0 ack 1");
  h.inject("R 0:0");
  h.inject("R 70000:70000");
  h.expect();
  h.inject("R 100:100");
  h.expect(". 1:1 ack 1");
  h.inject("R 1:1");
  h.expect();
  assertEquals(h.events, []);
  h.expectNothingLeft();
});

Deno.test("input: RST in SYN-RECEIVED refuses an active open", () => {
  // Goal: the simultaneous open that the peer gave up is "connection refused".
  const h = new Harness();
  h.connect();
  h.inject("S 0:0 mss 1460");
  h.inject("R. 1:1 ack 1");
  assertEquals(h.events[0], "connectFailed refused");
  h.expectNothingLeft();
});

// --- Fourth: SYN (RFC 5961 section 4) ---

for (const name of Object.keys(INTO)) {
  Deno.test(`input: SYN in the window in ${name} is challenged`, () => {
    // Goal: a blind SYN resets nothing.
    const h = inState(name);
    const { seq } = INTO[name];
    const at = name === "TIME-WAIT" ? seq : seq + 10;
    h.inject(`S ${at}:${at} mss 1460`);
    const own = h.conn.finQueued ? 2 : 1;
    h.expect(`. ${own}:${own} ack ${seq}`);
    h.inject(`S. ${at}:${at} ack 1 mss 1460`);
    h.expect();
    assertEquals(h.state, name);
    assertEquals(h.count("challengeAcks"), 1);
  });
}

// --- Fifth: ACK ---

Deno.test("input: SYN-RECEIVED takes only ISS+1, anything else gets RST with its number", () => {
  // Goal: and the connection goes on, for the right ACK may still come.
  const h = new Harness();
  h.listen();
  h.inject("S 0:0 mss 1460");
  h.expect("S. 0:0 ack 1");
  for (const ack of [0, 2, -5, 99_999]) {
    h.inject(`. 1:1 ack ${ack}`);
    h.expect(`R ${ack}:${ack}`);
  }
  h.inject("P 1:11");
  h.expect();
  assertEquals(h.drops(Drop.tcpAckMissing), 1);
  h.inject(". 1:1 ack 1");
  assertEquals(h.events, ["accepted"]);
});

Deno.test("input: an ACK of what was never sent is challenged", () => {
  // Goal: RFC 5961 section 5.2; its text is not taken either.
  const h = inState("ESTABLISHED");
  h.inject("P. 1:11 ack 2");
  h.expect(". 1:1 ack 1");
  assertEquals(h.read(), 0);
});

Deno.test("input: an ACK from before the peer's window is challenged, one within it is old news", () => {
  // Goal: RFC 5961 section 5.2, MAX.SND.WND; a reordered ACK is no attack and its text counts.
  const h = new Harness();
  h.establish("mss 1460 win 1000");
  h.inject(". 1:1 ack 1 win 1000");
  h.advanceMs(1000);
  h.outbox.length = 0;
  h.conn.sndWndMax = 1000;
  h.write(900);
  h.inject(". 1:1 ack 901 win 1000");
  h.write(900);
  h.inject(". 1:1 ack 1801 win 1000");
  h.outbox.length = 0;
  h.inject("P. 1:11 ack 700 win 1000");
  h.expect(". 1801:1801 ack 1");
  assertEquals(h.read(), 0);
  h.inject("P. 1:11 ack 801 win 1000");
  assertEquals(h.read(), 10);
});

Deno.test("input: an old ACK does not move the send window", () => {
  // Goal: section 3.10.7.4: the window is updated only if SND.UNA =< SEG.ACK.
  const h = inState("ESTABLISHED");
  h.write(1000);
  h.inject(". 1:1 ack 1001 win 5000");
  assertEquals(h.conn.sndWnd, 5000);
  h.inject("P. 1:11 ack 501 win 60000");
  assertEquals(h.conn.sndWnd, 5000);
  h.inject("P. 11:21 ack 501 win 60000");
  assertEquals(h.conn.sndWnd, 5000);
  h.inject("P. 21:31 ack 1001 win 6000");
  assertEquals(h.conn.sndWnd, 6000);
});

Deno.test("input: the window comes from the latest segment, not from the last that arrives", () => {
  // Goal: SND.WL1 and SND.WL2 keep a reordered segment from turning the window back.
  const h = inState("ESTABLISHED");
  h.inject("P. 11:21 ack 1 win 4000");
  h.inject("P. 1:11 ack 1 win 9000");
  assertEquals(h.conn.sndWnd, 4000);
  h.inject(". 21:21 ack 1 win 7000");
  assertEquals(h.conn.sndWnd, 7000);
});

Deno.test("input: text without ACK is dropped", () => {
  // Goal: fifth check, "if the ACK bit is off, drop the segment".
  const h = inState("ESTABLISHED");
  h.inject("P 1:11");
  h.inject("F 1:1");
  h.expect();
  assertEquals([h.state, h.drops(Drop.tcpAckMissing)], ["ESTABLISHED", 2]);
});

// --- Sixth: URG ---

Deno.test("input: urgent data stays in the stream", () => {
  // Goal: RFC 6093; the pointer is noted and passes, the bytes arrive in order.
  const h = inState("ESTABLISHED");
  h.inject("PU. 1:11 ack 1 urg 5");
  assertEquals(h.read(), 10);
  h.inject("PU. 11:21 ack 1 urg 500");
  assert(h.conn.urgent);
  h.inject("P. 21:521 ack 1");
  assert(!h.conn.urgent);
  assertEquals(h.read(), 510);
});

// --- Seventh: text ---

for (const name of ["CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT"]) {
  Deno.test(`input: text behind the peer's FIN in ${name} is ignored`, () => {
    // Goal: "this should not occur"; nothing is delivered, an ACK says what is expected.
    const h = inState(name);
    h.inject(`P. 2:12 ack ${INTO[name].ack}`);
    assertEquals(h.states.at(-1)!.endsWith(name), true);
    assertEquals(h.app.readable, 0);
    assertEquals(h.outbox.length, 1);
  });
}

// --- Timestamps (RFC 7323 section 5) ---

Deno.test("input: PAWS drops data with an old timestamp and acknowledges", () => {
  // Goal: an old duplicate from a turn of the sequence space ago is not taken for new.
  const h = new Harness({ tcp: { timestamps: true } });
  h.establish("mss 1460 ts 1000 0");
  h.inject("P. 1:11 ack 1 ts 1010 0");
  h.outbox.length = 0;
  h.inject("P. 11:21 ack 1 ts 1009 0");
  h.expect(". 1:1 ack 11");
  assertEquals(h.drops(Drop.tcpTimestampOld), 1);
  assertEquals(h.read(), 10);
  h.inject("P. 11:21 ack 1 ts 1010 0");
  assertEquals(h.read(), 10);
});

Deno.test("input: PAWS lets RST through", () => {
  // Goal: RFC 7323 section 5.2.
  const h = new Harness({ tcp: { timestamps: true } });
  h.establish("mss 1460 ts 1000 0");
  h.inject("R 1:1 ts 5 0");
  assertEquals(h.state, "CLOSED");
});

Deno.test("input: ACKs with old timestamps are not answered one by one", () => {
  // Goal: reordered ACKs are common; an ACK for each would look like duplicates at the peer.
  const h = new Harness({ tcp: { timestamps: true } });
  h.establish("mss 1460 ts 1000 0");
  h.inject(". 1:1 ack 1 ts 1010 0");
  h.outbox.length = 0;
  for (let i = 0; i < 10; i++) h.inject(". 1:1 ack 1 ts 1005 0");
  assertEquals(h.outbox.length, 1);
});

Deno.test("input: TS.Recent follows only segments that begin at or before the last ACK", () => {
  // Goal: RFC 7323 section 4.3: a segment behind a gap must not date the echo.
  const h = new Harness({ tcp: { timestamps: true } });
  h.establish("mss 1460 ts 1000 0");
  h.inject("P. 101:201 ack 1 ts 2000 0");
  h.expect(". 1:1 ack 1 ts NaN 1001");
  h.inject("P. 1:101 ack 1 ts 1500 0");
  h.expect(". 1:1 ack 201 ts NaN 1500");
});

// --- ICMP (RFC 5927) ---

Deno.test("input: ICMP ends a connect, and only with a number in flight", () => {
  // Goal: hard and soft errors as in Linux; the quoted number must be ISS.
  const kinds: readonly [number, number, string][] = [
    [3, 0, "networkUnreachable"],
    [3, 1, "hostUnreachable"],
    [3, 2, "refused"],
    [3, 3, "refused"],
    [3, 13, "hostUnreachable"],
    [11, 0, "hostUnreachable"],
  ];
  for (const [type, code, error] of kinds) {
    const h = new Harness();
    h.connect();
    h.icmp(type, code, 1);
    h.icmp(type, code, -1);
    assertEquals([h.state, h.drops(Drop.icmpUnmatched)], ["SYN-SENT", 2]);
    h.icmp(type, code, 0);
    assertEquals(h.events[0], `connectFailed ${error}`);
    h.expectNothingLeft();
  }
});

Deno.test("input: 'fragmentation needed' does not end a connect", () => {
  // Goal: it is about the path's MTU (RFC 1191), not about the destination.
  const h = new Harness();
  h.connect();
  h.icmp(3, 4, 0);
  assertEquals(h.state, "SYN-SENT");
});

Deno.test("input: ICMP does not touch an established connection", () => {
  // Goal: RFC 5927 section 5.2.
  const h = inState("ESTABLISHED");
  h.write(100);
  h.outbox.length = 0;
  for (const [type, code] of [[3, 0], [3, 1], [3, 2], [3, 3], [3, 4], [11, 0]]) {
    h.icmp(type, code, 1);
  }
  assertEquals([h.state, h.conn.error], ["ESTABLISHED", ConnectionError.none]);
  h.expect();
});
