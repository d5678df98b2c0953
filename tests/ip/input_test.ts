import { assertEquals, assertThrows } from "@std/assert";
import { ipv4Address, parseIpv4 } from "../../src/base/address.ts";
import { Drop, dropNames, type DropReason } from "../../src/base/drops.ts";
import { Memory } from "../../src/base/memory.ts";
import { InputKind, PacketInput } from "../../src/ip/input.ts";
import { Flag, OptionBit, Segment } from "../../src/wire/segment.ts";
import {
  be16,
  be32,
  icmpBytes,
  ipv4Frame,
  OWN,
  PEER,
  staleSegment,
  tcpBytes,
  tcpFrame,
  virtioBytes,
  type VirtioParts,
} from "../wire/frames.ts";

const SECOND_OWN = ipv4Address(0x0a080009);
const NEEDS_CHECKSUM: VirtioParts = { flags: 1, checksumStart: 20, checksumOffset: 16 };

function inputFor(virtioHeader = false, loopback = false): PacketInput {
  return new PacketInput({ virtioHeader, loopback, addresses: [OWN, SECOND_OWN] });
}

interface Decoded {
  kind: number;
  reason: string;
  segment: Segment;
  /** The offset of the frame in the memory. */
  offset: number;
}

/** Decodes at an odd offset, with other bytes around the frame, into a segment full of stale values. */
function decode(frame: number[], input: PacketInput = inputFor()): Decoded {
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
  const decoded = decode(frame, input);
  assertEquals(decoded.reason, dropNames[reason], why);
  assertEquals(decoded.kind, InputKind.dropped, why);
}

function assertTcp(frame: number[], input?: PacketInput, why = ""): Segment {
  const decoded = decode(frame, input);
  assertEquals(decoded.reason, "none", why);
  assertEquals(decoded.kind, InputKind.tcp, why);
  return decoded.segment;
}

const words = (text: string): number => parseIpv4(text)?.w3 ?? 0;

Deno.test("input: every field of a segment is decoded, and none is left over", () => {
  // Goal: the whole segment equals what the frame says, though it was full of stale values.
  const options = [2, 4, 0x05, 0xb4, 4, 2, 8, 10, ...be32(77), ...be32(-2), 1, 3, 3, 7];
  const frame = tcpFrame(
    {
      srcPort: 40001,
      dstPort: 65535,
      seq: 0xfffffff0,
      ack: 0x80000000,
      flags: Flag.SYN | Flag.AE | Flag.CWR | Flag.ECE,
      window: 64240,
      urgent: 513,
      options,
      payload: [1, 2, 3],
    },
    { trafficClass: 0xb9, hopLimit: 3, identification: 4711 },
  );
  const { kind, segment, offset } = decode(frame);
  assertEquals(kind, InputKind.tcp);
  const expected = Object.assign(new Segment(), {
    src2: 0xffff,
    src3: PEER.w3,
    dst2: 0xffff,
    dst3: OWN.w3,
    srcPort: 40001,
    dstPort: 65535,
    seq: -16,
    ack: -0x80000000,
    flags: Flag.SYN | Flag.AE | Flag.CWR | Flag.ECE,
    window: 64240,
    urgent: 513,
    trafficClass: 0xb9,
    hopLimit: 3,
    options: OptionBit.mss | OptionBit.sackPermitted | OptionBit.timestamps | OptionBit.windowScale,
    mss: 1460,
    windowScale: 7,
    tsValue: 77,
    tsEcho: -2,
    payloadOffset: offset + 20 + 20 + options.length,
    frameOffset: offset,
    frameLength: frame.length,
    payloadLength: 3,
  });
  assertEquals({ ...segment }, { ...expected });
});

Deno.test("input: a plain segment clears all that an earlier one had", () => {
  // Goal: no option, offload or ICMP field survives into a segment without them.
  const { segment, offset } = decode(tcpFrame());
  const expected = Object.assign(new Segment(), {
    src2: 0xffff,
    src3: PEER.w3,
    dst2: 0xffff,
    dst3: OWN.w3,
    srcPort: 40000,
    dstPort: 7,
    seq: 1000,
    ack: 2000,
    flags: Flag.ACK,
    window: 502,
    hopLimit: 64,
    payloadOffset: offset + 40,
    frameOffset: offset,
    frameLength: tcpFrame().length,
  });
  assertEquals({ ...segment }, { ...expected });
});

Deno.test("input: a frame cut at any byte is a drop", () => {
  // Goal: no length makes the decoder accept half a packet, with and without virtio-net header.
  const frame = tcpFrame({ payload: [1, 2, 3, 4, 5], options: [1, 1, 1, 1] });
  for (let length = 0; length < frame.length; length++) {
    const reason = length < 20 ? Drop.frameTruncated : Drop.ipLengthInvalid;
    assertDrop(frame.slice(0, length), reason, inputFor(), `cut at ${length}`);
    const cut = [...virtioBytes(), ...frame.slice(0, length)];
    assertDrop(cut, reason, inputFor(true), `virtio, cut at ${length}`);
  }
  for (let length = 0; length < 10; length++) {
    assertDrop(virtioBytes().slice(0, length), Drop.frameTruncated, inputFor(true));
  }
});

Deno.test("input: a datagram that ends within its transport header is a drop", () => {
  // Goal: the total length may be right for IP and too short for TCP or ICMP.
  const tcp = tcpBytes({});
  for (let length = 0; length < 20; length++) {
    assertDrop(ipv4Frame({ payload: tcp.slice(0, length) }), Drop.frameTruncated);
  }
  for (let length = 0; length < 8; length++) {
    assertDrop(ipv4Frame({ protocol: 1, payload: tcp.slice(0, length) }), Drop.icmpInvalid);
  }
});

Deno.test("input: bytes behind the datagram are padding", () => {
  // Goal: a longer frame is fine, and its tail is no payload.
  const segment = assertTcp([...tcpFrame({ payload: [9] }), 1, 2, 3, 4, 5, 6]);
  assertEquals(segment.payloadLength, 1);
});

Deno.test("input: wrong fields of the IP header", () => {
  // Goal: one drop reason for each field that can be wrong.
  for (let version = 0; version < 16; version++) {
    if (version === 4 || version === 6) continue;
    assertDrop(tcpFrame({}, { version }), Drop.ipVersionUnsupported);
  }
  for (let headerWords = 0; headerWords < 5; headerWords++) {
    assertDrop(tcpFrame({}, { headerWords }), Drop.ipHeaderLengthInvalid);
  }
  assertDrop(ipv4Frame({ headerWords: 15 }), Drop.ipHeaderLengthInvalid);
  assertDrop(tcpFrame({}, { totalLength: 19 }), Drop.ipLengthInvalid);
  assertDrop(tcpFrame({}, { totalLength: 0 }), Drop.ipLengthInvalid);
  assertDrop(tcpFrame({}, { totalLength: 41 }), Drop.ipLengthInvalid);
  assertDrop(tcpFrame({}, { checksumError: 1 }), Drop.ipChecksumInvalid);
  for (const fragment of [0x2000, 0x0001, 0x1fff, 0x6000, 0x4001]) {
    assertDrop(tcpFrame({}, { fragment }), Drop.ipFragment, undefined, `fragment ${fragment}`);
  }
  for (const protocol of [0, 2, 58, 132, 255]) {
    assertDrop(tcpFrame({}, { protocol }), Drop.ipProtocolUnsupported);
  }
});

Deno.test("input: IP options are skipped", () => {
  // Goal: the TCP header is found behind them.
  const segment = assertTcp(tcpFrame({ dstPort: 99 }, { options: [1, 1, 1, 1, 7, 4, 0, 0] }));
  assertEquals(segment.dstPort, 99);
  assertTcp(tcpFrame({}, { fragment: 0 }), undefined, "neither DF nor a fragment");
});

Deno.test("input: source routes are not followed", () => {
  // Goal: RFC 7126 section 4.3: whoever could route the answers could pretend to be anybody. What cannot be read might
  // be one.
  const address = [10, 0, 0, 1];
  for (const kind of [131, 137]) {
    const route = [kind, 7, 4, ...address];
    for (const options of [[...route, 0], [1, ...route], [7, 4, 0, 0, 1, ...route]]) {
      assertDrop(tcpFrame({}, { options }), Drop.ipSourceRouted, undefined, `${options}`);
    }
  }
  for (const options of [[7, 1, 0, 0], [7, 5, 0, 0], [1, 1, 1, 7]]) {
    assertDrop(tcpFrame({}, { options }), Drop.ipSourceRouted, undefined, `${options}`);
  }
  assertTcp(tcpFrame({}, { options: [0, 131, 7, 4] }), undefined, "behind the end of the options");
});

Deno.test("input: sources that no host may have", () => {
  // Goal: RFC 1122 section 3.2.1.3, and what is next to each range is let through.
  const martians = [
    "0.0.0.0",
    "0.1.2.3",
    "127.0.0.1",
    "127.255.255.255",
    "224.0.0.1",
    "239.255.255.255",
    "255.255.255.255",
  ];
  for (const text of martians) {
    assertDrop(tcpFrame({}, { source: words(text) }), Drop.ipSourceMartian, undefined, text);
  }
  for (const text of ["1.0.0.0", "126.255.255.255", "128.0.0.1", "223.255.255.255"]) {
    assertTcp(tcpFrame({}, { source: words(text) }), undefined, text);
  }
  assertDrop(tcpFrame({}, { source: OWN.w3 }), Drop.ipSourceOwn);
  assertDrop(tcpFrame({}, { source: SECOND_OWN.w3 }), Drop.ipSourceOwn);
});

Deno.test("input: destinations other than the stack's own are foreign", () => {
  // Goal: each of several addresses is accepted, and nothing near them.
  assertTcp(tcpFrame({}, { destination: SECOND_OWN.w3 }));
  for (const text of ["10.7.0.3", "10.7.0.255", "127.0.0.1", "255.255.255.255", "0.0.0.0"]) {
    assertDrop(tcpFrame({}, { destination: words(text) }), Drop.ipDestinationForeign);
  }
  const none = new PacketInput({ virtioHeader: false, addresses: [] });
  assertDrop(tcpFrame(), Drop.ipDestinationForeign, none);
});

Deno.test("input: wrong fields of the TCP header", () => {
  // Goal: one drop reason for each field that can be wrong.
  assertDrop(tcpFrame({ checksumError: 1 }), Drop.tcpChecksumInvalid);
  for (let headerWords = 0; headerWords < 5; headerWords++) {
    assertDrop(tcpFrame({ headerWords }), Drop.tcpHeaderLengthInvalid);
  }
  assertDrop(tcpFrame({ headerWords: 6 }), Drop.tcpHeaderLengthInvalid);
  assertDrop(tcpFrame({ srcPort: 0 }), Drop.tcpPortZero);
  assertDrop(tcpFrame({ dstPort: 0 }), Drop.tcpPortZero);
  for (const flags of [Flag.FIN, Flag.RST, Flag.FIN | Flag.RST | Flag.ACK, 0x1ff & ~Flag.SYN]) {
    assertDrop(tcpFrame({ flags: flags | Flag.SYN }), Drop.tcpFlagsInvalid);
    assertEquals(assertTcp(tcpFrame({ flags })).flags, flags);
  }
  assertDrop(tcpFrame({ options: [2, 0, 0, 0] }), Drop.tcpOptionInvalid);
});

Deno.test("input: one wrong bit anywhere in a segment is found", () => {
  // Goal: header checksum and TCP checksum together leave no bit of the packet unguarded.
  const frame = tcpFrame({ payload: [0x55, 0xaa, 0x0f], options: [1, 1, 1, 1] });
  for (let bit = 0; bit < frame.length * 8; bit++) {
    const damaged = [...frame];
    damaged[bit >> 3] ^= 1 << (bit & 7);
    assertEquals(decode(damaged).kind, InputKind.dropped, `bit ${bit}`);
  }
});

Deno.test("input: the virtio-net header vouches for the TCP checksum, not for the IP header", () => {
  // Goal: NEEDS_CSUM and DATA_VALID skip the verification, no flag does not.
  const wrong = tcpFrame({ checksumError: 7 });
  const input = inputFor(true);
  assertTcp([...virtioBytes(NEEDS_CHECKSUM), ...wrong], input);
  assertTcp([...virtioBytes({ flags: 2 }), ...wrong], input);
  assertDrop([...virtioBytes(), ...wrong], Drop.tcpChecksumInvalid, input);
  assertDrop([...virtioBytes({ flags: 4 }), ...wrong], Drop.tcpChecksumInvalid, input);
  const wrongIp = tcpFrame({}, { checksumError: 7 });
  assertDrop([...virtioBytes(NEEDS_CHECKSUM), ...wrongIp], Drop.ipChecksumInvalid, input);
});

Deno.test("input: a super-segment tells the size of its wire segments", () => {
  // Goal: gsoSize for what was gathered, 0 for what would be a single segment.
  const payload = new Array(3000).fill(1);
  const gso = { ...NEEDS_CHECKSUM, gsoType: 1, gsoSize: 1448, headerLength: 40 };
  const input = inputFor(true);
  const sizes = (parts: VirtioParts, bytes: number[]) =>
    assertTcp([...virtioBytes(parts), ...tcpFrame({ payload: bytes })], input).gsoSize;
  assertEquals(sizes(gso, payload), 1448);
  assertEquals(sizes({ ...gso, gsoType: 0x81 }, payload), 1448, "the ECN bit beside the type");
  assertEquals(sizes(gso, payload.slice(0, 1448)), 0, "fits one segment");
  assertEquals(sizes(NEEDS_CHECKSUM, payload), 0, "not left over from the frame before");
});

Deno.test("input: a virtio-net header that contradicts its frame", () => {
  // Goal: unknown offloads, sizes of zero, and checksums that begin or end elsewhere.
  const gso = { ...NEEDS_CHECKSUM, gsoType: 1, gsoSize: 1448, headerLength: 40 };
  const frame = tcpFrame({ payload: [1, 2, 3] });
  const contradictions: VirtioParts[] = [
    ...[2, 3, 5, 6, 0x7f, 0x83].map((gsoType) => ({ ...gso, gsoType })),
    { ...gso, gsoType: 4 },
    { ...gso, gsoSize: 0 },
    { ...gso, headerLength: frame.length + 1 },
    { ...NEEDS_CHECKSUM, checksumStart: frame.length - 17 },
    { ...NEEDS_CHECKSUM, checksumStart: 65535, checksumOffset: 65535 },
    { ...NEEDS_CHECKSUM, checksumStart: 24 },
    { ...NEEDS_CHECKSUM, checksumOffset: 6 },
  ];
  for (const parts of contradictions) {
    assertDrop(
      [...virtioBytes(parts), ...frame],
      Drop.virtioHeaderInvalid,
      inputFor(true),
      JSON.stringify(parts),
    );
  }
  const unused = { headerLength: 9999, gsoSize: 9999, checksumStart: 9999 };
  assertTcp([...virtioBytes(unused), ...frame], inputFor(true), "fields that no flag names");
});

Deno.test("input: an echo request points to its whole message", () => {
  // Goal: the reply can be made from the segment alone.
  const message = icmpBytes(8, 0, [0x12, 0x34, 0, 1, 1, 2, 3]);
  const frame = ipv4Frame({ protocol: 1, trafficClass: 0x20, payload: message });
  const { kind, segment, offset } = decode([...frame, 0xff]);
  assertEquals(kind, InputKind.icmpEcho);
  const expected = Object.assign(new Segment(), {
    src2: 0xffff,
    src3: PEER.w3,
    dst2: 0xffff,
    dst3: OWN.w3,
    trafficClass: 0x20,
    hopLimit: 64,
    icmpType: 8,
    payloadOffset: offset + 20,
    payloadLength: message.length,
    frameOffset: offset,
    frameLength: frame.length + 1,
  });
  assertEquals({ ...segment }, { ...expected });
});

/** An ICMP error that quotes the first `quotedBytes` of a segment from OWN to PEER. */
function icmpError(
  type: number,
  code: number,
  quoted: number[],
  second: number[] = [0, 0, 0, 0],
): number[] {
  return ipv4Frame({
    protocol: 1,
    source: words("10.9.9.9"),
    payload: icmpBytes(type, code, [...second, ...quoted]),
  });
}

function quotedSegment(ip: Parameters<typeof tcpFrame>[1] = {}): number[] {
  const addresses = { source: OWN.w3, destination: PEER.w3 };
  return tcpFrame({ srcPort: 7, dstPort: 40000, seq: 0x80000001 }, { ...addresses, ...ip });
}

Deno.test("input: ICMP errors about our segments name the connection and the sequence number", () => {
  // Goal: eight quoted bytes suffice; the MTU is there for "fragmentation needed" only.
  const quoted = quotedSegment().slice(0, 28);
  const second = [0, 0, ...be16(1280)];
  for (const [type, code, mtu] of [[3, 4, 1280], [3, 0, 0], [3, 3, 0], [11, 0, 0], [12, 0, 0]]) {
    const frame = icmpError(type, code, quoted, second);
    const { kind, segment, offset } = decode(frame);
    assertEquals(kind, InputKind.icmpError, `type ${type}`);
    const expected = Object.assign(new Segment(), {
      src2: 0xffff,
      src3: OWN.w3,
      dst2: 0xffff,
      dst3: PEER.w3,
      srcPort: 7,
      dstPort: 40000,
      seq: 0x80000001 | 0,
      hopLimit: 64,
      icmpType: type,
      icmpCode: code,
      icmpMtu: mtu,
      payloadOffset: segment.payloadOffset,
      frameOffset: offset,
      frameLength: frame.length,
    });
    assertEquals({ ...segment }, { ...expected });
  }
  const withOptions = quotedSegment({ options: new Array(40).fill(1) });
  assertEquals(decode(icmpError(3, 1, withOptions)).segment.srcPort, 7, "quoted IP options");
});

Deno.test("input: other ICMP messages are drops", () => {
  // Goal: kinds that are not used, quotes of what is not ours, quotes cut short, wrong checksums.
  const quoted = quotedSegment();
  for (const type of [0, 4, 5, 9, 13, 14, 17, 40, 255]) {
    assertDrop(icmpError(type, 0, quoted), Drop.icmpInvalid, undefined, `type ${type}`);
  }
  for (let length = 0; length < 28; length++) {
    assertDrop(icmpError(3, 1, quoted.slice(0, length)), Drop.icmpInvalid);
  }
  const withOptions = quotedSegment({ options: new Array(40).fill(1) });
  for (let length = 0; length < 68; length++) {
    assertDrop(icmpError(3, 1, withOptions.slice(0, length)), Drop.icmpInvalid);
  }
  const bad = [
    { version: 6 },
    { headerWords: 4 },
    { protocol: 132 },
    { source: PEER.w3 },
    { source: words("127.0.0.1") },
    { fragment: 1 },
  ];
  for (const ip of bad) {
    assertDrop(
      icmpError(3, 1, quotedSegment(ip)),
      Drop.icmpInvalid,
      undefined,
      JSON.stringify(ip),
    );
  }
  const wrong = ipv4Frame({ protocol: 1, payload: icmpBytes(8, 0, [0, 0, 0, 0], 1) });
  assertDrop(wrong, Drop.icmpInvalid);
  const echo = ipv4Frame({ protocol: 1, payload: icmpBytes(8, 0, [0, 0, 0, 0]) });
  const gso = { flags: 2, gsoType: 1, gsoSize: 8 };
  assertDrop([...virtioBytes(gso), ...echo], Drop.virtioHeaderInvalid, inputFor(true));
});

Deno.test("input: a loopback input takes the stack's own frames, and only those", () => {
  // Goal: own and 127/8 addresses on both ends, no checksums; all other checks stay.
  const loopback = inputFor(false, true);
  const here = [OWN.w3, SECOND_OWN.w3, words("127.0.0.1"), words("127.8.9.10")];
  for (const source of here) {
    for (const destination of here) {
      const frame = tcpFrame({ checksumError: 1 }, { source, destination, checksumError: 1 });
      const segment = assertTcp(frame, loopback);
      assertEquals([segment.src3, segment.dst3], [source, destination]);
    }
  }
  assertDrop(tcpFrame({}, { destination: PEER.w3 }), Drop.ipDestinationForeign, loopback);
  assertDrop(tcpFrame({}, { source: 0 }), Drop.ipSourceMartian, loopback);
  assertDrop(tcpFrame({}, { source: -1 }), Drop.ipSourceMartian, loopback);
  assertDrop(tcpFrame({ flags: Flag.SYN | Flag.FIN }), Drop.tcpFlagsInvalid, loopback);
  const echo = ipv4Frame({ protocol: 1, payload: icmpBytes(8, 0, [0, 0, 0, 0], 1) });
  assertEquals(decode(echo, loopback).kind, InputKind.icmpEcho);
  const quoted = quotedSegment({ source: words("127.0.0.1") });
  assertEquals(decode(icmpError(3, 3, quoted), loopback).kind, InputKind.icmpError);
  assertThrows(() => inputFor(true, true), TypeError, "virtioHeader must be false");
});

Deno.test("input: one object decodes unlike frames one after the other", () => {
  // Goal: what one virtio-net header said does not hold for the next frame.
  const input = inputFor(true);
  const wrong = tcpFrame({ checksumError: 7 });
  assertTcp([...virtioBytes({ flags: 2 }), ...wrong], input);
  assertDrop([...virtioBytes(), ...wrong], Drop.tcpChecksumInvalid, input);
  assertTcp([...virtioBytes(NEEDS_CHECKSUM), ...wrong], input);
  const withOptions = tcpFrame({}, { options: [1, 1, 1, 1] });
  assertTcp([...virtioBytes(), ...withOptions], input, "checksum start of the frame before");
});
