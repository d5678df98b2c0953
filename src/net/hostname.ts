import {
  type Address,
  isIpv4,
  LOOPBACK_IPV4,
  LOOPBACK_IPV6,
  parseAddress,
} from "../base/address.ts";

/** What a hostname stands for. */
export interface Hostname {
  readonly address: Address;
  /** An IPv4 address that was written as an IPv6 one, and is to be shown so (RFC 4291 section 2.5.5.2). */
  readonly isMapped: boolean;
}

/** The addresses that a name stands for, in the order in which they are tried. */
export interface HostAddresses {
  readonly addresses: readonly Address[];
  /** As in {@link Hostname}. */
  readonly isMapped: boolean;
}

/**
 * The address that a hostname of `listen` stands for: an address of either family, of IPv6 also in brackets,
 * or `localhost`. Throws a `TypeError` for anything else: names are not resolved here.
 */
export function parseHostname(hostname: string): Hostname {
  if (hostname === "localhost") return { address: LOOPBACK_IPV4, isMapped: false };
  const bracketed = /^\[(.*:.*)\]$/.exec(hostname);
  const text = bracketed === null ? hostname : bracketed[1];
  const address = parseAddress(text);
  if (address === null) {
    throw new TypeError(
      `hostname: "${hostname}" is not an IPv4 or IPv6 address; resolve names first, for example with ` +
        `Deno.resolveDns()`,
    );
  }
  return { address, isMapped: text.includes(":") && isIpv4(address) };
}

/** The addresses to connect to; `localhost` is both loopback addresses (RFC 6761 section 6.3). */
export function addressesOf(hostname: string): HostAddresses {
  const { address, isMapped } = parseHostname(hostname);
  const addresses = hostname === "localhost" ? [address, LOOPBACK_IPV6] : [address];
  return { addresses, isMapped };
}
