import { assertEquals } from "@std/assert";
import { Drop } from "../../src/base/drops.ts";
import { SeededRandom } from "../../src/base/random.ts";
import { checksumFold } from "../../src/wire/checksum.ts";
import {
  findTransport,
  NO_FRAGMENT,
  pseudoHeaderSum6,
  readTrafficClass,
  TransportPlace,
  writeIpv6Header,
} from "../../src/wire/ipv6.ts";
import { addressBytes, be16, be32, ipv6Frame, naiveChecksum } from "./frames.ts";

const SEED = 0x1b6;

Deno.test("ipv6: a header is written as the hand-made one", () => {
  // Goal: all fields in their places, for random values, with nothing around them touched.
  const random = new SeededRandom(SEED);
  for (let round = 0; round < 1000; round++) {
    const word = () => random.uint32() | 0;
    const source = { w0: word(), w1: word(), w2: word(), w3: word() };
    const destination = { w0: word(), w1: word(), w2: word(), w3: word() };
    const trafficClass = random.integer(0, 255);
    const flowLabel = random.integer(0, 0xfffff);
    const payloadLength = random.integer(0, 65535);
    const protocol = random.integer(0, 255);
    const hopLimit = random.integer(0, 255);
    const bytes = new Uint8Array(44);
    const view = new DataView(bytes.buffer);
    const { w0, w1, w2, w3 } = destination;
    // deno-fmt-ignore
    writeIpv6Header(view, 3, trafficClass, flowLabel, payloadLength, protocol, hopLimit,
      source.w0, source.w1, source.w2, source.w3, w0, w1, w2, w3);
    const parts = { trafficClass, flowLabel, payloadLength, protocol, hopLimit };
    const expected = ipv6Frame({ ...parts, source, destination });
    assertEquals([...bytes], [0, 0, 0, ...expected, 0], `seed ${SEED}, round ${round}`);
    assertEquals(readTrafficClass(view, 3), trafficClass);
    const pseudo = [...addressBytes(source), ...addressBytes(destination)];
    const length = random.integer(0, 65535);
    assertEquals(
      checksumFold(pseudoHeaderSum6(view, 3, protocol, length)),
      naiveChecksum([...pseudo, ...be32(length), ...be16(protocol)]),
      `seed ${SEED}, round ${round}`,
    );
  }
});

Deno.test("ipv6: random chains of headers never lead out of the packet", () => {
  // Goal: whatever the bytes are, the walk ends within the packet or with a reason.
  const random = new SeededRandom(SEED);
  const place = new TransportPlace();
  const kinds = [0, 43, 44, 60, 60, 60, 6];
  const reasons = new Set<number>();
  let fragments = 0;
  for (let round = 0; round < 20_000; round++) {
    const length = random.integer(0, 120);
    const bytes = Uint8Array.from(
      { length: 40 + length + 50 },
      () => random.integer(0, 2) === 0 ? kinds[random.integer(0, 6)] : random.integer(0, 2),
    );
    bytes[6] = kinds[random.integer(0, 6)];
    findTransport(new DataView(bytes.buffer), 0, 40 + length, place);
    reasons.add(place.reason);
    if (place.fragment !== NO_FRAGMENT) fragments++;
    if (place.reason !== Drop.none) continue;
    const isWithin = place.offset >= 40 && place.offset <= 40 + length;
    assertEquals(isWithin, true, `seed ${SEED}, round ${round}: ${place.offset}`);
  }
  assertEquals(fragments > 0, true, "no fragment was met");
  for (const reason of [Drop.none, Drop.ipExtensionInvalid, Drop.ipSourceRouted]) {
    assertEquals(reasons.has(reason), true, `reason ${reason} was not reached`);
  }
});
