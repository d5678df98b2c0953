/** Which of its addresses a host sends from (RFC 6724 section 5, RFC 1122 section 3.3.4.3). */
import {
  type Address,
  commonPrefixLength,
  inPrefix,
  isIpv4,
  parseCidr,
  type Prefix,
  sameAddress,
} from "../base/address.ts";

/** Scopes of RFC 4291 section 2.7, which RFC 6724 section 3.1 gives to addresses of one host too. */
const LINK_LOCAL = 0x2;
const SITE_LOCAL = 0x5;
const GLOBAL = 0xe;

/** RFC 6724 section 2.1: the policy table's labels, the longest prefix first. */
const LABELS: readonly (readonly [Prefix, number])[] = ([
  ["::1/128", 0],
  ["::/96", 3],
  ["2001::/32", 5],
  ["2002::/16", 2],
  ["3ffe::/16", 12],
  ["fec0::/10", 11],
  ["fc00::/7", 13],
  ["::/0", 1],
] as const).map(([text, label]) => [parseCidr(text, "policy"), label]);

/** The label of every IPv4 address. */
const LABEL_IPV4 = 4;

/**
 * The address to send to `destination` from: of its family, or null when there is none. There is one interface and no
 * address is deprecated, temporary or a home address, so of the rules 1, 2, 6 and 8 are left. With IPv4, as in
 * Linux, rule 8 knows only whether the destination is in the address's network; otherwise the first address is taken.
 */
export function sourceAddressFor(destination: Address, own: readonly Prefix[]): Address | null {
  let best: Prefix | null = null;
  for (const candidate of own) {
    if (isIpv4(candidate.address) !== isIpv4(destination)) continue;
    if (best === null || isBetter(candidate, best, destination)) best = candidate;
  }
  return best === null ? null : best.address;
}

/** Whether `a` is to be preferred to `b`, which stands before it in the list. */
function isBetter(a: Prefix, b: Prefix, destination: Address): boolean {
  // Rule 1: the same address.
  if (sameAddress(b.address, destination)) return false;
  if (sameAddress(a.address, destination)) return true;
  // Rule 2: the appropriate scope, which is the least one that reaches as far as the destination's.
  const scopeA = scopeOf(a.address);
  const scopeB = scopeOf(b.address);
  const scope = scopeOf(destination);
  if (scopeA < scopeB) return scopeA >= scope;
  if (scopeB < scopeA) return scopeB < scope;
  // Rule 6: the same label.
  const label = labelOf(destination);
  const isLabelA = labelOf(a.address) === label;
  if (isLabelA !== (labelOf(b.address) === label)) return isLabelA;
  // Rule 8: the longest matching prefix.
  return matchLength(a, destination) > matchLength(b, destination);
}

function matchLength(source: Prefix, destination: Address): number {
  if (isIpv4(destination)) return inPrefix(destination, source) ? source.length : 0;
  return Math.min(commonPrefixLength(source.address, destination), source.length);
}

/** RFC 6724 section 3.1 and 3.2: of IPv4 addresses, 169.254.0.0/16 is link-local, all others are global. */
function scopeOf(address: Address): number {
  const { w0, w3 } = address;
  if (isIpv4(address)) return (w3 >>> 16) === 0xa9fe || (w3 >>> 24) === 127 ? LINK_LOCAL : GLOBAL;
  if ((w0 >>> 24) === 0xff) return (w0 >>> 16) & 0xf;
  if ((w0 >>> 22) === 0x3fa) return LINK_LOCAL;
  if ((w0 >>> 22) === 0x3fb) return SITE_LOCAL;
  return w0 === 0 && address.w1 === 0 && address.w2 === 0 && w3 === 1 ? LINK_LOCAL : GLOBAL;
}

function labelOf(address: Address): number {
  if (isIpv4(address)) return LABEL_IPV4;
  for (const [prefix, label] of LABELS) {
    if (inPrefix(address, prefix)) return label;
  }
  return LABEL_IPV4;
}
