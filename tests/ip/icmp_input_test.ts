/** ICMPv6 as the decoder takes it; that of IPv4 is in input_test.ts. */

import { assertEquals } from "@std/assert";
import { Drop, dropNames } from "../../src/base/drops.ts";
import { Memory } from "../../src/base/memory.ts";
import { InputKind, PacketInput } from "../../src/ip/input.ts";
import { Segment } from "../../src/wire/segment.ts";
import {
  addressOf,
  be16,
  be32,
  ends,
  icmp6Bytes,
  ipv6Frame,
  type Ipv6Parts,
  OWN,
  OWN6,
  PEER6,
  staleSegment,
  tcpBytes,
  tcpFrame6,
  virtioBytes,
} from "../wire/frames.ts";

const ROUTER = addressOf("2001:db8:ff::1");
const FRAGMENT = 44;
const DESTINATION = 60;
/** The rest of an empty destination options header. */
const NO_OPTIONS = new Array(7).fill(0);

function inputFor(virtioHeader = false): PacketInput {
  return new PacketInput({ virtioHeader, addresses: [OWN, OWN6] });
}

function decode(frame: number[], input: PacketInput = inputFor()) {
  const memory = new Memory(new SharedArrayBuffer(frame.length + 200));
  memory.bytes.fill(0xee);
  const offset = 77;
  memory.bytes.set(frame, offset);
  const segment = staleSegment();
  const kind = input.decode(memory, offset, frame.length, segment);
  const reason = kind === InputKind.dropped ? dropNames[input.reason] : "none";
  return { kind, reason, segment, offset };
}

function assertDrop(frame: number[], reason: number, input?: PacketInput, why = ""): void {
  assertEquals(decode(frame, input).reason, dropNames[reason], why);
}

/** An ICMPv6 message from a router. */
function icmp6(type: number, code: number, rest: number[], checksumError = 0): number[] {
  const payload = icmp6Bytes(type, code, rest, ROUTER, OWN6, checksumError);
  return ipv6Frame({ protocol: 58, source: ROUTER, payload });
}

/** A segment of the stack, as an error quotes it. */
function quoted(ip: Ipv6Parts = {}): number[] {
  const tcp = { srcPort: 7, dstPort: 40000, seq: 0x80000001 };
  return tcpFrame6(tcp, { source: OWN6, destination: PEER6, ...ip });
}

Deno.test("icmpv6: an echo request points to its whole message", () => {
  // Goal: the reply can be made from the segment alone.
  const message = icmp6Bytes(128, 0, [0x12, 0x34, 0, 1, 1, 2, 3], PEER6, OWN6);
  const frame = ipv6Frame({ protocol: 58, trafficClass: 0x20, payload: message });
  const { kind, segment, offset } = decode([...frame, 0xff]);
  assertEquals(kind, InputKind.icmpEcho);
  assertEquals([segment.payloadOffset, segment.payloadLength], [offset + 40, message.length]);
  assertEquals([segment.src3, segment.dst3, segment.trafficClass], [PEER6.w3, OWN6.w3, 0x20]);
  assertEquals([segment.srcPort, segment.flags, segment.gsoSize], [0, 0, 0]);
});

Deno.test("icmpv6: errors about our segments are told as those of ICMP", () => {
  // Goal: type and code that mean the same to TCP, and the MTU of "packet too big".
  const cases = [
    [1, 0, 3, 0], // no route
    [1, 1, 3, 10], // prohibited
    [1, 2, 3, 1],
    [1, 3, 3, 1], // address unreachable
    [1, 4, 3, 3], // port unreachable
    [1, 5, 3, 10],
    [1, 6, 3, 10],
    [1, 99, 3, 1], // not known
    [2, 0, 3, 4],
    [3, 0, 11, 0],
    [4, 1, 12, 1],
  ];
  for (const [type, code, icmpType, icmpCode] of cases) {
    const frame = icmp6(type, code, [...be32(1400), ...quoted().slice(0, 48)]);
    const { kind, segment, offset } = decode(frame);
    assertEquals(kind, InputKind.icmpError, `type ${type}, code ${code}`);
    const expected = Object.assign(new Segment(), ends(OWN6, PEER6), {
      srcPort: 7,
      dstPort: 40000,
      seq: 0x80000001 | 0,
      hopLimit: 64,
      icmpType,
      icmpCode,
      icmpMtu: type === 2 ? 1400 : 0,
      payloadOffset: segment.payloadOffset,
      frameOffset: offset,
      frameLength: frame.length,
    });
    assertEquals({ ...segment }, { ...expected });
  }
  const long = quoted({ extensions: [[DESTINATION, NO_OPTIONS]] });
  assertEquals(decode(icmp6(1, 4, [0, 0, 0, 0, ...long])).segment.srcPort, 7, "extension headers");
});

Deno.test("icmpv6: an MTU that no link has is not believed, and one beyond all is the most", () => {
  // Goal: RFC 8201 section 4.
  const tooBig = (mtu: number) => icmp6(2, 0, [...be32(mtu), ...quoted()]);
  for (const mtu of [0, 68, 1279]) assertDrop(tooBig(mtu), Drop.icmpInvalid, undefined, `${mtu}`);
  assertEquals(decode(tooBig(1280)).segment.icmpMtu, 1280);
  assertEquals(decode(tooBig(0xffff_ffff)).segment.icmpMtu, 65535);
});

Deno.test("icmpv6: other messages of ICMPv6 are drops", () => {
  // Goal: kinds that are not used, quotes of what is not ours, quotes cut short, wrong checksums.
  for (const type of [0, 5, 127, 129, 130, 133, 134, 135, 136, 137, 143, 255]) {
    assertDrop(icmp6(type, 0, [0, 0, 0, 0, ...quoted()]), Drop.icmpInvalid, undefined, `${type}`);
  }
  for (let length = 0; length < 48; length++) {
    assertDrop(icmp6(1, 4, [0, 0, 0, 0, ...quoted().slice(0, length)]), Drop.icmpInvalid);
  }
  const foreign: Ipv6Parts[] = [
    { version: 4 },
    { protocol: 132 },
    { source: PEER6 },
    { source: OWN },
    { extensions: [[FRAGMENT, [0, ...be16(8), ...be32(1)]]] },
  ];
  for (const parts of foreign) {
    const frame = icmp6(1, 4, [0, 0, 0, 0, ...quoted(parts)]);
    assertDrop(frame, Drop.icmpInvalid, undefined, JSON.stringify(parts));
  }
  assertDrop(icmp6(128, 0, [0, 0, 0, 0], 1), Drop.icmpInvalid, undefined, "checksum");
  for (let length = 0; length < 8; length++) {
    const payload = icmp6Bytes(128, 0, [0, 0, 0, 0]).slice(0, length);
    assertDrop(ipv6Frame({ protocol: 58, payload }), Drop.icmpInvalid);
  }
  const gso = { flags: 2, gsoType: 4, gsoSize: 8 };
  const echo = icmp6(128, 0, [0, 0, 0, 0]);
  assertDrop([...virtioBytes(gso), ...echo], Drop.virtioHeaderInvalid, inputFor(true));
  // ICMP of one family within the other.
  assertDrop(ipv6Frame({ protocol: 1, payload: tcpBytes({}) }), Drop.ipProtocolUnsupported);
});
