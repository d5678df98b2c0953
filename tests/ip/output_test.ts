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
  be16,
  be32,
  icmpBytes,
  ipv4Frame,
  naiveChecksum,
  OWN,
  PEER,
  randomSegment,
  staleSegment,
  tcpFrame,
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

function ackFrom(fields: Partial<Segment>): Segment {
  const segment = Object.assign(new Segment(), { src2: 0xffff, dst2: 0xffff });
  Object.assign(segment, { src3: PEER.w3, dst3: OWN.w3, srcPort: 40000, dstPort: 7 });
  return Object.assign(segment, { seq: 1000, ack: 2000, flags: Flag.ACK, window: 502 }, fields);
}

Deno.test("output: a packet equals the hand-made one", () => {
  // Goal: all headers byte by byte, checksum in software, hop limit 64 when none is asked for.
  const memory = newMemory();
  const payload = [1, 2, 3, 4, 5];
  const segment = ackFrom({ trafficClass: 2, options: OptionBit.timestamps, tsValue: 5 });
  const length = writePacket(memory, AT, segment, 5, 4711, ChecksumMode.full);
  assertEquals(length, 52);
  memory.bytes.set(payload, AT + length);
  finishTcpChecksum(memory.view, AT, length, checksumAdd(memory.view, AT + length, 5, 0));
  const expected = tcpFrame(
    { payload, options: [1, 1, 8, 10, ...be32(5), ...be32(0)] },
    { trafficClass: 2, identification: 4711 },
  );
  assertEquals(bytesAt(memory, length + 5), expected);
  assertEquals([memory.bytes[AT - 1], memory.bytes[AT + length + 5]], [0xee, 0xee]);
});

Deno.test("output: loopback packets have no TCP checksum and are read back", () => {
  // Goal: nobody computes what nobody looks at.
  const memory = newMemory();
  const segment = ackFrom({ hopLimit: 9 });
  const length = writePacket(memory, AT, segment, 0, 0, ChecksumMode.none);
  const expected = tcpFrame({}, { hopLimit: 9 });
  expected.splice(36, 2, 0, 0);
  assertEquals(bytesAt(memory, length), expected);
  const input = new PacketInput({ virtioHeader: false, loopback: true, addresses: [OWN] });
  assertEquals(input.decode(memory, AT, length, new Segment()), InputKind.tcp);
});

Deno.test("output: a partial checksum is the pseudo-header's sum, in a frame that says so", () => {
  // Goal: what the kernel needs to finish the checksum, and no offload that is not needed.
  const memory = newMemory();
  const length = writePacket(memory, AT, ackFrom({}), 100, 0, ChecksumMode.virtioPartial);
  assertEquals(length, 50);
  const frame = tcpFrame({ payload: new Array(100).fill(0) }).slice(0, 40);
  const pseudo = naiveChecksum([...be32(PEER.w3), ...be32(OWN.w3), 0, 6, ...be16(120)]) ^ 0xffff;
  frame.splice(36, 2, ...be16(pseudo));
  const virtio = virtioBytes({ flags: 1, checksumStart: 20, checksumOffset: 16 });
  assertEquals(bytesAt(memory, length), [...virtio, ...frame]);
});

Deno.test("output: the device finishing a partial checksum gets the full one", () => {
  // Goal: both modes put the same packet on the wire, for random segments.
  const random = new SeededRandom(SEED);
  const memory = newMemory();
  for (let round = 0; round < 500; round++) {
    const segment = randomSegment(random);
    const payload = Uint8Array.from({ length: random.integer(0, 99) }, () => random.uint32());
    const length = writePacket(memory, AT, segment, payload.length, 1, ChecksumMode.full);
    memory.bytes.set(payload, AT + length);
    const sum = checksumAdd(memory.view, AT + length, payload.length, 0);
    finishTcpChecksum(memory.view, AT, length, sum);
    const full = bytesAt(memory, length + payload.length);
    writePacket(memory, AT, segment, payload.length, 1, ChecksumMode.virtioPartial);
    memory.bytes.set(payload, AT + 10 + length);
    const partial = bytesAt(memory, 10 + length + payload.length).slice(10);
    partial.splice(36, 2, ...be16(naiveChecksum(partial.slice(20))));
    assertEquals(partial, full, `seed ${SEED}, round ${round}`);
  }
});

Deno.test("output: a payload beyond gsoSize is left to the device to cut", () => {
  // Goal: type, size and header length of the offload; CWR asks for the ECN form of it.
  const memory = newMemory();
  const virtioOf = (fields: Partial<Segment>, payloadLength: number) => {
    writePacket(memory, AT, ackFrom(fields), payloadLength, 0, ChecksumMode.virtioPartial);
    return bytesAt(memory, 10);
  };
  const plain = { flags: 1, checksumStart: 20, checksumOffset: 16 };
  const cut = { ...plain, gsoType: 1, gsoSize: 1448, headerLength: 52 };
  const fields = { gsoSize: 1448, options: OptionBit.timestamps };
  assertEquals(virtioOf(fields, 65483), virtioBytes(cut));
  assertEquals(virtioOf(fields, 1449), virtioBytes(cut));
  assertEquals(virtioOf(fields, 1448), virtioBytes(plain));
  assertEquals(virtioOf({ ...fields, gsoSize: 0 }, 3000), virtioBytes(plain));
  const cwr = { ...fields, flags: Flag.ACK | Flag.CWR };
  assertEquals(virtioOf(cwr, 3000), virtioBytes({ ...cut, gsoType: 0x81 }));
});

Deno.test("output: what is written is decoded to the same segment", () => {
  // Goal: output and input agree on every field, in all modes, for random segments and payloads.
  const random = new SeededRandom(SEED);
  const memory = newMemory();
  for (let round = 0; round < 3000; round++) {
    const segment = randomSegment(random);
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
      addresses: [OWN],
    });
    const back = staleSegment();
    const kind = input.decode(memory, AT, length + segment.payloadLength, back);
    assertEquals(kind, InputKind.tcp, `seed ${SEED}, round ${round}, reason ${input.reason}`);
    assertEquals({ ...back }, { ...segment }, `seed ${SEED}, round ${round}`);
  }
});

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

Deno.test("output: a datagram above 65535 bytes is the caller's error", () => {
  // Goal: the length field never wraps silently.
  const memory = newMemory();
  const write = (bytes: number) =>
    writePacket(memory, AT, ackFrom({}), bytes, 0, ChecksumMode.virtioPartial);
  assertEquals(write(65495), 50);
  assertThrows(() => write(65496), RangeError, "65536 bytes");
  const echo = Object.assign(new Segment(), { payloadLength: 65516 });
  assertThrows(() => writeEchoReply(memory, AT, echo, false), RangeError, "65536 bytes");
});

Deno.test("output: an echo reply is the request turned around", () => {
  // Goal: same identifier, sequence number and data, both checksums right, any length, in place too.
  const memory = newMemory();
  const input = new PacketInput({ virtioHeader: false, addresses: [OWN] });
  for (const size of [0, 1, 56, 57, 1472]) {
    const rest = [0x12, 0x34, 0, 9, ...Array.from({ length: size }, (_, i) => i & 255)];
    const request = ipv4Frame({
      protocol: 1,
      trafficClass: 0x10,
      hopLimit: 5,
      payload: icmpBytes(8, 0, rest),
    });
    const expected = ipv4Frame({
      protocol: 1,
      trafficClass: 0x10,
      source: OWN.w3,
      destination: PEER.w3,
      payload: icmpBytes(0, 0, rest),
    });
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
