/** The runner survives any text: it is an answer for each script, never an end of the run. */

import { assert } from "@std/assert";
import type { SeededRandom } from "../../src/base/random.ts";
import { resultLine, runScript } from "../../tools/script/runner.ts";
import { forSeeds } from "../support/seeds.ts";

const SCRIPTS: readonly string[] = [
  "handshake/passive_open.pkt",
  "data/every_form.pkt",
  "data/poll.pkt",
  "calls/epoll_modes.pkt",
  "calls/messages.pkt",
  "calls/option_values.pkt",
  "calls/time_stamps.pkt",
  "calls/zero_copy.pkt",
  "icmp/established.pkt",
  "language/code.pkt",
  "language/commands.pkt",
  "language/named_fields.pkt",
  "language/ranges_and_any_time.pkt",
  "retransmission/backoff.pkt",
];

/** What is put into scripts besides their own parts. */
const PIECES: readonly string[] = [
  ..."0123456789<>[](){},.:;=+-*%`\"'#!|~\n ",
  "...",
  "}%",
  "#ifdef X\n",
  "-1",
  "999999999999",
  "0x",
  "ack",
  "<...>",
];

/** One to four cuts, copies and insertions at random places. */
function mutated(text: string, random: SeededRandom): string {
  const at = () => random.uint32() % (text.length + 1);
  for (let i = 1 + random.uint32() % 4; i > 0; i--) {
    const place = at();
    const length = random.uint32() % 30;
    switch (random.uint32() % 3) {
      case 0:
        text = text.slice(0, place) + text.slice(place + length);
        break;
      case 1: {
        const from = at();
        text = text.slice(0, place) + text.slice(from, from + length) + text.slice(place);
        break;
      }
      default:
        text = text.slice(0, place) + PIECES[random.uint32() % PIECES.length] + text.slice(place);
    }
  }
  return text;
}

Deno.test("runner: mutated scripts pass or fail, and the runner stays whole", () => {
  // Goal: whatever is written, there is one line for it, with a reason of its own.
  const originals = SCRIPTS.map((path) => Deno.readTextFileSync(new URL(path, import.meta.url)));
  forSeeds(3000, (random) => {
    const text = mutated(originals[random.uint32() % originals.length], random);
    const line = resultLine(runScript("x.pkt", text));
    const isAnswer = /^(?:PASS x\.pkt|FAIL x\.pkt:\d+: \S.*)$/.test(line);
    assert(isAnswer && !line.includes("the runner failed"), `${line}\n${text}`);
  });
});
