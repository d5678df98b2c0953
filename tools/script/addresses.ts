/** Addresses of either family, and what differs between the families. */

import { type Address, isIpv4 } from "../../src/base/address.ts";

/** A family of addresses. */
export type Family = "ipv4" | "ipv6";

/** What a run uses where the script does not say: the larger MTU gives both families the same MSS. */
export const FAMILY_DEFAULTS: Readonly<
  Record<Family, { readonly local: string; readonly remote: string; readonly mtu: number }>
> = {
  ipv4: { local: "192.168.0.1", remote: "192.0.2.1", mtu: 1500 },
  ipv6: { local: "fd3d:a0b:17d6::1", remote: "2001:db8::1", mtu: 1520 },
};

/** Bytes of the IP header of a family. */
export function ipHeaderBytes(family: Family): number {
  return family === "ipv4" ? 20 : 40;
}

/** The family of an address. */
export function familyOf(address: Address): Family {
  return isIpv4(address) ? "ipv4" : "ipv6";
}
