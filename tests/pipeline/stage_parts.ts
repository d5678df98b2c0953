// What the tests of the stages have in common: a device of one's own, and stages over a small layout.
import { ManualClock } from "../../src/base/clock.ts";
import { type CounterTotals, sumCounters } from "../../src/base/counters.ts";
import { SeededRandom } from "../../src/base/random.ts";
import { type Device, SendOutcome } from "../../src/device/device.ts";
import { Field } from "../../src/pipeline/messages.ts";
import type { StageSettings } from "../../src/pipeline/setup.ts";
import { TcpStage } from "../../src/pipeline/tcp_stage.ts";
import type { Bell } from "../../src/ring/bell.ts";
import { type Dimensions, Layout, SMALL_DIMENSIONS } from "../../src/ring/layout.ts";
import { RingConsumer, RingProducer } from "../../src/ring/ring.ts";
import { tcpConfig } from "../../src/tcp/config.ts";
import { NoControl } from "../../src/tcp/congestion/none.ts";
import { Connection } from "../../src/tcp/connection.ts";
import { RttEstimator } from "../../src/tcp/rtt.ts";
import { udpConfig } from "../../src/udp/config.ts";
import { OWN } from "../wire/frames.ts";

/** A device whose frames the test puts in, and which keeps what is sent. */
export class TestDevice implements Device {
  readonly name = "test0";
  readonly mtu = 1500;
  readonly virtioHeader: boolean;
  onArrival: (() => void) | null = null;
  /** Frames that wait, the oldest first. */
  readonly waiting: Uint8Array[] = [];
  /** Frames that were sent. */
  readonly sent: Uint8Array[] = [];
  /** What `send` answers. */
  outcome: SendOutcome = SendOutcome.sent;
  closed = false;

  constructor(virtioHeader = false) {
    this.virtioHeader = virtioHeader;
  }

  /** Puts a frame in, as if it came from the network. */
  arrive(frame: readonly number[] | Uint8Array): void {
    this.waiting.push(Uint8Array.from(frame));
    if (this.waiting.length === 1) this.onArrival?.();
  }

  receive(memory: Uint8Array, offset: number, limit: number): number {
    const frame = this.waiting.shift();
    if (frame === undefined) return 0;
    memory.set(frame.subarray(0, limit), offset);
    return Math.min(frame.length, limit + 1);
  }

  send(memory: Uint8Array, pieces: Int32Array, count: number): SendOutcome {
    if (this.outcome !== SendOutcome.sent) return this.outcome;
    const frame: number[] = [];
    for (let i = 0; i < count; i++) {
      frame.push(...memory.subarray(pieces[2 * i], pieces[2 * i] + pieces[2 * i + 1]));
    }
    this.sent.push(Uint8Array.from(frame));
    return SendOutcome.sent;
  }

  nextArrival(): number {
    return this.waiting.length > 0 ? 0 : Infinity;
  }

  close(): void {
    this.closed = true;
  }
}

/** A connection in row `id`, from 0.0.0.11:7 to 0.0.0.22:40000, of generation `id + 100`. */
export function connectionIn(layout: Layout, id: number): Connection {
  const tuple = {
    local0: 0,
    local1: 0,
    local2: 0xffff,
    local3: 11,
    remote0: 0,
    remote1: 0,
    remote2: 0xffff,
    remote3: 22,
    localPort: 7,
    remotePort: 40_000,
  };
  const rtt = new RttEstimator(1_000_000, 200_000, 120_000_000);
  return new Connection(id, id + 100, layout.rows, tuple, rtt, new NoControl());
}

/** Settings of a stack at 10.7.0.2. */
export const settings: StageSettings = {
  addresses: [OWN],
  broadcasts: [],
  config: tcpConfig(undefined),
  udp: udpConfig(),
  traced: false,
};

/** A TCP stage on a device of one's own, and the application's ends of its rings. */
export class StageRig {
  readonly device: TestDevice;
  readonly layout: Layout;
  readonly stage: TcpStage;
  readonly clock = new ManualClock(1_000_000);
  readonly #commands: RingProducer;
  readonly #events: RingConsumer;

  constructor(
    options: { virtioHeader?: boolean; dimensions?: Partial<Dimensions> } = {},
  ) {
    this.device = new TestDevice(options.virtioHeader);
    this.layout = new Layout({ ...SMALL_DIMENSIONS, traceRecords: 4, ...options.dimensions });
    this.stage = this.stageWith();
    this.#commands = new RingProducer(this.layout.commands);
    this.#events = new RingConsumer(this.layout.events);
  }

  /** A stage in place of the one that there is, which wakes the application as it is told. */
  stageWith(appBell?: Bell): TcpStage {
    return new TcpStage({
      layout: this.layout,
      device: this.device,
      settings,
      random: new SeededRandom(1),
      clock: this.clock,
      appBell,
    });
  }

  /** Gives a command: words by {@link Field} names. */
  command(op: number, fields: Partial<Record<keyof typeof Field, number>> = {}): void {
    const at = this.#commands.claim();
    const { words } = this.layout;
    words.fill(0, at, at + 16);
    words[at + Field.op] = op;
    for (const [name, value] of Object.entries(fields)) {
      words[at + Field[name as keyof typeof Field]] = value;
    }
    this.#commands.push();
    this.#commands.publish();
  }

  /** The events that wait, as their first five words. */
  events(): number[][] {
    const found: number[][] = [];
    for (let at = this.#events.next(); at >= 0; at = this.#events.next()) {
      found.push([...this.layout.words.subarray(at, at + 4), this.layout.words[at + Field.result]]);
    }
    this.#events.release();
    return found;
  }

  /** All counters and drops. */
  totals(): CounterTotals {
    const { readerCounters, parserCounters, tcpCounters } = this.layout;
    return sumCounters([readerCounters, parserCounters, tcpCounters]);
  }
}
