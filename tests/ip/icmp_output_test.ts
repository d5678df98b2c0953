import { assertEquals } from "@std/assert";
import { Memory } from "../../src/base/memory.ts";
import {
  setPortUnreachable,
  setReassemblyExceeded,
  writeEchoRequest,
  writeIcmpError,
} from "../../src/ip/icmp_output.ts";
import { Segment } from "../../src/wire/segment.ts";
import { be16, be32, ends, FAMILIES, naiveChecksum } from "../wire/frames.ts";

const QUOTE_AT = 2000;

for (const { name, own, peer, headerBytes } of FAMILIES) {
  const isIpv4 = name === "IPv4";
  const pseudo = (frame: number[]) => {
    const length = frame.length - headerBytes;
    return isIpv4 ? [] : [...frame.slice(8, 40), ...be32(length), ...be32(58)];
  };

  Deno.test(`icmp output over ${name}: an error quotes as much as it may and goes back`, () => {
    const memory = new Memory(new ArrayBuffer(6000));
    for (let i = 0; i < 3000; i++) memory.bytes[QUOTE_AT + i] = i & 0xff;
    const most = isIpv4 ? 576 : 1280;
    for (const virtio of [false, true]) {
      for (const quoted of [0, 28, 500, 3000]) {
        const packet = Object.assign(new Segment(), ends(peer, own));
        setPortUnreachable(packet);
        const length = writeIcmpError(memory, 3, packet, QUOTE_AT, quoted, virtio);
        const skipped = virtio ? 10 : 0;
        const frame = [...memory.bytes.slice(3 + skipped, 3 + length)];
        assertEquals(frame.length, Math.min(most, headerBytes + 8 + quoted));
        const icmp = frame.slice(headerBytes);
        assertEquals([icmp[0], icmp[1]], isIpv4 ? [3, 3] : [1, 4]);
        assertEquals(naiveChecksum(pseudo(frame), icmp), 0);
        if (isIpv4) assertEquals(naiveChecksum(frame.slice(0, 20)), 0);
        assertEquals(frame[isIpv4 ? 1 : 0], isIpv4 ? 0xc0 : 0x60);
        const back = [...be32(own.w3), ...be32(peer.w3)];
        assertEquals(
          isIpv4 ? frame.slice(12, 20) : [...frame.slice(20, 24), ...frame.slice(36, 40)],
          back,
        );
        assertEquals(icmp.slice(8), Array.from({ length: icmp.length - 8 }, (_, i) => i & 0xff));
      }
    }
  });

  Deno.test(`icmp output over ${name}: time exceeded, and an echo request of a name`, () => {
    const packet = Object.assign(new Segment(), ends(own, peer));
    setReassemblyExceeded(packet);
    assertEquals([packet.icmpType, packet.icmpCode], isIpv4 ? [11, 1] : [3, 1]);
    const view = new DataView(new ArrayBuffer(200));
    const length = writeEchoRequest(view, 0, packet, 0x12345678, 5);
    const frame = [...new Uint8Array(view.buffer, 0, length)];
    const icmp = frame.slice(headerBytes);
    assertEquals([icmp[0], icmp[1]], [isIpv4 ? 8 : 128, 0]);
    assertEquals(icmp.slice(4), [...be16(0x1234), ...be16(0x5678), 0, 1, 2, 3, 4]);
    assertEquals(naiveChecksum(pseudo(frame), icmp), 0);
  });
}
