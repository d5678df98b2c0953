import { assertEquals } from "@std/assert";
import { OptionBit, Segment } from "../../src/wire/segment.ts";
import { tcpConfig, type TcpOptions } from "../../src/tcp/config.ts";
import type { Connection } from "../../src/tcp/connection.ts";
import { announcedMss, negotiate, windowScaleFor } from "../../src/tcp/negotiation.ts";
import { makeConnection } from "./connections.ts";

const MTU = 1500;
const BITS = [OptionBit.mss, OptionBit.windowScale, OptionBit.sackPermitted, OptionBit.timestamps];

/** A SYN with these options. */
function syn(options: number, fields: Partial<Segment> = {}): Segment {
  const values = { options, mss: 1460, windowScale: 7, tsValue: 4711, ...fields };
  return Object.assign(new Segment(), values);
}

function settled(options: TcpOptions, segment: Segment, mtu = MTU): Connection {
  const conn = makeConnection();
  negotiate(conn, segment, tcpConfig(options), mtu, 5_000_000);
  return conn;
}

Deno.test("Goal: an option is in use exactly when both sides want it, for every combination", () => {
  for (let offered = 0; offered < 16; offered++) {
    for (let wanted = 0; wanted < 8; wanted++) {
      const options = BITS.reduce(
        (bits, bit, index) => bits | ((offered >> index) & 1 ? bit : 0),
        0,
      );
      const [windowScale, sack, timestamps] = [0, 1, 2].map((bit) => (wanted & (1 << bit)) !== 0);
      const conn = settled({ windowScale, sack, timestamps }, syn(options));
      const has = (bit: number) => (options & bit) !== 0;
      assertEquals(conn.windowScale, windowScale && has(OptionBit.windowScale));
      assertEquals(conn.sack, sack && has(OptionBit.sackPermitted));
      assertEquals(conn.timestamps, timestamps && has(OptionBit.timestamps));
      // Scales are both there or both 0 (RFC 7323 section 2.2).
      assertEquals([conn.sndScale, conn.rcvScale], conn.windowScale ? [7, 7] : [0, 0]);
      const recent = conn.timestamps ? [4711, 5_000_000] : [0, 0];
      assertEquals([conn.tsRecent, conn.tsRecentAtUs], recent);
      const mss = has(OptionBit.mss) ? 1460 : 536;
      assertEquals(conn.sndMss, conn.timestamps ? mss - 12 : mss);
      assertEquals(conn.congestion.cwndBytes, 10 * conn.sndMss);
      assertEquals(conn.congestion.name, "cubic");
    }
  }
});

Deno.test("Goal: the MSS is the smaller of the peer's and the link's, and 536 if it announces none", () => {
  const mssOf = (mss: number, mtu: number) => settled({}, syn(OptionBit.mss, { mss }), mtu).sndMss;
  assertEquals([mssOf(1460, 1500), mssOf(1400, 1500), mssOf(9000, 1500)], [1460, 1400, 1460]);
  assertEquals(mssOf(65_535, 9000), 8960);
  assertEquals(settled({}, syn(0, { mss: 1460 })).sndMss, 536, "an option that is not there");
  assertEquals(settled({}, syn(0), 300).sndMss, 260, "the link allows less than 536");
});

Deno.test("Goal: a tiny MSS does not make the stack send segments of a few bytes", () => {
  for (const mss of [0, 1, 8, 47, 48]) {
    assertEquals(settled({}, syn(OptionBit.mss, { mss })).sndMss, 48, `${mss}`);
    const both = OptionBit.mss | OptionBit.timestamps;
    assertEquals(settled({}, syn(both, { mss })).sndMss, 36, `${mss}, with timestamps`);
  }
  assertEquals(settled({}, syn(OptionBit.mss, { mss: 49 })).sndMss, 49);
});

Deno.test("Goal: a window scale above 14 counts as 14 (RFC 7323 section 2.3)", () => {
  const scaleOf = (windowScale: number) =>
    settled({}, syn(OptionBit.windowScale, { windowScale })).sndScale;
  assertEquals([0, 1, 14, 15, 255].map(scaleOf), [0, 1, 14, 14, 14]);
});

Deno.test("Goal: our own scale is the least with which the largest buffer can be advertised", () => {
  const bytes = [1, 65_535, 65_536, 131_070, 131_071, 6 * 1024 * 1024, 2 ** 30, 2 ** 40];
  assertEquals(bytes.map(windowScaleFor), [0, 0, 1, 1, 2, 7, 14, 14]);
  const small = settled({ receiveBufferInitialBytes: 2048, receiveBufferMaxBytes: 4096 }, syn(0xf));
  assertEquals([small.windowScale, small.rcvScale, small.sndScale], [true, 0, 7]);
});

Deno.test("Goal: the control, the initial window and the send buffer are those of the options", () => {
  const options: TcpOptions = {
    congestion: "newreno",
    initialWindowSegments: 3,
    sendBufferInitialBytes: 5000,
  };
  const conn = settled(options, syn(OptionBit.mss));
  assertEquals([conn.congestion.name, conn.congestion.cwndBytes, conn.sendLimit], [
    "newreno",
    3 * 1460,
    5000,
  ]);
});

Deno.test("Goal: the MSS that is announced is the MTU less both fixed headers (RFC 6691)", () => {
  const sizes = [1500, 9000, 576].map((mtu) => announcedMss(mtu, 0, 40));
  assertEquals(sizes, [1460, 8960, 536]);
  assertEquals(
    [announcedMss(1500, 1000, 40), announcedMss(1500, 9000, 40)],
    [1000, 1460],
    "clamped",
  );
  assertEquals([announcedMss(1500, 0, 60), announcedMss(1280, 0, 60)], [1440, 1220]);
});
