/**
 * ICMP messages as lines of text, in the two forms of text.ts. `modern` is what `tcpdump -n` prints, without the time:
 *
 * ```text
 * IP 10.7.0.1 > 10.7.0.2: ICMP echo request, id 7, seq 1, length 64
 * IP 10.7.0.2 > 10.7.0.1: ICMP 10.7.0.2 udp port 5555 unreachable, length 36
 * IP6 fd07::1 > fd07::2: ICMP6, packet too big, mtu 1280, length 1240
 * ```
 *
 * `classic` leaves out identifiers and lengths:
 *
 * ```text
 * IP 10.7.0.1 > 10.7.0.2: icmp: echo request
 * IP6 fd07::1 > fd07::2: icmp6: packet too big, mtu 1280
 * ```
 *
 * Not like tcpdump: of types that are neither echoes nor errors only the number is shown, a code of ICMPv6's
 * "destination unreachable" that nobody has defined is not followed by a dump, and extension headers before the message
 * are not mentioned.
 */
import { type Address, addressText, IPV4_MAPPED_W2, isIpv4Words } from "../base/address.ts";
import { Drop } from "../base/drops.ts";
import { Icmp6Type, IcmpField, IcmpType, IcmpUnreachableCode } from "./icmp.ts";
import { IPV4_HEADER_BYTES, Ipv4Field, Protocol, readIpv4HeaderLength } from "./ipv4.ts";
import {
  findTransport,
  IPV6_HEADER_BYTES,
  Ipv6Field,
  NO_FRAGMENT,
  readFragmentPosition,
  TransportPlace,
} from "./ipv6.ts";
import type { Segment } from "./segment.ts";
import { TcpField } from "./tcp.ts";
import type { TextStyle } from "./text.ts";

/** What tcpdump says of a message of which the capture lacks what there is to say. */
const CUT4 = " [|icmp]";
const CUT6 = "[|icmp6]";

/** Words around the destination that a "destination unreachable" of ICMP quotes, by its code (RFC 1122, RFC 1812). */
const UNREACHABLE4: readonly (readonly [before: string, behind: string])[] = [
  ["net ", " unreachable"],
  ["host ", " unreachable"],
  ["", ""], // The protocol, see protocolText.
  ["", ""], // The port, see portText.
  ["", " unreachable - need to frag"],
  ["", " unreachable - source route failed"],
  ["net ", " unreachable - unknown"],
  ["host ", " unreachable - unknown"],
  ["", " unreachable - source host isolated"],
  ["net ", " unreachable - admin prohibited"],
  ["host ", " unreachable - admin prohibited"],
  ["net ", " unreachable - tos prohibited"],
  ["host ", " unreachable - tos prohibited"],
  ["host ", " unreachable - admin prohibited filter"],
  ["host ", " unreachable - host precedence violation"],
  ["host ", " unreachable - precedence cutoff"],
];

/** Codes of ICMPv6's "parameter problem" (RFC 4443 section 3.4, RFC 7112). */
const PROBLEMS6: readonly string[] = [
  "erroneous",
  "next header",
  "option",
  "incomplete header chain",
];

/** Words before the destination that a "destination unreachable" of ICMPv6 quotes (RFC 4443 section 3.1). */
const UNREACHABLE6: readonly string[] = [
  "unreachable route",
  " unreachable prohibited", // With a space more, as tcpdump has it.
  "beyond scope",
  "unreachable address",
];
const BEYOND_SCOPE6 = 2;
const PORT_UNREACHABLE6 = 4;

/** The beginning of the packet that an error is about, as far as it is there. */
interface Quote {
  readonly source: Address;
  readonly destination: Address;
  readonly protocol: number;
  /** The destination port, or what stands in its place; null when it is cut off. */
  readonly port: number | null;
}

/**
 * One line for a message, without a line end. `message` is as `readIcmpMessage` (src/ip/icmp_message.ts) fills it;
 * `packet` is the packet that it is in, of which the end may be missing.
 */
export function icmpText(message: Segment, packet: Uint8Array, style: TextStyle): string {
  const { src0, src1, src2, src3, dst0, dst1, dst2, dst3, payloadLength } = message;
  const source = addressText({ w0: src0, w1: src1, w2: src2, w3: src3 });
  const destination = addressText({ w0: dst0, w1: dst1, w2: dst2, w3: dst3 });
  const isIpv4 = isIpv4Words(dst0, dst1, dst2);
  const ends = `${isIpv4 ? "IP" : "IP6"} ${source} > ${destination}:`;
  const isModern = style === "modern";
  const what = isIpv4 ? text4(message, packet, isModern) : text6(message, packet, isModern);
  const isCut = what.endsWith("]");
  if (!isModern) return `${ends} ${isIpv4 ? "icmp" : "icmp6"}: ${what.trimStart()}`;
  // Of a message that is cut tcpdump does not even name the protocol over IPv4.
  if (isCut) return isIpv4 ? `${ends} ${what}` : `${ends} ICMP6, ${what}`;
  return `${ends} ${isIpv4 ? "ICMP" : "ICMP6,"} ${what}, length ${payloadLength}`;
}

/** `, id 7, seq 1` of an echo. */
function echoName({ seq }: Segment): string {
  return `, id ${seq >>> 16}, seq ${seq & 0xffff}`;
}

function text4(message: Segment, packet: Uint8Array, isModern: boolean): string {
  const { icmpType, icmpCode } = message;
  switch (icmpType) {
    case IcmpType.echoRequest:
      return `echo request${isModern ? echoName(message) : ""}`;
    case IcmpType.echoReply:
      return `echo reply${isModern ? echoName(message) : ""}`;
    case IcmpType.destinationUnreachable:
      return unreachableText4(message, quote4(message, packet));
    case IcmpType.timeExceeded:
      if (icmpCode === 0) return "time exceeded in-transit";
      return icmpCode === 1 ? "ip reassembly time exceeded" : `time exceeded-#${icmpCode}`;
    case IcmpType.parameterProblem:
      return `parameter problem - ${
        icmpCode === 0 ? `octet ${message.seq >>> 24}` : `code ${icmpCode}`
      }`;
    default:
      return `type-#${icmpType}`;
  }
}

function unreachableText4({ icmpCode, seq }: Segment, quote: Quote | null): string {
  if (quote === null) return CUT4;
  const destination = addressText(quote.destination);
  switch (icmpCode) {
    case IcmpUnreachableCode.protocol:
      return `${destination} protocol ${quote.protocol} unreachable`;
    case IcmpUnreachableCode.port:
      if (quote.port === null) return CUT4;
      return `${destination} ${
        portText(quote) ?? `protocol ${quote.protocol} port ${quote.port}`
      }` +
        " unreachable";
    case IcmpUnreachableCode.fragmentationNeeded: {
      const mtu = seq & 0xffff;
      return `${destination} unreachable - need to frag${mtu > 0 ? ` (mtu ${mtu})` : ""}`;
    }
  }
  const words = UNREACHABLE4[icmpCode];
  if (words === undefined) return `${destination} unreachable - #${icmpCode}`;
  return `${words[0]}${destination}${words[1]}`;
}

function text6(message: Segment, packet: Uint8Array, isModern: boolean): string {
  const { icmpType, icmpCode, seq } = message;
  switch (icmpType) {
    case Icmp6Type.echoRequest:
      return `echo request${isModern ? echoName(message) : ""}`;
    case Icmp6Type.echoReply:
      return `echo reply${isModern ? echoName(message) : ""}`;
    case Icmp6Type.destinationUnreachable:
      return `destination unreachable, ${unreachableText6(icmpCode, quote6(message, packet))}`;
    case Icmp6Type.packetTooBig:
      return `packet too big, mtu ${seq >>> 0}`;
    case Icmp6Type.timeExceeded: {
      if (icmpCode === 1) return "time exceeded in-transit (reassembly)";
      if (icmpCode > 1) return `time exceeded in-transit, unknown code (${icmpCode})`;
      const quote = quote6(message, packet);
      if (quote === null) return `time exceeded in-transit ${CUT6}`;
      return `time exceeded in-transit for ${addressText(quote.destination)}`;
    }
    case Icmp6Type.parameterProblem: {
      const problem = PROBLEMS6[icmpCode];
      if (problem === undefined) return `parameter problem, code-#${icmpCode}`;
      return `parameter problem, ${problem} - octet ${seq >>> 0}`;
    }
    default:
      return `type-#${icmpType}`;
  }
}

function unreachableText6(code: number, quote: Quote | null): string {
  if (code > PORT_UNREACHABLE6) return `unknown unreach code (${code})`;
  if (code === PORT_UNREACHABLE6) {
    const port = quote === null ? null : portText(quote);
    if (port === null) return `unreachable port ${CUT6}`;
    return `unreachable port, ${addressText(quote!.destination)} ${port}`;
  }
  const words = UNREACHABLE6[code];
  if (quote === null) return `${words} ${CUT6}`;
  const source = code === BEYOND_SCOPE6 ? `, source address ${addressText(quote.source)}` : "";
  return `${words} ${addressText(quote.destination)}${source}`;
}

/** `udp port 5555`; null of other protocols, and where the port is cut off. */
function portText({ protocol, port }: Quote): string | null {
  if (port === null || (protocol !== Protocol.tcp && protocol !== Protocol.udp)) return null;
  return `${protocol === Protocol.tcp ? "tcp" : "udp"} port ${port}`;
}

/** What an error over IPv4 quotes, or null when its header is cut off. */
function quote4(message: Segment, packet: Uint8Array): Quote | null {
  const at = message.payloadOffset + IcmpField.quoted;
  const end = endOf(message, packet);
  if (at + IPV4_HEADER_BYTES > end) return null;
  const view = viewOf(packet);
  const address = (field: number): Address => {
    return { w0: 0, w1: 0, w2: IPV4_MAPPED_W2, w3: view.getInt32(at + field) };
  };
  return {
    source: address(Ipv4Field.source),
    destination: address(Ipv4Field.destination),
    protocol: view.getUint8(at + Ipv4Field.protocol),
    port: portAt(view, at + readIpv4HeaderLength(view, at), end),
  };
}

/** The same of ICMPv6. */
function quote6(message: Segment, packet: Uint8Array): Quote | null {
  const at = message.payloadOffset + IcmpField.quoted;
  const end = endOf(message, packet);
  if (at + IPV6_HEADER_BYTES > end) return null;
  const view = viewOf(packet);
  const address = (field: number) => ({
    w0: view.getInt32(at + field),
    w1: view.getInt32(at + field + 4),
    w2: view.getInt32(at + field + 8),
    w3: view.getInt32(at + field + 12),
  });
  const place = new TransportPlace();
  findTransport(view, at, end, place);
  const isLater = place.fragment !== NO_FRAGMENT &&
    readFragmentPosition(view, place.fragment) !== 0;
  const isKnown = place.reason === Drop.none && !isLater;
  return {
    source: address(Ipv6Field.source),
    destination: address(Ipv6Field.destination),
    protocol: isKnown ? place.protocol : view.getUint8(at + Ipv6Field.nextHeader),
    port: isKnown ? portAt(view, place.offset, end) : null,
  };
}

function portAt(view: DataView, transport: number, end: number): number | null {
  const at = transport + TcpField.destinationPort;
  return at + 2 > end ? null : view.getUint16(at);
}

/** Where the bytes of the message that are there end. */
function endOf({ payloadOffset, payloadLength }: Segment, packet: Uint8Array): number {
  return Math.min(packet.length, payloadOffset + payloadLength);
}

function viewOf({ buffer, byteOffset, length }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, length);
}
