/**
 * Which destinations packets can be sent to. A TUN interface is a link with one other end, which forwards, so there
 * is no gateway to choose: a route is a prefix that leads to the device. The networks of the stack's own addresses
 * always do. Answers go back to where they come from, without a look at the routes.
 */
import {
  type Address,
  addressText,
  inPrefix,
  isIpv4,
  LOOPBACK_IPV4,
  LOOPBACK_IPV6,
  parseCidr,
  type Prefix,
} from "../base/address.ts";
import { sourceAddressFor } from "../ip/source_address.ts";
import { unreachable } from "./errors.ts";

/** Everything goes to the device, as with default routes of both families. */
const DEFAULT_ROUTES: readonly string[] = ["0.0.0.0/0", "::/0"];

/** Reads the `routes` option. Throws a `TypeError` or a `RangeError` for what is no prefix. */
export function parseRoutes(value: string | readonly string[] | undefined): Prefix[] {
  const texts = value === undefined ? DEFAULT_ROUTES : typeof value === "string" ? [value] : value;
  if (!Array.isArray(texts)) {
    throw new TypeError(`routes: ${String(value)} is neither a string nor an array of strings`);
  }
  return texts.map((text) => {
    if (typeof text !== "string") {
      throw new TypeError(`routes: ${String(text)} is not a string in CIDR form`);
    }
    return parseCidr(text, "routes");
  });
}

/** The stack's addresses and routes. */
export class Routes {
  readonly #own: readonly Prefix[];
  readonly #routes: readonly Prefix[];

  constructor(own: readonly Prefix[], routes: readonly Prefix[]) {
    this.#own = own;
    this.#routes = routes;
  }

  /**
   * The address to send to `remote` from. Throws `NetworkUnreachable` when the stack has none of that family, or no
   * route leads there; `isGroup` says that it is a group or a broadcast address, to which the device always leads.
   */
  sourceFor(remote: Address, where: string, isGroup: boolean): Address {
    const source = sourceAddressFor(remote, this.#own);
    if (source === null) {
      const name = isIpv4(remote) ? "IPv4" : "IPv6";
      const own = this.#own.map(({ address }) => addressText(address)).join(", ");
      throw unreachable(where, `the stack has no ${name} address but ${own}`);
    }
    if (isGroup || this.#has(remote)) return source;
    const all = this.#routes.map(({ address, length }) => `${addressText(address)}/${length}`);
    throw unreachable(
      where,
      `it is in none of the stack's networks nor in its routes, ${
        all.join(", ") || "of which there are none"
      }`,
    );
  }

  #has(remote: Address): boolean {
    return this.#own.some((prefix) => inPrefix(remote, prefix)) ||
      this.#routes.some((prefix) => inPrefix(remote, prefix));
  }
}

/** The loopback address of the family. */
export function loopbackOf(address: Address): Address {
  return isIpv4(address) ? LOOPBACK_IPV4 : LOOPBACK_IPV6;
}
