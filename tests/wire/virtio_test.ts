import { assertEquals } from "@std/assert";
import { VirtioGso, writeVirtioPartial, writeVirtioPlain } from "../../src/wire/virtio.ts";
import { virtioBytes } from "./frames.ts";

Deno.test("virtio: a plain header is ten zeros, whatever was there", () => {
  // Goal: nothing of an earlier frame remains.
  const bytes = new Uint8Array(12).fill(0xee);
  writeVirtioPlain(new DataView(bytes.buffer), 1);
  assertEquals([...bytes], [0xee, ...virtioBytes(), 0xee]);
});

Deno.test("virtio: a partial header has its fields little-endian", () => {
  // Goal: the bytes that the kernel expects, with each field's two bytes different.
  const bytes = new Uint8Array(12).fill(0xee);
  const view = new DataView(bytes.buffer);
  writeVirtioPartial(view, 1, VirtioGso.tcp4, 0x0134, 0x05b4, 0x0214, 0x0310);
  assertEquals(
    [...bytes],
    [0xee, 1, 1, 0x34, 0x01, 0xb4, 0x05, 0x14, 0x02, 0x10, 0x03, 0xee],
  );
});
