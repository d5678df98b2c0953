// Keys of cookies.
import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/base/random.ts";
import { SipHash24 } from "../../src/base/siphash.ts";
import { Ends } from "../../src/tcp/request_table.ts";
import { hashesOf, startWithAddresses } from "../../src/tcp/secret.ts";

const ONE = "000102030405060708090a0b0c0d0e0f";
const TWO = "ffffffff000000007fffffff80000000";

function resultOf(hash: SipHash24, words: readonly number[]): readonly number[] {
  hash.start();
  for (const word of words) hash.word(word);
  hash.finish();
  return [hash.low, hash.high];
}

Deno.test("secret: text gives the key that it names, eight digits a word", () => {
  const [first, second, ...others] = hashesOf(`${ONE},${TWO}`, new SeededRandom(1));
  const words = [1, 2, 3];
  const one = new SipHash24(0x00010203, 0x04050607, 0x08090a0b, 0x0c0d0e0f);
  const two = new SipHash24(-1, 0, 0x7fffffff, 0x80000000 | 0);
  assertEquals(resultOf(first, words), resultOf(one, words));
  assertEquals(resultOf(second, words), resultOf(two, words));
  assertEquals(others.length, 0);
});

Deno.test("secret: none given, it is random", () => {
  const random = new SeededRandom(1);
  const [one] = hashesOf("", random);
  const [two] = hashesOf("", random);
  assert(resultOf(one, [1])[0] !== resultOf(two, [1])[0]);
});

Deno.test("secret: a message depends on the purpose and on both addresses, not on ports", () => {
  const [hash] = hashesOf(ONE, new SeededRandom(1));
  const result = (change: (ends: Ends) => void, purpose = 1) => {
    const ends = new Ends();
    change(ends);
    startWithAddresses(hash, ends, purpose);
    return hash.finish();
  };
  const plain = result(() => {});
  const others = [
    result(() => {}, 2),
    ...([
      "local0",
      "local1",
      "local2",
      "local3",
      "remote0",
      "remote1",
      "remote2",
      "remote3",
    ] as const)
      .map((name) => result((ends) => void (ends[name] = 1))),
  ];
  assertEquals(new Set([plain, ...others]).size, 10);
  assertEquals(result((ends) => void (ends.localPort = 5)), plain);
});
