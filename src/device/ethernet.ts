import {
  type Address,
  inPrefix,
  IPV4_MAPPED_W2,
  isBroadcast,
  isIpv4,
  parseAddress,
  parseCidr,
  type Prefix,
} from "../base/address.ts";
import { type Clock, systemClock } from "../base/clock.ts";
import { systemRandom } from "../base/random.ts";
import {
  ARP_BYTES,
  ArpField,
  ArpOperation,
  ETHERNET_HEADER_BYTES,
  EthernetField,
  EtherType,
  isArp,
  MAC_BYTES,
  macText,
  parseMac,
  writeArp,
} from "../wire/ethernet.ts";
import { Ipv4Field } from "../wire/ipv4.ts";
import { IPV6_HEADER_BYTES, Ipv6Field } from "../wire/ipv6.ts";
import {
  findLinkAddress,
  isNeighborMessage,
  NEIGHBOR_PACKET_BYTES,
  NeighborField,
  NeighborFlag,
  NeighborOption,
  NeighborType,
  solicitedNode,
  type Words,
  writeNeighborMessage,
} from "../wire/neighbor.ts";
import { gatheredLength } from "./copy_bytes.ts";
import { type Device, SendOutcome } from "./device.ts";
import { type Neighbor, Neighbors } from "./neighbors.ts";

/** Who a stack is on an Ethernet. */
export interface EthernetOptions {
  /** The stack's own addresses in CIDR form: what it answers for, and what is on the link. */
  readonly address: string | readonly string[];
  /** Routers for what is not on the link, one for each family. Default: everything is on the link. */
  readonly gateway?: string | readonly string[];
  /** The own MAC address, such as `02:00:00:00:00:01`. Default: a random one that is locally administered. */
  readonly mac?: string;
  /** The largest IP packet. Default: the device's largest frame less the header of 14 bytes. */
  readonly mtu?: number;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/** What an adapter has seen, beside IP packets. */
export interface EthernetStats {
  /** Frames that were for another station, or of a kind that is not IP or ARP. */
  readonly foreignFrames: number;
  /** Frames too short or damaged. */
  readonly invalidFrames: number;
  /** Packets lost because nobody told the MAC address of their next hop. */
  readonly unresolvedPackets: number;
  /** How often another station has claimed one of the own addresses (RFC 5227). */
  readonly addressConflicts: number;
}

const BROADCAST_MAC = new Uint8Array(MAC_BYTES).fill(0xff);
const NOBODY = new Uint8Array(MAC_BYTES);
/** RFC 4291 section 2.7.1: all nodes of the link. */
const ALL_NODES: Words = [0xff02_0000 | 0, 0, 0, 1];

/**
 * Puts a stack on an Ethernet: `device` carries whole frames (an emulator's, a TAP's, a relay's), and the result carries IP
 * packets. MAC addresses are found by ARP (RFC 826) and neighbor discovery (RFC 4861), and the own ones are told to who asks.
 *
 * The adapter has no timer: whoever uses it calls `receive` at the time that `nextArrival` gives, as for any device.
 *
 * Throws `TypeError` or `RangeError` for an impossible address, gateway, MAC address or MTU.
 */
export function ethernet(device: Device, options: EthernetOptions): EthernetAdapter {
  return new EthernetAdapter(device, options);
}

/** A device of IP packets over one of Ethernet frames, made by {@link ethernet}. */
export class EthernetAdapter implements Device {
  readonly name: string;
  readonly mtu: number;
  readonly virtioHeader = false;
  onArrival: (() => void) | null = null;
  /** The own MAC address as text. */
  readonly mac: string;
  readonly #device: Device;
  readonly #own: readonly Prefix[];
  readonly #gateways: readonly Address[];
  readonly #macBytes: Uint8Array<ArrayBuffer>;
  readonly #neighbors: Neighbors;
  /** One frame that has come in, or goes out: the header first. */
  readonly #in: Uint8Array<ArrayBuffer>;
  readonly #inView: DataView;
  readonly #out: Uint8Array<ArrayBuffer>;
  readonly #outPiece = new Int32Array(2);
  #foreignFrames = 0;
  #invalidFrames = 0;
  #addressConflicts = 0;
  #nextHop: Words = [0, 0, 0, 0];

  /** As {@link ethernet}. */
  constructor(device: Device, options: EthernetOptions) {
    const { mtu = device.mtu - ETHERNET_HEADER_BYTES, clock = systemClock } = options;
    if (!Number.isInteger(mtu) || mtu < 576 || mtu + ETHERNET_HEADER_BYTES > device.mtu) {
      throw new RangeError(
        `mtu: ${mtu} is not a whole number from 576 to ${
          device.mtu - ETHERNET_HEADER_BYTES
        }, which ` +
          `is what ${device.name} has room for behind the Ethernet header`,
      );
    }
    this.name = device.name;
    this.mtu = mtu;
    this.#device = device;
    this.#own = list(options.address).map((text) => parseCidr(text, "address"));
    this.#gateways = list(options.gateway).map(gatewayAddress);
    this.#macBytes = stationMac(options.mac);
    this.mac = macText(this.#macBytes);
    this.#neighbors = new Neighbors(clock);
    this.#in = new Uint8Array(device.mtu);
    this.#inView = new DataView(this.#in.buffer);
    this.#out = new Uint8Array(mtu + ETHERNET_HEADER_BYTES);
    device.onArrival = () => this.onArrival?.();
  }

  /** What was seen beside IP packets. */
  get stats(): EthernetStats {
    return {
      foreignFrames: this.#foreignFrames,
      invalidFrames: this.#invalidFrames,
      unresolvedPackets: this.#neighbors.lost,
      addressConflicts: this.#addressConflicts,
    };
  }

  receive(memory: Uint8Array, offset: number, limit: number): number {
    this.#askDue();
    for (;;) {
      const length = this.#device.receive(this.#in, 0, this.#in.length);
      if (length === 0) return 0;
      if (length > this.#in.length) {
        this.#invalidFrames++;
        continue;
      }
      const packet = this.#takeFrame(length);
      if (packet === 0) continue;
      const kept = Math.min(packet, limit);
      const start = ETHERNET_HEADER_BYTES;
      memory.set(this.#in.subarray(start, start + kept), offset);
      return packet > limit ? limit + 1 : packet;
    }
  }

  /** The bytes of the IP packet in the frame at hand, 0 when it holds none for the stack. */
  #takeFrame(length: number): number {
    if (length < ETHERNET_HEADER_BYTES) {
      this.#invalidFrames++;
      return 0;
    }
    const size = length - ETHERNET_HEADER_BYTES;
    const type = this.#inView.getUint16(EthernetField.type);
    if (!this.#isForUs()) {
      this.#foreignFrames++;
      return 0;
    }
    switch (type) {
      case EtherType.arp:
        this.#onArp(size);
        return 0;
      case EtherType.ipv4:
        return size;
      case EtherType.ipv6:
        if (
          size < IPV6_HEADER_BYTES || !isNeighborMessage(this.#inView, ETHERNET_HEADER_BYTES, size)
        ) {
          return size;
        }
        this.#onNeighborMessage();
        return 0;
      default:
        this.#foreignFrames++;
        return 0;
    }
  }

  /** The own MAC address, or one of a group. */
  #isForUs(): boolean {
    if ((this.#in[0] & 1) !== 0) return true;
    for (let i = 0; i < MAC_BYTES; i++) if (this.#in[i] !== this.#macBytes[i]) return false;
    return true;
  }

  send(memory: Uint8Array, pieces: Int32Array, count: number): SendOutcome {
    const length = gatheredLength(pieces, count);
    if (length < 20 || length > this.mtu) return SendOutcome.refused;
    const frame = this.#out;
    let at = ETHERNET_HEADER_BYTES;
    for (let i = 0; i < count; i++) {
      frame.set(memory.subarray(pieces[2 * i], pieces[2 * i] + pieces[2 * i + 1]), at);
      at += pieces[2 * i + 1];
    }
    const isIpv6 = frame[ETHERNET_HEADER_BYTES] >>> 4 === 6;
    if (isIpv6 && length < IPV6_HEADER_BYTES) return SendOutcome.refused;
    const type = isIpv6 ? EtherType.ipv6 : EtherType.ipv4;
    const group = this.#route(isIpv6);
    if (group !== null) return this.#sendFrame(group, type, at);
    const [w0, w1, w2, w3] = this.#nextHop;
    const neighbor = this.#neighbors.find(w0, w1, w2, w3);
    if (neighbor.mac === null) {
      this.#neighbors.wait(neighbor, frame.slice(0, at));
      this.#beginToAsk(neighbor);
      return SendOutcome.sent;
    }
    if (this.#neighbors.isStale(neighbor)) this.#beginToAsk(neighbor);
    return neighbor.mac === null ? SendOutcome.queueFull : this.#sendFrame(neighbor.mac, type, at);
  }

  /** Sets the next hop of the packet in `#out`; or the MAC address, when it goes to a group. */
  #route(isIpv6: boolean): Uint8Array | null {
    const view = new DataView(this.#out.buffer, ETHERNET_HEADER_BYTES);
    const at = Ipv6Field.destination;
    const destination: Address = isIpv6
      ? {
        w0: view.getInt32(at),
        w1: view.getInt32(at + 4),
        w2: view.getInt32(at + 8),
        w3: view.getInt32(at + 12),
      }
      : { w0: 0, w1: 0, w2: IPV4_MAPPED_W2, w3: view.getInt32(Ipv4Field.destination) };
    const { w0, w3 } = destination;
    // RFC 2464 section 7, RFC 1112 section 6.4.
    if (isIpv6 && w0 >>> 24 === 0xff) return groupMac(0x33, 0x33, w3 >>> 24, w3);
    if (!isIpv6) {
      if (this.#own.some((prefix) => isBroadcast(destination, prefix))) return BROADCAST_MAC;
      if (w3 >>> 28 === 0xe) return groupMac(0x01, 0x00, 0x5e, w3 & 0x7f_ffff);
    }
    const onLink = this.#own.some((prefix) => inPrefix(destination, prefix));
    const gateway = onLink ? undefined : this.#gateways.find((each) => isIpv4(each) !== isIpv6);
    this.#nextHop = wordsOf(gateway ?? destination);
    return null;
  }

  #sendFrame(destination: Uint8Array, type: number, length: number): SendOutcome {
    return this.#transmit(this.#out, destination, type, length);
  }

  #transmit(frame: Uint8Array, destination: Uint8Array, type: number, length: number): SendOutcome {
    frame.set(destination, EthernetField.destination);
    frame.set(this.#macBytes, EthernetField.source);
    frame[EthernetField.type] = type >>> 8;
    frame[EthernetField.type + 1] = type & 0xff;
    this.#outPiece[0] = 0;
    this.#outPiece[1] = length;
    return this.#device.send(frame, this.#outPiece, 1);
  }

  nextArrival(): number {
    return Math.min(this.#device.nextArrival(), this.#neighbors.nextAskUs);
  }

  close(): void {
    this.#device.close();
  }

  #beginToAsk(neighbor: Neighbor): void {
    const before = this.#neighbors.nextAskUs;
    this.#neighbors.ask(neighbor);
    this.#askDue();
    // Whoever waits for `nextArrival` has to look sooner.
    if (this.#neighbors.nextAskUs < before) this.onArrival?.();
  }

  #askDue(): void {
    if (this.#neighbors.nextAskUs === Infinity) return;
    this.#neighbors.askDue((neighbor) => this.#ask(neighbor));
  }

  /** Asks everybody, or who is known but was not heard for a while alone. */
  #ask(neighbor: Neighbor): void {
    const [w0, w1, w2, w3] = neighbor.words;
    const target: Words = [w0, w1, w2, w3];
    const isIpv4Target = w0 === 0 && w1 === 0 && w2 === IPV4_MAPPED_W2;
    const source = this.#sourceFor(target, isIpv4Target);
    if (source === null) return;
    if (isIpv4Target) {
      this.#sendArp(ArpOperation.request, neighbor.mac ?? BROADCAST_MAC, source[3], NOBODY, w3);
      return;
    }
    const group = solicitedNode(target);
    const mac = neighbor.mac ?? groupMac(0x33, 0x33, group[3] >>> 24, group[3]);
    const to = neighbor.mac === null ? group : target;
    this.#sendNeighborMessage(NeighborType.solicitation, 0, source, to, target, mac);
  }

  #sourceFor(target: Words, isIpv4Target: boolean): Words | null {
    const family = this.#own.filter(({ address }) => isIpv4(address) === isIpv4Target);
    const [w0, w1, w2, w3] = target;
    const near = family.find((prefix) => inPrefix({ w0, w1, w2, w3 }, prefix)) ?? family[0];
    return near === undefined ? null : wordsOf(near.address);
  }

  #onArp(size: number): void {
    const view = this.#inView;
    const at = ETHERNET_HEADER_BYTES;
    if (!isArp(view, at, size)) {
      this.#invalidFrames++;
      return;
    }
    const sender = view.getInt32(at + ArpField.senderAddress);
    const senderMac = this.#in.slice(at + ArpField.senderMac, at + ArpField.senderMac + MAC_BYTES);
    const target = view.getInt32(at + ArpField.targetAddress);
    const isForUs = this.#isOwn(0, 0, IPV4_MAPPED_W2, target);
    if (this.#isOwn(0, 0, IPV4_MAPPED_W2, sender)) {
      this.#addressConflicts++;
    } else if (sender !== 0) {
      this.#learn(0, 0, IPV4_MAPPED_W2, sender, senderMac, isForUs);
    }
    if (isForUs && view.getUint16(at + ArpField.operation) === ArpOperation.request) {
      this.#sendArp(ArpOperation.reply, senderMac, target, senderMac, sender);
    }
  }

  #onNeighborMessage(): void {
    const view = this.#inView;
    const ip = ETHERNET_HEADER_BYTES;
    const message = ip + IPV6_HEADER_BYTES;
    const target = wordsAt(view, message + NeighborField.target);
    const source = wordsAt(view, ip + Ipv6Field.source);
    const isOwn = this.#isOwn(...target);
    if (view.getUint8(message) === NeighborType.advertisement) {
      const link = findLinkAddress(view, ip, NeighborOption.target);
      if (isOwn) this.#addressConflicts++;
      else if (link >= 0) this.#learn(...target, this.#in.slice(link, link + MAC_BYTES), false);
      return;
    }
    if (!isOwn) return;
    const isProbe = source.every((word) => word === 0);
    const link = findLinkAddress(view, ip, NeighborOption.source);
    if (!isProbe && link >= 0) this.#learn(...source, this.#in.slice(link, link + MAC_BYTES), true);
    // Whoever only wants to know whether the address is taken has none of its own yet (RFC 4862 section 5.4).
    const flags = (isProbe ? 0 : NeighborFlag.solicited) | NeighborFlag.override;
    const to = isProbe ? ALL_NODES : source;
    const from = EthernetField.source;
    const mac = isProbe ? groupMac(0x33, 0x33, 0, 1) : this.#in.slice(from, from + MAC_BYTES);
    this.#sendNeighborMessage(NeighborType.advertisement, flags, target, to, target, mac);
  }

  /** Remembers a MAC address: of who talks to us, and of others only when they are known (RFC 826). */
  #learn(w0: number, w1: number, w2: number, w3: number, mac: Uint8Array, add: boolean): void {
    const neighbor = add
      ? this.#neighbors.find(w0, w1, w2, w3)
      : this.#neighbors.known(w0, w1, w2, w3);
    if (neighbor === null || (mac[0] & 1) !== 0) return;
    for (const frame of this.#neighbors.heard(neighbor, mac)) {
      const type = frame[ETHERNET_HEADER_BYTES] >>> 4 === 6 ? EtherType.ipv6 : EtherType.ipv4;
      this.#transmit(frame, mac, type, frame.length);
    }
  }

  #sendArp(
    operation: number,
    to: Uint8Array,
    sender: number,
    targetMac: Uint8Array,
    target: number,
  ): void {
    const frame = new Uint8Array(ETHERNET_HEADER_BYTES + ARP_BYTES);
    const packet = frame.subarray(ETHERNET_HEADER_BYTES);
    writeArp(packet, operation, this.#macBytes, sender, targetMac, target);
    this.#transmit(frame, to, EtherType.arp, frame.length);
  }

  #sendNeighborMessage(
    type: number,
    flags: number,
    source: Words,
    destination: Words,
    target: Words,
    mac: Uint8Array,
  ): void {
    const frame = new Uint8Array(ETHERNET_HEADER_BYTES + NEIGHBOR_PACKET_BYTES);
    const packet = frame.subarray(ETHERNET_HEADER_BYTES);
    writeNeighborMessage(packet, type, flags, source, destination, target, this.#macBytes);
    this.#transmit(frame, mac, EtherType.ipv6, frame.length);
  }

  #isOwn(w0: number, w1: number, w2: number, w3: number): boolean {
    return this.#own.some(({ address }) =>
      address.w3 === w3 && address.w2 === w2 && address.w1 === w1 && address.w0 === w0
    );
  }
}

function list(value: string | readonly string[] | undefined): readonly string[] {
  return value === undefined ? [] : typeof value === "string" ? [value] : value;
}

function gatewayAddress(text: string): Address {
  const address = parseAddress(text);
  if (address === null) throw new TypeError(`gateway: "${text}" is not an IP address`);
  return address;
}

function stationMac(text: string | undefined): Uint8Array<ArrayBuffer> {
  if (text !== undefined) {
    const mac = parseMac(text);
    if (mac === null) throw new TypeError(`mac: "${text}" is not of the form 02:00:00:00:00:01`);
    if ((mac[0] & 1) !== 0) throw new RangeError(`mac: ${text} is the address of a group`);
    return mac;
  }
  const mac = new Uint8Array(MAC_BYTES);
  const view = new DataView(mac.buffer);
  view.setUint32(0, systemRandom.uint32());
  view.setUint16(4, systemRandom.uint32() & 0xffff);
  // Locally administered, of one station.
  mac[0] = (mac[0] & 0xfc) | 0x02;
  return mac;
}

/** The MAC address of a group: three bytes, and the last three of `low`. */
function groupMac(first: number, second: number, third: number, low: number): Uint8Array {
  return Uint8Array.of(first, second, third, (low >>> 16) & 0xff, (low >>> 8) & 0xff, low & 0xff);
}

function wordsOf({ w0, w1, w2, w3 }: Address): Words {
  return [w0, w1, w2, w3];
}

function wordsAt(view: DataView, at: number): Words {
  return [view.getInt32(at), view.getInt32(at + 4), view.getInt32(at + 8), view.getInt32(at + 12)];
}
