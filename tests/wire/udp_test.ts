import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/base/random.ts";
import { checksumAdd, checksumFold } from "../../src/wire/checksum.ts";
import { Segment } from "../../src/wire/segment.ts";
import { udpChecksum, udpPseudoSum, writeUdpHeader } from "../../src/wire/udp.ts";
import { ends, FAMILIES, udpBytes } from "./frames.ts";

const SEED = 768;

for (const { name, own, peer } of FAMILIES) {
  Deno.test(`udp header and checksum over ${name}`, () => {
    // Goal: byte for byte what the naive writer makes, for payloads of any length.
    const random = new SeededRandom(SEED);
    for (let round = 0; round < 300; round++) {
      const payload = Array.from({ length: random.integer(0, 40) }, () => random.integer(0, 255));
      const [srcPort, dstPort] = [random.integer(0, 65_535), random.integer(1, 65_535)];
      const datagram = Object.assign(new Segment(), ends(peer, own), { srcPort, dstPort });
      datagram.payloadLength = payload.length;
      const bytes = new Uint8Array(8 + payload.length);
      bytes.set(payload, 8);
      const view = new DataView(bytes.buffer);
      const sum = checksumAdd(view, 8, payload.length, 0);
      writeUdpHeader(view, 0, srcPort, dstPort, payload.length, udpChecksum(datagram, sum));
      const expected = udpBytes({ srcPort, dstPort, payload }, peer, own);
      assertEquals([...bytes], expected, `seed ${SEED}, round ${round}`);
      const whole = checksumAdd(view, 0, bytes.length, udpPseudoSum(datagram, bytes.length));
      assertEquals(checksumFold(whole), 0);
    }
  });

  Deno.test(`a checksum that comes out as zero is sent as all ones, over ${name}`, () => {
    // Goal: RFC 768, for zero would say that there is none.
    const datagram = Object.assign(new Segment(), ends(peer, own), { srcPort: 5, dstPort: 6 });
    datagram.payloadLength = 2;
    const right = udpChecksum(datagram, 0);
    assertEquals(udpChecksum(datagram, right), 0xffff);
  });
}
