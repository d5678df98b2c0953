/**
 * Dormant connections: what is left of a connection while nothing happens on it.
 *
 * A connection in use is some twenty objects and two kilobytes. Of one at rest (nothing unsent, in flight,
 * unread or out of order, no timer but keepalive or the end of a wait) most fields have the value that they
 * always have at rest, and the others are numbers: they are packed into two rows, and the objects are dropped.
 * A segment, a call of the application or a timer makes them anew.
 *
 * ```text
 *   id   ─▶ chunk id >> 10 ─▶ row id & 1023
 *
 *   words    [ occupied | KEPT_WORDS ... | flags | timeout before back-off | send: 4 words of its cursor ]
 *   numbers  [ KEPT_NUMBERS ... | cwnd ]
 *
 *   addresses, ports, generation and what info() shows stand in the connection's row of shared memory
 *   kept     a map of the loss recovery and congestion control of connections that have met losses:
 *            what those have learned of the path is worth more than the memory
 * ```
 *
 * Every field of {@link Connection} stands in one of the lists below; a test fails for one that does not.
 */

import type { Layout } from "../ring/layout.ts";
import { Info, Row, Sending, SendingFlag } from "../ring/row.ts";
import { CONGESTION_NAMES, type TcpConfig } from "./config.ts";
import type { CongestionControl } from "./congestion/control.ts";
import { createCongestion } from "./congestion/create.ts";
import { Connection, NEVER } from "./connection.ts";
import { type LossRecovery, newLossRecovery, Phase } from "./loss_recovery.ts";
import { ReceiveBuffer, type ReceiveMemory } from "./receive_buffer.ts";
import { readTotal, reportProgress } from "./report.ts";
import { NO_SEGMENT, type SentSegmentPool } from "./retransmission_queue.ts";
import { RttEstimator } from "./rtt.ts";
import { SendBuffer } from "./send_buffer.ts";
import { State } from "./state.ts";

/** Fields that are kept as 32-bit words. */
export const KEPT_WORDS = [
  ...["owner", "iss", "sndUna", "sndWl1", "sndWl2", "sndWndMax", "sndScale", "mssClamp"] as const,
  ...["irs", "rcvNxt", "rcvAdvertised", "rcvScale", "tsRecent", "tsOffset"] as const,
  ...["lastAckSent", "quickAcks", "readSeen", "tuneSeq", "tuneReadMark", "synRetries"] as const,
  ...["keepaliveProbes", "keepaliveProbesSent", "recoveriesUndone"] as const,
  ...["flowLabel", "mssLimit", "linkMtu", "trafficClass", "hopLimit"] as const,
  ...["ackDelayUs", "ackPushed", "lastSegmentBytes", "rtoShift"] as const,
  ...["cwndFlightMax", "cwndUsageEnd"] as const,
];

/** Fields that are kept as 64-bit floats: times, and totals that may pass 2^31. */
export const KEPT_NUMBERS = [
  ...["tsRecentAtUs", "lastTextAtUs", "lastChallengeAtUs", "lastTextSentAtUs"] as const,
  ...["lastReceivedAtUs", "tuneAtUs", "tuneRttUs", "tuneReadAtUs", "keepaliveAtUs"] as const,
  ...["endAtUs", "finWait2Us", "keepaliveIdleUs", "keepaliveIntervalUs", "userTimeoutUs"] as const,
  ...["segmentsSent", "segmentsReceived", "pathMtuEndUs", "cwndRestartedAtUs"] as const,
  ...["textSegmentsSent", "textSegmentsReceived"] as const,
];

/** Fields that stand in the row of shared memory anyway (report.ts), and where. */
export const SHOWN_WORDS = {
  state: Row.state,
  error: Row.error,
  sendLimit: Row.txLimit,
  pathMtu: Row.pathMtu,
  softError: Row.softError,
  softErrors: Row.softErrors,
  urgentMarks: Row.urgentMarks,
  sndWnd: Row.info + Info.sendWindow,
  sndMss: Row.info + Info.mssSend,
  rcvMss: Row.info + Info.mssReceive,
  segmentsRetransmitted: Row.info + Info.segmentsRetransmitted,
  segmentsOutOfOrder: Row.info + Info.segmentsOutOfOrder,
  duplicateAcksSeen: Row.info + Info.duplicateAcks,
  retransmitTimeouts: Row.info + Info.retransmitTimeouts,
} as const;

/** The same for totals, of two words each. */
export const SHOWN_TOTALS = {
  bytesSent: Row.info + Info.bytesSent,
  bytesReceived: Row.info + Info.bytesReceived,
  bytesRetransmitted: Row.info + Info.bytesRetransmitted,
} as const;

/** Those fields of {@link RttEstimator} that stand there too: all but the timeout, which is shown backed off. */
export const SHOWN_RTT = {
  srttUs: Row.info + Info.rttUs,
  rttVarUs: Row.info + Info.rttVarUs,
  minUs: Row.info + Info.rttMinUs,
} as const;

/** Fields that are kept as one bit each; {@link HAS_RECEIVE} and {@link HAS_SEND} come behind them. */
export const KEPT_FLAGS = [
  ...["timestamps", "sack", "windowScale", "finQueued", "finReceived", "interactive"] as const,
  ...["handshakeTimedOut", "cwndLimited", "noDelay", "receiveBufferFixed"] as const,
  ...["sendBufferFixed", "cork", "keepAlive", "lingerZero"] as const,
  ...["countedByAddress", "readShut"] as const,
];

/** Fields that always have this value at rest: a connection in which one differs is not. */
export const RESTING = {
  request: -1,
  urgent: false,
  urgentUnread: false,
  finAhead: false,
  acksHeld: 0,
  repeatedSinceUs: NEVER,
  probesUnanswered: 0,
  probedSinceUs: NEVER,
  ackPending: false,
  unackedBytes: 0,
  timing: false,
  backoffs: 0,
  unackedSinceUs: NEVER,
  retransmitAtUs: NEVER,
  persisting: false,
  delayedAckAtUs: NEVER,
  dirty: false,
  blocked: false,
} as const satisfies Partial<Connection>;

/** Fields whose value says nothing at rest, and why. They begin as in a new connection. */
export const FORGOTTEN = {
  news: "told when it was last worked on, or nobody is there to hear them",
  listener: "only a handshake asks for it",
  sndNxt: "is sndUna",
  sndMax: "is sndUna",
  sndSmall: "is acknowledged, as sndUna is",
  rcvUrgent: "counts only while `urgent`",
  finAheadSeq: "counts only while `finAhead`",
  gapSeq: "counts only while something is missing",
  gapAcks: "counts only while something is missing",
  rttSentAtUs: "counts only while `timing`",
  deadlineUs: "worked out anew with each use",
  wheelAtUs: "set exactly when it falls asleep",
  used: "it has just been used when it wakes",
  awakeAt: "its place among those awake",
} as const satisfies Partial<Record<keyof Connection, string>>;

/** Fields that the constructor takes from the row of shared memory. */
export const IDENTITY = [
  ...["id", "generation", "row", "localPort", "remotePort"] as const,
  ...["local0", "local1", "local2", "local3"] as const,
  ...["remote0", "remote1", "remote2", "remote3"] as const,
] satisfies readonly (keyof Connection)[];

/**
 * Optional state that is an object, null in a connection that does not use it: kept aside as it is, so that
 * it must be at rest when {@link isAtRest} says so.
 */
export const KEPT_OBJECTS = [
  ...["ecn", "mtuSearch", "fastOpen", "recordEnds", "pacer"] as const,
] satisfies readonly (keyof Connection)[];

/** Objects that are packed by code of their own. */
export const PACKED_PARTS = [
  ...["rtt", "loss", "congestion", "receive", "send"] as const,
] satisfies readonly (keyof Connection)[];

const SHOWN_WORD_NAMES = Object.keys(SHOWN_WORDS) as (keyof typeof SHOWN_WORDS)[];
const SHOWN_TOTAL_NAMES = Object.keys(SHOWN_TOTALS) as (keyof typeof SHOWN_TOTALS)[];
const SHOWN_RTT_NAMES = Object.keys(SHOWN_RTT) as (keyof typeof SHOWN_RTT)[];
const RESTING_NAMES = Object.keys(RESTING) as (keyof typeof RESTING)[];

// A row of words.
const OCCUPIED = 0;
const FIRST_WORD = 1;
const FLAGS = FIRST_WORD + KEPT_WORDS.length;
const RTO = FLAGS + 1;
const SEND = RTO + 1;
const ROW_WORDS = SEND + 4;
// A row of numbers.
const CWND = KEPT_NUMBERS.length;
const ROW_NUMBERS = CWND + 1;

/** Bits of the flags word behind those of {@link KEPT_FLAGS}. */
const HAS_RECEIVE = 1 << KEPT_FLAGS.length;
const HAS_SEND = HAS_RECEIVE << 1;
if (KEPT_FLAGS.length > 28) throw new Error("The flags no longer fit into a word");

/** Bytes that a dormant connection takes here, the map of what is kept aside. */
export const DORMANT_BYTES = 4 * ROW_WORDS + 8 * ROW_NUMBERS;

/** Rows that are allocated at once: a step that is too small to be felt. */
const CHUNK_BITS = 10;
const CHUNK_ROWS = 1 << CHUNK_BITS;

/** Controls that have nothing to remember but their window until they have met a loss. */
const FORGETFUL: readonly string[] = ["cubic", "newreno", "none"];

/** What a connection has learned from losses. */
interface Learned {
  readonly loss: LossRecovery | null;
  readonly congestion: CongestionControl | null;
  /** The values of {@link KEPT_OBJECTS} when one is not null. */
  readonly objects: readonly unknown[] | null;
}

/** What connections are made of again. */
export interface DormantParts {
  readonly config: TcpConfig;
  readonly layout: Layout;
  readonly memory: ReceiveMemory;
  readonly sent: SentSegmentPool;
}

/** Whether a connection can be packed: nothing is under way, and nothing will be but by an event. */
export function isAtRest(conn: Connection): boolean {
  if (conn.state === State.SYN_SENT || conn.state === State.SYN_RECEIVED) return false;
  if (conn.sndUna !== conn.sndMax || conn.sndNxt !== conn.sndMax) return false;
  for (let i = 0; i < RESTING_NAMES.length; i++) {
    if (conn[RESTING_NAMES[i]] !== RESTING[RESTING_NAMES[i]]) return false;
  }
  const { loss, send, receive, pacer } = conn;
  if (pacer !== null && pacer.wakeAtUs !== NEVER) return false;
  if (loss !== null && !isLossAtRest(loss)) return false;
  if (send !== null && send.held !== 0) return false;
  return receive === null || receive.isDrained;
}

function isLossAtRest(loss: LossRecovery): boolean {
  return loss.phase === Phase.open && loss.queue.head === NO_SEGMENT && !loss.probing &&
    loss.reorderAtUs === NEVER && loss.probeAtUs === NEVER;
}

/** Whether loss recovery knows no more than that of a new connection does. */
function hasLearned(conn: Connection, loss: LossRecovery): boolean {
  return conn.segmentsRetransmitted > 0 || loss.reorderingSeen || loss.duplicateBytes > 0;
}

/** The connections that are packed, by the number of their row. */
export class DormantConnections {
  readonly #parts: DormantParts;
  readonly #words: Int32Array[] = [];
  readonly #numbers: Float64Array[] = [];
  readonly #learned = new Map<number, Learned>();
  #size = 0;

  constructor(parts: DormantParts) {
    this.#parts = parts;
  }

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /** Whether the connection of this row is dormant. */
  has(id: number): boolean {
    if (this.#size === 0 || id < 0) return false;
    const words = this.#words[id >> CHUNK_BITS];
    return words !== undefined && words[(id & (CHUNK_ROWS - 1)) * ROW_WORDS + OCCUPIED] !== 0;
  }

  /** Packs a connection that is at rest. The object must not be used any more. */
  pack(conn: Connection): void {
    const chunk = conn.id >> CHUNK_BITS;
    while (this.#words.length <= chunk) {
      this.#words.push(new Int32Array(0));
      this.#numbers.push(new Float64Array(0));
    }
    if (this.#words[chunk].length === 0) {
      this.#words[chunk] = new Int32Array(CHUNK_ROWS * ROW_WORDS);
      this.#numbers[chunk] = new Float64Array(CHUNK_ROWS * ROW_NUMBERS);
    }
    const row = conn.id & (CHUNK_ROWS - 1);
    reportProgress(this.#parts.layout.words, conn);
    packNumbers(conn, this.#numbers[chunk], row * ROW_NUMBERS);
    packWords(conn, this.#words[chunk], row * ROW_WORDS);
    this.#keepLearned(conn);
    this.#size++;
  }

  #keepLearned(conn: Connection): void {
    const { congestion, loss } = conn;
    const fresh = congestion.ssthreshBytes === Infinity && FORGETFUL.includes(congestion.name);
    // A control that has learned something measures with what the queue knows.
    const keptLoss = loss !== null && (!fresh || hasLearned(conn, loss)) ? loss : null;
    const objects = KEPT_OBJECTS.some((name) => conn[name] !== null)
      ? KEPT_OBJECTS.map((name) => conn[name])
      : null;
    if (fresh && keptLoss === null && objects === null) return;
    this.#learned.set(conn.id, { loss: keptLoss, congestion: fresh ? null : congestion, objects });
  }

  /** Makes the connection of this row again; it must be dormant. */
  unpack(id: number): Connection {
    const words = this.#words[id >> CHUNK_BITS];
    const numbers = this.#numbers[id >> CHUNK_BITS];
    const at = (id & (CHUNK_ROWS - 1)) * ROW_WORDS;
    const atNumbers = (id & (CHUNK_ROWS - 1)) * ROW_NUMBERS;
    const learned = this.#learned.get(id);
    const conn = this.#make(id, numbers[atNumbers + CWND], learned);
    unpackNumbers(conn, numbers, atNumbers);
    unpackWords(conn, words, at);
    takeShown(conn, this.#parts.layout.words);
    conn.loss = learned?.loss ?? this.#freshLoss(conn);
    this.#makeBuffers(conn, words, at);
    words[at + OCCUPIED] = 0;
    if (learned !== undefined) {
      learned.objects?.forEach((value, i) => Object.assign(conn, { [KEPT_OBJECTS[i]]: value }));
      this.#learned.delete(id);
    }
    this.#size--;
    return conn;
  }

  /** That of a connection that has lost nothing: all that was sent has arrived. */
  #freshLoss(conn: Connection): LossRecovery {
    const loss = newLossRecovery(this.#parts.sent, conn.sndUna, this.#parts.config);
    loss.deliveredTotalBytes = conn.bytesSent;
    const { words } = this.#parts.layout;
    const sending = conn.row + Row.sending;
    const { rate } = loss.queue;
    rate.bytesPerSecond = readTotal(words, sending + Sending.deliveryRate);
    rate.isAppLimited = (words[sending + Sending.flags] & SendingFlag.rateAppLimited) !== 0;
    return loss;
  }

  #make(id: number, cwndBytes: number, learned: Learned | undefined): Connection {
    const { layout, config } = this.#parts;
    const { words } = layout;
    const row = layout.row(id);
    const local = row + Row.local;
    const remote = row + Row.remote;
    const tuple = {
      local0: words[local],
      local1: words[local + 1],
      local2: words[local + 2],
      local3: words[local + 3],
      remote0: words[remote],
      remote1: words[remote + 1],
      remote2: words[remote + 2],
      remote3: words[remote + 3],
      localPort: words[row + Row.localPort],
      remotePort: words[row + Row.remotePort],
    };
    const rtt = new RttEstimator(0, config.rtoMinMs * 1000, config.rtoMaxMs * 1000);
    const control = CONGESTION_NAMES[words[row + Row.info + Info.congestion]];
    const congestion = learned?.congestion ?? createCongestion(control, cwndBytes);
    return new Connection(id, words[row + Row.generation], layout.rows, tuple, rtt, congestion);
  }

  #makeBuffers(conn: Connection, words: Int32Array, at: number): void {
    const { layout, config, memory } = this.#parts;
    const flags = words[at + FLAGS];
    if ((flags & HAS_RECEIVE) !== 0) {
      const stream = layout.receiveStream(conn.id);
      const limit = layout.words[conn.row + Row.info + Info.receiveBufferBytes];
      conn.receive = new ReceiveBuffer(memory, stream, limit, config.outOfOrderRanges, true);
    }
    if ((flags & HAS_SEND) !== 0) {
      conn.send = new SendBuffer(layout.sendStream(conn.id), layout.sendPool.table);
      conn.send.wake(words, at + SEND);
    }
  }
}

function packWords(conn: Connection, words: Int32Array, at: number): void {
  const fields: Readonly<Record<(typeof KEPT_WORDS)[number], number>> = conn;
  for (let i = 0; i < KEPT_WORDS.length; i++) words[at + FIRST_WORD + i] = fields[KEPT_WORDS[i]];
  let flags = 0;
  for (let i = 0; i < KEPT_FLAGS.length; i++) if (conn[KEPT_FLAGS[i]]) flags |= 1 << i;
  if (conn.receive !== null) flags |= HAS_RECEIVE;
  if (conn.send !== null) {
    flags |= HAS_SEND;
    conn.send.sleep(words, at + SEND);
  }
  words[at + FLAGS] = flags;
  words[at + RTO] = conn.rtt.rtoUs;
  words[at + OCCUPIED] = 1;
}

function unpackWords(conn: Connection, words: Int32Array, at: number): void {
  const fields: Record<(typeof KEPT_WORDS)[number], number> = conn;
  for (let i = 0; i < KEPT_WORDS.length; i++) fields[KEPT_WORDS[i]] = words[at + FIRST_WORD + i];
  const flags = words[at + FLAGS];
  for (let i = 0; i < KEPT_FLAGS.length; i++) conn[KEPT_FLAGS[i]] = (flags & (1 << i)) !== 0;
  conn.rtt.rtoUs = words[at + RTO];
  conn.request = RESTING.request;
  conn.sndNxt = conn.sndUna;
  conn.sndMax = conn.sndUna;
  conn.sndSmall = conn.sndUna;
}

/** Takes what the row of shared memory has. */
function takeShown(conn: Connection, words: Int32Array): void {
  const { row, rtt } = conn;
  const fields: Record<keyof typeof SHOWN_WORDS, number> = conn;
  for (const name of SHOWN_WORD_NAMES) fields[name] = words[row + SHOWN_WORDS[name]];
  for (const name of SHOWN_TOTAL_NAMES) conn[name] = readTotal(words, row + SHOWN_TOTALS[name]);
  for (const name of SHOWN_RTT_NAMES) rtt[name] = words[row + SHOWN_RTT[name]];
}

function packNumbers(conn: Connection, numbers: Float64Array, at: number): void {
  for (let i = 0; i < KEPT_NUMBERS.length; i++) numbers[at + i] = conn[KEPT_NUMBERS[i]];
  numbers[at + CWND] = conn.congestion.cwndBytes;
}

function unpackNumbers(conn: Connection, numbers: Float64Array, at: number): void {
  for (let i = 0; i < KEPT_NUMBERS.length; i++) conn[KEPT_NUMBERS[i]] = numbers[at + i];
}
