import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/base/random.ts";
import { EPHEMERAL_FIRST, EPHEMERAL_LAST, ephemeralPort } from "../../src/tcp/ports.ts";

const COUNT = EPHEMERAL_LAST - EPHEMERAL_FIRST + 1;

Deno.test("Goal: ports come from 32768 to 60999 and from all over it", () => {
  assertEquals([EPHEMERAL_FIRST, EPHEMERAL_LAST], [32_768, 60_999]);
  const random = new SeededRandom(1);
  const tenths = new Set<number>();
  for (let i = 0; i < 1000; i++) {
    const port = ephemeralPort(random, () => true);
    assert(Number.isInteger(port) && port >= EPHEMERAL_FIRST && port <= EPHEMERAL_LAST);
    tenths.add(Math.floor((10 * (port - EPHEMERAL_FIRST)) / COUNT));
  }
  assertEquals(tenths.size, 10);
});

Deno.test("Goal: the search begins at a random port, goes around, and asks for each port once", () => {
  for (const start of [0, 1, COUNT - 1, COUNT, 0xffff_ffff]) {
    const asked: number[] = [];
    const none = ephemeralPort({ uint32: () => start }, (port) => {
      asked.push(port);
      return false;
    });
    assertEquals(none, 0, "none is free");
    assertEquals(asked[0], EPHEMERAL_FIRST + start % COUNT);
    assertEquals([asked.length, new Set(asked).size], [COUNT, COUNT]);
    assertEquals([Math.min(...asked), Math.max(...asked)], [EPHEMERAL_FIRST, EPHEMERAL_LAST]);
  }
});

Deno.test("Goal: the only free port is found wherever the search begins", () => {
  const random = new SeededRandom(2);
  for (const free of [EPHEMERAL_FIRST, 40_000, EPHEMERAL_LAST]) {
    for (let i = 0; i < 20; i++) assertEquals(ephemeralPort(random, (port) => port === free), free);
  }
});
