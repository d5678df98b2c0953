// Frames made by hand, byte by byte and without the code under test, and random segments.
import type { SeededRandom } from "../../src/base/random.ts";
import { Flag, OptionBit, Segment } from "../../src/wire/segment.ts";
import { type Address, ipv4Address, isIpv4, parseAddress } from "../../src/base/address.ts";

/** 10.7.0.2, the stack's own address in these tests. */
export const OWN = ipv4Address(0x0a070002);
/** 10.7.0.1, the other end. */
export const PEER = ipv4Address(0x0a070001);

/** An address of either family; the text must be one. */
export function addressOf(text: string): Address {
  const address = parseAddress(text);
  if (address === null) throw new Error(`${text} is no address`);
  return address;
}

/** fd07::2, the stack's own address of IPv6. */
export const OWN6: Address = addressOf("fd07::2");
/** fd07::1, the other end. */
export const PEER6: Address = addressOf("fd07::1");

/** What tests that hold for both families go through. */
export interface FamilyEnds {
  readonly name: "IPv4" | "IPv6";
  readonly own: Address;
  readonly peer: Address;
  /** Bytes of the IP header. */
  readonly headerBytes: number;
  /** The virtio-net gso_type. */
  readonly gsoType: number;
}

export const FAMILIES: readonly FamilyEnds[] = [
  { name: "IPv4", own: OWN, peer: PEER, headerBytes: 20, gsoType: 1 },
  { name: "IPv6", own: OWN6, peer: PEER6, headerBytes: 40, gsoType: 4 },
];

/** The fields of a segment that hold its addresses. */
export function ends(source: Address, destination: Address): Partial<Segment> {
  return {
    src0: source.w0,
    src1: source.w1,
    src2: source.w2,
    src3: source.w3,
    dst0: destination.w0,
    dst1: destination.w1,
    dst2: destination.w2,
    dst3: destination.w3,
  };
}

/** The Internet checksum, slowly: RFC 1071 as it is written. */
export function naiveChecksum(...ranges: (Uint8Array | number[])[]): number {
  const bytes = ranges.flatMap((range) => [...range]);
  if (bytes.length % 2 === 1) bytes.push(0);
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) {
    sum += bytes[i] * 256 + bytes[i + 1];
    if (sum > 0xffff) sum -= 0xffff;
  }
  return 0xffff - sum;
}

export function be16(value: number): number[] {
  return [(value >>> 8) & 255, value & 255];
}

export function be32(value: number): number[] {
  return [...be16(value >>> 16), ...be16(value)];
}

export function le16(value: number): number[] {
  return [value & 255, (value >>> 8) & 255];
}

export interface Ipv4Parts {
  version?: number;
  headerWords?: number;
  trafficClass?: number;
  totalLength?: number;
  identification?: number;
  fragment?: number;
  hopLimit?: number;
  protocol?: number;
  /** Added to the right checksum. */
  checksumError?: number;
  source?: number;
  destination?: number;
  options?: number[];
  payload?: number[];
}

export function ipv4Frame(parts: Ipv4Parts): number[] {
  const options = parts.options ?? [];
  const payload = parts.payload ?? [];
  const words = parts.headerWords ?? 5 + options.length / 4;
  const header = [
    ((parts.version ?? 4) << 4) | words,
    parts.trafficClass ?? 0,
    ...be16(parts.totalLength ?? 20 + options.length + payload.length),
    ...be16(parts.identification ?? 0),
    ...be16(parts.fragment ?? 0x4000),
    parts.hopLimit ?? 64,
    parts.protocol ?? 6,
    0,
    0,
    ...be32(parts.source ?? PEER.w3),
    ...be32(parts.destination ?? OWN.w3),
    ...options,
  ];
  const checksum = naiveChecksum(header) + (parts.checksumError ?? 0);
  header.splice(10, 2, ...be16(checksum));
  return [...header, ...payload];
}

export interface TcpParts {
  srcPort?: number;
  dstPort?: number;
  seq?: number;
  ack?: number;
  headerWords?: number;
  flags?: number;
  window?: number;
  urgent?: number;
  options?: number[];
  payload?: number[];
  checksumError?: number;
}

/** The 16 bytes of an IPv6 address, or the 4 of an IPv4 one. */
export function addressBytes(address: Address): number[] {
  return isIpv4(address) ? be32(address.w3) : wholeBytes(address);
}

/** The 16 bytes of any address, as IPv6 would have to write an IPv4 one. */
function wholeBytes({ w0, w1, w2, w3 }: Address): number[] {
  return [w0, w1, w2, w3].flatMap(be32);
}

/** The pseudo-header of either family, for `length` bytes of `protocol`. */
function pseudoHeader(source: Address, destination: Address, protocol: number, length: number) {
  return [
    ...addressBytes(source),
    ...addressBytes(destination),
    ...be16(protocol),
    ...be32(length),
  ];
}

/** A TCP segment whose checksum fits these addresses, of IPv4 as their 32 bits. */
export function tcpBytes(
  parts: TcpParts,
  source: number | Address = PEER.w3,
  destination: number | Address = OWN.w3,
): number[] {
  const options = parts.options ?? [];
  const words = parts.headerWords ?? 5 + Math.ceil(options.length / 4);
  const padding = new Array((4 - (options.length % 4)) % 4).fill(0);
  const bytes = [
    ...be16(parts.srcPort ?? 40000),
    ...be16(parts.dstPort ?? 7),
    ...be32(parts.seq ?? 1000),
    ...be32(parts.ack ?? 2000),
    ...be16((words << 12) | (parts.flags ?? Flag.ACK)),
    ...be16(parts.window ?? 502),
    0,
    0,
    ...be16(parts.urgent ?? 0),
    ...options,
    ...padding,
    ...(parts.payload ?? []),
  ];
  const whole = (address: number | Address) =>
    typeof address === "number" ? ipv4Address(address) : address;
  const pseudo = pseudoHeader(whole(source), whole(destination), 6, bytes.length);
  bytes.splice(16, 2, ...be16(naiveChecksum(pseudo, bytes) + (parts.checksumError ?? 0)));
  return bytes;
}

export function tcpFrame(tcp: TcpParts = {}, ip: Ipv4Parts = {}): number[] {
  return ipv4Frame({ payload: tcpBytes(tcp, ip.source, ip.destination), ...ip });
}

export interface Ipv6Parts {
  version?: number;
  trafficClass?: number;
  flowLabel?: number;
  payloadLength?: number;
  /** The protocol behind all extension headers. */
  protocol?: number;
  hopLimit?: number;
  source?: Address;
  destination?: Address;
  /** Extension headers as (kind, the bytes behind their first one). */
  extensions?: [kind: number, rest: number[]][];
  payload?: number[];
}

export function ipv6Frame(parts: Ipv6Parts): number[] {
  const { extensions = [], protocol = 6, payload = [] } = parts;
  const kinds = [...extensions.map(([kind]) => kind), protocol];
  const headers = extensions.flatMap(([, rest], index) => [kinds[index + 1], ...rest]);
  const version = (parts.version ?? 6) << 28;
  return [
    ...be32(version | ((parts.trafficClass ?? 0) << 20) | (parts.flowLabel ?? 0)),
    ...be16(parts.payloadLength ?? headers.length + payload.length),
    kinds[0],
    parts.hopLimit ?? 64,
    ...wholeBytes(parts.source ?? PEER6),
    ...wholeBytes(parts.destination ?? OWN6),
    ...headers,
    ...payload,
  ];
}

export function tcpFrame6(tcp: TcpParts = {}, ip: Ipv6Parts = {}): number[] {
  const { source = PEER6, destination = OWN6 } = ip;
  return ipv6Frame({ payload: tcpBytes(tcp, source, destination), ...ip });
}

export interface UdpParts {
  srcPort?: number;
  dstPort?: number;
  length?: number;
  payload?: number[];
  /** Instead of the right one. */
  checksum?: number;
}

/** A UDP datagram whose checksum fits these addresses. */
export function udpBytes(
  parts: UdpParts,
  source: Address = PEER,
  destination: Address = OWN,
): number[] {
  const payload = parts.payload ?? [];
  const length = parts.length ?? 8 + payload.length;
  const ports = [...be16(parts.srcPort ?? 40000), ...be16(parts.dstPort ?? 7)];
  const bytes = [...ports, ...be16(length), 0, 0, ...payload];
  const pseudo = pseudoHeader(source, destination, 17, length);
  const sum = parts.checksum ?? (naiveChecksum(pseudo, bytes.slice(0, length)) || 0xffff);
  bytes.splice(6, 2, ...be16(sum));
  return bytes;
}

/** A packet with a datagram from the peer to the stack, or from and to what `ip` says. */
export function udpFrame(udp: UdpParts = {}, ip: Ipv4Parts = {}): number[] {
  const address = (word: number | undefined, otherwise: Address) =>
    word === undefined ? otherwise : ipv4Address(word);
  const ends = [address(ip.source, PEER), address(ip.destination, OWN)] as const;
  return ipv4Frame({ protocol: 17, payload: udpBytes(udp, ...ends), ...ip });
}

/** The same over IPv6. */
export function udpFrame6(udp: UdpParts = {}, ip: Ipv6Parts = {}): number[] {
  const { source = PEER6, destination = OWN6 } = ip;
  return ipv6Frame({ protocol: 17, payload: udpBytes(udp, source, destination), ...ip });
}

/** An ICMPv6 message whose checksum fits these addresses. */
export function icmp6Bytes(
  type: number,
  code: number,
  rest: number[],
  source: Address = PEER6,
  destination: Address = OWN6,
  checksumError = 0,
): number[] {
  const pseudo = pseudoHeader(source, destination, 58, 4 + rest.length);
  const checksum = naiveChecksum(pseudo, [type, code, 0, 0, ...rest]) + checksumError;
  return [type, code, ...be16(checksum), ...rest];
}

export interface VirtioParts {
  flags?: number;
  gsoType?: number;
  headerLength?: number;
  gsoSize?: number;
  checksumStart?: number;
  checksumOffset?: number;
}

export function virtioBytes(parts: VirtioParts = {}): number[] {
  return [
    parts.flags ?? 0,
    parts.gsoType ?? 0,
    ...le16(parts.headerLength ?? 0),
    ...le16(parts.gsoSize ?? 0),
    ...le16(parts.checksumStart ?? 0),
    ...le16(parts.checksumOffset ?? 0),
  ];
}

/** An ICMP message with a right checksum; `rest` is what follows the first four bytes. */
export function icmpBytes(type: number, code: number, rest: number[], checksumError = 0): number[] {
  const checksum = naiveChecksum([type, code, 0, 0, ...rest]) + checksumError;
  return [type, code, ...be16(checksum), ...rest];
}

/** A segment from the peer with every field and option at random; what is not sent stays zero. */
export function randomSegment(random: SeededRandom, family: FamilyEnds = FAMILIES[0]): Segment {
  const segment = Object.assign(new Segment(), ends(family.peer, family.own));
  if (family.name === "IPv6") segment.flowLabel = random.integer(0, 0xfffff);
  segment.srcPort = random.integer(1, 65535);
  segment.dstPort = random.integer(1, 65535);
  segment.seq = random.uint32() | 0;
  segment.ack = random.uint32() | 0;
  segment.flags = random.integer(0, 0x1ff);
  if ((segment.flags & Flag.SYN) !== 0) segment.flags &= ~(Flag.FIN | Flag.RST);
  segment.window = random.integer(0, 65535);
  segment.urgent = random.integer(0, 65535);
  segment.trafficClass = random.integer(0, 255);
  segment.hopLimit = random.integer(1, 255);
  randomOptions(segment, random);
  return segment;
}

function randomOptions(segment: Segment, random: SeededRandom): void {
  const handshake = OptionBit.mss | OptionBit.windowScale | OptionBit.sackPermitted;
  segment.options = random.integer(0, 31);
  if ((segment.flags & Flag.SYN) === 0) segment.options &= ~handshake;
  const has = (bit: number) => (segment.options & bit) !== 0;
  if (has(OptionBit.mss)) segment.mss = random.integer(0, 65535);
  if (has(OptionBit.windowScale)) segment.windowScale = random.integer(0, 14);
  if (has(OptionBit.timestamps)) {
    segment.tsValue = random.uint32() | 0;
    segment.tsEcho = random.uint32() | 0;
  }
  if (!has(OptionBit.sack)) return;
  let used = has(OptionBit.mss) ? 4 : 0;
  used += has(OptionBit.timestamps) ? 12 : has(OptionBit.sackPermitted) ? 4 : 0;
  used += has(OptionBit.windowScale) ? 4 : 0;
  segment.sackCount = random.integer(1, Math.min(4, Math.floor((36 - used) / 8)));
  const edge = (index: number) => index < segment.sackCount ? random.uint32() | 0 : 0;
  segment.sackLeft0 = edge(0);
  segment.sackRight0 = edge(0);
  segment.sackLeft1 = edge(1);
  segment.sackRight1 = edge(1);
  segment.sackLeft2 = edge(2);
  segment.sackRight2 = edge(2);
  segment.sackLeft3 = edge(3);
  segment.sackRight3 = edge(3);
}

/** Adds the option of accurate ECN, where there is room for it, with no more counters than it has fields for. */
export function randomCounters(segment: Segment, random: SeededRandom): void {
  const isLong = (segment.options & OptionBit.sack) !== 0 || (segment.flags & Flag.SYN) !== 0;
  if (isLong || random.integer(0, 3) > 0) return;
  segment.options |= OptionBit.accurateEcn;
  segment.ecnKind = random.integer(0, 1) === 0 ? 172 : 174;
  segment.ecnFields = random.integer(0, 3);
  const counter = (there: boolean) => there ? random.integer(0, 0xff_ffff) : 0;
  const { ecnFields } = segment;
  segment.ecnCeBytes = counter(ecnFields > 1);
  segment.ecnE0Bytes = counter(ecnFields > (segment.ecnKind === 172 ? 0 : 2));
  segment.ecnE1Bytes = counter(ecnFields > (segment.ecnKind === 172 ? 2 : 0));
}

/** A segment whose every field holds a value that no decode leaves there. */
export function staleSegment(): Segment {
  const segment = new Segment();
  for (const name of Object.keys(segment)) Object.assign(segment, { [name]: 0x5ca1e });
  return segment;
}
