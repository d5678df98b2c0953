import { assert, assertEquals, assertThrows } from "@std/assert";
import { Memory, threadStore } from "../../src/base/memory.ts";
import { SeededRandom } from "../../src/base/random.ts";
import { vectorMemory } from "../../src/base/vector.ts";
import { checksumAdd, checksumAddIn } from "../../src/wire/checksum.ts";

const SEED = 0x51d;

function randomMemory(random: SeededRandom): Memory {
  const store = threadStore(1 << 20);
  assert(store instanceof WebAssembly.Memory, "this machine has no shared WebAssembly memory");
  const memory = new Memory(store);
  for (let i = 0; i < 300_000; i++) memory.bytes[i] = random.uint32();
  return memory;
}

Deno.test("vector: the sum is that of checksumAdd at every length and alignment", () => {
  // Goal: no vector, word or tail byte is lost or counted twice, and a running sum goes on.
  const random = new SeededRandom(SEED);
  const memory = randomMemory(random);
  for (let offset = 0; offset < 8; offset++) {
    for (let length = 0; length <= 200; length++) {
      const sum = random.integer(0, 0xffff);
      const expected = checksumAdd(memory.view, offset, length, sum);
      assertEquals(checksumAddIn(memory, offset, length, sum), expected, `${offset}+${length}`);
    }
  }
});

Deno.test("vector: long runs of the greatest bytes do not overflow", () => {
  // Goal: the lanes hold 256 KiB, the most that checksumAdd promises.
  const memory = randomMemory(new SeededRandom(SEED));
  for (const fill of [null, 0xff]) {
    if (fill !== null) memory.bytes.fill(fill, 0, 300_000);
    for (const length of [1460, 65_535, 262_144]) {
      const expected = checksumAdd(memory.view, 3, length, 0x1234);
      assertEquals(checksumAddIn(memory, 3, length, 0x1234), expected, `${length} of ${fill}`);
    }
  }
});

Deno.test("vector: copies move what copyWithin moves, overlapping or not", () => {
  // Goal: a memory with vectors and one without hold the same bytes after the same copies.
  const random = new SeededRandom(SEED);
  const memory = randomMemory(random);
  const plain = new Memory(new ArrayBuffer(300_000));
  plain.bytes.set(memory.bytes.subarray(0, 300_000));
  for (let round = 0; round < 500; round++) {
    const [to, from] = [random.integer(0, 2000), random.integer(0, 2000)];
    const length = random.integer(0, 3000);
    memory.copy(to, from, length);
    plain.copy(to, from, length);
    assertEquals(memory.bytes.subarray(0, 5000), plain.bytes.subarray(0, 5000), `round ${round}`);
  }
});

Deno.test("vector: what is out of bounds throws and changes nothing", () => {
  const memory = randomMemory(new SeededRandom(SEED));
  const before = memory.bytes.slice(0, 100);
  assertThrows(() => memory.copy(0, (1 << 20) - 10, 11), WebAssembly.RuntimeError);
  assertThrows(() => checksumAddIn(memory, (1 << 20) - 10, 64, 0), WebAssembly.RuntimeError);
  assertEquals(memory.bytes.slice(0, 100), before);
});

Deno.test("vector: more than the module can import is refused, and a plain buffer serves", () => {
  assertEquals(vectorMemory(0x8000_0001), null);
});
