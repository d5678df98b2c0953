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

/** The unspecified IPv6 address, `::`. */
export const ANY_IPV6: Address = { w0: 0, w1: 0, w2: 0, w3: 0 };

/** The loopback address of IPv4, 127.0.0.1 (RFC 1122 section 3.2.1.3). */
export const LOOPBACK_IPV4: Address = ipv4Address(0x7f00_0001);

/** The loopback address of IPv6, `::1` (RFC 4291 section 2.5.3). */
export const LOOPBACK_IPV6: Address = { w0: 0, w1: 0, w2: 0, w3: 1 };

/** Makes an IPv4 address from its 32 bits. */
export function ipv4Address(bits: number): Address {
  return { w0: 0, w1: 0, w2: IPV4_MAPPED_W2, w3: bits | 0 };
}

/** Whether these words hold an IPv4 address. */
export function isIpv4(address: Address): boolean {
  return isIpv4Words(address.w0, address.w1, address.w2);
}

/** Whether the address that begins with these words is an IPv4 one: for code that runs per frame. */
export function isIpv4Words(w0: number, w1: number, w2: number): boolean {
  return w2 === IPV4_MAPPED_W2 && w1 === 0 && w0 === 0;
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

/** Whether `address` is a loopback address: one of 127.0.0.0/8, or `::1`. */
export function isLoopback(address: Address): boolean {
  return isLoopbackWords(address.w0, address.w1, address.w2, address.w3);
}

/** The same of four words: for code that runs per frame. */
export function isLoopbackWords(w0: number, w1: number, w2: number, w3: number): boolean {
  if (w2 === IPV4_MAPPED_W2) return w1 === 0 && w0 === 0 && isLoopbackWord(w3);
  return w3 === 1 && w2 === 0 && w1 === 0 && w0 === 0;
}

/** Whether `address` is a multicast address (RFC 5771: 224.0.0.0/4; RFC 4291 section 2.7: ff00::/8). */
export function isMulticast(address: Address): boolean {
  return isIpv4(address) ? (address.w3 >>> 28) === 14 : (address.w0 >>> 24) === 0xff;
}

/** Whether `address` is the broadcast of an IPv4 network that has one (RFC 919, RFC 3021), or the limited one. */
export function isBroadcast(address: Address, network: Prefix): boolean {
  if (!isIpv4(address)) return false;
  if (address.w3 === -1) return true;
  if (!isIpv4(network.address) || network.length > 30) return false;
  return inPrefix(address, network) && ((address.w3 | ~(-1 >>> network.length)) === -1);
}

/** Dotted decimal text of 32 IPv4 bits. */
export function ipv4Text(bits: number): string {
  return `${bits >>> 24}.${(bits >>> 16) & 255}.${(bits >>> 8) & 255}.${bits & 255}`;
}

/**
 * The text of an address as an IPv6 socket shows it: an IPv4 one in its mapped form, `::ffff:10.7.0.1`
 * (RFC 5952 section 5).
 */
export function mappedText(address: Address): string {
  return isIpv4(address) ? `::ffff:${ipv4Text(address.w3)}` : addressText(address);
}

/** An address and a port for messages: `10.7.0.2:80`, `[fd07::2]:80` (RFC 3986 section 3.2.2). */
export function endpointText(address: Address, port: number): string {
  const text = addressText(address);
  return isIpv4(address) ? `${text}:${port}` : `[${text}]:${port}`;
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

/**
 * Parses an IPv6 address in any form of RFC 4291 section 2.2: eight groups, a run of zeros as `::`, and
 * dotted decimal for the last two groups. Null when it is none of these. An IPv4-mapped address gives
 * the IPv4 address; a zone (`%eth0`) is not taken, because there is one device only.
 */
export function parseIpv6(text: string): Address | null {
  const groups = ipv6Groups(text);
  if (groups === null) return null;
  const word = (index: number) => (groups[index] << 16) | groups[index + 1];
  return { w0: word(0), w1: word(2), w2: word(4), w3: word(6) };
}

/** The eight groups of an IPv6 address, or null. */
function ipv6Groups(text: string): number[] | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const isShort = halves.length === 2;
  const head = groupsOf(halves[0], !isShort);
  const tail = isShort ? groupsOf(halves[1], true) : [];
  if (head === null || tail === null) return null;
  const missing = 8 - head.length - tail.length;
  // `::` stands for one group at the least (RFC 4291 section 2.2).
  if (isShort ? missing < 1 : missing !== 0) return null;
  return [...head, ...new Array<number>(missing).fill(0), ...tail];
}

/** The groups between colons; the last one of an address may be dotted decimal, which counts as two. */
function groupsOf(text: string, isEnd: boolean): number[] | null {
  if (text === "") return [];
  const parts = text.split(":");
  const groups: number[] = [];
  for (const [index, part] of parts.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      groups.push(parseInt(part, 16));
      continue;
    }
    const dotted = isEnd && index === parts.length - 1 ? parseIpv4(part) : null;
    if (dotted === null) return null;
    groups.push(dotted.w3 >>> 16, dotted.w3 & 0xffff);
  }
  return groups;
}

/** Parses an address of either family; null when it is neither. */
export function parseAddress(text: string): Address | null {
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

/** An address with the length of its network's prefix, as in `10.7.0.2/24`. */
export interface Prefix {
  /** The address itself, not that of its network. */
  readonly address: Address;
  /** Bits of the network part, 0 to 32 for IPv4, 0 to 128 for IPv6. */
  readonly length: number;
}

/**
 * Parses an address of either family in CIDR form. Throws a `TypeError` for what is no address and a
 * `RangeError` for an impossible prefix length, naming `option` and the value.
 */
export function parseCidr(text: string, option: string): Prefix {
  const slash = text.indexOf("/");
  const addressPart = slash < 0 ? text : text.slice(0, slash);
  const address = parseAddress(addressPart);
  // An IPv4 address in IPv6's form would leave open which family the length counts in.
  if (address === null || (addressPart.includes(":") && isIpv4(address))) {
    throw new TypeError(
      `${option}: "${text}" is not an IPv4 or IPv6 address in CIDR form, such as 10.7.0.2/24 or ` +
        `fd07::2/64`,
    );
  }
  const longest = isIpv4(address) ? 32 : 128;
  if (slash < 0) return { address, length: longest };
  const digits = text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(digits)) {
    throw new TypeError(`${option}: "${text}" has no number after the slash`);
  }
  const length = Number(digits);
  if (length > longest) {
    throw new RangeError(`${option}: the prefix length in "${text}" must be from 0 to ${longest}`);
  }
  return { address, length };
}

/** Whether `address` lies in the network of `prefix`; never when it is of the other family. */
export function inPrefix(address: Address, prefix: Prefix): boolean {
  if (isIpv4(address) !== isIpv4(prefix.address)) return false;
  const length = isIpv4(address) ? 96 + prefix.length : prefix.length;
  return commonPrefixLength(address, prefix.address) >= length;
}

/** How many bits from the first on two addresses share, 0 to 128. */
export function commonPrefixLength(a: Address, b: Address): number {
  if (a.w0 !== b.w0) return Math.clz32(a.w0 ^ b.w0);
  if (a.w1 !== b.w1) return 32 + Math.clz32(a.w1 ^ b.w1);
  if (a.w2 !== b.w2) return 64 + Math.clz32(a.w2 ^ b.w2);
  return 96 + Math.clz32(a.w3 ^ b.w3);
}
