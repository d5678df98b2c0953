import { assertEquals } from "@std/assert";
import { Memory } from "../../src/base/memory.ts";
import { SeededRandom } from "../../src/base/random.ts";
import {
  checksumAdd,
  checksumAddPiece,
  checksumFold,
  pseudoHeaderSum4,
} from "../../src/wire/checksum.ts";
import { be16, be32, naiveChecksum } from "./frames.ts";

const SEED = 0xc5ec5;

function randomBytes(random: SeededRandom, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.integer(0, 255));
}

Deno.test("checksum: the example of RFC 1071 section 3", () => {
  // Goal: the words 0001 f203 f4f5 f6f7 add up to ddf2 there.
  const view = new DataView(Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7).buffer);
  assertEquals(checksumAdd(view, 0, 8, 0), 0xddf2);
  assertEquals(checksumFold(0xddf2), 0x220d);
});

Deno.test("checksum: every length from 0 to 200 at every alignment equals the naive sum", () => {
  // Goal: no unrolled block, word or tail byte is lost or counted twice.
  const random = new SeededRandom(SEED);
  const bytes = randomBytes(random, 256);
  const view = new DataView(bytes.buffer);
  for (let offset = 0; offset < 8; offset++) {
    for (let length = 0; length <= 200; length++) {
      assertEquals(
        checksumFold(checksumAdd(view, offset, length, 0)),
        naiveChecksum(bytes.subarray(offset, offset + length)),
        `seed ${SEED}, offset ${offset}, length ${length}`,
      );
    }
  }
});

Deno.test("checksum: the largest sums do not overflow", () => {
  // Goal: 256 KiB of all ones, and of the highest half words, stay exact.
  const bytes = new Uint8Array(262144).fill(0xff);
  const view = new DataView(bytes.buffer);
  for (const length of [65535, 65536, 262143, 262144]) {
    assertEquals(
      checksumFold(checksumAdd(view, 0, length, 0)),
      naiveChecksum(bytes.subarray(0, length)),
      `length ${length}`,
    );
  }
  for (let i = 0; i < bytes.length; i += 4) bytes.set([0, 0, 0xff, 0xfe], i);
  assertEquals(checksumFold(checksumAdd(view, 0, bytes.length, 0)), naiveChecksum(bytes));
  assertEquals(checksumAdd(view, 0, 0, 0x7ffdffff) <= 0xffff, true);
});

Deno.test("checksum: works the same over shared memory", () => {
  // Goal: the views that the pipeline uses give the sums that plain ones give.
  const random = new SeededRandom(SEED);
  const bytes = randomBytes(random, 1501);
  const shared = new Uint8Array(new SharedArrayBuffer(1501));
  shared.set(bytes);
  assertEquals(
    checksumFold(checksumAdd(new DataView(shared.buffer), 0, 1501, 0)),
    naiveChecksum(bytes),
  );
});

Deno.test("checksum: pieces that join anywhere equal the whole", () => {
  // Goal: a payload in a ring buffer, cut at odd places, has the sum of the payload in one piece.
  const random = new SeededRandom(SEED);
  for (let round = 0; round < 2000; round++) {
    const bytes = randomBytes(random, random.integer(0, 300));
    const memory = new Memory(bytes.buffer as ArrayBuffer);
    let sum = 0;
    let position = 0;
    while (position < bytes.length) {
      const length = Math.min(random.integer(0, 70), bytes.length - position);
      sum = checksumAddPiece(memory, position, length, sum, position);
      position += length;
    }
    assertEquals(checksumFold(sum), naiveChecksum(bytes), `seed ${SEED}, round ${round}`);
  }
});

Deno.test("checksum: bytes with their checksum in place give 0", () => {
  // Goal: verifying is adding everything up, so a receiver needs no second form.
  const random = new SeededRandom(SEED);
  for (let round = 0; round < 500; round++) {
    const bytes = randomBytes(random, 2 + 2 * random.integer(0, 40));
    bytes.set([0, 0]);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, checksumFold(checksumAdd(view, 0, bytes.length, 0)));
    assertEquals(checksumFold(checksumAdd(view, 0, bytes.length, 0)), 0, `round ${round}`);
  }
});

Deno.test("checksum: the pseudo-header's sum is that of its 12 bytes", () => {
  // Goal: addresses above 2^31, which are negative numbers here, count as unsigned.
  const random = new SeededRandom(SEED);
  for (let round = 0; round < 500; round++) {
    const src = random.uint32() | 0;
    const dst = random.uint32() | 0;
    const length = random.integer(20, 65515);
    const bytes = [...be32(src), ...be32(dst), 0, 6, ...be16(length)];
    assertEquals(checksumFold(pseudoHeaderSum4(src, dst, 6, length)), naiveChecksum(bytes));
  }
  assertEquals(checksumFold(pseudoHeaderSum4(-1, -1, 6, 65515)) <= 0xffff, true);
});
