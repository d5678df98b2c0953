/**
 * Captures of a stack that runs in threads: made from its trace, which tells headers, states and drops but holds no payload.
 * Packets are written cut behind their headers, with the length that they had.
 */

import { isIpv4Words } from "../base/address.ts";
import { Memory } from "../base/memory.ts";
import { Direction, PcapngWriter } from "../device/pcapng.ts";
import {
  ChecksumMode,
  finishTcpChecksum,
  writeHeader4,
  writeHeader6,
  writePacket,
} from "../ip/output.ts";
import { TraceKind, type TraceRecord } from "../pipeline/trace_ring.ts";
import { IPV4_HEADER_BYTES, Protocol } from "../wire/ipv4.ts";
import { IPV6_HEADER_BYTES } from "../wire/ipv6.ts";
import { Segment } from "../wire/segment.ts";
import { UDP_HEADER_BYTES, udpChecksum, writeUdpHeader } from "../wire/udp.ts";
import { CaptureWindow } from "./capture_window.ts";

/** Room for the headers of a packet: IPv6 and TCP with all options need 100 bytes. */
const HEADERS_MAX_BYTES = 128;

/**
 * Writes trace records as pcapng. {@link TraceCapture.take} is for the option `trace` of `open`; changes of state and drops
 * become comments.
 */
export class TraceCapture {
  readonly #window: CaptureWindow;
  readonly #memory = new Memory(new SharedArrayBuffer(HEADERS_MAX_BYTES));

  /** `write` gets the file block by block; `name` is the interface's. */
  constructor(write: (block: Uint8Array) => void, name: string) {
    const writer = new PcapngWriter(write);
    this.#window = new CaptureWindow(writer, writer.interface(name));
  }

  /** Takes the next record. */
  take(record: TraceRecord): void {
    if (record.kind === TraceKind.segmentIn) this.#add(record, Direction.inbound);
    if (record.kind === TraceKind.segmentOut) this.#add(record, Direction.outbound);
    if (record.kind === TraceKind.datagramIn) this.#addDatagram(record, Direction.inbound);
    if (record.kind === TraceKind.datagramOut) this.#addDatagram(record, Direction.outbound);
    if (record.kind === TraceKind.icmpIn) this.#addMessage(record, Direction.inbound);
    if (record.kind === TraceKind.icmpOut) this.#addMessage(record, Direction.outbound);
    this.#window.take(record);
  }

  /** Writes the packets that are kept back for their comments. */
  flush(): void {
    this.#window.flush();
  }

  #add(record: TraceRecord, direction: Direction): void {
    const { segment, timeUs } = record;
    const { payloadLength } = segment;
    const memory = this.#memory;
    const length = writePacket(memory, 0, segment, payloadLength, 0, ChecksumMode.full);
    // With payload, of which nothing is here, nobody can check the sum.
    if (payloadLength === 0) finishTcpChecksum(memory.view, 0, length, 0);
    const bytes = memory.bytes.slice(0, length);
    const originalLength = length + payloadLength;
    this.#window.add({ bytes, originalLength, timeUs, direction, comments: [] }, segment);
  }

  /** An ICMP message: an error as far as the trace holds it, an echo without its data, and both as one packet. */
  #addMessage(record: TraceRecord, direction: Direction): void {
    const { segment, headers, headersLength, timeUs } = record;
    const bytes = headers.slice(0, headersLength);
    const originalLength = segment.payloadOffset + segment.payloadLength;
    this.#window.add({ bytes, originalLength, timeUs, direction, comments: [] }, null);
  }

  /** A datagram as one packet, whether or not it went in fragments; the trace does not keep its class or flow label. */
  #addDatagram({ segment, timeUs }: TraceRecord, direction: Direction): void {
    const { view, bytes } = this.#memory;
    const datagram = Object.assign(new Segment(), segment, { trafficClass: 0, flowLabel: 0 });
    const { payloadLength, srcPort, dstPort } = datagram;
    const isIpv4 = isIpv4Words(datagram.dst0, datagram.dst1, datagram.dst2);
    const ipLength = isIpv4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES;
    const udpLength = UDP_HEADER_BYTES + payloadLength;
    if (isIpv4) writeHeader4(view, 0, datagram, Protocol.udp, udpLength, 0);
    else writeHeader6(view, 0, datagram, Protocol.udp, udpLength);
    const checksum = payloadLength === 0 ? udpChecksum(datagram, 0) : 0;
    writeUdpHeader(view, ipLength, srcPort, dstPort, payloadLength, checksum);
    const headers = bytes.slice(0, ipLength + UDP_HEADER_BYTES);
    const originalLength = ipLength + udpLength;
    this.#window.add({ bytes: headers, originalLength, timeUs, direction, comments: [] }, null);
  }
}
