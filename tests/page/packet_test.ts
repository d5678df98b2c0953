import { assertEquals } from "@std/assert";
import { decodePacket, type Field, flagsText } from "../../src/page/packet.ts";

/** A SYN as Linux sends it: IPv4, MSS 1460, SACK permitted, timestamps, window scale 10. */
const SYN = "4500003c1cd6400040060bdc0a0700010a070002d0ac0007a1234567000000" +
  "00a002faf0143f0000020405b40402080a596c000100000000" + "0103030a";

/** An ACK over IPv6 with two SACK blocks, ECN echo, and an option that nobody knows. */
const ACK6 = "602abcde00380640" + "fd070000000000000000000000000001" +
  "fd070000000000000000000000000002" +
  "d0ac00500000000a0000001480502000abcd0000" +
  "0101050a000000640000006e" + "fd0412340101" + "0000";

function fieldsOf(fields: readonly Field[]): Record<string, string> {
  return Object.fromEntries(fields.map(({ name, value }) => [name.en, value]));
}

Deno.test("a SYN's fields are those of the wire, and its bits fill the header without a gap", () => {
  const bytes = Uint8Array.fromHex(SYN);
  const packet = decodePacket(bytes, 0)!;
  assertEquals([packet.family, packet.src, packet.dst], ["IPv4", "10.7.0.1", "10.7.0.2"]);
  assertEquals(fieldsOf(packet.ip).TTL, "64");
  assertEquals(fieldsOf(packet.ip).DF, "1");
  const tcp = fieldsOf(packet.tcp);
  assertEquals([tcp["Source port"], tcp["Destination port"]], ["53420", "7"]);
  assertEquals([tcp["Sequence number"], packet.seq], [String(0xa1234567), 0xa1234567]);
  assertEquals([tcp.SYN, tcp.ACK, tcp.Window, tcp.Checksum], ["1", "0", "64240", "0x143f"]);
  assertEquals([packet.mss, packet.windowScale, packet.sackPermitted], [1460, 10, true]);
  assertEquals(packet.timestamps, [0x596c0001, 0]);
  assertEquals(flagsText(packet.flags), "SYN");
  for (const [fields, bits] of [[packet.ip, 160], [packet.tcp, 320]] as const) {
    let at = 0;
    for (const field of fields) {
      assertEquals(field.at, at, field.name.en);
      at += field.bits;
    }
    assertEquals(at, bits);
  }
});

Deno.test("IPv6, SACK blocks and unknown options are shown too", () => {
  const packet = decodePacket(Uint8Array.fromHex(ACK6), 12)!;
  assertEquals([packet.family, packet.src], ["IPv6", "fd07::1"]);
  assertEquals(fieldsOf(packet.ip)["Flow label"], "0xabcde");
  assertEquals([fieldsOf(packet.ip).DSCP, fieldsOf(packet.ip).ECN], ["0", "2"]);
  assertEquals(packet.sack, [[100, 110]]);
  assertEquals(flagsText(packet.flags), "ACK ECE");
});

Deno.test("what is cut off, broken or of another protocol is null or ends early, and never throws", () => {
  const bytes = Uint8Array.fromHex(SYN);
  for (let length = 0; length < 40; length++) {
    assertEquals(decodePacket(bytes.subarray(0, length), 0), null);
  }
  for (let at = 0; at < bytes.length; at++) {
    for (const value of [0, 1, 0x7f, 0xff]) {
      const damaged = bytes.slice();
      damaged[at] = value;
      decodePacket(damaged, 0);
    }
  }
  const udp = bytes.slice();
  udp[9] = 17;
  assertEquals(decodePacket(udp, 0), null);
});
