/** Accurate ECN on the scripted peer. The packet scripts in tests/script/accecn show it packet by packet. */

import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/base/random.ts";
import type { TcpOptions } from "../../src/tcp/config.ts";
import { mustCutHere, reflectedCodepoint } from "../../src/tcp/accurate_ecn.ts";
import { aceOf } from "../../src/tcp/ecn.ts";
import { AccurateEcn } from "../../src/tcp/ecn_state.ts";
import { Flag } from "../../src/wire/segment.ts";
import { Harness, type HarnessOptions } from "../support/engine.ts";

const SEED = 9768;

/** The letters of an ACE field. */
function ace(value: number): string {
  return [(value & 4) !== 0 ? "A" : "", (value & 2) !== 0 ? "W" : "", (value & 1) !== 0 ? "E" : ""]
    .join("");
}

/** A passive open with accurate ECN agreed on; `option` is whether the peer sends byte counters. */
function agreed(option = false, tcp: TcpOptions = {}, rest: HarnessOptions = {}): Harness {
  const harness = new Harness({ tcp: { ecn: "accurate-passive", sack: true, ...tcp }, ...rest });
  harness.listen();
  harness.inject("SEWA 0:0 mss 1012 sackOK");
  harness.expect("SW. 0:0 ack 1 tos 0 accecn 1 0 1");
  harness.inject(`.W 1:1 ack 1${option ? " accecn 1 0 1" : ""}`);
  harness.acceptTaken();
  assert(harness.conn.ecn?.accurate !== null);
  return harness;
}

Deno.test("Goal: each codepoint of a handshake has its ACE field, and what has none is Not-ECT", () => {
  assertEquals([0, 1, 2, 3, 4, 5, 6, 7].map(reflectedCodepoint), [0, 0, 0, 1, 2, 0, 3, 0]);
});

Deno.test("Goal: the ACE field follows marks through many wraps, whatever comes between", () => {
  const random = new SeededRandom(SEED);
  const harness = agreed();
  let marks = 0;
  let bytes = [1, 0, 1];
  for (let i = 0; i < 500; i++) {
    const tos = random.integer(0, 3);
    harness.inject(`P.AE ${10 * i + 1}:${10 * i + 11} ack 1 tos ${tos}`);
    if (tos === 3) marks++;
    bytes = bytes.map((count, field) => (count + (field === [-1, 2, 0, 1][tos] ? 10 : 0)));
    harness.advanceMs(50);
    const last = harness.outbox.splice(0).at(-1)!;
    assertEquals(aceOf(last.segment.flags), (5 + marks) & 7, `segment ${i}, seed ${SEED}`);
    harness.read();
  }
  const { accurate } = harness.conn.ecn!;
  assertEquals([accurate!.e0Bytes, accurate!.ceBytes, accurate!.e1Bytes], bytes);
});

Deno.test("Goal: counters of bytes wrap at 2^24 in both directions", () => {
  const harness = agreed(true);
  const accurate = harness.conn.ecn!.accurate!;
  accurate.e0Bytes = 0xff_fff0;
  harness.inject("P.AE 1:101 ack 1 tos 2");
  assertEquals(accurate.e0Bytes, 0x54);
  accurate.toldCeBytes = 0xff_ff00;
  harness.write(10_000);
  harness.inject(`.${ace(6)} 101:101 ack 9001 accecn 8745 744 1`);
  assertEquals(accurate.marksTold, 1, "1000 bytes and not 16 million");
});

Deno.test("Goal: whatever a peer tells of marks, its own window is all that it can spoil", () => {
  const random = new SeededRandom(SEED);
  const harness = agreed(true, { delayedAckMs: 0 });
  for (let i = 0; i < 300; i++) {
    harness.write(2000);
    const { conn } = harness;
    const acked = conn.bytesSent === 0 ? 1 : ((conn.sndMax - conn.iss) | 0);
    const counter = () => random.integer(0, 0xff_ffff);
    const option = random.integer(0, 1) === 0
      ? ""
      : ` accecn ${counter()} ${counter()} ${counter()}`;
    harness.inject(`.${ace(random.integer(0, 7))} 1:1 ack ${acked}${option}`);
    harness.advanceMs(5);
    assertEquals(harness.state, "ESTABLISHED");
    assert(conn.congestion.cwndBytes >= conn.sndMss, `seed ${SEED}, round ${i}`);
    assert(conn.congestion.ssthreshBytes >= 2 * conn.sndMss, `seed ${SEED}, round ${i}`);
  }
});

Deno.test("Goal: a device never cuts a segment whose ACE field it would spoil", () => {
  const accurate = new AccurateEcn(0, false);
  const spoiled = Array.from({ length: 16 }, (_, marks) => {
    accurate.marksReceived = marks;
    return mustCutHere(accurate);
  });
  assertEquals(spoiled, Array.from({ length: 16 }, (_, marks) => ((5 + marks) & 2) !== 0));
  const harness = agreed(false, {}, { superBytes: 60_000 });
  harness.write(5060);
  assertEquals(harness.outbox.splice(0).map(({ segment }) => segment.gsoSize), [1012]);
  harness.inject(". 1:1 ack 5061".replace(".", ".AE"));
  harness.inject("P.AE 1:101 ack 5061 tos 3");
  harness.outbox.splice(0);
  harness.write(5060);
  for (const { segment } of harness.outbox.splice(0)) {
    assertEquals(segment.gsoSize, 0);
    assert((segment.flags & Flag.CWR) !== 0);
  }
});

Deno.test("Goal: a super-segment with a mark counts for every packet of it", () => {
  const harness = agreed();
  const segment = harness.segment("P.AE 1:3001 ack 1 tos 3", 80, 40_000);
  segment.gsoSize = 1000;
  harness.input(segment);
  assertEquals(harness.conn.ecn!.accurate!.marksReceived, 3);
});

Deno.test("Goal: pure acknowledgments with marks do not keep two stacks talking", () => {
  const harness = agreed();
  for (let i = 0; i < 50; i++) {
    harness.inject(`.AE 1:1 ack 1 tos ${i % 2 === 0 ? 3 : 2}`);
    harness.advanceMs(50);
  }
  harness.expect();
  assertEquals(harness.conn.ecn!.accurate!.marksReceived, 25);
});

Deno.test("Goal: with the option in use a segment and all its options fit the path", () => {
  const harness = agreed(true);
  assertEquals(harness.conn.sndMss, 1000);
  harness.write(3000);
  for (const { segment } of harness.outbox.splice(0)) {
    assert(segment.payloadLength <= 1000);
    assertEquals(segment.ecnFields, 3);
  }
});

Deno.test("Goal: a tiny MSS leaves room for data beside the option", () => {
  const harness = new Harness({ tcp: { ecn: "accurate-passive", timestamps: true } });
  harness.listen();
  harness.inject("SEWA 0:0 mss 48 ts 1 0");
  harness.inject(".W 1:1 ack 1 ts 2 0 accecn 1 0 1");
  harness.acceptTaken();
  assertEquals(harness.conn.sndMss, 36);
});
