import { assertEquals, assertStrictEquals } from "@std/assert";
import { Memory } from "../../src/base/memory.ts";

Deno.test("Goal: both views of a memory show the same bytes, from the buffer's beginning to its end", () => {
  for (const buffer of [new ArrayBuffer(64), new SharedArrayBuffer(64)]) {
    const memory = new Memory(buffer);
    assertStrictEquals(memory.buffer, buffer);
    assertEquals([memory.bytes.length, memory.view.byteLength], [64, 64]);
    memory.view.setUint32(60, 0x01020304);
    assertEquals([...memory.bytes.slice(60)], [1, 2, 3, 4]);
    memory.bytes[0] = 0xab;
    assertEquals(memory.view.getUint8(0), 0xab);
  }
});

Deno.test("Goal: two memories over one shared buffer are one memory", () => {
  const buffer = new SharedArrayBuffer(16);
  new Memory(buffer).bytes.set([9, 8, 7], 4);
  assertEquals(new Memory(buffer).view.getUint16(5), 0x0807);
});
