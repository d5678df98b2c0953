// Random and mutated fragments of both families: every one is kept, used or dropped for a reason, and memory comes back.
import { assert, assertEquals } from "@std/assert";
import { Counter, Counters } from "../../src/base/counters.ts";
import { dropNames, type DropReason } from "../../src/base/drops.ts";
import { Memory } from "../../src/base/memory.ts";
import { SeededRandom } from "../../src/base/random.ts";
import { ipConfig } from "../../src/ip/config.ts";
import { InputKind, isDrop, PacketInput, WHOLE_PACKET_BYTES } from "../../src/ip/input.ts";
import { Reassembly } from "../../src/ip/reassembly.ts";
import { Segment } from "../../src/wire/segment.ts";
import { be16, be32, ipv4Frame, ipv6Frame, OWN, OWN6 } from "../wire/frames.ts";

const SEED = Number(Deno.env.get("WOSHOU_SEED") ?? 6946);
const FRAMES = 30_000;
const AT = 6;
const PAGES = 128;
const PAGES_AT = 66_000;
const PACKETS = 16;

/** Near the beginning, where others are, or near the end of what there can be. */
function positionOf(random: SeededRandom): number {
  const choice = random.integer(0, 19);
  if (choice < 5) return 0;
  if (choice === 5) return 8 * random.integer(8000, 8191);
  return choice === 6 ? 8 * random.integer(0, 8) : 16 * random.integer(0, 3);
}

/** A fragment that may be wrong in any way, of one of few packets, so that they meet. */
function fragmentOf(random: SeededRandom): number[] {
  const position = positionOf(random);
  const more = random.integer(0, 2) > 0 ? 1 : 0;
  // Most are of 16 bytes at multiples of 16, so that many fit together.
  const units = random.integer(0, 9) === 0 ? random.integer(0, 3) : 2;
  const length = more === 1 && random.integer(0, 9) > 0 ? 8 * units : random.integer(0, 100);
  const payload = Array.from({ length }, () => random.integer(0, 255));
  // What is UDP over IPv4 has no checksum that could be wrong.
  if (position === 0) payload.splice(0, 8, 0, 1, 0, 53, 0, 16, 0, 0);
  const identification = random.integer(1, 3 * PACKETS);
  const trafficClass = random.integer(0, 19) === 0 ? random.integer(0, 3) : 0;
  if (random.integer(0, 1) === 0) {
    const fragment = (position >>> 3) | (more << 13);
    const protocol = [1, 6, 17, 132][random.integer(0, 3)];
    return ipv4Frame({ fragment, identification, protocol, trafficClass, payload });
  }
  const protocol = [58, 6, 17, 132, 44, 60, 0, 43][random.integer(0, 7)];
  const extensions: [number, number[]][] = [
    [44, [0, ...be16(position | more), ...be32(identification)]],
  ];
  if (random.integer(0, 9) === 0) extensions.unshift([60, [0, 1, 4, 0, 0, 0, 0]]);
  return ipv6Frame({ protocol, trafficClass, payload, extensions });
}

Deno.test(`fuzz: ${FRAMES} random fragments are kept, used or dropped, and memory comes back`, () => {
  const random = new SeededRandom(SEED);
  const memory = new Memory(new SharedArrayBuffer(PAGES_AT + PAGES * 1024));
  const counters = new Counters();
  const config = ipConfig({ reassemblyPackets: PACKETS, reassemblyMemoryBytes: PAGES * 1024 });
  const reassembly = new Reassembly({
    ...{ config, pages: PAGES_AT, pageCount: PAGES, counters, random, quotes: null },
  });
  const input = new PacketInput({ virtioHeader: false, addresses: [OWN, OWN6], reassembly });
  const segment = new Segment();
  let nowUs = 0;
  let outside = 0;
  let used = 0;
  for (let round = 0; round < FRAMES; round++) {
    const frame = fragmentOf(random);
    if (random.integer(0, 7) === 0) {
      frame[random.integer(0, frame.length - 1)] ^= 1 << random.integer(0, 7);
    }
    memory.bytes.set(frame, AT);
    nowUs += random.integer(0, 100_000);
    const context = `WOSHOU_SEED=${SEED}, round ${round}`;
    const before = counters.value(Counter.fragmentsIn);
    const packets = counters.value(Counter.packetsReassembled);
    const kind = input.decode(memory, AT, frame.length, segment, nowUs);
    const isFragment = counters.value(Counter.fragmentsIn) > before;
    if (isDrop(kind) && !isFragment) outside++;
    else if (isDrop(kind) && counters.value(Counter.packetsReassembled) === packets) {
      counters.drop(input.reason);
    }
    if (kind !== InputKind.fragment && !isDrop(kind)) {
      used++;
      const { payloadOffset, payloadLength } = segment;
      assert(payloadOffset >= AT && payloadLength >= 0, context);
      assert(payloadOffset + payloadLength <= AT + WHOLE_PACKET_BYTES, context);
    }
    assert(reassembly.packets <= PACKETS && reassembly.heldBytes <= PAGES * 1024, context);
    assert(reassembly.packets > 0 || reassembly.heldBytes === 0, context);
  }
  reassembly.expire(memory, Infinity);
  assertEquals([reassembly.packets, reassembly.heldBytes], [0, 0]);
  const whole = counters.value(Counter.packetsReassembled);
  assert(whole > 20 && outside > 0 && used > 0, `${whole} whole, ${outside}, ${used}`);
  const reached = dropNames.filter((name, reason) =>
    name.startsWith("ipFragment") && counters.drops(reason as DropReason) > 0
  );
  // All of them but the one about fragments where none can be.
  const all = dropNames.filter((name) => name.startsWith("ipFragment"));
  assertEquals(all.filter((name) => !reached.includes(name)), ["ipFragment"]);
});
