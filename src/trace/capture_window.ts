/**
 * Packets of a capture that wait for what the trace says of them.
 *
 * ```text
 *   packets   in A   out B   in C ....           records   in A, LISTEN -> SYN-RECEIVED, out B, in C, dropped ...
 *             └──────┴───────┴─ oldest first, written when there are too many ── comments go to the packet meant
 * ```
 *
 * A change of state belongs to the packet of its connection that was handled at the same time; one that the application has
 * caused, to the next.
 */

import { dropNames } from "../base/drops.ts";
import { Direction, type PcapngWriter } from "../device/pcapng.ts";
import { TraceKind, type TraceRecord } from "../pipeline/trace_ring.ts";
import type { Segment } from "../wire/segment.ts";
import { stateChangeText } from "./lines.ts";

/** Packets that wait; the oldest is written when there are more. */
export const WAITING_PACKETS_MAX = 512;
/** Connections of which comments wait for the next packet; those of the oldest are lost beyond. */
export const HELD_CONNECTIONS_MAX = 256;

/** A packet of a capture. */
export interface WindowPacket {
  readonly bytes: Uint8Array;
  readonly timeUs: number;
  readonly direction: Direction;
  readonly originalLength?: number;
  readonly comments: string[];
}

interface Waiting {
  readonly packet: WindowPacket;
  /** What a record says of the same packet; empty when no record will. */
  readonly key: string;
  /** The time of its record, once that has come. */
  recordUs: number;
}

/** The packets of one interface, on their way to the file. */
export class CaptureWindow {
  readonly #writer: PcapngWriter;
  readonly #interface: number;
  readonly #waiting: Waiting[] = [];
  /** The packet that the trace has told of last, by connection. */
  readonly #latest = new Map<string, Waiting>();
  readonly #held = new Map<string, string[]>();

  /** Writes to an interface of a writer. */
  constructor(writer: PcapngWriter, interfaceId: number) {
    this.#writer = writer;
    this.#interface = interfaceId;
  }

  /** Adds a packet; `segment` is null when it is no TCP, and the trace will not tell of it. */
  add(packet: WindowPacket, segment: Segment | null): void {
    const key = segment === null ? "" : packetKey(packet.direction, segment);
    this.#waiting.push({ packet, key, recordUs: -1 });
    if (this.#waiting.length > WAITING_PACKETS_MAX) this.#write(this.#waiting.shift()!);
  }

  /** Takes a record of the trace. */
  take(record: TraceRecord): void {
    const { segment } = record;
    switch (record.kind) {
      case TraceKind.segmentIn:
        return this.#seen(record, Direction.inbound, connectionKey(segment, false));
      case TraceKind.segmentOut:
        return this.#seen(record, Direction.outbound, connectionKey(segment, true));
      case TraceKind.state:
        return this.#onState(record, connectionKey(segment, true));
      case TraceKind.drop:
        return this.#onDrop(record);
    }
  }

  /** Writes everything that waits. */
  flush(): void {
    for (const [connection, comments] of this.#held) {
      this.#latest.get(connection)?.packet.comments.push(...comments);
    }
    for (const waiting of this.#waiting.splice(0)) this.#write(waiting);
    this.#held.clear();
    this.#latest.clear();
  }

  #seen(record: TraceRecord, direction: Direction, connection: string): void {
    const key = packetKey(direction, record.segment);
    const found = this.#waiting.find((each) => each.recordUs < 0 && each.key === key);
    if (found === undefined) return;
    found.recordUs = record.timeUs;
    this.#latest.delete(connection);
    this.#latest.set(connection, found);
    limit(this.#latest, WAITING_PACKETS_MAX);
    const held = this.#held.get(connection);
    if (held === undefined) return;
    found.packet.comments.push(...held);
    this.#held.delete(connection);
  }

  #onState(record: TraceRecord, connection: string): void {
    const text = stateChangeText(record);
    const latest = this.#latest.get(connection);
    if (latest !== undefined && latest.recordUs === record.timeUs) {
      latest.packet.comments.push(text);
      return;
    }
    const held = this.#held.get(connection) ?? [];
    this.#held.delete(connection);
    this.#held.set(connection, [...held, text]);
    limit(this.#held, HELD_CONNECTIONS_MAX);
  }

  #onDrop(record: TraceRecord): void {
    const key = packetKey(Direction.inbound, record.segment);
    const found = this.#waiting.findLast((each) => each.recordUs >= 0 && each.key === key);
    found?.packet.comments.push(`dropped: ${dropNames[record.reason]}`);
  }

  #write({ packet }: Waiting): void {
    this.#writer.packet(this.#interface, packet.bytes, packet);
  }
}

/** Forgets the oldest entries of a map beyond so many. */
function limit(map: Map<string, unknown>, most: number): void {
  for (const key of map.keys()) {
    if (map.size <= most) return;
    map.delete(key);
  }
}

/** What a packet and its record have in common. */
function packetKey(direction: Direction, segment: Segment): string {
  const { srcPort, dstPort, seq, ack, flags, payloadLength } = segment;
  return [direction, srcPort, dstPort, seq, ack, flags & 0xff, payloadLength].join(" ");
}

/** The connection, its local end first. */
function connectionKey(s: Segment, isLocalSource: boolean): string {
  const source = [s.src0, s.src1, s.src2, s.src3, s.srcPort].join(" ");
  const destination = [s.dst0, s.dst1, s.dst2, s.dst3, s.dstPort].join(" ");
  return isLocalSource ? `${source} ${destination}` : `${destination} ${source}`;
}
