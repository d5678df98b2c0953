import { assertEquals } from "@std/assert";
import {
  findLinkAddress,
  isNeighborMessage,
  NEIGHBOR_PACKET_BYTES,
  NeighborFlag,
  NeighborOption,
  NeighborType,
  solicitedNode,
  type Words,
  writeNeighborMessage,
} from "../../src/wire/neighbor.ts";

const OWN: Words = [0xfd07_0000 | 0, 0, 0, 2];
const PEER: Words = [0xfd07_0000 | 0, 0, 0, 0x00ab_cdef];
const MAC = Uint8Array.of(2, 0, 0, 0, 0, 9);

function message(type: number): { bytes: Uint8Array; view: DataView } {
  const bytes = new Uint8Array(NEIGHBOR_PACKET_BYTES);
  writeNeighborMessage(bytes, type, NeighborFlag.solicited, OWN, solicitedNode(PEER), PEER, MAC);
  return { bytes, view: new DataView(bytes.buffer) };
}

Deno.test("neighbor: what is written is a valid message with its link-layer address", () => {
  for (
    const [type, option] of [
      [NeighborType.solicitation, NeighborOption.source],
      [NeighborType.advertisement, NeighborOption.target],
    ]
  ) {
    const { bytes, view } = message(type);
    assertEquals(isNeighborMessage(view, 0, bytes.length), true);
    const at = findLinkAddress(view, 0, option);
    assertEquals([...bytes.subarray(at, at + 6)], [...MAC]);
    assertEquals(findLinkAddress(view, 0, 3 - option), -1);
  }
});

Deno.test("neighbor: a wrong bit anywhere but in the traffic class and flow label is found out", () => {
  // Goal: hop limit 255 and the checksum are what keeps messages of other networks out (RFC 4861 section 7.1).
  const { bytes, view } = message(NeighborType.solicitation);
  for (let bit = 8 * 4; bit < 8 * bytes.length; bit++) {
    bytes[bit >> 3] ^= 1 << (bit & 7);
    assertEquals(isNeighborMessage(view, 0, bytes.length), false, `bit ${bit}`);
    bytes[bit >> 3] ^= 1 << (bit & 7);
  }
  assertEquals(isNeighborMessage(view, 0, bytes.length - 1), false, "cut");
});

Deno.test("neighbor: an option without a length ends the search", () => {
  const { bytes, view } = message(NeighborType.solicitation);
  bytes[40 + 25] = 0;
  assertEquals(findLinkAddress(view, 0, NeighborOption.source), -1);
});

Deno.test("neighbor: the group of a target is made of its last 24 bits", () => {
  assertEquals(solicitedNode(PEER), [0xff02_0000 | 0, 0, 1, 0xffab_cdef | 0]);
});
