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
import { FlowLabels } from "./flow_label.ts";
import type { IsnSource } from "./isn.ts";
import { LossRecovery } from "./loss_recovery.ts";
import { SentSegmentPool } from "./retransmission_queue.ts";
import { ReceiveBuffer, type ReceiveMemory } from "./receive_buffer.ts";
import { RttEstimator } from "./rtt.ts";
import { SendBuffer } from "./send_buffer.ts";

/** Rows for which the tables have room at first; they double when needed. */
const INITIAL_ROWS = 1024;

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
  readonly #rows: (Connection | null)[] = [];
  /** Rows that were used before and are free again. */
  readonly #freeRows: number[] = [];
  #size = 0;

  constructor(parts: TableParts) {
    this.#config = parts.config;
    this.#layout = parts.layout;
    this.#memory = parts.memory;
    this.#isn = parts.isn;
    this.#random = parts.random;
    const capacity = Math.min(INITIAL_ROWS, parts.layout.dimensions.connections);
    this.#demux = new Demultiplexer(capacity, parts.random.uint32(), parts.random.uint32());
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

  /** Whether no row is left. */
  get isFull(): boolean {
    return this.#size >= this.#layout.dimensions.connections;
  }

  /** The connection in a row, or null. */
  get(row: number): Connection | null {
    return this.#rows[row] ?? null;
  }

  /** All connections. */
  *all(): Generator<Connection> {
    for (const conn of this.#rows) if (conn !== null) yield conn;
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
      this.#demux.grow(Math.min(2 * id, this.#layout.dimensions.connections));
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
    const loss = conn.loss!;
    loss.reordering = config.reordering;
    loss.useRack = config.rack;
    loss.useProbes = config.tlp;
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
    conn.loss = new LossRecovery(this.#sent, iss);
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
