/**
 * Two stacks on one bad link, in virtual time: every byte, delay and loss follows from one seed.
 */

import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/base/random.ts";
import { VirtualTime } from "../../src/base/virtual_time.ts";
import { impair, type ImpairedDevice, type Impairment } from "../../src/device/impairment.ts";
import { memoryPair } from "../../src/device/memory_pair.ts";
import type { TcpConn } from "../../src/net/conn.ts";
import { open } from "../../src/net/open.ts";
import type { OpenOptions } from "../../src/net/options.ts";
import type { Stack } from "../../src/net/stack.ts";
import type { TcpOptions } from "../../src/tcp/config.ts";

/** What is simulated. */
export interface Simulation {
  readonly seed: number;
  /** Bytes that each side sends. */
  readonly bytes: number;
  /** What happens to the frames of each direction. */
  readonly link: Impairment;
  readonly tcp?: TcpOptions;
  /** The family of both stacks' addresses; IPv4 when absent. */
  readonly family?: "IPv4" | "IPv6";
  /** Called with the trace records of both stacks, to look at a seed that fails. */
  readonly trace?: OpenOptions["trace"];
}

/** What a run has cost. */
export interface SimulationResult {
  /** Virtual time until both sides had everything, microseconds. */
  readonly transferUs: number;
  /** Frames that entered the link in both directions until the end. */
  readonly frames: number;
  /** Moves of the clock. */
  readonly moves: number;
  readonly retransmissions: number;
}

/** The 5 % of the acceptance test, with everything else that a link may do. */
export const BAD_LINK: Impairment = {
  loss: 0.05,
  reorder: 0.05,
  reorderDelayUs: 3000,
  duplicate: 0.02,
  corrupt: 0.005,
  delayUs: 5000,
  jitterUs: 2000,
};

const PORT = 7000;
/** The addresses of client and server. */
const ADDRESSES = {
  IPv4: { client: "10.9.0.1", server: "10.9.0.2" },
  IPv6: { client: "fd09::1", server: "fd09::2" },
} as const;
/** Bytes that the application reads and writes at a time; odd, so that nothing is aligned. */
const CHUNK_BYTES = 30_011;
/** Longer than any transfer on the bad link takes, retransmission timeouts included. */
const PATIENCE_US = 3_600_000_000;
/** TIME-WAIT and everything else that may follow. */
const AFTERLIFE_US = 400_000_000;

/** A stream of random bytes that both ends can make from its seed. */
class Bytes {
  readonly #random: SeededRandom;
  #word = 0;
  #left = 0;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
  }

  fill(target: Uint8Array, length: number): void {
    for (let i = 0; i < length; i++) {
      if (this.#left === 0) {
        this.#word = this.#random.uint32();
        this.#left = 4;
      }
      target[i] = this.#word;
      this.#word >>>= 8;
      this.#left--;
    }
  }
}

/** Sends the stream of `seed`, ends it, and reads the other one to its end. */
async function exchange(conn: TcpConn, bytes: number, sendSeed: number, readSeed: number) {
  const send = async () => {
    const source = new Bytes(sendSeed);
    const chunk = new Uint8Array(CHUNK_BYTES);
    for (let sent = 0; sent < bytes;) {
      const length = Math.min(CHUNK_BYTES, bytes - sent);
      source.fill(chunk, length);
      for (let done = 0; done < length;) done += await conn.write(chunk.subarray(done, length));
      sent += length;
    }
    await conn.closeWrite();
  };
  const receive = async () => {
    const expected = new Bytes(readSeed);
    const chunk = new Uint8Array(CHUNK_BYTES);
    const wanted = new Uint8Array(CHUNK_BYTES);
    let received = 0;
    for (;;) {
      const count = await conn.read(chunk);
      if (count === null) break;
      expected.fill(wanted, count);
      for (let i = 0; i < count; i++) {
        if (chunk[i] !== wanted[i]) throw new Error(`wrong byte at ${received + i}`);
      }
      received += count;
    }
    assertEquals(received, bytes, "bytes received");
  };
  await Promise.all([send(), receive()]);
}

/** The two stacks of a simulation. */
interface Pair {
  readonly client: Stack;
  readonly server: Stack;
  readonly link: ImpairedDevice;
}

async function openPair(simulation: Simulation, time: VirtualTime): Promise<Pair> {
  const { seed, link, tcp } = simulation;
  const { clock } = time;
  const addresses = ADDRESSES[simulation.family ?? "IPv4"];
  const [near, far] = memoryPair();
  const sources = { clock, random: new SeededRandom(seed) };
  const impaired = impair(near, { send: link, receive: link }, sources);
  const client = await open({
    device: impaired,
    address: addresses.client,
    clock,
    random: new SeededRandom(seed + 1),
    tcp,
    ...(simulation.trace === undefined ? {} : { trace: simulation.trace }),
  });
  const server = await open({
    device: far,
    address: addresses.server,
    clock,
    random: new SeededRandom(seed + 2),
    ...(simulation.trace === undefined ? {} : { trace: simulation.trace }),
    tcp,
  });
  return { client, server, link: impaired };
}

/** Runs one simulation; throws with the seed in its message when anything is not as it must be. */
export async function simulate(simulation: Simulation): Promise<SimulationResult> {
  try {
    return await run(simulation);
  } catch (error) {
    throw new Error(`WOSHOU_SEED=${simulation.seed} repeats it: ${error}`, { cause: error });
  }
}

async function run(simulation: Simulation): Promise<SimulationResult> {
  const { seed, bytes } = simulation;
  const time = new VirtualTime();
  const { client, server, link } = await openPair(simulation, time);
  const startUs = time.clock.now();
  const hostname = ADDRESSES[simulation.family ?? "IPv4"].server;
  const listener = server.listen({ hostname, port: PORT });
  const serve = async () => {
    const conn = await listener.accept();
    await exchange(conn, bytes, seed ^ 0x5e55, seed ^ 0xc11e);
    conn.close();
  };
  const use = async () => {
    const conn = await client.connect({ hostname, port: PORT });
    await exchange(conn, bytes, seed ^ 0xc11e, seed ^ 0x5e55);
    conn.close();
  };
  await time.run(Promise.all([serve(), use()]), PATIENCE_US);
  const transferUs = time.clock.now() - startUs;
  listener.close();
  await time.exhaust(AFTERLIFE_US);
  const totals = [client.stats(), server.stats()];
  for (const stats of totals) checkNothingLeft(stats);
  const { send, receive } = link.stats();
  await time.run(Promise.all([client.close(), server.close()]), 1_000_000);
  return {
    transferUs,
    frames: send!.sent + receive!.sent,
    moves: time.moves,
    retransmissions: totals.reduce((sum, { counters }) => sum + counters.segmentsRetransmitted, 0),
  };
}

function checkNothingLeft(stats: ReturnType<Stack["stats"]>): void {
  assertEquals(stats.memory, { sendBytes: 0, receiveBytes: 0 }, "memory");
  assertEquals(stats.counters.connectionsNow, 0, "connections");
  assertEquals(stats.counters.connectionsReset, 0, "resets");
  assert(stats.drops.tcpNoMemory === undefined, "the receive pool was empty");
}
