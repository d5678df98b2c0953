/** One transfer in one direction over a link of 100 Mbit/s and 25 ms each way, in virtual time. */

import { assertEquals } from "@std/assert";
import type { Clock } from "../../src/base/clock.ts";
import { SeededRandom } from "../../src/base/random.ts";
import { VirtualTime } from "../../src/base/virtual_time.ts";
import type { Device, SendOutcome } from "../../src/device/device.ts";
import { SendOutcome as Outcome } from "../../src/device/device.ts";
import { impair, type Impairment } from "../../src/device/impairment.ts";
import { memoryPair } from "../../src/device/memory_pair.ts";
import type { TcpConn } from "../../src/net/conn.ts";
import { open } from "../../src/net/open.ts";
import type { TcpOptions } from "../../src/tcp/config.ts";

/** A long fast path, and room for its bandwidth-delay product in the queue before it. */
export const PATH: Impairment = {
  rateBitsPerSecond: 100e6,
  delayUs: 25_000,
  queueFrames: 1000,
};

/** What is transferred, and over what. */
export interface Transfer {
  readonly seed: number;
  readonly bytes: number;
  /** What happens to the data on top of {@link PATH}. */
  readonly data?: Impairment;
  /** The same for the ACKs. */
  readonly acks?: Impairment;
  /**
   * Data frames that are lost, by their number from 0 on, retransmissions included, or by the time since the
   * first of them, microseconds.
   */
  readonly lose?: (frame: number, sinceUs: number) => boolean;
  readonly tcp?: TcpOptions;
  /** Looks at the sender every `everyUs` microseconds while it sends; `atUs` counts from the first byte. */
  readonly look?: (conn: TcpConn, atUs: number) => void;
  readonly everyUs?: number;
}

/** What it took. */
export interface TransferResult {
  /** From the first byte written to the last byte read, microseconds. */
  readonly transferUs: number;
  /** The longest time for which nothing arrived, microseconds. */
  readonly silenceUs: number;
  readonly retransmissions: number;
  readonly timeouts: number;
  readonly fastRetransmits: number;
}

/** Frames longer than any ACK carry data. */
const DATA_FRAME_BYTES = 200;
const CHUNK = 65_536;
const PATIENCE_US = 600_000_000;

/** A device that loses the data frames that a test names. */
class LosingDevice implements Device {
  readonly name = "losing";
  readonly mtu: number;
  readonly virtioHeader: boolean;
  onArrival: (() => void) | null = null;
  readonly #device: Device;
  readonly #lose: (frame: number, sinceUs: number) => boolean;
  readonly #clock: Clock;
  #frames = 0;
  #firstAtUs = 0;

  constructor(device: Device, lose: NonNullable<Transfer["lose"]>, clock: Clock) {
    this.#device = device;
    this.#clock = clock;
    this.#lose = lose;
    this.mtu = device.mtu;
    this.virtioHeader = device.virtioHeader;
    device.onArrival = () => this.onArrival?.();
  }

  receive(memory: Uint8Array, offset: number, limit: number): number {
    return this.#device.receive(memory, offset, limit);
  }

  send(memory: Uint8Array, pieces: Int32Array, count: number): SendOutcome {
    let length = 0;
    for (let i = 0; i < count; i++) length += pieces[2 * i + 1];
    if (length > DATA_FRAME_BYTES) {
      if (this.#frames === 0) this.#firstAtUs = this.#clock.now();
      if (this.#lose(this.#frames++, this.#clock.now() - this.#firstAtUs)) return Outcome.sent;
    }
    return this.#device.send(memory, pieces, count);
  }

  nextArrival(): number {
    return this.#device.nextArrival();
  }

  close(): void {
    this.#device.close();
  }
}

async function writeAll(conn: TcpConn, bytes: number): Promise<void> {
  const chunk = new Uint8Array(CHUNK);
  for (let sent = 0; sent < bytes;) {
    const length = Math.min(CHUNK, bytes - sent);
    for (let i = 0; i < length; i++) chunk[i] = (sent + i) % 251;
    for (let done = 0; done < length;) done += await conn.write(chunk.subarray(done, length));
    sent += length;
  }
}

/** Calls `look` every so often, until it says that it is over. */
function repeat(clock: Clock, everyUs: number, look: () => boolean): void {
  if (look()) clock.wakeAt(clock.now() + everyUs, () => repeat(clock, everyUs, look));
}

/** Runs one transfer; every byte is checked. */
export async function oneWay(transfer: Transfer): Promise<TransferResult> {
  const { seed, bytes, data, acks, lose, tcp, look, everyUs = 100_000 } = transfer;
  const time = new VirtualTime();
  const { clock } = time;
  const [near, far] = memoryPair();
  const link = impair(near, { send: { ...PATH, ...data }, receive: { ...PATH, ...acks } }, {
    clock,
    random: new SeededRandom(seed),
  });
  const client = await open({
    device: lose === undefined ? link : new LosingDevice(link, lose, clock),
    address: "10.9.0.1/24",
    clock,
    random: new SeededRandom(seed + 1),
    tcp,
  });
  const server = await open({
    device: far,
    address: "10.9.0.2/24",
    clock,
    random: new SeededRandom(seed + 2),
    tcp,
  });
  const listener = server.listen({ port: 7000 });
  let silenceUs = 0;
  let lastUs = 0;
  const receive = async () => {
    const conn = await listener.accept();
    const chunk = new Uint8Array(CHUNK);
    for (let received = 0; received < bytes;) {
      const count = await conn.read(chunk);
      if (count === null) throw new Error(`the end after ${received} bytes`);
      for (let i = 0; i < count; i++) {
        if (chunk[i] !== (received + i) % 251) throw new Error(`wrong byte at ${received + i}`);
      }
      received += count;
      if (lastUs > 0) silenceUs = Math.max(silenceUs, clock.now() - lastUs);
      lastUs = clock.now();
    }
    return conn;
  };
  let [startUs, isDone] = [0, false];
  const send = async () => {
    const conn = await client.connect({ hostname: "10.9.0.2", port: 7000 });
    startUs = clock.now();
    repeat(clock, everyUs, () => {
      if (!isDone) look?.(conn, clock.now() - startUs);
      return !isDone && look !== undefined;
    });
    await writeAll(conn, bytes);
    return conn;
  };
  const [accepted, conn] = await time.run(Promise.all([receive(), send()]), PATIENCE_US);
  isDone = true;
  const transferUs = lastUs - startUs;
  const { counters } = client.stats();
  conn.close();
  accepted.close();
  listener.close();
  await time.exhaust(PATIENCE_US);
  assertEquals(client.stats().memory, { sendBytes: 0, receiveBytes: 0 }, "memory");
  await time.run(Promise.all([client.close(), server.close()]), 1_000_000);
  return {
    transferUs,
    silenceUs,
    retransmissions: counters.segmentsRetransmitted,
    timeouts: counters.retransmissionTimeouts,
    fastRetransmits: counters.fastRetransmits,
  };
}
