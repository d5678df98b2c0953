import { assertEquals } from "@std/assert";
import { fragmentBytes, writeFragmentHeader } from "../../src/ip/fragment_output.ts";
import { Segment } from "../../src/wire/segment.ts";
import { be16, be32, ends, ipv4Frame, ipv6Frame, OWN, OWN6, PEER, PEER6 } from "../wire/frames.ts";

Deno.test("fragment output: headers of both families, byte by byte", () => {
  const view = new DataView(new ArrayBuffer(80));
  const written = (length: number) => [...new Uint8Array(view.buffer, 8, length)];
  const packet = Object.assign(new Segment(), ends(PEER, OWN), { trafficClass: 4 });
  assertEquals(writeFragmentHeader(view, 8, packet, 17, 1480, 2960, true, 0x1_2345), 20);
  const fields = { trafficClass: 4, protocol: 17, totalLength: 1500 };
  assertEquals(written(20), ipv4Frame({ ...fields, fragment: 0x2172, identification: 0x2345 }));
  writeFragmentHeader(view, 8, packet, 17, 1480, 2960, false, 7);
  assertEquals(written(20), ipv4Frame({ ...fields, fragment: 0x0172, identification: 7 }));

  const packet6 = Object.assign(new Segment(), ends(PEER6, OWN6), { flowLabel: 9, hopLimit: 3 });
  assertEquals(writeFragmentHeader(view, 8, packet6, 58, 1448, 1448, true, 0xabcdef01), 48);
  const expected = ipv6Frame({
    ...{ protocol: 58, flowLabel: 9, hopLimit: 3, payloadLength: 1456 },
    extensions: [[44, [0, ...be16(1449), ...be32(0xabcdef01)]]],
  });
  assertEquals(written(48), expected);
});

Deno.test("fragment output: what fits is a multiple of 8", () => {
  const packet = Object.assign(new Segment(), ends(PEER, OWN));
  const packet6 = Object.assign(new Segment(), ends(PEER6, OWN6));
  assertEquals([1500, 1499, 576].map((mtu) => fragmentBytes(packet, mtu)), [1480, 1472, 552]);
  assertEquals([1500, 1280].map((mtu) => fragmentBytes(packet6, mtu)), [1448, 1232]);
});
