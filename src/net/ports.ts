import { type Address, endpointText, isIpv4, isUnspecified, sameAddress } from "../base/address.ts";
import { codedError } from "../base/errors.ts";
import type { Random } from "../base/random.ts";
import { ephemeralPort } from "../tcp/ports.ts";

/** Where one listens: an address, and whether `::` leaves IPv4 to others. */
interface ListenAddress {
  readonly address: Address;
  readonly ipv6Only: boolean;
  /** Whether others who say so too may have the same, as with SO_REUSEADDR on a UDP socket. */
  readonly reuse: boolean;
}

/**
 * Which ports are listened on. The application thread keeps the list, because `listen` answers at once
 * and only the application listens.
 */
export class PortTable {
  readonly #byPort = new Map<number, ListenAddress[]>();

  /**
   * Takes a port for `address`, a free one for port 0; `ipv6Only` leaves the port of `::` free for IPv4,
   * `reuse` shares it with others who share. Throws `AddrInUse` when it is taken.
   */
  take(
    address: Address,
    port: number,
    random: Random,
    ipv6Only = false,
    reuse = false,
  ): number {
    const where = { address, ipv6Only, reuse };
    const chosen = port !== 0 ? port : ephemeralPort(random, (free) => !this.#byPort.has(free));
    const others = this.#byPort.get(chosen) ?? [];
    const taken = others.some((other) =>
      !(reuse && other.reuse) && (covers(other, address) || covers(where, other.address))
    );
    if (chosen === 0 || taken) {
      throw codedError(
        Deno.errors.AddrInUse,
        "EADDRINUSE",
        `Address already in use (os error 98): ${endpointText(address, port)}; ` +
          `close the other listener or use port 0 for a free one`,
      );
    }
    this.#byPort.set(chosen, [...others, where]);
    return chosen;
  }

  /** Gives a port back. */
  give(address: Address, port: number): void {
    const listeners = this.#byPort.get(port) ?? [];
    const first = listeners.findIndex((other) => sameAddress(other.address, address));
    const others = listeners.filter((_, index) => index !== first);
    if (others.length > 0) this.#byPort.set(port, others);
    else this.#byPort.delete(port);
  }
}

/** Whether what comes for `address` would go to who listens at `where`. */
function covers(where: ListenAddress, address: Address): boolean {
  if (!isUnspecified(where.address)) return sameAddress(where.address, address);
  return isIpv4(where.address) ? isIpv4(address) : !isIpv4(address) || !where.ipv6Only;
}

/**
 * Checks a port as Deno does, which also takes one in digits: `TypeError` for what is no whole number,
 * `RangeError` beyond 65535.
 */
export function checkPort(port: unknown): number {
  if (typeof port !== "number" && typeof port !== "string") {
    throw new TypeError(`Invalid port (expected number): ${port}`);
  }
  const text = typeof port === "string" ? `'${port}'` : String(port);
  const value = port === "" ? NaN : Number(port);
  if (!Number.isInteger(value)) throw new TypeError(`Invalid port: ${text}`);
  if (value < 0 || value > 65_535) throw new RangeError(`Invalid port (out of range): ${port}`);
  return value;
}

/** The same for a port to connect to, which cannot be 0 (RFC 6335 section 6). */
export function checkRemotePort(port: unknown): number {
  const value = checkPort(port);
  if (value === 0) throw new RangeError(`Invalid port (out of range): ${port}`);
  return value;
}
