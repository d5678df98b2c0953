// What losses and reordering cost a transfer, in virtual time: 100 Mbit/s, 25 ms each way.
import { assert, assertEquals } from "@std/assert";
import { oneWay } from "./one_way.ts";

const MIB = 1024 * 1024;
const RTT_US = 50_000;
/** Time in which the link carries one full segment. */
const SEGMENT_US = 120;

Deno.test("burst loss: up to 300 segments in a row are repaired once each, without a timeout", async () => {
  // Goal: nothing arrives for one round trip and the time of the burst, and nothing is sent twice for nothing.
  for (const congestion of ["cubic", "newreno"] as const) {
    for (const burst of [1, 10, 50, 200, 300]) {
      const lose = (frame: number) => frame >= 2000 && frame < 2000 + burst;
      const result = await oneWay({ seed: burst, bytes: 10 * MIB, lose, tcp: { congestion } });
      const text = `${congestion}, ${burst}: ${JSON.stringify(result)}`;
      assertEquals([result.retransmissions, result.timeouts], [burst, 0], text);
      assert(result.silenceUs < 1.3 * RTT_US + burst * SEGMENT_US, text);
    }
  }
});

Deno.test("burst loss: a second burst while the first is repaired needs no timeout", async () => {
  // Goal: what was lost, and only that, goes again.
  const lose = (frame: number) =>
    (frame >= 2000 && frame < 2010) || (frame >= 2400 && frame < 2420);
  const result = await oneWay({ seed: 1, bytes: 10 * MIB, lose });
  assertEquals(result.timeouts, 0, JSON.stringify(result));
  assertEquals(result.retransmissions, 30, JSON.stringify(result));
});

Deno.test("reordering: hardly anything is sent again, however late segments are", async () => {
  // Goal: RACK with DSACK: after the first mistake the reordering window is wide enough; 7241 segments.
  for (const reorderDelayUs of [1000, 5000, 10_000, 20_000]) {
    for (const seed of [1, 2]) {
      const data = { reorder: 0.1, reorderDelayUs };
      const result = await oneWay({ seed, bytes: 10 * MIB, data });
      const text = `${reorderDelayUs} us late, seed ${seed}: ${JSON.stringify(result)}`;
      assert(result.retransmissions <= 10, text);
      assertEquals(result.timeouts, 0, text);
    }
  }
});

Deno.test("reordering: jitter of half a round trip is no loss", async () => {
  // Goal: the window goes up to an RTT (RFC 8985 section 6.2.1).
  const data = { jitterUs: 20_000 };
  const result = await oneWay({ seed: 5, bytes: 4 * MIB, data });
  assert(result.retransmissions <= 200, JSON.stringify(result));
  assertEquals(result.timeouts, 0);
});

Deno.test("burst loss: RFC 6675 repairs a burst where RACK is off", async () => {
  // Goal: the option's other side works as well.
  const lose = (frame: number) => frame >= 2000 && frame < 2050;
  const result = await oneWay({ seed: 1, bytes: 4 * MIB, lose, tcp: { rack: false } });
  assertEquals([result.retransmissions, result.timeouts], [50, 0], JSON.stringify(result));
});
