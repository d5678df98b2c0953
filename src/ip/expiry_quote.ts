/**
 * What a sender is told whose packet was not complete in time: its first fragment, from which the "time exceeded" of
 * RFC 792 and RFC 4443 section 3.3 quotes. It is made where fragments are kept and sent where packets are sent.
 */
import type { Memory } from "../base/memory.ts";
import { checksumAdd, checksumFold } from "../wire/checksum.ts";
import { IPV4_HEADER_BYTES, Ipv4Field, Ipv4Fragment } from "../wire/ipv4.ts";
import { IPV6_HEADER_BYTES, Ipv6Field, Ipv6Next } from "../wire/ipv6.ts";
import type { FragmentPages } from "./fragment_pages.ts";
import { type FragmentTable, Place } from "./fragment_table.ts";
import { IPV6_KIND, PAGE_BYTES } from "./fragment.ts";
import { ERROR_QUOTE4_MAX_BYTES, ERROR_QUOTE6_MAX_BYTES } from "./icmp_output.ts";

/** Bytes of the fragment header of IPv6. */
const FRAGMENT_HEADER_BYTES = 8;

/** Where quotes are put for whoever sends. */
export interface ExpiryQuotes {
  /** Where the next quote is to be written, a byte offset; -1 when there is no room, and nobody is told. */
  begin(): number;
  /** It has been written, so many bytes. */
  end(length: number): void;
}

/**
 * Quotes the first fragment of an entry, unless it is missing: its IP header without options, and as much as an
 * error may carry (RFC 1812 section 4.3.2.3, RFC 4443 section 2.4 c).
 */
export function quoteFirstFragment(
  memory: Memory,
  table: FragmentTable,
  pages: FragmentPages,
  entry: number,
  quotes: ExpiryQuotes,
): void {
  const { words } = table;
  const at = table.at(entry);
  const firstLength = words[at + Place.firstLength];
  const to = firstLength === 0 ? -1 : quotes.begin();
  if (to < 0) return;
  const isIpv6 = words[at + Place.kind] === IPV6_KIND;
  const headers = isIpv6
    ? writeHeaders6(memory.view, to, words, at, firstLength)
    : writeHeader4(memory.view, to, words, at, firstLength);
  const most = isIpv6 ? ERROR_QUOTE6_MAX_BYTES : ERROR_QUOTE4_MAX_BYTES;
  const length = Math.min(firstLength, most - headers);
  for (let done = 0; done < length; done += PAGE_BYTES) {
    const page = table.pages[table.pageAt(entry, done)] - 1;
    memory.copy(to + headers + done, pages.offset(page), Math.min(PAGE_BYTES, length - done));
  }
  quotes.end(headers + length);
}

function writeHeader4(
  view: DataView,
  to: number,
  words: Int32Array,
  at: number,
  firstLength: number,
): number {
  copyHeader(view, to, words, at, IPV4_HEADER_BYTES);
  view.setUint8(to + Ipv4Field.versionIhl, 0x45);
  view.setUint16(to + Ipv4Field.totalLength, IPV4_HEADER_BYTES + firstLength);
  view.setUint16(to + Ipv4Field.fragment, Ipv4Fragment.moreFragments);
  view.setUint16(to + Ipv4Field.checksum, 0);
  const sum = checksumFold(checksumAdd(view, to, IPV4_HEADER_BYTES, 0));
  view.setUint16(to + Ipv4Field.checksum, sum);
  return IPV4_HEADER_BYTES;
}

function writeHeaders6(
  view: DataView,
  to: number,
  words: Int32Array,
  at: number,
  firstLength: number,
): number {
  copyHeader(view, to, words, at, IPV6_HEADER_BYTES);
  view.setUint16(to + Ipv6Field.payloadLength, FRAGMENT_HEADER_BYTES + firstLength);
  view.setUint8(to + Ipv6Field.nextHeader, Ipv6Next.fragment);
  view.setInt32(to + IPV6_HEADER_BYTES, (words[at + Place.protocol] << 24) | 1);
  view.setInt32(to + IPV6_HEADER_BYTES + 4, words[at + Place.identification]);
  return IPV6_HEADER_BYTES + FRAGMENT_HEADER_BYTES;
}

function copyHeader(
  view: DataView,
  to: number,
  words: Int32Array,
  at: number,
  length: number,
): void {
  for (let i = 0; i < length; i += 4) view.setInt32(to + i, words[at + Place.header + i / 4]);
}
