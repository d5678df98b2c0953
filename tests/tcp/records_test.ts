/** Ends of records: segments end there, however small they are. */

import { assertEquals } from "@std/assert";
import { endRecord, untilRecordEnd } from "../../src/tcp/records.ts";
import { Harness } from "../support/engine.ts";

function withClosedWindow(): Harness {
  const h = new Harness();
  h.establish();
  h.inject(". 1:1 ack 1 win 0");
  return h;
}

Deno.test("records: what is written behind an end goes in another segment", () => {
  // Goal: no room in a segment joins them, and Nagle's rule holds the last one alone.
  const h = withClosedWindow();
  h.write(100);
  endRecord(h.conn, 100);
  h.write(2000);
  endRecord(h.conn, 2100);
  h.write(50);
  h.inject(". 1:1 ack 1 win 60000");
  h.expect(". 1:101 ack 1", ". 101:1561 ack 1", ". 1561:2101 ack 1");
  h.inject(". 1:1 ack 2101");
  h.expect("P. 2101:2151 ack 1");
  assertEquals(untilRecordEnd(h.conn, 2150, 10), 10);
  assertEquals(h.conn.recordEnds, []);
});

Deno.test("records: the last one obeys Nagle's rule as any tail does", () => {
  // Goal: an end that nothing follows does not push.
  const h = withClosedWindow();
  h.inject(". 1:1 ack 1 win 60000");
  h.write(10);
  h.expect("P. 1:11 ack 1");
  h.write(20);
  endRecord(h.conn, 30);
  h.expect();
  h.inject(". 1:1 ack 11 win 60000");
  h.expect("P. 11:31 ack 1");
});
