import { assertEquals } from "@std/assert";
import { fragmentBytes, writeFragmentHeader } from "../../src/ip/fragment_output.ts";
import { Segment } from "../../src/wire/segment.ts";
import { be32, ends, ipv4Frame, ipv6Frame, OWN, OWN6, PEER, PEER6 } from "../wire/frames.ts";

function headerOf(segment: Segment, length: number, position: number, hasMore: boolean): number[] {
  const bytes = new Uint8Array(100);
  const view = new DataView(bytes.buffer);
  const id = 0x1234_5678;
  const size = writeFragmentHeader(view, 3, segment, 17, length, position, hasMore, id);
  return [...bytes.subarray(3, 3 + size)];
}

Deno.test("fragments over IPv4: DF clear, offset, MF and identification", () => {
  // Goal: RFC 791 section 3.2, byte for byte.
  const segment = Object.assign(new Segment(), ends(OWN, PEER), { hopLimit: 9, trafficClass: 4 });
  const ip = { protocol: 17, source: OWN.w3, destination: PEER.w3, identification: 0x5678 };
  const rest = { hopLimit: 9, trafficClass: 4 };
  assertEquals(
    headerOf(segment, 1480, 0, true),
    ipv4Frame({ ...ip, ...rest, fragment: 0x2000, totalLength: 1500 }),
  );
  assertEquals(
    headerOf(segment, 100, 2960, false),
    ipv4Frame({ ...ip, ...rest, fragment: 370, totalLength: 120 }),
  );
});

Deno.test("fragments over IPv6: the fragment header", () => {
  // Goal: RFC 8200 section 4.5, byte for byte, with all 32 bits of the identification.
  const segment = Object.assign(new Segment(), ends(OWN6, PEER6));
  const frame = (field: number, length: number) =>
    ipv6Frame({
      ...{ protocol: 17, source: OWN6, destination: PEER6, payloadLength: 8 + length },
      extensions: [[44, [0, field >>> 8, field & 255, ...be32(0x1234_5678)]]],
    });
  assertEquals(headerOf(segment, 1448, 0, true), frame(1, 1448));
  assertEquals(headerOf(segment, 100, 2896, false), frame(2896, 100));
});

Deno.test("fragments: each but the last is a multiple of 8 bytes, and fits", () => {
  // Goal: for every MTU from the least on.
  for (
    const [own, peer, headers, least] of [[OWN, PEER, 20, 68], [OWN6, PEER6, 48, 1280]] as const
  ) {
    const segment = Object.assign(new Segment(), ends(own, peer));
    for (let mtu = least; mtu < least + 20; mtu++) {
      const bytes = fragmentBytes(segment, mtu);
      assertEquals(bytes % 8, 0);
      assertEquals(mtu - headers - bytes < 8 && bytes + headers <= mtu, true, `${mtu}`);
    }
  }
});
