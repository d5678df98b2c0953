import type { Seq } from "../base/seq.ts";
import type { Random } from "../base/random.ts";
import type { Layout } from "../ring/layout.ts";
import { NIL } from "../ring/pool.ts";
import { Row, ROW_WORDS } from "../ring/row.ts";
import type { Segment } from "../wire/segment.ts";
import type { TcpConfig } from "./config.ts";
import { NoControl } from "./congestion/none.ts";
import { Connection, type FourTuple } from "./connection.ts";
import { Demultiplexer } from "./demux.ts";
import { DormantConnections, isAtRest } from "./dormant.ts";
import { FlowLabels } from "./flow_label.ts";
import type { IsnSource } from "./isn.ts";
import { newLossRecovery } from "./loss_recovery.ts";
import { SentSegmentPool } from "./retransmission_queue.ts";
import { ReceiveBuffer, type ReceiveMemory } from "./receive_buffer.ts";
import { RttEstimator } from "./rtt.ts";
import { SendBuffer } from "./send_buffer.ts";
import type { TimerWheel } from "./wheel.ts";

/** Rows for which the tables have room at first, and by which they grow. */
const STEP_ROWS = 1024;

/**
 * Connections that are looked at for each that is made or woken, to find one at rest: twice what it takes when
 * all are, a look that clears the mark of use and one that packs.
 */
const LOOKS = 4;

/** Most looks of one round of work: more than its segments and timers can wake, so that they never pile up. */
const LOOKS_PER_ROUND = 4096;

/** Until the handshake tells the MSS, nothing is sent that a congestion window would govern. */
const NO_CONTROL_YET = new NoControl();

/** What the table is made of. */
export interface TableParts {
  readonly config: TcpConfig;
  readonly layout: Layout;
  readonly memory: ReceiveMemory;
  readonly isn: IsnSource;
  readonly random: Random;
}

/** The connections of an engine, by row and by four-tuple. */
export class ConnectionTable {
  readonly #config: TcpConfig;
  readonly #layout: Layout;
  readonly #memory: ReceiveMemory;
  readonly #isn: IsnSource;
  readonly #random: Random;
  readonly #demux: Demultiplexer;
  readonly #flowLabels: FlowLabels;
  readonly #sent = new SentSegmentPool();
  /** By row; null where there is none and where it is dormant. */
  readonly #rows: (Connection | null)[] = [];
  readonly #dormant: DormantConnections;
  /** The connections that are not dormant, in no order, and the one that is looked at next. */
  readonly #awake: Connection[] = [];
  #hand = 0;
  #looksDue = 0;
  /** Rows that were used before and are free again. */
  readonly #freeRows: number[] = [];
  #size = 0;

  constructor(parts: TableParts) {
    this.#config = parts.config;
    this.#layout = parts.layout;
    this.#memory = parts.memory;
    this.#isn = parts.isn;
    this.#random = parts.random;
    const { connections } = parts.layout.dimensions;
    const capacity = Math.min(STEP_ROWS, connections);
    const key0 = parts.random.uint32();
    this.#demux = new Demultiplexer(capacity, key0, parts.random.uint32(), connections);
    this.#dormant = new DormantConnections({ ...parts, sent: this.#sent });
    this.#flowLabels = new FlowLabels(parts.random);
  }

  /** Connections that hold a row. */
  get size(): number {
    return this.#size;
  }

  /** Rows that are in the tables, used or not; every row is below it. */
  get capacity(): number {
    return this.#demux.capacity;
  }

  /** Most connections that there may be. */
  get limit(): number {
    return this.#layout.dimensions.connections;
  }

  /** Whether no row is left. */
  get isFull(): boolean {
    return this.#size >= this.#layout.dimensions.connections;
  }

  /** The connection in a row, or null. */
  get(row: number): Connection | null {
    if (row < 0) return null;
    return this.#rows[row] ?? (this.#dormant.has(row) ? this.#wake(row) : null);
  }

  /** All connections; those that are dormant wake up, one after the other. */
  *all(): Generator<Connection> {
    for (let row = 0; row < this.#rows.length; row++) {
      const conn = this.get(row);
      if (conn !== null) yield conn;
    }
  }

  /** The connections that are not dormant: all that are being opened are among them. */
  awake(): readonly Connection[] {
    return [...this.#awake];
  }

  /** Connections that are packed away. */
  get dormantCount(): number {
    return this.#dormant.size;
  }

  /**
   * Packs connections at rest while more than the configured number are awake (second chance: one that was
   * used since the last look stays). It takes bounded time. The deadlines of those that it packs are set in
   * `wheel`, or cancelled.
   */
  rest(wheel: TimerWheel): void {
    const awake = this.#awake;
    const most = this.#config.awakeConnections;
    // One look even when none was made, so that a crowd that has become idle is found in time.
    let looks = Math.min(this.#looksDue, LOOKS_PER_ROUND) + 1;
    this.#looksDue = Math.max(0, this.#looksDue - looks);
    for (; looks > 0 && awake.length > most; looks--) {
      if (this.#hand >= awake.length) this.#hand = 0;
      const conn = awake[this.#hand];
      if (conn.used || !isAtRest(conn)) {
        conn.used = false;
        this.#hand++;
        continue;
      }
      wheel.schedule(conn.id, Math.min(conn.keepaliveAtUs, conn.endAtUs));
      this.#dormant.pack(conn);
      this.#rows[conn.id] = null;
      this.#leaveAwake(conn);
    }
    if (awake.length <= most) this.#looksDue = 0;
  }

  #wake(row: number): Connection {
    const conn = this.#dormant.unpack(row);
    conn.wheelAtUs = Math.min(conn.keepaliveAtUs, conn.endAtUs);
    this.#rows[row] = conn;
    this.#joinAwake(conn);
    return conn;
  }

  #joinAwake(conn: Connection): void {
    conn.awakeAt = this.#awake.length;
    this.#awake.push(conn);
    this.#looksDue += LOOKS;
  }

  #leaveAwake(conn: Connection): void {
    const last = this.#awake.pop()!;
    if (last === conn) return;
    this.#awake[conn.awakeAt] = last;
    last.awakeAt = conn.awakeAt;
  }

  /** The connection that a segment from the peer belongs to, or null. */
  findFor(s: Segment): Connection | null {
    const { src0, src1, src2, src3, dst0, dst1, dst2, dst3, srcPort, dstPort } = s;
    return this.get(
      this.#demux.find(dst0, dst1, dst2, dst3, src0, src1, src2, src3, dstPort, srcPort),
    );
  }

  /** The connection that sent a segment, or null. */
  findSender(s: Segment): Connection | null {
    const { src0, src1, src2, src3, dst0, dst1, dst2, dst3, srcPort, dstPort } = s;
    return this.get(
      this.#demux.find(src0, src1, src2, src3, dst0, dst1, dst2, dst3, srcPort, dstPort),
    );
  }

  /** The flow label of what is sent between these ends. */
  flowLabelOf(ends: FourTuple): number {
    return this.#flowLabels.of(ends);
  }

  /** Whether no connection has this four-tuple with `localPort` in place of its own. */
  isFree(t: FourTuple, localPort: number): boolean {
    const { local0, local1, local2, local3, remote0, remote1, remote2, remote3, remotePort } = t;
    const id = this.#demux.find(
      local0,
      local1,
      local2,
      local3,
      remote0,
      remote1,
      remote2,
      remote3,
      localPort,
      remotePort,
    );
    return id < 0;
  }

  /** A new connection in a free row. The table must not be full and the four-tuple must be free. */
  create(tuple: FourTuple, nowUs: number): Connection {
    const id = this.#freeRows.pop() ?? this.#rows.length;
    if (id >= this.#demux.capacity) {
      this.#demux.grow(Math.min(id + STEP_ROWS, this.#layout.dimensions.connections));
    }
    const config = this.#config;
    const rtt = new RttEstimator(
      config.rtoInitialMs * 1000,
      config.rtoMinMs * 1000,
      config.rtoMaxMs * 1000,
    );
    const generation = this.#clearRow(id);
    const conn = new Connection(id, generation, this.#layout.rows, tuple, rtt, NO_CONTROL_YET);
    conn.receive = new ReceiveBuffer(
      this.#memory,
      this.#layout.receiveStream(id),
      config.receiveBufferInitialBytes,
      config.outOfOrderRanges,
    );
    conn.send = new SendBuffer(this.#layout.sendStream(id), this.#layout.sendPool.table);
    conn.userTimeoutUs = config.userTimeoutMs * 1000;
    conn.trafficClass = config.diffServ << 2;
    conn.hopLimit = config.hopLimit;
    conn.synRetries = config.synRetries;
    conn.finWait2Us = config.finWait2Ms * 1000;
    conn.keepaliveIdleUs = config.keepaliveIdleMs * 1000;
    conn.keepaliveIntervalUs = config.keepaliveIntervalMs * 1000;
    conn.keepaliveProbes = config.keepaliveProbes;
    conn.lastReceivedAtUs = nowUs;
    this.#enter(conn, nowUs);
    return conn;
  }

  #clearRow(id: number): number {
    const { words } = this.#layout;
    const row = this.#layout.row(id);
    const generation = (words[row + Row.generation] + 1) | 0;
    words.fill(0, row, row + ROW_WORDS);
    words[row + Row.generation] = generation;
    words[row + Row.txHead] = NIL;
    return generation;
  }

  #enter(conn: Connection, nowUs: number): void {
    const { local0, local1, local2, local3, remote0, remote1, remote2, remote3 } = conn;
    const { localPort, remotePort } = conn;
    this.#rows[conn.id] = conn;
    this.#joinAwake(conn);
    this.#size++;
    this.#demux.add(
      conn.id,
      local0,
      local1,
      local2,
      local3,
      remote0,
      remote1,
      remote2,
      remote3,
      localPort,
      remotePort,
    );
    const iss = this.#isn.next(
      local0,
      local1,
      local2,
      local3,
      remote0,
      remote1,
      remote2,
      remote3,
      localPort,
      remotePort,
      nowUs,
    );
    conn.loss = newLossRecovery(this.#sent, iss, this.#config);
    setInitialNumber(conn, iss);
    conn.tsOffset = this.#random.uint32() | 0;
    conn.flowLabel = this.#flowLabels.of(conn);
  }

  /** The connection has ended: no segment finds it any more. It keeps its row. */
  unlist(conn: Connection): void {
    conn.loss?.queue.clear();
    this.#demux.remove(conn.id);
  }

  /** Gives the row of an ended connection back. */
  remove(conn: Connection): void {
    this.#rows[conn.id] = null;
    this.#leaveAwake(conn);
    this.#freeRows.push(conn.id);
    this.#size--;
  }
}

/** Sets the initial sequence number of a connection that has sent nothing yet. */
export function setInitialNumber(conn: Connection, iss: Seq): void {
  conn.iss = iss;
  conn.sndUna = iss;
  conn.sndNxt = iss;
  conn.sndMax = iss;
  conn.sndSmall = iss;
  if (conn.loss !== null) {
    conn.loss.recover = iss;
    conn.loss.rackEnd = iss;
    conn.loss.rackForward = iss;
  }
}
