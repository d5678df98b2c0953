import { assertEquals } from "@std/assert";
import { Memory } from "../../src/base/memory.ts";
import {
  ErrorBudget,
  ICMP_ERRORS_BURST,
  ICMP_ERRORS_PER_SECOND,
  writePortUnreachable,
} from "../../src/ip/icmp_output.ts";
import { InputKind, PacketInput } from "../../src/ip/input.ts";
import { Segment } from "../../src/wire/segment.ts";
import { FAMILIES, naiveChecksum, udpFrame, udpFrame6 } from "../wire/frames.ts";

for (const { name, own, peer, headerBytes } of FAMILIES) {
  for (const virtioHeader of [false, true]) {
    const what = `${name}${virtioHeader ? ", with a virtio-net header" : ""}`;
    Deno.test(`port unreachable: what the sender of the datagram understands (${what})`, () => {
      // Goal: the sender's decoder finds its own addresses and ports, and the size stays within the limit.
      for (const length of [0, 10, 1400]) {
        const udp = { srcPort: 40_001, dstPort: 9, payload: new Array(length).fill(7) };
        const frame = name === "IPv4" ? udpFrame(udp) : udpFrame6(udp);
        const memory = new Memory(new SharedArrayBuffer(8192));
        memory.bytes.set(frame, 4096);
        const datagram = new Segment();
        new PacketInput({ virtioHeader: false, addresses: [own] })
          .decode(memory, 4096, frame.length, datagram);
        const at = 100;
        const size = writePortUnreachable(memory, at, datagram, 4096, frame.length, virtioHeader);
        const ip = at + (virtioHeader ? 10 : 0);
        const bytes = size - (virtioHeader ? 10 : 0);
        const most = name === "IPv4" ? 576 : 1280;
        assertEquals(bytes, Math.min(most, headerBytes + 8 + frame.length));
        const error = new Segment();
        const kind = new PacketInput({ virtioHeader: false, addresses: [peer] })
          .decode(memory, ip, bytes, error);
        assertEquals([kind, error.srcPort, error.dstPort], [InputKind.udpError, 40_001, 9]);
        assertEquals([error.icmpType, error.icmpCode], [3, 3]);
        if (name === "IPv4") {
          assertEquals(naiveChecksum(memory.bytes.slice(ip + 20, ip + bytes)), 0);
        }
      }
    });
  }
}

Deno.test("errors are sent at a limited rate, with a burst", () => {
  // Goal: 50 at once, then 1000 a second, however many are asked for.
  const budget = new ErrorBudget();
  const sent = (nowUs: number, asked: number) =>
    Array.from({ length: asked }, () => budget.take(nowUs)).filter((given) => given).length;
  assertEquals(sent(1_000_000, 200), ICMP_ERRORS_BURST);
  assertEquals(sent(1_010_000, 200), 10);
  assertEquals(sent(1_010_500, 200), 0);
  assertEquals(sent(1_011_000, 200), 1);
  let total = 0;
  for (let us = 2_000_000; us < 3_000_000; us += 300) total += sent(us, 5);
  assertEquals(Math.abs(total - ICMP_ERRORS_PER_SECOND - ICMP_ERRORS_BURST) <= 1, true, `${total}`);
});
