import {
  type Address,
  addressText,
  ipv4Address,
  isIpv4,
  isLoopback,
  isMulticast,
  isUnspecified,
  parseCidr,
  type Prefix,
} from "../base/address.ts";
import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import type { Device } from "../device/device.ts";
import type { TraceRecord } from "../pipeline/trace_ring.ts";
import {
  DEFAULT_DIMENSIONS,
  type Dimensions,
  FRAGMENT_PAGE_BYTES,
  RECEIVE_BLOCK_BYTES,
  SEND_BLOCK_BYTES,
  SMALL_DIMENSIONS,
} from "../ring/layout.ts";
import type { TcpConfig, TcpOptions } from "../tcp/config.ts";
import type { IpConfig, IpOptions } from "../ip/config.ts";
import type { UdpOptions } from "../udp/config.ts";
import { IPV6_MTU_MIN } from "../wire/ipv6.ts";
import type { IsnSource } from "../tcp/isn.ts";

/** How the stages of a stack are spread over threads. */
export type PipelineShape = "split" | "fused" | "inline";

/** What {@link open} may be told. */
export interface OpenOptions {
  /** A TUN interface by name, or any device. Default `"woshou0"`. */
  device?: string | Device;
  /** The stack's own addresses in CIDR form, such as `"10.7.0.2/24"` or `"fd07::2/64"`. */
  address?: string | string[];
  /** The kernel's addresses on the TUN interface in CIDR form; set when permitted. */
  hostAddress?: string | string[];
  /** Largest IP packet in bytes, 576 (with an IPv6 address: 1280) to 65535. Default: the device's. */
  mtu?: number;
  /** Default `"split"` for a TUN interface, `"inline"` for any other device. */
  pipeline?: PipelineShape;
  /** TUN queues, each with a pipeline of its own. Default 1. */
  queues?: number;
  /** Whether to use segmentation and checksum offload where the kernel has them. Default true. */
  offload?: boolean;
  /** TCP parameters. */
  tcp?: TcpOptions;
  /** UDP parameters. */
  udp?: UdpOptions;
  /** Parameters of IPv4, IPv6 and ICMP. */
  ip?: IpOptions;
  /**
   * Prefixes that lead to the device, besides the networks of the stack's addresses; other destinations are
   * `NetworkUnreachable`. Default `["0.0.0.0/0", "::/0"]`: everything, since what is behind a TUN interface forwards.
   */
  routes?: string | string[];
  /**
   * The clock, `inline` only: for simulation and replay, of which there may be thousands one after the other. A stack with
   * one has room for 4096 connections, 128 sockets, 4 MiB received and 8 MiB sent, unless `tcp` and `udp` say otherwise.
   */
  clock?: Clock;
  /** The source of randomness, `inline` only: for simulation and replay. */
  random?: Random;
  /** Where initial sequence numbers come from, `inline` only: for replay. Default: RFC 6528. */
  isn?: IsnSource;
  /**
   * Called with every segment in and out and every change of state, in the order in which they happened.
   * The record is filled again for the next one: copy what is to be kept.
   */
  trace?: (record: TraceRecord) => void;
}

/** Least MTU over which IPv4 is expected to work (RFC 791 section 3.2). */
export const MTU_MIN = 576;
/** Longest IP packet. */
export const MTU_MAX = 65_535;
/** Queues of one TUN interface that are worth having: the kernel allows 256. */
const QUEUES_MAX = 64;
/** Trace records that may wait for the application; the fewer in a simulation that nothing is asked of. */
const TRACE_RECORDS = 8192;
const TRACE_RECORDS_SMALL = 1024;
/** Frames that one queue's pipeline may have waiting from another. */
const HANDOVER_FRAMES = 32;
/** Address of a stack that is given none. */
const DEFAULT_ADDRESS = "10.7.0.2/24";

const NAMES: readonly (keyof OpenOptions)[] = [
  "device",
  "address",
  "hostAddress",
  "mtu",
  "pipeline",
  "queues",
  "offload",
  "tcp",
  "udp",
  "ip",
  "routes",
  "clock",
  "random",
  "isn",
  "trace",
];

/** Throws a `TypeError` for an option that does not exist or has a wrong type. */
export function checkOptions(options: OpenOptions): void {
  for (const name of Object.keys(options)) {
    if (!NAMES.includes(name as keyof OpenOptions)) {
      throw new TypeError(`${name}: there is no such option; there are ${NAMES.join(", ")}`);
    }
  }
  const { device, pipeline, offload, tcp, udp, ip, trace } = options;
  if (device !== undefined && typeof device !== "string" && !hasMethod(device, "receive")) {
    throw new TypeError(
      `device: ${String(device)} is neither the name of an interface nor a Device`,
    );
  }
  if (pipeline !== undefined && !["split", "fused", "inline"].includes(pipeline)) {
    throw new TypeError(`pipeline: "${pipeline}" is not one of split, fused, inline`);
  }
  if (offload !== undefined && typeof offload !== "boolean") {
    throw new TypeError(`offload: ${String(offload)} is not a boolean`);
  }
  if (tcp !== undefined && (typeof tcp !== "object" || tcp === null)) {
    throw new TypeError(`tcp: ${String(tcp)} is not an object of options`);
  }
  if (udp !== undefined && (typeof udp !== "object" || udp === null)) {
    throw new TypeError(`udp: ${String(udp)} is not an object of options`);
  }
  if (ip !== undefined && (typeof ip !== "object" || ip === null)) {
    throw new TypeError(`ip: ${String(ip)} is not an object of options`);
  }
  if (trace !== undefined && typeof trace !== "function") {
    throw new TypeError(`trace: ${String(trace)} is not a function`);
  }
  for (
    const [name, method] of [["clock", "wakeAt"], ["random", "uint32"], ["isn", "next"]] as const
  ) {
    const value = options[name];
    if (value !== undefined && !hasMethod(value, method)) {
      throw new TypeError(`${name}: ${String(value)} has no ${method}()`);
    }
  }
  checkNumber("mtu", options.mtu, MTU_MIN, MTU_MAX);
  checkNumber("queues", options.queues, 1, QUEUES_MAX);
}

function hasMethod(value: unknown, method: string): boolean {
  if (typeof value !== "object" || value === null) return false;
  return typeof (value as Record<string, unknown>)[method] === "function";
}

function checkNumber(name: string, value: unknown, low: number, high: number): void {
  if (value === undefined) return;
  if (typeof value !== "number" || Number.isNaN(value)) {
    throw new TypeError(`${name}: ${String(value)} is not a number`);
  }
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new RangeError(`${name}: ${value} is not a whole number from ${low} to ${high}`);
  }
}

/** The prefixes that an address option names. */
export function parsePrefixes(value: string | string[] | undefined, option: string): Prefix[] {
  if (value === undefined) return [];
  const texts = typeof value === "string" ? [value] : value;
  if (!Array.isArray(texts)) {
    throw new TypeError(`${option}: ${String(value)} is neither a string nor an array of strings`);
  }
  return texts.map((text) => {
    if (typeof text !== "string") {
      throw new TypeError(`${option}: ${String(text)} is not a string in CIDR form`);
    }
    const prefix = parseCidr(text, option);
    checkHostAddress(prefix.address, text, option);
    return prefix;
  });
}

/** The stack's own prefixes. */
export function ownPrefixes(options: OpenOptions): Prefix[] {
  const prefixes = parsePrefixes(options.address ?? DEFAULT_ADDRESS, "address");
  if (prefixes.length === 0) throw new TypeError("address: [] leaves the stack without any");
  return prefixes;
}

function checkHostAddress(address: Address, text: string, option: string): void {
  const isReserved = isIpv4(address) && (address.w3 >>> 28) >= 14;
  if (isUnspecified(address) || isReserved || isMulticast(address) || isLoopback(address)) {
    throw new RangeError(
      `${option}: "${text}" cannot be the address of a host (it is unspecified, loopback or multicast)`,
    );
  }
}

/** The broadcast addresses of the networks of IPv4 that have one (RFC 919, RFC 3021). */
export function broadcastsOf(prefixes: readonly Prefix[]): Address[] {
  return prefixes
    .filter(({ address, length }) => isIpv4(address) && length <= 30)
    .map(({ address, length }) => ipv4Address(address.w3 | (-1 >>> length)));
}

/** Throws a `RangeError` when packets of `mtu` bytes are too short for the family of an address. */
export function checkMtuFor(prefixes: readonly Prefix[], mtu: number): void {
  const ipv6 = prefixes.find(({ address }) => !isIpv4(address));
  if (ipv6 !== undefined && mtu < IPV6_MTU_MIN) {
    throw new RangeError(
      `mtu: ${mtu} is too small for ${
        addressText(ipv6.address)
      }: IPv6 needs ${IPV6_MTU_MIN} bytes ` +
        `(RFC 8200 section 5)`,
    );
  }
}

/** The sizes of a pipeline's memory. */
export function dimensionsFor(
  options: OpenOptions,
  shape: PipelineShape,
  config: TcpConfig,
  ip: IpConfig,
): Dimensions {
  const { tcp, udp, queues = 1, trace, clock } = options;
  const base = clock === undefined ? DEFAULT_DIMENSIONS : SMALL_DIMENSIONS;
  const given = (name: keyof TcpOptions, bytes: number, otherwise: number) =>
    tcp?.[name] === undefined ? otherwise : Math.max(1, Math.floor(config[name] as number / bytes));
  return {
    connections: tcp?.maxConnections === undefined ? base.connections : config.maxConnections,
    sockets: udp?.maxSockets ?? base.sockets,
    slots: base.slots,
    receiveBlocks: given("receiveMemoryBytes", RECEIVE_BLOCK_BYTES, base.receiveBlocks),
    sendBlocks: given("sendMemoryBytes", SEND_BLOCK_BYTES, base.sendBlocks),
    traceRecords: trace !== undefined || shape !== "inline" ? TRACE_RECORDS : TRACE_RECORDS_SMALL,
    handoverFrames: queues > 1 ? HANDOVER_FRAMES : 1,
    fragmentPages: Math.floor(ip.reassemblyMemoryBytes / FRAGMENT_PAGE_BYTES),
  };
}
