/**
 * IP addresses of either family as four 32-bit words, in network order.
 *
 * An IPv4 address is held in its IPv4-mapped form `::ffff:a.b.c.d` (RFC 4291 section 2.5.5.2), so that
 * tables, hashes and comparisons know one kind of address only.
 *
 * ```text
 *   word   w0         w1         w2           w3
 *   IPv4   0          0          0x0000ffff   a.b.c.d
 *   IPv6   bits 0-31  32-63      64-95        96-127
 * ```
 */
export interface Address {
  /** Bits 0 to 31. */
  readonly w0: number;
  /** Bits 32 to 63. */
  readonly w1: number;
  /** Bits 64 to 95. */
  readonly w2: number;
  /** Bits 96 to 127; of an IPv4 address, all of it. */
  readonly w3: number;
}

/** The third word of every IPv4 address in its IPv4-mapped form. */
export const IPV4_MAPPED_W2 = 0xffff;

/** The unspecified IPv4 address, 0.0.0.0. */
export const ANY_IPV4: Address = ipv4Address(0);

/** Makes an IPv4 address from its 32 bits. */
export function ipv4Address(bits: number): Address {
  return { w0: 0, w1: 0, w2: IPV4_MAPPED_W2, w3: bits | 0 };
}

/** Whether these words hold an IPv4 address. */
export function isIpv4(address: Address): boolean {
  return address.w0 === 0 && address.w1 === 0 && address.w2 === IPV4_MAPPED_W2;
}

/** Whether `address` is its family's "any" address. */
export function isUnspecified(address: Address): boolean {
  return address.w3 === 0 && address.w0 === 0 && address.w1 === 0 &&
    (address.w2 === 0 || address.w2 === IPV4_MAPPED_W2);
}

/** Whether both are the same address. */
export function sameAddress(a: Address, b: Address): boolean {
  return a.w3 === b.w3 && a.w2 === b.w2 && a.w1 === b.w1 && a.w0 === b.w0;
}

/** Whether these 32 IPv4 bits are in 127.0.0.0/8 (RFC 1122 section 3.2.1.3). */
export function isLoopbackWord(bits: number): boolean {
  return (bits >>> 24) === 127;
}

/** Whether `address` is a loopback address. */
export function isLoopback(address: Address): boolean {
  return isIpv4(address) && isLoopbackWord(address.w3);
}

/** Whether `address` names a group of hosts: multicast (RFC 5771, RFC 4291 section 2.7) or the limited broadcast. */
export function isGroup(address: Address): boolean {
  if (!isIpv4(address)) return (address.w0 >>> 24) === 0xff;
  return (address.w3 >>> 28) === 0xe || address.w3 === -1;
}

/** Whether `address` is the directed broadcast of an IPv4 network that has one (RFC 919, RFC 3021). */
export function isBroadcast(address: Address, network: Prefix): boolean {
  if (!isIpv4(address) || network.length > 30) return false;
  return inPrefix(address, network) && ((address.w3 | ~(-1 >>> network.length)) === -1);
}

/** Dotted decimal text of 32 IPv4 bits. */
export function ipv4Text(bits: number): string {
  return `${bits >>> 24}.${(bits >>> 16) & 255}.${(bits >>> 8) & 255}.${bits & 255}`;
}

/** The usual text of an address: dotted decimal, or RFC 5952 for IPv6. */
export function addressText(address: Address): string {
  if (isIpv4(address)) return ipv4Text(address.w3);
  const groups: number[] = [];
  for (const word of [address.w0, address.w1, address.w2, address.w3]) {
    groups.push(word >>> 16, word & 0xffff);
  }
  return ipv6Text(groups);
}

/** RFC 5952: the longest run of two or more zero groups, the first of equals, becomes `::`. */
function ipv6Text(groups: number[]): string {
  let bestStart = -1;
  let bestLength = 1;
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > bestLength) {
      bestStart = start;
      bestLength = length;
    }
  }
  const hex = (part: number[]) => part.map((group) => group.toString(16)).join(":");
  if (bestStart < 0) return hex(groups);
  return `${hex(groups.slice(0, bestStart))}::${hex(groups.slice(bestStart + bestLength))}`;
}

/** Parses dotted decimal with exactly four parts and no leading zeros; null when it is not that. */
export function parseIpv4(text: string): Address | null {
  const parts = text.split(".");
  if (parts.length !== 4) return null;
  let bits = 0;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part)) return null;
    const value = Number(part);
    if (value > 255) return null;
    bits = (bits << 8) | value;
  }
  return ipv4Address(bits);
}

/** An address with the length of its network's prefix, as in `10.7.0.2/24`. */
export interface Prefix {
  /** The address itself, not that of its network. */
  readonly address: Address;
  /** Bits of the network part, 0 to 32 for IPv4. */
  readonly length: number;
}

/**
 * Parses an IPv4 address in CIDR form. Throws a `TypeError` for what is no address and a
 * `RangeError` for an impossible prefix length, naming `option` and the value.
 */
export function parseCidr(text: string, option: string): Prefix {
  const slash = text.indexOf("/");
  const address = parseIpv4(slash < 0 ? text : text.slice(0, slash));
  if (address === null) {
    throw new TypeError(
      `${option}: "${text}" is not an IPv4 address in CIDR form, such as 10.7.0.2/24`,
    );
  }
  if (slash < 0) return { address, length: 32 };
  const digits = text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(digits)) {
    throw new TypeError(`${option}: "${text}" has no number after the slash`);
  }
  const length = Number(digits);
  if (length > 32) {
    throw new RangeError(`${option}: the prefix length in "${text}" must be from 0 to 32`);
  }
  return { address, length };
}

/** Whether `address` lies in the network of `prefix`. */
export function inPrefix(address: Address, prefix: Prefix): boolean {
  if (!isIpv4(address) || !isIpv4(prefix.address)) return false;
  if (prefix.length === 0) return true;
  const mask = prefix.length === 32 ? -1 : ~(-1 >>> prefix.length);
  return ((address.w3 ^ prefix.address.w3) & mask) === 0;
}
