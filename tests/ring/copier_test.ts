import { assertEquals } from "@std/assert";
import { ArrayCopier } from "../../src/ring/copier.ts";

Deno.test("Goal: bytes get out of the memory and into it at the places that are named", () => {
  const bytes = new Uint8Array(new SharedArrayBuffer(16));
  const copier = new ArrayCopier(bytes);
  copier.write(Uint8Array.of(1, 2, 3, 4), 0, 2, 4);
  copier.write(Uint8Array.of(7, 8, 9), 1, 10, 2);
  assertEquals([...bytes], [0, 0, 1, 2, 3, 4, 0, 0, 0, 0, 8, 9, 0, 0, 0, 0]);
  const target = new Uint8Array(5);
  copier.read(3, target, 1, 3);
  assertEquals([...target], [0, 2, 3, 4, 0]);
});
