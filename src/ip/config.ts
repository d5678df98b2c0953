/** The parameters of the internet layer: what may be set with `open({ ip })`, the defaults, and the allowed ranges. */

/** Parameters of IPv4, IPv6 and ICMP; everything is optional. */
export interface IpOptions {
  /**
   * Bytes of memory that fragments of packets may take which are not complete; the packet that waits longest gives
   * way. Default 4 MiB, as Linux (`net.ipv4.ipfrag_high_thresh`).
   */
  reassemblyMemoryBytes?: number;
  /** Packets that may wait for fragments at once; the one that waits longest gives way. Default 1024. */
  reassemblyPackets?: number;
  /** How long a packet of IPv4 may wait for its fragments, milliseconds. Default 30,000, as Linux. */
  reassemblyTimeoutMs?: number;
  /** The same for IPv6. Default 60,000 (RFC 8200 section 4.5). */
  reassemblyTimeout6Ms?: number;
  /** ICMP errors that are sent in a second (RFC 4443 section 2.4 f). Default 1000, as Linux (`icmp_msgs_per_sec`). */
  errorsPerSecond?: number;
  /** ICMP errors that are sent at once. Default 50, as Linux (`icmp_msgs_burst`). */
  errorsBurst?: number;
  /** Echo requests that are answered in a second, a tenth of it at once. Default 100,000; Linux has no limit. */
  echoRepliesPerSecond?: number;
  /** Calls of `ping` at once. Default 1024. */
  maxPings?: number;
}

/** All parameters, with nothing missing. */
export type IpConfig = Required<IpOptions>;

/** The defaults; see {@link IpOptions} for where each comes from. */
export const IP_DEFAULTS: IpConfig = {
  reassemblyMemoryBytes: 4 * 1024 * 1024,
  reassemblyPackets: 1024,
  reassemblyTimeoutMs: 30_000,
  reassemblyTimeout6Ms: 60_000,
  errorsPerSecond: 1000,
  errorsBurst: 50,
  echoRepliesPerSecond: 100_000,
  maxPings: 1024,
};

/** The allowed range of each number, both ends included. */
const RANGES: { readonly [Name in keyof IpConfig]: readonly [number, number] } = {
  // Less would not hold one packet of the greatest length.
  reassemblyMemoryBytes: [65_536, 256 * 1024 * 1024],
  reassemblyPackets: [1, 16_384],
  reassemblyTimeoutMs: [1, 600_000],
  reassemblyTimeout6Ms: [1, 600_000],
  errorsPerSecond: [1, 1_000_000],
  errorsBurst: [1, 100_000],
  echoRepliesPerSecond: [1, 10_000_000],
  maxPings: [1, 65_536],
};

/**
 * Fills in the defaults. Throws a `TypeError` for an unknown name or what is no number and a `RangeError` for a
 * number out of range, naming the option, the value and what is allowed.
 */
export function ipConfig(options: IpOptions = {}): IpConfig {
  const config: IpConfig = { ...IP_DEFAULTS };
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(IP_DEFAULTS, name)) {
      throw new TypeError(`ip.${name}: there is no such option`);
    }
    if (value === undefined) continue;
    config[name as keyof IpConfig] = checked(name as keyof IpConfig, value);
  }
  return config;
}

function checked(name: keyof IpConfig, value: unknown): number {
  if (typeof value !== "number" || Number.isNaN(value)) {
    throw new TypeError(`ip.${name}: ${String(value)} is not a number`);
  }
  const [low, high] = RANGES[name];
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new RangeError(`ip.${name}: ${value} is not a whole number from ${low} to ${high}`);
  }
  return value;
}
