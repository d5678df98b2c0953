import { assert, assertEquals } from "@std/assert";
import { Drop, dropNames } from "../../src/base/drops.ts";
import { Memory } from "../../src/base/memory.ts";
import { SeededRandom } from "../../src/base/random.ts";
import { InputKind, PacketInput } from "../../src/ip/input.ts";
import { ChecksumMode, finishTcpChecksum, writePacket } from "../../src/ip/output.ts";
import { checksumAdd } from "../../src/wire/checksum.ts";
import { Segment } from "../../src/wire/segment.ts";
import { icmpBytes, ipv4Frame, OWN, randomSegment, virtioBytes } from "../wire/frames.ts";

// WOSHOU_LONG=1 runs ten times as many frames; WOSHOU_SEED=n repeats a run.
const FRAMES = Deno.env.get("WOSHOU_LONG") === "1" ? 1_000_000 : 100_000;
const SEED = Number(Deno.env.get("WOSHOU_SEED") ?? 0xf022);
const AT = 64;
const FRAME_MAX_BYTES = 512;

/** Where bytes decide most: version, lengths, fragment, protocol, data offset, flags, options. */
const TELLING_OFFSETS = [0, 2, 3, 6, 7, 9, 12, 16, 20, 22, 32, 33, 40, 41, 42, 43, 44, 45];

interface Source {
  readonly name: string;
  readonly input: PacketInput;
  readonly virtioHeader: boolean;
}

const sources: readonly Source[] = [
  { name: "plain", virtioHeader: false, loopback: false },
  { name: "virtio", virtioHeader: true, loopback: false },
  { name: "loopback", virtioHeader: false, loopback: true },
].map(({ name, virtioHeader, loopback }) => ({
  name,
  virtioHeader,
  input: new PacketInput({ virtioHeader, loopback, addresses: [OWN] }),
}));

/** Puts a good TCP packet at `at` and returns its length; checksums right, so that mutants get far. */
function placeSegment(memory: Memory, at: number, random: SeededRandom): number {
  const segment = randomSegment(random);
  const payloadLength = random.integer(0, 60);
  const length = writePacket(memory, at, segment, payloadLength, 0, ChecksumMode.full);
  const sum = checksumAdd(memory.view, at + length, payloadLength, 0);
  finishTcpChecksum(memory.view, at, length, sum);
  return length + payloadLength;
}

/** Puts an ICMP message at `at`, often an error that quotes what may be a segment of ours. */
function placeIcmp(memory: Memory, at: number, random: SeededRandom): number {
  const quoted = ipv4Frame({ source: OWN.w3, payload: new Array(8).fill(random.uint32() & 255) });
  const types = [3, 3, 8, 8, 11, 12, random.integer(0, 255)];
  const message = icmpBytes(types[random.integer(0, 6)], random.integer(0, 5), [
    ...virtioBytes().slice(0, 4),
    ...quoted.slice(0, random.integer(0, 3) > 0 ? 28 : random.integer(0, 28)),
  ]);
  const frame = ipv4Frame({ protocol: 1, payload: message });
  memory.bytes.set(frame, at);
  return frame.length;
}

/** Puts the next frame at AT and returns its length in bytes. */
function placeFrame(memory: Memory, random: SeededRandom, virtioHeader: boolean): number {
  let at = AT;
  if (virtioHeader) {
    const known = random.integer(0, 3) > 0;
    const flags = random.integer(0, 3);
    memory.bytes.set(
      virtioBytes(
        known
          ? { flags, checksumStart: 20, checksumOffset: 16, gsoType: flags & 1, gsoSize: 10 }
          : { flags, gsoType: random.uint32() & 255, checksumStart: random.integer(0, 600) },
      ),
      at,
    );
    at += 10;
  }
  const choice = random.integer(0, 9);
  if (choice === 0) {
    const length = random.integer(0, FRAME_MAX_BYTES - 10);
    for (let i = 0; i < length; i++) memory.bytes[at + i] = random.uint32();
    return at - AT + length;
  }
  const length = choice < 3 ? placeIcmp(memory, at, random) : placeSegment(memory, at, random);
  for (let mutations = random.integer(0, 3); mutations > 0; mutations--) {
    const where = random.integer(0, 1) === 0
      ? TELLING_OFFSETS[random.integer(0, TELLING_OFFSETS.length - 1)]
      : random.integer(0, length - 1);
    // Zero words are as telling as random bytes: port 0, length 0.
    if (random.integer(0, 7) === 0) memory.view.setUint16(at + (where & ~1), 0);
    else memory.bytes[at + where] = random.uint32();
  }
  repairChecksums(memory, at, length, random);
  const cut = random.integer(0, 7) === 0 ? random.integer(0, length) : length;
  return at - AT + cut;
}

/** Makes the checksums right again, mostly, or hardly a mutant would reach the code behind them. */
function repairChecksums(memory: Memory, at: number, length: number, random: SeededRandom): void {
  if (random.integer(0, 3) === 0) return;
  const { view, bytes } = memory;
  const headerLength = (bytes[at] & 15) * 4;
  const total = view.getUint16(at + 2);
  if (headerLength < 20 || total > length || total < headerLength + 20) return;
  view.setUint16(at + 10, 0);
  view.setUint16(at + 10, ~checksumAdd(view, at, headerLength, 0));
  const transport = at + headerLength;
  const transportLength = total - headerLength;
  if (bytes[at + 9] === 6) {
    view.setUint16(transport + 16, 0);
    const pseudo = checksumAdd(view, at + 12, 8, 6 + transportLength);
    view.setUint16(transport + 16, ~checksumAdd(view, transport, transportLength, pseudo));
  } else {
    view.setUint16(transport + 2, 0);
    view.setUint16(transport + 2, ~checksumAdd(view, transport, transportLength, 0));
  }
}

function checkOutcome(kind: number, source: Source, segment: Segment, length: number): void {
  if (kind === InputKind.dropped) {
    assert(source.input.reason !== Drop.none, "a drop without a reason");
    assert(dropNames[source.input.reason] !== undefined, "a reason without a name");
    return;
  }
  assert(segment.payloadLength >= 0 && segment.payloadLength <= length, "payload length");
  assert(segment.payloadOffset >= AT, "the payload begins before the frame");
  assert(
    segment.payloadOffset + segment.payloadLength <= AT + length,
    "the payload ends behind the frame",
  );
  assert(segment.sackCount >= 0 && segment.sackCount <= 4, "SACK count");
  assert(segment.windowScale <= 14, "window scale");
  if (kind === InputKind.tcp) {
    assert(segment.srcPort > 0 && segment.dstPort > 0, "port 0");
    assert(segment.gsoSize < Math.max(1, segment.payloadLength), "gsoSize of a single segment");
  }
  for (const [name, value] of Object.entries(segment)) {
    assert(Number.isInteger(value) && value === (value | 0), `${name} is no 32-bit integer`);
  }
}

Deno.test(`fuzz: ${FRAMES} random and mutated frames decode or drop for a named reason`, () => {
  // Goal: never a throw, never bytes outside the frame, never a value left over from another frame.
  const random = new SeededRandom(SEED);
  const memory = new Memory(new SharedArrayBuffer(1024));
  const kinds = [0, 0, 0, 0];
  const reasons = new Set<number>();
  // Two segments with unlike histories must agree after each frame.
  const segment = new Segment();
  const other = new Segment();
  for (let round = 0; round < FRAMES; round++) {
    const source = sources[round % sources.length];
    const length = placeFrame(memory, random, source.virtioHeader);
    try {
      const kind = source.input.decode(memory, AT, length, segment);
      kinds[kind]++;
      checkOutcome(kind, source, segment, length);
      if (kind === InputKind.dropped) reasons.add(source.input.reason);
      else if (round % 7 === 0) {
        source.input.decode(memory, AT, length, other);
        assertEquals({ ...other }, { ...segment });
      }
    } catch (error) {
      const frame = [...memory.bytes.slice(AT, AT + length)];
      const hex = frame.map((byte) => byte.toString(16).padStart(2, "0")).join("");
      throw new Error(`WOSHOU_SEED=${SEED}, round ${round}, ${source.name}: ${hex}`, {
        cause: error,
      });
    }
  }
  // The frames must reach everything, or the test says little.
  assert(kinds.every((count) => count > FRAMES / 200), `kinds ${kinds}`);
  const unreached = Object.entries(Drop).filter(([, reason]) =>
    reason >= Drop.virtioHeaderInvalid && reason <= Drop.icmpInvalid && !reasons.has(reason)
  );
  assertEquals(unreached.map(([name]) => name), []);
});
