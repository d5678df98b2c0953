// What is told of text that came twice: RFC 2883.
import { assertEquals } from "@std/assert";
import type { TcpOptions } from "../../src/tcp/config.ts";
import { Harness } from "../support/engine.ts";

function receiving(tcp: TcpOptions = {}): Harness {
  const h = new Harness({ tcp: { sack: true, sackDelayUs: 0, ...tcp } });
  h.establish("mss 1460 sackOK");
  h.inject(". 1:1001 ack 1");
  h.outbox.length = 0;
  return h;
}

Deno.test("dsack: text that was acknowledged is reported, once", () => {
  // Goal: section 4.1.1.
  const h = receiving();
  h.inject(". 1:1001 ack 1");
  h.expect(". 1:1 ack 1001 sack 1:1001");
  assertEquals(h.count("duplicatesReported"), 1);
  h.inject(". 1001:1002 ack 1");
  h.expect(". 1:1 ack 1002");
});

Deno.test("dsack: what a segment repeats of a range is reported before the range", () => {
  // Goal: sections 4.1.2 and 4.2: whole, in part, and over two ranges the first.
  const h = receiving();
  h.inject(". 2001:3001 ack 1");
  h.expect(". 1:1 ack 1001 sack 2001:3001");
  h.inject(". 2001:3001 ack 1");
  h.expect(". 1:1 ack 1001 sack 2001:3001 sack 2001:3001");
  h.inject(". 2501:3501 ack 1");
  h.expect(". 1:1 ack 1001 sack 2501:3001 sack 2001:3501");
  h.inject(". 4001:4501 ack 1");
  h.expect(". 1:1 ack 1001 sack 4001:4501 sack 2001:3501");
  h.inject(". 3401:4101 ack 1");
  h.expect(". 1:1 ack 1001 sack 3401:3501 sack 2001:4501");
});

Deno.test("dsack: text that fills a gap and repeats what is behind it", () => {
  // Goal: Linux's tcp_ofo_queue: from the start of the range.
  const h = receiving();
  h.inject(". 2001:3001 ack 1");
  h.outbox.length = 0;
  h.inject(". 501:2501 ack 1");
  h.expect(". 1:1 ack 3001 sack 501:1001");
  const other = receiving();
  other.inject(". 2001:3001 ack 1");
  other.outbox.length = 0;
  other.inject(". 1001:2501 ack 1");
  other.expect(". 1:1 ack 3001 sack 2001:2501");
});

Deno.test("dsack: a FIN that comes again is reported with its number", () => {
  // Goal: sequence numbers are reported, not bytes.
  const h = receiving();
  h.inject("F. 1001:1002 ack 1");
  h.outbox.length = 0;
  h.inject("F. 1001:1001 ack 1");
  assertEquals(h.outbox.length, 1);
});

Deno.test("dsack: the option switches it off, and SACK is needed for it", () => {
  // Goal: the ACK goes all the same.
  const off = receiving({ dsack: false });
  off.inject(". 1:1001 ack 1");
  off.expect(". 1:1 ack 1001");
  const h = new Harness();
  h.establish();
  h.inject(". 1:1001 ack 1");
  h.outbox.length = 0;
  h.inject(". 1:1001 ack 1");
  h.expect(". 1:1 ack 1001");
});
