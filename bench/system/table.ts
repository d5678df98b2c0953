import { isDisturbed, type Load, type Placement, type Sample } from "./loads.ts";
import { type Goals, type Metric, metricsOf } from "./metrics.ts";
import type { Target } from "./targets.ts";

/** The samples of one target under one load and placement, one for each round that succeeded. */
export interface Series {
  readonly load: Load;
  readonly placement: Placement;
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
  /** The placement that is shown: the best one for this target. */
  readonly placement: Placement;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly rounds: number;
  readonly failures: number;
  /** Rounds in which other work on the machine disturbed the measurement. */
  readonly disturbed: number;
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
    const targets = new Set(ofLoad.map((entry) => entry.target));
    const metrics = metricsOf(load);
    const best = [...targets].map((target) =>
      bestPlacement(ofLoad.filter((entry) => entry.target === target), metrics[0])
    );
    const kernel = best.find((entry) => entry.target.name === baseline);
    for (const metric of metrics) {
      for (const entry of best) lines.push(lineOf(metric, entry, kernel));
    }
  }
  return lines;
}

/** The series with the best median; one without samples loses. */
function bestPlacement(series: readonly Series[], metric: Metric): Series {
  const sign = metric.better === "higher" ? 1 : -1;
  const score = (entry: Series) =>
    entry.samples.length === 0 ? -Infinity : sign * median(entry.samples.map(metric.value));
  return series.reduce((best, entry) => score(entry) > score(best) ? entry : best);
}

function lineOf(metric: Metric, entry: Series, kernel: Series | undefined): Line {
  const values = entry.samples.map(metric.value);
  const middle = median(values);
  const compared = kernel !== undefined && kernel !== entry;
  const ratio = compared ? middle / median(kernel.samples.map(metric.value)) : null;
  const { now, final, absolute }: Goals = entry.target.shape === "kernel"
    ? {}
    : metric.goals(entry.load, entry.target);
  return {
    load: entry.load.title,
    metric: metric.name,
    unit: metric.unit,
    target: entry.target.title,
    placement: entry.placement,
    median: middle,
    min: Math.min(...values),
    max: Math.max(...values),
    rounds: values.length,
    failures: entry.failures.length,
    disturbed: entry.samples.filter(isDisturbed).length,
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

/** The table as text: a paragraph for each load, in it a block for each metric. */
export function tableText(lines: readonly Line[]): string {
  const text = [
    row("", "", "median", "(minimum .. maximum)", "ratio", "issue 2", "PERFORMANCE.md"),
  ];
  let load = "";
  let metric = "";
  for (const line of lines) {
    if (line.load !== load) text.push("", line.load);
    const title = line.metric === "rate" ? line.unit : `${line.metric}, ${line.unit}`;
    text.push(lineText(line, line.load === load && title === metric ? "" : title));
    load = line.load;
    metric = title;
  }
  return text.join("\n");
}

function lineText(line: Line, title: string): string {
  const disturbed = line.disturbed > 0 ? `  ${line.disturbed} disturbed` : "";
  const notes = disturbed + (line.failures > 0 ? `  ${line.failures} FAILED` : "");
  if (line.rounds === 0) return row(title, line.target, "no result", "", "", "", "") + notes;
  return row(
    title,
    line.target,
    numberText(line.median),
    `(${numberText(line.min)} .. ${numberText(line.max)}) ${line.placement}`,
    line.ratio === null ? "" : `${line.ratio.toFixed(2)}x`,
    verdictText(line.goalNow),
    verdictText(line.goalFinal),
  ) + notes;
}

function row(
  title: string,
  target: string,
  middle: string,
  range: string,
  ratio: string,
  now: string,
  final: string,
): string {
  const left = `  ${title.padEnd(20)}${target.padEnd(26)}${middle.padStart(9)}  ${
    range.padEnd(34)
  }`;
  return `${left}${ratio.padStart(6)}  ${now.padEnd(12)}  ${final}`.trimEnd();
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
