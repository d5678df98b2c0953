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
 *
 * Who forges addresses could fill all places with flows that nobody will go on with. So only so many may be undecided, or
 * accepted and not answered by their peers. A SYN beyond that is answered with a cookie (RFC 4987), and the application is
 * asked when the ACK that brings it back has proved that the peer is there:
 *
 * ```text
 *   SYN ─▶ SYN-ACK with a cookie, forgotten      ACK with the cookie ─▶ offered ──▶ accepted ─▶ ESTABLISHED
 *                                                                         │   └──▶ refused ──▶ RST or nothing
 *                                                                         └──────▶ ended ────▶ RST when it is too late
 * ```
 */

import { Counter, type Counters } from "../base/counters.ts";
import { Drop } from "../base/drops.ts";
import type { Random } from "../base/random.ts";
import { type Seq, seqAdd } from "../base/seq.ts";
import { FLOWS_MAX } from "../ring/layout.ts";
import { ConnectionError } from "../ring/row.ts";
import { Flag, Segment } from "../wire/segment.ts";
import { type Connection, type FourTuple, Owner } from "./connection.ts";
import type { SynCookieMode, TcpConfig } from "./config.ts";
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
  /** Hands a connection in SYN-RECEIVED the ACK that completes its handshake. */
  complete(conn: Connection, ack: Segment, nowUs: number): void;
}

/** How a forward is to be. */
export interface ForwardSettings {
  readonly filter: ForwardFilter;
  /** It takes flows to the stack's own addresses too. */
  readonly takesOwn: boolean;
  /** Flows that may be undecided, or accepted without an answer of their peers; as many again that have proved theirs. */
  readonly pendingMax: number;
  readonly decisionUs: number;
  /** When SYNs are answered with cookies; null: as the stack's listeners do. */
  readonly cookies: SynCookieMode | null;
}

/** Flows whose peers have not proved that they are there may take this much of the table, where there are cookies. */
const UNPROVED_MAX = FLOWS_MAX / 2;

/** What counts the flows of a forward whose peers have proved by a cookie that they are there. */
class ProvedListener extends Listener {}

/** One `forward` of the application. The listeners speak for it in the request table; nobody listens by them. */
class Forward {
  readonly filter: ForwardFilter;
  readonly takesOwn: boolean;
  readonly decisionUs: number;
  readonly cookies: SynCookieMode;
  /** For flows of which there is a SYN alone; it has given the cookies too. */
  readonly listener: Listener;
  /** For those whose peers have brought a cookie back. */
  readonly proved: ProvedListener;
  /** Flows that were accepted and whose peers have not answered yet. */
  opening = 0;

  constructor(id: number, settings: ForwardSettings, cookies: SynCookieMode) {
    const { pendingMax } = settings;
    this.filter = settings.filter;
    this.takesOwn = settings.takesOwn;
    this.decisionUs = settings.decisionUs;
    this.cookies = cookies;
    this.listener = new Listener(id, [0, 0, 0, 0], 0, pendingMax);
    this.proved = new ProvedListener(id, [0, 0, 0, 0], 0, pendingMax);
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
  /** The forwards of flows that were accepted and whose handshakes go on, by the application's request. */
  readonly #opening = new Map<number, Forward>();
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

  /** Takes the flows that the filter of these settings lets through. */
  open(id: number, settings: ForwardSettings, nowUs: number): void {
    this.#requests ??= new RequestTable(FLOWS_MAX, this.#random, nowUs);
    const cookies = settings.cookies ?? this.#host.config.synCookies;
    this.#forwards.push(new Forward(id, settings, cookies));
  }

  /** Takes no more flows; those that wait end undecided, of which a peer that is connected hears by an RST. */
  close(id: number, nowUs: number): void {
    const index = this.#forwards.findIndex(({ listener }) => listener.id === id);
    if (index < 0) return;
    const [{ listener, proved }] = this.#forwards.splice(index, 1);
    for (const flow of this.#requests!.of(listener)) this.#end(flow);
    for (const flow of this.#requests!.of(proved)) this.#endProved(flow, nowUs);
  }

  /** Whether a forward would take a SYN like this now. */
  hasRoomFor(segment: Segment): boolean {
    const forward = this.#find(segment);
    return forward !== null && this.#hasRoom(forward);
  }

  /** Whether one more flow may be remembered of which there is a SYN alone. */
  #hasRoom(forward: Forward): boolean {
    const { listener, opening, cookies } = forward;
    if (listener.handshakes + opening >= listener.backlog) return false;
    const { size, isFull } = this.#requests!;
    if (cookies === "never") return !isFull;
    let unproved = size;
    for (let i = 0; i < this.#forwards.length; i++) unproved -= this.#forwards[i].proved.handshakes;
    return unproved < UNPROVED_MAX;
  }

  /**
   * Deals with a segment of a flow that waits, and with an ACK that brings a cookie back. Both are this engine's, and
   * no business of other queues.
   */
  claims(segment: Segment, nowUs: number): boolean {
    const requests = this.#requests;
    if (requests === null) return false;
    const flow = requests.size === 0 ? -1 : requests.find(segment);
    if (flow >= 0) {
      this.#onUndecided(flow, segment);
      return true;
    }
    if ((segment.flags & (Flag.SYN | Flag.ACK | Flag.RST)) !== Flag.ACK) return false;
    const forward = this.#find(segment);
    return forward !== null && this.#takesCookie(forward, segment, nowUs);
  }

  /**
   * Deals with a segment for which there is neither a connection nor a listener, if it is the business of a
   * forward and {@link Forwarding.claims} has not dealt with it. What is not is answered as if there were none. `iss` is
   * as in {@link Handshakes.onSyn}.
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
    if ((segment.flags & (Flag.SYN | Flag.ACK | Flag.RST)) !== Flag.SYN) return false;
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

  /**
   * A peer that sends anything but its SYN again has given up, or was never in earnest. One that is connected may send
   * what it likes, which comes again; only its RST ends the flow, at exactly the next number (RFC 5961 section 3.2).
   */
  #onUndecided(flow: number, { flags, seq }: Segment): void {
    const requests = this.#requests!;
    this.#host.counters.drop(Drop.forwardUndecided);
    const hasGivenUp = this.#isProved(flow)
      ? (flags & Flag.RST) !== 0 && seq === seqAdd(requests.irs(flow), 1)
      : (flags & (Flag.SYN | Flag.ACK | Flag.RST)) !== Flag.SYN;
    if (hasGivenUp) this.#end(flow);
  }

  #offer(forward: Forward, syn: Segment, iss: Seq | null, nowUs: number): void {
    const { counters, handshakes } = this.#host;
    const { listener, cookies } = forward;
    const ends = this.#ends;
    ends.take(syn);
    const isFull = !this.#hasRoom(forward);
    const cookie = iss === null && (cookies === "always" || (isFull && cookies !== "never"));
    if (isFull && !cookie) {
      counters.drop(Drop.forwardPendingFull);
    } else if (!handshakes.addresses.allows(ends)) {
      counters.drop(Drop.tcpAddressLimit);
    } else if (cookie) {
      handshakes.answerWithCookie(listener, syn, nowUs);
    } else {
      const offset = handshakes.cookies.timestampOffset(ends);
      this.#show(forward, listener, syn, iss ?? handshakes.isnFor(ends, nowUs), offset, nowUs);
    }
  }

  /** Whether an ACK brings a cookie of this forward back: then the flow is shown. */
  #takesCookie(forward: Forward, ack: Segment, nowUs: number): boolean {
    const { counters, handshakes } = this.#host;
    const { listener, proved, cookies } = forward;
    const syn = this.#syn;
    if (cookies === "never" || !handshakes.readCookie(listener, ack, syn, nowUs)) return false;
    const ends = this.#ends;
    ends.take(ack);
    if (this.#requests!.isFull || !proved.hasHandshakeRoom) {
      counters.drop(Drop.forwardPendingFull);
    } else if (!handshakes.addresses.allows(ends)) {
      counters.drop(Drop.tcpAddressLimit);
    } else {
      const offset = handshakes.cookies.offsetSeen(ack, ends, nowUs);
      addressFrom(syn, ends);
      this.#show(forward, proved, syn, seqAdd(ack.ack, -1), offset, nowUs);
    }
    return true;
  }

  #show(
    forward: Forward,
    listener: Listener,
    syn: Segment,
    iss: Seq,
    timestampOffset: number,
    nowUs: number,
  ): void {
    const requests = this.#requests!;
    const flow = requests.add(listener, syn, iss, timestampOffset, nowUs);
    const generation = (this.#generations.get(flow) ?? 0) + 1 | 0;
    this.#generations.set(flow, generation);
    requests.schedule(flow, nowUs + forward.decisionUs);
    this.#host.counters.count(Counter.flowsOffered);
    this.#events.flow?.(flow, generation, listener.id, syn);
  }

  /** Ends a flow whose peer is connected, which hears of it. */
  #endProved(flow: number, nowUs: number): void {
    if (this.#requests!.isAcked(flow)) return;
    this.#readLast(flow);
    this.#host.refuse(this.#syn, nowUs);
    this.#end(flow);
  }

  /** Whether the peer of a flow has proved that it is there: for it there is a connection. */
  #isProved(flow: number): boolean {
    return this.#requests!.listener(flow) instanceof ProvedListener;
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

  /** The handshake of a flow goes on, or is over; the answer comes as that of `connect`. */
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
    const offset = requests.timestampOffset(flow);
    const listener = requests.listener(flow);
    const proved = this.#isProved(flow);
    requests.remove(flow);
    const conn = !this.#host.isFree(ends)
      ? null
      : proved
      ? handshakes.openProved(ends, this.#syn, iss, offset, nowUs)
      : handshakes.openDecided(ends, this.#syn, iss, nowUs);
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
    if (proved) {
      turnToAck(this.#syn, ends, iss);
      this.#host.complete(conn, this.#syn, nowUs);
      return;
    }
    this.#host.touch(conn);
    const forward = this.#forwards.find((each) => each.listener === listener);
    if (forward === undefined) return;
    forward.opening++;
    this.#opening.set(request, forward);
  }

  /** The handshake of the connection of a request is over, for better or worse. */
  onHandshakeOver(request: number): void {
    const forward = this.#opening.get(request);
    if (forward === undefined) return;
    this.#opening.delete(request);
    forward.opening--;
  }

  /** Forgets a flow without a word. */
  refuse(flow: number, generation: number): void {
    if (!this.#has(flow, generation)) return;
    if (!this.#requests!.isAcked(flow)) this.#host.counters.count(Counter.flowsDropped);
    this.#requests!.remove(flow);
  }

  /**
   * Forgets a flow that the caller answers: the peer's SYN, or its ACK where there is a connection for it, which is there
   * until the next call; or null when the flow has ended already.
   */
  takeRejected(flow: number, generation: number): Segment | null {
    if (!this.#has(flow, generation)) return null;
    const requests = this.#requests!;
    const ended = requests.isAcked(flow);
    this.#readLast(flow);
    requests.remove(flow);
    if (ended) return null;
    this.#host.counters.count(Counter.flowsRejected);
    return this.#syn;
  }

  /** Reads what the peer of a flow has sent last: its SYN, or the ACK that has brought the cookie back. */
  #readLast(flow: number): void {
    const requests = this.#requests!;
    requests.readEnds(flow, this.#ends);
    requests.readSyn(flow, this.#syn);
    if (this.#isProved(flow)) turnToAck(this.#syn, this.#ends, requests.iss(flow));
    else addressFrom(this.#syn, this.#ends);
  }

  /** Whether there is a connection for the peer of a flow, which an RST alone can end. */
  isConnected(flow: number, generation: number): boolean {
    return this.#has(flow, generation) && this.#isProved(flow);
  }

  /** Refuses a flow with an RST. */
  reset(flow: number, generation: number, nowUs: number): void {
    const last = this.takeRejected(flow, generation);
    if (last !== null) this.#host.refuse(last, nowUs);
  }

  /** Ends flows that were not decided in time. */
  expire(nowUs: number): void {
    if (this.#requests === null) return;
    for (let id = this.#requests.expire(nowUs); id >= 0; id = this.#requests.expire(nowUs)) {
      if (this.#requests.isAcked(id)) continue;
      this.#host.counters.drop(Drop.forwardTimedOut);
      if (this.#isProved(id)) this.#endProved(id, nowUs);
      else this.#end(id);
    }
  }

  /** When the next flow will have waited long enough; `Infinity` when none waits. */
  nextExpiry(): number {
    return this.#requests === null ? Infinity : this.#requests.nextExpiry();
  }
}

/** Gives a segment that has the numbers and options of a SYN its ends, and no text. */
function addressFrom(syn: Segment, ends: Ends): void {
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

/** Makes the ACK of a SYN that completes the handshake; without options it says nothing about the way. */
function turnToAck(syn: Segment, ends: Ends, iss: Seq): void {
  addressFrom(syn, ends);
  syn.seq = seqAdd(syn.seq, 1);
  syn.ack = seqAdd(iss, 1);
  syn.flags = Flag.ACK;
  syn.options = 0;
}
