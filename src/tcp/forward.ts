/**
 * Flows to destinations that are not the stack's (`forward`): a SYN that no connection and no listener is for
 * is shown to the application, which decides before the handshake goes on. Until then there is no connection,
 * only a request with the SYN in it (request_table.ts), and the peer, which hears nothing, sends its SYN again.
 *
 * ```text
 *   SYN ─▶ offered ──▶ accepted ─▶ SYN-RECEIVED, SYN-ACK
 *             │   └──▶ refused ──▶ RST, "destination unreachable" or nothing
 *             └──────▶ ended (too late, or the peer has given up), and then refused to free its number
 * ```
 */

import { Counter, type Counters } from "../base/counters.ts";
import { Drop } from "../base/drops.ts";
import type { Random } from "../base/random.ts";
import type { Seq } from "../base/seq.ts";
import { FLOWS_MAX } from "../ring/layout.ts";
import { ConnectionError } from "../ring/row.ts";
import { Flag, Segment } from "../wire/segment.ts";
import { type Connection, type FourTuple, Owner } from "./connection.ts";
import type { TcpConfig } from "./config.ts";
import type { ForwardFilter } from "./forward_filter.ts";
import type { Handshakes } from "./handshake.ts";
import { Listener } from "./listener.ts";
import type { TcpEvents } from "./parts.ts";
import { Ends, RequestTable } from "./request_table.ts";
import { State } from "./state.ts";

/** What the engine does for flows. */
export interface ForwardHost {
  readonly config: TcpConfig;
  readonly counters: Counters;
  readonly handshakes: Handshakes;
  /** Whether no connection has these ends. */
  isFree(ends: FourTuple): boolean;
  /** Answers a segment with an RST that takes its numbers from it. */
  refuse(segment: Segment, nowUs: number): void;
  /** The connection has something to send. */
  touch(conn: Connection): void;
}

/** One `forward` of the application. The listener speaks for it in the request table; nobody listens by it. */
class Forward {
  readonly filter: ForwardFilter;
  readonly takesOwn: boolean;
  readonly decisionUs: number;
  readonly listener: Listener;

  constructor(filter: ForwardFilter, takesOwn: boolean, decisionUs: number, listener: Listener) {
    this.filter = filter;
    this.takesOwn = takesOwn;
    this.decisionUs = decisionUs;
    this.listener = listener;
  }
}

/** The forwards of one engine, and the flows that wait for their decision. */
export class Forwarding {
  readonly #host: ForwardHost;
  readonly #events: TcpEvents;
  readonly #random: Random;
  readonly #forwards: Forward[] = [];
  /** Made with the first forward: most engines have none. */
  #requests: RequestTable | null = null;
  /** Of each number, how often it was used: tells a decision about an earlier flow apart. */
  readonly #generations = new Map<number, number>();
  readonly #ends = new Ends();
  readonly #syn = new Segment();

  constructor(host: ForwardHost, events: TcpEvents, random: Random) {
    this.#host = host;
    this.#events = events;
    this.#random = random;
  }

  /** Flows that wait for a decision, and those that ended undecided and are not freed yet. */
  get size(): number {
    return this.#requests?.size ?? 0;
  }

  /** Takes flows that `filter` lets through, at most `pendingMax` undecided at once. */
  open(
    id: number,
    filter: ForwardFilter,
    takesOwn: boolean,
    pendingMax: number,
    decisionUs: number,
    nowUs: number,
  ): void {
    this.#requests ??= new RequestTable(FLOWS_MAX, this.#random, nowUs);
    const listener = new Listener(id, [0, 0, 0, 0], 0, pendingMax);
    this.#forwards.push(new Forward(filter, takesOwn, decisionUs, listener));
  }

  /** Takes no more flows; those that wait end undecided, without a word to their peers. */
  close(id: number): void {
    const index = this.#forwards.findIndex(({ listener }) => listener.id === id);
    if (index < 0) return;
    const [{ listener }] = this.#forwards.splice(index, 1);
    for (const flow of this.#requests!.of(listener)) this.#end(flow);
  }

  /** Whether a forward would take a SYN like this now. */
  hasRoomFor(segment: Segment): boolean {
    return this.#find(segment)?.listener.hasHandshakeRoom ?? false;
  }

  /**
   * Deals with a segment for which there is neither a connection nor a listener, if it is the business of a
   * forward. What is not is answered as if there were none. `iss` is as in {@link Handshakes.onSyn}.
   */
  takes(segment: Segment, iss: Seq | null, nowUs: number): boolean {
    if (this.#forwards.length === 0 && !segment.foreign) return false;
    const forward = this.#find(segment);
    if (forward === null) {
      if (!segment.foreign) return false;
      const isOpen = this.#forwards.length > 0;
      this.#host.counters.drop(isOpen ? Drop.forwardFiltered : Drop.ipDestinationForeign);
      return true;
    }
    const flow = this.#requests!.find(segment);
    const flags = segment.flags & (Flag.SYN | Flag.ACK | Flag.RST);
    if (flow >= 0) {
      this.#onUndecided(flow, flags);
      return true;
    }
    if (flags !== Flag.SYN) return false;
    this.#offer(forward, segment, iss, nowUs);
    return true;
  }

  #find(segment: Segment): Forward | null {
    const { dst0, dst1, dst2, dst3, dstPort, foreign } = segment;
    for (let i = 0; i < this.#forwards.length; i++) {
      const forward = this.#forwards[i];
      if (!foreign && !forward.takesOwn) continue;
      if (forward.filter.lets(dst0, dst1, dst2, dst3, dstPort)) return forward;
    }
    return null;
  }

  /** A peer that sends anything but its SYN again has given up, or was never in earnest. */
  #onUndecided(flow: number, flags: number): void {
    this.#host.counters.drop(Drop.forwardUndecided);
    if (flags !== Flag.SYN) this.#end(flow);
  }

  #offer(forward: Forward, syn: Segment, iss: Seq | null, nowUs: number): void {
    const { counters, handshakes } = this.#host;
    const requests = this.#requests!;
    const ends = this.#ends;
    ends.take(syn);
    if (requests.isFull || !forward.listener.hasHandshakeRoom) {
      counters.drop(Drop.forwardPendingFull);
    } else if (!handshakes.addresses.allows(ends)) {
      counters.drop(Drop.tcpAddressLimit);
    } else {
      const first = iss ?? handshakes.isnFor(ends, nowUs);
      const offset = handshakes.cookies.timestampOffset(ends);
      const flow = requests.add(forward.listener, syn, first, offset, nowUs);
      const generation = (this.#generations.get(flow) ?? 0) + 1 | 0;
      this.#generations.set(flow, generation);
      requests.schedule(flow, nowUs + forward.decisionUs);
      counters.count(Counter.flowsOffered);
      this.#events.flow?.(flow, generation, forward.listener.id, syn);
    }
  }

  /** Lets the application know, once, that there is nothing to decide any more. */
  #end(flow: number): void {
    if (this.#requests!.isAcked(flow)) return;
    this.#requests!.markAcked(flow);
    this.#events.flowEnded?.(flow, this.#generations.get(flow)!);
  }

  /** Whether the number still means that flow. */
  #has(flow: number, generation: number): boolean {
    if (this.#requests === null || this.#generations.get(flow) !== generation) return false;
    return this.#requests.has(flow);
  }

  /** The handshake of a flow goes on; the answer comes as that of `connect`. */
  accept(flow: number, generation: number, request: number, nowUs: number): void {
    const { config, counters, handshakes } = this.#host;
    const ended = !this.#has(flow, generation) || this.#requests!.isAcked(flow);
    const requests = this.#requests!;
    if (ended) {
      this.refuse(flow, generation);
      this.#events.connectFailed(request, ConnectionError.timedOut);
      return;
    }
    const ends = this.#ends;
    requests.readEnds(flow, ends);
    requests.readSyn(flow, this.#syn);
    const iss = requests.iss(flow);
    requests.remove(flow);
    const conn = this.#host.isFree(ends)
      ? handshakes.openDecided(ends, this.#syn, iss, nowUs)
      : null;
    if (conn === null) {
      counters.count(Counter.flowsDropped);
      this.#events.connectFailed(request, ConnectionError.tooManyConnections);
      return;
    }
    counters.count(Counter.flowsAccepted);
    conn.owner = Owner.application;
    conn.request = request;
    conn.synRetries = config.synAckRetries;
    this.#events.stateChanged(conn, State.LISTEN);
    this.#host.touch(conn);
  }

  /** Forgets a flow without a word. */
  refuse(flow: number, generation: number): void {
    if (!this.#has(flow, generation)) return;
    if (!this.#requests!.isAcked(flow)) this.#host.counters.count(Counter.flowsDropped);
    this.#requests!.remove(flow);
  }

  /**
   * Forgets a flow that the caller answers: its SYN, which is there until the next call, or null when the flow
   * has ended already.
   */
  takeRejected(flow: number, generation: number): Segment | null {
    if (!this.#has(flow, generation)) return null;
    const requests = this.#requests!;
    const ended = requests.isAcked(flow);
    requests.readEnds(flow, this.#ends);
    requests.readSyn(flow, this.#syn);
    requests.remove(flow);
    if (ended) return null;
    this.#host.counters.count(Counter.flowsRejected);
    turnToSyn(this.#syn, this.#ends);
    return this.#syn;
  }

  /** Refuses a flow with an RST. */
  reset(flow: number, generation: number, nowUs: number): void {
    const syn = this.takeRejected(flow, generation);
    if (syn !== null) this.#host.refuse(syn, nowUs);
  }

  /** Ends flows that were not decided in time. */
  expire(nowUs: number): void {
    if (this.#requests === null) return;
    for (let id = this.#requests.expire(nowUs); id >= 0; id = this.#requests.expire(nowUs)) {
      if (this.#requests.isAcked(id)) continue;
      this.#host.counters.drop(Drop.forwardTimedOut);
      this.#end(id);
    }
  }

  /** When the next flow will have waited long enough; `Infinity` when none waits. */
  nextExpiry(): number {
    return this.#requests === null ? Infinity : this.#requests.nextExpiry();
  }
}

/** Makes a segment that has the numbers and options of a SYN that SYN, with its ends and without text. */
function turnToSyn(syn: Segment, ends: Ends): void {
  syn.src0 = ends.remote0;
  syn.src1 = ends.remote1;
  syn.src2 = ends.remote2;
  syn.src3 = ends.remote3;
  syn.dst0 = ends.local0;
  syn.dst1 = ends.local1;
  syn.dst2 = ends.local2;
  syn.dst3 = ends.local3;
  syn.srcPort = ends.remotePort;
  syn.dstPort = ends.localPort;
  syn.payloadLength = 0;
}
