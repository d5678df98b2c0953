import { assertEquals, assertThrows } from "@std/assert";
import { Memory } from "../../src/base/memory.ts";
import { InputKind, PacketInput } from "../../src/ip/input.ts";
import { ChecksumMode } from "../../src/ip/output.ts";
import { udpPacketBytes, writeUdpPacket } from "../../src/ip/udp_output.ts";
import { checksumAdd } from "../../src/wire/checksum.ts";
import { Segment } from "../../src/wire/segment.ts";
import { ends, FAMILIES, udpFrame, udpFrame6 } from "../wire/frames.ts";

const AT = 30;

for (const family of FAMILIES) {
  const { name, own, peer, headerBytes } = family;
  const datagram = (payloadLength: number) =>
    Object.assign(new Segment(), ends(own, peer), { srcPort: 53, dstPort: 9, payloadLength });

  Deno.test(`udp output over ${name}: the packet, byte for byte`, () => {
    // Goal: what the naive writer makes, and what the decoder of the other end takes.
    const payload = [1, 2, 3, 4, 5];
    const memory = new Memory(new SharedArrayBuffer(200));
    memory.bytes.fill(0xee);
    memory.bytes.set(payload, AT + headerBytes + 8);
    const sum = checksumAdd(memory.view, AT + headerBytes + 8, payload.length, 0);
    const headers = writeUdpPacket(memory, AT, datagram(5), ChecksumMode.full, sum);
    assertEquals(headers, headerBytes + 8);
    assertEquals(udpPacketBytes(datagram(5)), headers + 5);
    const frame = [...memory.bytes.subarray(AT, AT + headers + 5)];
    const udp = { srcPort: 53, dstPort: 9, payload };
    const expected = name === "IPv4"
      ? udpFrame(udp, { source: own.w3, destination: peer.w3 })
      : udpFrame6(udp, { source: own, destination: peer });
    assertEquals(frame, expected);
  });

  Deno.test(`udp output over ${name}: a partial checksum says what is to be added`, () => {
    // Goal: finishing it as the device would gives the right one.
    const payload = [9, 8, 7];
    const memory = new Memory(new SharedArrayBuffer(200));
    memory.bytes.set(payload, AT + 10 + headerBytes + 8);
    const headers = writeUdpPacket(memory, AT, datagram(3), ChecksumMode.virtioPartial, 0);
    const { view } = memory;
    assertEquals([view.getUint8(AT), view.getUint8(AT + 1)], [1, 0]);
    const start = view.getUint16(AT + 6, true);
    assertEquals([start, view.getUint16(AT + 8, true)], [headerBytes, 6]);
    const udp = AT + 10 + start;
    const length = headers - 10 - headerBytes + 3;
    view.setUint16(udp + 6, ~checksumAdd(view, udp, length, 0) & 0xffff);
    const input = new PacketInput({ virtioHeader: false, addresses: [peer] });
    const kind = input.decode(memory, AT + 10, headers - 10 + 3, new Segment());
    assertEquals(kind, InputKind.udp);
  });

  Deno.test(`udp output over ${name}: longer than a length field can say`, () => {
    // Goal: a named refusal instead of a wrong length.
    const memory = new Memory(new SharedArrayBuffer(200));
    const most = name === "IPv4" ? 65_507 : 65_527;
    writeUdpPacket(memory, AT, datagram(most), ChecksumMode.none, 0);
    assertThrows(
      () => writeUdpPacket(memory, AT, datagram(most + 1), ChecksumMode.none, 0),
      RangeError,
      name,
    );
  });
}
