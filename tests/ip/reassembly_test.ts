// Reassembly of fragments of both families, by frames through the decoder, and the attacks that it is known for.
import { assert, assertEquals, assertThrows } from "@std/assert";
import { Counter, Counters } from "../../src/base/counters.ts";
import { Drop, dropNames, type DropReason } from "../../src/base/drops.ts";
import { Memory } from "../../src/base/memory.ts";
import { SeededRandom } from "../../src/base/random.ts";
import { ipConfig, type IpOptions } from "../../src/ip/config.ts";
import type { ExpiryQuotes } from "../../src/ip/expiry_quote.ts";
import { InputKind, isDrop, PacketInput } from "../../src/ip/input.ts";
import { Reassembly } from "../../src/ip/reassembly.ts";
import { Segment } from "../../src/wire/segment.ts";
import {
  be16,
  be32,
  icmp6Bytes,
  icmpBytes,
  ipv4Frame,
  ipv6Frame,
  OWN,
  OWN6,
  virtioBytes,
} from "../wire/frames.ts";

const SEED = 5722;
/** Where the frame lies, and behind it the pages. */
const AT = 6;
const FRAME_ROOM = 66_000;
const QUOTE_AT = FRAME_ROOM;
const PAGES_AT = FRAME_ROOM + 2048;

/** What a test says of one fragment. */
interface Part {
  readonly position: number;
  readonly bytes: readonly number[];
  readonly more: boolean;
  readonly id?: number;
  readonly trafficClass?: number;
  readonly protocol?: number;
}

/** A decoder with reassembly in a memory of its own. */
class Rig {
  readonly counters = new Counters();
  readonly segment = new Segment();
  readonly quotes: number[][] = [];
  readonly memory: Memory;
  readonly reassembly: Reassembly;
  readonly input: PacketInput;
  nowUs = 1_000_000;

  constructor(options: IpOptions = {}, virtioHeader = false) {
    const config = ipConfig(options);
    const pageCount = config.reassemblyMemoryBytes / 1024;
    const memory = new Memory(new SharedArrayBuffer(PAGES_AT + pageCount * 1024));
    this.memory = memory;
    const quotes: ExpiryQuotes = {
      begin: () => QUOTE_AT,
      end: (length) => this.quotes.push([...memory.bytes.slice(QUOTE_AT, QUOTE_AT + length)]),
    };
    const { counters } = this;
    const random = new SeededRandom(1);
    this.reassembly = new Reassembly({
      ...{ config, pages: PAGES_AT, pageCount, counters, random, quotes },
    });
    this.input = new PacketInput({
      ...{ virtioHeader, addresses: [OWN, OWN6], reassembly: this.reassembly },
    });
  }

  take(frame: readonly number[]): number {
    this.memory.bytes.set(frame, AT);
    const { input, memory, segment, nowUs } = this;
    const kind = input.decode(memory, AT, frame.length, segment, nowUs);
    if (isDrop(kind)) this.counters.drop(input.reason);
    return kind;
  }

  /** The message that the last frame has completed. */
  get payload(): number[] {
    const { payloadOffset, payloadLength } = this.segment;
    return [...this.memory.bytes.slice(payloadOffset, payloadOffset + payloadLength)];
  }

  drops(reason: DropReason): number {
    return this.counters.drops(reason);
  }
}

function fragment4(part: Part): number[] {
  const field = (part.position >>> 3) | (part.more ? 0x2000 : 0);
  return ipv4Frame({
    ...{ fragment: field, protocol: part.protocol ?? 1, payload: [...part.bytes] },
    ...{ identification: part.id ?? 7, trafficClass: part.trafficClass ?? 0 },
  });
}

function fragment6(part: Part): number[] {
  const field = part.position | (part.more ? 1 : 0);
  return ipv6Frame({
    ...{ protocol: part.protocol ?? 58, payload: [...part.bytes] },
    trafficClass: part.trafficClass ?? 0,
    extensions: [[44, [0, ...be16(field), ...be32(part.id ?? 7)]]],
  });
}

const numbers = (length: number) => Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) & 0xff);

const FAMILIES = [
  {
    name: "IPv4",
    frame: fragment4,
    // The ICMP message of an echo request whose bytes are so many.
    message: (size: number) => icmpBytes(8, 0, [0, 1, 0, 2, ...numbers(size)]),
    ipHeader: 20,
  },
  {
    name: "IPv6",
    frame: fragment6,
    message: (size: number) => icmp6Bytes(128, 0, [0, 1, 0, 2, ...numbers(size)]),
    ipHeader: 40,
  },
];

/** A message in fragments of `size` bytes. */
function cut(message: number[], size: number, id = 7): Part[] {
  const parts: Part[] = [];
  for (let position = 0; position < message.length; position += size) {
    const bytes = message.slice(position, position + size);
    parts.push({ position, bytes, more: position + size < message.length, id });
  }
  return parts;
}

function shuffled<T>(list: readonly T[], random: SeededRandom): T[] {
  const copy = [...list];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = random.integer(0, i);
    [copy[i], copy[j]] = [copy[j], copy[i]];
  }
  return copy;
}

for (const { name, frame, message, ipHeader } of FAMILIES) {
  Deno.test(`reassembly over ${name}: fragments in any order give the packet, and memory is free again`, () => {
    const random = new SeededRandom(SEED);
    for (const size of [1, 100, 1000, 3000, 20_000, 65_000]) {
      for (const step of [8, 56, 1024, 1480, 4000]) {
        if (size / step > 200) continue;
        const rig = new Rig();
        const whole = message(size);
        const parts = shuffled(cut(whole, step), random);
        if (parts.length === 1) continue;
        for (const part of parts.slice(0, -1)) {
          assertEquals(rig.take(frame(part)), InputKind.fragment);
        }
        const kind = rig.take(frame(parts[parts.length - 1]));
        assertEquals(kind, InputKind.icmpEcho, `seed ${SEED}, ${size} bytes by ${step}`);
        assertEquals(rig.payload, whole);
        assertEquals(rig.segment.frameLength, ipHeader + whole.length);
        assertEquals([rig.reassembly.packets, rig.reassembly.heldBytes], [0, 0]);
        assertEquals(rig.counters.value(Counter.fragmentMemoryNow), 0);
        assertEquals(rig.counters.value(Counter.packetsReassembled), 1);
      }
    }
  });

  Deno.test(`reassembly over ${name}: packets of several senders do not mix`, () => {
    // Goal: identification, and over IPv4 the protocol, tell them apart.
    const rig = new Rig();
    const messages = [1, 2, 3].map((id) => ({ id, whole: message(500 + id) }));
    for (const { id, whole } of messages) {
      for (const part of cut(whole, 104, id).slice(1)) rig.take(frame(part));
    }
    assertEquals(rig.reassembly.packets, 3);
    for (const { id, whole } of messages) {
      assertEquals(rig.take(frame(cut(whole, 104, id)[0])), InputKind.icmpEcho);
      assertEquals(rig.payload, whole);
    }
  });

  Deno.test(`reassembly over ${name}: duplicates are ignored, overlaps end the packet`, () => {
    // Goal: RFC 5722 with its erratum; nobody is told of it.
    const whole = message(400);
    const parts = cut(whole, 104);
    const rig = new Rig();
    for (const part of parts.slice(0, 2)) rig.take(frame(part));
    assertEquals(rig.take(frame(parts[1])), InputKind.dropped);
    assertEquals(rig.drops(Drop.ipFragmentDuplicate), 1);
    for (const part of parts.slice(2, -1)) rig.take(frame(part));
    assertEquals(rig.take(frame(parts[parts.length - 1])), InputKind.icmpEcho);

    for (const position of [8, 96, 200]) {
      const other = new Rig();
      for (const part of parts.slice(0, 2)) other.take(frame(part));
      const overlap = { position, bytes: numbers(120), more: true };
      assertEquals(other.take(frame(overlap)), InputKind.dropped, `at ${position}`);
      if (position + 120 <= 208) {
        assertEquals(other.drops(Drop.ipFragmentDuplicate), 1);
        continue;
      }
      // The two that were kept and the one that lay over them.
      assertEquals(other.drops(Drop.ipFragmentOverlap), 3, `at ${position}`);
      assertEquals(other.reassembly.packets, 0);
      assertEquals(other.quotes, []);
    }
  });

  Deno.test(`reassembly over ${name}: teardrop, and other ends that contradict each other`, () => {
    const conflicts: [Part, Part][] = [
      // The second lies within the first and says that the packet ends there.
      [{ position: 0, bytes: numbers(40), more: true }, {
        position: 24,
        bytes: numbers(4),
        more: false,
      }],
      [{ position: 80, bytes: numbers(8), more: false }, {
        position: 160,
        bytes: numbers(8),
        more: true,
      }],
      [{ position: 80, bytes: numbers(8), more: false }, {
        position: 80,
        bytes: numbers(16),
        more: false,
      }],
    ];
    for (const [first, second] of conflicts) {
      const rig = new Rig();
      assertEquals(rig.take(frame(first)), InputKind.fragment);
      assert(isDrop(rig.take(frame(second))));
      assertEquals(rig.drops(Drop.ipFragmentEndConflict), 2);
      assertEquals([rig.reassembly.packets, rig.reassembly.heldBytes], [0, 0]);
    }
  });

  Deno.test(`reassembly over ${name}: no packet is longer than the longest (ping of death)`, () => {
    const rig = new Rig();
    assert(isDrop(rig.take(frame({ position: 65_528, bytes: numbers(1000), more: false }))));
    assertEquals(rig.drops(Drop.ipFragmentOversized), 1);
    assertEquals(rig.reassembly.packets, 0);
    // The longest that there can be.
    const whole = message(65_535 - (name === "IPv4" ? 20 : 0) - 8);
    const parts = cut(whole, 1480);
    for (const part of parts.slice(1)) assertEquals(rig.take(frame(part)), InputKind.fragment);
    assertEquals(rig.take(frame(parts[0])), InputKind.icmpEcho);
    assertEquals(rig.payload, whole);
  });

  Deno.test(`reassembly over ${name}: what is not complete in time is given up, and the sender told`, () => {
    // Goal: only when the first fragment was there (RFC 1122 section 3.3.2), and it is quoted.
    const limitUs = name === "IPv4" ? 30_000_000 : 60_000_000;
    for (const hasFirst of [true, false]) {
      const rig = new Rig();
      const parts = cut(message(4000), 1480);
      const sent = hasFirst ? parts.slice(0, 2) : parts.slice(1);
      for (const part of sent) rig.take(frame(part));
      const dueUs = rig.nowUs + limitUs;
      assertEquals(rig.reassembly.nextExpiry(), dueUs);
      assertEquals(rig.reassembly.expire(rig.memory, dueUs - 1), false);
      assertEquals(rig.reassembly.expire(rig.memory, dueUs), true);
      assertEquals(rig.drops(Drop.ipFragmentTimeout), 2);
      assertEquals(rig.reassembly.nextExpiry(), Infinity);
      assertEquals(rig.quotes.length, hasFirst ? 1 : 0);
      if (!hasFirst) continue;
      const most = name === "IPv4" ? 548 : 1232;
      // The IPv4 header of the quote has its own checksum, of the same fields.
      assertEquals(rig.quotes[0], frame(parts[0]).slice(0, most));
    }
  });

  Deno.test(`reassembly over ${name}: a flood of fragments that never complete leaves memory flat and lets others through`, () => {
    const options = { reassemblyMemoryBytes: 128 * 1024, reassemblyPackets: 64 };
    const rig = new Rig(options);
    const random = new SeededRandom(SEED);
    let most = 0;
    for (let i = 0; i < 20_000; i++) {
      const position = 8 * random.integer(1, 7000);
      const id = random.uint32() & (name === "IPv4" ? 0xffff : 0x7fff_ffff);
      rig.take(frame({ position, bytes: [1, 2, 3, 4, 5, 6, 7, 8], more: true, id }));
      most = Math.max(most, rig.reassembly.heldBytes);
      assert(rig.reassembly.packets <= 64);
    }
    assert(most <= 128 * 1024, `${most} bytes`);
    assert(rig.drops(Drop.ipFragmentEvicted) > 10_000);
    const whole = message(9000);
    const parts = cut(whole, 1480, 1);
    for (const part of parts.slice(0, -1)) {
      rig.take(frame(part));
      rig.take(
        frame({ position: 64, bytes: numbers(8), more: true, id: random.uint32() & 0xffff }),
      );
    }
    assertEquals(rig.take(frame(parts[parts.length - 1])), InputKind.icmpEcho);
    assertEquals(rig.payload, whole);
    // Everything that came in is a packet, a drop, or still there.
    rig.reassembly.expire(rig.memory, Infinity);
    const dropped = dropNames.reduce((sum, _, reason) => sum + rig.drops(reason as DropReason), 0);
    assertEquals(dropped + parts.length, rig.counters.value(Counter.fragmentsIn));
    assertEquals(rig.reassembly.heldBytes, 0);
  });

  Deno.test(`reassembly over ${name}: few packets of many pages give way one by one`, () => {
    // Goal: memory is the limit, not the number of packets, and a packet never evicts itself.
    const rig = new Rig({ reassemblyMemoryBytes: 65_536 });
    for (let id = 1; id <= 5; id++) {
      for (const part of cut(message(60_000), 1480, id).slice(1)) rig.take(frame(part));
      assertEquals(rig.reassembly.packets, 1);
    }
    const parts = cut(message(60_000), 1480, 5);
    assertEquals(rig.take(frame(parts[0])), InputKind.icmpEcho);
    assertEquals(rig.drops(Drop.ipFragmentEvicted), 4 * (parts.length - 1));
  });

  Deno.test(`reassembly over ${name}: congestion marks of fragments`, () => {
    // Goal: RFC 3168 section 5.3: one CE marks the packet; not-ECT with others is a contradiction.
    const cases: [number[], number][] = [
      [[0, 0], 0],
      [[2, 2], 2],
      [[2, 3], 3],
      [[3, 1], 3],
      [[0, 2], -1],
      [[0, 3], -1],
      [[3, 0], -1],
    ];
    for (const [marks, expected] of cases) {
      const rig = new Rig();
      const parts = cut(message(100), 80);
      const kinds = parts.map((part, i) => rig.take(frame({ ...part, trafficClass: marks[i] })));
      if (expected >= 0) {
        assertEquals([kinds[1], rig.segment.trafficClass & 3], [InputKind.icmpEcho, expected]);
      } else {
        assertEquals([kinds[1], rig.drops(Drop.ipFragmentEcnMixed)], [InputKind.dropped, 2]);
      }
      assertEquals(rig.reassembly.packets, 0);
    }
  });

  Deno.test(`reassembly over ${name}: against a naive twin, under random fragments`, () => {
    // Goal: whole packets come out exactly when the twin has all bytes, with the same bytes.
    const random = new SeededRandom(SEED);
    for (let round = 0; round < 400; round++) {
      const rig = new Rig();
      const whole = message(random.integer(9, 200));
      let held = new Set<number>();
      let total = -1;
      for (let step = 0; step < 30; step++) {
        const position = 8 * random.integer(0, Math.floor((whole.length - 1) / 8));
        const isToEnd = random.integer(0, 3) === 0;
        const end = isToEnd
          ? whole.length
          : Math.min(position + 8 * random.integer(1, 4), (whole.length - 1) & ~7);
        // What begins at the beginning and goes to the end is no fragment.
        if (end <= position || (isToEnd && position === 0)) continue;
        const kind = rig.take(
          frame({ position, bytes: whole.slice(position, end), more: !isToEnd }),
        );
        const wanted = Array.from({ length: end - position }, (_, i) => position + i);
        const there = wanted.filter((at) => held.has(at)).length;
        const context = `seed ${SEED}, round ${round}, step ${step}`;
        if (there > 0) {
          assertEquals(kind, InputKind.dropped, context);
          if (there < wanted.length) [held, total] = [new Set(), -1];
          continue;
        }
        for (const at of wanted) held.add(at);
        if (isToEnd) total = end;
        if (held.size !== total) {
          assertEquals(kind, InputKind.fragment, context);
          continue;
        }
        assertEquals(kind, InputKind.icmpEcho, context);
        assertEquals(rig.payload, whole, context);
        [held, total] = [new Set(), -1];
      }
    }
  });

  Deno.test(`reassembly over ${name}: a whole packet behind a virtio-net header is not vouched for`, () => {
    // Goal: a wrong checksum is found although each fragment said that it was right.
    for (const damage of [0, 1]) {
      const rig = new Rig({}, true);
      const whole = message(100);
      whole[50] ^= damage;
      const kinds = cut(whole, 80).map((part) =>
        rig.take([...virtioBytes({ flags: 2 }), ...frame(part)])
      );
      assertEquals(kinds[1], damage === 0 ? InputKind.icmpEcho : InputKind.dropped);
      assertEquals(rig.drops(Drop.icmpInvalid), damage);
    }
  });
}

Deno.test("reassembly over IPv4: odd lengths are cut, empty fragments are none", () => {
  const rig = new Rig();
  const whole = icmpBytes(8, 0, [0, 1, 0, 2, ...numbers(40)]);
  rig.take(fragment4({ position: 0, bytes: [...whole.slice(0, 24), 9, 9, 9], more: true }));
  assertEquals(rig.take(fragment4({ position: 24, bytes: whole.slice(24), more: false })), 2);
  assertEquals(rig.payload, whole);
  assert(isDrop(rig.take(fragment4({ position: 24, bytes: [], more: true }))));
  assertEquals(rig.drops(Drop.ipFragmentInvalid), 1);
});

Deno.test("reassembly over IPv4: TCP flags cannot come in a fragment of their own", () => {
  // Goal: RFC 1858 section 4; a second fragment of another protocol may begin there.
  const rig = new Rig();
  const tiny = { position: 8, bytes: numbers(16), more: true };
  assert(isDrop(rig.take(fragment4({ ...tiny, protocol: 6 }))));
  assertEquals(rig.drops(Drop.ipFragmentTiny), 1);
  assertEquals(rig.take(fragment4({ ...tiny, protocol: 17 })), InputKind.fragment);
});

Deno.test("reassembly over IPv6: senders are told of fragments that no one can use", () => {
  // Goal: RFC 8200 section 4.5 and RFC 7112: code and pointer of the parameter problem.
  const told = (part: Part) => {
    const rig = new Rig();
    const kind = rig.take(fragment6(part));
    const { icmpType, icmpCode, icmpMtu } = rig.segment;
    return [kind, icmpType, icmpCode, icmpMtu, dropNames[rig.input.reason]];
  };
  const { refused } = InputKind;
  const odd = { position: 80, bytes: numbers(81), more: true };
  assertEquals(told(odd), [refused, 4, 0, 4, "ipFragmentInvalid"]);
  const long = { position: 65_528, bytes: numbers(16), more: false };
  assertEquals(told(long), [refused, 4, 0, 42, "ipFragmentOversized"]);
  const tiny = { position: 0, bytes: numbers(16), more: true, protocol: 6 };
  assertEquals(told(tiny), [refused, 4, 3, 0, "ipFragmentTiny"]);
  // A destination options header that goes on in the next fragment.
  const chain = { position: 0, bytes: [6, 4, 1, 4, 0, 0, 0, 0], more: true, protocol: 60 };
  assertEquals(told(chain), [refused, 4, 3, 0, "ipFragmentTiny"]);
  // An ICMPv6 error is nothing to tell of, nor an empty fragment.
  const error = { position: 0, bytes: [1, 0, 0, 0, 0, 0, 0, 0, 0], more: true };
  assertEquals(told(error)[0], InputKind.dropped);
  assertEquals(told({ position: 8, bytes: [], more: true })[0], InputKind.dropped);
});

Deno.test("reassembly over IPv6: fragments within fragments are nobody's", () => {
  const rig = new Rig();
  const inner = [58, 0, ...be16(1), ...be32(9), ...numbers(40)];
  const parts = cut(inner, 24).map((part) => ({ ...part, protocol: 44 }));
  assert(isDrop(rig.take(fragment6(parts[0]))));
  assertEquals([rig.drops(Drop.ipFragment), rig.reassembly.packets], [1, 0]);
  // The same when the inner one is not the first of its packet.
  const late = cut([58, 0, ...be16(8), ...be32(9), ...numbers(40)], 24);
  for (const part of late) rig.take(fragment6({ ...part, protocol: 44, id: 8 }));
  assertEquals([rig.drops(Drop.ipFragment), rig.counters.value(Counter.packetsReassembled)], [
    2,
    0,
  ]);
});

Deno.test("reassembly over IPv6: atomic fragments need no reassembly and disturb none", () => {
  // Goal: RFC 6946.
  const rig = new Rig();
  const whole = icmp6Bytes(128, 0, [0, 1, 0, 2, ...numbers(100)]);
  const [first, second] = cut(whole, 80);
  rig.take(fragment6(first));
  const atomic = icmp6Bytes(128, 0, [0, 1, 0, 2, 5]);
  assertEquals(rig.take(fragment6({ position: 0, bytes: atomic, more: false })), 2);
  assertEquals(rig.payload, atomic);
  assertEquals(rig.take(fragment6(second)), InputKind.icmpEcho);
  assertEquals(rig.payload, whole);
});

Deno.test("reassembly: what is not for this stack is not kept", () => {
  const rig = new Rig();
  const foreign = fragment6({ position: 0, bytes: numbers(64), more: true });
  foreign.splice(24, 16, ...new Array(16).fill(1));
  assertEquals([rig.take(foreign), rig.reassembly.packets], [InputKind.dropped, 0]);
  assertEquals(rig.counters.value(Counter.fragmentsIn), 0);
});

Deno.test("reassembly: options out of range are refused by name", () => {
  assertThrows(() => ipConfig({ reassemblyMemoryBytes: 65_535 }), RangeError, "65536");
  assertThrows(() => ipConfig({ reassemblyPackets: 0 }), RangeError, "reassemblyPackets");
});
