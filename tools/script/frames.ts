/** Frames from and to packets of a script: real headers and checksums, so that the whole input path runs. */

import type { Address } from "../../src/base/address.ts";
import { ICMP6_MTU_FIELD, IcmpField, writeIcmpChecksum } from "../../src/wire/icmp.ts";
import { TCP_FLAGS_MASK, TCP_HEADER_BYTES, TcpField, TcpOption } from "../../src/wire/tcp.ts";
import { familyOf, ipHeaderBytes } from "./addresses.ts";
import { type IpPacket, readIpHeader, transportChecksum, writeIpHeader } from "./ip_frames.ts";
import type { ScriptOption } from "./syntax.ts";

/** Option kinds that the language knows by name. */
const FAST_OPEN = 34;
const EXPERIMENT = 254;
const FAST_OPEN_MAGIC: readonly number[] = [0xf9, 0x89];

/** The addresses and ports of a frame. */
export interface FrameEnds {
  readonly source: Address;
  readonly destination: Address;
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
  /** Over IPv6; 0 over IPv4. */
  readonly flowLabel: number;
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

/** Builds a frame; the payload is zeros. */
export function tcpFrame(ends: FrameEnds, packet: WirePacket): Uint8Array<ArrayBuffer> {
  const options = packet.options.flatMap((option) => optionBytes(option));
  const headerBytes = TCP_HEADER_BYTES + options.length;
  const length = headerBytes + packet.length;
  const { source, destination } = ends;
  const { trafficClass, ttl, flowLabel } = packet;
  const ip: IpPacket = { source, destination, protocol: "tcp", trafficClass, ttl, flowLabel };
  const at = ipHeaderBytes(familyOf(source));
  const frame = new Uint8Array(at + length);
  const view = new DataView(frame.buffer);
  writeIpHeader(view, 0, ip, length);
  view.setUint16(at + TcpField.sourcePort, ends.sourcePort);
  view.setUint16(at + TcpField.destinationPort, ends.destinationPort);
  view.setInt32(at + TcpField.sequence, packet.seq | 0);
  view.setInt32(at + TcpField.acknowledgment, packet.ack | 0);
  view.setUint16(at + TcpField.dataOffsetFlags, (headerBytes << 10) | packet.flags);
  view.setUint16(at + TcpField.window, packet.window);
  view.setUint16(at + TcpField.urgent, packet.urgent);
  frame.set(options, at + TCP_HEADER_BYTES);
  view.setUint16(at + TcpField.checksum, transportChecksum(view, ip, length));
  return frame;
}

/** What an ICMP error says, with numbers as on the wire. */
export interface WireError {
  readonly type: number;
  readonly code: number;
  readonly mtu: number;
  /** Sequence number and payload of the quoted segment. */
  readonly seq: number;
  readonly length: number;
}

/** Bytes of the quoted TCP header that every error has (RFC 792). */
const QUOTED_TCP_BYTES = 8;

/** Builds an ICMP error from `router` about a segment that `ends` (the stack first) has sent. */
export function icmpFrame(
  router: Address,
  ends: FrameEnds,
  error: WireError,
): Uint8Array<ArrayBuffer> {
  const family = familyOf(router);
  const header = ipHeaderBytes(family);
  const length = IcmpField.quoted + header + QUOTED_TCP_BYTES;
  const frame = new Uint8Array(header + length);
  const view = new DataView(frame.buffer);
  const { source, destination } = ends;
  const path = { trafficClass: 0, ttl: 64, flowLabel: 0 };
  const ip: IpPacket = { source: router, destination: source, protocol: "icmp", ...path };
  writeIpHeader(view, 0, ip, length);
  view.setUint8(header + IcmpField.type, error.type);
  view.setUint8(header + IcmpField.code, error.code);
  if (family === "ipv4") view.setUint16(header + IcmpField.mtu, error.mtu);
  else view.setUint32(header + ICMP6_MTU_FIELD, error.mtu);
  const quoted = header + IcmpField.quoted;
  const about: IpPacket = { source, destination, protocol: "tcp", ...path };
  const tcp = quoted + writeIpHeader(view, quoted, about, TCP_HEADER_BYTES + error.length);
  view.setUint16(tcp + TcpField.sourcePort, ends.sourcePort);
  view.setUint16(tcp + TcpField.destinationPort, ends.destinationPort);
  view.setInt32(tcp + TcpField.sequence, error.seq | 0);
  if (family === "ipv4") writeIcmpChecksum(view, header, length);
  else view.setUint16(header + IcmpField.checksum, transportChecksum(view, ip, length));
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

/** Takes a frame of the stack apart; null when it is no TCP. */
export function readFrame(frame: Uint8Array<ArrayBuffer>, atUs: number): SentPacket | null {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const ip = readIpHeader(view);
  if (ip === null) return null;
  const { at, source, destination, trafficClass, ttl, flowLabel } = ip;
  const dataOffsetFlags = view.getUint16(at + TcpField.dataOffsetFlags);
  const headerBytes = (dataOffsetFlags >> 12) * 4;
  return {
    atUs,
    source,
    destination,
    trafficClass,
    ttl,
    flowLabel,
    sourcePort: view.getUint16(at),
    destinationPort: view.getUint16(at + 2),
    flags: dataOffsetFlags & TCP_FLAGS_MASK,
    seq: view.getInt32(at + TcpField.sequence),
    ack: view.getInt32(at + TcpField.acknowledgment),
    window: view.getUint16(at + TcpField.window),
    urgent: view.getUint16(at + TcpField.urgent),
    length: frame.length - at - headerBytes,
    options: readOptions(frame.subarray(at + TCP_HEADER_BYTES, at + headerBytes)),
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
    case TcpOption.accurateEcn0:
    case TcpOption.accurateEcn1:
      return { kind: "other", number: kind, bytes, name: "ECN" };
    default:
      return { kind: "other", number: kind, bytes, name: `option ${kind}` };
  }
}
