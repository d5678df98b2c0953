import type { Load, Sample } from "./loads.ts";
import { applies, type Goals, type Metric, metricsOf } from "./metrics.ts";
import type { Target } from "./targets.ts";

/** The samples of one target under one load, one for each round that succeeded. */
export interface Series {
  readonly load: Load;
  readonly target: Target;
  readonly samples: readonly Sample[];
  readonly failures: readonly string[];
}

/** A line of the table: one metric of one target under one load. */
export interface Line {
  readonly load: string;
  readonly metric: string;
  readonly unit: string;
  readonly target: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly rounds: number;
  readonly failures: number;
  /** Ratio of the medians to the kernel's; null for the kernel itself. */
  readonly ratio: number | null;
  readonly goalNow: Verdict | null;
  readonly goalFinal: Verdict | null;
}

export interface Verdict {
  readonly goal: string;
  readonly reached: boolean;
}

/** The middle of the values, or the mean of the two in the middle. NaN when there are none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle];
  return (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Reduces samples to lines; `baseline` is the name of the target that the ratios are to. */
export function summarize(series: readonly Series[], baseline: string): Line[] {
  const lines: Line[] = [];
  for (const load of new Set(series.map((entry) => entry.load))) {
    const ofLoad = series.filter((entry) => entry.load === load);
    const kernel = ofLoad.find((entry) => entry.target.name === baseline);
    for (const metric of metricsOf(load.kind)) {
      for (const entry of ofLoad) {
        if (applies(metric, entry.target)) lines.push(lineOf(metric, entry, kernel));
      }
    }
  }
  return lines;
}

function lineOf(metric: Metric, entry: Series, kernel: Series | undefined): Line {
  const values = entry.samples.map(metric.value);
  const middle = median(values);
  const compared = kernel !== undefined && kernel !== entry && applies(metric, kernel.target);
  const ratio = compared ? middle / median(kernel.samples.map(metric.value)) : null;
  const { now, final, absolute }: Goals = entry.target.shape === "kernel"
    ? {}
    : metric.goals(entry.load, entry.target);
  return {
    load: entry.load.title,
    metric: metric.name,
    unit: metric.unit,
    target: entry.target.title,
    median: middle,
    min: Math.min(...values),
    max: Math.max(...values),
    rounds: values.length,
    failures: entry.failures.length,
    ratio,
    goalNow: ratio === null ? null : verdict(metric, ratio, now, "x"),
    goalFinal: absolute === undefined
      ? ratio === null ? null : verdict(metric, ratio, final, "x")
      : verdict(metric, middle, absolute, ""),
  };
}

function verdict(
  metric: Metric,
  value: number,
  goal: number | undefined,
  suffix: string,
): Verdict | null {
  if (goal === undefined) return null;
  const higher = metric.better === "higher";
  return {
    goal: `${higher ? ">=" : "<="} ${goal}${suffix}`,
    reached: higher ? value >= goal : value <= goal,
  };
}

/** The table as text: a paragraph for each load and metric, a line for each target. */
export function tableText(lines: readonly Line[]): string {
  const text: string[] = [];
  let heading = "";
  for (const line of lines) {
    const title = `${line.load}: ${line.metric === "rate" ? "" : `${line.metric}, `}${line.unit}`;
    if (title !== heading) {
      const columns = row(
        "",
        "median",
        "(minimum .. maximum)",
        "ratio",
        "issue 2",
        "PERFORMANCE.md",
      );
      text.push("", title, columns);
      heading = title;
    }
    text.push(lineText(line));
  }
  return text.join("\n");
}

function lineText(line: Line): string {
  const failed = line.failures > 0 ? `  ${line.failures} failed` : "";
  if (line.rounds === 0) return `  ${line.target.padEnd(26)}no result${failed}`;
  return row(
    line.target,
    numberText(line.median),
    `(${numberText(line.min)} .. ${numberText(line.max)})`,
    line.ratio === null ? "" : `${line.ratio.toFixed(2)}x`,
    verdictText(line.goalNow),
    verdictText(line.goalFinal),
  ) + failed;
}

function row(
  target: string,
  middle: string,
  range: string,
  ratio: string,
  now: string,
  final: string,
): string {
  const left = `  ${target.padEnd(26)}${middle.padStart(10)}  ${range.padEnd(26)}`;
  return `${left}${ratio.padStart(7)}   ${now.padEnd(14)}  ${final}`.trimEnd();
}

function verdictText(verdict: Verdict | null): string {
  return verdict === null ? "" : `${verdict.goal} ${verdict.reached ? "yes" : "NO"}`;
}

/** Three digits that count; whole numbers from 100 on. */
export function numberText(value: number): string {
  if (!Number.isFinite(value)) return "-";
  if (value >= 100) return Math.round(value).toLocaleString("en-US");
  return value.toPrecision(3);
}
