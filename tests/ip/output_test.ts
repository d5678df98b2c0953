import { assertEquals, assertThrows } from "@std/assert";
import { Memory } from "../../src/base/memory.ts";
import { SeededRandom } from "../../src/base/random.ts";
import { InputKind, PacketInput } from "../../src/ip/input.ts";
import {
  ChecksumMode,
  finishTcpChecksum,
  writeEchoReply,
  writePacket,
} from "../../src/ip/output.ts";
import { checksumAdd, checksumAddPiece } from "../../src/wire/checksum.ts";
import { Flag, OptionBit, Segment } from "../../src/wire/segment.ts";
import {
  addressBytes,
  be16,
  be32,
  ends,
  FAMILIES,
  type FamilyEnds,
  icmp6Bytes,
  icmpBytes,
  ipv4Frame,
  ipv6Frame,
  naiveChecksum,
  OWN,
  randomSegment,
  staleSegment,
  tcpFrame,
  tcpFrame6,
  type TcpParts,
  virtioBytes,
} from "./../wire/frames.ts";

const SEED = 0x0e7;
const AT = 33;

function newMemory(): Memory {
  const memory = new Memory(new SharedArrayBuffer(80000));
  memory.bytes.fill(0xee);
  return memory;
}

/** The bytes that stand at AT. */
function bytesAt(memory: Memory, length: number): number[] {
  return [...memory.bytes.slice(AT, AT + length)];
}

function ackFrom(fields: Partial<Segment>, { peer, own }: FamilyEnds = FAMILIES[0]): Segment {
  const segment = Object.assign(new Segment(), ends(peer, own), { srcPort: 40000, dstPort: 7 });
  return Object.assign(segment, { seq: 1000, ack: 2000, flags: Flag.ACK, window: 502 }, fields);
}

/** The frame made by hand. `ip` holds what both families have. */
function handMade(
  { name }: FamilyEnds,
  tcp: TcpParts,
  ip: { trafficClass?: number; hopLimit?: number } = {},
  identification = 0,
): number[] {
  return name === "IPv4" ? tcpFrame(tcp, { ...ip, identification }) : tcpFrame6(tcp, ip);
}

for (const family of FAMILIES) {
  const { own, peer, headerBytes, gsoType } = family;
  Deno.test(`output over ${family.name}: a packet equals the hand-made one`, () => {
    // Goal: all headers byte by byte, checksum in software, hop limit 64 when none is asked for.
    const memory = newMemory();
    const payload = [1, 2, 3, 4, 5];
    const options = OptionBit.timestamps;
    const segment = ackFrom({ trafficClass: 2, options, tsValue: 5 }, family);
    const length = writePacket(memory, AT, segment, 5, 4711, ChecksumMode.full);
    assertEquals(length, headerBytes + 32);
    memory.bytes.set(payload, AT + length);
    finishTcpChecksum(memory.view, AT, length, checksumAdd(memory.view, AT + length, 5, 0));
    const tcp = { payload, options: [1, 1, 8, 10, ...be32(5), ...be32(0)] };
    const expected = handMade(family, tcp, { trafficClass: 2 }, 4711);
    assertEquals(bytesAt(memory, length + 5), expected);
    assertEquals([memory.bytes[AT - 1], memory.bytes[AT + length + 5]], [0xee, 0xee]);
  });

  Deno.test(`output over ${family.name}: loopback packets have no TCP checksum and are read back`, () => {
    // Goal: nobody computes what nobody looks at.
    const memory = newMemory();
    const segment = ackFrom({ hopLimit: 9 }, family);
    const length = writePacket(memory, AT, segment, 0, 0, ChecksumMode.none);
    const expected = handMade(family, {}, { hopLimit: 9 });
    expected.splice(headerBytes + 16, 2, 0, 0);
    assertEquals(bytesAt(memory, length), expected);
    const input = new PacketInput({ virtioHeader: false, loopback: true, addresses: [own] });
    assertEquals(input.decode(memory, AT, length, new Segment()), InputKind.tcp);
  });

  Deno.test(`output over ${family.name}: a partial checksum is the pseudo-header's sum, in a frame that says so`, () => {
    // Goal: what the kernel needs to finish the checksum, and no offload that is not needed.
    const memory = newMemory();
    const segment = ackFrom({}, family);
    const length = writePacket(memory, AT, segment, 100, 0, ChecksumMode.virtioPartial);
    assertEquals(length, 10 + headerBytes + 20);
    const frame = handMade(family, { payload: new Array(100).fill(0) }).slice(0, headerBytes + 20);
    const addresses = [...addressBytes(peer), ...addressBytes(own)];
    const pseudo = naiveChecksum([...addresses, 0, 6, ...be16(120)]) ^ 0xffff;
    frame.splice(headerBytes + 16, 2, ...be16(pseudo));
    const virtio = virtioBytes({ flags: 1, checksumStart: headerBytes, checksumOffset: 16 });
    assertEquals(bytesAt(memory, length), [...virtio, ...frame]);
  });

  Deno.test(`output over ${family.name}: the device finishing a partial checksum gets the full one`, () => {
    // Goal: both modes put the same packet on the wire, for random segments.
    const random = new SeededRandom(SEED);
    const memory = newMemory();
    for (let round = 0; round < 500; round++) {
      const segment = randomSegment(random, family);
      const payload = Uint8Array.from({ length: random.integer(0, 99) }, () => random.uint32());
      const length = writePacket(memory, AT, segment, payload.length, 1, ChecksumMode.full);
      memory.bytes.set(payload, AT + length);
      const sum = checksumAdd(memory.view, AT + length, payload.length, 0);
      finishTcpChecksum(memory.view, AT, length, sum);
      const full = bytesAt(memory, length + payload.length);
      writePacket(memory, AT, segment, payload.length, 1, ChecksumMode.virtioPartial);
      memory.bytes.set(payload, AT + 10 + length);
      const partial = bytesAt(memory, 10 + length + payload.length).slice(10);
      const checksum = naiveChecksum(partial.slice(headerBytes));
      partial.splice(headerBytes + 16, 2, ...be16(checksum));
      assertEquals(partial, full, `seed ${SEED}, round ${round}`);
    }
  });

  Deno.test(`output over ${family.name}: a payload beyond gsoSize is left to the device to cut`, () => {
    // Goal: type, size and header length of the offload; CWR asks for the ECN form of it.
    const memory = newMemory();
    const virtioOf = (fields: Partial<Segment>, payloadLength: number) => {
      writePacket(
        memory,
        AT,
        ackFrom(fields, family),
        payloadLength,
        0,
        ChecksumMode.virtioPartial,
      );
      return bytesAt(memory, 10);
    };
    const plain = { flags: 1, checksumStart: headerBytes, checksumOffset: 16 };
    const cut = { ...plain, gsoType, gsoSize: 1448, headerLength: headerBytes + 32 };
    const fields = { gsoSize: 1448, options: OptionBit.timestamps };
    assertEquals(virtioOf(fields, 65483), virtioBytes(cut));
    assertEquals(virtioOf(fields, 1449), virtioBytes(cut));
    assertEquals(virtioOf(fields, 1448), virtioBytes(plain));
    assertEquals(virtioOf({ ...fields, gsoSize: 0 }, 3000), virtioBytes(plain));
    const cwr = { ...fields, flags: Flag.ACK | Flag.CWR };
    assertEquals(virtioOf(cwr, 3000), virtioBytes({ ...cut, gsoType: 0x80 | gsoType }));
  });

  Deno.test(`output over ${family.name}: what is written is decoded to the same segment`, () => {
    // Goal: output and input agree on every field, in all modes, for random segments and payloads.
    const random = new SeededRandom(SEED);
    const memory = newMemory();
    for (let round = 0; round < 3000; round++) {
      const segment = randomSegment(random, family);
      const mode = random.integer(0, 2) as ChecksumMode;
      const isVirtio = mode === ChecksumMode.virtioPartial;
      segment.payloadLength = random.integer(0, 1) * random.integer(1, 4000);
      segment.gsoSize = isVirtio ? 1000 : 0;
      const length = writePacket(memory, AT, segment, segment.payloadLength, round & 0xffff, mode);
      segment.payloadOffset = AT + length;
      segment.frameOffset = AT;
      segment.frameLength = length + segment.payloadLength;
      if (segment.payloadLength <= segment.gsoSize) segment.gsoSize = 0;
      if (mode === ChecksumMode.full) {
        const sum = checksumAdd(memory.view, AT + length, segment.payloadLength, 0);
        finishTcpChecksum(memory.view, AT, length, sum);
      }
      const input = new PacketInput({
        virtioHeader: isVirtio,
        loopback: mode === ChecksumMode.none,
        addresses: [own],
      });
      const back = staleSegment();
      const kind = input.decode(memory, AT, length + segment.payloadLength, back);
      assertEquals(kind, InputKind.tcp, `seed ${SEED}, round ${round}, reason ${input.reason}`);
      assertEquals({ ...back }, { ...segment }, `seed ${SEED}, round ${round}`);
    }
  });
}

Deno.test("output: a payload in pieces of any length gets the right checksum", () => {
  // Goal: pieces that lie apart and join at odd places, as in a send buffer that wraps.
  const random = new SeededRandom(SEED);
  const memory = newMemory();
  const input = new PacketInput({ virtioHeader: false, addresses: [OWN] });
  for (let round = 0; round < 500; round++) {
    const lengths = [random.integer(0, 50), random.integer(0, 50), random.integer(0, 50)];
    const total = lengths[0] + lengths[1] + lengths[2];
    const length = writePacket(memory, AT, ackFrom({}), total, 0, ChecksumMode.full);
    let sum = 0;
    let position = 0;
    lengths.forEach((pieceLength, index) => {
      const at = 5000 + 1001 * index;
      for (let i = 0; i < pieceLength; i++) memory.bytes[at + i] = random.uint32();
      sum = checksumAddPiece(memory, at, pieceLength, sum, position);
      memory.bytes.copyWithin(AT + length + position, at, at + pieceLength);
      position += pieceLength;
    });
    finishTcpChecksum(memory.view, AT, length, sum);
    const kind = input.decode(memory, AT, length + total, new Segment());
    assertEquals(kind, InputKind.tcp, `seed ${SEED}, round ${round}, reason ${input.reason}`);
  }
});

Deno.test("output: a datagram above what its length field can say is the caller's error", () => {
  // Goal: the length field never wraps silently. That of IPv6 counts what follows the header.
  const memory = newMemory();
  const [ipv4, ipv6] = FAMILIES;
  const write = (family: FamilyEnds, bytes: number) =>
    writePacket(memory, AT, ackFrom({}, family), bytes, 0, ChecksumMode.virtioPartial);
  assertEquals([write(ipv4, 65495), write(ipv6, 65515)], [50, 70]);
  assertThrows(() => write(ipv4, 65496), RangeError, "IPv4 datagram of 65536 bytes");
  assertThrows(() => write(ipv6, 65516), RangeError, "IPv6 datagram of 65576 bytes");
  for (const [family, payloadLength] of [[ipv4, 65516], [ipv6, 65536]] as const) {
    const echo = ackFrom({ payloadLength }, family);
    assertThrows(() => writeEchoReply(memory, AT, echo, false), RangeError, family.name);
  }
});

/** An echo request or reply made by hand. */
function echoFrame(
  { name, own, peer }: FamilyEnds,
  isReply: boolean,
  hopLimit: number,
  rest: number[],
): number[] {
  const [source, destination] = isReply ? [own, peer] : [peer, own];
  const ip = { trafficClass: 0x10, hopLimit };
  if (name === "IPv4") {
    const payload = icmpBytes(isReply ? 0 : 8, 0, rest);
    const addresses = { source: source.w3, destination: destination.w3 };
    return ipv4Frame({ protocol: 1, ...ip, ...addresses, payload });
  }
  const payload = icmp6Bytes(isReply ? 129 : 128, 0, rest, source, destination);
  return ipv6Frame({ protocol: 58, ...ip, source, destination, payload });
}

for (const family of FAMILIES) {
  Deno.test(`output over ${family.name}: an echo reply is the request turned around`, () => {
    // Goal: same identifier, sequence number and data, checksums right, any length, in place too.
    const memory = newMemory();
    const input = new PacketInput({ virtioHeader: false, addresses: [family.own] });
    for (const size of [0, 1, 56, 57, 1452]) {
      const rest = [0x12, 0x34, 0, 9, ...Array.from({ length: size }, (_, i) => i & 255)];
      const request = echoFrame(family, false, 5, rest);
      const expected = echoFrame(family, true, 64, rest);
      for (const from of [AT, AT + 3, 9000]) {
        const segment = new Segment();
        memory.bytes.set(request, from);
        assertEquals(input.decode(memory, from, request.length, segment), InputKind.icmpEcho);
        const length = writeEchoReply(memory, AT, segment, false);
        assertEquals(bytesAt(memory, length), expected, `size ${size}, from ${from}`);
        memory.bytes.set(request, from);
        const virtioLength = writeEchoReply(memory, AT, segment, true);
        assertEquals(bytesAt(memory, virtioLength), [...virtioBytes(), ...expected]);
      }
    }
  });
}
