import { type Address, addressText, isUnspecified, sameAddress } from "../base/address.ts";
import { codedError } from "../base/errors.ts";
import type { Random } from "../base/random.ts";
import { ephemeralPort } from "../tcp/ports.ts";

/**
 * Which ports are listened on. The application thread keeps the list, because `listen` answers at once
 * and only the application listens.
 */
export class PortTable {
  readonly #byPort = new Map<number, Address[]>();

  /** Takes a port for `address`, a free one for port 0. Throws `AddrInUse` when it is taken. */
  take(address: Address, port: number, random: Random): number {
    const chosen = port !== 0 ? port : ephemeralPort(random, (free) => !this.#byPort.has(free));
    const others = this.#byPort.get(chosen) ?? [];
    const taken = others.some((other) =>
      isUnspecified(other) || isUnspecified(address) || sameAddress(other, address)
    );
    if (chosen === 0 || taken) {
      throw codedError(
        Deno.errors.AddrInUse,
        "EADDRINUSE",
        `Address already in use (os error 98): ${addressText(address)}:${port}; ` +
          `close the other listener or use port 0 for a free one`,
      );
    }
    this.#byPort.set(chosen, [...others, address]);
    return chosen;
  }

  /** Gives a port back. */
  give(address: Address, port: number): void {
    const others = (this.#byPort.get(port) ?? []).filter((other) => !sameAddress(other, address));
    if (others.length > 0) this.#byPort.set(port, others);
    else this.#byPort.delete(port);
  }
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
