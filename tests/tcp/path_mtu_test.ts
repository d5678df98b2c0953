/** The path's MTU as routers tell it. The scripts in tests/script/path_mtu show it packet by packet. */

import { assert, assertEquals } from "@std/assert";
import { Drop } from "../../src/base/drops.ts";
import { SeededRandom } from "../../src/base/random.ts";
import { tcpConfig } from "../../src/tcp/config.ts";
import { lowerPathMtu, PathMtuCache } from "../../src/tcp/path_mtu.ts";
import { Counters } from "../../src/base/counters.ts";
import { Segment } from "../../src/wire/segment.ts";
import { Harness, type HarnessOptions, OWN_PORT, PEER_PORT } from "../support/engine.ts";
import { makeConnection } from "./connections.ts";

const SEED = 1191;

/** "Fragmentation needed" with this MTU about the segment at this relative sequence number. */
function tooBig(harness: Harness, mtu: number, quotedSeq: number): void {
  const segment = Object.assign(new Segment(), {
    src2: 0xffff,
    src3: 0x0a000001,
    dst2: 0xffff,
    dst3: 0x0a000002,
    srcPort: OWN_PORT,
    dstPort: PEER_PORT,
    seq: (harness.tcpIss + quotedSeq) | 0,
    icmpType: 3,
    icmpCode: 4,
    icmpMtu: mtu,
  });
  harness.tcp.icmpError(segment, harness.nowUs);
  harness.tcp.flush(harness.nowUs);
}

function established(options: HarnessOptions = {}): Harness {
  const harness = new Harness({ ...options, tcp: { sack: true, ...options.tcp } });
  harness.establish("mss 1460 sackOK");
  return harness;
}

Deno.test("Goal: super-segments are cut and sent again for the new size, every byte once", () => {
  const harness = established({ superBytes: 60_000 });
  harness.write(14_600);
  harness.expect("P. 1:14601 ack 1");
  const { cwndBytes, ssthreshBytes } = harness.conn.congestion;
  tooBig(harness, 1200, 1);
  const sent = harness.outbox.splice(0);
  let next = 0;
  for (const { segment } of sent) {
    assertEquals((segment.seq - harness.conn.iss - 1) | 0, next);
    assert(segment.gsoSize === 1160 || segment.payloadLength <= 1160);
    next += segment.payloadLength;
  }
  assertEquals(next, 14_600);
  assertEquals(harness.conn.congestion.cwndBytes, cwndBytes);
  assertEquals(harness.conn.congestion.ssthreshBytes, ssthreshBytes);
  assertEquals(harness.count("pathMtuLowered"), 1);
  assertEquals(harness.count("retransmissionTimeouts"), 0);
});

Deno.test("Goal: guesses over all of sequence space lower nothing but at what is in flight", () => {
  const random = new SeededRandom(SEED);
  const harness = established();
  harness.write(1460);
  for (let i = 0; i < 2000; i++) tooBig(harness, 552, random.integer(1462, 0x7fff_ffff));
  assertEquals(harness.conn.pathMtu, 1500, `seed ${SEED}`);
  assertEquals(harness.drops(Drop.icmpUnmatched), 2000);
  tooBig(harness, 1400, 1);
  assertEquals(harness.conn.pathMtu, 1400);
});

Deno.test("Goal: no MTU that a router names makes a segment of less than the floor, or an endless exchange", () => {
  for (const mtu of [1, 28, 40, 68, 551, 552, 553, 1499, 1500, 1501, 65_535]) {
    const harness = established();
    harness.write(14_600);
    harness.outbox.splice(0);
    for (let i = 0; i < 20; i++) tooBig(harness, mtu, 1);
    const expected = Math.min(1500, Math.max(552, mtu));
    assertEquals(harness.conn.pathMtu, expected, `${mtu}`);
    assertEquals(harness.count("pathMtuLowered"), expected < 1500 ? 1 : 0);
    const again = harness.outbox.splice(0).reduce(
      (sum, { segment }) => sum + segment.payloadLength,
      0,
    );
    assert(again <= 14_600, `${again} bytes again for twenty messages`);
  }
});

Deno.test("Goal: routers that tell nothing lead down the plateaus of RFC 1191 section 7.1 to the floor", () => {
  const harness = established();
  harness.write(1460);
  const seen: number[] = [];
  for (let i = 0; i < 6; i++) {
    tooBig(harness, 0, 1);
    seen.push(harness.conn.pathMtu);
  }
  assertEquals(seen, [1492, 1006, 552, 552, 552, 552]);
});

Deno.test("Goal: in IPv6 no path MTU is less than 1280 (RFC 8200 section 5)", () => {
  const conn = makeConnection();
  Object.assign(conn, { remote0: 0x20010db8, remote2: 0, linkMtu: 1500, pathMtu: 1500 });
  assertEquals(lowerPathMtu(conn, 600, 1500, tcpConfig(), 0), true);
  assertEquals(conn.pathMtu, 1280);
});

Deno.test("Goal: the cache holds for its time and so many destinations, and not one more", () => {
  const cache = new PathMtuCache();
  const context = { config: tcpConfig(), counters: new Counters(), mtu: 1500 };
  const to = (remote3: number) => Object.assign(makeConnection(), { remote3 });
  for (let i = 0; i < 3000; i++) {
    assertEquals(cache.onPacketTooBig(to(i), 1400, 1000, context), true);
    assert(cache.size <= 1024);
  }
  const knows = (remote3: number, nowUs: number) => {
    const conn = to(remote3);
    cache.apply(conn, nowUs);
    return conn.pathMtu;
  };
  assertEquals([knows(0, 1000), knows(2999, 1000), knows(2999 - 1023, 1000)], [0, 1400, 1400]);
  assertEquals(knows(2999, 600_000_999), 1400);
  assertEquals(knows(2999, 600_001_000), 0, "ten minutes later");
  assertEquals(cache.size, 1023, "what is over is forgotten");
});

Deno.test("Goal: what was lowered rises when its time is over, and data in flight then is not lost", () => {
  const harness = established({ tcp: { pathMtuExpiresMs: 1000 } });
  harness.write(1460);
  tooBig(harness, 1000, 1);
  harness.inject(". 1:1 ack 1461");
  harness.outbox.splice(0);
  harness.advanceMs(1100);
  harness.write(1460);
  harness.expect("P. 1461:2921 ack 1");
  assertEquals(harness.conn.pathMtu, 1500);
});

Deno.test("Goal: what a router says of the way there does not make the own MSS smaller (RFC 9293 section 3.7.1)", () => {
  const harness = established();
  harness.write(1460);
  tooBig(harness, 1200, 1);
  harness.outbox.length = 0;
  harness.inject("S 0:0 mss 1460", { from: PEER_PORT + 1 });
  assertEquals(harness.outbox.map(({ segment }) => segment.mss), [1460]);
});
