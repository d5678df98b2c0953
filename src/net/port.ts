import type { Address } from "../base/address.ts";
import { SharedForwardSwitch } from "../pipeline/forward_switch.ts";
import { Command, Event, Field, FlowEnd, ForwardMode } from "../pipeline/messages.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import type { BlockMemory } from "../ring/chain.ts";
import { Control, FLOW_WORDS, ForwardBit } from "../ring/layout.ts";
import type { Layout } from "../ring/layout.ts";
import { BlockPool } from "../ring/pool.ts";
import { RingConsumer } from "../ring/ring.ts";
import { ConnectionError, Row, ROW_WORDS } from "../ring/row.ts";
import type { ActiveFastOpen } from "../tcp/fast_open.ts";
import { CommandWriter } from "./commands.ts";
import { type ConnectHandler, Endpoint, type EndpointHost } from "./endpoint.ts";
import { DatagramEndpoint, type DatagramHandler, type DatagramHost } from "./datagram_endpoint.ts";
import { tooManySockets } from "./errors.ts";
import { SYN_COOKIE_MODES } from "../tcp/config.ts";
import { type CheckedForward, flowAddr, heldLength, type OfferedFlow } from "./forward.ts";
import type { Liveness } from "./liveness.ts";

/** Who gets the connections of a listener. */
export interface AcceptHandler {
  accepted(endpoint: Endpoint): void;
}

/** Who waits for memory to send from. */
interface MemoryWaiter {
  resumeWrites(): void;
}

/** Who decides on the flows of a forward; what it returns is called when that flow ends undecided. */
export type FlowHandler = (flow: OfferedFlow) => () => void;

/** A flow that nobody has decided on. */
interface UndecidedFlow {
  readonly forward: number;
  readonly generation: number;
  readonly ended: () => void;
}

/** Who gets the answer to a `ping`. */
export interface PingHandler {
  answered(rttUs: number, hops: number): void;
  /** `icmp` is the type and the code of the ICMP error, 8 bits each. */
  failed(error: ConnectionError, icmp: number): void;
}

/**
 * The application's end of one pipeline: puts commands into one ring, takes events from the other, and
 * hands them to endpoints, listeners and pending connects. Owns the memory of bytes to send.
 */
export class Port implements EndpointHost, DatagramHost {
  readonly layout: Layout;
  readonly liveness: Liveness;
  readonly pool: BlockPool;
  readonly #pipeline: Pipeline;
  readonly #memory: BlockMemory;
  readonly #words: Int32Array;
  readonly #commands: CommandWriter;
  readonly #events: RingConsumer;
  readonly #endpoints = new Map<number, Endpoint>();
  readonly #datagrams = new Map<number, DatagramEndpoint>();
  /** Rows of UDP sockets that were used before and are free again. */
  readonly #freeSocketRows: number[] = [];
  #socketRowsUsed = 0;
  readonly #listeners = new Map<number, AcceptHandler>();
  readonly #flowHandlers = new Map<number, FlowHandler>();
  /** Flows that nobody has decided on, by number. */
  readonly #flows = new Map<number, UndecidedFlow>();
  readonly #connects = new Map<number, ConnectHandler>();
  readonly #pings = new Map<number, PingHandler>();
  /** Writers that hold their share of the send memory, and how much was free when the last one came. */
  #freeWhenWaiting = 0;
  readonly #memoryWaiters = new Set<MemoryWaiter>();
  #pumping = false;
  #closed = false;
  #onStopped: () => void = () => {};
  #onTrace: (() => void) | null = null;

  constructor(pipeline: Pipeline, liveness: Liveness) {
    this.#pipeline = pipeline;
    this.liveness = liveness;
    const { layout } = pipeline;
    this.layout = layout;
    this.#words = layout.words;
    this.pool = new BlockPool(layout.sendPool);
    const pool = this.pool;
    this.#memory = {
      area: layout.memory,
      pool,
      copier: pipeline.copier,
      release: (descriptor) => pool.give(descriptor),
    };
    this.#commands = new CommandWriter(layout.commands, pipeline.tcpBell, () => liveness.settle());
    this.#events = new RingConsumer(layout.events);
    pipeline.onEvents(() => this.#pumpInline());
  }

  /** Begins to take events. */
  start(): void {
    if (this.#pipeline.threaded) this.#watch();
  }

  /** All connections that the application has not let go of, and those that still send. */
  endpoints(): IterableIterator<Endpoint> {
    return this.#endpoints.values();
  }

  /** Who is told when a `shutdown` is complete. */
  onStopped(handler: () => void): void {
    this.#onStopped = handler;
  }

  /** Who looks at the trace ring whenever something may be in it. */
  onTrace(handler: () => void): void {
    this.#onTrace = handler;
  }

  /** Starts to listen, for all segments from now on; connections go to `handler`. */
  listen(
    id: number,
    address: Address,
    port: number,
    backlog: number,
    ipv6Only: boolean,
    fastOpen: number,
    handler: AcceptHandler,
  ): void {
    this.#listeners.set(id, handler);
    const at = this.#commands.begin(Command.listen, id, 0);
    const words = this.#commands.target;
    words[at + Field.port] = port;
    words[at + Field.value] = backlog;
    words[at + Field.ipv6Only] = ipv6Only ? 1 : 0;
    words[at + Field.fastOpen] = fastOpen;
    putAddress(words, at + Field.address, address);
    this.#commands.finishNow();
  }

  /** Stops to listen. */
  unlisten(id: number): void {
    this.#listeners.delete(id);
    this.#commands.begin(Command.unlisten, id, 0);
    this.#commands.finishNow();
  }

  /** One connection of the listener was accepted. */
  acceptTaken(id: number): void {
    this.#commands.begin(Command.acceptTaken, id, 0);
    this.#commands.finish(false);
  }

  /** Opens a connection; the answer goes to `handler`. */
  connect(
    request: number,
    local: Address,
    localPort: number,
    remote: Address,
    port: number,
    fastOpen: ActiveFastOpen,
    handler: ConnectHandler,
  ): void {
    this.#connects.set(request, handler);
    const at = this.#commands.begin(Command.connect, request, 0);
    const words = this.#commands.target;
    words[at + Field.port] = port;
    words[at + Field.localPort] = localPort;
    words[at + Field.value] = fastOpen;
    putAddress(words, at + Field.address, remote);
    putAddress(words, at + Field.localAddress, local);
    this.#commands.finish(true);
  }

  /** Forgets a connect. */
  cancelConnect(request: number): void {
    this.#connects.delete(request);
    this.#commands.begin(Command.cancelConnect, request, 0);
    this.#commands.finish(true);
  }

  /** Takes flows to foreign destinations; they go to `handler`, in the end too. */
  forward(id: number, how: CheckedForward, handler: FlowHandler): void {
    this.#flowHandlers.set(id, handler);
    this.#putFilter(id, how);
    const at = this.#commands.begin(Command.forward, id, 0);
    const cookies = how.cookies === null ? 0 : SYN_COOKIE_MODES.indexOf(how.cookies) + 1;
    this.#commands.target[at + Field.port] = (how.own ? ForwardMode.own : 0) |
      (cookies << ForwardMode.cookiesShift);
    this.#commands.target[at + Field.value] = how.pendingMax;
    this.#commands.target[at + Field.decisionMs] = how.decisionMs;
    this.#commands.finishNow();
    new SharedForwardSwitch(this.layout).open(ForwardBit.tcp);
  }

  #putFilter(id: number, how: CheckedForward): void {
    for (const [prefixes, excludes] of [[how.prefixes, 0], [how.except, 1]] as const) {
      for (const prefix of prefixes) {
        const at = this.#commands.begin(Command.forwardPrefix, id, 0);
        putAddress(this.#commands.target, at + Field.address, prefix.address);
        this.#commands.target[at + Field.value] = heldLength(prefix);
        this.#commands.target[at + Field.excludes] = excludes;
      }
    }
    for (const [first, last] of how.ports) {
      const at = this.#commands.begin(Command.forwardPorts, id, 0);
      this.#commands.target[at + Field.port] = first;
      this.#commands.target[at + Field.value] = last;
    }
  }

  /** Tells the source of a datagram to a foreign destination that it cannot be reached. */
  refuseDatagram(
    local: Address,
    localPort: number,
    remote: Address,
    remotePort: number,
    code: number,
  ): void {
    const at = this.#commands.begin(Command.refuseDatagram, 0, 0);
    this.#commands.target[at + Field.port] = remotePort;
    this.#commands.target[at + Field.localPort] = localPort;
    this.#commands.target[at + Field.value] = code;
    putAddress(this.#commands.target, at + Field.address, remote);
    putAddress(this.#commands.target, at + Field.localAddress, local);
    this.#commands.finish(true);
  }

  /** Opens a UDP socket for what comes to foreign destinations. Throws as `bindDatagram`. */
  bindForeign(id: number, how: CheckedForward, handler: DatagramHandler): DatagramEndpoint {
    const endpoint = this.#openSocket(handler);
    this.#putFilter(id, how);
    const at = this.#commands.begin(Command.bindForeign, endpoint.row, endpoint.generation);
    this.#commands.target[at + Field.value] = id;
    this.#commands.finishNow();
    new SharedForwardSwitch(this.layout).open(ForwardBit.udp);
    return endpoint;
  }

  /** Takes no more flows. */
  unforward(id: number): void {
    this.#flowHandlers.delete(id);
    for (const flow of this.#flows.values()) if (flow.forward === id) flow.ended();
    this.#commands.begin(Command.unforward, id, 0);
    this.#commands.finishNow();
  }

  /** Goes on with a flow; the answer goes to `handler`. */
  acceptFlow(request: number, id: number, generation: number, handler: ConnectHandler): void {
    this.#connects.set(request, handler);
    const at = this.#commands.begin(Command.acceptFlow, request, generation);
    this.#commands.target[at + Field.value] = id;
    this.#commands.finish(true);
  }

  /** Does not go on with it: {@link FlowEnd}. */
  refuseFlow(id: number, generation: number, how: number): void {
    this.forgetFlow(id, generation);
    const at = this.#commands.begin(Command.refuseFlow, id, generation);
    this.#commands.target[at + Field.value] = how;
    this.#commands.finish(true);
  }

  /** Nobody asks what becomes of this flow. */
  forgetFlow(id: number, generation: number): void {
    if (this.#flows.get(id)?.generation === generation) this.#flows.delete(id);
  }

  /** Opens a UDP socket, for all datagrams from now on. Throws `Busy` when there are as many as may be. */
  bindDatagram(address: Address, port: number, handler: DatagramHandler): DatagramEndpoint {
    const endpoint = this.#openSocket(handler);
    const at = this.#commands.begin(Command.bindDatagram, endpoint.row, endpoint.generation);
    this.#commands.target[at + Field.port] = port;
    putAddress(this.#commands.target, at + Field.address, address);
    this.#commands.finishNow();
    return endpoint;
  }

  #openSocket(handler: DatagramHandler): DatagramEndpoint {
    const { connections, sockets } = this.layout.dimensions;
    if (this.#freeSocketRows.length === 0 && this.#socketRowsUsed === sockets) {
      throw tooManySockets(sockets);
    }
    const row = this.#freeSocketRows.pop() ?? connections + this.#socketRowsUsed++;
    const generation = this.#clearRow(row);
    const endpoint = new DatagramEndpoint(this, this.#memory, row, generation, handler);
    this.#datagrams.set(row, endpoint);
    return endpoint;
  }

  /** Lets go of a UDP socket; what was sent is still sent. */
  unbindDatagram(endpoint: DatagramEndpoint): void {
    this.#commands.begin(Command.unbindDatagram, endpoint.row, endpoint.generation);
    this.#commands.finishNow();
  }

  /** Joins a group, or leaves it. */
  setMember(endpoint: DatagramEndpoint, group: Address, joins: boolean): void {
    const at = this.#commands.begin(Command.groupMember, endpoint.row, endpoint.generation);
    this.#commands.target[at + Field.value] = joins ? 1 : 0;
    putAddress(this.#commands.target, at + Field.address, group);
    this.#commands.finishNow();
  }

  /** Nobody else writes the row of a socket until the stage hears of it. */
  #clearRow(row: number): number {
    const at = this.layout.row(row);
    const generation = (this.#words[at + Row.generation] + 1) | 0;
    this.#words.fill(0, at, at + ROW_WORDS);
    this.#words[at + Row.generation] = generation;
    return generation;
  }

  /** Sends an echo request with `size` bytes; the answer goes to `handler`. */
  ping(
    request: number,
    local: Address,
    remote: Address,
    size: number,
    hopLimit: number,
    handler: PingHandler,
  ): void {
    this.#pings.set(request, handler);
    const at = this.#commands.begin(Command.ping, request, 0);
    const words = this.#commands.target;
    words[at + Field.port] = hopLimit;
    words[at + Field.value] = size;
    putAddress(words, at + Field.address, remote);
    putAddress(words, at + Field.localAddress, local);
    this.#commands.finish(true);
  }

  /** Forgets an echo request. */
  cancelPing(request: number): void {
    if (!this.#pings.delete(request)) return;
    this.#commands.begin(Command.cancelPing, request, 0);
    this.#commands.finish(true);
  }

  /** A command about a connection. */
  command(op: number, endpoint: Endpoint): void {
    this.#commands.begin(op, endpoint.row, endpoint.generation);
    this.#commands.finish(true);
  }

  /** Sets an option of a connection. */
  option(endpoint: Endpoint, option: number, value: number): void {
    const at = this.#commands.begin(Command.option, endpoint.row, endpoint.generation);
    this.#commands.target[at + Field.port] = option;
    this.#commands.target[at + Field.value] = value;
    this.#commands.finish(true);
  }

  /** The endpoint has read or written; `loud` when the TCP stage should look soon. */
  news(endpoint: Endpoint | DatagramEndpoint, loud: boolean): void {
    const word = this.layout.row(endpoint.row) + Row.newsForTcp;
    if (Atomics.exchange(this.#words, word, 1) === 0) {
      this.#commands.begin(Command.news, endpoint.row, endpoint.generation);
      this.#commands.finish(loud);
    } else if (loud) {
      this.#commands.finish(true);
    }
  }

  /** Closes everything; `onStopped` hears of the end. */
  shutdown(): void {
    this.#commands.begin(Command.shutdown, 0, 0);
    this.#commands.finish(true);
  }

  /** Resets what a shutdown has left; `onStopped` hears of it. */
  abortAll(): void {
    this.#commands.begin(Command.abortAll, 0, 0);
    this.#commands.finish(true);
  }

  /** Calls the endpoint again when more of the send memory is free. */
  awaitSendMemory(endpoint: MemoryWaiter): void {
    this.#memoryWaiters.add(endpoint);
    this.#freeWhenWaiting = this.pool.free;
  }

  /** Lets the process end if nobody waits any more, after the current turn. */
  settleSoon(): void {
    this.#commands.flushSoon();
  }

  /** Nothing is sent or received any more; every pending call gets `error`. */
  fail(error: Error): void {
    for (const endpoint of this.#endpoints.values()) endpoint.fail(error);
    this.close();
  }

  /** Takes no more events and sends no more commands. */
  close(): void {
    this.#closed = true;
    this.#commands.close();
    for (const { ended } of this.#flows.values()) ended();
    this.#endpoints.clear();
    this.#datagrams.clear();
    this.#connects.clear();
    this.#pings.clear();
    this.#listeners.clear();
    Atomics.store(this.#words, this.layout.control + Control.appBell, 0);
    Atomics.notify(this.#words, this.layout.control + Control.appBell);
  }

  /**
   * Takes all waiting events; true when there were any. Within itself, when a viewer of the trace asks for
   * statistics, it does nothing.
   */
  pump(): boolean {
    if (this.#pumping || this.#closed) return false;
    this.#pumping = true;
    try {
      this.#onTrace?.();
      return this.#takeEvents();
    } finally {
      this.#pumping = false;
    }
  }

  #takeEvents(): boolean {
    const { words } = this.#events;
    let at = this.#events.next();
    if (at < 0) return false;
    for (; at >= 0; at = this.#events.next()) this.#onEvent(words, at);
    this.#events.release();
    this.#wakeMemoryWaiters();
    this.#commands.flushSoon();
    return true;
  }

  #pumpInline(): void {
    queueMicrotask(() => {
      if (this.#closed) return;
      this.pump();
      this.#pipeline.appBell.announceSleep();
      if (this.#events.hasNext()) this.#pumpInline();
    });
  }

  /** Sleeps on the application's bell between batches of events. */
  async #watch(): Promise<void> {
    const bell = this.#pipeline.appBell;
    while (!this.#closed) {
      if (this.pump()) {
        // Let what the events have resolved run before looking again: it may make work for the stage.
        await null;
        continue;
      }
      bell.announceSleep();
      if (this.#events.hasNext()) {
        bell.announceAwake();
        continue;
      }
      const sleep = bell.sleepAsync();
      if (sleep !== null) await sleep;
    }
  }

  #onEvent(words: Int32Array, at: number): void {
    const row = words[at + Field.row];
    const name = words[at + Field.request];
    switch (words[at + Field.op]) {
      case Event.news: {
        Atomics.store(words, this.layout.row(row) + Row.newsForApp, 0);
        const endpoint = this.#endpoints.get(row) ?? this.#datagrams.get(row);
        if (endpoint?.generation === words[at + Field.generation]) endpoint.onNews();
        return;
      }
      case Event.accepted: {
        const endpoint = this.#adopt(row, words[at + Field.generation]);
        const handler = this.#listeners.get(name);
        // The listener was closed while the connection was on its way.
        if (handler === undefined) endpoint.abort();
        else handler.accepted(endpoint);
        return;
      }
      case Event.connected: {
        const endpoint = this.#adopt(row, words[at + Field.generation]);
        const handler = this.#connects.get(name);
        this.#connects.delete(name);
        if (handler === undefined) endpoint.abort();
        else handler.connected(endpoint);
        return;
      }
      case Event.connectFailed: {
        const handler = this.#connects.get(name);
        this.#connects.delete(name);
        handler?.failed(words[at + Field.result] as ConnectionError);
        return;
      }
      case Event.ended:
        this.#onEnded(row, words[at + Field.generation]);
        return;
      case Event.pinged:
        this.#onPinged(words, at, name);
        return;
      case Event.flow:
        return this.#onFlow(row, words[at + Field.generation], name);
      case Event.flowEnded: {
        const flow = this.#flows.get(row);
        if (flow?.generation === words[at + Field.generation]) flow.ended();
        return;
      }
      case Event.stopped:
        this.#onStopped();
        return;
    }
  }

  #onPinged(words: Int32Array, at: number, request: number): void {
    const handler = this.#pings.get(request);
    this.#pings.delete(request);
    const error = words[at + Field.result] as ConnectionError;
    if (error === ConnectionError.none) {
      handler?.answered(words[at + Field.rttUs], words[at + Field.hops]);
    } else {
      handler?.failed(error, words[at + Field.icmp]);
    }
  }

  #onFlow(id: number, generation: number, forward: number): void {
    const handler = this.#flowHandlers.get(forward);
    if (handler === undefined) {
      this.refuseFlow(id, generation, FlowEnd.drop);
      return;
    }
    const at = this.layout.flows + id * FLOW_WORDS;
    const words = this.#words;
    const ports = words[at + 8];
    const name: OfferedFlow = {
      port: this,
      id,
      generation,
      local: flowAddr(getAddress(words, at), ports >>> 16),
      remote: flowAddr(getAddress(words, at + 4), ports & 0xffff),
    };
    // The handler may decide at once, or close the forward: then there is nothing to remember.
    let isOver = false;
    this.#flows.set(id, { forward, generation, ended: () => isOver = true });
    const ended = handler(name);
    if (isOver) ended();
    else if (this.#flows.has(id)) this.#flows.set(id, { forward, generation, ended });
  }

  #onEnded(row: number, generation: number): void {
    const endpoint = this.#datagrams.get(row) ?? this.#endpoints.get(row);
    if (endpoint?.generation !== generation) return;
    endpoint.dispose();
    if (this.#datagrams.delete(row)) this.#freeSocketRows.push(row);
    else this.#endpoints.delete(row);
  }

  #adopt(row: number, generation: number): Endpoint {
    const endpoint = new Endpoint(this, this.layout, this.#memory, row, generation);
    this.#endpoints.set(row, endpoint);
    return endpoint;
  }

  #wakeMemoryWaiters(): void {
    if (this.#memoryWaiters.size === 0 || this.pool.free <= this.#freeWhenWaiting) return;
    const waiters = [...this.#memoryWaiters];
    this.#memoryWaiters.clear();
    for (const endpoint of waiters) endpoint.resumeWrites();
  }
}

function getAddress(words: Int32Array, at: number): Address {
  return { w0: words[at], w1: words[at + 1], w2: words[at + 2], w3: words[at + 3] };
}

function putAddress(words: Int32Array, at: number, address: Address): void {
  words[at] = address.w0;
  words[at + 1] = address.w1;
  words[at + 2] = address.w2;
  words[at + 3] = address.w3;
}
