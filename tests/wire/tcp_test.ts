import { assertEquals } from "@std/assert";
import { Drop } from "../../src/base/drops.ts";
import { SeededRandom } from "../../src/base/random.ts";
import { Flag, OptionBit, Segment } from "../../src/wire/segment.ts";
import {
  readTcpHeaderLength,
  readTcpOptions,
  tcpOptionsLength,
  writeTcpHeader,
} from "../../src/wire/tcp.ts";
import { be16, be32, randomCounters, randomSegment, staleSegment } from "./frames.ts";

const SEED = 0x7c9;
const MSS = [2, 4, 0x05, 0xb4];
const WSCALE = [3, 3, 7];
const SACK_OK = [4, 2];
const TIMESTAMPS = [8, 10, 0xff, 0, 0, 1, 0, 0, 0, 2];

/** Reads options given as bytes, in a segment with these flags. */
function read(options: number[], flags: number = Flag.SYN): { reason: number; segment: Segment } {
  const view = new DataView(Uint8Array.from([0xee, ...options, 0xee]).buffer);
  const segment = staleSegment();
  segment.flags = flags;
  const reason = readTcpOptions(view, 1, 1 + options.length, segment);
  return { reason, segment };
}

/** The option fields that are not zero. */
function optionFields(segment: Segment): Record<string, number> {
  const fields = Object.entries(segment).filter(([name, value]) =>
    /^(options|mss|windowScale|ts|sack|ecn)/.test(name) && value !== 0
  );
  return Object.fromEntries(fields);
}

function written(segment: Segment): number[] {
  const bytes = new Uint8Array(64).fill(0xee);
  const length = writeTcpHeader(new DataView(bytes.buffer), 0, segment);
  assertEquals(length, 20 + tcpOptionsLength(segment));
  assertEquals(bytes[length], 0xee, "nothing is written behind the header");
  return [...bytes.subarray(0, length)];
}

Deno.test("tcp: the fixed header is written field by field", () => {
  // Goal: every field in its place, AE in the bit beside the data offset, checksum zero.
  const segment = new Segment();
  segment.srcPort = 0x9c40;
  segment.dstPort = 0xfffe;
  segment.seq = 0xdeadbeef | 0;
  segment.ack = 0xfeedf00d | 0;
  segment.flags = Flag.AE | Flag.CWR | Flag.ACK;
  segment.window = 0xabcd;
  segment.urgent = 0x1234;
  assertEquals(written(segment), [
    ...be16(0x9c40),
    ...be16(0xfffe),
    ...be32(0xdeadbeef),
    ...be32(0xfeedf00d),
    0x51,
    0x90,
    ...be16(0xabcd),
    0,
    0,
    ...be16(0x1234),
  ]);
});

Deno.test("tcp: options come in Linux's order with its padding", () => {
  // Goal: the layouts of a Linux SYN, of each option left out of it, and of ACKs with SACK.
  const segment = new Segment();
  Object.assign(segment, { mss: 1460, windowScale: 7, tsValue: 0xff000001 | 0, tsEcho: 2 });
  Object.assign(segment, { sackCount: 1, sackLeft0: 5, sackRight0: -1 });
  const { mss, windowScale, sackPermitted, timestamps, sack } = OptionBit;
  const nops = [1, 1];
  const cases: [number, number[]][] = [
    [0, []],
    [mss, MSS],
    [mss | sackPermitted | timestamps | windowScale, [
      ...MSS,
      ...SACK_OK,
      ...TIMESTAMPS,
      1,
      ...WSCALE,
    ]],
    [mss | sackPermitted | windowScale, [...MSS, ...nops, ...SACK_OK, 1, ...WSCALE]],
    [mss | timestamps | windowScale, [...MSS, ...nops, ...TIMESTAMPS, 1, ...WSCALE]],
    [timestamps, [...nops, ...TIMESTAMPS]],
    [sack, [...nops, 5, 10, ...be32(5), ...be32(-1)]],
    [timestamps | sack, [...nops, ...TIMESTAMPS, ...nops, 5, 10, ...be32(5), ...be32(-1)]],
  ];
  for (const [options, expected] of cases) {
    segment.options = options;
    assertEquals(written(segment).slice(20), expected, `options ${options}`);
  }
});

Deno.test("tcp: the counters of accurate ECN are written in the order that the kind names", () => {
  // Goal: both kinds with every number of counters, padded to whole words (RFC 9768 section 3.2.3).
  const segment = Object.assign(new Segment(), {
    options: OptionBit.accurateEcn,
    ecnE0Bytes: 0x010203,
    ecnCeBytes: 0x040506,
    ecnE1Bytes: 0xfefdfc,
  });
  const [e0, ce, e1] = [[1, 2, 3], [4, 5, 6], [0xfe, 0xfd, 0xfc]];
  const cases: [kind: number, fields: number, bytes: number[]][] = [
    [172, 3, [172, 11, ...e0, ...ce, ...e1, 1]],
    [174, 3, [174, 11, ...e1, ...ce, ...e0, 1]],
    [172, 2, [172, 8, ...e0, ...ce]],
    [174, 2, [174, 8, ...e1, ...ce]],
    [172, 1, [172, 5, ...e0, 1, 1, 1]],
    [174, 1, [174, 5, ...e1, 1, 1, 1]],
    [172, 0, [172, 2, 1, 1]],
  ];
  for (const [ecnKind, ecnFields, bytes] of cases) {
    Object.assign(segment, { ecnKind, ecnFields });
    assertEquals(written(segment).slice(20), bytes, `kind ${ecnKind}, ${ecnFields} fields`);
  }
});

Deno.test("tcp: only as many SACK blocks are written as fit", () => {
  // Goal: four alone, three beside timestamps, fewer in a SYN, never a header above 60 bytes.
  const segment = new Segment();
  segment.sackCount = 4;
  const { mss, windowScale, sackPermitted, timestamps, sack } = OptionBit;
  const cases: [number, number][] = [
    [sack, 36],
    [timestamps | sack, 12 + 28],
    [timestamps | sack | mss, 16 + 20],
    [timestamps | sack | mss | windowScale | sackPermitted, 20 + 20],
  ];
  for (const [options, expected] of cases) {
    segment.options = options;
    assertEquals(tcpOptionsLength(segment), expected, `options ${options}`);
    written(segment);
  }
  segment.options = sack;
  segment.sackCount = 0;
  assertEquals(written(segment).length, 20);
});

Deno.test("tcp: what is written is read back", () => {
  // Goal: header and options of random segments survive the way over the wire, field by field.
  const random = new SeededRandom(SEED);
  const view = new DataView(new ArrayBuffer(64));
  for (let round = 0; round < 5000; round++) {
    const segment = randomSegment(random);
    randomCounters(segment, random);
    const length = writeTcpHeader(view, 2, segment);
    assertEquals(readTcpHeaderLength(view, 2), length);
    const back = staleSegment();
    back.flags = segment.flags;
    assertEquals(readTcpOptions(view, 22, 2 + length, back), Drop.none);
    assertEquals(optionFields(back), optionFields(segment), `seed ${SEED}, round ${round}`);
  }
});

Deno.test("tcp: options that count only in a SYN are ignored elsewhere", () => {
  // Goal: MSS, window scale and SACK-permitted of a non-SYN leave no trace.
  const all = [...MSS, ...SACK_OK, ...TIMESTAMPS, 1, ...WSCALE];
  const timestamps = { tsValue: 0xff000001 | 0, tsEcho: 2 };
  assertEquals(optionFields(read(all, Flag.ACK).segment), {
    options: OptionBit.timestamps,
    ...timestamps,
  });
  assertEquals(optionFields(read(all, Flag.SYN | Flag.ACK).segment), {
    options: 0x0f,
    mss: 1460,
    windowScale: 7,
    ...timestamps,
  });
});

Deno.test("tcp: a window scale above 14 is used as 14", () => {
  // Goal: RFC 7323 section 2.3.
  for (const [sent, used] of [[0, 0], [14, 14], [15, 14], [255, 14]]) {
    const { reason, segment } = read([3, 3, sent]);
    assertEquals([reason, segment.options], [Drop.none, OptionBit.windowScale]);
    assertEquals(segment.windowScale, used, `sent ${sent}`);
  }
});

Deno.test("tcp: unknown kinds and known kinds of a foreign length are skipped", () => {
  // Goal: what follows them is still read (RFC 9293 section 3.2, MUST-6).
  const skipped: number[][] = [
    [1],
    [30, 2],
    [254, 6, 1, 2, 3, 4],
    [19, 18, ...new Array(16).fill(9)],
    [2, 3, 9],
    [2, 6, 9, 9, 9, 9],
    [3, 2],
    [3, 4, 9, 9],
    [4, 3, 9],
    [8, 9, ...new Array(7).fill(9)],
    [5, 2],
    [5, 9, ...new Array(7).fill(9)],
    [5, 14, ...new Array(12).fill(9)],
    [172, 3, 9],
    [174, 4, 9, 9],
    [172, 12, ...new Array(10).fill(9)],
    [174, 14, ...new Array(12).fill(9)],
  ];
  for (const option of skipped) {
    const { reason, segment } = read([...option, ...MSS]);
    assertEquals(reason, Drop.none, `option ${option}`);
    assertEquals(optionFields(segment), { options: OptionBit.mss, mss: 1460 }, `${option}`);
  }
});

Deno.test("tcp: nothing is read behind the end-of-options kind", () => {
  // Goal: RFC 9293 section 3.1, padding may hold anything.
  const { reason, segment } = read([0, ...MSS, 2, 0, 3]);
  assertEquals([reason, segment.options], [Drop.none, 0]);
});

Deno.test("tcp: an impossible option length is a drop", () => {
  // Goal: lengths 0 and 1, a length beyond the header, and a kind without room for a length.
  const impossible: number[][] = [
    [2, 0, 0, 0],
    [2, 1, 0, 0],
    [2, 5, 0, 0],
    [99, 0],
    [99, 255],
    [1, 1, 1, 8],
    [1, 1, 8, 10],
    [2],
  ];
  for (const options of impossible) {
    assertEquals(read(options).reason, Drop.tcpOptionInvalid, `options ${options}`);
  }
});

Deno.test("tcp: options cut at every byte are read or dropped, never beyond their end", () => {
  // Goal: a cut between two options is fine, a cut within one is a drop.
  const all = [...MSS, ...SACK_OK, ...TIMESTAMPS, 1, ...WSCALE];
  const whole = new Set([0, 4, 6, 16, 17, 20]);
  for (let end = 0; end <= all.length; end++) {
    const expected = whole.has(end) ? Drop.none : Drop.tcpOptionInvalid;
    assertEquals(read(all.slice(0, end)).reason, expected, `cut at ${end}`);
  }
});

Deno.test("tcp: SACK blocks are read in order, the unused ones are zero", () => {
  // Goal: one to four blocks, edges as signed 32-bit numbers.
  const edges = [1, 2, -3, 4, 5, -6, 7, 8];
  for (let count = 1; count <= 4; count++) {
    const blocks = edges.slice(0, 2 * count).flatMap(be32);
    const { reason, segment } = read([1, 1, 5, 2 + 8 * count, ...blocks], Flag.ACK);
    assertEquals([reason, segment.sackCount], [Drop.none, count]);
    assertEquals(
      [
        segment.sackLeft0,
        segment.sackRight0,
        segment.sackLeft1,
        segment.sackRight1,
        segment.sackLeft2,
        segment.sackRight2,
        segment.sackLeft3,
        segment.sackRight3,
      ],
      edges.map((edge, index) => index < 2 * count ? edge : 0),
    );
  }
});

/** A SYN with a Fast Open cookie of this length. */
function fastOpenSyn(length: number, experimental: boolean): Segment {
  const segment = new Segment();
  segment.flags = Flag.SYN;
  segment.options = OptionBit.fastOpen | (experimental ? OptionBit.fastOpenExperimental : 0);
  segment.fastOpenLength = length;
  [segment.fastOpen0, segment.fastOpen1] = [0x01020304, 0x05060708];
  [segment.fastOpen2, segment.fastOpen3] = [0x090a0b0c, 0x0d0e0f10];
  return segment;
}

Deno.test("tcp: Fast Open cookies of every length are written, padded, and read back", () => {
  // Goal: RFC 7413 section 2: kind 34, or kind 254 with 0xF989; nothing, or 4 to 16 bytes, an even number.
  for (const experimental of [false, true]) {
    for (const length of [0, 4, 6, 8, 10, 12, 14, 16]) {
      const bytes = written(fastOpenSyn(length, experimental)).slice(20);
      const cookie = Array.from({ length }, (_, i) => i + 1);
      const head = experimental ? [254, 4 + length, 0xf9, 0x89] : [34, 2 + length];
      const padding = Array((-(head.length + length)) & 3).fill(1);
      assertEquals(bytes, [...head, ...cookie, ...padding]);
      const { segment } = read(bytes);
      assertEquals(segment.options, fastOpenSyn(length, experimental).options);
      assertEquals(segment.fastOpenLength, length);
      const words = [segment.fastOpen0, segment.fastOpen1, segment.fastOpen2, segment.fastOpen3];
      const back = words.flatMap((word) => be32(word >>> 0));
      assertEquals(back, [...cookie, ...Array(16 - length).fill(0)]);
    }
  }
});

Deno.test("tcp: all options of a SYN and the longest cookie just fit", () => {
  const segment = fastOpenSyn(16, true);
  segment.options |= OptionBit.mss | OptionBit.timestamps | OptionBit.sackPermitted |
    OptionBit.windowScale;
  assertEquals(tcpOptionsLength(segment), 40);
  assertEquals(written(segment).length, 60);
});

Deno.test("tcp: what is no Fast Open cookie is skipped", () => {
  // Goal: lengths that no cookie has, other experiments, and segments without SYN.
  for (
    const bytes of [
      [34, 4, 1, 2],
      [34, 5, 1, 2, 3],
      [34, 9, 1, 2, 3, 4, 5, 6, 7],
      [34, 20, ...Array(18).fill(7)],
      [254, 8, 0xf9, 0x88, 1, 2, 3, 4],
      [254, 3, 0xf9],
      [254, 2],
    ]
  ) {
    const { reason, segment } = read(bytes);
    assertEquals([reason, segment.options, segment.fastOpenLength], [Drop.none, 0, 0]);
  }
  assertEquals(read([34, 6, 1, 2, 3, 4], Flag.ACK).segment.options, 0);
});
