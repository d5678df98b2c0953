import { testNeeding } from "../support/skip.ts";
import { assertEquals, assertThrows } from "@std/assert";
import { parseIpv4 } from "../../src/base/address.ts";
import { Memory } from "../../src/base/memory.ts";
import { SeededRandom } from "../../src/base/random.ts";
import { ChecksumMode, finishTcpChecksum, writePacket } from "../../src/ip/output.ts";
import { Flag, OptionBit, Segment } from "../../src/wire/segment.ts";
import { writeUdpPacket } from "../../src/ip/udp_output.ts";
import { ConversationText, datagramText, segmentText } from "../../src/wire/text.ts";
import { ends, FAMILIES, type FamilyEnds, randomSegment } from "./frames.ts";
import { tcpdumpLines } from "./tcpdump.ts";

const SEED = 0x7e47;

function segmentOf(from: string, to: string, fields: Partial<Segment>): Segment {
  const [, src, srcPort] = from.match(/^(.*):(\d+)$/) ?? [];
  const [, dst, dstPort] = to.match(/^(.*):(\d+)$/) ?? [];
  const segment = new Segment();
  segment.src2 = segment.dst2 = 0xffff;
  segment.src3 = parseIpv4(src)?.w3 ?? 0;
  segment.dst3 = parseIpv4(dst)?.w3 ?? 0;
  segment.srcPort = Number(srcPort);
  segment.dstPort = Number(dstPort);
  return Object.assign(segment, fields);
}

const CLIENT = "192.168.1.116:3337";
const SERVER = "192.168.1.123:7788";

/** The handshake of docs and textbooks, then a word each way and the end. */
function exchange(): Segment[] {
  const iss = 3626544836 | 0;
  const irs = 1739326486;
  const { SYN, ACK, PSH, FIN, RST } = Flag;
  return [
    segmentOf(CLIENT, SERVER, { seq: iss, flags: SYN, window: 64240 }),
    segmentOf(SERVER, CLIENT, { seq: irs, ack: iss + 1, flags: SYN | ACK, window: 65535 }),
    segmentOf(CLIENT, SERVER, { seq: iss + 1, ack: irs + 1, flags: ACK, window: 502 }),
    segmentOf(CLIENT, SERVER, {
      seq: iss + 1,
      ack: irs + 1,
      flags: PSH | ACK,
      window: 502,
      payloadLength: 5,
    }),
    segmentOf(SERVER, CLIENT, {
      seq: irs + 1,
      ack: iss + 6,
      flags: ACK,
      window: 501,
      payloadLength: 1448,
    }),
    segmentOf(SERVER, CLIENT, { seq: irs + 1449, ack: iss + 6, flags: FIN | ACK, window: 501 }),
    segmentOf(CLIENT, SERVER, { seq: iss + 6, flags: RST }),
  ];
}

Deno.test("text: the classic handshake comes out verbatim", () => {
  // Goal: the three lines of the well-known example, and the rules beyond it.
  const text = new ConversationText("classic");
  assertEquals(exchange().map((segment) => text.line(segment)), [
    "IP 192.168.1.116.3337 > 192.168.1.123.7788: S 3626544836:3626544836",
    "IP 192.168.1.123.7788 > 192.168.1.116.3337: S 1739326486:1739326486 ack 3626544837",
    "IP 192.168.1.116.3337 > 192.168.1.123.7788: ack 1739326487,ack 1",
    "IP 192.168.1.116.3337 > 192.168.1.123.7788: P 1:6(5) ack 1",
    "IP 192.168.1.123.7788 > 192.168.1.116.3337: . 1:1449(1448) ack 6",
    "IP 192.168.1.123.7788 > 192.168.1.116.3337: F 1449:1449 ack 6",
    "IP 192.168.1.116.3337 > 192.168.1.123.7788: R 3626544842:3626544842",
  ]);
});

Deno.test("text: the modern form has relative numbers behind the handshake", () => {
  // Goal: the form of today's tcpdump, which the test against the program itself checks in breadth.
  const text = new ConversationText("modern");
  assertEquals(exchange().map((segment) => text.line(segment).split(": ")[1]), [
    "Flags [S], seq 3626544836, win 64240, length 0",
    "Flags [S.], seq 1739326486, ack 3626544837, win 65535, length 0",
    "Flags [.], ack 1, win 502, length 0",
    "Flags [P.], seq 1:6, ack 1, win 502, length 5",
    "Flags [.], seq 1:1449, ack 6, win 501, length 1448",
    "Flags [F.], seq 1449, ack 6, win 501, length 0",
    "Flags [R], seq 3626544842, win 0, length 0",
  ]);
});

Deno.test("text: options of a Linux SYN, and all flags", () => {
  // Goal: every option and letter has tcpdump's name; without bases the numbers are as on the wire.
  const segment = segmentOf("10.7.0.1:40000", "10.7.0.2:7", {
    seq: 123,
    flags: Flag.SYN,
    window: 64240,
    options: OptionBit.mss | OptionBit.sackPermitted | OptionBit.timestamps | OptionBit.windowScale,
    mss: 1460,
    windowScale: 7,
    tsValue: -1,
  });
  assertEquals(
    segmentText(segment, "modern"),
    "IP 10.7.0.1.40000 > 10.7.0.2.7: Flags [S], seq 123, win 64240, " +
      "options [mss 1460,sackOK,TS val 4294967295 ecr 0,nop,wscale 7], length 0",
  );
  Object.assign(segment, { options: OptionBit.accurateEcn, ecnKind: 174, ecnFields: 3 });
  Object.assign(segment, { ecnE0Bytes: 1, ecnCeBytes: 2, ecnE1Bytes: 3 });
  assertEquals(
    segmentText(segment, "modern").match(/options \[.*?\]/)?.[0],
    "options [accecn e1b 3 ceb 2 e0b 1]",
  );
  const flagged = (flags: number) =>
    segmentText(segmentOf("10.7.0.1:1", "10.7.0.2:2", { flags, urgent: 9 }), "modern")
      .match(/\[.*?\]/)?.[0];
  assertEquals(flagged(0), "[none]");
  assertEquals(flagged(0x1ff), "[FSRP.UEWe]");
  const classic = (flags: number) =>
    segmentText(segmentOf("10.7.0.1:1", "10.7.0.2:2", { flags, urgent: 9 }), "classic")
      .split(": ")[1];
  assertEquals(classic(0), ".");
  assertEquals(classic(Flag.ACK), "ack 0");
  assertEquals(classic(0x0ff), "SFRPEW 0:0 ack 0 urg 9");
});

Deno.test("text: an IPv6 segment is marked as one", () => {
  // Goal: the four address words print in their family's form.
  const segment = Object.assign(new Segment(), {
    src0: 0xfe800000 | 0,
    src3: 1,
    dst3: 1,
    srcPort: 5,
    dstPort: 6,
    flags: Flag.RST,
  });
  assertEquals(
    segmentText(segment, "modern"),
    "IP6 fe80::1.5 > ::1.6: Flags [R], seq 0, win 0, length 0",
  );
});

Deno.test("text: a bounded number of conversations, the longest silent one goes first", () => {
  // Goal: memory does not grow with the peers, and an active conversation keeps its bases.
  const text = new ConversationText("modern", 2);
  const ackFrom = (port: number, seq: number) =>
    text.line(
      segmentOf(`10.7.0.1:${port}`, "10.7.0.2:7", {
        seq,
        ack: 100,
        flags: Flag.ACK,
        payloadLength: 1,
      }),
    ).match(/seq (\d+)/)?.[1];
  assertEquals(ackFrom(1, 1000), "1000");
  assertEquals(ackFrom(2, 2000), "2000");
  assertEquals(ackFrom(1, 1001), "1");
  assertEquals(ackFrom(3, 3000), "3000", "takes the place of port 2");
  assertEquals(text.size, 2);
  assertEquals(ackFrom(1, 1002), "2");
  assertEquals(ackFrom(2, 2001), "2001", "begins anew");
  assertEquals(text.size, 2);
  for (const limit of [0, -1, 1.5, NaN]) {
    assertThrows(() => new ConversationText("modern", limit), RangeError, "limit must be 1");
  }
});

/**
 * A plain segment of each connection of `randomExchange`: in the one that begins a conversation over IPv6
 * tcpdump prints SACK blocks already relative, unlike the numbers beside them and unlike over IPv4.
 */
function firstOfEach(family: FamilyEnds): Segment[] {
  return [0, 1, 2, 3].map((index) =>
    Object.assign(new Segment(), ends(family.peer, family.own), {
      srcPort: 50000 + index,
      dstPort: 60000,
      ack: 1,
      flags: Flag.ACK,
    })
  );
}

/** Random segments of four connections, both ways; ports at which tcpdump interprets no payload. */
function randomExchange(random: SeededRandom, family: FamilyEnds): Segment[] {
  return Array.from({ length: 400 }, () => {
    const segment = randomSegment(random, family);
    // The SACK blocks of a SYN are no use to anyone, and tcpdump counts them from bases of its own.
    if ((segment.flags & Flag.SYN) !== 0) segment.options &= ~OptionBit.sack;
    // This tcpdump is older than the name for AE.
    segment.flags &= ~Flag.AE;
    segment.srcPort = 50000 + random.integer(0, 3);
    segment.dstPort = 60000;
    if (random.integer(0, 1) === 1) {
      [segment.srcPort, segment.dstPort] = [segment.dstPort, segment.srcPort];
      Object.assign(segment, ends(family.own, family.peer));
    }
    segment.payloadLength = random.integer(0, 1) * random.integer(1, 100);
    return segment;
  });
}

testNeeding(
  { programs: ["tcpdump", "unshare"] },
  "text: datagrams as tcpdump prints them",
  async () => {
    // Goal: line by line the same as the program, for payloads that it does not know.
    const memory = new Memory(new ArrayBuffer(65536));
    const datagrams = FAMILIES.flatMap(({ own, peer }) =>
      [0, 1, 12, 1400].map((payloadLength) =>
        Object.assign(new Segment(), ends(peer, own), {
          ...{ srcPort: 40_000, dstPort: 40_001, payloadLength },
        })
      )
    );
    const packets = datagrams.map((datagram) => {
      memory.bytes.fill(0);
      const length = writeUdpPacket(memory, 0, datagram, ChecksumMode.full, 0);
      return memory.bytes.slice(0, length + datagram.payloadLength);
    });
    const expected = await tcpdumpLines(packets);
    assertEquals(datagrams.map((datagram) => datagramText(datagram, "modern")), expected);
    const classic = datagramText(datagrams[2], "classic");
    assertEquals(classic, "IP 10.7.0.1.40000 > 10.7.0.2.40001: udp 12");
  },
);

testNeeding(
  { programs: ["tcpdump", "unshare"] },
  "text: the modern form is what tcpdump prints",
  async () => {
    // Goal: line by line the same as the program, for random flags, options and conversations.
    const random = new SeededRandom(SEED);
    const segments = [
      ...exchange(),
      ...FAMILIES.flatMap((family) => [...firstOfEach(family), ...randomExchange(random, family)]),
    ];
    const memory = new Memory(new ArrayBuffer(65536));
    const packets = segments.map((segment) => {
      const length = writePacket(memory, 0, segment, segment.payloadLength, 0, ChecksumMode.full);
      memory.bytes.fill(0, length, length + segment.payloadLength);
      finishTcpChecksum(memory.view, 0, length, 0);
      return memory.bytes.slice(0, length + segment.payloadLength);
    });
    const expected = await tcpdumpLines(packets);
    const text = new ConversationText("modern");
    const lines = segments.map((segment) => text.line(segment));
    lines.forEach((line, index) => {
      assertEquals(line, expected[index], `seed ${SEED}, segment ${index}`);
    });
    assertEquals(lines.length, expected.length);
  },
);

Deno.test("text: Fast Open cookies are shown as tcpdump shows them", () => {
  const segment = new Segment();
  segment.flags = Flag.SYN;
  segment.options = OptionBit.fastOpen;
  const shown = () => /options \[(.*)\]/.exec(segmentText(segment, "modern"))?.[1];
  assertEquals(shown(), "tfo  cookiereq,nop,nop");
  segment.fastOpenLength = 8;
  segment.fastOpen0 = 0x0011_2233;
  segment.fastOpen1 = 0x8899_aabb | 0;
  assertEquals(shown(), "tfo  cookie 001122338899aabb,nop,nop");
  segment.options |= OptionBit.fastOpenExperimental;
  assertEquals(shown(), "exp-tfo cookie 001122338899aabb");
});
