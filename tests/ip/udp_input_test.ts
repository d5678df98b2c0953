// What the decoder makes of UDP, and of ICMP errors about it.
import { assertEquals } from "@std/assert";
import { ipv4Address } from "../../src/base/address.ts";
import { Drop, dropNames, type DropReason } from "../../src/base/drops.ts";
import { Memory } from "../../src/base/memory.ts";
import { InputKind, PacketInput } from "../../src/ip/input.ts";
import {
  addressOf,
  be16,
  icmp6Bytes,
  icmpBytes,
  ipv4Frame,
  ipv6Frame,
  OWN,
  OWN6,
  PEER,
  PEER6,
  staleSegment,
  udpBytes,
  udpFrame,
  udpFrame6,
  virtioBytes,
} from "../wire/frames.ts";

const BROADCAST = ipv4Address(0x0a0700ff);

function decode(frame: readonly number[], virtioHeader = false, loopback = false) {
  const memory = new Memory(new SharedArrayBuffer(frame.length + 200));
  memory.bytes.set(frame, 33);
  const segment = staleSegment();
  const input = new PacketInput({
    ...{ virtioHeader, loopback, addresses: [OWN, OWN6], broadcasts: [BROADCAST] },
  });
  const kind = input.decode(memory, 33, frame.length, segment);
  const payload = memory.bytes.slice(
    segment.payloadOffset,
    segment.payloadOffset + segment.payloadLength,
  );
  return { kind, reason: kind === InputKind.dropped ? input.reason : Drop.none, segment, payload };
}

function assertDrop(frame: readonly number[], reason: DropReason, virtioHeader = false): void {
  assertEquals(dropNames[decode(frame, virtioHeader).reason], dropNames[reason]);
}

for (const [name, frameOf] of [["IPv4", udpFrame], ["IPv6", udpFrame6]] as const) {
  Deno.test(`udp input over ${name}: addresses, ports, payload`, () => {
    // Goal: nothing of an earlier segment is left over.
    const { kind, segment, payload } = decode(
      frameOf({ srcPort: 5353, dstPort: 53, payload: [1, 2, 3] }),
    );
    assertEquals([kind, segment.srcPort, segment.dstPort], [InputKind.udp, 5353, 53]);
    assertEquals([...payload], [1, 2, 3]);
    assertEquals([segment.flags, segment.options, segment.gsoSize, segment.hopLimit], [
      0,
      0,
      0,
      64,
    ]);
    const [peer, own] = name === "IPv4" ? [PEER, OWN] : [PEER6, OWN6];
    assertEquals([segment.src0, segment.src3], [peer.w0, peer.w3]);
    assertEquals([segment.dst0, segment.dst3], [own.w0, own.w3]);
    assertEquals(decode(frameOf({})).segment.payloadLength, 0);
  });

  Deno.test(`udp input over ${name}: every wrong field has its name`, () => {
    // Goal: lengths, checksums and ports, and no exception for a frame cut anywhere.
    const whole = frameOf({ payload: [1, 2, 3, 4] });
    for (const length of [0, 7, 13, 65_535]) {
      assertDrop(frameOf({ length, payload: [1, 2, 3, 4], checksum: 1 }), Drop.udpLengthInvalid);
    }
    assertDrop(frameOf({ payload: [1, 2, 3], checksum: 0x1234 }), Drop.udpChecksumInvalid);
    assertDrop(frameOf({ dstPort: 0 }), Drop.udpPortZero);
    assertEquals(decode(frameOf({ srcPort: 0 })).kind, InputKind.udp);
    for (let length = 0; length < whole.length; length++) {
      assertEquals(decode(whole.slice(0, length)).kind, InputKind.dropped, `${length}`);
    }
  });

  Deno.test(`udp input over ${name}: bytes behind the datagram are not looked at`, () => {
    // Goal: the length of UDP says where it ends, and its checksum covers no more.
    const frame = frameOf({ payload: [1, 2, 3, 9, 9], length: 11 });
    const { kind, payload } = decode(frame);
    assertEquals([kind, [...payload]], [InputKind.udp, [1, 2, 3]]);
  });

  Deno.test(`udp input over ${name}: what the virtio-net header vouches for`, () => {
    // Goal: an unfinished checksum is taken where it is UDP's, and nothing else is claimed.
    const frame = frameOf({ payload: [1], checksum: 0x1234 });
    const checksumStart = name === "IPv4" ? 20 : 40;
    const good = virtioBytes({ flags: 1, checksumStart, checksumOffset: 6 });
    assertEquals(decode([...good, ...frame], true).kind, InputKind.udp);
    for (const bad of [{ checksumOffset: 7 }, { checksumStart: checksumStart - 4 }]) {
      const header = virtioBytes({ flags: 1, checksumStart, checksumOffset: 6, ...bad });
      assertDrop([...header, ...frame], Drop.virtioHeaderInvalid, true);
    }
    const cut = virtioBytes({ flags: 2, gsoType: name === "IPv4" ? 1 : 4, gsoSize: 8 });
    assertDrop([...cut, ...frame], Drop.virtioHeaderInvalid, true);
    assertDrop([...virtioBytes(), ...frame], Drop.udpChecksumInvalid, true);
  });
}

Deno.test("udp input: no checksum is right over IPv4 and wrong over IPv6", () => {
  // Goal: RFC 768 and RFC 8200 section 8.1.
  assertEquals(decode(udpFrame({ payload: [1], checksum: 0 })).kind, InputKind.udp);
  assertDrop(udpFrame6({ payload: [1], checksum: 0 }), Drop.udpChecksumMissing);
});

Deno.test("udp input: groups and broadcasts are for UDP alone", () => {
  // Goal: RFC 1122 section 3.2.1.3; who is a member is not the decoder's business.
  for (const address of ["224.0.0.251", "239.255.255.255", "255.255.255.255", "10.7.0.255"]) {
    const destination = addressOf(address).w3;
    assertEquals(decode(udpFrame({}, { destination })).kind, InputKind.udp, address);
    for (const protocol of [1, 6]) {
      assertDrop(
        ipv4Frame({ protocol, destination, payload: new Array(40).fill(0) }),
        Drop.ipDestinationForeign,
      );
    }
  }
  const group = addressOf("ff02::fb");
  assertEquals(decode(udpFrame6({}, { destination: group })).kind, InputKind.udp);
  assertDrop(
    ipv6Frame({ destination: group, payload: new Array(40).fill(0) }),
    Drop.ipDestinationForeign,
  );
  assertDrop(udpFrame({}, { destination: addressOf("10.7.1.255").w3 }), Drop.ipDestinationForeign);
  for (const address of ["224.0.0.1", "10.7.0.255", "255.255.255.255"]) {
    assertDrop(udpFrame({}, { source: addressOf(address).w3 }), Drop.ipSourceMartian);
  }
});

Deno.test("udp input: who has no address yet may ask everybody for one", () => {
  // Goal: RFC 1122 section 3.2.1.3 (a) and RFC 2131 section 4.1, as Linux has it: from 0.0.0.0 to all, and no further.
  const destination = addressOf("255.255.255.255").w3;
  const { kind, segment } = decode(udpFrame({}, { source: 0, destination }));
  assertEquals([kind, segment.src3, segment.dst3], [InputKind.udp, 0, destination]);
  assertDrop(
    ipv4Frame({ protocol: 6, source: 0, destination, payload: new Array(40).fill(0) }),
    Drop.ipDestinationForeign,
  );
  for (const to of ["10.7.0.255", "224.0.0.1", "10.7.0.2"]) {
    const frame = udpFrame({}, { source: 0, destination: addressOf(to).w3 });
    assertDrop(frame, Drop.ipSourceMartian);
  }
  const near = udpFrame({}, { source: addressOf("0.0.0.1").w3, destination });
  assertDrop(near, Drop.ipSourceMartian);
});

Deno.test("udp input: ICMP errors about datagrams", () => {
  // Goal: told apart from those about TCP, with the addresses and ports of what was sent.
  const quoted = ipv4Frame({
    protocol: 17,
    ...{ source: OWN.w3, destination: PEER.w3 },
    payload: udpBytes({ srcPort: 53, dstPort: 9 }, OWN, PEER),
  });
  const frame = ipv4Frame({
    protocol: 1,
    payload: icmpBytes(3, 4, [0, 0, ...be16(1000), ...quoted]),
  });
  const { kind, segment } = decode(frame);
  assertEquals([kind, segment.srcPort, segment.dstPort], [InputKind.udpError, 53, 9]);
  assertEquals([segment.icmpType, segment.icmpCode, segment.icmpMtu], [3, 4, 1000]);
  const quoted6 = ipv6Frame({
    protocol: 17,
    ...{ source: OWN6, destination: PEER6 },
    payload: udpBytes({ srcPort: 53, dstPort: 9 }, OWN6, PEER6),
  });
  const icmp6 = icmp6Bytes(2, 0, [0, 0, ...be16(1400), ...quoted6]);
  const six = decode(ipv6Frame({ protocol: 58, payload: icmp6 }));
  assertEquals([six.kind, six.segment.srcPort, six.segment.icmpMtu], [
    InputKind.udpError,
    53,
    1400,
  ]);
});
