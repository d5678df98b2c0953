import { assert, assertEquals } from "@std/assert";
import { answer, ZONE } from "../../examples/dns.ts";
import { SeededRandom } from "../../src/base/random.ts";
import { be16 } from "../wire/frames.ts";

const SEED = 1035;

function nameBytes(name: string): number[] {
  const labels = name.split(".").map((label) => [...new TextEncoder().encode(label)]);
  return [...labels.flatMap((label) => [label.length, ...label]), 0];
}

/** A query as a resolver sends it. */
function query(name: string, type: number, flags = 0x0100, kind = 1): Uint8Array<ArrayBuffer> {
  const counts = [...be16(1), 0, 0, 0, 0, 0, 0];
  return Uint8Array.from([
    ...[0xab, 0xcd, ...be16(flags), ...counts],
    ...[...nameBytes(name), ...be16(type), ...be16(kind)],
  ]);
}

/** Identification, response code, and how many answers there are. */
function gist(reply: Uint8Array | null): number[] | null {
  if (reply === null) return null;
  const view = new DataView(reply.buffer);
  return [view.getUint16(0), view.getUint8(3) & 15, view.getUint16(6)];
}

Deno.test("dns example: what is known, what is not, and what is not asked so", () => {
  // Goal: RFC 1035 section 4.1; a name that exists without such a record is no error.
  const ask = (...args: Parameters<typeof query>) => gist(answer(query(...args), ZONE));
  assertEquals(ask("www.example.test", 1), [0xabcd, 0, 2]);
  assertEquals(ask("WWW.Example.TEST", 28), [0xabcd, 0, 1]);
  assertEquals(ask("six.example.test", 1), [0xabcd, 0, 0]);
  assertEquals(ask("nobody.test", 1), [0xabcd, 3, 0]);
  assertEquals(ask("constructor", 1), [0xabcd, 3, 0]);
  assertEquals(ask("example.test", 1, 0x0800), [0xabcd, 4, 0], "another opcode");
  assertEquals(ask("example.test", 1, 0x0100, 3), [0xabcd, 5, 0], "another class");
  assertEquals(ask("example.test", 1, 0x8000), null, "a response is never answered");
});

Deno.test("dns example: a record, byte for byte", () => {
  const asked = query("example.test", 16);
  const reply = answer(asked, ZONE)!;
  const text = [...new TextEncoder().encode("woshou answers")];
  assertEquals([...reply.subarray(2, 12)], [0x85, 0, ...be16(1), ...be16(1), 0, 0, 0, 0]);
  assertEquals([...reply.subarray(12)], [
    ...asked.subarray(12),
    ...[0xc0, 12, ...be16(16), ...be16(1), 0, 0, 0, 60, ...be16(15), 14, ...text],
  ]);
});

Deno.test("dns example: nothing that is sent makes it fail", () => {
  // Goal: truncated at each byte and changed at random; two servers never answer each other's errors.
  const whole = query("www.example.test", 1);
  for (let length = 0; length < whole.length; length++) {
    const reply = gist(answer(whole.slice(0, length), ZONE));
    assertEquals(reply, length < 12 ? null : [0xabcd, 1, 0], `${length}`);
  }
  const random = new SeededRandom(SEED);
  for (let round = 0; round < 5000; round++) {
    const bytes = whole.slice();
    for (let i = random.integer(1, 4); i > 0; i--) {
      bytes[random.integer(0, bytes.length - 1)] = random.uint32();
    }
    const reply = answer(bytes, ZONE);
    assert(reply === null || (reply[2] & 0x80) !== 0, `seed ${SEED}, round ${round}`);
    if (reply !== null) assertEquals(answer(reply, ZONE), null);
  }
});
