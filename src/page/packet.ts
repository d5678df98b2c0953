/** The headers of a packet as people read them: every field with its bits, its value and what it means. */

import { addressText, ipv4Address } from "../base/address.ts";
import { Protocol } from "../wire/ipv4.ts";
import { Flag } from "../wire/segment.ts";
import { readTcpHeaderLength, TcpField, TcpOption } from "../wire/tcp.ts";
import { both, type Text, text } from "./text.ts";

/** One field of a header. */
export interface Field {
  readonly name: Text;
  /** Where it begins, in bits from the start of its header. */
  readonly at: number;
  readonly bits: number;
  /** The value as people write it. */
  readonly value: string;
  /** What the value means here. */
  readonly meaning: Text;
}

/** A decoded packet. */
export interface Packet {
  /** `IPv4` or `IPv6`. */
  readonly family: string;
  readonly bytes: Uint8Array;
  /** Where the TCP header begins. */
  readonly tcpAt: number;
  readonly ip: readonly Field[];
  readonly tcp: readonly Field[];
  readonly src: string;
  readonly dst: string;
  readonly seq: number;
  readonly ack: number;
  readonly flags: number;
  readonly window: number;
  readonly payloadBytes: number;
  /** Payload of each segment that offload makes of this one; 0 when it is a single one. */
  readonly gsoBytes: number;
  readonly mss: number | null;
  readonly windowScale: number | null;
  readonly sackPermitted: boolean;
  readonly timestamps: readonly [value: number, echo: number] | null;
  /** Edges of SACK blocks, left and right, raw. */
  readonly sack: readonly (readonly [left: number, right: number])[];
}

/** The flags in the order of the header, with their names. */
export const FLAG_NAMES: readonly (readonly [bit: number, name: string])[] = [
  [Flag.AE, "AE"],
  [Flag.CWR, "CWR"],
  [Flag.ECE, "ECE"],
  [Flag.URG, "URG"],
  [Flag.ACK, "ACK"],
  [Flag.PSH, "PSH"],
  [Flag.RST, "RST"],
  [Flag.SYN, "SYN"],
  [Flag.FIN, "FIN"],
];

/** The flags that are set, as people name them: `SYN ACK`. */
export function flagsText(flags: number): string {
  const order = ["SYN", "FIN", "RST", "PSH", "ACK", "URG", "ECE", "CWR", "AE"];
  const names = FLAG_NAMES.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name);
  return names.sort((a, b) => order.indexOf(a) - order.indexOf(b)).join(" ");
}

/** Decodes the headers of a TCP packet; null when they are cut off or of another protocol. */
export function decodePacket(
  bytes: Uint8Array,
  payloadBytes: number,
  gsoBytes = 0,
): Packet | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 40) return null;
  const isIpv4 = bytes[0] >>> 4 === 4;
  const tcpAt = isIpv4 ? (bytes[0] & 15) * 4 : 40;
  if (bytes[isIpv4 ? 9 : 6] !== Protocol.tcp || bytes.length < tcpAt + 20) return null;
  const [src, dst] = isIpv4
    ? [12, 16].map((at) => addressText(ipv4Address(view.getInt32(at))))
    : [8, 24].map((at) => address6(view, at));
  const options = readOptions(view, tcpAt);
  return {
    family: isIpv4 ? "IPv4" : "IPv6",
    bytes,
    tcpAt,
    ip: isIpv4 ? ipv4Fields(view, src, dst) : ipv6Fields(view, src, dst),
    tcp: [...tcpFields(view, tcpAt), ...options.fields],
    src,
    dst,
    seq: view.getUint32(tcpAt + TcpField.sequence),
    ack: view.getUint32(tcpAt + TcpField.acknowledgment),
    flags: view.getUint16(tcpAt + 12) & 0x1ff,
    window: view.getUint16(tcpAt + TcpField.window),
    payloadBytes,
    gsoBytes,
    ...options.found,
  };
}

function address6(view: DataView, at: number): string {
  const [w0, w1, w2, w3] = [0, 4, 8, 12].map((offset) => view.getInt32(at + offset));
  return addressText({ w0, w1, w2, w3 });
}

const hex = (value: number, digits: number): string =>
  `0x${value.toString(16).padStart(digits, "0")}`;

function field(name: Text, at: number, bits: number, value: string | number, meaning: Text): Field {
  return { name, at, bits, value: String(value), meaning };
}

const ECN_TEXTS = ["Not-ECT", "ECT(1)", "ECT(0)", "CE"];

function ipv4Fields(view: DataView, src: string, dst: string): Field[] {
  const first = view.getUint8(0);
  const tos = view.getUint8(1);
  const total = view.getUint16(2);
  const fragment = view.getUint16(6);
  const bytes = (first & 15) * 4;
  const fields = [
    field(text.version, 0, 4, 4, text.versionMeans),
    field(both("IHL"), 4, 4, first & 15, text.headerBytes(bytes)),
    field(both("DSCP"), 8, 6, tos >>> 2, text.dscpMeans),
    field(both("ECN"), 14, 2, tos & 3, both(ECN_TEXTS[tos & 3])),
    field(text.totalLength, 16, 16, total, text.totalMeans(total)),
    field(text.identification, 32, 16, view.getUint16(4), text.identificationMeans),
    field(both("0"), 48, 1, fragment >>> 15, text.reservedMeans),
    field(both("DF"), 49, 1, (fragment >>> 14) & 1, text.dfMeans),
    field(both("MF"), 50, 1, (fragment >>> 13) & 1, text.mfMeans),
    field(text.fragmentOffset, 51, 13, fragment & 0x1fff, text.fragmentMeans),
    field(both("TTL"), 64, 8, view.getUint8(8), text.ttlMeans),
    field(text.protocol, 72, 8, view.getUint8(9), both("TCP")),
    field(text.checksum, 80, 16, hex(view.getUint16(10), 4), text.ipChecksumMeans),
    field(text.source, 96, 32, src, text.sourceMeans),
    field(text.destination, 128, 32, dst, text.destinationMeans),
  ];
  if (bytes > 20) {
    fields.push(field(text.options, 160, (bytes - 20) * 8, `${bytes - 20} B`, text.optionsMeans));
  }
  return fields;
}

function ipv6Fields(view: DataView, src: string, dst: string): Field[] {
  const first = view.getUint32(0);
  const payload = view.getUint16(4);
  return [
    field(text.version, 0, 4, 6, text.versionMeans),
    field(both("DSCP"), 4, 6, (first >>> 22) & 63, text.dscpMeans),
    field(both("ECN"), 10, 2, (first >>> 20) & 3, both(ECN_TEXTS[(first >>> 20) & 3])),
    field(text.flowLabel, 12, 20, hex(first & 0xfffff, 5), text.flowMeans),
    field(text.payloadLength, 32, 16, payload, text.totalMeans(payload)),
    field(text.nextHeader, 48, 8, view.getUint8(6), both("TCP")),
    field(text.hopLimit, 56, 8, view.getUint8(7), text.ttlMeans),
    field(text.source, 64, 128, src, text.sourceMeans),
    field(text.destination, 192, 128, dst, text.destinationMeans),
  ];
}

function tcpFields(view: DataView, at: number): Field[] {
  const offset = view.getUint8(at + 12) >>> 4;
  const flags = view.getUint16(at + 12) & 0x1ff;
  const fields = [
    field(text.sourcePort, 0, 16, view.getUint16(at), text.sourcePortMeans),
    field(text.destinationPort, 16, 16, view.getUint16(at + 2), text.destinationPortMeans),
    field(text.seq, 32, 32, view.getUint32(at + TcpField.sequence), text.seqMeans(flags)),
    field(text.ack, 64, 32, view.getUint32(at + TcpField.acknowledgment), text.ackMeans(flags)),
    field(text.dataOffset, 96, 4, offset, text.headerBytes(offset * 4)),
    field(text.reserved, 100, 3, (view.getUint8(at + 12) >>> 1) & 7, text.reservedMeans),
  ];
  FLAG_NAMES.forEach(([bit, name], index) => {
    const isSet = (flags & bit) !== 0;
    fields.push(field(both(name), 103 + index, 1, isSet ? 1 : 0, text.flagMeans(name)));
  });
  fields.push(
    field(text.window, 112, 16, view.getUint16(at + TcpField.window), text.windowMeans(flags)),
    field(
      text.checksum,
      128,
      16,
      hex(view.getUint16(at + TcpField.checksum), 4),
      text.checksumMeans,
    ),
    field(text.urgent, 144, 16, view.getUint16(at + 18), text.urgentMeans),
  );
  return fields;
}

/** What the options say, besides their fields. */
type FoundOptions =
  & {
    -readonly [
      K in "mss" | "windowScale" | "sackPermitted" | "timestamps"
    ]: Packet[K];
  }
  & { sack: (readonly [number, number])[] };

function readOptions(view: DataView, at: number): { fields: Field[]; found: FoundOptions } {
  const found: FoundOptions = {
    mss: null,
    windowScale: null,
    sackPermitted: false,
    timestamps: null,
    sack: [],
  };
  const fields: Field[] = [];
  const end = Math.min(view.byteLength, at + readTcpHeaderLength(view, at));
  for (let i = at + 20; i < end;) {
    const kind = view.getUint8(i);
    const single = kind === TcpOption.end || kind === TcpOption.noOperation;
    const length = single ? 1 : i + 1 < end ? view.getUint8(i + 1) : 0;
    if (length < 1 || (!single && length < 2) || i + length > end) break;
    fields.push(optionField(view, i, kind, length, (i - at) * 8, found));
    i += length;
  }
  return { fields, found };
}

function optionField(
  view: DataView,
  i: number,
  kind: number,
  length: number,
  bit: number,
  found: FoundOptions,
): Field {
  const make = (name: Text, value: string | number, meaning: Text) =>
    field(name, bit, length * 8, value, meaning);
  switch (`${kind}/${kind === TcpOption.sack ? "" : length}`) {
    case "0/1":
      return make(both("EOL"), "", text.eolMeans);
    case "1/1":
      return make(both("NOP"), "", text.nopMeans);
    case "2/4":
      found.mss = view.getUint16(i + 2);
      return make(both("MSS"), found.mss, text.mssMeans);
    case "3/3":
      found.windowScale = view.getUint8(i + 2);
      return make(text.windowScale, found.windowScale, text.scaleMeans(found.windowScale));
    case "4/2":
      found.sackPermitted = true;
      return make(text.sackPermitted, "", text.sackPermittedMeans);
    case "8/10":
      found.timestamps = [view.getUint32(i + 2), view.getUint32(i + 6)];
      return make(text.timestamps, found.timestamps.join(" / "), text.timestampsMean);
    case "5/":
      for (let edge = i + 2; edge + 8 <= i + length; edge += 8) {
        found.sack.push([view.getUint32(edge), view.getUint32(edge + 4)]);
      }
      return make(
        both("SACK"),
        found.sack.map(([a, b]) => `${a}-${b}`).join(" "),
        text.sackMeans,
      );
    default:
      return make(text.option(kind), `${length} B`, text.otherOptionMeans);
  }
}
