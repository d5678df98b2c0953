import { assertEquals } from "@std/assert";
import { type Address, inPrefix, isIpv4 } from "../../src/base/address.ts";
import { SeededRandom } from "../../src/base/random.ts";
import { ForwardFilter } from "../../src/tcp/forward_filter.ts";

const SEED = 0xf11;

/** Addresses that are close to each other, so that prefixes of every length tell them apart. */
function address(random: SeededRandom): Address {
  const low = random.integer(0, 3) << random.integer(0, 30);
  if (random.integer(0, 1) === 0) return { w0: 0, w1: 0, w2: 0xffff, w3: 0x0a00_0000 ^ low };
  const words = [0x2001_0db8, 0, 0, 1];
  words[random.integer(0, 3)] ^= low;
  return { w0: words[0], w1: words[1], w2: words[2], w3: words[3] };
}

Deno.test("the filter agrees with a naive one for prefixes of every length in both families", () => {
  const random = new SeededRandom(SEED);
  let passed = 0;
  for (let round = 0; round < 20_000; round++) {
    const filter = new ForwardFilter();
    const lists = [0, 1].map((excludes) =>
      Array.from({ length: random.integer(0, 2) }, () => {
        const base = address(random);
        const length = random.integer(0, isIpv4(base) ? 32 : 128);
        const held = isIpv4(base) ? 96 + length : length;
        filter.addPrefix([base.w0, base.w1, base.w2, base.w3], held, excludes === 1);
        return { address: base, length, held };
      })
    );
    const first = random.integer(1, 100);
    const hasPorts = random.integer(0, 1) === 1;
    if (hasPorts) filter.addPorts(first, first + 10);
    const to = address(random);
    const port = random.integer(1, 120);
    const [prefixes, except] = lists.map((list) => list.some((prefix) => inPrefix(to, prefix)));
    const wanted = (lists[0].length === 0 || prefixes) && !except &&
      (!hasPorts || (port >= first && port <= first + 10));
    if (wanted) passed++;
    assertEquals(filter.lets(to.w0, to.w1, to.w2, to.w3, port), wanted, `seed ${SEED}, ${round}`);
  }
  assertEquals(passed > 1000 && passed < 19_000, true);
});
