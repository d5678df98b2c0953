/**
 * The sockets of a script: the file descriptors, and what happens to them besides the calls. System calls
 * themselves are in calls.ts.
 */

import { ActiveFastOpen } from "../../src/tcp/fast_open.ts";
import type { FourTuple } from "../../src/tcp/connection.ts";
import { State } from "../../src/tcp/state.ts";
import { Flow } from "./flow.ts";
import { Machine } from "./machine.ts";
import { errnoOf, Socket } from "./socket.ts";
import type { InfoSource } from "./tcp_info.ts";
import { applyOptions } from "./socket_options.ts";
import type { Settings } from "./settings.ts";

/** The port of the stack when the script leaves it to the runner. */
export const DEFAULT_PORT = 8080;

/** Ports of the peer in passive opens, and of the stack in active ones. */
const FIRST_EPHEMERAL_PORT = 32_768;

/** What an epoll set knows of one descriptor. */
export interface EpollInterest {
  events: number;
  /** What was last reported of an edge-triggered descriptor. */
  reported: string;
}

/** Sockets over one stack. */
export class Kernel {
  readonly machine: Machine;
  readonly settings: Settings;
  readonly #descriptors = new Map<number, Socket>();
  readonly #byId = new Map<number, Socket>();
  /** Epoll sets by descriptor: what each watches. */
  readonly epolls = new Map<number, Map<number, EpollInterest>>();
  /** Bytes in pipes, by the descriptors of both ends. */
  readonly pipes = new Map<number, { bytes: number }>();
  #nextId = 1;
  #nextPort = FIRST_EPHEMERAL_PORT;
  /** What the packets of the script are about. */
  current: Socket | null = null;
  flow: Flow | null = null;

  constructor(settings: Settings) {
    this.settings = settings;
    this.machine = new Machine(settings.config, settings.mtu, settings.localAddress, {
      began: (listener, conn) => {
        const socket = this.#byId.get(listener < 0 ? conn.request : listener);
        if (socket === undefined) return;
        if (listener < 0) conn.mssClamp = socket.options.maxSegment ?? 0;
        applyOptions(conn, socket.options, this.machine.tcp, this.machine.nowUs);
      },
      accepted: (listener, stream) => {
        const socket = this.#byId.get(listener);
        if (socket === undefined) return;
        socket.acceptQueue.push(stream);
        applyOptions(stream.conn, socket.options, this.machine.tcp, this.machine.nowUs);
      },
      connected: (request, stream) => {
        const socket = this.#byId.get(request);
        if (socket === undefined) return;
        socket.use = "connected";
        socket.stream = stream;
        applyOptions(stream.conn, socket.options, this.machine.tcp, this.machine.nowUs);
      },
      connectFailed: (request, error) => {
        const socket = this.#byId.get(request);
        if (socket === undefined) return;
        socket.use = "closed";
        socket.connectError = errnoOf(error, false);
      },
    });
    this.machine.onSettled = () => {
      for (const socket of this.#byId.values()) {
        if (socket.errors !== null && socket.conn !== null) {
          socket.errors.update(socket.conn, this.machine.elapsedUs);
        }
      }
    };
  }

  /** A new socket, without a descriptor. */
  create(): Socket {
    const socket = new Socket(this.#nextId++);
    this.#byId.set(socket.id, socket);
    return socket;
  }

  /** Gives a socket the descriptor that the script knows it by. */
  enter(descriptor: number, socket: Socket): void {
    this.#descriptors.set(descriptor, socket);
  }

  get(descriptor: number): Socket | undefined {
    return this.#descriptors.get(descriptor);
  }

  /** Takes a descriptor away; the socket itself is forgotten when its connection is. */
  remove(descriptor: number): void {
    this.#descriptors.delete(descriptor);
  }

  /** Whether another socket keeps a port from this one: it listens, or one of them does not share. */
  isTaken(port: number, socket: Socket): boolean {
    const shares = (each: Socket) => each.options.others.get("SO_REUSEADDR") === 1;
    for (const other of this.#descriptors.values()) {
      if (other === socket || other.localPort !== port || other.use === "connected") continue;
      const both = shares(socket) && shares(other) && other.use !== "listening";
      const reused = [socket, other].every(({ options }) =>
        options.others.get("SO_REUSEPORT") === 1
      );
      if (!both && !reused) return true;
    }
    return false;
  }

  /** Whether a descriptor refers to a socket. */
  holds(socket: Socket): boolean {
    return [...this.#descriptors.values()].includes(socket);
  }

  /** A port that nothing has used yet. */
  ephemeralPort(): number {
    return this.#nextPort++;
  }

  /** When a call that waits for so long gives up. */
  deadline(timeoutUs: number | null): number {
    const { machine } = this;
    const untilUs = timeoutUs === null ? Infinity : machine.nowUs + timeoutUs;
    machine.noteDeadline(untilUs);
    return untilUs;
  }

  /** The connection that the script's packets are about: the newest of the flow. */
  get connection(): Socket | null {
    const { flow } = this;
    let found: Socket | null = null;
    for (const socket of this.#byId.values()) {
      const conn = socket.conn;
      if (conn !== null && flow !== null && conn.remotePort === flow.remotePort) found = socket;
    }
    return found;
  }

  /** What is known of the script's connection, from its first segment on; null before. */
  get source(): InfoSource | null {
    const { nowUs, tcp } = this.machine;
    const common = { nowUs, mtu: this.settings.mtu };
    const stream = this.connection?.stream ?? null;
    if (stream !== null) return { conn: stream.conn, pendingBytes: stream.pending, ...common };
    for (const conn of tcp.all()) {
      const { flow } = this;
      const isIt = conn.remotePort === flow?.remotePort && conn.localPort === flow.localPort;
      if (isIt) return { conn, pendingBytes: 0, ...common };
    }
    return null;
  }

  /** Starts an active open of the socket and makes it the one that packets are about. */
  connect(socket: Socket, port: number, fastOpen: ActiveFastOpen = ActiveFastOpen.no): void {
    const { machine, settings } = this;
    if (socket.localPort === 0) socket.localPort = this.ephemeralPort();
    socket.use = "connecting";
    socket.connectError = null;
    this.current = socket;
    this.flow = new Flow(socket.localPort, port);
    socket.flow = this.flow;
    const { localAddress: local, remoteAddress: remote } = settings;
    const tuple: FourTuple = {
      local0: local.w0,
      local1: local.w1,
      local2: local.w2,
      local3: local.w3,
      remote0: remote.w0,
      remote1: remote.w1,
      remote2: remote.w2,
      remote3: remote.w3,
      localPort: socket.localPort,
      remotePort: port,
    };
    machine.tcp.connect(socket.id, tuple, machine.nowUs, fastOpen);
    machine.settle();
  }

  /** The flow that an inbound packet is for; a SYN that begins a connection makes one. */
  flowFor(isFirstSyn: boolean, seq: number): Flow {
    const { flow } = this;
    if (flow === null) {
      const port = this.current?.localPort || DEFAULT_PORT;
      return this.flow = new Flow(port, this.ephemeralPort());
    }
    if (!isFirstSyn || this.current?.use === "connecting") return flow;
    const state = this.#liveState(flow);
    if (state === "open") return flow;
    if (state === "closed" && this.current?.use === "listening") {
      return this.flow = new Flow(this.current.localPort, this.ephemeralPort());
    }
    if (state === "timeWait") flow.mayRestart(seq);
    else flow.restart();
    return flow;
  }

  #liveState(flow: Flow): "open" | "timeWait" | "closed" {
    const isOfFlow = (ends: FourTuple) =>
      ends.remotePort === flow.remotePort && ends.localPort === flow.localPort;
    if (this.machine.tcp.handshakes.all().some(isOfFlow)) return "open";
    for (const conn of this.machine.tcp.all()) {
      if (!isOfFlow(conn)) continue;
      if (conn.state === State.CLOSED) continue;
      return conn.state === State.TIME_WAIT ? "timeWait" : "open";
    }
    return "closed";
  }
}
