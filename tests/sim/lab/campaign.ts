/** Runs a scenario and holds it to what a user may expect: every byte, an end, and nothing left. */

import { assert } from "@std/assert";
import type { NetworkNode } from "../../../src/device/network.ts";
import type { TcpConn } from "../../../src/net/conn.ts";
import type { Listener } from "../../../src/net/listener.ts";
import { Lab } from "./lab.ts";
import type { ConnectionPlan, EndPlan, Scenario } from "./scenario.ts";

/** What a scenario has cost. */
export interface CampaignResult {
  readonly traceHash: string;
  readonly frames: number;
  readonly moves: number;
}

const PORT_BASE = 2000;
/** Beyond the last retransmission of a connection that is given up. */
const PATIENCE_US = 20_000_000_000;
/** The least frame is worth this much work of all parts, over all hops. */
const FRAMES_PER_SEGMENT = 8;
/** Frames of a connection that moves nothing: both ways open and close, keepalives, back-offs. */
const FRAMES_PER_CONNECTION = 600;
const MOVES_PER_FRAME = 6;
const MOVES_PER_CONNECTION = 10_000;

/** The byte at a position of a stream; both ends know it. */
function byteAt(stream: number, position: number): number {
  return (Math.imul(position ^ (position >>> 8), 0x9e3779b1) >>> 24) ^ (stream & 255);
}

/** How far one end has come, for the other's check. */
interface Side {
  readonly plan: EndPlan;
  readonly stream: number;
  received: number;
  sawEnd: boolean;
  pauses: number;
  aborted: boolean;
  error: Error | null;
}

/** Runs one scenario; throws when anything is not as it must be. */
export async function runScenario(scenario: Scenario): Promise<CampaignResult> {
  const lab = new Lab(scenario.seed);
  const nodes: NetworkNode[] = [];
  for (const { tcp, mtu } of scenario.hosts) nodes.push((await lab.host(tcp, mtu)).node);
  for (let i = 0; i < scenario.routers; i++) nodes.push(lab.network.router());
  for (const { a, b, there, back } of scenario.links) {
    lab.network.link(nodes[a], nodes[b], there, back);
  }
  const startUs = lab.time.clock.now();
  const work = scenario.connections.map((plan, index) => runConnection(lab, plan, index, startUs));
  await lab.time.run(Promise.all(work), PATIENCE_US);
  await lab.expectNothingLeft();
  checkWork(scenario, lab);
  const { traceHash, frames } = lab;
  const { moves } = lab.time;
  await lab.close();
  return { traceHash, frames, moves };
}

/** No livelock: the work is in proportion to what was asked for. */
function checkWork(scenario: Scenario, lab: Lab): void {
  const hops = scenario.routers + 1;
  const mss = Math.min(...scenario.hosts.map(({ mtu }) => mtu)) - 60;
  let segments = 0;
  for (const { client, server } of scenario.connections) {
    for (const { bytes, chunk, noDelay, writePauseUs } of [client, server]) {
      const whole = !noDelay && writePauseUs === 0;
      segments += Math.ceil(bytes / (whole ? mss : Math.min(chunk, mss)));
      // A peer that reads little by little is told of each step; one that writes so may send it so.
      segments += Math.ceil(bytes / Math.max(chunk, 100));
    }
  }
  const count = scenario.connections.length;
  const most = hops * (FRAMES_PER_SEGMENT * segments + FRAMES_PER_CONNECTION * count);
  assert(lab.frames <= most, `${lab.frames} frames, ${most} were expected at the most`);
  const movesMost = MOVES_PER_FRAME * most + MOVES_PER_CONNECTION * count;
  assert(lab.time.moves <= movesMost, `${lab.time.moves} moves of the clock, not ${movesMost}`);
}

async function runConnection(
  lab: Lab,
  plan: ConnectionPlan,
  index: number,
  startUs: number,
): Promise<void> {
  const port = PORT_BASE + index;
  const [from, to] = [lab.hosts[plan.from], lab.hosts[plan.to]];
  const listener = to.stack.listen({ port });
  const client = sideOf(plan.client, 2 * index);
  const server = sideOf(plan.server, 2 * index + 1);
  await lab.time.until(startUs + plan.startUs);
  const use = async () => {
    const conn = await from.stack.connect({ hostname: to.address, port });
    await runEnd(lab, conn, client, server);
  };
  const serve = async () => {
    const conn = await acceptOne(listener);
    if (conn !== null) await runEnd(lab, conn, server, client);
  };
  const used = use().catch((error) => {
    client.error = error;
    // Nobody will come any more, or the accepted connection learns of it by itself.
    listener.close();
  });
  await Promise.all([used, serve()]);
  try {
    listener.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
  checkConnection(client, server, index);
}

async function acceptOne(listener: Listener): Promise<TcpConn | null> {
  try {
    return await listener.accept();
  } catch {
    return null;
  }
}

function sideOf(plan: EndPlan, stream: number): Side {
  return { plan, stream, received: 0, sawEnd: false, pauses: 0, aborted: false, error: null };
}

/** One end from its beginning to its `close`. */
async function runEnd(lab: Lab, conn: TcpConn, own: Side, other: Side): Promise<void> {
  const { plan } = own;
  conn.setKeepAlive(true);
  conn.setNoDelay(plan.noDelay);
  if (plan.abortBy === "linger") conn.setLinger(0);
  const steps = plan.writesFirst
    ? writeAll(lab, conn, own).then(() => readAll(lab, conn, own, other))
    : plan.readsFirst
    ? readAll(lab, conn, own, other).then(() => writeAll(lab, conn, own))
    : Promise.all([writeAll(lab, conn, own), readAll(lab, conn, own, other)]);
  try {
    await steps;
  } catch (error) {
    if (!own.aborted) own.error ??= error as Error;
  }
  if (!own.aborted) {
    conn.setLinger(null);
    conn.close();
  }
}

async function writeAll(lab: Lab, conn: TcpConn, own: Side): Promise<void> {
  const { bytes, chunk, writePauseUs } = own.plan;
  const buffer = new Uint8Array(chunk);
  for (let sent = 0; sent < bytes;) {
    const length = Math.min(chunk, bytes - sent);
    for (let i = 0; i < length; i++) buffer[i] = byteAt(own.stream, sent + i);
    sent += await conn.write(buffer.subarray(0, length));
    if (sent % 7 === 0) await pause(lab, own, writePauseUs);
  }
  await conn.closeWrite();
}

async function readAll(lab: Lab, conn: TcpConn, own: Side, other: Side): Promise<void> {
  const { chunk, readPauseUs, abortAt } = own.plan;
  const buffer = new Uint8Array(chunk);
  for (;;) {
    const { received } = own;
    if (abortAt >= 0 && received >= abortAt) {
      own.aborted = true;
      if (own.plan.abortBy === "abort") conn.abort();
      else conn.close();
      return;
    }
    const count = await conn.read(buffer);
    if (count === null) break;
    for (let i = 0; i < count; i++) {
      if (buffer[i] !== byteAt(other.stream, received + i)) {
        // Thrown past the connection's own errors, which an abort may excuse.
        throw new CorruptedError(`byte ${received + i} of stream ${other.stream} is wrong`);
      }
    }
    own.received += count;
    if (own.received % 5 === 0) await pause(lab, own, readPauseUs);
  }
  own.sawEnd = true;
}

/** Wrong data, which nothing excuses. */
class CorruptedError extends Error {}

/** Nobody waits for minutes for a peer that has closed: what it has not read by then is lost, as on Linux. */
const PAUSES_MAX = 100;

async function pause(lab: Lab, side: Side, us: number): Promise<void> {
  if (us > 0 && side.pauses++ < PAUSES_MAX) await lab.time.until(lab.time.clock.now() + us);
}

function checkConnection(client: Side, server: Side, index: number): void {
  const aborted = client.aborted || server.aborted;
  for (const [own, other] of [[client, server], [server, client]] as const) {
    const name = `connection ${index}, ${own === client ? "client" : "server"}`;
    if (own.error instanceof CorruptedError) throw new Error(`${name}: ${own.error.message}`);
    assert(own.received <= other.plan.bytes, `${name}: got more bytes than were sent`);
    // An end is the peer's word that this was all, which a reset never is. But who closes early says less,
    // and whose write has been told of the reset reads an end, as on Linux.
    const early = other.aborted && other.plan.abortBy === "close";
    if (own.sawEnd && own.error === null && !early) {
      assert(own.received === other.plan.bytes, `${name}: the end after ${own.received} bytes`);
    }
    if (aborted) continue;
    if (own.error !== null) throw new Error(`${name}: ${own.error}`, { cause: own.error });
    assert(own.sawEnd, `${name}: no end after ${own.received} bytes of ${other.plan.bytes}`);
  }
}
