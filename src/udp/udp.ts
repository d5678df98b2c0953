/**
 * The UDP engine: finds the socket of each datagram and queues it there, and sends what the application has
 * queued. The only owner of every socket's state on this side of the shared memory.
 *
 * One round of work is: `input` for each datagram, commands of the application, then `flush`, in which each
 * socket that was touched sends and shows what it has received.
 */

import { Counter, type Counters } from "../base/counters.ts";
import { Drop } from "../base/drops.ts";
import {
  DATAGRAM_HEADER_BYTES,
  DatagramWord,
  isSendWaiting,
  LOOPS_BACK,
} from "../ring/datagram.ts";
import type { Layout } from "../ring/layout.ts";
import { publishRead, StreamCursor, StreamWriter, streamWritten } from "../ring/stream.ts";
import { FIRST_PIECE } from "../tcp/sink.ts";
import type { ReceiveMemory } from "../tcp/receive_buffer.ts";
import { Segment } from "../wire/segment.ts";
import type { UdpConfig } from "./config.ts";
import type { DatagramSink } from "./sink.ts";
import { Match, UdpSocket } from "./socket.ts";
import { SocketTable } from "./table.ts";

/** Datagrams of one socket that are sent before others get their turn. */
const SENT_PER_ROUND = 64;

/** What the engine tells the application's side. */
export interface UdpEvents {
  /** The row has something to look at; `loud` when the application may be waiting for it. */
  news(socket: UdpSocket, loud: boolean): void;
  /** The engine needs nothing of the application's for this socket any more. */
  ended(socket: UdpSocket): void;
}

/** Which destinations a forward takes. */
export interface DatagramFilter {
  lets(w0: number, w1: number, w2: number, w3: number, port: number): boolean;
}

/** The address of sockets that are for no own address. */
const NOWHERE: readonly number[] = [0, 0, 0, 0];

/** What the engine is made of. */
export interface UdpParts {
  readonly config: UdpConfig;
  readonly layout: Layout;
  readonly counters: Counters;
  readonly memory: ReceiveMemory;
  readonly sink: DatagramSink;
  readonly events: UdpEvents;
}

/** The engine of one pipeline. */
export class Udp {
  readonly #parts: UdpParts;
  readonly #words: Int32Array;
  readonly #sink: DatagramSink;
  readonly #table = new SocketTable();
  readonly #sockets = new Map<number, UdpSocket>();
  /** Those that take what comes to foreign destinations, the oldest first. */
  readonly #foreign: { readonly socket: UdpSocket; readonly filter: DatagramFilter }[] = [];
  /** Sockets to look at in `flush`: the first so many, because an array that is emptied loses its memory. */
  readonly #dirty: UdpSocket[] = [];
  #dirtyCount = 0;
  /** Byte offset and word index of the place for one datagram header. */
  readonly #headerBytes: number;
  readonly #headerWords: number;
  readonly #datagram = new Segment();
  readonly #remote = { remote0: 0, remote1: 0, remote2: 0, remote3: 0 };
  /** Where a datagram begins that may have to wait. */
  readonly #mark = new StreamCursor();

  constructor(parts: UdpParts) {
    this.#parts = parts;
    this.#words = parts.layout.words;
    this.#sink = parts.sink;
    this.#headerBytes = parts.layout.datagramHeader;
    this.#headerWords = parts.layout.datagramHeader / 4;
  }

  /** Sockets that are open, or have something left to send. */
  get socketCount(): number {
    return this.#sockets.size;
  }

  /** Whether `flush` has left something to do. */
  get hasWork(): boolean {
    return this.#dirtyCount > 0;
  }

  /** Opens a socket in the row that the application has made ready. */
  bind(id: number, generation: number, address: readonly number[], port: number): void {
    const { layout, memory } = this.#parts;
    const receive = new StreamWriter(memory, layout.receiveStream(id));
    const row = layout.row(id);
    const send = layout.sendStream(id);
    const socket = new UdpSocket(id, generation, row, address, port, receive, send);
    this.#sockets.set(id, socket);
    this.#table.add(socket);
  }

  /** Opens a socket for what comes to foreign destinations that `lets` lets through. */
  bindForeign(id: number, generation: number, filter: DatagramFilter): void {
    const { layout, memory } = this.#parts;
    const receive = new StreamWriter(memory, layout.receiveStream(id));
    const send = layout.sendStream(id);
    const socket = new UdpSocket(id, generation, layout.row(id), NOWHERE, 0, receive, send);
    this.#sockets.set(id, socket);
    this.#foreign.push({ socket, filter });
  }

  /** The application lets go of a socket; what it has queued is still sent. */
  unbind(id: number, generation: number): void {
    const socket = this.#find(id, generation);
    if (socket === null) return;
    const index = this.#foreign.findIndex((one) => one.socket === socket);
    if (index < 0) this.#table.remove(socket);
    else this.#foreign.splice(index, 1);
    socket.closing = true;
    this.#touch(socket);
  }

  /** Lets go of every socket, in the same way. */
  unbindAll(): void {
    for (const { id, generation } of [...this.#sockets.values()]) this.unbind(id, generation);
  }

  /** Joins a group, or leaves it. */
  setMember(id: number, generation: number, group: readonly number[], joins: boolean): void {
    const socket = this.#find(id, generation);
    if (socket !== null && !socket.closing) this.#table.setMember(socket, group, joins);
  }

  /** The application has received datagrams, or queued some. */
  onApplicationNews(id: number, generation: number): void {
    const socket = this.#find(id, generation);
    if (socket === null) return;
    socket.receive.reclaim();
    this.#touch(socket);
  }

  /** Whether a socket would take a datagram from there: what an ICMP error quotes was sent by one. */
  hasSender(datagram: Segment): boolean {
    const { src0, src1, src2, src3, srcPort } = datagram;
    return this.#table.find(src0, src1, src2, src3, srcPort) !== null;
  }

  /** Takes one decoded datagram in. */
  input(datagram: Segment, isGroup: boolean, nowUs: number): void {
    const { dst0, dst1, dst2, dst3, dstPort } = datagram;
    if (datagram.foreign) {
      this.#inputForForeign(datagram);
      return;
    }
    if (isGroup) {
      this.#inputForGroup(datagram);
      return;
    }
    const socket = this.#table.find(dst0, dst1, dst2, dst3, dstPort);
    if (socket !== null) {
      this.#deliver(socket, datagram);
      return;
    }
    this.#parts.counters.drop(Drop.udpNoSocket);
    this.#sink.sendPortUnreachable(datagram, nowUs);
  }

  /** The first forward whose filter lets it through gets it. */
  #inputForForeign(datagram: Segment): void {
    const { dst0, dst1, dst2, dst3, dstPort } = datagram;
    for (let i = 0; i < this.#foreign.length; i++) {
      const { socket, filter } = this.#foreign[i];
      if (!filter.lets(dst0, dst1, dst2, dst3, dstPort)) continue;
      this.#deliver(socket, datagram);
      return;
    }
    const isOpen = this.#foreign.length > 0;
    this.#parts.counters.drop(isOpen ? Drop.forwardFiltered : Drop.ipDestinationForeign);
  }

  /** RFC 1122 section 3.2.2: nobody is told when there is no socket for what was sent to many. */
  #inputForGroup(datagram: Segment): void {
    const { dst0, dst1, dst2, dst3, dstPort } = datagram;
    const sockets = this.#table.at(dstPort);
    let given = 0;
    if (sockets.length > 0 && this.#table.takesGroup(dst0, dst1, dst2, dst3)) {
      for (let i = 0; i < sockets.length; i++) {
        if (sockets[i].match(dst0, dst1, dst2, dst3) === Match.none) continue;
        this.#deliver(sockets[i], datagram);
        given++;
      }
    }
    if (given === 0) this.#parts.counters.drop(Drop.udpNoSocket);
  }

  #deliver(socket: UdpSocket, datagram: Segment): void {
    const { counters, memory, config } = this.#parts;
    const { receive } = socket;
    const length = datagram.payloadLength;
    const needed = DATAGRAM_HEADER_BYTES + length;
    const pending = receive.pending;
    if (pending > 0 && pending + needed > config.receiveBufferBytes) {
      counters.drop(Drop.udpQueueFull);
      return;
    }
    const isOverShare = pending > 0 && pending + needed > memory.shareBytes;
    if (isOverShare || !receive.hasMemoryFor(needed)) {
      counters.drop(Drop.udpNoMemory);
      return;
    }
    this.#writeHeader(datagram);
    receive.appendCopy(this.#headerBytes, DATAGRAM_HEADER_BYTES);
    if (length > 0) receive.appendCopy(datagram.payloadOffset, length);
    counters.count(Counter.datagramsIn);
    counters.add(Counter.datagramBytesIn, length);
    socket.hasReceived = true;
    this.#touch(socket);
  }

  #writeHeader(datagram: Segment): void {
    const words = this.#words;
    const at = this.#headerWords;
    words[at + DatagramWord.length] = datagram.payloadLength;
    words[at + DatagramWord.ports] = (datagram.srcPort << 16) | datagram.dstPort;
    words[at + DatagramWord.hops] = (datagram.trafficClass << 8) | datagram.hopLimit;
    words[at + DatagramWord.source] = datagram.src0;
    words[at + DatagramWord.source + 1] = datagram.src1;
    words[at + DatagramWord.source + 2] = datagram.src2;
    words[at + DatagramWord.source + 3] = datagram.src3;
    words[at + DatagramWord.destination] = datagram.dst0;
    words[at + DatagramWord.destination + 1] = datagram.dst1;
    words[at + DatagramWord.destination + 2] = datagram.dst2;
    words[at + DatagramWord.destination + 3] = datagram.dst3;
  }

  /** Lets every touched socket send and show what it has received. */
  flush(nowUs: number): void {
    const count = this.#dirtyCount;
    // Those that are touched meanwhile take the places of those that are through.
    this.#dirtyCount = 0;
    for (let i = 0; i < count; i++) this.#flushSocket(this.#dirty[i], nowUs);
  }

  #flushSocket(socket: UdpSocket, nowUs: number): void {
    socket.dirty = false;
    if (this.#sockets.get(socket.id) !== socket) return;
    const before = socket.sent.position;
    const isAllSent = this.#sendQueued(socket, nowUs);
    if (!isAllSent) this.#touch(socket);
    if (socket.closing) {
      if (isAllSent) this.#end(socket);
      return;
    }
    const hasSent = socket.sent.position !== before;
    if (!hasSent && !socket.hasReceived) return;
    let loud = hasSent && isSendWaiting(this.#words, socket.row);
    if (socket.hasReceived) {
      socket.hasReceived = false;
      socket.receive.publish();
      socket.receive.reclaim();
      loud = true;
    }
    this.#parts.events.news(socket, loud);
  }

  #end(socket: UdpSocket): void {
    socket.receive.dispose();
    this.#sockets.delete(socket.id);
    this.#parts.events.ended(socket);
  }

  /** Sends what the application has queued; false when some of it has to wait for the next round. */
  #sendQueued(socket: UdpSocket, nowUs: number): boolean {
    const stream = socket.sendStream;
    const before = socket.sent.position;
    const written = streamWritten(stream);
    let isWaiting = false;
    for (let count = 0; socket.sent.position !== written; count++) {
      isWaiting = count === SENT_PER_ROUND || !this.#sendNext(socket, nowUs);
      if (isWaiting) break;
    }
    if (socket.sent.position !== before) publishRead(stream, socket.sent.position);
    return !isWaiting;
  }

  /** Sends the oldest queued datagram; false when there is no room for it now. */
  #sendNext(socket: UdpSocket, nowUs: number): boolean {
    const { counters } = this.#parts;
    const sink = this.#sink;
    const datagram = this.#datagram;
    this.#mark.copyFrom(socket.sent);
    const hops = this.#readHeader(socket);
    const remote = this.#remote;
    remote.remote0 = datagram.dst0;
    remote.remote1 = datagram.dst1;
    remote.remote2 = datagram.dst2;
    remote.remote3 = datagram.dst3;
    if (!sink.hasRoom(remote)) {
      socket.sent.copyFrom(this.#mark);
      return false;
    }
    const end = this.#gather(socket, datagram.payloadLength);
    counters.count(Counter.datagramsOut);
    counters.add(Counter.datagramBytesOut, datagram.payloadLength);
    sink.sendDatagram(datagram, end, (hops & LOOPS_BACK) !== 0, nowUs);
    return true;
  }

  /** Takes a header out of the queue, into the datagram at hand; returns its word about hops. */
  #readHeader(socket: UdpSocket): number {
    const { layout } = this.#parts;
    const { sent, sendStream } = socket;
    const { table } = layout.sendPool;
    for (let done = 0; done < DATAGRAM_HEADER_BYTES;) {
      const count = sent.span(sendStream, table, DATAGRAM_HEADER_BYTES - done);
      layout.memory.copy(this.#headerBytes + done, sent.start(sendStream, table), count);
      sent.advance(count);
      done += count;
    }
    const words = this.#words;
    const at = this.#headerWords;
    const datagram = this.#datagram;
    const hops = words[at + DatagramWord.hops];
    datagram.payloadLength = words[at + DatagramWord.length];
    datagram.srcPort = words[at + DatagramWord.ports] >>> 16;
    datagram.dstPort = words[at + DatagramWord.ports] & 0xffff;
    datagram.hopLimit = hops & 0xff;
    datagram.trafficClass = (hops >>> 8) & 0xff;
    datagram.src0 = words[at + DatagramWord.source];
    datagram.src1 = words[at + DatagramWord.source + 1];
    datagram.src2 = words[at + DatagramWord.source + 2];
    datagram.src3 = words[at + DatagramWord.source + 3];
    datagram.dst0 = words[at + DatagramWord.destination];
    datagram.dst1 = words[at + DatagramWord.destination + 1];
    datagram.dst2 = words[at + DatagramWord.destination + 2];
    datagram.dst3 = words[at + DatagramWord.destination + 3];
    return hops;
  }

  /** Puts the places of the next `length` queued bytes into the sink's pieces; returns the index behind them. */
  #gather(socket: UdpSocket, length: number): number {
    const { sent, sendStream } = socket;
    const { table } = this.#parts.layout.sendPool;
    const { pieces } = this.#sink;
    let end = FIRST_PIECE;
    for (let missing = length; missing > 0; end += 2) {
      const count = sent.span(sendStream, table, missing);
      pieces[end] = sent.start(sendStream, table);
      pieces[end + 1] = count;
      sent.advance(count);
      missing -= count;
    }
    return end;
  }

  #find(id: number, generation: number): UdpSocket | null {
    const socket = this.#sockets.get(id);
    return socket !== undefined && socket.generation === generation ? socket : null;
  }

  #touch(socket: UdpSocket): void {
    if (socket.dirty) return;
    socket.dirty = true;
    this.#dirty[this.#dirtyCount++] = socket;
  }
}
