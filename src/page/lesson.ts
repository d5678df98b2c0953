/**
 * A client and a server, two whole stacks in the browser, on a clock that is moved by hand: the same losses
 * give the same conversation to the microsecond, so that one can go back in it and change what is lost.
 */

import "./browser.ts";
import { parseCidr } from "../base/address.ts";
import { ManualClock } from "../base/clock.ts";
import { SeededRandom } from "../base/random.ts";
import { type Device, SendOutcome } from "../device/device.ts";
import { Stack } from "../net/stack.ts";
import { InlinePipeline } from "../pipeline/inline.ts";
import { TraceKind } from "../pipeline/trace_ring.ts";
import { SMALL_DIMENSIONS } from "../ring/layout.ts";
import { tcpConfig } from "../tcp/config.ts";
import { udpConfig } from "../udp/config.ts";
import { ipConfig } from "../ip/config.ts";
import { parseRoutes } from "../net/routes.ts";
import { stateNames } from "../tcp/state.ts";
import { Flag } from "../wire/segment.ts";
import { readTcpHeaderLength } from "../wire/tcp.ts";
import { type Arrow, Numbers, TOLD_STATES } from "./conversation.ts";
import { decodePacket, type Packet } from "./packet.ts";

/** Microseconds that a frame takes. */
export const DELAY_US = 20_000;
/** Bytes that the client asks with, and that it is answered with. */
export const REQUEST_BYTES = 120;
export const ANSWER_BYTES = 4000;

/** How long the server thinks before it closes, so that one sees the connection half closed. */
const THINK_US = 50_000;
const MTU = 1500;
const CLIENT = "192.0.2.1/24";
const SERVER = "192.0.2.2/24";
const PORT = 80;
/** The clock stops here: TIME-WAIT and many retransmissions are over by then. */
const HORIZON_US = 300e6;
const MOVES_MAX = 5000;
/** Turns that everything may take which takes no time. */
const TURNS = 200;
const DIMENSIONS = {
  ...SMALL_DIMENSIONS,
  connections: 16,
  sockets: 1,
  slots: 32,
  receiveBlocks: 64,
  sendBlocks: 32,
  traceRecords: 256,
};

/** A frame on the wire. */
interface Sent {
  readonly id: string;
  readonly fromLeft: boolean;
  readonly sentUs: number;
  readonly lost: boolean;
  readonly packet: Packet;
}

/** A change of state of one side. */
interface Change {
  readonly left: boolean;
  readonly timeUs: number;
  readonly state: string;
}

/** Plays the conversation in which the frames with these names (`Arrow.id`) are lost. */
export async function play(lost: ReadonlySet<string>): Promise<Arrow[]> {
  const clock = new ManualClock(1_000_000);
  const sent: Sent[] = [];
  const changes: Change[] = [];
  const left = new End(clock, lost, sent, true);
  const right = new End(clock, lost, sent, false);
  left.other = right;
  right.other = left;
  const client = makeStack(left, clock, CLIENT, 1, true, changes);
  const server = makeStack(right, clock, SERVER, 2, false, changes);
  // What goes wrong in it is what is to be seen.
  serveOne(server, clock).catch(() => {});
  converse(client).catch(() => {});
  await run(clock, HORIZON_US);
  void Promise.all([client.close(), server.close()]).catch(() => {});
  const frames = sent.length;
  await run(clock, clock.now() + 1e6);
  return arrange(sent.slice(0, frames), changes);
}

async function serveOne(server: Stack, clock: ManualClock): Promise<void> {
  using listener = server.listen({ port: PORT });
  const conn = await listener.accept();
  const buffer = new Uint8Array(4096);
  for (let got = 0; got < REQUEST_BYTES;) got += await conn.read(buffer) ?? REQUEST_BYTES;
  const answer = new Uint8Array(ANSWER_BYTES).fill(0x41);
  for (let done = 0; done < answer.length;) done += await conn.write(answer.subarray(done));
  while (await conn.read(buffer) !== null);
  await new Promise<void>((wake) => clock.wakeAt(clock.now() + THINK_US, wake));
  conn.close();
}

async function converse(client: Stack): Promise<void> {
  const conn = await client.connect({ hostname: SERVER.split("/")[0], port: PORT });
  await conn.write(new Uint8Array(REQUEST_BYTES).fill(0x3f));
  const buffer = new Uint8Array(4096);
  for (let got = 0; got < ANSWER_BYTES;) got += await conn.read(buffer) ?? ANSWER_BYTES;
  await conn.closeWrite();
  while (await conn.read(buffer) !== null);
  conn.close();
}

function makeStack(
  device: Device,
  clock: ManualClock,
  cidr: string,
  seed: number,
  left: boolean,
  changes: Change[],
): Stack {
  const prefix = parseCidr(cidr, "address");
  const random = new SeededRandom(seed);
  const pipeline = new InlinePipeline({
    device,
    dimensions: DIMENSIONS,
    settings: {
      addresses: [prefix.address],
      broadcasts: [],
      config: tcpConfig(),
      ip: ipConfig(),
      udp: udpConfig(),
      traced: true,
    },
    clock,
    random,
  });
  return new Stack({
    pipelines: [pipeline],
    prefixes: [prefix],
    routes: parseRoutes(undefined),
    clock,
    random,
    udp: udpConfig(),
    trace: ({ kind, timeUs, stateAfter }) => {
      if (kind === TraceKind.state) changes.push({ left, timeUs, state: stateNames[stateAfter] });
    },
  });
}

/** Lets the time pass, from one thing that is due to the next. */
async function run(clock: ManualClock, untilUs: number): Promise<void> {
  for (let moves = 0; moves < MOVES_MAX; moves++) {
    for (let i = 0; i < TURNS; i++) await null;
    const next = clock.nextWake();
    if (next > untilUs) return;
    clock.set(Math.max(next, clock.now()));
  }
}

/** One end of the wire. */
class End implements Device {
  readonly name: string;
  readonly mtu: number = MTU;
  readonly virtioHeader = false;
  onArrival: (() => void) | null = null;
  other: End | null = null;
  readonly #clock: ManualClock;
  readonly #lost: ReadonlySet<string>;
  readonly #sent: Sent[];
  readonly #left: boolean;
  readonly #arrived: Uint8Array[] = [];
  #count = 0;

  constructor(clock: ManualClock, lost: ReadonlySet<string>, sent: Sent[], left: boolean) {
    this.name = left ? "client" : "server";
    this.#clock = clock;
    this.#lost = lost;
    this.#sent = sent;
    this.#left = left;
  }

  send(memory: Uint8Array, pieces: Int32Array, count: number): SendOutcome {
    const parts: number[] = [];
    for (let i = 0; i < count; i++) {
      parts.push(...memory.subarray(pieces[2 * i], pieces[2 * i] + pieces[2 * i + 1]));
    }
    const frame = Uint8Array.from(parts);
    const id = `${this.#left ? "L" : "R"}${this.#count++}`;
    const isLost = this.#lost.has(id);
    const packet = packetOf(frame);
    if (packet !== null) {
      const sentUs = this.#clock.now();
      this.#sent.push({ id, fromLeft: this.#left, sentUs, lost: isLost, packet });
    }
    if (!isLost) {
      this.#clock.wakeAt(this.#clock.now() + DELAY_US, () => this.other?.arrive(frame));
    }
    return SendOutcome.sent;
  }

  arrive(frame: Uint8Array): void {
    this.#arrived.push(frame);
    this.onArrival?.();
  }

  receive(memory: Uint8Array, offset: number, limit: number): number {
    const frame = this.#arrived.shift();
    if (frame === undefined || frame.length > limit) return 0;
    memory.set(frame, offset);
    return frame.length;
  }

  nextArrival(): number {
    return this.#arrived.length > 0 ? 0 : Infinity;
  }

  close(): void {
    this.other = null;
  }
}

function packetOf(frame: Uint8Array): Packet | null {
  const view = new DataView(frame.buffer);
  const tcpAt = (frame[0] & 15) * 4;
  const end = tcpAt + readTcpHeaderLength(view, tcpAt);
  return decodePacket(frame.slice(0, end), frame.length - end);
}

/** Puts the changes of state where they belong: to the segment that has brought them, or that tells of them. */
function arrange(sent: readonly Sent[], changes: readonly Change[]): Arrow[] {
  const numbers = new Numbers();
  const arrows: Arrow[] = sent.map(({ id, fromLeft, sentUs, lost, packet }) => ({
    id,
    timeUs: sentUs,
    packet,
    fromLeft,
    ...numbers.take(packet, fromLeft),
    left: null,
    right: null,
    lost,
  }));
  const alone: Arrow[] = [];
  for (const { left, timeUs, state } of changes) {
    const brought = arrows.find((arrow) =>
      !arrow.lost && arrow.fromLeft !== left && arrow.timeUs + DELAY_US === timeUs &&
      brings(arrow, state)
    );
    const told = arrows.find((arrow) =>
      arrow.fromLeft === left && arrow.timeUs === timeUs && tells(arrow, state)
    );
    const owner = told ?? brought ?? aloneAt(timeUs, alone);
    if (left) owner.left = state;
    else owner.right = state;
  }
  return [...arrows, ...alone].sort((a, b) => a.timeUs - b.timeUs);
}

/** Whether a side that gets this segment may go into the state by it. */
function brings({ packet }: Arrow, state: string): boolean {
  const isFin = (packet!.flags & Flag.FIN) !== 0;
  return isFin === ["CLOSE-WAIT", "CLOSING", "TIME-WAIT"].includes(state);
}

/** Whether a side that sends this segment has gone into the state to send it. */
function tells({ packet }: Arrow, state: string): boolean {
  return TOLD_STATES.includes(state) && (packet!.flags & (Flag.SYN | Flag.FIN)) !== 0;
}

function aloneAt(timeUs: number, alone: Arrow[]): Arrow {
  const arrow: Arrow = {
    id: `T${alone.length}`,
    timeUs,
    packet: null,
    fromLeft: true,
    seq: null,
    ack: null,
    left: null,
    right: null,
    marks: [],
    lost: false,
    sack: [],
  };
  alone.push(arrow);
  return arrow;
}
