/**
 * The stack under test on virtual time: the engine between the real input decoder and the real output,
 * with a device that keeps what is sent. Everything happens within the caller's call.
 */

import type { Store } from "../../src/base/memory.ts";
import type { Address } from "../../src/base/address.ts";
import { SeededRandom } from "../../src/base/random.ts";
import { InputKind, PacketInput } from "../../src/ip/input.ts";
import { Egress } from "../../src/pipeline/egress.ts";
import { ReceiveSlots } from "../../src/pipeline/slots.ts";
import { type Dimensions, Layout, SMALL_DIMENSIONS } from "../../src/ring/layout.ts";
import type { BlockMemory } from "../../src/ring/chain.ts";
import { BlockPool, DESCRIPTOR_WORDS, NIL, START } from "../../src/ring/pool.ts";
import type { ConnectionError } from "../../src/ring/row.ts";
import { StreamReader, StreamWriter } from "../../src/ring/stream.ts";
import type { TcpConfig } from "../../src/tcp/config.ts";
import type { Connection } from "../../src/tcp/connection.ts";
import { FixedIsn } from "../../src/tcp/isn.ts";
import type { Listener } from "../../src/tcp/listener.ts";
import { State } from "../../src/tcp/state.ts";
import type { TcpEvents } from "../../src/tcp/parts.ts";
import { ArrayCopier } from "../../src/ring/copier.ts";
import { Tcp } from "../../src/tcp/tcp.ts";
import { Segment } from "../../src/wire/segment.ts";
import { readFrame, type SentPacket } from "./frames.ts";
import { WireDevice } from "./wire_device.ts";

/** Enough for the largest buffers that scripts ask for. */
const DIMENSIONS: Dimensions = { ...SMALL_DIMENSIONS, receiveBlocks: 4096, sendBlocks: 1024 };

/** The time at which scripts begin: not zero, so that nothing mistakes it for "never". */
const START_US = 1_000_000;

/** Such that sequence numbers wrap early. */
const ISN = 0xffff_f000 | 0;

/** The memory of all machines of this process, which run one after the other. */
let memory: Store | undefined;

/** Memory as new: all words below the data are cleared. Data is written before it is read. */
function freshLayout(): Layout {
  const layout = new Layout(DIMENSIONS, memory);
  if (memory === undefined) memory = layout.shared;
  else layout.words.fill(0, 0, layout.headers >> 2);
  return layout;
}

/** The application's end of a connection. */
export class Stream {
  readonly conn: Connection;
  readonly #reader: StreamReader;
  readonly #writer: StreamWriter;

  constructor(conn: Connection, layout: Layout, sendMemory: BlockMemory) {
    this.conn = conn;
    const { memory, receivePool } = layout;
    this.#reader = new StreamReader(
      new ArrayCopier(memory.bytes),
      receivePool.table,
      layout.receiveStream(conn.id),
    );
    this.#writer = new StreamWriter(sendMemory, layout.sendStream(conn.id));
  }

  /** Bytes that can be read now. */
  get available(): number {
    return this.#reader.available;
  }

  /** Bytes that are written and not acknowledged. */
  get pending(): number {
    return this.#writer.pending;
  }

  read(most: number): number {
    return this.#reader.read(new Uint8Array(Math.min(most, this.available)));
  }

  /** Appends zeros; returns how many found memory. */
  write(count: number): number {
    this.#writer.reclaim();
    const done = this.#writer.appendArray(new Uint8Array(count), 0, count);
    this.#writer.publish();
    return done;
  }

  reclaim(): void {
    this.#writer.reclaim();
  }

  dispose(): void {
    this.#writer.dispose();
  }
}

/** Who is told of connections. */
export interface MachineEvents {
  /** A connection has begun; nothing of it has been sent. `listener` is -1 for an active open. */
  began(listener: number, conn: Connection): void;
  accepted(listener: number, stream: Stream): void;
  connected(request: number, stream: Stream): void;
  connectFailed(request: number, error: ConnectionError): void;
}

/** One stack and its wire. */
export class Machine {
  nowUs: number = START_US;
  /** Called when everything has happened that follows at once. */
  onSettled: (() => void) | null = null;
  readonly tcp: Tcp;
  /** What was sent and not yet looked at, oldest first. */
  readonly sent: SentPacket[] = [];
  readonly #layout: Layout;
  readonly #slots: ReceiveSlots;
  readonly #input: PacketInput;
  readonly #segment = new Segment();
  readonly #sendMemory: BlockMemory;
  readonly #deadlines: number[] = [];
  readonly #streams = new Map<Connection, Stream>();

  constructor(config: TcpConfig, mtu: number, localAddress: Address, events: MachineEvents) {
    const layout = freshLayout();
    this.#layout = layout;
    this.#slots = new ReceiveSlots(layout);
    const addresses = [localAddress];
    this.#input = new PacketInput({ virtioHeader: false, addresses });
    const pool = new BlockPool(layout.sendPool);
    const release = (descriptor: number) => pool.give(descriptor);
    const area = layout.memory;
    this.#sendMemory = { area, pool, copier: new ArrayCopier(area.bytes), release };
    const device = new WireDevice(mtu, (frame) => {
      const packet = readFrame(frame, this.elapsedUs);
      if (packet !== null) this.sent.push(packet);
    });
    // Scripts say what is sent segment by segment, so nothing is handed on as one super-segment.
    const sink = new Egress(device, layout, this.#slots, layout.tcpCounters, addresses, 0);
    this.tcp = new Tcp({
      config,
      layout,
      counters: layout.tcpCounters,
      memory: this.#slots,
      sink,
      events: this.#link(events),
      isn: new FixedIsn(ISN),
      random: new SeededRandom(1),
      nowUs: this.nowUs,
    });
  }

  /** Microseconds since the start of the script. */
  get elapsedUs(): number {
    return this.nowUs - START_US;
  }

  /** Gives the stack a frame, and lets everything happen that follows at once. */
  inject(frame: Uint8Array): void {
    const { slots } = this.#slots;
    const slot = slots.take();
    if (slot === NIL) throw new Error("The stack holds all frame slots");
    const start = slots.words[slots.table + slot * DESCRIPTOR_WORDS + START];
    this.#layout.memory.bytes.set(frame, start);
    const segment = this.#segment;
    const kind = this.#input.decode(this.#layout.memory, start, frame.length, segment);
    segment.slot = slot;
    if (kind === InputKind.tcp) this.tcp.input(segment, this.nowUs);
    if (kind === InputKind.icmpError) this.tcp.icmpError(segment, this.nowUs);
    this.#slots.recycle(segment);
    this.settle();
  }

  /** Lets the engine do what is left to do at this time. */
  settle(): void {
    this.tcp.flush(this.nowUs);
    for (const stream of this.#streams.values()) stream.reclaim();
    this.onSettled?.();
  }

  /** A call that waits wants to be asked again at `atUs`. */
  noteDeadline(atUs: number): void {
    if (atUs < Infinity) this.#deadlines.push(atUs);
  }

  /** When something will happen by itself; `Infinity` when nothing will. */
  get nextUs(): number {
    let next = this.tcp.nextExpiry();
    for (const atUs of this.#deadlines) if (atUs > this.nowUs && atUs < next) next = atUs;
    return next;
  }

  /** Goes on to the next thing that happens by itself, but not beyond `untilUs`. */
  step(untilUs: number): void {
    const next = Math.max(this.nowUs, this.nextUs);
    this.nowUs = Math.max(this.nowUs, Math.min(next, untilUs));
    this.tcp.expire(this.nowUs);
    this.settle();
  }

  #link(events: MachineEvents): TcpEvents {
    const adopt = (conn: Connection) => {
      const stream = new Stream(conn, this.#layout, this.#sendMemory);
      this.#streams.set(conn, stream);
      return stream;
    };
    return {
      accepted: (listener: Listener, conn) => events.accepted(listener.id, adopt(conn)),
      connected: (request, conn) => events.connected(request, adopt(conn)),
      connectFailed: (request, error) => events.connectFailed(request, error),
      news: () => {},
      ended: (conn) => {
        this.#streams.get(conn)?.dispose();
        this.#streams.delete(conn);
      },
      progressed: () => {},
      created: (listener, conn) => events.began(listener.id, conn),
      stateChanged: (conn, before) => {
        if (before === State.CLOSED) events.began(-1, conn);
      },
    };
  }
}
