// Requirements of RFC 7323 that no other test shows as such; the table is rfc7323.txt.
import { assertEquals } from "@std/assert";
import { Harness } from "../support/engine.ts";

const DAY_US = 86_400e6;

for (const [days, taken] of [[23, 0], [25, 10]] as const) {
  Deno.test(`rfc7323: a timestamp of ${days} days ago makes ${taken > 0 ? "no" : "a"} segment old`, () => {
    // Goal: section 5.5: beyond 24 days the peer's clock may have gone around, and TS.Recent says nothing.
    const h = new Harness({ tcp: { timestamps: true } });
    h.establish("mss 1460 ts 5000 0");
    h.advance(days * DAY_US);
    h.inject("P. 1:11 ack 1 ts 4000 0");
    assertEquals(h.read(), taken);
  });
}
