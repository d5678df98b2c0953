import { assert, assertEquals, assertMatch } from "@std/assert";
import { counterNames } from "../../src/base/counters.ts";
import {
  type MetricInstrument,
  type MetricMeterProvider,
  type MetricResult,
  observeStack,
  stackMetrics,
} from "../../src/trace/metrics.ts";
import { runWell } from "../support/process.ts";
import type { StackStats } from "../../mod.ts";

function statsOf(value: number, drops: Record<string, number>): StackStats {
  const counters = Object.fromEntries(counterNames.map((name, index) => [name, value + index]));
  const memory = { sendBytes: 11, receiveBytes: 22 };
  return { counters: counters as StackStats["counters"], drops, memory };
}

Deno.test("metrics: every counter is one, with a name, a unit and a kind", () => {
  const metrics = stackMetrics(statsOf(0, { tcpOutOfWindow: 3, rateLimited: 4 }));
  const names = metrics.map(({ name }) => name);
  assertEquals(new Set(names).size, names.length);
  // All counters but the one that is told as memory, two of memory, and the drops.
  assertEquals(metrics.length, counterNames.length - 1 + 3);
  for (const { name, unit, description } of metrics) {
    assertMatch(name, /^woshou(?:\.[a-z]+)+$/);
    assertMatch(unit, /^(?:By|\{[a-z]+\})$/);
    assert(description.length > 5);
  }
  const find = (name: string) => metrics.find((metric) => metric.name === name)!;
  assertEquals([find("woshou.segments.in").kind, find("woshou.segments.in").unit], [
    "counter",
    "{segment}",
  ]);
  assertEquals(find("woshou.connections").kind, "gauge");
  assertEquals(find("woshou.bytes.out").unit, "By");
  assertEquals(find("woshou.memory.receive").points[0].value, 22);
  assertEquals(find("woshou.drops").points, [
    { value: 3, attributes: { reason: "tcpOutOfWindow" } },
    { value: 4, attributes: { reason: "rateLimited" } },
  ]);
});

Deno.test("metrics: a meter reads the stack when it collects, and never after disposal", () => {
  // Goal: between two collections nothing is asked of the stack.
  let asked = 0;
  const source = {
    stats: () => {
      asked++;
      return statsOf(asked, {});
    },
  };
  const callbacks = new Set<(result: MetricResult) => void>();
  const provider: MetricMeterProvider = {
    getMeter: () => ({
      createObservableCounter: (name) => ({ name }),
      createObservableGauge: (name) => ({ name }),
      addBatchObservableCallback: (callback) => void callbacks.add(callback),
      removeBatchObservableCallback: (callback) => void callbacks.delete(callback),
    }),
  };
  const observing = observeStack(source, provider, { stack: "a" });
  assertEquals(asked, 1);
  const seen: [MetricInstrument, number, unknown][] = [];
  for (const callback of callbacks) {
    callback({ observe: (...observation) => void seen.push(observation as typeof seen[0]) });
  }
  assertEquals(asked, 2);
  assertEquals(seen[0], [{ name: "woshou.frames.in" }, 2, { stack: "a" }]);
  observing[Symbol.dispose]();
  assertEquals(callbacks.size, 0);
});

Deno.test("metrics: the real OpenTelemetry takes the provider's shape and collects", async () => {
  // Goal: the types fit the published package without a cast, which --check shows, and values arrive.
  const folder = new URL("../opentelemetry/", import.meta.url).pathname;
  const config = ["--config", `${folder}deno.json`, "--check", "--no-prompt"];
  const output = await runWell(Deno.execPath(), ["run", "-A", ...config, `${folder}check.ts`], {
    patienceMs: 60_000,
  });
  const { during, after } = JSON.parse(output);
  // It shows what it was told last, and nothing of what came later.
  assertEquals(after, during);
  const points = (name: string) =>
    during.find((metric: { name: string }) => metric.name === name).points;
  const attributes = { stack: "server" };
  assertEquals(points("woshou.bytes.in"), [{ value: 1000, attributes }]);
  assertEquals(points("woshou.connections"), [{ value: 1, attributes }]);
  assertEquals(points("woshou.drops"), [
    { value: 1, attributes: { ...attributes, reason: "tcpNoConnection" } },
  ]);
});
