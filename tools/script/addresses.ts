/** Addresses of either family, and what differs between the families. */

import { type Address, isIpv4, parseIpv4 } from "../../src/base/address.ts";

/** A family of addresses. */
export type Family = "ipv4" | "ipv6";

/** The families that the stack has. A run of another one fails with that reason. */
export const FAMILIES_THERE: readonly Family[] = ["ipv4"];

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

/** Parses an address of either family; null when it is none. */
export function parseAddress(text: string): Address | null {
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

/** RFC 4291 section 2.2, forms 1 and 2. */
function parseIpv6(text: string): Address | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const [head, tail] = halves.map((half) => half === "" ? [] : half.split(":"));
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (tail === undefined ? missing !== 0 : missing < 1) return null;
  const groups = [...head, ...Array<string>(missing).fill("0"), ...(tail ?? [])];
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return null;
  const word = (index: number) =>
    (parseInt(groups[index], 16) << 16) | parseInt(groups[index + 1], 16);
  return { w0: word(0), w1: word(2), w2: word(4), w3: word(6) };
}
