import { assert, assertEquals } from "@std/assert";
import { Drop, dropNames } from "../../src/base/drops.ts";
import { Memory } from "../../src/base/memory.ts";
import { SeededRandom } from "../../src/base/random.ts";
import { InputKind, isDrop, PacketInput } from "../../src/ip/input.ts";
import { ChecksumMode, finishTcpChecksum, writePacket } from "../../src/ip/output.ts";
import { checksumAdd } from "../../src/wire/checksum.ts";
import { Segment } from "../../src/wire/segment.ts";
import {
  FAMILIES,
  type FamilyEnds,
  icmp6Bytes,
  icmpBytes,
  ipv4Frame,
  ipv6Frame,
  OWN,
  OWN6,
  PEER6,
  randomSegment,
  tcpFrame6,
  udpFrame,
  udpFrame6,
  virtioBytes,
} from "../wire/frames.ts";

// WOSHOU_LONG=1 runs ten times as many frames; WOSHOU_SEED=n repeats a run.
const FRAMES = Deno.env.get("WOSHOU_LONG") === "1" ? 1_000_000 : 100_000;
const SEED = Number(Deno.env.get("WOSHOU_SEED") ?? 0xf022);
const AT = 64;
const FRAME_MAX_BYTES = 512;

/** Where bytes decide most: version, lengths, fragment, protocol, data offset, flags, options. */
const TELLING_OFFSETS: Readonly<Record<FamilyEnds["name"], readonly number[]>> = {
  IPv4: [0, 2, 3, 6, 7, 9, 12, 16, 20, 22, 32, 33, 40, 41, 42, 43, 44, 45],
  IPv6: [0, 4, 5, 6, 8, 20, 22, 23, 24, 38, 39, 40, 41, 42, 43, 48, 49, 51, 52, 53, 60, 61, 62, 65],
};

interface Source {
  readonly name: string;
  readonly input: PacketInput;
  readonly virtioHeader: boolean;
}

/** Everything is let in for foreign destinations. */
const FORWARD_ALL = { bits: 3 };

const sources: readonly Source[] = [
  { name: "plain", virtioHeader: false, loopback: false },
  { name: "virtio", virtioHeader: true, loopback: false },
  { name: "loopback", virtioHeader: false, loopback: true },
  { name: "forward", virtioHeader: false, loopback: false, forward: FORWARD_ALL },
].map(({ name, virtioHeader, loopback, forward }) => ({
  name,
  virtioHeader,
  input: new PacketInput({ virtioHeader, loopback, addresses: [OWN, OWN6], forward }),
}));

/** Puts a good TCP packet at `at` and returns its length; checksums right, so that mutants get far. */
function placeSegment(
  memory: Memory,
  at: number,
  random: SeededRandom,
  family: FamilyEnds,
): number {
  const segment = randomSegment(random, family);
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

/** Extension headers that are right by themselves, now and then too many. */
function randomExtensions(random: SeededRandom): [number, number[]][] {
  const count = random.integer(0, 9) === 0 ? random.integer(0, 12) : random.integer(0, 3);
  return Array.from({ length: count }, (_, index) => {
    switch (random.integer(0, 3)) {
      case 0:
        return [index === 0 ? 0 : 60, [0, random.integer(0, 3) * 64 + 30, 4, 0, 0, 0, 0]];
      case 1:
        return [43, [0, 0, random.integer(0, 9) === 0 ? 1 : 0, 0, 0, 0, 0]];
      case 2:
        return [44, [0, 0, random.integer(0, 3) === 0 ? 9 : 0, 0, 0, 0, 7]];
      default:
        return [60, [1, 1, 12, ...new Array(12).fill(0)]];
    }
  });
}

/** A TCP packet of IPv6 with extension headers. */
function placeExtended(memory: Memory, at: number, random: SeededRandom): number {
  const frame = tcpFrame6({ payload: [1, 2, 3] }, { extensions: randomExtensions(random) });
  memory.bytes.set(frame, at);
  return frame.length;
}

/** The same as `placeIcmp` for ICMPv6. */
function placeIcmp6(memory: Memory, at: number, random: SeededRandom): number {
  const quoted = ipv6Frame({
    source: OWN6,
    destination: PEER6,
    extensions: random.integer(0, 3) === 0 ? randomExtensions(random) : [],
    payload: new Array(8).fill(random.uint32() & 255),
  });
  const types = [1, 1, 2, 3, 4, 128, 128, random.integer(0, 255)];
  const rest = [0, 0, random.integer(0, 8), random.uint32() & 255, ...quoted];
  const cut = random.integer(0, 3) > 0 ? rest.length : random.integer(4, rest.length);
  const payload = icmp6Bytes(types[random.integer(0, 7)], random.integer(0, 8), rest.slice(0, cut));
  const frame = ipv6Frame({ protocol: 58, payload });
  memory.bytes.set(frame, at);
  return frame.length;
}

/** A UDP datagram, or an ICMP error about one of ours. */
function placeDatagram(
  memory: Memory,
  at: number,
  random: SeededRandom,
  family: FamilyEnds,
): number {
  const { own, peer, name } = family;
  const payload = Array.from({ length: random.integer(0, 60) }, () => random.uint32() & 255);
  const noChecksum = random.integer(0, 9) === 0 ? 0 : undefined;
  const udp = { payload, srcPort: random.integer(0, 65_535), checksum: noChecksum };
  const isQuoted = random.integer(0, 2) === 0;
  const [source, destination] = isQuoted ? [own, peer] : [peer, own];
  const frame = name === "IPv4"
    ? udpFrame(udp, { source: source.w3, destination: destination.w3 })
    : udpFrame6(udp, { source, destination });
  const about = [0, 0, random.integer(0, 8), random.uint32() & 255, ...frame];
  const whole = !isQuoted
    ? frame
    : name === "IPv4"
    ? ipv4Frame({ protocol: 1, payload: icmpBytes(3, random.integer(0, 5), about) })
    : ipv6Frame({ protocol: 58, payload: icmp6Bytes(random.integer(1, 4), 0, about) });
  memory.bytes.set(whole, at);
  return whole.length;
}

/** Puts a good packet at `at` and returns its length. */
function placeGood(
  memory: Memory,
  at: number,
  random: SeededRandom,
  family: FamilyEnds,
): number {
  const choice = random.integer(0, 8);
  if (random.integer(0, 4) === 0) return placeDatagram(memory, at, random, family);
  if (family.name === "IPv4") {
    return choice < 2 ? placeIcmp(memory, at, random) : placeSegment(memory, at, random, family);
  }
  if (choice < 2) return placeIcmp6(memory, at, random);
  if (choice < 5) return placeExtended(memory, at, random);
  return placeSegment(memory, at, random, family);
}

/** Puts the next frame at AT and returns its length in bytes. */
function placeFrame(memory: Memory, random: SeededRandom, virtioHeader: boolean): number {
  let at = AT;
  const family = FAMILIES[random.integer(0, 1)];
  const { headerBytes: checksumStart, gsoType } = family;
  if (virtioHeader) {
    const known = random.integer(0, 3) > 0;
    const flags = random.integer(0, 3);
    memory.bytes.set(
      virtioBytes(
        known
          ? {
            flags,
            checksumStart,
            checksumOffset: random.integer(0, 3) === 0 ? 6 : 16,
            gsoType: (flags & 1) * gsoType,
            gsoSize: 10,
          }
          : { flags, gsoType: random.uint32() & 255, checksumStart: random.integer(0, 600) },
      ),
      at,
    );
    at += 10;
  }
  if (random.integer(0, 9) === 0) {
    const length = random.integer(0, FRAME_MAX_BYTES - 10);
    for (let i = 0; i < length; i++) memory.bytes[at + i] = random.uint32();
    return at - AT + length;
  }
  const length = placeGood(memory, at, random, family);
  const telling = TELLING_OFFSETS[family.name];
  for (let mutations = random.integer(0, 3); mutations > 0; mutations--) {
    const where = random.integer(0, 1) === 0
      ? telling[random.integer(0, telling.length - 1)]
      : random.integer(0, length - 1);
    // Zero words are as telling as random bytes: port 0, length 0.
    if (random.integer(0, 7) === 0) memory.view.setUint16(at + (where & ~1), 0);
    else memory.bytes[at + where] = random.uint32();
  }
  if (random.integer(0, 3) > 0) {
    if (family.name === "IPv4") repairChecksums(memory, at, length);
    else repairChecksum6(memory, at, length);
  }
  const cut = random.integer(0, 7) === 0 ? random.integer(0, length) : length;
  return at - AT + cut;
}

/** Makes the checksums right again, mostly, or hardly a mutant would reach the code behind them. */
function repairChecksums(memory: Memory, at: number, length: number): void {
  const { view, bytes } = memory;
  const headerLength = (bytes[at] & 15) * 4;
  const total = view.getUint16(at + 2);
  if (headerLength < 20 || total > length || total < headerLength + 8) return;
  view.setUint16(at + 10, 0);
  view.setUint16(at + 10, ~checksumAdd(view, at, headerLength, 0));
  const transport = at + headerLength;
  const transportLength = total - headerLength;
  const protocol = bytes[at + 9];
  if (protocol === 6 || protocol === 17) {
    const field = transport + (protocol === 6 ? 16 : 6);
    if (field + 2 > at + total) return;
    view.setUint16(field, 0);
    const pseudo = checksumAdd(view, at + 12, 8, protocol + transportLength);
    view.setUint16(field, ~checksumAdd(view, transport, transportLength, pseudo));
  } else {
    view.setUint16(transport + 2, 0);
    view.setUint16(transport + 2, ~checksumAdd(view, transport, transportLength, 0));
  }
}

/** The same for IPv6, where the transport header comes first. */
function repairChecksum6(memory: Memory, at: number, length: number): void {
  const { view, bytes } = memory;
  const transportLength = view.getUint16(at + 4);
  if (40 + transportLength > length) return;
  const protocol = bytes[at + 6];
  const fields: Readonly<Record<number, number>> = { 6: 16, 17: 6, 58: 2 };
  const field = fields[protocol] ?? transportLength;
  if (field + 2 > transportLength) return;
  view.setUint16(at + 40 + field, 0);
  const pseudo = checksumAdd(view, at + 8, 32, protocol + transportLength);
  view.setUint16(at + 40 + field, ~checksumAdd(view, at + 40, transportLength, pseudo));
}

function checkOutcome(kind: number, source: Source, segment: Segment, length: number): void {
  if (isDrop(kind)) {
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
  if (kind === InputKind.udp) assert(segment.dstPort > 0, "port 0");
  if (kind === InputKind.tcp) {
    assert(segment.srcPort > 0 && segment.dstPort > 0, "port 0");
    assert(segment.gsoSize < Math.max(1, segment.payloadLength), "gsoSize of a single segment");
  }
  assert(typeof segment.foreign === "boolean", "foreign is set");
  for (const [name, value] of Object.entries({ ...segment, foreign: 0 })) {
    assert(Number.isInteger(value) && value === (value | 0), `${name} is no 32-bit integer`);
  }
}

Deno.test(`fuzz: ${FRAMES} random and mutated frames decode or drop for a named reason`, () => {
  // Goal: never a throw, never bytes outside the frame, never a value left over from another frame.
  const random = new SeededRandom(SEED);
  const memory = new Memory(new SharedArrayBuffer(1024));
  const kinds = new Array<number>(Object.keys(InputKind).length).fill(0);
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
      if (isDrop(kind)) reasons.add(source.input.reason);
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
  assert(kinds.slice(0, 6).every((count) => count > FRAMES / 200), `kinds ${kinds}`);
  const isOfInput = (reason: number) =>
    (reason >= Drop.virtioHeaderInvalid && reason <= Drop.icmpInvalid) ||
    (reason >= Drop.ipExtensionInvalid && reason <= Drop.ipOptionUnknown) ||
    (reason >= Drop.udpLengthInvalid && reason <= Drop.udpPortZero);
  const unreached = Object.entries(Drop).filter(([, reason]) =>
    isOfInput(reason) && !reasons.has(reason)
  );
  assertEquals(unreached.map(([name]) => name), []);
});
