/** Looks for a smaller scenario that fails as well. */

import type { Impairment } from "../../../src/device/impairment.ts";
import type { EndPlan, Scenario } from "./scenario.ts";

const TRIES_MAX = 200;

/** The smallest scenario found that still fails, after at most two hundred runs. */
export async function shrink(
  scenario: Scenario,
  fails: (scenario: Scenario) => Promise<boolean>,
): Promise<Scenario> {
  let best = scenario;
  let tries = 0;
  for (let progress = true; progress;) {
    progress = false;
    for (const smaller of smallerOnes(best)) {
      if (++tries > TRIES_MAX) return best;
      if (!await fails(smaller)) continue;
      best = smaller;
      progress = true;
      break;
    }
  }
  return best;
}

function* smallerOnes(scenario: Scenario): Generator<Scenario> {
  const { connections, links, hosts } = scenario;
  if (connections.length > 1) {
    const half = connections.length >> 1;
    yield { ...scenario, connections: connections.slice(0, half) };
    yield { ...scenario, connections: connections.slice(half) };
    for (let i = 0; i < connections.length; i++) {
      yield { ...scenario, connections: connections.toSpliced(i, 1) };
    }
  }
  for (let i = 0; i < links.length; i++) {
    for (const side of ["there", "back"] as const) {
      for (const name of Object.keys(links[i][side]) as (keyof Impairment)[]) {
        const { [name]: _, ...rest } = links[i][side];
        yield { ...scenario, links: links.with(i, { ...links[i], [side]: rest }) };
      }
    }
  }
  for (let i = 0; i < hosts.length; i++) {
    for (const name of Object.keys(hosts[i].tcp) as (keyof typeof hosts[number]["tcp"])[]) {
      // Without keepalive a lost RST leaves the peer waiting; single buffer sizes contradict each other.
      if (/^keepalive|Retries$|Bytes$/.test(name)) continue;
      const { [name]: _, ...tcp } = hosts[i].tcp;
      yield { ...scenario, hosts: hosts.with(i, { ...hosts[i], tcp }) };
    }
  }
  for (let i = 0; i < connections.length; i++) {
    for (const side of ["client", "server"] as const) {
      for (const end of smallerEnds(connections[i][side])) {
        const plan = { ...connections[i], [side]: end };
        yield { ...scenario, connections: connections.with(i, plan) };
      }
    }
  }
}

function* smallerEnds(end: EndPlan): Generator<EndPlan> {
  if (end.bytes > 0) {
    yield { ...end, bytes: 0 };
    yield { ...end, bytes: end.bytes >> 1 };
  }
  if (end.readPauseUs > 0) yield { ...end, readPauseUs: 0 };
  if (end.writePauseUs > 0) yield { ...end, writePauseUs: 0 };
  if (end.abortAt >= 0) yield { ...end, abortAt: -1 };
}
