import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/base/random.ts";
import { IcmpLimit } from "../../src/ip/icmp_limit.ts";

function allowed(limit: IcmpLimit, tries: number, nowUs: number): number {
  let count = 0;
  for (let i = 0; i < tries; i++) if (limit.allows(nowUs)) count++;
  return count;
}

Deno.test("icmp limit: the mean is what was asked for", () => {
  const limit = new IcmpLimit(1000, 50, new SeededRandom(3));
  allowed(limit, 1000, 0);
  let sent = 0;
  for (let ms = 1; ms <= 10_000; ms++) sent += allowed(limit, 10, ms * 1000);
  assert(sent > 8500 && sent < 16_000, `${sent} in 10 seconds`);
});

Deno.test("icmp limit: nobody can tell from the answers how many others have had", () => {
  // Goal: with the same number of tries, different numbers are let through (CVE-2020-25705).
  const counts = new Set<number>();
  for (let seed = 1; seed <= 50; seed++) {
    counts.add(allowed(new IcmpLimit(1000, 50, new SeededRandom(seed)), 500, 0));
  }
  assert(counts.size > 10, `${counts.size} different numbers`);
  for (const count of counts) assert(count >= 25 && count < 150, `${count} at once`);
});

Deno.test("icmp limit: a burst is never more than the bucket, however long nothing came", () => {
  const limit = new IcmpLimit(1000, 5, new SeededRandom(1));
  assert(allowed(limit, 100, 1e12) < 40);
  assertEquals(limit.allows(1e12), false);
});
