import { type Address, addressText } from "../base/address.ts";
import type { Clock } from "../base/clock.ts";
import type { Counters } from "../base/counters.ts";
import { Drop } from "../base/drops.ts";
import { DATAGRAM_HEADER_BYTES, DatagramWord } from "../ring/datagram.ts";
import type { UdpConfig } from "../udp/config.ts";
import type { DatagramEndpoint } from "./datagram_endpoint.ts";
import { interrupted, messageTooLong } from "./errors.ts";

/** Datagrams of one flow that wait to be received; more of them are dropped, `forwardQueueFull`. */
const QUEUE_DATAGRAMS = 64;
/** Payload that waits in all flows of a forward in one pipeline; what would be more is dropped in the same way. */
const QUEUES_MAX_BYTES = 16 << 20;
/** Most payload of a datagram over IPv4, which is a little less than over IPv6. */
const PAYLOAD_MAX_BYTES = 65_507;

/** What the flows of one forward in one pipeline have in common. */
export interface UdpFlowParts {
  readonly clock: Clock;
  readonly config: UdpConfig;
  readonly counters: Counters;
  readonly flowsMax: number;
  readonly idleUs: number;
  /** Tells the sender of a flow that it is not taken: a code of "destination unreachable". */
  refuse(
    local: Address,
    localPort: number,
    remote: Address,
    remotePort: number,
    code: number,
  ): void;
  /** A flow that is new. */
  offer(flow: UdpFlowState): void;
}

/** A datagram that has found no room to be queued. */
interface PendingSend {
  readonly flow: UdpFlowState;
  readonly header: Uint8Array;
  readonly payload: Uint8Array;
  readonly resolve: (count: number) => void;
  readonly reject: (error: Error) => void;
}

/** One flow: datagrams between a source and a foreign destination. */
export class UdpFlowState {
  readonly local: Address;
  readonly remote: Address;
  readonly ports: number;
  readonly key: string;
  readonly flows: UdpFlows;
  /** When something last went through it, microseconds. */
  usedAtUs: number;
  ended: Error | null = null;
  readonly #queue: Uint8Array<ArrayBuffer>[] = [];
  readonly #waiting: PromiseWithResolvers<Uint8Array<ArrayBuffer>>[] = [];

  constructor(flows: UdpFlows, key: string, header: Int32Array, nowUs: number) {
    this.flows = flows;
    this.key = key;
    this.ports = header[DatagramWord.ports];
    this.local = addressAt(header, DatagramWord.destination);
    this.remote = addressAt(header, DatagramWord.source);
    this.usedAtUs = nowUs;
  }

  get localAddr(): Deno.NetAddr {
    const port = this.ports & 0xffff;
    return { transport: "udp", hostname: addressText(this.local), port };
  }

  get remoteAddr(): Deno.NetAddr {
    return { transport: "udp", hostname: addressText(this.remote), port: this.ports >>> 16 };
  }

  /** Takes a datagram from the source; false when too many wait. */
  take(payload: Uint8Array<ArrayBuffer>): boolean {
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) {
      waiting.resolve(payload);
      return true;
    }
    const { flows } = this;
    if (this.#queue.length >= QUEUE_DATAGRAMS) return false;
    if (flows.queuedBytes + payload.length > QUEUES_MAX_BYTES) return false;
    flows.queuedBytes += payload.length;
    this.#queue.push(payload);
    return true;
  }

  receive(): Promise<Uint8Array<ArrayBuffer>> {
    const payload = this.#queue.shift();
    if (payload !== undefined) {
      if (this.ended === null) this.flows.queuedBytes -= payload.length;
      return Promise.resolve(payload);
    }
    if (this.ended !== null) return Promise.reject(this.ended);
    const waiting = Promise.withResolvers<Uint8Array<ArrayBuffer>>();
    this.#waiting.push(waiting);
    return waiting.promise;
  }

  end(error: Error): void {
    if (this.ended !== null) return;
    this.ended = error;
    // What still waits may be received, but it is the application's now: it may have forgotten the flow.
    for (const { length } of this.#queue) this.flows.queuedBytes -= length;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}

/** The flows of one forward in one pipeline, by both ends; those that are idle end. */
export class UdpFlows {
  /** Payload that waits in all open flows. */
  queuedBytes = 0;
  readonly #parts: UdpFlowParts;
  /** In the order of their last use. */
  readonly #flows = new Map<string, UdpFlowState>();
  readonly #header = new Int32Array(DATAGRAM_HEADER_BYTES / 4);
  /** In the order in which they are to go. */
  #sends: PendingSend[] = [];
  #closed = false;
  #endpoint: DatagramEndpoint | null = null;
  #wakeId = -1;

  constructor(parts: UdpFlowParts) {
    this.#parts = parts;
  }

  /** Flows that are open. */
  get size(): number {
    return this.#flows.size;
  }

  /** There is something to receive, or room to send. */
  onNews(endpoint: DatagramEndpoint): void {
    if (this.#closed) return;
    this.#endpoint = endpoint;
    while (endpoint.receiveBytes > 0) this.#deliver(endpoint);
    while (this.#sends.length > 0) {
      const { header, payload, resolve } = this.#sends[0];
      if (!endpoint.send(header, payload, this.#parts.config.sendBufferBytes)) return;
      this.#sends.shift();
      resolve(payload.length);
    }
  }

  #deliver(endpoint: DatagramEndpoint): void {
    const payload = endpoint.receive(null);
    const { header } = endpoint;
    const key = header.subarray(DatagramWord.source, DatagramWord.source + 8).join() + "," +
      header[DatagramWord.ports];
    const { clock, counters } = this.#parts;
    const nowUs = clock.now();
    let flow = this.#flows.get(key);
    if (flow !== undefined) {
      this.#use(flow);
      if (!flow.take(payload)) counters.drop(Drop.forwardQueueFull);
      return;
    }
    if (this.#flows.size >= this.#parts.flowsMax) {
      counters.drop(Drop.forwardFlowsFull);
      return;
    }
    flow = new UdpFlowState(this, key, header, nowUs);
    if (!flow.take(payload)) {
      counters.drop(Drop.forwardQueueFull);
      return;
    }
    this.#flows.set(key, flow);
    if (this.#wakeId < 0) this.#watch();
    this.#parts.offer(flow);
  }

  #use(flow: UdpFlowState): void {
    flow.usedAtUs = this.#parts.clock.now();
    this.#flows.delete(flow.key);
    this.#flows.set(flow.key, flow);
  }

  /** Wakes when the flow that was not used for the longest time may have been idle for long enough. */
  #watch(): void {
    const [oldest] = this.#flows.values();
    const { clock, idleUs } = this.#parts;
    this.#wakeId = oldest === undefined
      ? -1
      : clock.wakeAt(oldest.usedAtUs + idleUs, () => this.#sweep());
  }

  #sweep(): void {
    const { clock, idleUs } = this.#parts;
    const sinceUs = clock.now() - idleUs;
    for (const flow of this.#flows.values()) {
      if (flow.usedAtUs > sinceUs) break;
      this.close(flow, new Deno.errors.BadResource("The flow was idle for too long"));
    }
    this.#watch();
  }

  /** Ends a flow; a datagram that comes after it begins another one. */
  close(flow: UdpFlowState, error: Error): void {
    if (this.#flows.get(flow.key) === flow) this.#flows.delete(flow.key);
    flow.end(error);
    const lost = this.#sends.filter((send) => send.flow === flow);
    if (lost.length === 0) return;
    this.#sends = this.#sends.filter((send) => send.flow !== flow);
    for (const { reject } of lost) reject(error);
  }

  /** Ends all of them, and takes no more. */
  closeAll(error: Error = interrupted()): void {
    this.#closed = true;
    this.#parts.clock.cancelWake(this.#wakeId);
    for (const flow of this.#flows.values()) flow.end(error);
    this.#flows.clear();
    for (const { reject } of this.#sends.splice(0)) reject(error);
  }

  /** Tells the source that its flow is not taken. */
  refuse(flow: UdpFlowState, code: number): void {
    const { local, remote, ports } = flow;
    this.#parts.refuse(local, ports & 0xffff, remote, ports >>> 16, code);
  }

  /** Sends to the source of a flow, from its destination. */
  send(flow: UdpFlowState, payload: Uint8Array): Promise<number> {
    if (flow.ended !== null) return Promise.reject(flow.ended);
    if (payload.length > PAYLOAD_MAX_BYTES) {
      return Promise.reject(messageTooLong(payload.length, PAYLOAD_MAX_BYTES));
    }
    this.#use(flow);
    const header = this.#header;
    header[DatagramWord.length] = payload.length;
    header[DatagramWord.ports] = (flow.ports << 16) | (flow.ports >>> 16);
    header[DatagramWord.hops] = this.#parts.config.hopLimit;
    putAddress(header, DatagramWord.source, flow.local);
    putAddress(header, DatagramWord.destination, flow.remote);
    const bytes = new Uint8Array(header.buffer);
    const { sendBufferBytes } = this.#parts.config;
    const isFirst = this.#sends.length === 0;
    if (isFirst && this.#endpoint!.send(bytes, payload, sendBufferBytes)) {
      return Promise.resolve(payload.length);
    }
    return new Promise((resolve, reject) => {
      const copies = { header: bytes.slice(), payload: payload.slice() };
      this.#sends.push({ flow, ...copies, resolve, reject });
    });
  }
}

function addressAt(words: Int32Array, at: number): Address {
  return { w0: words[at], w1: words[at + 1], w2: words[at + 2], w3: words[at + 3] };
}

function putAddress(words: Int32Array, at: number, { w0, w1, w2, w3 }: Address): void {
  words[at] = w0;
  words[at + 1] = w1;
  words[at + 2] = w2;
  words[at + 3] = w3;
}
