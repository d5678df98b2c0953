// What a connection sends, and when: windows, Nagle, acknowledgments (RFC 9293 sections 3.7.4, 3.8).
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
