/** Frames from and to packets of a script: real headers and checksums, so that the whole input path runs. */

import { checksumAdd, checksumFold, pseudoHeaderSum4 } from "../../src/wire/checksum.ts";
import { writeIcmpChecksum } from "../../src/wire/icmp.ts";
import { IPV4_HEADER_BYTES, Ipv4Field, Protocol, writeIpv4Header } from "../../src/wire/ipv4.ts";
import { TCP_FLAGS_MASK, TCP_HEADER_BYTES, TcpField, TcpOption } from "../../src/wire/tcp.ts";
import type { ScriptOption } from "./syntax.ts";

/** Option kinds that the language knows by name. */
const FAST_OPEN = 34;
const EXPERIMENT = 254;
const FAST_OPEN_MAGIC: readonly number[] = [0xf9, 0x89];

/** The addresses and ports of a frame as 32 and 16 bits. */
export interface FrameEnds {
  readonly source: number;
  readonly destination: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/** A TCP packet with the numbers that go on the wire. */
export interface WirePacket {
  readonly flags: number;
  readonly seq: number;
  readonly ack: number;
  readonly window: number;
  readonly urgent: number;
  readonly length: number;
  readonly options: readonly ScriptOption[];
  readonly trafficClass: number;
  readonly ttl: number;
}

/** A packet that the stack has sent. */
export interface SentPacket extends WirePacket, FrameEnds {
  readonly atUs: number;
}

/** Why a packet cannot be built, as a message; null when it can. */
export function packetFault(packet: WirePacket): string | null {
  const length = packet.options.reduce((sum, option) => sum + optionBytes(option).length, 0);
  if (length > 40) return `the TCP options take ${length} bytes, at most 40 fit`;
  if (length % 4 !== 0) return `the TCP options take ${length} bytes: pad them with nop or eol`;
  return null;
}

/** Builds an IPv4 frame; the payload is zeros. */
export function tcpFrame(ends: FrameEnds, packet: WirePacket): Uint8Array<ArrayBuffer> {
  const options = packet.options.flatMap((option) => optionBytes(option));
  const headerBytes = TCP_HEADER_BYTES + options.length;
  const total = IPV4_HEADER_BYTES + headerBytes + packet.length;
  const frame = new Uint8Array(total);
  const view = new DataView(frame.buffer);
  const { source, destination } = ends;
  const { tcp } = Protocol;
  writeIpv4Header(view, 0, packet.trafficClass, total, 0, packet.ttl, tcp, source, destination);
  const at = IPV4_HEADER_BYTES;
  view.setUint16(at + TcpField.sourcePort, ends.sourcePort);
  view.setUint16(at + TcpField.destinationPort, ends.destinationPort);
  view.setInt32(at + TcpField.sequence, packet.seq | 0);
  view.setInt32(at + TcpField.acknowledgment, packet.ack | 0);
  view.setUint16(at + TcpField.dataOffsetFlags, (headerBytes << 10) | packet.flags);
  view.setUint16(at + TcpField.window, packet.window);
  view.setUint16(at + TcpField.urgent, packet.urgent);
  frame.set(options, at + TCP_HEADER_BYTES);
  const pseudo = pseudoHeaderSum4(source, destination, tcp, total - at);
  view.setUint16(at + TcpField.checksum, checksumFold(checksumAdd(view, at, total - at, pseudo)));
  return frame;
}

/** Builds an ICMP error from `router` about a segment that `ends` (the stack first) has sent. */
export function icmpFrame(
  router: number,
  ends: FrameEnds,
  type: number,
  code: number,
  mtu: number,
  seq: number,
  length: number,
): Uint8Array<ArrayBuffer> {
  const quotedBytes = IPV4_HEADER_BYTES + 8;
  const total = IPV4_HEADER_BYTES + 8 + quotedBytes;
  const frame = new Uint8Array(total);
  const view = new DataView(frame.buffer);
  writeIpv4Header(view, 0, 0, total, 0, 64, Protocol.icmp, router, ends.source);
  const icmp = IPV4_HEADER_BYTES;
  view.setUint8(icmp, type);
  view.setUint8(icmp + 1, code);
  view.setUint16(icmp + 6, mtu);
  const quoted = icmp + 8;
  const size = IPV4_HEADER_BYTES + TCP_HEADER_BYTES + length;
  writeIpv4Header(view, quoted, 0, size, 0, 64, Protocol.tcp, ends.source, ends.destination);
  const tcp = quoted + IPV4_HEADER_BYTES;
  view.setUint16(tcp + TcpField.sourcePort, ends.sourcePort);
  view.setUint16(tcp + TcpField.destinationPort, ends.destinationPort);
  view.setInt32(tcp + TcpField.sequence, seq | 0);
  writeIcmpChecksum(view, icmp, total - icmp);
  return frame;
}

function optionBytes(option: ScriptOption): number[] {
  switch (option.kind) {
    case "nop":
      return [TcpOption.noOperation];
    case "eol":
      return [TcpOption.end];
    case "mss":
      return [TcpOption.mss, 4, option.value >> 8, option.value & 255];
    case "wscale":
      return [TcpOption.windowScale, 3, option.value];
    case "sackOK":
      return [TcpOption.sackPermitted, 2];
    case "timestamps":
      return [TcpOption.timestamps, 10, ...wordBytes(option.value), ...wordBytes(option.echo)];
    case "sack": {
      const edges = option.blocks.flatMap(([left, right]) => [
        ...wordBytes(left),
        ...wordBytes(right),
      ]);
      return [TcpOption.sack, 2 + edges.length, ...edges];
    }
    case "fastOpen":
      return [FAST_OPEN, 2 + option.cookie.length, ...option.cookie];
    case "fastOpenExperimental":
      return [EXPERIMENT, 4 + option.cookie.length, ...FAST_OPEN_MAGIC, ...option.cookie];
    case "other":
      return [option.number, 2 + option.bytes.length, ...option.bytes];
  }
}

function wordBytes(word: number): number[] {
  return [(word >>> 24) & 255, (word >>> 16) & 255, (word >>> 8) & 255, word & 255];
}

/** Takes a frame of the stack apart; null when it is no TCP over IPv4. */
export function readFrame(frame: Uint8Array<ArrayBuffer>, atUs: number): SentPacket | null {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  if (view.getUint8(0) !== 0x45 || view.getUint8(Ipv4Field.protocol) !== Protocol.tcp) return null;
  const at = IPV4_HEADER_BYTES;
  const dataOffsetFlags = view.getUint16(at + TcpField.dataOffsetFlags);
  const headerBytes = (dataOffsetFlags >> 12) * 4;
  return {
    atUs,
    source: view.getInt32(Ipv4Field.source),
    destination: view.getInt32(Ipv4Field.destination),
    sourcePort: view.getUint16(at),
    destinationPort: view.getUint16(at + 2),
    flags: dataOffsetFlags & TCP_FLAGS_MASK,
    seq: view.getInt32(at + TcpField.sequence),
    ack: view.getInt32(at + TcpField.acknowledgment),
    window: view.getUint16(at + TcpField.window),
    urgent: view.getUint16(at + TcpField.urgent),
    length: frame.length - at - headerBytes,
    options: readOptions(frame.subarray(at + TCP_HEADER_BYTES, at + headerBytes)),
    trafficClass: view.getUint8(Ipv4Field.trafficClass),
    ttl: view.getUint8(Ipv4Field.hopLimit),
  };
}

function readOptions(bytes: Uint8Array<ArrayBuffer>): ScriptOption[] {
  const options: ScriptOption[] = [];
  for (let at = 0; at < bytes.length;) {
    const kind = bytes[at];
    if (kind === TcpOption.end || kind === TcpOption.noOperation) {
      options.push({ kind: kind === TcpOption.end ? "eol" : "nop" });
      at++;
      continue;
    }
    const length = Math.max(2, bytes[at + 1]);
    options.push(readOption(kind, bytes.subarray(at + 2, at + length)));
    at += length;
  }
  return options;
}

function readOption(kind: number, bytes: Uint8Array<ArrayBuffer>): ScriptOption {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  switch (kind) {
    case TcpOption.mss:
      return { kind: "mss", value: view.getUint16(0) };
    case TcpOption.windowScale:
      return { kind: "wscale", value: bytes[0] };
    case TcpOption.sackPermitted:
      return { kind: "sackOK" };
    case TcpOption.timestamps:
      return { kind: "timestamps", value: view.getUint32(0), echo: view.getUint32(4) };
    case TcpOption.sack: {
      const blocks: [number, number][] = [];
      for (let i = 0; i + 8 <= bytes.length; i += 8) {
        blocks.push([view.getUint32(i), view.getUint32(i + 4)]);
      }
      return { kind: "sack", blocks };
    }
    case FAST_OPEN:
      return { kind: "fastOpen", cookie: bytes };
    case EXPERIMENT:
      return { kind: "fastOpenExperimental", cookie: bytes.subarray(2) };
    default:
      return { kind: "other", number: kind, bytes, name: `option ${kind}` };
  }
}
