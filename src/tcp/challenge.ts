/**
 * Answers to segments that fit nowhere: challenge ACKs (RFC 5961) and RSTs. Each costs a segment that somebody
 * else may have asked for, so there are limits to them.
 */

import { Counter, type Counters } from "../base/counters.ts";
import { Drop } from "../base/drops.ts";
import type { Random } from "../base/random.ts";
import type { TcpConfig } from "./config.ts";
import type { Connection } from "./connection.ts";
import { HiddenRateLimit, RateLimit } from "./rate_limit.ts";

/** What may still be sent, by one connection and by all. */
export class AnswerLimits {
  readonly #config: TcpConfig;
  readonly #counters: Counters;
  readonly #resets: RateLimit;
  readonly #challenges: HiddenRateLimit;

  constructor(config: TcpConfig, counters: Counters, random: Random) {
    this.#config = config;
    this.#counters = counters;
    this.#resets = new RateLimit(config.resetsPerSecond);
    this.#challenges = new HiddenRateLimit(config.challengeAcksPerSecond, random);
  }

  /** RFC 5961 section 7: a limit for each connection by itself, and one for all that tells nothing. */
  allowsChallenge(conn: Connection, nowUs: number): boolean {
    if (!this.allowsAnswer(conn, nowUs)) return false;
    if (!this.#challenges.allows(nowUs)) {
      this.#counters.drop(Drop.tcpChallengeLimited);
      return false;
    }
    this.#counters.count(Counter.challengeAcks);
    return true;
  }

  /** Whether the connection may answer a segment that fits nowhere; counts if so. */
  allowsAnswer(conn: Connection, nowUs: number): boolean {
    if (nowUs - conn.lastChallengeAtUs < this.#config.challengeAckMs * 1000) {
      this.#counters.drop(Drop.rateLimited);
      return false;
    }
    conn.lastChallengeAtUs = nowUs;
    return true;
  }

  /** Whether an RST may answer a segment of no connection. */
  allowsReset(nowUs: number): boolean {
    if (this.#resets.allows(nowUs)) return true;
    this.#counters.drop(Drop.tcpResetLimited);
    return false;
  }
}
