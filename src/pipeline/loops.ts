/**
 * The loops of the workers: what each thread does between starting and being told to stop. The workers
 * themselves only attach to the shared memory and call one of these.
 */

import { systemClock } from "../base/clock.ts";
import { systemRandom } from "../base/random.ts";
import { libc } from "../device/libc.ts";
import { drainEventFd, signalEventFd, TunDevice, WaitOutcome } from "../device/tun.ts";
import { Bell } from "../ring/bell.ts";
import { Control, Layout } from "../ring/layout.ts";
import { NIL } from "../ring/pool.ts";
import { RingConsumer, RingProducer } from "../ring/ring.ts";
import { Segment } from "../wire/segment.ts";
import { HandoverRing } from "./handover.ts";
import { ParserStage } from "./parser_stage.ts";
import { DirectInput } from "./direct_input.ts";
import { ReaderStage } from "./reader_stage.ts";
import { readSegmentRecord } from "./segment_record.ts";
import type { WorkerSetup } from "./setup.ts";
import { TcpStage } from "./tcp_stage.ts";

/** Packets that a stage handles before it looks at anything else. */
const BATCH = 64;

/** Free slots that the reader is given ahead: enough for a burst, few enough to stay in the cache. */
const SLOTS_AHEAD = 64;

/**
 * How long a thread looks for more work before it sleeps, microseconds (as net.core.busy_poll): longer than
 * one round trip of a ping-pong between two cores, or every one of them would find it just asleep.
 */
const BUSY_POLL_US = 200;

/** Longest sleep, so that a lost wake-up would show as a delay and not as a hang. */
const SLEEP_MAX_MS = 1000;

/**
 * Busy polling: a thread that has just worked looks for more work for a short while before it sleeps,
 * because a sleeper costs its waker a system call and itself the time to wake up. Between two looks it
 * lets any other thread run.
 */
class Patience {
  #idleSinceUs = -1;
  readonly #libc = libc();

  /** There was work: the next idle time starts anew. */
  worked(): void {
    this.#idleSinceUs = -1;
  }

  /** Whether to look again at once instead of going to sleep. */
  spins(): boolean {
    const nowUs = systemClock.now();
    if (this.#idleSinceUs < 0) this.#idleSinceUs = nowUs;
    if (nowUs - this.#idleSinceUs >= BUSY_POLL_US) {
      this.#idleSinceUs = -1;
      return false;
    }
    this.#libc.sched_yield();
    return true;
  }
}

function isStopped(layout: Layout): boolean {
  return Atomics.load(layout.words, layout.control + Control.stop) !== 0;
}

/** Milliseconds until `atUs`, at most {@link SLEEP_MAX_MS}. */
function sleepMs(atUs: number, nowUs: number): number {
  return Math.max(0, Math.min((atUs - nowUs) / 1000, SLEEP_MAX_MS));
}

/** Reads frames until told to stop. Sleeps in poll(2) for frames, on its bell for slots. */
export function readerLoop(setup: WorkerSetup): void {
  const layout = new Layout(setup.dimensions, setup.memory);
  const device = TunDevice.fromFd(setup.tun.fd, setup.tun);
  const stage = new ReaderStage(device, layout);
  const parser = new Bell(layout.words, Control.parserBell);
  const own = new Bell(layout.words, Control.readerBell);
  const ringParser = () => parser.ring();
  const patience = new Patience();
  while (!isStopped(layout)) {
    if (stage.run(BATCH, ringParser) > 0) {
      patience.worked();
      continue;
    }
    if (patience.spins()) continue;
    if (stage.hasSlot) {
      checkAlive(device.wait(setup.wakeFd, SLEEP_MAX_MS), device);
      continue;
    }
    own.announceSleep();
    if (stage.hasSlot || isStopped(layout)) own.announceAwake();
    else own.sleep(SLEEP_MAX_MS);
  }
  device.close();
}

/** Decodes frames until told to stop. */
export function parserLoop(setup: WorkerSetup): void {
  const layout = new Layout(setup.dimensions, setup.memory);
  const stage = new ParserStage(layout, setup.tun.virtioHeader, setup.settings, systemRandom);
  const tcp = new Bell(layout.words, Control.tcpBell);
  const own = new Bell(layout.words, Control.parserBell);
  const ringTcp = () => tcp.ring();
  const patience = new Patience();
  while (!isStopped(layout)) {
    const nowUs = systemClock.now();
    stage.expire(nowUs, ringTcp);
    if (stage.run(BATCH, nowUs, ringTcp) > 0) {
      patience.worked();
      continue;
    }
    if (patience.spins()) continue;
    own.announceSleep();
    if (stage.hasWork || isStopped(layout)) own.announceAwake();
    else own.sleep(sleepMs(stage.nextExpiry(), nowUs));
  }
}

/** Runs the state machine until told to stop. */
export function tcpLoop(setup: WorkerSetup): void {
  const layout = new Layout(setup.dimensions, setup.memory);
  const device = TunDevice.fromFd(setup.tun.fd, setup.tun);
  const stage = makeTcpStage(layout, device, setup);
  const segments = new RingConsumer(layout.segments);
  const feeder = new SlotFeeder(layout, stage);
  const own = new Bell(layout.words, Control.tcpBell);
  const segment = new Segment();
  const patience = new Patience();
  feeder.feed();
  while (!isStopped(layout)) {
    const nowUs = systemClock.now();
    let count = 0;
    while (count < BATCH) {
      const at = segments.next();
      if (at < 0) break;
      const kind = readSegmentRecord(layout.words, at, segment);
      stage.input(kind, segment, nowUs);
      count++;
    }
    if (count > 0) {
      segments.release();
      feeder.returned(count);
    }
    const commanded = stage.run(nowUs);
    feeder.feed();
    if (count > 0 || commanded) {
      patience.worked();
      continue;
    }
    if (patience.spins()) continue;
    own.announceSleep();
    if (segments.hasNext() || stage.hasWork || isStopped(layout)) own.announceAwake();
    else own.sleep(sleepMs(stage.nextExpiry(), systemClock.now()));
  }
  device.close();
}

/** All three stages in one thread, until told to stop. */
export function fusedLoop(setup: WorkerSetup): void {
  const layout = new Layout(setup.dimensions, setup.memory);
  const device = TunDevice.fromFd(setup.tun.fd, setup.tun);
  const stage = makeTcpStage(layout, device, setup);
  const input = new DirectInput(layout, device, stage, setup.settings, systemRandom);
  const own = new Bell(layout.words, Control.tcpBell);
  const patience = new Patience();
  while (!isStopped(layout)) {
    const nowUs = systemClock.now();
    const count = input.run(BATCH, nowUs);
    const commanded = stage.run(nowUs);
    if (count > 0 || commanded) {
      patience.worked();
      continue;
    }
    if (patience.spins()) continue;
    own.announceSleep();
    if (!stage.hasWork && !isStopped(layout)) {
      const atUs = Math.min(stage.nextExpiry(), input.nextExpiry());
      const timeoutMs = sleepMs(atUs, systemClock.now());
      const outcome = device.wait(setup.wakeFd, Math.ceil(timeoutMs));
      if (outcome === WaitOutcome.woken) drainEventFd(setup.wakeFd);
      checkAlive(outcome, device);
    }
    own.announceAwake();
  }
  device.close();
}

function makeTcpStage(layout: Layout, device: TunDevice, setup: WorkerSetup): TcpStage {
  return new TcpStage({
    layout,
    device,
    settings: setup.settings,
    random: systemRandom,
    clock: systemClock,
    handover: makeHandover(layout, setup),
  });
}

function makeHandover(layout: Layout, setup: WorkerSetup): HandoverRing | undefined {
  if (setup.next === null) return undefined;
  const { memory, wakeFd, queues } = setup.next;
  const next = new Layout(setup.dimensions, memory);
  const wake = setup.role === "fused" ? () => signalEventFd(wakeFd) : undefined;
  return new HandoverRing(layout, next, new Bell(next.words, Control.tcpBell, wake), queues);
}

function checkAlive(outcome: WaitOutcome, device: TunDevice): void {
  if (outcome === WaitOutcome.failed) throw device.goneError();
}

/** Keeps the reader supplied with free slots. */
class SlotFeeder {
  readonly #stage: TcpStage;
  readonly #ring: RingProducer;
  readonly #reader: Bell;
  /** Slots that are with the reader, the parser, or in a ring. */
  #ahead = 0;

  constructor(layout: Layout, stage: TcpStage) {
    this.#stage = stage;
    this.#ring = new RingProducer(layout.freeSlots);
    this.#reader = new Bell(layout.words, Control.readerBell);
  }

  /** So many slots have come back with their segments. */
  returned(count: number): void {
    this.#ahead -= count;
  }

  feed(): void {
    let fed = 0;
    while (this.#ahead < SLOTS_AHEAD) {
      const slot = this.#stage.slots.slots.take();
      if (slot === NIL) break;
      const at = this.#ring.claim();
      this.#ring.words[at] = slot;
      this.#ring.push();
      this.#ahead++;
      fed++;
    }
    if (fed === 0) return;
    this.#ring.publish();
    this.#reader.ring();
  }
}
