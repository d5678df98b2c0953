import type { Load, LoadKind, Sample } from "./loads.ts";
import type { Target } from "./targets.ts";

/** A number taken from a sample, and what it is to reach. */
export interface Metric {
  readonly name: string;
  readonly unit: string;
  readonly better: "higher" | "lower";
  value(sample: Sample): number;
  /** Goals for a target under a load. */
  goals(load: Load, target: Target): Goals;
}

/** Goals of issue 2 ("now") and of PERFORMANCE.md ("final"), as ratios to the kernel, or absolute. */
export interface Goals {
  readonly now?: number;
  readonly final?: number;
  readonly absolute?: number;
}

const GIGABYTE = 1e9;
const MANY_MESSAGES = 100_000;
const FRAMES_PER_SECOND_GOAL = 400_000;
const DATAGRAMS_PER_SECOND_GOAL = 100_000;

/** Goals for throughput and rates: issue 2, point 11, and the table of PERFORMANCE.md. */
const rateGoals: Record<LoadKind, Goals> = {
  "bulk-in": { now: 0.4, final: 1 },
  "bulk-out": { now: 0.6, final: 1 },
  "ping-pong": {},
  "echo-many": { final: 1.5 },
  "connect": { now: 0.5, final: 1.5 },
  "udp-in": { absolute: DATAGRAMS_PER_SECOND_GOAL },
  "udp-echo": { absolute: DATAGRAMS_PER_SECOND_GOAL },
};

function rate(unit: string, value: (sample: Sample) => number): Metric {
  const goals = (load: Load, target: Target) => target.offload ? rateGoals[load.kind] : {};
  return { name: "rate", unit, better: "higher", value, goals };
}

function serverCpu(unit: string, per: (sample: Sample) => number): Metric {
  return {
    name: "server CPU",
    unit,
    better: "lower",
    value: (sample) => sample.serverCpuSeconds / per(sample),
    goals: (load, target) => target.offload && load.kind !== "connect" ? { final: 1 } : {},
  };
}

/**
 * The kernel does much of a server's work in whoever sends to it, here the client, and woshou does it in
 * the server: only both together compare the work.
 */
function bothCpu(unit: string, per: (sample: Sample) => number): Metric {
  return {
    name: "both CPU",
    unit,
    better: "lower",
    value: (sample) => (sample.serverCpuSeconds + sample.clientCpuSeconds) / per(sample),
    goals: () => ({}),
  };
}

function latency(name: "p50" | "p99", value: (sample: Sample) => number): Metric {
  return {
    name,
    unit: "us",
    better: "lower",
    value,
    goals(load, target) {
      if (load.placements.includes("free") || !target.offload) return {};
      if (name === "p99") return { final: 0.5 };
      return { now: target.shape === "fused" ? 0.8 : 1, final: 0.5 };
    },
  };
}

function frames(value: (sample: Sample) => number): Metric {
  return {
    name: "frames",
    unit: "frames/s",
    better: "higher",
    value,
    goals: (load) => load.kind === "bulk-in" ? { absolute: FRAMES_PER_SECOND_GOAL } : {},
  };
}

const gigabytes = (sample: Sample) => sample.bytes / GIGABYTE;
const manyMessages = (sample: Sample) => sample.messages / MANY_MESSAGES;
const perSecond = (sample: Sample) => sample.messages / sample.seconds;

const throughput = rate("Gbit/s", (sample) => sample.bytes * 8 / sample.seconds / GIGABYTE);
const bulk = [throughput, serverCpu("s/GB", gigabytes), bothCpu("s/GB", gigabytes)];
const framesIn = frames((sample) => sample.framesIn / sample.seconds);
const framesOut = frames((sample) => sample.framesOut / sample.seconds);
const messageCpu = [serverCpu("s/100k", manyMessages), bothCpu("s/100k", manyMessages)];

/** What is shown of a load; placements are compared by the first. */
export function metricsOf(load: Load): readonly Metric[] {
  switch (load.kind) {
    case "bulk-in":
      return load.shows === "frames" ? [framesIn, throughput] : bulk;
    case "bulk-out":
      return load.shows === "frames" ? [framesOut, throughput] : bulk;
    case "ping-pong":
      return [
        latency("p50", (sample) => sample.p50Us),
        latency("p99", (sample) => sample.p99Us),
        ...messageCpu,
      ];
    case "echo-many":
      return [rate("messages/s", perSecond), ...messageCpu];
    case "connect":
      return [rate("connections/s", perSecond), ...messageCpu];
    case "udp-in":
    case "udp-echo":
      return [rate("datagrams/s", perSecond), ...messageCpu];
  }
}

/** Whether a load is run on a target. Without offload, only bulk loads say something new. */
export function runsOn(load: Load, target: Target): boolean {
  if (load.shows === "frames") return !target.offload;
  return target.offload || load.kind === "bulk-in" || load.kind === "bulk-out";
}
