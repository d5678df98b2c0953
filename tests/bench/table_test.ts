import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { type Load, loads, type Placement, type Sample } from "../../bench/system/loads.ts";
import { parseOptions, pick, UsageError } from "../../bench/system/options.ts";
import { median, numberText, type Series, summarize, tableText } from "../../bench/system/table.ts";
import { allTargets, type Target } from "../../bench/system/targets.ts";

const targets = allTargets({ serverCommand: [], mtu: 1500 });

function target(name: string): Target {
  return pick(targets, [name], "targets")[0];
}

function load(name: string): Load {
  return pick(loads, [name], "only")[0];
}

/** A sample of one second. */
function sample(values: Partial<Sample>): Sample {
  return {
    seconds: 1,
    bytes: 1,
    messages: 1,
    p50Us: 1,
    p99Us: 1,
    serverCpuSeconds: 1,
    clientCpuSeconds: 1,
    othersShare: 0,
    framesIn: 1,
    framesOut: 1,
    ...values,
  };
}

function series(
  loadName: string,
  placement: Placement,
  targetName: string,
  samples: Partial<Sample>[],
): Series {
  return {
    load: load(loadName),
    placement,
    target: target(targetName),
    samples: samples.map(sample),
    failures: [],
  };
}

Deno.test("the median is the middle, or the mean of the two in the middle", () => {
  // Goal: the figure that everything else is derived from, unsorted input included.
  assertEquals(median([9, 1, 5]), 5);
  assertEquals(median([4, 1, 3, 2]), 2.5);
  assertEquals(median([]), NaN);
});

Deno.test("ratios are between medians, each of the placement that is best for its target", () => {
  // Goal: woshou is held against the kernel at its best, not against the kernel badly placed.
  const [kernel, split] = summarize([
    series("bulk-in-1", "two cores", "kernel", [{ bytes: 6e9 }, { bytes: 8e9 }, { bytes: 9e9 }]),
    series("bulk-in-1", "free", "kernel", [{ bytes: 4e9 }]),
    series("bulk-in-1", "two cores", "split", [{ bytes: 1e9 }]),
    series("bulk-in-1", "free", "split", [{ bytes: 4e9 }]),
  ], "kernel");
  assertEquals([kernel.median, kernel.min, kernel.max, kernel.placement], [
    64,
    48,
    72,
    "two cores",
  ]);
  assertEquals([kernel.ratio, kernel.goalNow], [null, null]);
  assertEquals([split.ratio, split.placement], [0.5, "free"]);
  assertEquals(split.goalNow, { goal: ">= 0.4x", reached: true });
  assertEquals(split.goalFinal, { goal: ">= 1x", reached: false });
});

Deno.test("latency is better when it is lower", () => {
  // Goal: goals of latency are upper bounds, and differ between the shapes.
  const lines = summarize([
    series("echo-one-core", "one core", "kernel", [{ p50Us: 20 }]),
    series("echo-one-core", "one core", "split", [{ p50Us: 18 }]),
    series("echo-one-core", "one core", "fused", [{ p50Us: 18 }]),
  ], "kernel");
  assertEquals(lines[1].goalNow, { goal: "<= 1x", reached: true });
  assertEquals(lines[2].goalNow, { goal: "<= 0.8x", reached: false });
});

Deno.test("frames are held against an absolute goal", () => {
  // Goal: frames a second need no kernel to compare with.
  const [line] = summarize([
    series("frames-in-1", "two cores", "fused-no-offload", [{ framesIn: 800_000, seconds: 2 }]),
  ], "kernel");
  assertEquals(line.goalFinal, { goal: ">= 400000", reached: true });
});

Deno.test("a load that never succeeded is shown as such", () => {
  // Goal: a failure is not a missing line.
  const failed = { ...series("connections", "free", "split", []), failures: ["refused"] };
  const text = tableText(summarize([failed], "kernel"));
  assertStringIncludes(text, "no result");
  assertStringIncludes(text, "1 FAILED");
});

Deno.test("a line tells how many of its rounds were disturbed", () => {
  // Goal: figures of a busy machine are not taken for figures of the stack.
  const samples = [{ othersShare: 0.05 }, { othersShare: 0.5 }, { othersShare: 0.9 }];
  const [line] = summarize([series("connections", "free", "kernel", samples)], "kernel");
  assertEquals(line.disturbed, 2);
  assertStringIncludes(tableText([line]), "2 disturbed");
});

Deno.test("numbers keep three digits", () => {
  // Goal: the table is readable from microseconds to messages a second.
  assertEquals([0.12345, 12.345, 123.45, 50000, NaN].map(numberText), [
    "0.123",
    "12.3",
    "123",
    "50,000",
    "-",
  ]);
});

Deno.test("bad options are named with their value", () => {
  // Goal: a typo ends with one clear line.
  assertThrows(() => parseOptions(["--round", "3"]), UsageError, "--round");
  assertThrows(() => parseOptions(["--rounds", "0"]), UsageError, '"0"');
  assertThrows(() => parseOptions(["--seconds="]), UsageError, "--seconds");
  assertThrows(() => pick(loads, ["bulk"], "only"), UsageError, 'there is no "bulk"');
  assertEquals(parseOptions(["--smoke"]).rounds, 1);
});
