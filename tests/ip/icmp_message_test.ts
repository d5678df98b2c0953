import { assertEquals } from "@std/assert";
import { readIcmpMessage } from "../../src/ip/icmp_message.ts";
import { Segment } from "../../src/wire/segment.ts";
import {
  be16,
  icmp6Bytes,
  icmpBytes,
  ipv4Frame,
  ipv6Frame,
  OWN,
  PEER,
  PEER6,
} from "../wire/frames.ts";

/** The message of a packet that stands anywhere in memory, and how many of its bytes say something. */
function read(packet: number[], headers: number): [Segment, number] {
  const at = 37;
  const view = new DataView(Uint8Array.from([...new Array(at).fill(255), ...packet]).buffer);
  const message = new Segment();
  return [message, readIcmpMessage(view, at, at + headers, message)];
}

Deno.test("icmp message: of an echo its name and its length, and where its data begins", () => {
  const name = [...be16(0x1234), ...be16(0x8001)];
  const payload = icmpBytes(8, 0, [...name, 1, 2, 3, 4, 5]);
  const options = [1, 1, 1, 0];
  const [message, said] = read(
    ipv4Frame({ protocol: 1, payload, options, hopLimit: 9, trafficClass: 0x2e }),
    24,
  );
  assertEquals([message.src3, message.dst3], [PEER.w3, OWN.w3]);
  assertEquals([message.icmpType, message.icmpCode, message.seq], [8, 0, 0x1234_8001]);
  assertEquals([message.payloadOffset, message.payloadLength, said], [24, 13, 32]);
  assertEquals([message.hopLimit, message.trafficClass], [9, 0x2e]);
  // Padding behind the packet is none of it.
  const [padded] = read([...ipv4Frame({ protocol: 1, payload }), 0, 0, 0, 0], 20);
  assertEquals(padded.payloadLength, 13);
});

Deno.test("icmp message: an error is all that it says, in both families", () => {
  const rest = [...be16(0), ...be16(1400), ...new Array(28).fill(1)];
  const [message, said] = read(ipv4Frame({ protocol: 1, payload: icmpBytes(3, 4, rest) }), 20);
  assertEquals([message.icmpType, message.icmpCode, message.seq], [3, 4, 1400]);
  assertEquals([message.payloadLength, said], [36, 56]);
  const extensions: [number, number[]][] = [[60, [0, 1, 4, 0, 0, 0, 0]]];
  const payload = icmp6Bytes(2, 0, rest);
  const [message6, said6] = read(ipv6Frame({ protocol: 58, payload, extensions }), 48);
  assertEquals([message6.src0, message6.src3], [PEER6.w0, PEER6.w3]);
  assertEquals([message6.icmpType, message6.icmpCode, message6.seq], [2, 0, 1400]);
  assertEquals([message6.payloadOffset, message6.payloadLength, said6], [48, 36, 84]);
  const [echo, told] = read(ipv6Frame({ protocol: 58, payload: icmp6Bytes(129, 0, rest) }), 40);
  assertEquals([echo.icmpType, echo.payloadLength, told], [129, 36, 48]);
});
