// The errors that a stack sends: about what, to whom, how many (RFC 1122 section 3.2.2, RFC 4443 section 2.4).
import { assert, assertEquals } from "@std/assert";
import { be16, be32, icmp6Bytes, icmpBytes, ipv4Frame, ipv6Frame } from "../wire/frames.ts";
import { addressOf, naiveChecksum, OWN6, PEER6, tcpBytes } from "../wire/frames.ts";
import { TraceKind, type TraceRecord } from "../../src/pipeline/trace_ring.ts";
import { TraceLines } from "../../src/trace/lines.ts";
import { IcmpWorld } from "./icmp_world.ts";

const UDP = [0x9c, 0x40, 0, 53, 0, 12, 0, 0, 1, 2, 3, 4];

/** A UDP datagram over IPv6 to a port where nobody listens, with its checksum. */
function udp6(destination = OWN6): number[] {
  const length = UDP.length;
  const pseudo = [...PEER6Bytes, ...wide(destination), ...be32(length), ...be32(17)];
  const checksum = naiveChecksum(pseudo, UDP);
  return [...UDP.slice(0, 6), ...be16(checksum), ...UDP.slice(8)];
}

const wide = (address: typeof OWN6) => [
  ...be32(address.w0),
  ...be32(address.w1),
  ...be32(address.w2),
  ...be32(address.w3),
];
const PEER6Bytes = wide(PEER6);

/** Type, code and the word behind them of an ICMP message in a frame, whose checksum must be right. */
function message(frame: number[]): [number, number, number] {
  const isIpv4 = frame[0] >> 4 === 4;
  const icmp = frame.slice(isIpv4 ? 20 : 40);
  const pseudo = isIpv4 ? [] : [...frame.slice(8, 40), ...be32(icmp.length), ...be32(58)];
  assertEquals(naiveChecksum(pseudo, icmp), 0, "checksum");
  const word = ((icmp[4] << 24) | (icmp[5] << 16) | (icmp[6] << 8) | icmp[7]) >>> 0;
  return [icmp[0], icmp[1], word];
}

Deno.test("icmp stage: port and protocol unreachable quote the packet and go back to its sender", async () => {
  await using world = await IcmpWorld.open();
  const cases: [number[], [number, number, number]][] = [
    [ipv4Frame({ protocol: 17, payload: UDP }), [3, 3, 0]],
    [ipv4Frame({ protocol: 132, payload: UDP }), [3, 2, 0]],
    [ipv6Frame({ protocol: 17, payload: udp6() }), [1, 4, 0]],
    // RFC 4443 section 3.4: the pointer is to the field that names what is not known.
    [ipv6Frame({ protocol: 132, payload: UDP }), [4, 1, 6]],
    [ipv6Frame({ protocol: 132, extensions: [[60, [0, 1, 4, 0, 0, 0, 0]]] }), [4, 1, 40]],
  ];
  for (const [frame, expected] of cases) {
    const [error, ...others] = await world.exchange(frame);
    assertEquals(others, []);
    assertEquals(message(error), expected);
    const headers = error[0] >> 4 === 4 ? 28 : 48;
    assertEquals(error.slice(headers), frame);
    assertEquals(
      error.slice(headers - 12, headers - 8),
      frame.slice(headers === 28 ? 12 : 20).slice(0, 4),
    );
  }
  const { counters, drops } = world.net.stats();
  assertEquals(counters.icmpErrorsOut, 5);
  assertEquals(drops, { ipProtocolUnsupported: 3, udpNoSocket: 2 });
});

Deno.test("icmp stage: options and headers of IPv6 that are not known", async () => {
  await using world = await IcmpWorld.open();
  const options = (type: number, destination = OWN6) =>
    ipv6Frame({ destination, protocol: 59, extensions: [[60, [0, type, 4, 0, 0, 0, 0]]] });
  const group = addressOf("ff02::1");
  const expected: [number[], [number, number, number] | null][] = [
    [options(0x7e), null],
    [options(0x8b), [4, 2, 42]],
    [options(0xc2), [4, 2, 42]],
    [options(0x8b, group), null],
    [options(0xc2, group), null],
    [ipv6Frame({ extensions: [[43, [0, 0, 1, 0, 0, 0, 0]]] }), [4, 0, 42]],
    [ipv6Frame({ extensions: [[60, [0, 1, 4, 0, 0, 0, 0]], [0, [0, 1, 4, 0, 0, 0, 0]]] }), [
      4,
      1,
      40,
    ]],
    [ipv6Frame({ protocol: 59 }), null],
  ];
  // RFC 4443 section 2.4 e.3: of a packet to a group the sender is told when the type of the option says so.
  expected[3][1] = [4, 2, 42];
  for (const [index, [frame, error]] of expected.entries()) {
    const sent = await world.exchange(frame);
    assertEquals(sent.map(message), error === null ? [] : [error], `case ${index}`);
  }
});

Deno.test("icmp stage: nobody is told of errors, groups, broadcasts, later fragments and martians", async () => {
  await using world = await IcmpWorld.open();
  const silent: number[][] = [
    ...[3, 4, 5, 11, 12].map((type) =>
      ipv4Frame({
        protocol: 1,
        payload: icmpBytes(type, 0, [0, 0, 0, 0, ...new Array(40).fill(0)]),
      })
    ),
    ...[1, 2, 3, 4, 100, 137].map((type) =>
      ipv6Frame({
        protocol: 58,
        payload: icmp6Bytes(type, 0, [0, 0, 0, 0, ...new Array(60).fill(0)]),
      })
    ),
    // An ICMPv6 error behind an option that asks for an answer.
    ipv6Frame({
      protocol: 58,
      extensions: [[60, [0, 0x8b, 4, 0, 0, 0, 0]]],
      payload: icmp6Bytes(1, 0, [0, 0, 0, 0]),
    }),
    ...[0xe0000001, 0x0a0700ff, 0xffffffff].flatMap((destination) =>
      [17, 132].map((protocol) => ipv4Frame({ destination, protocol, payload: UDP }))
    ),
    ...[0xe0000001, 0x0a0700ff, 0xffffffff, 0, 0x7f000001, 0x0a070002].map((source) =>
      ipv4Frame({ source, protocol: 132, payload: UDP })
    ),
    ...["ff02::1", "::", "::1", "fd07::2"].map((source) =>
      ipv6Frame({ source: addressOf(source), protocol: 132, payload: UDP })
    ),
    ipv6Frame({ destination: addressOf("ff02::1"), protocol: 132, payload: UDP }),
    ipv4Frame({ fragment: 5, protocol: 132, payload: UDP }),
    ipv4Frame({ protocol: 6, payload: [...tcpBytes({})].slice(0, 10) }),
  ];
  assertEquals(await world.exchange(...silent), []);
  assertEquals(world.net.stats().counters.icmpErrorsOut, 0);
});

Deno.test("icmp stage: a packet that was not complete in time is told of when its first fragment was there", async () => {
  for (const virtio of [false, true]) {
    await using world = await IcmpWorld.open({ ip: { reassemblyTimeoutMs: 1000 } }, virtio);
    const skipped = virtio ? new Array(10).fill(0) : [];
    const payload = new Array(800).fill(7);
    const first = ipv4Frame({ fragment: 0x2000, identification: 5, protocol: 17, payload });
    const later = ipv4Frame({ fragment: 0x2064, identification: 6, protocol: 17, payload });
    const first6 = ipv6Frame({
      ...{ protocol: 17, payload: new Array(1400).fill(7) },
      extensions: [[44, [0, ...be16(1), ...be32(5)]]],
    });
    const group = ipv4Frame({
      ...{ fragment: 0x2000, identification: 7, protocol: 17, payload, destination: 0xe0000001 },
    });
    const frames = [first, later, first6, group].map((frame) => [...skipped, ...frame]);
    assertEquals(await world.exchange(...frames), []);
    world.clock.advance(1_000_000);
    const [error, ...others] = (await world.sent()).map((frame) => frame.slice(skipped.length));
    assertEquals(others, []);
    assertEquals(message(error), [11, 1, 0]);
    assertEquals(error.slice(28), first.slice(0, 548));
    world.clock.advance(59_000_000);
    const [error6] = (await world.sent()).map((frame) => frame.slice(skipped.length));
    assertEquals(message(error6), [3, 1, 0]);
    assertEquals(error6.slice(48), first6.slice(0, 1232));
    assertEquals(world.net.stats().drops, { ipFragmentTimeout: 4 });
    assertEquals(world.net.stats().counters.fragmentMemoryNow, 0);
  }
});

Deno.test("icmp stage: errors and echo replies have limits, and no more than they let go is sent", async () => {
  const options = { ip: { errorsPerSecond: 100, errorsBurst: 20, echoRepliesPerSecond: 200 } };
  await using world = await IcmpWorld.open(options);
  const bad = ipv4Frame({ protocol: 132, payload: UDP });
  const echo = ipv4Frame({ protocol: 1, payload: icmpBytes(8, 0, [0, 1, 0, 2]) });
  const burst = await world.exchange(...new Array(200).fill(bad));
  // A message costs 0, 1 or 2: one on the average.
  assert(burst.length >= 10 && burst.length <= 45, `${burst.length} errors at once`);
  assertEquals(world.net.stats().drops.icmpErrorLimited, 200 - burst.length);
  world.clock.advance(100_000);
  const later = await world.exchange(...new Array(200).fill(bad));
  assert(later.length >= 4 && later.length <= 25, `${later.length} errors after 0.1 s`);
  const replies = await world.exchange(...new Array(200).fill(echo));
  assert(replies.length >= 10 && replies.length <= 45, `${replies.length} replies at once`);
  assertEquals(world.net.stats().drops.icmpEchoLimited, 200 - replies.length);
});

Deno.test("icmp stage: echo replies are matched by name, both ends and size", async () => {
  // Goal: whoever does not see the request cannot answer it, and a wrong answer is counted.
  await using world = await IcmpWorld.open();
  const pending = world.net.ping("10.7.0.1", { size: 4, timeout: 60_000 });
  const [request] = await world.sent();
  const name = request.slice(24, 28);
  const data = request.slice(28);
  const reply = (rest: number[], source = 0x0a070001) =>
    ipv4Frame({ source, protocol: 1, hopLimit: 33, payload: icmpBytes(0, 0, rest) });
  const wrong = [
    reply([name[0] ^ 1, ...name.slice(1), ...data]),
    reply([...name, ...data], 0x0a070003),
    reply([...name, ...data, 0]),
    reply(name),
  ];
  world.clock.advance(1500);
  await world.exchange(...wrong);
  assertEquals(world.net.stats().drops, { icmpUnmatched: 4 });
  await world.exchange(reply([...name, ...data]));
  assertEquals(await pending, { address: "10.7.0.1", rtt: 1.5, hopLimit: 33, size: 4 });
  await world.exchange(reply([...name, ...data]));
  assertEquals(world.net.stats().drops, { icmpUnmatched: 5 });
});

Deno.test("icmp stage: an error about a ping ends it, one about another does not", async () => {
  await using world = await IcmpWorld.open();
  const results: unknown[] = [];
  for (const [type, code] of [[3, 1], [3, 13], [11, 0], [3, 3], [12, 0], [11, 1], [3, 0], [3, 2]]) {
    const pending = world.net.ping("10.9.0.1", { size: 0, timeout: 60_000 }).catch((error) =>
      error
    );
    const [request] = await world.sent();
    const router = 0x0a070063;
    const other = [...request];
    other[27] ^= 1;
    const error = (quoted: number[]) =>
      ipv4Frame({
        source: router,
        protocol: 1,
        payload: icmpBytes(type, code, [0, 0, 0, 0, ...quoted]),
      });
    await world.exchange(error(other), error(request));
    results.push((await pending as { code: string }).code);
  }
  assertEquals(results, [
    ...["EHOSTUNREACH", "EHOSTUNREACH", "EHOSTUNREACH", "ECONNREFUSED"],
    ...["EHOSTUNREACH", "EHOSTUNREACH", "ENETUNREACH", "ECONNREFUSED"],
  ]);
  assertEquals(world.net.stats().drops, { icmpUnmatched: 8 });
});

for (const virtioHeader of [false, true]) {
  Deno.test(`icmp stage: messages in and out are traced${virtioHeader ? ", with offload" : ""}`, async () => {
    // Goal: every message that the stack understands or sends is there once, as it was on the wire.
    const lines = new TraceLines("modern");
    const seen: string[] = [];
    const trace = (record: TraceRecord) => {
      const isIn = record.kind === TraceKind.icmpIn;
      if (!isIn && record.kind !== TraceKind.icmpOut) return;
      const line = lines.line(record)!.replace(/^\S+ /, "");
      seen.push(`${isIn ? "<" : ">"} ${line.replace(/id \d+, seq \d+/, "id N, seq N")}`);
    };
    await using world = await IcmpWorld.open({ trace }, virtioHeader);
    const header = virtioHeader ? new Array(10).fill(0) : [];
    const ping = [0, 7, 0, 1, 1, 2, 3, 4];
    await world.exchange(
      [...header, ...ipv4Frame({ protocol: 1, payload: icmpBytes(8, 0, ping) })],
      [...header, ...ipv6Frame({ protocol: 58, payload: icmp6Bytes(128, 0, ping) })],
      [...header, ...ipv4Frame({ protocol: 17, payload: UDP })],
      [...header, ...ipv6Frame({ protocol: 17, payload: udp6() })],
      // Neither understood nor answered: a redirect, and an echo request with a wrong checksum.
      [...header, ...ipv4Frame({ protocol: 1, payload: icmpBytes(5, 0, ping) })],
      [...header, ...ipv4Frame({ protocol: 1, payload: icmpBytes(8, 0, ping, 1) })],
    );
    assertEquals(seen.splice(0), [
      "< IP 10.7.0.1 > 10.7.0.2: ICMP echo request, id N, seq N, length 12",
      "> IP 10.7.0.2 > 10.7.0.1: ICMP echo reply, id N, seq N, length 12",
      "< IP6 fd07::1 > fd07::2: ICMP6, echo request, id N, seq N, length 12",
      "> IP6 fd07::2 > fd07::1: ICMP6, echo reply, id N, seq N, length 12",
      "> IP 10.7.0.2 > 10.7.0.1: ICMP 10.7.0.2 udp port 53 unreachable, length 40",
      "> IP6 fd07::2 > fd07::1: ICMP6, destination unreachable, unreachable port, " +
      "fd07::2 udp port 53, length 60",
    ]);
    const pinging = world.net.ping("10.7.0.1", { size: 3000 }).catch((error) => error);
    const [first] = await world.sent();
    const quoted = first.slice(virtioHeader ? 10 : 0).slice(0, 28);
    const exceeded = icmpBytes(11, 0, [0, 0, 0, 0, ...quoted]);
    await world.exchange([...header, ...ipv4Frame({ protocol: 1, payload: exceeded })]);
    assert(await pinging instanceof Deno.errors.NetworkUnreachable);
    // Sent in fragments, it is one message all the same.
    assertEquals(seen.splice(0), [
      "> IP 10.7.0.2 > 10.7.0.1: ICMP echo request, id N, seq N, length 3008",
      "< IP 10.7.0.1 > 10.7.0.2: ICMP time exceeded in-transit, length 36",
    ]);
    await world.net.ping("10.7.0.2");
    const itself = (what: string) =>
      `IP 10.7.0.2 > 10.7.0.2: ICMP echo ${what}, id N, seq N, length 64`;
    assertEquals(seen, [
      `> ${itself("request")}`,
      `< ${itself("request")}`,
      `> ${itself("reply")}`,
      `< ${itself("reply")}`,
    ]);
  });
}
