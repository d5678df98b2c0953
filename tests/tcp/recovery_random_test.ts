// A sender whose peer answers at random: the scoreboard stays whole, and an honest peer gets everything.
import { assert, assertEquals } from "@std/assert";
import type { SeededRandom } from "../../src/base/random.ts";
import { NO_SEGMENT, Sent } from "../../src/tcp/retransmission_queue.ts";
import { CONGESTION_NAMES } from "../../src/tcp/config.ts";
import type { Harness } from "../support/engine.ts";
import { forSeeds } from "../support/seeds.ts";
import { connected, MSS } from "./recovering.ts";

/** Every number from SND.UNA to SND.NXT is in exactly one segment, and the counts are the sums. */
function checkQueue(h: Harness): void {
  const { queue } = h.conn.loss!;
  let at = h.conn.sndUna;
  let [sacked, lost, again] = [0, 0, 0];
  for (let s = queue.head; s !== NO_SEGMENT; s = queue.next(s)) {
    assertEquals(queue.start(s), at, "a gap in the queue");
    at = queue.end(s);
    const bytes = (at - queue.start(s)) | 0;
    assert(bytes > 0, "an empty segment");
    const flags = queue.flags(s);
    if ((flags & Sent.sacked) !== 0) sacked += bytes;
    if ((flags & Sent.lost) !== 0) lost += bytes;
    if ((flags & Sent.again) !== 0) again += bytes;
  }
  assertEquals(at, h.conn.sndNxt, "the queue does not reach SND.NXT");
  assertEquals([queue.sackedBytes, queue.lostBytes, queue.againBytes], [sacked, lost, again]);
  assert(h.conn.congestion.cwndBytes >= MSS - 12 && h.conn.congestion.ssthreshBytes >= MSS);
}

/** One ACK of anything between SND.UNA and SND.MAX, with blocks of anything. */
function randomAck(h: Harness, random: SeededRandom, timestamps: boolean): string {
  const una = (h.conn.sndUna - h.conn.iss) | 0;
  const flight = (h.conn.sndMax - h.conn.sndUna) | 0;
  const aligned = () => Math.min(flight, MSS * random.integer(0, Math.ceil(flight / MSS)));
  const any = () => random.integer(0, 3) > 0 ? aligned() : random.integer(0, flight);
  const next = una + (random.integer(0, 2) === 0 ? any() : 0);
  const blocks = Array.from({ length: random.integer(0, 3) }, () => {
    const left = una + any() - (random.integer(0, 20) === 0 ? 2 * MSS : 0);
    return `sack ${left}:${left + Math.max(1, any())}`;
  });
  const small = random.integer(0, 9) === 0;
  const window = small ? random.integer(0, 2000) : 65_535;
  const echo = Math.floor(h.nowUs / 1000) - random.integer(0, 400);
  const ts = timestamps ? `ts ${200 + Math.floor(h.nowUs / 1000)} ${echo + h.conn.tsOffset}` : "";
  return `. 1:1 ack ${next} win ${window} ${ts} ${blocks.join(" ")}`;
}

/** Acknowledges everything, with all the window there is, until nothing is in flight. */
function finish(h: Harness, written: number): void {
  for (let i = 0; i < 2000; i++) {
    const una = (h.conn.sndUna - h.conn.iss) | 0;
    if (una === written + 1) return;
    const max = (h.conn.sndMax - h.conn.iss) | 0;
    h.inject(`. 1:1 ack ${max} win 65535`);
    checkQueue(h);
    h.advanceMs(200);
    h.outbox.length = 0;
  }
  throw new Error("an honest peer does not get the rest");
}

const variants: Readonly<Record<string, { peer: string; superBytes: number }>> = {
  "SACK": { peer: "sackOK", superBytes: 0 },
  "SACK, timestamps and offload": { peer: "sackOK ts 100 0", superBytes: 65_000 },
  "no SACK": { peer: "", superBytes: 0 },
  "no SACK, with offload": { peer: "", superBytes: 65_000 },
};

for (const [name, { peer, superBytes }] of Object.entries(variants)) {
  Deno.test(`recovery: whatever a peer answers (${name})`, () => {
    // Goal: no gap, no wrong count, no stall, no exception: 30 seeds of 300 steps.
    const timestamps = peer.includes("ts");
    forSeeds(30, (random, seed) => {
      const congestion = CONGESTION_NAMES[seed % CONGESTION_NAMES.length];
      const h = connected({ peer, superBytes, tcp: { congestion, pacing: seed % 3 === 0 } });
      let written = 0;
      for (let step = 0; step < 300 && h.state === "ESTABLISHED"; step++) {
        const chance = random.integer(0, 9);
        if (chance < 2 && written - ((h.conn.sndUna - h.conn.iss) | 0) < 200_000) {
          const bytes = random.integer(1, 20 * MSS);
          h.write(bytes);
          written += bytes;
        } else if (chance < 8) {
          h.inject(randomAck(h, random, timestamps));
        } else {
          h.advance(random.integer(1, 400_000));
        }
        checkQueue(h);
        h.outbox.length = 0;
      }
      if (h.state !== "ESTABLISHED") return;
      finish(h, written);
      h.abort();
      h.expectNothingLeft();
    });
  });
}
