/** Bulk flows through one bottleneck, and what became of each. */

import type { Impairment, ImpairmentStats } from "../../../src/device/impairment.ts";
import type { CongestionName, TcpOptions } from "../../../src/tcp/config.ts";
import { Lab, type LabHost } from "./lab.ts";

/** One bulk transfer from a host of its own to another. */
export interface FlowPlan {
  readonly control: CongestionName;
  /** When it begins, microseconds after the start. */
  readonly startUs?: number;
  /** Delay that only this flow has, each way, microseconds. */
  readonly extraDelayUs?: number;
  readonly tcp?: TcpOptions;
}

/** Flows that share a bottleneck. */
export interface Experiment {
  readonly seed: number;
  readonly flows: readonly FlowPlan[];
  /** The bottleneck, in the direction of the data. */
  readonly bottleneck: Impairment;
  /** The way of the ACKs; default: the bottleneck's rate and delay alone. */
  readonly back?: Impairment;
  /** What is measured: from this time after the start, microseconds; default 0. */
  readonly fromUs?: number;
  /** And until this one. */
  readonly untilUs: number;
}

/** What one flow has got. */
export interface FlowResult {
  /** Payload that arrived in the time that was measured, bits per second. */
  readonly goodput: number;
  /** Segments sent again in the whole run. */
  readonly retransmitted: number;
  readonly segments: number;
  readonly timeouts: number;
  /** Smoothed round trip at the end, microseconds. */
  readonly rttUs: number;
}

/** What an experiment gives. */
export interface ExperimentResult {
  readonly flows: readonly FlowResult[];
  readonly bottleneck: ImpairmentStats;
  readonly traceHash: string;
  readonly moves: number;
}

const PORT = 5001;
const CHUNK_BYTES = 65_536;
/** More than any window here: what is shared out between a stack's connections is not the subject. */
const AMPLE: TcpOptions = { receiveMemoryBytes: 1 << 26, sendMemoryBytes: 1 << 25 };
const ACCESS: Impairment = { delayUs: 10 };

interface Flow {
  readonly plan: FlowPlan;
  readonly client: LabHost;
  readonly server: LabHost;
  received: number;
  receivedBefore: number;
  rttUs: number;
}

/** Runs an experiment. */
export async function runFlows(experiment: Experiment): Promise<ExperimentResult> {
  const { seed, bottleneck, fromUs = 0, untilUs } = experiment;
  const lab = new Lab(seed);
  const { network, time } = lab;
  const [left, right] = [network.router("left"), network.router("right")];
  const { rateBitsPerSecond, delayUs } = bottleneck;
  const middle = network.link(
    left,
    right,
    bottleneck,
    experiment.back ?? { rateBitsPerSecond, delayUs },
  );
  const flows: Flow[] = [];
  for (const plan of experiment.flows) {
    const tcp = { congestion: plan.control, ...AMPLE, ...plan.tcp };
    const [client, server] = [await lab.host(tcp), await lab.host(tcp)];
    const access = { delayUs: ACCESS.delayUs! + (plan.extraDelayUs ?? 0) };
    network.link(client.node, left, access);
    network.link(right, server.node, ACCESS);
    flows.push({ plan, client, server, received: 0, receivedBefore: 0, rttUs: 0 });
  }
  const startUs = time.clock.now();
  const work = flows.map((flow) => transfer(lab, flow, startUs));
  await time.run(time.until(startUs + fromUs));
  for (const flow of flows) flow.receivedBefore = flow.received;
  await time.run(time.until(startUs + untilUs));
  const results = flows.map((flow) => resultOf(flow, untilUs - fromUs));
  const result = {
    flows: results,
    bottleneck: middle.there(),
    traceHash: lab.traceHash,
    moves: time.moves,
  };
  await lab.close();
  await time.run(Promise.all(work));
  return result;
}

function resultOf(flow: Flow, durationUs: number): FlowResult {
  const { counters } = flow.client.stack.stats();
  const [summary] = flow.client.stack.connections();
  return {
    goodput: ((flow.received - flow.receivedBefore) * 8e6) / durationUs,
    retransmitted: counters.segmentsRetransmitted,
    segments: counters.segmentsOut,
    timeouts: counters.retransmissionTimeouts,
    rttUs: summary?.rttUs ?? 0,
  };
}

/** Sends without end, until the stacks are closed under it. */
async function transfer(lab: Lab, flow: Flow, startUs: number): Promise<void> {
  const listener = flow.server.stack.listen({ port: PORT });
  await lab.time.until(startUs + (flow.plan.startUs ?? 0));
  const receive = async () => {
    const conn = await listener.accept();
    const chunk = new Uint8Array(CHUNK_BYTES);
    for (;;) {
      const count = await conn.read(chunk);
      if (count === null) return;
      flow.received += count;
    }
  };
  const send = async () => {
    const conn = await flow.client.stack.connect({ hostname: flow.server.address, port: PORT });
    const chunk = new Uint8Array(CHUNK_BYTES);
    for (;;) await conn.write(chunk);
  };
  await Promise.allSettled([receive(), send()]);
}

/** Jain's index of fairness: 1 when all have the same, 1/n when one has all. */
export function jainIndex(values: readonly number[]): number {
  const sum = values.reduce((total, value) => total + value, 0);
  const squares = values.reduce((total, value) => total + value * value, 0);
  return (sum * sum) / (values.length * squares);
}

/** A bottleneck whose queue holds so many bandwidth-delay products; `rttUs` is that of the path. */
export function bottleneckOf(
  rateBitsPerSecond: number,
  rttUs: number,
  bufferBdp: number,
  more: Impairment = {},
): Impairment {
  const bdp = (rateBitsPerSecond * rttUs) / 8e6;
  const queueBytes = Math.max(Math.round(bdp * bufferBdp), 2 * 1500);
  const queueFrames = Math.max(1000, Math.ceil(queueBytes / 500));
  return { rateBitsPerSecond, delayUs: rttUs / 2, queueBytes, queueFrames, ...more };
}
