import { assertEquals } from "@std/assert";
import {
  ARP_BYTES,
  ArpOperation,
  isArp,
  macText,
  parseMac,
  writeArp,
} from "../../src/wire/ethernet.ts";

Deno.test("ethernet: an ARP packet is the hand-made one", () => {
  const bytes = new Uint8Array(ARP_BYTES);
  const mac = Uint8Array.of(2, 0, 0, 0, 0, 1);
  writeArp(bytes, ArpOperation.request, mac, 0x0a07_0001, new Uint8Array(6), 0x0a07_0002);
  assertEquals([...bytes], [
    ...[0, 1, 8, 0, 6, 4, 0, 1],
    ...[2, 0, 0, 0, 0, 1, 10, 7, 0, 1],
    ...[0, 0, 0, 0, 0, 0, 10, 7, 0, 2],
  ]);
  const view = new DataView(bytes.buffer);
  assertEquals([isArp(view, 0, 28), isArp(view, 0, 27)], [true, false]);
  for (const at of [1, 2, 4, 5]) {
    bytes[at] ^= 1;
    assertEquals(isArp(view, 0, 28), false, `byte ${at}`);
    bytes[at] ^= 1;
  }
});

Deno.test("ethernet: MAC addresses as text, both ways", () => {
  const text = "02:0a:ff:00:10:9b";
  assertEquals(macText(parseMac(text)!), text);
  assertEquals(macText(parseMac(text.toUpperCase())!), text);
  for (
    const wrong of [
      "",
      "02:00:00:00:00",
      "02:00:00:00:00:0",
      "02-00-00-00-00-01",
      "0g:00:00:00:00:00",
    ]
  ) {
    assertEquals(parseMac(wrong), null, wrong);
  }
});
