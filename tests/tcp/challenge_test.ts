// What may be sent in answer to segments that fit nowhere (RFC 5961 section 7).
import { assert, assertEquals } from "@std/assert";
import { Counter, Counters } from "../../src/base/counters.ts";
import { Drop } from "../../src/base/drops.ts";
import { SeededRandom } from "../../src/base/random.ts";
import { AnswerLimits } from "../../src/tcp/challenge.ts";
import { tcpConfig, type TcpOptions } from "../../src/tcp/config.ts";
import type { Connection } from "../../src/tcp/connection.ts";
import { Harness } from "../support/engine.ts";

function limits(options: TcpOptions = {}): { limits: AnswerLimits; counters: Counters } {
  const counters = new Counters();
  return { counters, limits: new AnswerLimits(tcpConfig(options), counters, new SeededRandom(1)) };
}

function connection(): Connection {
  const h = new Harness();
  h.connect();
  return h.conn;
}

Deno.test("challenge: one for each connection in half a second", () => {
  const { limits: answers, counters } = limits();
  const [one, two] = [connection(), connection()];
  assert(answers.allowsChallenge(one, 1_000_000));
  assert(answers.allowsChallenge(two, 1_000_000));
  assert(!answers.allowsChallenge(one, 1_499_999));
  assert(answers.allowsChallenge(one, 1_500_000));
  assertEquals([counters.value(Counter.challengeAcks), counters.drops(Drop.rateLimited)], [3, 1]);
});

Deno.test("challenge: the limit of all cannot be read off by whoever uses it up", () => {
  // Goal: CVE-2016-5696: an attacker sends 1000 challenges of its own in a second, and counts how many are
  // answered, to learn whether a guess at somebody else's connection has used one. Each second differs.
  const { limits: answers } = limits({ challengeAckMs: 0, challengeAcksPerSecond: 100 });
  const own = connection();
  const answered = Array.from({ length: 50 }, (_, second) => {
    let count = 0;
    for (let i = 0; i < 300; i++) {
      if (answers.allowsChallenge(own, second * 1e6 + i * 3000)) count++;
    }
    return count;
  });
  assert(answered.every((count) => count >= 50 && count < 150), `${answered}`);
  assert(new Set(answered).size > 20, `${answered}`);
});

Deno.test("reset: as many as the option allows, counted beyond", () => {
  const { limits: answers, counters } = limits({ resetsPerSecond: 2 });
  const allowed = [0, 1, 2, 3].map((at) => answers.allowsReset(1_000_000 + at));
  assertEquals(allowed, [true, true, false, false]);
  assertEquals(counters.drops(Drop.tcpResetLimited), 2);
  assert(answers.allowsReset(2_000_000));
});
