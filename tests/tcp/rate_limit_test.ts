// Limits to what is sent for others' sake.
import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/base/random.ts";
import { HiddenRateLimit, RateLimit } from "../../src/tcp/rate_limit.ts";

function allowed(limit: { allows(nowUs: number): boolean }, fromUs: number, count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) if (limit.allows(fromUs + Math.floor(i * 1e6 / count))) sum++;
  return sum;
}

Deno.test("rate limit: so many in each second, as many at once, and 0 for any number", () => {
  const limit = new RateLimit(100);
  assertEquals(allowed(limit, 0, 10_000), 199, "the first second has the burst too");
  assertEquals(allowed(limit, 1_000_000, 10_000), 100);
  assertEquals(allowed(limit, 60_000_000, 10_000), 199);
  assertEquals(allowed(new RateLimit(0), 0, 10_000), 10_000);
});

Deno.test("hidden rate limit: about so many, and in no two seconds known", () => {
  // Goal: CVE-2016-5696: who counts what is left over must not learn what others have used.
  const limit = new HiddenRateLimit(1000, new SeededRandom(5961));
  const seen = Array.from({ length: 200 }, (_, i) => allowed(limit, i * 1_000_000, 5000));
  assert(seen.every((count) => count >= 500 && count < 1500), `${seen}`);
  const mean = seen.reduce((sum, count) => sum + count) / seen.length;
  assert(mean > 900 && mean < 1100, `${mean}`);
  assert(new Set(seen).size > 150, "the limits repeat");
  assertEquals(allowed(new HiddenRateLimit(0, new SeededRandom(1)), 0, 5000), 5000);
});
