/** The real kernel of Linux as a script's world: a TUN in a network namespace of the thread's own, real time. */

import { addressText } from "../../src/base/address.ts";
import { closeFd, drainEventFd } from "../../src/device/eventfd.ts";
import { VIRTIO_HEADER_BYTES } from "../../src/wire/virtio.ts";
import { openTun } from "../../src/device/tun_open.ts";
import { Flag } from "../../src/wire/segment.ts";
import type { Attempt } from "./answer.ts";
import { FAMILY_DEFAULTS } from "./addresses.ts";
import { Flow } from "./flow.ts";
import { readFrame, type SentPacket } from "./frames.ts";
import { LinuxCalls } from "./linux_calls.ts";
import { infoAt } from "./linux_info.ts";
import { type CallMemory, NUMBERS } from "./linux_memory.ts";
import { type Settings, sysctlsOf } from "./settings.ts";
import { INFO_SYMBOLS, SYMBOLS } from "./symbols.ts";
import type { CallEvent, Command } from "./syntax.ts";
import type { InfoNames, World } from "./world.ts";

const DEVICE = "script0";
const FRAME_BYTES = 65_536;
const POLLIN = 1;
const LOCAL_PORT = 8080;
const FIRST_REMOTE_PORT = 40_000;
/** The longest wait in one step, in microseconds: the clock is looked at again. */
const STEP_US = 100_000;
/** How long a call that blocks has to come back when its socket is shut down, in microseconds. */
const GRACE_US = 300_000;
/** How often the routes of a new device are looked for, and how long there is in between, in milliseconds. */
const ROUTE_TRIES = 500;
const ROUTE_WAIT_MS = 2;
/** Where this thread's own calls have their parameters. */
const OWN_POLL = 64;
const OWN_TIME = 128;
const OWN_OPTION = 256;
const OWN_FRAME = 1024;

/** Where the virtio-net header has the size of the segments that a frame is to be cut into. */
const GSO_SIZE_BYTE = 4;

/** What the stack's defaults are where Linux is set up differently by default, or by whoever built it. */
const BASE: readonly (readonly [string, string])[] = [
  ["net.ipv4.tcp_ecn", "0"],
  ["net.ipv4.tcp_fastopen", "3"],
  ["net.ipv4.tcp_syn_linear_timeouts", "0"],
  ["net.ipv4.tcp_rmem", "4096 131072 6291456"],
  ["net.ipv4.tcp_wmem", "4096 65536 4194304"],
  ["net.ipv4.conf.all.rp_filter", "0"],
  ["net.ipv6.conf.all.accept_dad", "0"],
  ["net.ipv6.conf.default.accept_dad", "0"],
  ["net.ipv6.conf.default.router_solicitations", "0"],
  ["net.ipv6.conf.default.addr_gen_mode", "1"],
];

/** How a real kernel is waited for. */
export interface LinuxTiming {
  /** The least tolerance, in microseconds. */
  readonly toleranceUs: number;
  /** How much longer than its time something is waited for, in microseconds. */
  readonly patienceUs: number;
}

/** One script's device, clock and sockets. */
export class LinuxWorld implements World {
  readonly settings: Settings;
  readonly sent: SentPacket[] = [];
  readonly patienceUs: number;
  /** Another thread makes the calls, and has to get a processor first. */
  readonly callUs: number = 500_000;
  /** Segments of one burst are cut from one by the kernel and come at once. */
  readonly burstUs: number = 1500;
  readonly isIdle: boolean = false;
  flow: Flow | null = null;
  readonly #memory: CallMemory;
  readonly #calls: LinuxCalls;
  readonly #tun: number;
  readonly #doorbell: number;
  readonly #startUs: number;
  #nextPort = FIRST_REMOTE_PORT;

  /** The calling thread has a network namespace of its own, and the one that makes the calls is in it. */
  constructor(
    settings: Settings,
    before: readonly Command[],
    memory: CallMemory,
    doorbell: number,
    timing: LinuxTiming,
  ) {
    this.settings = settings;
    settings.toleranceUs = Math.max(settings.toleranceUs, timing.toleranceUs);
    this.patienceUs = timing.patienceUs;
    this.#memory = memory;
    this.#doorbell = doorbell;
    this.#calls = new LinuxCalls(memory, settings);
    for (const [name, value] of BASE) this.#sysctl(name, value, 0);
    this.#tun = openTun({ name: DEVICE }).fd;
    this.#configure();
    for (const command of before) this.command(command);
    this.#startUs = now();
    this.#calls.startUs = performance.timeOrigin * 1000 + this.#startUs;
  }

  #configure(): void {
    const { localAddress, remoteAddress, mtu } = this.settings;
    const [local, remote] = [addressText(localAddress), addressText(remoteAddress)];
    const nodad = local.includes(":") ? "nodad" : "";
    // A way back for what comes from the usual peer too, for scripts that name another one.
    const { remote: usual } = FAMILY_DEFAULTS[this.settings.family];
    const lines = [
      `link set ${DEVICE} mtu ${mtu} up`,
      `addr add ${local} peer ${remote} dev ${DEVICE} ${nodad}`,
      ...(usual === remote ? [] : [`route add ${usual} dev ${DEVICE}`]),
    ];
    for (const line of lines) {
      const ip = new Deno.Command("ip", { args: line.trim().split(" "), stderr: "piped" });
      const { success, stderr } = ip.outputSync();
      if (!success) throw new Error(`ip ${line}: ${new TextDecoder().decode(stderr).trim()}`);
    }
    if (local.includes(":")) this.#awaitRoutes();
  }

  /** The kernel enters the routes of IPv6 addresses when it comes to it, in a thread of its own. */
  #awaitRoutes(): void {
    const { localAddress, remoteAddress } = this.settings;
    const destinations = [localAddress, remoteAddress].map(({ w0, w1, w2, w3 }) =>
      [w0, w1, w2, w3].map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("") + " 80 "
    );
    for (let tries = 0; tries < ROUTE_TRIES; tries++) {
      const routes = Deno.readTextFileSync("/proc/thread-self/net/ipv6_route");
      if (destinations.every((each) => routes.includes(each))) return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ROUTE_WAIT_MS);
    }
    throw new Error(`no routes of ${addressText(localAddress)} after ${ROUTE_TRIES} looks`);
  }

  get elapsedUs(): number {
    return now() - this.#startUs;
  }

  /** The kernel has PSH on every super-segment, so that it says nothing before the end. */
  get writtenEnd(): number {
    return this.#calls.written + 1;
  }

  step(untilUs: number): void {
    const memory = this.#memory;
    const { view, own } = memory;
    const waitUs = Math.max(0, Math.min(untilUs - this.elapsedUs, STEP_US));
    view.setInt32(own + OWN_POLL, this.#tun, true);
    view.setInt32(own + OWN_POLL + 4, POLLIN, true);
    view.setInt32(own + OWN_POLL + 8, this.#doorbell, true);
    view.setInt32(own + OWN_POLL + 12, POLLIN, true);
    view.setBigInt64(own + OWN_TIME, 0n, true);
    view.setBigInt64(own + OWN_TIME + 8, BigInt(Math.round(waitUs * 1000)), true);
    const [set, time] = [memory.addressOf(own + OWN_POLL), memory.addressOf(own + OWN_TIME)];
    if (memory.now(NUMBERS.ppoll, set, 2, time, 0, 8) <= 0) return;
    if (view.getInt16(own + OWN_POLL + 14, true) !== 0) drainEventFd(this.#doorbell);
    this.#sniff();
  }

  /** Takes what the kernel has sent. */
  #sniff(): void {
    const memory = this.#memory;
    const at = memory.own + OWN_FRAME;
    for (;;) {
      const length = memory.now(NUMBERS.read, this.#tun, memory.addressOf(at), FRAME_BYTES);
      if (length <= VIRTIO_HEADER_BYTES) return;
      const start = at + VIRTIO_HEADER_BYTES;
      const frame = memory.bytes.slice(start, at + length) as Uint8Array<ArrayBuffer>;
      const packet = readFrame(frame, this.elapsedUs);
      if (packet === null) continue;
      this.#noteOpening(packet);
      const segmentBytes = memory.view.getUint16(at + GSO_SIZE_BYTE, true);
      if (segmentBytes === 0 || this.settings.strictSegments) this.sent.push(packet);
      else this.sent.push(...segmentsOf(packet, segmentBytes));
    }
  }

  /** The kernel's SYN says which port it has chosen. */
  #noteOpening({ flags, sourcePort, destinationPort }: SentPacket): void {
    if ((flags & (Flag.SYN | Flag.ACK)) !== Flag.SYN) return;
    const { flow } = this;
    const isKnown = flow?.localPort === sourcePort && flow.remotePort === destinationPort;
    if (!isKnown) this.flow = new Flow(sourcePort, destinationPort);
  }

  inject(frame: Uint8Array<ArrayBuffer>): void {
    const memory = this.#memory;
    this.#sniff();
    const at = memory.own + OWN_FRAME;
    const length = VIRTIO_HEADER_BYTES + frame.length;
    memory.bytes.fill(0, at, at + VIRTIO_HEADER_BYTES);
    memory.bytes.set(frame, at + VIRTIO_HEADER_BYTES);
    const written = memory.now(NUMBERS.write, this.#tun, memory.addressOf(at), length);
    if (written !== length) throw new Error(`the TUN took ${written} of ${length}`);
    this.#sniff();
  }

  flowFor(isFirstSyn: boolean, seq: number): Flow {
    const { flow } = this;
    if (flow === null) return this.flow = new Flow(LOCAL_PORT, this.#nextPort++);
    if (!isFirstSyn) return flow;
    const state = this.info()?.("tcpi_state") ?? null;
    const { TCP_CLOSE, TCP_LISTEN } = INFO_SYMBOLS;
    // A descriptor that is gone may have left a connection in TIME-WAIT.
    if (state === null || state === TCP_CLOSE || state === TCP_LISTEN) flow.mayRestart(seq);
    return flow;
  }

  begin(call: CallEvent): Attempt {
    return this.#calls.begin(call);
  }

  command(command: Command): void {
    const { sysctls, others } = sysctlsOf(command);
    for (const [name, value] of sysctls) {
      // A namespace may not choose any control as its default, but a socket of its root may.
      if (name.endsWith(".tcp_congestion_control")) this.#calls.congestion = value;
      else this.#sysctl(name, value, command.line);
    }
    for (const other of others) this.settings.notes.push(`${command.line}: not run: ${other}`);
  }

  #sysctl(name: string, value: string, line: number): void {
    try {
      Deno.writeTextFileSync(`/proc/sys/${name.replaceAll(".", "/")}`, value);
    } catch (error) {
      const { message } = error as Error;
      if (line > 0) this.settings.notes.push(`${line}: ${name}=${value}: ${message}`);
    }
  }

  info(): InfoNames | null {
    const memory = this.#memory;
    const { current } = this.#calls;
    if (![...this.#calls.descriptors.values()].includes(current)) return null;
    const at = memory.own + OWN_OPTION;
    memory.view.setInt32(at - 8, OWN_FRAME - OWN_OPTION, true);
    const places = [memory.addressOf(at), memory.addressOf(at - 8)];
    const { SOL_TCP, TCP_INFO } = SYMBOLS;
    if (memory.now(NUMBERS.getsockopt, current, SOL_TCP, TCP_INFO, ...places) < 0) return null;
    const length = memory.view.getInt32(at - 8, true);
    const copy = new DataView(memory.bytes.slice(at, at + length).buffer);
    return infoAt(copy, 0, length);
  }

  close(): void {
    const memory = this.#memory;
    const descriptors = [...this.#calls.descriptors.values()];
    if (memory.isBusy) {
      // What a call may be blocked in comes back.
      for (const fd of descriptors) memory.now(NUMBERS.shutdown, fd, SYMBOLS.SHUT_RDWR);
      const untilUs = this.elapsedUs + GRACE_US;
      while (memory.isBusy && this.elapsedUs < untilUs) this.step(untilUs);
    }
    for (const fd of descriptors) memory.now(NUMBERS.close, fd);
    closeFd(this.#tun);
  }
}

/** What a network card makes of a super-segment: FIN and PSH are those of its last piece. */
function segmentsOf(packet: SentPacket, segmentBytes: number): SentPacket[] {
  const pieces: SentPacket[] = [];
  for (let at = 0; at < packet.length; at += segmentBytes) {
    const length = Math.min(segmentBytes, packet.length - at);
    const isLast = at + length === packet.length;
    const flags = isLast ? packet.flags : packet.flags & ~(Flag.FIN | Flag.PSH);
    pieces.push({ ...packet, seq: (packet.seq + at) | 0, length, flags });
  }
  return pieces;
}

function now(): number {
  return performance.now() * 1000;
}
