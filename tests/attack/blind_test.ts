// An attacker who sees nothing of the connection and guesses sequence numbers (RFC 5961, RFC 9293 section 5).
import { assert, assertEquals } from "@std/assert";
import { Drop } from "../../src/base/drops.ts";
import { Harness } from "../support/engine.ts";
import { assertUnharmed, costOf, numbersOf } from "./attacked.ts";

/** Guesses that a sweep makes over a window, and beyond it on both sides. */
const GUESSES = 4000;

function established(tcp = {}): Harness {
  const h = new Harness({ tcp });
  h.establish("mss 1460 ws 7");
  return h;
}

/** Sequence numbers over the window of 64 KiB or more, and as much before and behind it; never the exact one. */
function* guesses(h: Harness): Generator<number> {
  const { seq } = numbersOf(h);
  const window = (h.conn.rcvAdvertised - h.conn.rcvNxt) | 0;
  const step = Math.ceil(3 * window / GUESSES);
  for (let guess = seq - window; guess < seq + 2 * window; guess += step) {
    if (guess !== seq) yield guess;
  }
}

Deno.test("attack: blind RST swept over the window ends nothing, and is answered once", () => {
  // Tried: 4000 RSTs, one every hundred numbers. Cost: one challenge ACK of 40 bytes (RFC 5961 section 3).
  const h = established();
  for (const guess of guesses(h)) h.inject(`R ${guess}:${guess}`);
  assertEquals(costOf(h), { segments: 1, payloadBytes: 0 });
  assert(h.drops(Drop.tcpResetChallenged) > GUESSES / 4, "they did not reach the window");
  assertUnharmed(h);
});

Deno.test("attack: blind SYN swept over the window ends nothing, and is answered once", () => {
  // Tried: SYNs at every number, the next expected one among them. Cost: one ACK (RFC 5961 section 4).
  const h = established();
  const { seq } = numbersOf(h);
  for (const guess of guesses(h)) h.inject(`S ${guess}:${guess} mss 1460`);
  for (const guess of [seq - 1, seq, seq + 1]) h.inject(`S ${guess}:${guess} mss 1460`);
  assertEquals(costOf(h), { segments: 1, payloadBytes: 0 });
  assertUnharmed(h);
});

Deno.test("attack: blind data at the right place needs the right ACK too, or nothing of it is read", () => {
  // Tried: the exact sequence number with ACKs over all of the number space. Cost: one ACK per 500 ms.
  const h = established();
  h.write(5000);
  h.inject(". 1:1 ack 5001");
  costOf(h);
  const { seq, ack } = numbersOf(h);
  const acceptable = h.conn.sndWndMax;
  let tried = 0;
  for (let distance = 1; distance < 2 ** 31; distance += 2 ** 20) {
    for (const guess of [ack + distance, ack - acceptable - distance]) {
      h.inject(`P. ${seq}:${seq + 100} ack ${guess}`);
      tried++;
    }
  }
  assertEquals([h.app.readable, h.drops(Drop.tcpAckInvalid)], [0, tried]);
  assertEquals(costOf(h).segments, 1);
  assertUnharmed(h);
});

Deno.test("attack: blind data beside the window is answered, never taken", () => {
  // Tried: a segment every window over the whole space. Cost: an ACK each, as small as the attacker's packet.
  const h = established();
  const { seq, ack } = numbersOf(h);
  let tried = 0;
  for (let guess = seq + 2 ** 20; guess < seq + 2 ** 31 - 2 ** 20; guess += 2 ** 21) {
    h.inject(`P. ${guess}:${guess + 1} ack ${ack}`);
    tried++;
  }
  assertEquals(h.drops(Drop.tcpOutOfWindow), tried);
  assert(costOf(h).segments <= tried);
  assertEquals(h.conn.receive!.outOfOrder, null);
  assertUnharmed(h);
});

Deno.test("attack: a flood of RSTs at closed ports is not answered, one of anything else never amplified", () => {
  // Tried: 1000 of each. Cost: no more segments than the attacker's, and none with payload.
  const h = established();
  for (let i = 0; i < 1000; i++) h.inject("R 5:5", { to: 9999, from: 1024 + i });
  assertEquals(costOf(h), { segments: 0, payloadBytes: 0 });
  for (let i = 0; i < 1000; i++) h.inject("S 5:5", { to: 9999, from: 1024 + i });
  assertEquals(costOf(h), { segments: 1000, payloadBytes: 0 });
  assertEquals(h.tcp.connectionCount, 1);
});

Deno.test("attack: challenge ACKs of one connection tell nothing of another", () => {
  // Tried: CVE-2016-5696: use up a shared limit, then see whether the victim's answer is missing.
  const h = new Harness({ dimensions: { connections: 64 } });
  h.listen(64);
  const answersOf = (from: number): number => {
    h.inject("R 100:100", { from });
    return costOf(h).segments;
  };
  for (let from = 2000; from < 2040; from++) {
    h.inject("S 0:0 mss 1460", { from });
    h.inject(". 1:1 ack 1", { from });
  }
  costOf(h);
  // Each connection of the attacker's own gets its answer, whatever the others got, and so does the victim's.
  for (let from = 2000; from < 2039; from++) assertEquals(answersOf(from), 1, `port ${from}`);
  assertEquals(answersOf(2039), 1);
  assertEquals(answersOf(2039), 0);
});

Deno.test("attack: a timestamp from the future in a forged segment does not lock the peer out", () => {
  // Tried: PAWS poisoning: the exact sequence number, a TSval a day ahead, and an ACK that is a guess.
  // Were it remembered before the ACK is checked, every segment of the real peer would be old. Cost: one ACK.
  const h = established({ timestamps: true });
  const real = new Harness({ tcp: { timestamps: true } });
  real.establish("mss 1460 ws 7 ts 100 0");
  for (const flags of [".", "P.", "R", "S", "-"]) {
    const end = flags === "P." ? 11 : 1;
    const ack = flags.includes(".") ? " ack 900000" : "";
    // An RST at the exact number is the peer's as far as anyone can tell, so it stands one beside it.
    const seq = flags === "R" ? 2 : 1;
    real.inject(`${flags} ${seq}:${seq === 1 ? end : seq}${ack} ts 86400000 0`);
  }
  assertEquals(real.conn.tsRecent, 101);
  assertEquals(costOf(real).segments, 1);
  real.inject("P. 1:11 ack 1 ts 102 0");
  assertEquals([real.read(), real.drops(Drop.tcpTimestampOld)], [10, 0]);
  assertEquals(h.state, "ESTABLISHED");
});

Deno.test("attack: with keepalive off and on, forged probes do not end or hold anything", () => {
  // Tried: 1000 segments before the window, which oblige us to answer. Cost: two ACKs a second.
  const h = established();
  for (let i = 0; i < 1000; i++) {
    h.inject(". 0:0 ack 1");
    h.advanceMs(10);
  }
  assert(costOf(h).segments <= 21, "the challenge ACKs are not limited");
  assertUnharmed(h);
});
