import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/base/random.ts";
import {
  Ipv4Field,
  isIpv4ChecksumRight,
  readIpv4HeaderLength,
  writeIpv4Header,
} from "../../src/wire/ipv4.ts";
import { ipv4Frame } from "./frames.ts";

const SEED = 0x1b4;

Deno.test("ipv4: a header is written as the hand-made one", () => {
  // Goal: all fields in their places, DF set, checksum right, for random values.
  const random = new SeededRandom(SEED);
  for (let round = 0; round < 1000; round++) {
    const trafficClass = random.integer(0, 255);
    const totalLength = random.integer(20, 65535);
    const identification = random.integer(0, 65535);
    const hopLimit = random.integer(0, 255);
    const protocol = random.integer(0, 255);
    const source = random.uint32() | 0;
    const destination = random.uint32() | 0;
    const bytes = new Uint8Array(24);
    writeIpv4Header(
      new DataView(bytes.buffer),
      3,
      trafficClass,
      totalLength,
      identification,
      hopLimit,
      protocol,
      source,
      destination,
    );
    const expected = ipv4Frame({
      trafficClass,
      totalLength,
      identification,
      hopLimit,
      protocol,
      source,
      destination,
    });
    assertEquals([...bytes], [0, 0, 0, ...expected, 0], `seed ${SEED}, round ${round}`);
  }
});

Deno.test("ipv4: the checksum covers every bit of the header, with and without options", () => {
  // Goal: one wrong bit anywhere is found.
  for (const options of [[], [1, 1, 1, 0], new Array(40).fill(1)]) {
    const bytes = Uint8Array.from(ipv4Frame({ options }));
    const view = new DataView(bytes.buffer);
    const length = readIpv4HeaderLength(view, 0);
    assertEquals(length, 20 + options.length);
    assertEquals(isIpv4ChecksumRight(view, 0, length), true);
    for (let bit = 0; bit < length * 8; bit++) {
      bytes[bit >> 3] ^= 1 << (bit & 7);
      assertEquals(isIpv4ChecksumRight(view, 0, length), false, `bit ${bit}`);
      bytes[bit >> 3] ^= 1 << (bit & 7);
    }
  }
});

Deno.test("ipv4: the header length is that of the IHL field alone", () => {
  // Goal: the version's bits do not leak into it.
  const view = new DataView(Uint8Array.of(0xff).buffer);
  assertEquals(readIpv4HeaderLength(view, Ipv4Field.versionIhl), 60);
});
