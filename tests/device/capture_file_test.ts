import { assert, assertEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../../src/base/random.ts";
import { CaptureError, readCapture } from "../../src/device/capture_file.ts";
import { PcapngWriter } from "../../src/device/pcapng.ts";
import { block, Bytes, concatenated, pcap, section } from "./captures.ts";

const SEED = 0xcab;
const PACKETS = [[0x45, 1, 2, 3], [0x60, 9], []];

Deno.test("capture file: pcap of both byte orders, in micro- and nanoseconds", () => {
  for (const little of [true, false]) {
    for (const nanoseconds of [true, false]) {
      const packets = [...readCapture(pcap(PACKETS, little, nanoseconds))];
      assertEquals(packets.map(({ bytes }) => [...bytes]), PACKETS);
      assertEquals(packets.map(({ timeUs }) => timeUs), [1_000_500, 2_000_500, 3_000_500]);
      assertEquals(packets.map(({ originalLength }) => originalLength), [5, 3, 1]);
      assertEquals(packets[0].linkType, 101);
    }
  }
});

Deno.test("capture file: pcapng of both byte orders, with any resolution of time", () => {
  // Goal: decimal and binary fractions of a second, and none given, which means microseconds.
  const SECONDS = 1_700_000_000;
  for (const little of [true, false]) {
    for (
      const [resolution, units] of [[null, 1e6], [6, 1e6], [9, 1e9], [3, 1e3], [
        0x80 | 10,
        1024,
      ]] as const
    ) {
      const time = BigInt(SECONDS) * BigInt(units) + BigInt(units / 2);
      const body = new Bytes(little).word(
        0,
        Number(time >> 32n),
        Number(time & 0xffff_ffffn),
        3,
        60,
      )
        .raw([0x45, 7, 8, 0]);
      const file = concatenated([...section(little, resolution), block(6, body.done(), little)]);
      const [packet] = readCapture(file);
      assertEquals(packet.timeUs, SECONDS * 1e6 + 500_000, `${resolution}`);
      assertEquals([[...packet.bytes], packet.originalLength], [[0x45, 7, 8], 60]);
    }
  }
});

Deno.test("capture file: simple packets, unknown blocks and a second section", () => {
  const simple = block(3, new Bytes(true).word(4).raw([0x45, 1, 2, 3]).done(), true);
  const unknown = block(0x0bad, new Uint8Array(8), true);
  const again = block(3, new Bytes(false).word(2).raw([0x60, 1, 0, 0]).done(), false);
  const parts = [...section(true, null), unknown, simple, ...section(false, null), again];
  const packets = [...readCapture(concatenated(parts))];
  assertEquals(packets.map(({ bytes }) => [...bytes]), [[0x45, 1, 2, 3], [0x60, 1]]);
});

Deno.test("capture file: what is no capture is refused with the offset", () => {
  const cases: readonly [string, Uint8Array, number][] = [
    ["too short", new Uint8Array(3), 3],
    ["neither pcap nor pcapng", new TextEncoder().encode("not a capture at all"), 0],
    ["no byte order", block(0x0a0d0d0a, new Uint8Array(16), true), 8],
    [
      "impossible",
      concatenated([...section(true, null), new Bytes(true).word(6, 13, 0).done()]),
      52,
    ],
    [
      "two lengths",
      concatenated([...section(true, null), new Bytes(true).word(6, 16, 0, 12).done()]),
      60,
    ],
    [
      "interface 1",
      concatenated([
        ...section(true, null),
        block(6, new Bytes(true).word(1, 0, 0, 0, 0).done(), true),
      ]),
      48,
    ],
    ["impossible", pcap([], true, false), 24],
  ];
  const huge = concatenated([
    pcap([], true, false),
    new Bytes(true).word(0, 0, 0x7fff_ffff, 0).done(),
  ]);
  for (const [words, file, offset] of cases) {
    const bytes = words === "impossible" && offset === 24 ? huge : file;
    const error = assertThrows(() => [...readCapture(bytes)], CaptureError, words);
    assertEquals(error.offset, offset, words);
    assert(error.message.includes(`at byte ${offset}`), error.message);
  }
});

Deno.test("capture file: cut anywhere, it gives what is whole and then says where it ends", () => {
  const body = new Bytes(true).word(0, 0, 0, 2, 2).raw([1, 2, 0, 0]).done();
  const files = [
    pcap(PACKETS, true, false),
    concatenated([...section(true, 6), block(6, body, true), block(6, body, true)]),
  ];
  for (const file of files) {
    const whole = [...readCapture(file)].length;
    for (let length = 0; length < file.length; length++) {
      let count = 0;
      let error: unknown = null;
      try {
        for (const _ of readCapture(file.subarray(0, length))) count++;
      } catch (thrown) {
        error = thrown;
      }
      assert(count <= whole);
      // A capture that ends between two packets is a shorter capture.
      if (error !== null) assert(error instanceof CaptureError && error.offset <= length);
      else assert(count < whole || length === file.length, `${length} bytes of ${file.length}`);
    }
  }
});

Deno.test("capture file: damage anywhere is an error or another capture, never anything else", () => {
  const random = new SeededRandom(SEED);
  const body = new Bytes(true).word(0, 0, 0, 2, 2).raw([1, 2, 0, 0]).half(1, 2).raw([65, 66, 0, 0])
    .word(0).done();
  const files = [
    pcap(PACKETS, false, true),
    concatenated([...section(true, 6), block(6, body, true), block(3, body, true)]),
  ];
  for (let round = 0; round < 20_000; round++) {
    const file = files[round & 1].slice();
    for (let i = random.integer(1, 4); i > 0; i--) {
      file[random.integer(0, file.length - 1)] = random.uint32();
    }
    try {
      for (const { bytes } of readCapture(file)) assert(bytes.length <= file.length);
    } catch (error) {
      assert(error instanceof CaptureError, `seed ${SEED}, round ${round}: ${error}`);
    }
  }
});

Deno.test("capture file: every microsecond that is written is read again", () => {
  // Goal: 249 us are not 248; the fraction of a second is not rounded on its way.
  const blocks: Uint8Array[] = [];
  const writer = new PcapngWriter((block) => blocks.push(block));
  const id = writer.interface("test");
  const times = Array.from({ length: 2000 }, (_, index) => 1_700_000_000_000_000 + 7 * index);
  for (const timeUs of times) writer.packet(id, new Uint8Array(20), { timeUs });
  assertEquals([...readCapture(concatenated(blocks))].map(({ timeUs }) => timeUs), times);
});
