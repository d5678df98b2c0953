/**
 * Replays a captured connection: the stack plays one end of it on a clock that follows the capture, is given what the other
 * end sent when it came, and its application writes what the played end's did. What the stack then sends is held against
 * what the capture shows.
 *
 * ```text
 *   capture   peer's segment ──▶ stack ──▶ what it sends ──┐
 *   capture   own segment: the application writes as much  ├─▶ compared
 *             └────────────────────────────────────────────┘
 * ```
 *
 * Initial sequence numbers are those of the capture, and the peer's timestamp echoes are put into the stack's time, so that
 * acknowledgments and round-trip times fit. Where the peer acknowledges what this stack has not sent yet, because its window
 * is another one, the acknowledgment is cut to what it has sent: otherwise it would have to refuse all of the segment.
 */

import { isIpv4Words } from "../base/address.ts";
import { ManualClock } from "../base/clock.ts";
import { dropNames } from "../base/drops.ts";
import { Memory } from "../base/memory.ts";
import { seqAdd, seqDiff } from "../base/seq.ts";
import { SeededRandom } from "../base/random.ts";
import { type Device, SendOutcome } from "../device/device.ts";
import { ChecksumMode, finishTcpChecksum, writePacket } from "../ip/output.ts";
import type { TcpConn } from "../net/conn.ts";
import { open } from "../net/open.ts";
import type { Stack } from "../net/stack.ts";
import { TraceKind, type TraceRecord } from "../pipeline/trace_ring.ts";
import type { TcpOptions } from "../tcp/config.ts";
import { FixedIsn } from "../tcp/isn.ts";
import { checksumAdd } from "../wire/checksum.ts";
import { Flag, OptionBit, Segment, segmentLength } from "../wire/segment.ts";
import type { CapturedSegment, Conversation } from "./conversations.ts";
import { stateChangeText } from "./lines.ts";
import { compare, type Verdict } from "./replay_compare.ts";

/** Which end the stack plays. */
export type Side = "client" | "server";

/** How a connection is replayed. */
export interface ReplayOptions {
  /** Default `"server"`. */
  readonly play?: Side;
  /** TCP parameters of the stack; timestamps, SACK and window scale are the capture's unless they are given. */
  readonly tcp?: TcpOptions;
  /** Told how many of the segments have been replayed. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** What the stack knows of its connection at a step. */
export interface ReplayView {
  readonly state: string;
  readonly cwndBytes: number;
  readonly ssthreshBytes: number;
  readonly inFlightBytes: number;
  readonly rttUs: number;
}

/** One step of a replay. */
export interface ReplayStep {
  /** Microseconds since the first segment. */
  readonly timeUs: number;
  /** A segment of the peer, one of the stack, one that the capture has, a change of state, a drop, or a remark. */
  readonly kind: "in" | "stack" | "captured" | "state" | "drop" | "remark";
  /** The segment, with the addresses of the capture; null for changes of state. */
  readonly segment: Segment | null;
  /** What else there is to say. */
  readonly text: string;
  /** Behind segments of the peer: the connection then. */
  readonly view: ReplayView | null;
  /** Of segments of the stack and the capture: how they compare. */
  verdict: Verdict | null;
}

/** A connection that cannot be replayed. */
export class ReplayError extends Error {
  /** For messages. */
  override readonly name = "ReplayError";
}

/** Where the replay takes place; the addresses of captures may be anything, loopback too. */
const PLACES = {
  ipv4: { own: "10.255.0.2", peer: "10.255.0.1", length: 24 },
  ipv6: { own: "fd00:ff::2", peer: "fd00:ff::1", length: 64 },
} as const;

/** Time of the clock at the first segment; the stack has its past before it. */
const START_US = 1_000_000;
/** Microtasks in which the stack and the application do all that is due. */
const MICROTASKS = 24;
/** Wakes of the clock between two segments; more are those of a machine that runs wild. */
const WAKES_MAX = 100_000;
const HEADERS_MAX_BYTES = 128;
const PACKET_MAX_BYTES = 65_535;
const MTU_MIN_BYTES = 576;
const MTU6_MIN_BYTES = 1280;
/** Received bytes that the application takes at once. */
const READ_BYTES = 65_536;

/** Gives frames to the stack and takes what it sends, of which the trace tells. */
class ReplayDevice implements Device {
  readonly name = "replay";
  readonly virtioHeader = false;
  onArrival: (() => void) | null = null;
  readonly #frames: Uint8Array[] = [];

  constructor(readonly mtu: number) {}

  deliver(frame: Uint8Array): void {
    this.#frames.push(frame);
    this.onArrival?.();
  }

  receive(memory: Uint8Array, offset: number, limit: number): number {
    const frame = this.#frames.shift();
    if (frame === undefined) return 0;
    if (frame.length > limit) return limit + 1;
    memory.set(frame, offset);
    return frame.length;
  }

  send(): SendOutcome {
    return SendOutcome.sent;
  }

  nextArrival(): number {
    return this.#frames.length > 0 ? 0 : Infinity;
  }

  close(): void {}
}

/** Replays a connection. Throws a {@link ReplayError} when the capture does not hold its handshake. */
export async function replay(
  conversation: Conversation,
  options: ReplayOptions = {},
): Promise<ReplayStep[]> {
  const run = new Replay(conversation, options.play ?? "server");
  await run.start(options.tcp ?? {});
  const { segments } = conversation;
  for (const [index, segment] of segments.entries()) {
    await run.step(segment);
    options.onProgress?.(index + 1, segments.length);
  }
  await run.end();
  compare(run.steps);
  return run.steps;
}

class Replay {
  readonly steps: ReplayStep[] = [];
  readonly #conversation: Conversation;
  readonly #play: Side;
  readonly #clock = new ManualClock(START_US);
  readonly #first: CapturedSegment;
  readonly #ownSyn: CapturedSegment;
  readonly #memory = new Memory(new SharedArrayBuffer(HEADERS_MAX_BYTES + PACKET_MAX_BYTES));
  readonly #device: ReplayDevice;
  readonly #place: typeof PLACES.ipv4 | typeof PLACES.ipv6;
  /** Timestamps of the capture's own end, and what the stack's clock showed then. */
  readonly #timestamps = new Map<number, number>();
  #stackTimestamp = { value: 0, atUs: START_US, isKnown: false };
  #net: Stack | null = null;
  #conn: Promise<TcpConn> | null = null;
  /** The application's writes, one after the other. */
  #work: Promise<void> = Promise.resolve();
  /** The sequence number up to which the application has written. */
  #written = 0;
  /** The sequence number behind all that the stack has sent. */
  #sent = 0;
  #isRecording = true;

  constructor(conversation: Conversation, play: Side) {
    this.#conversation = conversation;
    this.#play = play;
    const { segments } = conversation;
    const isOwn = (one: CapturedSegment) => one.fromClient === (play === "client");
    const ownSyn = segments.find((one) => isOwn(one) && (one.segment.flags & Flag.SYN) !== 0);
    const peerSyn = segments.find((one) => !isOwn(one) && (one.segment.flags & Flag.SYN) !== 0);
    const name = `${conversation.client} > ${conversation.server}`;
    if (ownSyn === undefined || (peerSyn === undefined && play === "server")) {
      throw new ReplayError(`${name}: the capture does not hold the handshake of the ${play}`);
    }
    this.#first = segments[0];
    this.#ownSyn = ownSyn;
    const { segment } = ownSyn;
    const isIpv4 = isIpv4Words(segment.src0, segment.src1, segment.src2);
    this.#place = isIpv4 ? PLACES.ipv4 : PLACES.ipv6;
    const headers = isIpv4 ? 40 : 60;
    const least = isIpv4 ? MTU_MIN_BYTES : MTU6_MIN_BYTES;
    const mtu = (segment.options & OptionBit.mss) !== 0 ? segment.mss + headers : 1500;
    this.#device = new ReplayDevice(Math.min(Math.max(mtu, least), PACKET_MAX_BYTES));
    this.#written = seqAdd(segment.seq, 1);
    this.#sent = segment.seq;
  }

  async start(tcp: TcpOptions): Promise<void> {
    const { segment } = this.#ownSyn;
    const has = (bit: number) => (segment.options & bit) !== 0;
    const net = await open({
      device: this.#device,
      address: `${this.#place.own}/${this.#place.length}`,
      clock: this.#clock,
      random: new SeededRandom(1),
      isn: new FixedIsn(segment.seq),
      tcp: {
        timestamps: has(OptionBit.timestamps),
        sack: has(OptionBit.sackPermitted),
        windowScale: has(OptionBit.windowScale),
        ...tcp,
      },
      trace: (record) => this.#onTrace(record),
    });
    this.#net = net;
    if (this.#play === "server") {
      this.#use(net.listen({ hostname: this.#place.own, port: segment.srcPort }).accept());
    }
    await this.#pump();
  }

  /** Lets the clock come to a captured segment, and the stack or its application do what it means. */
  async step(captured: CapturedSegment): Promise<void> {
    const atUs = START_US + Math.max(0, captured.timeUs - this.#first.timeUs);
    await this.#runTo(Math.max(atUs, this.#clock.now()));
    if (captured.fromClient === (this.#play === "client")) {
      this.#act(captured);
      await this.#pump();
      this.#note("captured", captured.segment, "");
    } else {
      this.#device.deliver(this.#frameOf(captured));
      await this.#pump();
    }
  }

  async end(): Promise<void> {
    this.#isRecording = false;
    const closing = this.#net?.close();
    // Its patience with peers that do not answer is timed by the clock.
    for (let i = 0; i < 4; i++) await this.#runTo(this.#clock.now() + 1_000_000);
    await closing;
  }

  /** What the application must have done when the captured end sent this. */
  #act({ segment, payload }: CapturedSegment): void {
    const { flags } = segment;
    this.#noteTimestamp(segment);
    if ((flags & Flag.SYN) !== 0) {
      if (this.#play === "client" && this.#conn === null) this.#connect(segment);
      return;
    }
    if ((flags & Flag.RST) !== 0) return this.#then((conn) => conn.abort());
    const skipped = seqDiff(this.#written, segment.seq);
    const fresh = segment.payloadLength - Math.max(0, skipped);
    if (fresh > 0 && skipped >= 0) {
      const bytes = new Uint8Array(fresh);
      bytes.set(payload.subarray(skipped));
      this.#written = seqAdd(this.#written, fresh);
      this.#then(async (conn) => {
        for (let done = 0; done < fresh;) done += await conn.write(bytes.subarray(done));
      });
    }
    if ((flags & Flag.FIN) !== 0) this.#then((conn) => conn.closeWrite());
  }

  #connect(segment: Segment): void {
    const connecting = this.#net!.connect({
      hostname: this.#place.peer,
      port: segment.dstPort,
      localPort: segment.srcPort,
    });
    this.#use(connecting);
  }

  /** The application reads what comes, at once. */
  #use(connecting: Promise<TcpConn>): void {
    this.#conn = connecting;
    connecting.then(async (conn) => {
      const buffer = new Uint8Array(READ_BYTES);
      while (await conn.read(buffer) !== null);
    }).catch(() => {});
  }

  /** Has the application do something when it has done what came before. What fails shows in the steps. */
  #then(what: (conn: TcpConn) => void | Promise<void>): void {
    const conn = this.#conn;
    if (conn === null) return;
    this.#work = this.#work.then(() => conn).then(what).catch(() => {});
  }

  #noteTimestamp(segment: Segment): void {
    if ((segment.options & OptionBit.timestamps) === 0 || !this.#stackTimestamp.isKnown) return;
    const { value, atUs } = this.#stackTimestamp;
    this.#timestamps.set(segment.tsValue, (value + (this.#clock.now() - atUs) / 1000) | 0);
  }

  /** The peer's segment as a frame between the replay's addresses, complete, with right checksums. */
  #frameOf({ segment, payload }: CapturedSegment): Uint8Array {
    const copy = Object.assign(new Segment(), segment);
    const peer = this.#addressWords(this.#place.peer);
    const own = this.#addressWords(this.#place.own);
    [copy.src0, copy.src1, copy.src2, copy.src3] = peer;
    [copy.dst0, copy.dst1, copy.dst2, copy.dst3] = own;
    if ((copy.options & OptionBit.timestamps) !== 0 && (copy.flags & Flag.ACK) !== 0) {
      const echoed = this.#timestamps.get(copy.tsEcho);
      copy.tsEcho = echoed ?? (this.#stackTimestamp.isKnown ? this.#stackTimestamp.value : 0);
    }
    if ((copy.flags & Flag.ACK) !== 0) this.#cutAcknowledgment(copy);
    const memory = this.#memory;
    const length = writePacket(memory, 0, copy, copy.payloadLength, 0, ChecksumMode.full);
    memory.bytes.fill(0, length, length + copy.payloadLength);
    memory.bytes.set(payload, length);
    const sum = checksumAdd(memory.view, length, copy.payloadLength, 0);
    finishTcpChecksum(memory.view, 0, length, sum);
    return memory.bytes.slice(0, length + copy.payloadLength);
  }

  /** The stack may be behind the captured one; what it has not sent cannot be acknowledged. */
  #cutAcknowledgment(segment: Segment): void {
    const ahead = seqDiff(segment.ack, this.#sent);
    if (ahead > 0 && (segment.flags & Flag.RST) === 0) {
      segment.ack = this.#sent;
      this.#note("remark", null, `acknowledges ${ahead} that the stack has not sent yet: cut`);
    }
    const edges = [segment.sackRight0, segment.sackRight1, segment.sackRight2, segment.sackRight3];
    const isAhead = (edge: number) => seqDiff(edge, this.#sent) > 0;
    if (edges.slice(0, segment.sackCount).some(isAhead)) {
      segment.sackCount = 0;
      segment.options &= ~OptionBit.sack;
    }
  }

  #addressWords(text: string): [number, number, number, number] {
    const isOwn = text === this.#place.own;
    if (this.#place === PLACES.ipv4) return [0, 0, 0xffff, isOwn ? 0x0aff_0002 : 0x0aff_0001];
    return [0xfd00_00ff | 0, 0, 0, isOwn ? 2 : 1];
  }

  #onTrace(record: TraceRecord): void {
    const { segment } = record;
    if (record.kind === TraceKind.segmentOut) {
      const end = seqAdd(segment.seq, segmentLength(segment));
      if (seqDiff(end, this.#sent) > 0) this.#sent = end;
    }
    if (record.kind === TraceKind.segmentOut && (segment.options & OptionBit.timestamps) !== 0) {
      this.#stackTimestamp = { value: segment.tsValue, atUs: this.#clock.now(), isKnown: true };
    }
    switch (record.kind) {
      case TraceKind.segmentIn:
        return this.#note("in", segment, "");
      case TraceKind.segmentOut:
        return this.#note("stack", segment, "");
      case TraceKind.drop:
        return this.#note("drop", null, `dropped: ${dropNames[record.reason]}`);
      case TraceKind.state:
        return this.#note("state", null, stateChangeText(record));
    }
  }

  #note(kind: ReplayStep["kind"], segment: Segment | null, text: string): void {
    if (!this.#isRecording) return;
    this.steps.push({
      timeUs: this.#clock.now() - START_US,
      kind,
      segment: segment === null ? null : this.#asCaptured(segment, kind === "in"),
      text,
      view: kind === "in" || kind === "state" ? this.#view() : null,
      verdict: null,
    });
  }

  /** A copy with the ends that the capture shows. */
  #asCaptured(segment: Segment, isFromPeer: boolean): Segment {
    const copy = Object.assign(new Segment(), segment);
    const like = this.#conversation.segments.find((one) =>
      one.fromClient === (isFromPeer !== (this.#play === "client"))
    );
    if (like === undefined) return copy;
    const { src0, src1, src2, src3, dst0, dst1, dst2, dst3 } = like.segment;
    return Object.assign(copy, { src0, src1, src2, src3, dst0, dst1, dst2, dst3 });
  }

  #view(): ReplayView | null {
    const summary = this.#net?.connections()[0];
    if (summary === undefined) return null;
    const { state, cwndBytes, ssthreshBytes, inFlightBytes, rttUs } = summary;
    return { state, cwndBytes, ssthreshBytes, inFlightBytes, rttUs };
  }

  async #runTo(atUs: number): Promise<void> {
    const clock = this.#clock;
    await this.#pump();
    for (let wakes = 0; clock.nextWake() <= atUs; wakes++) {
      if (wakes > WAKES_MAX) throw new ReplayError("The stack's timers run wild");
      clock.set(Math.max(clock.nextWake(), clock.now()));
      await this.#pump();
    }
    clock.set(atUs);
  }

  async #pump(): Promise<void> {
    for (let i = 0; i < MICROTASKS; i++) await null;
  }
}
