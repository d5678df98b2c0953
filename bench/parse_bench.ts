// deno bench bench/parse_bench.ts
// Decoding and writing of single frames, in blocks of 100 so that the timer's own cost does not show:
// the time of one frame is a hundredth of what is printed.
import { ipv4Address } from "../src/base/address.ts";
import { Memory } from "../src/base/memory.ts";
import { PacketInput } from "../src/ip/input.ts";
import { ChecksumMode, finishTcpChecksum, writePacket } from "../src/ip/output.ts";
import { checksumAdd } from "../src/wire/checksum.ts";
import { Flag, OptionBit, Segment } from "../src/wire/segment.ts";

const FRAMES = 100;
const SLOT_BYTES = 2048;
const OWN = ipv4Address(0x0a070002);
/** fd07::2 */
const OWN6 = { w0: 0xfd070000 | 0, w1: 0, w2: 0, w3: 2 };
const memory = new Memory(new SharedArrayBuffer(5 * FRAMES * SLOT_BYTES));

const segment = new Segment();
Object.assign(segment, { srcPort: 40000, dstPort: 7, flags: Flag.ACK, window: 502 });
Object.assign(segment, { options: OptionBit.timestamps, tsValue: 123456, tsEcho: 654321 });

/** The segment goes from the neighbour to the stack's address of the family. */
function useFamily(family: "IPv4" | "IPv6"): void {
  const { w0, w1, w2, w3 } = family === "IPv4" ? OWN : OWN6;
  Object.assign(segment, { src0: w0, src1: w1, src2: w2, src3: w3 ^ 3 });
  Object.assign(segment, { dst0: w0, dst1: w1, dst2: w2, dst3: w3 });
}

/** Fills one area with frames; returns the offset of the area and the length of a frame. */
function fill(area: number, payloadLength: number, mode: ChecksumMode) {
  const start = area * FRAMES * SLOT_BYTES;
  let length = 0;
  for (let i = 0; i < FRAMES; i++) {
    const at = start + i * SLOT_BYTES;
    segment.seq = i * 1448;
    length = writePacket(memory, at, segment, payloadLength, 0, mode);
    if (mode === ChecksumMode.full) {
      const sum = checksumAdd(memory.view, at + length, payloadLength, 0);
      finishTcpChecksum(memory.view, at, length, sum);
    }
  }
  return { start, length: length + payloadLength };
}

useFamily("IPv4");
const acks = fill(0, 0, ChecksumMode.full);
const data = fill(1, 1460, ChecksumMode.full);
const vouched = fill(2, 1460, ChecksumMode.virtioPartial);
useFamily("IPv6");
const acks6 = fill(3, 0, ChecksumMode.full);
const vouched6 = fill(4, 1440, ChecksumMode.virtioPartial);

const addresses = [OWN, OWN6];
const plain = new PacketInput({ virtioHeader: false, addresses });
const virtio = new PacketInput({ virtioHeader: true, addresses });
const decoded = new Segment();

/** Decodes all frames of an area; the kinds add up to their number, as all are TCP. */
function decodeAll(input: PacketInput, area: { start: number; length: number }): void {
  let kinds = 0;
  for (let i = 0; i < FRAMES; i++) {
    kinds += input.decode(memory, area.start + i * SLOT_BYTES, area.length, decoded);
  }
  if (kinds !== FRAMES) throw new Error(`Only ${kinds} of ${FRAMES} frames were decoded`);
}

Deno.bench("decode 100 ACKs, verified", () => decodeAll(plain, acks));
Deno.bench("decode 100 segments of 1460 B, verified", () => decodeAll(plain, data));
Deno.bench("decode 100 segments of 1460 B, virtio vouches", () => decodeAll(virtio, vouched));
Deno.bench("decode 100 ACKs over IPv6, verified", () => decodeAll(plain, acks6));
Deno.bench("decode 100 segments over IPv6, virtio vouches", () => decodeAll(virtio, vouched6));

const out = new Memory(new SharedArrayBuffer(FRAMES * SLOT_BYTES));

for (const family of ["IPv4", "IPv6"] as const) {
  Deno.bench(`write 100 headers over ${family}, no checksum`, () => {
    useFamily(family);
    for (let i = 0; i < FRAMES; i++) {
      writePacket(out, i * SLOT_BYTES, segment, 1460, 0, ChecksumMode.none);
    }
  });
  Deno.bench(`write 100 headers over ${family}, virtio partial checksum`, () => {
    useFamily(family);
    for (let i = 0; i < FRAMES; i++) {
      writePacket(out, i * SLOT_BYTES, segment, 1460, 0, ChecksumMode.virtioPartial);
    }
  });
  Deno.bench(`write 100 ACKs over ${family}, full checksum`, () => {
    useFamily(family);
    for (let i = 0; i < FRAMES; i++) {
      const at = i * SLOT_BYTES;
      finishTcpChecksum(out.view, at, writePacket(out, at, segment, 0, 0, ChecksumMode.full), 0);
    }
  });
}
