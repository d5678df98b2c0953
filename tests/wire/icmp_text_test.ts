import { assertEquals } from "@std/assert";
import { readIcmpMessage } from "../../src/ip/icmp_message.ts";
import { icmpText } from "../../src/wire/icmp_text.ts";
import { Segment } from "../../src/wire/segment.ts";
import type { TextStyle } from "../../src/wire/text.ts";
import { testNeeding } from "../support/skip.ts";
import {
  addressOf,
  be16,
  be32,
  icmp6Bytes,
  icmpBytes,
  ipv4Frame,
  ipv6Frame,
  OWN,
  OWN6,
  tcpBytes,
  udpBytes,
} from "./frames.ts";
import { tcpdumpLines } from "./tcpdump.ts";

/** Where the packets that errors are about were going. */
const ELSEWHERE = addressOf("10.9.8.7");
const ELSEWHERE6 = addressOf("fd09::7");

const UDP = udpBytes({ dstPort: 5555, payload: [1, 2, 3, 4] }, OWN, ELSEWHERE);
const TCP = tcpBytes({ dstPort: 80 });
const ECHO = [8, 0, 0, 0, 0, 7, 0, 1];
/** Bytes of a packet that a trace holds at the most. */
const TRACED_BYTES = 120;

/** The line for a packet of which the first `held` bytes are there. */
function lineOf(packet: readonly number[], style: TextStyle, held = packet.length): string {
  const bytes = Uint8Array.from(packet);
  const message = new Segment();
  const icmp = packet[0] >> 4 === 4 ? (packet[0] & 15) * 4 : 40;
  readIcmpMessage(new DataView(bytes.buffer), 0, icmp, message);
  return icmpText(message, bytes.subarray(0, held), style);
}

/** An IPv4 packet with a message. */
function message4(type: number, code: number, word: number[], rest: number[] = []): number[] {
  return ipv4Frame({ protocol: 1, payload: icmpBytes(type, code, [...word, ...rest]) });
}

function message6(type: number, code: number, word: number[], rest: number[] = []): number[] {
  return ipv6Frame({ protocol: 58, payload: icmp6Bytes(type, code, [...word, ...rest]) });
}

/** What an error quotes: a packet of the stack's. */
function quoted4(protocol: number, payload: number[], options: number[] = []): number[] {
  const source = OWN.w3;
  return ipv4Frame({ protocol, payload, options, source, destination: ELSEWHERE.w3 });
}

function quoted6(
  protocol: number,
  payload: number[],
  extensions: [number, number[]][] = [],
): number[] {
  return ipv6Frame({ protocol, payload, extensions, source: OWN6, destination: ELSEWHERE6 });
}

const NO_WORD = be32(0);
const range = (end: number) => Array.from({ length: end }, (_, i) => i);

/** Every type and code that the stack understands or sends, and codes that nobody has defined. */
function messages4(): number[][] {
  const echoes = [0, 8].flatMap((type) =>
    [0, 56, 1400].map((size) => {
      const name = [...be16(65_535), ...be16(size)];
      return message4(type, 0, name, new Array(size).fill(7));
    })
  );
  const about = quoted4(17, UDP);
  return [
    ...echoes,
    ...range(18).map((code) => message4(3, code, [0, 0, ...be16(1400)], about)),
    message4(3, 4, NO_WORD, about),
    ...range(256).map((protocol) => message4(3, 2, NO_WORD, quoted4(protocol, UDP))),
    ...[6, 1, 47, 132].map((protocol) => message4(3, 3, NO_WORD, quoted4(protocol, UDP))),
    message4(3, 3, NO_WORD, quoted4(6, TCP)),
    message4(3, 3, NO_WORD, quoted4(1, ECHO)),
    message4(3, 3, NO_WORD, quoted4(17, UDP, [1, 1, 1, 0])),
    message4(3, 3, NO_WORD, quoted4(17, [...UDP, ...new Array(500).fill(1)])),
    ...range(4).map((code) => message4(11, code, NO_WORD, about)),
    ...range(4).map((code) => message4(12, code, [9, 0, 0, 0], about)),
  ];
}

function messages6(): number[][] {
  const echoes = [128, 129].flatMap((type) =>
    [0, 56, 1400].map((size) => {
      const name = [...be16(65_535), ...be16(size)];
      return message6(type, 0, name, new Array(size).fill(7));
    })
  );
  const about = quoted6(17, UDP);
  const options: [number, number[]] = [60, [0, 1, 4, 0, 0, 0, 0]];
  return [
    ...echoes,
    ...range(5).map((code) => message6(1, code, NO_WORD, about)),
    message6(1, 4, NO_WORD, quoted6(6, TCP)),
    message6(1, 4, NO_WORD, quoted6(58, ECHO)),
    message6(1, 4, NO_WORD, quoted6(132, UDP)),
    message6(1, 4, NO_WORD, quoted6(17, UDP, [options])),
    message6(1, 4, NO_WORD, quoted6(17, UDP, [[44, [0, 0, 1, 0, 0, 0, 9]]])),
    message6(1, 4, NO_WORD, quoted6(17, UDP, [[44, [0, 0, 9, 0, 0, 0, 9]]])),
    message6(1, 4, NO_WORD, quoted6(17, [...UDP, ...new Array(1100).fill(1)])),
    ...[1280, 4_000_000_000].map((mtu) => message6(2, 0, be32(mtu | 0), about)),
    ...range(4).map((code) => message6(3, code, NO_WORD, about)),
    ...range(6).map((code) => message6(4, code, be32(40), about)),
  ];
}

testNeeding(
  { programs: ["tcpdump", "unshare"] },
  "icmp text: the modern form is what tcpdump prints",
  async () => {
    // Goal: line by line the same as the program, whole and with the bytes that a trace holds.
    const packets = [...messages4(), ...messages6()];
    for (const most of [65_535, TRACED_BYTES]) {
      const held = packets.map((packet) => Uint8Array.from(packet.slice(0, most)));
      const expected = await tcpdumpLines(held, packets.map(({ length }) => length));
      const lines = packets.map((packet) => lineOf(packet, "modern", most));
      lines.forEach((line, index) => assertEquals(line, expected[index], `packet ${index}`));
      assertEquals(lines.length, expected.length);
    }
  },
);

testNeeding(
  { programs: ["tcpdump", "unshare"] },
  "icmp text: of errors that are cut as much is shown as tcpdump shows",
  async () => {
    const whole = [
      ...[3, 1, 2, 4].map((code) => message4(3, code, NO_WORD, quoted4(17, UDP))),
      message4(3, 3, NO_WORD, quoted4(17, UDP, [1, 1, 1, 0])),
      ...[0, 1, 2, 3, 4].map((code) => message6(1, code, NO_WORD, quoted6(17, UDP))),
      message6(3, 0, NO_WORD, quoted6(17, UDP)),
    ];
    for (const packet of whole) {
      const headers = packet[0] >> 4 === 4 ? 28 : 48;
      const cuts = range(packet.length - headers).map((more) => headers + more);
      const held = cuts.map((length) => Uint8Array.from(packet.slice(0, length)));
      const expected = await tcpdumpLines(held, cuts.map(() => packet.length));
      assertEquals(cuts.map((length) => lineOf(packet, "modern", length)), expected);
    }
  },
);

Deno.test("icmp text: the classic form names what it is, without identifiers and lengths", () => {
  const cases: [number[], string][] = [
    [message4(8, 0, [0, 7, 0, 1]), "IP 10.7.0.1 > 10.7.0.2: icmp: echo request"],
    [message4(0, 0, [0, 7, 0, 1]), "IP 10.7.0.1 > 10.7.0.2: icmp: echo reply"],
    [
      message4(3, 3, NO_WORD, quoted4(17, UDP)),
      "IP 10.7.0.1 > 10.7.0.2: icmp: 10.9.8.7 udp port 5555 unreachable",
    ],
    [message6(128, 0, [0, 7, 0, 1]), "IP6 fd07::1 > fd07::2: icmp6: echo request"],
    [
      message6(2, 0, be32(1280), quoted6(17, UDP)),
      "IP6 fd07::1 > fd07::2: icmp6: packet too big, mtu 1280",
    ],
  ];
  for (const [packet, line] of cases) assertEquals(lineOf(packet, "classic"), line);
});

Deno.test("icmp text: what nobody has defined has its number", () => {
  const about4 = quoted4(17, UDP);
  assertEquals(
    lineOf(message4(40, 0, NO_WORD, about4), "modern"),
    `IP 10.7.0.1 > 10.7.0.2: ICMP type-#40, length ${8 + about4.length}`,
  );
  const about6 = quoted6(17, UDP);
  const length = 8 + about6.length;
  assertEquals(
    lineOf(message6(1, 7, NO_WORD, about6), "modern"),
    `IP6 fd07::1 > fd07::2: ICMP6, destination unreachable, unknown unreach code (7), length ${length}`,
  );
  assertEquals(
    lineOf(message6(200, 0, NO_WORD, about6), "modern"),
    `IP6 fd07::1 > fd07::2: ICMP6, type-#200, length ${length}`,
  );
});
