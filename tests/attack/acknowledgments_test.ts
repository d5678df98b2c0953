// A receiver that lies about what it has got, to make us send too fast or work too much.
import { assert, assertEquals } from "@std/assert";
import { Drop } from "../../src/base/drops.ts";
import { Harness } from "../support/engine.ts";
import { assertUnharmed, costOf, numbersOf, queueLength } from "./attacked.ts";

const MSS = 1460;
const INITIAL_WINDOW = 10 * MSS;

/** A connection with a large window, `bytes` of data to send, and the initial window in flight. */
function sending(bytes: number, tcp = {}, options = "mss 1460 ws 7"): Harness {
  const h = new Harness({ tcp, dimensions: { sendBlocks: 256 } });
  h.establish(options);
  h.inject(". 1:1 ack 1 win 65535");
  h.write(bytes);
  assertEquals(costOf(h).payloadBytes, Math.min(bytes, INITIAL_WINDOW));
  return h;
}

Deno.test("attack: optimistic ACKs of what was never sent change nothing and are answered once", () => {
  // Tried: 10,000 ACKs ahead of the data (Savage 1999). Cost: one challenge ACK (RFC 5961 section 5).
  const h = sending(INITIAL_WINDOW);
  const { cwndBytes } = h.conn.congestion;
  for (let i = 1; i <= 10_000; i++) h.inject(`. 1:1 ack ${INITIAL_WINDOW + 1 + i * 7}`);
  assertEquals([h.conn.congestion.cwndBytes, h.drops(Drop.tcpAckInvalid)], [cwndBytes, 10_000]);
  assertEquals(costOf(h), { segments: 1, payloadBytes: 0 });
  h.inject(`. 1:1 ack ${INITIAL_WINDOW + 1}`);
  assertUnharmed(h);
});

Deno.test("attack: ACKs of what is still on its way earn no more than the truth would have", () => {
  // Tried: each segment acknowledged the moment that it is sent. Cost: slow start, no faster than by bytes sent.
  const h = sending(600_000);
  let sent = INITIAL_WINDOW;
  for (let round = 0; round < 4; round++) {
    h.inject(`. 1:1 ack ${sent + 1} win 65535`);
    sent += costOf(h).payloadBytes;
    const most = INITIAL_WINDOW * 2 ** (round + 1);
    assert(h.conn.congestion.cwndBytes <= most, `${h.conn.congestion.cwndBytes} of ${most}`);
  }
});

Deno.test("attack: an ACK cut into one for each byte earns what the whole one earns", () => {
  // Tried: ACK division (Savage 1999). Cost: the window grows by the bytes (RFC 3465), the queue by nothing.
  const divided = sending(600_000);
  const whole = sending(600_000);
  let longest = 0;
  for (let byte = 1; byte <= MSS; byte++) {
    divided.inject(`. 1:1 ack ${1 + byte} win 65535`);
    longest = Math.max(longest, queueLength(divided));
  }
  whole.inject(`. 1:1 ack ${1 + MSS} win 65535`);
  assertEquals(divided.conn.congestion.cwndBytes, whole.conn.congestion.cwndBytes);
  assertEquals(costOf(divided).payloadBytes, costOf(whole).payloadBytes);
  assert(longest <= 13, `${longest} segments in the queue`);
});

for (const sack of [false, true]) {
  Deno.test(`attack: a flood of duplicate ACKs ${sack ? "with" : "without"} SACK lets no flood out`, () => {
    // Tried: 2000 copies of one ACK (Savage 1999). Each stands for a segment that has left the network, but no
    // more can have left than were sent. Cost: one recovery, and at most what was in flight once more.
    const h = sending(600_000, { sack }, `mss 1460 ws 7${sack ? " sackOK" : ""}`);
    for (let i = 0; i < 2000; i++) h.inject(". 1:1 ack 1 win 65535");
    const { payloadBytes } = costOf(h);
    assert(payloadBytes <= 2 * INITIAL_WINDOW, `${payloadBytes} bytes were let out`);
    assert(h.count("fastRetransmits") <= 1);
  });
}

Deno.test("attack: a peer that takes its SACKs back gets everything again, and no more than that", () => {
  // Tried: everything behind the first segment is reported, then nothing acknowledged (RFC 2018 section 8).
  const h = sending(INITIAL_WINDOW, { sack: true }, "mss 1460 ws 7 sackOK");
  const last = INITIAL_WINDOW + 1;
  h.inject(`. 1:1 ack 1 win 65535 sack ${1 + MSS}:${last}`);
  h.inject(`. 1:1 ack ${1 + MSS} win 65535`);
  h.outbox.length = 0;
  const again = new Set<number>();
  for (let i = 0; i < 40 && again.size < 9; i++) {
    h.advanceMs(1000);
    for (const { segment } of h.outbox.splice(0)) {
      if (segment.payloadLength === 0) continue;
      const seq = (segment.seq - h.tcpIss) | 0;
      again.add(seq);
      h.inject(`. 1:1 ack ${seq + segment.payloadLength} win 65535`);
    }
  }
  assertEquals(h.conn.sndUna, h.conn.sndMax);
  assertUnharmed(h);
});

Deno.test("attack: SACK blocks of single bytes make neither work nor memory", () => {
  // Tried: 5000 ACKs with four blocks of a byte each (as CVE-2019-11477). Cost: the queue stays as long as the
  // flight has segments, because it is cut at multiples of the MSS only.
  const h = sending(INITIAL_WINDOW, { sack: true }, "mss 1460 ws 7 sackOK");
  for (let i = 0; i < 5000; i++) {
    const blocks = [1, 2, 3, 4].map((k) => {
      const left = 2 + (i * 31 + k * 2903) % (INITIAL_WINDOW - 2);
      return `sack ${left}:${left + 1}`;
    });
    h.inject(`. 1:1 ack 1 win 65535 ${blocks.join(" ")}`);
    assert(queueLength(h) <= 12, `${queueLength(h)} segments in the queue`);
  }
  assert(costOf(h).payloadBytes <= 2 * INITIAL_WINDOW);
  assertEquals(h.conn.loss!.queue.sackedBytes, 0);
});

Deno.test("attack: SACK blocks outside of what is in flight are not looked at", () => {
  // Tried: blocks before, behind, inside out and over everything. Cost: nothing, and nothing is believed.
  const h = sending(INITIAL_WINDOW, { sack: true }, "mss 1460 ws 7 sackOK");
  const end = INITIAL_WINDOW + 1;
  for (const [left, right] of [[-5000, -10], [end, end + 999], [900, 100], [1, end + 1]]) {
    for (let i = 0; i < 500; i++) h.inject(`. 1:1 ack 1 win ${60_000 + i} sack ${left}:${right}`);
  }
  assertEquals([h.conn.loss!.queue.sackedBytes, queueLength(h)], [0, queueLength(h)]);
  assert(costOf(h).payloadBytes <= INITIAL_WINDOW);
  const { ack } = numbersOf(h);
  h.inject(`. 1:1 ack ${ack} win 65535`);
  assertUnharmed(h);
});
