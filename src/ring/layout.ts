import { COUNTER_SLOTS, Counters } from "../base/counters.ts";
import { Memory, type Store } from "../base/memory.ts";
import { DATAGRAM_HEADER_BYTES } from "./datagram.ts";
import { DESCRIPTOR_WORDS, type PoolWords } from "./pool.ts";
import { RING_CONTROL_WORDS, type RingWords } from "./ring.ts";
import { Row, ROW_WORDS } from "./row.ts";
import type { StreamWords } from "./stream.ts";

/**
 * The shared memory of one pipeline: one buffer, cut as follows. Every region starts on a cache line.
 *
 * ```text
 *   control       bells and flags, one cache line each
 *   counters      one set per thread: reader, parser, tcp
 *   rings         frames  reader -> parser     segments  parser -> tcp     slots  tcp -> reader
 *                 commands  app -> tcp         events  tcp -> app          trace  tcp -> app
 *                 quotes  parser -> tcp
 *   rows          one per connection, then one per UDP socket (row.ts)
 *   flows         ends of the flows to foreign destinations that wait for a decision
 *   descriptors   receive: frame slots, then receive blocks; send: send blocks
 *   handover      frames that came in at another queue's pipeline but belong to a connection of this one
 *   headers       where the tcp thread builds the headers of outgoing packets, and its datagram header (datagram.ts)
 *   fragments     pages of packets that are not complete, the parser's own
 *   slots         frames as read from the device, 64 KiB and a little each
 *   receive       blocks that hold received bytes which were copied out of their frame
 *   send          blocks that hold the application's bytes until the peer has acknowledged them
 * ```
 *
 * Untouched pages of the buffer cost no memory, so the sizes are limits, not costs.
 */

/** The sizes of a pipeline's regions. All counts are powers of two. */
export interface Dimensions {
  /** Connections that may exist at once. */
  readonly connections: number;
  /** UDP sockets that may exist at once. */
  readonly sockets: number;
  /** Frame slots. */
  readonly slots: number;
  /** Blocks for received bytes, {@link RECEIVE_BLOCK_BYTES} each. */
  readonly receiveBlocks: number;
  /** Blocks for bytes to send, {@link SEND_BLOCK_BYTES} each. */
  readonly sendBlocks: number;
  /** Trace records that may wait. */
  readonly traceRecords: number;
  /** Frames that another queue's pipeline may have handed over; 1 when there is one queue. */
  readonly handoverFrames: number;
  /** Pages for fragments, {@link FRAGMENT_PAGE_BYTES} each. */
  readonly fragmentPages: number;
}

/** Bytes of a frame slot: the largest IP packet, the virtio-net header, and room to align. */
export const SLOT_BYTES = 65_536 + 64;

/**
 * Free bytes before a frame in its slot: with the 10-byte virtio-net header the IP header then starts
 * at a multiple of 16, and its fields are aligned.
 */
export const SLOT_HEADROOM = 6;

/** Bytes of a receive block: small, because a block that holds one byte costs as much as a full one. */
export const RECEIVE_BLOCK_BYTES = 4096;

/** Bytes of a send block: larger, because a copy from the application costs per block. */
export const SEND_BLOCK_BYTES = 16_384;

/** Words of a frame record: descriptor of the slot, length of the frame. */
export const FRAME_WORDS = 2;
/** Words of a segment record (segment_record.ts). */
export const SEGMENT_WORDS = 48;
/** Words of a handover record: length of the frame, pipelines that have seen it. */
export const HANDOVER_WORDS = 2;
/** Bytes of a page of fragments (src/ip/fragment_pages.ts). */
export const FRAGMENT_PAGE_BYTES = 1024;
/** Words of a quote: its length, and the longest that an ICMP error can carry. */
export const QUOTE_WORDS = 312;
/** Quotes that may wait to be sent: more than the limit on errors lets go at once. */
const QUOTE_RECORDS = 64;
/** Words of a command record. */
export const MESSAGE_WORDS = 16;
/** Words of an event record: every row has room for four. */
export const EVENT_WORDS = 8;
/** Words of the headers of a packet as they were on the wire: IPv4 and TCP with all options that there can be. */
export const HEADERS_WORDS = 30;
/** Words of a trace record: time (2), kind, states (2), row, length of headers, free, a segment record, headers. */
export const TRACE_WORDS = 8 + SEGMENT_WORDS + HEADERS_WORDS;
/** Flows to foreign destinations that may wait for a decision at once. */
export const FLOWS_MAX = 4096;
/** Words of such a flow's ends: local address (4), remote address (4), ports (local high), reserved (3). */
export const FLOW_WORDS = 12;

/** Bytes in which headers are built: one packet at a time. */
export const HEADER_BYTES = 256;

/** Cache lines of the control region, by what they hold. */
export const Control = {
  tcpBell: 0,
  parserBell: 16,
  readerBell: 32,
  appBell: 48,
  stop: 64,
  /** What is traced: {@link Traced}. */
  trace: 80,
  /** Which protocols are let in for foreign destinations: {@link ForwardBit} bits, set by the tcp thread. */
  forward: 96,
} as const;

/** Bits of {@link Control.forward}. */
export const ForwardBit = { tcp: 1, udp: 2 } as const;

const CONTROL_WORDS = 128;

/** Bits of the word {@link Control.trace}: what somebody looks at. */
export const Traced = { nothing: 0, segments: 1, progress: 2 } as const;

const CACHE_LINE = 64;

/** The dimensions of a stack that faces a network. */
export const DEFAULT_DIMENSIONS: Dimensions = {
  connections: 65_536,
  sockets: 1024,
  slots: 256,
  receiveBlocks: 65_536,
  sendBlocks: 16_384,
  traceRecords: 1,
  handoverFrames: 1,
  fragmentPages: 4096,
};

/** The dimensions of a stack in a simulation, of which there may be thousands one after the other. */
export const SMALL_DIMENSIONS: Dimensions = {
  connections: 4096,
  sockets: 128,
  slots: 64,
  receiveBlocks: 1024,
  sendBlocks: 512,
  traceRecords: 1,
  handoverFrames: 1,
  fragmentPages: 4096,
};

/** The regions of a pipeline's shared memory; every thread makes its own over the same buffer. */
export class Layout {
  readonly dimensions: Dimensions;
  readonly memory: Memory;
  readonly words: Int32Array;
  /** Places of the event ring that belong to the rows and to flows that wait for a decision. */
  readonly rowEvents: number;
  /** Word index of the control region; add a {@link Control} value. */
  readonly control = 0;
  readonly readerCounters: Counters;
  readonly parserCounters: Counters;
  readonly tcpCounters: Counters;
  readonly frames: RingWords;
  readonly segments: RingWords;
  readonly freeSlots: RingWords;
  readonly commands: RingWords;
  readonly events: RingWords;
  readonly trace: RingWords;
  readonly handover: RingWords;
  /** Byte offset of the first handed-over frame; one every SLOT_BYTES, as the ring's records. */
  readonly handoverFrames: number;
  /** Word index of row 0. */
  readonly rows: number;
  /** Word index of flow 0. */
  readonly flows: number;
  /** Byte offset of the header area. */
  readonly headers: number;
  /** Byte offset of the TCP thread's place for one datagram header. */
  readonly datagramHeader: number;
  /** What senders are told of packets whose fragments did not all come: from the parser to the TCP thread. */
  readonly quotes: RingWords;
  /** Byte offset of the first page of fragments. */
  readonly fragmentPages: number;
  readonly slotPool: PoolWords;
  readonly receivePool: PoolWords;
  readonly sendPool: PoolWords;

  /**
   * `store` is that of another thread's layout of the same dimensions, or makes one of so many bytes.
   * Throws a `RangeError` when the dimensions are more than a pipeline can address.
   */
  constructor(dimensions: Dimensions, store: Store | ((bytes: number) => Store) = plainStore) {
    this.dimensions = dimensions;
    const { slots, receiveBlocks, sendBlocks, traceRecords, handoverFrames } = dimensions;
    const rowCount = dimensions.connections + dimensions.sockets;
    this.rowEvents = EVENTS_PER_ROW * rowCount + EVENTS_PER_FLOW * FLOWS_MAX;
    const cut = new Cutter();
    cut.bytes(CONTROL_WORDS * 4);
    const counters = [0, 1, 2].map(() => cut.bytes(COUNTER_SLOTS * 8));
    // A frame in flight holds a slot, so rings as long as there are slots cannot overflow. A row has
    // at most one piece of news, one accept and one end in the events ring at a time.
    const rings = {
      frames: cut.ring(FRAME_WORDS, slots),
      segments: cut.ring(SEGMENT_WORDS, slots),
      freeSlots: cut.ring(1, slots),
      commands: cut.ring(MESSAGE_WORDS, COMMAND_RECORDS),
      events: cut.ring(EVENT_WORDS, this.rowEvents + REPLY_RECORDS),
      trace: cut.ring(TRACE_WORDS, traceRecords),
      handover: cut.ring(HANDOVER_WORDS, handoverFrames),
      quotes: cut.ring(QUOTE_WORDS, QUOTE_RECORDS),
    };
    const rows = cut.bytes(rowCount * ROW_WORDS * 4);
    const flows = cut.bytes(FLOWS_MAX * FLOW_WORDS * 4);
    const receiveTable = cut.bytes((slots + receiveBlocks) * DESCRIPTOR_WORDS * 4);
    const sendTable = cut.bytes(sendBlocks * DESCRIPTOR_WORDS * 4);
    this.headers = cut.bytes(HEADER_BYTES);
    this.datagramHeader = cut.bytes(DATAGRAM_HEADER_BYTES);
    this.handoverFrames = cut.bytes(rings.handover.capacity * SLOT_BYTES);
    this.fragmentPages = cut.bytes(dimensions.fragmentPages * FRAGMENT_PAGE_BYTES);
    const slotBytes = cut.bytes(slots * SLOT_BYTES);
    const receiveBytes = cut.bytes(receiveBlocks * RECEIVE_BLOCK_BYTES);
    const sendBytes = cut.bytes(sendBlocks * SEND_BLOCK_BYTES);
    if (cut.end > 0x7fff_ffff) throw tooLarge(cut.end);
    this.memory = new Memory(typeof store === "function" ? store(cut.end) : store);
    this.words = new Int32Array(this.memory.buffer);
    const set = (index: number) =>
      new Counters(new Float64Array(this.memory.buffer, counters[index], COUNTER_SLOTS));
    this.readerCounters = set(0);
    this.parserCounters = set(1);
    this.tcpCounters = set(2);
    const words = this.words;
    const ring = (place: RingPlace): RingWords => ({ words, ...place });
    this.frames = ring(rings.frames);
    this.segments = ring(rings.segments);
    this.freeSlots = ring(rings.freeSlots);
    this.commands = ring(rings.commands);
    this.events = ring(rings.events);
    this.trace = ring(rings.trace);
    this.handover = ring(rings.handover);
    this.quotes = ring(rings.quotes);
    this.rows = rows / 4;
    this.flows = flows / 4;
    const receive = { words, table: receiveTable / 4 };
    this.slotPool = {
      ...receive,
      ...{ first: 0, count: slots, blocks: slotBytes },
      ...{ blockBytes: SLOT_BYTES, headroom: SLOT_HEADROOM },
    };
    this.receivePool = {
      ...receive,
      ...{ first: slots, count: receiveBlocks, blocks: receiveBytes },
      ...{ blockBytes: RECEIVE_BLOCK_BYTES, headroom: 0 },
    };
    this.sendPool = {
      ...{ words, table: sendTable / 4 },
      ...{ first: 0, count: sendBlocks, blocks: sendBytes },
      ...{ blockBytes: SEND_BLOCK_BYTES, headroom: 0 },
    };
  }

  /** Whether this is the row of a UDP socket, not of a connection. */
  isSocketRow(index: number): boolean {
    return index >= this.dimensions.connections;
  }

  /** Word index of a row. */
  row(index: number): number {
    return this.rows + index * ROW_WORDS;
  }

  /** The stream of received bytes of a connection: from the TCP thread to the application. */
  receiveStream(row: number): StreamWords {
    const at = this.row(row);
    return {
      words: this.words,
      written: at + Row.rxWritten,
      head: at + Row.rxHead,
      epoch: at + Row.rxEpoch,
      read: at + Row.rxRead,
    };
  }

  /** The stream of bytes to send of a connection: from the application to the TCP thread. */
  sendStream(row: number): StreamWords {
    const at = this.row(row);
    return {
      words: this.words,
      written: at + Row.txWritten,
      head: at + Row.txHead,
      epoch: at + Row.txEpoch,
      read: at + Row.txRead,
    };
  }

  /** The memory, to hand to another thread. */
  get shared(): Store {
    return this.memory.store;
  }
}

/** Commands that may wait; the application keeps what does not fit until there is room. */
const COMMAND_RECORDS = 4096;
/** Events besides those of rows: answers to `connect`, for which commands wait when there is no room. */
const REPLY_RECORDS = 4096;
/** Events that a row can have waiting: accepted or connected, news, ended. */
const EVENTS_PER_ROW = 4;

/** Events that a flow can have waiting: that it is there, and that it has ended undecided. */
const EVENTS_PER_FLOW = 2;

/** A ring's place, before the words are there. */
type RingPlace = Omit<RingWords, "words">;

function plainStore(bytes: number): Store {
  return new SharedArrayBuffer(bytes);
}

function tooLarge(bytes: number): RangeError {
  return new RangeError(
    `tcp: ${bytes} bytes of buffers are more than the 2 GiB that one pipeline can address; ` +
      `lower maxConnections, receiveMemory or sendMemory`,
  );
}

/** Cuts regions out of a buffer that does not exist yet. */
class Cutter {
  end = 0;

  /** Byte offset of a region of that many bytes. */
  bytes(length: number): number {
    const start = this.end;
    this.end = Math.ceil((start + length) / CACHE_LINE) * CACHE_LINE;
    return start;
  }

  ring(recordWords: number, atLeast: number): RingPlace {
    let capacity = 1;
    while (capacity < atLeast) capacity *= 2;
    const control = this.bytes(RING_CONTROL_WORDS * 4) / 4;
    const records = this.bytes(capacity * recordWords * 4) / 4;
    return { control, records, recordWords, capacity };
  }
}
