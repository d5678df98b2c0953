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
 * or `localhost`. Throws a `URIError` for what cannot be a host, in Deno's words, and a `TypeError` for names
 * and for the short forms of addresses, which are not resolved here. As in Deno anything becomes a string.
 */
export function parseHostname(given: unknown): Hostname {
  const hostname = String(given);
  if (isLocalhost(hostname)) return { address: LOOPBACK_IPV4, isMapped: false };
  const bracketed = /^\[(.*:.*)\]$/.exec(hostname);
  const text = bracketed === null ? hostname : bracketed[1];
  const address = parseAddress(text);
  if (address === null) {
    checkHost(hostname);
    throw new TypeError(
      `hostname: "${hostname}" is not an IPv4 or IPv6 address; resolve names first, for example with ` +
        `Deno.resolveDns()`,
    );
  }
  return { address, isMapped: text.includes(":") && isIpv4(address) };
}

/** Names are the same in capital letters (RFC 4343). */
function isLocalhost(hostname: string): boolean {
  return hostname.toLowerCase() === "localhost";
}

/** An address of IPv6 with a zone (RFC 4007 section 11), in brackets or not. */
const ZONED = /^\[?[0-9a-f:.]*:[0-9a-f:.]*%[^\]]+\]?$/i;
/** What Deno lets stand in a name, beside dots. */
const FOREIGN_CHARACTER = /[^a-z0-9_#.-]/i;

/** Throws the `URIError` that Deno throws for what is neither an address nor a name. */
function checkHost(hostname: string): void {
  if (ZONED.test(hostname)) return;
  if (hostname === "" || hostname === ".") {
    throw new URIError(`invalid empty host: '${hostname}'`);
  }
  if (/^\[.*\]$/.test(hostname)) throw new URIError(`invalid IPv6 address: '${hostname}'`);
  const name = hostname.replace(/\.$/, "");
  if (name !== hostname && parseAddress(name) !== null) {
    throw new URIError(`invalid host: '${name}'`);
  }
  if (FOREIGN_CHARACTER.test(hostname)) {
    throw new URIError(`invalid host '${hostname}': invalid char found in FQDN`);
  }
  if (name.split(".").includes("")) {
    throw new URIError(`invalid host '${hostname}': empty label found in FQDN`);
  }
}

/** The addresses to connect to; `localhost` is both loopback addresses (RFC 6761 section 6.3). */
export function addressesOf(hostname: unknown): HostAddresses {
  const { address, isMapped } = parseHostname(hostname);
  const addresses = isLocalhost(String(hostname)) ? [address, LOOPBACK_IPV6] : [address];
  return { addresses, isMapped };
}
