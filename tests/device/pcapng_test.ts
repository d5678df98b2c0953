import { assertEquals, assertThrows } from "@std/assert";
import { readCapture } from "../../src/device/capture_file.ts";
import { Direction, LINK_TYPE_ETHERNET, PcapngWriter } from "../../src/device/pcapng.ts";
import { runWell } from "../support/process.ts";
import { testNeeding } from "../support/skip.ts";
import { concatenated } from "./captures.ts";
import { tcpFrame } from "../wire/frames.ts";

/** A capture with two interfaces and three packets, of which one is cut. */
function example(): Uint8Array {
  const blocks: Uint8Array[] = [];
  const writer = new PcapngWriter((block) => blocks.push(block), "a test");
  const tun = writer.interface("woshou0");
  const ethernet = writer.interface("eth1", LINK_TYPE_ETHERNET, 96);
  const frame = Uint8Array.from(tcpFrame());
  writer.packet(tun, frame, { timeUs: 1_700_000_000_123_456, direction: Direction.inbound });
  writer.packet(tun, frame.subarray(0, 33), {
    timeUs: 1_700_000_001_000_000,
    originalLength: frame.length,
    direction: Direction.outbound,
    comments: ["LISTEN -> SYN-RECEIVED", "握手"],
  });
  writer.packet(ethernet, new Uint8Array(14), { timeUs: 0 });
  return concatenated(blocks);
}

testNeeding(
  { programs: ["tshark"] },
  "pcapng: tshark reads what is written, without a complaint",
  async () => {
    // Goal: addresses, times to the microsecond, lengths, directions, interfaces and comments are there as they were given.
    const path = await Deno.makeTempFile({ suffix: ".pcapng" });
    try {
      await Deno.writeFile(path, example());
      const fields = [
        ...["frame.interface_name", "frame.time_epoch", "frame.len", "frame.cap_len"],
        ...["frame.packet_flags_direction", "frame.comment"],
      ];
      const output = await runWell("tshark", [
        ...["-r", path, "-T", "fields", "-E", "separator=|"],
        ...fields.flatMap((field) => ["-e", field]),
      ]);
      const rows = output.split("\n").filter((line) => line !== "").map((line) => line.split("|"));
      const length = tcpFrame().length;
      assertEquals(
        rows.map(([name, time, length, cut, direction, comment]) => [
          ...[name, time, length, cut],
          // Releases differ in how many digits they print.
          ...[direction === "" ? "" : String(Number(direction)), comment],
        ]),
        [
          ["woshou0", "1700000000.123456000", `${length}`, `${length}`, "1", ""],
          [
            "woshou0",
            "1700000001.000000000",
            `${length}`,
            "33",
            "2",
            "LISTEN -> SYN-RECEIVED,握手",
          ],
          ["eth1", "0.000000000", "14", "14", "", ""],
        ],
      );
    } finally {
      await Deno.remove(path);
    }
  },
);

Deno.test("pcapng: what is written is read back", () => {
  const frame = Uint8Array.from(tcpFrame());
  const packets = [...readCapture(example())].map(({ bytes, offset: _, ...rest }) => ({
    ...rest,
    bytes: bytes.length,
  }));
  assertEquals(packets, [
    {
      timeUs: 1_700_000_000_123_456,
      linkType: 101,
      interfaceName: "woshou0",
      direction: Direction.inbound,
      comments: [],
      originalLength: frame.length,
      bytes: frame.length,
    },
    {
      timeUs: 1_700_000_001_000_000,
      linkType: 101,
      interfaceName: "woshou0",
      direction: Direction.outbound,
      comments: ["LISTEN -> SYN-RECEIVED", "握手"],
      originalLength: frame.length,
      bytes: 33,
    },
    {
      timeUs: 0,
      linkType: 1,
      interfaceName: "eth1",
      direction: Direction.unknown,
      comments: [],
      originalLength: 14,
      bytes: 14,
    },
  ]);
});

Deno.test("pcapng: a packet of an interface that was not added is refused", () => {
  const writer = new PcapngWriter(() => {});
  assertThrows(() => writer.packet(0, new Uint8Array(1), { timeUs: 0 }), RangeError, "interface 0");
});
