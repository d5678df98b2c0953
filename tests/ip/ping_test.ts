import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/base/random.ts";
import { Pings } from "../../src/ip/ping.ts";
import { Segment } from "../../src/wire/segment.ts";

const LOCAL = [0, 0, 0xffff, 2];
const REMOTE = [0, 0, 0xffff, 1];

function reply(name: number, size: number, fields: Partial<Segment> = {}): Segment {
  return Object.assign(new Segment(), {
    ...{ src2: 0xffff, src3: 1, dst2: 0xffff, dst3: 2, seq: name, payloadLength: 8 + size },
    ...fields,
  });
}

Deno.test("pings: the right reply, once", () => {
  const pings = new Pings(2, new SeededRandom(1));
  const ping = pings.start(7, LOCAL, REMOTE, 56, 100)!;
  for (const wrong of [{ src3: 3 }, { dst3: 3 }, { src2: 0 }, { payloadLength: 63 }]) {
    assertEquals(pings.takeAnswered(reply(ping.name, 56, wrong)), null);
  }
  assertEquals(pings.takeAnswered(reply(ping.name ^ 1, 56)), null);
  assertEquals(pings.takeAnswered(reply(ping.name, 56))?.request, 7);
  assertEquals([pings.takeAnswered(reply(ping.name, 56)), pings.count], [null, 0]);
});

Deno.test("pings: errors are about both ends, and leave the ping to who ends it", () => {
  const pings = new Pings(1, new SeededRandom(1));
  const { name } = pings.start(7, LOCAL, REMOTE, 0, 0)!;
  const quoted = { src3: 2, dst3: 1 };
  assertEquals(pings.findQuoted(reply(name, 0, quoted))?.request, 7);
  assertEquals(pings.findQuoted(reply(name, 0)), null);
  assertEquals(pings.start(8, LOCAL, REMOTE, 0, 0), null, "no room");
  pings.cancel(7);
  pings.cancel(7);
  assertEquals([pings.count, pings.findQuoted(reply(name, 0, quoted))], [0, null]);
});
