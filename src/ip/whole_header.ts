/** The IP header of the packet that fragments are put together to. */
import { checksumAdd, checksumFold } from "../wire/checksum.ts";
import { IPV4_HEADER_BYTES, Ipv4Field } from "../wire/ipv4.ts";
import { IPV6_HEADER_BYTES, Ipv6Field } from "../wire/ipv6.ts";
import { Ecn } from "../wire/segment.ts";
import { IPV6_KIND } from "./fragment.ts";
import { Place } from "./fragment_table.ts";

/**
 * Writes the header of a whole packet of `total` bytes from the one that its first fragment had, which stands with
 * the entry at word `at`. Returns its length, or -1 when the marks of the fragments contradict each other.
 */
export function writeWholeHeader(
  view: DataView,
  to: number,
  words: Int32Array,
  at: number,
  total: number,
): number {
  const mark = wholeMark(words[at + Place.ecn]);
  if (mark === MARKS_MIXED) return -1;
  const isIpv4 = words[at + Place.kind] !== IPV6_KIND;
  const length = isIpv4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES;
  for (let i = 0; i < length; i += 4) view.setInt32(to + i, words[at + Place.header + i / 4]);
  if (isIpv4) {
    view.setUint8(to + Ipv4Field.versionIhl, 0x45);
    const trafficClass = view.getUint8(to + Ipv4Field.trafficClass);
    view.setUint8(to + Ipv4Field.trafficClass, trafficClass | mark);
    view.setUint16(to + Ipv4Field.totalLength, length + total);
    view.setUint16(to + Ipv4Field.fragment, 0);
    view.setUint16(to + Ipv4Field.checksum, 0);
    const sum = checksumFold(checksumAdd(view, to, length, 0));
    view.setUint16(to + Ipv4Field.checksum, sum);
  } else {
    const first = view.getInt32(to + Ipv6Field.versionClassLabel);
    view.setInt32(to + Ipv6Field.versionClassLabel, first | (mark << 20));
    view.setUint16(to + Ipv6Field.payloadLength, total);
    view.setUint8(to + Ipv6Field.nextHeader, words[at + Place.protocol]);
  }
  return length;
}

const MARKS_MIXED = -1;

/**
 * RFC 3168 section 5.3: what is to be added to the mark of the first fragment, from a set of the marks that there
 * were. One CE makes the packet CE; capable and not capable do not go together.
 */
function wholeMark(marks: number): number {
  const notCapable = 1 << Ecn.notEct;
  if ((marks & notCapable) !== 0 && marks !== notCapable) return MARKS_MIXED;
  return (marks & (1 << Ecn.ce)) !== 0 ? Ecn.ce : 0;
}
