// The SACK blocks that are sent: RFC 2018 section 4, RFC 2883.
import { assert, assertEquals } from "@std/assert";
import { Harness } from "../support/engine.ts";

function receiving(options = "mss 1460 sackOK"): Harness {
  const h = new Harness({ tcp: { sack: true, timestamps: true, sackDelayUs: 0 } });
  h.establish(options);
  return h;
}

Deno.test("sack output: the ranges that changed last come first, as many as fit", () => {
  // Goal: four without timestamps; each range once, also when two have grown together.
  const h = receiving();
  for (const at of [101, 301, 501, 701]) h.inject(`. ${at}:${at + 100} ack 1`);
  h.outbox.length = 0;
  h.inject(". 901:1001 ack 1");
  h.expect(". 1:1 ack 1 sack 901:1001 sack 701:801 sack 501:601 sack 301:401");
  h.inject(". 801:901 ack 1");
  h.expect(". 1:1 ack 1 sack 701:1001 sack 501:601 sack 301:401");
});

Deno.test("sack output: a short segment of data carries blocks, a full one does not", () => {
  // Goal: no block is lost because data goes at once; segments are not cut for them.
  const h = receiving();
  h.inject(". 101:201 ack 1");
  h.outbox.length = 0;
  h.conn.noDelay = true;
  h.write(1460);
  h.write(100);
  assertEquals(h.outbox.map(({ segment }) => segment.sackCount), [0, 1]);
  h.outbox.length = 0;
  h.write(1460 - 11);
  assertEquals(h.outbox[0].segment.sackCount, 0, "12 bytes are too few for it");
});

Deno.test("sack output: without the peer's permission there are none", () => {
  // Goal: RFC 2018 section 2.
  const h = receiving("mss 1460");
  h.inject(". 101:201 ack 1");
  h.inject(". 101:201 ack 1");
  assert(h.outbox.every(({ segment }) => segment.sackCount === 0));
});
