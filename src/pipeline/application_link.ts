import { FLOW_WORDS, type Layout } from "../ring/layout.ts";
import { RingProducer } from "../ring/ring.ts";
import { type ConnectionError, Row } from "../ring/row.ts";
import { type Connection, News } from "../tcp/connection.ts";
import type { Listener } from "../tcp/listener.ts";
import type { State } from "../tcp/state.ts";
import type { TcpEvents } from "../tcp/parts.ts";
import type { UdpEvents } from "../udp/udp.ts";
import type { Segment } from "../wire/segment.ts";
import { Event, Field } from "./messages.ts";
import type { TraceWriter } from "./trace_ring.ts";

/** A connection or a UDP socket: who has a row. */
interface RowUser {
  readonly id: number;
  readonly generation: number;
  readonly row: number;
}

/** Turns what the engines tell the application into records of the event ring. */
export class ApplicationLink implements TcpEvents, UdpEvents {
  /** Where to record changes, when somebody looks. */
  trace: TraceWriter | null = null;
  /** The application may be waiting for what was written since the last `publish`. */
  #loud = false;
  readonly #ring: RingProducer;
  /** Places that must stay free for the rows. */
  readonly #reserved: number;
  readonly #words: Int32Array;
  readonly #flows: number;

  constructor(layout: Layout) {
    this.#ring = new RingProducer(layout.events);
    this.#reserved = layout.rowEvents;
    this.#words = layout.words;
    this.#flows = layout.flows;
  }

  /** Whether a command can be obeyed, whose answer needs a place beside those of the rows. */
  get hasRoom(): boolean {
    return this.#ring.room > this.#reserved;
  }

  accepted(listener: Listener, conn: Connection): void {
    this.#loud = true;
    this.#write(Event.accepted, conn.id, conn.generation, listener.id, 0);
  }

  connected(request: number, conn: Connection): void {
    this.#loud = true;
    this.#write(Event.connected, conn.id, conn.generation, request, 0);
  }

  connectFailed(request: number, error: ConnectionError): void {
    this.#loud = true;
    this.#write(Event.connectFailed, -1, 0, request, error);
  }

  news(conn: RowUser, loud: boolean): void {
    if (loud) this.#loud = true;
    // One entry of a row at a time: the application clears the word before it looks at the row.
    if (Atomics.exchange(this.#words, conn.row + Row.newsForApp, 1) === 0) {
      this.#write(Event.news, conn.id, conn.generation, 0, 0);
    }
  }

  ended(conn: RowUser): void {
    this.#write(Event.ended, conn.id, conn.generation, 0, 0);
  }

  flow(id: number, generation: number, forward: number, syn: Segment): void {
    this.#loud = true;
    const words = this.#words;
    const at = this.#flows + id * FLOW_WORDS;
    words[at] = syn.dst0;
    words[at + 1] = syn.dst1;
    words[at + 2] = syn.dst2;
    words[at + 3] = syn.dst3;
    words[at + 4] = syn.src0;
    words[at + 5] = syn.src1;
    words[at + 6] = syn.src2;
    words[at + 7] = syn.src3;
    words[at + 8] = (syn.dstPort << 16) | syn.srcPort;
    this.#write(Event.flow, id, generation, forward, 0);
  }

  flowEnded(id: number, generation: number): void {
    this.#loud = true;
    this.#write(Event.flowEnded, id, generation, 0, 0);
  }

  stateChanged(conn: Connection, before: State): void {
    this.trace?.state(conn, before);
  }

  progressed(conn: Connection): void {
    this.trace?.progress(conn);
  }

  /** A `ping` has come to its end: with an answer, or with what an ICMP error of that type and code means. */
  pinged(request: number, error: ConnectionError, rttUs: number, hops: number, icmp: number): void {
    this.#loud = true;
    const at = this.#ring.claim();
    if (at < 0) throw new Error("The event ring is full, which its size should make impossible");
    const { words } = this.#ring;
    words[at + Field.op] = Event.pinged;
    words[at + Field.row] = -1;
    words[at + Field.generation] = 0;
    words[at + Field.request] = request;
    words[at + Field.result] = error;
    words[at + Field.rttUs] = rttUs;
    words[at + Field.hops] = hops;
    words[at + Field.icmp] = icmp;
    this.#ring.push();
  }

  /** All connections have ended after a `shutdown`. */
  stopped(): void {
    this.#loud = true;
    this.#write(Event.stopped, -1, 0, 0, 0);
  }

  /** Shows the records to the application and says how soon it has to look at them. */
  publish(): News {
    const any = this.#ring.publish();
    const loud = this.#loud;
    this.#loud = false;
    return loud ? News.loud : any ? News.quiet : News.none;
  }

  #write(op: number, row: number, generation: number, name: number, result: number): void {
    const at = this.#ring.claim();
    // The ring has room for everything that all rows together can have waiting (layout.ts).
    if (at < 0) throw new Error("The event ring is full, which its size should make impossible");
    const { words } = this.#ring;
    words[at + Field.op] = op;
    words[at + Field.row] = row;
    words[at + Field.generation] = generation;
    words[at + Field.request] = name;
    words[at + Field.result] = result;
    this.#ring.push();
  }
}
