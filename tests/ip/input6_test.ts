/** The input decoder on IPv6: what is the same for both families is in input_test.ts. */

import { assertEquals } from "@std/assert";
import type { Address } from "../../src/base/address.ts";
import { Drop, dropNames, type DropReason } from "../../src/base/drops.ts";
import { Memory } from "../../src/base/memory.ts";
import { InputKind, PacketInput } from "../../src/ip/input.ts";
import { EXTENSION_HEADERS_MAX, EXTENSION_OPTIONS_MAX } from "../../src/wire/ipv6.ts";
import { Flag, Segment } from "../../src/wire/segment.ts";
import {
  addressOf,
  be16,
  be32,
  ends,
  type Ipv6Parts,
  OWN,
  OWN6,
  PEER6,
  staleSegment,
  tcpFrame6,
  virtioBytes,
  type VirtioParts,
} from "../wire/frames.ts";

const SECOND_OWN = addressOf("2001:db8:7::9");
const NEEDS_CHECKSUM: VirtioParts = { flags: 1, checksumStart: 40, checksumOffset: 16 };

const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT = 44;
const DESTINATION = 60;

function inputFor(virtioHeader = false, loopback = false): PacketInput {
  return new PacketInput({ virtioHeader, loopback, addresses: [OWN, OWN6, SECOND_OWN] });
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

function assertDrop(frame: number[], reason: DropReason, input?: PacketInput, why = ""): void {
  assertEquals(decode(frame, input).reason, dropNames[reason], why);
}

function assertTcp(frame: number[], input?: PacketInput, why = ""): Segment {
  const { kind, reason, segment } = decode(frame, input);
  assertEquals([kind, reason], [InputKind.tcp, "none"], why);
  return segment;
}

/** The rest of an options header of `units` times 8 bytes more than the least, padded. */
function optionsHeader(options: number[] = []): number[] {
  const units = Math.ceil((options.length + 2) / 8) - 1;
  const padding = new Array(units * 8 + 6 - options.length).fill(0);
  return [units, ...options, ...padding];
}

Deno.test("input over IPv6: every field of a segment is decoded, and none is left over", () => {
  // Goal: the whole segment equals what the frame says, though it was full of stale values.
  const tcp = { srcPort: 40001, dstPort: 99, seq: 0xfffffff0, flags: Flag.ACK, payload: [1, 2, 3] };
  const frame = tcpFrame6(tcp, { trafficClass: 0xb9, hopLimit: 3, flowLabel: 0xabcde });
  const { segment, offset } = decode(frame);
  const expected = Object.assign(new Segment(), ends(PEER6, OWN6), {
    srcPort: 40001,
    dstPort: 99,
    seq: -16,
    ack: 2000,
    flags: Flag.ACK,
    window: 502,
    trafficClass: 0xb9,
    hopLimit: 3,
    flowLabel: 0xabcde,
    payloadOffset: offset + 60,
    payloadLength: 3,
    frameOffset: offset,
    frameLength: frame.length,
  });
  assertEquals({ ...segment }, { ...expected });
});

Deno.test("input over IPv6: a frame cut at any byte is a drop", () => {
  // Goal: no length makes the decoder accept half a packet, with and without extension headers.
  const frame = tcpFrame6({ payload: [1, 2, 3, 4, 5] }, {
    extensions: [[HOP_BY_HOP, optionsHeader()], [DESTINATION, optionsHeader()]],
  });
  assertTcp(frame);
  for (let length = 0; length < frame.length; length++) {
    const reason = length < 40 ? Drop.frameTruncated : Drop.ipLengthInvalid;
    assertDrop(frame.slice(0, length), reason, inputFor(), `cut at ${length}`);
    const cut = [...virtioBytes(), ...frame.slice(0, length)];
    assertDrop(cut, reason, inputFor(true), `virtio, cut at ${length}`);
  }
});

Deno.test("input over IPv6: a payload length that ends within a header is a drop", () => {
  // Goal: each extension header and the transport header must be whole.
  const extensions: Ipv6Parts["extensions"] = [
    [HOP_BY_HOP, optionsHeader(new Array(14).fill(0))],
    [ROUTING, [0, 0, 0, 0, 0, 0, 0]],
    [FRAGMENT, [0, 0, 0, ...be32(7)]],
    [DESTINATION, optionsHeader()],
  ];
  const whole = 16 + 8 + 8 + 8;
  for (let payloadLength = 0; payloadLength < whole + 20; payloadLength++) {
    const reason = payloadLength < whole ? Drop.ipExtensionInvalid : Drop.frameTruncated;
    const frame = tcpFrame6({}, { extensions, payloadLength });
    assertDrop(frame, reason, undefined, `payload length ${payloadLength}`);
  }
  assertDrop(tcpFrame6({}, { payloadLength: 21 }), Drop.ipLengthInvalid);
  const padded = assertTcp([...tcpFrame6({ payload: [9] }), 1, 2, 3]);
  assertEquals(padded.payloadLength, 1, "bytes behind the packet are padding");
});

Deno.test("input over IPv6: extension headers are passed over up to the limit", () => {
  // Goal: TCP is found behind them, checksum included, and a chain of them ends somewhere.
  const one: [number, number[]] = [DESTINATION, optionsHeader()];
  for (let count = 0; count <= EXTENSION_HEADERS_MAX + 1; count++) {
    const frame = tcpFrame6({ dstPort: 99 }, { extensions: new Array(count).fill(one) });
    if (count > EXTENSION_HEADERS_MAX) assertDrop(frame, Drop.ipExtensionLimit);
    else assertEquals(assertTcp(frame).dstPort, 99);
  }
  const late: Ipv6Parts = { extensions: [one, [HOP_BY_HOP, optionsHeader()]] };
  assertDrop(tcpFrame6({}, late), Drop.ipExtensionInvalid, undefined, "hop-by-hop in second place");
  assertDrop(tcpFrame6({}, { extensions: [one], protocol: 132 }), Drop.ipProtocolUnsupported);
  for (const protocol of [1, 132, 50, 51, 59, 135, 255]) {
    assertDrop(tcpFrame6({}, { protocol }), Drop.ipProtocolUnsupported);
  }
});

Deno.test("input over IPv6: options that are not known are skipped or end the packet", () => {
  // Goal: RFC 8200 section 4.2, by the two upper bits of the type; padding of either kind is fine.
  const packetWith = (...options: number[]) => {
    const extensions: Ipv6Parts["extensions"] = [[DESTINATION, optionsHeader(options)]];
    return tcpFrame6({}, { extensions });
  };
  assertTcp(packetWith(0, 0, 1, 2, 0, 0));
  assertTcp(packetWith(0x3e, 2, 7, 7));
  for (const type of [0x7e, 0x8b, 0xc2, 0xff]) {
    assertDrop(packetWith(type, 2, 7, 7), Drop.ipOptionUnknown, undefined, `type ${type}`);
  }
  assertDrop(packetWith(1, 2, 0, 0, 0, 0x3e), Drop.ipExtensionInvalid, undefined, "no length");
  assertDrop(
    packetWith(0x3e, 5, 0, 0, 0, 0),
    Drop.ipExtensionInvalid,
    undefined,
    "beyond the header",
  );
  const many = (count: number) => packetWith(...new Array(count).fill([0x3e, 0]).flat());
  assertTcp(many(EXTENSION_OPTIONS_MAX));
  assertDrop(many(EXTENSION_OPTIONS_MAX + 1), Drop.ipExtensionLimit);
});

Deno.test("input over IPv6: a fragment that is the whole packet is no fragment", () => {
  // Goal: RFC 6946; everything else waits for reassembly, and reserved bits say nothing.
  const fragment = (field: number) =>
    tcpFrame6({}, { extensions: [[FRAGMENT, [0, ...be16(field), ...be32(4711)]]] });
  assertTcp(fragment(0));
  assertTcp(fragment(6), undefined, "reserved bits");
  for (const field of [1, 8, 9, 0xfff8, 0xffff]) assertDrop(fragment(field), Drop.ipFragment);
});

Deno.test("input over IPv6: packets with nodes left to visit are not for a host", () => {
  // Goal: RFC 5095, whatever the routing type; a header that is done with is passed over.
  for (const type of [0, 2, 3, 4, 253]) {
    const routing = (left: number): Ipv6Parts => ({
      extensions: [[ROUTING, [2, type, left, ...new Array(20).fill(0)]]],
    });
    assertTcp(tcpFrame6({}, routing(0)));
    assertDrop(tcpFrame6({}, routing(1)), Drop.ipSourceRouted);
    assertDrop(tcpFrame6({}, routing(255)), Drop.ipSourceRouted);
  }
});

Deno.test("input over IPv6: sources that no host may have", () => {
  // Goal: multicast, unspecified, loopback and mapped ones; what is next to each is let through.
  const from = (text: string) => tcpFrame6({}, { source: addressOf(text) });
  const mapped: Address = { w0: 0, w1: 0, w2: 0xffff, w3: 0x0a070001 };
  for (const text of ["::", "::1", "ff00::", "ff02::1", "ffff::1"]) {
    assertDrop(from(text), Drop.ipSourceMartian, undefined, text);
  }
  assertDrop(tcpFrame6({}, { source: mapped }), Drop.ipSourceMartian, undefined, "mapped");
  for (const text of ["::2", "::1:0:0:1", "fe80::1", "feff::1", "1::", "::fffe:1.2.3.4"]) {
    assertTcp(from(text), undefined, text);
  }
  assertDrop(tcpFrame6({}, { source: OWN6 }), Drop.ipSourceOwn);
  assertDrop(tcpFrame6({}, { source: SECOND_OWN }), Drop.ipSourceOwn);
});

Deno.test("input over IPv6: destinations other than the stack's own are foreign", () => {
  // Goal: one bit decides, in each word; an own IPv4 address is none in mapped form.
  assertTcp(tcpFrame6({}, { destination: SECOND_OWN }));
  for (const word of ["w0", "w1", "w2", "w3"] as const) {
    const destination = { ...SECOND_OWN, [word]: SECOND_OWN[word] ^ 1 };
    assertDrop(tcpFrame6({}, { destination }), Drop.ipDestinationForeign, undefined, word);
  }
  for (const destination of [OWN, addressOf("::1"), addressOf("::"), addressOf("ff02::1")]) {
    assertDrop(tcpFrame6({}, { destination }), Drop.ipDestinationForeign);
  }
});

Deno.test("input over IPv6: one wrong bit in addresses, lengths or the segment is found", () => {
  // Goal: the TCP checksum covers what IPv6 itself does not: all but class, label and hop limit.
  const frame = tcpFrame6({ payload: [0x55, 0xaa, 0x0f], options: [1, 1, 1, 1] });
  for (let bit = 0; bit < frame.length * 8; bit++) {
    const isUncovered = (bit >= 4 && bit < 32) || (bit >= 56 && bit < 64);
    const damaged = [...frame];
    damaged[bit >> 3] ^= 1 << (7 - (bit & 7));
    const { kind } = decode(damaged);
    assertEquals(kind === InputKind.dropped, !isUncovered, `bit ${bit}`);
  }
});

Deno.test("input over IPv6: offloaded frames", () => {
  // Goal: the checksum begins behind all IP headers, and the segmentation is that of IPv6.
  const input = inputFor(true);
  const payload = new Array(3000).fill(1);
  const wrong = tcpFrame6({ checksumError: 7, payload });
  const gso = { ...NEEDS_CHECKSUM, gsoType: 4, gsoSize: 1428, headerLength: 60 };
  assertTcp([...virtioBytes(NEEDS_CHECKSUM), ...wrong], input);
  assertTcp([...virtioBytes({ flags: 2 }), ...wrong], input);
  assertDrop([...virtioBytes(), ...wrong], Drop.tcpChecksumInvalid, input);
  assertEquals(assertTcp([...virtioBytes(gso), ...wrong], input).gsoSize, 1428);
  const withEcn = virtioBytes({ ...gso, gsoType: 0x84 });
  assertEquals(assertTcp([...withEcn, ...wrong], input).gsoSize, 1428);
  const behind = tcpFrame6({ checksumError: 7 }, { extensions: [[DESTINATION, optionsHeader()]] });
  assertTcp([...virtioBytes({ ...NEEDS_CHECKSUM, checksumStart: 48 }), ...behind], input);
  for (const parts of [{ gsoType: 1 }, { checksumStart: 20 }, { checksumStart: 48 }]) {
    const contradiction = virtioBytes({ ...gso, ...parts });
    assertDrop([...contradiction, ...wrong], Drop.virtioHeaderInvalid, input);
  }
  assertDrop([...virtioBytes(NEEDS_CHECKSUM), ...behind], Drop.virtioHeaderInvalid, input);
});

Deno.test("input over IPv6: a loopback input takes the stack's own frames, and only those", () => {
  // Goal: ::1 and own addresses on both ends, no checksums; all other checks stay.
  const loopback = inputFor(false, true);
  const here = [OWN6, SECOND_OWN, addressOf("::1")];
  for (const source of here) {
    for (const destination of here) {
      const segment = assertTcp(tcpFrame6({ checksumError: 1 }, { source, destination }), loopback);
      assertEquals([segment.src3, segment.dst3], [source.w3, destination.w3]);
    }
  }
  assertDrop(tcpFrame6({}, { destination: PEER6 }), Drop.ipDestinationForeign, loopback);
  assertDrop(tcpFrame6({}, { source: addressOf("::") }), Drop.ipSourceMartian, loopback);
});
