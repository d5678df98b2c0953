/** The UDP parameters: what may be set with `open({ udp })`, the defaults, and the allowed ranges. */

/** UDP parameters of a stack; everything is optional. Sizes are bytes. */
export interface UdpOptions {
  /** Sockets at once. Default 1024, with `inline` 128. */
  maxSockets?: number;
  /**
   * What may wait in a socket for `receive`, 44 bytes of header for each datagram included; one datagram always
   * may. Default 212992, as Linux (`net.core.rmem_default`). More are dropped and counted, `udpQueueFull`.
   */
  receiveBufferBytes?: number;
  /** The same on the way out; a `send` that finds no room waits. Default 212992, as Linux. */
  sendBufferBytes?: number;
  /** Hop limit (TTL) of what is sent to one host, 1 to 255. Default 64, as Linux. */
  hopLimit?: number;
}

/** All parameters, with nothing missing. */
export type UdpConfig = Required<UdpOptions>;

/** The defaults; see {@link UdpOptions} for where each comes from. */
export const UDP_DEFAULTS: UdpConfig = {
  maxSockets: 1024,
  receiveBufferBytes: 212_992,
  sendBufferBytes: 212_992,
  hopLimit: 64,
};

/** The allowed range of each number, both ends included. */
const RANGES: { readonly [Name in keyof UdpConfig]: readonly [number, number] } = {
  maxSockets: [1, 65_536],
  receiveBufferBytes: [2048, 64 * 1024 * 1024],
  sendBufferBytes: [2048, 64 * 1024 * 1024],
  hopLimit: [1, 255],
};

/**
 * Fills in the defaults. Throws a `TypeError` for an unknown name or what is no number and a `RangeError` for a
 * number out of range, naming the option, the value and what is allowed.
 */
export function udpConfig(options: UdpOptions = {}): UdpConfig {
  const config: UdpConfig = { ...UDP_DEFAULTS };
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(UDP_DEFAULTS, name)) {
      throw new TypeError(`udp.${name}: there is no such option`);
    }
    if (value === undefined) continue;
    config[name as keyof UdpConfig] = checked(name as keyof UdpConfig, value);
  }
  return config;
}

function checked(name: keyof UdpConfig, value: unknown): number {
  if (typeof value !== "number" || Number.isNaN(value)) {
    throw new TypeError(`udp.${name}: ${String(value)} is not a number`);
  }
  const [low, high] = RANGES[name];
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new RangeError(`udp.${name}: ${value} is not a whole number from ${low} to ${high}`);
  }
  return value;
}
