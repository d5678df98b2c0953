// Peers that send garbage, lie, or never read: the others notice nothing, and every drop has its name.
import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/base/random.ts";
import { Flag } from "../../src/wire/segment.ts";
import type { Stack, TcpConn } from "../../mod.ts";
import { parseIpv4, parseIpv6 } from "../../src/base/address.ts";
import { until } from "../support/process.ts";
import { exchangeSeeded } from "../support/payload.ts";
import { RawSender } from "../support/raw_sender.ts";
import { testNeeding } from "../support/skip.ts";
import { openStack } from "../support/stack.ts";
import {
  be32,
  icmpBytes,
  ipv4Frame,
  type Ipv4Parts,
  type Ipv6Parts,
  tcpFrame,
  tcpFrame6,
  type TcpParts,
} from "../wire/frames.ts";

const SEED = 666;
const DEVICE = "wsbad0";
/** Addresses of these tests alone: connections of others that still say goodbye would be counted. */
const STACK = "10.66.0.2";
const HOST = "10.66.0.1";
const STACK6 = parseIpv6("fd66::2")!;
const ADDRESSES = { address: [`${STACK}/24`, "fd66::2/64"], hostAddress: `${HOST}/24` };
const NEEDS = { tun: true, programs: ["ip"] };
const BOTH = [["split", true], ["fused", false], ["inline", true]] as const;
const address = (text: string) => parseIpv4(text)!.w3;

/** Opens a stack whose interface carries nothing but what the test sends. */
async function openQuiet(pipeline: "split" | "fused" | "inline", offload: boolean): Promise<Stack> {
  // With IPv6 on, the kernel sends router solicitations at times of its own choice.
  const ipv6 = "/proc/sys/net/ipv6/conf/default/disable_ipv6";
  const before = Deno.readTextFileSync(ipv6);
  Deno.writeTextFileSync(ipv6, "1");
  try {
    return await openStack({ device: DEVICE, pipeline, offload, ...ADDRESSES });
  } finally {
    Deno.writeTextFileSync(ipv6, before);
  }
}

/** An IP packet from the kernel to the stack. */
function packet(parts: Ipv4Parts): number[] {
  return ipv4Frame({ source: address(HOST), destination: address(STACK), ...parts });
}

/** A TCP segment from the kernel to the stack. */
function segment(tcp: TcpParts, ip: Ipv4Parts = {}): number[] {
  return tcpFrame(tcp, { source: address(HOST), destination: address(STACK), ...ip });
}

/** Bad packets, by the reason that they are dropped for. */
const LIES: Readonly<Record<string, readonly number[]>> = {
  frameTruncated: [0x45, 0, 0],
  ipVersionUnsupported: [0x75, ...new Array(60).fill(0)],
  ipHeaderLengthInvalid: packet({ headerWords: 4, payload: [1, 2, 3, 4] }),
  ipLengthInvalid: packet({ totalLength: 1400, payload: [1, 2, 3, 4] }),
  ipChecksumInvalid: segment({}, { checksumError: 1 }),
  ipFragmentInvalid: packet({ fragment: 0x2000 }),
  ipSourceMartian: segment({}, { source: address("127.0.0.1") }),
  ipSourceOwn: segment({}, { source: address(STACK) }),
  ipDestinationForeign: segment({}, { destination: address("10.66.0.200") }),
  ipProtocolUnsupported: packet({ protocol: 99, payload: [1, 2, 3, 4] }),
  tcpHeaderLengthInvalid: segment({ headerWords: 15 }),
  tcpChecksumInvalid: segment({ checksumError: 7 }),
  tcpOptionInvalid: segment({ options: [2, 40, 1, 1] }),
  tcpPortZero: segment({ srcPort: 0 }),
  tcpFlagsInvalid: segment({ flags: Flag.SYN | Flag.FIN }),
  icmpInvalid: packet({ protocol: 1, payload: icmpBytes(8, 0, [1, 2, 3, 4], 5) }),
  icmpUnmatched: packet({ protocol: 1, payload: portUnreachable() }),
  tcpNoConnection: segment({ flags: Flag.RST }),
  ipExtensionInvalid: segment6([[60, [7, ...new Array(6).fill(0)]]]),
  ipExtensionLimit: segment6(new Array(9).fill([60, new Array(7).fill(0)])),
  ipSourceRouted: segment6([[43, [0, 0, 1, 0, 0, 0, 0]]]),
  ipOptionUnknown: segment6([[60, [0, 0xc2, 4, 0, 0, 0, 0]]]),
};

/** A TCP segment over IPv6 behind these extension headers. */
function segment6(extensions: Ipv6Parts["extensions"]): number[] {
  return tcpFrame6({}, { destination: STACK6, extensions });
}

/** An ICMP error about a connection that does not exist. */
function portUnreachable(): number[] {
  const quoted = segment({}, { source: address(STACK), destination: address(HOST) });
  return icmpBytes(3, 3, [...be32(0), ...quoted.slice(0, 28)]);
}

for (const [pipeline, offload] of BOTH) {
  testNeeding(NEEDS, `e2e: every lie is counted under its own name (${pipeline})`, async () => {
    await using net = await openQuiet(pipeline, offload);
    using sender = new RawSender(DEVICE);
    for (const [reason, frame] of Object.entries(LIES)) {
      for (let i = 0; i < 5; i++) sender.send(frame);
      const counted = () => net.stats().drops[reason] ?? 0;
      await until(`${reason} is counted`, () => counted() >= 5, () => net.stats().drops);
      assertEquals(counted(), 5, reason);
    }
    const { drops, counters } = net.stats();
    assertEquals(Object.keys(drops).toSorted(), Object.keys(LIES).toSorted());
    assertEquals([counters.connectionsNow, counters.receiveMemoryNow], [0, 0]);
  });
}

/** A random packet, or a real one with a few bytes changed, or forged for the connection `of`. */
function garbage(random: SeededRandom, of: TcpConn): number[] {
  const flags = random.integer(0, 255);
  const forged = {
    srcPort: of.remoteAddr.port,
    dstPort: of.localAddr.port,
    seq: random.uint32(),
    ack: random.uint32(),
    flags,
  };
  const payload = Array.from({ length: random.integer(0, 40) }, () => random.integer(0, 255));
  switch (random.integer(0, 3)) {
    case 0:
      return payload.length > 0 ? payload : [0];
    case 1:
      return segment({ ...forged, payload });
    case 2:
      return segment({ ...forged, flags: random.integer(0, 1) === 0 ? Flag.RST : Flag.SYN });
    default: {
      const frame = segment({ ...forged, payload });
      frame[random.integer(0, frame.length - 1)] = random.integer(0, 255);
      return frame;
    }
  }
}

for (const [pipeline, offload] of BOTH) {
  testNeeding(NEEDS, `e2e: a flood of garbage spoils no other transfer (${pipeline})`, async () => {
    // Goal: bytes, connection and memory are as without it. Forgeries guess neither number.
    const random = new SeededRandom(SEED);
    await using net = await openQuiet(pipeline, offload);
    using sender = new RawSender(DEVICE);
    const listener = net.listen({ port: 5600 });
    const accepting = listener.accept();
    const kernel = await Deno.connect({ hostname: STACK, port: 5600 });
    const conn = await accepting;
    // A forged SYN would open a connection of its own, which is not what this is about.
    listener.close();
    const [there, back] = [1, 2].map((seed) => ({ seed: SEED + seed, length: 700_000 }));
    let transferred = false;
    const transfer = Promise.all([
      exchangeSeeded(conn, there, back),
      exchangeSeeded(kernel, back, there),
    ]).finally(() => transferred = true);
    let sent = 0;
    while (sent < 5000 || (!transferred && sent < 200_000)) {
      for (let i = 0; i < 50; i++) if (sender.send(garbage(random, conn))) sent++;
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    await transfer;
    conn.close();
    kernel.close();
    const { drops } = net.stats();
    const dropped = Object.values(drops).reduce((sum, count) => sum + count, 0);
    assert(dropped > 1000, `seed ${SEED}: ${sent} sent, ${JSON.stringify(drops)}`);
    await until("everything is released", () => {
      const { counters, memory } = net.stats();
      const live = counters.connectionsNow - counters.timeWaitNow;
      return live === 0 && memory.sendBytes === 0 && memory.receiveBytes === 0;
    }, () => net.stats());
  });
}

testNeeding(NEEDS, "e2e: a peer that never reads holds only its own connection up", async () => {
  await using net = await openStack({ device: DEVICE, ...ADDRESSES });
  using listener = net.listen({ port: 5601 });
  const open = async () => {
    const accepting = listener.accept();
    const kernel = await Deno.connect({ hostname: STACK, port: 5601 });
    return { kernel, conn: await accepting };
  };
  const stuck = await open();
  let written = 0;
  const writing = (async () => {
    const chunk = new Uint8Array(65_536);
    // Deno's own limit on what a connection buffers is far below this.
    while (written < 1 << 30) written += await stuck.conn.write(chunk);
  })();
  let last = -1;
  await until("the writer waits", async () => {
    const still = last === written && written > 0;
    last = written;
    // Two looks with whole exchanges of others in between.
    const other = await open();
    const [there, back] = [3, 4].map((seed) => ({ seed: SEED + seed, length: 100_000 }));
    await Promise.all([
      exchangeSeeded(other.conn, there, back),
      exchangeSeeded(other.kernel, back, there),
    ]);
    other.conn.close();
    other.kernel.close();
    return still;
  });
  assert(net.stats().memory.sendBytes <= 8 << 20, "what it holds is bounded");
  stuck.kernel.close();
  const outcome = await writing.then(() => "went on", (error: Error) => error.name);
  assert(["ConnectionReset", "BrokenPipe"].includes(outcome), outcome);
  stuck.conn.close();
});

testNeeding(NEEDS, "e2e: a window below a segment is filled, not nibbled at", async () => {
  // Goal: RFC 9293 section 3.8.6.2.1: when the override timeout expires, what fits is sent at once.
  await using net = await openStack({ device: DEVICE, offload: false, ...ADDRESSES });
  using listener = net.listen({ port: 5602 });
  const accepting = listener.accept();
  using _kernel = await Deno.connect({ hostname: STACK, port: 5602 });
  using conn = await accepting;
  const writing = (async () => {
    const chunk = new Uint8Array(65_536);
    for (let i = 0; i < 10_000; i++) await conn.write(chunk);
  })().catch(() => {});
  await until("the window is shut", () => conn.info().sendWindowBytes === 0, () => conn.info());
  conn.abort();
  await writing;
});
