/**
 * Passive opens from the SYN to the ACK that completes them: the states LISTEN and SYN-RECEIVED of RFC 9293
 * sections 3.10.7.2 and 3.10.7.4, with Linux's rules for what the RFC leaves open. Until the ACK is here there
 * is no connection, only a request (request_table.ts), or nothing but a SYN cookie.
 */

import { Counter, type Counters } from "../base/counters.ts";
import { Drop } from "../base/drops.ts";
import type { Random } from "../base/random.ts";
import { type Seq, seqAdd, seqDiff, seqGe, seqLt } from "../base/seq.ts";
import { ConnectionError } from "../ring/row.ts";
import { Flag, OptionBit, Segment, segmentLength } from "../wire/segment.ts";
import { AddressLimit } from "./address_limit.ts";
import type { TcpConfig } from "./config.ts";
import { Connection, type FourTuple, NEVER, Owner } from "./connection.ts";
import { NoControl } from "./congestion/none.ts";
import { takeSynAgain } from "./ecn.ts";
import { type FastOpenClient, FastOpenServer, SynVerdict } from "./fast_open.ts";
import { FastOpenState } from "./fast_open_state.ts";
import { takeSynText } from "./input.ts";
import type { IsnSource } from "./isn.ts";
import { Listener } from "./listener.ts";
import { beginWithOneSegment, negotiate, negotiateOptions } from "./negotiation.ts";
import { sendAck, sendSyn } from "./output.ts";
import type { TcpParts } from "./parts.ts";
import { ReceiveBuffer } from "./receive_buffer.ts";
import { Ends, RequestTable } from "./request_table.ts";
import { RttEstimator } from "./rtt.ts";
import type { SegmentSink } from "./sink.ts";
import { State } from "./state.ts";
import { cookieTimestamp, reduceToCookie, SynCookies, synFromAck } from "./syn_cookie.ts";
import { setInitialNumber } from "./table.ts";
import { synWindow } from "./window.ts";

/** With fewer handshakes in progress than this, each gets all its retries. */
const FEW_HANDSHAKES = 8;
/** Retries that each gets, however many there are. */
const LEAST_RETRIES = 2;

/** What the engine does for handshakes. */
export interface HandshakeHost {
  readonly config: TcpConfig;
  readonly counters: Counters;
  readonly sink: SegmentSink;
  readonly mtu: number;
  readonly fastOpen: FastOpenClient;
  /** Whether a new connection would find a row. */
  hasRow(nowUs: number): boolean;
  /** A new connection, or null when there is no row for it. */
  create(tuple: FourTuple, nowUs: number): Connection | null;
  /** The flow label of what is sent between these ends. */
  flowLabelOf(ends: FourTuple): number;
  /** Answers a segment with an RST that takes its numbers from it. */
  refuse(segment: Segment, nowUs: number): void;
}

/** Whether a segment belongs to a handshake. */
export const Claim = {
  /** It does not. */
  none: 0,
  /** It does, and nothing more is to be done. */
  taken: 1,
  /** It completes one: `made` is the connection, which has not seen the segment yet. */
  made: 2,
} as const;

/** One value of {@link Claim}. */
export type Claim = (typeof Claim)[keyof typeof Claim];

/** A connection whose ends can be changed: the one that speaks for all requests. */
type Embryo = { -readonly [Name in keyof Connection]: Connection[Name] };

/** Handshakes of one engine's listeners. */
export class Handshakes {
  readonly addresses: AddressLimit;
  readonly cookies: SynCookies;
  readonly fastOpen: FastOpenServer;
  /** The connection that {@link Claim.made} means. */
  made: Connection | null = null;
  readonly #host: HandshakeHost;
  readonly #parts: TcpParts;
  readonly #isn: IsnSource;
  readonly #requests: RequestTable;
  readonly #embryo: Embryo;
  readonly #ends = new Ends();
  readonly #syn = new Segment();

  constructor(host: HandshakeHost, parts: TcpParts, random: Random) {
    const { config } = parts;
    this.#host = host;
    this.#parts = parts;
    this.#isn = parts.isn;
    this.addresses = new AddressLimit(config.maxConnectionsPerAddress);
    this.cookies = new SynCookies(config.synCookieSecret, random, parts.originUs ?? 0);
    this.fastOpen = new FastOpenServer(config, parts.counters, random);
    this.#requests = new RequestTable(config.maxHandshakes, random, parts.nowUs);
    this.#embryo = embryoOf(parts, this.#ends);
  }

  /** Requests that wait for their ACK. */
  get size(): number {
    return this.#requests.size;
  }

  /** When the next SYN-ACK is due again; `Infinity` when none is. */
  nextExpiry(): number {
    return this.#requests.nextExpiry();
  }

  /** Deals with a segment of no connection, if it is one of a handshake at this listener, or at any. */
  claim(listener: Listener | null, segment: Segment, nowUs: number): Claim {
    const id = this.#requests.size === 0 ? -1 : this.#requests.find(segment);
    if (id >= 0) {
      this.made = this.#onSegment(id, segment, nowUs);
      return this.made === null ? Claim.taken : Claim.made;
    }
    const flags = segment.flags & (Flag.SYN | Flag.ACK | Flag.RST);
    if (listener === null || flags !== Flag.ACK) return Claim.none;
    return this.#onCookie(listener, segment, nowUs);
  }

  /**
   * A SYN for a listener (section 3.10.7.2, third). `iss` is the number to begin with when the SYN ends
   * a TIME-WAIT, which is a peer that is known to be there; else null. Returns the connection when the
   * SYN's data is taken at once (RFC 7413).
   */
  onSyn(listener: Listener, syn: Segment, iss: Seq | null, nowUs: number): Connection | null {
    const { config, counters } = this.#host;
    const ends = this.#ends;
    ends.take(syn);
    const full = iss === null && (!listener.hasHandshakeRoom || this.#requests.isFull);
    const cookie = iss === null && (full || config.synCookies === "always");
    if (full && config.synCookies === "never") {
      counters.drop(Drop.tcpBacklogFull);
    } else if (!listener.hasAcceptRoom) {
      counters.drop(Drop.tcpAcceptQueueFull);
    } else if (!this.#host.hasRow(nowUs)) {
      counters.drop(Drop.tcpConnectionLimit);
    } else if (!this.addresses.allows(ends)) {
      counters.drop(Drop.tcpAddressLimit);
    } else if (cookie) {
      this.answerWithCookie(listener, syn, nowUs);
    } else if (this.fastOpen.onSyn(listener, syn, ends, nowUs) === SynVerdict.accept) {
      return this.#openEarly(listener, syn, iss ?? this.isnFor(ends, nowUs), nowUs);
    } else {
      this.#remember(listener, syn, iss ?? this.isnFor(ends, nowUs), nowUs);
    }
    return null;
  }

  /** An initial sequence number for these ends. */
  isnFor(e: Ends, nowUs: number): Seq {
    const { local0, local1, local2, local3, remote0, remote1, remote2, remote3 } = e;
    const isn = this.#isn;
    // deno-fmt-ignore
    return isn.next(local0, local1, local2, local3, remote0, remote1, remote2, remote3,
      e.localPort, e.remotePort, nowUs);
  }

  /**
   * A connection in SYN-RECEIVED for a SYN that the application has decided to take (forward.ts); nothing is
   * sent yet. Null when there is no row for it.
   */
  openDecided(ends: Ends, syn: Segment, iss: Seq, nowUs: number): Connection | null {
    Object.assign(this.#ends, ends);
    const conn = this.#create(DECIDED, syn, iss, nowUs);
    if (conn === null) return null;
    conn.listener = null;
    this.addresses.add(conn);
    conn.tsOffset = this.cookies.timestampOffset(conn);
    return conn;
  }

  /** The same when the SYN-ACK was a cookie that has come back; `tsOffset` is of the timestamps that were sent. */
  openProved(
    ends: Ends,
    syn: Segment,
    iss: Seq,
    tsOffset: number,
    nowUs: number,
  ): Connection | null {
    const conn = this.openDecided(ends, syn, iss, nowUs);
    if (conn === null) return null;
    conn.tsOffset = tsOffset;
    this.#afterSynAck(conn);
    return conn;
  }

  #remember(listener: Listener, syn: Segment, iss: Seq, nowUs: number): void {
    const offset = this.cookies.timestampOffset(this.#ends);
    const id = this.#requests.add(listener, syn, iss, offset, nowUs);
    this.addresses.add(this.#ends);
    const embryo = this.#prepare(listener, syn, iss, offset, nowUs);
    embryo.fastOpen = this.fastOpen.reply.cookieLength > 0 ? this.fastOpen.reply : null;
    this.#parts.events.stateChanged(embryo, State.LISTEN);
    sendSyn(embryo, nowUs, this.#host);
    embryo.fastOpen = null;
    this.#requests.schedule(id, nowUs + this.#timeoutUs(0));
  }

  /** Makes the embryo the connection of these ends (in `#ends`), as it is before its SYN-ACK is sent. */
  #prepare(
    listener: Listener,
    syn: Segment,
    iss: Seq,
    timestampOffset: number,
    nowUs: number,
  ): Embryo {
    const embryo = this.#embryo;
    const { config, mtu } = this.#host;
    setEnds(embryo, this.#ends);
    embryo.flowLabel = this.#host.flowLabelOf(this.#ends);
    embryo.backoffs = 0;
    embryo.unackedSinceUs = NEVER;
    embryo.listener = listener;
    embryo.state = State.SYN_RECEIVED;
    embryo.receive!.limitBytes = receiveBytes(listener, config);
    embryo.mssClamp = listener.mssClamp;
    embryo.tsOffset = timestampOffset;
    embryo.retransmitAtUs = NEVER;
    embryo.sndScale = 0;
    embryo.rcvScale = 0;
    setInitialNumber(embryo, iss);
    receiveSyn(embryo, syn);
    negotiateOptions(embryo, syn, config, mtu, nowUs);
    return embryo;
  }

  /** The embryo of a request, whose SYN-ACK was sent before. */
  #embryoOf(id: number, nowUs: number): Embryo {
    const requests = this.#requests;
    requests.readEnds(id, this.#ends);
    requests.readSyn(id, this.#syn);
    const iss = requests.iss(id);
    const offset = requests.timestampOffset(id);
    const embryo = this.#prepare(requests.listener(id), this.#syn, iss, offset, nowUs);
    embryo.sndNxt = seqAdd(iss, 1);
    embryo.sndMax = embryo.sndNxt;
    embryo.backoffs = requests.timeouts(id);
    return embryo;
  }

  // SYN cookies.

  /** Answers a SYN, and forgets it; `listener` is who will have given the cookie. */
  answerWithCookie(listener: Listener, syn: Segment, nowUs: number): void {
    const { cookies } = this;
    const ends = this.#ends;
    ends.take(syn);
    listener.cookiesAtUs = nowUs;
    reduceToCookie(syn, ends);
    const offset = cookies.timestampOffset(ends);
    const embryo = this.#prepare(listener, syn, cookies.make(syn, ends, nowUs), offset, nowUs);
    const clock = Math.floor(nowUs / 1000) | 0;
    const scale = embryo.windowScale ? syn.windowScale : -1;
    const ecn = (syn.flags & (Flag.ECE | Flag.CWR)) === (Flag.ECE | Flag.CWR);
    embryo.tsOffset = seqAdd(
      offset,
      seqDiff(cookieTimestamp(clock, scale, embryo.sack, ecn), clock),
    );
    this.#host.counters.count(Counter.synCookiesSent);
    sendSyn(embryo, nowUs, this.#host);
  }

  /** An ACK for a listener that belongs to no request: it may bring a cookie back. */
  #onCookie(listener: Listener, ack: Segment, nowUs: number): Claim {
    const { config, counters } = this.#host;
    const ends = this.#ends;
    const syn = this.#syn;
    if (config.synCookies === "never" || !this.readCookie(listener, ack, syn, nowUs)) {
      return Claim.none;
    }
    if (!listener.hasAcceptRoom || !this.addresses.allows(ends)) {
      counters.drop(listener.hasAcceptRoom ? Drop.tcpAddressLimit : Drop.tcpAcceptQueueFull);
      return Claim.taken;
    }
    const conn = this.#create(listener, syn, seqAdd(ack.ack, -1), nowUs);
    if (conn === null) return Claim.taken;
    this.addresses.add(ends);
    conn.tsOffset = this.cookies.offsetSeen(ack, ends, nowUs);
    this.#afterSynAck(conn);
    this.made = conn;
    return Claim.made;
  }

  /** Whether an ACK has a cookie of this listener: then `syn` becomes the SYN that it answers for, but for its ends. */
  readCookie(listener: Listener, ack: Segment, syn: Segment, nowUs: number): boolean {
    const { config, counters } = this.#host;
    const { cookies } = this;
    const ends = this.#ends;
    if (!cookies.mayComeBack(listener.cookiesAtUs, nowUs)) return false;
    ends.take(ack);
    const mss = cookies.mssOf(ack, ends, nowUs);
    const hasTimestamp = (ack.options & OptionBit.timestamps) !== 0;
    if (mss === 0 || (hasTimestamp && !config.timestamps)) {
      counters.count(Counter.synCookiesFailed);
      return false;
    }
    counters.count(Counter.synCookiesReceived);
    synFromAck(ack, syn, mss, cookies.timestampOffset(ends));
    return true;
  }

  // Connections.

  /** A connection in SYN-RECEIVED for the ends in `#ends`, of which nothing was sent yet. */
  #create(listener: Listener, syn: Segment, iss: Seq, nowUs: number): Connection | null {
    const { config, counters, mtu } = this.#host;
    const conn = this.#host.create(this.#ends, nowUs);
    if (conn === null) {
      counters.drop(Drop.tcpConnectionLimit);
      return null;
    }
    conn.listener = listener;
    conn.mssClamp = listener.mssClamp;
    conn.countedByAddress = true;
    conn.receive!.limitBytes = receiveBytes(listener, config);
    conn.state = State.SYN_RECEIVED;
    setInitialNumber(conn, iss);
    receiveSyn(conn, syn);
    negotiate(conn, syn, config, mtu, nowUs);
    this.#parts.events.created?.(listener, conn);
    return conn;
  }

  /** The SYN-ACK of the connection was sent before there was one. */
  #afterSynAck(conn: Connection): void {
    conn.sndNxt = seqAdd(conn.iss, 1);
    conn.sndMax = conn.sndNxt;
    conn.rcvAdvertised = seqAdd(conn.rcvNxt, synWindow(conn));
    conn.lastAckSent = conn.rcvNxt;
    conn.segmentsSent = 1;
  }

  /** RFC 7413 section 4.2.2: the SYN's data goes to the application before its SYN-ACK is sent. */
  #openEarly(listener: Listener, syn: Segment, iss: Seq, nowUs: number): Connection | null {
    const { counters } = this.#host;
    const conn = this.#create(listener, syn, iss, nowUs);
    if (conn === null) return null;
    counters.count(Counter.fastOpenPassive);
    this.addresses.add(conn);
    const state = new FastOpenState(true);
    Object.assign(state, this.fastOpen.reply, { passive: true });
    conn.fastOpen = state;
    conn.tsOffset = this.cookies.timestampOffset(conn);
    conn.rcvAdvertised = seqAdd(conn.rcvNxt, synWindow(conn));
    listener.fastOpenPending++;
    this.#parts.events.stateChanged(conn, State.LISTEN);
    state.acked = syn.payloadLength > 0;
    if (state.acked) takeSynText(conn, syn, nowUs, this.#host);
    sendSyn(conn, nowUs, this.#host);
    return conn;
  }

  /**
   * A segment for a request: section 3.10.7.4 for SYN-RECEIVED, in the order of Linux's tcp_check_req.
   * Returns the connection when the handshake is complete; it has not seen the segment yet.
   */
  #onSegment(id: number, segment: Segment, nowUs: number): Connection | null {
    const { counters } = this.#host;
    const embryo = this.#embryoOf(id, nowUs);
    const rcvNxt = embryo.rcvNxt;
    let flags = segment.flags & (Flag.SYN | Flag.ACK | Flag.RST | Flag.FIN);
    const isOld = embryo.timestamps && (segment.options & OptionBit.timestamps) !== 0 &&
      (flags & Flag.RST) === 0 && seqLt(segment.tsValue, embryo.tsRecent);
    if (segment.seq === embryo.irs && flags === Flag.SYN && !isOld) {
      this.#answerAgain(id, embryo, segment, nowUs);
      return null;
    }
    // An RST is judged by its sequence number alone (as in Linux 6.18, and RFC 9293 checks it first).
    const isReset = (flags & Flag.RST) !== 0;
    if (!isReset && (flags & Flag.ACK) !== 0 && segment.ack !== seqAdd(embryo.iss, 1)) {
      counters.drop(Drop.tcpAckInvalid);
      this.#host.refuse(segment, nowUs);
      return null;
    }
    if (isOld || !isInWindow(segment, rcvNxt, seqAdd(rcvNxt, synWindow(embryo)))) {
      counters.drop(isOld ? Drop.tcpTimestampOld : Drop.tcpOutOfWindow);
      if (!isReset) this.#acknowledge(id, embryo, nowUs);
      return null;
    }
    if (segment.seq === embryo.irs) flags &= ~Flag.SYN; // The first one again; it is outside the window.
    if ((flags & (Flag.RST | Flag.SYN)) !== 0) {
      this.#onResetOrSyn(id, segment, rcvNxt, nowUs);
      return null;
    }
    if ((flags & Flag.ACK) === 0) {
      counters.drop(Drop.tcpAckMissing);
      return null;
    }
    return this.#complete(id, segment, nowUs);
  }

  /** A SYN that comes again: the SYN-ACK goes again, and its timer starts over. */
  #answerAgain(id: number, embryo: Embryo, syn: Segment, nowUs: number): void {
    if (!this.#requests.mayAnswer(id, nowUs, this.#host.config.challengeAckMs * 1000)) {
      this.#host.counters.drop(Drop.rateLimited);
      return;
    }
    if (embryo.ecn !== null) takeSynAgain(embryo.ecn, syn);
    this.#requests.noteSynAgain(id, syn);
    sendSyn(embryo, nowUs, this.#host);
    this.#requests.schedule(id, nowUs + this.#timeoutUs(this.#requests.timeouts(id)));
  }

  #acknowledge(id: number, embryo: Embryo, nowUs: number): void {
    if (!this.#requests.mayAnswer(id, nowUs, this.#host.config.challengeAckMs * 1000)) {
      this.#host.counters.drop(Drop.rateLimited);
      return;
    }
    embryo.sndUna = embryo.sndNxt;
    embryo.rcvAdvertised = seqAdd(embryo.rcvNxt, synWindow(embryo));
    this.#host.counters.count(Counter.challengeAcks);
    sendAck(embryo, nowUs, this.#host);
  }

  /**
   * An RST or another SYN in the window. The RST must be at RCV.NXT (RFC 5961 section 3.2); the SYN ends
   * the handshake, as in Linux, for it is of another connection of the peer.
   */
  #onResetOrSyn(id: number, segment: Segment, rcvNxt: Seq, nowUs: number): void {
    const { counters } = this.#host;
    if ((segment.flags & Flag.RST) === 0) {
      this.#host.refuse(segment, nowUs);
    } else if (segment.seq !== rcvNxt) {
      counters.drop(Drop.tcpResetChallenged);
      this.#acknowledge(id, this.#embryo, nowUs);
      return;
    } else {
      counters.count(Counter.resetsIn);
    }
    this.#forget(id, ConnectionError.refused);
  }

  /** The ACK is as it must be: makes the connection, if somebody can take it. */
  #complete(id: number, segment: Segment, nowUs: number): Connection | null {
    const requests = this.#requests;
    const { config, counters } = this.#host;
    const listener = requests.listener(id);
    const timeouts = requests.timeouts(id);
    const wasBare = requests.wasBare(id);
    const isBare = segment.payloadLength === 0 && (segment.flags & Flag.FIN) === 0;
    if (isBare && timeouts < listener.deferAccept) {
      requests.markAcked(id);
      return null;
    }
    if (!listener.hasAcceptRoom) {
      counters.drop(Drop.tcpAcceptQueueFull);
      if (config.abortOnOverflow) {
        this.#host.refuse(segment, nowUs);
        this.#forget(id, ConnectionError.aborted);
      } else {
        requests.markAcked(id);
      }
      return null;
    }
    const conn = this.#create(listener, this.#syn, requests.iss(id), nowUs);
    if (conn === null) return null;
    conn.tsOffset = requests.timestampOffset(id);
    this.#afterSynAck(conn);
    conn.segmentsSent += timeouts;
    conn.segmentsRetransmitted = timeouts;
    conn.handshakeTimedOut = timeouts > 0;
    if (timeouts > 1) beginWithOneSegment(conn);
    // RFC 9768 section 3.1.5: what was lost, or came without its flags, may have been in the way of somebody.
    const accurate = conn.ecn?.accurate ?? null;
    if (accurate !== null && (timeouts > 1 || wasBare)) accurate.ect = false;
    // Karn's rule: which SYN-ACK it answers is known only when there was one.
    conn.timing = timeouts === 0;
    conn.rttSentAtUs = requests.sentAtUs(id);
    requests.remove(id);
    return conn;
  }

  #forget(id: number, error: ConnectionError): void {
    const embryo = this.#embryo;
    this.#requests.readEnds(id, this.#ends);
    setEnds(embryo, this.#ends);
    embryo.state = State.CLOSED;
    embryo.error = error;
    this.addresses.remove(this.#ends);
    this.#requests.remove(id);
    this.#host.counters.count(Counter.failedOpens);
    this.#parts.events.stateChanged(embryo, State.SYN_RECEIVED);
  }

  /** A listener has ended: its handshakes are forgotten without a word, as by Linux; who goes on will hear it. */
  onUnlisten(listener: Listener): void {
    for (const id of this.#requests.of(listener)) this.#forget(id, ConnectionError.aborted);
  }

  // Timers.

  #timeoutUs(timeouts: number): number {
    const { rtoInitialMs, rtoMaxMs } = this.#host.config;
    return Math.min(rtoInitialMs * 2 ** timeouts, rtoMaxMs) * 1000;
  }

  /** Sends SYN-ACKs again that are due, and forgets requests that were asked often enough. */
  expire(nowUs: number): void {
    for (let id = this.#requests.expire(nowUs); id >= 0; id = this.#requests.expire(nowUs)) {
      this.#onTimer(id, nowUs);
    }
  }

  /** Linux's reqsk_timer_handler. */
  #onTimer(id: number, nowUs: number): void {
    const requests = this.#requests;
    const timeouts = requests.timeouts(id);
    const listener = requests.listener(id);
    const { deferAccept } = listener;
    const acked = requests.isAcked(id);
    const triedEnough = timeouts >= this.#retriesFor(listener);
    // Who has answered, and is only made to wait for its data, gets the time that it was given.
    const waits = deferAccept > 0 && acked && timeouts < deferAccept;
    if (triedEnough && !waits) {
      this.#host.counters.count(Counter.connectionsTimedOut);
      this.#forget(id, ConnectionError.timedOut);
      return;
    }
    const resend = deferAccept === 0 || !acked || timeouts >= deferAccept - 1;
    requests.countTimeout(id);
    if (resend) sendSyn(this.#embryoOf(id, nowUs), nowUs, this.#host);
    requests.schedule(id, nowUs + this.#timeoutUs(timeouts + 1));
  }

  /** When more than half of the places are taken, old handshakes get fewer retries, to make room for new ones. */
  #retriesFor({ handshakes, young, backlog }: Listener): number {
    let retries = this.#host.config.synAckRetries;
    if (2 * handshakes <= Math.max(FEW_HANDSHAKES, backlog)) return retries;
    for (let some = 2 * young; retries > LEAST_RETRIES && handshakes >= some; some *= 2) retries--;
    return retries;
  }

  /** The ends of every request, for who shows them. */
  all(): FourTuple[] {
    return this.#requests.all().map((id) => {
      const ends = new Ends();
      this.#requests.readEnds(id, ends);
      return ends;
    });
  }
}

function receiveBytes(listener: Listener, config: TcpConfig): number {
  return listener.receiveBufferBytes > 0
    ? listener.receiveBufferBytes
    : config.receiveBufferInitialBytes;
}

function setEnds(embryo: Embryo, ends: Ends): void {
  embryo.local0 = ends.local0;
  embryo.local1 = ends.local1;
  embryo.local2 = ends.local2;
  embryo.local3 = ends.local3;
  embryo.remote0 = ends.remote0;
  embryo.remote1 = ends.remote1;
  embryo.remote2 = ends.remote2;
  embryo.remote3 = ends.remote3;
  embryo.localPort = ends.localPort;
  embryo.remotePort = ends.remotePort;
}

/** Section 3.10.7.2, third: what the SYN's own numbers set. */
function receiveSyn(conn: Connection, syn: Segment): void {
  conn.irs = syn.seq;
  conn.rcvNxt = seqAdd(syn.seq, 1);
  conn.rcvAdvertised = conn.rcvNxt;
  conn.sndWnd = syn.window;
  conn.sndWndMax = syn.window;
  conn.sndWl1 = syn.seq;
}

/** Section 3.10.7.4, first: with an empty window only the next number fits. */
function isInWindow(segment: Segment, from: Seq, to: Seq): boolean {
  if (segment.seq === from) return true;
  const end = seqAdd(segment.seq, segmentLength(segment));
  if (seqLt(from, end) && seqLt(segment.seq, to)) return true;
  return segment.seq === end && seqGe(segment.seq, from) && seqLt(segment.seq, to);
}

/** Speaks for nobody: what was decided one by one has no listener. */
const DECIDED = new Listener(-1, [0, 0, 0, 0], 0, 0);

/** A connection that is in no table: its buffer is never written, only its size is looked at. */
function embryoOf({ config, memory }: TcpParts, ends: Ends): Embryo {
  const { rtoInitialMs, rtoMinMs, rtoMaxMs } = config;
  const rtt = new RttEstimator(rtoInitialMs * 1000, rtoMinMs * 1000, rtoMaxMs * 1000);
  const embryo: Embryo = new Connection(-1, 0, 0, ends, rtt, new NoControl());
  embryo.owner = Owner.listener;
  embryo.trafficClass = config.diffServ << 2;
  embryo.hopLimit = config.hopLimit;
  const words = { words: new Int32Array(4), written: 0, head: 1, epoch: 2, read: 3 };
  embryo.receive = new ReceiveBuffer(memory, words, config.receiveBufferInitialBytes, 1);
  return embryo;
}
