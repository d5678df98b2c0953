import { assertEquals } from "@std/assert";
import { isIcmpChecksumRight, writeIcmpChecksum } from "../../src/wire/icmp.ts";
import { icmpBytes } from "./frames.ts";

Deno.test("icmp: the checksum covers the whole message, odd lengths too", () => {
  // Goal: written and hand-made checksums agree, and one wrong bit is found.
  for (const size of [4, 5, 60, 61]) {
    const rest = Array.from({ length: size }, (_, i) => (i * 37) & 255);
    const expected = icmpBytes(8, 0, rest);
    const bytes = Uint8Array.from(expected);
    const view = new DataView(bytes.buffer);
    bytes.set([0xab, 0xcd], 2);
    writeIcmpChecksum(view, 0, bytes.length);
    assertEquals([...bytes], expected);
    assertEquals(isIcmpChecksumRight(view, 0, bytes.length), true);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      bytes[bit >> 3] ^= 1 << (bit & 7);
      assertEquals(isIcmpChecksumRight(view, 0, bytes.length), false, `size ${size}, bit ${bit}`);
      bytes[bit >> 3] ^= 1 << (bit & 7);
    }
  }
});
