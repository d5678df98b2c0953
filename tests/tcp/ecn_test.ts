/** ECN on the scripted peer: RFC 3168. The packet scripts in tests/script/ecn show it packet by packet. */

import { assert, assertEquals } from "@std/assert";
import {
  CONGESTION_NAMES,
  ECN_NAMES,
  type EcnName,
  type TcpOptions,
} from "../../src/tcp/config.ts";
import { createCongestion } from "../../src/tcp/congestion/create.ts";
import { aceOf } from "../../src/tcp/ecn.ts";
import { Flag } from "../../src/wire/segment.ts";
import { Harness } from "../support/engine.ts";

/** A passive open with RFC 3168 agreed on. */
function agreed(tcp: TcpOptions = {}, options = "mss 1000 sackOK"): Harness {
  const harness = new Harness({ tcp: { ecn: "passive", sack: true, ...tcp } });
  harness.listen();
  harness.inject(`SEW 0:0 ${options}`);
  harness.expect("SE. 0:0 ack 1 tos 0");
  harness.inject(". 1:1 ack 1");
  harness.acceptTaken();
  assertEquals(harness.conn.ecn?.accurate, null);
  return harness;
}

/** What a server with this setting answers to a SYN with these flags. */
function answerTo(ecn: EcnName, syn: string): string {
  const harness = new Harness({ tcp: { ecn } });
  harness.listen();
  harness.inject(`${syn} 0:0 mss 1000`);
  const [sent] = harness.outbox;
  return sent.line.split(" ")[0];
}

Deno.test("Goal: each setting answers each kind of SYN as Linux's tcp_ecn of that number", () => {
  const classic: Record<EcnName, string> = {
    "off": "S.",
    "on": "S.E",
    "passive": "S.E",
    "accurate": "S.E",
    "accurate-in": "S.E",
    "accurate-passive": "S.E",
  };
  for (const ecn of ECN_NAMES) {
    assertEquals(answerTo(ecn, "S"), "S.", ecn);
    assertEquals(answerTo(ecn, "SE"), "S.", ecn);
    assertEquals(answerTo(ecn, "SW"), "S.", ecn);
    assertEquals(answerTo(ecn, "SEW"), classic[ecn], ecn);
    const accurate = ecn.startsWith("accurate") ? "S.W" : classic[ecn];
    assertEquals(answerTo(ecn, "SEWA"), accurate, ecn);
  }
});

Deno.test("Goal: each setting asks as Linux's tcp_ecn of that number", () => {
  const asked = ECN_NAMES.map((ecn) => {
    const harness = new Harness({ tcp: { ecn } });
    harness.connect();
    return aceOf(harness.outbox[0].segment.flags);
  });
  assertEquals(asked, [0, 3, 0, 7, 3, 0]);
});

Deno.test("Goal: the flags and the ACE field are the same three bits", () => {
  assertEquals([Flag.AE, Flag.CWR, Flag.ECE].map(aceOf), [4, 2, 1]);
  assertEquals(aceOf(0x1ff), 7);
  assertEquals(aceOf(0x3f), 0);
});

Deno.test("Goal: a connection without ECN keeps nothing for it", () => {
  const harness = new Harness();
  harness.establish();
  assertEquals(harness.conn.ecn, null);
  harness.inject("P. 1:101 ack 1 tos 3");
  assertEquals(harness.count("ecnMarksIn"), 0);
});

Deno.test("Goal: a mark is echoed until CWR, also over a thousand segments", () => {
  const harness = agreed();
  harness.inject("P. 1:101 ack 1 tos 3");
  harness.advanceMs(50);
  harness.expect(".E 1:1 ack 101 tos 0");
  for (let i = 1; i <= 1000; i++) {
    harness.inject(`P. ${100 * i + 1}:${100 * i + 101} ack 1 tos 2`);
    harness.advanceMs(50);
    for (const { segment } of harness.outbox.splice(0)) {
      assert((segment.flags & Flag.ECE) !== 0, `segment ${i}`);
    }
    harness.read();
  }
  harness.inject("PW. 100101:100201 ack 1 tos 2");
  harness.expect(". 1:1 ack 100201");
  assertEquals(harness.count("ecnMarksIn"), 1);
});

Deno.test("Goal: ECE in every ACK of ten windows reduces the window ten times, down to two segments", () => {
  const harness = agreed();
  harness.conn.congestion.cwndBytes = 40_000;
  harness.write(200_000);
  let reductions = 0;
  for (let round = 0; round < 400 && harness.conn.sndUna !== harness.conn.sndMax; round++) {
    const { conn } = harness;
    const before = conn.congestion.ssthreshBytes;
    const ack = ((conn.sndUna - conn.iss) | 0) + Math.min(1000, (conn.sndMax - conn.sndUna) | 0);
    harness.advanceMs(1);
    harness.inject(`.E 1:1 ack ${ack}`);
    if (conn.congestion.ssthreshBytes < before) reductions++;
    assert(conn.congestion.ssthreshBytes >= 2 * conn.sndMss);
  }
  assert(reductions >= 3, `${reductions}`);
  assertEquals(harness.conn.congestion.ssthreshBytes, 2 * harness.conn.sndMss);
  assertEquals(harness.conn.segmentsRetransmitted, 0, "nothing was lost");
});

Deno.test("Goal: ECE while nothing is in flight, or in an old ACK, changes nothing", () => {
  const harness = agreed();
  const { cwndBytes } = harness.conn.congestion;
  harness.inject(".E 1:1 ack 1");
  harness.write(5000);
  harness.advanceMs(10);
  harness.inject(". 1:1 ack 2001");
  const grown = harness.conn.congestion.cwndBytes;
  harness.inject(".E 1:1 ack 1001");
  assertEquals(harness.conn.ecn!.reducing, false);
  assertEquals(harness.conn.congestion.cwndBytes, grown);
  assert(grown >= cwndBytes);
  assertEquals(harness.count("ecnReductions"), 0);
});

Deno.test("Goal: a reduction for marks is never undone by what looks like a needless recovery", () => {
  const harness = agreed({ congestion: "newreno" });
  harness.write(10_000);
  harness.advanceMs(10);
  harness.inject(".E 1:1 ack 1001");
  const { ssthreshBytes } = harness.conn.congestion;
  harness.inject(".E 1:1 ack 1001 sack 2001:5001");
  harness.advanceMs(10);
  harness.inject(". 1:1 ack 10001 sack 1001:2001");
  assertEquals(harness.conn.recoveriesUndone, 0);
  assertEquals(harness.conn.congestion.ssthreshBytes, ssthreshBytes);
});

Deno.test("Goal: a timeout is told with CWR on the next new data", () => {
  const harness = agreed();
  harness.write(1000);
  harness.expect("P. 1:1001 ack 1 tos 2");
  harness.advanceMs(1500);
  for (const { segment } of harness.outbox.splice(0)) {
    assertEquals(segment.trafficClass, 0, "what goes again is not ECN-capable");
    assertEquals(segment.flags & Flag.CWR, 0);
  }
  harness.inject(". 1:1 ack 1001");
  harness.write(1000);
  harness.expect("PW. 1001:2001 ack 1 tos 2");
});

Deno.test("Goal: every congestion control answers marks at most as a loss, and not less than RFC 8511 allows", () => {
  for (const name of CONGESTION_NAMES) {
    const [marked, lost] = [0, 1].map(() => createCongestion(name, 20_000));
    marked.onEcn(20_000, 1000, 1_000_000);
    lost.onLoss(20_000, 1000, 1_000_000);
    assert(marked.ssthreshBytes >= lost.ssthreshBytes, name);
    // BBR has no threshold: its model takes a mark for what a loss is.
    if (name === "none" || name === "bbr") continue;
    assert(marked.ssthreshBytes <= 0.85 * 20_000, name);
  }
});

Deno.test("Goal: super-segments are sent ECN-capable as they are, CWR with the first", () => {
  const harness = new Harness({ tcp: { ecn: "passive", sack: true }, superBytes: 60_000 });
  harness.listen();
  harness.inject("SEW 0:0 mss 1000 sackOK");
  harness.inject(". 1:1 ack 1");
  harness.acceptTaken();
  harness.expect("SE. 0:0 ack 1");
  harness.write(10_000);
  harness.expect("P. 1:10001 ack 1 tos 2");
  harness.inject(".E 1:1 ack 10001");
  harness.write(3000);
  harness.expect("PW. 10001:13001 ack 1 tos 2");
});
