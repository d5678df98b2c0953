// Goodput under loss and reordering, in virtual time: 100 Mbit/s, 25 ms each way.
import { assert, assertEquals } from "@std/assert";
import { oneWay } from "./one_way.ts";

const MIB = 1024 * 1024;
/** Payload of a full segment with timestamps. */
const MSS = 1448;

let cleanUs = 0;

/** What the path takes for 10 MiB when nothing happens to it. */
async function cleanPathUs(): Promise<number> {
  if (cleanUs === 0) {
    const result = await oneWay({ seed: 1, bytes: 10 * MIB });
    assertEquals([result.retransmissions, result.timeouts], [0, 0], "the clean path is not clean");
    cleanUs = result.transferUs;
  }
  return cleanUs;
}

Deno.test("recovery: the clean path is filled", async () => {
  // Goal: 10 MiB of payload at 100 Mbit/s are 0.87 s on the wire; slow start may take half as much again.
  assert(await cleanPathUs() < 1_400_000, `${cleanUs}`);
});

Deno.test("recovery: 10 % reordering costs a fifth at the most, and hardly any retransmission", async () => {
  // Goal: RACK's window, and what the first mistake teaches it; several lengths of reordering.
  const clean = await cleanPathUs();
  for (const [seed, reorderDelayUs] of [[1, 1000], [2, 2000], [3, 4000], [4, 4000], [5, 4000]]) {
    const data = { reorder: 0.1, reorderDelayUs };
    const { transferUs, retransmissions, timeouts } = await oneWay({
      seed,
      bytes: 10 * MIB,
      data,
    });
    const text = `${reorderDelayUs} us late: ${transferUs} us, ${retransmissions} again`;
    assert(clean / transferUs >= 0.8, text);
    assert(retransmissions <= 5, text);
    assertEquals(timeouts, 0, text);
  }
});

Deno.test("recovery: reordering by nearly the reordering window is learned from", async () => {
  // Goal: a recovery that was for nothing widens the window although the peer sends no DSACK.
  for (const seed of [1, 2, 3]) {
    const data = { reorder: 0.1, reorderDelayUs: 10_000 };
    const { retransmissions, timeouts } = await oneWay({ seed, bytes: 10 * MIB, data });
    assert(retransmissions <= 20, `${retransmissions} of seed ${seed}`);
    assertEquals(timeouts, 0);
  }
});

Deno.test("recovery: a lost tail is repaired without a timeout", async () => {
  // Goal: one, two, three, four, eight of the last segments, and the probe behind them.
  const segments = 20;
  for (const tail of [1, 2, 3, 4, 8]) {
    const lose = (frame: number) => frame >= segments - tail && frame < segments;
    const result = await oneWay({ seed: tail, bytes: segments * MSS, lose });
    assertEquals(result.timeouts, 0, `the last ${tail}`);
    assertEquals(result.retransmissions, tail, `the last ${tail}`);
    assert(result.silenceUs < 400_000, `${result.silenceUs} us of silence after the last ${tail}`);
  }
});

Deno.test("recovery: a burst of losses in the middle is repaired without a timeout", async () => {
  // Goal: 50 in a row of a window of hundreds, each once.
  const lose = (frame: number) => frame >= 400 && frame < 450;
  const result = await oneWay({ seed: 1, bytes: 2 * MIB, lose });
  assertEquals([result.timeouts, result.fastRetransmits, result.retransmissions], [0, 1, 50]);
  assert(result.silenceUs < 150_000, `${result.silenceUs}`);
});

Deno.test("recovery: every other segment of a window is repaired once", async () => {
  // Goal: more holes than an ACK has blocks.
  const lose = (frame: number) => frame >= 400 && frame < 500 && frame % 2 === 0;
  const result = await oneWay({ seed: 1, bytes: 2 * MIB, lose });
  assertEquals([result.timeouts, result.retransmissions], [0, 50]);
});

Deno.test("recovery: 3 % loss both ways never stalls", async () => {
  // Goal: no silence longer than a lost retransmission's repair, and hardly more is sent than was lost.
  for (const seed of [1, 2, 3, 4, 5]) {
    const link = { loss: 0.03 };
    const result = await oneWay({ seed, bytes: 2 * MIB, data: link, acks: link });
    const text = `seed ${seed}: ${JSON.stringify(result)}`;
    assert(result.silenceUs < 500_000, text);
    assert(result.timeouts <= 1, text);
    assert(result.retransmissions < 0.05 * (2 * MIB / MSS), text);
  }
});

Deno.test("recovery: without SACK a loss is repaired too", async () => {
  // Goal: NewReno, 1 %, no stall.
  for (const seed of [1, 2, 3]) {
    const result = await oneWay({
      seed,
      bytes: 2 * MIB,
      data: { loss: 0.01 },
      tcp: { sack: false },
    });
    const text = `seed ${seed}: ${JSON.stringify(result)}`;
    assert(result.silenceUs < 1_000_000, text);
    assert(result.timeouts <= 2, text);
  }
});

Deno.test("recovery: 20 % loss both ways ends at last", async () => {
  // Goal: nothing hangs, whatever is lost.
  for (const seed of [1, 2, 3, 4, 5]) {
    const link = { loss: 0.2 };
    const result = await oneWay({ seed, bytes: MIB / 8, data: link, acks: link });
    assert(result.silenceUs < 30_000_000, JSON.stringify(result));
  }
});
