/**
 * `stats()` as metrics. {@link stackMetrics} gives names, kinds, units and values, for any exporter; {@link observeStack}
 * hands them to OpenTelemetry when the application has it.
 *
 * Nothing of OpenTelemetry is imported: the application passes its meter provider, of which the little that is used here
 * is described by its shape (`@opentelemetry/api` 1.3 or later fits).
 */

import { VERSION } from "../base/version.ts";
import type { StackStats } from "../net/stack_types.ts";

/** How values of a metric follow each other. */
export type MetricKind = "counter" | "gauge";

/** One value of a metric. */
export interface MetricPoint {
  /** The value now; a counter's since the stack was opened. */
  readonly value: number;
  /** What tells this value from the metric's others. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** One metric. */
export interface Metric {
  /** Parts separated by dots, as OpenTelemetry has them: `woshou.segments.in`. */
  readonly name: string;
  /** A counter never goes down; a gauge tells the state now. */
  readonly kind: MetricKind;
  /** The unit as UCUM writes it: `By`, `{segment}`. */
  readonly unit: string;
  /** What it counts, in words. */
  readonly description: string;
  /** Its values; one, except for drops. */
  readonly points: readonly MetricPoint[];
}

/** What is observed: a stack, or anything else with its `stats`. */
export interface StatsSource {
  /** Totals since the stack was opened. */
  stats(): StackStats;
}

/** The metrics of what `stats()` gives, always in the same order. */
export function stackMetrics({ counters, drops, memory }: StackStats): Metric[] {
  // The memory of received bytes is told once, beside that of sent ones.
  const metrics = Object.entries(counters).filter(([name]) => name !== "receiveMemoryNow")
    .map(([name, value]) => counterMetric(name, value));
  const buffered: readonly (readonly [string, number, string])[] = [
    ["send", memory.sendBytes, "written by the application and not acknowledged by the peer"],
    ["receive", memory.receiveBytes, "received and not read by the application"],
  ];
  for (const [side, value, what] of buffered) {
    metrics.push({
      name: `woshou.memory.${side}`,
      kind: "gauge",
      unit: "By",
      description: `Memory that holds bytes ${what}`,
      points: [{ value, attributes: {} }],
    });
  }
  metrics.push({
    name: "woshou.drops",
    kind: "counter",
    unit: "{drop}",
    description: "Frames, segments or parts of them that were not used, by reason",
    points: Object.entries(drops).map(([reason, value]) => ({ value, attributes: { reason } })),
  });
  return metrics;
}

/** `segmentsIn` becomes `woshou.segments.in`; what ends in `Now` tells the state now. */
function counterMetric(name: string, value: number): Metric {
  const isNow = name.endsWith("Now");
  const words = (isNow ? name.slice(0, -"Now".length) : name)
    .replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).split(" ");
  return {
    name: ["woshou", ...words].join("."),
    kind: isNow ? "gauge" : "counter",
    unit: unitOf(words),
    description: words.join(" ").replace(/^./, (letter) => letter.toUpperCase()) +
      (isNow ? ", now" : ", in all"),
    points: [{ value, attributes: {} }],
  };
}

const UNITS: Readonly<Record<string, string>> = {
  bytes: "By",
  frames: "{frame}",
  segments: "{segment}",
  resets: "{segment}",
  acks: "{segment}",
  probes: "{segment}",
  opens: "{connection}",
  connections: "{connection}",
  wait: "{connection}",
};

function unitOf(words: readonly string[]): string {
  const known = words.find((word) => word in UNITS);
  return known === undefined ? "{event}" : UNITS[known];
}

/** What is used of an instrument: that it exists. */
export type MetricInstrument = object;

/** What is used of the result that a callback fills. */
export interface MetricResult {
  /** Sets the value of an instrument. */
  observe(
    instrument: MetricInstrument,
    value: number,
    attributes?: Record<string, string>,
  ): void;
}

/** What an instrument is made with. */
export interface MetricOptions {
  /** The unit. */
  unit?: string;
  /** What it tells. */
  description?: string;
}

/** What is used of a meter. */
export interface MetricMeter {
  /** Makes an instrument whose value never goes down. */
  createObservableCounter(name: string, options?: MetricOptions): MetricInstrument;
  /** Makes an instrument whose value is the state now. */
  createObservableGauge(name: string, options?: MetricOptions): MetricInstrument;
  /** Calls `callback` whenever the instruments are to be read. */
  addBatchObservableCallback(
    callback: (result: MetricResult) => void,
    instruments: MetricInstrument[],
  ): void;
  /** Takes that back. */
  removeBatchObservableCallback(
    callback: (result: MetricResult) => void,
    instruments: MetricInstrument[],
  ): void;
}

/** What is used of a meter provider, such as `metrics.getMeterProvider()` of `@opentelemetry/api` gives. */
export interface MetricMeterProvider {
  /** Gives the meter of a library. */
  getMeter(name: string, version?: string): MetricMeter;
}

/**
 * Has OpenTelemetry read a stack's metrics whenever it collects; the stack does nothing in between. `attributes` go with
 * every value, to tell stacks apart. Disposing of the result ends it.
 *
 * ```ts
 * import { metrics } from "npm:@opentelemetry/api";
 * using observing = observeStack(net, metrics.getMeterProvider());
 * ```
 */
export function observeStack(
  source: StatsSource,
  provider: MetricMeterProvider,
  attributes: Readonly<Record<string, string>> = {},
): Disposable {
  const meter = provider.getMeter("woshou", VERSION);
  const instruments = new Map<string, MetricInstrument>();
  for (const { name, kind, unit, description } of stackMetrics(source.stats())) {
    const options = { unit, description };
    instruments.set(
      name,
      kind === "counter"
        ? meter.createObservableCounter(name, options)
        : meter.createObservableGauge(name, options),
    );
  }
  const all = [...instruments.values()];
  const callback = (result: MetricResult) => {
    for (const { name, points } of stackMetrics(source.stats())) {
      const instrument = instruments.get(name);
      if (instrument === undefined) continue;
      for (const point of points) {
        result.observe(instrument, point.value, { ...attributes, ...point.attributes });
      }
    }
  };
  meter.addBatchObservableCallback(callback, all);
  return { [Symbol.dispose]: () => meter.removeBatchObservableCallback(callback, all) };
}
