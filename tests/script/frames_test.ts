/** Frames of both families: what is written is what is read, with right checksums. */

import { assertEquals } from "@std/assert";
import { type Address, isIpv4, parseAddress } from "../../src/base/address.ts";
import { Memory } from "../../src/base/memory.ts";
import { InputKind, PacketInput } from "../../src/ip/input.ts";
import { checksumAdd, checksumFold } from "../../src/wire/checksum.ts";
import { Flag, Segment } from "../../src/wire/segment.ts";
import { icmpFrame, readFrame, tcpFrame, type WirePacket } from "../../tools/script/frames.ts";

const PACKET: WirePacket = {
  flags: Flag.SYN | Flag.ACK | Flag.AE,
  seq: -5,
  ack: 0x7fff_ffff,
  window: 65_535,
  urgent: 3,
  length: 11,
  options: [
    { kind: "mss", value: 1460 },
    { kind: "sackOK" },
    { kind: "timestamps", value: 0xffff_fff0, echo: 7 },
    { kind: "nop" },
    { kind: "wscale", value: 7 },
    { kind: "sack", blocks: [[1, 0xffff_ffff]] },
    { kind: "fastOpen", cookie: Uint8Array.of(1, 2) },
    { kind: "nop" },
    { kind: "eol" },
  ],
  trafficClass: 0x13,
  ttl: 77,
  flowLabel: 0,
};

function ends(source: string, destination: string) {
  return {
    source: parseAddress(source)!,
    destination: parseAddress(destination)!,
    sourcePort: 1234,
    destinationPort: 80,
  };
}

const IPV4 = ends("192.0.2.1", "192.168.0.1");
const IPV6 = ends("2001:db8::1", "fd3d:a0b:17d6::1");

/** What remains of the sum over pseudo-header and payload: 0 when the checksum is right. */
function leftOver(frame: Uint8Array<ArrayBuffer>, source: Address, protocol: number): number {
  const at = isIpv4(source) ? 20 : 40;
  const addresses = isIpv4(source) ? 8 : 32;
  const length = frame.length - at;
  const view = new DataView(frame.buffer);
  return checksumFold(checksumAdd(view, at - addresses, addresses + length, protocol + length));
}

for (const [family, both] of [["IPv4", IPV4], ["IPv6", IPV6]] as const) {
  Deno.test(`frames: a TCP packet over ${family} reads as it was written`, () => {
    // Goal: every field, every kind of option.
    const frame = tcpFrame(both, PACKET);
    assertEquals(leftOver(frame, both.source, 6), 0);
    assertEquals(readFrame(frame, 9), { ...PACKET, ...both, atUs: 9 });
  });
}

Deno.test("frames: the stack's own input takes them", () => {
  // Goal: nothing that a script sends is dropped for the runner's mistakes.
  const memory = new Memory(new ArrayBuffer(4096));
  const input = new PacketInput({ virtioHeader: false, addresses: [IPV4.destination] });
  const segment = new Segment();
  const frame = tcpFrame(IPV4, PACKET);
  memory.bytes.set(frame, 64);
  assertEquals(input.decode(memory, 64, frame.length, segment), InputKind.tcp, `${input.reason}`);
  assertEquals([segment.seq, segment.mss, segment.payloadLength], [-5, 1460, 11]);
  const { source: destination, destination: source } = IPV4;
  const sent = { source, destination, sourcePort: 80, destinationPort: 1234 };
  const error = { type: 3, code: 4, mtu: 1200, seq: 42, length: 100 };
  const icmp = icmpFrame(destination, sent, error);
  memory.bytes.set(icmp, 64);
  assertEquals(input.decode(memory, 64, icmp.length, segment), InputKind.icmpError);
  assertEquals([segment.seq, segment.icmpMtu, segment.srcPort], [42, 1200, 80]);
});

Deno.test("frames: an ICMPv6 error has its checksum over the pseudo-header", () => {
  // Goal: RFC 4443 section 2.3.
  const error = { type: 2, code: 0, mtu: 1280, seq: 42, length: 100 };
  assertEquals(leftOver(icmpFrame(IPV6.source, IPV6, error), IPV6.source, 58), 0);
});

Deno.test("addresses: texts of both families", () => {
  // Goal: what is no address is none.
  const hex = (text: string) => {
    const address = parseAddress(text);
    if (address === null) return null;
    const words = [address.w0, address.w1, address.w2, address.w3];
    return words.map((word) => (word >>> 0).toString(16)).join(" ");
  };
  assertEquals(hex("1.2.3.4"), "0 0 ffff 1020304");
  assertEquals(hex("2001:db8::1"), "20010db8 0 0 1");
  assertEquals(hex("::"), "0 0 0 0");
  assertEquals(hex("1:2:3:4:5:6:7:8"), "10002 30004 50006 70008");
  for (const text of ["", "1.2.3", "1:2:3", "1::2::3", "1:2:3:4:5:6:7:8:9", "g::1"]) {
    assertEquals(parseAddress(text), null, text);
  }
});
