/**
 * The TCP engine: finds the connection of each segment, lets the state machine decide, does what it
 * says, and keeps the work lists. The only owner of every connection's state.
 *
 * One round of work is: `input` for each segment, commands of the application, `expire` for the timers,
 * then `flush`, in which each connection that was touched sends what it may and reports to its row.
 */

import { Counter, type Counters } from "../base/counters.ts";
import { Drop } from "../base/drops.ts";
import type { Random } from "../base/random.ts";
import { seqAdd, seqInRange } from "../base/seq.ts";
import { ConnectionError } from "../ring/row.ts";
import { Flag, type Segment } from "../wire/segment.ts";
import { AnswerLimits } from "./challenge.ts";
import type { TcpConfig } from "./config.ts";
import { Closing, letGo, queueFin } from "./closing.ts";
import { type Connection, type FourTuple, Owner } from "./connection.ts";
import { ActiveFastOpen, FastOpenClient, isOpenEarly } from "./fast_open.ts";
import { type ForwardHost, Forwarding } from "./forward.ts";
import { Claim, type HandshakeHost, Handshakes } from "./handshake.ts";
import { isFragmentationNeeded, takeIcmpError } from "./icmp_error.ts";
import { abort, end } from "./ending.ts";
import { onSegment } from "./input.ts";
import { Listener, ListenerTable } from "./listener.ts";
import { Outcome } from "./outcome.ts";
import {
  output,
  sendAck,
  sendKeepalive,
  sendLossProbe,
  sendOldest,
  sendProbe,
  sendReset,
  sendResetFor,
  sendSyn,
} from "./output.ts";
import { PathMtuCache } from "./path_mtu.ts";
import { reportAddresses, reportNews, reportProgress } from "./report.ts";
import type { SegmentSink } from "./sink.ts";
import type { Handover, TcpEvents, TcpParts } from "./parts.ts";
import { ephemeralPort } from "./ports.ts";
import { State } from "./state.ts";
import { TimeWaitList } from "./time_wait.ts";
import { onTimer, updateDeadline } from "./timers.ts";
import { ConnectionTable } from "./table.ts";
import { TimerWheel } from "./wheel.ts";
import { afterRead } from "./window.ts";

/** Timers of one round of work: with hundreds of thousands due at once, input gets its turn between. */
const EXPIRIES_PER_ROUND = 512;

/** The engine of one pipeline. */
export class Tcp implements HandshakeHost, ForwardHost {
  readonly config: TcpConfig;
  readonly counters: Counters;
  readonly sink: SegmentSink;
  readonly mtu: number;
  readonly listeners: ListenerTable = new ListenerTable();
  /** The client's side of Fast Open. */
  readonly fastOpen: FastOpenClient;
  /** Handshakes in progress at listeners, and flows that nobody has decided on: no connections yet. */
  readonly handshakes: Handshakes;
  readonly forwarding: Forwarding;
  readonly #limits: AnswerLimits;
  readonly #words: Int32Array;
  readonly #events: TcpEvents;
  readonly #random: Random;
  readonly #handover: Handover | null;
  readonly #table: ConnectionTable;
  readonly #wheel: TimerWheel;
  readonly #dirty: Connection[] = [];
  #dirtyCount = 0;
  readonly #pathMtus = new PathMtuCache();
  readonly #timeWait = new TimeWaitList((row) => this.#table.get(row));

  constructor(parts: TcpParts) {
    this.config = parts.config;
    this.counters = parts.counters;
    this.sink = parts.sink;
    this.mtu = parts.sink.mtu;
    this.#words = parts.layout.words;
    this.#events = parts.events;
    this.#random = parts.random;
    this.#handover = parts.handover ?? null;
    this.#table = new ConnectionTable(parts);
    this.#wheel = new TimerWheel(this.#table.capacity, parts.nowUs, this.#table.limit);
    this.handshakes = new Handshakes(this, parts, parts.random);
    this.forwarding = new Forwarding(this, parts.events, parts.random);
    this.fastOpen = new FastOpenClient(parts.config, parts.counters);
    this.#limits = new AnswerLimits(parts.config, parts.counters, parts.random);
  }

  /** Connections in any state, TIME-WAIT included. */
  get connectionCount(): number {
    return this.#table.size;
  }

  /** Connections in TIME-WAIT. */
  get timeWaitCount(): number {
    return this.#timeWait.size;
  }

  /** Connections that are packed away because nothing happens on them (dormant.ts). */
  get dormantCount(): number {
    return this.#table.dormantCount;
  }

  /** The connection in this row if it is still the one of that generation. */
  connection(row: number, generation: number): Connection | null {
    const conn = this.#table.get(row);
    return conn?.generation === generation ? conn : null;
  }

  /** Takes one decoded segment in. */
  input(segment: Segment, nowUs: number): void {
    this.counters.add(
      Counter.segmentsIn,
      segment.gsoSize > 0 ? Math.ceil(segment.payloadLength / segment.gsoSize) : 1,
    );
    const conn = this.#table.findFor(segment);
    if (conn === null) this.#onNoConnection(segment, nowUs);
    else this.#take(conn, segment, nowUs);
  }

  #take(conn: Connection, segment: Segment, nowUs: number): void {
    const before = conn.state;
    let outcome = onSegment(conn, segment, nowUs, this);
    if (outcome === Outcome.reopen) {
      if (this.#reopen(conn, segment, nowUs)) return;
      // Nobody would take the new connection, so the old one is not given up for it.
      outcome = Outcome.challenge;
    }
    this.#act(conn, outcome, segment, nowUs);
    this.#settle(conn, before, nowUs);
  }

  /** Section 3.10.7.1 (CLOSED) and 3.10.7.2 (LISTEN). */
  #onNoConnection(segment: Segment, nowUs: number): void {
    const { flags } = segment;
    const listener = this.listeners.findFor(segment);
    const claim = this.handshakes.claim(listener, segment, nowUs);
    if (claim === Claim.made) this.#take(this.handshakes.made!, segment, nowUs);
    if (claim !== Claim.none) return;
    if (listener === null && this.forwarding.claims(segment, nowUs)) return;
    const isSyn = (flags & Flag.SYN) !== 0 && (flags & Flag.ACK) === 0;
    if (!isSyn && this.#handover !== null && this.#handover.offer(segment)) return;
    if (listener === null && this.forwarding.takes(segment, null, nowUs)) return;
    if ((flags & Flag.RST) !== 0) return this.counters.drop(Drop.tcpNoConnection);
    if (listener !== null && (flags & (Flag.SYN | Flag.ACK)) === 0) {
      // Section 3.10.7.2, fourth: it answers nothing that was sent, and so it gets no answer.
      this.counters.drop(Drop.tcpFlagsInvalid);
      return;
    }
    if (listener === null || !isSyn) {
      this.counters.drop(Drop.tcpNoConnection);
      this.refuse(segment, nowUs);
      return;
    }
    this.#onSyn(listener, segment, null, nowUs);
  }

  complete(conn: Connection, ack: Segment, nowUs: number): void {
    this.#take(conn, ack, nowUs);
  }

  refuse(segment: Segment, nowUs: number): void {
    if (this.#limits.allowsReset(nowUs)) sendResetFor(segment, this);
  }

  /** A new SYN for a connection in TIME-WAIT (RFC 9293 section 3.10.7.4, RFC 6191), if somebody takes it. */
  #reopen(old: Connection, segment: Segment, nowUs: number): boolean {
    const listener = this.listeners.findFor(segment);
    if (!(listener?.hasAcceptRoom ?? this.forwarding.hasRoomFor(segment))) return false;
    const before = old.state;
    end(old, ConnectionError.none);
    this.#settle(old, before, nowUs);
    const iss = seqAdd(old.sndMax, REOPEN_GAP);
    if (listener === null) this.forwarding.takes(segment, iss, nowUs);
    else this.#onSyn(listener, segment, iss, nowUs);
    return true;
  }

  /** A connection request for a listener. */
  #onSyn(listener: Listener, segment: Segment, iss: number | null, nowUs: number): void {
    const conn = this.handshakes.onSyn(listener, segment, iss, nowUs);
    if (conn === null) return;
    this.touch(conn);
    this.#accept(listener, conn);
  }

  /**
   * Opens a connection actively; the answer comes as an event. `localPort` 0 picks one. With `fastOpen` and a
   * cookie the answer comes at once, and the SYN is sent with the first data (RFC 7413).
   */
  connect(
    request: number,
    tuple: FourTuple,
    nowUs: number,
    fastOpen: ActiveFastOpen = ActiveFastOpen.no,
  ): void {
    let localPort = tuple.localPort;
    if (localPort === 0) {
      const isFree = (port: number) =>
        !this.listeners.hasPort(port) && this.#table.isFree(tuple, port);
      localPort = ephemeralPort(this.#random, isFree);
    } else if (!this.#table.isFree(tuple, localPort)) {
      localPort = 0;
    }
    if (localPort === 0) {
      this.#events.connectFailed(request, ConnectionError.addressNotAvailable);
      return;
    }
    const conn = this.create({ ...tuple, localPort }, nowUs);
    if (conn === null) {
      this.counters.drop(Drop.tcpConnectionLimit);
      this.#events.connectFailed(request, ConnectionError.tooManyConnections);
      return;
    }
    this.counters.count(Counter.activeOpens);
    conn.owner = Owner.application;
    conn.request = request;
    conn.state = State.SYN_SENT;
    conn.tsOffset = this.handshakes.cookies.timestampOffset(conn);
    if (fastOpen !== ActiveFastOpen.no) {
      const free = fastOpen === ActiveFastOpen.withoutCookie;
      conn.fastOpen = this.fastOpen.begin(conn, this.mtu, free, nowUs);
    }
    this.#events.stateChanged(conn, State.CLOSED);
    this.touch(conn);
    if (conn.fastOpen === null || !conn.fastOpen.waiting) return;
    conn.request = -1;
    conn.sendLimit = this.config.sendBufferInitialBytes;
    this.#hand(conn);
    this.#events.connected(request, conn);
  }

  /** Forgets a `connect` that the application no longer waits for. */
  cancelConnect(request: number, nowUs: number): void {
    for (const conn of this.#table.awake()) {
      if (conn.request !== request) continue;
      const before = conn.state;
      this.forwarding.onHandshakeOver(request);
      conn.request = -1;
      conn.owner = Owner.none;
      if (before === State.SYN_RECEIVED) sendReset(conn, nowUs, this);
      abort(conn);
      this.#settle(conn, before, nowUs);
      return;
    }
  }

  /** Starts to listen. Returns the port, or a negative {@link ConnectionError}. */
  listen(
    id: number,
    address: readonly number[],
    port: number,
    backlog: number,
    ipv6Only = false,
  ): number {
    let chosen = port;
    if (port === 0) {
      const isFree = (candidate: number) => !this.listeners.hasPort(candidate);
      chosen = ephemeralPort(this.#random, isFree);
      if (chosen === 0) return -ConnectionError.addressInUse;
    }
    const listener = new Listener(id, address, chosen, backlog, ipv6Only);
    return this.listeners.add(listener) ? chosen : -ConnectionError.addressInUse;
  }

  /** Stops listening; connections that nobody accepted are reset, handshakes forgotten. */
  unlisten(id: number, nowUs: number): void {
    const listener = this.listeners.get(id);
    if (listener === undefined) return;
    this.listeners.remove(listener);
    this.handshakes.onUnlisten(listener);
    for (const conn of this.#table.awake()) {
      if (conn.listener !== listener || conn.owner !== Owner.listener) continue;
      const before = conn.state;
      // Linux says nothing to those whose handshake is not over: they will hear it when they go on.
      if (before !== State.SYN_RECEIVED) sendReset(conn, nowUs, this);
      abort(conn);
      this.#settle(conn, before, nowUs);
    }
  }

  /** The application has accepted one connection of a listener. */
  acceptTaken(id: number): void {
    const listener = this.listeners.get(id);
    if (listener !== undefined && listener.waiting > 0) listener.waiting--;
  }

  /** The application has read or written. */
  onApplicationNews(conn: Connection, nowUs: number): void {
    this.touch(conn);
    if (conn.send !== null && !conn.finQueued) conn.send.refresh();
    if (conn.receive !== null && conn.owner === Owner.application) {
      conn.receive.reclaim();
      afterRead(conn, conn.receive.readPosition, nowUs, this.config);
    }
  }

  /** The application will write no more (section 3.10.4, for one direction). */
  closeWrite(conn: Connection, nowUs: number): void {
    const before = conn.state;
    if (queueFin(conn)) this.#settle(conn, before, nowUs);
  }

  /** The application lets go of the connection (section 3.10.4). */
  close(conn: Connection, nowUs: number): void {
    if (conn.owner !== Owner.application) return;
    switch (letGo(conn)) {
      case Closing.release:
        return this.#release(conn);
      case Closing.detach:
        return this.#detach(conn);
      case Closing.abort:
        return this.#abort(conn, nowUs);
    }
    if (conn.state === State.FIN_WAIT_2) conn.endAtUs = nowUs + conn.finWait2Us;
    this.closeWrite(conn, nowUs);
    this.touch(conn);
  }

  /** The application ends the connection at once with an RST (section 3.10.5) and lets go of it. */
  abort(conn: Connection, nowUs: number): void {
    if (conn.owner !== Owner.application) return;
    conn.lingerZero = true;
    this.close(conn, nowUs);
  }

  /** Resets every connection that still exchanges something, whoever holds it. */
  abortAll(nowUs: number): void {
    for (const conn of this.#table.all()) {
      const over = conn.state === State.TIME_WAIT || conn.state === State.CLOSED;
      if (!over) this.#abort(conn, nowUs);
    }
  }

  #abort(conn: Connection, nowUs: number): void {
    const before = conn.state;
    if (before !== State.TIME_WAIT && before !== State.SYN_SENT) sendReset(conn, nowUs, this);
    abort(conn);
    this.#settle(conn, before, nowUs);
  }

  /** Switches keepalive probes on or off. */
  setKeepAlive(conn: Connection, on: boolean, nowUs: number): void {
    // A row that has ended may get a new connection: it must not leave a timer behind.
    if (conn.state === State.CLOSED) return;
    conn.keepAlive = on;
    conn.keepaliveAtUs = on ? nowUs + conn.keepaliveIdleUs : Infinity;
    this.touch(conn);
  }

  /** An ICMP error about a segment that this stack sent (RFC 5927, RFC 9293 section 3.9.2.2). */
  icmpError(segment: Segment, nowUs: number): void {
    this.counters.count(Counter.icmpErrorsIn);
    const conn = this.#table.findSender(segment);
    // RFC 5927 section 4.1: only numbers in flight can be quoted by somebody who saw the segment.
    if (conn === null || !seqInRange(segment.seq, conn.sndUna, conn.sndMax)) {
      return this.counters.drop(Drop.icmpUnmatched);
    }
    const { icmpType, icmpCode } = segment;
    if (isFragmentationNeeded(icmpType, icmpCode)) {
      if (this.#pathMtus.onPacketTooBig(conn, segment.icmpMtu, nowUs, this)) this.touch(conn);
      return;
    }
    const before = conn.state;
    takeIcmpError(conn, icmpType, icmpCode);
    this.#settle(conn, before, nowUs);
  }

  /** Runs the timers that are due, a bounded number of them: {@link Tcp.nextExpiry} tells of the rest. */
  expire(nowUs: number): void {
    this.handshakes.expire(nowUs);
    this.forwarding.expire(nowUs);
    for (let i = 0; i < EXPIRIES_PER_ROUND; i++) {
      const id = this.#wheel.expire(nowUs);
      if (id < 0) return;
      const conn = this.#table.get(id)!;
      conn.wheelAtUs = Infinity;
      this.touch(conn);
      updateDeadline(conn);
      if (conn.deadlineUs > nowUs) continue; // It was put off meanwhile; flush re-arms it.
      const before = conn.state;
      const outcome = onTimer(conn, nowUs, this);
      this.#act(conn, outcome, null, nowUs);
      this.#settle(conn, before, nowUs);
    }
  }

  /** When the next timer is due, in microseconds; `Infinity` when none is. May be early, never late. */
  nextExpiry(): number {
    const { handshakes, forwarding } = this;
    return Math.min(this.#wheel.nextExpiry(), handshakes.nextExpiry(), forwarding.nextExpiry());
  }

  /** Lets every touched connection send and report. */
  flush(nowUs: number): void {
    let blocked = 0;
    for (let i = 0; i < this.#dirtyCount; i++) {
      const conn = this.#dirty[i];
      conn.dirty = false;
      conn.blocked = false;
      if (this.#table.get(conn.id) !== conn) continue;
      output(conn, nowUs, this);
      this.#arm(conn);
      if (conn.receive !== null && conn.owner !== Owner.none) conn.receive.publish();
      conn.send?.publish();
      // Also when the application has let go of it: what it wrote is its memory until all is acknowledged.
      const isKnown = conn.owner !== Owner.listener && conn.request < 0;
      if (isKnown) reportNews(this.#words, conn, this.#events);
      if (conn.blocked) this.#dirty[blocked++] = conn;
      conn.dirty = conn.blocked;
    }
    this.#dirtyCount = blocked;
    this.#table.rest(this.#wheel);
  }

  #arm(conn: Connection): void {
    updateDeadline(conn);
    if (conn.deadlineUs >= conn.wheelAtUs) return;
    conn.wheelAtUs = conn.deadlineUs;
    this.#wheel.schedule(conn.id, conn.deadlineUs);
  }

  touch(conn: Connection): void {
    conn.used = true;
    if (conn.dirty) return;
    conn.dirty = true;
    this.#dirty[this.#dirtyCount++] = conn;
  }

  /** Does what the state machine asked for. */
  #act(conn: Connection, outcome: Outcome, segment: Segment | null, nowUs: number): void {
    switch (outcome) {
      case Outcome.none:
        return;
      case Outcome.ack:
        return sendAck(conn, nowUs, this);
      case Outcome.challenge:
        if (this.#limits.allowsChallenge(conn, nowUs)) sendAck(conn, nowUs, this);
        return;
      case Outcome.reset:
        return this.refuse(segment!, nowUs);
      case Outcome.abort:
        return sendReset(conn, nowUs, this);
      case Outcome.synAck:
        if (segment === null || this.#limits.allowsAnswer(conn, nowUs)) sendSyn(conn, nowUs, this);
        return;
      case Outcome.retransmit:
        return sendOldest(conn, nowUs, this);
      case Outcome.lossProbe:
        return sendLossProbe(conn, nowUs, this);
      case Outcome.probe:
        return sendProbe(conn, nowUs, this);
      case Outcome.keepalive:
        return sendKeepalive(conn, nowUs, this);
    }
  }

  /** Draws the consequences of a change of state. */
  #settle(conn: Connection, before: State, nowUs: number): void {
    this.touch(conn);
    const { state } = conn;
    if (state === before) return;
    this.#events.stateChanged(conn, before);
    const opening = before === State.SYN_SENT || before === State.SYN_RECEIVED;
    if (opening && state !== State.SYN_RECEIVED) this.#settleOpening(conn, nowUs);
    if (conn.countedByAddress && (state === State.TIME_WAIT || state === State.CLOSED)) {
      conn.countedByAddress = false;
      this.handshakes.addresses.remove(conn);
    }
    if (state === State.TIME_WAIT) this.#enterTimeWait(conn, nowUs);
    if (state === State.CLOSED) this.#finish(conn);
  }

  #settleOpening(conn: Connection, nowUs: number): void {
    const { listener, request } = conn;
    if (listener !== null) {
      const early = isOpenEarly(conn);
      if (early) {
        const reset = conn.error === ConnectionError.reset;
        this.handshakes.fastOpen.onHandshakeOver(listener, reset, nowUs);
      }
      const failed = conn.state === State.CLOSED;
      this.counters.count(failed ? Counter.failedOpens : Counter.passiveOpens);
      if (!failed && !early) this.#accept(listener, conn);
      return;
    }
    if (request < 0) return;
    this.forwarding.onHandshakeOver(request);
    conn.request = -1;
    if (conn.state === State.CLOSED) {
      this.counters.count(Counter.failedOpens);
      conn.owner = Owner.none;
      this.#events.connectFailed(request, conn.error);
      return;
    }
    this.#hand(conn);
    conn.lastReceivedAtUs = nowUs;
    this.#events.connected(request, conn);
  }

  /** The application gets a connection of a listener. */
  #accept(listener: Listener, conn: Connection): void {
    listener.waiting++;
    conn.owner = Owner.application;
    this.#hand(conn);
    this.#events.accepted(listener, conn);
  }

  /** Fills the row that the application is about to look at. */
  #hand(conn: Connection): void {
    reportAddresses(this.#words, conn);
    reportProgress(this.#words, conn);
  }

  #enterTimeWait(conn: Connection, nowUs: number): void {
    if (this.config.maxTimeWait === 0) {
      end(conn, ConnectionError.none);
      this.#settle(conn, State.TIME_WAIT, nowUs);
      return;
    }
    const oldest = this.#timeWait.size < this.config.maxTimeWait ? null : this.#timeWait.oldest();
    if (oldest !== null) this.#giveUpTimeWait(oldest, nowUs);
    this.#timeWait.add(conn);
    if (conn.owner === Owner.none) this.#detach(conn);
  }

  #giveUpTimeWait(conn: Connection, nowUs: number): void {
    this.counters.drop(Drop.tcpTimeWaitLimit);
    end(conn, ConnectionError.none);
    this.#settle(conn, State.TIME_WAIT, nowUs);
  }

  /** The application has nothing more to do with a connection that goes on for a while. */
  #detach(conn: Connection): void {
    if (conn.send === null) return;
    conn.send.publish();
    conn.send = null;
    conn.receive?.dispose();
    conn.receive = null;
    this.#events.ended(conn);
  }

  /** The connection has reached CLOSED. */
  #finish(conn: Connection): void {
    this.#table.unlist(conn);
    this.#wheel.cancel(conn.id);
    conn.wheelAtUs = Infinity;
    this.#timeWait.delete(conn);
    // What the application has not read stays for it to read; the row is its to give back.
    if (conn.owner !== Owner.application) this.#release(conn);
  }

  #release(conn: Connection): void {
    const known = conn.owner === Owner.none && conn.send !== null;
    conn.receive?.dispose();
    conn.receive = null;
    conn.send?.publish();
    conn.send = null;
    this.#table.remove(conn);
    if (known) this.#events.ended(conn);
  }

  isFree(ends: FourTuple): boolean {
    return this.#table.isFree(ends, ends.localPort);
  }

  flowLabelOf(ends: FourTuple): number {
    return this.#table.flowLabelOf(ends);
  }

  hasRow(nowUs: number): boolean {
    const old = this.#table.isFull ? this.#timeWait.oldestUnheld() : null;
    if (old !== null) this.#giveUpTimeWait(old, nowUs);
    return !this.#table.isFull;
  }

  /** A new connection in a free row, or null when there is none. */
  create(tuple: FourTuple, nowUs: number): Connection | null {
    if (!this.hasRow(nowUs)) return null;
    const conn = this.#table.create(tuple, nowUs);
    this.#pathMtus.apply(conn, nowUs);
    if (conn.id >= this.#wheel.capacity) this.#wheel.grow(this.#table.capacity);
    return conn;
  }

  /** All connections, for an orderly end of the stack. */
  all(): Iterable<Connection> {
    return this.#table.all();
  }
}

/** How far a reopened connection begins behind the old one's last number: a window, as in Linux. */
const REOPEN_GAP = 65_537;
