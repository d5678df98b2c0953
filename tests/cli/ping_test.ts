import { assertEquals, assertMatch } from "@std/assert";
import { pingAll, type Pinger } from "../../src/cli/ping.ts";
import { memoryPair, open } from "../../mod.ts";
import { TestTerminal } from "./woshou.ts";

const OPTIONS = { address: "10.7.0.1", count: 3, intervalMs: 1, timeoutMs: 1000 };

Deno.test("ping: a line for each answer, and what they come to", async () => {
  let number = 0;
  const pinger: Pinger = {
    ping: () => {
      number++;
      if (number === 2) return Promise.reject(new Deno.errors.TimedOut("no answer in 1 s"));
      return Promise.resolve({ address: "10.7.0.1", rtt: number, hopLimit: 64, size: 56 });
    },
  };
  const terminal = new TestTerminal();
  assertEquals(await pingAll(pinger, OPTIONS, terminal), 0);
  assertEquals(terminal.lines, [
    "56 bytes from 10.7.0.1: seq=1 ttl=64 time=1.000 ms",
    "no answer: seq=2 (no answer in 1 s)",
    "56 bytes from 10.7.0.1: seq=3 ttl=64 time=3.000 ms",
    "3 sent, 2 received, 33 % lost",
    "rtt min/avg/max = 1.000/2.000/3.000 ms",
  ]);
});

Deno.test("ping: a stack of this program answers another, and status 1 when nobody does", async () => {
  const [a, b] = memoryPair();
  await using near = await open({ device: a, address: "10.7.0.2/24" });
  const far = await open({ device: b, address: "10.7.0.1/24" });
  const terminal = new TestTerminal();
  assertEquals(await pingAll(near, { ...OPTIONS, count: 1 }, terminal), 0);
  assertMatch(terminal.lines[0], /^56 bytes from 10\.7\.0\.1: seq=1 ttl=64 time=\d+\.\d{3} ms$/);
  await far.close();
  const alone = new TestTerminal();
  assertEquals(await pingAll(near, { ...OPTIONS, count: 1, timeoutMs: 50 }, alone), 1);
  assertEquals(alone.lines.length, 2);
  assertMatch(alone.lines[1], /^1 sent, 0 received, 100 % lost$/);
});
