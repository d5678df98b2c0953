/** Random networks and random applications on them, as plain data: what a seed stands for. */

import { SeededRandom } from "../../../src/base/random.ts";
import type { Impairment } from "../../../src/device/impairment.ts";
import { CONGESTION_NAMES, type TcpOptions } from "../../../src/tcp/config.ts";

/** A link between the nodes with these numbers: hosts first, then routers. */
export interface LinkPlan {
  readonly a: number;
  readonly b: number;
  readonly there: Impairment;
  readonly back: Impairment;
}

/** How one end of a connection behaves. */
export interface EndPlan {
  /** Bytes that it sends. */
  readonly bytes: number;
  /** Bytes that it reads and writes at a time. */
  readonly chunk: number;
  /** Microseconds that it lets pass between two reads, now and then. */
  readonly readPauseUs: number;
  /** The same between two writes. */
  readonly writePauseUs: number;
  /** Reads nothing before its own bytes are written (half-close at the other end). */
  readonly writesFirst: boolean;
  /** Writes nothing before the other side has ended its direction. */
  readonly readsFirst: boolean;
  /** Ends the connection at once after so many bytes read, -1 never: by RST, or by closing with text unread. */
  readonly abortAt: number;
  readonly abortBy: "abort" | "close" | "linger";
  readonly noDelay: boolean;
}

/** One connection. */
export interface ConnectionPlan {
  readonly from: number;
  readonly to: number;
  readonly startUs: number;
  readonly client: EndPlan;
  readonly server: EndPlan;
}

/** Everything that happens. */
export interface Scenario {
  readonly seed: number;
  readonly hosts: readonly { readonly tcp: TcpOptions; readonly mtu: number }[];
  readonly routers: number;
  readonly links: readonly LinkPlan[];
  readonly connections: readonly ConnectionPlan[];
}

const MTUS = [1500, 1500, 1400, 1280, 576];

/** The scenario of a seed. */
export function scenarioOf(seed: number): Scenario {
  const random = new SeededRandom(seed ^ 0x1ab);
  const hosts = Array.from({ length: random.integer(2, 4) }, () => ({
    tcp: tcpOf(random),
    mtu: pick(random, MTUS),
  }));
  const routers = random.integer(0, 3);
  const links = linksOf(random, hosts.length, routers);
  const count = chance(random, 0.2) ? random.integer(5, 30) : random.integer(1, 4);
  const bytesMax = count > 4 ? 20_000 : 200_000;
  const connections = Array.from(
    { length: count },
    () => connectionOf(random, hosts.length, bytesMax),
  );
  return { seed, hosts, routers, links, connections };
}

function tcpOf(random: SeededRandom): TcpOptions {
  const buffer = pick(random, [4380, 16_384, 65_536, 131_072]);
  const small = chance(random, 0.3);
  return {
    congestion: pick(random, CONGESTION_NAMES),
    sack: chance(random, 0.85),
    timestamps: chance(random, 0.8),
    windowScale: chance(random, 0.8),
    delayedAckMs: pick(random, [0, 40, 40, 200]),
    outOfOrderRanges: pick(random, [4, 64, 64]),
    maxConnections: 256,
    // A peer that has lost an RST must learn of it some day.
    keepaliveIdleMs: 20_000,
    keepaliveIntervalMs: 5_000,
    keepaliveProbes: 40,
    synRetries: 20,
    synAckRetries: 20,
    dataRetries: 40,
    rtoMaxMs: 20_000,
    maxTimeWait: pick(random, [0, 1, 100]),
    ...(chance(random, 0.25) ? { receiveMemoryBytes: 65_536 * random.integer(1, 4) } : {}),
    ...(chance(random, 0.25) ? { sendMemoryBytes: 65_536 * random.integer(1, 4) } : {}),
    mslMs: pick(random, [100, 30_000]),
    ...(small
      ? {
        receiveBufferInitialBytes: buffer,
        receiveBufferMaxBytes: buffer,
        sendBufferInitialBytes: buffer,
        sendBufferMaxBytes: buffer,
      }
      : {}),
  };
}

/** A tree of routers with hosts at it, sometimes with a second way; two hosts alone without routers. */
function linksOf(random: SeededRandom, hosts: number, routers: number): LinkPlan[] {
  const links: LinkPlan[] = [];
  const join = (a: number, b: number) =>
    links.push({ a, b, there: impairmentOf(random), back: impairmentOf(random) });
  if (routers === 0) {
    for (let a = 0; a < hosts; a++) for (let b = a + 1; b < hosts; b++) join(a, b);
    return links;
  }
  for (let r = 1; r < routers; r++) join(hosts + r, hosts + random.integer(0, r - 1));
  for (let h = 0; h < hosts; h++) join(h, hosts + random.integer(0, routers - 1));
  return links;
}

function impairmentOf(random: SeededRandom): Impairment {
  const impairment: { -readonly [Name in keyof Impairment]: Impairment[Name] } = {
    delayUs: Math.floor(10 ** (5 * random.fraction())),
  };
  if (chance(random, 0.5)) {
    impairment.rateBitsPerSecond = Math.floor(10 ** (5.5 + 3 * random.fraction()));
    impairment.queueFrames = random.integer(4, 200);
    impairment.queue = pick(random, ["drop-tail", "codel", "fq-codel"] as const);
    impairment.ecn = chance(random, 0.5);
  }
  if (chance(random, 0.4)) impairment.loss = 0.06 * random.fraction() ** 2;
  if (chance(random, 0.15)) {
    // A burst counts frames, not time: one that loses nine in a row loses a connection that idles along.
    impairment.burst = { enter: 0.01 * random.fraction(), leave: 0.6 + 0.4 * random.fraction() };
  }
  if (chance(random, 0.3)) impairment.jitterUs = random.integer(1, 20_000);
  if (chance(random, 0.3)) {
    impairment.reorder = 0.2 * random.fraction();
    impairment.reorderDelayUs = random.integer(1, 30_000);
  }
  if (chance(random, 0.2)) impairment.duplicate = 0.1 * random.fraction();
  if (chance(random, 0.2)) impairment.corrupt = 0.02 * random.fraction();
  return impairment;
}

function connectionOf(
  random: SeededRandom,
  hosts: number,
  bytesMax: number,
): ConnectionPlan {
  const from = random.integer(0, hosts - 1);
  const to = (from + random.integer(1, hosts - 1)) % hosts;
  const order = random.fraction();
  const client = endOf(random, bytesMax);
  const server = endOf(random, bytesMax);
  const startUs = random.integer(0, 500_000);
  // Two that both wait for the other before they write would wait for ever.
  if (order < 0.2) {
    return { from, to, startUs, client, server: { ...server, readsFirst: true } };
  }
  if (order < 0.3) {
    return { from, to, startUs, client: { ...client, readsFirst: true }, server };
  }
  if (order < 0.4) {
    return { from, to, startUs, client: { ...client, writesFirst: true }, server };
  }
  return { from, to, startUs, client, server };
}

function endOf(random: SeededRandom, bytesMax: number): EndPlan {
  const aborts = chance(random, 0.08);
  const chunk = Math.ceil(30_000 ** random.fraction());
  return {
    bytes: chance(random, 0.1) ? 0 : Math.floor(bytesMax ** random.fraction()),
    chunk,
    readPauseUs: chance(random, 0.2) ? random.integer(1, 300_000) : 0,
    writePauseUs: chance(random, 0.2) ? random.integer(1, 300_000) : 0,
    writesFirst: false,
    readsFirst: false,
    abortAt: aborts ? random.integer(0, 20_000) : -1,
    abortBy: pick(random, ["abort", "close", "linger"] as const),
    // Segments of a few bytes each are lost and sent again one by one, which only takes long.
    noDelay: chunk > 100 && chance(random, 0.3),
  };
}

function chance(random: SeededRandom, probability: number): boolean {
  return random.fraction() < probability;
}

function pick<T>(random: SeededRandom, values: readonly T[]): T {
  return values[random.integer(0, values.length - 1)];
}
