// The SACK blocks of an arriving segment: RFC 2018, RFC 2883, and what a peer may not do with them.
import { assert, assertEquals } from "@std/assert";
import { Drop } from "../../src/base/drops.ts";
import { Phase } from "../../src/tcp/loss_recovery.ts";
import { NO_SEGMENT, Sent } from "../../src/tcp/retransmission_queue.ts";
import type { Harness } from "../support/engine.ts";
import { forSeeds } from "../support/seeds.ts";
import { ack, at, connected, MSS, sending, sent, take, wide } from "./recovering.ts";

/** What the sender believes the peer has, as relative byte ranges. */
function sacked(h: Harness): string {
  const { queue } = h.conn.loss!;
  const ranges: string[] = [];
  for (let s = queue.head; s !== NO_SEGMENT; s = queue.next(s)) {
    if ((queue.flags(s) & Sent.sacked) === 0) continue;
    const start = (queue.start(s) - h.conn.iss) | 0;
    ranges.push(`${start}:${(queue.end(s) - h.conn.iss) | 0}`);
  }
  return ranges.join(" ");
}

/** Segments in the queue. */
function queued(h: Harness): number {
  const { queue } = h.conn.loss!;
  let count = 0;
  for (let s = queue.head; s !== NO_SEGMENT; s = queue.next(s)) count++;
  return count;
}

function ten(): Harness {
  const h = sending(10);
  take(h, 10);
  return h;
}

Deno.test("sack: up to four blocks name what the peer has", () => {
  // Goal: every block counts, in whatever order they come.
  const h = ten();
  h.inject(ack(0, [8, 9], [6, 7], [2, 3], [4, 5]));
  assertEquals(sacked(h), [2, 4, 6, 8].map((i) => `${at(i)}:${at(i + 1)}`).join(" "));
  assertEquals(h.conn.loss!.queue.sackedBytes, 4 * MSS);
});

Deno.test("sack: the same block again changes nothing", () => {
  // Goal: bytes are counted once.
  const h = ten();
  h.inject(ack(0, [1, 2]));
  h.inject(ack(0, [1, 2]));
  h.inject(ack(0, [1, 3], [2, 3]));
  assertEquals(h.conn.loss!.queue.sackedBytes, 2 * MSS);
});

Deno.test("sack: blocks that cannot be are not looked at", () => {
  // Goal: outside of what was sent, inverted, empty, below SND.UNA, half around sequence space.
  const h = ten();
  h.inject(ack(2));
  const impossible = [
    `${at(8)}:${at(11)}`,
    `${at(12)}:${at(13)}`,
    `${at(5)}:${at(4)}`,
    `${at(5)}:${at(5)}`,
    `${at(0)}:${at(1)}`,
    `${at(3)}:${at(3) + 0x7fff_ffff}`,
    `${at(3) - 0x7fff_ffff}:${at(4) - 0x7fff_ffff}`,
    `${at(9)}:${at(10) + 1}`,
  ];
  for (const edges of impossible) {
    h.inject(`. 1:1 ack ${at(2)} sack ${edges}`);
    assertEquals(sacked(h), "", edges);
  }
  assertEquals(h.conn.loss!.phase, Phase.open);
});

Deno.test("sack: an ACK that was overtaken still tells what has come", () => {
  // Goal: blocks count whatever the ACK number, when they are above SND.UNA.
  const h = ten();
  h.inject(ack(3));
  h.inject(ack(1, [4, 6]));
  assertEquals(sacked(h), `${at(4)}:${at(5)} ${at(5)}:${at(6)}`);
});

Deno.test("sack: a part of a super-segment is cut out at whole segments", () => {
  // Goal: what the wire carried as a segment can be had or lost by itself.
  const h = sending(10, { superBytes: 65_000 });
  assertEquals(sent(h), ["0-9"]);
  h.advanceMs(100);
  h.inject(ack(0, [3, 5]));
  assertEquals(sacked(h), `${at(3)}:${at(5)}`);
  assertEquals(queued(h), 3);
});

Deno.test("sack: pieces of segments are not counted", () => {
  // Goal: what a block covers in part only stays unmarked, on both sides.
  const h = sending(10, { superBytes: 65_000 });
  sent(h);
  h.inject(`. 1:1 ack 1 sack ${at(1) + 1}:${at(4) - 1}`);
  assertEquals(sacked(h), `${at(2)}:${at(3)}`);
  h.inject(`. 1:1 ack 1 sack ${at(5) + 10}:${at(5) + 20}`);
  assertEquals(sacked(h), `${at(2)}:${at(3)}`);
});

Deno.test("sack: the short end of a super-segment counts", () => {
  // Goal: the last wire segment need not be full.
  const h = connected({ superBytes: 65_000 });
  h.write(3 * MSS + 100);
  sent(h);
  h.inject(`. 1:1 ack 1 sack ${at(3)}:${at(3) + 100}`);
  assertEquals(sacked(h), `${at(3)}:${at(3) + 100}`);
});

Deno.test("sack: after an ACK within a super-segment whole segments are still found", () => {
  // Goal: cuts are counted from where the segment begins now.
  const h = sending(10, { superBytes: 65_000 });
  sent(h);
  h.inject(ack(2, [3, 4]));
  assertEquals(sacked(h), `${at(3)}:${at(4)}`);
  h.inject(ack(2, [6, 8], [3, 4]));
  assertEquals(sacked(h), `${at(3)}:${at(4)} ${at(6)}:${at(8)}`);
});

Deno.test("sack: a flood of tiny blocks makes neither memory nor work", () => {
  // Goal: as many segments as MSS fit into what is in flight, however the peer cuts.
  forSeeds(5, (random) => {
    const h = sending(45, { superBytes: 65_000 });
    h.conn.congestion.cwndBytes = 45 * MSS;
    h.news(h.conn);
    h.outbox.length = 0;
    const flight = (h.conn.sndNxt - h.conn.sndUna) | 0;
    for (let i = 0; i < 5000; i++) {
      const blocks = Array.from({ length: 4 }, () => {
        const left = random.integer(1, flight - 2);
        return `sack ${left}:${left + random.integer(1, i % 2 === 0 ? 3 : 3000)}`;
      });
      h.inject(`. 1:1 ack 1 ${blocks.join(" ")}`);
      h.outbox.length = 0;
    }
    assert(queued(h) <= Math.ceil(flight / MSS), `${queued(h)} segments of ${flight} bytes`);
    assertEquals(h.conn.loss!.queue.sackedBytes <= flight, true);
  });
});

Deno.test("sack: a window that creeps cuts nothing into bytes", () => {
  // Goal: a peer that shrinks and moves its window does not multiply the segments either.
  const h = ten();
  h.advanceMs(100);
  h.inject(`${ack(0, [1, 4])} win 1`);
  for (let i = 2; i < 500; i++) {
    h.inject(`${ack(0, [1, 4])} win ${i}`);
    if (i % 50 === 0) h.advanceMs(1000);
  }
  assert(queued(h) <= 20, `${queued(h)}`);
});

Deno.test("sack: a FIN may be in a block or not", () => {
  // Goal: stacks differ in whether they report it.
  for (const fin of [0, 1]) {
    const h = connected();
    h.write(3 * MSS);
    h.closeWrite();
    sent(h);
    h.inject(`. 1:1 ack 1 sack ${at(1)}:${at(3) + fin}`);
    assertEquals(h.conn.loss!.queue.sackedBytes, 2 * MSS + fin);
    h.inject(`. 1:1 ack ${at(3) + 1}`);
    assertEquals(h.state, "FIN-WAIT-2");
  }
});

Deno.test("sack: a peer that did not offer it is not believed", () => {
  // Goal: blocks without SACK-permitted are nothing.
  const h = sending(10, { peer: "" });
  take(h, 10);
  h.inject(ack(0, [1, 9]));
  assertEquals(sacked(h), "");
});

// --- DSACK (RFC 2883) ---

Deno.test("sack: a DSACK is before the ACK or within the second block, and is no SACK", () => {
  // Goal: section 4, both forms; what is in the second block counts.
  const h = ten();
  h.conn.bytesRetransmitted = 1e6; // There is something that they can be for.
  h.inject(ack(2, [0, 1]));
  assertEquals([sacked(h), h.conn.loss!.reorderQuarters], ["", 2]);
  const other = ten();
  other.conn.bytesRetransmitted = 1e6;
  other.inject(ack(0, [4, 5], [3, 6]));
  assertEquals(other.conn.loss!.queue.sackedBytes, 3 * MSS);
  assertEquals(other.conn.loss!.reorderQuarters, 2);
});

Deno.test("sack: what is SACKed and timed gives the RTT at once", () => {
  // Goal: its cumulative ACK waits for the hole, which would look like a long path.
  const h = sending(20);
  take(h, 10);
  h.advanceMs(100);
  h.inject(ack(0, [1, 10]));
  sent(h);
  const last = Math.round((h.conn.sndNxt - h.conn.iss - 1) / MSS);
  h.advanceMs(100);
  h.inject(ack(0, [1, last]));
  h.advanceMs(100);
  h.inject(ack(last));
  assertEquals(h.conn.rtt.srttUs, 100_000);
});

// --- What a flood of SACKs costs ---

/** Segments looked at while a peer sends `acks` ACKs of a window of `segments`. */
function costOf(segments: number, acks: readonly string[]): number {
  const h = wide(segments);
  h.outbox.length = 0;
  h.advanceMs(100);
  const { queue } = h.conn.loss!;
  const before = queue.steps;
  for (const line of acks) h.inject(line);
  return queue.steps - before;
}

Deno.test("sack: what the ACK before has said costs nothing", () => {
  // Goal: a flood of the same blocks is not a walk through the queue for each.
  const line = ack(0, [900, 901], [700, 701], [500, 501], [300, 301]);
  const once = costOf(1000, [line]);
  const often = costOf(1000, Array(200).fill(line));
  assert(often - once < 200 * 20, `${once}, 200 times ${often}`);
});

Deno.test("sack: blocks of one ACK are found in one walk, in whatever order they are", () => {
  // Goal: not a walk from the oldest segment for each block.
  const cost = (line: string) => costOf(1000, [line]);
  const one = cost(ack(0, [900, 901]));
  const four = cost(ack(0, [900, 901], [800, 801], [700, 701], [600, 601]));
  assert(four < one + 100, `${one} for one, ${four} for four`);
});

Deno.test("sack: a block that grows with each ACK is looked at where it grows", () => {
  // Goal: the work of a recovery is that of what arrives, not of the square of it.
  const lines = Array.from({ length: 300 }, (_, i) => ack(0, [100, 101 + i]));
  const grown = costOf(1000, lines);
  const fresh = costOf(1000, lines.slice(0, 1));
  // RACK looks from the oldest on for what is lost with each; the blocks themselves cost a few steps.
  assert(grown < fresh + 300 * (100 + 300) + 3000, `${grown}`);
});

Deno.test("sack: impossible blocks are counted", () => {
  // Goal: RFC 2018: reversed, empty, not sent yet, or what is acknowledged; not those that were overtaken.
  const h = ten();
  h.inject(ack(2));
  const before = h.drops(Drop.tcpSackInvalid);
  h.inject(`. 1:1 ack ${at(2)} sack ${at(5)}:${at(4)}`);
  h.inject(`. 1:1 ack ${at(2)} sack ${at(8)}:${at(11)}`);
  h.inject(`. 1:1 ack ${at(2)} sack ${at(2)}:${at(4)}`);
  assertEquals(h.drops(Drop.tcpSackInvalid) - before, 3);
  h.inject(ack(0, [1, 2]));
  assertEquals(h.drops(Drop.tcpSackInvalid) - before, 3, "an old ACK");
});
