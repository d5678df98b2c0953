/** RFC 4821 on the scripted peer. The scripts in tests/script/mtu_probe show it packet by packet. */

import { assert, assertEquals } from "@std/assert";
import type { TcpOptions } from "../../src/tcp/config.ts";
import { Harness } from "../support/engine.ts";

const WORDS = "mss 1460 sackOK";

function established(tcp: TcpOptions = {}): Harness {
  const harness = new Harness({ tcp: { sack: true, mtuProbing: "always", ...tcp } });
  harness.establish(WORDS);
  return harness;
}

/**
 * A path that takes packets of `mtu` bytes: what is longer is lost, the rest is acknowledged, until
 * `bytes` have arrived. Returns the sizes that were sent.
 */
function transfer(harness: Harness, mtu: number, bytes: number): Set<number> {
  const sizes = new Set<number>();
  const { conn } = harness;
  const got: [number, number][] = [];
  let next = 1;
  let written = 0;
  for (let round = 0; round < 3000 && next <= bytes; round++) {
    if (written < bytes && conn.send!.held < 30_000) {
      const some = Math.min(20_000, bytes - written);
      harness.write(some);
      written += some;
    }
    for (const { segment } of harness.outbox.splice(0)) {
      if (segment.payloadLength === 0) continue;
      sizes.add(segment.payloadLength);
      const from = (segment.seq - conn.iss) | 0;
      if (segment.payloadLength + 40 <= mtu) got.push([from, from + segment.payloadLength]);
    }
    got.sort((a, b) => a[0] - b[0]);
    while (got.length > 0 && got[0][0] <= next) next = Math.max(next, got.shift()![1]);
    const sack = got.slice(0, 3).map(([left, right]) => ` sack ${left}:${right}`).join("");
    harness.advanceMs(20);
    harness.inject(`. 1:1 ack ${next}${sack}`);
  }
  assertEquals(next, bytes + 1, "not every byte has arrived");
  return sizes;
}

Deno.test("Goal: the search ends within eight bytes below what the path takes, for every path", () => {
  for (const mtu of [1064, 1100, 1280, 1300, 1400, 1492, 1500]) {
    const harness = established();
    const { ssthreshBytes } = harness.conn.congestion;
    transfer(harness, mtu, 200_000);
    const size = harness.conn.sndMss + 40;
    assert(size <= mtu && size > mtu - 16, `${size} on a path of ${mtu}`);
    // Goal: no lost probe has counted as congestion (RFC 4821 section 7.4).
    assertEquals(harness.conn.congestion.ssthreshBytes, ssthreshBytes, `${mtu}`);
    assertEquals(harness.count("retransmissionTimeouts"), 0, `${mtu}`);
    assert(harness.count("mtuProbes") <= 12, `${harness.count("mtuProbes")} probes for ${mtu}`);
  }
});

Deno.test("Goal: a black hole is found and passed, at any depth that the floor allows", () => {
  for (const mtu of [200, 400, 600, 1100]) {
    const harness = established({ mtuProbing: "blackhole", rtoMinMs: 10, dataRetries: 30 });
    harness.conn.rtt.rtoUs = 10_000;
    transfer(harness, mtu, 5000);
    assert(harness.conn.sndMss + 40 <= mtu, `${harness.conn.sndMss} on a path of ${mtu}`);
  }
});

Deno.test("Goal: without probing nothing is tried and nothing is kept", () => {
  const harness = established({ mtuProbing: "off" });
  const sizes = transfer(harness, 1500, 100_000);
  assertEquals(Math.max(...sizes), 1460);
  assertEquals([harness.conn.mtuSearch, harness.count("mtuProbes")], [null, 0]);
});

Deno.test("Goal: a path that becomes wider is found out by the next search", () => {
  const harness = established({ mtuProbeIntervalMs: 10_000 });
  transfer(harness, 1200, 100_000);
  assert(harness.conn.sndMss + 40 <= 1200);
  harness.advanceMs(11_000);
  const { conn } = harness;
  for (let i = 0; i < 300 && conn.sndMss < 1450; i++) {
    harness.write(20_000);
    harness.advanceMs(20);
    harness.inject(`. 1:1 ack ${(conn.sndMax - conn.iss) | 0}`);
  }
  assert(conn.sndMss >= 1450, `${conn.sndMss}`);
});

Deno.test("Goal: a probe on its way when the timer expires says nothing", () => {
  const harness = established();
  harness.conn.congestion.cwndBytes = 40_000;
  harness.write(20_000);
  const search = harness.conn.mtuSearch!;
  assertEquals(search.probing, true);
  const { lowMtu, highMtu } = search;
  harness.advanceMs(700);
  assert(harness.conn.backoffs > 0);
  assertEquals(search.probing, false);
  assertEquals([search.lowMtu, search.highMtu], [lowMtu, highMtu]);
});
