import { assertEquals, assertMatch } from "@std/assert";
import { pingAll, type Pinger } from "../../src/cli/ping.ts";
import { TestTerminal } from "./woshou.ts";

const OPTIONS = { address: "10.7.0.1", count: 3, intervalMs: 1, timeoutMs: 1000 };

Deno.test("ping: a line for each answer, and what they come to", async () => {
  let number = 0;
  const pinger: Pinger = {
    ping: () => {
      number++;
      if (number === 2) return Promise.reject(new Deno.errors.TimedOut("no answer in 1 s"));
      return Promise.resolve({ rttUs: 1000 * number, hopLimit: 64 });
    },
  };
  const terminal = new TestTerminal();
  assertEquals(await pingAll(pinger, OPTIONS, terminal), 0);
  assertEquals(terminal.lines, [
    "from 10.7.0.1: seq=1 ttl=64 time=1.000 ms",
    "no answer: seq=2 (no answer in 1 s)",
    "from 10.7.0.1: seq=3 ttl=64 time=3.000 ms",
    "3 sent, 2 received, 33 % lost",
    "rtt min/avg/max = 1.000/2.000/3.000 ms",
  ]);
});

Deno.test("ping: status 1 when nobody answers, and each request can be given up", async () => {
  const pinger: Pinger = {
    ping: (_address, options) =>
      new Promise((_, reject) => {
        options!.signal!.addEventListener("abort", () => reject(options!.signal!.reason));
      }),
  };
  const terminal = new TestTerminal();
  const status = await pingAll(pinger, { ...OPTIONS, count: 1, timeoutMs: 5 }, terminal);
  assertEquals([status, terminal.lines.length], [1, 2]);
  assertMatch(terminal.lines[1], /^1 sent, 0 received, 100 % lost$/);
});
