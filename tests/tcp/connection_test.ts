// Every way through the states of RFC 9293 figure 5, and the exchanges of its figures 6 to 13.
import { assertEquals } from "@std/assert";
import { Harness, PEER_PORT } from "../support/engine.ts";

Deno.test("connection: passive open, closed by the peer first (figures 6 and 12)", () => {
  // Goal: LISTEN, SYN-RECEIVED, ESTABLISHED, CLOSE-WAIT, LAST-ACK, CLOSED, and nothing is left.
  const h = new Harness();
  h.listen();
  h.inject("S 0:0 mss 1460");
  h.expect("S. 0:0 ack 1 mss 1460");
  assertEquals(h.state, "SYN-RECEIVED");
  h.inject(". 1:1 ack 1");
  h.expect();
  assertEquals(h.events, ["accepted"]);
  h.inject("F. 1:1 ack 1");
  h.expect(". 1:1 ack 2");
  assertEquals(h.state, "CLOSE-WAIT");
  h.write(10);
  h.expect("P. 1:11 ack 2");
  h.close();
  h.expect("F. 11:11 ack 2");
  assertEquals(h.state, "LAST-ACK");
  h.inject(". 2:2 ack 12");
  h.expect();
  assertEquals(h.states, [
    "LISTEN>SYN-RECEIVED",
    "SYN-RECEIVED>ESTABLISHED",
    "ESTABLISHED>CLOSE-WAIT",
    "CLOSE-WAIT>LAST-ACK",
    "LAST-ACK>CLOSED",
  ]);
  assertEquals(h.events, ["accepted", "ended"]);
  h.expectNothingLeft();
});

Deno.test("connection: active open, closed by this side first (figure 12)", () => {
  // Goal: SYN-SENT, ESTABLISHED, FIN-WAIT-1, FIN-WAIT-2, TIME-WAIT, and 2 MSL later CLOSED.
  const h = new Harness();
  h.connect();
  h.expect("S 0:0 mss 1460");
  h.inject("S. 0:0 ack 1 mss 1460");
  h.expect(". 1:1 ack 1");
  assertEquals(h.events, ["connected"]);
  h.close();
  h.expect("F. 1:1 ack 1");
  h.inject(". 1:1 ack 2");
  assertEquals(h.state, "FIN-WAIT-2");
  h.inject("F. 1:1 ack 2");
  h.expect(". 2:2 ack 2");
  assertEquals(h.state, "TIME-WAIT");
  h.advanceMs(59_990);
  assertEquals(h.state, "TIME-WAIT");
  h.advanceMs(20);
  assertEquals(h.states, [
    "CLOSED>SYN-SENT",
    "SYN-SENT>ESTABLISHED",
    "ESTABLISHED>FIN-WAIT-1",
    "FIN-WAIT-1>FIN-WAIT-2",
    "FIN-WAIT-2>TIME-WAIT",
    "TIME-WAIT>CLOSED",
  ]);
  h.expect();
  h.expectNothingLeft();
});

Deno.test("connection: simultaneous open (figure 8)", () => {
  // Goal: crossing SYNs make one connection; each side sends SYN-ACK with its first number.
  const h = new Harness();
  h.connect();
  h.expect("S 0:0");
  h.inject("S 0:0 mss 1460");
  h.expect("S. 0:0 ack 1");
  assertEquals(h.state, "SYN-RECEIVED");
  h.inject("S. 0:0 ack 1 mss 1460");
  assertEquals(h.state, "ESTABLISHED");
  assertEquals(h.events, ["connected"]);
  h.expect(". 1:1 ack 1");
  h.write(100);
  h.expect("P. 1:101 ack 1");
  h.inject(". 1:1 ack 101");
  assertEquals(h.states, [
    "CLOSED>SYN-SENT",
    "SYN-SENT>SYN-RECEIVED",
    "SYN-RECEIVED>ESTABLISHED",
  ]);
});

Deno.test("connection: simultaneous open completed by an ACK alone", () => {
  // Goal: where the peer's SYN-ACK was lost, its ACK of ours is as good.
  const h = new Harness();
  h.connect();
  h.inject("S 0:0 mss 1460");
  h.expect("S 0:0", "S. 0:0 ack 1");
  h.inject(". 1:1 ack 1");
  assertEquals(h.state, "ESTABLISHED");
  h.expect();
});

Deno.test("connection: in a simultaneous open the window of the SYN-ACK is not scaled", () => {
  // Goal: RFC 7323 section 2.2: a window in a segment with SYN counts as it stands.
  const h = new Harness();
  h.connect();
  h.inject("S 0:0 mss 1460 ws 7 win 500");
  h.expect("S 0:0", "S. 0:0 ack 1");
  h.inject("S. 0:0 ack 1 mss 1460 ws 7 win 500");
  h.expect(". 1:1 ack 1");
  assertEquals(h.conn.sndWnd, 500);
  h.write(1000);
  h.expect(". 1:501 ack 1");
});

Deno.test("connection: a simultaneous open is no lost handshake", () => {
  // Goal: RFC 6298 section 5.7 raises the RTO to 3 s for a SYN that timed out, not for one that crossed.
  const h = new Harness();
  h.connect();
  h.inject("S 0:0 mss 1460");
  h.inject("S. 0:0 ack 1 mss 1460");
  assertEquals(h.conn.rtt.rtoUs, 1_000_000);
});

Deno.test("connection: an old duplicate SYN is found out (figure 7)", () => {
  // Goal: the SYN-ACK for it is answered with RST, the listener forgets it and takes the real SYN.
  const h = new Harness();
  h.listen();
  h.inject("S -500:-500 mss 1460");
  h.expect("S. 0:0 ack -499");
  h.inject("R -499:-499");
  h.expect();
  assertEquals(h.tcp.connectionCount, 0);
  h.expectNothingLeft();
  h.inject("S 0:0 mss 1460");
  h.expect("S. 0:0 ack 1");
  h.inject(". 1:1 ack 1");
  assertEquals(h.events, ["accepted"]);
});

Deno.test("connection: the sender of an old duplicate SYN answers its SYN-ACK with RST (figure 7)", () => {
  // Goal: in SYN-SENT an ACK of something never sent gets RST with its own number, and changes nothing.
  const h = new Harness();
  h.connect();
  h.expect("S 0:0");
  h.inject("S. 0:0 ack -99 mss 1460");
  h.expect("R -99:-99");
  assertEquals(h.state, "SYN-SENT");
  h.inject("S. 0:0 ack 1 mss 1460");
  h.expect(". 1:1 ack 1");
});

Deno.test("connection: half-open, found by the side that still has it (figure 9)", () => {
  // Goal: the peer's new SYN is challenged; the RST that the challenge brings ends the old connection.
  const h = new Harness();
  h.establish();
  h.write(100);
  h.expect("P. 1:101 ack 1");
  h.inject(". 1:1 ack 101");
  h.inject("S 5000:5000 mss 1460");
  h.expect(". 101:101 ack 1");
  assertEquals(h.state, "ESTABLISHED");
  h.inject("R 1:1");
  assertEquals(h.state, "CLOSED");
  assertEquals(h.states.at(-1), "ESTABLISHED>CLOSED");
  h.close();
  h.inject("S 6000:6000 mss 1460");
  h.expect("S. 0:0 ack 6001");
});

Deno.test("connection: half-open, found by data for a connection that is gone (figure 10)", () => {
  // Goal: a segment for no connection gets RST at its acknowledgment number.
  const h = new Harness();
  h.inject("P. 300:310 ack 100");
  h.expect("R 100:100");
  assertEquals(h.count("resetsOut"), 1);
});

Deno.test("connection: simultaneous close (figure 13)", () => {
  // Goal: crossing FINs lead through CLOSING to TIME-WAIT.
  const h = new Harness();
  h.establish();
  h.close();
  h.expect("F. 1:1 ack 1");
  h.inject("F. 1:1 ack 1");
  h.expect(". 2:2 ack 2");
  assertEquals(h.state, "CLOSING");
  h.inject(". 2:2 ack 2");
  assertEquals(h.state, "TIME-WAIT");
  h.expect();
  h.advanceMs(60_010);
  h.expectNothingLeft();
});

Deno.test("connection: the FIN that acknowledges ours goes from FIN-WAIT-1 straight to TIME-WAIT", () => {
  // Goal: figure 5's edge "rcv FIN with ACK of FIN".
  const h = new Harness();
  h.establish();
  h.closeWrite();
  h.expect("F. 1:1 ack 1");
  h.inject("F. 1:1 ack 2");
  h.expect(". 2:2 ack 2");
  assertEquals(h.state, "TIME-WAIT");
  assertEquals(h.events.includes("ended"), false);
  h.close();
  assertEquals(h.events.at(-1), "ended");
  h.advanceMs(60_010);
  h.expectNothingLeft();
});

Deno.test("connection: half-close by this side still receives", () => {
  // Goal: after our FIN the peer's data is delivered, in FIN-WAIT-1 and in FIN-WAIT-2.
  const h = new Harness();
  h.establish();
  h.write(5);
  h.closeWrite();
  h.expect("P. 1:6 ack 1", "F. 6:6 ack 1");
  h.inject("P. 1:101 ack 1");
  assertEquals(h.state, "FIN-WAIT-1");
  assertEquals(h.read(), 100);
  h.inject(". 101:101 ack 7");
  assertEquals(h.state, "FIN-WAIT-2");
  h.inject("P. 101:201 ack 7");
  assertEquals(h.read(), 100);
  h.advanceMs(3_600_000);
  assertEquals(h.state, "FIN-WAIT-2", "half-closed connections may stay so");
});

Deno.test("connection: half-close by the peer still sends", () => {
  // Goal: in CLOSE-WAIT data goes out as before, and what is unread stays readable.
  const h = new Harness();
  h.establish();
  h.inject("FP. 1:101 ack 1");
  h.expect(); // The ACK waits for an answer.
  assertEquals(h.state, "CLOSE-WAIT");
  h.write(3000);
  h.expect(". 1:1461 ack 102", ". 1461:2921 ack 102", "P. 2921:3001 ack 102");
  h.inject(". 102:102 ack 3001");
  assertEquals(h.read(), 100);
  h.closeWrite();
  h.expect("F. 3001:3001 ack 102");
  h.inject(". 102:102 ack 3002");
  assertEquals(h.states.at(-1), "LAST-ACK>CLOSED");
});

Deno.test("connection: a FIN may complete the handshake", () => {
  // Goal: SYN-RECEIVED takes ACK, data and FIN of one segment in the RFC's order.
  const h = new Harness();
  h.listen();
  h.inject("S 0:0 mss 1460");
  h.inject("FP. 1:11 ack 1");
  h.advanceMs(41);
  h.expect("S. 0:0 ack 1", ". 1:1 ack 12");
  assertEquals(h.events, ["accepted"]);
  assertEquals(h.state, "CLOSE-WAIT");
  assertEquals(h.read(), 10);
});

Deno.test("connection: CLOSE in SYN-SENT forgets the attempt without a word", () => {
  // Goal: section 3.10.4; an answer that comes later meets no connection.
  const h = new Harness();
  h.connect();
  h.expect("S 0:0");
  h.cancelConnect();
  h.expect();
  h.expectNothingLeft();
  h.inject("S. 0:0 ack 1", { to: 50_000 });
  h.expect("R 1:1");
});

Deno.test("connection: ABORT in SYN-RECEIVED sends RST", () => {
  // Goal: section 3.10.5, for the simultaneous open that the application takes back.
  const h = new Harness();
  h.connect();
  h.inject("S 0:0 mss 1460");
  h.expect("S 0:0", "S. 0:0 ack 1");
  h.cancelConnect();
  h.expect("R. 1:1 ack 1");
  h.expectNothingLeft();
});

Deno.test("connection: ABORT sends RST from where the peer expects it", () => {
  // Goal: section 3.10.5; what was not sent is dropped.
  const h = new Harness();
  h.establish();
  h.write(100);
  h.expect("P. 1:101 ack 1");
  h.abort();
  h.expect("R. 101:101 ack 1");
  assertEquals(h.events, ["accepted", "ended"]);
  h.expectNothingLeft();
});

Deno.test("connection: close with unread data sends RST (section 3.6.1)", () => {
  // Goal: the peer learns that what it sent was thrown away (RFC 2525 section 2.17).
  const h = new Harness();
  h.establish();
  h.inject("P. 1:101 ack 1");
  h.expect(". 1:1 ack 101");
  h.close();
  h.expect("R. 1:1 ack 101");
  h.expectNothingLeft();
});

Deno.test("connection: close after everything was read sends FIN", () => {
  // Goal: the other half of section 3.6.1.
  const h = new Harness();
  h.establish();
  h.inject("P. 1:101 ack 1");
  h.read();
  h.expect(". 1:1 ack 101");
  h.close();
  h.expect("F. 1:1 ack 101");
});

Deno.test("connection: data after close is answered with RST", () => {
  // Goal: nobody will ever read it; nothing stays behind.
  const h = new Harness();
  h.establish();
  h.close();
  h.expect("F. 1:1 ack 1");
  h.inject(". 1:1 ack 2");
  h.inject("P. 1:101 ack 2");
  h.expect("R 2:2");
  h.expectNothingLeft();
});

Deno.test("connection: linger 0 makes close an RST", () => {
  // Goal: SO_LINGER with zero seconds, as in a kernel.
  const h = new Harness();
  h.establish();
  h.conn.lingerZero = true;
  h.close();
  h.expect("R. 1:1 ack 1");
  h.expectNothingLeft();
});

Deno.test("connection: FIN-WAIT-2 after close ends after its time", () => {
  // Goal: a peer that never closes does not keep a connection that nobody holds.
  const h = new Harness();
  h.establish();
  h.close();
  h.inject(". 1:1 ack 2");
  h.expect("F. 1:1 ack 1");
  h.advanceMs(59_990);
  assertEquals(h.tcp.connectionCount, 1);
  h.advanceMs(20);
  h.expect();
  h.expectNothingLeft();
});

Deno.test("connection: FIN-WAIT-2 is timed from close when the half-close came first", () => {
  // Goal: closeWrite may wait for ever, close may not.
  const h = new Harness();
  h.establish();
  h.closeWrite();
  h.inject(". 1:1 ack 2");
  h.advanceMs(600_000);
  assertEquals(h.state, "FIN-WAIT-2");
  h.close();
  h.advanceMs(60_010);
  h.expect("F. 1:1 ack 1");
  h.expectNothingLeft();
});

Deno.test("connection: a second SYN with the first number gets the SYN-ACK again", () => {
  // Goal: the peer's retransmitted SYN does not open a second connection.
  const h = new Harness();
  h.listen();
  h.inject("S 0:0 mss 1460");
  h.inject("S 0:0 mss 1460");
  h.expect("S. 0:0 ack 1", "S. 0:0 ack 1");
  assertEquals([h.tcp.handshakes.size, h.tcp.connectionCount], [1, 0]);
});

Deno.test("connection: two connections of one port know their own numbers", () => {
  // Goal: the peer's port tells them apart.
  const h = new Harness();
  h.establish();
  const first = h.app;
  h.inject("S 0:0 mss 1460", { from: PEER_PORT + 1 });
  h.inject(". 1:1 ack 1", { from: PEER_PORT + 1 });
  h.expect("S. 0:0 ack 1");
  h.inject("P. 1:11 ack 1", { from: PEER_PORT + 1 });
  assertEquals([first.readable, h.app.readable], [0, 10]);
  h.expect(". 1:1 ack 11");
});
